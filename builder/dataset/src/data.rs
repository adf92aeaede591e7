use artifact::{Counts, Source};
use catalog::{Interactions, RatingTable, TitleTable};
use tables::Clean;

use crate::TitleFeatures;

/// Clean tables and everything derived from them, computed once.
#[derive(Debug, Clone)]
pub struct Data<'a> {
    /// Titles, in source order.
    pub titles: &'a TitleTable,
    /// Ratings, by user and title.
    pub ratings: &'a RatingTable,
    /// For each title, the first title of its work ([`TitleTable::works`]).
    pub works: Vec<u32>,
    /// Ratings by user and work. If a film or series is on several platforms, its ratings are pooled.
    pub pooled: RatingTable,
    /// Features of the works.
    pub features: TitleFeatures,
    /// Counts for the manifest.
    pub counts: Counts,
    /// The files that the tables were made from.
    pub sources: Vec<Source>,
}

impl<'a> Data<'a> {
    /// Derives everything from clean tables. `counts` and `sources` are for the manifest, and describe where
    /// the tables come from.
    pub fn new(clean: &'a Clean, counts: Counts, sources: Vec<Source>) -> Self {
        let Clean { titles, ratings } = clean;
        let works = titles.works();
        let pooled = ratings.by_work(&works);
        let features = TitleFeatures::new(titles, &works);
        Self { titles, ratings, works, pooled, features, counts, sources }
    }

    /// Derives everything from clean tables of unknown origin.
    pub fn of_tables(clean: &'a Clean) -> Self {
        Self::new(clean, clean.counts(), Vec::new())
    }

    /// Returns the number of titles.
    pub fn n_titles(&self) -> usize {
        self.titles.titles().len()
    }

    /// Returns the pooled ratings as rows for training.
    pub fn rows(&self) -> Interactions {
        self.pooled.interactions(self.n_titles())
    }
}

/// Returns at most `n` of the positions below `rows`, evenly spaced and starting with 0.
pub fn evenly(rows: usize, n: usize) -> impl Iterator<Item = usize> {
    let n = n.min(rows);
    (0..n).map(move |k| (k as u128 * rows as u128 / n as u128) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_at_equal_distances() {
        assert_eq!(evenly(10, 4).collect::<Vec<_>>(), [0, 2, 5, 7]);
        assert_eq!(evenly(2, 4).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(evenly(0, 4).count(), 0);
    }
}
