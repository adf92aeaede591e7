use thiserror::Error;

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The release does not have the platform.
    #[error("there is no platform {found:?}; the platforms are {}", catalog::names_in_words(allowed))]
    UnknownPlatform {
        /// The platform asked for.
        found: String,
        /// The platforms of the release.
        allowed: Vec<String>,
    },
    /// The query is well formed, but nothing matches it.
    #[error("{0}")]
    NothingMatches(String),
}
