//! Keeps the mean of many bilinear predictions in two thin matrices.
//!
//! The users × titles matrix `M = Σ PQᵀ` is never formed. Instead, `MΩ` and `MᵀΨ` are kept for two random
//! matrices. In the end they give the best approximation of `M` of low rank, after one pass over the samples
//! (Tropp, Yurtsever, Udell and Cevher 2017, "Practical sketching algorithms for low-rank matrix
//! approximation", algorithm 4; its range finder is that of Halko, Martinsson and Tropp 2011, section 5.5).

use nalgebra::DMatrix;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2};

use super::draws::{Draws, Purpose, normal};

/// Sum of predictions, in two sketches.
#[derive(Debug)]
pub(super) struct Sketch {
    /// Ω, titles × range.
    item_probe: Array2<f32>,
    /// Ψ, users × co-range.
    user_probe: Array2<f32>,
    /// `MΩ`, users × range.
    pub(super) users: Array2<f32>,
    /// `MᵀΨ`, titles × co-range.
    pub(super) items: Array2<f32>,
}

/// Matrix of low rank as a product of two: users × rank, titles × rank.
pub(super) struct LowRank {
    pub(super) users: DMatrix<f64>,
    pub(super) items: DMatrix<f64>,
}

impl Sketch {
    /// Makes room for an approximation of rank `rank`. The range is more than twice as wide as the rank, and
    /// the co-range twice as wide as the range, as the error bound of the paper (theorem 4.3) asks for if the
    /// spectrum decays.
    pub(super) fn new(n_users: usize, n_items: usize, rank: usize, draws: &Draws) -> Self {
        let range = (2 * rank + 16).min(n_users).min(n_items);
        let co_range = (2 * range).min(n_users);
        let probe = |n: usize, width: usize, purpose| {
            let mut values = Vec::with_capacity(n * width);
            for row in 0..n {
                let mut rng = draws.at(0, purpose, row);
                values.extend((0..width).map(|_| normal(&mut rng) as f32));
            }
            Array2::from_shape_vec((n, width), values).expect("a row has one value per column")
        };
        Self {
            item_probe: probe(n_items, range, Purpose::SketchItems),
            user_probe: probe(n_users, co_range, Purpose::SketchUsers),
            users: Array2::zeros((n_users, range)),
            items: Array2::zeros((n_items, co_range)),
        }
    }

    /// Adds the product of two factor matrices, users × factors and titles × factors.
    pub(super) fn add(&mut self, p: &ArrayView2<'_, f32>, q: &ArrayView2<'_, f32>) {
        let Self { item_probe, user_probe, users, items } = self;
        rayon::join(
            || general_mat_mul(1.0, p, &q.t().dot(item_probe), 1.0, users),
            || general_mat_mul(1.0, q, &p.t().dot(user_probe), 1.0, items),
        );
    }

    /// Returns the sum divided by `n`, at rank `rank` or below. Both sides share the singular values equally.
    pub(super) fn compress(&self, n: usize, rank: usize) -> LowRank {
        let double = |a: &Array2<f32>| {
            DMatrix::from_fn(a.nrows(), a.ncols(), |row, col| f64::from(a[[row, col]]) / n as f64)
        };
        // M ≈ QX with Q orthonormal and X the least-squares solution of (ΨᵀQ)X = ΨᵀM.
        let range = double(&self.users).qr().q();
        let probe = DMatrix::from_fn(self.user_probe.nrows(), self.user_probe.ncols(), |row, col| {
            f64::from(self.user_probe[[row, col]])
        });
        let (q, r) = probe.tr_mul(&range).qr().unpack();
        let right = q.tr_mul(&double(&self.items).transpose());
        // The range may be wider than the rank of the matrix. The rest of it is rounding, with a diagonal of
        // 0 that cannot be divided by.
        let x = r.solve_upper_triangular(&right).unwrap_or_else(|| DMatrix::zeros(r.ncols(), right.ncols()));
        let svd = x.transpose().svd(true, true);
        let (Some(left), Some(right)) = (svd.u, svd.v_t) else {
            unreachable!("both sides were asked for");
        };
        let rank = rank.min(svd.singular_values.len());
        let mut users = DMatrix::zeros(self.users.nrows(), rank);
        let mut items = DMatrix::zeros(self.items.nrows(), rank);
        for factor in 0..rank {
            let root = svd.singular_values[factor].sqrt();
            users.set_column(factor, &(&range * right.row(factor).transpose() * root));
            items.set_column(factor, &(left.column(factor) * root));
        }
        // The sign of a pair of singular vectors is arbitrary: make the largest title value positive.
        for factor in 0..rank {
            let greatest =
                items.column(factor).iter().fold(0.0_f64, |a, &b| if b.abs() > a.abs() { b } else { a });
            if greatest < 0.0 {
                users.column_mut(factor).neg_mut();
                items.column_mut(factor).neg_mut();
            }
        }
        LowRank { users, items }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, cols: usize, f: f32) -> Array2<f32> {
        Array2::from_shape_fn((rows, cols), |(r, c)| ((r * 31 + c * 17) as f32 * f).sin())
    }

    #[test]
    fn a_sum_of_products_of_low_rank_is_recovered() {
        let mut sketch = Sketch::new(90, 70, 6, &Draws::new(3));
        let samples = [(matrix(90, 2, 0.7), matrix(70, 2, 1.3)), (matrix(90, 3, 0.2), matrix(70, 3, 0.9))];
        let mut sum = Array2::<f32>::zeros((90, 70));
        for (p, q) in &samples {
            sketch.add(&p.view(), &q.view());
            sum += &p.dot(&q.t());
        }
        let found = sketch.compress(2, 6);
        let product = &found.users * found.items.transpose();
        for row in 0..90 {
            for col in 0..70 {
                let right = f64::from(sum[[row, col]]) / 2.0;
                assert!((product[(row, col)] - right).abs() < 1e-4, "{row} {col}");
            }
        }
    }

    #[test]
    fn a_lower_rank_keeps_most() {
        let mut sketch = Sketch::new(60, 50, 1, &Draws::new(3));
        let (p, q) = (matrix(60, 1, 0.37), matrix(50, 1, 0.59));
        let (small_p, small_q) = (matrix(60, 1, 1.1) * 0.1, matrix(50, 1, 2.3) * 0.1);
        sketch.add(&p.view(), &q.view());
        sketch.add(&small_p.view(), &small_q.view());
        let found = sketch.compress(1, 1);
        let product = &found.users * found.items.transpose();
        let square = |f: &dyn Fn(usize, usize) -> f64| -> f64 {
            (0..60).flat_map(|r| (0..50).map(move |c| (r, c))).map(|(r, c)| f(r, c).powi(2)).sum()
        };
        let left_over = square(&|r, c| product[(r, c)] - f64::from(p[[r, 0]] * q[[c, 0]]));
        assert!(left_over < 0.001 * square(&|r, c| product[(r, c)]), "{left_over}");
    }
}
