//! Counts of words, and of the ratings of each title.

use std::collections::BTreeMap;

use catalog::RatingTable;

use crate::report::Count;

/// Counts words, the most frequent first; words with the same count are in alphabetical order.
pub(crate) fn counted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<Count> {
    let mut counts = BTreeMap::<&str, u64>::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let mut counts: Vec<Count> =
        counts.into_iter().map(|(label, n)| Count { label: label.to_owned(), n }).collect();
    counts.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.label.cmp(&b.label)));
    counts
}

/// Platforms that a matrix of the report shows.
pub(crate) const PLATFORMS: usize = 30;

/// Returns the positions of the `n` largest sizes, in ascending order; of equal sizes, the earlier ones.
pub(crate) fn largest(sizes: &[u64], n: usize) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..sizes.len()).collect();
    positions.sort_by_key(|&at| std::cmp::Reverse(sizes[at]));
    positions.truncate(n);
    positions.sort_unstable();
    positions
}

/// Number and sum of some ratings.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) n: u64,
    pub(crate) sum: f64,
}

impl Sums {
    /// Returns the mean, or `None` without ratings.
    pub(crate) fn mean(self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }

    /// Returns the number and sum of both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { n: self.n + other.n, sum: self.sum + other.sum }
    }
}

/// Returns number and sum of the ratings of each title.
pub(crate) fn sums_by_title(ratings: &RatingTable, n_titles: usize) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); n_titles];
    for (&title, &rating) in ratings.title_idx().iter().zip(ratings.rating()) {
        let of_title = &mut sums[title as usize];
        of_title.n += 1;
        of_title.sum += f64::from(rating);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_keep_their_order() {
        assert_eq!(largest(&[3, 9, 3, 5], 3), [0, 1, 3]);
        assert_eq!(largest(&[3, 9], 3), [0, 1]);
    }

    #[test]
    fn words_are_counted_most_frequent_first() {
        let counts = counted(["b", "a", "b", "c", "a"].into_iter());
        let counts: Vec<_> = counts.iter().map(|c| (c.label.as_str(), c.n)).collect();
        assert_eq!(counts, [("a", 2), ("b", 2), ("c", 1)]);
    }
}
