//! Searches for a rating model: random search with successive halving, judged on validation rows.
//!
//! Trials are drawn from the seed. Biases-only trials are cheap and always run in full; the first of them and
//! the first SVD trial have the defaults.
//!
//! One trial uses Gibbs sampling. Short runs choose its number of factors, which grows as long as each step
//! lowers the validation RMSE by at least 0.3 percent: more factors take longer to train and make larger
//! files. The chosen number is then trained until the error settles. So is the default, because short runs
//! favor larger numbers.
//!
//! SVD trials go through rungs with a ninth, a third and all of the ratings. Smaller rungs have all ratings
//! of some users, drawn at random. After each rung the better third continues (Jamieson and Talwalkar 2016,
//! with a factor of 3), starting from scratch. The trials of a rung run in parallel, except those on all
//! ratings, so that at most two full models are in memory. Every run stops early and keeps its best epoch.
//!
//! If only the number of trials is limited, the search depends only on rows, options and seed. If its minutes
//! are limited, it also depends on the machine, because a slow one tries less.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use artifact::{Fate, ModelName};
use catalog::Interactions;
use dataset::{TitleFeatures, UserSample};
use progress::Reporter;
use rayon::prelude::*;
use recommender::FactorModel;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use train::{History, ModelParams, Run, TrainError, TrainingData};

use super::trial::{SearchOptions, Trial, draw_trials, more_factors, short_run};
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
    /// The best SVD parameters, if such a trial finished.
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
                .then(b.share.total_cmp(&a.share))
                .then(rmse(a).total_cmp(&rmse(b)))
                .then(a.number.cmp(&b.number))
        });
        let mut text = String::from("trial  RMSE    ratings  epochs  fate         parameters\n");
        for trial in order {
            let rmse = trial.validation_rmse.map_or_else(|| "-".to_owned(), |r| format!("{r:.4}"));
            let _ = writeln!(
                text,
                "{:>5}  {rmse:<6}  {:>6.0}%  {:>6}  {:<11}  {}",
                trial.number,
                trial.share * 100.0,
                trial.best_epoch,
                trial.fate,
                trial.params.describe()
            );
        }
        text
    }
}

/// Share of the ratings in each rung of SVD trials, and the share of the time limit by which it ends.
const RUNGS: [(f64, f64); 3] = [(1.0 / 9.0, 0.5), (1.0 / 3.0, 0.75), (1.0, 1.0)];
/// One trial in this many continues to the next rung.
const KEPT: usize = 3;
/// Smallest number of ratings in a rung, unless it has all of them. Smaller rungs would save little time and
/// say little about the full data.
const LEAST_RATINGS: usize = 10_000;
/// Number of epochs without improvement after which an SVD trial stops.
const PATIENCE: usize = 5;
/// Maximum number of ratings in the short runs that choose the number of factors of Gibbs sampling.
const MOST_RATINGS_FOR_FACTORS: usize = 2_000_000;
/// Factors must lower the RMSE by at least this share to be worth their size, because the best of many trials
/// on the same rows looks a little better than it is.
const LEAST_GAIN: f64 = 0.001;
/// Gibbs sampling gets more factors only if they lower the RMSE of a short run by at least this share.
const LEAST_GAIN_PER_STEP: f64 = 0.003;
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
    let rungs = rungs(train.len());
    // Gibbs sampling has one short run at least, and one full run at least.
    let mut n_runs = of_biases.len() + 2 * of_bayes.len();
    let mut n = of_factors.len();
    for _ in &rungs {
        n_runs += n;
        n = n.div_ceil(KEPT);
    }
    reporter.start("tuning", n_runs as u64, "runs");
    let found = search.run(&of_biases, &of_bayes, of_factors, &rungs);
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

/// Returns the number of ratings in each rung and the share of the time limit by which it ends. The last rung
/// has all ratings.
fn rungs(n_ratings: usize) -> Vec<(usize, f64)> {
    RUNGS
        .into_iter()
        .map(|(share, until)| ((n_ratings as f64 * share) as usize, until))
        .filter(|&(n, _)| n >= LEAST_RATINGS.min(n_ratings))
        .collect()
}

/// Rows to train and judge a trial on.
struct Part<'a> {
    train: Cow<'a, Interactions>,
    validation: Cow<'a, Interactions>,
    /// Share of the training ratings.
    share: f64,
}

impl<'a> Search<'a> {
    fn run(
        &mut self,
        of_biases: &[usize],
        of_bayes: &[usize],
        of_factors: Vec<usize>,
        rungs: &[(usize, f64)],
    ) -> Result<Found, SearchError> {
        let all = self.part(usize::MAX);
        let first_ends = rungs.first().map_or(1.0, |rung| rung.1);
        let mut biases = None;
        for &t in of_biases {
            if biases.is_none() || !self.is_up(first_ends) {
                self.run_in_full(t, &all, &mut biases)?;
            }
        }
        let mut bayes = None;
        for &t in of_bayes {
            if !self.is_up(first_ends) {
                let chosen = self.choose_factors(t, first_ends)?;
                self.reporter.advance(1);
                self.run_in_full(chosen, &all, &mut bayes)?;
                // Short runs favor more factors, which learn faster but do not always end up better.
                if chosen != t && !self.is_up(first_ends) {
                    self.run_in_full(t, &all, &mut bayes)?;
                }
            }
        }
        let mut svd = None;
        let mut running = of_factors;
        for (rung, &(n_ratings, until)) in rungs.iter().enumerate() {
            if rung + 1 == rungs.len() {
                for (n, &t) in running.iter().enumerate() {
                    if n == 0 || !self.is_up(until) {
                        self.run_in_full(t, &all, &mut svd)?;
                    } else if rung > 0 {
                        self.trials[t].fate = Fate::Dropped;
                    }
                }
            } else {
                running = self.run_rung(&running, n_ratings, until)?;
            }
        }
        // The defaults of biases only are within their ranges and cannot diverge.
        let biases = biases.ok_or(SearchError::TooFewTrials(of_biases.len()))?;
        Ok(Found { biases, svd, bayes })
    }

    /// Returns whether the time is up for the part of the search that ends at `share` of the limit.
    fn is_up(&self, share: f64) -> bool {
        self.limit.is_some_and(|limit| self.began.elapsed() >= limit.mul_f64(share))
    }

    /// Returns the rows of randomly drawn users with at least `n_ratings` training ratings in total. Returns
    /// all rows if there are no more than that, or if these users have no validation rows.
    fn part(&self, n_ratings: usize) -> Part<'a> {
        let (train, validation) = (self.train, self.validation);
        let sampled = UserSample::draw(train, n_ratings, self.seed)
            .map(|sample| (sample.of(train), sample.of(validation)))
            .filter(|(_, validation)| !validation.is_empty());
        match sampled {
            Some((some, of_validation)) => Part {
                share: some.len() as f64 / train.len() as f64,
                train: Cow::Owned(some),
                validation: Cow::Owned(of_validation),
            },
            None => Part { share: 1.0, train: Cow::Borrowed(train), validation: Cow::Borrowed(validation) },
        }
    }

    /// Runs trials in parallel on about this many ratings. Drops the worse ones and returns the others, best
    /// first.
    fn run_rung(
        &mut self,
        running: &[usize],
        n_ratings: usize,
        until: f64,
    ) -> Result<Vec<usize>, SearchError> {
        let (part, nothing) = (self.part(n_ratings), TitleFeatures::default());
        let outcomes: Vec<Option<Outcome>> = running
            .par_iter()
            .enumerate()
            .map(|(n, &t)| {
                let due = n == 0 || !self.is_up(until);
                // Placing cold titles would take longer than the run itself and hardly change the order.
                let outcome = due.then(|| self.fit(&self.params_of(t), &part, &nothing)).transpose();
                self.reporter.advance(1);
                outcome
            })
            .collect::<Result<_, TrainError>>()?;
        let mut ran = Vec::new();
        for (&t, outcome) in running.iter().zip(outcomes) {
            match outcome {
                Some(outcome) => {
                    self.record(t, &outcome, part.share);
                    ran.push(t);
                }
                None if self.trials[t].n_epochs > 0 => self.trials[t].fate = Fate::Dropped,
                None => {}
            }
        }
        ran.retain(|&t| self.trials[t].fate != Fate::Diverged);
        ran.sort_by(|&a, &b| self.rmse(a).total_cmp(&self.rmse(b)).then(a.cmp(&b)));
        for dropped in ran.split_off(ran.len().div_ceil(KEPT)) {
            self.trials[dropped].fate = Fate::Dropped;
        }
        Ok(ran)
    }

    /// Chooses the number of factors of Gibbs sampling by short runs, starting from trial `t`. Adds a trial
    /// for each larger number that is tried, and returns the trial with the chosen number.
    fn choose_factors(&mut self, t: usize, until: f64) -> Result<usize, SearchError> {
        let part = self.part(MOST_RATINGS_FOR_FACTORS);
        let mut best = t;
        let mut tried = t;
        loop {
            let outcome = self.fit(&short_run(&self.trials[tried].params), &part, self.features)?;
            self.record(tried, &outcome, part.share);
            self.note(tried, "short run: ");
            if tried != t && self.rmse(tried) >= self.rmse(best) * (1.0 - LEAST_GAIN_PER_STEP) {
                self.trials[tried].fate = Fate::Dropped;
                return Ok(best);
            }
            if tried != t {
                self.trials[best].fate = Fate::Dropped;
                best = tried;
            }
            let Some(params) = more_factors(&self.trials[best].params).filter(|_| !self.is_up(until)) else {
                return Ok(best);
            };
            tried = self.trials.len();
            self.trials.push(Trial::new(tried, params));
        }
    }

    fn rmse(&self, t: usize) -> f64 {
        self.trials[t].validation_rmse.unwrap_or(f64::INFINITY)
    }

    /// Returns a trial's parameters, with early stopping for SVD.
    fn params_of(&self, t: usize) -> ModelParams {
        let mut params = self.trials[t].params.clone();
        if let ModelParams::Svd(svd) = &mut params {
            svd.early_stopping = Some(PATIENCE);
        }
        params
    }

    fn fit(
        &self,
        params: &ModelParams,
        part: &Part<'_>,
        features: &TitleFeatures,
    ) -> Result<Outcome, TrainError> {
        let data = TrainingData::new(&part.train, features).watching(&part.validation);
        let n_epochs = params.n_epochs();
        match train::fit(params, &data, &Run::silent(self.seed)) {
            Ok(fitted) => Ok(Outcome { n_epochs, fitted: Some(fitted) }),
            Err(TrainError::Diverged { .. }) => Ok(Outcome { n_epochs, fitted: None }),
            Err(error) => Err(error),
        }
    }

    fn record(&mut self, t: usize, outcome: &Outcome, share: f64) {
        let trial = &mut self.trials[t];
        trial.n_epochs = outcome.n_epochs;
        trial.share = share;
        (trial.fate, trial.validation_rmse) = match &outcome.fitted {
            Some((_, history)) => {
                trial.best_epoch = history.best_epoch;
                let at = history.epochs.get(history.best_epoch.saturating_sub(1));
                (Fate::Finished, at.and_then(|epoch| epoch.validation_rmse))
            }
            None => (Fate::Diverged, None),
        };
    }

    /// Runs a trial on all ratings, and keeps its model if it is the best.
    fn run_in_full(&mut self, t: usize, all: &Part<'_>, best: &mut Option<Best>) -> Result<(), SearchError> {
        let outcome = self.fit(&self.params_of(t), all, self.features)?;
        self.record(t, &outcome, all.share);
        let rmse = self.rmse(t);
        if let Some((model, _)) = outcome.fitted
            && best.as_ref().is_none_or(|b| rmse < b.rmse)
        {
            *best = Some(Best { trial: t, rmse, model });
        }
        self.reporter.advance(1);
        self.note(t, "");
        Ok(())
    }

    fn note(&self, t: usize, run: &str) {
        let trial = &self.trials[t];
        let rmse = trial.validation_rmse.map_or_else(|| "diverged".to_owned(), |r| format!("RMSE {r:.4}"));
        self.reporter.note(&format!("trial {t:>3}: {run}{rmse}, {}", trial.params.describe()));
    }
}

/// Result of running a trial.
struct Outcome {
    /// The maximum number of epochs.
    n_epochs: usize,
    /// The model, unless it diverged.
    fitted: Option<(FactorModel, History)>,
}

#[cfg(test)]
pub(crate) mod tests {
    use catalog::{RatingTable, UserId};
    use dataset::made_up::MadeUp;
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
    fn two_trials_are_biases_and_sampling_with_the_factors_that_short_runs_chose() {
        let rows = made_up(2.0, 4_000).interactions(80);
        let split = split::random(rows.len(), Shares::default(), 1).unwrap().apply(&rows);
        let options = SearchOptions { n_trials: 2, ..SearchOptions::default() };
        let found =
            search(&split.train, &split.validation, &TitleFeatures::default(), options, &Silent).unwrap();
        let sampled: Vec<&Trial> =
            found.trials.iter().filter(|t| t.params.algorithm() == ModelName::Bayes).collect();
        let factors: Vec<usize> = sampled.iter().map(|t| t.params.n_factors()).collect();
        assert!(factors.len() >= 2, "more factors than the default's were tried: {factors:?}");
        let finished: Vec<&&Trial> = sampled.iter().filter(|t| t.fate == Fate::Finished).collect();
        assert!(finished.len() <= 2, "the default's and those of the last step are run in full: {sampled:?}");
        let best = finished.iter().min_by(|a, b| a.validation_rmse.partial_cmp(&b.validation_rmse).unwrap());
        let best = best.expect("one number of factors is run in full");
        assert_eq!(found.best_bayes.as_ref().map(ModelParams::algorithm), Some(ModelName::Bayes));
        assert_eq!(found.params, best.params.clone().settled(best.best_epoch));
        assert_eq!(found.best_svd, None);
    }

    #[test]
    fn trials_pass_rungs_of_more_and_more_ratings() {
        assert_eq!(rungs(900_000), [(100_000, 0.5), (300_000, 0.75), (900_000, 1.0)]);
        assert_eq!(rungs(60_000), [(20_000, 0.75), (60_000, 1.0)]);
        assert_eq!((rungs(20_000), rungs(50)), (vec![(20_000, 1.0)], vec![(50, 1.0)]));

        let rows = MadeUp { n_users: 500, n_titles: 300, ..MadeUp::default() }.rows();
        let split = split::random(rows.len(), Shares::default(), 1).unwrap().apply(&rows);
        let n_rungs = rungs(split.train.len()).len();
        assert!(n_rungs > 1, "{} ratings are enough for more than one rung", split.train.len());
        let options = SearchOptions { n_trials: 12, ..SearchOptions::default() };
        let found =
            search(&split.train, &split.validation, &TitleFeatures::default(), options, &Silent).unwrap();
        let svd = |fate: Fate| -> Vec<&Trial> {
            let of = |t: &&Trial| t.params.algorithm() == ModelName::Svd && t.fate == fate;
            found.trials.iter().filter(of).collect()
        };
        let (finished, dropped) = (svd(Fate::Finished), svd(Fate::Dropped));
        assert_eq!((finished.len(), dropped.len()), (3, 5));
        assert!(finished.iter().all(|t| t.share > 0.999));
        assert!(dropped.iter().all(|t| (0.3..0.5).contains(&t.share)));
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
