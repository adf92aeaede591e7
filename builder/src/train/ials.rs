//! Implicit alternating least squares: a factor model that ranks titles by how likely a user is to like them.
//!
//! Minimises `Σ_{liked} (1 − p·q)² + α₀ Σ_{all} (p·q)² + Σ_u λ_u‖p‖² + Σ_i λ_i‖q‖²` with
//! `λ_u = λ(n(u) + α₀|I|)^ν`, likewise for titles (Hu, Koren and Volinsky 2008; the weights and the scaling of the
//! regularisation as in Rendle, Krichene, Zhang and Koren 2022, "Revisiting the performance of iALS on item
//! recommendation benchmarks", sections 3 and 4). Each half-step solves one side exactly, in double precision.

use catalog::Interactions;
use nalgebra::{Cholesky, DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use recommender::{ItemModel, ItemModelParts, RankingModel, RankingWeights};
use serde::{Deserialize, Serialize};

use super::grouped::Grouped;
use super::{TrainError, check_parameter, check_rows, cold};
use crate::Reporter;
use crate::features::TitleFeatures;

/// Parameters of [`fit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IalsParams {
    /// Factors a user or title.
    pub n_factors: usize,
    /// Passes, each over titles' and users' sides.
    pub n_epochs: usize,
    /// α₀: the weight of a pair that nobody has observed.
    pub unobserved_weight: f64,
    /// λ.
    pub regularization: f64,
    /// ν, from 0 to 1.
    pub exponent: f64,
}

impl Default for IalsParams {
    fn default() -> Self {
        Self { n_factors: 32, n_epochs: 12, unobserved_weight: 0.3, regularization: 0.01, exponent: 1.0 }
    }
}

impl IalsParams {
    fn check(&self) -> Result<(), TrainError> {
        let factors = self.n_factors as f64;
        check_parameter("n_factors", factors, (1..=1024).contains(&self.n_factors), "1 to 1024")?;
        let weight = self.unobserved_weight;
        check_parameter("unobserved_weight", weight, weight > 0.0 && weight <= 1e3, "above 0, at most 1000")?;
        let lambda = self.regularization;
        check_parameter("regularization", lambda, lambda > 0.0 && lambda <= 1e3, "above 0, at most 1000")?;
        check_parameter("exponent", self.exponent, (0.0..=1.0).contains(&self.exponent), "0 to 1")
    }

    /// As they are stored, for a loss over `n_titles` liked titles.
    fn weights(&self, n_titles: usize) -> RankingWeights {
        RankingWeights {
            n_titles: n_titles as u32,
            unobserved_weight: self.unobserved_weight as f32,
            regularization: self.regularization as f32,
            exponent: self.exponent as f32,
        }
    }

    /// One line.
    pub fn describe(&self) -> String {
        format!(
            "{} factors, {} epochs, unobserved weight {}, regularization {} (exponent {})",
            self.n_factors, self.n_epochs, self.unobserved_weight, self.regularization, self.exponent
        )
    }
}

/// The rows whose rating is at least `least`: what is taken for liked.
#[must_use]
pub fn liked(rows: &Interactions, least: f32) -> Interactions {
    let kept: Vec<usize> = (0..rows.len()).filter(|&row| rows.rating[row] >= least).collect();
    rows.select(&kept)
}

/// A ranking model, and the users that it was trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The titles' side.
    pub model: RankingModel,
    /// p(u), users × factors, row by row.
    pub user_factors: Vec<f32>,
}

impl Fitted {
    /// p(u), one factor vector.
    ///
    /// # Panics
    /// Where there is no such user.
    pub fn user_vector(&self, user: usize) -> &[f32] {
        let k = self.model.n_factors();
        &self.user_factors[user * k..(user + 1) * k]
    }
}

/// Trains on the pairs of `liked`, whose ratings are not looked at. Users' vectors are the model's own fold-in of what
/// they liked, so that a user who is folded in later gets what a trained one gets.
///
/// A user without a liked title has the vector 0. A title that nobody likes has that of a title with its features, or 0
/// where nothing is known of it; it is no part of what users are folded in by.
///
/// # Errors
/// [`TrainError`].
pub fn fit(
    params: &IalsParams,
    liked: &Interactions,
    features: &TitleFeatures,
    seed: u64,
    reporter: &dyn Reporter,
) -> Result<Fitted, TrainError> {
    params.check()?;
    check_rows("liked", liked)?;
    if liked.is_empty() {
        return Err(TrainError::Empty);
    }
    let users = pairs(liked.n_users, &liked.user_idx, &liked.title_idx);
    let items = pairs(liked.n_titles, &liked.title_idx, &liked.user_idx);
    let k = params.n_factors;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let start_std = 0.1 / (k as f64).sqrt();
    let mut draw = || -> f64 { StandardNormal.sample(&mut rng) };
    // A column a title.
    let mut item_factors = DMatrix::from_fn(k, liked.n_titles, |_, _| draw() * start_std);
    for (item, mut column) in item_factors.column_iter_mut().enumerate() {
        if items.of(item).is_empty() {
            column.fill(0.0);
        }
    }
    reporter.start("training the ranking", params.n_epochs as u64, "passes");
    for _ in 0..params.n_epochs {
        let user_factors = half_step(&users, &item_factors, items.n_known(), params);
        item_factors = half_step(&items, &user_factors, users.n_known(), params);
        reporter.advance(1);
    }
    reporter.finish();
    model(params, &users, &items, &item_factors, features)
        .map_err(|problem| TrainError::Unsound(problem.to_string()))
}

/// A title that nobody likes is taken for one of the many with few likes, not for one of the few with many.
const EVERY_TITLE_ALIKE: f32 = 0.0;

/// The model of these title vectors, with every user folded in.
fn model(
    params: &IalsParams,
    users: &Pairs,
    items: &Pairs,
    item_factors: &DMatrix<f64>,
    features: &TitleFeatures,
) -> Result<Fitted, artifact::Invalid> {
    let (k, n_items) = item_factors.shape();
    let weights = params.weights(items.n_known());
    let side = ItemModel::new(ItemModelParts {
        item_bias: vec![0.0; n_items],
        n_factors: k,
        user_prior: recommender::UserPrior::standard(k),
        item_factors: item_factors.iter().map(|&v| v as f32).collect(),
        ..ItemModelParts::default()
    })?;
    // The vectors as they are stored: the prior is of those.
    let user_prior = RankingModel::prior(&side.parts().item_factors, k, weights)?;
    let folding = ItemModel::new(ItemModelParts { user_prior, ..side.into_parts() })?;
    let folding = RankingModel::new(folding, weights)?;
    let folded: Vec<Vec<f32>> = (0..users.n_rows())
        .into_par_iter()
        .map(|user| {
            let liked: Vec<usize> = users.of(user).iter().map(|&item| item as usize).collect();
            folding.fold_in(&liked)
        })
        .collect();
    let mut parts = folding.to_parts();
    let n_liked: Vec<u32> = (0..n_items).map(|item| items.of(item).len() as u32).collect();
    cold::place(&mut parts.item_bias, &mut parts.item_factors, &n_liked, features, EVERY_TITLE_ALIKE);
    let model = RankingModel::new(ItemModel::new(parts)?, weights)?;
    Ok(Fitted { model, user_factors: folded.concat() })
}

/// One side's pairs, by row.
type Pairs = Grouped<u32>;

fn pairs(n_rows: usize, row: &[u32], other: &[u32]) -> Pairs {
    Grouped::new(n_rows, row, other.iter().copied())
}

/// The best vectors of one side, given those of the other (a column each), `n_other` of which have a pair:
/// `(Σ_{liked} vvᵀ + α₀VVᵀ + λ_u·1) p = Σ_{liked} v`.
fn half_step(pairs: &Pairs, other: &DMatrix<f64>, n_other: usize, params: &IalsParams) -> DMatrix<f64> {
    let k = other.nrows();
    let weights = params.weights(n_other);
    let gramian = other * other.transpose() * params.unobserved_weight;
    let n_rows = pairs.n_rows();
    let columns: Vec<DVector<f64>> = (0..n_rows)
        .into_par_iter()
        .map(|row| {
            let of_row = pairs.of(row);
            let mut right = DVector::zeros(k);
            if of_row.is_empty() {
                return right;
            }
            let mut matrix = gramian.clone();
            let ridge = weights.ridge(of_row.len());
            for i in 0..k {
                matrix[(i, i)] += ridge;
            }
            // A few hundred vectors at a time, as one product of matrices.
            for some in of_row.chunks(256) {
                let mut vectors = DMatrix::zeros(k, some.len());
                for (mut to, &at) in vectors.column_iter_mut().zip(some) {
                    to.copy_from(&other.column(at as usize));
                }
                right += vectors.column_sum();
                matrix.gemm(1.0, &vectors, &vectors.transpose(), 1.0);
            }
            // A ridge above 0 makes it positive definite.
            match Cholesky::new(matrix) {
                Some(factor) => factor.solve(&right),
                None => DVector::zeros(k),
            }
        })
        .collect();
    DMatrix::from_columns(&columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;

    /// Two groups of users, each of whom likes most titles of its own half.
    fn two_tastes() -> Interactions {
        let mut rows = Interactions { n_users: 41, n_titles: 31, ..Interactions::default() };
        for u in 0..40_u32 {
            for i in 0..30_u32 {
                if u % 2 == i % 2 && (u / 2 + i / 2) % 5 != 0 {
                    rows.user_idx.push(u);
                    rows.title_idx.push(i);
                    rows.rating.push(5.0);
                }
            }
        }
        rows
    }

    fn params() -> IalsParams {
        IalsParams { n_factors: 4, ..IalsParams::default() }
    }

    #[test]
    fn titles_of_ones_own_taste_come_first() {
        let rows = two_tastes();
        let ranking = fit(&params(), &rows, &TitleFeatures::default(), 1, &Silent).unwrap();
        let score = |u: usize, i: usize| -> f32 {
            let (p, q) = (ranking.user_vector(u), ranking.model.item_vector(i));
            p.iter().zip(q).map(|(a, b)| a * b).sum()
        };
        for u in 0..40 {
            let lowest =
                (0..30).filter(|i| i % 2 == u % 2).map(|i| score(u, i)).fold(f32::INFINITY, f32::min);
            let highest =
                (0..30).filter(|i| i % 2 != u % 2).map(|i| score(u, i)).fold(f32::NEG_INFINITY, f32::max);
            assert!(lowest > highest, "user {u}: {lowest} and {highest}");
        }
        let zero = |values: &[f32]| values.iter().all(|&v| v == 0.0);
        assert!(zero(ranking.user_vector(40)) && zero(&ranking.model.item_vector(30)));
    }

    #[test]
    fn a_step_never_raises_the_loss() {
        let rows = two_tastes();
        let p = params();
        let (users, items) = (
            pairs(rows.n_users, &rows.user_idx, &rows.title_idx),
            pairs(rows.n_titles, &rows.title_idx, &rows.user_idx),
        );
        let loss = |user_factors: &DMatrix<f64>, item_factors: &DMatrix<f64>| {
            let scores = user_factors.transpose() * item_factors;
            let mut loss = scores.iter().map(|s| s * s).sum::<f64>() * p.unobserved_weight;
            for (&u, &i) in rows.user_idx.iter().zip(&rows.title_idx) {
                loss += (1.0 - scores[(u as usize, i as usize)]).powi(2);
            }
            for (pairs, factors) in [(&users, user_factors), (&items, item_factors)] {
                let n_other = if factors.ncols() == rows.n_users { 30 } else { 40 };
                for (row, column) in factors.column_iter().enumerate() {
                    loss += p.weights(n_other).ridge(pairs.of(row).len()) * column.norm_squared();
                }
            }
            loss
        };
        let mut item_factors =
            DMatrix::from_fn(4, rows.n_titles, |f, i| ((f * 5 + i * 3) % 7) as f64 / 7.0 - 0.4);
        item_factors.column_mut(30).fill(0.0);
        let mut before = f64::INFINITY;
        for _ in 0..5 {
            let user_factors = half_step(&users, &item_factors, 30, &p);
            let after_users = loss(&user_factors, &item_factors);
            item_factors = half_step(&items, &user_factors, 40, &p);
            let after_items = loss(&user_factors, &item_factors);
            assert!(after_users <= before + 1e-9 && after_items <= after_users + 1e-9);
            before = after_items;
        }
    }

    #[test]
    fn threads_change_nothing_and_seeds_do() {
        let rows = two_tastes();
        let run = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&params(), &rows, &TitleFeatures::default(), seed, &Silent)).unwrap()
        };
        assert_eq!(run(1, 1), run(3, 1));
        assert_ne!(run(1, 1), run(1, 2));
    }

    #[test]
    fn parameters_out_of_range_and_no_rows_are_refused() {
        let rows = two_tastes();
        let name = |p: IalsParams| match fit(&p, &rows, &TitleFeatures::default(), 1, &Silent) {
            Err(TrainError::Parameter { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name(IalsParams { n_factors: 0, ..params() }), "n_factors");
        assert_eq!(name(IalsParams { unobserved_weight: 0.0, ..params() }), "unobserved_weight");
        assert_eq!(name(IalsParams { regularization: f64::NAN, ..params() }), "regularization");
        assert_eq!(name(IalsParams { exponent: 2.0, ..params() }), "exponent");
        assert_eq!(
            fit(&params(), &liked(&rows, 5.5), &TitleFeatures::default(), 1, &Silent).unwrap_err(),
            TrainError::Empty
        );
    }
}
