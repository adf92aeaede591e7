//! The vocabulary of Cartelera: platforms, titles, users and ratings, and the clean tables that hold them.
//!
//! Nothing here does I/O. Values of these types are valid by construction: ids are
//! short texts, ratings are on their scale, rows of a [`RatingTable`] point at titles that exist.

// Functions read data from outside: arithmetic and positions are checked, or a reason says why not.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

mod compared_names;
mod date;
mod ids;
mod limits;
mod names;
mod platform;
mod rating;
mod tables;
mod title;
mod works;

pub use compared_names::ComparedNames;
pub use date::{Date, DateError};
pub use ids::{IdError, MAX_ID_BYTES, TitleId, UserId, check_id};
pub use limits::{MAX_GENRES_BYTES, MAX_LABELS, MAX_NAME_CHARS, count_labels, names_in_words};
pub use names::{compared, is_joiner};
pub use platform::{IdPrefixes, Platform, PlatformError};
pub use rating::{NoScale, OffScale, Scale, ScaleCounts, ScaleError};
pub use tables::{Interactions, RatingTable, TableError, TitleTable, check_count};
pub use title::{Duration, DurationUnit, Kind, Title, UnknownWord};
pub use works::{without_suffix, work_key};
