//! The users of a release: few are held in memory, of many one block is read a request.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact::{ArtifactEntry, Kind, Manifest};
use axum::response::{IntoResponse, Response};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use recommender::{User, UserBlock, UserIndex, UserShape};
use store::{LoadError, ReadStore};

use crate::Problem;
use crate::service::StartError;

/// How much memory the users of a release may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLimits {
    /// Where all users together have at most so many bytes in the store, they are read when the function starts, and no
    /// request waits for the store.
    pub whole_bytes: u64,
    /// Else so many bytes of blocks, decoded, are kept that were read for a request.
    pub cache_bytes: u64,
}

impl Default for UserLimits {
    /// 8 MiB each. That many bytes are some fifteen thousand users, and one read more at a start; without it each request
    /// of a small release would wait for the store. A cache of 8 MiB holds about 200 blocks: enough for people who come
    /// back within minutes, and no small size would be enough for chance among millions.
    fn default() -> Self {
        Self { whole_bytes: 8 << 20, cache_bytes: 8 << 20 }
    }
}

/// How a request came by the block of its user: an extension of the response, where the release has too many users to be
/// held in memory and one was asked for whom a block may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRead {
    /// Whether the block was in memory.
    pub hit: bool,
    /// Bytes that were read from the store for this request; 0 for a hit, and where another request was reading them.
    pub bytes: u64,
    /// How long the request waited for them.
    pub waited: Duration,
}

impl BlockRead {
    const HIT: Self = Self { hit: true, bytes: 0, waited: Duration::ZERO };
}

/// The users of a release.
#[derive(Debug)]
pub(crate) struct Users {
    index: UserIndex,
    blocks: Blocks,
}

#[derive(Debug)]
enum Blocks {
    Whole(Vec<Arc<UserBlock>>),
    Ranged(Ranged),
}

/// Blocks that are read one at a time.
struct Ranged {
    store: Arc<dyn ReadStore>,
    /// The object that holds them. Its key is its content's, so that a block of another release is never read.
    entry: ArtifactEntry,
    /// Of requests for one block that come together, one reads and the others wait. Where it fails or is given up, the
    /// next reads; nothing is kept of a failure.
    cache: Cache<usize, Arc<UserBlock>, Memory>,
}

impl fmt::Debug for Ranged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (store, entry) = (&self.store, &self.entry);
        f.debug_struct("Ranged").field("store", store).field("entry", entry).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
struct Memory;

impl Weighter<usize, Arc<UserBlock>> for Memory {
    fn weight(&self, _: &usize, block: &Arc<UserBlock>) -> u64 {
        block.memory() as u64
    }
}

/// A user who was looked for.
#[derive(Debug)]
pub(crate) struct Found {
    at: Option<(Arc<UserBlock>, usize)>,
    read: Option<BlockRead>,
}

impl Found {
    /// The user, where the release knows them.
    pub(crate) fn user(&self) -> Option<User<'_>> {
        self.at.as_ref().map(|(block, at)| block.user(*at))
    }

    /// The response, with how the user was come by.
    pub(crate) fn told(&self, response: impl IntoResponse) -> Response {
        let mut response = response.into_response();
        if let Some(read) = self.read {
            response.extensions_mut().insert(read);
        }
        response
    }
}

impl Users {
    /// The users of a release, or where to read them.
    pub(crate) async fn load(
        store: Arc<dyn ReadStore>,
        manifest: &Manifest,
        limits: UserLimits,
    ) -> Result<Self, StartError> {
        let index: UserIndex = store::load(store.as_ref(), manifest).await?;
        let kind = Kind::Users;
        let entry = manifest.artifact(kind).cloned();
        let entry = entry.ok_or_else(|| LoadError::NotInRelease { kind, release: manifest.release() })?;
        let mismatch = |source| StartError::Mismatch { release: manifest.release(), source };
        index.check_size(entry.bytes).map_err(mismatch)?;
        let blocks = if entry.bytes <= limits.whole_bytes {
            let read: Vec<UserBlock> =
                store::load_parts(store.as_ref(), &entry, index.offsets().to_vec()).await?;
            for (at, block) in read.iter().enumerate() {
                index.check(at, block).map_err(|source| LoadError::Part {
                    key: entry.key(),
                    location: store.location(),
                    range: index.range(at),
                    source: source.into(),
                })?;
            }
            Blocks::Whole(read.into_iter().map(Arc::new).collect())
        } else {
            let n_blocks = limits.cache_bytes / recommender::BLOCK_BYTES as u64 + 1;
            let cache = Cache::with_weighter(n_blocks as usize, limits.cache_bytes, Memory);
            Blocks::Ranged(Ranged { store, entry, cache })
        };
        Ok(Self { index, blocks })
    }

    /// What the users have in common.
    pub(crate) fn shape(&self) -> UserShape {
        self.index.shape()
    }

    /// Looks for a user: in memory, or in the one block that may hold them.
    ///
    /// # Errors
    /// The block cannot be read just now, or is damaged. The log says what it was.
    pub(crate) async fn find(&self, id: &str) -> Result<Found, Problem> {
        let Some(at) = self.index.block_of(id) else { return Ok(Found { at: None, read: None }) };
        let (block, read) = match &self.blocks {
            Blocks::Whole(blocks) => (Arc::clone(&blocks[at]), None),
            Blocks::Ranged(ranged) => {
                let (block, read) = ranged.block(&self.index, at).await?;
                (block, Some(read))
            }
        };
        let position = block.position(id);
        Ok(Found { at: position.map(|position| (block, position)), read })
    }
}

impl Ranged {
    async fn block(&self, index: &UserIndex, at: usize) -> Result<(Arc<UserBlock>, BlockRead), Problem> {
        if let Some(block) = self.cache.get(&at) {
            return Ok((block, BlockRead::HIT));
        }
        let began = Instant::now();
        let mut bytes = 0;
        let reading = async {
            let range = index.range(at);
            bytes = range.end - range.start;
            self.read(index, at).await.map(Arc::new)
        };
        let block = self.cache.get_or_insert_async(&at, reading).await?;
        Ok((block, BlockRead { hit: false, bytes, waited: began.elapsed() }))
    }

    async fn read(&self, index: &UserIndex, at: usize) -> Result<UserBlock, Problem> {
        let range = index.range(at);
        let read = store::load_part::<UserBlock>(self.store.as_ref(), &self.entry, range.clone()).await;
        let checked = read.and_then(|block| match index.check(at, &block) {
            Ok(()) => Ok(block),
            Err(invalid) => Err(LoadError::Part {
                key: self.entry.key(),
                location: self.store.location(),
                range,
                source: invalid.into(),
            }),
        });
        checked.map_err(|error| {
            let cause = error.source().map(ToString::to_string);
            tracing::error!(block = at, %error, cause, "cannot read a block of users");
            match error {
                LoadError::Fetch { .. } => Problem::unavailable(),
                _ => Problem::internal(),
            }
        })
    }
}
