//! Bayesian matrix factorization by Gibbs sampling, with implicit feedback on both sides and title features.
//!
//! Every sample is a biased factorization `r̂(u,i) = μ + b(u) + b(i) + p(u)·q(i)`. The rows `(b, p)` are
//! normal around a mean plus a *link*, which depends on what is known about the row. Nothing else is tuned by
//! hand:
//!
//! - Salakhutdinov and Mnih 2008, "Bayesian probabilistic matrix factorization using Markov chain Monte
//!   Carlo": rows, their means and their precisions are drawn in turn, means and precisions from a normal and
//!   Wishart posterior;
//! - Simm et al. 2017, "Macau: scalable Bayesian factorization with high-dimensional side information using
//!   MCMC": the link;
//! - SVD++ (Koren 2008, equation 15) and its mirror image, as in Rendle's factorization machines: the columns
//!   of a user are the titles they rated, each `1/√n`; those of a title are its raters and its features.
//!
//! What is served is not a sample, and not a mean of factor matrices, which would mean nothing because
//! factors rotate between samples. It is the mean of the samples' *predictions*, compressed to few factors
//! (`sketch`). Terms that touch only a user or only a title go into the biases exactly.

mod checkpoint;
mod design;
mod draws;
mod linear;
mod rows;
mod side;
mod sketch;

use artifact::ModelName;
use catalog::Interactions;
use dataset::TitleFeatures;
use ndarray::Array2;
use rayon::prelude::*;
use recommender::{FactorModel, FactorModelParts, UserPrior};
use serde::{Deserialize, Serialize};

use self::design::Design;
use self::draws::gamma;
use self::draws::{Draws, Purpose};
use self::rows::{Row, observed};
use self::side::Side;
use self::sketch::Sketch;
use crate::TrainError;
use crate::error::check_parameter;
use crate::trainer::{Checked, Epoch, History, Run, Trainer};

/// Parameters of the trainer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BayesParams {
    /// Factors of every sample.
    pub n_factors: usize,
    /// Maximum number of factors of the model that is served.
    pub n_served: usize,
    /// Maximum number of sweeps, including those at the start.
    pub n_sweeps: usize,
    /// Number of sweeps at the start whose samples are left out.
    pub burn_in: usize,
    /// Whether to use who rated what, in addition to the ratings.
    pub implicit: bool,
    /// Whether to use the features of titles.
    pub features: bool,
    /// Stop after this many sweeps in which the validation RMSE of the mean has not fallen by [`SETTLED`].
    pub settle: Option<usize>,
}

/// A validation RMSE that falls by less than this within [`BayesParams::settle`] sweeps has settled.
pub const SETTLED: f64 = 1e-4;

impl Default for BayesParams {
    fn default() -> Self {
        Self {
            n_factors: 10,
            n_served: 32,
            n_sweeps: 300,
            burn_in: 50,
            implicit: true,
            features: true,
            settle: None,
        }
    }
}

/// Most factors of a sample. A row is padded to at most 48 values: a bias, the factors, and zeros.
const MAX_FACTORS: usize = 47;

impl Trainer for BayesParams {
    fn name(&self) -> ModelName {
        ModelName::Bayes
    }

    #[expect(clippy::misnamed_getters, reason = "the served model has other factors than the samples")]
    fn n_factors(&self) -> usize {
        self.n_served
    }

    fn n_epochs(&self) -> usize {
        self.n_sweeps
    }

    fn set_n_epochs(&mut self, n_epochs: usize) {
        self.n_sweeps = n_epochs;
        self.burn_in = self.burn_in.min(n_epochs.saturating_sub(1));
    }

    fn stops_early(&self) -> bool {
        self.settle.is_some()
    }

    fn disable_early_stopping(&mut self) {
        self.settle = None;
    }

    fn describe(&self) -> String {
        format!(
            "mean of {} samples of {} factors{}{}, served at rank {}",
            self.n_sweeps.saturating_sub(self.burn_in),
            self.n_factors,
            if self.implicit { ", implicit feedback" } else { "" },
            if self.features { ", title features" } else { "" },
            self.n_served
        )
    }

    fn check(&self) -> Result<(), TrainError> {
        let Self { n_factors, n_served, n_sweeps, burn_in, .. } = *self;
        let size = |n: usize| n as f64;
        check_parameter("n_factors", size(n_factors), (1..=MAX_FACTORS).contains(&n_factors), "1 to 47")?;
        check_parameter("n_served", size(n_served), (1..=512).contains(&n_served), "1 to 512")?;
        check_parameter("n_sweeps", size(n_sweeps), (1..=100_000).contains(&n_sweeps), "1 to 100,000")?;
        check_parameter("burn_in", size(burn_in), burn_in < n_sweeps, "below n_sweeps")
    }

    fn fit(&self, data: &Checked<'_>, run: &Run<'_>) -> Result<(FactorModel, History), TrainError> {
        let nothing = TitleFeatures::default();
        let data = &Checked { features: if self.features { data.features } else { &nothing }, ..*data };
        // A row is a bias and the factors, padded to a width that is a multiple of the vector width.
        match self.n_factors {
            0..=11 => sample::<12>(self, data, run),
            12..=15 => sample::<16>(self, data, run),
            16..=31 => sample::<32>(self, data, run),
            _ => sample::<{ MAX_FACTORS + 1 }>(self, data, run),
        }
    }
}

fn sample<const W: usize>(
    params: &BayesParams,
    data: &Checked<'_>,
    run: &Run<'_>,
) -> Result<(FactorModel, History), TrainError> {
    let (validation, reporter) = (data.validation, run.reporter);
    let mut sampler = Sampler::<W>::new(params, data, run.seed);
    let kept = run.checkpoint.map(|to| (to, checkpoint::fingerprint(params, data, run.seed)));
    if let Some((to, fingerprint)) = kept
        && sampler.take_up(to.path, fingerprint)?
    {
        reporter.note(&format!("continuing after sweep {}", sampler.sweep));
    }
    reporter.start("sampling", params.n_sweeps as u64, "sweeps");
    reporter.advance(sampler.sweep as u64);
    let ended = loop {
        if sampler.sweep >= params.n_sweeps || sampler.has_settled() {
            break Ok(());
        }
        sampler.step(validation);
        reporter.advance(1);
        if let Some(line) = sampler.describe() {
            reporter.note(&line);
        }
        let stop = run.checkpoint.and_then(|to| to.stop).is_some_and(|stop| stop());
        if let Some((to, fingerprint)) = kept
            && (stop || (to.every > 0 && sampler.sweep.is_multiple_of(to.every)))
            && let Err(error) = sampler.keep(to.path, fingerprint)
        {
            break Err(error);
        }
        if stop {
            break Err(TrainError::Stopped { sweep: sampler.sweep });
        }
    };
    reporter.finish();
    ended?;
    if let Some((to, fingerprint)) = kept {
        sampler.keep(to.path, fingerprint)?;
    }
    let history = sampler.history.clone();
    Ok((sampler.export()?, history))
}

/// State of a run: everything a sweep reads and writes.
struct Sampler<const W: usize> {
    params: BayesParams,
    draws: Draws,
    global_mean: f32,
    scale: (f32, f32),
    users: Side<W>,
    items: Side<W>,
    /// α, the precision of a rating around its prediction.
    noise_precision: f64,
    /// Number of sweeps done.
    sweep: usize,
    mean: Mean,
    history: History,
}

/// Sums over the samples after the start.
struct Mean {
    n_samples: usize,
    user_bias: Vec<f64>,
    item_bias: Vec<f64>,
    constant: f64,
    noise_variance: f64,
    sketch: Sketch,
    /// Predictions of the validation rows, not clipped.
    validation: Vec<f64>,
}

/// Rows per partial sum; fixed, so that results do not depend on the number of threads.
const ROWS_PER_SUM: usize = 64;

impl<const W: usize> Sampler<W> {
    fn new(params: &BayesParams, data: &Checked<'_>, seed: u64) -> Self {
        let Checked { validation, features, scale, global_mean, .. } = *data;
        let train = &*data.train.columns();
        let draws = Draws::new(seed);
        let (n_users, n_items) = (train.n_users, train.n_titles);
        let by_user = observed(n_users, &train.user_idx, &train.title_idx, &train.rating, global_mean);
        let by_item = observed(n_items, &train.title_idx, &train.user_idx, &train.rating, global_mean);
        let of_users = Design::new(&by_user, n_items, params.implicit, &TitleFeatures::default());
        let of_items = Design::new(&by_item, n_users, params.implicit, features);
        let dim = params.n_factors + 1;
        Self {
            users: Side::new(by_user, of_users, dim, &draws, Purpose::StartUsers),
            items: Side::new(by_item, of_items, dim, &draws, Purpose::StartItems),
            mean: Mean {
                n_samples: 0,
                user_bias: vec![0.0; n_users],
                item_bias: vec![0.0; n_items],
                constant: 0.0,
                noise_variance: 0.0,
                sketch: Sketch::new(n_users, n_items, params.n_served, &draws),
                validation: vec![0.0; validation.len()],
            },
            params: params.clone(),
            draws,
            global_mean,
            scale,
            noise_precision: 1.0,
            sweep: 0,
            history: History::default(),
        }
    }

    /// Runs one sweep: priors of both sides, users, titles, noise. Then adds the sample to the sums.
    fn step(&mut self, validation: &Interactions) {
        self.sweep += 1;
        let sweep = self.sweep as u32;
        let Self { users, items, draws, noise_precision, .. } = self;
        // Given the rows of both sides, their priors are independent.
        rayon::join(
            || users.draw_prior(draws, sweep, Purpose::UserPrior, Purpose::UserLink),
            || items.draw_prior(draws, sweep, Purpose::ItemPrior, Purpose::ItemLink),
        );
        users.draw_rows(&items.rows, *noise_precision, draws, sweep, Purpose::Users);
        items.draw_rows(&users.rows, *noise_precision, draws, sweep, Purpose::Items);
        let n = users.observed.n_entries() as f64;
        let squares = squared_errors(users, &items.rows);
        let mut rng = draws.at(sweep, Purpose::Noise, 0);
        *noise_precision = gamma(0.5 * (1.0 + n), 0.5 * (1.0 + squares), &mut rng);
        if self.sweep > self.params.burn_in {
            self.add_sample(validation);
        }
        let epoch =
            Epoch { train_rmse: (squares / n).sqrt(), validation_rmse: self.validation_rmse(validation) };
        self.history.epochs.push(epoch);
        self.history.best_epoch = self.sweep;
    }

    /// Adds the sample to the sums. With `p̄` and `q̄` the means of the sides,
    /// `p·q = (p − p̄)·(q − q̄) + p·q̄ + p̄·q − p̄·q̄`. The first term goes to the sketch, the others to the
    /// biases.
    fn add_sample(&mut self, validation: &Interactions) {
        let k = self.params.n_factors;
        let mean_of = |rows: &[Row<W>]| {
            let mut mean = [0.0_f64; W];
            for row in rows {
                for (m, &v) in mean.iter_mut().zip(row) {
                    *m += f64::from(v) / rows.len() as f64;
                }
            }
            mean
        };
        let (mean_user, mean_item) = (mean_of(&self.users.rows), mean_of(&self.items.rows));
        let centered = |rows: &[Row<W>], mean: &[f64; W]| {
            Array2::from_shape_fn((rows.len(), k), |(row, f)| rows[row][1 + f] - mean[1 + f] as f32)
        };
        let product = |row: &Row<W>, mean: &[f64; W]| -> f64 {
            row[1..].iter().zip(&mean[1..]).map(|(&v, m)| f64::from(v) * m).sum()
        };
        let sums = &mut self.mean;
        sums.n_samples += 1;
        sums.constant -= (1..W).map(|f| mean_user[f] * mean_item[f]).sum::<f64>();
        sums.noise_variance += 1.0 / self.noise_precision;
        for (sum, row) in sums.user_bias.iter_mut().zip(&self.users.rows) {
            *sum += f64::from(row[0]) + product(row, &mean_item);
        }
        for (sum, row) in sums.item_bias.iter_mut().zip(&self.items.rows) {
            *sum += f64::from(row[0]) + product(row, &mean_user);
        }
        let (p, q) = (centered(&self.users.rows, &mean_user), centered(&self.items.rows, &mean_item));
        sums.sketch.add(&p.view(), &q.view());
        let (users, items) = (&self.users.rows, &self.items.rows);
        let rows = validation.user_idx.iter().zip(&validation.title_idx);
        for (sum, (&u, &i)) in sums.validation.iter_mut().zip(rows) {
            *sum += f64::from(score(&users[u as usize], &items[i as usize]));
        }
    }

    /// Returns the error of the mean of the predictions, or of the sample alone if there is no mean yet.
    fn validation_rmse(&self, validation: &Interactions) -> Option<f64> {
        if validation.is_empty() {
            return None;
        }
        let (low, high) = self.scale;
        let rows = validation.user_idx.iter().zip(&validation.title_idx).zip(&validation.rating);
        let squares: f64 = rows
            .zip(&self.mean.validation)
            .map(|(((&u, &i), &rating), sum)| {
                let centered = if self.mean.n_samples == 0 {
                    f64::from(score(&self.users.rows[u as usize], &self.items.rows[i as usize]))
                } else {
                    sum / self.mean.n_samples as f64
                };
                let predicted = (centered as f32 + self.global_mean).clamp(low, high);
                f64::from(rating - predicted).powi(2)
            })
            .sum();
        Some((squares / validation.len() as f64).sqrt())
    }

    fn has_settled(&self) -> bool {
        let Some(patience) = self.params.settle else { return false };
        let Some(before) = self.sweep.checked_sub(patience).filter(|&before| before > self.params.burn_in)
        else {
            return false;
        };
        let rmse = |sweep: usize| self.history.epochs[sweep - 1].validation_rmse.unwrap_or(f64::INFINITY);
        rmse(before) - rmse(self.sweep) < SETTLED
    }

    /// Describes every twenty-fifth sweep in a line.
    fn describe(&self) -> Option<String> {
        const EVERY: usize = 25;
        let epoch = self.history.epochs.last().filter(|_| self.sweep.is_multiple_of(EVERY))?;
        let rmse = epoch.validation_rmse.map_or_else(String::new, |rmse| {
            let of = if self.mean.n_samples == 0 { "the sample" } else { "the mean" };
            format!(", validation RMSE of {of} {rmse:.4}")
        });
        Some(format!("sweep {:>4}: train RMSE of the sample {:.4}{rmse}", self.sweep, epoch.train_rmse))
    }

    /// Turns the mean of the samples into one factor model.
    fn export(self) -> Result<FactorModel, TrainError> {
        let Self { params, mean, global_mean, scale, .. } = self;
        let n = mean.n_samples as f64;
        let low_rank = mean.sketch.compress(mean.n_samples, params.n_served);
        let n_factors = low_rank.users.ncols();
        let by_row =
            |m: &nalgebra::DMatrix<f64>| m.transpose().iter().map(|&v| v as f32).collect::<Vec<f32>>();
        // The mean of the users' biases goes to μ, so that μ + b(i) is the score for a user like the others.
        let of_users = mean.user_bias.iter().sum::<f64>() / n / mean.user_bias.len() as f64;
        FactorModel::new(FactorModelParts {
            global_mean: (f64::from(global_mean) + mean.constant / n + of_users) as f32,
            user_bias: mean.user_bias.iter().map(|b| (b / n - of_users) as f32).collect(),
            item_bias: mean.item_bias.iter().map(|b| (b / n) as f32).collect(),
            n_factors,
            user_factors: by_row(&low_rank.users),
            item_factors: by_row(&low_rank.items),
            scale,
            noise_variance: (mean.noise_variance / n) as f32,
            user_prior: UserPrior::standard(n_factors),
        })
        .map_err(|problem| TrainError::InvalidModel(problem.to_string()))
    }
}

/// Returns a sample's prediction without μ.
fn score<const W: usize>(user: &Row<W>, item: &Row<W>) -> f32 {
    user[0] + item[0] + user[1..].iter().zip(&item[1..]).map(|(p, q)| p * q).sum::<f32>()
}

/// Sums the squared errors of the training ratings, in a fixed order.
fn squared_errors<const W: usize>(users: &Side<W>, items: &[Row<W>]) -> f64 {
    let parts: Vec<f64> = users
        .rows
        .par_chunks(ROWS_PER_SUM)
        .enumerate()
        .map(|(task, rows)| {
            let mut sum = 0.0;
            for (n, row) in rows.iter().enumerate() {
                for &(item, rating) in users.observed.of(task * ROWS_PER_SUM + n) {
                    let error = f64::from(rating - score(row, &items[item as usize]));
                    sum += error * error;
                }
            }
            sum
        })
        .collect();
    parts.iter().sum()
}
