//! Exploratory analysis: what the tables hold, what was wrong with them, and what can be learned from them.
//!
//! [`analyze`] makes an [`Eda`], which is the content of `eda.json`; [`page()`] draws it. The same tables
//! give the same bytes on any number of threads, because sums are taken in row order and threads share only
//! columns and pairs.

mod activity;
mod alerts;
mod associations;
mod cards;
mod columns;
mod compare;
mod counts;
mod dates;
mod edges;
mod editions;
mod faults;
mod page;
mod platforms;
mod rating_scale;
mod raw;
mod report;
mod served;
mod signal;
mod spellings;
mod stats;
mod text;
mod training;

use std::path::{Path, PathBuf};

use artifact::Analysis;
use catalog::RatingTable;
use dataset::Data;
use progress::Reporter;
use serde::Deserialize;
use tables::{FileError, keep_inputs};
use thiserror::Error;

use counts::Sums;

pub use page::page;
pub use raw::Raw;
pub use report::*;
pub use stats::Spread;
pub use training::{TRAINING_FILE, TRAINING_TITLES_FILE};

/// The analysis as JSON.
pub const JSON_FILE: &str = "eda.json";
/// The analysis as a page.
pub const PAGE_FILE: &str = "eda.html";

/// Why an analysis cannot be read or written.
#[derive(Debug, Error)]
pub enum EdaError {
    /// A table cannot be written or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not an analysis (`eda.json`).
    #[error("{path} is not an analysis; `cartelera eda` writes one as {JSON_FILE}")]
    NoAnalysis {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The analysis has another format.
    #[error(
        "{path} is an analysis of format {found}, and this version reads format {EDA_FORMAT}; make it again with `cartelera eda`"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

/// Analyzes clean tables. `raw` is what is known about the files they were made from, `signal` the result of
/// a check for title signal.
pub fn analyze(data: &Data<'_>, raw: Raw<'_>, signal: Option<SignalCard>, reporter: &dyn Reporter) -> Eda {
    let (titles, ratings, works) = (data.titles, data.ratings, &data.works);
    reporter.start("looking at columns", 0, "");
    let sums = counts::sums_by_title(ratings, titles.titles().len());
    let (of_titles, of_ratings) = rayon::join(
        || cards::titles_card(titles, works, &sums, ratings.scale()),
        || cards::ratings_card(titles, ratings, &sums, raw),
    );
    let (catalog, activity) = rayon::join(
        || platforms::platforms(titles, works),
        || activity::activity(titles, works, ratings, &sums, &of_ratings.columns[cards::RATING]),
    );
    reporter.finish();

    reporter.start("associations", 0, "");
    let associations = associations::associations(titles, ratings, &sums);
    reporter.finish();
    let training = training::choices(&of_titles, &of_ratings, &associations[1], titles);
    let overview = overview(works, ratings, &sums, &of_ratings);
    let tables = vec![of_titles, of_ratings];
    let spellings = spellings::spellings(titles);
    Eda {
        format: EDA_FORMAT,
        builder: env!("CARGO_PKG_VERSION").to_owned(),
        names_people: !ratings.is_empty(),
        overview,
        faults: faults::faults(titles, ratings.scale(), raw),
        alerts: alerts::alerts(&tables, &spellings, &associations, &catalog, &activity, ratings.scale()),
        spellings,
        tables,
        associations,
        catalog,
        activity,
        training,
        signal,
        comparison: None,
    }
}

/// Counts the tables. `works` names the first title of each title's work.
fn overview(works: &[u32], ratings: &RatingTable, sums: &[Sums], of_ratings: &TableCard) -> Overview {
    let mut rated_works = vec![false; works.len()];
    for (&work, of_title) in works.iter().zip(sums) {
        rated_works[work as usize] |= of_title.n > 0;
    }
    let rated_titles = sums.iter().filter(|s| s.n > 0).count() as u64;
    let share = |n: u64, of: u64| if of == 0 { 0.0 } else { n as f64 / of as f64 };
    let (n_titles, n_users, n_ratings) =
        (works.len() as u64, ratings.users().len() as u64, ratings.len() as u64);
    let values = of_ratings.columns[cards::RATING].spread;
    let times = of_ratings.columns[cards::TIMESTAMP].spread;
    Overview {
        titles: n_titles,
        works: works.iter().enumerate().filter(|&(row, &work)| row == work as usize).count() as u64,
        rated_titles,
        rated_works: rated_works.iter().filter(|&&rated| rated).count() as u64,
        users: n_users,
        ratings: n_ratings,
        density: share(n_ratings, n_users * rated_titles),
        density_of_catalog: share(n_ratings, n_users * n_titles),
        scale: ratings.scale(),
        mean_rating: values.map(|s| s.mean),
        sd_rating: values.map(|s| s.sd),
        first_day: times.map(|s| dates::day(s.min as i64)),
        last_day: times.map(|s| dates::day(s.max as i64)),
    }
}

/// The part of `eda.json` that every format has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Eda {
    /// Adds a comparison with another analysis, which is what was expected and is called `name`.
    #[must_use]
    pub fn against(mut self, other: &Self, name: &str) -> Self {
        self.comparison = Some(compare::compare(&self, other, name));
        self
    }

    /// Reads `eda.json`.
    ///
    /// # Errors
    /// The file cannot be read, is not an analysis, or is one of another format.
    pub fn read(path: &Path) -> Result<Self, EdaError> {
        let text = std::fs::read(path).map_err(|e| FileError::read(path, e))?;
        let other = |source| EdaError::NoAnalysis { path: path.to_owned(), source };
        // The format comes first: another one may lack fields or have others.
        let Format { format } = serde_json::from_slice(&text).map_err(other)?;
        if format != EDA_FORMAT {
            return Err(EdaError::Format { path: path.to_owned(), found: format });
        }
        serde_json::from_slice(&text).map_err(other)
    }

    /// Returns what a release serves: the analysis without people ([`Eda::without_people`]), as JSON without
    /// white space and as a page.
    ///
    /// # Panics
    /// Never: the JSON is an object and the page is an HTML document.
    pub fn artifact(&self) -> Analysis {
        let served = self.without_people();
        let json = serde_json::to_string(&served).expect("the keys of an analysis are texts");
        Analysis::new(json, artifact::page_policy().to_owned(), page(&served))
            .expect("the page is an HTML document")
    }

    /// Returns the content of `eda.json`.
    ///
    /// # Panics
    /// Never: all keys are texts.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("the keys of an analysis are texts");
        text.push('\n');
        text
    }
}

/// Writes `eda.json`, `eda.html`, `training.csv` and `training_titles.csv` into a folder, creating it if
/// needed.
///
/// # Errors
/// A file cannot be written, or would overwrite one of the files that `raw` was read from.
pub fn write(
    eda: &Eda,
    data: &Data<'_>,
    raw: Raw<'_>,
    dir: &Path,
    reporter: &dyn Reporter,
) -> Result<(), EdaError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| EdaError::Write { path, source }
    };
    std::fs::create_dir_all(dir).map_err(failed(dir))?;
    if let Raw::Read(output) = raw {
        keep_inputs(&output.inputs(), dir, &[JSON_FILE, PAGE_FILE, TRAINING_FILE, TRAINING_TITLES_FILE])?;
    }
    training::write(dir, data, &eda.training, reporter)?;
    for (name, text) in [(JSON_FILE, eda.to_json()), (PAGE_FILE, page(eda))] {
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}
