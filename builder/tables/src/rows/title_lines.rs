//! Files in which a line such as `1:` names the title of the lines below it, as those of the Netflix Prize.
//!
//! A block may begin in the middle of a title's lines, so the reader passes on the title that is in force
//! at the start of each block: it looks for the last such line of the block before.

use memchr::{memchr, memrchr};

use super::fault::{RATING, TIME, USER};
use super::layout::{Layout, Titles};
use super::number::parse_rating;
use super::sample::{SAMPLE_ROWS, Sample};
use super::separator::Separator;
use super::time::TimeForm;
use crate::FileError;
use catalog::check_id;

/// Returns the title that a line names: what comes before a colon at its end, if it is a single field. The id
/// may be malformed; the rows below it are rejected then.
pub(super) fn title_of(line: &[u8], separator: Separator) -> Option<&[u8]> {
    let title = line.trim_ascii().strip_suffix(b":")?.trim_ascii_end();
    (!title.is_empty() && separator.field_end(title, false).is_none()).then_some(title)
}

/// Returns the title that the last line of its kind names.
pub(super) fn last_title(block: &[u8], separator: Separator) -> Option<&[u8]> {
    let mut rest = block;
    while let Some(colon) = memrchr(b':', rest) {
        let begin = memrchr(b'\n', &rest[..colon]).map_or(0, |at| at + 1);
        let end = memchr(b'\n', &rest[colon..]).map_or(rest.len(), |at| colon + at);
        if let Some(title) = title_of(&rest[begin..end], separator) {
            return Some(title);
        }
        rest = &rest[..begin];
    }
    None
}

/// Finds the layout of a file whose titles are on lines of their own: users, ratings and perhaps times are
/// the columns of the other lines. Returns `None` for any other file.
///
/// # Errors
/// Returns [`FileError`] if titles are named but the lines below them are not ratings, or if the lines are
/// ratings of titles that are not named.
pub(super) fn find(sample: Sample<'_>, separator: Separator) -> Result<Option<Layout>, FileError> {
    let title = |line: &[u8]| title_of(line, separator).is_some();
    let first = sample.first_line();
    let mut lines = (sample.line..).zip(sample.lines()).take(SAMPLE_ROWS);
    let rating = lines.find(|(_, line)| !line.trim_ascii().is_empty() && !title(line));
    let Some((line, text)) = rating else {
        // Titles and nothing else.
        return Ok(title(first).then(|| layout(separator, 3)));
    };
    let fields = separator.split(text, false);
    let is_rating = (2..=3).contains(&fields.len())
        && check_id(fields[0]).is_ok()
        && parse_rating(fields[1], true).is_ok()
        && fields.get(2).is_none_or(|time| TimeForm::of(&[*time]).is_some());
    let found = String::from_utf8_lossy(text).chars().take(60).collect();
    let path = || sample.path.to_owned();
    match (title(first), is_rating) {
        (true, true) => Ok(Some(layout(separator, fields.len()))),
        (true, false) if is_number(first) => Err(FileError::BelowTitle { path: path(), line, found }),
        // Users, ratings and dates: the title is missing, but perhaps only that of the first rows.
        (false, true) if fields.get(2).is_some_and(|time| TimeForm::of(&[*time]) == Some(TimeForm::Iso)) => {
            if sample.lines().any(title) {
                Ok(Some(layout(separator, fields.len())))
            } else {
                Err(FileError::NoTitleLine { path: path(), line, found })
            }
        }
        _ => Ok(None),
    }
}

/// Returns whether a line is a number and a colon.
fn is_number(line: &[u8]) -> bool {
    line.trim_ascii().strip_suffix(b":").is_some_and(|number| number.iter().all(u8::is_ascii_digit))
}

fn layout(separator: Separator, n_columns: usize) -> Layout {
    let mut columns = [None; 4];
    columns[USER] = Some(0);
    columns[RATING] = Some(1);
    columns[TIME] = (n_columns > 2).then_some(2);
    Layout { titles: Titles::Lines, ..Layout::plain(separator, columns, n_columns) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    const COMMA: Separator = Separator::Byte(b',');

    fn found(text: &str) -> Result<Option<String>, String> {
        let sample = Sample { path: Path::new("r.txt"), line: 1, text: text.as_bytes() };
        find(sample, COMMA).map(|layout| layout.map(|l| l.describe())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_title_is_one_field_before_a_colon() {
        for (line, title) in [
            ("1:", Some("1")),
            (" 17770: \r", Some("17770")),
            ("ns1 :", Some("ns1")),
            (":", None),
            ("1", None),
            ("1,2:", None),
            ("1488844,3,2005-09-06", None),
            ("", None),
        ] {
            let expected = title.map(str::as_bytes);
            assert_eq!(title_of(line.as_bytes(), COMMA), expected, "{line:?}");
        }
    }

    #[test]
    fn titles_on_their_own_lines_are_found() {
        let netflix = "CSV, ',' between fields, no header, columns 1 (user), 2 (rating), 3 (time), titles on lines of \
                       their own (`1:`)";
        for text in
            ["1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n", "1:\r\n2:\r\n7,3,2005-09-06\r\n", "9:\n"]
        {
            assert_eq!(found(text), Ok(Some(netflix.to_owned())), "{text:?}");
        }
        // The first rows have no title, which is said row by row.
        assert_eq!(found("7,3,2005-09-06\n2:\n7,3,2005-09-06\n"), Ok(Some(netflix.to_owned())));
        assert!(found("1:\n7,3\n").unwrap().unwrap().contains("columns 1 (user), 2 (rating), titles"));
        for text in ["1,2,3\n", "1,2,3,4\n", "Ratings:\nuser,movie\n", "1,31,2.5\nx:\n", "a,b\n"] {
            assert_eq!(found(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = found("1:\n1046323,2005-12-19\n1080030,2005-12-23\n").unwrap_err();
        assert!(error.starts_with("r.txt, line 2: below a line such as `1:`"), "{error}");
        assert!(error.contains("\"1046323,2005-12-19\"") && error.contains("combined_data"), "{error}");
        assert!(found("1:\n30878\n").is_err());
        let error = found("1488844,3,2005-09-06\n822109,5,2005-05-13\n").unwrap_err();
        assert!(error.starts_with("r.txt, line 1: the lines look like users, ratings and dates"), "{error}");
        assert!(error.contains("--columns"), "{error}");
    }

    proptest! {
        #[test]
        fn the_last_title_is_that_of_a_slow_scan(text in "(1:|2|x|,|:| |\n|\n|\r\n){0,40}") {
            let slow = text.as_bytes().split(|&b| b == b'\n').rev().find_map(|line| title_of(line, COMMA));
            prop_assert_eq!(last_title(text.as_bytes(), COMMA), slow);
        }
    }
}
