//! Places titles without ratings, using what the catalog says about them.
//!
//! A trained title is a bias and factors. A ridge regression from features to bias and factors is fitted to
//! the titles that have ratings, and gives the other titles theirs, as plain numbers that are served like any
//! others (the linear map of Gantner et al. 2010, "Learning attribute-to-feature mappings for cold-start
//! recommendations", section III.C). A title with `n` ratings weighs `n / (n + half)`, because predicting
//! ratings well means placing the titles well that many users rate. How strongly the map of each coordinate
//! is shrunk is chosen on every fifth title.

use rayon::prelude::*;

use dataset::TitleFeatures;

/// Strengths to try, weakest first.
const RIDGES: [f32; 7] = [3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 1e6];
/// One title in this many is held back for choosing the strength.
const KEPT_BACK: usize = 5;
/// Fewest rated titles that a map is learned from.
const LEAST_TITLES: usize = 10;
/// Conjugate gradients stop after this many steps, or when the residual has fallen to this share.
const MOST_STEPS: usize = 50;
const RESIDUAL: f64 = 1e-3;

/// Replaces bias and factors of the titles without ratings. Does nothing if too few titles are rated or no
/// features are known. Factors are titles × factors, row by row; `n_ratings` has one entry per title. `half`
/// is the number of ratings at which a title counts half; 0 if all count alike.
pub(super) fn place(
    item_bias: &mut [f32],
    item_factors: &mut [f32],
    n_ratings: &[u32],
    features: &TitleFeatures,
    half: f32,
) {
    let n = n_ratings.len();
    let rated: Vec<usize> = (0..n).filter(|&title| n_ratings[title] > 0).collect();
    if features.n_titles() != n || rated.len() < LEAST_TITLES || rated.len() == n {
        return;
    }
    let n_factors = item_factors.len() / n;
    let (width, n_columns) = (n_factors + 1, features.n_columns());
    let target = |title: usize| {
        let factors = &item_factors[title * n_factors..(title + 1) * n_factors];
        std::iter::once(item_bias[title]).chain(factors.iter().copied())
    };
    let targets: Vec<f32> = rated.iter().flat_map(|&title| target(title)).collect();
    let weight = |title: usize| n_ratings[title] as f32 / (n_ratings[title] as f32 + half);
    let problem = |of: &[usize]| Ridge::new(features, &rated, &targets, of, width, weight);

    let (kept_back, others): (Vec<usize>, Vec<usize>) = (0..rated.len()).partition(|at| at % KEPT_BACK == 0);
    let trial = problem(&others);
    // The coordinates are independent: each gets the strength that is best for it.
    let mut best = vec![(f64::INFINITY, 0); width];
    let maps: Vec<Map> = RIDGES.into_par_iter().map(|ridge| trial.solve(ridge, n_columns)).collect();
    for (number, map) in maps.into_iter().enumerate() {
        let mut errors = vec![0.0; width];
        for &at in &kept_back {
            let weight = f64::from(weight(rated[at]));
            let predicted = map.of(features.of(rated[at]));
            let target = &targets[at * width..(at + 1) * width];
            for ((error, p), t) in errors.iter_mut().zip(&predicted).zip(target) {
                *error += weight * f64::from(p - t).powi(2);
            }
        }
        for (best, error) in best.iter_mut().zip(errors) {
            if error < best.0 {
                *best = (error, number);
            }
        }
    }
    let every: Vec<usize> = (0..rated.len()).collect();
    let problem = problem(&every);
    let chosen = |number: usize| best.iter().any(|b| b.1 == number);
    let numbers: Vec<usize> = (0..RIDGES.len()).filter(|&number| chosen(number)).collect();
    let maps: Vec<Map> = numbers.par_iter().map(|&number| problem.solve(RIDGES[number], n_columns)).collect();
    let mut map = Map { mean: problem.mean.clone(), y: vec![0.0; n_columns * width] };
    for (number, other) in numbers.into_iter().zip(maps) {
        map.take(&other, |coordinate| best[coordinate].1 == number);
    }
    for title in (0..n).filter(|&title| n_ratings[title] == 0) {
        let row = map.of(features.of(title));
        item_bias[title] = row[0];
        item_factors[title * n_factors..(title + 1) * n_factors].copy_from_slice(&row[1..]);
    }
}

/// Title that the map is learned from.
struct Taught {
    /// Its features, with the columns numbered as in [`Ridge::columns`].
    features: Vec<(u32, f32)>,
    weight: f32,
    /// Bias and factors, minus their means.
    target: Vec<f32>,
}

/// Weighted least squares of `targets − mean` on features, shrunk.
struct Ridge {
    width: usize,
    /// The columns that these titles have. What is learned about any other column is 0.
    columns: Vec<u32>,
    mean: Vec<f32>,
    titles: Vec<Taught>,
}

impl Ridge {
    fn new(
        features: &TitleFeatures,
        rated: &[usize],
        targets: &[f32],
        of: &[usize],
        width: usize,
        weight: impl Fn(usize) -> f32,
    ) -> Self {
        let (mut mean, mut sum) = (vec![0.0_f64; width], 0.0);
        for &at in of {
            let w = f64::from(weight(rated[at]));
            sum += w;
            for (m, &t) in mean.iter_mut().zip(&targets[at * width..(at + 1) * width]) {
                *m += w * f64::from(t);
            }
        }
        let mean: Vec<f32> = mean.into_iter().map(|m| (m / sum) as f32).collect();
        let mut number = vec![None; features.n_columns()];
        for (column, _) in of.iter().flat_map(|&at| features.of(rated[at])) {
            number[*column as usize] = Some(0);
        }
        let mut columns = Vec::new();
        for (column, number) in number.iter_mut().enumerate().filter(|(_, number)| number.is_some()) {
            *number = Some(columns.len() as u32);
            columns.push(column as u32);
        }
        let titles = of.iter().map(|&at| {
            let target = &targets[at * width..(at + 1) * width];
            let of_title = features.of(rated[at]).iter();
            Taught {
                features: of_title.filter_map(|&(c, value)| Some((number[c as usize]?, value))).collect(),
                weight: weight(rated[at]),
                target: target.iter().zip(&mean).map(|(t, m)| t - m).collect(),
            }
        });
        Self { width, columns, titles: titles.collect(), mean }
    }

    /// Computes `FᵀW·rows`, columns × width; `rows` yields one row per title.
    fn gather<'b>(&self, rows: impl Iterator<Item = &'b [f32]>) -> Vec<f32> {
        let mut sum = vec![0.0; self.columns.len() * self.width];
        for (title, row) in self.titles.iter().zip(rows) {
            for &(column, value) in &title.features {
                let to = &mut sum[column as usize * self.width..][..self.width];
                for (s, r) in to.iter_mut().zip(row) {
                    *s += title.weight * value * r;
                }
            }
        }
        sum
    }

    /// Computes `(FᵀWF + ridge)·y`.
    fn apply(&self, y: &[f32], ridge: f32) -> Vec<f32> {
        let rows: Vec<f32> =
            self.titles.iter().flat_map(|title| combine(&title.features, y, self.width)).collect();
        let mut out = self.gather(rows.chunks_exact(self.width));
        for (o, v) in out.iter_mut().zip(y) {
            *o += ridge * v;
        }
        out
    }

    /// Solves by conjugate gradients, for all coordinates together. The map is from `n_columns` columns.
    fn solve(&self, ridge: f32, n_columns: usize) -> Map {
        let width = self.width;
        let dots = |a: &[f32], b: &[f32]| {
            let mut sums = vec![0.0_f64; width];
            for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
                for ((s, x), y) in sums.iter_mut().zip(a).zip(b) {
                    *s += f64::from(*x) * f64::from(*y);
                }
            }
            sums
        };
        let mut left = self.gather(self.titles.iter().map(|title| title.target.as_slice()));
        let mut y = vec![0.0_f32; left.len()];
        let mut direction = left.clone();
        let mut squares = dots(&left, &left);
        let until: Vec<f64> = squares.iter().map(|s| s * RESIDUAL * RESIDUAL).collect();
        for _ in 0..MOST_STEPS {
            if squares.iter().zip(&until).all(|(s, u)| s <= u) {
                break;
            }
            let image = self.apply(&direction, ridge);
            let curvature = dots(&direction, &image);
            let step: Vec<f32> = squares
                .iter()
                .zip(&curvature)
                .map(|(s, c)| if *c > 0.0 { (s / c) as f32 } else { 0.0 })
                .collect();
            for (at, (value, d)) in y.iter_mut().zip(&direction).enumerate() {
                *value += step[at % width] * d;
            }
            for (at, (value, i)) in left.iter_mut().zip(&image).enumerate() {
                *value -= step[at % width] * i;
            }
            let next = dots(&left, &left);
            let keep: Vec<f32> =
                next.iter().zip(&squares).map(|(n, s)| if *s > 0.0 { (n / s) as f32 } else { 0.0 }).collect();
            for (at, (d, l)) in direction.iter_mut().zip(&left).enumerate() {
                *d = l + keep[at % width] * *d;
            }
            squares = next;
        }
        let mut map = Map { mean: self.mean.clone(), y: vec![0.0; n_columns * width] };
        for (&column, row) in self.columns.iter().zip(y.chunks_exact(width)) {
            map.y[column as usize * width..][..width].copy_from_slice(row);
        }
        map
    }
}

/// Linear map from features to a title's bias and factors.
struct Map {
    mean: Vec<f32>,
    y: Vec<f32>,
}

impl Map {
    /// Takes the requested coordinates from another map.
    fn take(&mut self, other: &Self, asked: impl Fn(usize) -> bool) {
        let width = self.mean.len();
        for (at, (own, others)) in self.y.iter_mut().zip(&other.y).enumerate() {
            if asked(at % width) {
                *own = *others;
            }
        }
    }

    fn of(&self, features: &[(u32, f32)]) -> Vec<f32> {
        let mut row = combine(features, &self.y, self.mean.len());
        for (r, m) in row.iter_mut().zip(&self.mean) {
            *r += m;
        }
        row
    }
}

/// Returns the weighted sum of the rows of `y` that a title has.
fn combine(features: &[(u32, f32)], y: &[f32], width: usize) -> Vec<f32> {
    let mut row = vec![0.0; width];
    for &(column, value) in features {
        for (r, v) in row.iter_mut().zip(&y[column as usize * width..][..width]) {
            *r += value * v;
        }
    }
    row
}
