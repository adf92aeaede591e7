//! Where artifacts live: a trait to read them by and one to write them by, a folder, memory, and what is done with releases
//! through them.
//!
//! A store holds objects by key. All but one are immutable and named by their content; the pointer
//! [`artifact::Pointer::KEY`] alone changes, by a conditional write. Five operations are all that a
//! new kind of store needs to give; the function `conformance` (behind the feature of that name) says
//! whether it gives them right.
//!
//! ```
//! use store::{MemoryStore, ReadStore, Store};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let store = MemoryStore::default();
//! let first = store.replace("current.json", "old".into(), None).await?;
//! let second = store.replace("current.json", "new".into(), Some(&first)).await?;
//! assert_ne!(first, second);
//! assert!(store.replace("current.json", "late".into(), Some(&first)).await.is_err());
//! assert_eq!(store.get("current.json").await?, "new");
//! # Ok::<(), store::StoreError>(())
//! # }).unwrap();
//! ```

mod body;
mod collect;
#[cfg(any(test, feature = "conformance"))]
mod conformance;
mod error;
mod folder;
mod key;
mod load;
mod memory;
mod open;
mod parts;
mod release;

use std::fmt;
use std::ops::Range;

use artifact::Digest;
use async_trait::async_trait;
use bytes::Bytes;

pub use body::{Body, Pieces};
pub use collect::{Collected, Keep, gc};
#[cfg(any(test, feature = "conformance"))]
pub use conformance::conformance;
pub use error::{Action, StoreError};
pub use folder::FolderStore;
pub use key::{check_key, check_prefix};
pub use load::{
    LoadError, Looked, Verified, beside, current, current_versioned, load, load_optional, load_with_digest,
    look, manifest, verify_release,
};
pub use memory::MemoryStore;
pub use open::{OpenError, open};
pub use parts::{for_each_part, load_part, load_parts};
pub use release::{
    MIN_GRACE, Published, ReleaseError, ReleaseInfo, RolledBack, publish, publish_bodies, releases, rollback,
};

/// Which content an object had when it was read, for [`Store::replace`].
///
/// Equal contents may have equal versions: a store promises only that different contents differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// A version from the store's own mark for it, such as an entity tag.
    pub fn new(mark: impl Into<String>) -> Self {
        Self(mark.into())
    }

    /// The store's own mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One line of [`Store::list`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last written, Unix seconds, where the store keeps that.
    pub modified: Option<u64>,
}

/// What [`ReadStore::read_if_changed`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The version that was known already.
    Same,
    /// Another.
    Changed(Bytes, Version),
    /// No such object.
    Gone,
}

/// What [`Store::put_immutable`] found to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object was not there and now is.
    Written,
    /// The same bytes were there already; nothing was sent.
    AlreadyThere,
}

/// Objects by key, for those who only read them. Whoever takes this cannot change what is there, and a program that takes
/// nothing else holds no code that could.
///
/// A reader never sees half an object, and sees every write that ended before its read began. Keys are checked by
/// [`check_key`] in every operation.
#[async_trait]
pub trait ReadStore: fmt::Debug + Send + Sync {
    /// What this store is, for messages: a path, a URI.
    fn location(&self) -> String;

    /// An object and its version; `None` where there is no such object, a store not yet made included.
    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError>;

    /// An object.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::NoStore`] where the folder or bucket is missing.
    async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        match self.read_versioned(key).await? {
            Some((bytes, _)) => Ok(bytes),
            None => Err(StoreError::NotFound { key: key.to_owned(), location: self.location() }),
        }
    }

    /// An object, unless it still is of the version that is known. A store that can ask so sends nothing then.
    ///
    /// # Errors
    /// As [`ReadStore::read_versioned`].
    async fn read_if_changed(&self, key: &str, known: &Version) -> Result<Seen, StoreError> {
        Ok(match self.read_versioned(key).await? {
            Some((_, version)) if version == *known => Seen::Same,
            Some((bytes, version)) => Seen::Changed(bytes, version),
            None => Seen::Gone,
        })
    }

    /// The bytes of an object from `range.start` to before `range.end`: all of them, or an error.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoStore`], and [`StoreError::OutOfRange`] where the object ends before
    /// the range, or the range is upside down.
    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        let bytes = self.get(key).await?;
        within(&range, bytes.len() as u64)
            .map(|range| bytes.slice(range))
            .ok_or_else(|| out_of_range(self, key, range))
    }
}

/// Objects by key, for those who write them too. Every write is whole or not at all.
#[async_trait]
pub trait Store: ReadStore {
    /// The objects whose key begins with `prefix` (all of them, where it is empty), sorted by key in
    /// byte order. None is an empty list.
    ///
    /// # Errors
    /// [`StoreError::NoStore`] where the folder or bucket itself is missing.
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError>;

    /// Removes an object. That it was not there is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// Writes an object if it still is what `expected` says: that version, or absent for `None`.
    /// Of several writers with the same expectation exactly one succeeds.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the object is otherwise; then nothing was written.
    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError>;

    /// Creates an object that never changes. What is there already is not written again: a store that keeps a checksum
    /// of an object compares that, and others read the object. `sent` is told of bytes as they are written.
    ///
    /// # Errors
    /// [`StoreError::Differs`] where other bytes are there; they are left alone. [`StoreError::Source`] where the body
    /// cannot be read or is not what was told of it; then nothing was written.
    async fn put_immutable(&self, key: &str, body: &Body, sent: Sent<'_>) -> Result<Put, StoreError> {
        check_key(key)?;
        if let Some((found, _)) = self.read_versioned(key).await? {
            return compare(self, key, &found, body);
        }
        let bytes = body.whole().await.map_err(|source| unread(self, key, source))?;
        match self.replace(key, bytes, None).await {
            Ok(_) => {
                sent(body.len());
                Ok(Put::Written)
            }
            // Somebody else wrote it between the two steps, or our own write was sent twice.
            Err(conflict @ StoreError::Conflict { .. }) => match self.read_versioned(key).await? {
                Some((found, _)) => compare(self, key, &found, body),
                None => Err(conflict),
            },
            Err(other) => Err(other),
        }
    }

    /// Makes an object count as written now, for whoever removes what is old. `false` where there is no such object.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where somebody else writes it meanwhile.
    async fn refresh(&self, key: &str) -> Result<bool, StoreError> {
        let Some((bytes, version)) = self.read_versioned(key).await? else { return Ok(false) };
        self.replace(key, bytes, Some(&version)).await?;
        Ok(true)
    }

    /// Removes what is left of writes that began before a time (Unix seconds) and never ended, and says how many there
    /// were; with `dry_run` it only counts. Most stores leave nothing behind.
    async fn abandon(&self, _before: u64, _dry_run: bool) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// Who is told how many more bytes of a [`Body`] are written.
pub type Sent<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// The range, where it lies within so many bytes.
fn within(range: &Range<u64>, len: u64) -> Option<Range<usize>> {
    let fits = range.start <= range.end && range.end <= len;
    if fits { Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?) } else { None }
}

fn out_of_range(store: &(impl ReadStore + ?Sized), key: &str, range: Range<u64>) -> StoreError {
    StoreError::OutOfRange { key: key.to_owned(), location: store.location(), range }
}

fn unread(store: &(impl ReadStore + ?Sized), key: &str, source: std::io::Error) -> StoreError {
    StoreError::Source { key: key.to_owned(), location: store.location(), source }
}

fn compare(
    store: &(impl ReadStore + ?Sized),
    key: &str,
    found: &Bytes,
    wanted: &Body,
) -> Result<Put, StoreError> {
    if found.len() as u64 == wanted.len() && Digest::of(found) == wanted.sha256() {
        Ok(Put::AlreadyThere)
    } else {
        Err(StoreError::Differs { key: key.to_owned(), location: store.location() })
    }
}
