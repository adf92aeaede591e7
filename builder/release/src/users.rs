//! Writes the users of a release as one object, block by block, and computes its digest on the way.

use std::io::{self, Write};

use artifact::{Artifact as _, ArtifactEntry, Hasher, Invalid, Kind, ReadError, UserDigests};
use recommender::{User, UserBlock, UserIndex, UserShape, UsersError, UsersWriter};
use thiserror::Error;

/// Reason why users could not be written.
#[derive(Debug, Error)]
pub enum WriteUsersError {
    /// A user is not valid or out of order.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// The output could not be written.
    #[error("cannot write users")]
    Write(#[from] io::Error),
}

/// Writer of users, who must come in order. It holds only one block and the index, whatever the number of
/// users, and writes the same bytes for the same users.
#[derive(Debug)]
pub struct UsersOutput<W> {
    writer: UsersWriter,
    written: Written<W>,
}

/// What [`UsersOutput::finish`] returns.
#[derive(Debug)]
pub struct WrittenUsers<W> {
    /// The object's entry for the manifest.
    pub entry: ArtifactEntry,
    /// Which block has which users.
    pub index: UserIndex,
    /// The digests of the blocks.
    pub digests: UserDigests,
    /// Where the object was written to, flushed.
    pub out: W,
}

/// Output that counts and digests what was written to `out`.
#[derive(Debug)]
struct Written<W> {
    out: W,
    hasher: Hasher,
    digests: UserDigests,
    bytes: u64,
}

impl<W: Write> Written<W> {
    fn write(&mut self, block: &[u8]) -> io::Result<()> {
        self.hasher.update(block);
        self.digests.push(block);
        self.bytes += block.len() as u64;
        self.out.write_all(block)
    }
}

impl<W: Write> UsersOutput<W> {
    /// Starts an object without users.
    pub fn new(shape: UserShape, out: W) -> Self {
        Self {
            writer: UsersWriter::new(shape),
            written: Written { out, hasher: Hasher::default(), digests: UserDigests::default(), bytes: 0 },
        }
    }

    /// Writes the next user, or keeps the user for a block that is not full yet.
    ///
    /// # Errors
    /// Returns [`WriteUsersError`] if the user is not valid or cannot be written.
    pub fn push(&mut self, user: User<'_>) -> Result<(), WriteUsersError> {
        if let Some(block) = self.writer.push(user)? {
            self.written.write(&block)?;
        }
        Ok(())
    }

    /// Writes the last block.
    ///
    /// # Errors
    /// Returns [`WriteUsersError`] if the rest cannot be written.
    pub fn finish(self) -> Result<WrittenUsers<W>, WriteUsersError> {
        let Self { writer, mut written } = self;
        let (last, index) = writer.finish()?;
        if let Some(block) = last {
            written.write(&block)?;
        }
        let Written { mut out, hasher, digests, bytes } = written;
        out.flush()?;
        let entry = ArtifactEntry { kind: Kind::Users, bytes, sha256: hasher.finish() };
        Ok(WrittenUsers { entry, index, digests, out })
    }
}

/// Check of the blocks of an object of users against their index and their digests, one after the other.
#[derive(Debug)]
pub struct UsersCheck<'a> {
    index: &'a UserIndex,
    digests: Option<&'a UserDigests>,
    n_blocks: usize,
    n_users: u64,
}

impl<'a> UsersCheck<'a> {
    /// Starts before the first block. Releases of older builders have no digests.
    pub fn new(index: &'a UserIndex, digests: Option<&'a UserDigests>) -> Self {
        Self { index, digests, n_blocks: 0, n_users: 0 }
    }

    /// Decodes the next block.
    ///
    /// # Errors
    /// Returns the step that failed; step 8 also if the index does not name the block.
    pub fn block(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        let block = UserBlock::from_bytes(bytes)?;
        Invalid::unless(self.n_blocks < self.index.n_blocks(), "ids", "the index does not name this block")?;
        let range = self.index.range(self.n_blocks);
        let as_long = range.end - range.start == bytes.len() as u64;
        Invalid::unless(as_long, "offsets", "the index has another length")?;
        self.index.check(self.n_blocks, &block)?;
        let known = self.digests.is_none_or(|digests| digests.matches(self.n_blocks, bytes));
        Invalid::unless(known, "digests", "the digest of this block does not match")?;
        self.n_blocks += 1;
        self.n_users += block.n_users() as u64;
        Ok(())
    }

    /// Ends after the last block.
    ///
    /// # Errors
    /// Returns an error if blocks or users that the index names are missing.
    pub fn finish(self) -> Result<(), Invalid> {
        Invalid::unless(self.n_blocks == self.index.n_blocks(), "ids", "blocks are missing")?;
        let as_many = self.digests.is_none_or(|digests| digests.n_blocks() == self.n_blocks);
        Invalid::unless(as_many, "digests", "not one digest for each block")?;
        Invalid::unless(
            self.n_users == self.index.n_users(),
            "n_users",
            "the number differs from that in the index",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_describes_what_was_written() {
        let shape = UserShape { n_factors: 1, n_ranking_factors: None, n_titles: 4000 };
        let titles: Vec<u32> = (0..4000).collect();
        let ratings = vec![3.5; 4000];
        let mut output = UsersOutput::new(shape, Vec::new());
        for id in ["1", "2", "3", "10"] {
            let n = if id == "2" { 4000 } else { 1000 };
            let (title_idx, rating) = (&titles[..n], &ratings[..n]);
            output
                .push(User { id, bias: 0.0, vector: &[0.5], ranking_vector: None, title_idx, rating })
                .unwrap();
        }
        let WrittenUsers { entry, index, digests, out: bytes } = output.finish().unwrap();
        assert_eq!(entry, ArtifactEntry::of(Kind::Users, &bytes));
        assert_eq!(index.check_size(entry.bytes), Ok(()));
        // User 2 has a block to itself; users 3 and 10 share one.
        assert_eq!((index.n_blocks(), index.block_of("10")), (3, Some(2)));
        let range = index.range(2);
        let block = UserBlock::from_bytes(&bytes[range.start as usize..]).unwrap();
        assert_eq!((block.n_users(), block.position("10")), (2, Some(1)));

        let blocks = artifact::split(Kind::Users, &bytes).unwrap();
        let check_with = |digests: Option<&UserDigests>, blocks: &[&[u8]]| {
            let mut check = UsersCheck::new(&index, digests);
            blocks.iter().try_for_each(|block| check.block(block))?;
            Ok::<(), ReadError>(check.finish()?)
        };
        let check = |blocks: &[&[u8]]| check_with(Some(&digests), blocks);
        assert_eq!((check(&blocks), check_with(None, &blocks)), (Ok(()), Ok(())));
        for change in [vec![0, 1], vec![0, 1, 2, 2], vec![0, 2, 1]] {
            let mut others = UserDigests::default();
            for at in &change {
                others.push(blocks[*at]);
            }
            assert!(check_with(Some(&others), &blocks).is_err(), "{change:?}");
        }
        assert!(check(&blocks[..2]).is_err() && check(&blocks[1..]).is_err());
        assert!(check(&[&blocks[..], &blocks[2..]].concat()).is_err());
    }

    #[test]
    fn a_full_disk_is_reported() {
        let shape = UserShape { n_factors: 0, n_ranking_factors: None, n_titles: 0 };
        let mut room = [0; 3];
        let mut output = UsersOutput::new(shape, &mut room[..]);
        let user =
            User { id: "1", bias: 0.0, vector: &[], ranking_vector: None, title_idx: &[], rating: &[] };
        output.push(user).unwrap();
        assert!(matches!(output.finish(), Err(WriteUsersError::Write(_))));
    }
}
