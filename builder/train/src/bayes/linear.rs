//! Linear algebra with small dense matrices of fixed width.

use nalgebra::{Cholesky, DMatrix, Dyn};
use wide::f32x4;

use super::rows::Row;

/// Square matrix. If rows are narrower than `W`, only the first values of each row are used.
pub(super) type Square<const W: usize> = [[f64; W]; W];

/// Number of ratings that are summed in single precision before the sum is added in double precision.
const RATINGS_PER_SUM: usize = 512;
/// Number of rows that are copied before their products are summed. With 48 values each, they fit into the L1
/// cache.
const ROWS_PER_BLOCK: usize = 64;
/// Side of a tile. Widths of rows are multiples of it.
const TILE: usize = 4;

/// Computes the lower triangle of `Σ xxᵀ` (rows below `dim`) and `Σ x(r − b)`. Entries above the diagonal are
/// unspecified.
///
/// The triangle is summed in tiles that stay in registers for a block of ratings. Every sum adds the ratings
/// in order, without fused multiply-add, so the result does not depend on the tiles.
pub(super) fn normal_equations<const W: usize>(
    ratings: &[(u32, f32)],
    other: &[Row<W>],
    dim: usize,
) -> (Square<W>, [f64; W]) {
    const { assert!(W.is_multiple_of(TILE)) };
    let (mut matrix, mut right) = ([[0.0_f64; W]; W], [0.0_f64; W]);
    let mut block = [[0.0_f32; W]; ROWS_PER_BLOCK];
    for ratings in ratings.chunks(RATINGS_PER_SUM) {
        let (mut products, mut targets) = ([[0.0_f32; W]; W], [0.0_f32; W]);
        for ratings in ratings.chunks(ROWS_PER_BLOCK) {
            for (x, &(at, rating)) in block.iter_mut().zip(ratings) {
                *x = other[at as usize];
                let rest = rating - x[0];
                x[0] = 1.0;
                for (target, value) in targets.iter_mut().zip(&*x) {
                    *target += rest * value;
                }
            }
            add_products(&block[..ratings.len()], dim, &mut products);
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

/// Adds `Σ xxᵀ` to the tiles on and below the diagonal.
fn add_products<const W: usize>(block: &[Row<W>], dim: usize, products: &mut [[f32; W]; W]) {
    for row in (0..dim).step_by(TILE) {
        let mut column = 0;
        // Three tiles side by side, their columns and one value fill the sixteen registers of every x86-64.
        while column + 2 * TILE <= row {
            add_tiles::<W, 3>(block, row, column, products);
            column += 3 * TILE;
        }
        match (row + TILE).saturating_sub(column) / TILE {
            2 => add_tiles::<W, 2>(block, row, column, products),
            1 => add_tiles::<W, 1>(block, row, column, products),
            _ => {}
        }
    }
}

/// Adds `Σ xxᵀ` to `N` tiles, the first of which begins at `row` and `column`.
#[inline]
fn add_tiles<const W: usize, const N: usize>(
    block: &[Row<W>],
    row: usize,
    column: usize,
    products: &mut [[f32; W]; W],
) {
    let tile = |values: &Row<W>, n: usize| -> f32x4 {
        let at = column + n * TILE;
        f32x4::new(std::array::from_fn(|lane| values[at + lane]))
    };
    let mut sums: [[f32x4; N]; TILE] =
        std::array::from_fn(|i| std::array::from_fn(|n| tile(&products[row + i], n)));
    for x in block {
        let columns: [f32x4; N] = std::array::from_fn(|n| tile(x, n));
        for (sums, &value) in sums.iter_mut().zip(&x[row..row + TILE]) {
            let value = f32x4::splat(value);
            for (sum, column) in sums.iter_mut().zip(&columns) {
                *sum += value * *column;
            }
        }
    }
    for (products, sums) in products[row..row + TILE].iter_mut().zip(&sums) {
        for (products, sum) in products[column..].as_chunks_mut().0.iter_mut().zip(sums) {
            *products = sum.to_array();
        }
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What [`normal_equations`] computes, one rating after another.
    fn plain<const W: usize>(ratings: &[(u32, f32)], other: &[Row<W>], dim: usize) -> (Square<W>, [f64; W]) {
        let (mut matrix, mut right) = ([[0.0_f64; W]; W], [0.0_f64; W]);
        for ratings in ratings.chunks(RATINGS_PER_SUM) {
            let (mut products, mut targets) = ([[0.0_f32; W]; W], [0.0_f32; W]);
            for &(at, rating) in ratings {
                let mut x = other[at as usize];
                let rest = rating - x[0];
                x[0] = 1.0;
                for i in 0..dim {
                    targets[i] += rest * x[i];
                    for j in 0..=i {
                        products[i][j] += x[i] * x[j];
                    }
                }
            }
            for i in 0..dim {
                right[i] += f64::from(targets[i]);
                for j in 0..=i {
                    matrix[i][j] += f64::from(products[i][j]);
                }
            }
        }
        (matrix, right)
    }

    fn assert_same_sums<const W: usize>(ratings: &[(u32, f32)], values: &[f32], dim: usize) {
        let mut values = values.iter().copied().cycle();
        let other: Vec<Row<W>> = (0..50)
            .map(|_| std::array::from_fn(|i| if i < dim { values.next().unwrap_or(0.0) } else { 0.0 }))
            .collect();
        let (mut matrix, right) = normal_equations(ratings, &other, dim);
        for i in 0..W {
            matrix[i][i + 1..].fill(0.0);
        }
        let bits = |(matrix, right): (Square<W>, [f64; W])| {
            (matrix.map(|row| row.map(f64::to_bits)), right.map(f64::to_bits))
        };
        assert_eq!(bits((matrix, right)), bits(plain(ratings, &other, dim)), "{W} values, {dim} used");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn tiles_do_not_change_a_bit_of_the_sums(
            ratings in prop::collection::vec((0_u32..50, -3.0_f32..3.0), 0..1300),
            values in prop::collection::vec(-2.0_f32..2.0, 1..600),
            dim in 2_usize..=48,
        ) {
            assert_same_sums::<12>(&ratings, &values, dim.min(12));
            assert_same_sums::<16>(&ratings, &values, dim.min(16));
            assert_same_sums::<32>(&ratings, &values, dim.min(32));
            assert_same_sums::<48>(&ratings, &values, dim);
        }
    }
}
