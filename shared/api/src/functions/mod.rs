//! The functions: one file each, with its routes, its parameters, its handlers, its answers, and how it is
//! loaded.

mod get_actor;
mod get_count;
mod get_count_platform;
mod get_max_duration;
mod get_score_count;
mod recommend;
mod titles;

use crate::function::Function;
use crate::route::Operation;

impl Function {
    /// The longest title.
    pub const GET_MAX_DURATION: Self = get_max_duration::FUNCTION;
    /// Films above a score.
    pub const GET_SCORE_COUNT: Self = get_score_count::FUNCTION;
    /// Films of a platform.
    pub const GET_COUNT_PLATFORM: Self = get_count_platform::FUNCTION;
    /// The most frequent actor.
    pub const GET_ACTOR: Self = get_actor::FUNCTION;
    /// How many titles match.
    pub const GET_COUNT: Self = get_count::FUNCTION;
    /// Recommendations, predictions and similar titles.
    pub const RECOMMEND: Self = recommend::FUNCTION;
    /// The catalog: titles by typing, one title, what a user has rated, and the analysis of the data.
    pub const TITLES: Self = titles::FUNCTION;

    /// Every function. A program that reads this list holds the code of all of them.
    pub const ALL: [Self; 7] = [
        Self::GET_MAX_DURATION,
        Self::GET_SCORE_COUNT,
        Self::GET_COUNT_PLATFORM,
        Self::GET_ACTOR,
        Self::GET_COUNT,
        Self::RECOMMEND,
        Self::TITLES,
    ];
}

/// The names and the operations of all functions, without their code.
#[expect(clippy::indexing_slicing, reason = "the compiler computes it, and refuses a position out of range")]
pub(crate) const OPERATIONS: [(&str, &[Operation]); Function::ALL.len()] = {
    let mut operations: [(&str, &[Operation]); Function::ALL.len()] = [("", &[]); Function::ALL.len()];
    let mut i = 0;
    while i < operations.len() {
        operations[i] = (Function::ALL[i].name, Function::ALL[i].operations);
        i += 1;
    }
    operations
};

/// The function that a gateway sends the routes to that every function answers.
pub(crate) const OF_EVERYWHERE: &str = titles::FUNCTION.name;

/// Returns the names of all functions, in the order of the list.
pub(crate) fn names() -> [&'static str; OPERATIONS.len()] {
    OPERATIONS.map(|(name, _)| name)
}
