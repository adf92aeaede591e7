//! The file format of Cartelera: the bytes of an artifact, and what a release consists of.
//!
//! Bytes in, bytes out: nothing here opens a file. `FORMAT.md` next to this crate describes the format; tests
//! hold the code to it.

// Functions read data from outside: arithmetic and positions are checked, or a reason says why not.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

mod analysis;
pub mod blocks;
mod codec;
mod digest;
mod envelope;
mod format1;
mod genres;
mod hex;
mod invalid;
mod kind;
mod manifest;
mod measures;
mod parts;
mod pseudonym;
mod release_keys;
mod signature;
mod user_digests;

pub use analysis::{Analysis, PAGE_SCRIPT, PAGE_STYLE, StoredAnalysis, page_policy};
pub use codec::{Artifact, EncodeError};
pub use digest::{Digest, DigestError, Hasher};
pub use envelope::{
    FORMAT_VERSION, HEADER_BYTES, MAGIC, MAX_PAYLOAD_BYTES, ReadError, first_len, inspect, open, seal, split,
};
pub use genres::{StoredTitleGenres, TitleGenres};
pub use invalid::Invalid;
pub use kind::Kind;
pub use manifest::{MANIFEST_FORMAT, Manifest, ManifestError, Older, Pointer};
pub use measures::{Fate, HeldOut, Measured, ModelName, Parameters, Trial};
pub use parts::{
    ArtifactEntry, Counts, ModelSummary, RankingSummary, RatingScale, RatingValues, Signal, Source, Trials,
    UserSegment, VarianceShares,
};
pub use pseudonym::{PseudonymKey, ShortKey};
pub use release_keys::{InvalidKey, ReleaseKeys, SigningKey};
pub use signature::{Signature, SignatureError};
pub use user_digests::{StoredUserDigests, UserDigests};
