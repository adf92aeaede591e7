//! Trainers. Each ends as one [`FactorModel`]; serving knows nothing else.
//!
//! [`fit`] trains what [`ModelParams`] names: [`bayes`] (Gibbs sampling), [`svd`] (stochastic gradient descent) or
//! [`biases`] alone. [`ials`] trains a model that ranks and does not predict ratings.
//! Users without a training row have bias 0 and factors 0, so that a prediction for them falls back on what is known:
//! the global mean and the title's bias. Titles without one get a place by their features (`cold`), or bias 0 and
//! factors 0 where nothing is known of them either.

pub mod bayes;
pub mod biases;
mod cold;
mod grid;
mod grouped;
pub mod ials;
mod kernel;
mod rows;
pub mod svd;

use std::path::PathBuf;

use catalog::{Interactions, RATING_MAX, RATING_MIN, RatingTable};
use recommender::{FactorModel, UserPrior};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Reporter;
use crate::features::TitleFeatures;
pub use bayes::{BayesParams, Watch};
pub use biases::BiasParams;
pub use ials::IalsParams;
pub use rows::Rows;
use rows::TableRows;
pub use svd::SvdParams;

/// Why no model came of it.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TrainError {
    /// No rows.
    #[error("there is no rating to train on")]
    Empty,
    /// Columns of different lengths, a position out of range, a rating that is no number.
    #[error("row {row} of the {set} ratings: {problem}")]
    Row {
        /// Which rows: `training` or `validation`.
        set: &'static str,
        /// Position, from 0.
        row: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A parameter out of its range.
    #[error("{name} is {value}; it must be {range}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// The parameters grew beyond all bounds.
    #[error("training diverged in epoch {epoch}; try a lower learning rate than {learning_rate}")]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The learning rate it was given.
        learning_rate: f64,
    },
    /// Early stopping was asked for and there is nothing to stop by.
    #[error("early stopping needs validation ratings, and there are none; hold some out or leave it off")]
    NothingToStopBy,
    /// A file that a run is kept in.
    #[error("checkpoint {}: {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The caller asked for it.
    #[error("stopped after sweep {sweep}; the same command goes on from the checkpoint")]
    Stopped {
        /// Sweeps done.
        sweep: usize,
    },
    /// What was trained is no model.
    #[error("training ended in no sound model: {0}")]
    Unsound(String),
}

/// What trains a model, and with which parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "kebab-case")]
pub enum ModelParams {
    /// Biases only, by alternating least squares.
    Biases(BiasParams),
    /// Biased matrix factorisation by stochastic gradient descent.
    Svd(SvdParams),
    /// Biased matrix factorisation by Gibbs sampling.
    Bayes(BayesParams),
}

impl Default for ModelParams {
    fn default() -> Self {
        Self::Svd(SvdParams::default())
    }
}

impl ModelParams {
    /// `biases`, `svd` or `bayes`.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Biases(_) => "biases",
            Self::Svd(_) => "svd",
            Self::Bayes(_) => "bayes",
        }
    }

    /// Factors a user or title; 0 for biases only.
    pub fn n_factors(&self) -> usize {
        match self {
            Self::Biases(_) => 0,
            Self::Svd(svd) => svd.n_factors,
            Self::Bayes(bayes) => bayes.n_served,
        }
    }

    /// Passes over the rows, at most.
    pub fn n_epochs(&self) -> usize {
        match self {
            Self::Biases(biases) => biases.n_epochs,
            Self::Svd(svd) => svd.n_epochs,
            Self::Bayes(bayes) => bayes.n_sweeps,
        }
    }

    /// The same with another number of passes.
    #[must_use]
    pub fn with_n_epochs(mut self, n_epochs: usize) -> Self {
        match &mut self {
            Self::Biases(biases) => biases.n_epochs = n_epochs,
            Self::Svd(svd) => svd.n_epochs = n_epochs,
            Self::Bayes(bayes) => {
                bayes.n_sweeps = n_epochs;
                bayes.burn_in = bayes.burn_in.min(n_epochs.saturating_sub(1));
            }
        }
        self
    }

    /// For a last training on all rows: exactly `n_epochs`, and no early stopping, since nothing is held
    /// out any more.
    #[must_use]
    pub fn settled(self, n_epochs: usize) -> Self {
        let mut settled = self.with_n_epochs(n_epochs);
        match &mut settled {
            Self::Biases(_) => {}
            Self::Svd(svd) => svd.early_stopping = None,
            Self::Bayes(bayes) => bayes.settle = None,
        }
        settled
    }
}

/// One pass over the training rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Root mean squared error on the training rows, each error taken as the row is visited, not clipped.
    pub train_rmse: f64,
    /// Root mean squared error on the validation rows after the pass, clipped; `None` where there are none.
    pub validation_rmse: Option<f64>,
}

/// How training went.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Every pass, in order.
    pub epochs: Vec<Epoch>,
    /// How many passes the model has seen: all of them, or as many as were best on the validation rows
    /// where early stopping was on.
    pub best_epoch: usize,
}

/// Trains a model. Its noise variance is the squared RMSE on the validation rows, or on the training rows where
/// there are none; its prior of users is their mean and covariance. `validation` may be empty; it is watched, and stops training where early stopping is on.
///
/// The result depends on the rows, their order, the parameters and the seed alone, not on threads.
///
/// # Errors
/// [`TrainError`]: no rows, rows or parameters out of range, or divergence.
pub fn fit(
    params: &ModelParams,
    train: &Interactions,
    validation: &Interactions,
    features: &TitleFeatures,
    seed: u64,
    reporter: &dyn Reporter,
) -> Result<(FactorModel, History), TrainError> {
    fit_watched(params, train, validation, features, seed, Watch::default(), reporter)
}

/// The same, for a run that may be stopped and go on; only [`bayes`] keeps checkpoints, the others are quick.
///
/// # Errors
/// [`TrainError`].
pub fn fit_watched(
    params: &ModelParams,
    train: &Interactions,
    validation: &Interactions,
    features: &TitleFeatures,
    seed: u64,
    watch: Watch<'_>,
    reporter: &dyn Reporter,
) -> Result<(FactorModel, History), TrainError> {
    let (model, history) = match params {
        ModelParams::Bayes(params) => bayes::fit(params, train, validation, features, seed, watch, reporter),
        ModelParams::Biases(params) => biases::fit(params, train, validation, reporter),
        ModelParams::Svd(params) => svd::fit(params, train, validation, seed, reporter),
    }?;
    Ok(finished(&model, history, train, features))
}

/// Trains a model on all ratings of a table whose titles are `n_titles`, with nothing held out: the same bytes as
/// [`fit`] gives on [`RatingTable::interactions`]. [`svd`] reads the table as it stands, and then needs 8 bytes a
/// rating beside it.
///
/// # Errors
/// [`TrainError`]: no ratings, a title or parameters out of range, or divergence.
pub fn fit_table(
    params: &ModelParams,
    ratings: &RatingTable,
    n_titles: usize,
    features: &TitleFeatures,
    seed: u64,
    reporter: &dyn Reporter,
) -> Result<(FactorModel, History), TrainError> {
    let nothing = Interactions::default();
    match params {
        ModelParams::Svd(params) => {
            let rows = TableRows { ratings, n_titles };
            let (model, history) = svd::fit(params, &rows, &nothing, seed, reporter)?;
            Ok(finished(&model, history, &rows, features))
        }
        ModelParams::Biases(_) | ModelParams::Bayes(_) => {
            fit(params, &ratings.interactions(n_titles), &nothing, features, seed, reporter)
        }
    }
}

/// Gives a model a place for cold titles, its noise variance and its prior; see [`fit`].
fn finished(
    model: &FactorModel,
    history: History,
    train: &impl Rows,
    features: &TitleFeatures,
) -> (FactorModel, History) {
    let mut of_users = vec![0; train.n_users()];
    let mut of_titles = vec![0; train.n_titles()];
    train.for_each(|user, title, _| {
        of_users[user as usize] += 1;
        of_titles[title as usize] += 1;
    });
    let last = history.epochs.get(history.best_epoch.saturating_sub(1));
    let rmse = last.map_or(1.0, |epoch| epoch.validation_rmse.unwrap_or(epoch.train_rmse));
    let model = with_users_as_prior(with_cold_titles(model, &of_titles, features), &of_users);
    (with_noise(model, rmse), history)
}

/// Ratings at which a title counts half in what is learnt for those without.
const HALF_WEIGHT: f32 = 100.0;

/// The model with a place for the titles that have no rating, where features tell of them.
fn with_cold_titles(model: &FactorModel, n_ratings: &[u32], features: &TitleFeatures) -> FactorModel {
    let mut parts = model.clone().into_parts();
    cold::place(&mut parts.item_bias, &mut parts.item_factors, n_ratings, features, HALF_WEIGHT);
    FactorModel::new(parts).expect("sums of finite numbers that were shrunk are finite")
}

/// The model with the mean and covariance of the users it was trained on as prior. `n_ratings` has one entry a user.
fn with_users_as_prior(model: FactorModel, n_ratings: &[u32]) -> FactorModel {
    let trained = || (0..model.n_users()).filter(|&user| n_ratings[user] > 0);
    let bias: Vec<f32> = trained().map(|user| model.user_bias()[user]).collect();
    let factors: Vec<f32> = trained().flat_map(|user| model.user_vector(user)).copied().collect();
    let prior = UserPrior::of_users(&bias, &factors, model.n_factors()).expect("a model's parts are finite");
    model.with_user_prior(prior).expect("the prior is of the same factors")
}

/// The model with the square of an RMSE as its noise variance; a perfect fit still leaves a little.
pub(crate) fn with_noise(model: FactorModel, rmse: f64) -> FactorModel {
    const LEAST: f64 = 1e-4;
    model.with_noise_variance((rmse * rmse).max(LEAST) as f32).expect("an RMSE is finite")
}

/// The range predictions are clipped to: that of the ratings seen, or the whole scale from
/// [`RATING_MIN`] to [`RATING_MAX`] where they are all the same.
pub fn scale_of(rows: &impl Rows) -> (f32, f32) {
    let low = rows.rating().iter().copied().fold(f32::INFINITY, f32::min);
    let high = rows.rating().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if low < high { (low, high) } else { (RATING_MIN.min(low), RATING_MAX.max(high)) }
}

/// μ, summed in the order of the rows; 0 where there are none.
pub fn global_mean(rows: &impl Rows) -> f32 {
    let rating = rows.rating();
    if rating.is_empty() {
        return 0.0;
    }
    (rating.iter().map(|&r| f64::from(r)).sum::<f64>() / rating.len() as f64) as f32
}

fn check_rows(set: &'static str, rows: &Interactions) -> Result<(), TrainError> {
    let refuse = |row, problem| Err(TrainError::Row { set, row, problem });
    let n = rows.len();
    if rows.user_idx.len() != n || rows.title_idx.len() != n {
        return refuse(n.min(rows.user_idx.len()).min(rows.title_idx.len()), "the columns differ in length");
    }
    if let Some(row) = rows.user_idx.iter().position(|&u| u as usize >= rows.n_users) {
        return refuse(row, "the user position is out of range");
    }
    if let Some(row) = rows.title_idx.iter().position(|&t| t as usize >= rows.n_titles) {
        return refuse(row, "the title position is out of range");
    }
    if let Some(row) = rows.rating.iter().position(|r| !r.is_finite()) {
        return refuse(row, "the rating is not a finite number");
    }
    Ok(())
}

/// Both sets are sound, the first has rows, and both speak of the same users and titles.
fn check_sets(train: &impl Rows, validation: &Interactions) -> Result<(), TrainError> {
    train.check("training")?;
    if train.rating().is_empty() {
        return Err(TrainError::Empty);
    }
    check_rows("validation", validation)?;
    let beyond = validation.n_users > train.n_users() || validation.n_titles > train.n_titles();
    if !validation.is_empty() && beyond {
        return Err(TrainError::Row {
            set: "validation",
            row: 0,
            problem: "more users or titles than the training ratings speak of",
        });
    }
    Ok(())
}

fn check_parameter(
    name: &'static str,
    value: f64,
    holds: bool,
    range: &'static str,
) -> Result<(), TrainError> {
    if holds { Ok(()) } else { Err(TrainError::Parameter { name, value, range }) }
}

#[cfg(test)]
mod tests {
    use artifact::Artifact as _;
    use catalog::UserId;

    use super::*;
    use crate::Silent;

    fn rows(triples: &[(u32, u32, f32)]) -> Interactions {
        Interactions {
            n_users: 2,
            n_titles: 2,
            user_idx: triples.iter().map(|t| t.0).collect(),
            title_idx: triples.iter().map(|t| t.1).collect(),
            rating: triples.iter().map(|t| t.2).collect(),
        }
    }

    #[test]
    fn unsound_rows_are_refused_by_every_trainer() {
        let good = rows(&[(0, 0, 3.0), (1, 1, 4.0)]);
        let mut uneven = good.clone();
        uneven.title_idx.pop();
        let bad = [
            (rows(&[]), TrainError::Empty),
            (
                rows(&[(0, 0, 3.0), (2, 0, 3.0)]),
                TrainError::Row { set: "training", row: 1, problem: "the user position is out of range" },
            ),
            (
                rows(&[(0, 2, 3.0)]),
                TrainError::Row { set: "training", row: 0, problem: "the title position is out of range" },
            ),
            (
                rows(&[(0, 0, f32::NAN)]),
                TrainError::Row { set: "training", row: 0, problem: "the rating is not a finite number" },
            ),
            (uneven, TrainError::Row { set: "training", row: 1, problem: "the columns differ in length" }),
        ];
        let none = TitleFeatures::default();
        let bayes = ModelParams::Bayes(BayesParams { n_sweeps: 3, burn_in: 1, ..BayesParams::default() });
        for params in [ModelParams::default(), ModelParams::Biases(BiasParams::default()), bayes] {
            for (train, error) in &bad {
                assert_eq!(fit(&params, train, &rows(&[]), &none, 0, &Silent).unwrap_err(), *error);
            }
            assert!(fit(&params, &good, &rows(&[]), &none, 0, &Silent).is_ok());
        }
    }

    #[test]
    fn a_table_and_its_rows_give_the_same_bytes() {
        const TITLES: usize = 40;
        let users: Vec<UserId> = (1..=60).map(|u| UserId::new(&u.to_string()).unwrap()).collect();
        let (mut offsets, mut titles) = (vec![0], Vec::new());
        for u in 0..users.len() {
            titles.extend((0..TITLES as u32).filter(|&i| (u * 5 + i as usize * 3) % 7 < u % 7));
            offsets.push(titles.len() as u64);
        }
        let ratings: Vec<f32> = (0..titles.len()).map(|row| (row * row % 45) as f32 / 10.0 + 0.5).collect();
        let times = vec![0; titles.len()];
        let table = RatingTable::new(users, offsets, titles, ratings, times, TITLES).unwrap();
        let rows = table.interactions(TITLES);
        let nothing = TitleFeatures::default();
        for params in [
            ModelParams::Biases(BiasParams::default()),
            ModelParams::Svd(SvdParams { n_factors: 0, ..SvdParams::default() }),
            ModelParams::Svd(SvdParams { n_factors: 12, ..SvdParams::default() }),
        ] {
            let (model, history) = fit_table(&params, &table, TITLES, &nothing, 3, &Silent).unwrap();
            let (expected, expected_history) =
                fit(&params, &rows, &Interactions::default(), &nothing, 3, &Silent).unwrap();
            assert_eq!(model.to_bytes().unwrap(), expected.to_bytes().unwrap());
            assert_eq!(history, expected_history);
        }
        let narrow = fit_table(&ModelParams::default(), &table, TITLES - 1, &nothing, 3, &Silent);
        assert!(matches!(narrow, Err(TrainError::Row { set: "training", .. })));
        let none = RatingTable::new(vec![], vec![0], vec![], vec![], vec![], TITLES).unwrap();
        let none = fit_table(&ModelParams::default(), &none, TITLES, &nothing, 3, &Silent);
        assert_eq!(none.unwrap_err(), TrainError::Empty);
    }

    #[test]
    fn the_scale_is_that_of_the_rows() {
        assert_eq!(scale_of(&rows(&[(0, 0, 2.0), (0, 1, 4.5)])), (2.0, 4.5));
        assert_eq!(scale_of(&rows(&[(0, 0, 3.0)])), (0.5, 5.0));
    }

    #[test]
    fn parameters_keep_their_form_in_json() {
        let text = serde_json::to_string(&ModelParams::default()).unwrap();
        assert!(text.starts_with(r#"{"algorithm":"svd","n_factors":100,"#), "{text}");
        assert_eq!(serde_json::from_str::<ModelParams>(&text).unwrap(), ModelParams::default());
    }
}
