//! What goes to the log: errors with all their causes, and how an answer was made.
//!
//! A line names the route of a request, never its path or its query, because those hold ids of users.

use std::error::Error;
use std::fmt::Write;

use axum::http::Method;

/// How a list or a score was made. Handlers leave it in the response's extensions for whatever writes the
/// log; the route is there too, as axum's `MatchedPath`.
#[derive(Debug, Clone, Copy)]
pub struct StrategyUsed(pub &'static str);

/// Returns the name of a method for the log. Clients can send any word as a method, of any length.
pub fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_a_client_made_up_is_not_logged() {
        for (method, expected) in [("GET", "GET"), ("PATCH", "PATCH"), ("get", "other"), ("TRACE", "other")] {
            assert_eq!(method_name(&method.parse().unwrap()), expected);
        }
        assert_eq!(method_name(&"A".repeat(8_000).parse().unwrap()), "other");
    }
}
