//! Users in blocks: each block an artifact of its own, small enough to be read for one request, behind an index that
//! says which block holds whom.

use std::cmp::Ordering;
use std::ops::Range;

use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, EncodeError, HEADER_BYTES, Invalid, Kind};
use catalog::{RATING_MAX, RATING_MIN, UserId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::items::all_finite;
use crate::serve::Mismatch;

/// The most bytes of a sealed block, unless it holds a single user: half of the 64 KB that a request may read. Smaller
/// blocks make a longer index, larger ones are decoded for one user of hundreds.
pub const BLOCK_BYTES: usize = 32 << 10;

/// What all users of a release have in common, and have to have in common with its models and titles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserShape {
    /// Factors of the model that predicts ratings.
    pub n_factors: usize,
    /// Factors of the model that ranks titles, where the release has one.
    pub n_ranking_factors: Option<usize>,
    /// Titles; positions of rated ones are below it.
    pub n_titles: usize,
}

/// All that a release knows of one user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct User<'a> {
    /// Who it is.
    pub id: &'a str,
    /// b(u) of the model that predicts ratings.
    pub bias: f32,
    /// p(u) of that model, one value a factor.
    pub vector: &'a [f32],
    /// p(u) of the model that ranks titles, where the release has one.
    pub ranking_vector: Option<&'a [f32]>,
    /// Positions of the titles that they rated, ascending.
    pub title_idx: &'a [u32],
    /// The ratings, one a title.
    pub rating: &'a [f32],
}

impl User<'_> {
    fn check(&self, shape: UserShape) -> Result<(), Invalid> {
        Invalid::unless(self.vector.len() == shape.n_factors, "factors", "not one value a factor")?;
        let n_ranking = self.ranking_vector.map(<[f32]>::len);
        let fits = n_ranking == shape.n_ranking_factors;
        Invalid::unless(fits, "ranking_factors", "not one value a factor of the ranking model")?;
        Invalid::unless(self.bias.is_finite(), "bias", "not finite")?;
        let mut vectors = [self.vector, self.ranking_vector.unwrap_or_default()].concat();
        blocks::round_to_half(&mut vectors);
        all_finite("factors", &vectors)?;
        check_ratings(self.title_idx, self.rating)?;
        let known = self.title_idx.last().is_none_or(|&t| (t as usize) < shape.n_titles);
        Invalid::unless(known, "title_idx", "a title is out of range")
    }
}

fn check_ratings(title_idx: &[u32], rating: &[f32]) -> Result<(), Invalid> {
    Invalid::unless(title_idx.len() == rating.len(), "rating", "not one a title")?;
    let ascend = title_idx.is_sorted_by(|a, b| a < b);
    Invalid::unless(ascend, "title_idx", "a user's titles are not in order")?;
    let on_scale = rating.iter().all(|r| (RATING_MIN..=RATING_MAX).contains(r));
    Invalid::unless(on_scale, "rating", "a rating lies off the scale")
}

/// The position of an id among ids in the order of [`UserId`], or the number of those before it.
fn search(ids: &TextHeap, id: &str) -> Result<usize, usize> {
    let (mut low, mut high) = (0, ids.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match UserId::cmp_text(ids.get(middle), id) {
            Ordering::Less => low = middle + 1,
            Ordering::Equal => return Ok(middle),
            Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

fn in_order(ids: &TextHeap) -> bool {
    (1..ids.len()).all(|i| UserId::cmp_text(ids.get(i - 1), ids.get(i)).is_lt())
}

/// Users that follow one another in the order of [`UserId`]; at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct UserBlock {
    ids: TextHeap,
    n_factors: usize,
    n_ranking_factors: Option<usize>,
    bias: Vec<f32>,
    /// Users × factors, row by row, and so are those of the ranking model.
    factors: Vec<f32>,
    ranking_factors: Vec<f32>,
    /// Where each user's rows begin; one more than there are users.
    offsets: Vec<u32>,
    /// Title positions, ascending within a user.
    title_idx: Vec<u32>,
    rating: Vec<f32>,
}

impl UserBlock {
    fn empty(shape: UserShape) -> Self {
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

    fn push(&mut self, user: User<'_>) {
        self.ids.push(user.id);
        self.bias.push(user.bias);
        self.factors.extend_from_slice(user.vector);
        self.ranking_factors.extend_from_slice(user.ranking_vector.unwrap_or_default());
        self.title_idx.extend_from_slice(user.title_idx);
        self.rating.extend_from_slice(user.rating);
        self.offsets.push(self.title_idx.len() as u32);
    }

    /// Number of users.
    pub fn n_users(&self) -> usize {
        self.ids.len()
    }

    /// The position of a user.
    pub fn position(&self, id: &str) -> Option<usize> {
        search(&self.ids, id).ok()
    }

    /// A user.
    ///
    /// # Panics
    /// Where `at` is not below [`UserBlock::n_users`].
    pub fn user(&self, at: usize) -> User<'_> {
        let row = |k: usize| at * k..(at + 1) * k;
        let rated = self.offsets[at] as usize..self.offsets[at + 1] as usize;
        User {
            id: self.ids.get(at),
            bias: self.bias[at],
            vector: &self.factors[row(self.n_factors)],
            ranking_vector: self.n_ranking_factors.map(|k| &self.ranking_factors[row(k)]),
            title_idx: &self.title_idx[rated.clone()],
            rating: &self.rating[rated],
        }
    }

    /// About how many bytes of memory it takes.
    pub fn memory(&self) -> usize {
        let (offsets, ids) = self.ids.to_blocks();
        let values = [&self.bias, &self.factors, &self.ranking_factors, &self.rating];
        let n_values: usize = values.iter().map(|v| v.len()).sum();
        let n_values = n_values + self.offsets.len() + self.title_idx.len();
        size_of::<Self>() + offsets.len() + ids.len() + n_values * 4
    }
}

/// The stored form of a [`UserBlock`]; factors in half precision. Rules: there is a user, users are in order, values are
/// finite, offsets cut the rows, titles ascend within a user, ratings lie on the scale.
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

/// Bytes of a sealed block of a shape without any user: header, four counts of which one may be absent, eight lengths,
/// and the first of two rows of offsets.
fn empty_bytes(shape: UserShape) -> usize {
    HEADER_BYTES + 4 * 3 + 1 + 4 * usize::from(shape.n_ranking_factors.is_some()) + 8 * 8 + 4 * 2
}

/// Bytes that a user adds to a sealed block.
fn user_bytes(user: User<'_>) -> usize {
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
        Invalid::unless(in_order(&block.ids), "ids", "not in order")?;
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

/// Which block holds whom, and where each lies in the object of all of them: small enough to be held in memory for any
/// number of users.
#[derive(Debug, Clone, PartialEq)]
pub struct UserIndex {
    shape: UserShape,
    n_users: u64,
    /// The first user of each block.
    first_ids: TextHeap,
    /// Where each block begins, and where the last ends.
    offsets: Vec<u64>,
}

impl UserIndex {
    /// What the users have in common.
    pub fn shape(&self) -> UserShape {
        self.shape
    }

    /// Number of users.
    pub fn n_users(&self) -> u64 {
        self.n_users
    }

    /// Number of blocks; 0 where there are no users.
    pub fn n_blocks(&self) -> usize {
        self.first_ids.len()
    }

    /// The block that holds a user, if any does. `None` where the user stands before all others.
    pub fn block_of(&self, id: &str) -> Option<usize> {
        match search(&self.first_ids, id) {
            Ok(block) => Some(block),
            Err(after) => after.checked_sub(1),
        }
    }

    /// The bytes of a block in the object of all blocks, which follow one another without gaps.
    ///
    /// # Panics
    /// Where `block` is not below [`UserIndex::n_blocks`].
    pub fn range(&self, block: usize) -> Range<u64> {
        self.offsets[block]..self.offsets[block + 1]
    }

    /// Where each block begins in that object, and where the last ends; 0 alone where there are no users.
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// Checks that the object of all blocks has the size that this index is of.
    ///
    /// # Errors
    /// Another size.
    pub fn check_size(&self, n_bytes: u64) -> Result<(), Mismatch> {
        let expected = self.offsets[self.offsets.len() - 1];
        Mismatch::unless_equal("bytes of users", "user index", expected as usize, "object", n_bytes as usize)
    }

    /// Checks that what was read as a block is the one that this index is of: its first user, the end of the others
    /// before the next block, factors and titles.
    ///
    /// # Errors
    /// What is of another block, or of another release.
    ///
    /// # Panics
    /// Where `at` is not below [`UserIndex::n_blocks`].
    pub fn check(&self, at: usize, block: &UserBlock) -> Result<(), Invalid> {
        let first = block.ids.get(0) == self.first_ids.get(at);
        Invalid::unless(first, "ids", "not the block that the index names")?;
        let last = block.ids.get(block.n_users() - 1);
        let within = at + 1 == self.n_blocks() || UserId::cmp_text(last, self.first_ids.get(at + 1)).is_lt();
        Invalid::unless(within, "ids", "users of the next block")?;
        let UserShape { n_factors, n_ranking_factors, n_titles } = self.shape;
        Invalid::unless(block.n_factors == n_factors, "factors", "not as many as the index says")?;
        let same = block.n_ranking_factors == n_ranking_factors;
        Invalid::unless(same, "ranking_factors", "not as many as the index says")?;
        let known = block.title_idx.iter().all(|&t| (t as usize) < n_titles);
        Invalid::unless(known, "title_idx", "a title is out of range")
    }
}

/// The stored form of a [`UserIndex`]. Rules: first users are in order, offsets rise from 0 by more than a header each,
/// and every block has a user.
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
        Invalid::unless(in_order(&index.first_ids), "first_ids", "not in order")?;
        Invalid::unless(index.offsets.first() == Some(&0), "offsets", "not from 0")?;
        let apart = |pair: &[u64]| pair[1].checked_sub(pair[0]).is_some_and(|n| n > HEADER_BYTES as u64);
        Invalid::unless(index.offsets.windows(2).all(apart), "offsets", "a block is no block")?;
        let held = s.n_users >= u64::from(s.n_blocks) && (s.n_users == 0) == (n_blocks == 0);
        Invalid::unless(held, "n_users", "not at least one a block")?;
        Ok(index)
    }
}

/// Why a user could not be written.
#[derive(Debug, Error)]
pub enum UsersError {
    /// Not after the user before.
    #[error("user {id} stands after {before}, and comes before it in the order of users")]
    Order {
        /// Who was to be written.
        id: String,
        /// The user before.
        before: String,
    },
    /// Not of the shape of the others, or with values that none may have.
    #[error("user {id} is unsound")]
    Unsound {
        /// Who was to be written.
        id: String,
        /// What is wrong.
        source: Invalid,
    },
    /// A block could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Makes blocks and their index of users that come one after the other, in order. It holds one block, and of those
/// before no more than the index does.
///
/// A block is closed by the user who would make it larger than [`BLOCK_BYTES`]. Who is larger than that alone has a
/// block alone.
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
    /// Begins without users.
    pub fn new(shape: UserShape) -> Self {
        Self::with_block_bytes(shape, BLOCK_BYTES)
    }

    /// The same with blocks of another size, for tests of few users in several blocks. The size is no part of the
    /// format.
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

    /// Takes the next user. Where that closes a block, gives its sealed bytes, which are to be appended to those given
    /// before.
    ///
    /// # Errors
    /// [`UsersError`]; the writer is then as it was.
    pub fn push(&mut self, user: User<'_>) -> Result<Option<Vec<u8>>, UsersError> {
        if self.n_users > 0 && UserId::cmp_text(&self.last, user.id).is_ge() {
            return Err(UsersError::Order { id: user.id.to_owned(), before: self.last.clone() });
        }
        user.check(self.shape).map_err(|source| UsersError::Unsound { id: user.id.to_owned(), source })?;
        let more = user_bytes(user);
        let full = self.block.n_users() > 0 && self.block_bytes + more > self.most_bytes;
        let closed = if full { self.close()? } else { None };
        self.block.push(user);
        self.block_bytes += more;
        self.n_users += 1;
        user.id.clone_into(&mut self.last);
        Ok(closed)
    }

    /// Ends: gives the last block, where there is any user, and the index of all.
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
        debug_assert_eq!(sealed.len(), self.block_bytes, "a block is as large as was reckoned");
        self.first_ids.push(self.block.ids.get(0));
        self.offsets.push(self.offsets[self.offsets.len() - 1] + sealed.len() as u64);
        self.block = UserBlock::empty(self.shape);
        self.block_bytes = empty_bytes(self.shape);
        Ok(Some(sealed))
    }
}

#[cfg(test)]
mod tests {
    use artifact::{ReadError, split};
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    const SHAPE: UserShape = UserShape { n_factors: 2, n_ranking_factors: Some(3), n_titles: 50 };

    /// Somebody with values that depend on a number alone.
    #[derive(Debug, Clone)]
    struct Made {
        id: String,
        vector: Vec<f32>,
        ranking: Vec<f32>,
        titles: Vec<u32>,
        ratings: Vec<f32>,
    }

    impl Made {
        fn new(id: &str, n_rated: usize) -> Self {
            let of = |f: usize| ((id.len() * 7 + n_rated * 3 + f * 5) % 9) as f32 / 4.0 - 1.0;
            Self {
                id: id.to_owned(),
                vector: (0..2).map(of).collect(),
                ranking: (2..5).map(of).collect(),
                titles: (0..n_rated as u32).collect(),
                ratings: (0..n_rated).map(|i| 0.5 + (i % 10) as f32 / 2.0).collect(),
            }
        }

        fn user(&self) -> User<'_> {
            User {
                id: &self.id,
                bias: 0.25,
                vector: &self.vector,
                ranking_vector: Some(&self.ranking),
                title_idx: &self.titles,
                rating: &self.ratings,
            }
        }
    }

    fn written(made: &[Made], most_bytes: usize) -> (Vec<u8>, UserIndex) {
        let mut writer = UsersWriter::with_block_bytes(SHAPE, most_bytes);
        let mut bytes = Vec::new();
        for made in made {
            bytes.extend(writer.push(made.user()).unwrap().unwrap_or_default());
        }
        let (last, index) = writer.finish().unwrap();
        bytes.extend(last.unwrap_or_default());
        (bytes, index)
    }

    fn find(bytes: &[u8], index: &UserIndex, id: &str) -> Option<UserBlock> {
        let range = index.range(index.block_of(id)?);
        let block = UserBlock::from_bytes(&bytes[range.start as usize..range.end as usize]).unwrap();
        block.position(id).is_some().then_some(block)
    }

    fn made(ids: &[(&str, usize)]) -> Vec<Made> {
        ids.iter().map(|&(id, n)| Made::new(id, n)).collect()
    }

    proptest! {
        #[test]
        fn every_user_is_found_and_nobody_else(
            ids in btree_set("[0-9a-c]{1,4}", 0..40),
            others in vec("[0-9a-d]{1,5}", 0..40),
            n_rated in vec(0_usize..50, 40),
            most_bytes in 0_usize..2500,
        ) {
            let mut ids: Vec<String> = ids.into_iter().collect();
            ids.sort_by(|a, b| UserId::cmp_text(a, b));
            let made: Vec<Made> = ids.iter().zip(&n_rated).map(|(id, &n)| Made::new(id, n)).collect();
            let (bytes, index) = written(&made, most_bytes);
            let index = UserIndex::from_bytes(&index.to_bytes().unwrap()).unwrap();
            prop_assert_eq!((index.n_users(), index.shape()), (made.len() as u64, SHAPE));
            prop_assert_eq!(index.check_size(bytes.len() as u64), Ok(()));
            prop_assert!(index.check_size(bytes.len() as u64 + 1).is_err());

            let parts = split(Kind::Users, &bytes).unwrap();
            prop_assert_eq!(parts.len(), index.n_blocks());
            for (at, part) in parts.iter().enumerate() {
                let block = UserBlock::from_bytes(part).unwrap();
                prop_assert_eq!(&block.to_bytes().unwrap(), part);
                prop_assert_eq!(index.check(at, &block), Ok(()));
                prop_assert!(part.len() <= most_bytes || block.n_users() == 1);
                if at > 0 {
                    prop_assert!(index.check(at - 1, &block).is_err());
                }
            }
            for made in &made {
                let block = find(&bytes, &index, &made.id).expect("who was written is found");
                prop_assert_eq!(block.user(block.position(&made.id).unwrap()), made.user());
            }
            for id in others.iter().filter(|id| !ids.contains(id)) {
                prop_assert!(find(&bytes, &index, id).is_none(), "{id}");
            }
        }
    }

    #[test]
    fn a_block_is_closed_by_the_user_who_does_not_fit() {
        let one = empty_bytes(SHAPE) + user_bytes(Made::new("1", 3).user());
        let two = one + user_bytes(Made::new("2", 3).user());
        let users = made(&[("1", 3), ("2", 3), ("3", 3)]);
        let n_blocks = |most| written(&users, most).1.n_blocks();
        assert_eq!((n_blocks(two), n_blocks(two - 1), n_blocks(0)), (2, 3, 3));
        assert_eq!(written(&users, two).0.len(), two + one);
        assert_eq!(written(&[], two), (Vec::new(), written(&[], one).1));
        let nobody = UserIndex::from_bytes(&written(&[], one).1.to_bytes().unwrap()).unwrap();
        assert_eq!((nobody.n_blocks(), nobody.block_of("1"), nobody.check_size(0)), (0, None, Ok(())));
    }

    #[test]
    fn without_a_ranking_model_there_are_no_vectors_of_it() {
        let shape = UserShape { n_factors: 0, n_ranking_factors: None, n_titles: 9 };
        let mut writer = UsersWriter::new(shape);
        let user =
            User { id: "7", bias: -1.0, vector: &[], ranking_vector: None, title_idx: &[8], rating: &[5.0] };
        assert!(writer.push(user).unwrap().is_none());
        let (bytes, index) = writer.finish().unwrap();
        let block = UserBlock::from_bytes(&bytes.unwrap()).unwrap();
        assert_eq!((block.user(0), index.check(0, &block), index.shape()), (user, Ok(()), shape));
    }

    #[test]
    fn users_out_of_order_or_unsound_are_not_written() {
        let mut writer = UsersWriter::new(SHAPE);
        let good = Made::new("20", 2);
        writer.push(good.user()).unwrap();
        for id in ["20", "3", "19"] {
            let refused = writer.push(User { id, ..good.user() }).unwrap_err();
            assert!(matches!(refused, UsersError::Order { before, .. } if before == "20"), "{id}");
        }
        let mut refused = |change: fn(&mut User<'_>)| {
            let mut user = User { id: "21", ..good.user() };
            change(&mut user);
            match writer.push(user) {
                Err(UsersError::Unsound { source, .. }) => source.field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(refused(|u| u.bias = f32::NAN), "bias");
        assert_eq!(refused(|u| u.vector = &[1.0]), "factors");
        assert_eq!(refused(|u| u.vector = &[1.0, 70_000.0]), "factors");
        assert_eq!(refused(|u| u.ranking_vector = None), "ranking_factors");
        assert_eq!(refused(|u| u.title_idx = &[3]), "rating");
        assert_eq!(refused(|u| u.title_idx = &[3, 3]), "title_idx");
        assert_eq!(refused(|u| u.title_idx = &[3, 50]), "title_idx");
        assert_eq!(refused(|u| u.rating = &[3.0, 5.5]), "rating");
        assert_eq!(writer.finish().unwrap().1.n_users(), 1);
    }

    #[test]
    fn a_block_of_another_place_or_release_is_refused() {
        let users = made(&[("1", 3), ("2", 3), ("5", 3), ("6", 3)]);
        let (bytes, index) = written(&users, 0);
        let block = |at: usize| {
            let range = index.range(at);
            UserBlock::from_bytes(&bytes[range.start as usize..range.end as usize]).unwrap()
        };
        let refused = |at: usize, block: &UserBlock| index.check(at, block).unwrap_err().field;
        assert_eq!(refused(1, &block(2)), "ids");
        let longer = |users: &[Made]| UserBlock::from_bytes(&written(users, usize::MAX).0).unwrap();
        assert_eq!(index.check(1, &longer(&made(&[("2", 3), ("4", 3)]))), Ok(()));
        assert_eq!(refused(1, &longer(&made(&[("2", 3), ("5", 3)]))), "ids");
        assert_eq!(index.check(3, &longer(&made(&[("6", 3), ("99", 3)]))), Ok(()));
        let mut other = block(0);
        other.title_idx[2] = 50;
        assert_eq!(refused(0, &other), "title_idx");
        assert_eq!(refused(0, &UserBlock { n_factors: 3, ..block(0) }), "factors");
        assert_eq!(refused(0, &UserBlock { n_ranking_factors: None, ..block(0) }), "ranking_factors");
    }

    #[test]
    fn indexes_and_blocks_that_break_a_rule_are_refused() {
        let users = made(&[("1", 3), ("2", 3), ("3", 0)]);
        let index = |change: fn(&mut UserIndex)| {
            let mut index = written(&users, 0).1;
            change(&mut index);
            match UserIndex::from_bytes(&index.to_bytes().unwrap()) {
                Err(ReadError::Invalid(invalid)) => invalid.field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(index(|i| i.first_ids = ["1", "3", "2"].into_iter().collect()), "first_ids");
        assert_eq!(index(|i| i.offsets[0] = 1), "offsets");
        assert_eq!(index(|i| i.offsets[1] = 24), "offsets");
        assert_eq!(index(|i| i.offsets[2] = 0), "offsets");
        assert_eq!(index(|i| i.n_users = 2), "n_users");
        let block = |change: fn(&mut UserBlock)| {
            let mut block = UserBlock::from_bytes(&written(&users, usize::MAX).0).unwrap();
            change(&mut block);
            match UserBlock::from_bytes(&block.to_bytes().unwrap()) {
                Err(ReadError::Invalid(invalid)) => invalid.field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(block(|b| *b = UserBlock::empty(SHAPE)), "ids");
        assert_eq!(block(|b| b.ids = ["9", "9", "a"].into_iter().collect()), "ids");
        assert_eq!(block(|b| b.bias[1] = f32::NAN), "bias");
        assert_eq!(block(|b| b.factors[1] = f32::NAN), "factors");
        assert_eq!(block(|b| b.ranking_factors[1] = f32::INFINITY), "ranking_factors");
        assert_eq!(block(|b| b.offsets[1] = 9), "offsets");
        assert_eq!(block(|b| b.title_idx.swap(0, 1)), "title_idx");
        assert_eq!(block(|b| b.rating[0] = f32::NAN), "rating");
    }
}
