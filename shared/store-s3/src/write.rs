use std::time::{SystemTime, UNIX_EPOCH};

use artifact::Digest;
use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::MetadataDirective;
use bytes::Bytes;
use store::{Action, Body, ObjectInfo, Put, Sent, Store, StoreError, Version, check_key, check_prefix};

use crate::bucket::S3Store;
use crate::failure::Failure;
use crate::upload::as_base64;

#[async_trait]
impl Store for S3Store {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        check_prefix(prefix)?;
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(self.object_key(prefix));
        let mut pages = request.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| self.fail(Action::List, prefix, Failure::of(e)))?;
            found.extend(page.contents.into_iter().flatten().filter_map(|object| {
                let key = object.key?.strip_prefix(&self.prefix)?.to_owned();
                check_key(&key).ok()?;
                let bytes = u64::try_from(object.size?).ok()?;
                let modified = object.last_modified.and_then(|t| u64::try_from(t.secs()).ok());
                Some(ObjectInfo { key, bytes, modified })
            }));
        }
        // Directory buckets list in no particular order.
        found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        check_key(key)?;
        let request = self.client.delete_object().bucket(&self.bucket).key(self.object_key(key));
        match request.send().await.map_err(Failure::of) {
            Ok(_) | Err(Failure::NoObject) => Ok(()),
            Err(failure) => Err(self.fail(Action::Delete, key, failure)),
        }
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError> {
        check_key(key)?;
        let request = self.client.put_object().bucket(&self.bucket).key(self.object_key(key));
        let checksum = (!self.without.checksums).then(|| as_base64(Digest::of(&bytes)));
        let request = request.set_checksum_sha256(checksum);
        let request = match expected {
            _ if self.without.conditions => {
                let found = self.look_at(key).await?.and_then(|stored| stored.version);
                if found.as_ref() != expected {
                    return Err(self.fail(Action::Write, key, Failure::Precondition));
                }
                request
            }
            Some(version) => request.if_match(version.as_str()),
            None => request.if_none_match("*"),
        };
        let sent = request.body(ByteStream::from(bytes)).send().await;
        let sent = sent.map_err(|e| match Failure::of(e) {
            // The response to If-Match if the object is gone.
            Failure::NoObject => self.fail(Action::Write, key, Failure::Precondition),
            failure => self.fail(Action::Write, key, failure),
        })?;
        sent.e_tag.map(Version::new).ok_or_else(|| self.fail(Action::Write, key, Failure::no_tag()))
    }

    /// Creates an object that never changes. An object that is there already is recognized by its size and by
    /// the SHA-256 checksum that the service computed when it received the object. Objects without such a
    /// checksum are read.
    async fn put_immutable(&self, key: &str, body: &Body, sent: Sent<'_>) -> Result<Put, StoreError> {
        check_key(key)?;
        self.upload(key, body, sent).await
    }

    /// Resets the age of an object by a copy within the service, which is limited to 5 GB.
    async fn refresh(&self, key: &str) -> Result<bool, StoreError> {
        check_key(key)?;
        let key_there = self.object_key(key);
        // A copy of an object to itself has to change something.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let request = self.client.copy_object().bucket(&self.bucket).key(&key_there);
        let request = request
            .copy_source(format!("{}/{key_there}", self.bucket))
            .metadata_directive(MetadataDirective::Replace)
            .metadata("refreshed", now.to_string())
            .set_checksum_algorithm(self.checksum_algorithm());
        match request.send().await.map_err(Failure::of) {
            Ok(_) => Ok(true),
            Err(Failure::NoObject) => Ok(false),
            Err(failure) => Err(self.fail(Action::Write, key, failure)),
        }
    }

    async fn abandon(&self, before: u64, dry_run: bool) -> Result<u64, StoreError> {
        self.abort_uploads(before, dry_run).await
    }
}
