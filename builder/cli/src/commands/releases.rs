use std::fmt::Write as _;

use super::stores::{StoreArg, block_on, day_and_time, open};
use crate::Context;

/// List the releases of a store.
///
/// The release that is served is marked with a star.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArg,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let releases = block_on(async {
        let store = open(&args.store.store).await?;
        Ok(store::releases(store.as_ref()).await?)
    })?;
    let mut text = String::new();
    for release in releases {
        let mark = if release.is_current { '*' } else { ' ' };
        let when = release.published_at.map_or_else(|| "-".to_owned(), day_and_time);
        let _ = writeln!(text, "{mark} {}  {when}", release.release);
    }
    anyhow::ensure!(
        !text.is_empty(),
        "no releases found in {}; create one with `cartelera build`",
        args.store.store
    );
    context.print(&text);
    Ok(())
}
