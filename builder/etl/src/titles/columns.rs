//! Which column of a catalog holds what.

use std::path::Path;

use tables::{FileError, header_fields, next_record};

use super::roles::{ROLES, Role, fold};
use super::title_columns::{ColumnRef, TitleColumns};
use crate::EtlError;

const NEEDED: &str = "an id (show_id, id, movieId, …) and a title; other columns may be missing, and `--title-columns \
     id=NAME,title=NAME` says which is which";

/// Columns of a catalog with a header.
#[derive(Debug)]
pub(crate) struct Columns {
    at: [Option<usize>; ROLES.len()],
    pub(crate) separator: u8,
    /// Fields of the header.
    pub(crate) n_fields: usize,
    /// Fields of the header up to the last one with a name. A row has at least so many.
    pub(crate) n_named: usize,
    /// The header has only the columns of MovieLens `movies.csv`.
    pub(crate) is_movielens: bool,
}

impl Columns {
    /// Returns the columns of a MovieLens file without a header.
    pub(crate) fn of_movielens() -> Self {
        let mut at = [None; ROLES.len()];
        for (position, role) in [Role::Id, Role::Title, Role::Genres].into_iter().enumerate() {
            at[role as usize] = Some(position);
        }
        Self { at, separator: b',', n_fields: 3, n_named: 3, is_movielens: true }
    }

    /// Finds the columns in a header, whose separator is the one that gives the most columns.
    pub(crate) fn find(path: &Path, line: &[u8], chosen: Option<&TitleColumns>) -> Result<Self, EtlError> {
        let mut best: Option<(usize, Header)> = None;
        for separator in *b",;\t|" {
            let header = Header::new(header_fields(path, line, separator)?, separator);
            let found = ROLES.iter().filter(|(_, names)| header.position(names).is_some()).count()
                + chosen.map_or(0, |chosen| chosen.n_named_in(&header.folded));
            // The header may not be known at all, but it has more than one field.
            let score = 2 * found + usize::from(header.fields.len() > 1);
            if best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, header));
            }
        }
        let header = best.map_or_else(|| Header::new(Vec::new(), b','), |(_, header)| header);
        Self::of_header(path, &header, chosen)
    }

    fn of_header(path: &Path, header: &Header, chosen: Option<&TitleColumns>) -> Result<Self, EtlError> {
        let Header { fields, folded, separator } = header;
        if chosen.is_none() {
            refuse_other_tables(path, header)?;
        }
        let mut at = [None; ROLES.len()];
        for ((role, names), at) in ROLES.iter().zip(&mut at) {
            let Some((name, position)) = header.position(names) else { continue };
            if folded[position + 1..].iter().any(|field| field == name) {
                let column = role.name();
                return Err(
                    FileError::RepeatedColumn { path: path.to_owned(), column: column.to_owned() }.into()
                );
            }
            *at = Some(position);
        }
        for (role, column) in chosen.iter().flat_map(|chosen| chosen.iter()) {
            let position = match column {
                ColumnRef::Position(position) => (*position <= fields.len()).then(|| position - 1),
                ColumnRef::Name(name) => {
                    let name = fold(name);
                    folded.iter().position(|field| *field == name)
                }
            };
            let position = position.ok_or_else(|| EtlError::NoSuchColumn {
                path: path.to_owned(),
                column: column.to_string(),
                found: header.shown(),
            })?;
            // A column that the user gave a role has no other one.
            at.iter_mut().filter(|other| **other == Some(position)).for_each(|other| *other = None);
            at[role as usize] = Some(position);
        }
        let missing: Vec<&str> =
            [Role::Id, Role::Title].iter().filter(|r| at[**r as usize].is_none()).map(|r| r.name()).collect();
        if !missing.is_empty() {
            let found = fields
                .iter()
                .take(MAX_SHOWN_COLUMNS)
                .map(|f| format!("{:?}", f.chars().take(MAX_SHOWN_CHARS).collect::<String>()));
            let (path, found) = (path.to_owned(), found.collect());
            return Err(FileError::MissingColumns { path, missing, found, needed: NEEDED }.into());
        }
        let is_movielens = chosen.is_none()
            && folded.iter().any(|field| field == "movieid")
            && folded.iter().all(|field| matches!(field.as_str(), "movieid" | "title" | "genres" | ""));
        let n_named = folded.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
        Ok(Self { at, separator: *separator, n_fields: fields.len(), n_named, is_movielens })
    }

    /// Returns the position of a column, if the file has it.
    pub(crate) fn position(&self, role: Role) -> Option<usize> {
        self.at[role as usize]
    }

    /// Returns whether the file has a column.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.position(role).is_some()
    }

    /// Takes one more field in each row, where rows end with a separator and the header does not.
    pub(crate) fn widen(&mut self) {
        self.n_fields += 1;
    }

    /// Describes what is unusual, each point after a comma.
    pub(crate) fn describe(&self) -> String {
        let mut text = match self.separator {
            b',' => String::new(),
            b'\t' => ", tabs between fields".to_owned(),
            other => format!(", `{}` between fields", char::from(other)),
        };
        if self.is_movielens {
            return text;
        }
        if self.has(Role::Seasons) {
            text.push_str(", seasons in a column of their own");
        }
        let missing: Vec<&str> = ROLES
            .iter()
            .map(|(r, _)| *r)
            .filter(|r| *r != Role::Seasons && !self.has(*r))
            .map(Role::name)
            .collect();
        if !missing.is_empty() {
            text.push_str(", without ");
            text.push_str(&missing.join(", "));
        }
        if self.n_named < self.n_fields {
            text.push_str(", columns without a name at the end");
        }
        text
    }
}

/// Names of the columns of a file.
struct Header {
    fields: Vec<String>,
    folded: Vec<String>,
    separator: u8,
}

impl Header {
    fn new(fields: Vec<String>, separator: u8) -> Self {
        let folded = fields.iter().map(|field| fold(field)).collect();
        Self { fields, folded, separator }
    }

    /// Returns the first of `names` that the header has, and where.
    fn position(&self, names: &[&'static str]) -> Option<(&'static str, usize)> {
        names.iter().find_map(|name| Some((*name, self.folded.iter().position(|field| field == name)?)))
    }

    /// Lists the columns for a message.
    fn shown(&self) -> String {
        let short = |field: &String| field.chars().take(MAX_SHOWN_CHARS).collect();
        let mut shown: Vec<String> = self.fields.iter().take(MAX_SHOWN_COLUMNS).map(short).collect();
        if shown.len() < self.fields.len() {
            shown.push("…".to_owned());
        }
        shown.join(", ")
    }
}

/// Most columns that a message names.
const MAX_SHOWN_COLUMNS: usize = 30;
/// Length of the part of a column's name that a message shows.
const MAX_SHOWN_CHARS: usize = 40;

/// Recognizes tables of ratings, and those that have a column for each platform.
fn refuse_other_tables(path: &Path, header: &Header) -> Result<(), EtlError> {
    let is = |names: &[&str]| header.folded.iter().any(|field| names.contains(&field.as_str()));
    let users = ["userid", "user", "customerid", "customer", "reviewerid", "username"];
    let opinions = ["rating", "ratings", "score", "stars", "overall", "timestamp", "eventvalue", "eventtype"];
    if is(&users) && is(&opinions) {
        return Err(EtlError::NotACatalog { path: path.to_owned(), found: header.shown() });
    }
    let platforms = [
        "netflix",
        "hulu",
        "disney",
        "disneyplus",
        "prime",
        "primevideo",
        "amazonprime",
        "amazonprimevideo",
        "hbomax",
        "appletv",
        "appletvplus",
        "paramount",
        "paramountplus",
        "peacock",
    ];
    let columns = header.fields.iter().zip(&header.folded);
    let named: Vec<&str> = columns
        .filter(|(_, folded)| platforms.contains(&folded.as_str()))
        .map(|(field, _)| field.as_str())
        .take(MAX_SHOWN_COLUMNS)
        .collect();
    if named.len() < 2 {
        return Ok(());
    }
    let missing = ROLES
        .iter()
        .filter(|(role, names)| *role != Role::Seasons && header.position(names).is_none())
        .map(|(role, _)| role.name());
    Err(EtlError::PlatformColumns {
        path: path.to_owned(),
        platforms: named.join(", "),
        missing: missing.collect::<Vec<_>>().join(", "),
    })
}

/// Returns the length of the header in bytes, with and without its line end.
pub(crate) fn header_span(body: &[u8]) -> (usize, usize) {
    // A name in quotes could contain any separator.
    match next_record(body, b',', true) {
        Some(span) => (span.content, span.total),
        None => (body.len(), body.len()),
    }
}
