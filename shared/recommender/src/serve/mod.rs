//! Recommendations, predictions and similar titles from the artifacts of one release.

mod answer;
mod lists;
mod profile;
mod recommender;
mod similar;
#[cfg(test)]
mod tests;

pub use answer::{ItemStrategy, Prediction, Ranked, Recommendations, Similar, Strategy, UnknownTitle};
pub use recommender::Recommender;
