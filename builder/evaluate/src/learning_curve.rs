//! Measures whether more ratings would improve the model.

use catalog::Interactions;
use dataset::TitleFeatures;
use progress::Reporter;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use train::{BiasParams, ModelParams, Run, TrainingData};

use crate::choose::fit::FitError;
use crate::rmse;

/// Errors after training on part of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearningPoint {
    /// Size of the part, as a share above 0 and at most 1.
    pub share: f64,
    /// Number of rows in the part.
    pub n_ratings: usize,
    /// Test RMSE of the model.
    pub rmse: f64,
    /// Test RMSE of biases only.
    pub biases_rmse: f64,
}

/// Trains on 10, 20, … 100 percent of `train`, and measures on `test`. Each part contains the smaller ones;
/// the seed chooses the rows.
///
/// # Errors
/// Returns [`FitError`] if the rows cannot be trained on.
pub fn learning_curve(
    train: &Interactions,
    test: &Interactions,
    params: &ModelParams,
    features: &TitleFeatures,
    seed: u64,
    reporter: &dyn Reporter,
) -> Result<Vec<LearningPoint>, FitError> {
    const STEPS: usize = 10;
    if test.is_empty() {
        return Err(FitError::NothingHeldOut);
    }
    let mut order: Vec<usize> = (0..train.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let settled = params.clone().settled(params.n_epochs());
    let biases = ModelParams::Biases(BiasParams::default());
    reporter.start("learning curve", STEPS as u64, "runs");
    let mut points = Vec::new();
    for step in 1..=STEPS {
        let mut part = order[..train.len() * step / STEPS].to_vec();
        if part.is_empty() {
            reporter.advance(1);
            continue;
        }
        part.sort_unstable();
        let part = train.select(&part);
        let error = |params: &ModelParams| -> Result<f64, FitError> {
            let (model, _) = train::fit(params, &TrainingData::new(&part, features), &Run::silent(seed))?;
            Ok(rmse(&model, test).unwrap_or(f64::NAN))
        };
        points.push(LearningPoint {
            share: step as f64 / STEPS as f64,
            n_ratings: part.len(),
            rmse: error(&settled)?,
            biases_rmse: error(&biases)?,
        });
        reporter.advance(1);
    }
    reporter.finish();
    Ok(points)
}

#[cfg(test)]
mod tests {
    use dataset::split::{self, Shares};
    use progress::Silent;

    use super::*;
    use crate::signal::tests::{factors, made_up};

    #[test]
    fn more_ratings_improve_the_model() {
        let rows = made_up(0.5, 0.4, 0.5, 0.6);
        let shares = Shares { validation: 0.0, test: 0.2 };
        let split = split::random(rows.len(), shares, 1).unwrap().apply(&rows);
        let curve =
            learning_curve(&split.train, &split.test, &factors(), &TitleFeatures::default(), 1, &Silent)
                .unwrap();
        assert_eq!(curve.len(), 10);
        assert_eq!(curve[9].n_ratings, split.train.len());
        assert!(curve[9].rmse < curve[0].rmse && curve[9].rmse < curve[9].biases_rmse, "{curve:?}");
        assert!(
            learning_curve(
                &split.train,
                &Interactions::default(),
                &factors(),
                &TitleFeatures::default(),
                1,
                &Silent
            )
            .is_err()
        );
    }
}
