use std::sync::Arc;

use artifact::Digest;
use async_trait::async_trait;
use bytes::Bytes;

use crate::{Body, ReadStore, StoreError, Version, check_key};

/// One entry of [`Store::list`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The key.
    pub key: String,
    /// The size.
    pub bytes: u64,
    /// When it was last written, as Unix time, if the store keeps that.
    pub modified: Option<u64>,
}

/// The result of [`Store::put_immutable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is new.
    Written,
    /// The same bytes were there already, and nothing was sent.
    AlreadyThere,
}

/// A callback that receives how many more bytes of a [`Body`] were written.
pub type Sent<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// Objects by key, to be read and written. Each write happens completely or not at all.
#[async_trait]
pub trait Store: ReadStore {
    /// Lists the objects whose key starts with `prefix`, sorted by the bytes of their keys. The empty prefix
    /// lists all.
    ///
    /// # Errors
    /// [`StoreError::NoStore`] if the folder or bucket itself is missing.
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError>;

    /// Sets what is called with a sentence when a write has to wait for another process. Stores whose writers
    /// do not wait for each other never call it.
    fn when_waiting(&mut self, _note: Arc<dyn Fn(&str) + Send + Sync>) {}

    /// Deletes an object. It is not an error if there is no such object.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// Writes an object if it still has the version `expected`, or if it does not exist and `expected` is
    /// `None`. Of several writers with the same expectation exactly one succeeds.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it does not; nothing was written then.
    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError>;

    /// Creates an object that never changes. If it is there already, it is not written again. Whether it is
    /// the same is decided by its checksum, or by reading it if the store keeps no checksums. `sent` receives
    /// the progress.
    ///
    /// # Errors
    /// [`StoreError::Differs`] if other bytes are there; they are left unchanged. [`StoreError::Source`] if
    /// the body cannot be read or does not have its announced size and digest; nothing was written then.
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
            // Another writer was faster, or our own write was sent twice.
            Err(conflict @ StoreError::Conflict { .. }) => match self.read_versioned(key).await? {
                Some((found, _)) => compare(self, key, &found, body),
                None => Err(conflict),
            },
            Err(other) => Err(other),
        }
    }

    /// Resets the age of an object, so that garbage collection leaves it alone. Returns `false` if there is
    /// no such object.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another writer changes it at the same time.
    async fn refresh(&self, key: &str) -> Result<bool, StoreError> {
        let Some((bytes, version)) = self.read_versioned(key).await? else { return Ok(false) };
        self.replace(key, bytes, Some(&version)).await?;
        Ok(true)
    }

    /// Removes what is left of writes that began before a Unix time and never ended, and returns how many
    /// there were. With `dry_run` it only counts them. Most stores leave nothing behind.
    async fn abandon(&self, _before: u64, _dry_run: bool) -> Result<u64, StoreError> {
        Ok(0)
    }
}

pub(crate) fn unread(store: &(impl ReadStore + ?Sized), key: &str, source: std::io::Error) -> StoreError {
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
