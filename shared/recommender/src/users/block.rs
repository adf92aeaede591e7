use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, HEADER_BYTES, Invalid, Kind};
use serde::{Deserialize, Serialize};

use super::user::{User, UserShape, are_in_order, check_ratings, search};
use crate::items::all_finite;

/// Consecutive users in the order of [`UserId`](catalog::UserId), at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct UserBlock {
    pub(super) ids: TextHeap,
    pub(super) n_factors: usize,
    pub(super) n_ranking_factors: Option<usize>,
    pub(super) bias: Vec<f32>,
    /// Users × factors, row by row.
    pub(super) factors: Vec<f32>,
    /// Users × factors of the ranking model, row by row.
    pub(super) ranking_factors: Vec<f32>,
    /// Where each user's rows begin, with the end of the last as one more entry.
    pub(super) offsets: Vec<u32>,
    /// Title positions, in ascending order within a user.
    pub(super) title_idx: Vec<u32>,
    pub(super) rating: Vec<f32>,
}

impl UserBlock {
    pub(super) fn empty(shape: UserShape) -> Self {
        Self {
            ids: TextHeap::default(),
            n_factors: shape.n_factors,
            n_ranking_factors: shape.n_ranking_factors,
            bias: Vec::new(),
            factors: Vec::new(),
            ranking_factors: Vec::new(),
            offsets: vec![0],
            title_idx: Vec::new(),
            rating: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, user: User<'_>) {
        self.ids.push(user.id);
        self.bias.push(user.bias);
        self.factors.extend_from_slice(user.vector);
        self.ranking_factors.extend_from_slice(user.ranking_vector.unwrap_or_default());
        self.title_idx.extend_from_slice(user.title_idx);
        self.rating.extend_from_slice(user.rating);
        self.offsets.push(self.title_idx.len() as u32);
    }

    /// Returns the number of users.
    pub fn n_users(&self) -> usize {
        self.ids.len()
    }

    /// Returns the position of a user.
    pub fn position(&self, id: &str) -> Option<usize> {
        search(&self.ids, id).ok()
    }

    /// Returns a user.
    ///
    /// # Panics
    /// If `at` is not below [`UserBlock::n_users`].
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "`from_stored` checks that there are users times factors, and as many titles as ratings"
    )]
    pub fn user(&self, at: usize) -> User<'_> {
        let row = |k: usize| at * k..(at + 1) * k;
        User {
            id: self.ids.get(at),
            bias: self.bias[at],
            vector: &self.factors[row(self.n_factors)],
            ranking_vector: self.n_ranking_factors.map(|k| &self.ranking_factors[row(k)]),
            title_idx: blocks::group(&self.title_idx, &self.offsets, at),
            rating: blocks::group(&self.rating, &self.offsets, at),
        }
    }

    /// Returns roughly how many bytes of memory it takes.
    #[expect(clippy::arithmetic_side_effects, reason = "it adds up what is in memory")]
    pub fn memory(&self) -> usize {
        let (offsets, ids) = self.ids.to_blocks();
        let values = [&self.bias, &self.factors, &self.ranking_factors, &self.rating];
        let n_values: usize = values.iter().map(|v| v.len()).sum();
        let n_values = n_values + self.offsets.len() + self.title_idx.len();
        size_of::<Self>() + offsets.len() + ids.len() + n_values * 4
    }
}

/// The stored form of a [`UserBlock`], with factors in half precision. Rules: there is a user, users are in
/// order, values are finite, offsets cut the rows, a user's titles are in ascending order, ratings are on the
/// scale.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredUserBlock<'a> {
    n_users: u32,
    n_factors: u32,
    n_ranking_factors: Option<u32>,
    n_ratings: u32,
    #[serde(borrow, with = "serde_bytes")]
    id_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    ids: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    bias: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    factors: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    ranking_factors: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    title_idx: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    rating: &'a [u8],
}

/// Returns the bytes of a sealed block without users: the header, four counts (one of them optional), eight
/// lengths, and the first entry of both arrays of offsets.
#[expect(clippy::arithmetic_side_effects, reason = "it adds up a few small numbers")]
pub(super) fn empty_bytes(shape: UserShape) -> usize {
    HEADER_BYTES + 4 * 3 + 1 + 4 * usize::from(shape.n_ranking_factors.is_some()) + 8 * 8 + 4 * 2
}

/// Returns the bytes that a user adds to a sealed block.
#[expect(clippy::arithmetic_side_effects, reason = "it adds up what is in memory")]
pub(super) fn user_bytes(user: User<'_>) -> usize {
    let n_values = user.vector.len() + user.ranking_vector.map_or(0, <[f32]>::len);
    (4 + user.id.len()) + 4 + 2 * n_values + (4 + 8 * user.rating.len())
}

impl Artifact for UserBlock {
    const KIND: Kind = Kind::Users;
    type Stored<'a> = StoredUserBlock<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let (id_offsets, ids) = self.ids.to_blocks();
        write(&StoredUserBlock {
            n_users: self.ids.len() as u32,
            n_factors: self.n_factors as u32,
            n_ranking_factors: self.n_ranking_factors.map(|k| k as u32),
            n_ratings: self.rating.len() as u32,
            id_offsets: &id_offsets,
            ids,
            bias: &blocks::from_f32(&self.bias),
            factors: &blocks::from_f32_as_half(&self.factors),
            ranking_factors: &blocks::from_f32_as_half(&self.ranking_factors),
            offsets: &blocks::from_u32(&self.offsets),
            title_idx: &blocks::from_u32(&self.title_idx),
            rating: &blocks::from_f32(&self.rating),
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let n_users = s.n_users as usize;
        Invalid::unless(n_users > 0, "ids", "a block without users")?;
        let n_ratings = s.n_ratings as usize;
        let (n_factors, n_ranking_factors) = (s.n_factors as usize, s.n_ranking_factors.map(|k| k as usize));
        let n_ranking = n_users.saturating_mul(n_ranking_factors.unwrap_or(0));
        let block = Self {
            ids: TextHeap::from_blocks("ids", s.id_offsets, s.ids, n_users)?,
            n_factors,
            n_ranking_factors,
            bias: blocks::to_f32("bias", s.bias, n_users)?,
            factors: blocks::half_to_f32("factors", s.factors, n_users.saturating_mul(n_factors))?,
            ranking_factors: blocks::half_to_f32("ranking_factors", s.ranking_factors, n_ranking)?,
            offsets: blocks::to_offsets("offsets", s.offsets, n_users, s.n_ratings)?,
            title_idx: blocks::to_u32("title_idx", s.title_idx, n_ratings)?,
            rating: blocks::to_f32("rating", s.rating, n_ratings)?,
        };
        Invalid::unless(are_in_order(&block.ids), "ids", "not in order")?;
        all_finite("bias", &block.bias)?;
        all_finite("factors", &block.factors)?;
        all_finite("ranking_factors", &block.ranking_factors)?;
        for at in 0..n_users {
            let user = block.user(at);
            check_ratings(user.title_idx, user.rating)?;
        }
        Ok(block)
    }
}
