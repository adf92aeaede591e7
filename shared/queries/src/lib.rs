//! One module for each query: its index, `build()` from the clean tables, and `answer()`.
//!
//! An answer is a lookup. It neither scans the catalog nor allocates in proportion to it, except for
//! [`title_search`], whose answer is a list of titles. Platform names match in any case. A film is a
//! [`catalog::Kind::Movie`].

// Functions read data from outside: arithmetic and positions are checked, or a reason says why not.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

pub mod actor;
pub mod count_platform;
pub mod max_duration;
pub mod score_count;
pub mod title_count;
pub mod title_search;

mod error;
mod platforms;
#[cfg(test)]
mod random_tables;

pub use error::QueryError;
pub use platforms::Platforms;
