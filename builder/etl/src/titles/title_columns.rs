use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::roles::{ROLES, Role, fold};

/// Why a text does not name the columns of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TitleColumnsError {
    /// A part is not `WHAT=COLUMN`.
    #[error("{0:?} is not of the form WHAT=COLUMN, such as title=Name or title=2")]
    Form(String),
    /// The left side is not something that a catalog has.
    #[error("{0:?} is not something that a catalog has; use {names}", names = TitleColumns::names())]
    Unknown(String),
    /// Two parts have the same left side.
    #[error("{0} is given twice")]
    Twice(&'static str),
    /// Positions count from 1.
    #[error("columns are counted from 1")]
    Zero,
}

/// One column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnRef {
    /// By its name in the header; case, spaces and signs do not count.
    Name(String),
    /// By its position, from 1.
    Position(usize),
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name:?}"),
            Self::Position(position) => write!(f, "number {position}"),
        }
    }
}

/// What the columns of a catalog hold, where their names do not show it.
///
/// The text form is `WHAT=COLUMN,…`, such as `title=Name,id=1,year=Made in`. WHAT is the name of the column
/// in the platforms' files (`show_id`, `listed_in`, …) or in the API (`id`, `genres`, …). COLUMN is a name of
/// the header or a position, from 1; no name contains a comma. Columns that are not given are found by their
/// names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitleColumns(Vec<(Role, ColumnRef)>);

impl TitleColumns {
    /// Lists the words on the left sides.
    fn names() -> String {
        ROLES.map(|(role, _)| api_name(role)).join(", ")
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Role, &ColumnRef)> {
        self.0.iter().map(|(role, column)| (*role, column))
    }

    /// Counts the columns that a header has by name; `folded` are its names, folded.
    pub(crate) fn n_named_in(&self, folded: &[String]) -> usize {
        let has = |name: &String| folded.contains(&fold(name));
        self.0.iter().filter(|(_, column)| matches!(column, ColumnRef::Name(name) if has(name))).count()
    }
}

/// Returns the name that a column has in the API.
const fn api_name(role: Role) -> &'static str {
    match role {
        Role::Id => "id",
        Role::Kind => "kind",
        Role::Year => "year",
        Role::Audience => "audience",
        Role::Genres => "genres",
        other => other.name(),
    }
}

impl FromStr for TitleColumns {
    type Err = TitleColumnsError;
    /// Reads `WHAT=COLUMN,…`.
    fn from_str(text: &str) -> Result<Self, TitleColumnsError> {
        let mut columns: Vec<(Role, ColumnRef)> = Vec::new();
        for part in text.split(',') {
            let (what, column) = match part.split_once('=') {
                Some((what, column)) if !fold(what).is_empty() && !column.trim().is_empty() => {
                    (what, column.trim())
                }
                _ => return Err(TitleColumnsError::Form(part.to_owned())),
            };
            let word = fold(what);
            let role = ROLES
                .iter()
                .map(|(role, _)| *role)
                .find(|role| word == fold(role.name()) || word == fold(api_name(*role)))
                .ok_or_else(|| TitleColumnsError::Unknown(what.trim().to_owned()))?;
            if columns.iter().any(|(other, _)| *other == role) {
                return Err(TitleColumnsError::Twice(api_name(role)));
            }
            let column = match column.parse() {
                Ok(0) => return Err(TitleColumnsError::Zero),
                Ok(position) => ColumnRef::Position(position),
                Err(_) => ColumnRef::Name(column.to_owned()),
            };
            columns.push((role, column));
        }
        Ok(Self(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_columns_or_positions() {
        let columns: TitleColumns = "title=Made in, id=1,release_year = Year".parse().unwrap();
        let read: Vec<(Role, String)> =
            columns.iter().map(|(role, column)| (role, column.to_string())).collect();
        let expected = [(Role::Title, "\"Made in\""), (Role::Id, "number 1"), (Role::Year, "\"Year\"")];
        assert_eq!(read, expected.map(|(role, text)| (role, text.to_owned())));
        for (text, error) in [
            ("", TitleColumnsError::Form(String::new())),
            ("title", TitleColumnsError::Form("title".to_owned())),
            ("title=", TitleColumnsError::Form("title=".to_owned())),
            ("title=A,", TitleColumnsError::Form(String::new())),
            ("score=A", TitleColumnsError::Unknown("score".to_owned())),
            ("id=1,show_id=2", TitleColumnsError::Twice("id")),
            ("id=0", TitleColumnsError::Zero),
        ] {
            assert_eq!(text.parse::<TitleColumns>(), Err(error), "{text}");
        }
        assert!(
            TitleColumnsError::Unknown("x".into()).to_string().contains("id, kind, title, director, cast")
        );
    }
}
