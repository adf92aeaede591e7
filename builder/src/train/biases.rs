//! Biases only: `r̂(u,i) = μ + b(u) + b(i)`, by alternating least squares.
//!
//! Each pass sets every title's bias, then every user's, to the damped mean of what the rest leaves over:
//! `b(i) = Σ(r − μ − b(u)) / (λᵢ + n(i))` (Koren 2010, "Factor in the neighbors", section 2.1). The
//! defaults are those of Surprise's `BaselineOnly`. Sums run in the order of the rows.

use catalog::Interactions;
use recommender::{FactorModel, FactorModelParts};
use serde::{Deserialize, Serialize};

use super::{Epoch, History, TrainError, check_parameter, check_sets, global_mean, scale_of};
use crate::Reporter;

/// Parameters of [`fit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BiasParams {
    /// Passes, each over both sides.
    pub n_epochs: usize,
    /// λᵤ: a user's bias is shrunk as if by this many ratings of no bias.
    pub user_damping: f64,
    /// λᵢ: the same for a title.
    pub item_damping: f64,
}

impl Default for BiasParams {
    fn default() -> Self {
        Self { n_epochs: 10, user_damping: 15.0, item_damping: 10.0 }
    }
}

/// Trains on `train`; `validation`, which may be empty, is only reported. See [`super::fit`].
///
/// # Errors
/// [`TrainError`].
pub fn fit(
    params: &BiasParams,
    train: &Interactions,
    validation: &Interactions,
    reporter: &dyn Reporter,
) -> Result<(FactorModel, History), TrainError> {
    check_sets(train, validation)?;
    let weight = |v: f64| (0.0..=1e6).contains(&v);
    check_parameter("user_damping", params.user_damping, weight(params.user_damping), "0 to 1,000,000")?;
    check_parameter("item_damping", params.item_damping, weight(params.item_damping), "0 to 1,000,000")?;

    let global_mean = global_mean(train);
    let scale = scale_of(train);
    let mut user_bias = vec![0.0; train.n_users];
    let mut item_bias = vec![0.0; train.n_titles];
    let mut history = History::default();
    reporter.start("training biases", params.n_epochs as u64, "passes");
    for _ in 0..params.n_epochs {
        damped_means(
            &train.title_idx,
            &train.user_idx,
            train,
            &user_bias,
            &mut item_bias,
            params.item_damping,
        );
        damped_means(
            &train.user_idx,
            &train.title_idx,
            train,
            &item_bias,
            &mut user_bias,
            params.user_damping,
        );
        let rmse = |rows: &Interactions, (low, high): (f32, f32)| {
            let squares =
                rows.user_idx.iter().zip(&rows.title_idx).zip(&rows.rating).map(|((&u, &i), &r)| {
                    let score = f64::from(global_mean) + user_bias[u as usize] + item_bias[i as usize];
                    (f64::from(r) - score.clamp(f64::from(low), f64::from(high))).powi(2)
                });
            (squares.sum::<f64>() / rows.len() as f64).sqrt()
        };
        history.epochs.push(Epoch {
            train_rmse: rmse(train, (f32::NEG_INFINITY, f32::INFINITY)),
            validation_rmse: (!validation.is_empty()).then(|| rmse(validation, scale)),
        });
        reporter.advance(1);
    }
    reporter.finish();
    history.best_epoch = history.epochs.len();
    let single = |bias: Vec<f64>| bias.into_iter().map(|b| b as f32).collect();
    let model = FactorModel::new(FactorModelParts {
        global_mean,
        user_bias: single(user_bias),
        item_bias: single(item_bias),
        scale,
        ..FactorModelParts::default()
    });
    Ok((checked(model), history))
}

/// One side's biases, given the other's. A damping of 0 leaves those without rows at 0.
fn damped_means(
    side: &[u32],
    other: &[u32],
    data: &Interactions,
    other_bias: &[f64],
    bias: &mut [f64],
    damping: f64,
) {
    let mean = f64::from(global_mean(data));
    let mut counts = vec![0_u32; bias.len()];
    bias.fill(0.0);
    for ((&s, &o), &rating) in side.iter().zip(other).zip(&data.rating) {
        bias[s as usize] += f64::from(rating) - mean - other_bias[o as usize];
        counts[s as usize] += 1;
    }
    for (b, &n) in bias.iter_mut().zip(&counts) {
        if n > 0 {
            *b /= damping + f64::from(n);
        }
    }
}

/// Parts made of damped means fit together: the lengths are right, and means of finite ratings are finite.
fn checked(model: Result<FactorModel, artifact::Invalid>) -> FactorModel {
    model.expect("means of finite ratings are finite")
}

/// The model that predicts the mean of all ratings.
///
/// # Errors
/// [`TrainError`], where there is no row or one is unsound.
pub fn global_mean_only(train: &Interactions) -> Result<FactorModel, TrainError> {
    check_sets(train, &Interactions::default())?;
    let model = FactorModel::new(FactorModelParts {
        global_mean: global_mean(train),
        user_bias: vec![0.0; train.n_users],
        item_bias: vec![0.0; train.n_titles],
        scale: scale_of(train),
        ..FactorModelParts::default()
    });
    Ok(checked(model))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;

    #[test]
    fn a_pass_is_the_formula() {
        let data = Interactions {
            n_users: 3,
            n_titles: 2,
            user_idx: vec![0, 0, 1],
            title_idx: vec![0, 1, 0],
            rating: vec![5.0, 3.0, 1.0],
        };
        let params = BiasParams { n_epochs: 1, user_damping: 1.0, item_damping: 2.0 };
        let (model, history) = fit(&params, &data, &Interactions::default(), &Silent).unwrap();
        // μ = 3; titles: (2 − 2) / (2 + 2) = 0 and 0 / 3 = 0; users: (2 + 0) / (1 + 2), −2 / (1 + 1), none.
        let expected = [2.0 / 3.0, -1.0, 0.0];
        for (b, e) in model.user_bias().iter().zip(expected) {
            assert!((b - e).abs() < 1e-6, "{b} {e}");
        }
        assert!(model.items().parts().item_bias.iter().all(|b| b.abs() < 1e-6));
        assert_eq!((model.n_factors(), model.items().parts().scale, history.best_epoch), (0, (1.0, 5.0), 1));
    }

    #[test]
    fn additive_data_is_fitted_exactly_without_damping() {
        let mut data = Interactions { n_users: 6, n_titles: 5, ..Interactions::default() };
        for u in 0..6_u32 {
            for i in 0..5_u32 {
                data.user_idx.push(u);
                data.title_idx.push(i);
                data.rating.push(2.0 + 0.25 * u as f32 + 0.125 * i as f32);
            }
        }
        let params = BiasParams { n_epochs: 10, user_damping: 0.0, item_damping: 0.0 };
        let (_, history) = fit(&params, &data, &data, &Silent).unwrap();
        let last = history.epochs.last().unwrap();
        assert!(last.train_rmse < 1e-6 && last.validation_rmse.unwrap() < 1e-6, "{last:?}");
    }
}
