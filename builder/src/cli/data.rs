//! Where the model commands read ratings and parameters from, and how they hold rows out.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::Context;
use crate::Reporter as _;
use crate::etl::{Clean, FileOrder, read_clean, read_file_order, read_title_table};
use crate::features::TitleFeatures;
use crate::split::{self, Cut, Method, Shares};
use crate::train::ModelParams;

/// Ratings, from one of two places.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// Folder of clean tables, as `cartelera etl` writes it. Ratings of one film on several platforms are pooled.
    #[arg(long, value_name = "DIR", required_unless_present = "rows", conflicts_with = "rows")]
    data: Option<PathBuf>,

    /// MovieLens rows as they stand: user, item, rating and timestamp, separated by tabs (`u.data`).
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,

    /// With `--rows`: what is known of the titles (`u.item`, `movies.csv`), for models that use features.
    #[arg(long, value_name = "FILE", requires = "rows")]
    item_file: Option<PathBuf>,
}

/// Ratings, and what is known of their titles.
#[derive(Debug)]
pub(super) struct Ratings {
    pub(super) file: FileOrder,
    pub(super) features: TitleFeatures,
}

impl Source {
    /// The ratings. From clean tables, the titles are those of the catalogue in its order, rated or not.
    pub(super) fn read(&self, context: &Context) -> anyhow::Result<Ratings> {
        if let Some(path) = &self.rows {
            let file = read_file_order(path)?;
            let features = match &self.item_file {
                Some(path) => {
                    let (table, n_rejected) = read_title_table(path)?;
                    if n_rejected > 0 {
                        context.note(&format!(
                            "{}: {n_rejected} titles are left out; `cartelera etl` says why",
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
            anyhow::bail!("name the ratings with --data or --rows");
        };
        let titles: Vec<_> = clean.titles.titles().iter().map(|title| title.id.clone()).collect();
        Ok(Ratings {
            features,
            file: FileOrder {
                users: clean.ratings.users().to_vec(),
                rows: clean.ratings.interactions(titles.len()),
                timestamp: clean.ratings.timestamp().to_vec(),
                titles,
            },
        })
    }

    /// The clean tables, where ratings come from there: pooled over works, and what is known of the works.
    pub(super) fn read_table(&self, context: &Context) -> anyhow::Result<Option<(Clean, TitleFeatures)>> {
        let Some(dir) = &self.data else { return Ok(None) };
        let mut clean = read_clean(dir, context)?;
        let works = clean.titles.works();
        clean.ratings = clean.ratings.by_work(&works);
        let features = TitleFeatures::new(&clean.titles, &works);
        Ok(Some((clean, features)))
    }
}

/// Which rows are held out. The same options and the same rows give the same parts in every command.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct HoldOut {
    /// How rows are held out.
    #[arg(long, value_enum, default_value = "random")]
    pub(super) by: Method,

    /// Share of the rows for choosing parameters.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    validation: f64,

    /// Share of the rows for the last measurement.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    test: f64,

    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
}

impl HoldOut {
    pub(super) fn shares(self) -> Shares {
        Shares { validation: self.validation, test: self.test }
    }

    pub(super) fn cut(self, file: &FileOrder) -> anyhow::Result<Cut> {
        self.cut_by(self.by, file)
    }

    pub(super) fn cut_by(self, method: Method, file: &FileOrder) -> anyhow::Result<Cut> {
        Ok(split::cut(method, &file.rows, &file.timestamp, self.shares(), self.seed)?)
    }

    /// The rows given, without their test part: a random validation share of them, and the rest.
    pub(super) fn validation_of(self, rows: &[usize]) -> anyhow::Result<(Vec<usize>, Vec<usize>)> {
        let shares = Shares { validation: self.validation, test: 0.0 };
        let inner = split::random(rows.len(), shares, self.seed)?;
        let outer = |part: Vec<usize>| part.into_iter().map(|row| rows[row]).collect();
        Ok((outer(inner.train), outer(inner.validation)))
    }
}

/// Fold numbers, one a line, one line a row.
pub(super) fn read_folds(path: &Path, n_rows: usize) -> anyhow::Result<Vec<u32>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut folds = Vec::with_capacity(n_rows);
    for (n, line) in text.lines().enumerate() {
        let fold = line.trim().parse().with_context(|| {
            format!("{}, line {}, column 1: {line:?} is no fold number", path.display(), n + 1)
        })?;
        folds.push(fold);
    }
    anyhow::ensure!(
        folds.len() == n_rows,
        "{} names {} rows, the rating file has {n_rows}; it takes one fold number a row",
        path.display(),
        folds.len()
    );
    Ok(folds)
}

/// Parameters from JSON: what `cartelera tune --out` writes, or the parameters alone.
pub(super) fn read_params(path: &Path) -> anyhow::Result<ModelParams> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    if let Some(params) = value.get_mut("params") {
        value = params.take();
    }
    serde_json::from_value(value)
        .with_context(|| format!("{} holds no parameters of a model", path.display()))
}

/// Writes a file, naming it where that fails.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{BiasParams, SvdParams};

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
    fn folds_are_one_a_row() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folds.txt");
        std::fs::write(&path, "1\n0\n").unwrap();
        assert_eq!(read_folds(&path, 2).unwrap(), [1, 0]);
        assert!(read_folds(&path, 3).unwrap_err().to_string().contains("names 2 rows"));
        std::fs::write(&path, "1\nx\n").unwrap();
        assert!(read_folds(&path, 2).unwrap_err().to_string().contains("line 2, column 1"));
    }
}
