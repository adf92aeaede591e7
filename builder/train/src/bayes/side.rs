//! Draws one side of the ratings, users or titles, in a sweep.

use nalgebra::{DMatrix, DVector};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::design::Design;
use super::draws::{Draws, Purpose, gamma, normal, wishart};
use super::linear::{Square, Triangle, cholesky, factor, invert_lower, normal_equations};
use super::rows::{Observed, Row};

/// Rows per partial sum and per task; fixed, so that sums do not depend on the number of threads.
const ROWS_PER_TASK: usize = 64;
/// Prior weight of the mean of a side, in rows (β₀ of Salakhutdinov and Mnih 2008, section 3.1).
const MEAN_WEIGHT: f64 = 2.0;

/// State of one side, and the data it is drawn from.
#[derive(Debug)]
pub(super) struct Side<const W: usize> {
    pub(super) observed: Observed,
    design: Design,
    /// Number of values in a row that are not padding: a bias and the factors.
    dim: usize,
    pub(super) rows: Vec<Row<W>>,
    /// One row per column of the design.
    pub(super) link: Vec<Row<W>>,
    /// How much narrower the link is than the rows, by group of columns.
    pub(super) link_precision: Vec<f64>,
    /// Design times link.
    linked: Vec<Row<W>>,
    mean: [f64; W],
    precision: Square<W>,
}

impl<const W: usize> Side<W> {
    pub(super) fn new(observed: Observed, design: Design, dim: usize, draws: &Draws, start: Purpose) -> Self {
        const START_STD: f64 = 0.1;
        let n = observed.n_rows();
        let rows = (0..n)
            .map(|row| {
                let mut rng = draws.at(0, start, row);
                let mut values = [0.0; W];
                for value in &mut values[1..dim] {
                    *value = (normal(&mut rng) * START_STD) as f32;
                }
                values
            })
            .collect();
        let mut precision = [[0.0; W]; W];
        for (i, row) in precision.iter_mut().enumerate() {
            row[i] = 1.0;
        }
        Self {
            link: vec![[0.0; W]; design.n_columns()],
            link_precision: vec![1.0; design.n_groups()],
            linked: vec![[0.0; W]; n],
            mean: [0.0; W],
            precision,
            observed,
            design,
            dim,
            rows,
        }
    }

    /// Restores rows and link when a run is resumed.
    pub(super) fn resume(&mut self, rows: Vec<Row<W>>, link: Vec<Row<W>>, link_precision: Vec<f64>) {
        self.rows = rows;
        self.link = link;
        self.link_precision = link_precision;
        self.linked = self.design.times(&self.link);
    }

    fn is_rated(&self, row: usize) -> bool {
        !self.observed.of(row).is_empty()
    }

    /// Draws the distribution that the rows come from, given the rows. First come their mean and precision,
    /// from a normal and Wishart posterior (Salakhutdinov and Mnih 2008, equation 14), then the link and its
    /// precision (Simm et al. 2017, "Macau", section II). The link's prior is `N(0, (λΛ)⁻¹)`, so the link
    /// counts in the Wishart part as well.
    pub(super) fn draw_prior(&mut self, draws: &Draws, sweep: u32, hyper: Purpose, link: Purpose) {
        let d = self.dim;
        let mut rng = draws.at(sweep, hyper, 0);
        let (n, sum, mut scatter) = self.residual_moments();
        let mean = sum / n.max(1.0);
        scatter -= &mean * mean.transpose() * n;
        scatter += &mean * mean.transpose() * (MEAN_WEIGHT * n / (MEAN_WEIGHT + n));
        scatter += DMatrix::<f64>::identity(d, d);
        for (row, group) in self.link.iter().zip(self.design.groups()) {
            let weight = self.link_precision[usize::from(*group)];
            for i in 0..d {
                for j in 0..d {
                    scatter[(i, j)] += weight * f64::from(row[i]) * f64::from(row[j]);
                }
            }
        }
        let freedom = d as f64 + n + self.link.len() as f64;
        let precision = wishart(&factor(scatter), freedom, &mut rng);
        let lower = factor(precision.clone()).l();
        let noise = DVector::from_iterator(d, (0..d).map(|_| normal(&mut rng)));
        // If `(β₀ + n)Λ = LLᵀ`, then `L⁻ᵀz` has covariance `((β₀ + n)Λ)⁻¹`.
        let noise = lower.transpose().solve_upper_triangular(&noise).unwrap_or(noise);
        let drawn = mean * (n / (MEAN_WEIGHT + n)) + noise / (MEAN_WEIGHT + n).sqrt();
        for i in 0..d {
            self.mean[i] = drawn[i];
            for j in 0..d {
                self.precision[i][j] = precision[(i, j)];
            }
        }
        self.draw_link(&lower, draws, sweep, link, &mut rng);
    }

    /// Returns the number of rated rows, and the sum and the sum of products of what the link does not
    /// explain.
    fn residual_moments(&self) -> (f64, DVector<f64>, DMatrix<f64>) {
        let d = self.dim;
        let parts: Vec<(f64, [f64; W], Square<W>)> = (0..self.rows.len().div_ceil(ROWS_PER_TASK))
            .into_par_iter()
            .map(|task| {
                let (mut n, mut sum, mut products) = (0.0, [0.0; W], [[0.0; W]; W]);
                for row in task * ROWS_PER_TASK..((task + 1) * ROWS_PER_TASK).min(self.rows.len()) {
                    if !self.is_rated(row) {
                        continue;
                    }
                    let mut left = [0.0; W];
                    for (l, (value, linked)) in
                        left.iter_mut().zip(self.rows[row].iter().zip(&self.linked[row]))
                    {
                        *l = f64::from(value - linked);
                    }
                    n += 1.0;
                    for i in 0..d {
                        sum[i] += left[i];
                        for j in 0..W {
                            products[i][j] += left[i] * left[j];
                        }
                    }
                }
                (n, sum, products)
            })
            .collect();
        let (mut n, mut sum, mut products) = (0.0, DVector::zeros(d), DMatrix::zeros(d, d));
        for part in parts {
            n += part.0;
            for i in 0..d {
                sum[i] += part.1[i];
                for j in 0..d {
                    products[(i, j)] += part.2[i][j];
                }
            }
        }
        (n, sum, products)
    }

    /// Runs one Gibbs pass over the link's rows, each given all others. With `Λ = LLᵀ`, multiplying by `L`
    /// makes the coordinates independent with variance 1, so a row is drawn from weighted means.
    fn draw_link(
        &mut self,
        lower: &DMatrix<f64>,
        draws: &Draws,
        sweep: u32,
        purpose: Purpose,
        rng: &mut ChaCha8Rng,
    ) {
        if self.link.is_empty() {
            return;
        }
        let whiten = Triangle::<W>::new(lower);
        let back = Triangle::<W>::new(&invert_lower(lower));
        let mean = self.mean;
        let mut left: Vec<Row<W>> = (0..self.rows.len())
            .into_par_iter()
            .with_min_len(ROWS_PER_TASK)
            .map(|row| {
                let mut values = [0.0; W];
                for i in 0..W {
                    values[i] = self.rows[row][i] - mean[i] as f32 - self.linked[row][i];
                }
                whiten.apply(&values)
            })
            .collect();
        let mut squares = vec![0.0; self.link_precision.len()];
        let mut counts = vec![0.0; self.link_precision.len()];
        let groups = self.design.groups();
        for (column, y) in self.link.iter_mut().enumerate() {
            let group = usize::from(groups[column]);
            let entries = self.design.column(column);
            let mut drawn = whiten.apply(y);
            let (mut sum, mut weight) = ([0.0_f32; W], 0.0_f32);
            for &(row, w) in entries {
                weight += w * w;
                for (s, l) in sum.iter_mut().zip(&left[row as usize]) {
                    *s += w * l;
                }
            }
            let precision = weight + self.link_precision[group] as f32;
            let (scale, std) = (1.0 / precision, 1.0 / precision.sqrt());
            let mut change = [0.0_f32; W];
            let mut rng = draws.at(sweep, purpose, column);
            for i in 0..self.dim {
                let new = (sum[i] + weight * drawn[i]) * scale + std * normal(&mut rng) as f32;
                change[i] = new - drawn[i];
                drawn[i] = new;
                squares[group] += f64::from(new) * f64::from(new);
            }
            counts[group] += self.dim as f64;
            for &(row, w) in entries {
                for (l, c) in left[row as usize].iter_mut().zip(&change) {
                    *l -= w * c;
                }
            }
            *y = back.apply(&drawn);
        }
        for (group, precision) in self.link_precision.iter_mut().enumerate() {
            *precision = gamma(0.5 * (1.0 + counts[group]), 0.5 * (1.0 + squares[group]), rng);
        }
        self.linked = self.design.times(&self.link);
    }

    /// Draws every rated row, given the other side: `Λ* = Λ + α Σ xxᵀ` and
    /// `Λ*μ* = Λ(μ + linked) + α Σ x(r − μ − b)` (Salakhutdinov and Mnih 2008, equations 11 to 13). Here `x`
    /// is 1 and the factors of what was rated, and `b` its bias. A row without ratings is set to its prior
    /// mean: nothing else depends on the row, and the mean of its draws is what is needed.
    pub(super) fn draw_rows(
        &mut self,
        other: &[Row<W>],
        alpha: f64,
        draws: &Draws,
        sweep: u32,
        purpose: Purpose,
    ) {
        let Self { observed, linked, mean, precision, dim, rows, .. } = self;
        let dim = *dim;
        rows.par_chunks_mut(ROWS_PER_TASK).enumerate().for_each(|(task, rows)| {
            for (n, values) in rows.iter_mut().enumerate() {
                let row = task * ROWS_PER_TASK + n;
                let mut prior = *mean;
                for (p, &l) in prior.iter_mut().zip(&linked[row]) {
                    *p += f64::from(l);
                }
                let ratings = observed.of(row);
                if ratings.is_empty() {
                    *values = prior.map(|v| v as f32);
                    continue;
                }
                let mut rng = draws.at(sweep, purpose, row);
                let (mut matrix, mut right) = normal_equations(ratings, other, dim);
                for i in 0..dim {
                    right[i] *= alpha;
                    for j in 0..W {
                        right[i] += precision[i][j] * prior[j];
                        matrix[i][j] = precision[i][j] + alpha * matrix[i][j];
                    }
                }
                let reciprocal = cholesky(&mut matrix, dim);
                for i in 0..dim {
                    let mut v = right[i];
                    for j in 0..i {
                        v -= matrix[i][j] * right[j];
                    }
                    right[i] = v * reciprocal[i];
                }
                for value in &mut right[..dim] {
                    *value += normal(&mut rng);
                }
                for i in (0..dim).rev() {
                    let mut v = right[i];
                    for j in i + 1..dim {
                        v -= matrix[j][i] * right[j];
                    }
                    right[i] = v * reciprocal[i];
                }
                *values = right.map(|v| v as f32);
            }
        });
    }
}
