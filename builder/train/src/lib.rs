//! Trainers.
//!
//! [`fit()`] trains the rating model that [`ModelParams`] names: [`bayes`] (Gibbs sampling), [`svd`]
//! (stochastic gradient descent), or [`biases`] only. Each is a [`Trainer`] and produces a
//! [`recommender::FactorModel`], the only form that serving knows. [`ranking`] trains a model that ranks
//! titles and does not predict ratings: [`ials`] plus [`neighbors`]. Every trainer passes the same
//! suite of tests (`tests/it/conformance.rs`).
//!
//! Users without a training row have bias 0 and factors 0, so predictions for them are the global mean plus
//! the title's bias. Titles without a training row get bias and factors from their features (`cold`), or 0 if
//! they have no features.

pub mod bayes;
pub mod biases;
mod cold;
mod error;
mod fit;
pub mod ials;
pub mod neighbors;
mod params;
mod prior;
pub mod ranking;
mod rows;
pub mod svd;
mod trainer;
pub mod values;

pub use bayes::BayesParams;
pub use biases::BiasParams;
pub use error::TrainError;
pub use fit::fit;
pub use ials::IalsParams;
pub use neighbors::NeighborsParams;
pub use params::ModelParams;
pub use prior::with_noise;
pub use ranking::RankingParams;
pub use svd::SvdParams;
pub use trainer::{Checked, Checkpoint, Epoch, History, Run, Trainer, TrainingData};
pub use values::ValuesParams;
