//! What the function `titles` answers from: titles, the index to find them by, what users have rated, and the analysis
//! of the data.

use artifact::Analysis;
use queries::title_search;
use recommender::Titles;
use thiserror::Error;

use crate::users::Users;

/// Parts of a release that do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CatalogueMismatch {
    /// The index is of another number of titles.
    #[error("the index of titles has {found}, and there are {expected}")]
    Index {
        /// Titles of the index.
        found: usize,
        /// Titles.
        expected: usize,
    },
    /// Users have rated another number of titles.
    #[error("the index of users is of {found} titles, and there are {expected}")]
    Users {
        /// Titles that users may have rated.
        found: usize,
        /// Titles.
        expected: usize,
    },
}

/// Titles, the index to find them by, and what users have rated; positions in one are positions in all.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) titles: Titles,
    pub(crate) search: title_search::Index,
    pub(crate) users: Users,
    /// Absent where the release has none.
    pub(crate) analysis: Option<Analysis>,
    /// The release they are of.
    pub(crate) release: String,
}

impl Catalogue {
    /// Puts the parts together.
    ///
    /// # Errors
    /// [`CatalogueMismatch`].
    pub(crate) fn new(
        titles: Titles,
        search: title_search::Index,
        users: Users,
        analysis: Option<Analysis>,
        release: String,
    ) -> Result<Self, CatalogueMismatch> {
        let expected = titles.len();
        if search.n_titles() != expected {
            return Err(CatalogueMismatch::Index { found: search.n_titles(), expected });
        }
        let found = users.shape().n_titles;
        if found != expected {
            return Err(CatalogueMismatch::Users { found, expected });
        }
        Ok(Self { titles, search, users, analysis, release })
    }
}
