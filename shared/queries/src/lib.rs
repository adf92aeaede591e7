//! One module a query: its index, `build()` from the clean tables, and `answer()`.
//!
//! An index is a pure lookup: answering does not scan the catalogue and allocates nothing that grows with
//! it, [`title_search`] apart, whose answer is a list of titles. Platforms match without regard to case. `film` means [`catalog::Kind::Movie`].

pub mod actor;
pub mod count_platform;
pub mod max_duration;
pub mod score_count;
pub mod title_search;

mod platforms;
#[cfg(test)]
mod random_tables;

pub use platforms::Platforms;

use thiserror::Error;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The platform is not in this release.
    #[error("there is no platform {found:?}; there are {}", allowed.join(", "))]
    UnknownPlatform {
        /// What was asked for.
        found: String,
        /// What there is.
        allowed: Vec<String>,
    },
    /// The question is well formed, and nothing fits it.
    #[error("{0}")]
    NothingMatches(String),
}
