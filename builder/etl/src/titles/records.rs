//! Splits a catalog into rows of fields.

use std::path::Path;

use memchr::memchr_iter;
use tables::{FileError, Reason, next_record_within};

use super::columns::Columns;
use super::mend::mend;

/// Length of the longest row with quotes. A catalog is in memory as a whole, so a row may be as long as the
/// longest line of a rating file.
const MAX_ROW_BYTES: usize = 1 << 20;

/// One row.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// Line on which it begins, from 1.
    pub(super) line: u64,
    /// Its bytes, without the line end.
    pub(super) raw: &'a [u8],
    /// Its fields, or why it has none.
    pub(super) fields: Result<csv::ByteRecord, Reason>,
    /// Its quotes were wrong, but could be read in only one way.
    pub(super) is_mended: bool,
}

/// Splits the rows below a header. Empty lines are not rows. `first_line` is the line of the first byte.
pub(super) fn rows<'a>(
    path: &Path,
    bytes: &'a [u8],
    first_line: u64,
    columns: &mut Columns,
) -> Result<Vec<Row<'a>>, FileError> {
    let (mut rows, mut begin, mut at) = (Vec::new(), 0, 0);
    let (mut line, mut begin_line) = (first_line, first_line);
    let separator = columns.separator;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let Some(span) = next_record_within(rest, separator, true, MAX_ROW_BYTES) else { break };
        if !span.well_formed {
            segment(path, &bytes[begin..at], begin_line, separator, &mut rows)?;
            let raw = &rest[..span.content];
            let mended = mend(raw, separator, columns.n_fields).or_else(|| {
                if columns.n_named < columns.n_fields { mend(raw, separator, columns.n_named) } else { None }
            });
            let is_mended = mended.is_some();
            let fields = mended.map(csv::ByteRecord::from).ok_or(Reason::BadQuoting);
            rows.push(Row { line, raw, fields, is_mended });
        }
        line += newlines(&rest[..span.total]);
        at += span.total;
        if !span.well_formed {
            (begin, begin_line) = (at, line);
        }
    }
    segment(path, &bytes[begin..], begin_line, separator, &mut rows)?;
    check_lengths(&mut rows, columns);
    Ok(rows)
}

/// Reads rows whose quotes are correct.
fn segment<'a>(
    path: &Path,
    bytes: &'a [u8],
    first_line: u64,
    separator: u8,
    rows: &mut Vec<Row<'a>>,
) -> Result<(), FileError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let (mut counted, mut line) = (0, first_line);
    loop {
        // The reader skips empty lines before a record, but reports the position before them.
        let mut begin = reader.position().byte() as usize;
        let more = reader
            .read_byte_record(&mut record)
            .map_err(|source| FileError::Csv { path: path.to_owned(), source })?;
        if !more {
            return Ok(());
        }
        begin += bytes[begin..].iter().take_while(|&&b| b == b'\n').count();
        line += newlines(&bytes[counted..begin]);
        counted = begin;
        if record.len() == 1 && record[0].trim_ascii().is_empty() {
            continue;
        }
        let raw = bytes[begin..reader.position().byte() as usize].trim_ascii_end();
        rows.push(Row { line, raw, fields: Ok(record.clone()), is_mended: false });
    }
}

/// Refuses rows with too few or too many fields. Columns without a name at the end of the header may be
/// missing. If the first row ends with a separator too many, each row may.
fn check_lengths(rows: &mut [Row<'_>], columns: &mut Columns) {
    let ends_with_separator = |fields: &csv::ByteRecord| {
        fields.len() == columns.n_fields + 1 && fields[columns.n_fields].trim_ascii().is_empty()
    };
    if rows.iter().find_map(|row| row.fields.as_ref().ok()).is_some_and(ends_with_separator) {
        columns.widen();
    }
    for row in rows {
        let Ok(fields) = &row.fields else { continue };
        if fields.len() < columns.n_named {
            row.fields = Err(Reason::CutShort);
        } else if fields.len() > columns.n_fields {
            row.fields = Err(Reason::TooManyFields);
        }
    }
}

pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}
