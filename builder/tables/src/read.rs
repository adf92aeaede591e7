use std::io::Read as _;
use std::path::Path;

use catalog::{Duration, Platform, RatingTable, Scale, Title, TitleId, TitleTable};
use progress::Reporter;

use crate::formula::unguarded;
use crate::header::find_columns;
use crate::open::open_file;
use crate::rows::{self, BLOCK_BYTES, Reading, ordered};
use crate::write::{ABOUT_FILE, About, REJECT_COLUMNS};
use crate::year::parse_year;
use crate::{
    Clean, FileError, FileRows, Interner, MAX_VALUE_BYTES, RATINGS_FILE, REJECTS_FILE, Reason, Rejects,
    TITLES_FILE, list,
};

const TITLE_NEEDED: &str = "the columns that `cartelera etl` writes";

/// The columns of `titles.csv` that are read. The others follow from them.
const TITLE_COLUMNS: [&str; 15] = [
    "id",
    "platform",
    "kind",
    "title_display",
    "director_display",
    "cast_display",
    "country_display",
    "date_added",
    "year",
    "audience_display",
    "duration_int",
    "duration_type",
    "genres_display",
    "description_display",
    "canonical_genres_display",
];

/// Position in [`TITLE_COLUMNS`] of the only column that earlier versions did not write under any name.
const CANONICAL: usize = 14;

/// What earlier versions called those columns, the latest version first. They wrote texts in lower case only.
const EARLIER_TITLE_COLUMNS: [[&str; CANONICAL]; 2] = [
    [
        "id",
        "platform",
        "kind",
        "title_display",
        "director",
        "cast",
        "country",
        "date_added",
        "year",
        "audience",
        "duration_int",
        "duration_type",
        "genres",
        "description",
    ],
    [
        "id",
        "platform",
        "type",
        "title_display",
        "director",
        "cast",
        "country",
        "date_added",
        "release_year",
        "rating",
        "duration_int",
        "duration_type",
        "listed_in",
        "description",
    ],
];

/// Reads the tables that [`crate::write()`] wrote, with the column names of this version or of earlier ones.
///
/// Ratings in the order in which they were written are read as a stream and take 12 bytes each; ratings in
/// another order are sorted first.
///
/// # Errors
/// Returns an error if a file is missing, or has a row that is not clean.
pub fn read_clean(dir: &Path, reporter: &dyn Reporter) -> Result<Clean, FileError> {
    let titles = read_clean_titles(&dir.join(TITLES_FILE))?;
    let path = dir.join(RATINGS_FILE);
    let known = index(&titles);
    let scale = read_scale(&dir.join(ABOUT_FILE))?;
    if let Some(ratings) = ordered::read(&path, &known, scale, BLOCK_BYTES, reporter)? {
        return Ok(Clean { titles, ratings });
    }
    // The table is empty or was changed by hand: sort it, and find what is wrong.
    let mut rejects = Rejects::new(vec![RATINGS_FILE.to_owned()]);
    let files = [path.clone()];
    let ids = Some(rows::Known { ids: &known, names: None });
    let scan = match rows::scan(&files, ids, Reading::Clean(scale), BLOCK_BYTES, 0, &mut rejects, reporter) {
        Err(FileError::NoRows(_)) => {
            let (scale, n_titles) = (scale.unwrap_or_default(), titles.titles().len());
            let ratings = RatingTable::on_scale(scale, vec![], vec![0], vec![], vec![], vec![], n_titles)?;
            return Ok(Clean { titles, ratings });
        }
        scan => scan?,
    };
    if let Some(reject) = rejects.iter().next() {
        return Err(FileError::NotClean {
            path,
            line: reject.line,
            column: reject.column.to_owned(),
            value: reject.value.to_owned(),
            reason: reject.reason.to_string(),
        });
    }
    let (ratings, replaced) = rows::assemble(scan, None, titles.titles().len())?;
    if replaced.superseded > 0 {
        return Err(FileError::NotUnique { path, n: replaced.superseded });
    }
    Ok(Clean { titles, ratings })
}

/// Returns the scale of clean tables; `None` for those that an earlier version wrote.
fn read_scale(path: &Path) -> Result<Option<Scale>, FileError> {
    Ok(read_about(path)?.map(|about| about.scale))
}

/// Reads how many rows each of the inputs of clean tables had and lost, in the order of reading. Returns
/// `None` for tables that an earlier version wrote.
///
/// # Errors
/// Returns an error if `tables.json` cannot be read.
pub fn read_file_rows(dir: &Path) -> Result<Option<Vec<FileRows>>, FileError> {
    Ok(read_about(&dir.join(ABOUT_FILE))?.and_then(|about| about.files))
}

fn read_about(path: &Path) -> Result<Option<About>, FileError> {
    let mut bytes = Vec::new();
    match open_file(path) {
        Ok(mut file) => file.read_to_end(&mut bytes).map_err(|error| FileError::read(path, error))?,
        Err(FileError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| FileError::read(path, error.into()))
}

/// Reads the refused rows that [`crate::write()`] wrote next to the tables. Returns `None` if there is no
/// such file.
///
/// # Errors
/// Returns an error for a row that `cartelera etl` does not write.
pub fn read_rejects(dir: &Path) -> Result<Option<Rejects>, FileError> {
    let path = dir.join(REJECTS_FILE);
    let file = match open_file(&path) {
        Ok(file) => file,
        Err(FileError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let wrong = |source| FileError::Csv { path: path.clone(), source };
    let mut reader = csv::Reader::from_reader(file);
    let header: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    let columns = find_columns(&path, &header, REJECT_COLUMNS, TITLE_NEEDED)?;
    let mut rejects = Rejects::default();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let [file, line, column, value, reason] = columns.map(|c| &record[c]);
        let refused = |at: usize, why: &str| FileError::NotClean {
            path: path.clone(),
            line: record.position().map_or(0, csv::Position::line),
            column: REJECT_COLUMNS[at].to_owned(),
            value: record[columns[at]].to_owned(),
            reason: why.to_owned(),
        };
        let line = line.parse().map_err(|_| refused(1, "not a line number"))?;
        let reason = Reason::from_name(reason)
            .ok_or_else(|| refused(4, "not a reason that `cartelera etl` writes"))?;
        let file_idx = rejects.file_idx(&unguarded(file));
        rejects.push(file_idx, line, &unguarded(column), unguarded(value).as_bytes(), reason);
    }
    Ok(Some(rejects))
}

/// Numbers the ids of the titles by their positions.
#[expect(clippy::missing_panics_doc, reason = "ids in a table are well formed")]
pub fn index(titles: &TitleTable) -> Interner {
    let mut index = Interner::default();
    for title in titles.titles() {
        index.intern(title.id.as_str().as_bytes()).expect("a title's id is well formed");
    }
    index
}

fn read_clean_titles(path: &Path) -> Result<TitleTable, FileError> {
    let file = open_file(path)?;
    let wrong = |source| FileError::Csv { path: path.to_owned(), source };
    let mut reader = csv::Reader::from_reader(file);
    let header: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    let columns = TitleColumns::find(path, &header)?;
    let list = if columns.is_earlier() { list::read_earlier } else { list::read };
    let (mut platforms, mut rows): (Vec<Platform>, Vec<Title>) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(0, csv::Position::line);
        let (platform, title) =
            clean_title(columns.cells(&record), list).map_err(|(column, reason)| FileError::NotClean {
                path: path.to_owned(),
                line,
                column: columns.names[column].to_owned(),
                value: record[columns.at[column]].to_owned(),
                reason,
            })?;
        if let Some((column, value)) = title.long_text() {
            return Err(FileError::NotClean {
                path: path.to_owned(),
                line,
                column: column.to_owned(),
                value: value.chars().take(MAX_VALUE_BYTES).collect(),
                reason: Reason::TextTooLong.to_string(),
            });
        }
        rows.push(Title { platform_idx: place(&mut platforms, platform)?, ..title });
    }
    TitleTable::new(platforms, rows).map_err(|source| FileError::Titles { path: path.to_owned(), source })
}

/// The columns of one `titles.csv`.
struct TitleColumns {
    /// Their names, in the order of [`TITLE_COLUMNS`].
    names: Vec<&'static str>,
    /// Their positions.
    at: Vec<usize>,
}

impl TitleColumns {
    fn find(path: &Path, header: &[String]) -> Result<Self, FileError> {
        let found = match find_columns(path, header, TITLE_COLUMNS, TITLE_NEEDED) {
            Ok(at) => return Ok(Self { names: TITLE_COLUMNS.to_vec(), at: at.to_vec() }),
            // An error speaks of the names that are written today.
            Err(error) => error,
        };
        let earlier = EARLIER_TITLE_COLUMNS.into_iter().find_map(|names| {
            let at = find_columns(path, header, names, TITLE_NEEDED).ok()?;
            Some(Self { names: names.to_vec(), at: at.to_vec() })
        });
        earlier.ok_or(found)
    }

    /// Returns whether an earlier version wrote the file.
    fn is_earlier(&self) -> bool {
        self.at.len() == CANONICAL
    }

    /// Returns the cells of a row, in the order of [`TITLE_COLUMNS`].
    fn cells<'r>(&self, record: &'r csv::StringRecord) -> [&'r str; 15] {
        let mut cells = [""; 15];
        for (cell, &at) in cells.iter_mut().zip(&self.at) {
            *cell = &record[at];
        }
        cells
    }
}

/// Returns the position of a platform, adding the platform if it is new.
pub fn place(platforms: &mut Vec<Platform>, platform: Platform) -> Result<u8, FileError> {
    let position = platforms.iter().position(|p| *p == platform).unwrap_or_else(|| {
        platforms.push(platform);
        platforms.len() - 1
    });
    u8::try_from(position).map_err(|_| FileError::TooManyPlatforms(platforms.len()))
}

/// Parses a row of `titles.csv`. An error names the column and the reason.
fn clean_title(
    cells: [&str; 15],
    list: fn(&str) -> Vec<String>,
) -> Result<(Platform, Title), (usize, String)> {
    let [
        id,
        platform,
        kind,
        display,
        director,
        cast,
        country,
        added,
        year,
        audience,
        value,
        unit,
        genres,
        about,
        canonical,
    ] = cells;
    let duration = match (value, unit) {
        ("", "") => None,
        _ => Some(Duration { value: at(10, value.parse())?, unit: at(11, unit.parse())? }),
    };
    let release_year = if year.is_empty() {
        None
    } else {
        Some(at(8, parse_year(year).ok_or("not a year of four digits"))?)
    };
    let title = Title {
        kind: at(2, kind.parse())?,
        director: list(director),
        cast: list(cast),
        country: list(country),
        date_added: if added.is_empty() { None } else { Some(at(7, added.parse())?) },
        release_year,
        audience: audience.to_owned(),
        duration,
        genres: list(genres),
        canonical_genres: list(canonical),
        description: about.to_owned(),
        ..Title::named(at(0, TitleId::new(id))?, display)
    };
    Ok((at(1, platform.parse::<Platform>())?, title))
}

/// Adds the column to an error.
fn at<T, E: ToString>(column: usize, result: Result<T, E>) -> Result<T, (usize, String)> {
    result.map_err(|e| (column, e.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TITLES: &str = "ns1,netflix,movie,Alpha,,\"weird\" al,,,2001,pg,90,min,\"drama, war\",about";
    const RATINGS: &str = "1,4.5,10,ns1\n";

    fn read(titles: &str, ratings: &str) -> Result<Clean, FileError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(TITLES_FILE), titles).unwrap();
        std::fs::write(dir.path().join(RATINGS_FILE), ratings).unwrap();
        read_clean(dir.path(), &progress::Silent)
    }

    #[test]
    fn tables_of_earlier_versions_are_read_by_the_names_they_have() {
        let today = (TITLE_COLUMNS.join(","), "user_id,rating,timestamp,id");
        let latest = (EARLIER_TITLE_COLUMNS[0].join(","), "user_id,rating,timestamp,id");
        let earliest = (EARLIER_TITLE_COLUMNS[1].join(","), "userId,rating,timestamp,movieId");
        let of = |names: &(String, &str), titles: &str, ratings: &str| {
            read(&format!("{}\n{titles}\n", names.0), &format!("{}\n{ratings}", names.1))
        };
        let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let name = "\"weird\" al";
        let written = format!("{TITLES},Drama").replace(name, &cell(&list::write(&[name.to_owned()])));
        let clean = of(&today, &written, RATINGS).unwrap();
        let title = &clean.titles.titles()[0];
        assert_eq!((title.release_year, title.audience.as_str()), (Some(2001), "pg"));
        assert_eq!(
            (&title.cast[..], &title.genres[..]),
            (&["\"weird\" al".to_owned()][..], &["drama".to_owned(), "war".to_owned()][..])
        );
        assert_eq!(title.canonical_genres, ["Drama"]);
        assert_eq!(clean.ratings.rating(), [4.5]);
        let earlier = TITLES.replace(name, &cell(name));
        let clean = of(&latest, &earlier, RATINGS).unwrap();
        assert_eq!(of(&earliest, &earlier, RATINGS).unwrap(), clean);
        assert_eq!(clean.titles.titles()[0], Title { canonical_genres: vec![], ..title.clone() });

        // An error names a column as the file does.
        let error = |names, titles: &str, ratings: &str| of(names, titles, ratings).unwrap_err().to_string();
        let bad_year = earlier.replace("2001", "201");
        assert!(error(&latest, &bad_year, RATINGS).contains("column \"year\""));
        assert!(error(&earliest, &bad_year, RATINGS).contains("column \"release_year\""));
        assert!(error(&latest, &earlier, "1,4.5,10,ns2\n").contains("column \"id\""));
        assert!(error(&earliest, &earlier, "1,4.5,10,ns2\n").contains("column \"movieId\""));
        let missing = (today.0.replace("audience_display,", ""), today.1);
        assert!(error(&missing, "", RATINGS).contains("column audience_display is missing"));
    }

    #[test]
    fn tables_of_earlier_versions_have_no_rows_by_file() {
        let dir = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(dir.path().join(ABOUT_FILE), text).unwrap();
        assert_eq!(read_file_rows(dir.path()).unwrap(), None);
        write(r#"{"scale":{"low":1.0,"high":5.0,"liked":4.0}}"#);
        assert_eq!(read_file_rows(dir.path()).unwrap(), None);
        assert_eq!(read_scale(&dir.path().join(ABOUT_FILE)).unwrap(), Scale::new(1.0, 5.0).ok());
        let rows = r#"{"file":"a.csv","rows":9,"lost":1}"#;
        write(&format!(r#"{{"scale":{{"low":1.0,"high":5.0,"liked":4.0}},"files":[{rows}]}}"#));
        let expected = FileRows { file: "a.csv".to_owned(), rows: 9, lost: 1 };
        assert_eq!(read_file_rows(dir.path()).unwrap(), Some(vec![expected]));
        write(&format!(r#"{{"scale":{{"low":1.0,"high":5.0,"liked":4.0}},"file":[{rows}]}}"#));
        assert!(read_file_rows(dir.path()).is_err(), "a field that no version writes");
    }

    #[test]
    fn a_year_has_four_digits() {
        assert_eq!([parse_year("2021"), parse_year("0000"), parse_year("+021")], [Some(2021), None, None]);
    }

    proptest! {
        #[test]
        fn no_text_panics_as_a_year(text in any::<String>()) {
            let _ = parse_year(&text);
        }
    }
}
