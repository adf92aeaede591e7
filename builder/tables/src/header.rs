//! Finds columns by their names.

use std::path::Path;

use memchr::memchr_iter;

use crate::FileError;

/// Returns an error if the bytes are not UTF-8 text. `line` is the line of the first byte.
pub fn check_text(path: &Path, line: u64, bytes: &[u8]) -> Result<(), FileError> {
    let fault = match (bytes.iter().position(|&b| b == 0), str::from_utf8(bytes)) {
        (Some(pos), _) => Some((pos, "a NUL byte")),
        (None, Err(error)) => Some((error.valid_up_to(), "a byte that is not UTF-8")),
        (None, Ok(_)) => None,
    };
    match fault {
        None => Ok(()),
        Some((pos, problem)) => {
            let line = line + memchr_iter(b'\n', &bytes[..pos]).count() as u64;
            let column = pos - bytes[..pos].iter().rposition(|&b| b == b'\n').map_or(0, |p| p + 1) + 1;
            Err(FileError::NotText { path: path.to_owned(), line, column, problem })
        }
    }
}

/// Returns the bytes without a byte order mark.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// Splits a header line into its fields.
pub fn header_fields(path: &Path, line: &[u8], separator: u8) -> Result<Vec<String>, FileError> {
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).has_headers(false).from_reader(line);
    let mut record = csv::StringRecord::new();
    reader.read_record(&mut record).map_err(|source| FileError::Csv { path: path.to_owned(), source })?;
    Ok(record.iter().map(str::to_owned).collect())
}

/// Returns the form in which names of columns are compared: lower case, without blanks, `_`, `-`, `.`, and
/// the types of `RecBole` (`user_id:token`).
pub fn fold(name: &str) -> String {
    const TYPES: [&str; 4] = [":token", ":float", ":token_seq", ":float_seq"];
    let name = TYPES.iter().find_map(|kind| name.strip_suffix(kind)).unwrap_or(name);
    let plain = |c: &char| !matches!(c, '_' | '-' | '.') && !c.is_whitespace() && *c != '\u{FEFF}';
    name.chars().filter(plain).flat_map(char::to_lowercase).collect()
}

/// Returns whether a header field is the column `name`, without regard to case, blanks and underscores.
pub fn is_column(field: &str, name: &str) -> bool {
    fold(field) == fold(name)
}

/// Returns the position of each column of `names` in a header. `needed` lists the columns in an error.
pub fn find_columns<const N: usize>(
    path: &Path,
    header: &[String],
    names: [&'static str; N],
    needed: &'static str,
) -> Result<[usize; N], FileError> {
    let mut positions = [0; N];
    let mut missing = Vec::new();
    for (position, name) in positions.iter_mut().zip(names) {
        let mut found = header.iter().enumerate().filter(|(_, field)| is_column(field, name));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => *position = at,
            (None, _) => missing.push(name),
            (Some(_), Some(_)) => {
                return Err(FileError::RepeatedColumn { path: path.to_owned(), column: name.to_owned() });
            }
        }
    }
    if missing.is_empty() {
        return Ok(positions);
    }
    let shown = header.iter().take(30).map(|f| format!("{:?}", f.chars().take(40).collect::<String>()));
    Err(FileError::MissingColumns { path: path.to_owned(), missing, found: shown.collect(), needed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_in_any_order_and_missing_ones_are_named() {
        let path = Path::new("a.csv");
        let header = header_fields(path, b"\"Movie ID\",rating,user_id\r\n", b',').unwrap();
        assert_eq!(find_columns(path, &header, ["userId", "movieId"], "").unwrap(), [2, 0]);
        let error = find_columns(path, &header, ["userId", "timestamp"], "userId, timestamp").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.csv, line 1: column timestamp is missing; the file has \"Movie ID\", \"rating\", \"user_id\", but \
             it needs userId, timestamp"
        );
        let twice = header_fields(path, b"rating,Rating", b',').unwrap();
        assert!(matches!(
            find_columns(path, &twice, ["rating"], ""),
            Err(FileError::RepeatedColumn { column, .. }) if column == "rating"
        ));
    }

    #[test]
    fn bytes_that_are_not_text_are_reported_with_their_place() {
        let error = check_text(Path::new("x"), 3, b"ab\nc\xff").unwrap_err();
        assert!(matches!(error, FileError::NotText { line: 4, column: 2, .. }), "{error}");
        let error = check_text(Path::new("x"), 1, b"a\0").unwrap_err();
        assert!(matches!(error, FileError::NotText { line: 1, column: 2, .. }), "{error}");
        assert!(check_text(Path::new("x"), 1, "é".as_bytes()).is_ok());
    }
}
