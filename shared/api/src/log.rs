//! What goes to the log: errors with all their causes, and how an answer was made.
//!
//! A line names the route of a request, never its path or its query, because those hold ids of users.

use std::error::Error;
use std::fmt::Write;

/// How a list or a score was made. Handlers leave it in the response's extensions for whatever writes the
/// log; the route is there too, as axum's `MatchedPath`.
#[derive(Debug, Clone, Copy)]
pub struct StrategyUsed(pub &'static str);

/// Returns an error and everything that caused it, in one line.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, "; caused by: {cause}");
        next = cause.source();
    }
    text
}
