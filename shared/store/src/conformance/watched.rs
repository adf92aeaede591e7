use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::{ObjectInfo, ReadStore, Store, StoreError, Version};

/// A call that changes a store or lists it, with the key of a write.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call<'a> {
    List,
    Write(&'a str),
    Delete,
}

/// What happens before a call.
type Before<'s> = dyn Fn(Call<'_>) -> BoxFuture<'s, ()> + Send + Sync + 's;

/// A store that passes every call on to another store, after `before` has run.
pub(super) struct Watched<'s> {
    inner: &'s dyn Store,
    before: Box<Before<'s>>,
}

impl<'s> Watched<'s> {
    pub(super) fn new(
        inner: &'s dyn Store,
        before: impl Fn(Call<'_>) -> BoxFuture<'s, ()> + Send + Sync + 's,
    ) -> Self {
        Self { inner, before: Box::new(before) }
    }
}

impl fmt::Debug for Watched<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[async_trait]
impl ReadStore for Watched<'_> {
    fn location(&self) -> String {
        self.inner.location()
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.inner.read_versioned(key).await
    }
}

#[async_trait]
impl Store for Watched<'_> {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        (self.before)(Call::List).await;
        self.inner.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        (self.before)(Call::Delete).await;
        self.inner.delete(key).await
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError> {
        (self.before)(Call::Write(key)).await;
        self.inner.replace(key, bytes, expected).await
    }
}
