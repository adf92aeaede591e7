//! Says what a file is whose layout is not that of ratings.

use super::column_names::CATALOG_NAMES;
use super::fault::TIME;
use super::feedback;
use super::options::{Column, ROLES, RatingColumns};
use super::sample::Sample;
use crate::FileError;
use crate::header::fold;

/// Returns the error for a file whose columns were not found. `header` is its first line, `found` has the
/// columns that were understood, and `wanted` those that the user named.
pub(super) fn refuse(
    header: &[String],
    found: [Option<usize>; 4],
    sample: Sample<'_>,
    wanted: Option<&RatingColumns>,
) -> FileError {
    let path = sample.path.to_owned();
    let first = sample.first_line();
    if is_json(first) {
        let text = String::from_utf8_lossy(first).to_lowercase();
        let is_feedback = text.contains("\"feedbacktype\"") && !text.contains("\"value\"");
        return if is_feedback {
            feedback::error(sample, "FeedbackType", feedback::NO_VALUES)
        } else {
            FileError::Json { path, line: sample.line }
        };
    }
    let folded: Vec<String> = header.iter().map(|field| fold(field)).collect();
    let n_catalog = CATALOG_NAMES.iter().filter(|name| folded.iter().any(|f| f == *name)).count();
    if wanted.is_none() && n_catalog >= 3 {
        return FileError::CatalogAsRatings(path);
    }
    if wanted.is_none()
        && let Some(column) = feedback::column(header)
    {
        return feedback::error(sample, &header[column], feedback::NO_VALUES);
    }
    let missing = match wanted {
        Some(wanted) => (0..4)
            .filter(|&c| match &wanted.columns[c] {
                Some(Column::Name(name)) => !folded.contains(&fold(name)),
                Some(Column::Position(position)) => *position > header.len(),
                None => false,
            })
            .map(|c| ROLES[c])
            .collect(),
        None => (0..TIME).filter(|&c| found[c].is_none()).map(|c| ROLES[c]).collect(),
    };
    let shown = header.iter().take(30).map(|f| format!("{:?}", f.chars().take(40).collect::<String>()));
    FileError::RatingColumns { path, line: sample.line, missing, found: shown.collect() }
}

/// Returns whether a line begins like an object of JSON, alone or in a list.
fn is_json(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let object = line.strip_prefix(b"[").unwrap_or(line).trim_ascii_start();
    match object.strip_prefix(b"{") {
        Some(rest) => rest.trim_ascii_start().first().is_none_or(|&b| b == b'"'),
        None => line == b"[",
    }
}
