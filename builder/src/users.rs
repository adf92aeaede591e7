//! The users of a release as one object, written as they come: block by block, digested on the way.

use std::io::{self, Write};

use artifact::{Artifact as _, ArtifactEntry, Hasher, Invalid, Kind, ReadError};
use recommender::{User, UserBlock, UserIndex, UserShape, UsersError, UsersWriter};
use thiserror::Error;

/// Why users could not be written.
#[derive(Debug, Error)]
pub enum WriteUsersError {
    /// A user is unsound or out of order.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// The bytes went nowhere.
    #[error("cannot write users")]
    Write(#[from] io::Error),
}

/// Writes users, who come in their order, to `out`. It holds a block and the index, whatever the number of users, and
/// gives the same bytes for the same users.
#[derive(Debug)]
pub struct UsersOutput<W> {
    writer: UsersWriter,
    written: Written<W>,
}

/// What has gone to `out`.
#[derive(Debug)]
struct Written<W> {
    out: W,
    hasher: Hasher,
    bytes: u64,
}

impl<W: Write> Written<W> {
    fn write(&mut self, block: &[u8]) -> io::Result<()> {
        self.hasher.update(block);
        self.bytes += block.len() as u64;
        self.out.write_all(block)
    }
}

impl<W: Write> UsersOutput<W> {
    /// Begins without users.
    pub fn new(shape: UserShape, out: W) -> Self {
        Self {
            writer: UsersWriter::new(shape),
            written: Written { out, hasher: Hasher::default(), bytes: 0 },
        }
    }

    /// Writes the next user, or keeps them for a block that is not full yet.
    ///
    /// # Errors
    /// [`WriteUsersError`].
    pub fn push(&mut self, user: User<'_>) -> Result<(), WriteUsersError> {
        if let Some(block) = self.writer.push(user)? {
            self.written.write(&block)?;
        }
        Ok(())
    }

    /// Writes what is left, and gives what stands in the manifest of the object, its index, and `out`, flushed.
    ///
    /// # Errors
    /// [`WriteUsersError`].
    pub fn finish(self) -> Result<(ArtifactEntry, UserIndex, W), WriteUsersError> {
        let Self { writer, mut written } = self;
        let (last, index) = writer.finish()?;
        if let Some(block) = last {
            written.write(&block)?;
        }
        let Written { mut out, hasher, bytes } = written;
        out.flush()?;
        Ok((ArtifactEntry { kind: Kind::Users, bytes, sha256: hasher.finish() }, index, out))
    }
}

/// Holds the blocks of an object of users against their index, one after the other.
#[derive(Debug)]
pub struct UsersCheck<'a> {
    index: &'a UserIndex,
    n_blocks: usize,
    n_users: u64,
}

impl<'a> UsersCheck<'a> {
    /// Begins before the first block.
    pub fn new(index: &'a UserIndex) -> Self {
        Self { index, n_blocks: 0, n_users: 0 }
    }

    /// Decodes the next block.
    ///
    /// # Errors
    /// The step that refused it; step 8 also where the index does not name it so.
    pub fn block(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        let block = UserBlock::from_bytes(bytes)?;
        Invalid::unless(
            self.n_blocks < self.index.n_blocks(),
            "ids",
            "a block that the index does not name",
        )?;
        let range = self.index.range(self.n_blocks);
        let as_long = range.end - range.start == bytes.len() as u64;
        Invalid::unless(as_long, "offsets", "the index says another length")?;
        self.index.check(self.n_blocks, &block)?;
        self.n_blocks += 1;
        self.n_users += block.n_users() as u64;
        Ok(())
    }

    /// Ends after the last block.
    ///
    /// # Errors
    /// Blocks or users that the index names and were not there.
    pub fn finish(self) -> Result<(), Invalid> {
        Invalid::unless(self.n_blocks == self.index.n_blocks(), "ids", "blocks are missing")?;
        Invalid::unless(self.n_users == self.index.n_users(), "n_users", "not as many as the index says")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_is_that_of_what_was_written() {
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
        let (entry, index, bytes) = output.finish().unwrap();
        assert_eq!(entry, ArtifactEntry::of(Kind::Users, &bytes));
        assert_eq!(index.check_size(entry.bytes), Ok(()));
        // User 2 alone; users 3 and 10 share a block.
        assert_eq!((index.n_blocks(), index.block_of("10")), (3, Some(2)));
        let range = index.range(2);
        let block = UserBlock::from_bytes(&bytes[range.start as usize..]).unwrap();
        assert_eq!((block.n_users(), block.position("10")), (2, Some(1)));

        let blocks = artifact::split(Kind::Users, &bytes).unwrap();
        let check = |blocks: &[&[u8]]| {
            let mut check = UsersCheck::new(&index);
            blocks.iter().try_for_each(|block| check.block(block))?;
            Ok::<(), ReadError>(check.finish()?)
        };
        assert_eq!(check(&blocks), Ok(()));
        assert!(check(&blocks[..2]).is_err() && check(&blocks[1..]).is_err());
        assert!(check(&[&blocks[..], &blocks[2..]].concat()).is_err());
    }

    #[test]
    fn a_full_disk_is_told() {
        let shape = UserShape { n_factors: 0, n_ranking_factors: None, n_titles: 0 };
        let mut room = [0; 3];
        let mut output = UsersOutput::new(shape, &mut room[..]);
        let user =
            User { id: "1", bias: 0.0, vector: &[], ranking_vector: None, title_idx: &[], rating: &[] };
        output.push(user).unwrap();
        assert!(matches!(output.finish(), Err(WriteUsersError::Write(_))));
    }
}
