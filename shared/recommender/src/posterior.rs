//! A user's part of a model as a Gaussian posterior: the prior, and the observations from rated items.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "all matrices and vectors of a model have a value for the bias and one for each factor, which \
              `UserPrior::new` and `ItemModelParts::check_all_but_factors` check"
)]

use artifact::Invalid;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis, Slice};

/// The prior for a user with no known ratings: a Gaussian over `(b(u), p(u))`.
#[derive(Debug, Clone, PartialEq)]
pub struct UserPrior {
    /// The bias first, then the factors.
    mean: Vec<f32>,
    /// The lower triangle of the inverse covariance, row by row: `(k + 1)(k + 2) / 2` values.
    precision: Vec<f32>,
}

impl Default for UserPrior {
    /// Returns the standard prior of a model without factors.
    fn default() -> Self {
        Self::standard(0)
    }
}

impl UserPrior {
    /// Takes `k + 1` means and the lower triangle of their inverse covariance, row by row.
    ///
    /// # Errors
    /// Lengths do not fit together, a value is not finite, or the matrix is not positive definite.
    pub fn new(mean: Vec<f32>, precision: Vec<f32>) -> Result<Self, Invalid> {
        let n = mean.len();
        let finite = |values: &[f32]| values.iter().all(|v| v.is_finite());
        Invalid::unless(
            n > 0 && finite(&mean),
            "prior_mean",
            "the bias is missing, or a value is not finite",
        )?;
        let fits = n.checked_mul(n + 1).map(|twice| twice / 2) == Some(precision.len());
        Invalid::unless(fits, "prior_precision", "not the lower triangle of a matrix of the means' size")?;
        Invalid::unless(finite(&precision), "prior_precision", "a value is not finite")?;
        let prior = Self { mean, precision };
        let definite = cholesky(&mut prior.precision_matrix());
        Invalid::unless(definite, "prior_precision", "not positive definite")?;
        Ok(prior)
    }

    /// Returns the prior with mean 0 and variance 1 in each direction.
    pub fn standard(n_factors: usize) -> Self {
        let n = n_factors + 1;
        let lower = (0..n).flat_map(|row| (0..=row).map(move |col| if row == col { 1.0 } else { 0.0 }));
        Self { mean: vec![0.0; n], precision: lower.collect() }
    }

    /// Takes a mean and a covariance, bias first. Variances are at least 10⁻⁴ of the greatest, so that the
    /// inverse exists in single precision. In a direction in which users do not vary, users stay at the mean.
    ///
    /// # Errors
    /// The covariance is not finite, or not positive definite.
    pub fn from_covariance(mean: &[f64], covariance: &Array2<f64>) -> Result<Self, Invalid> {
        let n = mean.len();
        Invalid::unless(covariance.dim() == (n, n), "prior_precision", "not a square of the means' size")?;
        let greatest = covariance.diag().iter().fold(0.0, |high: f64, &v| high.max(v));
        let floor = (greatest * 1e-4).max(1e-6);
        let mut factor = covariance.as_standard_layout().into_owned();
        for i in 0..n {
            factor[[i, i]] = factor[[i, i]].max(floor);
        }
        Invalid::unless(cholesky(&mut factor), "prior_precision", "the covariance is not positive definite")?;
        let mut lower = vec![0.0; n * (n + 1) / 2];
        for col in 0..n {
            let mut unit = Array1::zeros(n);
            unit[col] = 1.0;
            solve_factored(&factor, &mut unit);
            for row in col..n {
                lower[row * (row + 1) / 2 + col] = unit[row] as f32;
            }
        }
        Self::new(mean.iter().map(|&m| m as f32).collect(), lower)
    }

    /// Computes mean and covariance of trained users, who have one bias and `n_factors` factors each.
    /// Covariances are shrunk as if there were `n_factors + 1` more users with the same variances and no
    /// covariance, so that few users do not suggest directions that are not there. Without users it is the
    /// standard prior.
    ///
    /// # Errors
    /// A value is not finite.
    ///
    /// # Panics
    /// If there are not `n_factors` factors for each bias.
    pub fn of_users(user_bias: &[f32], user_factors: &[f32], n_factors: usize) -> Result<Self, Invalid> {
        let (n, dim) = (user_bias.len(), n_factors + 1);
        if n == 0 {
            return Ok(Self::standard(n_factors));
        }
        let part = |user: usize| {
            let factors = &user_factors[user * n_factors..(user + 1) * n_factors];
            std::iter::once(&user_bias[user]).chain(factors).map(|&v| f64::from(v))
        };
        let mut mean = vec![0.0; dim];
        for user in 0..n {
            for (sum, value) in mean.iter_mut().zip(part(user)) {
                *sum += value;
            }
        }
        for sum in &mut mean {
            *sum /= n as f64;
        }
        let mut covariance = Array2::zeros((dim, dim));
        // A few hundred users at a time, as one matrix product.
        for first in (0..n).step_by(256) {
            let users = first..(first + 256).min(n);
            let centered: Vec<f64> = users
                .clone()
                .flat_map(|u| part(u).zip(&mean).map(|(v, m)| v - m).collect::<Vec<_>>())
                .collect();
            let centered = Array2::from_shape_vec((users.len(), dim), centered)
                .expect("a user has one value for each column");
            covariance += &centered.t().dot(&centered);
        }
        let variances = covariance.diag().to_owned();
        let further = dim as f64 / n as f64;
        for (i, variance) in variances.iter().enumerate() {
            covariance[[i, i]] += variance * further;
        }
        covariance /= n as f64 + dim as f64;
        Self::from_covariance(&mean, &covariance)
    }

    /// Returns the number of factors.
    pub fn n_factors(&self) -> usize {
        self.mean.len() - 1
    }

    /// Returns the means, bias first.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Returns the lower triangle of the inverse covariance, row by row.
    pub fn precision(&self) -> &[f32] {
        &self.precision
    }

    /// Returns the inverse covariance, with zeros above the diagonal.
    fn precision_matrix(&self) -> Array2<f64> {
        let n = self.mean.len();
        let at = |row: usize, col: usize| f64::from(self.precision[row * (row + 1) / 2 + col]);
        Array2::from_shape_fn((n, n), |(row, col)| if col <= row { at(row, col) } else { 0.0 })
    }
}

/// One observation of a user: `target = bias·b(u) + vector·p(u)` plus noise.
pub(crate) struct Observation<'a> {
    pub(crate) bias: f64,
    pub(crate) vector: &'a [f32],
    pub(crate) target: f64,
}

/// A user's part of a model, given observations: a Gaussian over `(b(u), p(u))`, bias first (Bishop 2006,
/// equations 3.50 and 3.51). Let `V` and `m` be the prior's covariance and mean. The precision is
/// `P = V⁻¹ + ridge·1 + Σ xⱼxⱼᵀ/σ²`, and the mean `w` solves `P w = V⁻¹m + Σ xⱼtⱼ/σ²`.
///
/// The mean is linear in the targets, so a prediction `xᵢᵀw` is a sum of one term for each observation, and a
/// rest that no observation changes: `xᵢᵀw = rest + Σ cⱼ` with `cⱼ = xᵢᵀP⁻¹xⱼ (tⱼ − xⱼᵀm)/σ²`. Without a
/// ridge the rest is `xᵢᵀm`.
#[derive(Debug, Clone)]
pub(crate) struct Posterior {
    mean: Vec<f64>,
    /// The Cholesky factor of the precision.
    factor: Array2<f64>,
    /// `xⱼ`, one observation in each row.
    x: Array2<f64>,
    /// `(tⱼ − xⱼᵀm)/σ²`: how far each observation is from what the prior expects.
    surprise: Array1<f64>,
}

/// The number of columns of the precision that are added up at once.
const BLOCK: usize = 32;

impl Posterior {
    /// Adds observations to a prior. Without observations and ridge, the mean is the prior's.
    pub(crate) fn new(
        prior: &UserPrior,
        noise_variance: f64,
        ridge: f64,
        observations: &[Observation<'_>],
    ) -> Self {
        let dim = prior.mean.len();
        let prior_mean: Vec<f64> = prior.mean.iter().map(|&m| f64::from(m)).collect();
        let mut factor = prior.precision_matrix();
        let mut mean = Array1::zeros(dim);
        for row in 0..dim {
            for col in 0..dim {
                let p = if col <= row { factor[[row, col]] } else { factor[[col, row]] };
                mean[row] += p * prior_mean[col];
            }
        }
        let mut x = Array2::zeros((observations.len(), dim));
        let mut surprise = Array1::zeros(observations.len());
        // Row by row, since a product with the transposed matrix would walk down its columns.
        for ((mut row, surprise), o) in x.rows_mut().into_iter().zip(&mut surprise).zip(observations) {
            row[0] = o.bias;
            for (value, &factor) in row.iter_mut().skip(1).zip(o.vector) {
                *value = f64::from(factor);
            }
            let expected: f64 = row.iter().zip(&prior_mean).map(|(value, m)| value * m).sum();
            *surprise = (o.target - expected) / noise_variance;
            mean.scaled_add(o.target / noise_variance, &row);
        }
        // Blocks of columns from the diagonal down: the upper triangle is not read.
        for first in (0..dim).step_by(BLOCK) {
            let columns = Slice::from(first..dim.min(first + BLOCK));
            let (block, rest) = (x.slice_axis(Axis(1), columns), x.slice_axis(Axis(1), (first..).into()));
            let mut below = factor.slice_axis_mut(Axis(0), (first..).into());
            let mut below = below.slice_axis_mut(Axis(1), columns);
            general_mat_mul(1.0 / noise_variance, &rest.t(), &block, 1.0, &mut below);
        }
        for i in 0..dim {
            factor[[i, i]] += ridge;
        }
        // It is positive definite: the prior's precision is, and the rest is a sum of squares.
        cholesky(&mut factor);
        solve_factored(&factor, &mut mean);
        Self { mean: mean.to_vec(), factor, x, surprise }
    }

    /// Returns the mean of the factors, in single precision.
    pub(crate) fn vector(&self) -> Vec<f32> {
        self.mean[1..].iter().map(|&w| w as f32).collect()
    }

    /// Returns the mean of the bias, in single precision.
    pub(crate) fn bias(&self) -> f32 {
        self.mean[0] as f32
    }

    /// Returns what each observation contributes to `bias·b(u) + vector·p(u)`, in the order of the
    /// observations.
    pub(crate) fn contributions(&self, bias: f64, vector: &[f32]) -> Vec<f64> {
        let mut direction: Array1<f64> =
            std::iter::once(bias).chain(vector.iter().map(|&v| f64::from(v))).collect();
        solve_factored(&self.factor, &mut direction);
        let mut contributions = self.x.dot(&direction);
        contributions *= &self.surprise;
        contributions.to_vec()
    }
}

/// Computes the dot product as four sums, so that the compiler can keep each sum in a register.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let mut sums = [0.0; 4];
    for (a, b) in a.iter().zip(b) {
        for (sum, (x, y)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += x * y;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// Replaces the lower triangle of a symmetric matrix by its Cholesky factor (Golub and Van Loan 2013,
/// algorithm 4.2.1). Only the lower triangle is read. Returns whether the matrix is positive definite; if it
/// is not, the result is incomplete.
fn cholesky(a: &mut Array2<f64>) -> bool {
    let n = a.ncols();
    let a = a.as_slice_mut().expect("matrices here are stored row by row");
    for row in 0..n {
        let (above, current) = a.split_at_mut(row * n);
        for col in 0..row {
            let other = &above[col * n..][..=col];
            current[col] = (current[col] - dot(&current[..col], &other[..col])) / other[col];
        }
        let left = current[row] - dot(&current[..row], &current[..row]);
        if left > 0.0 {
            current[row] = left.sqrt();
        } else {
            return false;
        }
    }
    true
}

/// Solves `LLᵀ w = b` in place. Both passes walk along rows, which are contiguous.
fn solve_factored(l: &Array2<f64>, b: &mut Array1<f64>) {
    let n = b.len();
    let l = l.as_slice().expect("matrices here are stored row by row");
    let b = b.as_slice_mut().expect("a vector is one row");
    for row in 0..n {
        let coefficients = &l[row * n..][..=row];
        b[row] = (b[row] - dot(&coefficients[..row], &b[..row])) / coefficients[row];
    }
    for row in (0..n).rev() {
        let coefficients = &l[row * n..][..=row];
        let (before, at) = b.split_at_mut(row);
        at[0] /= coefficients[row];
        for (value, coefficient) in before.iter_mut().zip(coefficients) {
            *value -= coefficient * at[0];
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_solver_solves_and_refuses_matrices_that_are_not_definite() {
        let mut a = array![[4.0, 0.0, 0.0], [2.0, 5.0, 0.0], [1.0, 3.0, 6.0]];
        let mut b = array![4.0 + 4.0 + 3.0, 2.0 + 10.0 + 9.0, 1.0 + 6.0 + 18.0];
        assert!(cholesky(&mut a));
        solve_factored(&a, &mut b);
        for (found, right) in b.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - right).abs() < 1e-12, "{found} is not {right}");
        }
        assert!(!cholesky(&mut array![[1.0, 0.0], [2.0, 1.0]]));
        assert_eq!(UserPrior::new(vec![0.0; 2], vec![1.0, 2.0, 1.0]).unwrap_err().field, "prior_precision");
    }

    #[test]
    fn a_covariance_becomes_its_inverse() {
        let covariance = array![[2.0, 0.5], [0.5, 1.0]];
        let prior = UserPrior::from_covariance(&[0.0, 1.0], &covariance).unwrap();
        // 1 / (2 · 1 − 0.25) · [1, −0.5, 2], lower triangle.
        for (found, right) in prior.precision().iter().zip([1.0 / 1.75, -0.5 / 1.75, 2.0 / 1.75]) {
            assert!((found - right).abs() < 1e-6, "{found} is not {right}");
        }
    }

    #[test]
    fn users_give_their_mean_and_shrunk_covariance() {
        // Two users, at ±1 in both coordinates: variance 1, covariance 1 shrunk by 2 / (2 + 2).
        let prior = UserPrior::of_users(&[1.0, -1.0], &[1.0, -1.0], 1).unwrap();
        assert_eq!(prior.mean(), [0.0, 0.0]);
        let expected = UserPrior::from_covariance(&[0.0, 0.0], &array![[1.0, 0.5], [0.5, 1.0]]).unwrap();
        for (found, right) in prior.precision().iter().zip(expected.precision()) {
            assert!((found - right).abs() < 1e-6, "{found} is not {right}");
        }
        assert_eq!(UserPrior::of_users(&[], &[], 3).unwrap(), UserPrior::standard(3));
    }

    #[test]
    fn a_posterior_is_the_average_of_prior_and_data_by_precision() {
        let prior = UserPrior::new(vec![1.0], vec![4.0]).unwrap();
        let seen = |target| Observation { bias: 1.0, vector: &[], target };
        // (4 · 1 + 3/0.5 + 5/0.5) / (4 + 1 + 2/0.5)
        let posterior = Posterior::new(&prior, 0.5, 1.0, &[seen(3.0), seen(5.0)]);
        assert!((posterior.mean[0] - 20.0 / 9.0).abs() < 1e-12, "{posterior:?}");
    }

    /// Returns a posterior of a correlated prior and observations in irregular directions.
    fn posterior_of(targets: &[f64], ridge: f64) -> (Posterior, Vec<[f32; 2]>) {
        let prior = UserPrior::new(vec![0.1, -0.2, 0.3], vec![2.0, 0.3, 1.5, -0.2, 0.4, 1.0]).unwrap();
        let wave = |i: usize, f: f32| (i as f32 * f).sin();
        let vectors: Vec<[f32; 2]> =
            (0..targets.len()).map(|i| [wave(i + 1, 1.7), wave(i + 1, 0.6)]).collect();
        let observations: Vec<Observation<'_>> = vectors
            .iter()
            .zip(targets)
            .map(|(vector, &target)| Observation { bias: 1.0, vector, target })
            .collect();
        (Posterior::new(&prior, 0.7, ridge, &observations), vectors)
    }

    #[test]
    fn a_contribution_is_what_is_lost_if_the_observation_were_as_expected() {
        let targets = [1.0, -0.5, 0.25, 2.0, -1.0, 0.5];
        for ridge in [0.0, 0.8] {
            let (posterior, vectors) = posterior_of(&targets, ridge);
            let asked = [0.4_f32, -0.9];
            let predict =
                |p: &Posterior| p.mean[0] + f64::from(asked[0]) * p.mean[1] + f64::from(asked[1]) * p.mean[2];
            let contributions = posterior.contributions(1.0, &asked);
            for (j, contribution) in contributions.iter().enumerate() {
                let expected = 0.1 - 0.2_f32 as f64 * f64::from(vectors[j][0])
                    + 0.3_f32 as f64 * f64::from(vectors[j][1]);
                let mut others = targets;
                others[j] = expected;
                let lost = predict(&posterior) - predict(&posterior_of(&others, ridge).0);
                assert!((lost - contribution).abs() < 1e-6, "{lost} is not {contribution}");
            }
            let rest = predict(&posterior) - contributions.iter().sum::<f64>();
            let of_prior = 0.1 - 0.2 * f64::from(asked[0]) + 0.3 * f64::from(asked[1]);
            assert_eq!((rest - of_prior).abs() < 1e-6, ridge == 0.0, "{rest}, {of_prior}");
        }
    }

    #[test]
    fn without_observations_the_posterior_is_the_prior() {
        let (posterior, _) = posterior_of(&[], 0.0);
        for (found, right) in posterior.mean.iter().zip([0.1, -0.2, 0.3]) {
            assert!((found - right).abs() < 1e-7, "{found} is not {right}");
        }
        assert!(posterior.contributions(1.0, &[1.0, 1.0]).is_empty());
    }
}
