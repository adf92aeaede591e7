use std::sync::Arc;

use anyhow::Context as _;
use artifact::Kind;
use store::{Body, Store};

use super::signing::{SignArgs, signature_of};
use super::stores::{StoreArg, block_on, manifest_of, note_ranges, open, publish};
use super::verify::content;
use crate::Context;

/// Copy a release from one store to another and serve it from there.
///
/// Writes the artifacts first and then the manifest, and loads them as the functions do. Moves the pointer
/// last, only if that succeeded and nobody else has moved it in the meantime. Readers see either the old
/// release or the new one. Objects that are already there are not copied again. A signature is copied with
/// the release; `--sign` makes a new one, even if the release is already served.
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

    #[command(flatten)]
    sign: SignArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let signer = args.sign.read()?;
    let (location, published) = block_on(async {
        let from: Arc<dyn Store> = open(&args.from).await?.into();
        let to: Arc<dyn Store> = open(&args.to.store).await?.into();
        let (release, manifest) = manifest_of(from.as_ref(), args.release.as_deref()).await?;
        let copied = signature_of(from.as_ref(), &release).await?;
        // Functions that read users block by block would notice damage only when a request needs the block.
        for entry in manifest.artifacts.iter().filter(|entry| entry.kind.is_in_parts()) {
            let users = content(from.as_ref(), &manifest, entry).await;
            users.with_context(|| format!("the users of release {release} are damaged"))?;
        }
        let bodies: Vec<(Kind, Body)> = manifest
            .artifacts
            .iter()
            .map(|entry| {
                let body = Body::object(from.clone(), entry.key(), entry.bytes, entry.sha256);
                (entry.kind, body)
            })
            .collect();
        let published = publish(&to, &bodies, &manifest, &signer, copied, context).await?;
        note_ranges(from.as_ref(), context);
        Ok((to.location(), published))
    })?;
    let did = if published.moved { "is now served from" } else { "was already served from" };
    let signed = if published.is_signed { ", signed" } else { "" };
    context.print(&format!(
        "release {} {did} {location}{signed}: {} objects written, {} already there, {} repaired",
        published.release, published.n_written, published.n_already_there, published.n_repaired
    ));
    Ok(())
}
