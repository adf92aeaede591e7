use artifact::{Artifact, Invalid, Kind, blocks};
use serde::{Deserialize, Serialize};

use crate::UserPrior;
use crate::scan::dot;

/// The parts of a [`FactorModel`], unchecked.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorModelParts {
    /// μ.
    pub global_mean: f32,
    /// b(u), one a user.
    pub user_bias: Vec<f32>,
    /// b(i), one a title.
    pub item_bias: Vec<f32>,
    /// k, which may be 0: biases only.
    pub n_factors: usize,
    /// p(u), users × factors, row by row.
    pub user_factors: Vec<f32>,
    /// q(i), titles × factors, row by row.
    pub item_factors: Vec<f32>,
    /// Predictions are clipped to this range; low first.
    pub scale: (f32, f32),
    /// Variance of a rating around its prediction, as seen on held-out rows: how far a new user's few
    /// ratings are to be believed.
    pub noise_variance: f32,
    /// What is known of a user before any rating.
    pub user_prior: UserPrior,
}

impl Default for FactorModelParts {
    /// No users, no items, no factors, the whole scale, and ratings that lie a star around their prediction.
    fn default() -> Self {
        Self {
            global_mean: 0.0,
            user_bias: Vec::new(),
            item_bias: Vec::new(),
            n_factors: 0,
            user_factors: Vec::new(),
            item_factors: Vec::new(),
            scale: (catalog::RATING_MIN, catalog::RATING_MAX),
            noise_variance: 1.0,
            user_prior: UserPrior::default(),
        }
    }
}

/// What every trainer ends as: `r̂(u,i) = μ + b(u) + b(i) + p(u)·q(i)`, clipped to the scale of the ratings
/// (Koren, Bell and Volinsky 2009, equation 4).
///
/// Users and items (titles) are positions: row `u` of the user parts belongs to the user at position `u` of the
/// release's histories, row `i` of the item parts to the title at position `i` of its titles.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorModel {
    parts: FactorModelParts,
}

impl FactorModel {
    /// Checks that the parts fit together, and rounds the factors to half precision, in which they are stored: a
    /// model predicts the same before it is written as after it is read.
    ///
    /// # Errors
    /// A matrix whose length is not rows times factors, a value that is not finite (factors: beyond ±65,504), a scale
    /// upside down, a prior for another number of factors.
    pub fn new(mut parts: FactorModelParts) -> Result<Self, Invalid> {
        blocks::round_to_half(&mut parts.user_factors);
        blocks::round_to_half(&mut parts.item_factors);
        Self::of_rounded(parts)
    }

    /// As [`FactorModel::new`], of factors that come from half precision: rounding them again changes nothing and takes
    /// longer than all else in reading a model.
    fn of_rounded(parts: FactorModelParts) -> Result<Self, Invalid> {
        let p = &parts;
        let fits = |matrix: &[f32], rows: usize| rows.checked_mul(p.n_factors) == Some(matrix.len());
        Invalid::unless(fits(&p.user_factors, p.user_bias.len()), "user_factors", "not users times factors")?;
        Invalid::unless(fits(&p.item_factors, p.item_bias.len()), "item_factors", "not items times factors")?;
        Invalid::unless(p.global_mean.is_finite(), "global_mean", "not finite")?;
        Invalid::unless(
            p.scale.0.is_finite() && p.scale.1.is_finite() && p.scale.0 < p.scale.1,
            "scale",
            "not a range",
        )?;
        Invalid::unless(
            p.noise_variance.is_finite() && p.noise_variance > 0.0,
            "noise_variance",
            "not above zero",
        )?;
        Invalid::unless(p.user_prior.n_factors() == p.n_factors, "prior_mean", "not one value a factor")?;
        for (field, values) in [
            ("user_bias", &p.user_bias),
            ("item_bias", &p.item_bias),
            ("user_factors", &p.user_factors),
            ("item_factors", &p.item_factors),
        ] {
            // Without an early end, which would keep the processor from looking at several at once.
            let finite = values.iter().fold(true, |finite, value| finite & value.is_finite());
            Invalid::unless(finite, field, "a value is not finite")?;
        }
        Ok(Self { parts })
    }

    /// The same model with another noise variance.
    ///
    /// # Errors
    /// Not above zero, or not finite.
    pub fn with_noise_variance(self, noise_variance: f32) -> Result<Self, Invalid> {
        Self::new(FactorModelParts { noise_variance, ..self.parts })
    }

    /// The same model with another prior of users.
    ///
    /// # Errors
    /// A prior for another number of factors.
    pub fn with_user_prior(self, user_prior: UserPrior) -> Result<Self, Invalid> {
        Self::new(FactorModelParts { user_prior, ..self.parts })
    }

    /// The parts.
    pub fn parts(&self) -> &FactorModelParts {
        &self.parts
    }

    /// Number of users.
    pub fn n_users(&self) -> usize {
        self.parts.user_bias.len()
    }

    /// Number of items.
    pub fn n_items(&self) -> usize {
        self.parts.item_bias.len()
    }

    /// Number of factors; 0 where the model is biases only.
    pub fn n_factors(&self) -> usize {
        self.parts.n_factors
    }

    /// p(u), one factor vector.
    ///
    /// # Panics
    /// Where `user` is not below [`FactorModel::n_users`].
    pub fn user_vector(&self, user: usize) -> &[f32] {
        &self.parts.user_factors[user * self.parts.n_factors..(user + 1) * self.parts.n_factors]
    }

    /// q(i), one factor vector.
    ///
    /// # Panics
    /// Where `item` is not below [`FactorModel::n_items`].
    pub fn item_vector(&self, item: usize) -> &[f32] {
        &self.parts.item_factors[item * self.parts.n_factors..(item + 1) * self.parts.n_factors]
    }

    /// The predicted rating of an item by a user, on the scale.
    ///
    /// # Panics
    /// Where a position is out of range.
    pub fn predict(&self, user: usize, item: usize) -> f32 {
        let product = dot(self.user_vector(user), self.item_vector(item));
        let bias = self.parts.user_bias[user];
        self.clip(self.parts.global_mean + bias + self.parts.item_bias[item] + product)
    }

    /// Brings a prediction onto the scale.
    pub fn clip(&self, score: f32) -> f32 {
        score.clamp(self.parts.scale.0, self.parts.scale.1)
    }
}

/// The stored form of a [`FactorModel`]; factors in half precision, all else in single. Rules: every block has the
/// length its counts say, values are finite, the prior's precision (the lower triangle, row by row, bias first) is
/// positive definite.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredFactorModel<'a> {
    n_users: u32,
    n_items: u32,
    n_factors: u32,
    global_mean: f32,
    scale: (f32, f32),
    noise_variance: f32,
    #[serde(borrow, with = "serde_bytes")]
    prior_mean: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    prior_precision: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    user_bias: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    item_bias: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    user_factors: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    item_factors: &'a [u8],
}

impl Artifact for FactorModel {
    const KIND: Kind = Kind::RatingModel;
    type Stored<'a> = StoredFactorModel<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let p = &self.parts;
        write(&StoredFactorModel {
            n_users: self.n_users() as u32,
            n_items: self.n_items() as u32,
            n_factors: p.n_factors as u32,
            global_mean: p.global_mean,
            scale: p.scale,
            noise_variance: p.noise_variance,
            prior_mean: &blocks::from_f32(p.user_prior.mean()),
            prior_precision: &blocks::from_f32(p.user_prior.precision()),
            user_bias: &blocks::from_f32(&p.user_bias),
            item_bias: &blocks::from_f32(&p.item_bias),
            user_factors: &blocks::from_f32_as_half(&p.user_factors),
            item_factors: &blocks::from_f32_as_half(&p.item_factors),
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let (users, items, factors) = (s.n_users as usize, s.n_items as usize, s.n_factors as usize);
        let dim = factors.saturating_add(1);
        let triangle = dim.checked_mul(dim.saturating_add(1)).map_or(usize::MAX, |twice| twice / 2);
        let user_prior = UserPrior::new(
            blocks::to_f32("prior_mean", s.prior_mean, dim)?,
            blocks::to_f32("prior_precision", s.prior_precision, triangle)?,
        )?;
        Self::of_rounded(FactorModelParts {
            global_mean: s.global_mean,
            user_bias: blocks::to_f32("user_bias", s.user_bias, users)?,
            item_bias: blocks::to_f32("item_bias", s.item_bias, items)?,
            n_factors: factors,
            user_factors: blocks::half_to_f32("user_factors", s.user_factors, users.saturating_mul(factors))?,
            item_factors: blocks::half_to_f32("item_factors", s.item_factors, items.saturating_mul(factors))?,
            scale: s.scale,
            noise_variance: s.noise_variance,
            user_prior,
        })
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
    fn a_model_round_trips() {
        let model = FactorModel::new(small()).unwrap();
        assert_eq!(FactorModel::from_bytes(&model.to_bytes().unwrap()), Ok(model));
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
        assert_eq!(change(|p| p.item_factors[1] = f32::NAN), "item_factors");
        assert_eq!(change(|p| p.user_bias[1] = f32::INFINITY), "user_bias");
        assert_eq!(change(|p| p.scale = (5.0, 0.5)), "scale");
        assert_eq!(change(|p| p.noise_variance = 0.0), "noise_variance");
        assert_eq!(change(|p| p.user_prior = UserPrior::standard(3)), "prior_mean");
        assert_eq!(change(|p| p.item_factors[1] = 70_000.0), "item_factors", "beyond half precision");
    }
}
