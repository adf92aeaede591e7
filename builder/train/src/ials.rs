//! Implicit alternating least squares: a factor model that ranks titles by how likely a user is to like them.
//!
//! Minimizes `Σ_{rated} |v| (sign(v) − p·q)² + α₀ Σ_{all} (p·q)² + Σ_u λ_u‖p‖² + Σ_i λ_i‖q‖²`, where `λ_u` is
//! `λ(n(u) + α₀|I|)^ν`, `n(u)` is the sum of `|v|`, and likewise for titles. `v` is the value of a rating;
//! see [`RatingValues`](recommender::RatingValues). The loss is that of Hu, Koren and Volinsky 2008; the
//! weights and the scaling of the regularization are those of Rendle, Krichene, Zhang and Koren 2022,
//! "Revisiting the performance of iALS on item recommendation benchmarks", sections 3 and 4. Each half-step
//! solves one side exactly, in double precision.
//!
//! `b(i)` is half the share of the users who rated `i`, weighted by `v`, and 0 without values. It is not part
//! of the loss. Serving adds it to the scores of users with few ratings; see
//! [`RankingModel::weight_of_bias`].

use catalog::Interactions;
use nalgebra::{Cholesky, DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use recommender::{ItemModel, ItemModelParts, RankingModel, RankingWeights};
use serde::{Deserialize, Serialize};

use crate::error::check_parameter;
use crate::rows::check_rows;
use crate::trainer::Run;
use crate::{TrainError, cold};
use dataset::{Grouped, TitleFeatures};

/// Parameters of the trainer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IalsParams {
    /// Factors per user and title.
    pub n_factors: usize,
    /// Number of passes, each over both sides.
    pub n_epochs: usize,
    /// α₀, the weight of a pair that was not observed.
    pub unobserved_weight: f64,
    /// λ, the strength of the regularization.
    pub regularization: f64,
    /// ν, the exponent of the regularization, from 0 to 1.
    pub exponent: f64,
}

impl Default for IalsParams {
    fn default() -> Self {
        Self { n_factors: 48, n_epochs: 12, unobserved_weight: 0.3, regularization: 0.01, exponent: 1.0 }
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

    /// Returns the weights in their stored form, for a loss over `n_titles` titles.
    fn weights(&self, n_titles: usize) -> RankingWeights {
        RankingWeights {
            n_titles: n_titles as u32,
            unobserved_weight: self.unobserved_weight as f32,
            regularization: self.regularization as f32,
            exponent: self.exponent as f32,
        }
    }

    /// Describes the parameters in one line.
    pub fn describe(&self) -> String {
        format!(
            "{} factors, {} epochs, unobserved weight {}, regularization {} (exponent {})",
            self.n_factors, self.n_epochs, self.unobserved_weight, self.regularization, self.exponent
        )
    }
}

/// Returns the rows whose rating is at least `least`, which are likes.
#[must_use]
pub fn liked(rows: &Interactions, least: f32) -> Interactions {
    let kept: Vec<usize> = (0..rows.len()).filter(|&row| rows.rating[row] >= least).collect();
    rows.select(&kept)
}

/// Both sides of the factors.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    /// The title side.
    pub model: RankingModel,
    /// p(u), users × factors, row by row.
    pub user_factors: Vec<f32>,
}

/// Trains on values, as [`crate::values::of`] returns them. A user's vector is the model's own fold-in of
/// their values, so a user who is folded in later gets the same vector as one trained on.
///
/// A user without values has the vector 0. A title without values gets a vector from its features, or 0 if it
/// has none, and plays no part in the fold-in of users.
///
/// # Errors
/// Returns [`TrainError`] if `values` is empty, or if a row or a parameter is out of range.
pub fn fit(
    params: &IalsParams,
    values: &Interactions,
    features: &TitleFeatures,
    run: &Run<'_>,
) -> Result<Factors, TrainError> {
    let reporter = run.reporter;
    params.check()?;
    check_rows("values", values)?;
    if values.is_empty() {
        return Err(TrainError::Empty);
    }
    let users = pairs(values.n_users, &values.user_idx, &values.title_idx, &values.rating);
    let items = pairs(values.n_titles, &values.title_idx, &values.user_idx, &values.rating);
    let k = params.n_factors;
    let mut rng = ChaCha8Rng::seed_from_u64(run.seed);
    let start_std = 0.1 / (k as f64).sqrt();
    let mut draw = || -> f64 { StandardNormal.sample(&mut rng) };
    // One column per title.
    let mut item_factors = DMatrix::from_fn(k, values.n_titles, |_, _| draw() * start_std);
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
        .map_err(|problem| TrainError::InvalidModel(problem.to_string()))
}

/// Weighs every title alike, so a title without values is placed like the many titles with few, not like the
/// few with many.
const EVERY_TITLE_ALIKE: f32 = 0.0;

/// Makes the model from these title vectors, with every user folded in.
fn model(
    params: &IalsParams,
    users: &Pairs,
    items: &Pairs,
    item_factors: &DMatrix<f64>,
    features: &TitleFeatures,
) -> Result<Factors, artifact::Invalid> {
    let (k, n_items) = item_factors.shape();
    let weights = params.weights(items.n_known());
    let side = ItemModel::new(ItemModelParts {
        item_bias: (0..n_items).map(|item| bias(items.of(item), users.n_known())).collect(),
        n_factors: k,
        user_prior: recommender::UserPrior::standard(k),
        item_factors: item_factors.iter().map(|&v| v as f32).collect(),
        ..ItemModelParts::default()
    })?;
    // Use the vectors as they are stored, because the prior describes those.
    let user_prior = RankingModel::prior(&side.parts().item_factors, k, weights)?;
    let folding = ItemModel::new(ItemModelParts { user_prior, ..side.into_parts() })?;
    let folding = RankingModel::new(folding, weights)?;
    let user_factors = fold_in_all(&folding, users);
    let mut parts = folding.to_parts();
    let n_rated: Vec<u32> = (0..n_items).map(|item| items.of(item).len() as u32).collect();
    let item_bias = parts.item_bias.clone();
    cold::place(&mut parts.item_bias, &mut parts.item_factors, &n_rated, features, EVERY_TITLE_ALIKE);
    // Features place titles without ratings among the others. How popular a title is they cannot tell.
    parts.item_bias = item_bias;
    let model = RankingModel::new(ItemModel::new(parts)?, weights)?;
    Ok(Factors { model, user_factors })
}

/// Returns half the share of the users who rated a title, weighted by their values.
fn bias(of_item: &[(u32, f32)], n_users: usize) -> f32 {
    let sum: f64 = of_item.iter().map(|&(_, value)| f64::from(value.max(0.0))).sum();
    (sum / n_users.max(1) as f64 / 2.0) as f32
}

/// Folds in every user.
fn fold_in_all(model: &RankingModel, users: &Pairs) -> Vec<f32> {
    let folded: Vec<Vec<f32>> = (0..users.n_rows())
        .into_par_iter()
        .map(|user| {
            let values: Vec<(usize, f32)> =
                users.of(user).iter().map(|&(item, value)| (item as usize, value)).collect();
            model.fold_in(&values)
        })
        .collect();
    folded.concat()
}

impl Factors {
    /// Folds in every user of a model from values.
    pub(crate) fn of_model(model: RankingModel, values: &Interactions) -> Result<Self, TrainError> {
        check_rows("values", values)?;
        let users = pairs(values.n_users, &values.user_idx, &values.title_idx, &values.rating);
        Ok(Self { user_factors: fold_in_all(&model, &users), model })
    }
}

/// The other side and the value of each pair of one side, by row.
type Pairs = Grouped<(u32, f32)>;

fn pairs(n_rows: usize, row: &[u32], other: &[u32], value: &[f32]) -> Pairs {
    Grouped::new(n_rows, row, other.iter().copied().zip(value.iter().copied()))
}

/// Computes the best vectors of one side, given those of the other (one per column), of which `n_other` have
/// a pair: `(Σ_{rated} |v|qqᵀ + α₀QQᵀ + λ_u·1) p = Σ_{rated} vq`.
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
            let ridge = weights.ridge(of_row.iter().map(|&(_, value)| f64::from(value.abs())).sum());
            for i in 0..k {
                matrix[(i, i)] += ridge;
            }
            // A few hundred vectors at a time, as one matrix product.
            for some in of_row.chunks(256) {
                let mut vectors = DMatrix::zeros(k, some.len());
                for (mut to, &(at, value)) in vectors.column_iter_mut().zip(some) {
                    let root = f64::from(value.abs()).sqrt();
                    to.axpy(root, &other.column(at as usize), 0.0);
                    right.axpy(f64::from(value.signum()) * root, &to, 1.0);
                }
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

    /// Includes one user and one title without values.
    fn two_tastes() -> Interactions {
        let mut rows = dataset::made_up::two_tastes(40, 30);
        (rows.n_users, rows.n_titles) = (41, 31);
        rows
    }

    fn params() -> IalsParams {
        IalsParams { n_factors: 4, ..IalsParams::default() }
    }

    #[test]
    fn titles_of_the_users_taste_come_first() {
        let mut rows = two_tastes();
        for (value, row) in rows.rating.iter_mut().zip(0..) {
            *value = [1.0, 0.75, 1.5][row % 3];
        }
        let ranking = fit(&params(), &rows, &TitleFeatures::default(), &Run::silent(1)).unwrap();
        let user_vector = |u: usize| &ranking.user_factors[u * 4..(u + 1) * 4];
        let score = |u: usize, i: usize| -> f32 {
            let (p, q) = (user_vector(u), ranking.model.item_vector(i));
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
        assert!(zero(user_vector(40)) && zero(&ranking.model.item_vector(30)));
        let biases = ranking.model.item_bias();
        let sum: f32 =
            (0..rows.len()).filter(|&row| rows.title_idx[row] == 3).map(|row| rows.rating[row]).sum();
        assert!((biases[3] - sum / 40.0 / 2.0).abs() < 1e-5 && biases[30] == 0.0, "{biases:?}");
    }

    #[test]
    fn a_step_never_raises_the_loss() {
        let mut rows = two_tastes();
        for (value, row) in rows.rating.iter_mut().zip(0..) {
            *value = [1.5, 0.25, -0.5][row % 3];
        }
        let p = params();
        let (users, items) = (
            pairs(rows.n_users, &rows.user_idx, &rows.title_idx, &rows.rating),
            pairs(rows.n_titles, &rows.title_idx, &rows.user_idx, &rows.rating),
        );
        let loss = |user_factors: &DMatrix<f64>, item_factors: &DMatrix<f64>| {
            let scores = user_factors.transpose() * item_factors;
            let mut loss = scores.iter().map(|s| s * s).sum::<f64>() * p.unobserved_weight;
            for ((&u, &i), &value) in rows.user_idx.iter().zip(&rows.title_idx).zip(&rows.rating) {
                let missing = f64::from(value.signum()) - scores[(u as usize, i as usize)];
                loss += f64::from(value.abs()) * missing.powi(2);
            }
            for (pairs, factors) in [(&users, user_factors), (&items, item_factors)] {
                let n_other = if factors.ncols() == rows.n_users { 30 } else { 40 };
                for (row, column) in factors.column_iter().enumerate() {
                    let n = pairs.of(row).iter().map(|&(_, value)| f64::from(value.abs())).sum();
                    loss += p.weights(n_other).ridge(n) * column.norm_squared();
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
    fn parameters_out_of_range_and_empty_rows_are_refused() {
        let rows = two_tastes();
        let name = |p: IalsParams| match fit(&p, &rows, &TitleFeatures::default(), &Run::silent(1)) {
            Err(TrainError::Parameter { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name(IalsParams { n_factors: 0, ..params() }), "n_factors");
        assert_eq!(name(IalsParams { unobserved_weight: 0.0, ..params() }), "unobserved_weight");
        assert_eq!(name(IalsParams { regularization: f64::NAN, ..params() }), "regularization");
        assert_eq!(name(IalsParams { exponent: 2.0, ..params() }), "exponent");
        assert_eq!(
            fit(&params(), &liked(&rows, 5.5), &TitleFeatures::default(), &Run::silent(1)).unwrap_err(),
            TrainError::Empty
        );
    }
}
