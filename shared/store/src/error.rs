use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use artifact::{Digest, Kind, ManifestError, ReadError, SignatureError};
use thiserror::Error;

/// What a store was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read an object.
    Read,
    /// Write an object.
    Write,
    /// List objects.
    List,
    /// Delete an object.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::List => "list",
            Self::Delete => "delete",
        })
    }
}

/// Why an operation of a store failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("there is no {key} in {location}")]
    NotFound {
        /// The key.
        key: String,
        /// The store.
        location: String,
    },
    /// The folder or bucket itself is missing.
    #[error("there is no store at {location}; check the name, or publish a release there first")]
    NoStore {
        /// The store.
        location: String,
    },
    /// The object is not the one that the writer expected to replace.
    #[error("another writer changed {key} in {location}; nothing was written")]
    Conflict {
        /// The key.
        key: String,
        /// The store.
        location: String,
    },
    /// Other bytes are stored under an immutable key.
    #[error("{key} in {location} has other bytes than its name says; it was left unchanged")]
    Differs {
        /// The key.
        key: String,
        /// The store.
        location: String,
    },
    /// The bytes to write cannot be read, or do not have the announced size and digest.
    #[error("cannot write {key} to {location}, because its bytes cannot be read")]
    Source {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// Why they cannot be read.
        source: std::io::Error,
    },
    /// The object ends before the bytes that were asked for.
    #[error("{key} in {location} does not have the bytes {} to {}", .range.start, .range.end)]
    OutOfRange {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// The bytes that were asked for.
        range: Range<u64>,
    },
    /// A key or prefix that no store accepts.
    #[error("{key:?} is not a key: {problem}")]
    InvalidKey {
        /// The text.
        key: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file system or the service failed.
    #[error("cannot {action} {key:?} in {location}{}", remedy(.hint.as_deref()))]
    Backend {
        /// What was asked for.
        action: Action,
        /// The key, or the prefix of a list.
        key: String,
        /// The store.
        location: String,
        /// What to do about it, if that is known.
        hint: Option<String>,
        /// The error of the file system or the service.
        source: Box<dyn Error + Send + Sync>,
    },
}

fn remedy(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |h| format!("; {h}"))
}

impl StoreError {
    /// Returns whether the object or the whole store is missing.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::NoStore { .. })
    }
}

/// Why a release or a part of it could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The store has no pointer.
    #[error("no release is published in {location}; publish one with `cartelera publish`")]
    NothingPublished {
        /// The store.
        location: String,
    },
    /// There is no release of that name.
    #[error("{location} has no release {release:?}; list its releases with `cartelera releases`")]
    NoSuchRelease {
        /// The name.
        release: String,
        /// The store.
        location: String,
    },
    /// The pointer or a manifest is damaged or not of this format.
    #[error("{key} in {location} was refused")]
    Manifest {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// The signature of a release is damaged.
    #[error("{key} in {location} was refused; sign the release again with `cartelera publish --sign`")]
    Signature {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// What is wrong with it.
        source: SignatureError,
    },
    /// The release was built without this artifact.
    #[error("release {release} has no {kind}; build and publish a release that has one")]
    NotInRelease {
        /// The kind.
        kind: Kind,
        /// The release.
        release: String,
    },
    /// Fetching failed.
    #[error("cannot fetch {what}")]
    Fetch {
        /// What was fetched: a kind of artifact, or the pointer.
        what: String,
        /// The error of the store.
        source: StoreError,
    },
    /// The object does not have the size in the manifest.
    #[error(
        "{key} in {location} has {found} bytes, but the manifest says {expected}; publish the release again"
    )]
    Size {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// The size in the manifest.
        expected: u64,
        /// The size of the object.
        found: u64,
    },
    /// The object does not have the digest that names it.
    #[error(
        "{key} in {location} was damaged or changed: its SHA-256 digest is {found}, but the manifest says {expected}; publish the release again"
    )]
    Digest {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// The digest in the manifest.
        expected: Digest,
        /// The digest of its bytes.
        found: Digest,
    },
    /// A step of reading refused the object.
    #[error("{key} in {location} was refused")]
    Read {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// The step, and what is wrong.
        source: ReadError,
    },
    /// A part of an object does not have the digest that was published for it.
    #[error(
        "bytes {} to {} of {key} in {location} were damaged or changed: their SHA-256 digest does not match; publish the release again",
        .range.start,
        .range.end
    )]
    PartDigest {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// The bytes of the part.
        range: Range<u64>,
    },
    /// A step of reading refused one part of an object that is in parts.
    #[error("bytes {} to {} of {key} in {location} were refused", .range.start, .range.end)]
    Part {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// The bytes of the part.
        range: Range<u64>,
        /// The step, and what is wrong.
        source: ReadError,
    },
}

/// Why a release could not be published, rolled back to, or collected. The pointer did not move, unless the
/// function says otherwise.
#[derive(Debug, Error)]
pub enum ReleaseError {
    /// The artifacts are not those of the manifest.
    #[error("the artifacts do not match the manifest: {kind} {problem}")]
    Mismatch {
        /// The first artifact that does not match.
        kind: Kind,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The store writes an object although the condition of the write does not hold.
    #[error(
        "the service of {location} ignores the conditions of writes, so one publisher could overwrite the release of another; release {release} did not become current. If only one publisher at a time uses this store, set CARTELERA_S3_WITHOUT=conditions"
    )]
    Unconditional {
        /// The release that should have become current.
        release: String,
        /// The store.
        location: String,
    },
    /// The release is in the store, but the functions cannot load it.
    #[error(
        "release {release} cannot be served, so the pointer of {location} was not moved to it; build another release with this version of Cartelera"
    )]
    Unservable {
        /// The release that should have become current.
        release: String,
        /// The store.
        location: String,
        /// Why it cannot be served.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The release has no signature, but the current one has.
    #[error(
        "release {release} is not signed, and the current release of {location} is, so the pointer was not moved; sign it with --sign KEYFILE, or pass --unsigned if nothing that serves this store requires signatures"
    )]
    Unsigned {
        /// The release that should have become current.
        release: String,
        /// The store.
        location: String,
    },
    /// The release does not have the required signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Another publisher moved the pointer in the meantime.
    #[error(
        "release {release} did not become current, because another publisher moved the pointer of {location}; check which release is current, then try again"
    )]
    LostRace {
        /// The release that should have become current.
        release: String,
        /// The store.
        location: String,
    },
    /// There is no release before the current one.
    #[error("no release was current before {current}; name the release to roll back to")]
    NothingBefore {
        /// The current release.
        current: String,
    },
    /// An artifact of the release to roll back to is missing or has another size.
    #[error(
        "release {release} is incomplete: its {kind} is missing from {location} or cut short; publish it again"
    )]
    NotWhole {
        /// The release.
        release: String,
        /// The artifact.
        kind: Kind,
        /// The store.
        location: String,
    },
    /// The grace period of a collection is too short for publishers to rely on.
    #[error(
        "the grace period must be at least {} minutes, because a publisher may be at work for that long",
        .least.as_secs() / 60
    )]
    ShortGrace {
        /// The shortest grace period.
        least: Duration,
    },
    /// The pointer moved during a collection.
    #[error(
        "the collection stopped, because the pointer of {location} moved; what was removed is in no release that is kept, so collect again"
    )]
    PointerMoved {
        /// The store.
        location: String,
    },
    /// A release could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_key_place_and_remedy_and_leaves_the_cause_to_its_source() {
        let error = |hint: Option<&str>| StoreError::Backend {
            action: Action::Write,
            key: "a".to_owned(),
            location: "here".to_owned(),
            hint: hint.map(str::to_owned),
            source: "disk full".into(),
        };
        assert_eq!(error(None).to_string(), "cannot write \"a\" in here");
        assert_eq!(error(Some("make room")).to_string(), "cannot write \"a\" in here; make room");
        assert_eq!(error(None).source().map(ToString::to_string).as_deref(), Some("disk full"));
        assert!(!error(None).is_missing());
    }
}
