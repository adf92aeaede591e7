use super::Context;

/// Make a release from raw files: ETL, tuning, training, evaluation, artifacts.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _context: &Context) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
