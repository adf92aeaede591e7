//! Garbage collection: removing old releases, and artifacts that no release needs.

use std::collections::BTreeSet;
use std::time::Duration;

use artifact::{ArtifactEntry, Digest, Pointer, Signature};

use crate::list::newest_first;
use crate::load::manifest;
use crate::pointer::find;
use crate::{LoadError, ObjectInfo, ReleaseError, Seen, Store, StoreError, Version};

/// The shortest grace period of a collection. Publishers rely on an object for half of it before they check
/// it again.
pub const MIN_GRACE: Duration = Duration::from_hours(1);

/// What [`gc`] keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The number of releases to keep, those written last. The current one is kept in any case.
    pub releases: usize,
    /// Whether the release before the current one is kept in any case. If not, it is removed once the current
    /// one has been current for the grace period, and nothing can be rolled back to it.
    pub previous: bool,
    /// How long everything is kept after it was written, at least [`MIN_GRACE`].
    pub grace: Duration,
}

/// The result of [`gc`]: what it removed, or would remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Releases that were kept, newest first.
    pub kept: Vec<String>,
    /// Releases that were removed, newest first.
    pub releases: Vec<String>,
    /// Artifacts that were removed, by key.
    pub artifacts: Vec<ObjectInfo>,
    /// The number of unfinished uploads that were removed.
    pub uploads: u64,
}

impl Collected {
    /// Returns the total size of the removed artifacts.
    pub fn bytes(&self) -> u64 {
        self.artifacts.iter().map(|object| object.bytes).sum()
    }
}

/// Removes releases beyond those to keep, then artifacts that no kept release names, then what is left of
/// unfinished uploads. `now` is the Unix time. With `dry_run` it removes nothing, and returns what it would
/// remove.
///
/// The signature of a release goes with it.
///
/// It never removes the current release, the one before it (unless [`Keep::previous`] is `false`), objects
/// written within the grace period, objects of unknown age, and objects that are neither manifests,
/// signatures nor artifacts. A release is removed before its artifacts, so that no manifest names artifacts
/// that are gone.
///
/// It may run while another process publishes. A publisher's own objects are younger than the grace period.
/// Older objects that the publisher found, and so did not send, are named by the current release, or the
/// publisher refreshes them ([`Store::refresh`]) before the pointer moves. The collector checks each object's
/// age again right before it removes the object, and stops if the pointer moved. One race is left: a removal
/// that was decided before the pointer moved, and happens after. For that, the publisher checks once more
/// after the pointer moved, and sends missing objects again.
///
/// # Errors
/// [`ReleaseError::ShortGrace`]. [`ReleaseError::PointerMoved`], with part of the work done. [`LoadError`] if
/// there is no current release or a kept manifest cannot be read; nothing was removed then.
pub async fn gc(store: &dyn Store, keep: Keep, now: u64, dry_run: bool) -> Result<Collected, ReleaseError> {
    if keep.grace < MIN_GRACE {
        return Err(ReleaseError::ShortGrace { least: MIN_GRACE });
    }
    let before = now.saturating_sub(keep.grace.as_secs());
    // Lists come first: a publisher that moves the pointer after them is seen in the pointer, or its objects
    // are younger.
    let manifests = store.list("releases/").await?;
    let artifacts = store.list("artifacts/").await?;
    let Some((pointer, version)) = find(store).await? else {
        return Err(LoadError::NothingPublished { location: store.location() }.into());
    };

    let signatures: Vec<ObjectInfo> =
        manifests.iter().filter(|object| Signature::release_of(&object.key).is_some()).cloned().collect();
    let (kept, outdated) = sort_out(manifests, &pointer, keep, before);
    let mut named: BTreeSet<String> = pointer.manifest.artifacts.iter().map(ArtifactEntry::key).collect();
    for release in &kept {
        match manifest(store, release).await {
            Ok(manifest) => named.extend(manifest.artifacts.iter().map(ArtifactEntry::key)),
            // Another collector removed it.
            Err(LoadError::NoSuchRelease { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }

    let is_kept = |release: &str| kept.iter().any(|kept| kept == release);
    let orphans: Vec<ObjectInfo> = signatures
        .into_iter()
        .filter(|object| Signature::release_of(&object.key).is_some_and(|release| !is_kept(release)))
        .collect();

    let remover = Remover { store, version, before, dry_run };
    let mut collected = Collected { kept, ..Collected::default() };
    for (release, object) in outdated {
        if remover.remove(&object).await? {
            collected.releases.push(release);
        }
    }
    for object in orphans {
        remover.remove(&object).await?;
    }
    for object in artifacts {
        if is_artifact(&object.key) && !named.contains(&object.key) && remover.remove(&object).await? {
            collected.artifacts.push(object);
        }
    }
    collected.uploads = store.abandon(before, dry_run).await?;
    Ok(collected)
}

fn is_older(object: &ObjectInfo, before: u64) -> bool {
    object.modified.is_some_and(|modified| modified < before)
}

/// Returns whether a key has the form `artifacts/KIND/DIGEST`. Kinds that this program does not know count
/// too.
fn is_artifact(key: &str) -> bool {
    let mut parts = key.split('/');
    let digest = (parts.next(), parts.next(), parts.next().map(str::parse::<Digest>), parts.next());
    matches!(digest, (Some("artifacts"), Some(_), Some(Ok(_)), None))
}

/// Returns the releases to keep, and those to remove, both newest first.
fn sort_out(
    manifests: Vec<ObjectInfo>,
    pointer: &Pointer,
    keep: Keep,
    before: u64,
) -> (Vec<String>, Vec<(String, ObjectInfo)>) {
    let (mut kept, mut outdated) = (Vec::new(), Vec::new());
    // Servers may still answer from the previous release just after the pointer moved.
    let keeps_previous = keep.previous || pointer.moved_at >= before;
    for (i, (release, object)) in newest_first(manifests).into_iter().enumerate() {
        let is_previous = pointer.previous.as_ref() == Some(&release);
        let is_pointed_at = release == pointer.release || is_previous && keeps_previous;
        let is_recent = i < keep.releases && (keeps_previous || !is_previous);
        if is_recent || is_pointed_at || !is_older(&object, before) {
            kept.push(release);
        } else {
            outdated.push((release, object));
        }
    }
    (kept, outdated)
}

struct Remover<'a> {
    store: &'a dyn Store,
    /// The version of the pointer that the removals are based on.
    version: Version,
    before: u64,
    dry_run: bool,
}

impl Remover<'_> {
    /// Removes an object if it still is old. Returns whether it did, or would.
    async fn remove(&self, object: &ObjectInfo) -> Result<bool, ReleaseError> {
        if !is_older(object, self.before) {
            return Ok(false);
        }
        if self.dry_run {
            return Ok(true);
        }
        let now: Result<Vec<ObjectInfo>, StoreError> = self.store.list(&object.key).await;
        let still_old = now?.iter().any(|o| o.key == object.key && is_older(o, self.before));
        if !still_old {
            return Ok(false);
        }
        match self.store.read_if_changed(Pointer::KEY, &self.version).await? {
            Seen::Same => {}
            Seen::Changed(..) | Seen::Gone => {
                return Err(ReleaseError::PointerMoved { location: self.store.location() });
            }
        }
        self.store.delete(&object.key).await?;
        Ok(true)
    }
}
