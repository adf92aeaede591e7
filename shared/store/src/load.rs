//! Reading the parts of a release: its manifest and its artifacts, each checked before it is returned.

use artifact::{Artifact, ArtifactEntry, Digest, Manifest, ReadError, Signature};
use bytes::Bytes;
use futures_util::future::join;

use crate::blocking::run_blocking;
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

/// Reads the signature of a release, current or not. Returns `None` if the release is not signed. Whether the
/// signature is right is for [`artifact::ReleaseKeys`] to say.
///
/// # Errors
/// [`LoadError`]: the signature cannot be read, or does not have the length of one.
pub async fn signature(store: &dyn ReadStore, release: &str) -> Result<Option<Signature>, LoadError> {
    let key = Signature::key(release);
    match store.get(&key).await {
        Ok(bytes) => {
            let location = store.location();
            let refused = |source| LoadError::Signature { key, location, source };
            Signature::from_bytes(&bytes).map(Some).map_err(refused)
        }
        Err(error) if error.is_missing() => Ok(None),
        Err(source) => Err(LoadError::Fetch { what: format!("the signature of release {release}"), source }),
    }
}

/// Reads one artifact of a release: fetches it, compares its size and its digest with the manifest, and runs
/// all eight steps of reading. This happens off the async threads, so that several artifacts load in
/// parallel.
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
    let entry = manifest
        .artifact(T::KIND)
        .ok_or_else(|| LoadError::NotInRelease { kind: T::KIND, release: manifest.release() })?;
    let read = fetch_and_read(store, entry, |bytes| T::from_bytes(bytes)).await?;
    read.map_err(|source| refused(store, entry, source))
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

/// Fetches an object, compares its size and its digest with the manifest, and returns what `read` makes of
/// its bytes. The checksum in an envelope finds accidental damage; the digest also finds deliberate changes.
///
/// The digest of a large object is computed in another thread while `read` runs; one after the other, a
/// function would start later. So `read` may get bytes with another digest, and what it makes of them is
/// dropped.
pub(crate) async fn fetch_and_read<R: Send + 'static>(
    store: &dyn ReadStore,
    entry: &ArtifactEntry,
    read: impl FnOnce(&Bytes) -> R + Send + 'static,
) -> Result<R, LoadError> {
    /// It takes longer to start another thread than to compute the digest of fewer bytes.
    const LARGE: usize = 256 << 10;
    let bytes = fetch(store, entry).await?;
    let (found, read) = if bytes.len() < LARGE {
        run_blocking(move || (Digest::of(&bytes), read(&bytes))).await
    } else {
        let hashed = bytes.clone();
        let hash = run_blocking(move || Digest::of(&hashed));
        join(hash, run_blocking(move || read(&bytes))).await
    };
    check_digest(store, entry, found)?;
    Ok(read)
}

/// Compares the digest of an object with the manifest.
pub(crate) fn check_digest(
    store: &dyn ReadStore,
    entry: &ArtifactEntry,
    found: Digest,
) -> Result<(), LoadError> {
    if found == entry.sha256 {
        return Ok(());
    }
    let (key, location) = (entry.key(), store.location());
    Err(LoadError::Digest { key, location, expected: entry.sha256, found })
}

/// Returns the error for an object that a step of reading refused.
pub(crate) fn refused(store: &dyn ReadStore, entry: &ArtifactEntry, source: ReadError) -> LoadError {
    LoadError::Read { key: entry.key(), location: store.location(), source }
}
