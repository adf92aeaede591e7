use std::fmt::Write as _;
use std::sync::Arc;

use api::Function;
use artifact::{ArtifactEntry, Manifest, SignatureError, UserDigests};
use indicatif::DecimalBytes;
use recommender::UserIndex;
use store::{ReadStore, Store};

use super::signing::{KeysArg, signature_of};
use super::stores::{StoreArg, block_on, manifest_of, note_ranges, open};
use crate::Context;
use release::check;
use release::users::UsersCheck;

/// Check a release thoroughly: size, digest, envelope and content of every artifact, and whether it can be
/// served.
///
/// Fails if any artifact is missing or damaged, or if a function cannot load the release. With
/// `--release-keys`, the signature is checked too.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArg,

    /// Release to check [default: the one served].
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,

    #[command(flatten)]
    keys: KeysArg,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let (text, n_damaged, unservable, untrusted) = block_on(async {
        let store: Arc<dyn Store> = open(&args.store.store).await?.into();
        let (release, manifest) = manifest_of(store.as_ref(), args.release.as_deref()).await?;
        let mut text = format!("release {release}\n");
        let mut n_damaged = 0;
        for verified in store::verify_release(store.as_ref(), &release).await? {
            let entry = &verified.entry;
            let problem = match verified.problem {
                Some(problem) => Some(anyhow::Error::new(problem)),
                None => content(store.as_ref(), &manifest, entry).await.err(),
            };
            let status = match problem {
                None => format!("ok, {}", DecimalBytes(entry.bytes)),
                Some(problem) => {
                    n_damaged += 1;
                    format!("{problem:#}")
                }
            };
            let _ = writeln!(text, "  {:<16} {status}", entry.kind.name());
        }
        let keys = args.keys.release_keys.clone();
        let loaded = api::check_release(&Function::ALL, Arc::clone(&store) as _, &manifest, keys).await;
        let status = if loaded.is_ok() { "it can be served" } else { "it cannot be served" };
        let _ = writeln!(text, "  {status}");
        let (status, untrusted) = signature(store.as_ref(), &release, &manifest, args).await?;
        let _ = writeln!(text, "  {status}");
        note_ranges(store.as_ref(), context);
        Ok((text, n_damaged, loaded.err().map(|error| (release, error)), untrusted))
    })?;
    context.print(&text);
    anyhow::ensure!(
        n_damaged == 0,
        "{n_damaged} artifacts are damaged; publish the release again to repair them"
    );
    if let Some((release, error)) = unservable {
        return Err(anyhow::Error::new(error).context(format!(
            "release {release} cannot be served; build another release with this version of Cartelera"
        )));
    }
    untrusted.map_or(Ok(()), |error| Err(error.into()))
}

/// Checks the signature of a release against the release keys, if there are any. Returns a line for the
/// report, and the error.
async fn signature(
    store: &dyn Store,
    release: &str,
    manifest: &Manifest,
    args: &Args,
) -> anyhow::Result<(&'static str, Option<SignatureError>)> {
    let signature = signature_of(store, release).await?;
    Ok(match (&args.keys.release_keys, &signature) {
        (Some(keys), _) => match keys.check(manifest, signature.as_ref()) {
            Ok(()) => ("signed with a release key", None),
            Err(error) => ("not signed with a release key", Some(error)),
        },
        (None, Some(_)) => ("signed; not checked, because no release keys are given", None),
        (None, None) => ("not signed", None),
    })
}

/// Decodes an artifact whose envelope is intact. Users are decoded one block at a time, and checked against
/// their index and the digests of their blocks.
pub(super) async fn content(
    store: &dyn ReadStore,
    manifest: &Manifest,
    entry: &ArtifactEntry,
) -> anyhow::Result<()> {
    if !entry.kind.is_in_parts() {
        return Ok(check(entry.kind, &store.get(&entry.key()).await?)?);
    }
    let index: UserIndex = store::load(store, manifest).await?;
    let digests: Option<UserDigests> = store::load_optional(store, manifest).await?;
    let mut users = UsersCheck::new(&index, digests.as_ref());
    store::for_each_part(store, entry, |_, block| users.block(block)).await?;
    Ok(users.finish()?)
}
