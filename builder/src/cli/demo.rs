use super::Context;

/// Build a release from the sample data if there is none, and serve it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _context: &Context) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
