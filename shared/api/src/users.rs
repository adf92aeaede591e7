//! The users of a release. A few are held in memory; of many, a request reads the one block it needs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use artifact::{ArtifactEntry, Kind, Manifest, UserDigests};
use axum::response::{IntoResponse, Response};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use recommender::{User, UserBlock, UserIndex, UserShape};
use store::{LoadError, ReadStore};

use crate::error::{CatalogMismatch, StartError};
use crate::log::with_causes;
use crate::personal::{Caller, PersonalRoutes};
use crate::problem::Problem;
use crate::settings::Settings;

/// How the block of the requested user was obtained: an extension of the response, set when users are read
/// per request and a block may hold the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRead {
    /// Whether the block was in memory.
    pub hit: bool,
    /// Bytes this request read from the store: 0 for a hit, and when another request was reading the block
    /// already.
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
    personal_routes: PersonalRoutes,
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
    /// The object that holds them. It is named by its content, so a block of another release is never read.
    entry: ArtifactEntry,
    /// The digests of the blocks; `None` if the release is of an older builder.
    digests: Option<UserDigests>,
    /// When several requests need the same block, one reads it and the others wait. If it fails or gives up,
    /// the next one reads; a failure is not kept.
    cache: Cache<usize, Arc<UserBlock>, Memory>,
    /// Whether the log has that the service ignores ranges.
    ranges_ignored: AtomicBool,
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

/// The result of looking for a user.
#[derive(Debug)]
pub(crate) struct Found {
    at: Option<(Arc<UserBlock>, usize)>,
    read: Option<BlockRead>,
}

impl Found {
    /// The user, if the release has them.
    pub(crate) fn user(&self) -> Option<User<'_>> {
        self.at.as_ref().map(|(block, at)| block.user(*at))
    }

    /// Records in the response how the user was found.
    pub(crate) fn annotate(&self, response: impl IntoResponse) -> Response {
        let mut response = response.into_response();
        if let Some(read) = self.read {
            response.extensions_mut().insert(read);
        }
        response
    }
}

impl Users {
    /// Loads the users of a release, or only the index of their blocks if there are many. If personal routes
    /// are off, it always loads only the index, which other code needs for the model's dimensions.
    ///
    /// If releases have to be signed, a release whose blocks have no digests is refused where single blocks
    /// are read: the signature would not cover them.
    pub(crate) async fn load(
        store: &Arc<dyn ReadStore>,
        manifest: &Manifest,
        settings: &Settings,
    ) -> Result<Self, StartError> {
        let (personal_routes, limits) = (settings.personal_routes, settings.users);
        let index = store::load::<UserIndex>(store.as_ref(), manifest);
        let digests = async {
            match personal_routes {
                PersonalRoutes::Off => Ok(None),
                _ => store::load_optional::<UserDigests>(store.as_ref(), manifest).await,
            }
        };
        let (index, digests) = tokio::try_join!(index, digests)?;
        if let Some(found) = digests.as_ref().map(UserDigests::n_blocks)
            && found != index.n_blocks()
        {
            let (release, expected) = (manifest.release(), index.n_blocks());
            let source = CatalogMismatch::UserDigests { found, expected };
            return Err(StartError::Catalog { release, source });
        }
        let kind = Kind::Users;
        let entry = manifest.artifact(kind).cloned();
        let entry = entry.ok_or_else(|| LoadError::NotInRelease { kind, release: manifest.release() })?;
        let mismatch = |source| StartError::Mismatch { release: manifest.release(), source };
        index.check_size(entry.bytes).map_err(mismatch)?;
        let is_whole = entry.bytes <= limits.whole_bytes && personal_routes != PersonalRoutes::Off;
        let blocks = if is_whole {
            let read: Vec<UserBlock> =
                store::load_parts(store.as_ref(), &entry, index.offsets().to_vec()).await?;
            for (at, block) in read.iter().enumerate() {
                check_block(store.as_ref(), &entry, &index, at, block)?;
            }
            Blocks::Whole(read.into_iter().map(Arc::new).collect())
        } else {
            if settings.release_keys.is_some() && digests.is_none() && personal_routes != PersonalRoutes::Off
            {
                let (kind, release) = (Kind::UserDigests, manifest.release());
                return Err(LoadError::NotInRelease { kind, release }.into());
            }
            #[expect(clippy::arithmetic_side_effects, reason = "`BLOCK_BYTES` is not 0")]
            let n_blocks = (limits.cache_bytes / recommender::BLOCK_BYTES as u64).saturating_add(1);
            let cache = Cache::with_weighter(n_blocks as usize, limits.cache_bytes, Memory);
            Blocks::Ranged(Ranged {
                store: Arc::clone(store),
                entry,
                digests,
                cache,
                ranges_ignored: AtomicBool::default(),
            })
        };
        Ok(Self { personal_routes, index, blocks })
    }

    /// The shape that all users share.
    pub(crate) fn shape(&self) -> UserShape {
        self.index.shape()
    }

    /// Looks up a user on behalf of a caller, in memory or in the one block that can hold them. All access to
    /// user data goes through this function.
    ///
    /// # Errors
    /// The caller may not see this user's data. The block cannot be read at the moment, or is damaged; the
    /// log has the cause.
    pub(crate) async fn find(&self, id: &str, caller: Option<&Caller>) -> Result<Found, Problem> {
        self.personal_routes.admit(id, caller)?;
        let Some(at) = self.index.block_of(id) else { return Ok(Found { at: None, read: None }) };
        let (block, read) = match &self.blocks {
            #[expect(clippy::indexing_slicing, reason = "`load` reads as many blocks as the index has")]
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
            bytes = range.end.saturating_sub(range.start);
            self.read(index, at).await.map(Arc::new)
        };
        let block = self.cache.get_or_insert_async(&at, reading).await?;
        Ok((block, BlockRead { hit: false, bytes, waited: began.elapsed() }))
    }

    async fn read(&self, index: &UserIndex, at: usize) -> Result<UserBlock, Problem> {
        let store = self.store.as_ref();
        let is_genuine =
            |block: &[u8]| self.digests.as_ref().is_none_or(|digests| digests.matches(at, block));
        let read = store::load_part::<UserBlock>(store, &self.entry, index.range(at), is_genuine).await;
        if store.ignores_ranges() && !self.ranges_ignored.swap(true, Ordering::Relaxed) {
            tracing::warn!("{}", store::RANGES_IGNORED);
        }
        let checked = read.and_then(|block| {
            check_block(store, &self.entry, index, at, &block)?;
            Ok(block)
        });
        checked.map_err(|error| {
            tracing::error!(block = at, "cannot read a block of users: {}", with_causes(&error));
            match error {
                LoadError::Fetch { .. } => Problem::unavailable(),
                _ => Problem::internal(),
            }
        })
    }
}

/// Checks that a block is the one the index has at a position.
fn check_block(
    store: &dyn ReadStore,
    entry: &ArtifactEntry,
    index: &UserIndex,
    at: usize,
    block: &UserBlock,
) -> Result<(), LoadError> {
    index.check(at, block).map_err(|source| LoadError::Part {
        key: entry.key(),
        location: store.location(),
        range: index.range(at),
        source: source.into(),
    })
}
