//! Writing releases: publish, roll back, list. Artifacts go first, the manifest next, and one small
//! pointer moves last, by a conditional write, so that a reader sees the old release or the new one.

use artifact::{ArtifactEntry, Kind, Manifest, Pointer};
use bytes::Bytes;
use thiserror::Error;

use crate::load::read_pointer;
use crate::{LoadError, ObjectInfo, Put, Store, StoreError, Version, current, manifest};

/// Why a release could not be published or rolled back to. In every case the pointer is where it was.
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
}

/// Publishes a release: its artifacts, its manifest, and then the pointer, if that is still what it was
/// when publishing began. `moved_at` is the time now in Unix seconds.
///
/// Objects that are there already are compared and not sent. One that is there with other bytes than
/// its name says is damaged and is written anew. Publishing the release that is current already thus
/// repairs it, and otherwise changes nothing.
///
/// A publisher that loses a race leaves objects behind that nothing points at: they are immutable, may
/// be shared with the winner, and are not sent again at the next try.
///
/// # Errors
/// [`ReleaseError`]; [`ReleaseError::LostRace`] for the loser of a race.
pub async fn publish(
    store: &dyn Store,
    artifacts: &[(Kind, Bytes)],
    manifest: &Manifest,
    moved_at: u64,
) -> Result<Published, ReleaseError> {
    check_artifacts(artifacts, manifest)?;
    let (before, version) = pointer(store).await?;
    let release = manifest.release();

    let mut published = Published {
        release: release.clone(),
        previous: before.as_ref().map(|p| p.release.clone()),
        moved: false,
        n_written: 0,
        n_already_there: 0,
        n_repaired: 0,
    };
    let mut objects: Vec<(String, Bytes)> = artifacts
        .iter()
        .map(|(kind, bytes)| (ArtifactEntry::of(*kind, bytes).key(), bytes.clone()))
        .collect();
    objects.push((Manifest::key(&release), manifest.to_bytes().into()));
    for (key, bytes) in objects {
        match store.put_immutable(&key, bytes.clone()).await {
            Ok(Put::Written) => published.n_written += 1,
            Ok(Put::AlreadyThere) => published.n_already_there += 1,
            Err(StoreError::Differs { .. }) => {
                store.delete(&key).await?;
                store.put_immutable(&key, bytes).await?;
                published.n_repaired += 1;
            }
            Err(other) => return Err(other.into()),
        }
    }

    match before {
        Some(before) if before.release == release => published.previous = before.previous,
        _ => {
            let previous = published.previous.clone();
            let pointer = Pointer { release, previous, moved_at, manifest: manifest.clone() };
            move_pointer(store, &pointer, version.as_ref()).await?;
            published.moved = true;
        }
    }
    Ok(published)
}

fn check_artifacts(artifacts: &[(Kind, Bytes)], manifest: &Manifest) -> Result<(), ReleaseError> {
    for (i, (kind, bytes)) in artifacts.iter().enumerate() {
        let kind = *kind;
        let Some(entry) = manifest.artifact(kind) else {
            return Err(ReleaseError::Mismatch { kind, problem: "is not in the manifest" });
        };
        if artifacts[..i].iter().any(|(k, _)| *k == kind) {
            return Err(ReleaseError::Mismatch { kind, problem: "is given twice" });
        }
        if *entry != ArtifactEntry::of(kind, bytes) {
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
        Err(StoreError::Conflict { location, .. }) => {
            // A write whose answer was lost is sent again by the client and then conflicts with itself.
            match store.read_versioned(Pointer::KEY).await? {
                Some((found, _)) if found == bytes => Ok(()),
                _ => Err(ReleaseError::LostRace { release: pointer.release.clone(), location }),
            }
        }
        Err(other) => Err(other.into()),
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
/// Before the pointer moves, the store is asked whether every artifact is there in its full size.
///
/// # Errors
/// [`ReleaseError`]; the pointer then is where it was.
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
        let (release, previous) = (target.to_owned(), Some(before.release));
        let pointer = Pointer { release, previous, moved_at, manifest };
        move_pointer(store, &pointer, version.as_ref()).await?;
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
        Some(entry) => Err(ReleaseError::NotWhole {
            release: manifest.release(),
            kind: entry.kind,
            location: store.location(),
        }),
        None => Ok(()),
    }
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
