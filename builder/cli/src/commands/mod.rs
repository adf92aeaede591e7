//! The commands.

mod build;
mod cold_start;
mod cross_validate;
mod data;
mod demo;
mod eda;
mod etl;
mod evaluate;
mod forget;
mod gc;
mod params;
mod pseudonym;
mod publish;
mod rank;
mod releases;
mod rollback;
mod serve;
mod show;
mod signing;
mod split;
mod spot_check;
mod stores;
mod synth;
mod train;
mod tune;
mod verify;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::Context;

/// Build and serve film recommendations from catalog and rating files.
#[derive(Debug, Parser)]
#[command(name = "cartelera", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Hide progress and notes; errors are still shown.
    #[arg(long, short, global = true)]
    quiet: bool,

    /// Number of threads for parallel work; results do not depend on it.
    #[arg(long, global = true, env = "CARTELERA_THREADS", value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Etl(etl::Args),
    Eda(eda::Args),
    Synth(synth::Args),
    Split(split::Args),
    Train(train::Args),
    Tune(tune::Args),
    Evaluate(evaluate::Args),
    CrossValidate(cross_validate::Args),
    ColdStart(cold_start::Args),
    Rank(rank::Args),
    SpotCheck(spot_check::Args),
    Build(Box<build::Args>),
    Publish(publish::Args),
    Releases(releases::Args),
    Rollback(rollback::Args),
    Gc(gc::Args),
    Forget(forget::Args),
    Show(show::Args),
    Verify(verify::Args),
    Pseudonym(pseudonym::Args),
    Serve(serve::Args),
    Demo(demo::Args),
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let context = Context::new(cli.quiet);
    match run(cli, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            context.error(&error);
            ExitCode::FAILURE
        }
    }
}

/// The largest number of threads for parallel work. Thousands of idle threads keep a machine busy for
/// minutes.
const MAX_THREADS: usize = 1024;

/// Starts the threads for parallel work, if their number is given. Otherwise the first parallel work would
/// start those of `RAYON_NUM_THREADS`, and panic if the system does not allow as many.
fn start_threads(given: Option<std::num::NonZeroUsize>) -> anyhow::Result<()> {
    let of_rayon = || std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|&n: &usize| n > 0);
    let (name, n) = match (given, of_rayon()) {
        (Some(given), _) => ("--threads or CARTELERA_THREADS", given.get()),
        (None, Some(n)) => ("RAYON_NUM_THREADS", n),
        (None, None) => return Ok(()),
    };
    anyhow::ensure!(n <= MAX_THREADS, "{name} asks for {n} threads; give at most {MAX_THREADS}");
    let started = rayon::ThreadPoolBuilder::new().num_threads(n).build_global();
    started.with_context(|| {
        format!("{name} asks for {n} threads, which cannot be started; give a smaller number")
    })
}

fn run(cli: Cli, context: &Context) -> anyhow::Result<()> {
    start_threads(cli.threads)?;
    match cli.command {
        Command::Etl(args) => etl::run(args, context),
        Command::Eda(args) => eda::run(&args, context),
        Command::Synth(args) => synth::run(args, context),
        Command::Split(args) => split::run(args, context),
        Command::Train(args) => train::run(&args, context),
        Command::Tune(args) => tune::run(args, context),
        Command::Evaluate(args) => evaluate::run(args, context),
        Command::CrossValidate(args) => cross_validate::run(&args, context),
        Command::ColdStart(args) => cold_start::run(&args, context),
        Command::Rank(args) => rank::run(&args, context),
        Command::SpotCheck(args) => spot_check::run(args, context),
        Command::Build(args) => build::run(&args, context),
        Command::Publish(args) => publish::run(&args, context),
        Command::Releases(args) => releases::run(&args, context),
        Command::Rollback(args) => rollback::run(&args, context),
        Command::Forget(args) => forget::run(&args, context),
        Command::Gc(args) => gc::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Verify(args) => verify::run(&args, context),
        Command::Pseudonym(args) => pseudonym::run(&args, context),
        Command::Serve(args) => serve::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
    }
}
