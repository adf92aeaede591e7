use std::path::PathBuf;

use dataset::split;
use evaluate::folds::{FoldOptions, cross_validate};
use progress::Reporter as _;

use super::data::{Ratings, Source, read_folds};
use super::params::ParamArgs;
use crate::Context;

/// Cross-validate the baselines, the trainers' defaults and your own parameters.
///
/// Each fold is the test part once; the figures are means over the folds.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) source: Source,

    #[command(flatten)]
    pub(super) params: ParamArgs,

    /// File with the fold number of each row, one per line; without it, rows are assigned to folds at random.
    #[arg(long, value_name = "FILE", requires = "rows", conflicts_with = "k")]
    pub(super) folds: Option<PathBuf>,

    /// Number of folds.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) k: usize,

    /// Also search for parameters inside the training rows of each fold.
    #[arg(long)]
    pub(super) tuned: bool,

    /// Trials of each search.
    #[arg(long, value_name = "N", default_value_t = 40, requires = "tuned")]
    pub(super) trials: usize,

    /// Share of the training rows of each fold for choosing parameters.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, requires = "tuned")]
    pub(super) validation: f64,

    /// Seed for all random choices.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,

    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let Ratings { file, features } = args.source.read(context)?;
    let folds = match &args.folds {
        Some(path) => read_folds(path, file.rows.len())?,
        None => split::k_fold(file.rows.len(), args.k, args.seed)?,
    };
    let options = FoldOptions {
        params: args.params.read()?,
        n_trials: args.tuned.then_some(args.trials),
        validation: args.validation,
        seed: args.seed,
    };
    let report = cross_validate(&file.rows, &features, &folds, &options, context)?;
    if args.json {
        context.print(&serde_json::to_string_pretty(&report)?);
    } else {
        context.print(&format!(
            "means over the folds: tested on {} rows, trained on {}\n{}",
            report.n_test,
            report.n_train,
            report.to_text()
        ));
    }
    context.note("hint: `cartelera evaluate` also measures on each user's latest ratings, which is harder and more realistic");
    Ok(())
}
