//! MovieLens files without a header: `movies.dat` and `u.item`.

use catalog::Date;
use memchr::memchr_iter;
use tables::Reason;

use super::cells::parse_date;
use super::columns::Columns;
use super::reader::Reader;
use super::roles::{ROLES, Role};
use super::row::Plan;

/// Genres of `u.item`, in the order of its flags.
const ITEM_GENRES: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

/// Names of MovieLens files; that of Kaggle's copy is `movie.csv`.
pub(crate) const MOVIELENS_TITLES: [&str; 4] = ["movies.csv", "movie.csv", "movies.dat", "u.item"];

/// Returns whether a file name is that of a MovieLens file.
pub(crate) fn is_movielens_name(name: &str) -> bool {
    MOVIELENS_TITLES.contains(&name)
}

/// Returns the separator of a file without a header, by its first line.
pub(super) fn separator(body: &[u8]) -> Option<&'static str> {
    let first = body.split(|&b| b == b'\n').next().unwrap_or(body);
    if first.windows(2).any(|pair| pair == b"::") {
        Some("::")
    } else {
        // A header with as many columns begins with a name.
        let is_item = first.first().is_some_and(u8::is_ascii_digit);
        (is_item && memchr_iter(b'|', first).count() == 4 + ITEM_GENRES.len()).then_some("|")
    }
}

/// Splits a line into id, name, genres and release date.
fn fields<'t>(line: &'t str, separator: &str) -> Result<(&'t str, &'t str, String, &'t str), Reason> {
    if line.contains('\0') {
        return Err(Reason::NulByte);
    }
    if separator == "::" {
        // A name can contain the separator, ids and genres cannot.
        let (id, rest) = line.split_once("::").ok_or(Reason::CutShort)?;
        let (name, genres) = rest.rsplit_once("::").ok_or(Reason::CutShort)?;
        return Ok((id, name, genres.to_owned(), ""));
    }
    let fields: Vec<&str> = line.split(separator).collect();
    match fields.len() {
        n if n < 5 + ITEM_GENRES.len() => return Err(Reason::CutShort),
        n if n > 5 + ITEM_GENRES.len() => return Err(Reason::TooManyFields),
        _ => {}
    }
    let set = ITEM_GENRES.iter().zip(&fields[5..]).filter(|(_, flag)| **flag == "1");
    let genres: Vec<&str> = set.map(|(genre, _)| *genre).collect();
    Ok((fields[0], fields[1], genres.join("|"), fields[2]))
}

impl Reader<'_> {
    /// Reads files without header and quotes.
    pub(super) fn plain_lines(&mut self, bytes: &[u8], first_line: u64, separator: &str) {
        let plan = Plan::new(Columns::of_movielens(), self.genres, None, &[]);
        for (at, raw) in bytes.split(|&b| b == b'\n').enumerate() {
            let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
            if raw.is_empty() {
                continue;
            }
            self.n_rows += 1;
            let number = first_line + at as u64;
            let read = str::from_utf8(raw).map_err(|_| Reason::NotUtf8);
            let (id, name, genres, released) = match read.and_then(|line| fields(line, separator)) {
                Ok(fields) => fields,
                Err(reason) => {
                    self.rejects.push(0, number, "", raw, reason);
                    continue;
                }
            };
            let mut cells = [""; ROLES.len()];
            for (role, cell) in [(Role::Id, id), (Role::Title, name), (Role::Genres, &genres)] {
                cells[role as usize] = cell;
            }
            match self.title(number, &cells, &plan) {
                Err((column, value, reason)) => self.rejects.push(0, number, column, value, reason),
                Ok(()) => {
                    // Some titles lack the year, but have a release date with it.
                    if let Some((_, title)) = self.titles.last_mut()
                        && title.release_year.is_none()
                    {
                        title.release_year = parse_date(released).map(Date::year);
                    }
                }
            }
        }
    }
}
