//! Finishes every rating model after training: places cold titles, and sets the prior of users and the noise
//! variance.

use artifact::Invalid;
use dataset::TitleFeatures;
use recommender::{FactorModel, UserPrior};

use crate::rows::Rows;
use crate::{History, TrainError, cold};

/// Places cold titles in a model and sets its prior of users and its noise variance; see [`crate::fit()`].
///
/// # Errors
/// Returns [`TrainError::InvalidModel`] if a number becomes too large.
pub(crate) fn finished(
    model: &FactorModel,
    history: History,
    train: &impl Rows,
    features: &TitleFeatures,
) -> Result<(FactorModel, History), TrainError> {
    let mut of_users = vec![0; train.n_users()];
    let mut of_titles = vec![0; train.n_titles()];
    train.for_each(|user, title, _| {
        of_users[user as usize] += 1;
        of_titles[title as usize] += 1;
    });
    let last = history.epochs.get(history.best_epoch.saturating_sub(1));
    let rmse = last.map_or(1.0, |epoch| epoch.validation_rmse.unwrap_or(epoch.train_rmse));
    let model = with_cold_titles(model, &of_titles, features).and_then(|m| with_users_as_prior(m, &of_users));
    Ok((with_noise(model.map_err(|problem| invalid(&problem))?, rmse)?, history))
}

/// Returns the error for a model with a number that is too large, such as the square of a large one.
fn invalid(problem: &Invalid) -> TrainError {
    TrainError::InvalidModel(problem.to_string())
}

/// Number of ratings at which a title gets half the full weight when places for cold titles are learned.
const HALF_WEIGHT: f32 = 100.0;

/// Places titles without ratings by their features, if they have any.
fn with_cold_titles(
    model: &FactorModel,
    n_ratings: &[u32],
    features: &TitleFeatures,
) -> Result<FactorModel, Invalid> {
    let mut parts = model.clone().into_parts();
    cold::place(&mut parts.item_bias, &mut parts.item_factors, n_ratings, features, HALF_WEIGHT);
    FactorModel::new(parts)
}

/// Sets the prior to the mean and covariance of the users trained on. `n_ratings` has one entry per user.
fn with_users_as_prior(model: FactorModel, n_ratings: &[u32]) -> Result<FactorModel, Invalid> {
    let trained = || (0..model.n_users()).filter(|&user| n_ratings[user] > 0);
    let bias: Vec<f32> = trained().map(|user| model.user_bias()[user]).collect();
    let factors: Vec<f32> = trained().flat_map(|user| model.user_vector(user)).copied().collect();
    let prior = UserPrior::of_users(&bias, &factors, model.n_factors())?;
    model.with_user_prior(prior)
}

/// Sets the noise variance to the square of an RMSE, but to at least 0.0001, because a perfect fit would set
/// it to 0.
///
/// # Errors
/// Returns [`TrainError::InvalidModel`] if the RMSE or its square is not finite.
pub fn with_noise(model: FactorModel, rmse: f64) -> Result<FactorModel, TrainError> {
    const LEAST: f64 = 1e-4;
    // `max` would take the least variance for NaN.
    let variance = if rmse.is_nan() { rmse } else { (rmse * rmse).max(LEAST) };
    model.with_noise_variance(variance as f32).map_err(|problem| invalid(&problem))
}
