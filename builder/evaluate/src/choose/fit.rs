//! Makes a rating model from ratings: holds rows out, chooses parameters, measures, trains.

use std::time::Duration;

use artifact::{HeldOut, Measured};
use catalog::{Interactions, RatingTable};
use dataset::TitleFeatures;
use dataset::split::{self, Cut, Method, Shares, SplitError};
use progress::{Reporter, WithoutNotes};
use recommender::FactorModel;
use thiserror::Error;
use train::{ModelParams, Run, TrainError, TrainingData};

use super::rating::{SearchError, search};
use super::trial::{SearchOptions, Trial};
use crate::{Candidate, ListOptions, Measures, Origin, Report, TestRows, evaluate};

/// Reason why rows could not be held out, searched or trained on.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    /// Rows could not be split.
    #[error("cannot hold ratings out")]
    Split(#[from] SplitError),
    /// There are too few rows to hold any out.
    #[error(
        "{n} ratings are too few: a share of {share} of them is held out, which is less than one; at least \
         {needed} ratings are needed"
    )]
    TooFew {
        /// Number of ratings.
        n: usize,
        /// The smallest share that is held out.
        share: f64,
        /// The smallest number of ratings of which that share is one.
        needed: usize,
    },
    /// There are no rows to measure on.
    #[error("there are no held-out ratings to measure on; hold some out")]
    NothingHeldOut,
    /// The search failed.
    #[error("cannot search for parameters")]
    Search(#[from] SearchError),
    /// Training failed.
    #[error("cannot train")]
    Train(#[from] TrainError),
}

/// Options of [`fit_rating_model`].
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// Shares held out of all rows.
    pub shares: Shares,
    /// Method of holding out rows.
    pub method: Method,
    /// Seed for all random choices: the split, the search, training, the sample of ranked users.
    pub seed: u64,
    /// Parameters to use; a search chooses them if they are not given.
    pub params: Option<ModelParams>,
    /// Number of trials of the search.
    pub n_trials: usize,
    /// Time limit of the search.
    pub time_limit: Option<Duration>,
    /// Maximum number of users whose lists are measured; 0 leaves lists out.
    pub max_ranked_users: usize,
    /// Whether to measure the choice also on ratings held out by the other method.
    pub both_methods: bool,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            shares: Shares::default(),
            method: Method::Random,
            seed: 0,
            params: None,
            n_trials: SearchOptions::default().n_trials,
            time_limit: None,
            max_ranked_users: ListOptions::default().max_users,
            both_methods: true,
        }
    }
}

/// Rating model for a release, and how it was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedModel {
    /// The model, trained on all rows with the chosen parameters.
    pub model: FactorModel,
    /// The parameters chosen.
    pub params: ModelParams,
    /// Where they come from.
    pub origin: Origin,
    /// Every trial; empty if parameters were given.
    pub trials: Vec<Trial>,
    /// One sentence on whether factors help.
    pub verdict: String,
    /// Measures on the test rows, of the choice and of the models it is compared with.
    pub measured: Vec<Measured>,
}

/// Parameters that were chosen or given, with their measures on test rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The parameters.
    pub params: ModelParams,
    /// Where they come from.
    pub origin: Origin,
    /// Every trial; empty if parameters were given.
    pub trials: Vec<Trial>,
    /// One sentence on whether factors help.
    pub verdict: String,
    /// Measures on the test rows, of the choice and of the models it is compared with.
    pub measured: Vec<Measured>,
    /// RMSE of the choice on the test rows, if there are any.
    pub test_rmse: Option<f64>,
}

/// Holds out validation and test rows, searches on the validation rows, measures the choice and the baselines
/// once on the test rows, and trains the choice on all rows.
///
/// Models that are measured on test rows are trained on training and validation rows together.
///
/// # Errors
/// Returns [`FitError`] if a step fails.
pub fn fit_rating_model(
    ratings: &RatingTable,
    features: &TitleFeatures,
    n_titles: usize,
    options: &FitOptions,
    reporter: &dyn Reporter,
) -> Result<FittedModel, FitError> {
    let rows = ratings.interactions(n_titles);
    let chosen = choose(&rows, ratings.timestamp(), features, options, reporter)?;
    let settled = chosen.params.clone().settled(chosen.params.n_epochs());
    let quiet = WithoutNotes(reporter);
    let data = TrainingData::new(&rows, features);
    let (model, _) = train::fit(&settled, &data, &Run::new(options.seed, &quiet))?;
    Ok(chosen.with_model(model)?)
}

impl Chosen {
    /// Combines the choice with a model that was trained on all rows with its parameters, and sets the
    /// model's noise from the test rows.
    ///
    /// # Errors
    /// Returns [`TrainError::InvalidModel`] if the error on the test rows is too large for a model.
    pub fn with_model(self, model: FactorModel) -> Result<FittedModel, TrainError> {
        let Self { params, origin, trials, verdict, measured, test_rmse } = self;
        let model = match test_rmse {
            Some(rmse) => train::with_noise(model, rmse)?,
            None => model,
        };
        Ok(FittedModel { model, params, origin, trials, verdict, measured })
    }
}

/// Chooses parameters, unless they are given, and measures them and the baselines once on test rows; see
/// [`fit_rating_model`].
///
/// # Errors
/// Returns [`FitError`] if a step fails.
pub fn choose(
    rows: &Interactions,
    timestamp: &[u32],
    features: &TitleFeatures,
    options: &FitOptions,
    reporter: &dyn Reporter,
) -> Result<Chosen, FitError> {
    let cut_by = |method| split::cut(method, rows, timestamp, options.shares, options.seed);
    let cut = cut_by(options.method)?;
    check_size(rows.len(), options.shares)?;
    let Choice { params, origin, others, trials, verdict } = decide(rows, &cut, features, options, reporter)?;
    let choice = Candidate { model: params.algorithm(), parameters: origin };
    let mut compared = vec![(choice, params.clone())];
    compared.extend(
        others
            .into_iter()
            .filter(|other| *other != params)
            .map(|other| (Candidate { model: other.algorithm(), parameters: Origin::Tuned }, other)),
    );

    let lists = ListOptions { max_users: options.max_ranked_users, seed: options.seed };
    let mut measured = Vec::new();
    let mut test_rmse = None;
    let has_times = timestamp.iter().any(|&time| time > 0);
    for method in methods(options) {
        if method == Method::Chronological && !has_times {
            reporter.note("nothing is measured on the latest ratings, because the ratings have no times");
            continue;
        }
        let cut = if method == options.method { &cut } else { &cut_by(method)? };
        if method != options.method && cut.test.is_empty() {
            reporter.note("nothing is measured on the latest ratings, because no user has enough of them");
            continue;
        }
        let report = measure_on_test(rows, cut, &compared, features, options.seed, lists, reporter)?;
        if method == options.method {
            test_rmse = report.measures(choice).and_then(|m| m.get("rmse").copied());
        }
        measured
            .extend(report.models.into_iter().map(|row| as_measured(row.candidate, method, row.measures)));
    }
    Ok(Chosen { params, origin, trials, verdict, measured, test_rmse })
}

/// Returns an error if a share of this many rows is less than one row.
fn check_size(n: usize, shares: Shares) -> Result<(), FitError> {
    let share = [shares.validation, shares.test].into_iter().filter(|&s| s > 0.0).fold(1.0, f64::min);
    let needed = (1.0 / share).ceil() as usize;
    if n < needed { Err(FitError::TooFew { n, share, needed }) } else { Ok(()) }
}

fn methods(options: &FitOptions) -> Vec<Method> {
    let other = match options.method {
        Method::Random => Method::Chronological,
        Method::Chronological => Method::Random,
    };
    if options.both_methods { vec![options.method, other] } else { vec![options.method] }
}

fn as_measured(candidate: Candidate, method: Method, measures: Measures) -> Measured {
    let held_out = match method {
        Method::Random => HeldOut::Random,
        Method::Chronological => HeldOut::Chronological,
    };
    Measured { model: candidate.model, held_out, tuned: candidate.parameters == Origin::Tuned, measures }
}

/// Parameters to train with, and those to compare them with.
struct Choice {
    params: ModelParams,
    origin: Origin,
    others: Vec<ModelParams>,
    trials: Vec<Trial>,
    verdict: String,
}

fn decide(
    rows: &Interactions,
    cut: &Cut,
    features: &TitleFeatures,
    options: &FitOptions,
    reporter: &dyn Reporter,
) -> Result<Choice, FitError> {
    if let Some(params) = &options.params {
        return Ok(Choice {
            params: params.clone(),
            origin: Origin::Given,
            others: Vec::new(),
            trials: Vec::new(),
            verdict: "The parameters were given, so there was no search.".to_owned(),
        });
    }
    let search_options =
        SearchOptions { n_trials: options.n_trials, time_limit: options.time_limit, seed: options.seed };
    let split = cut.apply(rows);
    let found = search(&split.train, &split.validation, features, search_options, reporter)?;
    Ok(Choice {
        params: found.params,
        origin: Origin::Tuned,
        others: std::iter::once(found.best_biases).chain(found.best_svd).chain(found.best_bayes).collect(),
        trials: found.trials,
        verdict: found.verdict,
    })
}

/// Trains each of the parameters on the rows that are not for test, and measures them and the baselines on
/// the test rows.
///
/// # Errors
/// Returns [`TrainError`] if training fails.
pub fn measure_on_test(
    rows: &Interactions,
    cut: &Cut,
    compared: &[(Candidate, ModelParams)],
    features: &TitleFeatures,
    seed: u64,
    lists: ListOptions,
    reporter: &dyn Reporter,
) -> Result<Report, TrainError> {
    let train = rows.select(&cut.train_and_validation());
    let test = rows.select(&cut.test);
    let quiet = WithoutNotes(reporter);
    let mut models = Vec::new();
    for (candidate, params) in compared {
        let settled = params.clone().settled(params.n_epochs());
        let data = TrainingData::new(&train, features);
        let (model, _) = train::fit(&settled, &data, &Run::new(seed, &quiet))?;
        models.push((*candidate, model));
    }
    let models: Vec<(Candidate, &FactorModel)> = models.iter().map(|(c, model)| (*c, model)).collect();
    evaluate(&models, TestRows { train: &train, test: &test }, lists, reporter)
}

#[cfg(test)]
mod tests {
    use artifact::{Artifact as _, ModelName};
    use progress::Silent;

    use super::*;
    use crate::choose::rating::tests::made_up;

    fn few(n_trials: usize) -> FitOptions {
        FitOptions { n_trials, seed: 4, ..FitOptions::default() }
    }

    fn fitted(signal: f32, n_rows: usize, options: &FitOptions) -> FittedModel {
        fit_rating_model(&made_up(signal, n_rows), &TitleFeatures::default(), 80, options, &Silent).unwrap()
    }

    fn measures(fitted: &FittedModel, model: ModelName, tuned: bool, held_out: HeldOut) -> &Measures {
        let found =
            fitted.measured.iter().find(|m| (m.model, m.tuned, m.held_out) == (model, tuned, held_out));
        &found.unwrap_or_else(|| panic!("no {model} in {:?}", fitted.measured)).measures
    }

    #[test]
    fn random_ratings_give_biases_only() {
        let fitted = fitted(0.0, 6_000, &few(15));
        assert_eq!(fitted.params.algorithm(), ModelName::Biases, "{}", fitted.verdict);
        assert_eq!(fitted.model.n_factors(), 0);
        assert!(fitted.verdict.starts_with("Factors do not help"), "{}", fitted.verdict);
    }

    #[test]
    fn tastes_are_found_with_factors() {
        let fitted = fitted(2.0, 6_000, &few(15));
        assert_ne!(fitted.params.algorithm(), ModelName::Biases, "{}", fitted.verdict);
        assert!(fitted.verdict.starts_with("Factors help"), "{}", fitted.verdict);
        let of = |model, tuned| measures(&fitted, model, tuned, HeldOut::Random);
        let biases = of(ModelName::Biases, false)["rmse"];
        assert!(of(ModelName::Svd, true)["rmse"] < 0.85 * biases, "{:?}", fitted.measured);
        assert!(of(ModelName::Bayes, true)["rmse"] < 0.85 * biases, "{:?}", fitted.measured);
        assert!(biases < of(ModelName::GlobalMean, false)["rmse"]);
        assert!(of(ModelName::Svd, true)["ndcg@10"] > of(ModelName::Popularity, false)["ndcg@10"]);
        assert!(measures(&fitted, ModelName::Svd, true, HeldOut::Chronological).contains_key("rmse"));
    }

    #[test]
    fn nothing_is_called_tuned_without_a_search() {
        let options = FitOptions {
            params: Some(ModelParams::Biases(train::BiasParams { user_damping: 3.0, ..Default::default() })),
            ..few(15)
        };
        let fitted = fitted(1.0, 1_000, &options);
        assert_eq!((fitted.origin, fitted.trials.len()), (Origin::Given, 0));
        assert!(fitted.measured.iter().all(|m| !m.tuned), "{:?}", fitted.measured);
    }

    #[test]
    fn a_repeated_search_gives_the_same_bytes_with_any_number_of_threads() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let fitted = pool.install(|| fitted(1.0, 2_000, &few(8)));
            (
                fitted.model.to_bytes().unwrap(),
                serde_json::to_string(&fitted.trials).unwrap(),
                fitted.measured,
            )
        };
        let first = run(1);
        assert_eq!(run(1), first);
        assert_eq!(run(3), first);
    }
}
