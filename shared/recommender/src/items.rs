use artifact::{Artifact, Invalid, Kind, blocks};
use catalog::Scale;
use serde::{Deserialize, Serialize};

use crate::UserPrior;

/// The parts of an [`ItemModel`], unchecked.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemModelParts {
    /// μ.
    pub global_mean: f32,
    /// b(i), one for each title.
    pub item_bias: Vec<f32>,
    /// k; 0 for a model of only biases.
    pub n_factors: usize,
    /// q(i), titles × factors, row by row.
    pub item_factors: Vec<f32>,
    /// The range to which predictions are clipped, low and high.
    pub scale: (f32, f32),
    /// The variance of ratings around their predictions, measured on held-out rows. It determines how much a
    /// new user's few ratings count.
    pub noise_variance: f32,
    /// The prior for a user with no known ratings.
    pub user_prior: UserPrior,
}

impl Default for ItemModelParts {
    /// Returns a model without items and factors, with the whole scale and a noise variance of 1.
    fn default() -> Self {
        Self {
            global_mean: 0.0,
            item_bias: Vec::new(),
            n_factors: 0,
            item_factors: Vec::new(),
            scale: (Scale::STARS.low(), Scale::STARS.high()),
            noise_variance: 1.0,
            user_prior: UserPrior::default(),
        }
    }
}

impl ItemModelParts {
    pub(crate) fn check_all_but_factors(&self) -> Result<(), Invalid> {
        Invalid::unless(self.global_mean.is_finite(), "global_mean", "not finite")?;
        let (low, high) = self.scale;
        Invalid::unless(low.is_finite() && high.is_finite() && low < high, "scale", "not a range")?;
        let noisy = self.noise_variance.is_finite() && self.noise_variance > 0.0;
        Invalid::unless(noisy, "noise_variance", "not above zero")?;
        let fits = self.user_prior.n_factors() == self.n_factors;
        Invalid::unless(fits, "prior_mean", "not one value for each factor")?;
        all_finite("item_bias", &self.item_bias)
    }
}

/// The titles' side of `r̂(u,i) = μ + b(u) + b(i) + p(u)·q(i)`, and the prior for a user with no known
/// ratings. With it, all that serving needs of one user is `b(u)` and `p(u)`.
///
/// Items are positions: row `i` belongs to the title at position `i` of the release's titles.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemModel {
    parts: ItemModelParts,
}

impl ItemModel {
    /// Checks that the parts fit together, and rounds the factors to half precision, in which they are
    /// stored. So a model predicts the same before it is written and after it is read.
    ///
    /// # Errors
    /// The length of a matrix is not rows times factors, a value is not finite (for factors: is beyond
    /// ±65,504), the scale is upside down, or the prior has another number of factors.
    pub fn new(mut parts: ItemModelParts) -> Result<Self, Invalid> {
        blocks::round_to_half(&mut parts.item_factors);
        Self::of_rounded(parts)
    }

    /// Does the same for factors that come from half precision. Rounding them again would change nothing, and
    /// would take longer than the rest of reading a model.
    fn of_rounded(parts: ItemModelParts) -> Result<Self, Invalid> {
        let fits = parts.item_bias.len().checked_mul(parts.n_factors) == Some(parts.item_factors.len());
        Invalid::unless(fits, "item_factors", "not items times factors")?;
        parts.check_all_but_factors()?;
        all_finite("item_factors", &parts.item_factors)?;
        Ok(Self { parts })
    }

    /// Returns the parts.
    pub fn parts(&self) -> &ItemModelParts {
        &self.parts
    }

    /// Returns the parts, to be changed.
    pub fn into_parts(self) -> ItemModelParts {
        self.parts
    }

    /// Returns the number of items.
    pub fn n_items(&self) -> usize {
        self.parts.item_bias.len()
    }

    /// Returns the number of factors, which is 0 for a model of only biases.
    pub fn n_factors(&self) -> usize {
        self.parts.n_factors
    }

    /// Returns q(i), the factor vector of an item.
    ///
    /// # Panics
    /// If `item` is not below [`ItemModel::n_items`].
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "`of_rounded` checks that there are items times factors; the caller guarantees the item"
    )]
    pub fn item_vector(&self, item: usize) -> &[f32] {
        &self.parts.item_factors[item * self.parts.n_factors..(item + 1) * self.parts.n_factors]
    }

    /// Clips a prediction to the scale.
    pub fn clip(&self, score: f32) -> f32 {
        score.clamp(self.parts.scale.0, self.parts.scale.1)
    }
}

pub(crate) fn all_finite(field: &'static str, values: &[f32]) -> Result<(), Invalid> {
    // Without an early return, which would prevent vectorization.
    let finite = values.iter().fold(true, |finite, value| finite & value.is_finite());
    Invalid::unless(finite, field, "a value is not finite")
}

/// The stored form of an [`ItemModel`], with factors in half precision and the rest in single. Rules: every
/// block has the length that the counts give, values are finite, and the prior's precision (the lower
/// triangle, row by row, bias first) is positive definite.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredItemModel<'a> {
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
    item_bias: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    item_factors: &'a [u8],
}

impl StoredItemModel<'_> {
    /// Returns the parts without the factors, and the factors in half precision.
    pub(crate) fn parts(&self) -> Result<(ItemModelParts, &[u8]), Invalid> {
        let (items, factors) = (self.n_items as usize, self.n_factors as usize);
        let dim = factors.saturating_add(1);
        let triangle = dim.checked_mul(dim.saturating_add(1)).map_or(usize::MAX, |twice| twice / 2);
        let parts = ItemModelParts {
            global_mean: self.global_mean,
            item_bias: blocks::to_f32("item_bias", self.item_bias, items)?,
            n_factors: factors,
            item_factors: Vec::new(),
            scale: self.scale,
            noise_variance: self.noise_variance,
            user_prior: UserPrior::new(
                blocks::to_f32("prior_mean", self.prior_mean, dim)?,
                blocks::to_f32("prior_precision", self.prior_precision, triangle)?,
            )?,
        };
        Ok((parts, self.item_factors))
    }
}

impl Artifact for ItemModel {
    const KIND: Kind = Kind::RatingModel;
    type Stored<'a> = StoredItemModel<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let p = &self.parts;
        write(&StoredItemModel {
            n_items: self.n_items() as u32,
            n_factors: p.n_factors as u32,
            global_mean: p.global_mean,
            scale: p.scale,
            noise_variance: p.noise_variance,
            prior_mean: &blocks::from_f32(p.user_prior.mean()),
            prior_precision: &blocks::from_f32(p.user_prior.precision()),
            item_bias: &blocks::from_f32(&p.item_bias),
            item_factors: &blocks::from_f32_as_half(&p.item_factors),
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let (parts, halves) = s.parts()?;
        let n = parts.item_bias.len().saturating_mul(parts.n_factors);
        let item_factors = blocks::half_to_f32("item_factors", halves, n)?;
        Self::of_rounded(ItemModelParts { item_factors, ..parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> ItemModelParts {
        ItemModelParts {
            global_mean: 3.0,
            item_bias: vec![0.25, 0.0, -3.0],
            n_factors: 2,
            item_factors: vec![0.5, 0.5, -1.0, 0.25, 0.0, 0.0],
            scale: (0.5, 5.0),
            noise_variance: 0.8,
            user_prior: UserPrior::standard(2),
        }
    }

    #[test]
    fn the_side_of_the_titles_round_trips() {
        let model = ItemModel::new(small()).unwrap();
        assert_eq!(ItemModel::from_bytes(&model.to_bytes().unwrap()), Ok(model));
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let change = |f: fn(&mut ItemModelParts)| {
            let mut parts = small();
            f(&mut parts);
            ItemModel::new(parts).unwrap_err().field
        };
        assert_eq!(change(|p| p.item_bias.push(0.0)), "item_factors");
        assert_eq!(change(|p| p.item_factors[1] = f32::NAN), "item_factors");
        assert_eq!(change(|p| p.item_bias[1] = f32::INFINITY), "item_bias");
        assert_eq!(change(|p| p.scale = (5.0, 0.5)), "scale");
        assert_eq!(change(|p| p.noise_variance = 0.0), "noise_variance");
        assert_eq!(change(|p| p.user_prior = UserPrior::standard(3)), "prior_mean");
        assert_eq!(change(|p| p.item_factors[1] = 70_000.0), "item_factors", "beyond half precision");
    }
}
