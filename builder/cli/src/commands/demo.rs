use std::path::PathBuf;

use super::build::publish;
use super::serve::{ListenArgs, serve_store};
use super::signing::Signer;
use super::stores::{block_on, open};
use crate::Context;
use etl::EtlInput;
use evaluate::choose::fit::FitOptions;
use progress::Reporter;
use release::BuildOptions;

/// Build a release from the sample data, unless there is one, and serve it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with the sample's `titles` and `ratings`.
    #[arg(long, value_name = "DIR", default_value = "data/sample")]
    data: PathBuf,

    /// Store for the demo's release.
    #[arg(long, value_name = "STORE", default_value = "releases/demo")]
    store: String,

    #[command(flatten)]
    listen: ListenArgs,
}

/// Enough for the sample; `cartelera build` tries more.
const N_TRIALS: usize = 8;
const N_RANKING_TRIALS: usize = 4;

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    // Fail before building, which takes a while.
    args.listen.personal_routes()?;
    let there = block_on(async {
        let store = open(&args.store).await?;
        match store::current(store.as_ref()).await {
            Ok(pointer) => Ok(Some(pointer.release)),
            Err(store::LoadError::NothingPublished { .. }) => Ok(None),
            Err(store::LoadError::Fetch { source, .. }) if source.is_missing() => Ok(None),
            Err(error) => Err(error.into()),
        }
    })?;
    if let Some(release) = there {
        context.note(&format!("serving release {release} from {}", args.store));
    } else {
        anyhow::ensure!(
            args.data.is_dir(),
            "no such folder: {}; run this command in the project's folder, or pass another folder with --data",
            args.data.display()
        );
        let options = BuildOptions {
            fit: FitOptions { n_trials: N_TRIALS, ..FitOptions::default() },
            ranking_trials: N_RANKING_TRIALS,
            signal_splits: 2,
            ..BuildOptions::default()
        };
        let input = EtlInput::resolve(&[args.data.join("titles")], &[args.data.join("ratings")])?;
        let (etl, built) = release::build(&input, &options, context)?;
        context.note(&etl.summary().to_string());
        let (location, release) = block_on(publish(&args.store, &built, &Signer::default(), context))?;
        context.note(&format!("built release {release} in {location}"));
    }
    serve_store(&args.store, &args.listen, context)
}
