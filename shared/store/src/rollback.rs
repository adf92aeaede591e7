use artifact::{ArtifactEntry, Manifest, Pointer, Signature};

use crate::load::{manifest, signature};
use crate::pointer::{find, move_to, protected_by};
use crate::{LoadError, ReleaseError, Signing, Store};

/// The result of [`rollback`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// The release that is current now.
    pub release: String,
    /// The release that was current before.
    pub from: String,
    /// Whether the pointer moved. It does not if the release was current already.
    pub moved: bool,
}

/// Makes an earlier release current: the named one, or the one that was current before. Two rollbacks without
/// a name therefore return to the start. `moved_at` is the current Unix time.
///
/// Before the pointer moves, every artifact has to be there in its full size, and objects that a collection
/// might remove as old are refreshed. After it moved, the artifacts are checked again.
///
/// # Errors
/// [`ReleaseError`]. The pointer did not move, except for [`ReleaseError::NotWhole`] if an artifact was
/// removed at the very moment in which it moved.
pub async fn rollback(
    store: &dyn Store,
    release: Option<&str>,
    moved_at: u64,
) -> Result<RolledBack, ReleaseError> {
    rollback_signed(store, release, Signing::ANY, moved_at).await
}

/// Does what [`rollback`] does, if the signature of the earlier release is as it is asked for.
///
/// # Errors
/// Those of [`rollback`], [`ReleaseError::Unsigned`] and [`ReleaseError::Signature`].
pub async fn rollback_signed(
    store: &dyn Store,
    release: Option<&str>,
    signing: Signing<'_>,
    moved_at: u64,
) -> Result<RolledBack, ReleaseError> {
    let Some((before, version)) = find(store).await? else {
        return Err(LoadError::NothingPublished { location: store.location() }.into());
    };
    let Some(target) = release.or(before.previous.as_deref()) else {
        return Err(ReleaseError::NothingBefore { current: before.release });
    };
    let moved = target != before.release;
    let rolled_back = RolledBack { release: target.to_owned(), from: before.release.clone(), moved };
    if moved {
        let (manifest, signature) = (manifest(store, target).await?, signature(store, target).await?);
        let signature = signing.settle(&manifest, Some(&before), signature, || store.location())?;
        check_whole(store, &manifest).await?;
        let protected = protected_by(&before);
        for entry in manifest.artifacts.iter().filter(|e| !protected.contains(&e.key())) {
            if !store.refresh(&entry.key()).await? {
                return Err(not_whole(store, &manifest, entry));
            }
        }
        let described = [Some(Manifest::key(target)), signature.as_ref().map(|_| Signature::key(target))];
        for key in described.into_iter().flatten() {
            if !store.refresh(&key).await? {
                let (release, location) = (target.to_owned(), store.location());
                return Err(LoadError::NoSuchRelease { release, location }.into());
            }
        }
        let (release, previous) = (target.to_owned(), Some(before.release));
        let pointer = Pointer { release, previous, moved_at, manifest, signature };
        move_to(store, &pointer, Some(&version)).await?;
        check_whole(store, &pointer.manifest).await?;
    }
    Ok(rolled_back)
}

async fn check_whole(store: &dyn Store, manifest: &Manifest) -> Result<(), ReleaseError> {
    let there = store.list("artifacts/").await?;
    let is_whole = |entry: &&ArtifactEntry| {
        let key = entry.key();
        let found = there.binary_search_by(|o| o.key.as_str().cmp(&key)).ok();
        found.and_then(|i| there.get(i)).is_some_and(|o| o.bytes == entry.bytes)
    };
    match manifest.artifacts.iter().find(|e| !is_whole(e)) {
        Some(entry) => Err(not_whole(store, manifest, entry)),
        None => Ok(()),
    }
}

fn not_whole(store: &dyn Store, manifest: &Manifest, entry: &ArtifactEntry) -> ReleaseError {
    ReleaseError::NotWhole { release: manifest.release(), kind: entry.kind, location: store.location() }
}
