//! Made-up rows with a known structure, for tests and benchmarks.

use catalog::Interactions;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Ratings `r(u,i) = 3 + a(u) + b(i) + p(u)·q(i) + e(u,i)` of random pairs, with all terms normal around 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MadeUp {
    /// Number of users.
    pub n_users: usize,
    /// Number of titles.
    pub n_titles: usize,
    /// Chance that a pair is rated.
    pub density: f64,
    /// Standard deviation of `a`.
    pub user: f64,
    /// Standard deviation of `b`.
    pub title: f64,
    /// Number of factors of `p` and `q`.
    pub n_factors: usize,
    /// Standard deviation of each term of `p·q`.
    pub taste: f64,
    /// Standard deviation of `e`.
    pub noise: f64,
    /// Seed.
    pub seed: u64,
}

impl Default for MadeUp {
    fn default() -> Self {
        Self {
            n_users: 150,
            n_titles: 80,
            density: 0.3,
            user: 0.5,
            title: 0.3,
            n_factors: 2,
            taste: 0.5,
            noise: 0.4,
            seed: 1,
        }
    }
}

impl MadeUp {
    /// Generates the rows, by user and title, each pair at most once. Ratings are not rounded or clipped to a
    /// scale.
    pub fn rows(&self) -> Interactions {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut terms =
            |n: usize, scale: f64| -> Vec<f64> { (0..n).map(|_| scale * normal(&mut rng)).collect() };
        let (a, b) = (terms(self.n_users, self.user), terms(self.n_titles, self.title));
        let p = terms(self.n_users * self.n_factors, self.taste);
        let q = terms(self.n_titles * self.n_factors, 1.0);
        let mut rows =
            Interactions { n_users: self.n_users, n_titles: self.n_titles, ..Interactions::default() };
        for u in 0..self.n_users {
            for i in 0..self.n_titles {
                if !rng.random_bool(self.density) {
                    continue;
                }
                let (p, q) = (&p[u * self.n_factors..], &q[i * self.n_factors..]);
                let product: f64 = p.iter().zip(q).take(self.n_factors).map(|(p, q)| p * q).sum();
                let score = 3.0 + a[u] + b[i] + product + self.noise * normal(&mut rng);
                rows.user_idx.push(u as u32);
                rows.title_idx.push(i as u32);
                rows.rating.push(score as f32);
            }
        }
        rows
    }
}

/// Draws a number of mean 0 and variance 1: the sum of twelve uniform numbers, minus 6. It is the same to the
/// last bit on every machine.
fn normal(rng: &mut impl Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// Generates likes of users with two tastes. Users at even positions like most titles at even positions, and
/// users at odd positions those at odd positions.
pub fn two_tastes(n_users: u32, n_titles: u32) -> Interactions {
    let mut rows =
        Interactions { n_users: n_users as usize, n_titles: n_titles as usize, ..Interactions::default() };
    for u in 0..n_users {
        for i in 0..n_titles {
            if u % 2 == i % 2 && (u / 2 + i / 2) % 5 != 0 {
                rows.user_idx.push(u);
                rows.title_idx.push(i);
                rows.rating.push(5.0);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_mean_and_variance_they_were_made_with() {
        let rows = MadeUp { n_users: 400, n_titles: 200, ..MadeUp::default() }.rows();
        let n = rows.len() as f64;
        assert!((n / 80_000.0 - 0.3).abs() < 0.02, "{n}");
        let mean = rows.rating.iter().map(|&r| f64::from(r)).sum::<f64>() / n;
        let variance = rows.rating.iter().map(|&r| (f64::from(r) - mean).powi(2)).sum::<f64>() / n;
        // 0.25 + 0.09 + 2 · 0.25 + 0.16
        assert!((mean - 3.0).abs() < 0.15 && (variance - 1.0).abs() < 0.15, "{mean} {variance}");
        assert_eq!(MadeUp::default().rows(), MadeUp::default().rows());
    }
}
