//! Exploratory analysis: what is in the tables, what was wrong with them, and what can be learnt from them.
//!
//! [`analyse`] makes an [`Eda`], which is the JSON; [`page()`] draws everything else from it. The same tables give the
//! same bytes on any number of threads: sums are taken in row order, and threads share out columns and pairs.

mod activity;
mod alerts;
mod associations;
mod catalogue;
mod charts;
mod columns;
mod compare;
mod faults;
mod page;
mod report;
mod stats;
mod training;

use std::path::{Path, PathBuf};

use artifact::{Analysis, Signal};
use catalog::{Interactions, RatingTable};
use thiserror::Error;

pub use page::page;
pub use report::*;
pub use stats::Spread;
pub use training::{TRAINING_FILE, TRAINING_TITLES_FILE};

use crate::etl::{Clean, EtlError, EtlOutput, Rejects};
use crate::features::TitleFeatures;
use crate::signal;
use crate::train::{ModelParams, SvdParams};
use crate::tune::TuneError;
use crate::{Reporter, WithoutNotes};

/// The analysis.
pub const JSON_FILE: &str = "eda.json";
/// The same to look at.
pub const PAGE_FILE: &str = "eda.html";

/// Why there is no analysis.
#[derive(Debug, Error)]
pub enum EdaError {
    /// A table cannot be written or read.
    #[error(transparent)]
    Etl(#[from] EtlError),
    /// The check for signal failed.
    #[error("the ratings cannot be checked for signal; leave the check out with --signal-splits 0")]
    Signal(#[source] TuneError),
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that an analysis should be read from is none.
    #[error("{path} holds no analysis of format {EDA_FORMAT}; `cartelera eda` writes one")]
    NoAnalysis {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// An analysis of another format.
    #[error("{path} is of format {found}, and this builder reads format {EDA_FORMAT}: make it again")]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

/// How the ratings are checked for signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalOptions {
    /// Random splits; 0 leaves the check out.
    pub n_splits: usize,
    /// Ratings that are used at most, of whole users at equal distances; 0 for all.
    pub max_ratings: usize,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for SignalOptions {
    fn default() -> Self {
        Self { n_splits: 3, max_ratings: 1_000_000, seed: 0 }
    }
}

/// What is known of the files that clean tables come from.
#[derive(Debug, Clone, Copy)]
pub enum Raw<'a> {
    /// Nothing.
    Unknown,
    /// The rows that were refused; not what was repaired in others.
    Rejects(&'a Rejects),
    /// Everything.
    Read(&'a EtlOutput),
}

/// Analyses clean tables. `raw` is what is known of the files they come from.
///
/// # Errors
/// [`EdaError::Signal`].
pub fn analyse(
    clean: &Clean,
    raw: Raw<'_>,
    signal: SignalOptions,
    reporter: &dyn Reporter,
) -> Result<Eda, EdaError> {
    let (titles, ratings) = (&clean.titles, &clean.ratings);
    reporter.start("looking at columns", 0, "");
    let works = titles.works();
    let sums = activity::sums(ratings, titles.titles().len());
    let (of_titles, of_ratings) = rayon::join(
        || columns::titles_card(titles, &works, &sums),
        || columns::ratings_card(titles, ratings, &sums, raw),
    );
    let rating = &of_ratings.columns[columns::RATING];
    let (catalogue, activity) = rayon::join(
        || catalogue::catalogue(titles, &works),
        || activity::activity(titles, &works, ratings, &sums, rating),
    );
    let mut rated_works = vec![false; works.len()];
    for (&work, of_title) in works.iter().zip(&sums) {
        rated_works[work as usize] |= of_title.n > 0;
    }
    let rated_titles = sums.iter().filter(|s| s.n > 0).count() as u64;
    let share = |n: u64, of: u64| if of == 0 { 0.0 } else { n as f64 / of as f64 };
    let (n_titles, n_users, n_ratings) =
        (works.len() as u64, ratings.users().len() as u64, ratings.len() as u64);
    let times = of_ratings.columns[columns::TIMESTAMP].spread;
    let overview = Overview {
        titles: n_titles,
        works: works.iter().enumerate().filter(|&(row, &work)| row == work as usize).count() as u64,
        rated_titles,
        rated_works: rated_works.iter().filter(|&&r| r).count() as u64,
        users: n_users,
        ratings: n_ratings,
        density: share(n_ratings, n_users * rated_titles),
        density_of_catalogue: share(n_ratings, n_users * n_titles),
        mean_rating: rating.spread.map(|s| s.mean),
        sd_rating: rating.spread.map(|s| s.sd),
        first_day: times.map(|s| columns::day(s.min as i64)),
        last_day: times.map(|s| columns::day(s.max as i64)),
    };
    reporter.finish();

    reporter.start("associations", 0, "");
    let associations = associations::associations(titles, ratings, &sums);
    reporter.finish();
    let training = training::choices(&of_titles, &of_ratings, &associations[1], titles);
    let tables = vec![of_titles, of_ratings];
    let signal = (signal.n_splits > 0 && ratings.len() > 1)
        .then(|| signal_card(clean, &works, signal, reporter))
        .transpose()?;
    Ok(Eda {
        format: EDA_FORMAT,
        builder: env!("CARGO_PKG_VERSION").to_owned(),
        overview,
        faults: faults::faults(titles, raw),
        alerts: alerts::alerts(&tables, &associations, &catalogue, &activity),
        tables,
        associations,
        catalogue,
        activity,
        training,
        signal,
        comparison: None,
    })
}

/// The ratings of whole users at equal distances, about `most` of them.
fn part_of_users(ratings: &RatingTable, n_titles: usize, most: usize) -> Interactions {
    if most == 0 || ratings.len() <= most {
        return ratings.interactions(n_titles);
    }
    let n_users = ratings.users().len();
    let n = (n_users as u128 * most as u128 / ratings.len() as u128).max(1) as usize;
    let mut part = Interactions { n_users: n, n_titles, ..Interactions::default() };
    for (user, of) in columns::evenly(n_users, n).enumerate() {
        let rows = ratings.rows_of(of);
        part.user_idx.extend(std::iter::repeat_n(user as u32, rows.len()));
        part.title_idx.extend_from_slice(&ratings.title_idx()[rows.clone()]);
        part.rating.extend_from_slice(&ratings.rating()[rows]);
    }
    part
}

fn signal_card(
    clean: &Clean,
    works: &[u32],
    options: SignalOptions,
    reporter: &dyn Reporter,
) -> Result<SignalCard, EdaError> {
    let pooled = clean.ratings.by_work(works);
    let rows = part_of_users(&pooled, works.len(), options.max_ratings);
    drop(pooled);
    let svd = SvdParams {
        n_factors: 8,
        n_epochs: 15,
        learning_rate: 0.01,
        regularization: 0.05,
        ..SvdParams::default()
    };
    let model = format!(
        "biases and {} factors, {} passes at a rate of {} and a regularisation of {}",
        svd.n_factors, svd.n_epochs, svd.learning_rate, svd.regularization
    );
    let signal = signal::check(
        &rows,
        &ModelParams::Svd(svd),
        &TitleFeatures::default(),
        options.n_splits,
        options.seed,
        &WithoutNotes(reporter),
    )
    .map_err(EdaError::Signal)?;
    Ok(SignalCard::new(signal, model, rows.len(), reporter))
}

impl SignalCard {
    /// What a check of `n_ratings` ratings by `model` found. Its sentence goes to the reporter too.
    pub fn new(signal: Signal, model: String, n_ratings: usize, reporter: &dyn Reporter) -> Self {
        let sentence = if signal.title_signal {
            format!(
                "Yes, the ratings say which titles people like: knowing the title makes a predicted rating {:.1}% more \
             exact than chance would, an error of {:.3} stars instead of {:.3}.",
                100.0 * signal.gain / signal.twin_rmse,
                signal.rmse,
                signal.twin_rmse
            )
        } else {
            format!(
                "No, these ratings do not say which titles people like: with the titles shuffled the prediction is as \
             exact, an error of {:.3} stars against {:.3}, so any recommendation from them is chance.",
                signal.twin_rmse, signal.rmse
            )
        };
        reporter.note(&sentence);
        Self { sentence, signal, model, ratings_used: n_ratings as u64 }
    }
}

impl Eda {
    /// This analysis against another, which is the expected one and is called `name`.
    #[must_use]
    pub fn against(mut self, other: &Self, name: &str) -> Self {
        self.comparison = Some(compare::compare(&self, other, name));
        self
    }

    /// Reads `eda.json`.
    ///
    /// # Errors
    /// The file cannot be read, or is no analysis of this format.
    pub fn read(path: &Path) -> Result<Self, EdaError> {
        let text = std::fs::read(path).map_err(|e| EtlError::read(path, e))?;
        let eda: Self = serde_json::from_slice(&text)
            .map_err(|source| EdaError::NoAnalysis { path: path.to_owned(), source })?;
        if eda.format == EDA_FORMAT {
            Ok(eda)
        } else {
            Err(EdaError::Format { path: path.to_owned(), found: eda.format })
        }
    }

    /// What a release holds of it: the same JSON without white space, and the page.
    ///
    /// # Panics
    /// Never: the texts are what they should be.
    pub fn artifact(&self) -> Analysis {
        let json = serde_json::to_string(self).expect("an analysis has names for keys, and no NaN");
        Analysis::new(json, page::policy(), page(self)).expect("the page is one")
    }

    /// The bytes of `eda.json`.
    ///
    /// # Panics
    /// Never: all keys are names.
    pub fn to_json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("an analysis has names for keys, and no NaN");
        text.push('\n');
        text
    }
}

/// Writes `eda.json`, `eda.html`, `training.csv` and `training_titles.csv` into a folder, which is made where it is
/// missing.
///
/// # Errors
/// A file cannot be written, or would replace one of the files that `raw` was read from.
pub fn write(
    eda: &Eda,
    clean: &Clean,
    raw: Raw<'_>,
    dir: &Path,
    reporter: &dyn Reporter,
) -> Result<(), EdaError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| EdaError::Write { path, source }
    };
    std::fs::create_dir_all(dir).map_err(failed(dir))?;
    for name in [JSON_FILE, PAGE_FILE, TRAINING_FILE, TRAINING_TITLES_FILE] {
        let path = dir.join(name);
        let existing = path.canonicalize().ok();
        let is_input =
            |output: &EtlOutput| output.files.iter().any(|f| f.path.canonicalize().ok() == existing);
        if existing.is_some() && matches!(raw, Raw::Read(output) if is_input(output)) {
            return Err(EtlError::OverwritesInput(path).into());
        }
    }
    let works = clean.titles.works();
    let pooled = clean.ratings.by_work(&works);
    training::write(dir, &clean.titles, &works, &pooled, &eda.training, reporter)?;
    for (name, text) in [(JSON_FILE, eda.to_json()), (PAGE_FILE, page(eda))] {
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}
