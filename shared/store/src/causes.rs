use std::error::Error;
use std::fmt::Write as _;

/// Returns an error and all of its causes in one line. Control characters are escaped, since an error may
/// quote what stands in a file, and a log has one line for each message.
///
/// ```
/// let error = store::StoreError::Source {
///     key: "a".to_owned(),
///     location: "memory".to_owned(),
///     source: std::io::Error::other("disk on fire"),
/// };
/// assert_eq!(
///     store::with_causes(&error),
///     "cannot write a to memory, because its bytes cannot be read; caused by: disk on fire"
/// );
/// ```
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        // Writing to a string cannot fail.
        let _ = write!(text, "; caused by: {cause}");
        next = cause.source();
    }
    if text.contains(char::is_control) {
        text = text
            .chars()
            .map(|c| if c.is_control() { c.escape_unicode().to_string() } else { c.into() })
            .collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_error_stays_in_its_line() {
        let error = io::Error::other("unknown field `a\n2026-01-01 INFO forged\u{1b}[2J`");
        let text = "unknown field `a\\u{a}2026-01-01 INFO forged\\u{1b}[2J`";
        assert_eq!(with_causes(&error), text);
    }
}
