//! Folding a new user into the rating model.

use crate::ItemModel;
use crate::posterior::{Observation, Posterior};

/// A user's part of a prediction: b(u) and p(u).
#[derive(Debug, Clone, PartialEq)]
pub struct NewUser {
    /// b(u).
    pub bias: f32,
    /// p(u), one value for each factor.
    pub vector: Vec<f32>,
}

/// Folds ratings in. Returns the mean of the Gaussian posterior of `(b(u), p(u))` given the item parts, with
/// the model's user prior and its noise variance σ² (Bishop 2006, equations 3.50 and 3.51):
///
/// `(V⁻¹ + Σ xᵢxᵢᵀ/σ²) w = V⁻¹m + Σ xᵢ(rᵢ − μ − b(i))/σ²`, with `xᵢ = (1, q(i))`.
///
/// `ratings` are item positions and ratings. Without any, the result is the prior's mean.
///
/// # Panics
/// If an item position is out of range.
pub fn fold_in(model: &ItemModel, ratings: &[(usize, f32)]) -> NewUser {
    let posterior = posterior(model, ratings);
    NewUser { bias: posterior.bias(), vector: posterior.vector() }
}

/// Returns the posterior whose mean [`fold_in`] returns, with one observation for each rating, in their
/// order.
#[expect(
    clippy::indexing_slicing,
    reason = "the caller guarantees that titles are in range; `ItemModel::new` checks that each has a bias"
)]
pub(crate) fn posterior(model: &ItemModel, ratings: &[(usize, f32)]) -> Posterior {
    let parts = model.parts();
    let observations: Vec<Observation<'_>> = ratings
        .iter()
        .map(|&(item, rating)| Observation {
            bias: 1.0,
            vector: model.item_vector(item),
            target: f64::from(rating) - f64::from(parts.global_mean) - f64::from(parts.item_bias[item]),
        })
        .collect();
    Posterior::new(&parts.user_prior, f64::from(parts.noise_variance), 0.0, &observations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FactorModel, FactorModelParts, UserPrior};

    fn model() -> FactorModel {
        let n = 40;
        let wave = |i: usize, f: f32| (i as f32 * f).sin();
        FactorModel::new(FactorModelParts {
            global_mean: 3.5,
            user_bias: (0..n).map(|u| wave(u, 0.9) * 0.3).collect(),
            item_bias: (0..n).map(|i| wave(i, 1.7) * 0.4).collect(),
            n_factors: 2,
            user_factors: (0..n).flat_map(|u| [wave(u, 2.3), wave(u, 0.4)]).collect(),
            item_factors: (0..n).flat_map(|i| [wave(i, 3.1), wave(i, 1.3)]).collect(),
            scale: (0.5, 5.0),
            noise_variance: 1e-4,
            user_prior: UserPrior::standard(2),
        })
        .unwrap()
    }

    #[test]
    fn folding_in_the_predictions_for_a_trained_user_finds_that_user() {
        let model = model();
        for user in [0, 7, 39] {
            let parts = model.items().parts();
            let ratings: Vec<(usize, f32)> = (0..model.n_items())
                .map(|i| {
                    let product = crate::scan::dot(model.user_vector(user), model.item_vector(i));
                    (i, parts.global_mean + model.user_bias()[user] + parts.item_bias[i] + product)
                })
                .collect();
            let found = fold_in(model.items(), &ratings);
            assert!((found.bias - model.user_bias()[user]).abs() < 1e-3);
            for (a, b) in found.vector.iter().zip(model.user_vector(user)) {
                assert!((a - b).abs() < 1e-3, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn without_ratings_the_result_is_the_prior_mean() {
        let parts = model().into_parts();
        let user_prior = UserPrior::of_users(&parts.user_bias, &parts.user_factors, 2).unwrap();
        let model = FactorModel::new(FactorModelParts { user_prior, ..parts }).unwrap();
        let found = fold_in(model.items(), &[]);
        let mean = model.user_bias().iter().sum::<f32>() / model.n_users() as f32;
        assert!((found.bias - mean).abs() < 1e-6);
    }
}
