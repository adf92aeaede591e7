//! What the function `recommend` answers from: titles and models, and the users to ask them for.

use recommender::Recommender;

use crate::users::Users;

/// A recommender, and the users of the same release.
#[derive(Debug)]
pub(crate) struct Recommending {
    pub(crate) recommender: Recommender,
    pub(crate) users: Users,
}
