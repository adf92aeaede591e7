//! Searches for a rating model: random search with successive halving, judged on validation rows.
//!
//! Trials are drawn from the seed. Biases-only trials are cheap and always run in full; the first of them and
//! the first trial of descent have the defaults. One trial is Gibbs sampling, which tunes itself and runs
//! until its error settles. Trials of descent pass rungs of a quarter, a half and all of their epochs, and
//! after each rung the better third continues (Jamieson and Talwalkar 2016, with a factor of 3). A trial that
//! continues starts from scratch, so that no more than two models are in memory. The last rung stops early
//! and keeps its best epoch.
//!
//! If only the number of trials is limited, the search depends only on rows, options and seed. If its minutes
//! are limited, it also depends on the machine, because a slow one tries less.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use artifact::{Fate, ModelName};
use catalog::Interactions;
use dataset::TitleFeatures;
use progress::Reporter;
use recommender::FactorModel;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use train::{ModelParams, Run, TrainError, TrainingData};

use super::trial::{SearchOptions, Trial, draw_trials};
use crate::errors::{Comparison, compare};

/// Reason why a search failed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SearchError {
    /// The search has too few trials.
    #[error("the search has too few trials ({0}); it needs at least 2, one with factors and one without")]
    TooFewTrials(usize),
    /// There are no rows to judge trials by.
    #[error("there are no validation ratings to judge trials by; hold some out")]
    NothingToJudgeBy,
    /// Rows or parameters that cannot be trained on.
    #[error("cannot train")]
    Train(#[from] TrainError),
}

/// Result of the search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    /// The parameters chosen, with the number of epochs that was best.
    pub params: ModelParams,
    /// The best biases-only parameters.
    pub best_biases: ModelParams,
    /// The best parameters of descent, if such a trial finished.
    pub best_svd: Option<ModelParams>,
    /// Gibbs sampling, with the number of sweeps after which its error had settled, if there was time for it.
    pub best_bayes: Option<ModelParams>,
    /// Biases only (first) against factors (second), on the validation rows.
    pub comparison: Option<Comparison>,
    /// One sentence on whether factors help.
    pub verdict: String,
    /// Every trial, by number.
    pub trials: Vec<Trial>,
}

impl Searched {
    /// Formats the trials as aligned text, best first; those that did not finish come last.
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
            let _ = writeln!(
                text,
                "{:>5}  {rmse:<6}  {:>6}  {:<11}  {}",
                trial.number,
                trial.best_epoch,
                trial.fate,
                trial.params.describe()
            );
        }
        text
    }
}

/// Share of the epochs for each rung, and share of the time by which it ends.
const RUNGS: [(f64, f64); 3] = [(0.25, 0.5), (0.5, 0.75), (1.0, 1.0)];
/// One trial in this many continues to the next rung.
const KEPT: usize = 3;
/// Number of epochs without improvement that end a trial in the last rung.
const PATIENCE: usize = 5;
/// Factors must lower the RMSE by at least this share to be worth their size, because the best of many trials
/// on the same rows looks a little better than it is.
const LEAST_GAIN: f64 = 0.001;
/// Factors must also lower the squared error by this many standard errors.
const STANDARD_ERRORS: f64 = 2.0;

/// Searches for the parameters that predict `validation` best after training on `train`.
///
/// Factors are chosen only if they lower the squared error on the validation rows by more than two
/// standard errors and the RMSE by at least a thousandth; otherwise biases only.
///
/// # Errors
/// Returns [`SearchError`] if the search cannot run.
pub fn search(
    train: &Interactions,
    validation: &Interactions,
    features: &TitleFeatures,
    options: SearchOptions,
    reporter: &dyn Reporter,
) -> Result<Searched, SearchError> {
    if options.n_trials < 2 {
        return Err(SearchError::TooFewTrials(options.n_trials));
    }
    if validation.is_empty() {
        return Err(SearchError::NothingToJudgeBy);
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
    let of = |algorithm: ModelName| -> Vec<usize> {
        (0..options.n_trials).filter(|&t| search.trials[t].params.algorithm() == algorithm).collect()
    };
    let (of_biases, of_bayes, of_factors) = (of(ModelName::Biases), of(ModelName::Bayes), of(ModelName::Svd));
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
    // If errors are equal, take the model that is quicker to train.
    let with_factors = [svd, bayes].into_iter().flatten().min_by(|a, b| a.rmse.total_cmp(&b.rmse));
    let comparison = with_factors.as_ref().and_then(|best| compare(&biases.model, &best.model, validation));
    let (params, verdict) = choose(&best_biases, with_factors.map(|best| settled(best.trial)), comparison);
    reporter.note(&verdict);
    Ok(Searched { params, best_biases, best_svd, best_bayes, comparison, verdict, trials: search.trials })
}

fn choose(
    biases: &ModelParams,
    with_factors: Option<ModelParams>,
    comparison: Option<Comparison>,
) -> (ModelParams, String) {
    let (Some(factors), Some(c)) = (with_factors, comparison) else {
        return (biases.clone(), "No trial with factors finished, so the model is biases only.".to_owned());
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

/// Best model of a kind so far.
struct Best {
    trial: usize,
    rmse: f64,
    model: FactorModel,
}

/// Best models of each kind.
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
    ) -> Result<Found, SearchError> {
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
        let biases = biases.ok_or(SearchError::TooFewTrials(of_biases.len()))?;
        Ok(Found { biases, svd, bayes })
    }

    /// Returns whether the time is up for the part of the search that ends at `share` of the limit.
    fn is_up(&self, share: f64) -> bool {
        self.limit.is_some_and(|limit| self.began.elapsed() >= limit.mul_f64(share))
    }

    fn run_trial(
        &mut self,
        t: usize,
        share: f64,
        last: bool,
        best: &mut Option<Best>,
    ) -> Result<(), SearchError> {
        let trial = &mut self.trials[t];
        let mut params = trial.params.clone();
        if let ModelParams::Svd(svd) = &mut params {
            svd.n_epochs = ((svd.n_epochs as f64 * share) as usize).max(1);
            svd.early_stopping = last.then_some(PATIENCE);
        }
        trial.n_epochs = params.n_epochs();
        trial.fate = Fate::Finished;
        let data = TrainingData::new(self.train, self.features).watching(self.validation);
        match train::fit(&params, &data, &Run::silent(self.seed)) {
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
            Err(error) => return Err(error.into()),
        }
        self.reporter.advance(1);
        if last {
            let rmse =
                trial.validation_rmse.map_or_else(|| "diverged".to_owned(), |r| format!("RMSE {r:.4}"));
            self.reporter.note(&format!("trial {t:>3}: {rmse}, {}", trial.params.describe()));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use catalog::{RatingTable, UserId};
    use dataset::split::{self, Shares};
    use progress::Silent;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Generates `n_rows` ratings `3 + bias(u) + signal · p(u)·q(i)`, rounded to half stars, each pair at
    /// most once.
    pub(crate) fn made_up(signal: f32, n_rows: usize) -> RatingTable {
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

    #[test]
    fn a_search_without_time_still_ends_with_both_kinds_compared() {
        let table = made_up(2.0, 2_000);
        let rows = table.interactions(80);
        let split = split::random(rows.len(), Shares::default(), 1).unwrap().apply(&rows);
        let options = SearchOptions { n_trials: 10, time_limit: Some(Duration::ZERO), seed: 1 };
        let tuned =
            search(&split.train, &split.validation, &TitleFeatures::default(), options, &Silent).unwrap();
        assert!(tuned.comparison.is_some());
        assert_eq!(tuned.trials.iter().filter(|t| t.fate == Fate::NotReached).count(), 8);
        assert!(tuned.to_text().contains("not-reached"));
        let json = serde_json::to_string(&tuned).unwrap();
        assert_eq!(serde_json::from_str::<Searched>(&json).unwrap(), tuned);
    }

    #[test]
    fn a_search_needs_trials_and_rows_to_judge_by() {
        let rows = made_up(1.0, 500).interactions(80);
        let refused = |n_trials, validation: &Interactions| {
            let options = SearchOptions { n_trials, ..SearchOptions::default() };
            search(&rows, validation, &TitleFeatures::default(), options, &Silent).unwrap_err()
        };
        assert_eq!(refused(1, &rows), SearchError::TooFewTrials(1));
        assert_eq!(refused(5, &Interactions::default()), SearchError::NothingToJudgeBy);
    }
}
