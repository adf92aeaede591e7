use super::Context;

/// Copy a release into a store and serve it from there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _context: &Context) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
