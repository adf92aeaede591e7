//! Rows that were refused.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Most bytes of a refused value that are kept.
pub const MAX_VALUE_BYTES: usize = 120;

/// Reason why a row was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Fewer fields than the header has.
    CutShort,
    /// More fields than the header has.
    TooManyFields,
    /// A quote that is not closed, or text after a closing quote.
    BadQuoting,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A NUL byte.
    NulByte,
    /// A missing or malformed user id (see [`catalog::check_id`]).
    UserIdMalformed,
    /// A missing or malformed title id.
    TitleIdMalformed,
    /// A title id that no title has.
    UnknownTitle,
    /// A name and a year that no title has, in an export of one user's ratings, which has names instead of
    /// ids. No catalog has everything, so these rows do not count as losses.
    TitleNotFound,
    /// A rating that is not a decimal number.
    RatingMalformed,
    /// A rating below 0.5 or above 5.
    RatingOutOfRange,
    /// A time that is not a whole number.
    TimestampMalformed,
    /// A time that is not within 0 to 4294967295 seconds since 1970.
    TimestampOutOfRange,
    /// A title whose id an earlier row has.
    DuplicateId,
    /// Neither `Movie` nor `TV Show`.
    KindUnknown,
    /// A title without a name.
    TitleEmpty,
    /// A name, an audience rating or a list of genres that is too long to be one (see
    /// [`catalog::Title::long_text`]).
    TextTooLong,
    /// A release year that is not four digits.
    YearMalformed,
}

impl Reason {
    /// Every reason: first those of ratings, most common first, then those of any row, then those of titles.
    pub const ALL: [Self; 18] = [
        Self::UnknownTitle,
        Self::TitleNotFound,
        Self::RatingOutOfRange,
        Self::RatingMalformed,
        Self::UserIdMalformed,
        Self::TitleIdMalformed,
        Self::TimestampMalformed,
        Self::TimestampOutOfRange,
        Self::CutShort,
        Self::TooManyFields,
        Self::BadQuoting,
        Self::NotUtf8,
        Self::NulByte,
        Self::DuplicateId,
        Self::KindUnknown,
        Self::TitleEmpty,
        Self::TextTooLong,
        Self::YearMalformed,
    ];

    /// Returns the reason with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Returns the name used in `rejects.csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CutShort => "cut_short",
            Self::TooManyFields => "too_many_fields",
            Self::BadQuoting => "bad_quoting",
            Self::NotUtf8 => "not_utf8",
            Self::NulByte => "nul_byte",
            Self::UserIdMalformed => "user_id_malformed",
            Self::TitleIdMalformed => "title_id_malformed",
            Self::UnknownTitle => "unknown_title",
            Self::TitleNotFound => "title_not_found",
            Self::RatingMalformed => "rating_malformed",
            Self::RatingOutOfRange => "rating_out_of_range",
            Self::TimestampMalformed => "timestamp_malformed",
            Self::TimestampOutOfRange => "timestamp_out_of_range",
            Self::DuplicateId => "duplicate_id",
            Self::KindUnknown => "kind_unknown",
            Self::TitleEmpty => "title_empty",
            Self::TextTooLong => "text_too_long",
            Self::YearMalformed => "year_malformed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One refused row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject<'a> {
    /// Name of the input file, or its path if two inputs have the same name.
    pub file: &'a str,
    /// Line on which the row begins, from 1.
    pub line: u64,
    /// Name of the column at fault; empty if the whole row is.
    pub column: &'a str,
    /// The refused value, with bytes that are not UTF-8 replaced, cut to [`MAX_VALUE_BYTES`].
    pub value: &'a str,
    /// Why the row was refused.
    pub reason: Reason,
}

/// Refused rows in the order of files and lines. Values share one buffer, so each of millions of rows costs
/// 24 bytes and its text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejects {
    files: Vec<String>,
    columns: Vec<String>,
    entries: Vec<Entry>,
    values: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    line: u64,
    value_end: u64,
    file_idx: u32,
    column_idx: u16,
    reason: Reason,
}

impl Rejects {
    /// Returns an empty list for these files.
    pub fn new(files: Vec<String>) -> Self {
        Self { files, ..Self::default() }
    }

    /// Appends the rows of a later part of file number `file_idx`.
    pub fn append(&mut self, part: &Self, file_idx: usize) {
        let offset = self.values.len() as u64;
        let columns: Vec<u16> = part.columns.iter().map(|column| self.column_idx(column)).collect();
        self.values.push_str(&part.values);
        self.entries.extend(part.entries.iter().map(|entry| Entry {
            value_end: offset + entry.value_end,
            file_idx: file_idx as u32,
            column_idx: columns[usize::from(entry.column_idx)],
            ..*entry
        }));
    }

    /// Returns how many bytes of memory the rows take.
    pub(crate) fn memory(&self) -> u64 {
        (self.entries.len() * size_of::<Entry>() + self.values.len()) as u64
    }

    /// Returns the number of a file, adding the file if it is new.
    pub fn file_idx(&mut self, file: &str) -> usize {
        // Rows of one file come together.
        self.files.iter().rposition(|f| f == file).unwrap_or_else(|| {
            self.files.push(file.to_owned());
            self.files.len() - 1
        })
    }

    fn column_idx(&mut self, column: &str) -> u16 {
        // There are at most a dozen columns, unless thousands of files name theirs differently. Those that
        // cannot be numbered any more share a number and have no name.
        let last = usize::from(u16::MAX);
        let position = self.columns.iter().position(|c| c == column).unwrap_or_else(|| {
            match self.columns.len() {
                n if n < last => self.columns.push(column.to_owned()),
                n if n == last => self.columns.push(String::new()),
                _ => {}
            }
            self.columns.len() - 1
        });
        u16::try_from(position).expect("positions go up to that of the last column")
    }

    /// Adds a row of file number `file_idx`; `column` is empty if the whole row is at fault.
    pub fn push(&mut self, file_idx: usize, line: u64, column: &str, value: &[u8], reason: Reason) {
        let column_idx = self.column_idx(column);
        push_value(&mut self.values, value);
        self.entries.push(Entry {
            line,
            value_end: self.values.len() as u64,
            file_idx: file_idx as u32,
            column_idx,
            reason,
        });
    }

    /// Returns the number of refused rows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether no row was refused.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Iterates over the refused rows, in the order of files and lines.
    pub fn iter(&self) -> impl Iterator<Item = Reject<'_>> {
        let mut begin = 0;
        self.entries.iter().map(move |entry| {
            let end = entry.value_end as usize;
            let value = &self.values[begin..end];
            begin = end;
            Reject {
                file: &self.files[entry.file_idx as usize],
                line: entry.line,
                column: &self.columns[usize::from(entry.column_idx)],
                value,
                reason: entry.reason,
            }
        })
    }

    /// Counts the refused rows by reason.
    pub fn by_reason(&self) -> BTreeMap<Reason, u64> {
        let mut counts = BTreeMap::new();
        for entry in &self.entries {
            *counts.entry(entry.reason).or_insert(0) += 1;
        }
        counts
    }
}

/// Appends at most [`MAX_VALUE_BYTES`] of a value, with a mark if it was cut.
fn push_value(values: &mut String, value: &[u8]) {
    if value.len() <= MAX_VALUE_BYTES {
        values.push_str(&String::from_utf8_lossy(value));
        return;
    }
    // Leave out a character that the cut would split, instead of showing a broken one.
    let cut = (MAX_VALUE_BYTES - 4..=MAX_VALUE_BYTES)
        .rev()
        .find(|&end| value[end] & 0b1100_0000 != 0b1000_0000)
        .unwrap_or(MAX_VALUE_BYTES);
    values.push_str(&String::from_utf8_lossy(&value[..cut]));
    values.push('…');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_are_returned_as_they_were_added() {
        let mut rejects = Rejects::new(vec!["a.csv".to_owned(), "b.csv".to_owned()]);
        rejects.push(0, 3, "rating", b"9", Reason::RatingOutOfRange);
        rejects.push(1, 2, "", b"", Reason::CutShort);
        rejects.push(1, 4, "rating", b"\xff!", Reason::NotUtf8);
        rejects.push(1, 5, "movieId", "é".repeat(200).as_bytes(), Reason::UnknownTitle);
        let rows: Vec<Reject<'_>> = rejects.iter().collect();
        assert_eq!(
            rows[0],
            Reject { file: "a.csv", line: 3, column: "rating", value: "9", reason: Reason::RatingOutOfRange }
        );
        assert_eq!((rows[1].file, rows[1].value, rows[1].column), ("b.csv", "", ""));
        assert_eq!(rows[2].value, "\u{FFFD}!");
        assert_eq!(rows[3].value, format!("{}…", "é".repeat(60)));
        assert_eq!(rejects.by_reason()[&Reason::NotUtf8], 1);
        assert_eq!((rejects.len(), rejects.is_empty()), (4, false));
    }

    #[test]
    fn more_columns_than_can_be_numbered_have_no_name() {
        let mut rejects = Rejects::new(vec!["a.csv".to_owned()]);
        let most = u64::from(u16::MAX);
        for n in 0..most + 3 {
            if n < most - 1 {
                rejects.columns.push(n.to_string());
            } else {
                rejects.push(0, n, &n.to_string(), b"", Reason::CutShort);
            }
        }
        rejects.push(0, 0, "7", b"", Reason::CutShort);
        let columns: Vec<&str> = rejects.iter().map(|r| r.column).collect();
        assert_eq!(columns, ["65534", "", "", "", "7"]);
    }
}
