//! Garbage collection: removing releases and artifacts that nobody will ask for again.

use std::collections::BTreeSet;
use std::time::Duration;

use artifact::{ArtifactEntry, Digest, Manifest, Pointer};

use crate::load::read_pointer;
use crate::{LoadError, MIN_GRACE, ObjectInfo, ReleaseError, Seen, Store, StoreError, Version, manifest};

/// What [`gc`] leaves alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// So many releases, those written last, beside the current one and the one before it.
    pub releases: usize,
    /// Everything that was written since so long ago, at least [`MIN_GRACE`].
    pub grace: Duration,
}

/// What [`gc`] removed, or would remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Releases that stay, the newest first.
    pub kept: Vec<String>,
    /// Releases removed, the newest first.
    pub releases: Vec<String>,
    /// Artifacts removed, by key.
    pub artifacts: Vec<ObjectInfo>,
    /// Uploads that never ended and were removed.
    pub uploads: u64,
}

impl Collected {
    /// The bytes of the artifacts removed.
    pub fn bytes(&self) -> u64 {
        self.artifacts.iter().map(|object| object.bytes).sum()
    }
}

/// Removes releases beyond those to keep, then the artifacts that no kept release names, then what is left of uploads
/// that never ended. `now` is Unix seconds; with `dry_run` nothing is removed, and what would be is told.
///
/// What is never removed: the current release and the one before it, what was written within the grace period, what has
/// an unknown age, and what is neither a manifest nor an artifact. A release goes before its artifacts, so that no
/// manifest names what is gone.
///
/// It may run while somebody publishes. A publisher's own objects are younger than the grace period. An older one that
/// it found there, and so did not send, is named by the current release, or it makes it young ([`Store::refresh`])
/// before the pointer moves; each object's age is asked for again right before it is removed, and the collector stops
/// where the pointer moved. What is left of the race is a removal decided before that and carried out after it: the
/// publisher looks once more when the pointer has moved, and sends again what is gone.
///
/// # Errors
/// [`ReleaseError::ShortGrace`]; [`ReleaseError::PointerMoved`], with some of the work done; [`LoadError`] where there is
/// no current release or a kept manifest cannot be read, before anything is removed.
pub async fn gc(store: &dyn Store, keep: Keep, now: u64, dry_run: bool) -> Result<Collected, ReleaseError> {
    if keep.grace < MIN_GRACE {
        return Err(ReleaseError::ShortGrace);
    }
    let before = now.saturating_sub(keep.grace.as_secs());
    // Lists come first: who moves the pointer after them is seen in it, or has younger objects than they show.
    let manifests = store.list("releases/").await?;
    let artifacts = store.list("artifacts/").await?;
    let Some((bytes, version)) = store.read_versioned(Pointer::KEY).await? else {
        return Err(LoadError::NothingPublished { location: store.location() }.into());
    };
    let pointer = read_pointer(store, &bytes)?;

    let (kept, outdated) = sort_out(manifests, &pointer, keep.releases, before);
    let mut named: BTreeSet<String> = pointer.manifest.artifacts.iter().map(ArtifactEntry::key).collect();
    for release in &kept {
        match manifest(store, release).await {
            Ok(manifest) => named.extend(manifest.artifacts.iter().map(ArtifactEntry::key)),
            // Somebody else collects too.
            Err(LoadError::NoSuchRelease { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }

    let remover = Remover { store, version, before, dry_run };
    let mut collected = Collected { kept, ..Collected::default() };
    for (release, object) in outdated {
        if remover.remove(&object).await? {
            collected.releases.push(release);
        }
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

/// `artifacts/KIND/DIGEST`. Kinds of other versions are artifacts too.
fn is_artifact(key: &str) -> bool {
    let mut parts = key.split('/');
    let digest = (parts.next(), parts.next(), parts.next().map(str::parse::<Digest>), parts.next());
    matches!(digest, (Some("artifacts"), Some(_), Some(Ok(_)), None))
}

/// The releases to keep, and those not to, both the newest first.
fn sort_out(
    manifests: Vec<ObjectInfo>,
    pointer: &Pointer,
    n_keep: usize,
    before: u64,
) -> (Vec<String>, Vec<(String, ObjectInfo)>) {
    let mut releases: Vec<(String, ObjectInfo)> = manifests
        .into_iter()
        .filter_map(|object| {
            let release = object.key.strip_prefix("releases/")?.strip_suffix(".json")?.to_owned();
            (Manifest::key(&release) == object.key && !release.contains('/')).then_some((release, object))
        })
        .collect();
    releases.sort_by(|(a, x), (b, y)| y.modified.cmp(&x.modified).then_with(|| a.cmp(b)));
    let (mut kept, mut outdated) = (Vec::new(), Vec::new());
    for (i, (release, object)) in releases.into_iter().enumerate() {
        let is_pointed_at = release == pointer.release || pointer.previous.as_ref() == Some(&release);
        if i < n_keep || is_pointed_at || !is_older(&object, before) {
            kept.push(release);
        } else {
            outdated.push((release, object));
        }
    }
    (kept, outdated)
}

struct Remover<'a> {
    store: &'a dyn Store,
    /// Of the pointer by which it was decided what to remove.
    version: Version,
    before: u64,
    dry_run: bool,
}

impl Remover<'_> {
    /// Removes an object that still is old. Whether it is gone by our doing, or would be.
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
