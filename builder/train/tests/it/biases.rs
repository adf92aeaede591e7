//! The biases.

use catalog::Interactions;
use dataset::TitleFeatures;
use recommender::FactorModel;
use train::{BiasParams, History, ModelParams, Run, TrainingData, fit};

fn run(params: BiasParams, train: &Interactions, validation: &Interactions) -> (FactorModel, History) {
    let nothing = TitleFeatures::default();
    let data = TrainingData::new(train, &nothing).watching(validation);
    fit(&ModelParams::Biases(params), &data, &Run::silent(0)).unwrap()
}

#[test]
fn a_pass_follows_the_formula() {
    let data = Interactions {
        n_users: 3,
        n_titles: 2,
        user_idx: vec![0, 0, 1],
        title_idx: vec![0, 1, 0],
        rating: vec![5.0, 3.0, 1.0],
        ..Interactions::default()
    };
    let params = BiasParams { n_epochs: 1, user_damping: 1.0, item_damping: 2.0 };
    let (model, history) = run(params, &data, &Interactions::default());
    // μ = 3; titles: (2 − 2) / (2 + 2) = 0 and 0 / 3 = 0; users: (2 + 0) / (1 + 2), −2 / (1 + 1), and 0
    // without ratings.
    let expected = [2.0 / 3.0, -1.0, 0.0];
    for (b, e) in model.user_bias().iter().zip(expected) {
        assert!((b - e).abs() < 1e-6, "{b} {e}");
    }
    assert!(model.items().parts().item_bias.iter().all(|b| b.abs() < 1e-6));
    assert_eq!((model.n_factors(), model.items().parts().scale, history.best_epoch), (0, (1.0, 5.0), 1));
}

#[test]
fn additive_data_is_fitted_exactly_without_damping() {
    let mut data = Interactions { n_users: 6, n_titles: 5, ..Interactions::default() };
    for u in 0..6_u32 {
        for i in 0..5_u32 {
            data.user_idx.push(u);
            data.title_idx.push(i);
            data.rating.push(2.0 + 0.25 * u as f32 + 0.125 * i as f32);
        }
    }
    let params = BiasParams { n_epochs: 10, user_damping: 0.0, item_damping: 0.0 };
    let (_, history) = run(params, &data, &data);
    let last = history.epochs.last().unwrap();
    assert!(last.train_rmse < 1e-6 && last.validation_rmse.unwrap() < 1e-6, "{last:?}");
}
