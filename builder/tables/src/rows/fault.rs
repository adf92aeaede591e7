//! Faults of rows, and the columns that they are in.

use std::borrow::Cow;

use crate::Reason;

pub(super) const USER: usize = 0;
pub(super) const TITLE: usize = 1;
pub(super) const RATING: usize = 2;
pub(super) const TIME: usize = 3;
/// The release year in exports of one user's ratings.
pub(super) const YEAR: usize = 4;

/// Fault of a row.
pub(super) struct Fault<'a> {
    /// User, title, rating, time or year; `None` if the whole row is at fault.
    pub(super) column: Option<usize>,
    pub(super) value: Cow<'a, [u8]>,
    pub(super) reason: Reason,
}

impl<'a> Fault<'a> {
    /// Returns the fault of a field. Bytes that are not text come before any other reason.
    pub(super) fn of(column: usize, value: &'a [u8], reason: Reason) -> Self {
        let reason = if value.contains(&0) {
            Reason::NulByte
        } else if str::from_utf8(value).is_err() {
            Reason::NotUtf8
        } else {
            reason
        };
        Self { column: Some(column), value: Cow::Borrowed(value), reason }
    }

    /// Returns the fault of a whole row, or of a column that cannot be told from the others.
    pub(super) fn of_row(column: Option<usize>, record: &'a [u8], reason: Reason) -> Self {
        Self { column, value: Cow::Borrowed(record), reason }
    }
}
