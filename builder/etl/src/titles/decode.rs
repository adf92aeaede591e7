//! Reads files of text in several encodings.

use std::borrow::Cow;
use std::path::Path;

use tables::{FileError, without_bom};

/// Reads a whole file.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(|e| FileError::read(path, e))
}

/// Returns text in UTF-8 with line feeds between lines, and how it was encoded if it was not UTF-8.
///
/// Text is windows-1252, which contains Latin-1, if more of its bytes are not UTF-8 than it has characters of
/// several bytes. A UTF-8 file with a few wrong bytes stays as it is, so that only those rows are refused.
pub(super) fn decode(raw: &[u8]) -> (Cow<'_, [u8]>, Option<&'static str>) {
    let bytes = without_bom(raw);
    let (mut n_good, mut n_bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        n_good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        n_bad += chunk.invalid().len();
    }
    let (text, encoding) = if n_bad > n_good {
        let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
        (Cow::Owned(text.into_owned().into_bytes()), Some("windows-1252"))
    } else {
        (Cow::Borrowed(bytes), None)
    };
    if text.contains(&b'\r') && !text.contains(&b'\n') {
        let lines = text.iter().map(|&b| if b == b'\r' { b'\n' } else { b }).collect();
        return (Cow::Owned(lines), encoding);
    }
    (text, encoding)
}
