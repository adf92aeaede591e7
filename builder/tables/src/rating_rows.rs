use std::path::{Path, PathBuf};

use catalog::{IdError, Interactions, NoScale, ScaleCounts, TitleId, UserId};
use thiserror::Error;

use crate::rows::{parse_rating, parse_timestamp};

/// Ratings in the order of their rows, for fold files that name rows by number.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingRows {
    /// Users, in their order.
    pub users: Vec<UserId>,
    /// Titles, by length and then bytes.
    pub titles: Vec<TitleId>,
    /// The rows, in the order of the file.
    pub rows: Interactions,
    /// Unix seconds, row by row.
    pub timestamp: Vec<u32>,
}

/// Reason why the rows of a file could not be read. Lines and columns count from 1.
#[derive(Debug, Error)]
pub enum RatingRowsError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Error of the file system.
        source: std::io::Error,
    },
    /// The file is empty.
    #[error("{} contains no ratings", .0.display())]
    Empty(PathBuf),
    /// The ratings are on no scale.
    #[error("{}: {why}", path.display())]
    Scale {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: NoScale,
    },
    /// A malformed row. No row is skipped, because row numbers count.
    #[error("{}, line {line}, column {column}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The field.
        column: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a file of `user, item, rating, timestamp` separated by tabs, without a header (MovieLens `u.data`).
///
/// Positions of users and titles follow the order of their ids. Every line is a row, so row `n` is line
/// `n + 1`; repeated pairs are kept.
///
/// # Errors
/// Returns [`RatingRowsError`] if the file cannot be read or is empty, or for the first malformed line.
pub fn read_rating_rows(path: &Path) -> Result<RatingRows, RatingRowsError> {
    let bytes =
        std::fs::read(path).map_err(|source| RatingRowsError::Io { path: path.to_owned(), source })?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<RatingRows, RatingRowsError> {
    let mut user_of_row = Vec::new();
    let mut title_of_row = Vec::new();
    let mut rating = Vec::new();
    let mut timestamp = Vec::new();
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if body.is_empty() {
        return Err(RatingRowsError::Empty(path.to_owned()));
    }
    for (n, line) in body.split(|&b| b == b'\n').enumerate() {
        let refuse = |column, problem: String| RatingRowsError::Row {
            path: path.to_owned(),
            line: n + 1,
            column,
            problem,
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let fields: Vec<&[u8]> = line.split(|&b| b == b'\t').collect();
        let [user, item, stars, time] = fields[..] else {
            return Err(refuse(
                fields.len().min(5),
                format!(
                    "{} fields separated by tabs, instead of 4 (user, item, rating, timestamp)",
                    fields.len()
                ),
            ));
        };
        let text = |column, field| {
            str::from_utf8(field).map_err(|_| refuse(column, "the bytes are not UTF-8".to_owned()))
        };
        let wrong_id = |column| move |e: IdError| refuse(column, e.to_string());
        user_of_row.push(UserId::new(text(1, user)?).map_err(wrong_id(1))?);
        title_of_row.push(TitleId::new(text(2, item)?).map_err(wrong_id(2))?);
        let stars = text(3, stars)?.trim_ascii();
        rating.push(
            parse_rating(stars.as_bytes(), false)
                .map_err(|_| refuse(3, format!("the rating {stars:?} is not a decimal number")))?,
        );
        let time = text(4, time)?.trim_ascii();
        timestamp.push(parse_timestamp(time.as_bytes()).map_err(|_| {
            refuse(4, format!("{time:?} is not a time in whole Unix seconds from 0 to {}", u32::MAX))
        })?);
    }
    let scale = rating.iter().copied().collect::<ScaleCounts>().scale();
    let scale = scale.map_err(|why| RatingRowsError::Scale { path: path.to_owned(), why })?;
    if let Some(row) = rating.iter().position(|&r| !scale.contains(r)) {
        return Err(RatingRowsError::Row {
            path: path.to_owned(),
            line: row + 1,
            column: 3,
            problem: format!("the rating {} is outside the scale {scale}", rating[row]),
        });
    }
    let (users, user_idx) = positions(&user_of_row, UserId::as_str);
    let (titles, title_idx) = positions(&title_of_row, TitleId::as_str);
    let (n_users, n_titles) = (users.len(), titles.len());
    let rows = Interactions { n_users, n_titles, user_idx, title_idx, rating, scale };
    Ok(RatingRows { users, titles, rows, timestamp })
}

/// Returns the distinct ids in order, and the position of each row's id among them.
fn positions<T: Clone>(of_row: &[T], text: fn(&T) -> &str) -> (Vec<T>, Vec<u32>) {
    let mut ids = of_row.to_vec();
    ids.sort_by(|a, b| UserId::cmp_text(text(a), text(b)));
    ids.dedup_by(|a, b| text(a) == text(b));
    let position = |id: &T| {
        ids.binary_search_by(|other| UserId::cmp_text(text(other), text(id)))
            .expect("the list was made from these ids") as u32
    };
    let idx = of_row.iter().map(position).collect();
    (ids, idx)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<RatingRows, RatingRowsError> {
        parse(Path::new("u.data"), text)
    }

    #[test]
    fn rows_keep_their_order_and_ids_get_positions() {
        let file = read(b"10\t5\t3\t100\n9\t12\t4.5\t99\r\n10\t12\t1\t101\n").unwrap();
        assert_eq!(file.users.iter().map(UserId::as_str).collect::<Vec<_>>(), ["9", "10"]);
        assert_eq!(file.titles.iter().map(TitleId::as_str).collect::<Vec<_>>(), ["5", "12"]);
        assert_eq!(file.rows.user_idx, [1, 0, 1]);
        assert_eq!(file.rows.title_idx, [0, 1, 1]);
        assert_eq!(file.rows.rating, [3.0, 4.5, 1.0]);
        assert_eq!(file.timestamp, [100, 99, 101]);
    }

    #[test]
    fn malformed_rows_are_reported_with_line_and_column() {
        let message = |text: &[u8]| read(text).unwrap_err().to_string();
        assert_eq!(message(b""), "u.data contains no ratings");
        assert_eq!(
            message(b"1\t2\t3\t4\n1\t2\t3\n"),
            "u.data, line 2, column 3: 3 fields separated by tabs, instead of 4 (user, item, rating, timestamp)"
        );
        let mut rows = b"1\t2\t3.5\t4\n".repeat(999);
        rows.extend(b"1\t2\t6\t4");
        assert_eq!(message(&rows), "u.data, line 1000, column 3: the rating 6 is outside the scale 0.5 to 5");
        assert!(message(b"1\t2\t3000\t4").contains("counts of events"));
        assert_eq!(
            message(b"1\t2\tNaN\t4"),
            "u.data, line 1, column 3: the rating \"NaN\" is not a decimal number"
        );
        assert_eq!(
            message(b"1\t2\t3\tx"),
            "u.data, line 1, column 4: \"x\" is not a time in whole Unix seconds from 0 to 4294967295"
        );
        assert_eq!(message(b"\xff\t2\t3\t4"), "u.data, line 1, column 1: the bytes are not UTF-8");
        assert_eq!(message(b"1\t\t3\t4"), "u.data, line 1, column 2: an id may not be empty");
        assert!(message(b"1\t2\t3\t4\n\n1\t2\t3\t4\n").starts_with("u.data, line 2, column 1: 1 fields"));
    }
}
