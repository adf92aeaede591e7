//! Measures of models on held-out rows, and the searches that choose models by them.
//!
//! [`mod@errors`] measures predicted ratings, [`lists`] what is shown first, and [`mod@exposure`] how that
//! spreads; [`evaluate()`] does both for models and baselines. [`cold_start`] measures users and titles
//! without training ratings, and [`folds`] cross-validates. [`signal`] checks whether there is anything to
//! learn, and [`learning_curve`] whether more ratings would help. [`choose`] searches for parameters.
//!
//! Errors are `rmse = √(Σ (r − r̂)² / n)` and `mae = Σ |r − r̂| / n` over all `n` test rows, predictions
//! clipped to the scale. Sums run over fixed chunks in order, so that results do not depend on the number of
//! threads.

pub mod choose;
pub mod cold_start;
pub mod errors;
pub mod exposure;
pub mod folds;
pub mod learning_curve;
pub mod lists;
mod report;
pub mod signal;

use catalog::Interactions;
use dataset::TitleFeatures;
use progress::Reporter;
use recommender::FactorModel;
use train::{BiasParams, ModelParams, Run, TrainError, TrainingData, biases};

pub use errors::{errors, rmse};
pub use lists::{ListOptions, first_titles};
use lists::{Scores, list_measures, popularity, ranked_users};
pub use report::{Candidate, Measures, Origin, Report, Row, table};

/// Rows that models are measured on.
#[derive(Debug, Clone, Copy)]
pub struct TestRows<'a> {
    /// The rows the models were trained on.
    pub train: &'a Interactions,
    /// The rows they are measured on.
    pub test: &'a Interactions,
}

/// Measures the baselines and the given models, in one pass over users.
///
/// # Errors
/// Returns [`TrainError`] if the baselines cannot be trained on the rows.
pub fn evaluate(
    models: &[(Candidate, &FactorModel)],
    rows: TestRows<'_>,
    lists: ListOptions,
    reporter: &dyn Reporter,
) -> Result<Report, TrainError> {
    let TestRows { train, test } = rows;
    let mean = biases::global_mean_only(train)?;
    let nothing = TitleFeatures::default();
    let biases_only = ModelParams::Biases(BiasParams::default());
    let (biases_only, _) = train::fit(&biases_only, &TrainingData::new(train, &nothing), &Run::silent(0))?;

    let mut report = Report { n_train: train.len(), n_test: test.len(), ..Report::default() };
    let baselines = [(Candidate::GLOBAL_MEAN, &mean), (Candidate::BIASES, &biases_only)];
    for &(candidate, model) in baselines.iter().chain(models) {
        report.entry(candidate).extend(errors(model, test).unwrap_or_default());
    }

    let users = ranked_users(train, test, lists, &mut report);
    if users.is_empty() {
        return Ok(report);
    }
    let popularity = popularity(train);
    let mut rankers = vec![
        (Candidate::POPULARITY, Scores::Fixed(&popularity)),
        (Candidate::BIASES, Scores::Fixed(&biases_only.items().parts().item_bias)),
    ];
    rankers.extend(models.iter().map(|&(candidate, model)| (candidate, Scores::Model(model))));
    reporter.start("ranking", (users.len() * rankers.len()) as u64, "users");
    for (candidate, scores) in rankers {
        let measures = list_measures(scores, &users, (&popularity, train.n_users), reporter);
        report.entry(candidate).extend(measures);
    }
    reporter.finish();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use artifact::ModelName;
    use recommender::FactorModelParts;

    use super::*;
    use progress::Silent;

    const MINE: Candidate = Candidate { model: ModelName::Svd, parameters: Origin::Given };

    pub(crate) fn model(item_bias: &[f32], n_users: usize) -> FactorModel {
        FactorModel::new(FactorModelParts {
            global_mean: 3.0,
            user_bias: vec![0.0; n_users],
            item_bias: item_bias.to_vec(),
            scale: (1.0, 5.0),
            ..FactorModelParts::default()
        })
        .unwrap()
    }

    pub(crate) fn rows(n_users: usize, n_titles: usize, triples: &[(u32, u32, f32)]) -> Interactions {
        Interactions {
            n_users,
            n_titles,
            user_idx: triples.iter().map(|t| t.0).collect(),
            title_idx: triples.iter().map(|t| t.1).collect(),
            rating: triples.iter().map(|t| t.2).collect(),
            ..Interactions::default()
        }
    }

    pub(crate) fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn ranks_match_those_computed_by_hand() {
        // Title 0 is known to user 0. Order by score: 1, then 2 and 3 (equal, by position), then 4.
        // User 0 likes 1 and 3: ranks 1 and 3. User 1, without training rows, has only a bad rating.
        let train = rows(2, 5, &[(0, 0, 5.0), (0, 0, 5.0)]);
        let test = rows(2, 5, &[(0, 1, 5.0), (0, 3, 4.0), (0, 4, 2.0), (1, 2, 1.0)]);
        let scored = model(&[9.0, 2.0, 1.0, 1.0, 0.0], 2);
        let report = evaluate(
            &[(MINE, &scored)],
            TestRows { train: &train, test: &test },
            ListOptions::default(),
            &Silent,
        )
        .unwrap();
        let mine = report.measures(MINE).unwrap();
        let perfect = 1.0 + 1.0 / 3_f64.log2();
        assert!(close(mine["recall@10"], 1.0));
        assert!(close(mine["ndcg@10"], 1.5 / perfect), "{mine:?}");
        assert!(close(mine["coverage@10"], 4.0 / 5.0) && !mine.contains_key("overlap@10"));
        // Title 0 has two of the ratings of two users, and nobody rated the others.
        assert!(close(mine["novelty@10"], 1.0));
        assert_eq!((report.n_ranked_users, report.n_users_without_relevant), (1, 1));
        assert!(!report.measures(Candidate::GLOBAL_MEAN).unwrap().contains_key("recall@10"));
        assert!(!report.measures(Candidate::POPULARITY).unwrap().contains_key("rmse"));
        assert!(report.to_text().contains("\nsvd, given "));
    }

    #[test]
    fn a_sample_is_counted_and_threads_change_nothing() {
        let triples: Vec<(u32, u32, f32)> = (0..200).map(|u| (u, u % 7, 4.0)).collect();
        let test = rows(200, 9, &triples);
        let train = rows(200, 9, &[(0, 8, 3.0), (1, 7, 4.0)]);
        let scored = model(&[0.1, 0.7, 0.3, 0.9, 0.2, 0.5, 0.4, 0.6, 0.8], 200);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let options = ListOptions { max_users: 50, seed: 3 };
            let held = TestRows { train: &train, test: &test };
            pool.install(|| evaluate(&[(MINE, &scored)], held, options, &Silent)).unwrap()
        };
        let report = run(1);
        assert_eq!((report.n_ranked_users, report.n_users_not_sampled), (50, 150));
        assert_eq!(report, run(3));
    }
}
