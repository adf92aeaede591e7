//! `get_actor(platform, year)`: the actor who is in the most titles of a platform and release year.

use std::collections::BTreeMap;

use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, Invalid, Kind};
use catalog::TitleTable;
use serde::{Deserialize, Serialize};

use crate::platforms::StoredPlatforms;
use crate::{Platforms, QueryError};

/// The most frequent actors of each platform and year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    platforms: Platforms,
    /// 1 for platforms that have a title with a cast.
    names_casts: Vec<u16>,
    /// Platform position times 65,536 plus year, in ascending order.
    keys: Vec<u32>,
    /// The number of titles that each key's actors are in.
    counts: Vec<u32>,
    /// Where each key's names begin, with the end of the last as one more entry.
    offsets: Vec<u32>,
    /// Names, sorted within a key by their lower case.
    names: TextHeap,
}

/// The answer, with the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The platform, spelled as in the release.
    pub platform: &'a str,
    /// The release year.
    pub year: u16,
    /// The actor; of several in equally many titles, the first in order.
    pub actor: &'a str,
    /// The number of titles.
    pub count: u32,
    /// All actors in that many titles, in order.
    pub ties: Vec<&'a str>,
}

fn key(platform_idx: usize, year: u16) -> u32 {
    (platform_idx as u32) << 16 | u32::from(year)
}

/// A name, in the order of names: by its lower case and then by its spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a> {
    lower: String,
    spelling: &'a str,
}

impl<'a> Name<'a> {
    fn new(spelling: &'a String) -> Self {
        Self { lower: spelling.to_lowercase(), spelling }
    }
}

/// Builds the index. A title counts an actor once, even if its cast repeats the name.
pub fn build(titles: &TitleTable) -> Index {
    let mut names_casts = vec![0; titles.platforms().len()];
    let mut appearances: Vec<(u32, Name<'_>)> = Vec::new();
    for title in titles.titles() {
        let mut cast: Vec<Name<'_>> = title.cast.iter().map(Name::new).collect();
        cast.sort_unstable();
        cast.dedup();
        if !cast.is_empty()
            && let Some(names_casts) = names_casts.get_mut(usize::from(title.platform_idx))
        {
            *names_casts = 1;
        }
        if let Some(year) = title.release_year {
            appearances.extend(cast.into_iter().map(|name| (key(title.platform_idx.into(), year), name)));
        }
    }
    appearances.sort_unstable();
    let mut best: BTreeMap<u32, (usize, Vec<&str>)> = BTreeMap::new();
    for group in appearances.chunk_by(|a, b| a == b) {
        let Some(&(key, Name { spelling: name, .. })) = group.first() else { continue };
        let (count, names) = best.entry(key).or_default();
        if group.len() > *count {
            (*count, *names) = (group.len(), vec![name]);
        } else if group.len() == *count {
            names.push(name);
        }
    }
    let mut index = Index {
        platforms: Platforms::of(titles),
        names_casts,
        keys: Vec::new(),
        counts: Vec::new(),
        offsets: vec![0],
        names: TextHeap::default(),
    };
    for (key, (count, names)) in best {
        index.keys.push(key);
        index.counts.push(count as u32);
        for name in names {
            index.names.push(name);
        }
        index.offsets.push(index.names.len() as u32);
    }
    index
}

impl Index {
    /// Answers a query.
    ///
    /// # Errors
    /// The platform is unknown, its catalog has no casts, or none of its titles of the year has one.
    #[expect(
        clippy::indexing_slicing,
        reason = "`from_stored` checks that each platform has a flag, and each key a count and a name"
    )]
    pub fn answer(&self, platform: &str, year: u16) -> Result<Answer<'_>, QueryError> {
        let platform_idx = self.platforms.position(platform)?;
        let name = self.platforms.name(platform_idx);
        if self.names_casts[platform_idx] == 0 {
            return Err(QueryError::NothingMatches(format!("the catalog of {name} has no casts")));
        }
        let at = self
            .keys
            .binary_search(&key(platform_idx, year))
            .map_err(|_| QueryError::NothingMatches(format!("no title of {name} from {year} has a cast")))?;
        let ties: Vec<&str> = blocks::span(&self.offsets, at).map(|i| self.names.get(i)).collect();
        Ok(Answer { platform: name, year, actor: ties[0], count: self.counts[at], ties })
    }
}

/// The stored form. Rules: keys are in ascending order, and every key has a name.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredIndex<'a> {
    #[serde(borrow)]
    platforms: StoredPlatforms<'a>,
    #[serde(borrow, with = "serde_bytes")]
    names_casts: &'a [u8],
    n_keys: u32,
    n_names: u32,
    #[serde(borrow, with = "serde_bytes")]
    keys: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    counts: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    name_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    names: &'a [u8],
}

impl Artifact for Index {
    const KIND: Kind = Kind::Actor;
    type Stored<'a> = StoredIndex<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let (name_offsets, names) = self.names.to_blocks();
        self.platforms.with_stored(|platforms| {
            write(&StoredIndex {
                platforms,
                names_casts: &blocks::from_u16(&self.names_casts),
                n_keys: self.keys.len() as u32,
                n_names: self.names.len() as u32,
                keys: &blocks::from_u32(&self.keys),
                counts: &blocks::from_u32(&self.counts),
                offsets: &blocks::from_u32(&self.offsets),
                name_offsets: &name_offsets,
                names,
            })
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let n_keys = s.n_keys as usize;
        let platforms = Platforms::from_stored(&s.platforms)?;
        let index = Self {
            names_casts: blocks::to_u16("names_casts", s.names_casts, platforms.len())?,
            platforms,
            keys: blocks::to_u32("keys", s.keys, n_keys)?,
            counts: blocks::to_u32("counts", s.counts, n_keys)?,
            offsets: blocks::to_offsets("offsets", s.offsets, n_keys, s.n_names)?,
            names: TextHeap::from_blocks("names", s.name_offsets, s.names, s.n_names as usize)?,
        };
        Invalid::unless(index.keys.is_sorted_by(|a, b| a < b), "keys", "not in order")?;
        Invalid::unless(index.offsets.is_sorted_by(|a, b| a < b), "offsets", "a key has no name")?;
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random_tables::{titles, year};

    proptest! {
        #[test]
        fn the_index_agrees_with_a_scan(table in titles(), platform in 0_usize..3, year in year()) {
            let asked: Vec<_> = table
                .titles()
                .iter()
                .filter(|t| usize::from(t.platform_idx) == platform && t.release_year == Some(year))
                .collect();
            let count = |name: &str| asked.iter().filter(|t| t.cast.iter().any(|c| c == name)).count();
            let mut names: Vec<&str> =
                asked.iter().flat_map(|t| t.cast.iter().map(String::as_str)).collect();
            names.sort_unstable_by_key(|name| name.to_lowercase());
            names.dedup();
            let most = names.iter().map(|n| count(n)).max();
            let ties: Vec<&str> = names.iter().copied().filter(|n| Some(count(n)) == most).collect();

            let index = Index::from_bytes(&build(&table).to_bytes().unwrap()).unwrap();
            match index.answer(table.platforms()[platform].as_str(), year) {
                Ok(answer) => {
                    prop_assert_eq!(Some(answer.count as usize), most);
                    prop_assert_eq!(answer.actor, ties[0]);
                    prop_assert_eq!(answer.ties, ties);
                }
                Err(error) => {
                    prop_assert!(ties.is_empty());
                    prop_assert!(matches!(error, QueryError::NothingMatches(_)));
                }
            }
        }
    }

    #[test]
    fn a_platform_without_casts_says_so() {
        let error = build(&crate::random_tables::empty()).answer("hulu", 2020).unwrap_err();
        assert_eq!(error, QueryError::NothingMatches("the catalog of hulu has no casts".to_owned()));
    }
}
