use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use crate::StoreError;

/// Identifies the content that an object had when it was read, for [`Store::replace`](crate::Store::replace).
///
/// Different contents have different versions. Equal contents may have equal versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// Takes the store's own mark of a version, such as an entity tag.
    pub fn new(mark: impl Into<String>) -> Self {
        Self(mark.into())
    }

    /// Returns the store's own mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The result of [`ReadStore::read_if_changed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The object still has the known version.
    Same,
    /// The object has another version.
    Changed(Bytes, Version),
    /// The object no longer exists.
    Gone,
}

/// Reads objects by key. Code that takes this trait cannot change them, and a program that uses no other
/// trait contains no code that could.
///
/// A reader never sees half an object, and sees every write that ended before its read began. Every operation
/// checks its key with [`check_key`](crate::check_key).
#[async_trait]
pub trait ReadStore: fmt::Debug + Send + Sync {
    /// Returns the path or URI of the store, for messages.
    fn location(&self) -> String;

    /// Reads an object and its version. Returns `None` if the object does not exist. If the store itself does
    /// not exist yet, a folder returns `None`, and a bucket [`StoreError::NoStore`].
    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError>;

    /// Reads an object.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::NoStore`] if the folder or bucket is missing.
    async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        match self.read_versioned(key).await? {
            Some((bytes, _)) => Ok(bytes),
            None => Err(StoreError::NotFound { key: key.to_owned(), location: self.location() }),
        }
    }

    /// Reads an object, unless it still has the known version. In that case, stores that support conditional
    /// reads transfer no content.
    ///
    /// # Errors
    /// The same as [`ReadStore::read_versioned`].
    async fn read_if_changed(&self, key: &str, known: &Version) -> Result<Seen, StoreError> {
        Ok(match self.read_versioned(key).await? {
            Some((_, version)) if version == *known => Seen::Same,
            Some((bytes, version)) => Seen::Changed(bytes, version),
            None => Seen::Gone,
        })
    }

    /// Reads the bytes of an object from `range.start` up to, but not including, `range.end`. Never returns
    /// only some of them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoStore`], and [`StoreError::OutOfRange`] if the object ends
    /// before the range does, or if `range.start` is above `range.end`.
    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        let bytes = self.get(key).await?;
        within(&range, bytes.len() as u64)
            .map(|range| bytes.slice(range))
            .ok_or_else(|| out_of_range(self, key, range))
    }

    /// Returns whether a read of a range has shown that the service ignores ranges, so that such reads fetch
    /// the object from its beginning. [`RANGES_IGNORED`] puts it into words.
    fn ignores_ranges(&self) -> bool {
        false
    }
}

/// What it means that a store [ignores ranges](ReadStore::ignores_ranges), for a log or a note.
pub const RANGES_IGNORED: &str = "the store's service ignores `Range`: each block of users and each part of a \
    large object is read from the object's beginning, which takes longer the larger the object is; use a \
    service that sends ranges";

/// Returns the range if it lies within an object of this size.
pub(crate) fn within(range: &Range<u64>, len: u64) -> Option<Range<usize>> {
    let fits = range.start <= range.end && range.end <= len;
    if fits { Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?) } else { None }
}

pub(crate) fn out_of_range(store: &(impl ReadStore + ?Sized), key: &str, range: Range<u64>) -> StoreError {
    StoreError::OutOfRange { key: key.to_owned(), location: store.location(), range }
}
