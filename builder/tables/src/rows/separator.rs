//! Separators between the fields of a line.

use std::fmt;
use std::str::FromStr;

use memchr::memchr;
use thiserror::Error;

/// Separator between the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// One byte.
    Byte(u8),
    /// `::`, as in the older MovieLens files.
    Colons,
    /// Any number of spaces and tabs.
    Blanks,
}

/// A text that does not name a separator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a separator; use `,`, `;`, `|`, `::`, `tab` or `blanks`")]
pub struct SeparatorError(String);

impl FromStr for Separator {
    type Err = SeparatorError;
    fn from_str(text: &str) -> Result<Self, SeparatorError> {
        match text {
            "::" => Ok(Self::Colons),
            "tab" | "\\t" | "\t" => Ok(Self::Byte(b'\t')),
            "blanks" | "blank" | "space" | " " => Ok(Self::Blanks),
            _ => match text.as_bytes() {
                [byte] if byte.is_ascii_punctuation() && *byte != b'"' => Ok(Self::Byte(*byte)),
                _ => Err(SeparatorError(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(b'\t') => f.write_str("tabs between fields"),
            Self::Byte(byte) => write!(f, "'{}' between fields", char::from(*byte)),
            Self::Colons => f.write_str("'::' between fields"),
            Self::Blanks => f.write_str("blanks between fields"),
        }
    }
}

impl Separator {
    /// Returns the length of the first field of `rest` and of the separator behind it; `None` if it is the
    /// last. A field in quotes may contain the separator if `quoted`.
    pub(super) fn field_end(self, rest: &[u8], quoted: bool) -> Option<(usize, usize)> {
        let byte = match self {
            Self::Colons => return rest.windows(2).position(|pair| pair == b"::").map(|at| (at, 2)),
            Self::Blanks => {
                let blank = |b: &u8| matches!(b, b' ' | b'\t');
                let end = rest.iter().position(blank)?;
                let run = rest[end..].iter().take_while(|b| blank(b)).count();
                // Blanks at the end of a line end no field.
                return (end + run < rest.len()).then_some((end, run));
            }
            Self::Byte(byte) => byte,
        };
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
        rest[from..].iter().position(|&b| b == byte).map(|found| (from + found, 1))
    }

    /// Splits a line into its fields, without their quotes.
    pub(super) fn split(self, line: &[u8], quoted: bool) -> Vec<&[u8]> {
        let (mut fields, mut rest) = (Vec::new(), self.begin(line));
        while let Some((end, gap)) = self.field_end(rest, quoted) {
            fields.push(bare(&rest[..end], quoted));
            rest = &rest[end + gap..];
        }
        fields.push(bare(rest, quoted));
        fields
    }

    /// Returns a line without what stands before its first field.
    pub(super) fn begin(self, line: &[u8]) -> &[u8] {
        if self == Self::Blanks { line.trim_ascii_start() } else { line }
    }
}

/// Returns a field without its quotes and the blanks around it. Doubled quotes stay doubled.
pub(super) fn bare(field: &[u8], quoted: bool) -> &[u8] {
    let inner = match field {
        [b'"', inner @ .., b'"'] if quoted => inner,
        _ => field,
    };
    match inner {
        [first, .., last] if *first > b' ' && *last > b' ' => inner,
        _ => inner.trim_ascii(),
    }
}
