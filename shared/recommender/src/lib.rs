//! The serving half of the recommender: score, top-N, fold-in, similar titles. No training, no I/O.

mod fold_in;
mod histories;
mod model;
mod posterior;
mod ranking;
mod scan;
mod serve;
mod titles;

pub use fold_in::{NewUser, fold_in};
pub use histories::Histories;
pub use model::{FactorModel, FactorModelParts};
pub use posterior::UserPrior;
pub use ranking::{RankingModel, RankingWeights};
pub use scan::{ItemPanels, LANES, TopN};
pub use serve::{
    Filter, FilterError, ItemStrategy, Mismatch, Prediction, Ranked, Recommendations, Recommender, Similar,
    Strategy, UnknownTitle,
};
pub use titles::{Edition, TitleView, Titles};
