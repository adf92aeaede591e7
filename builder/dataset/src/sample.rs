//! Samples of whole users, for work that does not need every rating.

use std::borrow::Cow;

use catalog::Interactions;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Users drawn at random, with all their ratings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSample {
    /// Whether each user is in the sample.
    is_in: Vec<bool>,
}

impl UserSample {
    /// Draws users at random until they have at least `n` ratings in total. Returns `None` if `rows` has no
    /// more than `n` ratings. With the same seed, a smaller sample is a subset of every larger one.
    pub fn draw(rows: &Interactions, n: usize, seed: u64) -> Option<Self> {
        if rows.len() <= n {
            return None;
        }
        let mut n_ratings = vec![0_usize; rows.n_users];
        for &user in &rows.user_idx {
            n_ratings[user as usize] += 1;
        }
        let mut users: Vec<usize> = (0..rows.n_users).collect();
        users.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut is_in = vec![false; rows.n_users];
        let mut drawn = 0;
        for user in users {
            if drawn >= n {
                break;
            }
            drawn += n_ratings[user];
            is_in[user] = true;
        }
        Some(Self { is_in })
    }

    /// Returns the rows of a sample with about `n` ratings, or all rows if there are no more than that.
    #[must_use]
    pub fn at_most(rows: &Interactions, n: usize, seed: u64) -> Cow<'_, Interactions> {
        Self::draw(rows, n, seed).map_or(Cow::Borrowed(rows), |sample| Cow::Owned(sample.of(rows)))
    }

    /// Returns the rows of the users in the sample. User and title indices stay the same.
    #[must_use]
    pub fn of(&self, rows: &Interactions) -> Interactions {
        let is_in = |user: u32| self.is_in.get(user as usize).copied().unwrap_or_default();
        let kept: Vec<usize> = (0..rows.len()).filter(|&row| is_in(rows.user_idx[row])).collect();
        rows.select(&kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::two_tastes;

    #[test]
    fn samples_are_of_whole_users_and_nested() {
        let rows = two_tastes(40, 30);
        assert_eq!(UserSample::draw(&rows, rows.len(), 1), None);
        assert_eq!(*UserSample::at_most(&rows, rows.len(), 1), rows);
        let of = |n: usize| {
            let sample = UserSample::draw(&rows, n, 1).unwrap();
            (sample.of(&rows), sample)
        };
        let ((few, of_few), (more, of_more)) = (of(rows.len() / 8), of(rows.len() / 2));
        assert!((rows.len() / 8..rows.len() / 2).contains(&few.len()) && more.len() < rows.len());
        assert_eq!(of_more.of(&few), few);
        assert_eq!(*UserSample::at_most(&rows, rows.len() / 8, 1), few);
        assert_eq!((few.n_users, few.n_titles), (rows.n_users, rows.n_titles));
        let n_of = |part: &Interactions, user: u32| part.user_idx.iter().filter(|&&u| u == user).count();
        assert!((0..40).all(|user| [0, n_of(&rows, user)].contains(&n_of(&few, user))));
        let other = UserSample::draw(&rows, rows.len() / 8, 2).unwrap();
        assert_ne!(of_few, other);
    }
}
