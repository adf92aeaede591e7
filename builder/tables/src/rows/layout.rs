//! The layout of a rating file, and the fields of a rating in a line.

use std::path::Path;

use super::export::Export;
use super::fault::{Fault, TIME};
use super::options::ROLES;
use super::separator::{Separator, bare};
use super::time::TimeForm;
use crate::header::{find_columns, header_fields};
use crate::{FileError, Reason};

/// Stands for a column that is not there.
const NOWHERE: usize = usize::MAX;
/// Most columns that are split in one pass.
const FEW: usize = 8;

/// The columns of clean tables.
const CLEAN_COLUMNS: [&str; 4] = ["user_id", "id", "rating", "timestamp"];
const CLEAN_NEEDED: &str = "user_id, rating, timestamp, id";
/// Their names in clean tables that earlier versions wrote, and in raw files of the original project.
pub(super) const RAW_COLUMNS: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];

/// How the rows of a rating file refer to titles.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Titles {
    /// By ids in a column.
    Ids,
    /// By ids on lines of their own, above the rows.
    Lines,
    /// By names in a column, in an export of one user's ratings.
    Names(Export),
}

/// Layout of the rows of a rating file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) separator: Separator,
    /// The positions of user, title, rating and time; a time may be [`NOWHERE`].
    pub(super) columns: [usize; 4],
    /// What the file calls them.
    pub(super) names: [String; 4],
    pub(super) titles: Titles,
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
            titles: Titles::Ids,
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

    /// Returns the export of one user's ratings that the file is.
    pub(super) fn export(&self) -> Option<&Export> {
        if let Titles::Names(export) = &self.titles { Some(export) } else { None }
    }

    /// Returns what the file calls a column: user, title, rating, time or year.
    pub(super) fn name_of(&self, column: usize) -> &str {
        self.names.get(column).map_or("Year", String::as_str)
    }

    /// Describes the layout in words.
    pub(super) fn describe(&self) -> String {
        if let Titles::Names(export) = &self.titles {
            return export.describe();
        }
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
        if self.titles == Titles::Lines {
            parts.push("titles on lines of their own (`1:`)".to_owned());
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
                return Err(Fault::of_row(None, record, Reason::TooManyFields));
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
                    return Err(Fault::of_row(lost, record, Reason::CutShort));
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
