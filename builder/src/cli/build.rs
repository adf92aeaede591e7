use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use artifact::Kind;
use store::Body;

use super::Context;
use super::data::HoldOut;
use super::show::describe;
use super::stores::{self, StoreArg, block_on, open};
use super::train::ParamArgs;
use crate::etl::{self, EtlInput};
use crate::release::{self, BuildOptions, Built};
use crate::signal;
use crate::tune::FitOptions;

/// Make a release from raw files and serve it from a store.
///
/// Cleans the files, searches for parameters on validation ratings, measures the choice beside the baselines on
/// test ratings, trains on all, and writes artifacts and manifest. The same files, options and seed give the same
/// bytes, with any number of threads, unless `--minutes` ends the search.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Catalogue: a folder, a file such as `netflix_titles.csv`, or NAME=FILE for any other platform. May be
    /// given several times; without it, titles are the ids that the ratings name.
    #[arg(long, value_name = "PATH")]
    titles: Vec<PathBuf>,

    /// Ratings: a folder or a file, as `cartelera etl` takes them. May be given several times.
    #[arg(long, value_name = "PATH", required = true)]
    ratings: Vec<PathBuf>,

    #[command(flatten)]
    store: StoreArg,

    /// Folder for the clean tables and the rejects too.
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,

    /// Trials of the search; every fifth is biases only.
    #[arg(long, value_name = "N", default_value_t = 40)]
    trials: usize,

    /// End the search after so many minutes. What is tried then depends on the machine.
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<f64>,

    /// Trials of the search for the model that ranks; 0 leaves it out, and predicted ratings rank.
    #[arg(long, value_name = "N", default_value_t = 16)]
    ranking_trials: usize,

    /// Random splits on which the ratings are checked for title signal: 2 to 10, or 0 to leave that out.
    #[arg(long, value_name = "N", default_value_t = 3)]
    signal_splits: usize,

    /// Score at or above which a title is recommended.
    #[arg(long, value_name = "SCORE", default_value_t = 3.5)]
    recommend_threshold: f32,

    #[command(flatten)]
    params: ParamArgs,

    #[command(flatten)]
    hold_out: HoldOut,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let time_limit = args
        .minutes
        .map(|m| Duration::try_from_secs_f64(m * 60.0))
        .transpose()
        .context("--minutes takes a number of minutes, at least 0")?;
    anyhow::ensure!(args.recommend_threshold.is_finite(), "--recommend-threshold takes a score");
    anyhow::ensure!(
        args.signal_splits == 0 || (2..=signal::MAX_SEEDS).contains(&args.signal_splits),
        "--signal-splits takes 0, or 2 to {}",
        signal::MAX_SEEDS
    );
    let options = BuildOptions {
        fit: FitOptions {
            shares: args.hold_out.shares(),
            method: args.hold_out.by,
            seed: args.hold_out.seed,
            params: args.params.read()?,
            n_trials: args.trials,
            time_limit,
            ..FitOptions::default()
        },
        ranking_trials: args.ranking_trials,
        signal_splits: args.signal_splits,
        recommend_threshold: args.recommend_threshold,
    };
    let input = EtlInput::resolve(&args.titles, &args.ratings)?;
    let built = release::build(&input, &options, context)?;
    if let Some(dir) = &args.tables {
        etl::write(&built.etl, dir, context)?;
    }
    context.print(&built.etl.summary().to_string());
    let (location, published) = block_on(publish(&args.store.store, &built, context))?;
    context.print(&describe(&published, &built.manifest));
    context.print(&format!("release {published} is served from {location}"));
    Ok(())
}

/// Writes a release to a store and makes it current; gives the store's place and the release's name.
pub(super) async fn publish(uri: &str, built: &Built, context: &Context) -> anyhow::Result<(String, String)> {
    let store = open(uri).await?;
    let bodies: Vec<(Kind, Body)> =
        built.artifacts.iter().map(|(kind, bytes)| (*kind, bytes.clone().into())).collect();
    let published = stores::publish(store.as_ref(), &bodies, &built.manifest, context).await?;
    Ok((store.location(), published.release))
}
