//! The first lines of a file, from which its layout is found.

use std::path::Path;

use super::separator::Separator;
use crate::records::next_record;

/// Number of rows that are looked at.
pub(super) const SAMPLE_ROWS: usize = 1000;

/// The start of a file: whole lines, the first of which is not empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) path: &'a Path,
    /// Line of the first byte, from 1.
    pub(super) line: u64,
    pub(super) text: &'a [u8],
}

impl<'a> Sample<'a> {
    pub(super) fn first_line(self) -> &'a [u8] {
        self.lines().next().unwrap_or_default()
    }

    /// Returns the lines without their ends.
    pub(super) fn lines(self) -> impl Iterator<Item = &'a [u8]> {
        self.text.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Returns the records after the first `skip`, without those whose quotes are wrong.
    pub(super) fn records(self, separator: Separator, skip: usize) -> impl Iterator<Item = (&'a [u8], bool)> {
        let (mut rest, quoted) = (self.text, can_quote(separator) && self.text.contains(&b'"'));
        let byte = if let Separator::Byte(byte) = separator { byte } else { b',' };
        std::iter::from_fn(move || {
            loop {
                if rest.is_empty() {
                    return None;
                }
                let (record, total, is_well_formed) = if quoted {
                    let span = next_record(rest, byte, true)?;
                    (&rest[..span.content], span.total, span.well_formed)
                } else {
                    let end = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                    (&rest[..end], (end + 1).min(rest.len()), true)
                };
                rest = &rest[total..];
                let record = record.strip_suffix(b"\r").unwrap_or(record);
                if is_well_formed && !record.is_empty() {
                    return Some((record, quoted));
                }
            }
        })
        .skip(skip)
        .take(SAMPLE_ROWS)
    }
}

/// Returns whether fields between such separators may be in quotes.
pub(super) fn can_quote(separator: Separator) -> bool {
    matches!(separator, Separator::Byte(_))
}
