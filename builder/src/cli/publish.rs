use artifact::Kind;
use bytes::Bytes;

use super::Context;
use super::stores::{StoreArg, block_on, manifest_of, now, open};

/// Copy a release from one store to another and serve it from there.
///
/// Artifacts go first, the manifest next, and the pointer moves last, only if nobody moved it meanwhile: readers
/// see the old release or the new one. What is there already is not sent again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Store to copy from.
    #[arg(long, value_name = "STORE")]
    from: String,

    /// Release to copy [default: the one served there].
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,

    #[command(flatten)]
    to: StoreArg,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let (location, published) = block_on(async {
        let from = open(&args.from).await?;
        let to = open(&args.to.store).await?;
        let (_, manifest) = manifest_of(from.as_ref(), args.release.as_deref()).await?;
        let mut artifacts: Vec<(Kind, Bytes)> = Vec::new();
        for entry in &manifest.artifacts {
            artifacts.push((entry.kind, from.get(&entry.key()).await?));
        }
        let published = store::publish(to.as_ref(), &artifacts, &manifest, now()).await?;
        Ok((to.location().clone(), published))
    })?;
    let did = if published.moved { "is now served from" } else { "was served already from" };
    context.print(&format!(
        "release {} {did} {location}: {} objects written, {} there already, {} repaired",
        published.release, published.n_written, published.n_already_there, published.n_repaired
    ));
    Ok(())
}
