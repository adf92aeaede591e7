//! Statistics of columns. A result that does not exist (no rows, no spread) is `None`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Rounds to six digits after the point: enough for a reader, and the same with every mathematical library.
pub(crate) fn rounded(value: f64) -> f64 {
    let rounded = (value * 1e6).round() / 1e6;
    // Minus zero would be written with its sign.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// How the values of a column are spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Smallest value.
    pub min: f64,
    /// Quantile at 0.05. All quantiles are linearly interpolated (Hyndman and Fan 1996, type 7).
    pub p05: f64,
    /// Quantile at 0.25.
    pub p25: f64,
    /// Quantile at 0.5.
    pub median: f64,
    /// Quantile at 0.75.
    pub p75: f64,
    /// Quantile at 0.95.
    pub p95: f64,
    /// Greatest value.
    pub max: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Population standard deviation (divided by n).
    pub sd: f64,
    /// Third standardized moment; 0 if all values are equal.
    pub skewness: f64,
}

impl Spread {
    /// Summarizes values in ascending order.
    pub(crate) fn of_sorted(sorted: &[f64]) -> Option<Self> {
        let n = sorted.len() as f64;
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let mean = sorted.iter().sum::<f64>() / n;
        let (mut second, mut third) = (0.0, 0.0);
        for &value in sorted {
            let d = value - mean;
            second += d * d;
            third += d * d * d;
        }
        let sd = (second / n).sqrt();
        let skewness = if sd > 0.0 { third / n / (sd * sd * sd) } else { 0.0 };
        let at = |p| rounded(quantile(sorted, p));
        Some(Self {
            min,
            p05: at(0.05),
            p25: at(0.25),
            median: at(0.5),
            p75: at(0.75),
            p95: at(0.95),
            max,
            mean: rounded(mean),
            sd: rounded(sd),
            skewness: rounded(skewness),
        })
    }
}

/// Returns a quantile of ascending values by linear interpolation (type 7).
///
/// # Panics
/// If there are no values.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (at - at.floor()) * (sorted[above] - sorted[below])
}

/// Returns the Gini coefficient of ascending counts: `2·Σ i·x(i) / (n·Σ x) − (n + 1)/n`, with `i` from 1. It
/// is 0 if all counts are equal, and near 1 if one of them has almost everything.
pub(crate) fn gini(sorted: &[u64]) -> Option<f64> {
    let n = sorted.len() as f64;
    let sum: f64 = sorted.iter().map(|&x| x as f64).sum();
    if sum == 0.0 {
        return None;
    }
    let weighted: f64 = sorted.iter().zip(1_u64..).map(|(&x, i)| i as f64 * x as f64).sum();
    Some(rounded(2.0 * weighted / (n * sum) - (n + 1.0) / n))
}

/// A column of numbers, sorted once for all the pairs it is in. A missing number is NaN.
pub(crate) struct Ordered {
    values: Vec<f64>,
    /// The rows with a number, ascending by number.
    order: Vec<u32>,
}

impl Ordered {
    pub(crate) fn new(values: Vec<f64>) -> Self {
        let mut order: Vec<u32> =
            (0..values.len() as u32).filter(|&row| !values[row as usize].is_nan()).collect();
        order.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        Self { values, order }
    }

    /// Returns the numbers by row.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Returns ranks from 1 by row, among the rows where both columns have a number. Equal numbers share the
    /// mean of their ranks.
    fn ranks_with(&self, other: &Self) -> Vec<f64> {
        let of = |row: u32| self.values[row as usize];
        let both: Vec<u32> =
            self.order.iter().copied().filter(|&row| !other.values[row as usize].is_nan()).collect();
        let mut ranks = vec![0.0; self.values.len()];
        let mut begin = 0;
        for equal in both.chunk_by(|&a, &b| of(a).total_cmp(&of(b)).is_eq()) {
            let rank = begin as f64 + (equal.len() + 1) as f64 / 2.0;
            for &row in equal {
                ranks[row as usize] = rank;
            }
            begin += equal.len();
        }
        ranks
    }
}

fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (&x, &y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

/// Returns Spearman's ρ, −1 to 1, and the number of rows where both columns have a number, which it is based
/// on. It is Pearson's correlation of the ranks, where equal values share their mean rank (Spearman 1904).
pub(crate) fn spearman(a: &Ordered, b: &Ordered) -> (Option<f64>, usize) {
    let both: Vec<usize> =
        (0..a.values.len()).filter(|&row| !a.values[row].is_nan() && !b.values[row].is_nan()).collect();
    if both.len() < 3 {
        return (None, both.len());
    }
    let take = |ranks: Vec<f64>| both.iter().map(|&row| ranks[row]).collect::<Vec<_>>();
    let rho = pearson(&take(a.ranks_with(b)), &take(b.ranks_with(a))).map(rounded);
    (rho, both.len())
}

/// Returns Cramér's V, 0 to 1, with the correction for bias (Bergsma 2013, "A bias-correction for Cramér's V
/// and Tschuprow's T", section 2): `φ̃² = max(0, χ²/n − (r−1)(c−1)/(n−1))`, `r̃ = r − (r−1)²/(n−1)`, `V =
/// √(φ̃² / min(r̃−1, c̃−1))`.
pub(crate) fn cramers_v(a: &[u32], b: &[u32]) -> Option<f64> {
    let n = a.len() as f64;
    let (mut rows, mut columns) = (BTreeMap::<u32, f64>::new(), BTreeMap::<u32, f64>::new());
    let mut cells = BTreeMap::<(u32, u32), f64>::new();
    for (&x, &y) in a.iter().zip(b) {
        *rows.entry(x).or_default() += 1.0;
        *columns.entry(y).or_default() += 1.0;
        *cells.entry((x, y)).or_default() += 1.0;
    }
    if rows.len() < 2 || columns.len() < 2 || a.len() < 2 {
        return None;
    }
    // χ²/n = Σ o²/(row·column) − 1, where empty cells add nothing.
    let phi2 = cells.iter().map(|((x, y), o)| o * o / (rows[x] * columns[y])).sum::<f64>() - 1.0;
    let (r, c) = (rows.len() as f64, columns.len() as f64);
    let corrected = (phi2 - (r - 1.0) * (c - 1.0) / (n - 1.0)).max(0.0);
    let shrunk = |k: f64| k - (k - 1.0) * (k - 1.0) / (n - 1.0) - 1.0;
    let least = shrunk(r).min(shrunk(c));
    (least > 0.0).then(|| rounded((corrected / least).sqrt().min(1.0)))
}

/// Returns the correlation ratio η, 0 to 1: the root of the share of the variance of `values` that lies
/// between the groups (Fisher 1925).
pub(crate) fn correlation_ratio(groups: &[u32], values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let total: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    let mut of_group = BTreeMap::<u32, (f64, f64)>::new();
    for (&group, &value) in groups.iter().zip(values) {
        let (count, sum) = of_group.entry(group).or_default();
        *count += 1.0;
        *sum += value - mean;
    }
    if of_group.len() < 2 || total <= 0.0 || total.is_nan() {
        return None;
    }
    let between: f64 = of_group.values().map(|(count, sum)| sum * sum / count).sum();
    Some(rounded((between / total).clamp(0.0, 1.0).sqrt()))
}

/// Returns the population stability index `Σ (aᵢ − eᵢ)·ln(aᵢ/eᵢ)` over the shares of the groups in the actual
/// and the expected table (Siddiqi 2006, "Credit Risk Scorecards", chapter 8). A share below 0.0001 counts as
/// 0.0001, so that an empty group does not make the index infinite. Below 0.1 the shift is negligible; above
/// 0.25 it is large.
pub(crate) fn stability_index(expected: &[u64], actual: &[u64]) -> Option<f64> {
    const LEAST: f64 = 1e-4;
    let (of_expected, of_actual) = (expected.iter().sum::<u64>() as f64, actual.iter().sum::<u64>() as f64);
    if of_expected == 0.0 || of_actual == 0.0 {
        return None;
    }
    let terms = expected.iter().zip(actual).map(|(&e, &a)| {
        let (e, a) = ((e as f64 / of_expected).max(LEAST), (a as f64 / of_actual).max(LEAST));
        (a - e) * (a / e).ln()
    });
    Some(rounded(terms.sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_by_hand() {
        let s = Spread::of_sorted(&[1.0, 2.0, 3.0, 10.0]).unwrap();
        // Mean 4; deviations −3, −2, −1, 6: squares 50, cubes 180.
        assert_eq!((s.min, s.p25, s.median, s.p75, s.max, s.mean), (1.0, 1.75, 2.5, 4.75, 10.0, 4.0));
        assert!((s.sd - 12.5_f64.sqrt()).abs() < 1e-6);
        assert!((s.skewness - 45.0 / 12.5_f64.powf(1.5)).abs() < 1e-6);
        assert_eq!(Spread::of_sorted(&[]), None);
        let one = Spread::of_sorted(&[7.0]).unwrap();
        assert_eq!((one.p05, one.p95, one.sd, one.skewness), (7.0, 7.0, 0.0, 0.0));
    }

    #[test]
    fn gini_by_hand() {
        assert_eq!(gini(&[2, 2, 2]), Some(0.0));
        assert_eq!(gini(&[0, 0, 0, 4]), Some(0.75));
        // 2(1·1 + 2·2 + 3·3)/(3·6) − 4/3 = 28/18 − 24/18
        assert_eq!(gini(&[1, 2, 3]), Some(0.222_222));
        assert_eq!((gini(&[]), gini(&[0])), (None, None));
    }

    #[test]
    fn spearman_by_hand() {
        let ordered = |values: &[f64]| Ordered::new(values.to_vec());
        let spearman = |a: &[f64], b: &[f64]| spearman(&ordered(a), &ordered(b)).0;
        assert_eq!(spearman(&[1.0, 2.0, 3.0, 4.0], &[1.0, 8.0, 27.0, 64.0]), Some(1.0));
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[9.0, 8.0, 1.0]), Some(-1.0));
        // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: 4.5 / √(4.5·5).
        assert_eq!(ordered(&[0.0, 5.0, 5.0, 9.0]).ranks_with(&ordered(&[1.0; 4])), [1.0, 2.5, 2.5, 4.0]);
        assert_eq!(spearman(&[0.0, 5.0, 5.0, 9.0], &[1.0, 2.0, 3.0, 4.0]), Some(0.948_683));
        assert_eq!(spearman(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        // Rows where a number is missing do not count, and do not take a rank.
        let (rho, n) = super::spearman(
            &ordered(&[1.0, f64::NAN, 2.0, 3.0, 4.0, 2.5]),
            &ordered(&[1.0, 0.0, 8.0, 27.0, 64.0, f64::NAN]),
        );
        assert_eq!((rho, n), (Some(1.0), 4));
    }

    #[test]
    fn cramer_by_hand() {
        // Diagonal 2 × 2 of 20: φ² = 1, corrected 1 − 1/19; r̃ − 1 = 1 − 1/19. So V = 1.
        let a: Vec<u32> = (0..20).map(|n| n % 2).collect();
        assert_eq!(cramers_v(&a, &a), Some(1.0));
        // Independent: φ² = 0, and the correction does not go below.
        let b: Vec<u32> = (0..20).map(|n| n / 2 % 2).collect();
        assert_eq!(cramers_v(&a, &b), Some(0.0));
        // 3 1 / 1 3: φ² = 4/16 = 0.25; (0.25 − 1/7)/(1 − 1/7) = 1/8.
        let (x, y) = ([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 0, 1, 1, 1]);
        assert_eq!(cramers_v(&x, &y), Some(0.353_553));
        assert_eq!(cramers_v(&a, &[3; 20]), None);
    }

    #[test]
    fn correlation_ratio_by_hand() {
        // Groups {1, 3} and {5, 7}: mean 4, between 2·4 + 2·4 = 16 of 9 + 1 + 1 + 9 = 20.
        assert_eq!(correlation_ratio(&[0, 0, 1, 1], &[1.0, 3.0, 5.0, 7.0]), Some(0.894_427));
        assert_eq!(correlation_ratio(&[0, 1, 0, 1], &[1.0, 1.0, 2.0, 2.0]), Some(0.0));
        assert_eq!(correlation_ratio(&[0, 0], &[1.0, 2.0]), None);
        assert_eq!(correlation_ratio(&[0, 1], &[1.0, 1.0]), None);
    }

    #[test]
    fn stability_by_hand() {
        assert_eq!(stability_index(&[5, 5], &[50, 50]), Some(0.0));
        // 0.25·ln(1.5) − 0.25·ln(0.5) = 0.25·ln 3
        assert_eq!(stability_index(&[50, 50], &[75, 25]), Some(0.274_653));
        assert!(stability_index(&[1, 0], &[0, 1]).unwrap().is_finite());
        assert_eq!(stability_index(&[0], &[1]), None);
    }
}
