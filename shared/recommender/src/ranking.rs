use artifact::{Artifact, Invalid, Kind};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::items::StoredItemModel;
use crate::posterior::{Observation, Posterior};
use crate::{ItemModel, ItemModelParts, ItemPanels, UserPrior};

/// The weights of an implicit-feedback model's loss (Rendle, Krichene, Zhang and Koren 2022, "Revisiting the
/// performance of iALS on item recommendation benchmarks", section 3):
///
/// `Σ_{rated} |v| (sign(v) − p(u)·q(i))² + α₀ Σ_{all} (p(u)·q(i))² + Σ_u λ(n(u) + α₀|I|)^ν ‖p(u)‖² + …`,
///
/// where `v` is the value of a rating (see [`RatingValues`](crate::RatingValues)), `n(u)` is the sum of `|v|`
/// over what the user rated, and `…` is the same regularization of the titles' vectors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankingWeights {
    /// α₀, the weight of unobserved pairs.
    pub unobserved_weight: f32,
    /// λ.
    pub regularization: f32,
    /// ν, from 0 to 1: how regularization grows with what was rated.
    pub exponent: f32,
    /// `|I|`, the number of titles whose ratings have a value. Other titles, and other editions of a work,
    /// have vectors too, but are not part of the loss.
    pub n_titles: u32,
}

impl RankingWeights {
    /// Returns `λ(n + α₀|I|)^ν`, the regularization of a user; `n` is the sum of the absolute values of what
    /// they rated.
    pub fn ridge(self, n: f64) -> f64 {
        let weight = n + f64::from(self.unobserved_weight) * f64::from(self.n_titles);
        f64::from(self.regularization) * weight.powf(f64::from(self.exponent))
    }
}

/// The titles' side of a factor model that ranks titles: the greater `p(u)·q(i)` is, the more a user is
/// expected to like a title. It has no particular scale. `b(i)` is how popular a title is, and counts for
/// users with few ratings; see [`RankingModel::weight_of_bias`]. Its items are those of the rating
/// model, at the same positions.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingModel {
    /// All parts except the factors.
    parts: ItemModelParts,
    /// The factors, laid out for scans of all titles.
    panels: ItemPanels,
    weights: RankingWeights,
}

impl RankingModel {
    /// Takes a model whose prior has the precision `α₀QᵀQ + ridge(0)·1`; see [`RankingModel::prior`].
    ///
    /// # Errors
    /// Weights are out of range, or the mean of ratings or of the prior is not 0.
    pub fn new(items: ItemModel, weights: RankingWeights) -> Result<Self, Invalid> {
        let panels = ItemPanels::of(&items);
        let parts = ItemModelParts { item_factors: Vec::new(), ..items.into_parts() };
        Self::from_checked(parts, panels, weights)
    }

    fn from_checked(
        parts: ItemModelParts,
        panels: ItemPanels,
        weights: RankingWeights,
    ) -> Result<Self, Invalid> {
        let w = weights;
        Invalid::unless(
            (0.0..=1e6).contains(&w.unobserved_weight),
            "unobserved_weight",
            "not from 0 to 1,000,000",
        )?;
        let positive = w.regularization > 0.0 && w.regularization <= 1e6;
        Invalid::unless(positive, "regularization", "not above 0 and at most 1,000,000")?;
        Invalid::unless((0.0..=1.0).contains(&w.exponent), "exponent", "not from 0 to 1")?;
        let known = w.n_titles as usize <= panels.n_items();
        Invalid::unless(known, "n_titles", "more than there are titles")?;
        Invalid::unless(parts.global_mean == 0.0, "global_mean", "not 0, as a ranking model needs")?;
        let unbiased = parts.user_prior.mean().iter().all(|&v| v == 0.0);
        Invalid::unless(unbiased, "prior_mean", "not 0, as a ranking model needs")?;
        Ok(Self { parts, panels, weights })
    }

    /// Computes the prior for a user without ratings from the vectors of the titles in the loss (titles
    /// × factors, row by row; vectors of 0 add nothing).
    ///
    /// # Errors
    /// A value is not finite.
    ///
    /// # Panics
    /// If the vectors are not rows of `n_factors`.
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "the matrix has a row and a column for each factor, and the vectors are in memory"
    )]
    pub fn prior(
        item_factors: &[f32],
        n_factors: usize,
        weights: RankingWeights,
    ) -> Result<UserPrior, Invalid> {
        let mut gramian = Array2::<f64>::zeros((n_factors, n_factors));
        // In chunks, so that the copy in double precision stays small.
        for rows in item_factors.chunks(256 * n_factors.max(1)) {
            let rows = ArrayView2::from_shape((rows.len() / n_factors.max(1), n_factors), rows)
                .expect("item factors are items times factors")
                .mapv(f64::from);
            gramian += &rows.t().dot(&rows);
        }
        let ridge = weights.ridge(0.0);
        let mut precision = vec![1.0];
        for row in 0..n_factors {
            precision.push(0.0);
            for col in 0..=row {
                let diagonal = if row == col { ridge } else { 0.0 };
                precision
                    .push((gramian[[row, col]] * f64::from(weights.unobserved_weight) + diagonal) as f32);
            }
        }
        UserPrior::new(vec![0.0; n_factors + 1], precision)
    }

    /// Returns the number of titles.
    pub fn n_items(&self) -> usize {
        self.panels.n_items()
    }

    /// Returns the number of factors.
    pub fn n_factors(&self) -> usize {
        self.panels.n_factors()
    }

    /// Returns b(i), one for each title.
    pub fn item_bias(&self) -> &[f32] {
        &self.parts.item_bias
    }

    /// Returns q(i), the factor vector of a title.
    ///
    /// # Panics
    /// If there is no such title.
    pub fn item_vector(&self, item: usize) -> Vec<f32> {
        self.panels.vector(item)
    }

    /// Returns all q(i), laid out for scans.
    pub fn panels(&self) -> &ItemPanels {
        &self.panels
    }

    /// Returns the prior for a user without ratings.
    pub fn user_prior(&self) -> &UserPrior {
        &self.parts.user_prior
    }

    /// Returns the parts of the titles' side, to be changed.
    pub fn to_parts(&self) -> ItemModelParts {
        ItemModelParts { item_factors: self.panels.rows(), ..self.parts.clone() }
    }

    /// Returns the weights of the loss.
    pub fn weights(&self) -> RankingWeights {
        self.weights
    }

    /// Returns what `b(i)` is multiplied by in the scores of a user with this number of values: `10/(10 +
    /// n)`. So somebody new sees what many like, and what they rate soon outweighs it.
    pub fn weight_of_bias(n_values: usize) -> f32 {
        const HALF_AT: f32 = 10.0;
        HALF_AT / (HALF_AT + n_values as f32)
    }

    /// Folds in a user from titles and the values of their ratings: returns the vector that minimizes the
    /// loss (see [`RankingWeights`]), given the titles' vectors. A title that is there twice counts twice.
    /// Without any, the vector is 0.
    ///
    /// # Panics
    /// If a position is out of range.
    pub fn fold_in(&self, values: &[(usize, f32)]) -> Vec<f32> {
        self.posterior(values).vector()
    }

    /// Returns the posterior whose mean [`RankingModel::fold_in`] returns, with one observation for each
    /// value, in their order.
    pub(crate) fn posterior(&self, values: &[(usize, f32)]) -> Posterior {
        let weighted = |&(item, value): &(usize, f32)| -> Vec<f32> {
            let root = value.abs().sqrt();
            self.item_vector(item).into_iter().map(|factor| factor * root).collect()
        };
        let vectors: Vec<Vec<f32>> = values.iter().map(weighted).collect();
        let observations: Vec<Observation<'_>> = values
            .iter()
            .zip(&vectors)
            .map(|(&(_, value), vector)| {
                let target = f64::from(value.signum() * value.abs().sqrt());
                Observation { bias: 0.0, vector, target }
            })
            .collect();
        let n: f64 = values.iter().map(|&(_, value)| f64::from(value.abs())).sum();
        let ridge = self.weights.ridge(n) - self.weights.ridge(0.0);
        Posterior::new(&self.parts.user_prior, 1.0, ridge, &observations)
    }
}

/// The stored form of a [`RankingModel`]: the weights, and the stored form of the titles' side.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredRankingModel<'a> {
    weights: RankingWeights,
    #[serde(borrow)]
    items: StoredItemModel<'a>,
}

impl Artifact for RankingModel {
    const KIND: Kind = Kind::RankingModel;
    type Stored<'a> = StoredRankingModel<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let weights = self.weights;
        let items = ItemModel::new(self.to_parts()).expect("a ranking model was checked when it was made");
        items.with_stored(|items| write(&StoredRankingModel { weights, items: items.clone() }))
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let (parts, halves) = s.items.parts()?;
        let (n_items, n_factors) = (parts.item_bias.len(), parts.n_factors);
        let panels = ItemPanels::from_halves("item_factors", halves, n_items, n_factors)?;
        parts.check_all_but_factors()?;
        Self::from_checked(parts, panels, s.weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: RankingWeights =
        RankingWeights { unobserved_weight: 0.1, regularization: 0.05, exponent: 0.5, n_titles: 5 };

    fn small() -> RankingModel {
        let item_factors: Vec<f32> = (0..10).map(|i| ((i * 7 % 5) as f32 - 2.0) / 4.0).collect();
        RankingModel::new(
            ItemModel::new(ItemModelParts {
                item_bias: vec![0.0; 5],
                n_factors: 2,
                user_prior: RankingModel::prior(&item_factors, 2, WEIGHTS).unwrap(),
                item_factors,
                ..ItemModelParts::default()
            })
            .unwrap(),
            WEIGHTS,
        )
        .unwrap()
    }

    #[test]
    fn folding_in_minimizes_the_loss() {
        let ranking = small();
        let values = [(1, 1.25_f32), (3, 0.5), (4, -0.75)];
        let loss = |vector: &[f32]| {
            let ridge = WEIGHTS.ridge(2.5);
            let squares: f64 = vector.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
            let scores = (0..5).map(|item| {
                let score = f64::from(crate::scan::dot(vector, &ranking.item_vector(item)));
                let rated = values.iter().find(|rated| rated.0 == item).map_or(0.0, |&(_, value)| {
                    f64::from(value.abs()) * (f64::from(value.signum()) - score).powi(2)
                });
                rated + f64::from(0.1_f32) * score * score
            });
            scores.sum::<f64>() + ridge * squares
        };
        let found = ranking.fold_in(&values);
        let least = loss(&found);
        for (factor, step) in [(0, 0.01), (0, -0.01), (1, 0.01), (1, -0.01)] {
            let mut other = found.clone();
            other[factor] += step;
            assert!(loss(&other) > least, "factor {factor} by {step}");
        }
        assert_eq!(ranking.fold_in(&[]), [0.0, 0.0]);
        let weights: Vec<f32> = [0, 10, 30].into_iter().map(RankingModel::weight_of_bias).collect();
        assert_eq!(weights, [1.0, 0.5, 0.25]);
        // The bias plays no part in it.
        let biased = ItemModelParts { item_bias: vec![0.5; 5], ..ranking.to_parts() };
        let biased = RankingModel::new(ItemModel::new(biased).unwrap(), WEIGHTS).unwrap();
        assert_eq!(biased.fold_in(&values), found);
    }

    #[test]
    fn a_ranking_model_round_trips_and_checks_itself() {
        let ranking = small();
        assert_eq!(RankingModel::from_bytes(&ranking.to_bytes().unwrap()), Ok(ranking.clone()));
        let with = |weights| {
            RankingModel::new(ItemModel::new(ranking.to_parts()).unwrap(), weights).unwrap_err().field
        };
        assert_eq!(with(RankingWeights { unobserved_weight: f32::NAN, ..WEIGHTS }), "unobserved_weight");
        assert_eq!(with(RankingWeights { regularization: 0.0, ..WEIGHTS }), "regularization");
        assert_eq!(with(RankingWeights { exponent: 1.5, ..WEIGHTS }), "exponent");
        assert_eq!(with(RankingWeights { n_titles: 6, ..WEIGHTS }), "n_titles");
        let parts = || ranking.to_parts();
        let refused = |parts| RankingModel::new(ItemModel::new(parts).unwrap(), WEIGHTS).unwrap_err().field;
        assert_eq!(refused(ItemModelParts { global_mean: 3.0, ..parts() }), "global_mean");
        let user_prior = UserPrior::new(vec![0.0, 0.5, 0.0], vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0]).unwrap();
        assert_eq!(refused(ItemModelParts { user_prior, ..parts() }), "prior_mean");
    }
}
