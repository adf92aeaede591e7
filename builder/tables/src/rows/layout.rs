//! The layout of a rating file, and the fields of a rating in a line.

use std::path::Path;

use super::options::ROLES;
use super::separator::{Separator, bare};
use super::time::TimeForm;
use super::title_lines;
use crate::header::{find_columns, header_fields};
use crate::{FileError, Reason};

pub(super) const USER: usize = 0;
pub(super) const TITLE: usize = 1;
pub(super) const RATING: usize = 2;
pub(super) const TIME: usize = 3;

/// Stands for a column that is not there.
const NOWHERE: usize = usize::MAX;
/// Most columns that are split in one pass.
const FEW: usize = 8;

/// The columns of clean tables.
const CLEAN_COLUMNS: [&str; 4] = ["user_id", "id", "rating", "timestamp"];
const CLEAN_NEEDED: &str = "user_id, rating, timestamp, id";
/// Their names in clean tables that earlier versions wrote, and in raw files of the original project.
pub(super) const RAW_COLUMNS: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];

/// Layout of the rows of a rating file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) separator: Separator,
    /// The positions of user, title, rating and time; a time may be [`NOWHERE`].
    pub(super) columns: [usize; 4],
    /// What the file calls them.
    pub(super) names: [String; 4],
    /// Whether a line such as `1:` names the title of the lines below it; no column does then.
    pub(super) title_lines: bool,
    /// Number of fields in a line, without empty ones at its end.
    pub(super) n_columns: usize,
    pub(super) has_header: bool,
    /// Whether fields may be quoted.
    pub(super) quotes: bool,
    pub(super) decimal_comma: bool,
    /// Whether ids are whole numbers that were written as decimal ones (`12.0`), by user and title.
    pub(super) float_ids: [bool; 2],
    pub(super) time: TimeForm,
    /// Types of feedback that the rows are, if there are several.
    pub(super) feedback: Vec<String>,
}

impl Layout {
    /// Returns a layout without header, with times in Unix seconds, from the positions of the columns.
    pub(super) fn plain(separator: Separator, columns: [Option<usize>; 4], n_columns: usize) -> Self {
        Self {
            separator,
            columns: columns.map(|column| column.unwrap_or(NOWHERE)),
            names: RAW_COLUMNS.map(str::to_owned),
            title_lines: false,
            n_columns,
            has_header: false,
            quotes: false,
            decimal_comma: false,
            float_ids: [false; 2],
            time: if columns[TIME].is_some() { TimeForm::Seconds } else { TimeForm::Absent },
            feedback: Vec::new(),
        }
    }

    /// Reads the layout of a clean table, with the column names of this version or of earlier ones.
    ///
    /// # Errors
    /// Returns [`FileError`] if a column is missing or named twice.
    pub(super) fn of_clean_header(path: &Path, line: &[u8]) -> Result<Self, FileError> {
        let header = header_fields(path, line, b',')?;
        let columns = find_columns(path, &header, CLEAN_COLUMNS, CLEAN_NEEDED).or_else(|error| {
            find_columns(path, &header, RAW_COLUMNS, CLEAN_NEEDED).map_err(|_: FileError| error)
        })?;
        let plain = Self::plain(Separator::Byte(b','), columns.map(Some), header.len());
        Ok(Self { names: columns.map(|c| header[c].clone()), has_header: true, quotes: true, ..plain })
    }

    /// Describes the layout in words.
    pub(super) fn describe(&self) -> String {
        let mut parts = match self.separator {
            Separator::Byte(b',' | b';' | b'|') => vec!["CSV".to_owned(), self.separator.to_string()],
            separator => vec![separator.to_string()],
        };
        if self.decimal_comma {
            parts.push("decimal comma".to_owned());
        }
        if !self.has_header {
            parts.push("no header".to_owned());
        }
        let columns = self.names.iter().zip(ROLES).zip(self.columns).filter(|&(_, at)| at != NOWHERE);
        let columns: Vec<String> =
            columns
                .map(|((name, role), at)| {
                    if self.has_header { format!("{name} ({role})") } else { format!("{} ({role})", at + 1) }
                })
                .collect();
        parts.push(format!("columns {}", columns.join(", ")));
        if self.title_lines {
            parts.push(title_lines::DESCRIBED.to_owned());
        }
        match &self.time {
            TimeForm::Absent => parts.push("no time".to_owned()),
            TimeForm::Seconds => {}
            form => parts.push(format!("times in {}", form.describe())),
        }
        if !self.feedback.is_empty() {
            parts.push(format!("feedback of the types {}, all as ratings", self.feedback.join(", ")));
        }
        if self.float_ids.contains(&true) {
            parts.push("ids without their `.0`".to_owned());
        }
        parts.join(", ")
    }

    /// Returns the fields of user, title, rating and time. Without a column of times, the time is empty.
    pub(super) fn fields<'r>(&self, record: &'r [u8], quoted: bool) -> Result<[&'r [u8]; 4], Fault<'r>> {
        if !quoted && let Some(fields) = self.few_fields(record) {
            return Ok(fields);
        }
        let mut fields: [&[u8]; 4] = [&[]; 4];
        let mut rest = self.separator.begin(record);
        for at in 0.. {
            let end = self.separator.field_end(rest, quoted);
            let field = &rest[..end.map_or(rest.len(), |(end, _)| end)];
            if at >= self.n_columns && !bare(field, quoted).is_empty() {
                return Err(Fault { column: None, value: record, reason: Reason::TooManyFields });
            }
            for (slot, &column) in fields.iter_mut().zip(&self.columns) {
                if column == at {
                    *slot = bare(field, quoted);
                }
            }
            match end {
                Some((end, gap)) => rest = &rest[end + gap..],
                None if at + 1 >= self.n_columns => break,
                None => {
                    let lost = (0..4)
                        .filter(|&c| self.columns[c] > at && self.columns[c] != NOWHERE)
                        .min_by_key(|&c| self.columns[c]);
                    return Err(Fault { column: lost, value: record, reason: Reason::CutShort });
                }
            }
        }
        Ok(fields)
    }

    /// Splits the usual case in one pass: few columns, one byte between them, no quotes.
    fn few_fields<'r>(&self, record: &'r [u8]) -> Option<[&'r [u8]; 4]> {
        let Separator::Byte(separator) = self.separator else { return None };
        let mut fields: [&[u8]; FEW] = [&[]; FEW];
        let (mut n, mut begin) = (0, 0);
        for (at, &byte) in record.iter().enumerate() {
            if byte == separator {
                *fields.get_mut(n)? = &record[begin..at];
                (n, begin) = (n + 1, at + 1);
            }
        }
        if n + 1 != self.n_columns {
            return None;
        }
        *fields.get_mut(n)? = &record[begin..];
        Some(self.columns.map(|column| fields.get(column).map_or(&[][..], |field| bare(field, false))))
    }
}

/// Fault of a row.
pub(super) struct Fault<'a> {
    /// User, title, rating or time; `None` if the whole row is at fault.
    pub(super) column: Option<usize>,
    pub(super) value: &'a [u8],
    pub(super) reason: Reason,
}
