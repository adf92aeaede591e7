use artifact::{Artifact as _, Kind, ReadError, split};
use catalog::UserId;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::block::{empty_bytes, user_bytes};
use super::{User, UserBlock, UserIndex, UserShape, UsersError, UsersWriter};

const SHAPE: UserShape = UserShape { n_factors: 2, n_ranking_factors: Some(3), n_titles: 50 };

/// A user whose values depend only on id and number of ratings.
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
    fn every_user_is_found_and_no_other(
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
            let block = find(&bytes, &index, &made.id).expect("a user who was written is found");
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
fn without_a_ranking_model_there_are_no_ranking_vectors() {
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
fn users_out_of_order_or_not_valid_are_not_written() {
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
    assert_eq!(refused(|u| u.rating = &[3.0, f32::NAN]), "rating");
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
