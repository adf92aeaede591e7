//! Why a function cannot start.

use store::LoadError;
use thiserror::Error;

/// Why a function cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An artifact or the pointer is missing or corrupt.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Releases have to be signed, and this one is not, or not with one of the keys.
    #[error(transparent)]
    Signature(#[from] artifact::SignatureError),
    /// The titles, the models and the users are valid, but do not belong to one release.
    #[error("the artifacts of release {release} do not fit together")]
    Mismatch {
        /// The release.
        release: String,
        /// What does not fit.
        source: recommender::Mismatch,
    },
    /// The canonical genres are valid, but do not belong to the titles that are counted.
    #[error("the artifacts of release {release} do not fit together")]
    Genres {
        /// The release.
        release: String,
        /// What does not fit.
        source: artifact::Invalid,
    },
    /// The titles, their search index, the users and their digests are valid, but do not belong to one
    /// release.
    #[error("the artifacts of release {release} do not fit together")]
    Catalog {
        /// The release.
        release: String,
        /// What does not fit.
        source: CatalogMismatch,
    },
}

/// Artifacts of the functions `titles` and `recommend` that do not belong to one release.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CatalogMismatch {
    /// The search index is of another number of titles.
    #[error("the search index has {found} titles, the catalog {expected}")]
    Index {
        /// Titles of the index.
        found: usize,
        /// Titles of the catalog.
        expected: usize,
    },
    /// There are digests of another number of blocks of users.
    #[error("there are digests of {found} blocks of users, the index has {expected}")]
    UserDigests {
        /// Blocks that have a digest.
        found: usize,
        /// Blocks of the index.
        expected: usize,
    },
    /// The users are of another number of titles.
    #[error("the index of users has {found} titles, the catalog {expected}")]
    Users {
        /// Titles that the users may have rated.
        found: usize,
        /// Titles of the catalog.
        expected: usize,
    },
}
