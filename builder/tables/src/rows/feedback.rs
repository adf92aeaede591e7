//! Exports of gorse: each row has what a user did with a title, and perhaps a value that may be a rating.

use std::collections::BTreeSet;

use super::fault::RATING;
use super::layout::Layout;
use super::number::parse_rating;
use super::sample::Sample;
use crate::FileError;
use crate::header::fold;

/// Most types of feedback that are listed.
const SHOWN: usize = 6;

/// Why feedback has no ratings.
pub(super) const NO_VALUES: &str = "without a column of values";
const ALL_ZERO: &str = "whose values are all 0";

/// Returns the position of the column that holds what a user did.
pub(super) fn column(header: &[String]) -> Option<usize> {
    header.iter().position(|field| fold(field) == "feedbacktype")
}

/// Returns the types of feedback in the first rows if there are several, since all of them are read as
/// ratings.
///
/// # Errors
/// Returns [`FileError::Feedback`] if every value is 0, as gorse writes it where there is none.
pub(super) fn types(
    sample: Sample<'_>,
    header: &[String],
    layout: &Layout,
) -> Result<Vec<String>, FileError> {
    let Some(column) = column(header) else { return Ok(Vec::new()) };
    let (mut types, mut has_zeros, mut has_values) = (BTreeSet::new(), false, false);
    for (record, quoted) in sample.records(layout.separator, usize::from(layout.has_header)) {
        let fields = layout.separator.split(record, quoted);
        if let Some(kind) = fields.get(column) {
            types.insert(String::from_utf8_lossy(kind).chars().take(40).collect::<String>());
        }
        match fields.get(layout.columns[RATING]).map(|value| parse_rating(value, true)) {
            Some(Ok(0.0)) => has_zeros = true,
            _ => has_values = true,
        }
    }
    if has_zeros && !has_values {
        return Err(error(sample, &header[column], ALL_ZERO));
    }
    let more = types.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = types.into_iter().take(SHOWN).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    Ok(if shown.len() > 1 { shown } else { Vec::new() })
}

/// Returns the error for feedback that has no ratings.
pub(super) fn error(sample: Sample<'_>, column: &str, values: &'static str) -> FileError {
    FileError::Feedback { path: sample.path.to_owned(), line: sample.line, column: column.to_owned(), values }
}
