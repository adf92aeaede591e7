//! Errors of predicted ratings.

use std::collections::BTreeMap;

use catalog::Interactions;
use rayon::prelude::*;
use recommender::FactorModel;
use serde::{Deserialize, Serialize};

use crate::Measures;

/// Rows per partial sum; fixed, so that results do not depend on the number of threads.
const ROWS_PER_SUM: usize = 4096;

/// Returns the root mean squared and mean absolute errors on the rows; `None` without rows.
pub fn errors(model: &FactorModel, rows: &Interactions) -> Option<Measures> {
    if rows.is_empty() {
        return None;
    }
    let sums = row_sums(rows, |u, i, r| {
        let error = f64::from(r - model.predict(u, i));
        [error * error, error.abs()]
    });
    let n = rows.len() as f64;
    Some(BTreeMap::from([("rmse".to_owned(), (sums[0] / n).sqrt()), ("mae".to_owned(), sums[1] / n)]))
}

/// Returns the root mean squared error on the rows; `None` without rows.
pub fn rmse(model: &FactorModel, rows: &Interactions) -> Option<f64> {
    errors(model, rows).and_then(|m| m.get("rmse").copied())
}

/// Comparison of two models on the same rows, by the squared errors of each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// RMSE of the first.
    pub first: f64,
    /// RMSE of the second.
    pub second: f64,
    /// Mean over rows of (first's squared error − second's): above 0 if the second is better.
    pub gain: f64,
    /// Standard error of the gain. The rows of one user count as one observation, because their errors are
    /// correlated.
    pub standard_error: f64,
}

/// Compares two models row by row; returns `None` if there are no rows.
pub fn compare(first: &FactorModel, second: &FactorModel, rows: &Interactions) -> Option<Comparison> {
    if rows.is_empty() {
        return None;
    }
    let n = rows.len() as f64;
    let squared = |model: &FactorModel, u, i, r: f32| f64::from(r - model.predict(u, i)).powi(2);
    let totals = row_sums(rows, |u, i, r| [squared(first, u, i, r), squared(second, u, i, r)]);
    let gain = (totals[0] - totals[1]) / n;
    let mut by_user = vec![(0.0, 0_u32); rows.n_users];
    for ((&u, &i), &r) in rows.user_idx.iter().zip(&rows.title_idx).zip(&rows.rating) {
        let (u, i) = (u as usize, i as usize);
        by_user[u].0 += squared(first, u, i, r) - squared(second, u, i, r);
        by_user[u].1 += 1;
    }
    let spread: f64 = by_user.iter().map(|&(sum, count)| (sum - f64::from(count) * gain).powi(2)).sum();
    Some(Comparison {
        first: (totals[0] / n).sqrt(),
        second: (totals[1] / n).sqrt(),
        gain,
        standard_error: spread.sqrt() / n,
    })
}

/// Computes two sums over the rows, in a fixed order.
fn row_sums(rows: &Interactions, of_row: impl Fn(usize, usize, f32) -> [f64; 2] + Sync) -> [f64; 2] {
    let parts: Vec<[f64; 2]> = (0..rows.len().div_ceil(ROWS_PER_SUM))
        .into_par_iter()
        .map(|chunk| {
            let mut sums = [0.0; 2];
            for row in chunk * ROWS_PER_SUM..((chunk + 1) * ROWS_PER_SUM).min(rows.len()) {
                let part =
                    of_row(rows.user_idx[row] as usize, rows.title_idx[row] as usize, rows.rating[row]);
                sums[0] += part[0];
                sums[1] += part[1];
            }
            sums
        })
        .collect();
    parts.into_iter().fold([0.0; 2], |a, b| [a[0] + b[0], a[1] + b[1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{close, model, rows};

    #[test]
    fn errors_follow_the_formulas_on_clipped_predictions() {
        let test = rows(1, 2, &[(0, 0, 4.0), (0, 1, 4.0)]);
        let m = errors(&model(&[-1.0, 9.0], 1), &test).unwrap();
        assert!(close(m["rmse"], 2.5_f64.sqrt()) && close(m["mae"], 1.5), "{m:?}");
        assert_eq!(errors(&model(&[0.0], 1), &rows(1, 1, &[])), None);
    }

    #[test]
    fn a_comparison_has_a_standard_error() {
        let test = rows(2, 2, &[(0, 0, 3.0), (0, 1, 3.0), (1, 0, 3.0), (1, 1, 3.0)]);
        let c = compare(&model(&[1.0, 1.0], 2), &model(&[0.0, 0.0], 2), &test).unwrap();
        assert!(close(c.gain, 1.0) && close(c.standard_error, 0.0) && close(c.first, 1.0), "{c:?}");
    }
}
