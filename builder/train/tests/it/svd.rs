//! Stochastic gradient descent.

use catalog::Interactions;
use dataset::TitleFeatures;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use recommender::FactorModel;
use train::{History, ModelParams, Run, SvdParams, TrainError, TrainingData, fit};

fn run(
    params: &SvdParams,
    train: &Interactions,
    validation: &Interactions,
    seed: u64,
) -> Result<(FactorModel, History), TrainError> {
    let nothing = TitleFeatures::default();
    let data = TrainingData::new(train, &nothing).watching(validation);
    fit(&ModelParams::Svd(params.clone()), &data, &Run::silent(seed))
}

fn none() -> Interactions {
    Interactions::default()
}

/// Generates `r = 3 + b(u) + p(u)·q(i)` with two factors and no noise.
fn low_rank(n_users: u32, n_titles: u32, n_rows: usize) -> Interactions {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut draw = |n: u32| -> Vec<[f32; 3]> {
        (0..n).map(|_| std::array::from_fn(|_| rng.random_range(-0.7..0.7))).collect()
    };
    let (users, titles) = (draw(n_users), draw(n_titles));
    let mut data =
        Interactions { n_users: n_users as usize, n_titles: n_titles as usize, ..Interactions::default() };
    for _ in 0..n_rows {
        let (u, i) = (rng.random_range(0..n_users), rng.random_range(0..n_titles));
        let (p, q) = (users[u as usize], titles[i as usize]);
        data.user_idx.push(u);
        data.title_idx.push(i);
        data.rating.push(3.0 + p[0] + 2.0 * (p[1] * q[1] + p[2] * q[2]));
    }
    data
}

/// Has enough rows for several stripes of the grid, and widths that need padding.
#[test]
fn one_thread_and_many_give_the_same_model() {
    let data = low_rank(300, 200, 20_000);
    let validation = low_rank(300, 200, 5_000);
    for n_factors in [0, 5, 32] {
        let params = SvdParams { n_factors, n_epochs: 3, early_stopping: Some(2), ..SvdParams::default() };
        let models = [1, 2, 5].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&params, &data, &validation, 9)).unwrap()
        });
        assert!(models.iter().all(|m| *m == models[0]), "{n_factors} factors");
    }
}

#[test]
fn the_checkerboard_is_recovered() {
    // Even users like even titles and dislike odd ones, odd users the reverse, so biases say nothing.
    let mut data = Interactions { n_users: 40, n_titles: 40, ..Interactions::default() };
    for u in 0..40_u32 {
        for i in 0..40_u32 {
            if (u * 7 + i * 3) % 5 != 0 {
                data.user_idx.push(u);
                data.title_idx.push(i);
                data.rating.push(if (u + i) % 2 == 0 { 5.0 } else { 1.0 });
            }
        }
    }
    let params = SvdParams { n_factors: 4, n_epochs: 100, learning_rate: 0.02, ..SvdParams::default() };
    let (model, _) = run(&params, &data, &none(), 1).unwrap();
    for u in 0..40 {
        for i in 0..40 {
            let truth = if (u + i) % 2 == 0 { 5.0 } else { 1.0 };
            assert!((model.predict(u, i) - truth).abs() < 0.5, "user {u}, title {i}");
        }
    }
}

#[test]
fn low_rank_data_is_recovered_from_part_of_it() {
    let all = low_rank(120, 100, 9_000);
    let train: Vec<usize> = (0..all.len()).filter(|r| r % 10 != 0).collect();
    let held: Vec<usize> = (0..all.len()).filter(|r| r % 10 == 0).collect();
    let params = SvdParams {
        n_factors: 4,
        n_epochs: 150,
        learning_rate: 0.02,
        regularization: 0.005,
        early_stopping: Some(10),
        ..SvdParams::default()
    };
    let (_, history) = run(&params, &all.select(&train), &all.select(&held), 1).unwrap();
    let best = history.epochs[history.best_epoch - 1].validation_rmse.unwrap();
    assert!(best < 0.12, "{best}");
}

#[test]
fn early_stopping_keeps_the_best_epoch() {
    let mut all = low_rank(60, 50, 1_500);
    for (row, rating) in all.rating.iter_mut().enumerate() {
        *rating += if row * 7 % 11 < 5 { 1.0 } else { -1.0 };
    }
    let train: Vec<usize> = (0..1_000).collect();
    let held: Vec<usize> = (1_000..1_500).collect();
    let (train, held) = (all.select(&train), all.select(&held));
    let params = SvdParams {
        n_factors: 30,
        n_epochs: 200,
        learning_rate: 0.05,
        regularization: 0.0,
        early_stopping: Some(3),
        ..SvdParams::default()
    };
    let (model, history) = run(&params, &train, &held, 1).unwrap();
    assert_eq!(history.epochs.len(), history.best_epoch + 3);
    let exactly = SvdParams { n_epochs: history.best_epoch, early_stopping: None, ..params };
    let exact = run(&exactly, &train, &none(), 1).unwrap().0;
    assert_eq!(exact.user_bias(), model.user_bias());
    assert_eq!(exact.items().parts().item_factors, model.items().parts().item_factors);
}

#[test]
fn users_and_titles_without_ratings_have_no_bias_and_no_factors() {
    let mut data = low_rank(30, 20, 500);
    data.n_users = 31;
    data.n_titles = 22;
    let (model, _) = run(&SvdParams::default(), &data, &none(), 1).unwrap();
    assert_eq!(model.user_bias()[30].to_bits(), 0);
    assert!(model.user_vector(30).iter().chain(model.item_vector(21)).all(|&v| v.to_bits() == 0));
    assert_eq!(model.n_items(), 22);
}

#[test]
fn divergence_and_bad_parameters_are_errors() {
    let data = low_rank(30, 20, 2_000);
    let refused = |params: SvdParams| run(&params, &data, &none(), 1).unwrap_err();
    let wild = SvdParams { learning_rate: 1.0, init_std: 5.0, regularization: 0.0, ..SvdParams::default() };
    assert!(matches!(refused(wild), TrainError::Diverged { .. }));
    let negative = SvdParams { regularization: -0.1, ..SvdParams::default() };
    assert!(matches!(refused(negative), TrainError::Parameter { name: "regularization", .. }));
}
