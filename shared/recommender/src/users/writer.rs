use artifact::blocks::TextHeap;
use artifact::{Artifact, EncodeError, Invalid};
use catalog::UserId;
use thiserror::Error;

use super::block::{UserBlock, empty_bytes, user_bytes};
use super::index::UserIndex;
use super::user::{User, UserShape};

/// The most bytes of a sealed block, unless it holds only one user: half of the 64 KB that a request may
/// read. Smaller blocks make a longer index. Larger ones mean that each request decodes more users.
pub const BLOCK_BYTES: usize = 32 << 10;

/// Why a user could not be written.
#[derive(Debug, Error)]
pub enum UsersError {
    /// The user is out of order.
    #[error("user {id} was given after {before}, but comes before it in the order of users")]
    Order {
        /// The user.
        id: String,
        /// The user before.
        before: String,
    },
    /// The user does not have the shape of the others, or has values that are not allowed.
    #[error("user {id} is not valid")]
    Unsound {
        /// The user.
        id: String,
        /// What is wrong.
        source: Invalid,
    },
    /// A block could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Makes blocks of users, and their index. Users come one at a time, in order. The writer holds one block,
/// and only the index of those before.
///
/// A block is closed by the user who would make it larger than [`BLOCK_BYTES`]. A user who alone is larger
/// has a block of their own.
#[derive(Debug)]
pub struct UsersWriter {
    shape: UserShape,
    most_bytes: usize,
    block: UserBlock,
    block_bytes: usize,
    last: String,
    n_users: u64,
    first_ids: TextHeap,
    offsets: Vec<u64>,
}

impl UsersWriter {
    /// Starts without users.
    pub fn new(shape: UserShape) -> Self {
        Self::with_block_bytes(shape, BLOCK_BYTES)
    }

    /// Starts with another block size, so that tests can have few users in several blocks. The size is not
    /// part of the format.
    pub fn with_block_bytes(shape: UserShape, most_bytes: usize) -> Self {
        Self {
            shape,
            most_bytes,
            block: UserBlock::empty(shape),
            block_bytes: empty_bytes(shape),
            last: String::new(),
            n_users: 0,
            first_ids: TextHeap::default(),
            offsets: vec![0],
        }
    }

    /// Adds the next user. If that closes a block, returns its sealed bytes, which have to be appended to
    /// those returned before.
    ///
    /// # Errors
    /// [`UsersError`]; the writer is unchanged then.
    pub fn push(&mut self, user: User<'_>) -> Result<Option<Vec<u8>>, UsersError> {
        if self.n_users > 0 && UserId::cmp_text(&self.last, user.id).is_ge() {
            return Err(UsersError::Order { id: user.id.to_owned(), before: self.last.clone() });
        }
        user.check(self.shape).map_err(|source| UsersError::Unsound { id: user.id.to_owned(), source })?;
        let more = user_bytes(user);
        let full = self.block.n_users() > 0 && self.block_bytes.saturating_add(more) > self.most_bytes;
        let closed = if full { self.close()? } else { None };
        self.block.push(user);
        self.block_bytes = self.block_bytes.saturating_add(more);
        self.n_users = self.n_users.saturating_add(1);
        user.id.clone_into(&mut self.last);
        Ok(closed)
    }

    /// Returns the last block, if there is any user, and the index of all blocks.
    ///
    /// # Errors
    /// [`UsersError::Encode`].
    pub fn finish(mut self) -> Result<(Option<Vec<u8>>, UserIndex), UsersError> {
        let closed = self.close()?;
        let Self { shape, n_users, first_ids, offsets, .. } = self;
        Ok((closed, UserIndex { shape, n_users, first_ids, offsets }))
    }

    fn close(&mut self) -> Result<Option<Vec<u8>>, EncodeError> {
        if self.block.n_users() == 0 {
            return Ok(None);
        }
        let sealed = self.block.to_bytes()?;
        debug_assert_eq!(sealed.len(), self.block_bytes, "a block is as large as computed");
        self.first_ids.push(self.block.ids.get(0));
        let begin = self.offsets.last().copied().unwrap_or_default();
        self.offsets.push(begin.saturating_add(sealed.len() as u64));
        self.block = UserBlock::empty(self.shape);
        self.block_bytes = empty_bytes(self.shape);
        Ok(Some(sealed))
    }
}
