//! `get_count_platform(platform)`: the number of films of a platform.

use artifact::{Artifact, Invalid, Kind, blocks};
use catalog::TitleTable;
use serde::{Deserialize, Serialize};

use crate::platforms::StoredPlatforms;
use crate::{Platforms, QueryError};

/// The number of films of each platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    platforms: Platforms,
    films: Vec<u32>,
}

/// The answer, with the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The platform, spelled as in the release.
    pub platform: &'a str,
    /// The number of its films.
    pub count: u32,
}

/// Builds the index.
pub fn build(titles: &TitleTable) -> Index {
    let mut films = vec![0_u32; titles.platforms().len()];
    for title in titles.titles().iter().filter(|t| t.kind == catalog::Kind::Movie) {
        if let Some(n) = films.get_mut(usize::from(title.platform_idx)) {
            *n = n.saturating_add(1);
        }
    }
    Index { platforms: Platforms::of(titles), films }
}

impl Index {
    /// Answers a query.
    ///
    /// # Errors
    /// The platform is unknown.
    #[expect(clippy::indexing_slicing, reason = "`from_stored` reads one count for each platform")]
    pub fn answer(&self, platform: &str) -> Result<Answer<'_>, QueryError> {
        let idx = self.platforms.position(platform)?;
        Ok(Answer { platform: self.platforms.name(idx), count: self.films[idx] })
    }
}

/// The stored form: one `u32` count for each platform.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredIndex<'a> {
    #[serde(borrow)]
    platforms: StoredPlatforms<'a>,
    #[serde(borrow, with = "serde_bytes")]
    films: &'a [u8],
}

impl Artifact for Index {
    const KIND: Kind = Kind::CountPlatform;
    type Stored<'a> = StoredIndex<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        self.platforms
            .with_stored(|platforms| write(&StoredIndex { platforms, films: &blocks::from_u32(&self.films) }))
    }

    fn from_stored(stored: Self::Stored<'_>) -> Result<Self, Invalid> {
        let platforms = Platforms::from_stored(&stored.platforms)?;
        let films = blocks::to_u32("films", stored.films, platforms.len())?;
        Ok(Self { platforms, films })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random_tables::titles;

    proptest! {
        #[test]
        fn the_index_agrees_with_a_scan(table in titles()) {
            let index = Index::from_bytes(&build(&table).to_bytes().unwrap()).unwrap();
            for (idx, platform) in table.platforms().iter().enumerate() {
                let films = table
                    .titles()
                    .iter()
                    .filter(|t| usize::from(t.platform_idx) == idx && t.kind == catalog::Kind::Movie)
                    .count();
                let answer = index.answer(&platform.as_str().to_uppercase()).unwrap();
                prop_assert_eq!((answer.platform, answer.count as usize), (platform.as_str(), films));
            }
        }
    }

    #[test]
    fn the_error_for_an_unknown_platform_lists_the_known_ones() {
        let index = build(&crate::random_tables::empty());
        let error = index.answer("hbo").unwrap_err().to_string();
        assert_eq!(error, "there is no platform \"hbo\"; the platforms are amazon, disney, hulu");
    }
}
