use recommender::FactorModel;

use crate::trainer::{Checked, History, Run, TrainingData};
use crate::{ModelParams, TrainError, prior};

/// Trains a model. Its noise variance is the squared RMSE on the validation rows, or on the training rows if
/// there are no validation rows. Its prior of users is their mean and covariance.
///
/// The result depends only on the rows, their order, the parameters and the seed, not on the number of
/// threads.
///
/// # Errors
/// Returns [`TrainError`] if there are no rows, if rows or parameters are out of range, or if training
/// diverges.
pub fn fit(
    params: &ModelParams,
    data: &TrainingData<'_>,
    run: &Run<'_>,
) -> Result<(FactorModel, History), TrainError> {
    let trainer = params.trainer();
    let checked = Checked::new(data)?;
    trainer.check()?;
    if trainer.stops_early() && checked.validation.is_empty() {
        return Err(TrainError::NothingToStopBy);
    }
    let (model, history) = trainer.fit(&checked, run)?;
    Ok(prior::finished(&model, history, &checked.train, checked.features))
}
