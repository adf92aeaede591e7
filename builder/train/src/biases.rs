//! Trains biases only, `r̂(u,i) = μ + b(u) + b(i)`, by alternating least squares.
//!
//! Each pass sets every title's bias, and then every user's, to the damped mean of what the other terms do
//! not explain: `b(i) = Σ(r − μ − b(u)) / (λᵢ + n(i))` (Koren 2010, "Factor in the neighbors", section 2.1).
//! The defaults are those of Surprise's `BaselineOnly`. Sums run in the order of the rows.

use artifact::ModelName;
use catalog::Interactions;
use dataset::TitleFeatures;
use recommender::{FactorModel, FactorModelParts};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::error::check_parameter;
use crate::trainer::{Checked, Epoch, History, Run, Trainer, TrainingData};

/// Parameters of the trainer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BiasParams {
    /// Number of passes, each over both sides.
    pub n_epochs: usize,
    /// λᵤ: a user's bias is shrunk as if the user had this many more ratings without any bias.
    pub user_damping: f64,
    /// λᵢ: the same for a title.
    pub item_damping: f64,
}

impl Default for BiasParams {
    fn default() -> Self {
        Self { n_epochs: 10, user_damping: 15.0, item_damping: 10.0 }
    }
}

impl Trainer for BiasParams {
    fn name(&self) -> ModelName {
        ModelName::Biases
    }

    fn n_factors(&self) -> usize {
        0
    }

    fn n_epochs(&self) -> usize {
        self.n_epochs
    }

    fn set_n_epochs(&mut self, n_epochs: usize) {
        self.n_epochs = n_epochs;
    }

    fn stops_early(&self) -> bool {
        false
    }

    fn disable_early_stopping(&mut self) {}

    fn describe(&self) -> String {
        format!("biases only, damping {} (users) and {} (titles)", self.user_damping, self.item_damping)
    }

    fn check(&self) -> Result<(), TrainError> {
        let weight = |v: f64| (0.0..=1e6).contains(&v);
        check_parameter("user_damping", self.user_damping, weight(self.user_damping), "0 to 1,000,000")?;
        check_parameter("item_damping", self.item_damping, weight(self.item_damping), "0 to 1,000,000")
    }

    fn fit(&self, data: &Checked<'_>, run: &Run<'_>) -> Result<(FactorModel, History), TrainError> {
        Ok(alternate(self, data, run))
    }
}

/// Sets the biases of both sides in turn. Validation rows are only measured on.
fn alternate(params: &BiasParams, data: &Checked<'_>, run: &Run<'_>) -> (FactorModel, History) {
    let Checked { validation, scale, global_mean, .. } = *data;
    let (train, reporter) = (&*data.train.columns(), run.reporter);
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
            Damping { global_mean, weight: params.item_damping },
        );
        damped_means(
            &train.user_idx,
            &train.title_idx,
            train,
            &item_bias,
            &mut user_bias,
            Damping { global_mean, weight: params.user_damping },
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
    (checked(model), history)
}

/// Value that the biases of a side are shrunk toward, and how strongly.
#[derive(Clone, Copy)]
struct Damping {
    global_mean: f32,
    /// λ, in ratings.
    weight: f64,
}

/// Returns one side's biases, given those of the other. With a damping of 0, the biases of users or titles
/// without rows stay 0.
fn damped_means(
    side: &[u32],
    other: &[u32],
    data: &Interactions,
    other_bias: &[f64],
    bias: &mut [f64],
    damping: Damping,
) {
    let mean = f64::from(damping.global_mean);
    let mut counts = vec![0_u32; bias.len()];
    bias.fill(0.0);
    for ((&s, &o), &rating) in side.iter().zip(other).zip(&data.rating) {
        bias[s as usize] += f64::from(rating) - mean - other_bias[o as usize];
        counts[s as usize] += 1;
    }
    for (b, &n) in bias.iter_mut().zip(&counts) {
        if n > 0 {
            *b /= damping.weight + f64::from(n);
        }
    }
}

/// Unwraps a model made of damped means. It is always valid: the lengths fit, and means of finite ratings are
/// finite.
fn checked(model: Result<FactorModel, artifact::Invalid>) -> FactorModel {
    model.expect("means of finite ratings are finite")
}

/// Returns the model that predicts the mean of all ratings.
///
/// # Errors
/// Returns [`TrainError`] if there are no rows or one is not valid.
pub fn global_mean_only(train: &Interactions) -> Result<FactorModel, TrainError> {
    let nothing = TitleFeatures::default();
    let Checked { global_mean, scale, .. } = Checked::new(&TrainingData::new(train, &nothing))?;
    let model = FactorModel::new(FactorModelParts {
        global_mean,
        user_bias: vec![0.0; train.n_users],
        item_bias: vec![0.0; train.n_titles],
        scale,
        ..FactorModelParts::default()
    });
    Ok(checked(model))
}
