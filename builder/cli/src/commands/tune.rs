use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use super::data::{HoldOut, Ratings, Source, read_folds, write};
use crate::Context;
use dataset::split;
use evaluate::choose::rating::search;
use evaluate::choose::trial::SearchOptions;

/// Search for the model parameters with the lowest error on held-out ratings.
///
/// Each trial trains a model on the training part and judges it on the validation part; the test part is not
/// used. Prints the trials and whether factors help.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    hold_out: HoldOut,

    /// Number of trials. The first uses biases only, the second Gibbs sampling and the others SVD, except
    /// that every fifth uses biases only.
    #[arg(long, value_name = "N", default_value_t = 40)]
    trials: usize,

    /// Do not start trials after this many minutes.
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<f64>,

    /// File for the trials and the chosen parameters, in JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// File with the fold number of each row, one per line. The rows of fold `--without-fold` are left out
    /// instead of a test share, and the validation rows are drawn at random.
    #[arg(long, value_name = "FILE", requires = "without_fold", requires = "rows")]
    folds: Option<PathBuf>,

    /// Fold to leave out.
    #[arg(long, value_name = "FOLD", requires = "folds")]
    without_fold: Option<u32>,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { source, hold_out, trials, minutes, out, folds, without_fold } = args;
    let Ratings { file, features } = source.read(context)?;
    let (train, validation) = if let (Some(path), Some(fold)) = (&folds, without_fold) {
        let folds = read_folds(path, file.rows.len())?;
        hold_out.validation_of(&split::fold(&folds, fold)?.train)?
    } else {
        let cut = hold_out.cut(&file)?;
        (cut.train, cut.validation)
    };
    let time_limit = minutes
        .map(|m| Duration::try_from_secs_f64(m * 60.0))
        .transpose()
        .context("--minutes must be a number of minutes, at least 0")?;
    let options = SearchOptions { n_trials: trials, time_limit, seed: hold_out.seed };
    let (train, validation) = (file.rows.select(&train), file.rows.select(&validation));
    let tuned = search(&train, &validation, &features, options, context)?;
    if let Some(path) = &out {
        let mut json = serde_json::to_string_pretty(&tuned)?;
        json.push('\n');
        write(path, json.as_bytes())?;
    }
    context.print(&format!("{}\n{}\nchosen: {}", tuned.to_text(), tuned.verdict, tuned.params.describe()));
    Ok(())
}
