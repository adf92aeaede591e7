use serde::{Deserialize, Serialize};

use crate::{Artifact, Digest, Invalid, Kind};

/// The digests of the blocks of `users`, in order. The digest in the manifest is that of the whole object, so
/// a reader of single blocks needs these to detect changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserDigests(Vec<u8>);

impl UserDigests {
    /// The number of bytes of each SHA-256 digest that are kept. It takes about 2^128 attempts to find
    /// another block for one of them.
    const KEPT: usize = 16;

    /// Returns the number of blocks.
    pub fn n_blocks(&self) -> usize {
        self.0.len() / Self::KEPT
    }

    /// Adds the next block.
    pub fn push(&mut self, block: &[u8]) {
        self.0.extend_from_slice(&kept(block));
    }

    /// Returns whether block `at` is the one that was added. A block beyond the last never is.
    pub fn matches(&self, at: usize, block: &[u8]) -> bool {
        self.0.as_chunks().0.get(at) == Some(&kept(block))
    }
}

fn kept(block: &[u8]) -> [u8; UserDigests::KEPT] {
    let mut kept = [0; UserDigests::KEPT];
    kept.copy_from_slice(&Digest::of(block).as_bytes()[..UserDigests::KEPT]);
    kept
}

/// The stored form. Rules: there is one digest for each block.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredUserDigests<'a> {
    n_blocks: u32,
    #[serde(borrow, with = "serde_bytes")]
    digests: &'a [u8],
}

impl Artifact for UserDigests {
    const KIND: Kind = Kind::UserDigests;
    type Stored<'a> = StoredUserDigests<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        write(&StoredUserDigests { n_blocks: self.n_blocks() as u32, digests: &self.0 })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let whole = (s.n_blocks as usize).checked_mul(Self::KEPT) == Some(s.digests.len());
        Invalid::unless(whole, "digests", "not one for each block")?;
        Ok(Self(s.digests.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_belongs_to_one_block_at_one_place() {
        let mut digests = UserDigests::default();
        digests.push(b"one");
        digests.push(b"two");
        assert_eq!(digests.n_blocks(), 2);
        assert!(digests.matches(0, b"one") && digests.matches(1, b"two"));
        assert!(!digests.matches(0, b"two") && !digests.matches(1, b"twp") && !digests.matches(2, b"one"));
        let read = UserDigests::from_bytes(&digests.to_bytes().unwrap()).unwrap();
        assert_eq!(read, digests);
        let none = UserDigests::default();
        assert_eq!(UserDigests::from_bytes(&none.to_bytes().unwrap()).unwrap(), none);
    }
}
