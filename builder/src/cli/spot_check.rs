use super::Context;

/// Show what random users rated, what was predicted, and what they would be recommended.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _context: &Context) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
