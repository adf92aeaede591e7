use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use artifact::Kind;
use dataset::Data;
use eda::Raw;
use etl::EtlError;
use evaluate::choose::fit::FitOptions;
use evaluate::signal;
use models::{RankingModelFile, RatingModelFile};
use progress::Reporter as _;
use release::{BuildOptions, Built};
use store::{Body, Store};
use tables::{RATINGS_FILE, Rejects, TITLES_FILE, read_clean, read_file_rows, read_rejects};

use super::data::{HoldOut, Input};
use super::params::ParamArgs;
use super::pseudonym::read_key;
use super::show::describe;
use super::signing::{SignArgs, Signer};
use super::stores::{self, StoreArg, block_on, open};
use crate::Context;

/// Build a release and serve it from a store.
///
/// Reads raw files or clean tables, searches for parameters on validation ratings, and compares the choice
/// with simple baselines on test ratings that are used only once. Then trains on all ratings, and writes
/// artifacts and manifest. The same files, options and seed give the same bytes with any number of threads,
/// unless `--minutes` ends the search.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    store: StoreArg,

    #[command(flatten)]
    sign: SignArgs,

    /// Also write the clean tables and the rejects to this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    tables: Option<PathBuf>,

    /// Rating model from `cartelera train --out`, trained on all of these ratings, to use instead of a
    /// search.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["params", "algorithm", "trials", "minutes"])]
    rating_model: Option<PathBuf>,

    /// Ranking model from `cartelera rank --out`, trained on all of these ratings, to use instead of a
    /// search.
    #[arg(long, value_name = "FILE", conflicts_with = "ranking_trials")]
    ranking_model: Option<PathBuf>,

    /// Number of trials of the search. The first uses biases only, the second Gibbs sampling and the others
    /// SVD, except that every fifth uses biases only.
    #[arg(long, value_name = "N", default_value_t = 40)]
    trials: usize,

    /// End the search after this many minutes. Results then depend on how fast the machine is.
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<f64>,

    /// Number of trials in the search for a ranking model; neighbors get half as many more. With 0, none is
    /// trained and lists are ordered by predicted rating.
    #[arg(long, value_name = "N", default_value_t = 16)]
    ranking_trials: usize,

    /// Number of random splits on which the ratings are checked for title signal: 2 to 10, or 0 to skip the
    /// check.
    #[arg(long, value_name = "N", default_value_t = 3)]
    signal_splits: usize,

    /// Score at or above which a title is recommended [default: two thirds of the way up the scale, 3.5 on
    /// 0.5 to 5].
    #[arg(long, value_name = "SCORE", allow_hyphen_values = true)]
    recommend_threshold: Option<f32>,

    /// Store pseudonyms instead of user ids, computed with the key in this file (see `cartelera pseudonym`).
    /// Only someone with the key can look up a user. The clean tables that --tables writes keep the ids.
    #[arg(long, value_name = "KEYFILE")]
    pseudonyms: Option<PathBuf>,

    #[command(flatten)]
    params: ParamArgs,

    #[command(flatten)]
    hold_out: HoldOut,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let options = options(args)?;
    let signer = args.sign.read()?;
    let current = block_on(async { Ok(store::current(open(&args.store.store).await?.as_ref()).await.ok()) })?;
    signer.check_before_building(current.as_ref())?;
    let built = if let Some(dir) = args.input.tables()? {
        from_tables(dir, &options, context)?
    } else {
        let (etl, built) = release::build(&args.input.raw.find()?, &options, context)?;
        if let Some(dir) = &args.tables {
            etl.write(dir, context)?;
        }
        context.print(&etl.summary().to_string());
        built
    };
    let (location, published) = block_on(publish(&args.store.store, &built, &signer, context))?;
    context.print(&describe(&published, &built.manifest));
    context.print(&format!("release {published} is served from {location}"));
    Ok(())
}

fn options(args: &Args) -> anyhow::Result<BuildOptions> {
    let time_limit = args
        .minutes
        .map(|m| Duration::try_from_secs_f64(m * 60.0))
        .transpose()
        .context("--minutes must be a number of minutes, at least 0")?;
    anyhow::ensure!(
        args.recommend_threshold.is_none_or(f32::is_finite),
        "--recommend-threshold must be a number"
    );
    signal::check_splits(args.signal_splits).map_err(anyhow::Error::msg)?;
    Ok(BuildOptions {
        fit: FitOptions {
            shares: args.hold_out.shares(),
            method: args.hold_out.method(),
            seed: args.hold_out.seed,
            params: args.params.read()?,
            n_trials: args.trials,
            time_limit,
            ..FitOptions::default()
        },
        rating_model: args.rating_model.as_deref().map(RatingModelFile::read).transpose()?,
        ranking_model: args.ranking_model.as_deref().map(RankingModelFile::read).transpose()?,
        ranking_trials: args.ranking_trials,
        signal_splits: args.signal_splits,
        recommend_threshold: args.recommend_threshold,
        max_rejects: args.input.raw.max_rejects,
        pseudonyms: args.pseudonyms.as_deref().map(read_key).transpose()?,
    })
}

fn from_tables(dir: &Path, options: &BuildOptions, context: &Context) -> anyhow::Result<Built> {
    let clean = read_clean(dir, context)?;
    let rejects = read_rejects(dir)?;
    let none = Rejects::default();
    match read_file_rows(dir)? {
        Some(files) => {
            etl::check_losses(&files, rejects.as_ref().unwrap_or(&none), &clean, options.max_rejects)
                .map_err(EtlError::Losses)?;
        }
        None if rejects.as_ref().is_some_and(|rejects| !rejects.is_empty()) => context.note(
            "an earlier version made these tables, without the rows of each file, so the losses are not checked; \
             `cartelera etl` makes them again",
        ),
        None => {}
    }
    let mut counts = clean.counts();
    if let Some(rejects) = &rejects {
        counts.rejected =
            rejects.by_reason().into_iter().map(|(reason, n)| (reason.to_string(), n)).collect();
    }
    let sources = [TITLES_FILE, RATINGS_FILE]
        .map(|name| tables::source(&dir.join(name)))
        .into_iter()
        .collect::<Result<_, _>>()?;
    let raw = rejects.as_ref().map_or(Raw::Unknown, Raw::Rejects);
    Ok(release::from_data(&Data::new(&clean, counts, sources), raw, options, context)?)
}

/// Writes a release to a store and makes it current. Returns the location of the store and the name of the
/// release.
pub(super) async fn publish(
    uri: &str,
    built: &Built,
    signer: &Signer,
    context: &Context,
) -> anyhow::Result<(String, String)> {
    let store: Arc<dyn Store> = open(uri).await?.into();
    let bodies: Vec<(Kind, Body)> =
        built.artifacts.iter().map(|(kind, bytes)| (*kind, bytes.clone().into())).collect();
    let published = stores::publish(&store, &bodies, &built.manifest, signer, None, context).await?;
    Ok((store.location(), published.release))
}
