use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The options and parameters behind a release's models, as JSON values by name.
pub type Parameters = BTreeMap<String, serde_json::Value>;

/// A model that is measured: what was trained, or a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelName {
    /// Gibbs samples of a biased factorization, their mean compressed.
    Bayes,
    /// A biased factorization by stochastic gradient descent.
    Svd,
    /// Biases of users and titles alone.
    Biases,
    /// The mean of all ratings.
    GlobalMean,
    /// Implicit alternating least squares.
    Ials,
    /// Implicit alternating least squares plus ridge regressions on neighbors.
    IalsNeighbors,
    /// Ridge regressions on neighbors alone.
    Neighbors,
    /// Titles by number of training ratings.
    Popularity,
}

impl ModelName {
    /// Every model.
    pub const ALL: [Self; 8] = [
        Self::Bayes,
        Self::Svd,
        Self::Biases,
        Self::GlobalMean,
        Self::Ials,
        Self::IalsNeighbors,
        Self::Neighbors,
        Self::Popularity,
    ];

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bayes => "bayes",
            Self::Svd => "svd",
            Self::Biases => "biases",
            Self::GlobalMean => "global-mean",
            Self::Ials => "ials",
            Self::IalsNeighbors => "ials-neighbors",
            Self::Neighbors => "neighbors",
            Self::Popularity => "popularity",
        }
    }

    /// The model of a name in JSON.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.as_str() == name)
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a model is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldOut {
    /// Ratings drawn at random.
    Random,
    /// Each user's latest ratings.
    Chronological,
    /// Users left out of training, some of whose likes must be found.
    Users,
}

impl HeldOut {
    /// Every kind of held-out data.
    pub const ALL: [Self; 3] = [Self::Random, Self::Chronological, Self::Users];

    /// Returns the name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Chronological => "chronological",
            Self::Users => "users",
        }
    }
}

/// Measures of one model on one set of held-out data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The model.
    pub model: ModelName,
    /// What it is measured on.
    pub held_out: HeldOut,
    /// Whether a search chose its parameters; otherwise they are the defaults, or were given.
    pub tuned: bool,
    /// Values by measure: `rmse`, `mae`, `recall@10`, `ndcg@10`, `ndcg@100`, `coverage@10` of ratings;
    /// `recall@20`, `recall@50`, `ndcg@10`, `ndcg@100` of users who are folded in from their likes, and the
    /// same followed by `_all` (all their ratings) or `_3` (three of them). A measure that makes no sense for
    /// a model is absent.
    pub measures: BTreeMap<String, f64>,
}

/// How a trial of a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Trained in full.
    Finished,
    /// Others were better in a short run, or on part of the ratings.
    Dropped,
    /// Its parameters grew without bound.
    Diverged,
    /// Time was up before it began.
    NotReached,
}

impl Fate {
    /// Every way for a trial to end.
    pub const ALL: [Self; 4] = [Self::Finished, Self::Dropped, Self::Diverged, Self::NotReached];

    /// Returns the name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Dropped => "dropped",
            Self::Diverged => "diverged",
            Self::NotReached => "not-reached",
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One set of parameters a search tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Its number in the order drawn, from 0.
    pub number: u32,
    /// What trained it.
    pub algorithm: ModelName,
    /// Factors per user and title; 0 for biases only.
    pub n_factors: u32,
    /// Its score on the validation data, if it was trained: RMSE for a rating model (lower is better),
    /// nDCG@100 for a ranking model (higher is better).
    pub score: Option<f64>,
    /// How it ended.
    pub fate: Fate,
    /// All its parameters, by name.
    pub parameters: Parameters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_in_json() {
        fn is_named<T: Serialize>(value: T, name: &str) {
            assert_eq!(serde_json::to_value(value).unwrap(), name);
        }
        for model in ModelName::ALL {
            is_named(model, model.as_str());
        }
        for held_out in HeldOut::ALL {
            is_named(held_out, held_out.as_str());
        }
        for fate in Fate::ALL {
            is_named(fate, fate.as_str());
        }
        assert_eq!(ModelName::from_name("global-mean"), Some(ModelName::GlobalMean));
        assert_eq!(ModelName::from_name("als"), None);
    }
}
