//! Options for reading rating files whose layout is not detected correctly.

use std::str::FromStr;

use catalog::{Scale, UserId};
use thiserror::Error;

use super::separator::Separator;
use crate::open::Encoding;

/// Options for reading raw rating files. Whatever is `None` is detected from the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RatingOptions {
    /// The separator between fields.
    pub separator: Option<Separator>,
    /// Which columns to read.
    pub columns: Option<RatingColumns>,
    /// The encoding; `None` is UTF-8, or UTF-16 with a byte order mark.
    pub encoding: Option<Encoding>,
    /// The form of times, as for `strftime`.
    pub time_format: Option<String>,
    /// The scale of ratings.
    pub scale: Option<Scale>,
    /// The lowest rating that counts as a like; `None` is the usual one of the scale.
    pub liked: Option<f32>,
    /// The user of exports of one user's ratings, which do not name the user; `None` is `me`.
    pub user: Option<UserId>,
}

/// A column, by its name or by its position from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    Name(String),
    Position(usize),
}

/// Which columns hold user, title, rating and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingColumns {
    pub(super) columns: [Option<Column>; 4],
}

/// The names of the four columns in [`RatingColumns`].
pub(super) const ROLES: [&str; 4] = ["user", "title", "rating", "time"];

/// Why a text does not name columns.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}; write user=…,title=…,rating=… and perhaps time=…, each with a name or a position from 1")]
pub struct ColumnsError {
    problem: String,
}

impl FromStr for RatingColumns {
    type Err = ColumnsError;
    fn from_str(text: &str) -> Result<Self, ColumnsError> {
        let refuse = |problem: String| ColumnsError { problem };
        let mut columns = [None, None, None, None];
        for part in text.split(',') {
            let (role, column) =
                part.split_once('=').ok_or_else(|| refuse(format!("{part:?} has no `=`")))?;
            let at = ROLES
                .iter()
                .position(|name| *name == role.trim())
                .ok_or_else(|| refuse(format!("{role:?} is not user, title, rating or time")))?;
            let column = column.trim();
            if column.is_empty() || column == "0" {
                return Err(refuse(format!("{part:?} names no column")));
            }
            let named = match column.parse() {
                Ok(position) => Column::Position(position),
                Err(_) => Column::Name(column.to_owned()),
            };
            if columns[at].replace(named).is_some() {
                return Err(refuse(format!("{role} is given twice")));
            }
        }
        match columns[..3].iter().position(Option::is_none) {
            Some(at) => Err(refuse(format!("the column of the {} is missing", ROLES[at]))),
            None => Ok(Self { columns }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_or_counted() {
        let columns: RatingColumns = "user=who,title=2, rating = Score (0-10)".parse().unwrap();
        assert_eq!(columns.columns[1], Some(Column::Position(2)));
        assert_eq!(columns.columns[2], Some(Column::Name("Score (0-10)".to_owned())));
        assert_eq!(columns.columns[3], None);
        for (text, problem) in [
            ("user=a,title=b", "the column of the rating is missing"),
            ("user=a,title=b,rating=c,when=d", "\"when\" is not user"),
            ("user=a,user=b", "user is given twice"),
            ("user", "\"user\" has no `=`"),
            ("user=0", "\"user=0\" names no column"),
        ] {
            let error = text.parse::<RatingColumns>().unwrap_err().to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }
}
