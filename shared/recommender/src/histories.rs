use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, Invalid, Kind};
use catalog::{RATING_MAX, RATING_MIN, RatingTable, UserId};
use serde::{Deserialize, Serialize};

/// Users in their order, and what each has rated. A user's position here is the model's `user`.
#[derive(Debug, Clone, PartialEq)]
pub struct Histories {
    users: TextHeap,
    /// Where each user's rows begin; one more than there are users.
    offsets: Vec<u64>,
    /// Title positions, ascending within a user.
    title_idx: Vec<u32>,
    rating: Vec<f32>,
}

impl Histories {
    /// Takes the clean ratings.
    pub fn build(ratings: &RatingTable) -> Self {
        Self {
            users: ratings.users().iter().map(UserId::as_str).collect(),
            offsets: ratings.offsets().to_vec(),
            title_idx: ratings.title_idx().to_vec(),
            rating: ratings.rating().to_vec(),
        }
    }

    /// Number of users.
    pub fn n_users(&self) -> usize {
        self.users.len()
    }

    /// Number of ratings.
    pub fn n_ratings(&self) -> usize {
        self.rating.len()
    }

    /// The position of a user.
    pub fn position(&self, id: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.users.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match UserId::cmp_text(self.users.get(middle), id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The id of a user.
    ///
    /// # Panics
    /// Where `user` is not below [`Histories::n_users`].
    pub fn user(&self, user: usize) -> &str {
        self.users.get(user)
    }

    /// What a user has rated: title positions, ascending, and ratings.
    ///
    /// # Panics
    /// Where `user` is not below [`Histories::n_users`].
    pub fn of(&self, user: usize) -> (&[u32], &[f32]) {
        let rows = self.offsets[user] as usize..self.offsets[user + 1] as usize;
        (&self.title_idx[rows.clone()], &self.rating[rows])
    }

    /// One more than the greatest title position, 0 where there is no rating.
    pub fn n_titles_at_least(&self) -> usize {
        self.title_idx.iter().max().map_or(0, |&t| t as usize + 1)
    }
}

/// The stored form. Rules: users in order, offsets span the rows, titles ascend within a user, ratings lie on
/// the scale.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredHistories<'a> {
    n_users: u32,
    n_ratings: u64,
    #[serde(borrow, with = "serde_bytes")]
    user_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    users: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    title_idx: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    rating: &'a [u8],
}

impl Artifact for Histories {
    const KIND: Kind = Kind::Histories;
    type Stored<'a> = StoredHistories<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let (user_offsets, users) = self.users.to_blocks();
        write(&StoredHistories {
            n_users: self.users.len() as u32,
            n_ratings: self.rating.len() as u64,
            user_offsets: &user_offsets,
            users,
            offsets: &blocks::from_u64(&self.offsets),
            title_idx: &blocks::from_u32(&self.title_idx),
            rating: &blocks::from_f32(&self.rating),
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let n_users = s.n_users as usize;
        let n_ratings = usize::try_from(s.n_ratings)
            .map_err(|_| Invalid::new("n_ratings", "more than this machine can address"))?;
        let histories = Self {
            users: TextHeap::from_blocks("users", s.user_offsets, s.users, n_users)?,
            offsets: blocks::to_u64("offsets", s.offsets, n_users.saturating_add(1))?,
            title_idx: blocks::to_u32("title_idx", s.title_idx, n_ratings)?,
            rating: blocks::to_f32("rating", s.rating, n_ratings)?,
        };
        let h = &histories;
        let in_order = (1..n_users).all(|u| UserId::cmp_text(h.users.get(u - 1), h.users.get(u)).is_lt());
        Invalid::unless(in_order, "users", "not in order")?;
        let spans = h.offsets.first() == Some(&0) && h.offsets.last() == Some(&s.n_ratings);
        Invalid::unless(spans && h.offsets.is_sorted(), "offsets", "the offsets do not cut the rows")?;
        let ascend = (0..n_users).all(|u| h.of(u).0.is_sorted_by(|a, b| a < b));
        Invalid::unless(ascend, "title_idx", "a user's titles are not in order")?;
        let on_scale = h.rating.iter().all(|r| (RATING_MIN..=RATING_MAX).contains(r));
        Invalid::unless(on_scale, "rating", "a rating lies off the scale")?;
        Ok(histories)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Histories {
        let users = ["7", "30", "x1"].map(|u| UserId::new(u).unwrap());
        let ratings = RatingTable::new(
            users.to_vec(),
            vec![0, 2, 2, 3],
            vec![1, 4, 0],
            vec![4.0, 0.5, 5.0],
            vec![0; 3],
            5,
        );
        Histories::build(&ratings.unwrap())
    }

    #[test]
    fn users_are_found_and_round_trip() {
        let histories = Histories::from_bytes(&small().to_bytes().unwrap()).unwrap();
        assert_eq!(histories, small());
        assert_eq!(histories.position("30"), Some(1));
        assert_eq!(histories.position("8"), None);
        assert_eq!(histories.of(0), (&[1, 4][..], &[4.0, 0.5][..]));
        assert_eq!(histories.of(1), (&[][..], &[][..]));
        assert_eq!(histories.n_titles_at_least(), 5);
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        let change = |f: fn(&mut Histories)| {
            let mut histories = small();
            f(&mut histories);
            match Histories::from_bytes(&histories.to_bytes().unwrap()) {
                Err(artifact::ReadError::Invalid(invalid)) => invalid.field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(change(|h| h.offsets[1] = 9), "offsets");
        assert_eq!(change(|h| h.title_idx.swap(0, 1)), "title_idx");
        assert_eq!(change(|h| h.rating[0] = f32::NAN), "rating");
        assert_eq!(change(|h| h.users = ["9", "9", "a"].into_iter().collect()), "users");
    }
}
