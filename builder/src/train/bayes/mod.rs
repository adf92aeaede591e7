//! Bayesian matrix factorisation by Gibbs sampling, with implicit feedback on both sides and title features.
//!
//! Every sample is a biased factorisation `r̂(u,i) = μ + b(u) + b(i) + p(u)·q(i)` whose rows `(b, p)` are normal
//! around a mean, a *link* from what is known of the row, and nothing else tuned by hand:
//!
//! - Salakhutdinov and Mnih 2008, "Bayesian probabilistic matrix factorization using Markov chain Monte Carlo": rows,
//!   their means and precisions are drawn in turn, the latter from a normal and Wishart posterior;
//! - Simm et al. 2017, "Macau: scalable Bayesian factorization with high-dimensional side information using MCMC": the
//!   link;
//! - SVD++ (Koren 2008, equation 15) and its mirror, as Rendle's factorization machines have them: the columns of a
//!   user are the titles they rated, each `1/√n`, those of a title its raters, and its features.
//!
//! What is served is not a sample, nor a mean of factor matrices (factors rotate between samples, so that means nothing):
//! it is the mean of the samples' *predictions*, compressed to few factors (`sketch`). Terms that touch only a user
//! or only a title go into the biases exactly.

mod checkpoint;
mod design;
mod draws;
mod side;
mod sketch;

use std::path::Path;

use catalog::Interactions;
use ndarray::Array2;
use rayon::prelude::*;
use recommender::{FactorModel, FactorModelParts, UserPrior};
use serde::{Deserialize, Serialize};

use self::design::Design;
use self::draws::{Draws, Purpose};
use self::side::{Row, Side, gamma, observed};
use self::sketch::Sketch;
use super::{Epoch, History, TrainError, check_parameter, check_sets, global_mean, scale_of};
use crate::Reporter;
use crate::features::TitleFeatures;

/// Parameters of [`fit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BayesParams {
    /// Factors of every sample.
    pub n_factors: usize,
    /// Factors of the model that is served, at most.
    pub n_served: usize,
    /// Sweeps at most, those of the start included.
    pub n_sweeps: usize,
    /// Sweeps at the start whose samples are left out.
    pub burn_in: usize,
    /// Whether who rated what counts beside the ratings.
    pub implicit: bool,
    /// Whether titles' features count.
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

/// Widths of a row: a bias, the factors, and zeros.
const MAX_FACTORS: usize = 47;

impl BayesParams {
    fn check(&self) -> Result<(), TrainError> {
        let Self { n_factors, n_served, n_sweeps, burn_in, .. } = *self;
        let size = |n: usize| n as f64;
        check_parameter("n_factors", size(n_factors), (1..=MAX_FACTORS).contains(&n_factors), "1 to 47")?;
        check_parameter("n_served", size(n_served), (1..=512).contains(&n_served), "1 to 512")?;
        check_parameter("n_sweeps", size(n_sweeps), (1..=100_000).contains(&n_sweeps), "1 to 100,000")?;
        check_parameter("burn_in", size(burn_in), burn_in < n_sweeps, "below n_sweeps")
    }
}

/// How a run is watched over.
#[derive(Clone, Copy, Default)]
pub struct Watch<'a> {
    /// Where the run is kept, and taken up again where the file is there.
    pub checkpoint: Option<&'a Path>,
    /// Sweeps between two writings of it; 0 for none but the last.
    pub every: usize,
    /// Asked after every sweep: whether to stop here. The checkpoint is written first.
    pub stop: Option<&'a (dyn Fn() -> bool + Sync)>,
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("checkpoint", &self.checkpoint).field("every", &self.every).finish()
    }
}

/// Trains on `train`, watching `validation`, which may be empty. `features` may be of no title. See [`super::fit`].
///
/// # Errors
/// [`TrainError`].
pub fn fit(
    params: &BayesParams,
    train: &Interactions,
    validation: &Interactions,
    features: &TitleFeatures,
    seed: u64,
    watch: Watch<'_>,
    reporter: &dyn Reporter,
) -> Result<(FactorModel, History), TrainError> {
    check_sets(train, validation)?;
    params.check()?;
    if params.settle.is_some() && validation.is_empty() {
        return Err(TrainError::NothingToStopBy);
    }
    let nothing = TitleFeatures::default();
    let features = if params.features { features } else { &nothing };
    // A row is a bias and the factors, padded to a width that vectors divide.
    match params.n_factors {
        0..=7 => run::<8>(params, train, validation, features, seed, watch, reporter),
        8..=11 => run::<12>(params, train, validation, features, seed, watch, reporter),
        12..=15 => run::<16>(params, train, validation, features, seed, watch, reporter),
        16..=23 => run::<24>(params, train, validation, features, seed, watch, reporter),
        24..=31 => run::<32>(params, train, validation, features, seed, watch, reporter),
        _ => run::<{ MAX_FACTORS + 1 }>(params, train, validation, features, seed, watch, reporter),
    }
}

fn run<const W: usize>(
    params: &BayesParams,
    train: &Interactions,
    validation: &Interactions,
    features: &TitleFeatures,
    seed: u64,
    watch: Watch<'_>,
    reporter: &dyn Reporter,
) -> Result<(FactorModel, History), TrainError> {
    let mut sampler = Sampler::<W>::new(params, train, validation, features, seed);
    let fingerprint =
        watch.checkpoint.map(|_| checkpoint::fingerprint(params, train, validation, features, seed));
    if let (Some(path), Some(fingerprint)) = (watch.checkpoint, fingerprint)
        && sampler.take_up(path, fingerprint)?
    {
        reporter.note(&format!("going on after sweep {}", sampler.sweep));
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
        let stop = watch.stop.is_some_and(|stop| stop());
        let due = watch.every > 0 && sampler.sweep.is_multiple_of(watch.every);
        if let (Some(path), Some(fingerprint)) = (watch.checkpoint, fingerprint)
            && (stop || due)
            && let Err(error) = sampler.keep(path, fingerprint)
        {
            break Err(error);
        }
        if stop {
            break Err(TrainError::Stopped { sweep: sampler.sweep });
        }
    };
    reporter.finish();
    ended?;
    if let (Some(path), Some(fingerprint)) = (watch.checkpoint, fingerprint) {
        sampler.keep(path, fingerprint)?;
    }
    let history = sampler.history.clone();
    Ok((sampler.export()?, history))
}

/// Everything a sweep reads and writes.
struct Sampler<const W: usize> {
    params: BayesParams,
    draws: Draws,
    global_mean: f32,
    scale: (f32, f32),
    users: Side<W>,
    items: Side<W>,
    /// α, the precision of a rating around its prediction.
    noise_precision: f64,
    /// Sweeps done.
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

/// Rows of one partial sum.
const ROWS_PER_SUM: usize = 64;

impl<const W: usize> Sampler<W> {
    fn new(
        params: &BayesParams,
        train: &Interactions,
        validation: &Interactions,
        features: &TitleFeatures,
        seed: u64,
    ) -> Self {
        let draws = Draws::new(seed);
        let global_mean = global_mean(train);
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
            scale: scale_of(train),
            noise_precision: 1.0,
            sweep: 0,
            history: History::default(),
        }
    }

    /// One sweep: priors of both sides, users, titles, noise; then what is kept of the sample.
    fn step(&mut self, validation: &Interactions) {
        self.sweep += 1;
        let sweep = self.sweep as u32;
        let Self { users, items, draws, noise_precision, .. } = self;
        // Given the rows of both, the priors of the sides have nothing to do with each other.
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
    /// `p·q = (p − p̄)·(q − q̄) + p·q̄ + p̄·q − p̄·q̄`: the first term goes to the sketch, the others to biases.
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
        let centred = |rows: &[Row<W>], mean: &[f64; W]| {
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
        let (p, q) = (centred(&self.users.rows, &mean_user), centred(&self.items.rows, &mean_item));
        sums.sketch.add(&p.view(), &q.view());
        let (users, items) = (&self.users.rows, &self.items.rows);
        let rows = validation.user_idx.iter().zip(&validation.title_idx);
        for (sum, (&u, &i)) in sums.validation.iter_mut().zip(rows) {
            *sum += f64::from(score(&users[u as usize], &items[i as usize]));
        }
    }

    /// The error of the mean of the predictions, or of the sample alone where there is no mean yet.
    fn validation_rmse(&self, validation: &Interactions) -> Option<f64> {
        if validation.is_empty() {
            return None;
        }
        let (low, high) = self.scale;
        let rows = validation.user_idx.iter().zip(&validation.title_idx).zip(&validation.rating);
        let squares: f64 = rows
            .zip(&self.mean.validation)
            .map(|(((&u, &i), &rating), sum)| {
                let centred = if self.mean.n_samples == 0 {
                    f64::from(score(&self.users.rows[u as usize], &self.items.rows[i as usize]))
                } else {
                    sum / self.mean.n_samples as f64
                };
                let predicted = (centred as f32 + self.global_mean).clamp(low, high);
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

    /// A line for every twenty-fifth sweep.
    fn describe(&self) -> Option<String> {
        const EVERY: usize = 25;
        let epoch = self.history.epochs.last().filter(|_| self.sweep.is_multiple_of(EVERY))?;
        let rmse = epoch.validation_rmse.map_or_else(String::new, |rmse| {
            let of = if self.mean.n_samples == 0 { "the sample" } else { "the mean" };
            format!(", validation RMSE of {of} {rmse:.4}")
        });
        Some(format!("sweep {:>4}: train RMSE of the sample {:.4}{rmse}", self.sweep, epoch.train_rmse))
    }

    /// The mean of the samples as one factor model.
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
        .map_err(|problem| TrainError::Unsound(problem.to_string()))
    }
}

/// A sample's prediction without μ.
fn score<const W: usize>(user: &Row<W>, item: &Row<W>) -> f32 {
    user[0] + item[0] + user[1..].iter().zip(&item[1..]).map(|(p, q)| p * q).sum::<f32>()
}

/// Sum over the training ratings, in a fixed order.
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use artifact::Artifact;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::Silent;

    /// `r = 3 + b(u) + 2 p(u)·q(i) + noise`, two factors, each pair with chance 0.3; every seventh row apart.
    fn made_up() -> (Interactions, Interactions) {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut draw = |n: usize| -> Vec<[f32; 3]> {
            (0..n).map(|_| std::array::from_fn(|_| rng.random_range(-0.8..0.8))).collect()
        };
        let (users, titles) = (draw(130), draw(90));
        let mut all = Interactions { n_users: 131, n_titles: 92, ..Interactions::default() };
        for (u, p) in users.iter().enumerate() {
            for (i, q) in titles.iter().enumerate() {
                let noise: f32 = rng.random_range(-0.4..0.4);
                if rng.random_bool(0.3) {
                    all.user_idx.push(u as u32);
                    all.title_idx.push(i as u32);
                    all.rating.push(3.0 + 0.5 * p[0] + 2.0 * (p[1] * q[1] + p[2] * q[2]) + noise);
                }
            }
        }
        let (held, train): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(|row| row % 7 == 0);
        (all.select(&train), all.select(&held))
    }

    fn params() -> BayesParams {
        BayesParams { n_factors: 4, n_served: 8, n_sweeps: 40, burn_in: 15, ..BayesParams::default() }
    }

    fn run(params: &BayesParams, watch: Watch<'_>) -> Result<(FactorModel, History), TrainError> {
        let (train, held) = made_up();
        fit(params, &train, &held, &TitleFeatures::default(), 7, watch, &Silent)
    }

    #[test]
    fn low_rank_tastes_are_found_and_the_model_predicts_what_the_mean_of_the_samples_did() {
        let (_, held) = made_up();
        let (model, history) = run(&params(), Watch::default()).unwrap();
        let of_mean = history.epochs.last().unwrap().validation_rmse.unwrap();
        // The noise has a standard deviation of 0.23.
        assert!((0.23..0.36).contains(&of_mean), "{of_mean}");
        let served = crate::evaluate::rmse(&model, &held).unwrap();
        assert!((served - of_mean).abs() < 0.003, "{served} after compression, {of_mean} before");
        assert!(
            (0.03..0.12).contains(&model.items().parts().noise_variance),
            "{}",
            model.items().parts().noise_variance
        );
        assert_eq!((model.n_users(), model.n_items(), model.n_factors()), (131, 92, 8));
    }

    #[test]
    fn one_thread_and_many_give_the_same_bytes_and_seeds_do_not() {
        let (train, held) = made_up();
        let run = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let few = BayesParams { n_sweeps: 6, burn_in: 2, ..params() };
            let nothing = TitleFeatures::default();
            let (model, history) =
                pool.install(|| fit(&few, &train, &held, &nothing, seed, Watch::default(), &Silent)).unwrap();
            (model.to_bytes().unwrap(), history)
        };
        assert_eq!(run(1, 3), run(2, 3));
        assert_eq!(run(1, 3), run(5, 3));
        assert_ne!(run(1, 3).0, run(1, 4).0);
    }

    #[test]
    fn a_run_that_was_stopped_goes_on_to_the_same_model() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let straight = run(&params(), Watch::default()).unwrap();
        for stop_after in [5, 22] {
            let sweeps = AtomicUsize::new(0);
            let stop = || sweeps.fetch_add(1, Ordering::Relaxed) + 1 == stop_after;
            let watch = Watch { checkpoint: Some(&path), every: 0, stop: Some(&stop) };
            let error = run(&params(), watch).unwrap_err();
            assert!(matches!(error, TrainError::Stopped { .. }), "{error}");
        }
        let watch = Watch { checkpoint: Some(&path), every: 10, stop: None };
        assert_eq!(run(&params(), watch).unwrap(), straight);
        // The end is kept too: once more costs nothing and gives the same.
        assert_eq!(run(&params(), watch).unwrap(), straight);

        let other = BayesParams { n_sweeps: 50, ..params() };
        let error = run(&other, watch).unwrap_err().to_string();
        assert!(error.contains("of other ratings, parameters or seed"), "{error}");
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = run(&params(), watch).unwrap_err().to_string();
        assert!(error.contains("was altered"), "{error}");
        std::fs::write(&path, b"").unwrap();
        assert!(run(&params(), watch).unwrap_err().to_string().contains("is no checkpoint"));
    }

    #[test]
    fn a_run_ends_when_its_error_has_settled() {
        let long = BayesParams { n_sweeps: 2_000, settle: Some(30), ..params() };
        let (_, history) = run(&long, Watch::default()).unwrap();
        let n = history.epochs.len();
        assert!((46..1_000).contains(&n), "{n}");
        let rmse = |sweep: usize| history.epochs[sweep - 1].validation_rmse.unwrap();
        assert!(rmse(n - 30) - rmse(n) < SETTLED);
        // Exactly so many sweeps without looking give the same model.
        let exactly = BayesParams { n_sweeps: n, settle: None, ..params() };
        assert_eq!(run(&exactly, Watch::default()).unwrap().0, run(&long, Watch::default()).unwrap().0);
    }

    #[test]
    fn a_user_and_a_title_without_ratings_are_as_others_on_average() {
        let (model, _) = run(&params(), Watch::default()).unwrap();
        let near = |a: f32, b: f32| (a - b).abs() < 0.3;
        assert!(near(model.user_bias()[130], 0.0), "{}", model.user_bias()[130]);
        assert!((1.0..5.0).contains(&model.predict(130, 91)));
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let name = |p: BayesParams| match run(&p, Watch::default()) {
            Err(TrainError::Parameter { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name(BayesParams { n_factors: 0, ..params() }), "n_factors");
        assert_eq!(name(BayesParams { n_factors: 48, ..params() }), "n_factors");
        assert_eq!(name(BayesParams { n_served: 0, ..params() }), "n_served");
        assert_eq!(name(BayesParams { burn_in: 40, ..params() }), "burn_in");
        let (train, _) = made_up();
        let blind = BayesParams { settle: Some(3), ..params() };
        let nothing = Interactions::default();
        let error = fit(&blind, &train, &nothing, &TitleFeatures::default(), 1, Watch::default(), &Silent);
        assert_eq!(error.unwrap_err(), TrainError::NothingToStopBy);
    }
}
