use catalog::{Interactions, Scale};
use recommender::FactorModel;

use crate::rows::Rows as _;
use crate::trainer::{Checked, History, Run, TrainingData};
use crate::{ModelParams, TrainError, prior};

/// Widest scale that is trained on as it is.
const WIDE: f32 = 6.0;

/// Returns the unit that ratings of a wide scale are trained in; `None` for other scales. The parameters of
/// the trainers (steps, ridges, priors) are made for stars, so the unit makes the scale as wide as 0.5 to 5.
fn unit_of(scale: Scale) -> Option<f32> {
    let width = scale.high() - scale.low();
    (width > WIDE).then(|| width / (Scale::STARS.high() - Scale::STARS.low()))
}

fn in_units(rows: &Interactions, unit: f32) -> Interactions {
    let mut rows = rows.clone();
    for rating in &mut rows.rating {
        *rating /= unit;
    }
    let scale = Scale::new(rows.scale.low() / unit, rows.scale.high() / unit);
    rows.scale = scale.unwrap_or(rows.scale);
    rows
}

/// Trains a model. Its noise variance is the squared RMSE on the validation rows, or on the training rows if
/// there are no validation rows. Its prior of users is their mean and covariance.
///
/// The result depends only on the rows, their order, the parameters and the seed, not on the number of
/// threads.
///
/// # Errors
/// Returns [`TrainError`] if the data has no rows, rows or parameters are out of range, training diverges, or
/// the ratings are too large for a model.
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
    let Some(unit) = unit_of(checked.train.scale()) else {
        let (model, history) = trainer.fit(&checked, run)?;
        return prior::finished(&model, history, &checked.train, checked.features);
    };
    let (train, validation) = (in_units(&checked.train.columns(), unit), in_units(checked.validation, unit));
    let scaled = Checked::new(&TrainingData::new(&train, checked.features).watching(&validation))?;
    let (model, history) = trainer.fit(&scaled, run)?;
    let (model, history) = in_ratings(&model, history, unit)?;
    prior::finished(&model, history, &checked.train, checked.features)
}

/// Returns a model that was trained in a unit, and the course of its training, in ratings.
///
/// # Errors
/// Returns [`TrainError::TooLarge`] if a factor does not fit into half precision.
fn in_ratings(
    model: &FactorModel,
    mut history: History,
    unit: f32,
) -> Result<(FactorModel, History), TrainError> {
    let mut parts = model.clone().into_parts();
    parts.global_mean *= unit;
    parts.scale = (parts.scale.0 * unit, parts.scale.1 * unit);
    for value in parts.user_bias.iter_mut().chain(&mut parts.item_bias).chain(&mut parts.item_factors) {
        *value *= unit;
    }
    for epoch in &mut history.epochs {
        epoch.train_rmse *= f64::from(unit);
        epoch.validation_rmse = epoch.validation_rmse.map(|rmse| rmse * f64::from(unit));
    }
    let (low, high) = parts.scale;
    match FactorModel::new(parts) {
        Ok(model) => Ok((model, history)),
        Err(problem) => Err(TrainError::TooLarge { low, high, problem: problem.to_string() }),
    }
}
