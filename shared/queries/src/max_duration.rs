//! `get_max_duration(year?, platform?, duration_type?)`: the longest title.

use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, Invalid, Kind};
use catalog::{DurationUnit, TitleTable};
use serde::{Deserialize, Serialize};

use crate::platforms::StoredPlatforms;
use crate::{Platforms, QueryError};

/// The longest titles for each query that has an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    platforms: Platforms,
    /// [`key`] values, in ascending order.
    keys: Vec<u64>,
    /// Where each key's titles begin in `winners`, plus one last entry for the end.
    offsets: Vec<u32>,
    /// Positions in `titles`, in source order within a key.
    winners: Vec<u32>,
    titles: Winners,
}

/// All titles that answer some query, as columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Winners {
    ids: TextHeap,
    display: TextHeap,
    platform_idx: Vec<u16>,
    /// 0 if unknown.
    year: Vec<u16>,
    duration: Vec<u32>,
}

/// A query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The release year; `None` for any.
    pub year: Option<u16>,
    /// The platform; `None` for any.
    pub platform: Option<&'a str>,
    /// `Min` compares only films; `Season` compares all titles measured in seasons.
    pub unit: DurationUnit,
}

/// The longest title, or the first of them in source order if several tie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Its name.
    pub title: &'a str,
    /// Its id.
    pub id: &'a str,
    /// Its platform.
    pub platform: &'a str,
    /// Its release year.
    pub year: Option<u16>,
    /// How long it is.
    pub duration: u32,
    /// The unit of the duration.
    pub duration_type: DurationUnit,
    /// Ids of all titles of this duration, in source order, starting with `id`.
    pub ties: Vec<&'a str>,
}

/// Packs unit, platform and year into one number. 0 for the platform or the year means any.
fn key(unit: DurationUnit, platform_idx: Option<usize>, year: Option<u16>) -> u64 {
    let part = |value: Option<u64>| value.map_or(0, |v| v.saturating_add(1));
    (unit as u64) << 48 | part(platform_idx.map(|p| p as u64)) << 32 | part(year.map(u64::from))
}

/// Builds the index: for each unit, the longest titles of each platform and year, of each platform, of each
/// year, and overall.
pub fn build(table: &TitleTable) -> Index {
    let mut candidates: Vec<(u64, u32, u32)> = Vec::new();
    for (idx, title) in table.titles().iter().enumerate() {
        let Some(duration) = title.duration else { continue };
        if duration.unit == DurationUnit::Min && title.kind != catalog::Kind::Movie {
            continue;
        }
        let platform = Some(usize::from(title.platform_idx));
        let mut ask = |platform, year| {
            candidates.push((key(duration.unit, platform, year), duration.value, idx as u32));
        };
        ask(None, None);
        ask(platform, None);
        if title.release_year.is_some() {
            ask(None, title.release_year);
            ask(platform, title.release_year);
        }
    }
    candidates.sort_unstable_by_key(|&(key, duration, idx)| (key, std::cmp::Reverse(duration), idx));

    let mut index = Index {
        platforms: Platforms::of(table),
        keys: Vec::new(),
        offsets: vec![0],
        winners: Vec::new(),
        titles: Winners::default(),
    };
    for group in candidates.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(key, longest, _)) = group.first() else { continue };
        index.keys.push(key);
        index.winners.extend(group.iter().take_while(|c| c.1 == longest).map(|c| c.2));
        index.offsets.push(index.winners.len() as u32);
    }
    let mut kept = index.winners.clone();
    kept.sort_unstable();
    kept.dedup();
    for &title_idx in &kept {
        #[expect(clippy::indexing_slicing, reason = "it was counted over these titles")]
        let title = &table.titles()[title_idx as usize];
        index.titles.ids.push(title.id.as_str());
        index.titles.display.push(&title.display);
        index.titles.platform_idx.push(title.platform_idx.into());
        index.titles.year.push(title.release_year.unwrap_or(0));
        index.titles.duration.push(title.duration.map_or(0, |d| d.value));
    }
    for winner in &mut index.winners {
        *winner = kept.partition_point(|k| k < winner) as u32;
    }
    index
}

impl Index {
    /// Answers a query.
    ///
    /// # Errors
    /// The platform is unknown, or no title matches.
    #[expect(
        clippy::indexing_slicing,
        reason = "`from_stored` checks that every key has a title, and that positions of titles are in range"
    )]
    pub fn answer(&self, question: Question<'_>) -> Result<Answer<'_>, QueryError> {
        let platform_idx = question.platform.map(|name| self.platforms.position(name)).transpose()?;
        let at = self.keys.binary_search(&key(question.unit, platform_idx, question.year)).map_err(|_| {
            let what = match question.unit {
                DurationUnit::Min => "film with a duration in minutes",
                DurationUnit::Season => "title measured in seasons",
            };
            let platform = platform_idx.map_or("any platform", |p| self.platforms.name(p));
            let year = question.year.map_or_else(String::new, |y| format!(" from {y}"));
            QueryError::NothingMatches(format!("no {what} on {platform}{year}"))
        })?;
        let winners = blocks::group(&self.winners, &self.offsets, at);
        let first = winners[0] as usize;
        Ok(Answer {
            title: self.titles.display.get(first),
            id: self.titles.ids.get(first),
            platform: self.platforms.name(self.titles.platform_idx[first].into()),
            year: Some(self.titles.year[first]).filter(|&y| y > 0),
            duration: self.titles.duration[first],
            duration_type: question.unit,
            ties: winners.iter().map(|&w| self.titles.ids.get(w as usize)).collect(),
        })
    }
}

/// The stored form. Rules: keys are in ascending order, every key has a title, and positions are in range.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredIndex<'a> {
    #[serde(borrow)]
    platforms: StoredPlatforms<'a>,
    n_keys: u32,
    n_winners: u32,
    n_titles: u32,
    #[serde(borrow, with = "serde_bytes")]
    keys: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    winners: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    id_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    ids: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    display_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    display: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    platform_idx: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    year: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    duration: &'a [u8],
}

impl Artifact for Index {
    const KIND: Kind = Kind::MaxDuration;
    type Stored<'a> = StoredIndex<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let (id_offsets, ids) = self.titles.ids.to_blocks();
        let (display_offsets, display) = self.titles.display.to_blocks();
        self.platforms.with_stored(|platforms| {
            write(&StoredIndex {
                platforms,
                n_keys: self.keys.len() as u32,
                n_winners: self.winners.len() as u32,
                n_titles: self.titles.ids.len() as u32,
                keys: &blocks::from_u64(&self.keys),
                offsets: &blocks::from_u32(&self.offsets),
                winners: &blocks::from_u32(&self.winners),
                id_offsets: &id_offsets,
                ids,
                display_offsets: &display_offsets,
                display,
                platform_idx: &blocks::from_u16(&self.titles.platform_idx),
                year: &blocks::from_u16(&self.titles.year),
                duration: &blocks::from_u32(&self.titles.duration),
            })
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let (n_keys, n_titles) = (s.n_keys as usize, s.n_titles as usize);
        let index = Self {
            platforms: Platforms::from_stored(&s.platforms)?,
            keys: blocks::to_u64("keys", s.keys, n_keys)?,
            offsets: blocks::to_offsets("offsets", s.offsets, n_keys, s.n_winners)?,
            winners: blocks::to_u32("winners", s.winners, s.n_winners as usize)?,
            titles: Winners {
                ids: TextHeap::from_blocks("ids", s.id_offsets, s.ids, n_titles)?,
                display: TextHeap::from_blocks("display", s.display_offsets, s.display, n_titles)?,
                platform_idx: blocks::to_u16("platform_idx", s.platform_idx, n_titles)?,
                year: blocks::to_u16("year", s.year, n_titles)?,
                duration: blocks::to_u32("duration", s.duration, n_titles)?,
            },
        };
        Invalid::unless(index.keys.is_sorted_by(|a, b| a < b), "keys", "not in order")?;
        Invalid::unless(index.offsets.is_sorted_by(|a, b| a < b), "offsets", "a key has no title")?;
        Invalid::unless(
            index.winners.iter().all(|&w| w < s.n_titles),
            "winners",
            "a position is out of range",
        )?;
        let platforms = index.platforms.len();
        Invalid::unless(
            index.titles.platform_idx.iter().all(|&p| usize::from(p) < platforms),
            "platform_idx",
            "a position is out of range",
        )?;
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
        fn the_index_agrees_with_a_scan(
            table in titles(),
            platform in proptest::option::of(0_usize..3),
            year in proptest::option::of(year()),
            seasons: bool,
        ) {
            let unit = if seasons { DurationUnit::Season } else { DurationUnit::Min };
            let asked: Vec<_> = table
                .titles()
                .iter()
                .filter(|t| platform.is_none_or(|p| usize::from(t.platform_idx) == p))
                .filter(|t| year.is_none_or(|y| t.release_year == Some(y)))
                .filter(|t| t.duration.is_some_and(|d| d.unit == unit))
                .filter(|t| seasons || t.kind == catalog::Kind::Movie)
                .collect();
            let longest = asked.iter().map(|t| t.duration.unwrap().value).max();
            let ties: Vec<&str> = asked
                .iter()
                .filter(|t| t.duration.map(|d| d.value) == longest)
                .map(|t| t.id.as_str())
                .collect();

            let index = Index::from_bytes(&build(&table).to_bytes().unwrap()).unwrap();
            let question =
                Question { year, platform: platform.map(|p| table.platforms()[p].as_str()), unit };
            match index.answer(question) {
                Ok(answer) => {
                    prop_assert_eq!(Some(answer.duration), longest);
                    prop_assert_eq!(answer.id, ties[0]);
                    prop_assert_eq!(&answer.ties, &ties);
                    let title = &table.titles()[table.position(answer.id).unwrap() as usize];
                    prop_assert_eq!(answer.title, &title.display);
                    prop_assert_eq!(answer.year, title.release_year);
                    prop_assert_eq!(answer.platform, table.platform_of(title).as_str());
                }
                Err(error) => {
                    prop_assert!(ties.is_empty());
                    prop_assert!(matches!(error, QueryError::NothingMatches(_)));
                }
            }
        }
    }

    #[test]
    fn an_empty_catalog_has_no_longest_title() {
        let index = build(&crate::random_tables::empty());
        let question = Question { year: Some(1999), platform: Some("HULU"), unit: DurationUnit::Min };
        let error = index.answer(question).unwrap_err();
        assert_eq!(error.to_string(), "no film with a duration in minutes on hulu from 1999");
    }
}
