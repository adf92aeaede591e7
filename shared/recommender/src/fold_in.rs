//! A place in the model for somebody it never saw.

use ndarray::{Array1, Array2};

use crate::FactorModel;

/// The user part of a prediction: b(u) and p(u).
#[derive(Debug, Clone, PartialEq)]
pub struct NewUser {
    /// b(u).
    pub bias: f32,
    /// p(u), one value a factor.
    pub vector: Vec<f32>,
}

/// The prior of a user part, taken from the trained users: mean and variance of the bias and of each factor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prior {
    /// Bias first, then the factors.
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Prior {
    /// Variances are floored, so that a factor that no trained user uses stays at its mean.
    const LEAST_VARIANCE: f64 = 1e-6;

    pub(crate) fn of(model: &FactorModel) -> Self {
        let k = model.n_factors();
        let n = model.n_users();
        if n == 0 {
            return Self { mean: vec![0.0; k + 1], variance: vec![Self::LEAST_VARIANCE; k + 1] };
        }
        let (mut sum, mut squares) = (vec![0.0; k + 1], vec![0.0; k + 1]);
        for user in 0..n {
            let parts = std::iter::once(&model.parts().user_bias[user]).chain(model.user_vector(user));
            for ((s, q), &value) in sum.iter_mut().zip(&mut squares).zip(parts) {
                *s += f64::from(value);
                *q += f64::from(value) * f64::from(value);
            }
        }
        let mean: Vec<f64> = sum.iter().map(|s| s / n as f64).collect();
        let variance = squares
            .iter()
            .zip(&mean)
            .map(|(q, m)| (q / n as f64 - m * m).max(Self::LEAST_VARIANCE))
            .collect();
        Self { mean, variance }
    }
}

/// Folds ratings in: the mean of the Gaussian posterior of `(b(u), p(u))` given the item parts, with the
/// trained users' means and variances as prior and the model's residual variance σ² as noise
/// (Bishop 2006, equations 3.50 and 3.51):
///
/// `(Σ xᵢxᵢᵀ/σ² + V⁻¹) w = Σ xᵢ(rᵢ − μ − b(i))/σ² + V⁻¹m`, with `xᵢ = (1, q(i))`.
///
/// `ratings` are item positions and ratings; without any, the answer is the prior's mean.
///
/// # Panics
/// Where an item position is out of range.
pub fn fold_in(model: &FactorModel, ratings: &[(usize, f32)]) -> NewUser {
    fold_in_with(&Prior::of(model), model, ratings)
}

pub(crate) fn fold_in_with(prior: &Prior, model: &FactorModel, ratings: &[(usize, f32)]) -> NewUser {
    let dim = model.n_factors() + 1;
    let parts = model.parts();
    let precision = 1.0 / f64::from(parts.noise_variance);
    let x = Array2::from_shape_fn((ratings.len(), dim), |(row, col)| match col {
        0 => 1.0,
        _ => f64::from(model.item_vector(ratings[row].0)[col - 1]),
    });
    let residuals: Array1<f64> = ratings
        .iter()
        .map(|&(item, rating)| {
            f64::from(rating) - f64::from(parts.global_mean) - f64::from(parts.item_bias[item])
        })
        .collect();
    let mut matrix = x.t().dot(&x) * precision;
    let mut target = x.t().dot(&residuals) * precision;
    for (i, (mean, variance)) in prior.mean.iter().zip(&prior.variance).enumerate() {
        matrix[[i, i]] += 1.0 / variance;
        target[i] += mean / variance;
    }
    solve_symmetric(&mut matrix, &mut target);
    NewUser { bias: target[0] as f32, vector: target.iter().skip(1).map(|&w| w as f32).collect() }
}

/// Solves `A w = b` in place for a symmetric positive definite `A`, of which only the lower triangle is
/// read, by Cholesky factorisation (Golub and Van Loan 2013, algorithm 4.2.1).
fn solve_symmetric(a: &mut Array2<f64>, b: &mut Array1<f64>) {
    let n = b.len();
    for row in 0..n {
        for col in 0..=row {
            let done: f64 = (0..col).map(|k| a[[row, k]] * a[[col, k]]).sum();
            let left = a[[row, col]] - done;
            // The prior's precision stands on the diagonal, so what is left there is positive.
            a[[row, col]] = if row == col { left.sqrt() } else { left / a[[col, col]] };
        }
    }
    for row in 0..n {
        let done: f64 = (0..row).map(|k| a[[row, k]] * b[k]).sum();
        b[row] = (b[row] - done) / a[[row, row]];
    }
    for row in (0..n).rev() {
        let done: f64 = (row + 1..n).map(|k| a[[k, row]] * b[k]).sum();
        b[row] = (b[row] - done) / a[[row, row]];
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::FactorModelParts;

    #[test]
    fn the_solver_solves() {
        let mut a = array![[4.0, 0.0, 0.0], [2.0, 5.0, 0.0], [1.0, 3.0, 6.0]];
        let mut b = array![4.0 + 4.0 + 3.0, 2.0 + 10.0 + 9.0, 1.0 + 6.0 + 18.0];
        solve_symmetric(&mut a, &mut b);
        for (found, right) in b.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - right).abs() < 1e-12, "{found} is not {right}");
        }
    }

    fn model() -> FactorModel {
        let n = 40;
        let wave = |i: usize, f: f32| (i as f32 * f).sin();
        FactorModel::new(FactorModelParts {
            global_mean: 3.5,
            user_bias: (0..n).map(|u| wave(u, 0.9) * 0.3).collect(),
            item_bias: (0..n).map(|i| wave(i, 1.7) * 0.4).collect(),
            n_factors: 2,
            user_factors: (0..n).flat_map(|u| [wave(u, 2.3), wave(u, 0.4)]).collect(),
            item_factors: (0..n).flat_map(|i| [wave(i, 3.1), wave(i, 1.3)]).collect(),
            scale: (0.5, 5.0),
            noise_variance: 1e-4,
        })
        .unwrap()
    }

    #[test]
    fn folding_in_a_trained_users_own_predictions_finds_that_user_again() {
        let model = model();
        for user in [0, 7, 39] {
            let parts = model.parts();
            let ratings: Vec<(usize, f32)> = (0..model.n_items())
                .map(|i| {
                    let product = crate::scan::dot(model.user_vector(user), model.item_vector(i));
                    (i, parts.global_mean + parts.user_bias[user] + parts.item_bias[i] + product)
                })
                .collect();
            let found = fold_in(&model, &ratings);
            assert!((found.bias - parts.user_bias[user]).abs() < 1e-3);
            for (a, b) in found.vector.iter().zip(model.user_vector(user)) {
                assert!((a - b).abs() < 1e-3, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn without_ratings_the_prior_mean_is_the_answer() {
        let model = model();
        let found = fold_in(&model, &[]);
        let mean = model.parts().user_bias.iter().sum::<f32>() / model.n_users() as f32;
        assert!((found.bias - mean).abs() < 1e-6);
    }
}
