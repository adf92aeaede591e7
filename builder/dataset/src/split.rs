//! Cuts rows into training, validation and test parts.
//!
//! A cut refers to rows by position, so it can be applied to ratings, times and files alike. Every row is in
//! exactly one part, positions ascend within a part, and the same rows and seed give the same cut.

use catalog::Interactions;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Reason why rows cannot be cut as requested.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SplitError {
    /// No row has a time.
    #[error("the ratings have no times, so none of them can be held out by time; hold them out at random")]
    NoTimes,
    /// Shares that leave nothing to train on, or are not numbers from 0 to 1.
    #[error(
        "cannot hold out shares of {validation} for validation and {test} for test: each must be at least 0, and their sum below 1"
    )]
    Shares {
        /// Share of the validation rows.
        validation: f64,
        /// Share of the test rows.
        test: f64,
    },
    /// Fewer than two folds, or more folds than rows.
    #[error("cannot cut {n_rows} rows into {n_folds} folds; use at least 2 folds, and at most one per row")]
    Folds {
        /// Number of folds requested.
        n_folds: usize,
        /// Number of rows.
        n_rows: usize,
    },
    /// Columns of different lengths.
    #[error("there are {n_rows} ratings but {n_other} {what}; there must be one per rating")]
    Lengths {
        /// Number of rows.
        n_rows: usize,
        /// Number of entries of the other column.
        n_other: usize,
        /// Contents of the other column.
        what: &'static str,
    },
    /// No row has this fold number.
    #[error("no rating is in fold {0}; use one of the fold numbers in the file")]
    NoSuchFold(u32),
}

/// Method of holding out rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Rows at random, all equally likely.
    Random,
    /// The latest rows of each user.
    Chronological,
}

/// Shares of the rows that are held out; the rest are for training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Share for choosing parameters, from 0 to below 1.
    pub validation: f64,
    /// Share for the final measurement, from 0 to below 1.
    pub test: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self { validation: 0.1, test: 0.1 }
    }
}

impl Shares {
    fn check(self) -> Result<Self, SplitError> {
        let Self { validation, test } = self;
        if validation >= 0.0 && test >= 0.0 && validation + test < 1.0 {
            Ok(self)
        } else {
            Err(SplitError::Shares { validation, test })
        }
    }

    /// Returns how many of `n` rows are for validation and for test, rounded down.
    fn of(self, n: usize) -> (usize, usize) {
        // Without the small addition, 0.29 of 100 rows would be 28, because the product is 28.999….
        let part = |share: f64| (share * n as f64 + 1e-9) as usize;
        (part(self.validation), part(self.test))
    }
}

/// Row positions in three parts, ascending in each. Every row is in exactly one part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cut {
    /// Rows for training.
    pub train: Vec<usize>,
    /// Rows for choosing parameters.
    pub validation: Vec<usize>,
    /// Rows for the final measurement, which is made only once.
    pub test: Vec<usize>,
}

/// Rows in three parts. A position refers to the same user or title in all of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Split {
    /// Rows for training.
    pub train: Interactions,
    /// Rows for choosing parameters.
    pub validation: Interactions,
    /// Rows for the final measurement, which is made only once.
    pub test: Interactions,
}

impl Cut {
    /// Returns the rows of each part.
    ///
    /// # Panics
    /// Panics if the cut was made for more rows than `rows` has.
    pub fn apply(&self, rows: &Interactions) -> Split {
        Split {
            train: rows.select(&self.train),
            validation: rows.select(&self.validation),
            test: rows.select(&self.test),
        }
    }

    /// Returns the training and validation rows, ascending. With the chosen parameters, the model to test is
    /// trained on them.
    pub fn train_and_validation(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = self.train.iter().chain(&self.validation).copied().collect();
        rows.sort_unstable();
        rows
    }

    /// Makes a cut from the part of each row: 0 train, 1 validation, 2 test.
    fn from_parts(parts: &[u8]) -> Self {
        let of = |part| (0..parts.len()).filter(|&row| parts[row] == part).collect();
        Self { train: of(0), validation: of(1), test: of(2) }
    }
}

/// Cuts by the given method; see [`random`] and [`chronological`].
///
/// # Errors
/// Returns [`SplitError`] if the rows cannot be cut.
pub fn cut(
    method: Method,
    rows: &Interactions,
    timestamp: &[u32],
    shares: Shares,
    seed: u64,
) -> Result<Cut, SplitError> {
    match method {
        Method::Random => random(rows.len(), shares, seed),
        Method::Chronological => chronological(rows, timestamp, shares),
    }
}

/// Holds out rows at random: the given shares of all rows, rounded down.
///
/// # Errors
/// Returns [`SplitError::Shares`] if the shares are not valid.
pub fn random(n_rows: usize, shares: Shares, seed: u64) -> Result<Cut, SplitError> {
    let (n_validation, n_test) = shares.check()?.of(n_rows);
    let mut order: Vec<usize> = (0..n_rows).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut parts = vec![0; n_rows];
    for &row in &order[..n_test] {
        parts[row] = 2;
    }
    for &row in &order[n_test..n_test + n_validation] {
        parts[row] = 1;
    }
    Ok(Cut::from_parts(&parts))
}

/// Holds out the latest rows of each user: the last share for test, the share before it for validation, each
/// rounded down. If a user has few rows, they are therefore all for training.
///
/// The rows of a user are ordered by time, then by title position, then by row position.
///
/// # Errors
/// Returns [`SplitError::Shares`], [`SplitError::Lengths`], or [`SplitError::NoTimes`].
pub fn chronological(rows: &Interactions, timestamp: &[u32], shares: Shares) -> Result<Cut, SplitError> {
    shares.check()?;
    check_length(rows.len(), timestamp.len(), "times")?;
    if !rows.is_empty() && timestamp.iter().all(|&time| time == 0) {
        return Err(SplitError::NoTimes);
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| (rows.user_idx[row], timestamp[row], rows.title_idx[row], row));
    let mut parts = vec![0; rows.len()];
    for of_user in order.chunk_by(|&a, &b| rows.user_idx[a] == rows.user_idx[b]) {
        let (n_validation, n_test) = shares.of(of_user.len());
        let (before, test) = of_user.split_at(of_user.len() - n_test);
        for &row in test {
            parts[row] = 2;
        }
        for &row in &before[before.len() - n_validation..] {
            parts[row] = 1;
        }
    }
    Ok(Cut::from_parts(&parts))
}

/// Deals the rows into folds at random. Returns the fold of each row, from 0; the sizes of folds differ by at
/// most one row.
///
/// # Errors
/// Returns [`SplitError::Folds`] if there are too few or too many folds.
pub fn k_fold(n_rows: usize, n_folds: usize, seed: u64) -> Result<Vec<u32>, SplitError> {
    if n_folds < 2 || n_folds > n_rows {
        return Err(SplitError::Folds { n_folds, n_rows });
    }
    let mut folds: Vec<u32> = (0..n_rows).map(|row| (row % n_folds) as u32).collect();
    folds.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    Ok(folds)
}

/// Returns the cut that tests on one fold and trains on all others, with no validation rows.
///
/// # Errors
/// Returns [`SplitError::NoSuchFold`] if no row is in the fold.
pub fn fold(folds: &[u32], test_fold: u32) -> Result<Cut, SplitError> {
    let parts: Vec<u8> = folds.iter().map(|&f| if f == test_fold { 2 } else { 0 }).collect();
    let cut = Cut::from_parts(&parts);
    if cut.test.is_empty() { Err(SplitError::NoSuchFold(test_fold)) } else { Ok(cut) }
}

pub(crate) fn check_length(n_rows: usize, n_other: usize, what: &'static str) -> Result<(), SplitError> {
    if n_rows == n_other { Ok(()) } else { Err(SplitError::Lengths { n_rows, n_other, what }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(cut: &Cut) -> Vec<usize> {
        let mut rows: Vec<usize> =
            cut.train.iter().chain(&cut.validation).chain(&cut.test).copied().collect();
        rows.sort_unstable();
        rows
    }

    proptest! {
        #[test]
        fn a_random_cut_takes_every_row_once(n in 0_usize..500, v in 0.0..0.5, t in 0.0..0.49, seed: u64) {
            let shares = Shares { validation: v, test: t };
            let cut = random(n, shares, seed).unwrap();
            prop_assert_eq!(all(&cut), (0..n).collect::<Vec<_>>());
            prop_assert_eq!((cut.validation.len(), cut.test.len()), shares.of(n));
            prop_assert_eq!(cut, random(n, shares, seed).unwrap());
        }

        #[test]
        fn a_chronological_cut_holds_out_the_latest_rows(
            rows in prop::collection::vec((0_u32..6, 0_u32..50, 0_u32..20), 0..200)
        ) {
            let data = Interactions {
                n_users: 6,
                n_titles: 50,
                user_idx: rows.iter().map(|r| r.0).collect(),
                title_idx: rows.iter().map(|r| r.1).collect(),
                rating: vec![3.0; rows.len()],
                ..Interactions::default()
            };
            let time: Vec<u32> = rows.iter().map(|r| r.2).collect();
            let cut = chronological(&data, &time, Shares { validation: 0.2, test: 0.3 }).unwrap();
            prop_assert_eq!(all(&cut), (0..rows.len()).collect::<Vec<_>>());
            let key = |&row: &usize| (time[row], data.title_idx[row], row);
            for user in 0..6 {
                let of = |part: &[usize]| -> Vec<usize> {
                    part.iter().copied().filter(|&row| data.user_idx[row] == user).collect()
                };
                let (train, validation, test) = (of(&cut.train), of(&cut.validation), of(&cut.test));
                let n = train.len() + validation.len() + test.len();
                prop_assert_eq!((validation.len(), test.len()), (n / 5, n * 3 / 10));
                prop_assert!(train.iter().map(key).max() < validation.iter().map(key).min() || validation.is_empty());
                prop_assert!(validation.iter().map(key).max() < test.iter().map(key).min() || test.is_empty());
            }
        }

        #[test]
        fn folds_are_even(n in 2_usize..300, k in 2_usize..10, seed: u64) {
            prop_assume!(k <= n);
            let folds = k_fold(n, k, seed).unwrap();
            for f in 0..k {
                let cut = fold(&folds, f as u32).unwrap();
                prop_assert!((n / k..=n.div_ceil(k)).contains(&cut.test.len()));
                prop_assert_eq!(all(&cut).len(), n);
            }
        }
    }

    #[test]
    fn invalid_cuts_are_refused() {
        for (validation, test) in [(0.5, 0.5), (-0.1, 0.2), (f64::NAN, 0.1)] {
            assert!(random(10, Shares { validation, test }, 0).is_err());
        }
        assert_eq!(k_fold(10, 1, 0), Err(SplitError::Folds { n_folds: 1, n_rows: 10 }));
        assert_eq!(k_fold(3, 4, 0), Err(SplitError::Folds { n_folds: 4, n_rows: 3 }));
        assert_eq!(fold(&[0, 1], 2), Err(SplitError::NoSuchFold(2)));
        assert!(chronological(&Interactions::default(), &[1], Shares::default()).is_err());
    }
}
