//! What the log is told: causes in full, and one line a request.
//!
//! A line names the route and never the path or the query, since those hold ids of users.

use std::error::Error;
use std::fmt::Write;

/// How a list was made, or a score: handlers leave it in the response's extensions, for those who write logs. The route
/// is left there too, as axum's `MatchedPath`.
#[derive(Debug, Clone, Copy)]
pub struct StrategyUsed(pub &'static str);

/// An error and what caused it, in one line.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, "; caused by: {cause}");
        next = cause.source();
    }
    text
}
