//! Leaves users out of a release that was built with them.

use std::collections::BTreeSet;

use artifact::{Artifact as _, ArtifactEntry, Kind, Manifest, ReadError};
use bytes::Bytes;
use recommender::{UserBlock, UserShape};
use serde_json::Value;

use crate::users::{UsersOutput, WriteUsersError, WrittenUsers};
use crate::{BuildError, Built};

/// The parameter of the manifest with the number of users who were left out since the release was built.
pub const FORGOTTEN: &str = "forgotten_users";

/// Copies the users of a release, block by block, except some. It holds what it has copied.
#[derive(Debug)]
pub struct Forgetting {
    /// Ids of users to leave out that were not found yet.
    missing: BTreeSet<String>,
    n_left_out: u64,
    output: UsersOutput<Vec<u8>>,
    failed: Option<WriteUsersError>,
}

impl Forgetting {
    /// Starts before the first block. The ids are as in the release: if it has pseudonyms, they are
    /// pseudonyms.
    pub fn new(ids: impl IntoIterator<Item = String>, shape: UserShape) -> Self {
        Self {
            missing: ids.into_iter().collect(),
            n_left_out: 0,
            output: UsersOutput::new(shape, Vec::new()),
            failed: None,
        }
    }

    /// Copies the users of the next block.
    ///
    /// # Errors
    /// Returns the step of reading that failed.
    pub fn block(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        let block = UserBlock::from_bytes(bytes)?;
        for at in 0..block.n_users() {
            let user = block.user(at);
            if self.missing.remove(user.id) {
                self.n_left_out += 1;
            } else if self.failed.is_none() {
                self.failed = self.output.push(user).err();
            }
        }
        Ok(())
    }

    /// Returns the ids that no block had.
    pub fn missing(&self) -> &BTreeSet<String> {
        &self.missing
    }

    /// Returns the artifacts that change, and the manifest of a release with these in place of the old ones.
    /// All else of the manifest is the same, but for the parameter [`FORGOTTEN`].
    ///
    /// # Errors
    /// [`BuildError::Users`] or [`BuildError::Encode`] if the users cannot be written.
    pub fn finish(self, manifest: &Manifest) -> Result<Built, BuildError> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let WrittenUsers { index, digests, out, .. } = self.output.finish()?;
        let artifacts: Vec<(Kind, Bytes)> = vec![
            (Kind::Users, out.into()),
            (Kind::UserIndex, index.to_bytes()?.into()),
            (Kind::UserDigests, digests.to_bytes()?.into()),
        ];
        let is_new = |kind| artifacts.iter().any(|(new, _)| *new == kind);
        let kept = manifest.artifacts.iter().filter(|entry| !is_new(entry.kind)).cloned();
        let new = artifacts.iter().map(|(kind, bytes)| ArtifactEntry::of(*kind, bytes));
        let Manifest { users, artifacts: entries, .. } = Manifest::of(kept.chain(new));
        let mut manifest = Manifest { users, artifacts: entries, has_short_name: false, ..manifest.clone() };
        let before = manifest.parameters.get(FORGOTTEN).and_then(Value::as_u64).unwrap_or(0);
        let n_forgotten = before.saturating_add(self.n_left_out);
        manifest.parameters.insert(FORGOTTEN.to_owned(), n_forgotten.into());
        Ok(Built { artifacts, manifest })
    }
}
