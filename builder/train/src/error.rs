use std::path::PathBuf;

use thiserror::Error;

/// Reason why training failed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TrainError {
    /// There are no ratings.
    #[error("there are no ratings to train on")]
    Empty,
    /// Columns of different lengths, a position out of range, or a rating that is not a number.
    #[error("row {row} of the {set} ratings: {problem}")]
    Row {
        /// Which ratings: `training` or `validation`.
        set: &'static str,
        /// Position of the row, from 0.
        row: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A parameter is out of range.
    #[error("{name} is {value}; it must be {range}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Allowed range.
        range: &'static str,
    },
    /// The parameters grew without bound.
    #[error("training diverged in epoch {epoch}; try a lower learning rate than {learning_rate}")]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The learning rate of the run.
        learning_rate: f64,
    },
    /// Early stopping was requested without validation ratings.
    #[error("early stopping needs validation ratings, and there are none; hold some out or turn it off")]
    NothingToStopBy,
    /// A checkpoint that cannot be used.
    #[error("checkpoint {}: {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The caller asked the run to stop.
    #[error("stopped after sweep {sweep}; run the same command to resume")]
    Stopped {
        /// Number of sweeps done.
        sweep: usize,
    },
    /// A model cannot represent the ratings.
    #[error(
        "on a scale from {low} to {high}, a number of the model becomes too large ({problem}); divide the ratings, \
         for example by 1,000, or train with fewer factors"
    )]
    TooLarge {
        /// The lowest rating.
        low: f32,
        /// The highest rating.
        high: f32,
        /// Which number.
        problem: String,
    },
    /// The trained values are not a valid model.
    #[error("training did not produce a valid model: {0}")]
    InvalidModel(String),
}

/// Returns an error if a parameter is out of range.
pub(crate) fn check_parameter(
    name: &'static str,
    value: f64,
    holds: bool,
    range: &'static str,
) -> Result<(), TrainError> {
    if holds { Ok(()) } else { Err(TrainError::Parameter { name, value, range }) }
}
