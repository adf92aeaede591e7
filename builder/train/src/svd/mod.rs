//! Biased matrix factorization by stochastic gradient descent, called SVD in this field.
//!
//! `r̂(u,i) = μ + b(u) + b(i) + p(u)·q(i)`, fitted as in Koren, Bell and Volinsky 2009 (equations 4 and 5):
//! for each rating with error `e = r − r̂`, biases move by `γ(e − λb)`, factors by `γ(e·q − λp)` and
//! `γ(e·p − λq)`, both from the old values. Single precision throughout, except sums of errors.
//!
//! Rows are visited along a fixed grid of blocks (`grid`), in an order drawn from the seed for each epoch.
//! Any number of threads gives the same bytes.

mod grid;
mod kernel;

use artifact::ModelName;
use catalog::Interactions;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use recommender::{FactorModel, FactorModelParts, UserPrior};
use serde::{Deserialize, Serialize};

use self::grid::{Grid, Side, UNRATED};
use self::kernel::{LANES, Steps, Stripe};
use crate::TrainError;
use crate::error::check_parameter;
use crate::rows::{Rows, TrainRows};
use crate::trainer::{Checked, Epoch, History, Run, Trainer};

/// Parameters of the trainer. The defaults are those of Surprise's `SVD`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SvdParams {
    /// Factors per user and title. 0 trains biases only.
    pub n_factors: usize,
    /// Maximum number of passes over the rows.
    pub n_epochs: usize,
    /// γ, the learning rate.
    pub learning_rate: f64,
    /// λ of the factors.
    pub regularization: f64,
    /// γ of the biases; by default the same as for the factors.
    pub bias_learning_rate: Option<f64>,
    /// λ of the biases; by default the same as for the factors.
    pub bias_regularization: Option<f64>,
    /// Factor by which both learning rates change after each pass: 1 keeps them, 0.98 shrinks them slowly.
    pub learning_rate_decay: f64,
    /// Standard deviation of the factors at the start.
    pub init_std: f64,
    /// Stop after this many passes without a better validation RMSE, and keep the best pass.
    pub early_stopping: Option<usize>,
}

impl Default for SvdParams {
    fn default() -> Self {
        Self {
            n_factors: 100,
            n_epochs: 20,
            learning_rate: 0.005,
            regularization: 0.02,
            bias_learning_rate: None,
            bias_regularization: None,
            learning_rate_decay: 1.0,
            init_std: 0.1,
            early_stopping: None,
        }
    }
}

impl SvdParams {
    /// Returns the step sizes of an epoch whose learning rates are `decayed` times those given.
    fn steps(&self, decayed: f64) -> Steps {
        let rate = self.learning_rate * decayed;
        let bias_rate = self.bias_learning_rate.unwrap_or(self.learning_rate) * decayed;
        let bias_reg = self.bias_regularization.unwrap_or(self.regularization);
        Steps {
            rate: rate as f32,
            keep: (1.0 - rate * self.regularization) as f32,
            bias_rate: bias_rate as f32,
            bias_keep: (1.0 - bias_rate * bias_reg) as f32,
        }
    }
}

impl Trainer for SvdParams {
    fn name(&self) -> ModelName {
        ModelName::Svd
    }

    fn n_factors(&self) -> usize {
        self.n_factors
    }

    fn n_epochs(&self) -> usize {
        self.n_epochs
    }

    fn set_n_epochs(&mut self, n_epochs: usize) {
        self.n_epochs = n_epochs;
    }

    fn stops_early(&self) -> bool {
        self.early_stopping.is_some()
    }

    fn disable_early_stopping(&mut self) {
        self.early_stopping = None;
    }

    fn describe(&self) -> String {
        format!(
            "{} factors, {} epochs, learning rate {} × {} an epoch, regularization {} (biases {})",
            self.n_factors,
            self.n_epochs,
            self.learning_rate,
            self.learning_rate_decay,
            self.regularization,
            self.bias_regularization.unwrap_or(self.regularization)
        )
    }

    fn check(&self) -> Result<(), TrainError> {
        let step = |v: f64| v.is_finite() && v > 0.0 && v <= 1.0;
        let weight = |v: f64| (0.0..=100.0).contains(&v);
        let bias_rate = self.bias_learning_rate.unwrap_or(self.learning_rate);
        let bias_reg = self.bias_regularization.unwrap_or(self.regularization);
        let factors = self.n_factors as f64;
        check_parameter("n_factors", factors, self.n_factors <= 4096, "at most 4096")?;
        check_parameter("learning_rate", self.learning_rate, step(self.learning_rate), "above 0, at most 1")?;
        check_parameter("bias_learning_rate", bias_rate, step(bias_rate), "above 0, at most 1")?;
        check_parameter("regularization", self.regularization, weight(self.regularization), "0 to 100")?;
        check_parameter("bias_regularization", bias_reg, weight(bias_reg), "0 to 100")?;
        let decay = self.learning_rate_decay;
        check_parameter("learning_rate_decay", decay, step(decay), "above 0, at most 1")?;
        check_parameter("init_std", self.init_std, (0.0..=10.0).contains(&self.init_std), "0 to 10")
    }

    fn fit(&self, data: &Checked<'_>, run: &Run<'_>) -> Result<(FactorModel, History), TrainError> {
        run.reporter.start("training", self.n_epochs as u64, "epochs");
        let outcome = descend(self, data, run);
        run.reporter.finish();
        outcome
    }
}

fn descend(
    params: &SvdParams,
    data: &Checked<'_>,
    run: &Run<'_>,
) -> Result<(FactorModel, History), TrainError> {
    let Checked { scale, validation, .. } = *data;
    let reporter = run.reporter;
    let mut state = match data.train {
        TrainRows::Columns(rows) => State::new(params, rows, data.global_mean, run.seed),
        TrainRows::Table(table) => State::new(params, &table, data.global_mean, run.seed),
    };
    let watched = Watched::new(&state.grid, validation);
    let mut history = History::default();
    let mut best: Option<(f64, Parameters)> = None;
    let mut decayed = 1.0;
    for epoch in 1..=params.n_epochs {
        let train_rmse = state.epoch(params.steps(decayed));
        decayed *= params.learning_rate_decay;
        if !train_rmse.is_finite() {
            return Err(TrainError::Diverged { epoch, learning_rate: params.learning_rate });
        }
        let validation_rmse = (!watched.is_empty()).then(|| watched.rmse(&state, scale));
        history.epochs.push(Epoch { train_rmse, validation_rmse });
        history.best_epoch = epoch;
        reporter.advance(1);
        reporter.note(&match validation_rmse {
            Some(rmse) => format!("epoch {epoch:>3}: train RMSE {train_rmse:.4}, validation RMSE {rmse:.4}"),
            None => format!("epoch {epoch:>3}: train RMSE {train_rmse:.4}"),
        });
        let (Some(patience), Some(rmse)) = (params.early_stopping, validation_rmse) else { continue };
        match &mut best {
            Some((lowest, kept)) if rmse < *lowest => {
                *lowest = rmse;
                kept.clone_from(&state.parameters);
            }
            None => best = Some((rmse, state.parameters.clone())),
            Some(_) => {}
        }
        history.best_epoch = best_epoch(&history);
        if epoch - history.best_epoch >= patience.max(1) {
            reporter.note(&format!(
                "stopped early: the validation RMSE was lowest after epoch {}",
                history.best_epoch
            ));
            break;
        }
    }
    if let Some((_, kept)) = best {
        state.parameters = kept;
    }
    let diverged = TrainError::Diverged { epoch: history.epochs.len(), learning_rate: params.learning_rate };
    Ok((state.export(params.n_factors, scale).ok_or(diverged)?, history))
}

/// Returns the first epoch with the lowest validation RMSE, from 1.
fn best_epoch(history: &History) -> usize {
    let rmse = |e: &Epoch| e.validation_rmse.unwrap_or(f64::INFINITY);
    let lowest = history.epochs.iter().map(rmse).fold(f64::INFINITY, f64::min);
    history.epochs.iter().position(|e| rmse(e) <= lowest).map_or(0, |position| position + 1)
}

/// Learned parameters, in the order of slots.
#[derive(Debug, Clone)]
struct Parameters {
    user_bias: Vec<f32>,
    item_bias: Vec<f32>,
    user_factors: Vec<f32>,
    item_factors: Vec<f32>,
}

struct State {
    grid: Grid,
    global_mean: f32,
    /// Number of values in a row of factors, including padding.
    width: usize,
    parameters: Parameters,
    order: ChaCha8Rng,
}

impl State {
    fn new(params: &SvdParams, train: &impl Rows, global_mean: f32, seed: u64) -> Self {
        let width = params.n_factors.next_multiple_of(LANES);
        let grid = Grid::new(train, global_mean, width);
        let mut start = ChaCha8Rng::seed_from_u64(seed);
        // Draw in the order of users, then titles, not of slots, so that the start of a user's factors does
        // not depend on how the grid was cut.
        let mut draw = |side: &Side| {
            let mut factors = vec![0.0; side.n_slots() * width];
            for &slot in side.slot.iter().filter(|&&slot| slot != UNRATED) {
                for value in &mut factors[slot as usize * width..][..params.n_factors] {
                    *value = near_normal(&mut start) * params.init_std as f32;
                }
            }
            factors
        };
        let parameters = Parameters {
            user_factors: draw(&grid.users),
            item_factors: draw(&grid.items),
            user_bias: vec![0.0; grid.users.n_slots()],
            item_bias: vec![0.0; grid.items.n_slots()],
        };
        let mut order = ChaCha8Rng::seed_from_u64(seed);
        order.set_stream(1);
        Self { grid, global_mean, width, parameters, order }
    }

    /// Makes one pass over the rows. Returns the RMSE of the errors seen on the way.
    fn epoch(&mut self, steps: Steps) -> f64 {
        let n = self.grid.n_stripes;
        let width = self.width;
        let mut partners: Vec<usize> = (0..n).collect();
        partners.shuffle(&mut self.order);
        let mut shifts: Vec<usize> = (0..n).collect();
        shifts.shuffle(&mut self.order);

        let grid = &self.grid;
        let p = &mut self.parameters;
        let mut users = cut(&grid.users, &mut p.user_bias, &mut p.user_factors, width);
        let mut items = cut(&grid.items, &mut p.item_bias, &mut p.item_factors, width);
        let mut sums = vec![0.0_f64; n];
        for shift in shifts {
            let mut free: Vec<Option<&mut Stripe<'_>>> = items.iter_mut().map(Some).collect();
            let tasks: Vec<_> = users
                .iter_mut()
                .zip(&mut sums)
                .enumerate()
                .map(|(a, (user_stripe, sum))| {
                    let b = partners[(a + shift) % n];
                    let item_stripe = free[b].take().expect("a shifted permutation names each stripe once");
                    (grid.block(a, b), user_stripe, item_stripe, sum)
                })
                .collect();
            tasks.into_par_iter().with_max_len(1).for_each(|(rows, user_stripe, item_stripe, sum)| {
                *sum += kernel::visit(rows, width, user_stripe, item_stripe, steps);
            });
        }
        (sums.iter().sum::<f64>() / grid.n_rows() as f64).sqrt()
    }

    /// Returns the prediction for two slots, not clipped.
    fn predict(&self, user_slot: u32, item_slot: u32) -> f32 {
        let p = &self.parameters;
        let (u, i) = (user_slot as usize, item_slot as usize);
        let mut score = self.global_mean;
        if user_slot != UNRATED {
            score += p.user_bias[u];
        }
        if item_slot != UNRATED {
            score += p.item_bias[i];
        }
        if user_slot != UNRATED && item_slot != UNRATED {
            score += kernel::dot(
                &p.user_factors[u * self.width..][..self.width],
                &p.item_factors[i * self.width..][..self.width],
            );
        }
        score
    }

    /// Returns the model in the order of users and titles, without padding; `None` if a value is not finite.
    fn export(self, n_factors: usize, scale: (f32, f32)) -> Option<FactorModel> {
        let width = self.width;
        let p = self.parameters;
        let biases = |side: &Side, bias: &[f32]| -> Vec<f32> {
            side.slot.iter().map(|&s| if s == UNRATED { 0.0 } else { bias[s as usize] }).collect()
        };
        let factors = |side: &Side, factors: &[f32]| {
            let mut rows = vec![0.0; side.slot.len() * n_factors];
            if n_factors > 0 {
                for (row, &slot) in rows.chunks_exact_mut(n_factors).zip(&side.slot) {
                    if slot != UNRATED {
                        row.copy_from_slice(&factors[slot as usize * width..][..n_factors]);
                    }
                }
            }
            rows
        };
        FactorModel::new(FactorModelParts {
            global_mean: self.global_mean,
            user_bias: biases(&self.grid.users, &p.user_bias),
            item_bias: biases(&self.grid.items, &p.item_bias),
            n_factors,
            user_factors: factors(&self.grid.users, &p.user_factors),
            item_factors: factors(&self.grid.items, &p.item_factors),
            scale,
            user_prior: UserPrior::standard(n_factors),
            ..FactorModelParts::default()
        })
        .ok()
    }
}

/// Splits a side's parameters into one piece per stripe.
fn cut<'a>(
    side: &Side,
    mut bias: &'a mut [f32],
    mut factors: &'a mut [f32],
    width: usize,
) -> Vec<Stripe<'a>> {
    side.starts
        .windows(2)
        .map(|w| {
            let n = w[1] - w[0];
            let (stripe_bias, rest) = std::mem::take(&mut bias).split_at_mut(n);
            bias = rest;
            let (stripe_factors, rest) = std::mem::take(&mut factors).split_at_mut(n * width);
            factors = rest;
            Stripe { bias: stripe_bias, factors: stripe_factors }
        })
        .collect()
}

/// Draws a number of mean 0 and variance 1: the sum of four uniform numbers (Irwin and Hall). It is close to
/// normal and, unlike a logarithm, the same to the last bit on every machine.
fn near_normal(rng: &mut impl Rng) -> f32 {
    let bits = rng.next_u64();
    let sum: u32 = (0..4).map(|part| (bits >> (16 * part)) as u32 & 0xffff).sum();
    // Four uniform numbers on 0..=65535 have mean 2 · 65535 and variance (65536² − 1) / 3.
    (sum as f32 - 131_070.0) * (1.732_050_8 / 65_536.0)
}

/// Validation rows by slots.
struct Watched {
    rows: Vec<(u32, u32, f32)>,
}

/// Rows per partial sum; fixed, so that results do not depend on the number of threads.
const ROWS_PER_SUM: usize = 4096;

impl Watched {
    fn new(grid: &Grid, rows: &Interactions) -> Self {
        let pairs = rows.user_idx.iter().zip(&rows.title_idx).zip(&rows.rating);
        Self {
            rows: pairs
                .map(|((&u, &i), &r)| (grid.users.slot[u as usize], grid.items.slot[i as usize], r))
                .collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn rmse(&self, state: &State, scale: (f32, f32)) -> f64 {
        let sums: Vec<f64> = self
            .rows
            .par_chunks(ROWS_PER_SUM)
            .map(|rows| {
                rows.iter()
                    .map(|&(u, i, r)| {
                        let error = f64::from(r - state.predict(u, i).clamp(scale.0, scale.1));
                        error * error
                    })
                    .sum()
            })
            .collect();
        (sums.iter().sum::<f64>() / self.rows.len() as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_mean_0_and_variance_1() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let draws: Vec<f64> = (0..100_000).map(|_| f64::from(near_normal(&mut rng))).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|d| d * d).sum::<f64>() / 1e5 - mean * mean;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }
}
