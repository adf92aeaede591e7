use std::path::Path;

use artifact::ModelName;
use catalog::{Interactions, RatingTable, Scale};
use dataset::TitleFeatures;
use progress::{Reporter, Silent};
use recommender::FactorModel;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::rows::{Rows as _, TrainRows, check_rows, global_mean, scale_of};

/// One pass over the training rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Root mean squared error on the training rows, not clipped; each error is taken as the row is visited.
    pub train_rmse: f64,
    /// Root mean squared error on the validation rows after the pass, clipped; `None` without such rows.
    pub validation_rmse: Option<f64>,
}

/// Course of a training run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Every pass, in order.
    pub epochs: Vec<Epoch>,
    /// Number of passes that the model has seen: all of them, or with early stopping the number that was best
    /// on the validation rows.
    pub best_epoch: usize,
}

/// Data that a model is trained on.
#[derive(Debug, Clone, Copy)]
pub struct TrainingData<'a> {
    train: TrainRows<'a>,
    validation: &'a Interactions,
    features: &'a TitleFeatures,
}

static NOTHING: Interactions = Interactions {
    n_users: 0,
    n_titles: 0,
    user_idx: Vec::new(),
    title_idx: Vec::new(),
    rating: Vec::new(),
    scale: Scale::STARS,
};

impl<'a> TrainingData<'a> {
    /// Takes rows to train on, with nothing held out. `features` may be empty.
    pub fn new(train: &'a Interactions, features: &'a TitleFeatures) -> Self {
        Self { train: TrainRows::Columns(train), validation: &NOTHING, features }
    }

    /// Takes all ratings of a table with `n_titles` titles. The model is the same as from
    /// [`RatingTable::interactions`], but stochastic gradient descent reads the table directly and needs only
    /// 8 more bytes per rating instead of a copy.
    pub fn of_table(ratings: &'a RatingTable, n_titles: usize, features: &'a TitleFeatures) -> Self {
        Self { train: TrainRows::of_table(ratings, n_titles), validation: &NOTHING, features }
    }

    /// Adds rows whose error is measured during training, and which stop it if early stopping is on.
    #[must_use]
    pub fn watching(self, validation: &'a Interactions) -> Self {
        Self { validation, ..self }
    }
}

/// Settings of a run besides data and parameters.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Seed for all random choices.
    pub seed: u64,
    /// Where to keep a long run; only the Gibbs sampler does so, because the others are quick.
    pub checkpoint: Option<Checkpoint<'a>>,
    /// Receives progress.
    pub reporter: &'a dyn Reporter,
}

impl<'a> Run<'a> {
    /// Makes a run that keeps no checkpoint.
    pub fn new(seed: u64, reporter: &'a dyn Reporter) -> Self {
        Self { seed, checkpoint: None, reporter }
    }

    /// Makes a run that reports nothing.
    pub fn silent(seed: u64) -> Self {
        Self::new(seed, &Silent)
    }
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("seed", &self.seed).field("checkpoint", &self.checkpoint).finish()
    }
}

/// File that a run is saved to, so that it can be stopped and resumed.
#[derive(Clone, Copy)]
pub struct Checkpoint<'a> {
    /// The file. If it exists, the run resumes from it.
    pub path: &'a Path,
    /// Sweeps between two writes; 0 writes only at the end and when stopped.
    pub every: usize,
    /// Asked after every sweep whether to stop here. The checkpoint is written first.
    pub stop: Option<&'a (dyn Fn() -> bool + Sync)>,
}

impl std::fmt::Debug for Checkpoint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoint").field("path", &self.path).field("every", &self.every).finish()
    }
}

/// Training data that was checked, and what every trainer needs to know about it.
#[derive(Debug)]
pub struct Checked<'a> {
    pub(crate) train: TrainRows<'a>,
    pub(crate) validation: &'a Interactions,
    pub(crate) features: &'a TitleFeatures,
    /// The range that predictions are clipped to.
    pub(crate) scale: (f32, f32),
    /// μ.
    pub(crate) global_mean: f32,
}

impl<'a> Checked<'a> {
    /// Checks that both sets are valid, that there are rows to train on, and that both sets have the same
    /// users and titles.
    ///
    /// # Errors
    /// Returns [`TrainError::Empty`] or [`TrainError::Row`].
    pub(crate) fn new(data: &TrainingData<'a>) -> Result<Self, TrainError> {
        let TrainingData { train, validation, features } = *data;
        train.check()?;
        if train.rating().is_empty() {
            return Err(TrainError::Empty);
        }
        check_rows("validation", validation)?;
        let beyond = validation.n_users > train.n_users() || validation.n_titles > train.n_titles();
        if !validation.is_empty() && beyond {
            return Err(TrainError::Row {
                set: "validation",
                row: 0,
                problem: "the validation ratings have more users or titles than the training ratings",
            });
        }
        Ok(Self { train, validation, features, scale: scale_of(&train), global_mean: global_mean(&train) })
    }
}

/// Trainer of rating models, with its parameters. Its result is a [`FactorModel`], the only form that serving
/// knows.
pub trait Trainer {
    /// Returns the name of the algorithm.
    fn name(&self) -> ModelName;
    /// Returns the number of factors per user and title of the model that is served; 0 for biases only.
    fn n_factors(&self) -> usize;
    /// Returns the maximum number of passes over the rows.
    fn n_epochs(&self) -> usize;
    /// Sets the number of passes.
    fn set_n_epochs(&mut self, n_epochs: usize);
    /// Returns whether training may end before the last pass, judged by validation rows.
    fn stops_early(&self) -> bool;
    /// Makes training run through all passes.
    fn disable_early_stopping(&mut self);
    /// Describes the parameters in one line.
    fn describe(&self) -> String;
    /// Returns an error if a parameter is out of range.
    ///
    /// # Errors
    /// Returns [`TrainError::Parameter`].
    fn check(&self) -> Result<(), TrainError>;
    /// Trains on checked data. Call [`crate::fit()`] instead, which also checks the parameters.
    ///
    /// # Errors
    /// Returns [`TrainError`] if training fails.
    fn fit(&self, data: &Checked<'_>, run: &Run<'_>) -> Result<(FactorModel, History), TrainError>;
}
