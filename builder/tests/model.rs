//! The windows of accuracy on MovieLens 100K.

mod real_data;

use builder::etl::{FileOrder, read_file_order};
use builder::train::{BiasParams, ModelParams, SvdParams};
use builder::{Silent, evaluate, split, train};
use catalog::Interactions;

fn ml_100k() -> Option<(FileOrder, Vec<u32>)> {
    let shared = real_data::shared()?;
    let file = read_file_order(&shared.join("data/ml-100k/u.data")).expect("u.data is sound");
    let folds =
        std::fs::read_to_string(shared.join("expected/ml100k_folds.txt")).expect("the folds are there");
    let folds: Vec<u32> = folds.lines().map(|line| line.trim().parse().expect("a fold number")).collect();
    assert_eq!((file.rows.len(), folds.len()), (100_000, 100_000));
    Some((file, folds))
}

/// The mean RMSE over the five folds.
fn mean_rmse(params: &ModelParams) -> Option<f64> {
    let (file, folds) = ml_100k()?;
    let rmse = |test_fold| {
        let split = split::fold(&folds, test_fold).expect("five folds").apply(&file.rows);
        let (model, _) =
            train::fit(params, &split.train, &Interactions::default(), 1, &Silent).expect("sound rows");
        assert_eq!(model.parts().scale, (1.0, 5.0));
        evaluate::rmse(&model, &split.test).expect("test rows")
    };
    Some((0..5).map(rmse).sum::<f64>() / 5.0)
}

#[test]
fn the_defaults_are_where_surprise_is() {
    let Some(rmse) = mean_rmse(&ModelParams::default()) else { return };
    assert!((0.930..=0.940).contains(&rmse), "{rmse}");
}

#[test]
fn biases_alone_are_where_surprise_is() {
    let Some(rmse) = mean_rmse(&ModelParams::Biases(BiasParams::default())) else { return };
    assert!((0.940..=0.948).contains(&rmse), "{rmse}");
}

/// Found without the rows of fold 0 by `cartelera tune --rows u.data --folds ml100k_folds.txt --without-fold 0
/// --trials 60 --seed 1`, whose trials are judged on a tenth of the other rows.
#[test]
fn tuned_parameters_reach_the_best_of_surprise() {
    let params = SvdParams {
        n_factors: 128,
        n_epochs: 78,
        learning_rate: 0.0057,
        regularization: 0.098,
        bias_regularization: Some(0.0081),
        ..SvdParams::default()
    };
    let Some(rmse) = mean_rmse(&ModelParams::Svd(params)) else { return };
    // A number too good is a leak.
    assert!((0.900..=0.910).contains(&rmse), "{rmse}");
}
