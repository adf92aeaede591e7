//! Users in blocks. Each block is an artifact of its own, small enough to be read for one request, and an
//! index tells which block holds which users.

mod block;
mod index;
#[cfg(test)]
mod tests;
mod user;
mod writer;

pub use block::UserBlock;
pub use index::UserIndex;
pub use user::{User, UserShape};
pub use writer::{BLOCK_BYTES, UsersError, UsersWriter};
