//! The vocabulary of Cartelera: platforms, titles, users, ratings, and the clean tables made of them.
//!
//! Nothing here does I/O. A value of one of these types is valid by construction: ids fit into a URL
//! and a CSV cell, ratings lie on the scale, rows of a [`RatingTable`] point at existing titles.

mod ids;
mod rating;
mod tables;
mod title;

pub use ids::{IdError, MAX_ID_BYTES, TitleId, UserId, check_id};
pub use rating::{RATING_MAX, RATING_MIN, Rating, RatingError};
pub use tables::{Interactions, RatingTable, TableError, TitleTable};
pub use title::{Date, DateError, Duration, DurationUnit, Kind, Platform, PlatformError, Title, UnknownWord};
