//! Reading the parts of a release: its manifest and its artifacts, each checked before it is returned.

use artifact::{Artifact, ArtifactEntry, Digest, Manifest, ReadError};
use bytes::Bytes;

use crate::{LoadError, ReadStore, StoreError};

/// Reads the manifest of a release, current or not.
///
/// # Errors
/// [`LoadError`]; [`LoadError::NoSuchRelease`] if there is no release of that name.
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

/// Reads one artifact of a release: fetches it, compares its size with the manifest, and then runs all eight
/// steps of reading. Decoding runs off the async threads, so that several artifacts load in parallel.
///
/// # Errors
/// [`LoadError`], with the object, the store and the step that refused it.
///
/// # Panics
/// If `T`'s own decoding panics.
pub async fn load<T: Artifact + Send + 'static>(
    store: &dyn ReadStore,
    manifest: &Manifest,
) -> Result<T, LoadError> {
    load_and(store, manifest, |_| None).await
}

/// Reads an artifact that a release need not have. Returns `None` if the manifest does not name it. If it
/// does, the artifact has to be there and valid.
///
/// # Errors
/// The same as [`load`], except [`LoadError::NotInRelease`].
///
/// # Panics
/// If `T`'s own decoding panics.
pub async fn load_optional<T: Artifact + Send + 'static>(
    store: &dyn ReadStore,
    manifest: &Manifest,
) -> Result<Option<T>, LoadError> {
    match manifest.artifact(T::KIND) {
        Some(_) => load(store, manifest).await.map(Some),
        None => Ok(None),
    }
}

/// Reads one artifact as [`load`] does, and checks that its bytes have the digest that names them. The
/// checksum in the envelope finds accidental damage; the digest also finds deliberate changes.
///
/// # Errors
/// The same as [`load`], and [`LoadError::Digest`].
///
/// # Panics
/// If `T`'s own decoding panics.
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
    run_blocking(move || match digest(&bytes) {
        Some(found) if found != expected => Err(Refused::Digest(found)),
        _ => T::from_bytes(&bytes).map_err(Refused::Read),
    })
    .await
    .map_err(|refused| refused.into_error(store, entry))
}

/// Why some bytes were refused, without the names of object and store.
pub(crate) enum Refused {
    Digest(Digest),
    Read(ReadError),
}

impl Refused {
    pub(crate) fn into_error(self, store: &dyn ReadStore, entry: &ArtifactEntry) -> LoadError {
        let (key, location) = (entry.key(), store.location());
        match self {
            Self::Digest(found) => LoadError::Digest { key, location, found },
            Self::Read(source) => LoadError::Read { key, location, source },
        }
    }
}

/// Fetches an object and compares its size with the manifest.
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

/// Runs CPU-bound work off the async threads.
///
/// # Panics
/// If the work panics.
pub async fn run_blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that shuts down cancels blocking work, and it does not poll this future any
            // more.
            Err(cancelled) => panic!("the runtime shut down while a task waited for it: {cancelled}"),
        },
    }
}
