//! Tests that every trainer passes. A new trainer gets a line in [`rating_trainers`].

use artifact::Artifact as _;
use catalog::{Interactions, RatingTable, Scale, UserId};
use dataset::TitleFeatures;
use dataset::made_up::{MadeUp, two_tastes};

use train::ials::{self, IalsParams};
use train::neighbors::{self, NeighborsParams, RatedTogether};
use train::{BayesParams, BiasParams, ModelParams, Run, SvdParams, TrainError, TrainingData, fit};

/// Returns every trainer of rating models, with parameters that train in a moment.
fn rating_trainers() -> Vec<ModelParams> {
    let quick = vec![
        ModelParams::Biases(BiasParams::default()),
        ModelParams::Svd(SvdParams { n_factors: 0, ..SvdParams::default() }),
        ModelParams::Svd(SvdParams {
            n_factors: 12,
            learning_rate: 0.02,
            n_epochs: 30,
            ..SvdParams::default()
        }),
        ModelParams::Bayes(BayesParams {
            n_factors: 3,
            n_served: 8,
            n_sweeps: 12,
            burn_in: 4,
            ..BayesParams::default()
        }),
    ];
    for params in ModelParams::all() {
        assert!(
            quick.iter().any(|q| q.algorithm() == params.algorithm()),
            "{} is missing",
            params.algorithm()
        );
    }
    quick
}

/// Trainer of a rating or ranking model, as a function from rows and a seed to the bytes of a model.
type Train = Box<dyn Fn(&Interactions, u64) -> Result<Vec<u8>, TrainError> + Sync>;

fn all_trainers() -> Vec<(String, Train)> {
    let mut trainers: Vec<(String, Train)> = Vec::new();
    for params in rating_trainers() {
        let name = params.describe();
        trainers.push((
            name,
            Box::new(move |rows, seed| {
                let nothing = TitleFeatures::default();
                let (model, _) = fit(&params, &TrainingData::new(rows, &nothing), &Run::silent(seed))?;
                Ok(model.to_bytes().unwrap())
            }),
        ));
    }
    let ials = IalsParams { n_factors: 4, n_epochs: 3, ..IalsParams::default() };
    trainers.push((
        ials.describe(),
        Box::new(move |rows, seed| {
            let fitted = ials::fit(&ials, rows, &TitleFeatures::default(), &Run::silent(seed))?;
            let mut bytes = fitted.model.to_bytes().unwrap();
            bytes.extend(fitted.user_factors.iter().flat_map(|v| v.to_le_bytes()));
            Ok(bytes)
        }),
    ));
    let neighbors = NeighborsParams { n_neighbors: 3, ..NeighborsParams::default() };
    trainers.push((
        neighbors.describe(),
        Box::new(move |rows, _| {
            let together = RatedTogether::of_values(rows, neighbors.user_exponent)?;
            Ok(neighbors::fit(&neighbors, &together)?.to_bytes().unwrap())
        }),
    ));
    trainers
}

fn rows(triples: &[(u32, u32, f32)]) -> Interactions {
    Interactions {
        n_users: 2,
        n_titles: 2,
        user_idx: triples.iter().map(|t| t.0).collect(),
        title_idx: triples.iter().map(|t| t.1).collect(),
        rating: triples.iter().map(|t| t.2).collect(),
        ..Interactions::default()
    }
}

#[test]
fn invalid_rows_are_refused() {
    let good = rows(&[(0, 0, 3.0), (1, 1, 4.0)]);
    let mut uneven = good.clone();
    uneven.title_idx.pop();
    let bad = [
        (rows(&[(0, 0, 3.0), (2, 0, 3.0)]), 1, "the user position is out of range"),
        (rows(&[(0, 2, 3.0)]), 0, "the title position is out of range"),
        (rows(&[(0, 0, f32::NAN)]), 0, "the rating is not a finite number"),
        (uneven, 1, "the columns differ in length"),
    ];
    for (name, train) in all_trainers() {
        assert_eq!(train(&rows(&[]), 0), Err(TrainError::Empty), "{name}");
        for (rows, at, expected) in &bad {
            let Err(TrainError::Row { row, problem, .. }) = train(rows, 0) else {
                panic!("{name} accepted rows although {expected}");
            };
            assert_eq!((row, problem), (*at, *expected), "{name}");
        }
        assert!(train(&good, 0).is_ok(), "{name}");
    }
}

#[test]
fn one_thread_and_many_give_the_same_bytes() {
    let made_up = MadeUp { n_users: 70, n_titles: 40, ..MadeUp::default() }.rows();
    for (name, train) in all_trainers() {
        let run = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(&made_up, seed)).unwrap()
        };
        let first = run(1, 3);
        assert!(run(2, 3) == first && run(5, 3) == first, "{name}: threads change the bytes");
    }
}

#[test]
fn the_seed_matters_only_if_something_is_drawn() {
    let made_up = MadeUp { n_users: 70, n_titles: 40, ..MadeUp::default() }.rows();
    for (name, train) in all_trainers() {
        // So few rows are one block of the grid, and without factors the seed does not change the order of
        // one block.
        let undrawn = ["biases", "0 factors", "3 neighbors"];
        let drawn = !undrawn.iter().any(|start| name.starts_with(start));
        let differ = train(&made_up, 1).unwrap() != train(&made_up, 2).unwrap();
        assert_eq!(differ, drawn, "{name}");
    }
}

#[test]
fn held_out_ratings_are_predicted_better_than_by_the_mean() {
    let all = MadeUp::default().rows();
    let (held, train): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(|row| row % 7 == 0);
    let (train, held) = (all.select(&train), all.select(&held));
    let nothing = TitleFeatures::default();
    let squares = |predict: &dyn Fn(usize, usize) -> f32| -> f64 {
        (0..held.len())
            .map(|row| {
                let (user, title) = (held.user_idx[row] as usize, held.title_idx[row] as usize);
                f64::from(held.rating[row] - predict(user, title)).powi(2)
            })
            .sum()
    };
    for params in rating_trainers() {
        let data = TrainingData::new(&train, &nothing).watching(&held);
        let (model, history) = fit(&params, &data, &Run::silent(1)).unwrap();
        let mean = model.items().parts().global_mean;
        let by_model = squares(&|user, title| model.predict(user, title));
        assert!(by_model < 0.85 * squares(&|_, _| mean), "{}", params.describe());
        let last = history.epochs[history.best_epoch - 1];
        assert!(last.validation_rmse.is_some() && last.train_rmse.is_finite(), "{}", params.describe());
        assert_eq!(model.n_factors(), params.n_factors().min(model.n_factors()), "{}", params.describe());
        assert!(model.items().parts().noise_variance > 0.0, "{}", params.describe());
    }
}

#[test]
fn users_and_titles_without_ratings_get_finite_predictions_on_the_scale() {
    let mut rows = MadeUp { n_users: 70, n_titles: 40, ..MadeUp::default() }.rows();
    (rows.n_users, rows.n_titles) = (rows.n_users + 1, rows.n_titles + 1);
    let nothing = TitleFeatures::default();
    let (low, high) =
        rows.rating.iter().fold((f32::MAX, f32::MIN), |(low, high), &r| (low.min(r), high.max(r)));
    for params in rating_trainers() {
        let (model, _) = fit(&params, &TrainingData::new(&rows, &nothing), &Run::silent(1)).unwrap();
        assert_eq!((model.n_users(), model.n_items()), (71, 41), "{}", params.describe());
        for (user, title) in [(70, 0), (0, 40), (70, 40)] {
            assert!((low..=high).contains(&model.predict(user, title)), "{}", params.describe());
        }
    }
}

#[test]
fn a_table_and_its_rows_give_the_same_bytes() {
    const TITLES: usize = 40;
    let users: Vec<UserId> = (1..=60).map(|u| UserId::new(&u.to_string()).unwrap()).collect();
    let (mut offsets, mut titles) = (vec![0], Vec::new());
    for u in 0..users.len() {
        titles.extend((0..TITLES as u32).filter(|&i| (u * 5 + i as usize * 3) % 7 < u % 7));
        offsets.push(titles.len() as u64);
    }
    let ratings: Vec<f32> = (0..titles.len()).map(|row| (row * row % 45) as f32 / 10.0 + 0.5).collect();
    let times = vec![0; titles.len()];
    let table = RatingTable::new(users, offsets, titles, ratings, times, TITLES).unwrap();
    let rows = table.interactions(TITLES);
    let none = RatingTable::new(vec![], vec![0], vec![], vec![], vec![], TITLES).unwrap();
    let nothing = TitleFeatures::default();
    for params in rating_trainers() {
        let run = |data: TrainingData<'_>| fit(&params, &data, &Run::silent(3));
        let (model, history) = run(TrainingData::of_table(&table, TITLES, &nothing)).unwrap();
        let (expected, expected_history) = run(TrainingData::new(&rows, &nothing)).unwrap();
        assert_eq!(model.to_bytes().unwrap(), expected.to_bytes().unwrap(), "{}", params.describe());
        assert_eq!(history, expected_history);
        let narrow = run(TrainingData::of_table(&table, TITLES - 1, &nothing));
        assert!(matches!(narrow, Err(TrainError::Row { set: "training", .. })));
        let empty = run(TrainingData::of_table(&none, TITLES, &nothing));
        assert_eq!(empty.unwrap_err(), TrainError::Empty);
    }
}

#[test]
fn early_stopping_needs_rows_to_stop_by() {
    let train = MadeUp { n_users: 70, n_titles: 40, ..MadeUp::default() }.rows();
    let nothing = TitleFeatures::default();
    let stopping = [
        ModelParams::Svd(SvdParams { early_stopping: Some(3), ..SvdParams::default() }),
        ModelParams::Bayes(BayesParams { settle: Some(3), ..BayesParams::default() }),
    ];
    for params in stopping {
        let run = |params: &ModelParams| fit(params, &TrainingData::new(&train, &nothing), &Run::silent(1));
        assert_eq!(run(&params).unwrap_err(), TrainError::NothingToStopBy);
        let settled = params.settled(5);
        assert_eq!(settled.n_epochs(), 5);
        assert!(!settled.trainer().stops_early() && run(&settled).is_ok());
    }
}

#[test]
fn parameters_are_read_back_from_json() {
    for params in ModelParams::all() {
        let text = serde_json::to_string(&params).unwrap();
        assert!(text.starts_with(&format!(r#"{{"algorithm":"{}","#, params.algorithm())), "{text}");
        assert_eq!(serde_json::from_str::<ModelParams>(&text).unwrap(), params);
        let unknown = text.replacen('{', r#"{"no_such_parameter":1,"#, 1);
        assert!(serde_json::from_str::<ModelParams>(&unknown).is_err(), "{unknown}");
    }
}

/// Ratings from 5 to 50 are those from 0.5 to 5 in other words, and so are their predictions.
#[test]
fn ratings_on_a_wide_scale_are_predicted_as_well_as_stars() {
    let stars = MadeUp { n_users: 70, n_titles: 40, ..MadeUp::default() }.rows();
    let mut points = stars.clone();
    points.rating.iter_mut().for_each(|rating| *rating *= 10.0);
    points.scale = Scale::new(5.0, 50.0).unwrap();
    let nothing = TitleFeatures::default();
    for params in rating_trainers() {
        let train = |rows: &Interactions| {
            fit(&params, &TrainingData::new(rows, &nothing).watching(rows), &Run::silent(1)).unwrap()
        };
        let ((of_stars, stars_history), (of_points, history)) = (train(&stars), train(&points));
        for (user, title) in [(0, 0), (3, 7), (69, 39)] {
            let (a, b) = (of_stars.predict(user, title) * 10.0, of_points.predict(user, title));
            assert!((a - b).abs() < 0.5, "{}: {a} {b}", params.describe());
        }
        let rmse = |history: &train::History| history.epochs.last().unwrap().validation_rmse.unwrap();
        assert!((rmse(&history) / rmse(&stars_history) - 10.0).abs() < 0.1, "{}", params.describe());
        let noise = of_points.items().parts().noise_variance / of_stars.items().parts().noise_variance;
        assert!((noise - 100.0).abs() < 3.0, "{}: {noise}", params.describe());
    }
}

/// What is beyond the largest scale that is read is an error or a model, and never a panic.
#[test]
fn ratings_that_models_cannot_represent_never_panic() {
    let stars = MadeUp { n_users: 70, n_titles: 40, ..MadeUp::default() }.rows();
    let nothing = TitleFeatures::default();
    for params in rating_trainers() {
        let train = |low: f32, high: f32| {
            let mut rows = stars.clone();
            for rating in &mut rows.rating {
                let place = (*rating - 0.5) / 4.5;
                *rating = (low * (1.0 - place) + high * place).clamp(low, high);
            }
            rows.scale = Scale::new(low, high).unwrap();
            fit(&params, &TrainingData::new(&rows, &nothing).watching(&rows), &Run::silent(1))
        };
        let most = Scale::FARTHEST;
        for (low, high) in [(-most, most), (0.0, most), (most - 1.0, most)] {
            assert!(train(low, high).is_ok(), "{low}:{high}: {}", params.describe());
        }
        for exponent in 5..=38 {
            let high = 10_f32.powi(exponent);
            for (low, high) in [(-high, high), (0.0, high), (high, f32::MAX)] {
                let trained = train(low, high).map(|_| ());
                let is_known = matches!(
                    trained,
                    Ok(()) | Err(TrainError::TooLarge { .. } | TrainError::InvalidModel(_))
                );
                assert!(is_known, "{low}:{high}: {trained:?}");
            }
        }
        let has_factors = params.trainer().n_factors() > 0;
        assert_eq!(train(-1e9, 1e9).is_err(), has_factors, "{}", params.describe());
        assert!(train(f32::MIN, f32::MAX).is_err(), "{}", params.describe());
    }
}

#[test]
fn predictions_are_clipped_to_the_scale_of_the_rows() {
    let nothing = TitleFeatures::default();
    for params in rating_trainers() {
        let scale = |triples: &[(u32, u32, f32)]| {
            let rows = rows(triples);
            let (model, _) = fit(&params, &TrainingData::new(&rows, &nothing), &Run::silent(1)).unwrap();
            model.items().parts().scale
        };
        assert_eq!(scale(&[(0, 0, 2.0), (0, 1, 4.5)]), (2.0, 4.5), "{}", params.describe());
        assert_eq!(scale(&[(0, 0, 3.0)]), (0.5, 5.0), "{}", params.describe());
    }
}

#[test]
fn likes_alone_are_enough_for_a_ranking_model() {
    let likes = two_tastes(40, 30);
    let params = IalsParams { n_factors: 4, ..IalsParams::default() };
    assert!(ials::fit(&params, &likes, &TitleFeatures::default(), &Run::silent(1)).is_ok());
}
