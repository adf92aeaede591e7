//! The store trait on S3 and whatever speaks its protocol. The only crate that names aws-*.
//!
//! Settings come from the standard AWS variables, which Lambda sets: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_SESSION_TOKEN`, `AWS_REGION`; and `AWS_ENDPOINT_URL` or `AWS_ENDPOINT_URL_S3` for a service elsewhere. With the
//! feature `profile` they come from the AWS command line's whole chain (`AWS_PROFILE`, SSO, roles and the others).
//!
//! A function trusts Amazon's own root certificates and no others, unless its endpoint is somewhere else or in China, where
//! it trusts those of its system. `AWS_CA_BUNDLE` names a file of certificates to trust instead.
//!
//! The service must honour `If-Match` and `If-None-Match` on PUT, as S3 does, or two publishers may overwrite each other.

mod client;
mod failure;
mod http;
mod open;
mod upload;

use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use artifact::Digest;
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use aws_sdk_s3::types::{ChecksumAlgorithm, MetadataDirective};
use bytes::Bytes;
use store::{
    Action, Body, ObjectInfo, Put, ReadStore, Seen, Sent, Store, StoreError, Version, check_key, check_prefix,
};
use tokio::sync::Semaphore;

use failure::Failure;
pub use http::Https;
pub use open::{OpenError, open, open_to_read};

/// A store in a bucket, below a prefix.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
    /// Empty, or ends in a slash.
    prefix: String,
    /// What may be on its way out at once, and so in memory.
    parts: Arc<Semaphore>,
}

/// How often an object is read again whose bytes stopped coming: the client itself tries again only until they begin to.
const READ_ATTEMPTS: usize = 3;

impl S3Store {
    /// The store below `prefix` (may be empty; slashes at its ends do not matter) of a bucket. Sends
    /// nothing.
    pub fn new(client: Client, bucket: impl Into<String>, prefix: &str) -> Self {
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Self { client, bucket: bucket.into(), prefix, parts: Arc::new(Semaphore::new(upload::PARTS_AT_ONCE)) }
    }

    fn object_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn get_object(&self, key: &str) -> GetObjectFluentBuilder {
        self.client.get_object().bucket(&self.bucket).key(self.object_key(key))
    }

    async fn read_object(&self, request: GetObjectFluentBuilder) -> Result<(Bytes, Version), Failure> {
        let mut attempt = 1;
        loop {
            let object = request.clone().send().await.map_err(Failure::of)?;
            let tag = object.e_tag.ok_or_else(Failure::no_tag)?;
            match read_body(object.body, object.content_length).await {
                Ok(bytes) => return Ok((bytes, Version::new(tag))),
                Err(_) if attempt < READ_ATTEMPTS => attempt += 1,
                Err(error) => return Err(Failure::cut(error)),
            }
        }
    }

    fn fail(&self, action: Action, key: &str, failure: Failure) -> StoreError {
        let (key, location) = (key.to_owned(), self.location());
        match failure {
            Failure::NoBucket => StoreError::NoStore { location },
            Failure::NoObject => StoreError::NotFound { key, location },
            Failure::Precondition => StoreError::Conflict { key, location },
            // Told apart where they may come; elsewhere they break the protocol.
            Failure::Unchanged | Failure::Range => StoreError::Backend {
                action,
                key,
                location,
                hint: None,
                source: "the service answered a condition that was not set".into(),
            },
            Failure::Other { hint, source } => StoreError::Backend { action, key, location, hint, source },
        }
    }
}

/// The bytes of an answer in one piece. They are moved there as they come: gathered first and joined in the end, they
/// would lie in memory twice.
async fn read_body(mut body: ByteStream, told: Option<i64>) -> Result<Bytes, ByteStreamError> {
    /// What a header may make this allocate; more is allocated as it comes.
    const AT_MOST: usize = 1 << 28;
    let told = told.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(told.min(AT_MOST));
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes.into())
}

#[async_trait]
impl ReadStore for S3Store {
    fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix.trim_end_matches('/'))
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        check_key(key)?;
        match self.read_object(self.get_object(key)).await {
            Ok(found) => Ok(Some(found)),
            Err(Failure::NoObject) => Ok(None),
            Err(failure) => Err(self.fail(Action::Read, key, failure)),
        }
    }

    async fn read_if_changed(&self, key: &str, known: &Version) -> Result<Seen, StoreError> {
        check_key(key)?;
        match self.read_object(self.get_object(key).if_none_match(known.as_str())).await {
            // A service may ignore the condition.
            Ok((_, version)) if version == *known => Ok(Seen::Same),
            Err(Failure::Unchanged) => Ok(Seen::Same),
            Ok((bytes, version)) => Ok(Seen::Changed(bytes, version)),
            Err(Failure::NoObject) => Ok(Seen::Gone),
            Err(failure) => Err(self.fail(Action::Read, key, failure)),
        }
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        check_key(key)?;
        let out_of_range = || StoreError::OutOfRange {
            key: key.to_owned(),
            location: self.location(),
            range: range.clone(),
        };
        if range.is_empty() {
            // HTTP knows no empty range; what the trait promises of one is that its place exists.
            let bytes = self.get(key).await?.len() as u64;
            let exists = range.start == range.end && range.end <= bytes;
            return if exists { Ok(Bytes::new()) } else { Err(out_of_range()) };
        }
        // The last byte is named, not the one after it.
        let header = format!("bytes={}-{}", range.start, range.end - 1);
        match self.read_object(self.get_object(key).range(header)).await {
            Ok((bytes, _)) if bytes.len() as u64 == range.end - range.start => Ok(bytes),
            Ok(_) | Err(Failure::Range) => Err(out_of_range()),
            Err(failure) => Err(self.fail(Action::Read, key, failure)),
        }
    }
}

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

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError> {
        check_key(key)?;
        let request = self.client.put_object().bucket(&self.bucket).key(self.object_key(key));
        let request = request.checksum_sha256(upload::as_base64(Digest::of(&bytes)));
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

    /// As the trait's. Whether an object is there already is told by its size and the SHA-256 checksum that the service
    /// made when it took it; only where the service has none, the object is read.
    async fn put_immutable(&self, key: &str, body: &Body, sent: Sent<'_>) -> Result<Put, StoreError> {
        check_key(key)?;
        self.upload(key, body, sent).await
    }

    /// As the trait's, without the bytes leaving the service, which copies at most 5 GB at once.
    async fn refresh(&self, key: &str) -> Result<bool, StoreError> {
        check_key(key)?;
        let key_there = self.object_key(key);
        // A copy onto itself has to change something.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let request = self.client.copy_object().bucket(&self.bucket).key(&key_there);
        let request = request
            .copy_source(format!("{}/{key_there}", self.bucket))
            .metadata_directive(MetadataDirective::Replace)
            .metadata("refreshed", now.to_string())
            .checksum_algorithm(ChecksumAlgorithm::Sha256);
        match request.send().await.map_err(Failure::of) {
            Ok(_) => Ok(true),
            Err(Failure::NoObject) => Ok(false),
            Err(failure) => Err(self.fail(Action::Write, key, failure)),
        }
    }

    async fn abandon(&self, before: u64, dry_run: bool) -> Result<u64, StoreError> {
        self.give_up_uploads(before, dry_run).await
    }
}
