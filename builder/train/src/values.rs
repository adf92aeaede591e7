//! What ratings are worth to the ranking model.

use catalog::{Interactions, Scale};
use recommender::RatingValues;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::error::check_parameter;

/// Parameters of [`RatingValues`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValuesParams {
    /// What a rating below a like is worth, when a like is worth 1; from 0 to 1.
    pub unliked: f64,
    /// What each quarter of the scale (a star on a scale from 1 to 5) above the user's average adds; from 0
    /// to 1.
    pub slope: f64,
}

impl ValuesParams {
    /// Likes are worth 1, and other ratings nothing.
    pub const LIKES: Self = Self { unliked: 0.0, slope: 0.0 };

    /// Returns the values on a scale.
    ///
    /// # Errors
    /// Returns [`TrainError::Parameter`] if a parameter is out of range.
    pub fn on(self, scale: Scale) -> Result<RatingValues, TrainError> {
        check_parameter("unliked", self.unliked, (0.0..=1.0).contains(&self.unliked), "0 to 1")?;
        check_parameter("slope", self.slope, (0.0..=1.0).contains(&self.slope), "0 to 1")?;
        RatingValues::new(scale, self.unliked as f32, self.slope as f32)
            .map_err(|problem| TrainError::InvalidModel(problem.to_string()))
    }

    /// Returns [`ValuesParams::LIKES`], which parameters have that name no values.
    pub(crate) fn likes() -> Self {
        Self::LIKES
    }

    pub(crate) fn is_likes(&self) -> bool {
        *self == Self::LIKES
    }

    /// Describes the parameters in one line.
    pub fn describe(self) -> String {
        if self.is_likes() {
            return "likes alone".to_owned();
        }
        format!("ratings below a like worth {}, each star {}", self.unliked, self.slope)
    }
}

impl Default for ValuesParams {
    fn default() -> Self {
        Self { unliked: 0.7, slope: 0.2 }
    }
}

/// Returns rows with values in place of the ratings, without those whose value is 0. Ratings of one user may
/// be in any order.
///
/// # Panics
/// Panics if a user is out of range.
#[must_use]
pub fn of(rows: &Interactions, values: RatingValues) -> Interactions {
    let mut sums = vec![(0.0, 0_usize); rows.n_users];
    for (&user, &rating) in rows.user_idx.iter().zip(&rows.rating) {
        let (sum, n) = &mut sums[user as usize];
        *sum += f64::from(rating);
        *n += 1;
    }
    let mut valued = Interactions {
        n_users: rows.n_users,
        n_titles: rows.n_titles,
        scale: rows.scale,
        ..Interactions::default()
    };
    for ((&user, &title), &rating) in rows.user_idx.iter().zip(&rows.title_idx).zip(&rows.rating) {
        let (sum, n) = sums[user as usize];
        let value = values.value(rating, values.mean(sum, n));
        if value != 0.0 {
            valued.user_idx.push(user);
            valued.title_idx.push(title);
            valued.rating.push(value);
        }
    }
    valued
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_each_user() {
        let rows = Interactions {
            n_users: 2,
            n_titles: 3,
            user_idx: vec![1, 0, 1, 0],
            title_idx: vec![0, 1, 2, 0],
            rating: vec![5.0, 4.0, 1.0, 3.5],
            ..Interactions::default()
        };
        let values = ValuesParams::default().on(rows.scale).unwrap();
        let found = of(&rows, values);
        let [first, second] = [[4.0, 3.5], [5.0, 1.0]].map(|of| values.of_rated((0..).zip(of)));
        assert_eq!(found.rating, [second[0], first[0], second[1], first[1]].map(|of| of.1));
        assert_eq!(found.title_idx, rows.title_idx);

        let likes = of(&rows, ValuesParams::LIKES.on(rows.scale).unwrap());
        assert_eq!((likes.user_idx, likes.title_idx, likes.rating), (vec![1, 0], vec![0, 1], vec![1.0, 1.0]));
        let refused = ValuesParams { unliked: 1.5, slope: 0.0 }.on(rows.scale).unwrap_err();
        assert!(matches!(refused, TrainError::Parameter { name: "unliked", .. }), "{refused}");
    }
}
