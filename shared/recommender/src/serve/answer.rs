use thiserror::Error;

use crate::{Edition, Explanation, TitleView};

/// A title id that no title has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no title {0:?}")]
pub struct UnknownTitle(pub String);

/// How a list was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// By the ranking model, with the trained user's factors.
    Ranking,
    /// By the ranking model, with the ratings folded in.
    RankingFoldIn,
    /// By predicted rating, with the trained user's factors.
    Svd,
    /// By the predicted rating of a model without factors, which gives every user the same order.
    Biases,
    /// By predicted rating, with the ratings folded in.
    FoldIn,
    /// Most rated first, because the release does not know what the user likes.
    Popular,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 6] =
        [Self::Ranking, Self::RankingFoldIn, Self::Svd, Self::Biases, Self::FoldIn, Self::Popular];

    /// Returns the name used in responses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ranking => "ranking",
            Self::RankingFoldIn => "ranking_fold_in",
            Self::Svd => "factors",
            Self::Biases => "biases",
            Self::FoldIn => "fold_in",
            Self::Popular => "popular",
        }
    }
}

/// One title of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked<'a> {
    /// The title.
    pub title: TitleView<'a>,
    /// The predicted rating, on the scale; in a list of similar titles, the similarity.
    pub score: f32,
    /// The other titles of the same work, in catalog order, at most 50. The filter does not apply to them.
    pub also_on: Vec<Edition<'a>>,
    /// The number of further titles of the work, which `also_on` leaves out.
    pub also_on_left_out: usize,
    /// Why it is recommended. `None` if no reasons were asked for, for the strategies `Biases` and `Popular`,
    /// whose order does not depend on the user's ratings, and for similar titles.
    pub explanation: Option<Explanation<'a>>,
}

/// A list, and how it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendations<'a> {
    /// How it was made.
    pub strategy: Strategy,
    /// The list, best first.
    pub items: Vec<Ranked<'a>>,
}

/// A predicted rating.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction<'a> {
    /// The title.
    pub title: TitleView<'a>,
    /// The predicted rating, on the scale. For an unknown user it is that of an average user.
    pub score: f32,
    /// `Svd` or `Biases`; `Popular` for an unknown user.
    pub strategy: Strategy,
    /// Whether the score reaches the threshold.
    pub recommended: bool,
    /// The threshold.
    pub threshold: f32,
}

/// What similar titles have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemStrategy {
    /// Their factors: the same people like them.
    Factors,
    /// Their genres, because the model has no factors for the title.
    Genres,
}

impl ItemStrategy {
    /// Every strategy.
    pub const ALL: [Self; 2] = [Self::Factors, Self::Genres];

    /// Returns the name used in responses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Factors => "factors",
            Self::Genres => "genres",
        }
    }
}

/// Titles that are similar to a title.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar<'a> {
    /// The title.
    pub of: TitleView<'a>,
    /// What they have in common with it.
    pub strategy: ItemStrategy,
    /// Titles and similarities (at most 1), most similar first.
    pub items: Vec<Ranked<'a>>,
}
