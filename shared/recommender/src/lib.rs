//! The serving half of the recommender: score, top-N, fold-in, similar titles. No training, no I/O.

mod model;

pub use model::{FactorModel, FactorModelParts};
