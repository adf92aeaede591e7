use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use artifact::{Kind, Pointer};
use recommender::UserIndex;
use release::Built;
use release::forget::Forgetting;
use store::{Body, Store};

use super::pseudonym::read_key;
use super::signing::SignArgs;
use super::stores::{StoreArg, block_on, open, publish_over};
use crate::Context;

/// What still has data of a forgotten user, and what to do about each.
const WHAT_IS_LEFT: &str = "\
What still has data of these users:
  - the rating files, and tables and models made from them: remove the rows there, or the next build brings the users back
  - other releases in this store: after more than an hour, run `cartelera gc --keep 0 --grace 1h --without-previous`
  - a bucket with versions keeps what was deleted for as long as its lifecycle says, and copies of the store keep theirs
  - the models and counts of this release come from their ratings too, and contain no user ids; the next build makes new ones";

/// Remove users and what they rated from the release that a store serves.
///
/// Publishes a release without them, like `publish`: their ids, ratings and vectors are gone, and everything
/// else is the same. The models were trained with their ratings and stay as they are until the next build.
/// Afterwards it prints what still has data of these users. If a user is not in the release, nothing changes.
/// Remove their rows from the rating files first, so that no build brings them back.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ids of the users, as in the rating files.
    #[arg(long = "user", required = true, value_name = "ID", num_args = 1..)]
    users: Vec<String>,

    /// The key that the release was built with (`build --pseudonyms`), if it has pseudonyms instead of ids.
    #[arg(long, value_name = "KEYFILE")]
    pseudonyms: Option<PathBuf>,

    #[command(flatten)]
    store: StoreArg,

    #[command(flatten)]
    sign: SignArgs,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let signer = args.sign.read()?;
    let key = args.pseudonyms.as_deref().map(read_key).transpose()?;
    let stored =
        |id: &String| key.as_ref().map_or_else(|| id.trim().to_owned(), |key| key.pseudonym(id.trim()));
    let ids: BTreeSet<String> = args.users.iter().map(stored).collect();
    let (location, published) = block_on(async {
        let store: Arc<dyn Store> = open(&args.store.store).await?.into();
        let pointer = store::current(store.as_ref()).await?;
        signer.check_before_building(Some(&pointer))?;
        // Whoever can write to the store could have put something else there, and it would be signed here.
        if let Some(keys) = signer.keys() {
            keys.check(&pointer.manifest, pointer.signature.as_ref()).with_context(|| {
                format!(
                    "a release is signed only if its key signed the one before; publish {} with --sign first",
                    pointer.release
                )
            })?;
        }
        let Built { artifacts, manifest } = without(store.as_ref(), &pointer, &ids)
            .await
            .with_context(|| format!("nothing was removed from release {}", pointer.release))?;
        let mut bodies: Vec<(Kind, Body)> =
            artifacts.into_iter().map(|(kind, bytes)| (kind, bytes.into())).collect();
        for entry in &manifest.artifacts {
            if bodies.iter().all(|(kind, _)| *kind != entry.kind) {
                let body = Body::object(Arc::clone(&store) as _, entry.key(), entry.bytes, entry.sha256);
                bodies.push((entry.kind, body));
            }
        }
        let published = publish_over(&store, &bodies, &manifest, &signer, &pointer.release, context).await?;
        Ok((store.location(), published))
    })?;
    let n = ids.len();
    let users = if n == 1 { "user was" } else { "users were" };
    context.print(&format!(
        "{n} {users} removed: release {} is served from {location}, instead of {}",
        published.release,
        published.previous.unwrap_or_default()
    ));
    context.print(WHAT_IS_LEFT);
    Ok(())
}

/// Returns the changed artifacts and the manifest of a release without these users.
async fn without(store: &dyn Store, current: &Pointer, ids: &BTreeSet<String>) -> anyhow::Result<Built> {
    let manifest = &current.manifest;
    anyhow::ensure!(
        manifest.older.is_none(),
        "an older version of Cartelera built it; remove their rows from the rating files and build it again"
    );
    // The artifacts that stay are the only copies: none can be repaired from here.
    for verified in store::verify_release(store, &current.release).await? {
        if let Some(problem) = verified.problem {
            let kind = verified.entry.kind;
            return Err(anyhow::Error::new(problem).context(format!(
                "artifact {kind} is damaged; repair the release by publishing it again from another store"
            )));
        }
    }
    let entry = manifest.artifact(Kind::Users).context("it has no users")?;
    let index: UserIndex = store::load(store, manifest).await?;
    let mut forgetting = Forgetting::new(ids.iter().cloned(), index.shape());
    store::for_each_part(store, entry, |_, block| forgetting.block(block)).await?;
    let missing: Vec<&str> = forgetting.missing().iter().map(String::as_str).collect();
    anyhow::ensure!(
        missing.is_empty(),
        "no user {} in this release; use ids as in the rating files, and pass --pseudonyms KEYFILE if it was built \
         with pseudonyms",
        missing.join(", ")
    );
    Ok(forgetting.finish(manifest)?)
}
