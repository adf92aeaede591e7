use std::ops::Range;

use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, HEADER_BYTES, Invalid, Kind};
use catalog::UserId;
use serde::{Deserialize, Serialize};

use super::block::UserBlock;
use super::user::{UserShape, are_in_order, search};
use crate::mismatch::Mismatch;

/// Which block holds which users, and where each block is in the object of all blocks. It is small enough to
/// keep in memory for any number of users.
#[derive(Debug, Clone, PartialEq)]
pub struct UserIndex {
    pub(super) shape: UserShape,
    pub(super) n_users: u64,
    /// The first user of each block.
    pub(super) first_ids: TextHeap,
    /// Where each block begins, and where the last ends.
    pub(super) offsets: Vec<u64>,
}

impl UserIndex {
    /// Returns the shape of the users.
    pub fn shape(&self) -> UserShape {
        self.shape
    }

    /// Returns the number of users.
    pub fn n_users(&self) -> u64 {
        self.n_users
    }

    /// Returns the number of blocks, which is 0 if there are no users.
    pub fn n_blocks(&self) -> usize {
        self.first_ids.len()
    }

    /// Returns the only block that can hold a user, or `None` if the user comes before all others.
    pub fn block_of(&self, id: &str) -> Option<usize> {
        match search(&self.first_ids, id) {
            Ok(block) => Some(block),
            Err(after) => after.checked_sub(1),
        }
    }

    /// Returns the bytes of a block in the object of all blocks, where they follow each other without gaps.
    ///
    /// # Panics
    /// If `block` is not below [`UserIndex::n_blocks`].
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "`from_stored` reads one more offset than blocks; the caller guarantees the block"
    )]
    pub fn range(&self, block: usize) -> Range<u64> {
        self.offsets[block]..self.offsets[block + 1]
    }

    /// Returns where each block begins in that object, and where the last ends: only 0 if there are no users.
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// Checks the size of the object of all blocks.
    ///
    /// # Errors
    /// It has another size.
    pub fn check_size(&self, n_bytes: u64) -> Result<(), Mismatch> {
        let expected = self.offsets.last().copied().unwrap_or_default();
        Mismatch::unless_equal("bytes of users", "user index", expected as usize, "object", n_bytes as usize)
    }

    /// Checks that a block is block `at` of this index: its first user is, its last user comes before the
    /// next block, and factors and titles fit.
    ///
    /// # Errors
    /// It is another block, or a block of another release.
    ///
    /// # Panics
    /// If `at` is not below [`UserIndex::n_blocks`].
    pub fn check(&self, at: usize, block: &UserBlock) -> Result<(), Invalid> {
        let first = block.ids.get(0) == self.first_ids.get(at);
        Invalid::unless(first, "ids", "not the block that the index names")?;
        let last = block.ids.get(block.n_users().saturating_sub(1));
        let next = at.saturating_add(1);
        let within = next == self.n_blocks() || UserId::cmp_text(last, self.first_ids.get(next)).is_lt();
        Invalid::unless(within, "ids", "a user belongs to the next block")?;
        let UserShape { n_factors, n_ranking_factors, n_titles } = self.shape;
        Invalid::unless(block.n_factors == n_factors, "factors", "not as many as in the index")?;
        let same = block.n_ranking_factors == n_ranking_factors;
        Invalid::unless(same, "ranking_factors", "not as many as in the index")?;
        let known = block.title_idx.iter().all(|&t| (t as usize) < n_titles);
        Invalid::unless(known, "title_idx", "a title is out of range")
    }
}

/// The stored form of a [`UserIndex`]. Rules: first users are in order, offsets start at 0 and rise each time
/// by more than a header, and every block has a user.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredUserIndex<'a> {
    n_users: u64,
    n_factors: u32,
    n_ranking_factors: Option<u32>,
    n_titles: u32,
    n_blocks: u32,
    #[serde(borrow, with = "serde_bytes")]
    first_id_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    first_ids: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
}

impl Artifact for UserIndex {
    const KIND: Kind = Kind::UserIndex;
    type Stored<'a> = StoredUserIndex<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let (first_id_offsets, first_ids) = self.first_ids.to_blocks();
        write(&StoredUserIndex {
            n_users: self.n_users,
            n_factors: self.shape.n_factors as u32,
            n_ranking_factors: self.shape.n_ranking_factors.map(|k| k as u32),
            n_titles: self.shape.n_titles as u32,
            n_blocks: self.n_blocks() as u32,
            first_id_offsets: &first_id_offsets,
            first_ids,
            offsets: &blocks::from_u64(&self.offsets),
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let n_blocks = s.n_blocks as usize;
        let index = Self {
            shape: UserShape {
                n_factors: s.n_factors as usize,
                n_ranking_factors: s.n_ranking_factors.map(|k| k as usize),
                n_titles: s.n_titles as usize,
            },
            n_users: s.n_users,
            first_ids: TextHeap::from_blocks("first_ids", s.first_id_offsets, s.first_ids, n_blocks)?,
            offsets: blocks::to_u64("offsets", s.offsets, n_blocks.saturating_add(1))?,
        };
        Invalid::unless(are_in_order(&index.first_ids), "first_ids", "not in order")?;
        Invalid::unless(index.offsets.first() == Some(&0), "offsets", "they do not start at 0")?;
        let apart =
            |&[begin, end]: &[u64; 2]| end.checked_sub(begin).is_some_and(|n| n > HEADER_BYTES as u64);
        Invalid::unless(index.offsets.array_windows().all(apart), "offsets", "a block is too short")?;
        let held = s.n_users >= u64::from(s.n_blocks) && (s.n_users == 0) == (n_blocks == 0);
        Invalid::unless(held, "n_users", "not at least one for each block")?;
        Ok(index)
    }
}
