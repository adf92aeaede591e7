use std::fmt;

use dataset::split::{Method, Shares};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Identity;

/// Description of the rows that a model was not trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOutPart {
    /// Method of holding out rows.
    pub method: Method,
    /// Shares of the rows held out.
    pub shares: Shares,
    /// Seed of the cut.
    pub seed: u64,
}

impl fmt::Display for HeldOutPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            Method::Random => "random",
            Method::Chronological => "chronological",
        };
        let Shares { validation, test } = self.shares;
        write!(f, "--by {method} --validation {validation} --test {test} --seed {}", self.seed)
    }
}

/// Record of what a model was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedOn {
    /// All the ratings, including those held out.
    pub data: Identity,
    /// Number of ratings it was trained on.
    pub n_ratings: u64,
    /// What was held out; `None` if it was trained on all ratings.
    pub held_out: Option<HeldOutPart>,
    /// Seed of training.
    pub seed: u64,
}

/// Reason why a model may not be used as requested.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Leak {
    /// Other users or titles.
    #[error("it was trained on data with other users or titles; train it again on this data")]
    OtherIds,
    /// The same users and titles with other ratings.
    #[error("it was trained on other ratings of the same users and titles; train it again on this data")]
    OtherRows,
    /// The test ratings were trained on.
    #[error(
        "it was trained on all ratings, including the test ratings, so its errors would look too small; train it \
         with --hold-out and the same options"
    )]
    AllRows,
    /// Another part of the ratings was held out.
    #[error(
        "it was trained with {trained}, so it has seen test ratings of {asked}; use the same options as in training"
    )]
    OtherPart {
        /// What was held out in training.
        trained: HeldOutPart,
        /// What the model should be measured on.
        asked: HeldOutPart,
    },
    /// A part was held out, but the model must be trained on all ratings.
    #[error(
        "it was trained with --hold-out on only part of the ratings; train it without --hold-out for a release"
    )]
    Part,
}

impl TrainedOn {
    /// Makes sure that user and title positions mean the same in the model and the data.
    ///
    /// # Errors
    /// Returns [`Leak::OtherIds`] if they do not.
    pub fn check_ids(&self, data: &Identity) -> Result<(), Leak> {
        if self.data.ids == data.ids { Ok(()) } else { Err(Leak::OtherIds) }
    }

    /// Makes sure that the model was not trained on the test part of `asked`.
    ///
    /// # Errors
    /// Returns [`Leak`] if it was, or if the data is different.
    pub fn check_held_out(&self, data: &Identity, asked: HeldOutPart) -> Result<(), Leak> {
        self.check_ids(data)?;
        if self.data.rows != data.rows {
            return Err(Leak::OtherRows);
        }
        match self.held_out {
            None => Err(Leak::AllRows),
            Some(trained) if trained == asked => Ok(()),
            Some(trained) => Err(Leak::OtherPart { trained, asked }),
        }
    }

    /// Makes sure that the model was trained on exactly these ratings, and on all of them.
    ///
    /// # Errors
    /// Returns [`Leak`] if it was not.
    pub fn check_all(&self, data: &Identity) -> Result<(), Leak> {
        self.check_ids(data)?;
        if self.data.rows != data.rows {
            return Err(Leak::OtherRows);
        }
        if self.held_out.is_some() { Err(Leak::Part) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use artifact::Digest;

    use super::*;

    fn identity(ids: &[u8], rows: &[u8]) -> Identity {
        Identity { ids: Digest::of(ids), rows: Digest::of(rows) }
    }

    #[test]
    fn only_held_out_ratings_may_be_measured_on() {
        let data = identity(b"ids", b"rows");
        let part = HeldOutPart { method: Method::Random, shares: Shares::default(), seed: 3 };
        let of_part = TrainedOn { data, n_ratings: 8, held_out: Some(part), seed: 0 };
        let of_all = TrainedOn { held_out: None, ..of_part };
        assert_eq!(of_part.check_held_out(&data, part), Ok(()));
        assert_eq!(of_all.check_held_out(&data, part), Err(Leak::AllRows));
        let other = HeldOutPart { seed: 4, ..part };
        let refused = of_part.check_held_out(&data, other).unwrap_err();
        assert!(
            refused.to_string().contains("--by random --validation 0.1 --test 0.1 --seed 3"),
            "{refused}"
        );
        assert_eq!(of_part.check_held_out(&identity(b"ids", b"more"), part), Err(Leak::OtherRows));
        assert_eq!(of_part.check_held_out(&identity(b"x", b"rows"), part), Err(Leak::OtherIds));
        assert_eq!((of_all.check_all(&data), of_part.check_all(&data)), (Ok(()), Err(Leak::Part)));
    }
}
