//! How well a model does for users and titles that it was not trained on.

use catalog::Interactions;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use recommender::{FactorModel, ItemModel, fold_in};
use serde::{Deserialize, Serialize};

use crate::Reporter;
use crate::evaluate::{self, RELEVANT, ndcg};
use crate::features::TitleFeatures;
use crate::train::{self, BiasParams, ModelParams, TrainError};

/// Ratings of a new user that are known, at the points that are measured.
pub const KNOWN: [usize; 4] = [1, 5, 10, 20];

/// Errors for new users of whom some ratings are known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KnownPoint {
    /// How many ratings of each user are folded in.
    pub n_known: usize,
    /// The other ratings of the users who have more.
    pub n_test: usize,
    /// RMSE on those; predictions clipped to the scale.
    pub rmse: f64,
    /// The same with the ratings folded into a model of biases alone.
    pub biases_rmse: f64,
}

/// Leaves `n_users` out of training, chosen by the seed, folds the first 1, 5, 10 and 20 of each one's ratings in
/// (in an order drawn by the seed), and measures on the rest of them. A point that leaves no rating is absent.
///
/// # Errors
/// [`TrainError`], where the rows cannot be trained on or none is left.
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
    let nothing = Interactions::default();
    let (model, _) = train::fit(params, &train, &nothing, features, seed, reporter)?;
    let biases = ModelParams::Biases(BiasParams::default());
    let (biases, _) = train::fit(&biases, &train, &nothing, features, seed, &crate::Silent)?;
    let mut of_user = vec![Vec::new(); rows.n_users];
    for row in new {
        of_user[rows.user_idx[row] as usize].push((rows.title_idx[row] as usize, rows.rating[row]));
    }
    for &user in &order {
        of_user[user].shuffle(&mut rng);
    }
    let mut points = Vec::new();
    for n_known in KNOWN {
        let (mut n_test, mut squares) = (0, [0.0; 2]);
        for ratings in order.iter().map(|&user| &of_user[user]).filter(|ratings| ratings.len() > n_known) {
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

/// Measures on titles that nobody in training had rated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ColdTitles {
    /// Titles left out.
    pub n_titles: usize,
    /// Their ratings.
    pub n_test: usize,
    /// RMSE of the model.
    pub rmse: f64,
    /// RMSE of the users' biases alone.
    pub user_bias_rmse: f64,
    /// Users who liked one of the titles and rated another.
    pub n_ranked_users: usize,
    /// Mean nDCG@10 of the titles left out that a user rated, by the model's score.
    pub ndcg: f64,
    /// The same by the users' biases alone, which put no title before another: the mean over random orders.
    pub user_bias_ndcg: f64,
}

/// Random orders over which the nDCG of a score without an order is averaged.
const N_ORDERS: usize = 20;
/// Ranks that count.
const FIRST: usize = 10;

/// Leaves `share` of the rated titles out of training, chosen by the seed, with all their ratings, and measures on
/// those: errors of all ratings, and for each user with a liked and another title among them how well the liked ones
/// come first.
///
/// # Errors
/// [`TrainError`], where the rows cannot be trained on or none is left.
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
    let nothing = Interactions::default();
    let (model, _) = train::fit(params, &train, &nothing, features, seed, reporter)?;
    let biases = ModelParams::Biases(BiasParams::default());
    let no_features = TitleFeatures::default();
    let (biases, _) = train::fit(&biases, &train, &nothing, &no_features, seed, &crate::Silent)?;

    let mut of_user: Vec<Vec<(f32, bool)>> = vec![Vec::new(); rows.n_users];
    for row in 0..test.len() {
        let user = test.user_idx[row] as usize;
        // A user's bias does not change the order of that user's titles.
        let score = evaluate::unclipped(&model, user, test.title_idx[row] as usize);
        of_user[user].push((score, test.rating[row] >= RELEVANT));
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
    let error = |model: &FactorModel| evaluate::rmse(model, &test).unwrap_or(f64::NAN);
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
    use crate::Silent;
    use crate::train::BayesParams;

    /// `r = 3 + b(u) + t·(group of the title is the user's own)`, each pair with chance 0.4.
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

    /// A feature that tells the group of each title.
    fn groups() -> TitleFeatures {
        use catalog::{Kind, Platform, Title, TitleId, TitleTable};
        let titles = (0..60).map(|i| Title {
            id: TitleId::new(&format!("ns{i}")).unwrap(),
            platform_idx: 0,
            kind: Kind::Movie,
            display: format!("T{i}"),
            director: Vec::new(),
            cast: Vec::new(),
            country: Vec::new(),
            date_added: None,
            release_year: None,
            audience: String::new(),
            duration: None,
            genres: vec![["even", "odd"][i % 2].to_owned()],
            description: String::new(),
        });
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles.collect()).unwrap();
        TitleFeatures::new(&table, &(0..60).collect::<Vec<_>>())
    }

    fn params() -> ModelParams {
        ModelParams::Bayes(BayesParams { n_factors: 4, n_sweeps: 60, burn_in: 20, ..BayesParams::default() })
    }

    #[test]
    fn more_known_ratings_make_fewer_errors() {
        let points = new_users(&two_groups(), &params(), &TitleFeatures::default(), 30, 1, &Silent).unwrap();
        assert_eq!(points.iter().map(|p| p.n_known).collect::<Vec<_>>(), KNOWN);
        assert!(points[1].rmse < points[0].rmse && points[3].rmse < 0.4, "{points:?}");
        assert!(points[3].rmse < 0.5 * points[3].biases_rmse, "{points:?}");
    }

    #[test]
    fn features_find_a_place_for_titles_that_nobody_rated() {
        let cold = cold_titles(&two_groups(), &params(), &groups(), 0.2, 1, &Silent).unwrap();
        assert_eq!(cold.n_titles, 12);
        assert!(cold.rmse < 0.5 * cold.user_bias_rmse, "{cold:?}");
        assert!(cold.ndcg > cold.user_bias_ndcg + 0.1, "{cold:?}");
        let blind =
            cold_titles(&two_groups(), &params(), &TitleFeatures::default(), 0.2, 1, &Silent).unwrap();
        assert!(blind.rmse > 0.9 * blind.user_bias_rmse, "{blind:?}");
    }
}
