//! Made-up data: catalogues and ratings of any size, in the format of the real files.
//!
//! Shares, null cells, years, lengths and labels of the catalogues follow the published ones; titles, people and
//! descriptions come from word lists. Ratings have user and title biases, tastes tied to genres, skewed activity and
//! popularity, and drift; the signal scales all of it but the users' biases.

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

use crate::Reporter;
use dice::Dice;
use platforms::PROFILES;

pub use ratings::RatingFaults;
pub use titles::TitleFaults;

/// The number of rating files, which hold equal numbers of rows.
const N_RATING_FILES: u64 = 8;
const STREAM_CATALOGUES: u64 = 0;
const RECORD: &str = "synth.json";

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SynthParams {
    /// Titles on all four platforms together; at least 4.
    pub titles: usize,
    /// Users, each of whom gives at least one rating; at least 1.
    pub users: usize,
    /// Sound ratings: distinct (user, title) pairs. Faulty rows come on top.
    pub ratings: u64,
    /// The same seed gives the same bytes, on any number of threads.
    pub seed: u64,
    /// Faults a title and faulty rows a sound rating, from 0 to 1.
    pub faults: f64,
    /// From 0 to 1: how far ratings depend on the title. At 0 titles are assigned at random, all alike, and only
    /// users differ.
    pub signal: f64,
}

/// What was made. `synth.json` beside the data holds it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// What was asked for.
    pub params: SynthParams,
    /// Rows of each catalogue, by the platform's name, in source order.
    pub titles: Vec<(String, usize)>,
    /// Films that stand on two platforms or more count once here.
    pub works: usize,
    /// Faults in the catalogues.
    pub title_faults: TitleFaults,
    /// Rows of all rating files, the faulty ones included.
    pub rating_rows: u64,
    /// Faulty rows among them.
    pub rating_faults: RatingFaults,
}

/// Why nothing, or not everything, was written.
#[derive(Debug, Error)]
pub enum SynthError {
    /// One title a platform is the least.
    #[error("{0} titles cannot fill four catalogues; ask for at least 4")]
    TooFewTitles(usize),
    /// More than ids are made for.
    #[error("{name} is {value}, and at most {limit} can be made")]
    TooMany {
        /// The parameter.
        name: &'static str,
        /// What was asked for.
        value: u64,
        /// The most that works.
        limit: u64,
    },
    /// Nobody to rate.
    #[error("there are no ratings without users; ask for at least 1")]
    NoUsers,
    /// Every user rates, and every file has a row.
    #[error("{ratings} ratings are too few; {users} users need at least {least}")]
    TooFewRatings {
        /// What was asked for.
        ratings: u64,
        /// Users.
        users: usize,
        /// The least that works.
        least: u64,
    },
    /// A user rates at most four fifths of the titles.
    #[error("{ratings} ratings are too many; {users} users of {titles} titles give at most {most}")]
    TooManyRatings {
        /// What was asked for.
        ratings: u64,
        /// Users.
        users: usize,
        /// Titles.
        titles: usize,
        /// The most that works.
        most: u64,
    },
    /// A share that is none.
    #[error("{name} is a number from 0 to 1, not {value}")]
    NoShare {
        /// The parameter.
        name: &'static str,
        /// What was asked for.
        value: f64,
    },
    /// Somebody's files would be lost.
    #[error("{} holds files that `cartelera synth` did not make; name another folder, or empty it", .0.display())]
    Occupied(PathBuf),
    /// The file system refused.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
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
            // Positions are 32 bits wide, and one value is kept free.
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
/// Ratings are streamed: memory grows with titles and users alone. Files of an earlier run are replaced.
///
/// # Errors
/// Parameters that contradict each other, a folder that holds somebody else's files, or a file that cannot be
/// written; nothing is written before the first two are ruled out.
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
    let made = titles::make(params.titles, params.faults, &mut Dice::new(params.seed, STREAM_CATALOGUES));
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

/// The rating files, filled one after the other.
struct RatingFiles {
    dir: PathBuf,
    n_rows: u64,
    n_written: u64,
    /// Files begun; the last of them is open until it is full.
    n_begun: u64,
    open: Option<(PathBuf, BufWriter<File>)>,
}

impl RatingFiles {
    fn new(dir: PathBuf, n_rows: u64) -> Self {
        Self { dir, n_rows, n_written: 0, n_begun: 0, open: None }
    }

    /// Writes whole rows, going on to the next file where one is full. Answers how many they were.
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
