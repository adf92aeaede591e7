//! Linear algebra with small dense matrices of fixed width.

use nalgebra::{Cholesky, DMatrix, Dyn};

use super::rows::Row;

/// Square matrix. If rows are narrower than `W`, only the first values of each row are used.
pub(super) type Square<const W: usize> = [[f64; W]; W];

/// Number of ratings that are summed in single precision before the sum is added in double precision.
const RATINGS_PER_SUM: usize = 512;
/// Computes `Σ xxᵀ` (rows below `dim`) and `Σ x(r − b)`.
pub(super) fn normal_equations<const W: usize>(
    ratings: &[(u32, f32)],
    other: &[Row<W>],
    dim: usize,
) -> (Square<W>, [f64; W]) {
    let (mut matrix, mut right) = ([[0.0_f64; W]; W], [0.0_f64; W]);
    for ratings in ratings.chunks(RATINGS_PER_SUM) {
        let (mut products, mut targets) = ([[0.0_f32; W]; W], [0.0_f32; W]);
        for &(at, rating) in ratings {
            let mut x = other[at as usize];
            let rest = rating - x[0];
            x[0] = 1.0;
            for i in 0..W {
                targets[i] += rest * x[i];
            }
            for (products, &xi) in products.iter_mut().zip(&x).take(dim) {
                for j in 0..W {
                    products[j] += xi * x[j];
                }
            }
        }
        for i in 0..dim {
            right[i] += f64::from(targets[i]);
            for j in 0..W {
                matrix[i][j] += f64::from(products[i][j]);
            }
        }
    }
    (matrix, right)
}

/// Replaces the lower triangle by its Cholesky factor, column by column (Golub and Van Loan 2013, section
/// 4.2.4, the outer product form). Returns the reciprocals of its diagonal.
///
/// The matrix is the sum of a prior's precision and a sum of squares, so it is positive definite. A diagonal
/// that rounding brought down to 0 is raised.
pub(super) fn cholesky<const W: usize>(a: &mut Square<W>, dim: usize) -> [f64; W] {
    const LEAST: f64 = 1e-12;
    let mut reciprocal = [0.0; W];
    for col in 0..dim {
        let diagonal = a[col][col].max(LEAST).sqrt();
        let inverse = 1.0 / diagonal;
        a[col][col] = diagonal;
        reciprocal[col] = inverse;
        // The column below the diagonal; 0 elsewhere.
        let mut column = [0.0; W];
        for (value, row) in column.iter_mut().zip(a.iter_mut()).take(dim).skip(col + 1) {
            row[col] *= inverse;
            *value = row[col];
        }
        for (row, values) in a.iter_mut().enumerate().take(dim).skip(col + 1) {
            let factor = column[row];
            for (value, c) in values[..=row].iter_mut().zip(&column) {
                *value -= factor * c;
            }
        }
    }
    reciprocal
}

/// Lower triangle that rows are multiplied by from the right.
pub(super) struct Triangle<const W: usize>([[f32; W]; W]);

impl<const W: usize> Triangle<W> {
    pub(super) fn new(lower: &DMatrix<f64>) -> Self {
        let mut values = [[0.0; W]; W];
        for i in 0..lower.nrows() {
            for j in 0..=i {
                values[i][j] = lower[(i, j)] as f32;
            }
        }
        Self(values)
    }

    pub(super) fn apply(&self, row: &Row<W>) -> Row<W> {
        let mut out = [0.0; W];
        for (value, line) in row.iter().zip(&self.0) {
            for (o, l) in out.iter_mut().zip(line) {
                *o += value * l;
            }
        }
        out
    }
}

/// Inverts a lower triangle.
pub(super) fn invert_lower(lower: &DMatrix<f64>) -> DMatrix<f64> {
    let n = lower.nrows();
    lower.solve_lower_triangular(&DMatrix::identity(n, n)).unwrap_or_else(|| DMatrix::identity(n, n))
}

/// Returns the Cholesky factor of a matrix that is positive definite except for rounding.
pub(super) fn factor(matrix: DMatrix<f64>) -> Cholesky<f64, Dyn> {
    const LEAST: f64 = 1e-12;
    Cholesky::new_with_substitute(matrix, LEAST).expect("a substitute above 0 lets every factorization end")
}
