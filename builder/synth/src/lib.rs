//! Synthetic data: catalogs and ratings of any size, in the format of the real files.
//!
//! Shares, missing cells, years, lengths and labels of the catalogs follow the published ones; titles, people
//! and descriptions are made from word lists. Ratings have user and title biases, tastes tied to genres,
//! skewed activity and popularity, and drift. The signal scales all of these except the users' biases.

mod dice;
mod platforms;
mod ratings;
mod titles;
mod words;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use dice::Dice;
use platforms::PROFILES;
use progress::Reporter;

pub use ratings::RatingFaults;
pub use titles::TitleFaults;

/// Number of rating files, which have equal numbers of rows.
const N_RATING_FILES: u64 = 8;
const STREAM_CATALOGS: u64 = 0;
const RECORD: &str = "synth.json";

/// Size and properties of a data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SynthParams {
    /// Number of titles on all four platforms together; at least 4.
    pub titles: usize,
    /// Number of users, who each give at least one rating; at least 1.
    pub users: usize,
    /// Number of valid ratings, which are distinct (user, title) pairs. Faulty rows are added to them.
    pub ratings: u64,
    /// Seed of every choice. The same seed gives the same bytes, with any number of threads.
    pub seed: u64,
    /// Faults per title, and faulty rows per valid rating, from 0 to 1.
    pub faults: f64,
    /// How far ratings depend on the title, from 0 to 1. At 0, titles are assigned at random and are all
    /// alike, so only users differ.
    pub signal: f64,
}

/// Description of a data set that was made. `synth.json` next to the data contains it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The parameters.
    pub params: SynthParams,
    /// Rows of each catalog, by the platform's name, in source order.
    pub titles: Vec<(String, usize)>,
    /// Number of works. A film on two or more platforms counts once.
    pub works: usize,
    /// Faults in the catalogs.
    pub title_faults: TitleFaults,
    /// Number of rows in all rating files, including faulty ones.
    pub rating_rows: u64,
    /// Faulty rows among them.
    pub rating_faults: RatingFaults,
}

/// Reason why not everything was written.
#[derive(Debug, Error)]
pub enum SynthError {
    /// There must be at least one title per platform.
    #[error("{0} titles cannot fill four catalogs; use at least 4")]
    TooFewTitles(usize),
    /// There are not enough ids.
    #[error("{name} is {value}; at most {limit} are supported")]
    TooMany {
        /// Name of the parameter.
        name: &'static str,
        /// Value of the parameter.
        value: u64,
        /// Largest value that works.
        limit: u64,
    },
    /// There must be at least one user.
    #[error("there are no users to give ratings; use at least 1")]
    NoUsers,
    /// Every user rates, and every file has a row.
    #[error("{ratings} ratings are too few for {users} users; use at least {least}")]
    TooFewRatings {
        /// Number of ratings requested.
        ratings: u64,
        /// Number of users.
        users: usize,
        /// Smallest number that works.
        least: u64,
    },
    /// A user rates at most four fifths of the titles.
    #[error("{ratings} ratings are too many for {users} users and {titles} titles; use at most {most}")]
    TooManyRatings {
        /// Number of ratings requested.
        ratings: u64,
        /// Number of users.
        users: usize,
        /// Number of titles.
        titles: usize,
        /// Largest number that works.
        most: u64,
    },
    /// A value that is not a share.
    #[error("{name} is {value}; it must be from 0 to 1")]
    NoShare {
        /// Name of the parameter.
        name: &'static str,
        /// Value of the parameter.
        value: f64,
    },
    /// Files of somebody else would be lost.
    #[error("{} contains files that `cartelera synth` did not make; choose another folder, or empty it", .0.display())]
    Occupied(PathBuf),
    /// The file system failed.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
}

impl SynthParams {
    fn check(&self) -> Result<(), SynthError> {
        let Self { titles, users, ratings, .. } = *self;
        for (name, value) in [("the rate of faults", self.faults), ("the signal", self.signal)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(SynthError::NoShare { name, value });
            }
        }
        if titles < PROFILES.len() {
            return Err(SynthError::TooFewTitles(titles));
        }
        if users == 0 {
            return Err(SynthError::NoUsers);
        }
        for (name, value) in [("the number of titles", titles), ("the number of users", users)] {
            // Positions are 32 bits wide, and one value is reserved.
            let limit = u64::from(u32::MAX) / 2;
            if value as u64 > limit {
                return Err(SynthError::TooMany { name, value: value as u64, limit });
            }
        }
        let least = (users as u64).max(N_RATING_FILES);
        if ratings < least {
            return Err(SynthError::TooFewRatings { ratings, users, least });
        }
        let most = users as u64 * ratings::max_per_user(titles) as u64;
        if ratings > most {
            return Err(SynthError::TooManyRatings { ratings, users, titles, most });
        }
        Ok(())
    }
}

/// Writes `titles/*_titles.csv`, `ratings/1.csv` to `8.csv` and `synth.json` under `out_dir`.
///
/// Ratings are streamed: memory grows only with titles and users. Files of an earlier run are replaced.
///
/// # Errors
/// Returns an error if parameters contradict each other, the folder contains somebody else's files, or a file
/// cannot be written. Nothing is written before the first two are ruled out.
pub fn write(params: &SynthParams, out_dir: &Path, reporter: &dyn Reporter) -> Result<Summary, SynthError> {
    params.check()?;
    let titles_dir = out_dir.join("titles");
    let ratings_dir = out_dir.join("ratings");
    let record = out_dir.join(RECORD);
    if !record.exists() {
        for dir in [&titles_dir, &ratings_dir] {
            if dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
                return Err(SynthError::Occupied(dir.clone()));
            }
        }
    }
    for dir in [&titles_dir, &ratings_dir] {
        std::fs::create_dir_all(dir).map_err(|source| SynthError::Io { path: dir.clone(), source })?;
    }

    reporter.start("making titles", 0, "titles");
    let made = titles::make(params.titles, params.faults, &mut Dice::new(params.seed, STREAM_CATALOGS));
    for (profile, bytes) in PROFILES.iter().zip(&made.files) {
        write_file(&titles_dir.join(format!("{}_titles.csv", profile.name)), bytes)?;
    }
    reporter.advance(params.titles as u64);
    reporter.finish();

    let plan = ratings::Plan::new(
        &made.rated,
        made.n_works,
        (params.users, params.ratings),
        params.seed,
        params.signal,
        params.faults,
    );
    reporter.start("making ratings", plan.n_rows(), "rows");
    let mut files = RatingFiles::new(ratings_dir, plan.n_rows());
    plan.write(|piece| {
        let n_rows = files.write(piece)?;
        reporter.advance(n_rows);
        Ok(())
    })?;
    files.finish()?;
    reporter.finish();

    let summary = Summary {
        params: params.clone(),
        titles: PROFILES.iter().zip(made.n_titles).map(|(profile, n)| (profile.name.to_owned(), n)).collect(),
        works: made.n_works,
        title_faults: made.faults,
        rating_rows: plan.n_rows(),
        rating_faults: plan.faults(),
    };
    let mut json = serde_json::to_vec_pretty(&summary)
        .map_err(|source| SynthError::Io { path: record.clone(), source: source.into() })?;
    json.push(b'\n');
    write_file(&record, &json)?;
    Ok(summary)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), SynthError> {
    std::fs::write(path, bytes).map_err(|source| SynthError::Io { path: path.to_owned(), source })
}

/// Rating files, filled one after the other.
struct RatingFiles {
    dir: PathBuf,
    n_rows: u64,
    n_written: u64,
    /// Number of files begun; the last of them is open until it is full.
    n_begun: u64,
    open: Option<(PathBuf, BufWriter<File>)>,
}

impl RatingFiles {
    fn new(dir: PathBuf, n_rows: u64) -> Self {
        Self { dir, n_rows, n_written: 0, n_begun: 0, open: None }
    }

    /// Writes whole rows, continuing in the next file when one is full. Returns their number.
    fn write(&mut self, mut rows: &[u8]) -> Result<u64, SynthError> {
        let before = self.n_written;
        while !rows.is_empty() {
            let full_at = self.n_rows * self.n_begun / N_RATING_FILES;
            if self.n_written == full_at {
                self.begin()?;
                continue;
            }
            let room = (full_at - self.n_written) as usize;
            let mut end = 0;
            let mut n = 0;
            for at in memchr::memchr_iter(b'\n', rows).take(room) {
                end = at + 1;
                n += 1;
            }
            self.put(&rows[..end])?;
            self.n_written += n;
            rows = &rows[end..];
        }
        Ok(self.n_written - before)
    }

    fn begin(&mut self) -> Result<(), SynthError> {
        self.finish()?;
        self.n_begun += 1;
        let path = self.dir.join(format!("{}.csv", self.n_begun));
        let file = File::create(&path).map_err(|source| SynthError::Io { path: path.clone(), source })?;
        self.open = Some((path, BufWriter::with_capacity(1 << 20, file)));
        self.put(b"userId,rating,timestamp,movieId\n")
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), SynthError> {
        match &mut self.open {
            Some((path, file)) => {
                file.write_all(bytes).map_err(|source| SynthError::Io { path: path.clone(), source })
            }
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<(), SynthError> {
        match self.open.take() {
            Some((path, mut file)) => file.flush().map_err(|source| SynthError::Io { path, source }),
            None => Ok(()),
        }
    }
}
