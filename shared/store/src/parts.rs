//! Reading objects that consist of several artifacts ([`Kind::is_in_parts`](artifact::Kind::is_in_parts)):
//! all of them, one of them, or each in turn.

use std::ops::Range;

use artifact::{Artifact, ArtifactEntry, Hasher, ReadError, first_len};
use bytes::Bytes;

use crate::load::{check_digest, fetch_and_read};
use crate::{LoadError, ReadStore, StoreError};

/// How much of an object is read at a time to go through all of it.
const PIECE_BYTES: u64 = 8 << 20;

/// Reads all parts of an object with one request. Compares size and digest of the object with the manifest,
/// and runs all eight steps of reading for each part. `offsets` has where each part begins, and where
/// the last ends.
///
/// # Errors
/// [`LoadError`]; [`LoadError::Part`] names the part that was refused.
///
/// # Panics
/// If `T`'s own decoding panics.
pub async fn load_parts<T: Artifact + Send + 'static>(
    store: &dyn ReadStore,
    entry: &ArtifactEntry,
    offsets: Vec<u64>,
) -> Result<Vec<T>, LoadError> {
    let read = fetch_and_read(store, entry, move |bytes| {
        let ranges = offsets.array_windows().map(|&[start, end]| start..end);
        let part = |range: Range<u64>| {
            let bytes = part_of(bytes, &range).ok_or(ReadError::TooShort { found: 0 });
            bytes.and_then(|bytes| T::from_bytes(bytes)).map_err(|source| (range, source))
        };
        ranges.map(part).collect::<Result<Vec<T>, _>>()
    });
    read.await?.map_err(|(range, source)| LoadError::part(store, entry, range, source))
}

fn part_of<'a>(bytes: &'a Bytes, range: &Range<u64>) -> Option<&'a [u8]> {
    bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

/// Reads one part of an object: the bytes of a range, by all eight steps of reading. The digest in the
/// manifest is that of the whole object, so it cannot be compared; `is_genuine` has to decide about the
/// bytes, by digests of parts. Where it cannot, damage to a part is found, but not a deliberate change by
/// somebody who may write to the store.
///
/// # Errors
/// [`LoadError::Fetch`], [`LoadError::PartDigest`] if `is_genuine` said no, and [`LoadError::Part`] if a step
/// refused the bytes.
pub async fn load_part<T: Artifact>(
    store: &dyn ReadStore,
    entry: &ArtifactEntry,
    range: Range<u64>,
    is_genuine: impl FnOnce(&[u8]) -> bool,
) -> Result<T, LoadError> {
    let fetched = store.read_range(&entry.key(), range.clone()).await;
    let bytes = fetched.map_err(|source| cannot_fetch(entry, &range, source))?;
    if !is_genuine(&bytes) {
        return Err(LoadError::PartDigest { key: entry.key(), location: store.location(), range });
    }
    T::from_bytes(&bytes).map_err(|source| LoadError::part(store, entry, range, source))
}

/// Goes through all parts of an object in order, with only a few megabytes of it in memory. Calls `each` with
/// the number of a part and its bytes, which have passed steps 1 to 5 of reading, and checks size and digest
/// of the object.
///
/// # Errors
/// [`LoadError`]: the object is damaged, or `each` refused a part.
pub async fn for_each_part(
    store: &dyn ReadStore,
    entry: &ArtifactEntry,
    mut each: impl FnMut(usize, &[u8]) -> Result<(), ReadError>,
) -> Result<(), LoadError> {
    let key = entry.key();
    let mut hasher = Hasher::default();
    let mut waiting: Vec<u8> = Vec::new();
    let (mut read, mut begin, mut n_parts) = (0_u64, 0_u64, 0_usize);
    while read < entry.bytes {
        let range = read..entry.bytes.min(read.saturating_add(PIECE_BYTES));
        let piece = store.read_range(&key, range.clone()).await;
        let piece = piece.map_err(|source| cannot_fetch(entry, &range, source))?;
        hasher.update(&piece);
        waiting.extend_from_slice(&piece);
        read = range.end;
        let is_last = read == entry.bytes;
        let mut rest = waiting.as_slice();
        while !rest.is_empty() {
            let first = match first_len(entry.kind, rest) {
                Ok(length) => rest.split_at_checked(length),
                Err(ReadError::TooShort { .. }) => None,
                Err(source) => return Err(LoadError::part(store, entry, begin..entry.bytes, source)),
            };
            // An incomplete part waits for more bytes. The last part is passed as it is, and `each` refuses
            // it.
            let Some((part, after)) = first.or_else(|| is_last.then_some((rest, &[][..]))) else { break };
            let end = begin.saturating_add(part.len() as u64);
            each(n_parts, part).map_err(|source| LoadError::part(store, entry, begin..end, source))?;
            (begin, n_parts, rest) = (end, n_parts.saturating_add(1), after);
        }
        let n_used = waiting.len().saturating_sub(rest.len());
        waiting.drain(..n_used);
    }
    let beyond = entry.bytes..entry.bytes.saturating_add(1);
    match store.read_range(&key, beyond.clone()).await {
        Err(StoreError::OutOfRange { .. }) => {}
        Ok(_) => {
            let (expected, location) = (entry.bytes, store.location());
            return Err(LoadError::Size { key, location, expected, found: beyond.end });
        }
        Err(source) => return Err(cannot_fetch(entry, &beyond, source)),
    }
    check_digest(store, entry, hasher.finish())
}

fn cannot_fetch(entry: &ArtifactEntry, range: &Range<u64>, source: StoreError) -> LoadError {
    LoadError::Fetch { what: format!("bytes {} to {} of {}", range.start, range.end, entry.kind), source }
}

impl LoadError {
    /// Returns the error for a part of an artifact that a step of reading refused.
    pub fn part(store: &dyn ReadStore, entry: &ArtifactEntry, range: Range<u64>, source: ReadError) -> Self {
        Self::Part { key: entry.key(), location: store.location(), range, source }
    }
}

#[cfg(test)]
mod tests {
    use artifact::{Digest, Kind, open, seal};

    use super::*;
    use crate::{MemoryStore, Store as _};

    async fn stored(bytes: &[u8], sha256: Digest) -> (MemoryStore, ArtifactEntry) {
        let store = MemoryStore::default();
        let entry = ArtifactEntry { kind: Kind::Users, bytes: bytes.len() as u64, sha256 };
        store.replace(&entry.key(), Bytes::copy_from_slice(bytes), None).await.unwrap();
        (store, entry)
    }

    async fn parts_of(store: &MemoryStore, entry: &ArtifactEntry) -> Result<Vec<Vec<u8>>, LoadError> {
        let mut found = Vec::new();
        for_each_part(store, entry, |at, part| {
            assert_eq!(at, found.len());
            found.push(open(Kind::Users, part)?.to_vec());
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Returns parts of many sizes, one of them longer than a piece.
    fn payloads() -> Vec<Vec<u8>> {
        [0, 1, 70_000, PIECE_BYTES as usize + 5, 3].map(|n| vec![n as u8; n]).to_vec()
    }

    #[tokio::test]
    async fn each_part_is_passed_once_however_pieces_are_cut() {
        let sealed: Vec<Vec<u8>> = payloads().iter().map(|p| seal(Kind::Users, p)).collect();
        let bytes = sealed.concat();
        let (store, entry) = stored(&bytes, Digest::of(&bytes)).await;
        assert_eq!(parts_of(&store, &entry).await.unwrap(), payloads());
        let (store, none) = stored(b"", Digest::of(b"")).await;
        assert!(parts_of(&store, &none).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn objects_that_do_not_match_the_manifest_are_refused() {
        let bytes = [seal(Kind::Users, b"one"), seal(Kind::Users, b"two")].concat();
        let digest = Digest::of(&bytes);
        let (store, entry) = stored(&bytes, Digest::of(b"others")).await;
        assert!(matches!(parts_of(&store, &entry).await, Err(LoadError::Digest { .. })));
        let (store, entry) = stored(&bytes, digest).await;
        let longer = ArtifactEntry { bytes: entry.bytes + 1, ..entry.clone() };
        assert!(matches!(parts_of(&store, &longer).await, Err(LoadError::Fetch { .. })));
        let shorter = ArtifactEntry { bytes: 27, ..entry.clone() };
        assert!(matches!(parts_of(&store, &shorter).await, Err(LoadError::Size { expected: 27, .. })));
        for n in [1, 23, 26, 28, bytes.len() - 1] {
            let (store, entry) = stored(&bytes[..n], digest).await;
            let begin = if n < 27 { 0 } else { 27 };
            match parts_of(&store, &entry).await {
                Err(LoadError::Part { range, .. }) => assert_eq!(range, begin..n as u64),
                other => panic!("{n}: {other:?}"),
            }
        }
        let mut damaged = bytes.clone();
        damaged[26] ^= 1;
        let (store, entry) = stored(&damaged, digest).await;
        let error = parts_of(&store, &entry).await.unwrap_err();
        assert!(error.to_string().starts_with("bytes 0 to 27 of artifacts/users/"), "{error}");
    }
}
