//! Finds the fields of a rating in a line.

use std::path::Path;

use memchr::memchr;

use crate::header::{find_columns, header_fields, is_column};
use crate::{FileError, Reason};

pub(super) const USER: usize = 0;
pub(super) const TITLE: usize = 1;
pub(super) const RATING: usize = 2;
pub(super) const TIMESTAMP: usize = 3;

/// The columns of raw rating files, and of clean tables that earlier versions wrote.
static RAW_COLUMNS: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];
const RAW_NEEDED: &str = "userId, movieId, rating, timestamp";
/// The same columns in clean tables.
static CLEAN_COLUMNS: [&str; 4] = ["user_id", "id", "rating", "timestamp"];
const CLEAN_NEEDED: &str = "user_id, rating, timestamp, id";

/// Layout of the rows of a rating file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// `:` means `::`.
    pub(super) separator: u8,
    /// The positions of user, title, rating and time.
    columns: [usize; 4],
    /// What the file calls them.
    pub(super) names: &'static [&'static str; 4],
    n_columns: usize,
    pub(super) has_header: bool,
}

impl Layout {
    /// Returns the layout of a file without a header whose fields are user, title, rating and time. `b':'`
    /// means `::`.
    pub fn plain(separator: u8) -> Self {
        Self { separator, columns: [0, 1, 2, 3], names: &RAW_COLUMNS, n_columns: 4, has_header: false }
    }

    /// Reads the layout of a raw table whose first line, the header, is `line`. The names of clean tables are
    /// understood too, but only if there are no other columns: in a wider table, `id` may be the number of
    /// the row.
    ///
    /// # Errors
    /// Returns [`FileError`] if a column is missing or named twice.
    pub fn of_header(path: &Path, line: &[u8], separator: u8) -> Result<Self, FileError> {
        let header = header_fields(path, line, separator)?;
        let raw = Self::named(path, &header, separator, &RAW_COLUMNS, RAW_NEEDED);
        if header.len() > CLEAN_COLUMNS.len() {
            return raw;
        }
        raw.or_else(|error| {
            Self::named(path, &header, separator, &CLEAN_COLUMNS, CLEAN_NEEDED).map_err(|_| error)
        })
    }

    /// Reads the layout of a clean table, with the column names of this version or of earlier ones.
    ///
    /// # Errors
    /// Returns [`FileError`] if a column is missing or named twice.
    pub(crate) fn of_clean_header(path: &Path, line: &[u8]) -> Result<Self, FileError> {
        let header = header_fields(path, line, b',')?;
        Self::named(path, &header, b',', &CLEAN_COLUMNS, CLEAN_NEEDED)
            .or_else(|error| Self::named(path, &header, b',', &RAW_COLUMNS, RAW_NEEDED).map_err(|_| error))
    }

    fn named(
        path: &Path,
        header: &[String],
        separator: u8,
        names: &'static [&'static str; 4],
        needed: &'static str,
    ) -> Result<Self, FileError> {
        let columns = find_columns(path, header, *names, needed)?;
        Ok(Self { separator, columns, names, n_columns: header.len(), has_header: true })
    }

    /// Returns whether a header line names any column of ratings.
    ///
    /// # Errors
    /// Returns [`FileError`] if the line is not readable as CSV.
    pub fn is_header(path: &Path, line: &[u8], separator: u8) -> Result<bool, FileError> {
        let header = header_fields(path, line, separator)?;
        let names = || RAW_COLUMNS.iter().chain(&CLEAN_COLUMNS);
        Ok(header.iter().any(|field| names().any(|name| is_column(field, name))))
    }

    /// Returns whether fields may be quoted. Only tables with a header are CSV; the others have no quotes.
    pub(super) fn has_quotes(self) -> bool {
        self.has_header
    }

    /// Describes the layout in words.
    pub fn describe(self) -> &'static str {
        match (self.separator, self.has_header) {
            (b':', _) => "ratings, `::` between fields",
            (_, false) => "ratings, tabs between fields",
            (b'\t', true) => "ratings, tabs between fields, header",
            _ => "ratings, CSV",
        }
    }

    /// Returns the fields of user, title, rating and time.
    pub(super) fn fields(self, record: &[u8], quoted: bool) -> Result<[&[u8]; 4], Fault<'_>> {
        if !quoted && let Some(fields) = self.four_fields(record) {
            return Ok(fields);
        }
        let mut fields: [&[u8]; 4] = [&[]; 4];
        let mut rest = record;
        for at in 0.. {
            let end = self.field_end(rest, quoted);
            let field = &rest[..end.unwrap_or(rest.len())];
            for (slot, &column) in fields.iter_mut().zip(&self.columns) {
                if column == at {
                    *slot = bare(field, quoted);
                }
            }
            match end {
                Some(_) if at + 1 == self.n_columns => {
                    return Err(Fault { column: "", value: record, reason: Reason::TooManyFields });
                }
                Some(end) => rest = &rest[end + if self.separator == b':' { 2 } else { 1 }..],
                None if at + 1 == self.n_columns => break,
                None => {
                    let lost = (0..4).filter(|&c| self.columns[c] > at).min_by_key(|&c| self.columns[c]);
                    let column = lost.map_or("", |c| self.names[c]);
                    return Err(Fault { column, value: record, reason: Reason::CutShort });
                }
            }
        }
        Ok(fields)
    }

    /// Splits the usual case in one pass: four columns, one byte between them, no quotes.
    fn four_fields(self, record: &[u8]) -> Option<[&[u8]; 4]> {
        if self.n_columns != 4 || self.separator == b':' {
            return None;
        }
        let mut fields: [&[u8]; 4] = [&[]; 4];
        let (mut n, mut begin) = (0, 0);
        for (at, &byte) in record.iter().enumerate() {
            if byte == self.separator {
                *fields.get_mut(n)? = &record[begin..at];
                (n, begin) = (n + 1, at + 1);
            }
        }
        if n != 3 {
            return None;
        }
        fields[3] = &record[begin..];
        Some(self.columns.map(|column| bare(fields[column], false)))
    }

    /// Returns the length of the first field of `rest`; `None` if it is the last.
    fn field_end(self, rest: &[u8], quoted: bool) -> Option<usize> {
        if self.separator == b':' {
            return rest.windows(2).position(|pair| pair == b"::");
        }
        let mut from = 0;
        if quoted && rest.first() == Some(&b'"') {
            // The record is well formed, so every quote except the last of the field is doubled.
            from = 1;
            while let Some(found) = memchr(b'"', &rest[from..]) {
                from += found + 1;
                if rest.get(from) != Some(&b'"') {
                    break;
                }
                from += 1;
            }
        }
        // Fields have a few bytes, so a plain loop is faster than a call.
        rest[from..].iter().position(|&b| b == self.separator).map(|found| from + found)
    }
}

/// Returns a field without its quotes and the blanks around it. Doubled quotes stay doubled, since ids and
/// numbers contain none.
fn bare(field: &[u8], quoted: bool) -> &[u8] {
    let inner = match field {
        [b'"', inner @ .., b'"'] if quoted => inner,
        _ => field,
    };
    match inner {
        [first, .., last] if *first > b' ' && *last > b' ' => inner,
        _ => inner.trim_ascii(),
    }
}

/// Fault of a row.
pub(super) struct Fault<'a> {
    pub(super) column: &'static str,
    pub(super) value: &'a [u8],
    pub(super) reason: Reason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_and_clean_names_are_told_apart() {
        fn names(
            layout: Result<Layout, FileError>,
        ) -> Result<(&'static str, &'static str, [usize; 4]), String> {
            layout.map(|l| (l.names[USER], l.names[TITLE], l.columns)).map_err(|e| e.to_string())
        }
        let raw = |line: &str| names(Layout::of_header(Path::new("r.csv"), line.as_bytes(), b','));
        let clean = |line: &str| names(Layout::of_clean_header(Path::new("r.csv"), line.as_bytes()));

        let (new, old) = ("user_id,rating,timestamp,id", "userId,rating,timestamp,movieId");
        assert_eq!([raw(new), clean(new)], [(); 2].map(|()| Ok(("user_id", "id", [0, 3, 1, 2]))));
        assert_eq!([raw(old), clean(old)], [(); 2].map(|()| Ok(("userId", "movieId", [0, 3, 1, 2]))));
        // The first column of a raw table is often the number of the row.
        let numbered = "id,userId,rating,timestamp,movieId";
        assert_eq!(raw(numbered).unwrap(), ("userId", "movieId", [1, 4, 2, 3]));
        let error = raw("id,userId,rating,timestamp,item").unwrap_err();
        assert!(error.contains("column movieId is missing") && error.contains(RAW_NEEDED), "{error}");
        assert_eq!(clean("note,user_id,rating,timestamp,id").unwrap(), ("user_id", "id", [1, 4, 2, 3]));
        let error = clean("user_id,rating,id").unwrap_err();
        assert!(error.contains("column timestamp is missing") && error.contains(CLEAN_NEEDED), "{error}");
    }
}
