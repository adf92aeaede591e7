//! The serving side of the recommender: scores, rankings, fold-in, reasons, similar titles. No training, no
//! I/O.

// Functions read data from outside: arithmetic and positions are checked, or a reason says why not.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

mod diversity;
mod filter;
mod fold_in;
mod items;
mod mismatch;
mod model;
mod neighbors;
mod posterior;
mod ranking;
mod reasons;
mod scan;
mod serve;
mod titles;
mod users;
mod values;

pub use filter::{Criteria, Filter, FilterError, ListOptions};
pub use fold_in::{NewUser, fold_in};
pub use items::{ItemModel, ItemModelParts};
pub use mismatch::Mismatch;
pub use model::{FactorModel, FactorModelParts};
pub use neighbors::{FromRated, NeighborParts, Neighbors};
pub use posterior::UserPrior;
pub use ranking::{RankingModel, RankingWeights};
pub use reasons::{Explanation, Reason};
pub use scan::{ItemPanels, LANES, TopN};
pub use serve::{
    ItemStrategy, Prediction, Ranked, Recommendations, Recommender, Similar, Strategy, UnknownTitle,
};
pub use titles::{Edition, TitleView, Titles};
pub use users::{BLOCK_BYTES, User, UserBlock, UserIndex, UserShape, UsersError, UsersWriter};
pub use values::RatingValues;
