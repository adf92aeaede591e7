//! Reading a release: pointer, manifest, artifacts, each checked before it is handed on.

use std::ops::Range;

use artifact::{Artifact, ArtifactEntry, Digest, Kind, Manifest, ManifestError, Pointer, ReadError};
use bytes::Bytes;
use thiserror::Error;

use crate::{ReadStore, Seen, StoreError, Version, for_each_part};

/// Why a release or a part of it could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The store has no pointer.
    #[error("no release is published in {location}; publish one with `cartelera publish`")]
    NothingPublished {
        /// The store.
        location: String,
    },
    /// There is no release of that name.
    #[error("{location} has no release {release:?}; `cartelera releases` lists those it has")]
    NoSuchRelease {
        /// The name asked for.
        release: String,
        /// The store.
        location: String,
    },
    /// The pointer or a manifest was read and refused.
    #[error("{key} in {location} was refused")]
    Manifest {
        /// The object.
        key: String,
        /// The store.
        location: String,
        /// Why.
        source: ManifestError,
    },
    /// The release was built without this artifact.
    #[error("release {release} has no {kind}; build and publish one that does")]
    NotInRelease {
        /// What was asked for.
        kind: Kind,
        /// The release.
        release: String,
    },
    /// Fetching failed.
    #[error("cannot fetch {what}")]
    Fetch {
        /// What was being fetched: a kind of artifact, or the pointer.
        what: String,
        /// What the store said.
        source: StoreError,
    },
    /// The object does not have the size that the manifest gives it.
    #[error(
        "{key} in {location} has {found} bytes and the manifest says {expected}; publish the release again"
    )]
    Size {
        /// The object.
        key: String,
        /// The store.
        location: String,
        /// What the manifest says.
        expected: u64,
        /// What was fetched.
        found: u64,
    },
    /// The object does not have the digest that names it.
    #[error("{key} in {location} has the SHA-256 digest {found}; publish the release again")]
    Digest {
        /// The object.
        key: String,
        /// The store.
        location: String,
        /// What the bytes have.
        found: Digest,
    },
    /// A step of reading refused the object.
    #[error("{key} in {location} was refused")]
    Read {
        /// The object.
        key: String,
        /// The store.
        location: String,
        /// The step, and why.
        source: ReadError,
    },
    /// A step of reading refused a part of an object that is in parts.
    #[error("bytes {} to {} of {key} in {location} were refused", .range.start, .range.end)]
    Part {
        /// The object.
        key: String,
        /// The store.
        location: String,
        /// The bytes of the part.
        range: Range<u64>,
        /// The step, and why.
        source: ReadError,
    },
}

/// Which release is served, and its manifest.
///
/// # Errors
/// [`LoadError`]; [`LoadError::NothingPublished`] where there is no pointer.
pub async fn current(store: &dyn ReadStore) -> Result<Pointer, LoadError> {
    match store.get(Pointer::KEY).await {
        Ok(bytes) => read_pointer(store, &bytes),
        Err(StoreError::NotFound { location, .. }) => Err(LoadError::NothingPublished { location }),
        Err(source) => Err(pointer_unread(source)),
    }
}

/// The same, with the version of the pointer, for [`look`].
///
/// # Errors
/// As [`current`].
pub async fn current_versioned(store: &dyn ReadStore) -> Result<(Pointer, Version), LoadError> {
    match store.read_versioned(Pointer::KEY).await {
        Ok(Some((bytes, version))) => Ok((read_pointer(store, &bytes)?, version)),
        Ok(None) | Err(StoreError::NotFound { .. }) => {
            Err(LoadError::NothingPublished { location: store.location() })
        }
        Err(source) => Err(pointer_unread(source)),
    }
}

/// What [`look`] found.
#[derive(Debug, Clone, PartialEq)]
pub enum Looked {
    /// The pointer that was known.
    Same,
    /// Another, and its version.
    Moved(Box<Pointer>, Version),
}

/// The pointer, unless it still is of the version that is known.
///
/// # Errors
/// As [`current`].
pub async fn look(store: &dyn ReadStore, known: &Version) -> Result<Looked, LoadError> {
    match store.read_if_changed(Pointer::KEY, known).await {
        Ok(Seen::Same) => Ok(Looked::Same),
        Ok(Seen::Changed(bytes, version)) => Ok(Looked::Moved(read_pointer(store, &bytes)?.into(), version)),
        Ok(Seen::Gone) => Err(LoadError::NothingPublished { location: store.location() }),
        Err(source) => Err(pointer_unread(source)),
    }
}

fn pointer_unread(source: StoreError) -> LoadError {
    LoadError::Fetch { what: "the pointer to the current release".to_owned(), source }
}

pub(crate) fn read_pointer(store: &dyn ReadStore, bytes: &[u8]) -> Result<Pointer, LoadError> {
    Pointer::from_bytes(bytes).map_err(|source| LoadError::Manifest {
        key: Pointer::KEY.to_owned(),
        location: store.location(),
        source,
    })
}

/// The manifest of a release, current or not.
///
/// # Errors
/// [`LoadError`]; [`LoadError::NoSuchRelease`] where there is none of that name.
pub async fn manifest(store: &dyn ReadStore, release: &str) -> Result<Manifest, LoadError> {
    let key = Manifest::key(release);
    match store.get(&key).await {
        Ok(bytes) => Manifest::from_bytes(release, &bytes).map_err(|source| LoadError::Manifest {
            key,
            location: store.location(),
            source,
        }),
        Err(StoreError::NotFound { .. } | StoreError::InvalidKey { .. }) => {
            Err(LoadError::NoSuchRelease { release: release.to_owned(), location: store.location() })
        }
        Err(source) => Err(LoadError::Fetch { what: format!("the manifest of release {release}"), source }),
    }
}

/// One artifact of a release: fetched, its size held against the manifest, then all eight steps of
/// reading. Decoding runs beside the async threads, so that several artifacts load in parallel.
///
/// # Errors
/// [`LoadError`], with the object, the store and the step that refused it.
///
/// # Panics
/// Where `T`'s own decoding panics.
pub async fn load<T: Artifact + Send + 'static>(
    store: &dyn ReadStore,
    manifest: &Manifest,
) -> Result<T, LoadError> {
    load_and(store, manifest, |_| None).await
}

/// As [`load`], for what a release may do without: `None` where the manifest does not name it. What it does name has
/// to be there and sound.
///
/// # Errors
/// As [`load`], without [`LoadError::NotInRelease`].
///
/// # Panics
/// Where `T`'s own decoding panics.
pub async fn load_optional<T: Artifact + Send + 'static>(
    store: &dyn ReadStore,
    manifest: &Manifest,
) -> Result<Option<T>, LoadError> {
    match manifest.artifact(T::KIND) {
        Some(_) => load(store, manifest).await.map(Some),
        None => Ok(None),
    }
}

/// As [`load`], and holds the bytes against the digest that names them. The envelope's checksum finds
/// any accident; this finds intent.
///
/// # Errors
/// As [`load`], and [`LoadError::Digest`].
///
/// # Panics
/// Where `T`'s own decoding panics.
pub async fn load_with_digest<T: Artifact + Send + 'static>(
    store: &dyn ReadStore,
    manifest: &Manifest,
) -> Result<T, LoadError> {
    load_and(store, manifest, |bytes| Some(Digest::of(bytes))).await
}

async fn load_and<T: Artifact + Send + 'static>(
    store: &dyn ReadStore,
    manifest: &Manifest,
    digest: fn(&[u8]) -> Option<Digest>,
) -> Result<T, LoadError> {
    let entry = manifest
        .artifact(T::KIND)
        .ok_or_else(|| LoadError::NotInRelease { kind: T::KIND, release: manifest.release() })?;
    let bytes = fetch(store, entry).await?;
    let expected = entry.sha256;
    beside(move || match digest(&bytes) {
        Some(found) if found != expected => Err(Refused::Digest(found)),
        _ => T::from_bytes(&bytes).map_err(Refused::Read),
    })
    .await
    .map_err(|refused| refused.of(store, entry))
}

/// What a check of bytes found, before it is known whose bytes they are.
pub(crate) enum Refused {
    Digest(Digest),
    Read(ReadError),
}

impl Refused {
    pub(crate) fn of(self, store: &dyn ReadStore, entry: &ArtifactEntry) -> LoadError {
        let (key, location) = (entry.key(), store.location());
        match self {
            Self::Digest(found) => LoadError::Digest { key, location, found },
            Self::Read(source) => LoadError::Read { key, location, source },
        }
    }
}

pub(crate) async fn fetch(store: &dyn ReadStore, entry: &ArtifactEntry) -> Result<Bytes, LoadError> {
    let key = entry.key();
    let fetched = store.get(&key).await;
    let bytes = fetched.map_err(|source| LoadError::Fetch { what: entry.kind.to_string(), source })?;
    let found = bytes.len() as u64;
    if found != entry.bytes {
        return Err(LoadError::Size { key, location: store.location(), expected: entry.bytes, found });
    }
    Ok(bytes)
}

/// Runs work that keeps a processor busy off the async threads.
///
/// # Panics
/// Where the work panics.
pub async fn beside<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Blocking work is cancelled only by a runtime that is shutting down, which polls nobody.
            Err(cancelled) => panic!("the runtime went away while a task waited for it: {cancelled}"),
        },
    }
}

/// What [`verify_release`] found of one artifact.
#[derive(Debug)]
pub struct Verified {
    /// The artifact, as the manifest describes it.
    pub entry: ArtifactEntry,
    /// What is wrong with it, if anything.
    pub problem: Option<LoadError>,
}

/// Checks every artifact of a release, whatever is wrong with another: there, of its size, of the
/// digest that names it, and in a whole envelope of its kind (steps 1 to 6 of reading). Whether the
/// payload decodes is for [`load`] to say, which knows its type.
///
/// # Errors
/// Where the manifest cannot be had. What is wrong with an artifact stands in its [`Verified`].
pub async fn verify_release(store: &dyn ReadStore, release: &str) -> Result<Vec<Verified>, LoadError> {
    let manifest = manifest(store, release).await?;
    let mut verified = Vec::with_capacity(manifest.artifacts.len());
    for entry in manifest.artifacts {
        let problem = verify(store, &entry).await.err();
        verified.push(Verified { entry, problem });
    }
    Ok(verified)
}

async fn verify(store: &dyn ReadStore, entry: &ArtifactEntry) -> Result<(), LoadError> {
    if entry.kind.is_in_parts() {
        return for_each_part(store, entry, |_, part| artifact::open(entry.kind, part).map(drop)).await;
    }
    let bytes = fetch(store, entry).await?;
    let (kind, expected) = (entry.kind, entry.sha256);
    beside(move || {
        artifact::open(kind, &bytes).map_err(Refused::Read)?;
        let found = Digest::of(&bytes);
        if found == expected { Ok(()) } else { Err(Refused::Digest(found)) }
    })
    .await
    .map_err(|refused| refused.of(store, entry))
}
