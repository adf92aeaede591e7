//! `get_score_count(platform, scored, year)`: the number of films of a platform and release year whose mean
//! user score is strictly above a threshold.

use artifact::{Artifact, Invalid, Kind, blocks};
use catalog::{RatingTable, TitleTable};
use serde::{Deserialize, Serialize};

use crate::platforms::StoredPlatforms;
use crate::{Platforms, QueryError};

/// The mean scores of the films of each platform and year, in ascending order, so that a binary search finds
/// any threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    platforms: Platforms,
    /// Platform position times 65,536 plus year, in ascending order.
    keys: Vec<u32>,
    /// Where each key's scores begin, with the end of the last as one more entry.
    offsets: Vec<u32>,
    scores: Vec<f64>,
}

/// The answer, with the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<'a> {
    /// The platform, spelled as in the release.
    pub platform: &'a str,
    /// The threshold.
    pub scored: f64,
    /// The release year.
    pub year: u16,
    /// The number of films whose mean score is above the threshold.
    pub count: u32,
}

/// Ratings are added up as whole ten-thousandths, so that a mean is a single division of whole numbers,
/// correctly rounded. A film that everyone rated 3.7 is then not above 3.7.
const UNITS_PER_STAR: f64 = 10_000.0;

/// Returns the mean score of each title, or NaN if nobody rated it.
///
/// # Panics
/// If a rated title is not below `n_titles`.
#[expect(clippy::indexing_slicing, reason = "the caller guarantees that the ratings are of that many titles")]
pub fn mean_scores(n_titles: usize, ratings: &RatingTable) -> Vec<f64> {
    let mut sums = vec![(0_i64, 0_u64); n_titles];
    for (&title_idx, &rating) in ratings.title_idx().iter().zip(ratings.rating()) {
        let (sum, n) = &mut sums[title_idx as usize];
        *sum = sum.saturating_add((f64::from(rating) * UNITS_PER_STAR).round() as i64);
        *n = n.saturating_add(1);
    }
    sums.into_iter().map(|(sum, n)| sum as f64 / (n as f64 * UNITS_PER_STAR)).collect()
}

fn key(platform_idx: usize, year: u16) -> u32 {
    (platform_idx as u32) << 16 | u32::from(year)
}

/// Builds the index. A film that nobody rated has no score and is never counted.
pub fn build(titles: &TitleTable, ratings: &RatingTable) -> Index {
    let means = mean_scores(titles.titles().len(), ratings);
    let mut rows: Vec<(u32, f64)> = titles
        .titles()
        .iter()
        .zip(means)
        .filter(|(title, mean)| title.kind == catalog::Kind::Movie && !mean.is_nan())
        .filter_map(|(title, mean)| Some((key(title.platform_idx.into(), title.release_year?), mean)))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut index =
        Index { platforms: Platforms::of(titles), keys: Vec::new(), offsets: vec![0], scores: Vec::new() };
    for group in rows.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(key, _)) = group.first() else { continue };
        index.keys.push(key);
        index.scores.extend(group.iter().map(|(_, score)| score));
        index.offsets.push(index.scores.len() as u32);
    }
    index
}

impl Index {
    /// Answers a query. If nothing matches, the count is 0.
    ///
    /// # Errors
    /// The platform is unknown.
    pub fn answer(&self, platform: &str, scored: f64, year: u16) -> Result<Answer<'_>, QueryError> {
        let platform_idx = self.platforms.position(platform)?;
        let count = self.keys.binary_search(&key(platform_idx, year)).map_or(0, |at| {
            let scores = blocks::group(&self.scores, &self.offsets, at);
            scores.len().saturating_sub(scores.partition_point(|&score| score <= scored))
        });
        Ok(Answer { platform: self.platforms.name(platform_idx), scored, year, count: count as u32 })
    }
}

/// The stored form. Rules: keys are in ascending order, offsets span the scores, and scores are finite and in
/// ascending order within a key.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredIndex<'a> {
    #[serde(borrow)]
    platforms: StoredPlatforms<'a>,
    n_keys: u32,
    n_scores: u32,
    #[serde(borrow, with = "serde_bytes")]
    keys: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    scores: &'a [u8],
}

impl Artifact for Index {
    const KIND: Kind = Kind::ScoreCount;
    type Stored<'a> = StoredIndex<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        self.platforms.with_stored(|platforms| {
            write(&StoredIndex {
                platforms,
                n_keys: self.keys.len() as u32,
                n_scores: self.scores.len() as u32,
                keys: &blocks::from_u32(&self.keys),
                offsets: &blocks::from_u32(&self.offsets),
                scores: &blocks::from_f64(&self.scores),
            })
        })
    }

    fn from_stored(stored: Self::Stored<'_>) -> Result<Self, Invalid> {
        let n_keys = stored.n_keys as usize;
        let index = Self {
            platforms: Platforms::from_stored(&stored.platforms)?,
            keys: blocks::to_u32("keys", stored.keys, n_keys)?,
            offsets: blocks::to_offsets("offsets", stored.offsets, n_keys, stored.n_scores)?,
            scores: blocks::to_f64("scores", stored.scores, stored.n_scores as usize)?,
        };
        Invalid::unless(index.keys.is_sorted_by(|a, b| a < b), "keys", "not in order")?;
        Invalid::unless(index.scores.iter().all(|s| s.is_finite()), "scores", "a score is not finite")?;
        let sorted = (0..n_keys).all(|at| blocks::group(&index.scores, &index.offsets, at).is_sorted());
        Invalid::unless(sorted, "scores", "not in order")?;
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random_tables::{rated_titles, year};

    proptest! {
        #[test]
        fn the_index_agrees_with_a_scan(
            (titles, ratings) in rated_titles(),
            platform in 0_usize..3,
            half_stars in 0_u8..=11,
            year in year(),
        ) {
            let scored = f64::from(half_stars) / 2.0;
            let mut count = 0;
            for (idx, title) in titles.titles().iter().enumerate() {
                let scores: Vec<f64> = (0..ratings.len())
                    .filter(|&row| ratings.title_idx()[row] as usize == idx)
                    .map(|row| f64::from(ratings.rating()[row]))
                    .collect();
                let asked = usize::from(title.platform_idx) == platform
                    && title.release_year == Some(year)
                    && title.kind == catalog::Kind::Movie;
                if asked && !scores.is_empty() && scores.iter().sum::<f64>() / scores.len() as f64 > scored {
                    count += 1;
                }
            }
            let index = Index::from_bytes(&build(&titles, &ratings).to_bytes().unwrap()).unwrap();
            let answer = index.answer(titles.platforms()[platform].as_str(), scored, year).unwrap();
            prop_assert_eq!(answer.count, count);
        }
    }

    #[test]
    fn a_mean_equal_to_the_threshold_is_not_above_it_even_off_the_half_stars() {
        let users = (1..=3).map(|u| catalog::UserId::new(&u.to_string()).unwrap()).collect();
        let ratings =
            RatingTable::new(users, vec![0, 1, 2, 3], vec![0; 3], vec![3.7; 3], vec![0; 3], 1).unwrap();
        assert_eq!(mean_scores(1, &ratings)[0].to_bits(), 3.7_f64.to_bits());
    }

    #[test]
    fn a_mean_of_ratings_below_zero_is_exact_too() {
        let users = (1..=2).map(|u| catalog::UserId::new(&u.to_string()).unwrap()).collect();
        let scale = catalog::Scale::new(-10.0, 10.0).unwrap();
        let ratings =
            RatingTable::on_scale(scale, users, vec![0, 1, 2], vec![0; 2], vec![-7.5, 2.0], vec![0; 2], 1)
                .unwrap();
        assert_eq!(mean_scores(1, &ratings)[0].to_bits(), (-2.75_f64).to_bits());
    }
}
