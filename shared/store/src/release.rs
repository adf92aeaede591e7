//! Writing releases: publish, roll back, list. Artifacts go first, the manifest next, and one small
//! pointer moves last, by a conditional write, so that a reader sees the old release or the new one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use artifact::{ArtifactEntry, Kind, Manifest, Pointer};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use thiserror::Error;

use crate::load::read_pointer;
use crate::{Body, LoadError, ObjectInfo, Put, Sent, Store, StoreError, Version, current, manifest};

/// What was written since so long ago is never collected: half of it is how long a publisher relies on an object before
/// it makes sure of it again.
pub const MIN_GRACE: Duration = Duration::from_hours(1);

/// Artifacts on their way at once.
const SIDE_BY_SIDE: usize = 4;

/// Why a release could not be published, rolled back to, or collected. The pointer then is where it was, unless the
/// function says otherwise.
#[derive(Debug, Error)]
pub enum ReleaseError {
    /// The artifacts handed over are not those of the manifest.
    #[error("the artifacts do not match the manifest: {kind} {problem}")]
    Mismatch {
        /// The first artifact that does not match.
        kind: Kind,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Somebody else moved the pointer meanwhile.
    #[error(
        "release {release} is not current: the pointer of {location} was moved by somebody else meanwhile; look at what is current, then try again"
    )]
    LostRace {
        /// The release that was to become current.
        release: String,
        /// The store.
        location: String,
    },
    /// There is no release before the current one.
    #[error("no release was current before {current}; name the one to roll back to")]
    NothingBefore {
        /// The current release.
        current: String,
    },
    /// An artifact of the release to roll back to is gone or has another size.
    #[error(
        "release {release} is not whole: its {kind} is missing from {location} or was cut; publish it again"
    )]
    NotWhole {
        /// The release.
        release: String,
        /// What is missing.
        kind: Kind,
        /// The store.
        location: String,
    },
    /// The grace period of a collection is too short for a publisher to rely on.
    #[error("a grace period is at least {} minutes: a publisher may be at work for some of that", MIN_GRACE.as_secs() / 60)]
    ShortGrace,
    /// The pointer moved while a collection was at work.
    #[error(
        "the pointer of {location} moved meanwhile, so collecting stopped; what was removed is in no release that is kept. Collect again"
    )]
    PointerMoved {
        /// The store.
        location: String,
    },
    /// What is there could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What [`publish`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The release, which is current now.
    pub release: String,
    /// The release that was current before; `None` for the first of a store.
    pub previous: Option<String>,
    /// Whether the pointer moved; `false` where the release was current already.
    pub moved: bool,
    /// Artifacts and manifests that were sent.
    pub n_written: usize,
    /// Those that were there already, whole.
    pub n_already_there: usize,
    /// Those that were there, damaged, and were written anew.
    pub n_repaired: usize,
    /// Whether all was seen to be there once more after the pointer moved; `false` where the store failed at that.
    pub confirmed: bool,
}

/// As [`publish_bodies`], of bytes at hand, and telling nobody how far it is.
///
/// # Errors
/// As [`publish_bodies`].
pub async fn publish(
    store: &dyn Store,
    artifacts: &[(Kind, Bytes)],
    manifest: &Manifest,
    moved_at: u64,
) -> Result<Published, ReleaseError> {
    let bodies: Vec<(Kind, Body)> =
        artifacts.iter().map(|(kind, bytes)| (*kind, bytes.clone().into())).collect();
    publish_bodies(store, &bodies, manifest, moved_at, &|_| {}).await
}

/// Publishes a release: its artifacts side by side, its manifest, and then the pointer, if that is still what it was
/// when publishing began. `moved_at` is the time now in Unix seconds. `done` is told of the artifacts' bytes as they are
/// there, sent or found.
///
/// Objects that are there already are not sent. One that is there with other bytes than its name says is damaged and is
/// written anew. Publishing the release that is current already thus repairs it, and otherwise changes nothing.
///
/// Before the pointer moves, the store is asked again whether all is there, and what a collector might take for old and
/// unwanted is made young; after it moved, once more (see [`gc`](crate::gc)).
///
/// A publisher that loses a race leaves objects behind that nothing points at: they are immutable, may
/// be shared with the winner, and are not sent again at the next try.
///
/// # Errors
/// [`ReleaseError`]; [`ReleaseError::LostRace`] for the loser of a race. The pointer then is where it was, unless the
/// store's answer to its move was lost and the store cannot be asked either.
pub async fn publish_bodies(
    store: &dyn Store,
    artifacts: &[(Kind, Body)],
    manifest: &Manifest,
    moved_at: u64,
    done: Sent<'_>,
) -> Result<Published, ReleaseError> {
    check_artifacts(artifacts, manifest)?;
    let (before, version) = pointer(store).await?;
    let release = manifest.release();
    let objects: Vec<Object> = artifacts
        .iter()
        .map(|(kind, body)| {
            let entry = ArtifactEntry { kind: *kind, bytes: body.len(), sha256: body.sha256() };
            Object { key: entry.key(), body: body.clone() }
        })
        .collect();
    let manifest_object =
        Object { key: Manifest::key(&release), body: Bytes::from(manifest.to_bytes()).into() };

    let mut publisher = Publisher {
        store,
        done,
        published: Published {
            release: release.clone(),
            previous: before.as_ref().map(|p| p.release.clone()),
            moved: false,
            n_written: 0,
            n_already_there: 0,
            n_repaired: 0,
            confirmed: true,
        },
        written: BTreeMap::new(),
    };
    publisher.put(&objects).await?;
    publisher.done = &|_| {};
    publisher.put(std::slice::from_ref(&manifest_object)).await?;
    let all = [objects, vec![manifest_object]].concat();

    match before {
        Some(before) if before.release == release => publisher.published.previous = before.previous,
        _ => {
            let protected = before.as_ref().map(protected_by).unwrap_or_default();
            publisher.make_sure(&all, Some(&protected)).await?;
            let previous = publisher.published.previous.clone();
            let pointer = Pointer { release, previous, moved_at, manifest: manifest.clone() };
            move_pointer(store, &pointer, version.as_ref()).await?;
            publisher.published.moved = true;
            // All was there a moment ago, and the release is current: a store that fails now undoes neither.
            publisher.published.confirmed = publisher.make_sure(&all, None).await.is_ok();
        }
    }
    Ok(publisher.published)
}

#[derive(Debug, Clone)]
struct Object {
    key: String,
    body: Body,
}

/// What no collection removes as long as this pointer stands.
fn protected_by(pointer: &Pointer) -> BTreeSet<String> {
    let releases = [Some(&pointer.release), pointer.previous.as_ref()].into_iter().flatten();
    let manifests = releases.map(|release| Manifest::key(release));
    pointer.manifest.artifacts.iter().map(ArtifactEntry::key).chain(manifests).collect()
}

struct Publisher<'a> {
    store: &'a dyn Store,
    done: Sent<'a>,
    published: Published,
    /// Objects written here, and when.
    written: BTreeMap<String, Instant>,
}

/// What became of an object.
enum Outcome {
    Written,
    AlreadyThere,
    Repaired,
}

impl Publisher<'_> {
    /// Writes objects that are not there, side by side. After a failure none is begun, and those under way are seen to
    /// their end: what arrives is not sent again at the next try, and nothing is left half sent.
    async fn put(&mut self, objects: &[Object]) -> Result<(), ReleaseError> {
        let (store, done) = (self.store, self.done);
        let failed = AtomicBool::new(false);
        let work = objects.iter().map(|object| {
            let failed = &failed;
            async move {
                if failed.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                let outcome = put(store, object, done).await;
                failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
                outcome.map(|outcome| Some((object.key.clone(), outcome)))
            }
        });
        let outcomes: Vec<Result<_, StoreError>> =
            stream::iter(work.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE).collect().await;
        for outcome in outcomes {
            let Some((key, outcome)) = outcome? else { continue };
            match outcome {
                Outcome::AlreadyThere => self.published.n_already_there += 1,
                Outcome::Written => self.published.n_written += 1,
                Outcome::Repaired => self.published.n_repaired += 1,
            }
            if !matches!(outcome, Outcome::AlreadyThere) {
                self.written.insert(key, Instant::now());
            }
        }
        Ok(())
    }

    /// Sends again what is gone or cut. With `protected`, makes young what a collector may take for old: what was found
    /// here, or was written so long ago that it may be old by the end, unless the pointer protects it.
    async fn make_sure(
        &mut self,
        objects: &[Object],
        protected: Option<&BTreeSet<String>>,
    ) -> Result<(), ReleaseError> {
        let mut there: BTreeMap<String, u64> = BTreeMap::new();
        for prefix in ["artifacts/", "releases/"] {
            there.extend(self.store.list(prefix).await?.into_iter().map(|o| (o.key, o.bytes)));
        }
        for object in objects {
            let is_young = |at: &Instant| at.elapsed() < MIN_GRACE / 2;
            let is_safe = protected.is_none_or(|protected| protected.contains(&object.key))
                || self.written.get(&object.key).is_some_and(is_young);
            let is_there = there.get(&object.key) == Some(&object.body.len())
                && (is_safe || self.store.refresh(&object.key).await?);
            if !is_there {
                match put(self.store, object, &|_| {}).await? {
                    Outcome::AlreadyThere => {}
                    Outcome::Written | Outcome::Repaired => self.published.n_repaired += 1,
                }
            }
        }
        Ok(())
    }
}

async fn put(store: &dyn Store, object: &Object, done: Sent<'_>) -> Result<Outcome, StoreError> {
    match store.put_immutable(&object.key, &object.body, done).await {
        Ok(Put::Written) => Ok(Outcome::Written),
        Ok(Put::AlreadyThere) => {
            done(object.body.len());
            Ok(Outcome::AlreadyThere)
        }
        Err(StoreError::Differs { .. }) => {
            store.delete(&object.key).await?;
            store.put_immutable(&object.key, &object.body, done).await?;
            Ok(Outcome::Repaired)
        }
        Err(other) => Err(other),
    }
}

fn check_artifacts(artifacts: &[(Kind, Body)], manifest: &Manifest) -> Result<(), ReleaseError> {
    for (i, (kind, body)) in artifacts.iter().enumerate() {
        let kind = *kind;
        let Some(entry) = manifest.artifact(kind) else {
            return Err(ReleaseError::Mismatch { kind, problem: "is not in the manifest" });
        };
        if artifacts[..i].iter().any(|(k, _)| *k == kind) {
            return Err(ReleaseError::Mismatch { kind, problem: "is given twice" });
        }
        if (entry.bytes, entry.sha256) != (body.len(), body.sha256()) {
            return Err(ReleaseError::Mismatch { kind, problem: "has another size or digest" });
        }
    }
    match manifest.artifacts.iter().find(|e| !artifacts.iter().any(|(k, _)| *k == e.kind)) {
        Some(entry) => Err(ReleaseError::Mismatch { kind: entry.kind, problem: "is not given" }),
        None => Ok(()),
    }
}

async fn pointer(store: &dyn Store) -> Result<(Option<Pointer>, Option<Version>), ReleaseError> {
    match store.read_versioned(Pointer::KEY).await? {
        Some((bytes, version)) => Ok((Some(read_pointer(store, &bytes)?), Some(version))),
        None => Ok((None, None)),
    }
}

async fn move_pointer(
    store: &dyn Store,
    pointer: &Pointer,
    expected: Option<&Version>,
) -> Result<(), ReleaseError> {
    let bytes = Bytes::from(pointer.to_bytes());
    match store.replace(Pointer::KEY, bytes.clone(), expected).await {
        Ok(_) => Ok(()),
        // The write may have been done all the same: an answer that was lost leaves an error, or a conflict of the
        // second try with the first.
        Err(error) => match (store.read_versioned(Pointer::KEY).await, error) {
            (Ok(Some((found, _))), _) if found == bytes => Ok(()),
            (Ok(_), StoreError::Conflict { location, .. }) => {
                Err(ReleaseError::LostRace { release: pointer.release.clone(), location })
            }
            (Ok(_), error) | (Err(error), _) => Err(error.into()),
        },
    }
}

/// What [`rollback`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// The release that is current now.
    pub release: String,
    /// The release that was current until now.
    pub from: String,
    /// Whether the pointer moved; `false` where the release was current already.
    pub moved: bool,
}

/// Makes an earlier release current: the one named, or else the one that was current before. Rolling
/// back twice without a name therefore returns to where it began. `moved_at` is the time now in Unix
/// seconds.
///
/// Before the pointer moves, the store is asked whether every artifact is there in its full size, and what a collector
/// might take for old is made young; after it moved, the store is asked again.
///
/// # Errors
/// [`ReleaseError`]; the pointer then is where it was, but for [`ReleaseError::NotWhole`] where somebody removed an
/// artifact in the moment in which it moved.
pub async fn rollback(
    store: &dyn Store,
    release: Option<&str>,
    moved_at: u64,
) -> Result<RolledBack, ReleaseError> {
    let (before, version) = pointer(store).await?;
    let Some(before) = before else {
        return Err(LoadError::NothingPublished { location: store.location() }.into());
    };
    let Some(target) = release.or(before.previous.as_deref()) else {
        return Err(ReleaseError::NothingBefore { current: before.release });
    };
    let moved = target != before.release;
    let rolled_back = RolledBack { release: target.to_owned(), from: before.release.clone(), moved };
    if moved {
        let manifest = manifest(store, target).await?;
        check_whole(store, &manifest).await?;
        if before.previous.as_deref() != Some(target) {
            let protected = protected_by(&before);
            for entry in manifest.artifacts.iter().filter(|e| !protected.contains(&e.key())) {
                if !store.refresh(&entry.key()).await? {
                    return Err(not_whole(store, &manifest, entry));
                }
            }
            store.refresh(&Manifest::key(target)).await?;
        }
        let (release, previous) = (target.to_owned(), Some(before.release));
        let pointer = Pointer { release, previous, moved_at, manifest };
        move_pointer(store, &pointer, version.as_ref()).await?;
        check_whole(store, &pointer.manifest).await?;
    }
    Ok(rolled_back)
}

async fn check_whole(store: &dyn Store, manifest: &Manifest) -> Result<(), ReleaseError> {
    let there = store.list("artifacts/").await?;
    let whole = |entry: &&ArtifactEntry| {
        let key = entry.key();
        let found = there.binary_search_by(|o| o.key.as_str().cmp(&key));
        found.is_ok_and(|i| there[i].bytes == entry.bytes)
    };
    match manifest.artifacts.iter().find(|e| !whole(e)) {
        Some(entry) => Err(not_whole(store, manifest, entry)),
        None => Ok(()),
    }
}

fn not_whole(store: &dyn Store, manifest: &Manifest, entry: &ArtifactEntry) -> ReleaseError {
    ReleaseError::NotWhole { release: manifest.release(), kind: entry.kind, location: store.location() }
}

/// One release of a store. [`manifest`] tells the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseInfo {
    /// Its name.
    pub release: String,
    /// When its manifest was written, Unix seconds, where the store keeps that.
    pub published_at: Option<u64>,
    /// Whether it is the one served.
    pub is_current: bool,
}

/// The releases of a store, the newest first, those of one second (or of unknown time) by name.
/// None is an empty list.
///
/// # Errors
/// Where the store cannot be listed, or its pointer cannot be read.
pub async fn releases(store: &dyn Store) -> Result<Vec<ReleaseInfo>, LoadError> {
    let listed = store.list("releases/").await;
    let listed =
        listed.map_err(|source| LoadError::Fetch { what: "the list of releases".to_owned(), source })?;
    let current = match current(store).await {
        Ok(pointer) => Some(pointer.release),
        Err(LoadError::NothingPublished { .. }) => None,
        Err(other) => return Err(other),
    };
    let release_of = |object: ObjectInfo| {
        let release = object.key.strip_prefix("releases/")?.strip_suffix(".json")?.to_owned();
        let is_current = current.as_deref() == Some(&*release);
        Some(ReleaseInfo { release, published_at: object.modified, is_current })
    };
    let mut releases: Vec<ReleaseInfo> = listed.into_iter().filter_map(release_of).collect();
    releases.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.release.cmp(&b.release)));
    Ok(releases)
}
