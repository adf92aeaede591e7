use artifact::{Artifact, Invalid, Kind, blocks};
use serde::{Deserialize, Serialize};

use crate::items::{StoredItemModel, all_finite};
use crate::scan::dot;
use crate::{ItemModel, ItemModelParts, UserPrior};

/// The parts of a [`FactorModel`], unchecked.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorModelParts {
    /// μ.
    pub global_mean: f32,
    /// b(u), one for each user.
    pub user_bias: Vec<f32>,
    /// b(i), one for each title.
    pub item_bias: Vec<f32>,
    /// k; 0 for a model of only biases.
    pub n_factors: usize,
    /// p(u), users × factors, row by row.
    pub user_factors: Vec<f32>,
    /// q(i), titles × factors, row by row.
    pub item_factors: Vec<f32>,
    /// The range to which predictions are clipped, low and high.
    pub scale: (f32, f32),
    /// The variance of ratings around their predictions; see [`ItemModelParts::noise_variance`].
    pub noise_variance: f32,
    /// The prior for a user with no known ratings.
    pub user_prior: UserPrior,
}

impl Default for FactorModelParts {
    /// Returns a model without users, with the items of [`ItemModelParts::default`].
    fn default() -> Self {
        let items = ItemModelParts::default();
        Self {
            global_mean: items.global_mean,
            user_bias: Vec::new(),
            item_bias: items.item_bias,
            n_factors: items.n_factors,
            user_factors: Vec::new(),
            item_factors: items.item_factors,
            scale: items.scale,
            noise_variance: items.noise_variance,
            user_prior: items.user_prior,
        }
    }
}

/// The model that every trainer of ratings produces: `r̂(u,i) = μ + b(u) + b(i) + p(u)·q(i)`, clipped to the
/// scale of the ratings (Koren, Bell and Volinsky 2009, equation 4), for all users and items (titles).
///
/// A release has the two sides separately: an [`ItemModel`], and one [`User`](crate::User) at a time. Users
/// and items are positions in the tables that the model was trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorModel {
    items: ItemModel,
    user_bias: Vec<f32>,
    user_factors: Vec<f32>,
}

impl FactorModel {
    /// Checks that the parts fit together, and rounds the factors to half precision, in which they are
    /// stored. So a model predicts the same before it is written and after it is read.
    ///
    /// # Errors
    /// The length of a matrix is not rows times factors, a value is not finite (for factors: is beyond
    /// ±65,504), or [`ItemModel::new`] refuses the titles' side.
    pub fn new(parts: FactorModelParts) -> Result<Self, Invalid> {
        let items = ItemModel::new(ItemModelParts {
            global_mean: parts.global_mean,
            item_bias: parts.item_bias,
            n_factors: parts.n_factors,
            item_factors: parts.item_factors,
            scale: parts.scale,
            noise_variance: parts.noise_variance,
            user_prior: parts.user_prior,
        })?;
        Self::with_items(items, parts.user_bias, parts.user_factors)
    }

    /// Does the same with a valid titles' side.
    fn with_items(
        items: ItemModel,
        user_bias: Vec<f32>,
        mut user_factors: Vec<f32>,
    ) -> Result<Self, Invalid> {
        blocks::round_to_half(&mut user_factors);
        let fits = user_bias.len().checked_mul(items.n_factors()) == Some(user_factors.len());
        Invalid::unless(fits, "user_factors", "not users times factors")?;
        all_finite("user_bias", &user_bias)?;
        all_finite("user_factors", &user_factors)?;
        Ok(Self { items, user_bias, user_factors })
    }

    /// Returns the same model with another noise variance.
    ///
    /// # Errors
    /// It is not above zero, or not finite.
    pub fn with_noise_variance(self, noise_variance: f32) -> Result<Self, Invalid> {
        let parts = ItemModelParts { noise_variance, ..self.items.into_parts() };
        Ok(Self { items: ItemModel::new(parts)?, ..self })
    }

    /// Returns the same model with another user prior.
    ///
    /// # Errors
    /// The prior has another number of factors.
    pub fn with_user_prior(self, user_prior: UserPrior) -> Result<Self, Invalid> {
        let parts = ItemModelParts { user_prior, ..self.items.into_parts() };
        Ok(Self { items: ItemModel::new(parts)?, ..self })
    }

    /// Returns the titles' side.
    pub fn items(&self) -> &ItemModel {
        &self.items
    }

    /// Returns the parts, to be changed.
    pub fn into_parts(self) -> FactorModelParts {
        let items = self.items.into_parts();
        FactorModelParts {
            global_mean: items.global_mean,
            user_bias: self.user_bias,
            item_bias: items.item_bias,
            n_factors: items.n_factors,
            user_factors: self.user_factors,
            item_factors: items.item_factors,
            scale: items.scale,
            noise_variance: items.noise_variance,
            user_prior: items.user_prior,
        }
    }

    /// Returns the number of users.
    pub fn n_users(&self) -> usize {
        self.user_bias.len()
    }

    /// Returns the number of items.
    pub fn n_items(&self) -> usize {
        self.items.n_items()
    }

    /// Returns the number of factors, which is 0 for a model of only biases.
    pub fn n_factors(&self) -> usize {
        self.items.n_factors()
    }

    /// Returns b(u), one for each user.
    pub fn user_bias(&self) -> &[f32] {
        &self.user_bias
    }

    /// Returns p(u), the factor vector of a user.
    ///
    /// # Panics
    /// If `user` is not below [`FactorModel::n_users`].
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "`with_items` checks that there are users times factors; the caller guarantees the user"
    )]
    pub fn user_vector(&self, user: usize) -> &[f32] {
        let k = self.n_factors();
        &self.user_factors[user * k..(user + 1) * k]
    }

    /// Returns q(i), the factor vector of an item.
    ///
    /// # Panics
    /// If `item` is not below [`FactorModel::n_items`].
    pub fn item_vector(&self, item: usize) -> &[f32] {
        self.items.item_vector(item)
    }

    /// Predicts a user's rating of an item, on the scale.
    ///
    /// # Panics
    /// If a position is out of range.
    #[expect(clippy::indexing_slicing, reason = "the caller guarantees that both are in range")]
    pub fn predict(&self, user: usize, item: usize) -> f32 {
        let product = dot(self.user_vector(user), self.item_vector(item));
        let parts = self.items.parts();
        self.items.clip(parts.global_mean + self.user_bias[user] + parts.item_bias[item] + product)
    }
}

/// The stored form of a [`FactorModel`]: the stored form of the titles' side, and the users' side. Rules:
/// every block has the length that the counts give, and values are finite.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredFactorModel<'a> {
    #[serde(borrow)]
    items: StoredItemModel<'a>,
    n_users: u32,
    #[serde(borrow, with = "serde_bytes")]
    user_bias: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    user_factors: &'a [u8],
}

impl Artifact for FactorModel {
    const KIND: Kind = Kind::TrainedModel;
    type Stored<'a> = StoredFactorModel<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        self.items.with_stored(|items| {
            write(&StoredFactorModel {
                items: items.clone(),
                n_users: self.n_users() as u32,
                user_bias: &blocks::from_f32(&self.user_bias),
                user_factors: &blocks::from_f32_as_half(&self.user_factors),
            })
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let items = ItemModel::from_stored(s.items)?;
        let n_users = s.n_users as usize;
        let n_values = n_users.saturating_mul(items.n_factors());
        let user_bias = blocks::to_f32("user_bias", s.user_bias, n_users)?;
        let user_factors = blocks::half_to_f32("user_factors", s.user_factors, n_values)?;
        Self::with_items(items, user_bias, user_factors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> FactorModelParts {
        FactorModelParts {
            global_mean: 3.0,
            user_bias: vec![0.5, -0.5],
            item_bias: vec![0.25, 0.0, -3.0],
            n_factors: 2,
            user_factors: vec![1.0, 0.0, 0.5, 2.0],
            item_factors: vec![0.5, 0.5, -1.0, 0.25, 0.0, 0.0],
            scale: (0.5, 5.0),
            noise_variance: 0.8,
            user_prior: UserPrior::standard(2),
        }
    }

    #[test]
    fn a_prediction_is_the_formula_clipped() {
        let model = FactorModel::new(small()).unwrap();
        assert!((model.predict(0, 0) - 4.25).abs() < 1e-6);
        assert!((model.predict(1, 0) - 4.0).abs() < 1e-6);
        assert!((model.predict(1, 2) - 0.5).abs() < 1e-6, "clipped from -0.5");
    }

    #[test]
    fn a_model_round_trips_and_comes_apart_into_its_parts() {
        let model = FactorModel::new(small()).unwrap();
        assert_eq!(FactorModel::from_bytes(&model.to_bytes().unwrap()), Ok(model.clone()));
        assert_eq!(model.into_parts(), small());
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let change = |f: fn(&mut FactorModelParts)| {
            let mut parts = small();
            f(&mut parts);
            FactorModel::new(parts).unwrap_err().field
        };
        assert_eq!(change(|p| p.user_factors.truncate(3)), "user_factors");
        assert_eq!(change(|p| p.item_bias.push(0.0)), "item_factors");
        assert_eq!(change(|p| p.user_bias[1] = f32::INFINITY), "user_bias");
        assert_eq!(change(|p| p.user_factors[1] = 70_000.0), "user_factors", "beyond half precision");
    }
}
