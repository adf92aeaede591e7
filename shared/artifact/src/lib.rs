//! The file format of Cartelera: what an artifact is, byte by byte, and what a release is made of.
//!
//! Bytes in, bytes out: nothing here opens a file. `FORMAT.md` beside this crate says in MUST and MAY
//! what [`open`] checks; the two are kept in step by tests.

mod analysis;
pub mod blocks;
mod codec;
mod digest;
mod envelope;
mod kind;
mod manifest;

pub use analysis::{Analysis, StoredAnalysis};
pub use codec::{Artifact, EncodeError};
pub use digest::{Digest, DigestError, Hasher};
pub use envelope::{
    FORMAT_VERSION, HEADER_BYTES, MAGIC, MAX_PAYLOAD_BYTES, ReadError, first_len, inspect, open, seal, split,
};
pub use kind::Kind;
pub use manifest::{
    ArtifactEntry, Counts, MANIFEST_FORMAT, Manifest, ManifestError, ModelSummary, Parameters, Pointer,
    RankingSummary, Signal, Source, VarianceShares,
};

/// What a domain's own check found wrong in a decoded payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// Which part of the payload.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl Invalid {
    /// Names a field and what is wrong with it.
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }

    /// `Ok` where `holds`, else the problem.
    ///
    /// # Errors
    /// `self`-evident: the named problem.
    pub fn unless(holds: bool, field: &'static str, problem: &'static str) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::new(field, problem)) }
    }
}
