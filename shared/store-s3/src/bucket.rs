use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use bytes::Bytes;
use store::{Action, ReadStore, Seen, StoreError, Version, check_key};
use tokio::sync::Semaphore;

use crate::failure::Failure;
use crate::without::Without;

/// A store in a bucket, below a prefix.
#[derive(Debug, Clone)]
pub struct S3Store {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    /// It is empty, or ends in a slash.
    pub(crate) prefix: String,
    pub(crate) without: Without,
    /// Limits the parts that are being sent, and so in memory, at the same time.
    pub(crate) parts: Arc<Semaphore>,
    /// Whether a whole object came when a range was asked for.
    ranges_ignored: Arc<AtomicBool>,
}

/// The number of parts that are sent, and so in memory, at the same time, for all uploads of one store: 64
/// MiB.
const PARTS_AT_ONCE: usize = 8;

/// How often an object is read if its bytes stop coming. The client itself retries only until they start to
/// come.
const READ_ATTEMPTS: usize = 3;

impl S3Store {
    /// Takes a bucket, and a prefix in it, which may be empty and may have slashes at its ends. Sends
    /// nothing.
    pub fn new(client: Client, bucket: impl Into<String>, prefix: &str) -> Self {
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let parts = Arc::new(Semaphore::new(PARTS_AT_ONCE));
        let (bucket, without) = (bucket.into(), Without::default());
        Self { client, bucket, prefix, without, parts, ranges_ignored: Arc::default() }
    }

    /// Does without what the service does not have.
    #[must_use]
    pub fn without(mut self, without: Without) -> Self {
        self.without = without;
        if without.checksums {
            // The client would add a checksum of its own.
            let config = self.client.config().to_builder();
            let config = config.request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
            self.client = Client::from_conf(config.build());
        }
        self
    }

    pub(crate) fn object_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn get_object(&self, key: &str) -> GetObjectFluentBuilder {
        self.client.get_object().bucket(&self.bucket).key(self.object_key(key))
    }

    /// Reads an object, or the part of it that the request asks for, which is `range`.
    async fn read_object(
        &self,
        request: GetObjectFluentBuilder,
        range: Option<&Range<u64>>,
    ) -> Result<(Bytes, Version), Failure> {
        let mut attempt = 1_usize;
        loop {
            let object = request.clone().send().await.map_err(Failure::of)?;
            let tag = object.e_tag.ok_or_else(Failure::no_tag)?;
            let read = match range {
                // The service ignored the range, and sends the whole object.
                Some(range) if object.content_range.is_none() => {
                    self.ranges_ignored.store(true, Ordering::Relaxed);
                    read_part(object.body, range).await
                }
                _ => read_body(object.body, object.content_length).await,
            };
            match read {
                Ok(bytes) => return Ok((bytes, Version::new(tag))),
                Err(_) if attempt < READ_ATTEMPTS => attempt = attempt.saturating_add(1),
                Err(error) => return Err(Failure::cut(error)),
            }
        }
    }

    pub(crate) fn fail(&self, action: Action, key: &str, failure: Failure) -> StoreError {
        let (key, location) = (key.to_owned(), self.location());
        match failure {
            Failure::NoBucket => StoreError::NoStore { location },
            Failure::NoObject => StoreError::NotFound { key, location },
            Failure::Precondition => StoreError::Conflict { key, location },
            // Callers that may get these handle them. For others, they violate the protocol.
            Failure::Unchanged | Failure::Range => StoreError::Backend {
                action,
                key,
                location,
                hint: None,
                source: "the service responded to a condition that the request does not have".into(),
            },
            Failure::Other { hint, source } => StoreError::Backend { action, key, location, hint, source },
        }
    }
}

/// Reads the bytes of a response into one buffer as they come. If they were collected first and joined at the
/// end, they would be in memory twice.
async fn read_body(mut body: ByteStream, announced: Option<i64>) -> Result<Bytes, ByteStreamError> {
    /// The most that a header can make this allocate. More is allocated as it comes.
    const AT_MOST: usize = 1 << 28;
    let announced = announced.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(announced.min(AT_MOST));
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes.into())
}

/// Reads a whole object as far as the end of a range, and keeps the range, or what there is of it.
async fn read_part(mut body: ByteStream, range: &Range<u64>) -> Result<Bytes, ByteStreamError> {
    let (mut bytes, mut at) = (Vec::new(), 0_u64);
    while at < range.end
        && let Some(chunk) = body.next().await
    {
        let chunk = chunk?;
        let n = chunk.len() as u64;
        let position = |of: u64| of.saturating_sub(at).min(n) as usize;
        bytes.extend_from_slice(chunk.get(position(range.start)..position(range.end)).unwrap_or_default());
        at = at.saturating_add(n);
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
        match self.read_object(self.get_object(key), None).await {
            Ok(found) => Ok(Some(found)),
            Err(Failure::NoObject) => Ok(None),
            Err(failure) => Err(self.fail(Action::Read, key, failure)),
        }
    }

    async fn read_if_changed(&self, key: &str, known: &Version) -> Result<Seen, StoreError> {
        check_key(key)?;
        match self.read_object(self.get_object(key).if_none_match(known.as_str()), None).await {
            // Some services ignore the condition.
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
            // HTTP has no empty ranges. The trait promises that the object reaches to the place of one.
            let bytes = self.get(key).await?.len() as u64;
            let exists = range.start == range.end && range.end <= bytes;
            return if exists { Ok(Bytes::new()) } else { Err(out_of_range()) };
        }
        // HTTP ranges include the last byte.
        let header = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        match self.read_object(self.get_object(key).range(header), Some(&range)).await {
            Ok((bytes, _)) if Some(bytes.len() as u64) == range.end.checked_sub(range.start) => Ok(bytes),
            Ok(_) | Err(Failure::Range) => Err(out_of_range()),
            Err(failure) => Err(self.fail(Action::Read, key, failure)),
        }
    }
    fn ignores_ranges(&self) -> bool {
        self.ranges_ignored.load(Ordering::Relaxed)
    }
}
