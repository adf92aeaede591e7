//! Finds the end of a CSV record, when quoted fields may contain line ends.
//!
//! This follows RFC 4180 to the letter: a quote opens only at the start of a field, a doubled quote means one
//! quote, and only a separator or a line end may follow the closing quote. A record that breaks these rules
//! is refused as a single line, and reading continues at the next line. A lenient reader would swallow
//! everything up to the next stray quote and lose those rows silently.

use memchr::{memchr, memchr2};

/// Length of the longest record with quotes. A quote that stays open longer was never meant to be closed.
pub const MAX_QUOTED_BYTES: usize = 64 << 10;

/// One record at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its length, without its line end.
    pub content: usize,
    /// Its length with its line end.
    pub total: usize,
    /// False if the quotes are wrong; the span is then one line.
    pub well_formed: bool,
}

/// Finds the end of the record at the start of `bytes`, which must not be empty. Returns `None` if more bytes
/// are needed to decide; never at the end of the input.
pub fn next_record(bytes: &[u8], separator: u8, at_end: bool) -> Option<Span> {
    next_record_within(bytes, separator, at_end, MAX_QUOTED_BYTES)
}

/// Does the same as [`next_record`] with another limit on the length of a record with quotes.
pub fn next_record_within(bytes: &[u8], separator: u8, at_end: bool, max_quoted: usize) -> Option<Span> {
    let mut pos = 0;
    loop {
        if bytes.get(pos) == Some(&b'"') {
            pos += 1;
            loop {
                let limit = bytes.len().min(max_quoted);
                let Some(found) = bytes.get(pos..limit).and_then(|rest| memchr(b'"', rest)) else {
                    return if at_end || bytes.len() >= max_quoted {
                        line(bytes, at_end, false)
                    } else {
                        None
                    };
                };
                pos += found + 1;
                if bytes.get(pos) == Some(&b'"') {
                    pos += 1;
                } else {
                    break;
                }
            }
        } else {
            match memchr2(separator, b'\n', &bytes[pos..]) {
                Some(found) => pos += found,
                None if at_end => pos = bytes.len(),
                None => return None,
            }
        }
        match &bytes[pos..] {
            [b'\n', ..] => return Some(span(bytes, pos, 1)),
            [b'\r', b'\n', ..] => return Some(Span { content: pos, total: pos + 2, well_formed: true }),
            [] | [b'\r'] if !at_end => return None,
            [] => return Some(span(bytes, pos, 0)),
            [b'\r'] => return Some(Span { content: pos, total: pos + 1, well_formed: true }),
            [first, ..] if *first == separator => pos += 1,
            _ => return line(bytes, at_end, false),
        }
    }
}

/// Returns the first line as a record.
fn line(bytes: &[u8], at_end: bool, well_formed: bool) -> Option<Span> {
    let span = match memchr(b'\n', bytes) {
        Some(pos) => span(bytes, pos, 1),
        None if at_end => span(bytes, bytes.len(), 0),
        None => return None,
    };
    Some(Span { well_formed, ..span })
}

fn span(bytes: &[u8], pos: usize, end: usize) -> Span {
    let content = if pos > 0 && bytes[pos - 1] == b'\r' { pos - 1 } else { pos };
    Span { content, total: pos + end, well_formed: true }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(bytes: &[u8]) -> Vec<(&[u8], bool)> {
        let (mut rest, mut records) = (bytes, Vec::new());
        while !rest.is_empty() {
            let span = next_record(rest, b',', true).unwrap();
            records.push((&rest[..span.content], span.well_formed));
            rest = &rest[span.total..];
        }
        records
    }

    #[test]
    fn quotes_hide_line_ends_and_wrong_ones_cost_one_line() {
        assert_eq!(all(b"a,\"b\nc\"\r\nd"), [(&b"a,\"b\nc\""[..], true), (b"d", true)]);
        assert_eq!(all(b"\"a\"\"\n\",b\n"), [(&b"\"a\"\"\n\",b"[..], true)]);
        assert_eq!(
            all(b"s3,\"The gr\ns4,\"A, B\",x\n"),
            [(&b"s3,\"The gr"[..], false), (b"s4,\"A, B\",x", true)]
        );
        assert_eq!(all(b"1,\"2\n3,4\n"), [(&b"1,\"2"[..], false), (b"3,4", true)]);
        assert_eq!(all(b"1,2\"3\n\n"), [(&b"1,2\"3"[..], true), (b"", true)]);
    }

    proptest! {
        #[test]
        fn every_byte_belongs_to_one_record(bytes in "[ab,\"\r\n]{0,60}") {
            let bytes = bytes.as_bytes();
            let mut rest = bytes;
            while !rest.is_empty() {
                let span = next_record(rest, b',', true).unwrap();
                prop_assert!(span.content <= span.total && span.total > 0);
                // A decision made from fewer bytes must stay the same with more.
                for cut in 1..rest.len() {
                    if let Some(early) = next_record(&rest[..cut], b',', false) {
                        prop_assert_eq!(early, span);
                    }
                }
                rest = &rest[span.total..];
            }
        }

        #[test]
        fn well_formed_records_are_those_of_the_csv_crate(
            rows in prop::collection::vec(prop::collection::vec("[a,\"\r\n]{0,5}", 2..4), 1..6)
        ) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let records = all(&bytes);
            prop_assert_eq!(records.len(), rows.len());
            prop_assert!(records.iter().all(|(_, well_formed)| *well_formed));
        }
    }
}
