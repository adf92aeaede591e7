//! A card for each column: what the column holds, how its values are spread, and how many are missing.

mod card;
mod ratings;
mod titles;

pub(crate) use card::extremes;
pub(crate) use ratings::{RATING, TIMESTAMP, ratings_card};
pub(crate) use titles::titles_card;
