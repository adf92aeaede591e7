//! The store trait on S3 and whatever speaks its protocol. The only crate that names aws-*.
//!
//! Credentials, region and endpoint come from the standard AWS variables and files
//! (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL`,
//! `AWS_ENDPOINT_URL_S3` and the others). The service must honour `If-Match` and `If-None-Match` on
//! PUT, as S3 does, or two publishers may overwrite each other.

mod failure;
mod open;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use store::{Action, ObjectInfo, Store, StoreError, Version, check_key, check_prefix};

use failure::Failure;
pub use open::{OpenError, open};

/// A store in a bucket, below a prefix.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
    /// Empty, or ends in a slash.
    prefix: String,
}

impl S3Store {
    /// The store below `prefix` (may be empty; slashes at its ends do not matter) of a bucket. Sends
    /// nothing.
    pub fn new(client: Client, bucket: impl Into<String>, prefix: &str) -> Self {
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Self { client, bucket: bucket.into(), prefix }
    }

    fn object_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn fail(&self, action: Action, key: &str, failure: Failure) -> StoreError {
        let (key, location) = (key.to_owned(), self.location());
        match failure {
            Failure::NoBucket => StoreError::NoStore { location },
            Failure::NoObject => StoreError::NotFound { key, location },
            Failure::Precondition => StoreError::Conflict { key, location },
            Failure::Other { hint, source } => StoreError::Backend { action, key, location, hint, source },
        }
    }
}

#[async_trait]
impl Store for S3Store {
    fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix.trim_end_matches('/'))
    }

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
        // Directory buckets list in no order.
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

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        check_key(key)?;
        let request = self.client.get_object().bucket(&self.bucket).key(self.object_key(key));
        let fail = |failure| self.fail(Action::Read, key, failure);
        let object = match request.send().await.map_err(Failure::of) {
            Ok(object) => object,
            Err(Failure::NoObject) => return Ok(None),
            Err(failure) => return Err(fail(failure)),
        };
        let tag = object.e_tag.ok_or_else(|| fail(Failure::no_tag()))?;
        let body = object.body.collect().await.map_err(|e| fail(Failure::cut(e)))?;
        Ok(Some((body.into_bytes(), Version::new(tag))))
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError> {
        check_key(key)?;
        let request = self.client.put_object().bucket(&self.bucket).key(self.object_key(key));
        let request = match expected {
            Some(version) => request.if_match(version.as_str()),
            None => request.if_none_match("*"),
        };
        let sent = request.body(ByteStream::from(bytes)).send().await;
        let sent = sent.map_err(|e| match Failure::of(e) {
            // If-Match on an object that is gone.
            Failure::NoObject => self.fail(Action::Write, key, Failure::Precondition),
            failure => self.fail(Action::Write, key, failure),
        })?;
        sent.e_tag.map(Version::new).ok_or_else(|| self.fail(Action::Write, key, Failure::no_tag()))
    }
}
