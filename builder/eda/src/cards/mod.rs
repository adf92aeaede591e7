//! A card for each column: what it holds, how its values are spread, and what is missing.

mod card;
mod ratings;
mod titles;

pub(crate) use card::extremes;
pub(crate) use ratings::{RATING, TIMESTAMP, ratings_card};
pub(crate) use titles::titles_card;
