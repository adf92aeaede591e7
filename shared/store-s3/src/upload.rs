//! Uploading objects that never change: small ones at once, large ones in parallel parts, each with its
//! checksum, and never over an existing object.
//!
//! The service checks what it receives against a SHA-256 digest, and keeps a checksum. For an object sent at
//! once it is the object's own digest, which also names an artifact. For an object sent in parts it is the
//! digest of the parts' digests. Parts are always cut in the same way, so both can be computed from the bytes
//! at hand, and an existing object is recognized without being read.

use std::ops::Range;

use artifact::{Digest, Hasher};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use aws_smithy_types::base64;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use store::{Action, Body, Put, ReadStore as _, Sent, StoreError, Version};
use tokio::sync::SemaphorePermit;

use crate::bucket::S3Store;
use crate::failure::Failure;

/// The largest object that is sent at once, and the smallest part of larger objects.
const PART: u64 = 8 << 20;

/// The most parts that the service accepts.
const MAX_PARTS: u64 = 10_000;

/// How often an upload is tried if another writer changes the object, or seems to.
const ATTEMPTS: usize = 3;

/// Returns the size of the parts of an object: 8 MiB, and more from 80 GiB on.
fn part_bytes(total: u64) -> u64 {
    total.div_ceil(MAX_PARTS).next_multiple_of(1 << 20).max(PART)
}

/// Returns the ranges of the parts, in order.
fn parts(total: u64) -> impl Iterator<Item = Range<u64>> {
    let step = part_bytes(total);
    let starts = (0..total.div_ceil(step)).map(move |i| i.saturating_mul(step));
    starts.map(move |start| start..total.min(start.saturating_add(step)))
}

pub(crate) fn as_base64(digest: Digest) -> String {
    base64::encode(digest.as_bytes())
}

/// Returns the checksum of an object sent in parts, from the digests of the parts.
fn composite(parts: &[Digest]) -> String {
    let mut hasher = Hasher::default();
    for part in parts {
        hasher.update(part.as_bytes());
    }
    format!("{}-{}", as_base64(hasher.finish()), parts.len())
}

/// What the service knows about an object without sending it.
pub(crate) struct Stored {
    bytes: u64,
    sha256: Option<String>,
    pub(crate) version: Option<Version>,
}

impl S3Store {
    pub(crate) async fn upload(&self, key: &str, body: &Body, sent: Sent<'_>) -> Result<Put, StoreError> {
        let mut attempt = 1_usize;
        loop {
            if let Some(stored) = self.look_at(key).await? {
                return if self.holds(key, &stored, body).await? {
                    Ok(Put::AlreadyThere)
                } else {
                    Err(StoreError::Differs { key: key.to_owned(), location: self.location() })
                };
            }
            let outcome = if body.len() <= PART {
                self.send_at_once(key, body, sent).await
            } else {
                self.send_in_parts(key, body, sent).await
            };
            match outcome {
                Ok(()) => return Ok(Put::Written),
                // Another writer, or an earlier attempt of ours whose response was lost. The next look shows
                // which.
                Err(StoreError::Conflict { .. }) if attempt < ATTEMPTS => attempt = attempt.saturating_add(1),
                Err(other) => return Err(other),
            }
        }
    }

    /// Returns the checksum that the service keeps of objects, if it has any.
    pub(crate) fn checksum_algorithm(&self) -> Option<ChecksumAlgorithm> {
        (!self.without.checksums).then_some(ChecksumAlgorithm::Sha256)
    }

    /// Returns the condition that an object does not exist, if the service has conditions.
    fn if_new(&self) -> Option<String> {
        (!self.without.conditions).then(|| "*".to_owned())
    }

    pub(crate) async fn look_at(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.object_key(key));
        let mode = (!self.without.checksums).then_some(ChecksumMode::Enabled);
        match request.set_checksum_mode(mode).send().await.map_err(Failure::of) {
            Ok(found) => Ok(Some(Stored {
                bytes: found.content_length.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
                sha256: found.checksum_sha256,
                version: found.e_tag.map(Version::new),
            })),
            Err(Failure::NoObject) => Ok(None),
            Err(failure) => Err(self.fail(Action::Read, key, failure)),
        }
    }

    /// Returns whether the stored object is the body.
    async fn holds(&self, key: &str, stored: &Stored, body: &Body) -> Result<bool, StoreError> {
        if stored.bytes != body.len() {
            return Ok(false);
        }
        match &stored.sha256 {
            Some(checksum) if !checksum.contains('-') => return Ok(*checksum == as_base64(body.sha256())),
            Some(checksum) => {
                let mut digests = Vec::new();
                for part in parts(body.len()) {
                    let bytes = body.part(part).await.map_err(|source| self.unread(key, source))?;
                    digests.push(Digest::of(&bytes));
                }
                if *checksum == composite(&digests) {
                    return Ok(true);
                }
                // Another tool may have cut it into other parts.
            }
            None => {}
        }
        let mut hasher = Hasher::default();
        for part in parts(stored.bytes) {
            hasher.update(&self.read_range(key, part).await?);
        }
        Ok(hasher.finish() == body.sha256())
    }

    fn unread(&self, key: &str, source: std::io::Error) -> StoreError {
        StoreError::Source { key: key.to_owned(), location: self.location(), source }
    }

    async fn send_at_once(&self, key: &str, body: &Body, sent: Sent<'_>) -> Result<(), StoreError> {
        let _turn = self.parts.acquire().await;
        let bytes = body.whole().await.map_err(|source| self.unread(key, source))?;
        let request = self.client.put_object().bucket(&self.bucket).key(self.object_key(key));
        let checksum = (!self.without.checksums).then(|| as_base64(body.sha256()));
        let request = request.set_if_none_match(self.if_new()).set_checksum_sha256(checksum);
        let outcome = request.body(ByteStream::from(bytes)).send().await;
        outcome.map_err(|error| self.fail(Action::Write, key, Failure::of(error)))?;
        sent(body.len());
        Ok(())
    }

    /// Sends a body in parts. An upload that fails is aborted, so that none of its parts stay and cost money.
    async fn send_in_parts(&self, key: &str, body: &Body, sent: Sent<'_>) -> Result<(), StoreError> {
        let failed = |failure| self.fail(Action::Write, key, failure);
        let request = self.client.create_multipart_upload().bucket(&self.bucket).key(self.object_key(key));
        let created = request.set_checksum_algorithm(self.checksum_algorithm()).send().await;
        let created = created.map_err(|error| failed(Failure::of(error)))?;
        let Some(upload_id) = created.upload_id else { return Err(failed(Failure::no_upload())) };

        let outcome = async {
            let parts = self.send_parts(key, &upload_id, body, sent).await?;
            let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
            let request = self.client.complete_multipart_upload().bucket(&self.bucket);
            let request = request.key(self.object_key(key)).upload_id(&upload_id);
            let request = request.set_if_none_match(self.if_new()).multipart_upload(parts);
            request.send().await.map_err(|error| failed(Failure::of(error)))
        };
        match outcome.await {
            Ok(_) => Ok(()),
            Err(error) => {
                // If it cannot be aborted now, a collection aborts it later.
                let request = self.client.abort_multipart_upload().bucket(&self.bucket);
                let _ = request.key(self.object_key(key)).upload_id(upload_id).send().await;
                Err(error)
            }
        }
    }

    /// Reads parts one after the other, for the digest of the whole body, and sends them in parallel.
    async fn send_parts(
        &self,
        key: &str,
        upload_id: &str,
        body: &Body,
        sent: Sent<'_>,
    ) -> Result<Vec<CompletedPart>, StoreError> {
        let mut pieces = body.pieces(part_bytes(body.len()));
        let (mut parts, mut sending) = (Vec::new(), FuturesUnordered::new());
        let (mut n_read, mut more) = (0_i32, true);
        loop {
            tokio::select! {
                // A part waits for its turn before it is read, so that it takes no memory.
                turn = self.parts.acquire(), if more => {
                    match pieces.next().await.map_err(|source| self.unread(key, source))? {
                        Some(bytes) => {
                            n_read = n_read.saturating_add(1);
                            sending.push(self.send_part(key, upload_id, n_read, bytes, turn.ok()));
                        }
                        None => more = false,
                    }
                }
                Some(part) = sending.next() => {
                    let (part, n) = part?;
                    sent(n);
                    parts.push(part);
                }
                else => break,
            }
        }
        parts.sort_unstable_by_key(CompletedPart::part_number);
        Ok(parts)
    }

    async fn send_part(
        &self,
        key: &str,
        upload_id: &str,
        number: i32,
        bytes: Bytes,
        _turn: Option<SemaphorePermit<'_>>,
    ) -> Result<(CompletedPart, u64), StoreError> {
        let failed = |failure| self.fail(Action::Write, key, failure);
        let checksum = (!self.without.checksums).then(|| as_base64(Digest::of(&bytes)));
        let n = bytes.len() as u64;
        let request = self.client.upload_part().bucket(&self.bucket).key(self.object_key(key));
        let request = request.upload_id(upload_id).part_number(number).set_checksum_sha256(checksum.clone());
        let done = request.body(ByteStream::from(bytes)).send().await;
        let done = done.map_err(|error| failed(Failure::of(error)))?;
        let Some(tag) = done.e_tag else { return Err(failed(Failure::no_tag())) };
        let part = CompletedPart::builder().part_number(number).e_tag(tag).set_checksum_sha256(checksum);
        Ok((part.build(), n))
    }

    /// Aborts uploads that began before a Unix time, and returns how many there were.
    pub(crate) async fn abort_uploads(&self, before: u64, dry_run: bool) -> Result<u64, StoreError> {
        let mut n = 0_u64;
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let request = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(&self.prefix);
            let request = request.set_key_marker(key_marker).set_upload_id_marker(id_marker);
            let page = request.send().await;
            let page = page.map_err(|error| self.fail(Action::List, "", Failure::of(error)))?;
            for upload in page.uploads() {
                let began = upload.initiated.and_then(|time| u64::try_from(time.secs()).ok());
                let (Some(key), Some(id), Some(began)) = (upload.key(), upload.upload_id(), began) else {
                    continue;
                };
                if began >= before {
                    continue;
                }
                if !dry_run {
                    let request = self.client.abort_multipart_upload().bucket(&self.bucket).key(key);
                    match request.upload_id(id).send().await.map_err(Failure::of) {
                        // It ended in the meantime.
                        Ok(_) | Err(Failure::Precondition | Failure::NoObject) => {}
                        Err(failure) => return Err(self.fail(Action::Delete, key, failure)),
                    }
                }
                n = n.saturating_add(1);
            }
            if page.is_truncated != Some(true) {
                return Ok(n);
            }
            (key_marker, id_marker) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_and_are_not_too_many() {
        for total in [PART + 1, 2 * PART, 3 * PART - 1, 80 << 30, (80 << 30) + 1, 5 << 40] {
            let parts: Vec<Range<u64>> = parts(total).collect();
            assert!(parts.len() as u64 <= MAX_PARTS, "{total}");
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, total));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            let step = part_bytes(total);
            let (last, others) = parts.split_last().unwrap();
            assert!(others.iter().all(|part| part.end - part.start == step && step >= PART));
            assert!(!last.is_empty() && last.end - last.start <= step);
        }
    }

    #[test]
    fn a_checksum_of_parts_is_that_of_their_digests() {
        // printf a | sha256sum and so on, by hand: SHA-256 of SHA-256("a") and SHA-256("b").
        let parts = [Digest::of(b"a"), Digest::of(b"b")];
        let joined = [*parts[0].as_bytes(), *parts[1].as_bytes()].concat();
        assert_eq!(composite(&parts), format!("{}-2", as_base64(Digest::of(&joined))));
        assert_eq!(as_base64(Digest::of(b"")), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
