//! The search for parameters: random search with successive halving, judged on validation rows.
//!
//! Trials are drawn from the seed. Biases-only trials are cheap and always run in full; the first of them
//! and the first factor trial have the defaults. One trial is Gibbs sampling, which tunes itself, run until its error
//! settles. Factor trials pass rungs of a quarter, a half and all of
//! their epochs, and after each rung the better third goes on (Jamieson and Talwalkar 2016, with a factor
//! of 3). A trial that goes on starts anew, so that no more than two models are in memory. The last rung
//! stops early and keeps its best epoch.
//!
//! Bounded by the number of trials, the search depends on rows, options and seed alone. Bounded by minutes it
//! depends on the machine's speed too, in that slow machines try less.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use catalog::{Interactions, RatingTable};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use recommender::FactorModel;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::evaluate::{self, Comparison, HeldOut, RankOptions, Report, Table};
use crate::features::TitleFeatures;
use crate::split::{self, Cut, Method, Shares, SplitError};
use crate::train::{self, BayesParams, BiasParams, ModelParams, SvdParams, TrainError};
use crate::{Reporter, Silent, WithoutNotes};

/// Why no parameters or no model came of it.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TuneError {
    /// A search without a trial.
    #[error("the search has {0} trials; it needs at least 2, one with factors and one without")]
    TooFewTrials(usize),
    /// No rows to judge by.
    #[error("there are no validation ratings to judge trials by; hold some out")]
    NothingToJudgeBy,
    /// Rows could not be cut.
    #[error("cannot hold ratings out")]
    Split(#[source] SplitError),
    /// Rows could not be trained on.
    #[error("cannot train")]
    Train(#[source] TrainError),
}

/// How far to search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TuneOptions {
    /// Trials drawn, at least 2.
    pub n_trials: usize,
    /// Stop drawing after this time, where given.
    pub time_limit: Option<Duration>,
    /// Of the draws, and of the training of every trial.
    pub seed: u64,
}

impl Default for TuneOptions {
    fn default() -> Self {
        Self { n_trials: 40, time_limit: None, seed: 0 }
    }
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Trained in full.
    Finished,
    /// Others were better after as many epochs.
    Dropped,
    /// Its parameters grew beyond all bounds.
    Diverged,
    /// Time was up before it began.
    NotReached,
}

/// One set of parameters and how it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number, from 0.
    pub number: usize,
    /// What was tried.
    pub params: ModelParams,
    /// Epochs given in the last rung it ran in; 0 where it did not run.
    pub n_epochs: usize,
    /// After how many of them the model was best.
    pub best_epoch: usize,
    /// The RMSE on the validation rows after the best epoch.
    pub validation_rmse: Option<f64>,
    /// How it ended.
    pub fate: Fate,
}

/// What the search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// The parameters chosen, with the number of epochs that was best.
    pub params: ModelParams,
    /// The best biases-only parameters.
    pub best_biases: ModelParams,
    /// The best parameters of descent, where a trial with factors finished.
    pub best_svd: Option<ModelParams>,
    /// Gibbs sampling, with the number of sweeps after which its error had settled, where there was time for it.
    pub best_bayes: Option<ModelParams>,
    /// Biases only (first) against factors (second), on the validation rows.
    pub comparison: Option<Comparison>,
    /// One sentence on whether factors help.
    pub verdict: String,
    /// Every trial, by number.
    pub trials: Vec<Trial>,
}

impl Tuned {
    /// The trials as aligned text, best first; those that did not finish stand behind.
    pub fn to_text(&self) -> String {
        let mut order: Vec<&Trial> = self.trials.iter().collect();
        order.sort_by(|a, b| {
            let rmse = |t: &Trial| t.validation_rmse.unwrap_or(f64::INFINITY);
            (a.fate != Fate::Finished)
                .cmp(&(b.fate != Fate::Finished))
                .then(rmse(a).total_cmp(&rmse(b)))
                .then(a.number.cmp(&b.number))
        });
        let mut text = String::from("trial  RMSE    epochs  fate         parameters\n");
        for trial in order {
            let rmse = trial.validation_rmse.map_or_else(|| "-".to_owned(), |r| format!("{r:.4}"));
            let fate = match trial.fate {
                Fate::Finished => "finished",
                Fate::Dropped => "dropped",
                Fate::Diverged => "diverged",
                Fate::NotReached => "not reached",
            };
            let _ = writeln!(
                text,
                "{:>5}  {rmse:<6}  {:>6}  {fate:<11}  {}",
                trial.number,
                trial.best_epoch,
                describe(&trial.params)
            );
        }
        text
    }
}

/// Parameters in one line.
pub fn describe(params: &ModelParams) -> String {
    match params {
        ModelParams::Biases(b) => {
            format!("biases only, damping {} (users) and {} (titles)", b.user_damping, b.item_damping)
        }
        ModelParams::Svd(s) => format!(
            "{} factors, {} epochs, learning rate {} × {} an epoch, regularization {} (biases {})",
            s.n_factors,
            s.n_epochs,
            s.learning_rate,
            s.learning_rate_decay,
            s.regularization,
            s.bias_regularization.unwrap_or(s.regularization)
        ),
        ModelParams::Bayes(b) => format!(
            "mean of {} samples of {} factors{}{}, served at rank {}",
            b.n_sweeps.saturating_sub(b.burn_in),
            b.n_factors,
            if b.implicit { ", implicit feedback" } else { "" },
            if b.features { ", title features" } else { "" },
            b.n_served
        ),
    }
}

/// Shares of the epochs that the rungs give, and of the time by which each ends.
const RUNGS: [(f64, f64); 3] = [(0.25, 0.5), (0.5, 0.75), (1.0, 1.0)];
/// One in this many goes on to the next rung.
const KEPT: usize = 3;
/// One trial in this many is biases only.
const BIASES_EVERY: usize = 5;
/// Epochs without improvement that end a trial of the last rung.
const PATIENCE: usize = 5;
/// The sampler has no parameters to search for; it ends where its error has settled.
const MOST_SWEEPS: usize = 400;
const SETTLE_WITHIN: usize = 50;
/// Factors must lower the RMSE by this share at least to be worth their size; the best of many trials on the
/// same rows looks a little better than it is.
const LEAST_GAIN: f64 = 0.001;
/// ... and by this many standard errors.
const STANDARD_ERRORS: f64 = 2.0;

/// Searches for the parameters that predict `validation` best after training on `train`.
///
/// Factors are chosen only where they lower the squared error on the validation rows by more than two
/// standard errors and the RMSE by at least a thousandth; else biases only.
///
/// # Errors
/// [`TuneError`].
pub fn tune(
    train: &Interactions,
    validation: &Interactions,
    features: &TitleFeatures,
    options: TuneOptions,
    reporter: &dyn Reporter,
) -> Result<Tuned, TuneError> {
    if options.n_trials < 2 {
        return Err(TuneError::TooFewTrials(options.n_trials));
    }
    if validation.is_empty() {
        return Err(TuneError::NothingToJudgeBy);
    }
    let mut search = Search {
        train,
        validation,
        features,
        seed: options.seed,
        began: Instant::now(),
        limit: options.time_limit,
        trials: draw_trials(options),
        reporter,
    };
    let of = |algorithm: &str| -> Vec<usize> {
        (0..options.n_trials).filter(|&t| search.trials[t].params.algorithm() == algorithm).collect()
    };
    let (of_biases, of_bayes, of_factors) = (of("biases"), of("bayes"), of("svd"));
    let mut n_runs = of_biases.len() + of_bayes.len();
    let mut n = of_factors.len();
    for _ in RUNGS {
        n_runs += n;
        n = n.div_ceil(KEPT);
    }
    reporter.start("tuning", n_runs as u64, "runs");
    let found = search.run(&of_biases, &of_bayes, of_factors);
    reporter.finish();
    let Found { biases, svd, bayes } = found?;

    let settled = |t: usize| search.trials[t].params.clone().settled(search.trials[t].best_epoch);
    let best_biases = settled(biases.trial);
    let best_svd = svd.as_ref().map(|s| settled(s.trial));
    let best_bayes = bayes.as_ref().map(|b| settled(b.trial));
    // Of equal errors the model that is quicker to train.
    let with_factors = [svd, bayes].into_iter().flatten().min_by(|a, b| a.rmse.total_cmp(&b.rmse));
    let comparison =
        with_factors.as_ref().and_then(|best| evaluate::compare(&biases.model, &best.model, validation));
    let (params, verdict) = choose(&best_biases, with_factors.map(|best| settled(best.trial)), comparison);
    reporter.note(&verdict);
    Ok(Tuned { params, best_biases, best_svd, best_bayes, comparison, verdict, trials: search.trials })
}

fn choose(
    biases: &ModelParams,
    with_factors: Option<ModelParams>,
    comparison: Option<Comparison>,
) -> (ModelParams, String) {
    let (Some(factors), Some(c)) = (with_factors, comparison) else {
        return (biases.clone(), "No trial with factors finished: the model is biases only.".to_owned());
    };
    let enough = c.gain > STANDARD_ERRORS * c.standard_error && c.second < c.first * (1.0 - LEAST_GAIN);
    let figures = format!(
        "validation RMSE {:.4} with {} factors ({}), {:.4} with biases only; the squared error falls by {:.4} ± {:.4}",
        c.second,
        factors.n_factors(),
        factors.algorithm(),
        c.first,
        c.gain,
        c.standard_error
    );
    if enough {
        (factors, format!("Factors help: {figures}."))
    } else {
        (biases.clone(), format!("Factors do not help, so the model is biases only: {figures}."))
    }
}

/// The best model of a kind so far.
struct Best {
    trial: usize,
    rmse: f64,
    model: FactorModel,
}

/// The best of each kind.
struct Found {
    biases: Best,
    svd: Option<Best>,
    bayes: Option<Best>,
}

struct Search<'a> {
    train: &'a Interactions,
    validation: &'a Interactions,
    features: &'a TitleFeatures,
    seed: u64,
    began: Instant,
    limit: Option<Duration>,
    trials: Vec<Trial>,
    reporter: &'a dyn Reporter,
}

impl Search<'_> {
    fn run(
        &mut self,
        of_biases: &[usize],
        of_bayes: &[usize],
        of_factors: Vec<usize>,
    ) -> Result<Found, TuneError> {
        let mut biases = None;
        for &t in of_biases {
            if biases.is_none() || !self.is_up(RUNGS[0].1) {
                self.run_trial(t, 1.0, true, &mut biases)?;
            }
        }
        let mut bayes = None;
        for &t in of_bayes {
            if !self.is_up(RUNGS[0].1) {
                self.run_trial(t, 1.0, true, &mut bayes)?;
            }
        }
        let mut svd = None;
        let mut running = of_factors;
        for (rung, (share, until)) in RUNGS.into_iter().enumerate() {
            let last = rung + 1 == RUNGS.len();
            let mut ran = Vec::new();
            for &t in &running {
                if ran.is_empty() || !self.is_up(until) {
                    self.run_trial(t, share, last, &mut svd)?;
                    ran.push(t);
                } else if rung > 0 {
                    self.trials[t].fate = Fate::Dropped;
                }
            }
            ran.retain(|&t| self.trials[t].fate != Fate::Diverged);
            let rmse = |t: usize| self.trials[t].validation_rmse.unwrap_or(f64::INFINITY);
            ran.sort_by(|&a, &b| rmse(a).total_cmp(&rmse(b)).then(a.cmp(&b)));
            if !last {
                for dropped in ran.split_off(ran.len().div_ceil(KEPT)) {
                    self.trials[dropped].fate = Fate::Dropped;
                }
            }
            running = ran;
        }
        // The defaults of biases only are within their ranges and cannot diverge.
        let biases = biases.ok_or(TuneError::TooFewTrials(of_biases.len()))?;
        Ok(Found { biases, svd, bayes })
    }

    /// Whether the time for the part of the search that ends at `share` of the limit is up.
    fn is_up(&self, share: f64) -> bool {
        self.limit.is_some_and(|limit| self.began.elapsed() >= limit.mul_f64(share))
    }

    fn run_trial(
        &mut self,
        t: usize,
        share: f64,
        last: bool,
        best: &mut Option<Best>,
    ) -> Result<(), TuneError> {
        let trial = &mut self.trials[t];
        let mut params = trial.params.clone();
        if let ModelParams::Svd(svd) = &mut params {
            svd.n_epochs = ((svd.n_epochs as f64 * share) as usize).max(1);
            svd.early_stopping = last.then_some(PATIENCE);
        }
        trial.n_epochs = params.n_epochs();
        trial.fate = Fate::Finished;
        match train::fit(&params, self.train, self.validation, self.features, self.seed, &Silent) {
            Ok((model, history)) => {
                let at = history.epochs.get(history.best_epoch.saturating_sub(1));
                trial.best_epoch = history.best_epoch;
                trial.validation_rmse = at.and_then(|e| e.validation_rmse);
                let rmse = trial.validation_rmse.unwrap_or(f64::INFINITY);
                if last && best.as_ref().is_none_or(|b| rmse < b.rmse) {
                    *best = Some(Best { trial: t, rmse, model });
                }
            }
            Err(TrainError::Diverged { .. }) => {
                trial.fate = Fate::Diverged;
                trial.validation_rmse = None;
            }
            Err(error) => return Err(TuneError::Train(error)),
        }
        self.reporter.advance(1);
        if last {
            let rmse =
                trial.validation_rmse.map_or_else(|| "diverged".to_owned(), |r| format!("RMSE {r:.4}"));
            self.reporter.note(&format!("trial {t:>3}: {rmse}, {}", describe(&trial.params)));
        }
        Ok(())
    }
}

fn draw_trials(options: TuneOptions) -> Vec<Trial> {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut rng_of_biases = rng.clone();
    rng_of_biases.set_stream(1);
    (0..options.n_trials)
        .map(|number| {
            let params = match number {
                0 => ModelParams::Biases(BiasParams::default()),
                1 => ModelParams::Svd(SvdParams::default()),
                2 => ModelParams::Bayes(BayesParams {
                    n_sweeps: MOST_SWEEPS,
                    settle: Some(SETTLE_WITHIN),
                    ..BayesParams::default()
                }),
                n if n % BIASES_EVERY == 0 => ModelParams::Biases(draw_biases(&mut rng_of_biases)),
                _ => ModelParams::Svd(draw_svd(&mut rng)),
            };
            Trial {
                number,
                params,
                n_epochs: 0,
                best_epoch: 0,
                validation_rmse: None,
                fate: Fate::NotReached,
            }
        })
        .collect()
}

fn draw_biases(rng: &mut impl Rng) -> BiasParams {
    // Where titles differ, a little damping is best; where they do not, all of it.
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

/// Between `low` and `high`, each order of magnitude as likely as another; rounded to two digits, which
/// reads well and leaves no room for the last bit of a logarithm.
pub(crate) fn log_uniform(rng: &mut impl Rng, low: f64, high: f64) -> f64 {
    let x = low.ln() + rng.random::<f64>() * (high / low).ln();
    format!("{:.1e}", x.exp()).parse().expect("a number in scientific notation is a number")
}

/// How [`tune_and_fit`] works.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// What is held out, of all rows.
    pub shares: Shares,
    /// How it is chosen.
    pub method: Method,
    /// Of everything random: the split, the search, training, the sample of ranked users.
    pub seed: u64,
    /// Parameters that are given; a search is made where they are absent.
    pub params: Option<ModelParams>,
    /// Trials of the search.
    pub n_trials: usize,
    /// Time limit of the search.
    pub time_limit: Option<Duration>,
    /// Users whose ranks are measured at most; 0 leaves ranks out.
    pub max_ranked_users: usize,
    /// Also measure the choice on the other method's split, under names that end in the method.
    pub both_methods: bool,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            shares: Shares::default(),
            method: Method::Random,
            seed: 0,
            params: None,
            n_trials: TuneOptions::default().n_trials,
            time_limit: None,
            max_ranked_users: RankOptions::default().max_users,
            both_methods: true,
        }
    }
}

/// A model for release, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Trained on all rows with the parameters chosen.
    pub model: FactorModel,
    /// The parameters chosen.
    pub params: ModelParams,
    /// Every trial; empty where parameters were given.
    pub trials: Vec<Trial>,
    /// One sentence on whether factors help.
    pub verdict: String,
    /// Measures on the test rows, by model and measure.
    pub metrics: Table,
}

/// Holds out validation and test rows, searches on the first, measures the choice beside the baselines on the
/// second, once, and trains the choice on all rows.
///
/// Before the test, models are trained on the training and validation rows together.
///
/// # Errors
/// [`TuneError`].
pub fn tune_and_fit(
    ratings: &RatingTable,
    features: &TitleFeatures,
    n_titles: usize,
    options: &FitOptions,
    reporter: &dyn Reporter,
) -> Result<Outcome, TuneError> {
    let rows = ratings.interactions(n_titles);
    let cut_by = |method| {
        split::cut(method, &rows, ratings.timestamp(), options.shares, options.seed).map_err(TuneError::Split)
    };
    let cut = cut_by(options.method)?;
    let (params, others, trials, verdict) = if let Some(params) = &options.params {
        (params.clone(), Vec::new(), Vec::new(), "Parameters were given: no search was made.".to_owned())
    } else {
        let tune_options =
            TuneOptions { n_trials: options.n_trials, time_limit: options.time_limit, seed: options.seed };
        let split = cut.apply(&rows);
        let tuned = tune(&split.train, &split.validation, features, tune_options, reporter)?;
        let others =
            std::iter::once(tuned.best_biases).chain(tuned.best_svd).chain(tuned.best_bayes).collect();
        (tuned.params, others, tuned.trials, tuned.verdict)
    };
    let mut compared = vec![params.clone()];
    compared.extend(others.into_iter().filter(|other: &ModelParams| *other != params));
    let compared: Vec<(String, ModelParams)> =
        compared.into_iter().map(|p| (format!("{}, tuned", p.algorithm()), p)).collect();

    let ranks = RankOptions { max_users: options.max_ranked_users, seed: options.seed };
    let mut metrics =
        measure_on_test(&rows, &cut, &compared, features, options.seed, ranks, reporter)?.models;
    if options.both_methods {
        let other = match options.method {
            Method::Random => Method::Chronological,
            Method::Chronological => Method::Random,
        };
        let report =
            measure_on_test(&rows, &cut_by(other)?, &compared, features, options.seed, ranks, reporter)?;
        let suffix = match other {
            Method::Random => "random",
            Method::Chronological => "chronological",
        };
        metrics.extend(report.models.into_iter().map(|(name, m)| (format!("{name} ({suffix})"), m)));
    }
    let nothing = Interactions::default();
    let settled = params.clone().settled(params.n_epochs());
    let (model, _) = train::fit(&settled, &rows, &nothing, features, options.seed, &WithoutNotes(reporter))
        .map_err(TuneError::Train)?;
    let held_out = metrics.get(&compared[0].0).and_then(|measures| measures.get("rmse"));
    let model = match held_out {
        Some(&rmse) => train::with_noise(model, rmse),
        None => model,
    };
    Ok(Outcome { model, params, trials, verdict, metrics })
}

/// Trains each of the parameters on the rows that are not for test, and measures them, and the baselines, on
/// those that are.
///
/// # Errors
/// [`TuneError::Train`].
pub fn measure_on_test(
    rows: &Interactions,
    cut: &Cut,
    compared: &[(String, ModelParams)],
    features: &TitleFeatures,
    seed: u64,
    ranks: RankOptions,
    reporter: &dyn Reporter,
) -> Result<Report, TuneError> {
    let train = rows.select(&cut.train_and_validation());
    let test = rows.select(&cut.test);
    let nothing = Interactions::default();
    let mut models = Vec::new();
    for (name, params) in compared {
        let settled = params.clone().settled(params.n_epochs());
        let (model, _) = train::fit(&settled, &train, &nothing, features, seed, &WithoutNotes(reporter))
            .map_err(TuneError::Train)?;
        models.push((name.clone(), model));
    }
    let models: Vec<(String, &FactorModel)> = models.iter().map(|(n, m)| (n.clone(), m)).collect();
    evaluate::evaluate(&models, HeldOut { train: &train, test: &test }, ranks, reporter)
        .map_err(TuneError::Train)
}

#[cfg(test)]
mod tests {
    use artifact::Artifact;
    use catalog::UserId;

    use super::*;

    /// `n_rows` ratings `3 + bias(u) + signal · p(u)·q(i)`, rounded to half stars, each pair at most once.
    fn made_up(signal: f32, n_rows: usize) -> RatingTable {
        let (n_users, n_titles) = (150_u32, 80_u32);
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut tastes = |n: u32| -> Vec<[f32; 3]> {
            (0..n).map(|_| std::array::from_fn(|_| rng.random_range(-1.0..1.0))).collect()
        };
        let (users, titles) = (tastes(n_users), tastes(n_titles));
        let mut pairs: Vec<(u32, u32)> =
            (0..n_rows).map(|_| (rng.random_range(0..n_users), rng.random_range(0..n_titles))).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut ratings = Vec::new();
        for &(u, i) in &pairs {
            let (p, q) = (users[u as usize], titles[i as usize]);
            let noise: f32 = rng.random_range(-0.8..0.8);
            let score = 3.0 + 0.5 * p[0] + signal * (p[1] * q[1] + p[2] * q[2]) + noise;
            ratings.push(((score * 2.0).round() / 2.0).clamp(0.5, 5.0));
        }
        let mut ids: Vec<UserId> = (0..n_users).map(|u| UserId::new(&u.to_string()).unwrap()).collect();
        ids.sort();
        let offsets = (0..=n_users).map(|u| pairs.partition_point(|&(user, _)| user < u) as u64).collect();
        let titles: Vec<u32> = pairs.iter().map(|p| p.1).collect();
        let times = titles.iter().map(|t| t * 37 % 100).collect();
        RatingTable::new(ids, offsets, titles, ratings, times, n_titles as usize).unwrap()
    }

    fn few(n_trials: usize) -> FitOptions {
        FitOptions { n_trials, seed: 4, ..FitOptions::default() }
    }

    #[test]
    fn ratings_at_random_end_as_biases_only() {
        let outcome =
            tune_and_fit(&made_up(0.0, 6_000), &TitleFeatures::default(), 80, &few(15), &Silent).unwrap();
        assert_eq!(outcome.params.algorithm(), "biases", "{}", outcome.verdict);
        assert_eq!(outcome.model.n_factors(), 0);
        assert!(outcome.verdict.starts_with("Factors do not help"), "{}", outcome.verdict);
    }

    #[test]
    fn tastes_are_found_with_factors() {
        let outcome =
            tune_and_fit(&made_up(2.0, 6_000), &TitleFeatures::default(), 80, &few(15), &Silent).unwrap();
        assert_ne!(outcome.params.algorithm(), "biases", "{}", outcome.verdict);
        assert!(outcome.verdict.starts_with("Factors help"), "{}", outcome.verdict);
        let rmse = |name: &str| outcome.metrics[name]["rmse"];
        assert!(rmse("svd, tuned") < 0.85 * rmse("biases only"), "{:?}", outcome.metrics);
        assert!(rmse("bayes, tuned") < 0.85 * rmse("biases only"), "{:?}", outcome.metrics);
        assert!(rmse("biases only") < rmse("global mean"));
        assert!(outcome.metrics["svd, tuned"]["ndcg@10"] > outcome.metrics["popularity"]["ndcg@10"]);
        assert!(outcome.metrics.contains_key("svd, tuned (chronological)"));
    }

    #[test]
    fn the_same_search_twice_gives_the_same_bytes_at_any_number_of_threads() {
        let table = made_up(1.0, 2_000);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let outcome = pool
                .install(|| tune_and_fit(&table, &TitleFeatures::default(), 80, &few(8), &Silent))
                .unwrap();
            (
                outcome.model.to_bytes().unwrap(),
                serde_json::to_string(&outcome.trials).unwrap(),
                outcome.metrics,
            )
        };
        let first = run(1);
        assert_eq!(run(1), first);
        assert_eq!(run(3), first);
    }

    #[test]
    fn a_search_without_time_still_ends_with_both_kinds_compared() {
        let table = made_up(2.0, 2_000);
        let rows = table.interactions(80);
        let split = split::random(rows.len(), Shares::default(), 1).unwrap().apply(&rows);
        let options = TuneOptions { n_trials: 10, time_limit: Some(Duration::ZERO), seed: 1 };
        let tuned =
            tune(&split.train, &split.validation, &TitleFeatures::default(), options, &Silent).unwrap();
        assert!(tuned.comparison.is_some());
        assert_eq!(tuned.trials.iter().filter(|t| t.fate == Fate::NotReached).count(), 8);
        assert!(tuned.to_text().contains("not reached"));
        let json = serde_json::to_string(&tuned).unwrap();
        assert_eq!(serde_json::from_str::<Tuned>(&json).unwrap(), tuned);
    }

    #[test]
    fn a_search_needs_trials_and_rows_to_judge_by() {
        let rows = made_up(1.0, 500).interactions(80);
        let search = |n_trials, validation: &Interactions| {
            tune(
                &rows,
                validation,
                &TitleFeatures::default(),
                TuneOptions { n_trials, ..TuneOptions::default() },
                &Silent,
            )
            .unwrap_err()
        };
        assert_eq!(search(1, &rows), TuneError::TooFewTrials(1));
        assert_eq!(search(5, &Interactions::default()), TuneError::NothingToJudgeBy);
    }

    #[test]
    fn draws_are_in_range_and_short() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for _ in 0..1000 {
            let x = log_uniform(&mut rng, 0.003, 0.03);
            assert!((0.003..=0.03).contains(&x) && x.to_string().len() <= 6, "{x}");
        }
    }
}
