use super::signing::MoveArgs;
use super::stores::{StoreArg, block_on, now, open};
use crate::Context;

/// Serve an earlier release of a store again.
///
/// Checks that the store has every artifact of the release at its full size, and then moves the pointer. To
/// check the contents as well, run `cartelera verify` first.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArg,

    /// Release to serve [default: the one served before the current one].
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,

    #[command(flatten)]
    moving: MoveArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let back = block_on(async {
        let store = open(&args.store.store).await?;
        let (release, signing) = (args.release.as_deref(), args.moving.signing());
        Ok(store::rollback_signed(store.as_ref(), release, signing, now()).await?)
    })?;
    let text = if back.moved {
        format!("release {} is served again, instead of {}", back.release, back.from)
    } else {
        format!("release {} was already served", back.release)
    };
    context.print(&text);
    Ok(())
}
