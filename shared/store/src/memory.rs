use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use artifact::Digest;
use async_trait::async_trait;
use bytes::Bytes;

use crate::{ObjectInfo, ReadStore, Store, StoreError, Version, check_key, check_prefix};

/// A store in memory, for tests and for serving a release that was just built. Clones share their objects.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    objects: Arc<Mutex<BTreeMap<String, Object>>>,
}

#[derive(Debug, Clone)]
struct Object {
    bytes: Bytes,
    modified: SystemTime,
}

impl MemoryStore {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Object>> {
        // Each holder makes one insertion or removal, so the map is consistent even after a panic.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn unix_seconds(time: SystemTime) -> Option<u64> {
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

pub(crate) fn version_of(bytes: &[u8]) -> Version {
    Version::new(Digest::of(bytes).to_string())
}

#[async_trait]
impl ReadStore for MemoryStore {
    fn location(&self) -> String {
        "memory".to_owned()
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        check_key(key)?;
        let found = self.objects().get(key).cloned();
        Ok(found.map(|object| {
            let version = version_of(&object.bytes);
            (object.bytes, version)
        }))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        check_prefix(prefix)?;
        Ok(self
            .objects()
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, object)| ObjectInfo {
                key: key.clone(),
                bytes: object.bytes.len() as u64,
                modified: unix_seconds(object.modified),
            })
            .collect())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        check_key(key)?;
        self.objects().remove(key);
        Ok(())
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError> {
        check_key(key)?;
        let version = version_of(&bytes);
        let mut objects = self.objects();
        let found = objects.get(key).map(|object| version_of(&object.bytes));
        if found.as_ref() != expected {
            return Err(StoreError::Conflict { key: key.to_owned(), location: self.location() });
        }
        objects.insert(key.to_owned(), Object { bytes, modified: SystemTime::now() });
        Ok(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn memory_conforms() {
        let stores: Mutex<BTreeMap<String, MemoryStore>> = Mutex::default();
        crate::conformance(&|name| {
            Arc::new(stores.lock().unwrap().entry(name.to_owned()).or_default().clone())
        })
        .await;
    }
}
