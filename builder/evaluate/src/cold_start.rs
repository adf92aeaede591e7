//! Measures a model on users and titles it was not trained on.

use catalog::Interactions;
use dataset::{Grouped, TitleFeatures};
use progress::Reporter;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use recommender::{FactorModel, ItemModel, fold_in};
use serde::{Deserialize, Serialize};
use train::{BiasParams, ModelParams, Run, TrainError, TrainingData};

use crate::lists::{ndcg, unclipped};
use crate::rmse;

/// Numbers of known ratings of a new user at which errors are measured.
pub const KNOWN: [usize; 4] = [1, 5, 10, 20];

/// Errors for new users when some of their ratings are known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KnownPoint {
    /// Number of ratings of each user that are folded in.
    pub n_known: usize,
    /// Number of other ratings of the users who have more.
    pub n_test: usize,
    /// RMSE on those, with predictions clipped to the scale.
    pub rmse: f64,
    /// RMSE when the ratings are folded into a model of biases only.
    pub biases_rmse: f64,
}

/// Leaves `n_users` out of training, chosen by the seed. Folds in the first 1, 5, 10 and 20 of each one's
/// ratings, in an order drawn by the seed, and measures on the rest. A point that leaves no rating to measure
/// on is absent.
///
/// # Errors
/// Returns [`TrainError`] if the rows cannot be trained on, or none are left.
pub fn new_users(
    rows: &Interactions,
    params: &ModelParams,
    features: &TitleFeatures,
    n_users: usize,
    seed: u64,
    reporter: &dyn Reporter,
) -> Result<Vec<KnownPoint>, TrainError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..rows.n_users).collect();
    order.shuffle(&mut rng);
    order.truncate(n_users);
    let mut is_new = vec![false; rows.n_users];
    for &user in &order {
        is_new[user] = true;
    }
    let (new, old): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).partition(|&row| is_new[rows.user_idx[row] as usize]);
    let train = rows.select(&old);
    let data = TrainingData::new(&train, features);
    let (model, _) = train::fit(params, &data, &Run::new(seed, reporter))?;
    let biases = ModelParams::Biases(BiasParams::default());
    let (biases, _) = train::fit(&biases, &data, &Run::silent(seed))?;
    let new = rows.select(&new);
    let rated = new.title_idx.iter().map(|&title| title as usize).zip(new.rating.iter().copied());
    let by_user = Grouped::new(rows.n_users, &new.user_idx, rated);
    let mut of_users: Vec<Vec<(usize, f32)>> = order.iter().map(|&user| by_user.of(user).to_vec()).collect();
    for ratings in &mut of_users {
        ratings.shuffle(&mut rng);
    }
    let mut points = Vec::new();
    for n_known in KNOWN {
        let (mut n_test, mut squares) = (0, [0.0; 2]);
        for ratings in of_users.iter().filter(|ratings| ratings.len() > n_known) {
            let (known, rest) = ratings.split_at(n_known);
            n_test += rest.len();
            for (sum, model) in squares.iter_mut().zip([model.items(), biases.items()]) {
                let user = fold_in(model, known);
                *sum += rest.iter().map(|&(title, rating)| square(model, &user, title, rating)).sum::<f64>();
            }
        }
        if n_test > 0 {
            let [rmse, biases_rmse] = squares.map(|sum| (sum / n_test as f64).sqrt());
            points.push(KnownPoint { n_known, n_test, rmse, biases_rmse });
        }
    }
    Ok(points)
}

fn square(model: &ItemModel, user: &recommender::NewUser, title: usize, rating: f32) -> f64 {
    let parts = model.parts();
    let product: f32 = user.vector.iter().zip(model.item_vector(title)).map(|(p, q)| p * q).sum();
    let predicted = model.clip(parts.global_mean + user.bias + parts.item_bias[title] + product);
    f64::from(rating - predicted).powi(2)
}

/// Measures on titles without training ratings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ColdTitles {
    /// Number of titles left out.
    pub n_titles: usize,
    /// Number of their ratings.
    pub n_test: usize,
    /// RMSE of the model.
    pub rmse: f64,
    /// RMSE of the users' biases only.
    pub user_bias_rmse: f64,
    /// Number of users who liked one of the titles and rated another.
    pub n_ranked_users: usize,
    /// Mean nDCG@10 of each user's rated titles among those left out, ranked by the model's score.
    pub ndcg: f64,
    /// The same when ranked by the users' biases only, which order nothing: the mean over random orders.
    pub user_bias_ndcg: f64,
}

/// Number of random orders over which the nDCG of a score without an order is averaged.
const N_ORDERS: usize = 20;
/// Number of ranks that count.
const FIRST: usize = 10;

/// Leaves `share` of the rated titles out of training with all their ratings, chosen by the seed, and
/// measures on those titles: the errors of all their ratings, and how high the liked ones are ranked for each
/// user who liked one of them and rated another.
///
/// # Errors
/// Returns [`TrainError`] if the rows cannot be trained on, or none are left.
pub fn cold_titles(
    rows: &Interactions,
    params: &ModelParams,
    features: &TitleFeatures,
    share: f64,
    seed: u64,
    reporter: &dyn Reporter,
) -> Result<ColdTitles, TrainError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rated: Vec<u32> = rows.title_idx.clone();
    rated.sort_unstable();
    rated.dedup();
    rated.shuffle(&mut rng);
    rated.truncate((rated.len() as f64 * share) as usize);
    rated.sort_unstable();
    let (cold, warm): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).partition(|&row| rated.binary_search(&rows.title_idx[row]).is_ok());
    let (train, test) = (rows.select(&warm), rows.select(&cold));
    let (model, _) = train::fit(params, &TrainingData::new(&train, features), &Run::new(seed, reporter))?;
    let biases = ModelParams::Biases(BiasParams::default());
    let no_features = TitleFeatures::default();
    let (biases, _) = train::fit(&biases, &TrainingData::new(&train, &no_features), &Run::silent(seed))?;

    let mut of_user: Vec<Vec<(f32, bool)>> = vec![Vec::new(); rows.n_users];
    for row in 0..test.len() {
        let user = test.user_idx[row] as usize;
        // A user's bias does not change the order of that user's titles.
        let score = unclipped(&model, user, test.title_idx[row] as usize);
        of_user[user].push((score, test.rating[row] >= test.scale.liked()));
    }
    of_user.retain(|titles| titles.iter().any(|t| t.1) && titles.len() > 1);
    let (mut by_model, mut by_chance) = (0.0, 0.0);
    let of_order = |titles: &[(f32, bool)]| {
        let hits: Vec<bool> = titles.iter().map(|t| t.1).collect();
        ndcg(&hits, hits.iter().filter(|&&hit| hit).count(), FIRST)
    };
    for titles in &mut of_user {
        for _ in 0..N_ORDERS {
            titles.shuffle(&mut rng);
            by_chance += of_order(titles) / N_ORDERS as f64;
        }
        titles.sort_by(|a, b| b.0.total_cmp(&a.0));
        by_model += of_order(titles);
    }
    let n_ranked = of_user.len();
    let error = |model: &FactorModel| rmse(model, &test).unwrap_or(f64::NAN);
    Ok(ColdTitles {
        n_titles: rated.len(),
        n_test: test.len(),
        rmse: error(&model),
        user_bias_rmse: error(&biases),
        n_ranked_users: n_ranked,
        ndcg: by_model / n_ranked as f64,
        user_bias_ndcg: by_chance / n_ranked as f64,
    })
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use progress::Silent;
    use train::BayesParams;

    /// Generates `r = 3 + b(u) + t·(group of the title is the user's own)`, rating each pair with chance 0.4.
    fn two_groups() -> Interactions {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut rows = Interactions { n_users: 120, n_titles: 60, ..Interactions::default() };
        for u in 0..120_u32 {
            let bias: f32 = rng.random_range(-0.3..0.3);
            for i in 0..60 {
                let noise: f32 = rng.random_range(-0.3..0.3);
                if rng.random_bool(0.4) {
                    rows.user_idx.push(u);
                    rows.title_idx.push(i);
                    rows.rating.push(3.0 + bias + noise + if u % 2 == i % 2 { 1.0 } else { -1.0 });
                }
            }
        }
        rows
    }

    /// Returns a feature that is the group of each title.
    fn groups() -> TitleFeatures {
        use catalog::{Platform, Title, TitleId, TitleTable};
        let titles = (0..60).map(|i| Title {
            genres: vec![["even", "odd"][i % 2].to_owned()],
            ..Title::named(TitleId::new(&format!("ns{i}")).unwrap(), format!("T{i}"))
        });
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles.collect()).unwrap();
        TitleFeatures::new(&table, &(0..60).collect::<Vec<_>>())
    }

    fn params() -> ModelParams {
        ModelParams::Bayes(BayesParams { n_factors: 4, n_sweeps: 60, burn_in: 20, ..BayesParams::default() })
    }

    #[test]
    fn more_known_ratings_give_smaller_errors() {
        let points = new_users(&two_groups(), &params(), &TitleFeatures::default(), 30, 1, &Silent).unwrap();
        assert_eq!(points.iter().map(|p| p.n_known).collect::<Vec<_>>(), KNOWN);
        assert!(points[1].rmse < points[0].rmse && points[3].rmse < 0.4, "{points:?}");
        assert!(points[3].rmse < 0.5 * points[3].biases_rmse, "{points:?}");
    }

    #[test]
    fn features_place_titles_without_ratings() {
        let cold = cold_titles(&two_groups(), &params(), &groups(), 0.2, 1, &Silent).unwrap();
        assert_eq!(cold.n_titles, 12);
        assert!(cold.rmse < 0.5 * cold.user_bias_rmse, "{cold:?}");
        assert!(cold.ndcg > cold.user_bias_ndcg + 0.1, "{cold:?}");
        let blind =
            cold_titles(&two_groups(), &params(), &TitleFeatures::default(), 0.2, 1, &Silent).unwrap();
        assert!(blind.rmse > 0.9 * blind.user_bias_rmse, "{blind:?}");
    }
}
