//! Exports of one user's ratings, which name titles instead of ids and do not name the user.

use std::borrow::Cow;
use std::path::Path;

use catalog::{Kind, UserId};

use super::fault::{Fault, RATING, TIME, TITLE, YEAR};
use super::known::Known;
use crate::header::fold;
use crate::site::Site;
use crate::year::parse_year;
use crate::{FileError, Reason};

/// The user of an export, unless another is given.
const ME: &str = "me";

/// An export of one user's ratings, and where its columns are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Export {
    pub(super) site: Site,
    pub(super) user: UserId,
    name: usize,
    year: usize,
    /// The name in the original language.
    original: Option<usize>,
    id: Option<usize>,
    kind: Option<usize>,
}

impl Export {
    /// Describes the export in words.
    pub(super) fn describe(&self) -> String {
        let by = match self.site {
            Site::Letterboxd => "name and year",
            Site::Imdb => "IMDb id or by name and year",
        };
        format!("{} export of one user ({}), titles by {by}", self.site, self.user)
    }

    /// Finds the title of a row, which is split into its fields.
    pub(super) fn title<'r>(
        &self,
        record: &'r [u8],
        fields: &[&'r [u8]],
        known: Option<Known<'_>>,
    ) -> Result<u32, Fault<'r>> {
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        if let Some(title) = self.id.and_then(|at| known?.ids.get(field(at))) {
            return Ok(title);
        }
        let name = text_of(field(self.name)).map_err(|reason| Fault::of(TITLE, field(self.name), reason))?;
        if name.is_empty() {
            return Err(Fault::of_row(Some(TITLE), record, Reason::TitleEmpty));
        }
        let year = String::from_utf8_lossy(field(self.year));
        let fault = |column, reason| {
            let value = format!("{name} ({year})").into_bytes();
            Fault { column: Some(column), value: Cow::Owned(value), reason }
        };
        let number = parse_year(&year).ok_or_else(|| fault(YEAR, Reason::YearMalformed))?;
        let original = self.original.and_then(|at| text_of(field(at)).ok());
        let kind = self.kind.map(|at| fold(&String::from_utf8_lossy(field(at)))).unwrap_or_default();
        let find = |name: &str| known?.names?.find(name, number, kind_of(&kind));
        let found = if is_listed(&kind) { find(&name).or_else(|| find(&original?)) } else { None };
        found.ok_or_else(|| fault(TITLE, Reason::TitleNotFound))
    }
}

/// Returns whether a kind of title, as `IMDb` calls it, is something that catalogs list: an episode or a
/// game is not, but may have the name of a film.
fn is_listed(kind: &str) -> bool {
    !matches!(kind, "tvepisode" | "videogame" | "musicvideo" | "podcastseries" | "podcastepisode")
}

/// Returns what catalogs call a kind of title that `IMDb` has; `None` if that is not certain.
fn kind_of(kind: &str) -> Option<Kind> {
    match kind {
        "movie" | "tvmovie" | "short" | "tvshort" | "video" => Some(Kind::Movie),
        "tvseries" | "tvminiseries" => Some(Kind::Series),
        _ => None,
    }
}

/// Returns the text of a field, with doubled quotes as one.
fn text_of(field: &[u8]) -> Result<String, Reason> {
    let text = str::from_utf8(field).map_err(|_| Reason::NotUtf8)?;
    Ok(text.replace("\"\"", "\""))
}

/// Positions of user, title, rating and time in a header.
pub(super) type At = [Option<usize>; 4];

/// Finds an export and its columns by their names. Returns `None` for any other header.
///
/// # Errors
/// Returns [`FileError::NoOwnRatings`] if it is another file of such an export.
pub(super) fn find(
    path: &Path,
    header: &[String],
    user: Option<&UserId>,
) -> Result<Option<(Export, At)>, FileError> {
    let folded: Vec<String> = header.iter().map(|field| fold(field)).collect();
    let at = |name: &str| folded.iter().position(|field| field == name);
    let (site, name, rating, time) = if at("letterboxduri").is_some() {
        (Site::Letterboxd, at("name"), at("rating"), at("date"))
    } else if at("const").is_some() {
        (Site::Imdb, at("title"), at("yourrating").or_else(|| at("yourated")), at("daterated"))
    } else {
        return Ok(None);
    };
    let (Some(name), Some(year)) = (name, at("year")) else { return Ok(None) };
    let Some(rating) = rating else {
        return Err(FileError::NoOwnRatings { path: path.to_owned(), site });
    };
    let of_imdb = |name: &str| at(name).filter(|_| site == Site::Imdb);
    let export = Export {
        site,
        user: user.cloned().unwrap_or_else(|| UserId::new(ME).expect("the default is an id")),
        name,
        year,
        original: of_imdb("originaltitle"),
        id: of_imdb("const"),
        kind: of_imdb("titletype"),
    };
    let mut columns = [None; 4];
    (columns[TITLE], columns[RATING], columns[TIME]) = (Some(name), Some(rating), time);
    Ok(Some((export, columns)))
}
