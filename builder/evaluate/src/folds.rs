//! Cross-validation: each fold is the test part once.

use catalog::Interactions;
use dataset::TitleFeatures;
use dataset::split::{self, Shares, SplitError};
use progress::Reporter;
use train::{BayesParams, BiasParams, ModelParams, Run, SvdParams, TrainingData, biases};

use crate::choose::fit::FitError;
use crate::choose::rating::search;
use crate::choose::trial::SearchOptions;
use crate::{Candidate, Origin, Report, errors};

/// Candidates compared in every fold, in addition to the baselines and the trainers' defaults.
#[derive(Debug, Clone, Default)]
pub struct FoldOptions {
    /// Parameters to compare.
    pub params: Option<ModelParams>,
    /// Number of trials of a search inside the training rows of each fold; `None` for no search.
    pub n_trials: Option<usize>,
    /// Share of a fold's training rows for judging trials.
    pub validation: f64,
    /// Seed for all random choices.
    pub seed: u64,
}

/// Computes the mean errors over the folds of the baselines, the defaults, the parameters given and those
/// found by a search. `folds` has the fold number of each row. Notes each fold that is done.
///
/// # Errors
/// Returns [`FitError`] if there are fewer than two folds, or the rows cannot be trained on.
pub fn cross_validate(
    rows: &Interactions,
    features: &TitleFeatures,
    folds: &[u32],
    options: &FoldOptions,
    reporter: &dyn Reporter,
) -> Result<Report, FitError> {
    let mut numbers = folds.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() < 2 {
        return Err(SplitError::Folds { n_folds: numbers.len(), n_rows: rows.len() }.into());
    }
    let mut mean = Report::default();
    for &number in &numbers {
        let cut = split::fold(folds, number)?;
        let split = cut.apply(rows);
        let fit = |params: &ModelParams| {
            let settled = params.clone().settled(params.n_epochs());
            let data = TrainingData::new(&split.train, features);
            train::fit(&settled, &data, &Run::silent(options.seed)).map(|(model, _)| model)
        };
        let mut compared = vec![
            (Origin::Defaults, ModelParams::Biases(BiasParams::default())),
            (Origin::Defaults, ModelParams::Svd(SvdParams::default())),
            (Origin::Defaults, ModelParams::Bayes(BayesParams::default())),
        ];
        compared.extend(options.params.clone().map(|params| (Origin::Given, params)));
        for params in searched(rows, features, &cut.train, options, reporter)? {
            reporter.note(&format!("fold {number}: {}", params.describe()));
            compared.push((Origin::Tuned, params));
        }
        let mut models = vec![(Candidate::GLOBAL_MEAN, biases::global_mean_only(&split.train)?)];
        for (parameters, params) in &compared {
            models.push((Candidate { model: params.algorithm(), parameters: *parameters }, fit(params)?));
        }
        for (candidate, model) in models {
            let means = mean.entry(candidate);
            for (measure, value) in errors(&model, &split.test).unwrap_or_default() {
                *means.entry(measure).or_default() += value / numbers.len() as f64;
            }
        }
        mean.n_train += split.train.len();
        mean.n_test += split.test.len();
        reporter.note(&format!("fold {number} is done"));
    }
    mean.n_train /= numbers.len();
    mean.n_test /= numbers.len();
    Ok(mean)
}

/// Searches inside the training rows of a fold. Returns the best parameters of descent, and those of the
/// sampler with its number of sweeps.
fn searched(
    rows: &Interactions,
    features: &TitleFeatures,
    train: &[usize],
    options: &FoldOptions,
    reporter: &dyn Reporter,
) -> Result<Vec<ModelParams>, FitError> {
    let Some(n_trials) = options.n_trials else { return Ok(Vec::new()) };
    let shares = Shares { validation: options.validation, test: 0.0 };
    let inner = split::random(train.len(), shares, options.seed)?;
    let part = |positions: &[usize]| {
        let positions: Vec<usize> = positions.iter().map(|&at| train[at]).collect();
        rows.select(&positions)
    };
    let search_options = SearchOptions { n_trials, time_limit: None, seed: options.seed };
    let found = search(&part(&inner.train), &part(&inner.validation), features, search_options, reporter)?;
    Ok(found.best_svd.into_iter().chain(found.best_bayes).collect())
}

#[cfg(test)]
mod tests {
    use artifact::ModelName;
    use dataset::made_up::MadeUp;
    use progress::Silent;

    use super::*;

    #[test]
    fn every_candidate_has_its_mean_over_all_folds() {
        let rows = MadeUp { n_users: 60, n_titles: 40, ..MadeUp::default() }.rows();
        let folds: Vec<u32> = (0..rows.len() as u32).map(|row| row % 3).collect();
        let options = FoldOptions {
            params: Some(ModelParams::Biases(BiasParams { user_damping: 1.0, ..BiasParams::default() })),
            ..FoldOptions::default()
        };
        let nothing = TitleFeatures::default();
        let report = cross_validate(&rows, &nothing, &folds, &options, &Silent).unwrap();
        let rmse = |model, parameters| report.measures(Candidate { model, parameters }).unwrap()["rmse"];
        let mean = rmse(ModelName::GlobalMean, Origin::Defaults);
        for (model, parameters) in [
            (ModelName::Biases, Origin::Defaults),
            (ModelName::Svd, Origin::Defaults),
            (ModelName::Bayes, Origin::Defaults),
            (ModelName::Biases, Origin::Given),
        ] {
            assert!((0.2..mean).contains(&rmse(model, parameters)), "{model} {parameters:?}");
        }
        assert_eq!(report.n_test, rows.len() / 3);
    }

    #[test]
    fn one_fold_is_refused() {
        let rows = MadeUp::default().rows();
        let folds = vec![0; rows.len()];
        let refused =
            cross_validate(&rows, &TitleFeatures::default(), &folds, &FoldOptions::default(), &Silent);
        assert!(matches!(refused, Err(FitError::Split(SplitError::Folds { n_folds: 1, .. }))));
    }
}
