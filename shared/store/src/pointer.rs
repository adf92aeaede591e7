//! The pointer to the current release: reading it, watching it, and moving it by a conditional write.

use std::collections::BTreeSet;

use artifact::{ArtifactEntry, Manifest, Pointer, Signature};
use bytes::Bytes;

use crate::{LoadError, ReadStore, ReleaseError, Seen, Store, StoreError, Version};

/// Reads the pointer: the release that is served, and its manifest.
///
/// # Errors
/// [`LoadError`]; [`LoadError::NothingPublished`] if there is no pointer.
pub async fn current(store: &dyn ReadStore) -> Result<Pointer, LoadError> {
    match store.get(Pointer::KEY).await {
        Ok(bytes) => parse(store, &bytes),
        Err(StoreError::NotFound { location, .. }) => Err(LoadError::NothingPublished { location }),
        Err(source) => Err(cannot_fetch(source)),
    }
}

/// Reads the pointer and its version, which [`poll`] needs.
///
/// # Errors
/// The same as [`current`].
pub async fn current_versioned(store: &dyn ReadStore) -> Result<(Pointer, Version), LoadError> {
    match store.read_versioned(Pointer::KEY).await {
        Ok(Some((bytes, version))) => Ok((parse(store, &bytes)?, version)),
        Ok(None) | Err(StoreError::NotFound { .. }) => {
            Err(LoadError::NothingPublished { location: store.location() })
        }
        Err(source) => Err(cannot_fetch(source)),
    }
}

/// The result of [`poll`].
#[derive(Debug, Clone, PartialEq)]
pub enum Polled {
    /// The pointer still has the known version.
    Same,
    /// The pointer moved. This is the new one, and its version.
    Moved(Box<Pointer>, Version),
}

/// Reads the pointer, unless it still has the known version.
///
/// # Errors
/// The same as [`current`].
pub async fn poll(store: &dyn ReadStore, known: &Version) -> Result<Polled, LoadError> {
    match store.read_if_changed(Pointer::KEY, known).await {
        Ok(Seen::Same) => Ok(Polled::Same),
        Ok(Seen::Changed(bytes, version)) => Ok(Polled::Moved(parse(store, &bytes)?.into(), version)),
        Ok(Seen::Gone) => Err(LoadError::NothingPublished { location: store.location() }),
        Err(source) => Err(cannot_fetch(source)),
    }
}

fn cannot_fetch(source: StoreError) -> LoadError {
    LoadError::Fetch { what: "the pointer to the current release".to_owned(), source }
}

fn parse(store: &dyn ReadStore, bytes: &[u8]) -> Result<Pointer, LoadError> {
    Pointer::from_bytes(bytes).map_err(|source| LoadError::Manifest {
        key: Pointer::KEY.to_owned(),
        location: store.location(),
        source,
    })
}

/// Reads the pointer and its version, to be replaced. Returns `None` if there is no pointer yet.
pub(crate) async fn find(store: &dyn Store) -> Result<Option<(Pointer, Version)>, ReleaseError> {
    match store.read_versioned(Pointer::KEY).await? {
        Some((bytes, version)) => Ok(Some((parse(store, &bytes)?, version))),
        None => Ok(None),
    }
}

/// Moves the pointer, if it still has the version `expected`.
pub(crate) async fn move_to(
    store: &dyn Store,
    pointer: &Pointer,
    expected: Option<&Version>,
) -> Result<(), ReleaseError> {
    let bytes = Bytes::from(pointer.to_bytes());
    match store.replace(Pointer::KEY, bytes.clone(), expected).await {
        Ok(_) => Ok(()),
        // The write may have happened all the same. If its response was lost, the result is an error, or a
        // conflict of the second attempt with the first.
        Err(error) => match (store.read_versioned(Pointer::KEY).await, error) {
            (Ok(Some((found, _))), _) if found == bytes => Ok(()),
            (Ok(_), StoreError::Conflict { location, .. }) => {
                Err(ReleaseError::LostRace { release: pointer.release.clone(), location })
            }
            (Ok(_), error) | (Err(error), _) => Err(error.into()),
        },
    }
}

/// Returns the keys that no collection removes as long as the pointer does not move.
pub(crate) fn protected_by(pointer: &Pointer) -> BTreeSet<String> {
    let described = [Manifest::key(&pointer.release), Signature::key(&pointer.release)];
    pointer.manifest.artifacts.iter().map(ArtifactEntry::key).chain(described).collect()
}
