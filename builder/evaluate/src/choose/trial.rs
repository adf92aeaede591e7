//! Trials of the search for a rating model: how many there are, which parameters they have, and how each did.

use std::time::Duration;

use artifact::Fate;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use train::{BayesParams, BiasParams, ModelParams, SvdParams};

/// One trial in this many is biases only.
const BIASES_EVERY: usize = 5;
/// Maximum number of sweeps. Gibbs sampling stops when its error has settled, and only its number of factors
/// is searched for.
const MOST_SWEEPS: usize = 400;
const SETTLE_WITHIN: usize = 50;
/// Numbers of factors to try with Gibbs sampling, starting with the default.
const SAMPLED_FACTORS: [usize; 5] = [10, 16, 24, 32, 47];
/// Number of sweeps in a short run, and how many of them are burn-in.
const SHORT_RUN: (usize, usize) = (50, 20);

/// Extent of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchOptions {
    /// Number of trials drawn, at least 2.
    pub n_trials: usize,
    /// Stop starting trials after this time.
    pub time_limit: Option<Duration>,
    /// Seed of the draws, and of the training of every trial.
    pub seed: u64,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { n_trials: 40, time_limit: None, seed: 0 }
    }
}

/// One set of parameters and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number, from 0.
    pub number: usize,
    /// The parameters.
    pub params: ModelParams,
    /// Share of the training ratings used in its last run; 0 if it did not run.
    pub share: f64,
    /// Maximum number of epochs of its last run; 0 if it did not run.
    pub n_epochs: usize,
    /// The epoch after which the model was best.
    pub best_epoch: usize,
    /// The RMSE after the best epoch, on the validation rows of the users it was trained on.
    pub validation_rmse: Option<f64>,
    /// How it ended.
    pub fate: Fate,
}

impl Trial {
    /// Makes a trial that has not run yet.
    pub(crate) fn new(number: usize, params: ModelParams) -> Self {
        Self {
            number,
            params,
            share: 0.0,
            n_epochs: 0,
            best_epoch: 0,
            validation_rmse: None,
            fate: Fate::NotReached,
        }
    }
}

/// Draws the trials of a search.
pub(crate) fn draw_trials(options: SearchOptions) -> Vec<Trial> {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut rng_of_biases = rng.clone();
    rng_of_biases.set_stream(1);
    (0..options.n_trials)
        .map(|number| {
            let params = match number {
                0 => ModelParams::Biases(BiasParams::default()),
                1 => ModelParams::Bayes(BayesParams {
                    n_sweeps: MOST_SWEEPS,
                    settle: Some(SETTLE_WITHIN),
                    ..BayesParams::default()
                }),
                2 => ModelParams::Svd(SvdParams::default()),
                n if n % BIASES_EVERY == 0 => ModelParams::Biases(draw_biases(&mut rng_of_biases)),
                _ => ModelParams::Svd(draw_svd(&mut rng)),
            };
            Trial::new(number, params)
        })
        .collect()
}

/// Returns parameters of Gibbs sampling with the next larger number of factors, or `None` if there is no
/// larger one to try. The served model gets at least twice as many factors, because it has to approximate the
/// mean of many different samples.
pub(crate) fn more_factors(params: &ModelParams) -> Option<ModelParams> {
    let ModelParams::Bayes(bayes) = params else { return None };
    let n_factors = SAMPLED_FACTORS.into_iter().find(|&n| n > bayes.n_factors)?;
    let n_served = bayes.n_served.max(2 * n_factors);
    Some(ModelParams::Bayes(BayesParams { n_factors, n_served, ..bayes.clone() }))
}

/// Returns the parameters for a short run, used to compare numbers of factors.
pub(crate) fn short_run(params: &ModelParams) -> ModelParams {
    let mut params = params.clone();
    if let ModelParams::Bayes(bayes) = &mut params {
        (bayes.n_sweeps, bayes.burn_in) = SHORT_RUN;
        bayes.settle = None;
    }
    params
}

fn draw_biases(rng: &mut impl Rng) -> BiasParams {
    // Little damping is best if titles differ, and much if they do not.
    let heaviest = if rng.random() { 10_000.0 } else { 50.0 };
    BiasParams {
        n_epochs: 15,
        user_damping: log_uniform(rng, 1.0, 100.0),
        item_damping: log_uniform(rng, 1.0, heaviest),
    }
}

fn draw_svd(rng: &mut impl Rng) -> SvdParams {
    const FACTORS: [usize; 6] = [8, 16, 32, 64, 128, 192];
    const EPOCHS: [usize; 4] = [20, 40, 80, 160];
    const DECAYS: [f64; 3] = [1.0, 0.99, 0.97];
    SvdParams {
        n_factors: FACTORS[rng.random_range(0..FACTORS.len())],
        n_epochs: EPOCHS[rng.random_range(0..EPOCHS.len())],
        learning_rate: log_uniform(rng, 0.003, 0.02),
        regularization: log_uniform(rng, 0.03, 0.2),
        bias_regularization: Some(log_uniform(rng, 0.003, 0.1)),
        learning_rate_decay: DECAYS[rng.random_range(0..DECAYS.len())],
        ..SvdParams::default()
    }
}

/// Draws a number between `low` and `high` with each order of magnitude equally likely. It is rounded to two
/// digits, which is easy to read and hides the last bit of the logarithm.
pub(crate) fn log_uniform(rng: &mut impl Rng, low: f64, high: f64) -> f64 {
    let x = low.ln() + rng.random::<f64>() * (high / low).ln();
    format!("{:.1e}", x.exp()).parse().expect("a number in scientific notation is a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_in_range_and_short() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for _ in 0..1000 {
            let x = log_uniform(&mut rng, 0.003, 0.03);
            assert!((0.003..=0.03).contains(&x) && x.to_string().len() <= 6, "{x}");
        }
    }
}
