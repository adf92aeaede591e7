//! Chooses models: searches for the parameters of the rating model and the ranking model, and fits the rating
//! model.

pub mod fit;
pub mod ranking;
pub mod rating;
pub mod trial;
