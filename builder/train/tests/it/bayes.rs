//! The Gibbs sampler.

use std::sync::atomic::{AtomicUsize, Ordering};

use catalog::Interactions;
use dataset::TitleFeatures;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use recommender::FactorModel;
use train::bayes::SETTLED;
use train::{BayesParams, Checkpoint, History, ModelParams, Run, TrainError, TrainingData, fit};

/// Generates `r = 3 + b(u) + 2 p(u)·q(i) + noise` with two factors, rating each pair with chance 0.3.
/// Every seventh row is for validation.
fn made_up() -> (Interactions, Interactions) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut draw = |n: usize| -> Vec<[f32; 3]> {
        (0..n).map(|_| std::array::from_fn(|_| rng.random_range(-0.8..0.8))).collect()
    };
    let (users, titles) = (draw(130), draw(90));
    let mut all = Interactions { n_users: 131, n_titles: 92, ..Interactions::default() };
    for (u, p) in users.iter().enumerate() {
        for (i, q) in titles.iter().enumerate() {
            let noise: f32 = rng.random_range(-0.4..0.4);
            if rng.random_bool(0.3) {
                all.user_idx.push(u as u32);
                all.title_idx.push(i as u32);
                all.rating.push(3.0 + 0.5 * p[0] + 2.0 * (p[1] * q[1] + p[2] * q[2]) + noise);
            }
        }
    }
    let (held, train): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(|row| row % 7 == 0);
    (all.select(&train), all.select(&held))
}

fn params() -> BayesParams {
    BayesParams { n_factors: 4, n_served: 8, n_sweeps: 40, burn_in: 15, ..BayesParams::default() }
}

fn run(
    params: &BayesParams,
    checkpoint: Option<Checkpoint<'_>>,
) -> Result<(FactorModel, History), TrainError> {
    let (train, held) = made_up();
    let nothing = TitleFeatures::default();
    let data = TrainingData::new(&train, &nothing).watching(&held);
    fit(&ModelParams::Bayes(params.clone()), &data, &Run { checkpoint, ..Run::silent(7) })
}

#[test]
fn low_rank_tastes_are_found_and_the_model_predicts_like_the_mean_of_the_samples() {
    let (_, held) = made_up();
    let (model, history) = run(&params(), None).unwrap();
    let of_mean = history.epochs.last().unwrap().validation_rmse.unwrap();
    // The noise has a standard deviation of 0.23.
    assert!((0.23..0.36).contains(&of_mean), "{of_mean}");
    let squares: f64 = (0..held.len())
        .map(|row| {
            let (user, title) = (held.user_idx[row] as usize, held.title_idx[row] as usize);
            f64::from(held.rating[row] - model.predict(user, title)).powi(2)
        })
        .sum();
    let served = (squares / held.len() as f64).sqrt();
    assert!((served - of_mean).abs() < 0.003, "{served} after compression, {of_mean} before");
    assert!(
        (0.03..0.12).contains(&model.items().parts().noise_variance),
        "{}",
        model.items().parts().noise_variance
    );
    assert_eq!((model.n_users(), model.n_items(), model.n_factors()), (131, 92, 8));
}

#[test]
fn a_stopped_run_resumes_to_the_same_model() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let straight = run(&params(), None).unwrap();
    for stop_after in [5, 22] {
        let sweeps = AtomicUsize::new(0);
        let stop = || sweeps.fetch_add(1, Ordering::Relaxed) + 1 == stop_after;
        let watch = Some(Checkpoint { path: &path, every: 0, stop: Some(&stop) });
        let error = run(&params(), watch).unwrap_err();
        assert!(matches!(error, TrainError::Stopped { .. }), "{error}");
    }
    let watch = Some(Checkpoint { path: &path, every: 10, stop: None });
    assert_eq!(run(&params(), watch).unwrap(), straight);
    // The end is kept too: running again costs nothing and gives the same model.
    assert_eq!(run(&params(), watch).unwrap(), straight);

    let other = BayesParams { n_sweeps: 50, ..params() };
    let error = run(&other, watch).unwrap_err().to_string();
    assert!(error.contains("other ratings, parameters or another seed"), "{error}");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = run(&params(), watch).unwrap_err().to_string();
    assert!(error.contains("was changed"), "{error}");
    std::fs::write(&path, b"").unwrap();
    assert!(run(&params(), watch).unwrap_err().to_string().contains("is not a checkpoint"));
}

#[test]
fn a_run_ends_when_its_error_has_settled() {
    let long = BayesParams { n_sweeps: 2_000, settle: Some(30), ..params() };
    let (_, history) = run(&long, None).unwrap();
    let n = history.epochs.len();
    assert!((46..1_000).contains(&n), "{n}");
    let rmse = |sweep: usize| history.epochs[sweep - 1].validation_rmse.unwrap();
    assert!(rmse(n - 30) - rmse(n) < SETTLED);
    // Exactly this many sweeps without validation rows give the same model.
    let exactly = BayesParams { n_sweeps: n, settle: None, ..params() };
    assert_eq!(run(&exactly, None).unwrap().0, run(&long, None).unwrap().0);
}

#[test]
fn users_and_titles_without_ratings_get_average_predictions() {
    let (model, _) = run(&params(), None).unwrap();
    let near = |a: f32, b: f32| (a - b).abs() < 0.3;
    assert!(near(model.user_bias()[130], 0.0), "{}", model.user_bias()[130]);
    assert!((1.0..5.0).contains(&model.predict(130, 91)));
}

#[test]
fn parameters_out_of_range_are_refused() {
    let name = |p: BayesParams| match run(&p, None) {
        Err(TrainError::Parameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(name(BayesParams { n_factors: 0, ..params() }), "n_factors");
    assert_eq!(name(BayesParams { n_factors: 48, ..params() }), "n_factors");
    assert_eq!(name(BayesParams { n_served: 0, ..params() }), "n_served");
    assert_eq!(name(BayesParams { burn_in: 40, ..params() }), "burn_in");
}
