use std::error::Error;
use std::fmt::Write as _;

/// Returns an error and all of its causes in one line.
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
    text
}
