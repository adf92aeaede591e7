//! Reads ratings and parameters for the model commands, and holds rows out.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use catalog::{Scale, TitleId, UserId};

use crate::Context;
use dataset::TitleFeatures;
use dataset::split::{self, Cut, Method, Shares};
use etl::{EtlInput, TitleColumns, read_title_table};
use models::{HeldOutPart, Identity};
use progress::Reporter as _;
use tables::open::Encoding;
use tables::rows::{RatingColumns, RatingOptions, Separator};
use tables::{Clean, RatingRows, read_clean, read_rating_rows};
use train::ModelParams;

/// Raw files, and options for reading them.
#[derive(Debug, clap::Args)]
pub(super) struct RawFiles {
    /// Catalog: a folder, a file whose name contains the platform such as `netflix_titles.csv`, or NAME=FILE
    /// for any other platform (NAME:PREFIX=FILE to choose how its ids begin). MovieLens movies.csv,
    /// movies.dat and u.item also work. Can be given several times; without it, each id in the ratings
    /// becomes a title.
    #[arg(long, value_name = "PATH")]
    titles: Vec<PathBuf>,

    /// What the columns of the catalogs hold, where their names do not show it: WHAT=COLUMN,… with names or
    /// positions, such as `title=Name,id=1,year=Released`. WHAT is id, kind, title, director, cast, country,
    /// `date_added`, year, audience, duration, genres, description or seasons.
    #[arg(long, value_name = "WHAT=COLUMN,…", requires = "titles")]
    title_columns: Option<TitleColumns>,

    /// Table of genres to add to the built-in one: a CSV file with the columns `genre` and `label`, which
    /// says that a label of the catalogs is of a genre. A label may have several rows; with an empty genre it
    /// has none.
    #[arg(long, value_name = "FILE", requires = "titles")]
    genres: Option<PathBuf>,

    /// Ratings: a file, a folder, a pipe, or `-` for standard input. Any table with a user, a title and a
    /// rating in each row is read, packed by gzip, zstd or zip too, and so are the files of the Netflix Prize
    /// and the ratings that one user exported from Letterboxd or `IMDb` (with `--titles`); `data/README.md`
    /// lists the layouts. Can be given several times; without it, the catalogs alone are read, and nothing is
    /// predicted.
    #[arg(long, value_name = "PATH")]
    ratings: Vec<PathBuf>,

    #[command(flatten)]
    options: RatingArgs,

    /// Share of the rows of a file that may be rejected; clean tables hold how many were. Titles of a user's
    /// own export that are not in the catalogs do not count.
    #[arg(long, value_name = "SHARE", default_value_t = etl::MAX_REJECTS, value_parser = share)]
    pub(super) max_rejects: f64,
}

/// Options for rating files whose layout is not detected correctly.
#[derive(Debug, clap::Args)]
struct RatingArgs {
    /// Separator between the fields of rating files: `,` `;` `|` `::` `tab` or `blanks`.
    #[arg(long, value_name = "TEXT")]
    delimiter: Option<Separator>,

    /// Columns of rating files, each by its name or its position from 1, such as
    /// `user=who,title=film,rating=3`; `time=…` may be left out.
    #[arg(long, value_name = "ROLE=COLUMN,…")]
    columns: Option<RatingColumns>,

    /// Encoding of rating files, such as `latin1` or `utf-16le`.
    #[arg(long, value_name = "NAME")]
    encoding: Option<Encoding>,

    /// Form of the times in rating files, as for strftime, such as `%d/%m/%Y`.
    #[arg(long, value_name = "FORMAT")]
    time_format: Option<String>,

    /// Lowest and highest rating that a user can give, such as `1:10`; ratings outside are rejected. Without
    /// it, the scale is found from the ratings.
    #[arg(long, value_name = "LOW:HIGH", allow_hyphen_values = true)]
    scale: Option<Scale>,

    /// Lowest rating that counts as a like [default: four fifths of the highest, 4 of 5].
    #[arg(long, value_name = "RATING", allow_hyphen_values = true)]
    liked: Option<f32>,

    /// User of the ratings that one user exported from Letterboxd or `IMDb`, which do not name the user
    /// [default: me].
    #[arg(long, value_name = "ID", value_parser = user_id)]
    user: Option<UserId>,
}

impl RawFiles {
    /// Finds the files.
    pub(super) fn find(&self) -> anyhow::Result<EtlInput> {
        let RatingArgs { delimiter, columns, encoding, time_format, scale, liked, user } = &self.options;
        let options = RatingOptions {
            separator: *delimiter,
            columns: columns.clone(),
            encoding: *encoding,
            time_format: time_format.clone(),
            scale: *scale,
            liked: *liked,
            user: user.clone(),
        };
        let mut input = EtlInput::resolve(&self.titles, &self.ratings)?;
        input.options = options;
        input.catalogs.columns.clone_from(&self.title_columns);
        if let Some(genres) = &self.genres {
            input.catalogs.genres.extend(genres)?;
        }
        Ok(input)
    }

    /// Returns whether any file was given.
    fn is_given(&self) -> bool {
        !self.titles.is_empty() || !self.ratings.is_empty()
    }
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| "a share is a number from 0 to 1".to_owned())
}

fn user_id(text: &str) -> Result<UserId, String> {
    UserId::new(text).map_err(|error| error.to_string())
}

/// Raw files, or the clean tables made from them.
#[derive(Debug, clap::Args)]
pub(super) struct Input {
    #[command(flatten)]
    pub(super) raw: RawFiles,

    /// Folder of clean tables, as written by `cartelera etl`, instead of raw files.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Input {
    /// Returns the folder of clean tables, if one was given.
    ///
    /// # Errors
    /// Raw files were given too.
    pub(super) fn tables(&self) -> anyhow::Result<Option<&Path>> {
        anyhow::ensure!(
            self.data.is_none() || !self.raw.is_given(),
            "--data takes the place of --titles and --ratings; pass one or the other"
        );
        Ok(self.data.as_deref())
    }
}

/// Source of ratings.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// Folder of clean tables, as written by `cartelera etl`. If a film or series is on several platforms,
    /// its ratings are pooled.
    #[arg(long, value_name = "DIR", required_unless_present = "rows", conflicts_with = "rows")]
    data: Option<PathBuf>,

    /// MovieLens rows, unchanged: user, item, rating and timestamp, separated by tabs (`u.data`).
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,

    /// With `--rows`: file of titles (`u.item`, `movies.csv`), for models that use features.
    #[arg(long, value_name = "FILE", requires = "rows")]
    item_file: Option<PathBuf>,
}

/// Ratings, with the features of their titles.
#[derive(Debug)]
pub(super) struct Ratings {
    pub(super) file: RatingRows,
    pub(super) features: TitleFeatures,
}

impl Source {
    /// Reads the ratings. With clean tables, the titles are all those in the catalog, in its order, including
    /// unrated ones.
    pub(super) fn read(&self, context: &Context) -> anyhow::Result<Ratings> {
        if let Some(path) = &self.rows {
            let file = read_rating_rows(path)?;
            let features = match &self.item_file {
                Some(path) => {
                    let (table, n_rejected) = read_title_table(path)?;
                    if n_rejected > 0 {
                        context.note(&format!(
                            "{}: {n_rejected} titles were left out; run `cartelera etl` to see why",
                            path.display()
                        ));
                    }
                    TitleFeatures::of_ids(&table, &file.titles)
                }
                None => TitleFeatures::default(),
            };
            return Ok(Ratings { file, features });
        }
        let Some((clean, features)) = self.read_table(context)? else {
            anyhow::bail!("no ratings were given; pass --data or --rows");
        };
        let titles: Vec<_> = clean.titles.titles().iter().map(|title| title.id.clone()).collect();
        Ok(Ratings {
            features,
            file: RatingRows {
                users: clean.ratings.users().to_vec(),
                rows: clean.ratings.interactions(titles.len()),
                timestamp: clean.ratings.timestamp().to_vec(),
                titles,
            },
        })
    }

    /// Reads the clean tables, with their ratings pooled by work, and the features of the works. Returns
    /// `None` without `--data`.
    ///
    /// # Errors
    /// The tables cannot be read, or are of catalogs alone.
    pub(super) fn read_table(&self, context: &Context) -> anyhow::Result<Option<(Clean, TitleFeatures)>> {
        let Some(dir) = &self.data else { return Ok(None) };
        let mut clean = read_clean(dir, context)?;
        anyhow::ensure!(
            !clean.ratings.is_empty(),
            "{}: these tables have no ratings, and this command needs them; run `cartelera etl` again with \
             --ratings",
            dir.display()
        );
        let works = clean.titles.works();
        clean.ratings = clean.ratings.by_work(&works);
        let features = TitleFeatures::new(&clean.titles, &works);
        Ok(Some((clean, features)))
    }
}

impl Ratings {
    /// Returns the identity of these ratings, for a model that is trained on them.
    pub(super) fn identity(&self) -> Identity {
        let RatingRows { users, titles, rows, timestamp } = &self.file;
        Identity::of_rows(users, titles.iter().map(TitleId::as_str), rows, timestamp)
    }
}

/// Options for holding rows out. The same options and the same rows give the same parts in every command.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct HoldOut {
    /// Method of holding rows out.
    #[arg(long, value_enum, default_value = "random")]
    by: By,

    /// Share of the rows for choosing parameters.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub(super) validation: f64,

    /// Share of the rows for the final measurement.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    test: f64,

    /// Seed for all random choices.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
}

/// Method of holding rows out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// Rows at random.
    Random,
    /// The latest rows of each user.
    Chronological,
}

impl HoldOut {
    pub(super) fn method(self) -> Method {
        match self.by {
            By::Random => Method::Random,
            By::Chronological => Method::Chronological,
        }
    }

    pub(super) fn shares(self) -> Shares {
        Shares { validation: self.validation, test: self.test }
    }

    /// Describes the rows that are held out, for a model that is trained on the rest.
    pub(super) fn part(self, method: Method) -> HeldOutPart {
        HeldOutPart { method, shares: self.shares(), seed: self.seed }
    }

    pub(super) fn cut(self, file: &RatingRows) -> anyhow::Result<Cut> {
        self.cut_by(self.method(), file)
    }

    pub(super) fn cut_by(self, method: Method, file: &RatingRows) -> anyhow::Result<Cut> {
        Ok(split::cut(method, &file.rows, &file.timestamp, self.shares(), self.seed)?)
    }

    /// Splits the given rows at random. Returns those for training and those for validation; none are held
    /// out for testing.
    pub(super) fn validation_of(self, rows: &[usize]) -> anyhow::Result<(Vec<usize>, Vec<usize>)> {
        let shares = Shares { validation: self.validation, test: 0.0 };
        let inner = split::random(rows.len(), shares, self.seed)?;
        let outer = |part: Vec<usize>| part.into_iter().map(|row| rows[row]).collect();
        Ok((outer(inner.train), outer(inner.validation)))
    }
}

/// Reads the fold number of each row, one per line.
pub(super) fn read_folds(path: &Path, n_rows: usize) -> anyhow::Result<Vec<u32>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut folds = Vec::with_capacity(n_rows);
    for (n, line) in text.lines().enumerate() {
        let fold = line.trim().parse().with_context(|| {
            format!("{}, line {}, column 1: {line:?} is not a fold number", path.display(), n + 1)
        })?;
        folds.push(fold);
    }
    anyhow::ensure!(
        folds.len() == n_rows,
        "{} has {} fold numbers, but the rating file has {n_rows} rows; there must be one per row",
        path.display(),
        folds.len()
    );
    Ok(folds)
}

/// Reads parameters from JSON: the output of `cartelera tune --out`, or the parameters alone.
pub(super) fn read_params(path: &Path) -> anyhow::Result<ModelParams> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    if let Some(params) = value.get_mut("params") {
        value = params.take();
    }
    serde_json::from_value(value).with_context(|| {
        format!(
            "{} does not contain model parameters; write them with `cartelera tune --out`",
            path.display()
        )
    })
}

/// Writes a file. Errors include its path.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use train::{BiasParams, SvdParams};

    #[test]
    fn parameters_are_read_alone_or_from_a_search() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.json");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_params(&path)
        };
        assert_eq!(read(r#"{"algorithm":"biases"}"#).unwrap(), ModelParams::Biases(BiasParams::default()));
        let svd = ModelParams::Svd(SvdParams { n_factors: 7, ..SvdParams::default() });
        assert_eq!(read(r#"{"params":{"algorithm":"svd","n_factors":7},"trials":[]}"#).unwrap(), svd);
        assert!(read(r#"{"algorithm":"svd","factors":7}"#).is_err());
        assert!(read("[").is_err());
    }

    #[test]
    fn there_is_one_fold_number_per_row() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folds.txt");
        std::fs::write(&path, "1\n0\n").unwrap();
        assert_eq!(read_folds(&path, 2).unwrap(), [1, 0]);
        assert!(read_folds(&path, 3).unwrap_err().to_string().contains("has 2 fold numbers"));
        std::fs::write(&path, "1\nx\n").unwrap();
        assert!(read_folds(&path, 2).unwrap_err().to_string().contains("line 2, column 1"));
    }
}
