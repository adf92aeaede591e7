//! The clean tables as CSV files.
//!
//! `titles.csv` holds the titles in source order. Each text is there twice: in lower case, and in a column
//! whose name ends in `_display` as it is shown. Items of lists are joined by `, `; an item that contains a
//! comma or begins with a quotation mark is in quotation marks, with those inside doubled. A missing value is
//! an empty cell. `genres` are the platform's labels, and `canonical_genres` what they mean. A platform is
//! written as its name, followed by its id prefix (`hbo:hb`) if that is not its first letter. `n_ratings` and
//! `mean_rating` summarize `ratings.csv` for readers of the file; [`crate::read_clean`] does not need them.
//!
//! `ratings.csv` holds the ratings by user (shorter ids first, then by bytes), and within a user in the order
//! of titles. `rejects.csv` holds the refused rows in the order of inputs and lines; what a
//! spreadsheet would take for a formula has an apostrophe in front, and control characters are written as
//! `\u{1b}`. `tables.json` holds the scale of the ratings, and how many rows each input had and lost. In
//! tables without it, the scale is found from the ratings; earlier versions wrote it without the rows.
//!
//! Columns have the names that the API uses: `id`, `user_id`, `kind`, `audience`, `genres`, `year`. Raw files
//! have other names for some of them, and so did the clean tables of earlier versions, which
//! [`crate::read_clean`] reads too.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use catalog::Scale;
use progress::Reporter;
use serde::{Deserialize, Serialize};

use crate::formula::guarded;
use crate::rating_file::write_ratings;
use crate::staged::Staged;
use crate::{Clean, FileError, Rejects, list};

/// Name of the file of clean titles.
pub const TITLES_FILE: &str = "titles.csv";
/// Name of the file of clean ratings.
pub const RATINGS_FILE: &str = "ratings.csv";
/// Name of the file that says what the tables need to be understood.
pub const ABOUT_FILE: &str = "tables.json";
/// Name of the file of refused rows.
pub const REJECTS_FILE: &str = "rejects.csv";

/// The columns of `titles.csv`.
const TITLE_COLUMNS: [&str; 25] = [
    "id",
    "platform",
    "kind",
    "title",
    "title_display",
    "director",
    "director_display",
    "cast",
    "cast_display",
    "country",
    "country_display",
    "date_added",
    "year",
    "audience",
    "audience_display",
    "duration_int",
    "duration_type",
    "genres",
    "genres_display",
    "canonical_genres",
    "canonical_genres_display",
    "description",
    "description_display",
    "n_ratings",
    "mean_rating",
];
pub(crate) const REJECT_COLUMNS: [&str; 5] = ["file", "line", "column", "value", "reason"];

/// What is true of the tables as a whole.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    /// The lowest and the highest rating that a user can give.
    pub(crate) scale: Scale,
    /// Rows of each input, in the order of reading; `None` in tables of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<Vec<FileRows>>,
}

/// How many rows an input had, and how many of them were lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRows {
    /// Name of the file in rejects.
    pub file: String,
    /// Rows read, without header and empty lines.
    pub rows: u64,
    /// Rows refused, without those of an export of one user whose titles are not in the catalogs.
    pub lost: u64,
}

/// Writes `titles.csv`, `ratings.csv`, `rejects.csv` and `tables.json` into a folder, creating it if needed.
/// `inputs` are the files that the tables were made from, and `files` their rows. The same tables give the
/// same bytes. Older files are replaced only once all new ones are complete.
///
/// # Errors
/// Returns an error if the folder or a file cannot be written, or if a file would replace one of the inputs.
pub fn write(
    clean: &Clean,
    rejects: &Rejects,
    inputs: &[PathBuf],
    files: Vec<FileRows>,
    dir: &Path,
    reporter: &dyn Reporter,
) -> Result<(), FileError> {
    std::fs::create_dir_all(dir).map_err(|e| FileError::write(dir, e))?;
    keep_inputs(inputs, dir, &[TITLES_FILE, RATINGS_FILE, REJECTS_FILE, ABOUT_FILE])?;
    let mut titles = Staged::new(dir, TITLES_FILE)?;
    write_titles(clean, &mut titles)?;
    let mut refused = Staged::new(dir, REJECTS_FILE)?;
    write_rejects(rejects, &mut refused)?;
    let mut ratings = Staged::new(dir, RATINGS_FILE)?;
    write_ratings(&clean.titles, &clean.ratings, &mut ratings, reporter)?;
    let mut about = Staged::new(dir, ABOUT_FILE)?;
    write_about(&About { scale: clean.ratings.scale(), files: Some(files) }, &mut about)?;
    let staged = [titles.complete()?, refused.complete()?, ratings.complete()?, about.complete()?];
    staged.into_iter().try_for_each(Staged::publish)
}

/// Makes sure that writing files with these names into a folder replaces none of the inputs.
///
/// # Errors
/// Returns [`FileError::OverwritesInput`] if one would be replaced.
pub fn keep_inputs(inputs: &[PathBuf], dir: &Path, names: &[&str]) -> Result<(), FileError> {
    for name in names {
        let path = dir.join(name);
        let existing = path.canonicalize().ok();
        if existing.is_some() && inputs.iter().any(|input| input.canonicalize().ok() == existing) {
            return Err(FileError::OverwritesInput(path));
        }
    }
    Ok(())
}

fn write_titles(clean: &Clean, out: &mut Staged) -> Result<(), FileError> {
    let table = &clean.titles;
    let mut sums = vec![(0_u32, 0.0_f64); table.titles().len()];
    for (&title, &rating) in clean.ratings.title_idx().iter().zip(clean.ratings.rating()) {
        let (n, sum) = &mut sums[title as usize];
        *n += 1;
        *sum += f64::from(rating);
    }
    let path = out.path.clone();
    let mut writer = csv::Writer::from_writer(&mut out.file);
    let mut write = || -> Result<(), csv::Error> {
        writer.write_record(TITLE_COLUMNS)?;
        for (title, &(n, sum)) in table.titles().iter().zip(&sums) {
            let [director, cast, country, genres, canonical_genres] =
                [&title.director, &title.cast, &title.country, &title.genres, &title.canonical_genres]
                    .map(|items| list::write(items));
            let mean = if n == 0 { String::new() } else { (sum / f64::from(n)).to_string() };
            writer.write_record([
                title.id.as_str(),
                &table.platform_of(title).text(),
                title.kind.as_str(),
                &title.display.to_lowercase(),
                &title.display,
                &director.to_lowercase(),
                &director,
                &cast.to_lowercase(),
                &cast,
                &country.to_lowercase(),
                &country,
                &title.date_added.map(|d| d.to_string()).unwrap_or_default(),
                &title.release_year.map(|y| format!("{y:04}")).unwrap_or_default(),
                &title.audience.to_lowercase(),
                &title.audience,
                &title.duration.map(|d| d.value.to_string()).unwrap_or_default(),
                title.duration.map(|d| d.unit.as_str()).unwrap_or_default(),
                &genres.to_lowercase(),
                &genres,
                &canonical_genres.to_lowercase(),
                &canonical_genres,
                &title.description.to_lowercase(),
                &title.description,
                &n.to_string(),
                &mean,
            ])?;
        }
        writer.flush()?;
        Ok(())
    };
    write().map_err(|source| FileError::Csv { path, source })
}

fn write_about(about: &About, out: &mut Staged) -> Result<(), FileError> {
    let written = serde_json::to_writer(&mut out.file, about).map_err(std::io::Error::from);
    written.and_then(|()| out.file.write_all(b"\n")).map_err(|e| out.fail(e))
}

fn write_rejects(rejects: &Rejects, out: &mut Staged) -> Result<(), FileError> {
    let path = out.path.clone();
    let mut writer = csv::Writer::from_writer(&mut out.file);
    let mut write = || -> Result<(), csv::Error> {
        writer.write_record(REJECT_COLUMNS)?;
        for reject in rejects.iter() {
            let line = reject.line.to_string();
            let reason = reject.reason.as_str();
            let [file, column, value] = [reject.file, reject.column, reject.value].map(guarded);
            writer.write_record([&*file, &line, &column, &value, reason])?;
        }
        writer.flush()?;
        Ok(())
    };
    write().map_err(|source| FileError::Csv { path, source })
}
