use super::Context;

/// Clean raw catalogue and rating files into tables.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _context: &Context) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
