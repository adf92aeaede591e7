//! Is there anything to learn about titles?
//!
//! Ratings that were dealt to titles at random look like any others in a table: users differ, some rate more than
//! others, and a model trained on them has an RMSE well below that of the global mean. What they lack shows against a
//! *twin*: the same model, trained on the same rows with each user's titles shuffled among that user's rows. The twin
//! keeps every user's ratings and every title's number of raters, and loses who rated what how.

use catalog::Interactions;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use artifact::{Signal, VarianceShares};

use crate::evaluate;
use crate::features::TitleFeatures;
use crate::split::{self, Shares};
use crate::train::{self, BiasParams, ModelParams};
use crate::tune::TuneError;
use crate::{Reporter, Silent};

/// Quantiles of Student's t at 0.975, for 1 to 9 degrees of freedom.
const T_975: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/// Most seeds of [`check`].
pub const MAX_SEEDS: usize = T_975.len() + 1;

/// Compares a model with its twin on `n_seeds` random splits (at least 2, at most [`MAX_SEEDS`]; others are brought into
/// that range), a tenth of the rows for test each time.
///
/// The interval is the 95 per cent one of the corrected resampled t-test (Nadeau and Bengio 2003, equation 9 with
/// `1/J + n₂/n₁`), which allows for splits that share rows. There is title signal where it lies above 0.
///
/// # Errors
/// [`TuneError`], where the rows cannot be cut or trained on.
pub fn check(
    rows: &Interactions,
    params: &ModelParams,
    features: &TitleFeatures,
    n_seeds: usize,
    seed: u64,
    reporter: &dyn Reporter,
) -> Result<Signal, TuneError> {
    let n_seeds = n_seeds.clamp(2, MAX_SEEDS);
    let settled = params.clone().settled(params.n_epochs());
    let biases = ModelParams::Biases(BiasParams::default());
    reporter.start("looking for signal", n_seeds as u64, "splits");
    let (mut of_model, mut of_twin, mut of_biases) = (Vec::new(), Vec::new(), Vec::new());
    let mut test_share = 0.0;
    for n in 0..n_seeds as u64 {
        let shares = Shares { validation: 0.0, test: 0.1 };
        let split =
            split::random(rows.len(), shares, seed.wrapping_add(n)).map_err(TuneError::Split)?.apply(rows);
        if split.test.is_empty() {
            return Err(TuneError::NothingToJudgeBy);
        }
        let rmse = |params: &ModelParams, train: &Interactions| {
            let nothing = Interactions::default();
            let (model, _) = train::fit(params, train, &nothing, features, seed.wrapping_add(n), &Silent)
                .map_err(TuneError::Train)?;
            Ok(evaluate::rmse(&model, &split.test).unwrap_or(f64::NAN))
        };
        of_model.push(rmse(&settled, &split.train)?);
        of_twin.push(rmse(&settled, &shuffled(&split.train, seed.wrapping_add(n)))?);
        of_biases.push(rmse(&biases, &split.train)?);
        test_share = split.test.len() as f64 / split.train.len() as f64;
        reporter.advance(1);
    }
    reporter.finish();
    let gains: Vec<f64> = of_twin.iter().zip(&of_model).map(|(twin, model)| twin - model).collect();
    let gain = mean(&gains);
    let variance = gains.iter().map(|g| (g - gain).powi(2)).sum::<f64>() / (n_seeds - 1) as f64;
    let half = T_975[n_seeds - 2] * (variance * (1.0 / n_seeds as f64 + test_share)).sqrt();
    let squares = |rmse: &[f64]| rmse.iter().map(|r| r * r).sum::<f64>() / rmse.len() as f64;
    // Where titles do not differ, biases of titles are worse than none, and the twin has none.
    let explained = squares(&of_biases).min(squares(&of_twin)) - squares(&of_model);
    let mut signal = Signal {
        verdict: String::new(),
        title_signal: gain - half > 0.0,
        rmse: mean(&of_model),
        twin_rmse: mean(&of_twin),
        gain,
        gain_low: gain - half,
        gain_high: gain + half,
        n_seeds: n_seeds as u32,
        variance: variance_shares(rows, explained),
    };
    signal.verdict = verdict(&signal);
    reporter.note(&signal.verdict);
    Ok(signal)
}

fn verdict(s: &Signal) -> String {
    let figures = format!(
        "held-out RMSE {:.4}, and {:.4} once each user's titles are shuffled; the difference is {:.4}, with 95 per \
         cent confidence between {:.4} and {:.4} ({} splits)",
        s.rmse, s.twin_rmse, s.gain, s.gain_low, s.gain_high, s.n_seeds
    );
    if s.title_signal {
        format!("The ratings tell titles apart: {figures}.")
    } else {
        format!("There is no title signal in these ratings, so lists are no better than chance: {figures}.")
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The rows with each user's titles shuffled among that user's rows.
pub fn shuffled(rows: &Interactions, seed: u64) -> Interactions {
    let mut by_user = vec![Vec::new(); rows.n_users];
    for (row, &user) in rows.user_idx.iter().enumerate() {
        by_user[user as usize].push(row);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut twin = rows.clone();
    for of_user in by_user {
        let mut titles: Vec<u32> = of_user.iter().map(|&row| rows.title_idx[row]).collect();
        titles.shuffle(&mut rng);
        for (row, title) in of_user.into_iter().zip(titles) {
            twin.title_idx[row] = title;
        }
    }
    twin
}

/// Shares of the variance of a rating, by the crossed random-effects model `r = μ + a(u) + b(i) + e(u,i)`.
///
/// The variances of `a`, `b` and `e` are the unbiased moment estimates from the sums of squares within users, within
/// titles and overall (Gao and Owen 2017, "Efficient moment calculations for variance components in large unbalanced
/// crossed random effects models", section 2), brought to 0 where they come out below. `explained` is how much of the
/// squared error of a biases-only model (or of the twin, where that is less) a model with factors removes on held-out rows: the part of `e` that is seen to
/// be taste. The rest is noise, and taste that the model does not catch.
pub fn variance_shares(rows: &Interactions, explained: f64) -> VarianceShares {
    let n = rows.len() as f64;
    let total_mean = rows.rating.iter().map(|&r| f64::from(r)).sum::<f64>() / n;
    let total: f64 = rows.rating.iter().map(|&r| (f64::from(r) - total_mean).powi(2)).sum();
    // Sum of squares within groups, number of groups that have rows, sum of squared group sizes.
    let within = |idx: &[u32], n_groups: usize| {
        let mut sums = vec![(0.0_f64, 0.0_f64); n_groups];
        for (&g, &r) in idx.iter().zip(&rows.rating) {
            sums[g as usize].0 += 1.0;
            sums[g as usize].1 += f64::from(r) - total_mean;
        }
        let between: f64 = sums.iter().filter(|s| s.0 > 0.0).map(|(count, sum)| sum * sum / count).sum();
        let groups = sums.iter().filter(|s| s.0 > 0.0).count() as f64;
        (total - between, groups, sums.iter().map(|s| s.0 * s.0).sum::<f64>())
    };
    let (within_users, n_users, squared_users) = within(&rows.user_idx, rows.n_users);
    let (within_titles, n_titles, squared_titles) = within(&rows.title_idx, rows.n_titles);
    // (b + e)(N − R) = W_u;  (a + e)(N − C) = W_t;  a(N² − Σn_u²) + b(N² − Σn_t²) + e(N² − N) = N·T
    let b_and_e = within_users / (n - n_users).max(1.0);
    let a_and_e = within_titles / (n - n_titles).max(1.0);
    let (weight_a, weight_b) = (n * n - squared_users, n * n - squared_titles);
    let weight_e = n * n - n;
    let of_e = weight_e - weight_a - weight_b;
    let e = if of_e == 0.0 { 0.0 } else { (n * total - weight_a * a_and_e - weight_b * b_and_e) / of_e };
    let e = e.clamp(0.0, a_and_e.min(b_and_e).max(0.0));
    let (a, b) = ((a_and_e - e).max(0.0), (b_and_e - e).max(0.0));
    let sum = a + b + e;
    if sum <= 0.0 || !sum.is_finite() {
        return VarianceShares::default();
    }
    let interaction = explained.clamp(0.0, e) / sum;
    VarianceShares { user: a / sum, title: b / sum, interaction, rest: e / sum - interaction }
}

/// Errors after training on a part of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearningPoint {
    /// The part, above 0 to 1.
    pub share: f64,
    /// Its rows.
    pub n_ratings: usize,
    /// Test RMSE of the model.
    pub rmse: f64,
    /// Test RMSE of biases only.
    pub biases_rmse: f64,
}

/// Trains on 10, 20, … 100 per cent of `train`, each part within the next, chosen by the seed; measures on `test`.
///
/// # Errors
/// [`TuneError`], where the rows cannot be trained on.
pub fn learning_curve(
    train: &Interactions,
    test: &Interactions,
    params: &ModelParams,
    features: &TitleFeatures,
    seed: u64,
    reporter: &dyn Reporter,
) -> Result<Vec<LearningPoint>, TuneError> {
    const STEPS: usize = 10;
    if test.is_empty() {
        return Err(TuneError::NothingToJudgeBy);
    }
    let mut order: Vec<usize> = (0..train.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let settled = params.clone().settled(params.n_epochs());
    let biases = ModelParams::Biases(BiasParams::default());
    reporter.start("learning curve", STEPS as u64, "trainings");
    let mut points = Vec::new();
    for step in 1..=STEPS {
        let mut part = order[..train.len() * step / STEPS].to_vec();
        if part.is_empty() {
            reporter.advance(1);
            continue;
        }
        part.sort_unstable();
        let part = train.select(&part);
        let rmse = |params: &ModelParams| {
            let (model, _) = train::fit(params, &part, &Interactions::default(), features, seed, &Silent)
                .map_err(TuneError::Train)?;
            Ok(evaluate::rmse(&model, test).unwrap_or(f64::NAN))
        };
        points.push(LearningPoint {
            share: step as f64 / STEPS as f64,
            n_ratings: part.len(),
            rmse: rmse(&settled)?,
            biases_rmse: rmse(&biases)?,
        });
        reporter.advance(1);
    }
    reporter.finish();
    Ok(points)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::train::SvdParams;

    /// `r = 3 + a(u) + b(i) + signal·p(u)·q(i) + noise`, standard deviations as given, each pair with chance 0.3.
    fn made_up(user: f64, title: f64, taste: f64, noise: f64) -> Interactions {
        let (n_users, n_titles) = (300, 120);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut normal = |scale: f64| {
            // The sum of twelve uniform numbers: mean 6, variance 1.
            scale * ((0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0)
        };
        let a: Vec<f64> = (0..n_users).map(|_| normal(user)).collect();
        let b: Vec<f64> = (0..n_titles).map(|_| normal(title)).collect();
        let p: Vec<f64> = (0..n_users).map(|_| normal(taste)).collect();
        let q: Vec<f64> = (0..n_titles).map(|_| normal(1.0)).collect();
        let mut rows = Interactions { n_users, n_titles, ..Interactions::default() };
        for u in 0..n_users {
            for i in 0..n_titles {
                let score = 3.0 + a[u] + b[i] + p[u] * q[i] + normal(noise);
                if (u * 31 + i * 17 + u * i) % 10 < 3 {
                    rows.user_idx.push(u as u32);
                    rows.title_idx.push(i as u32);
                    rows.rating.push(score as f32);
                }
            }
        }
        rows
    }

    fn factors() -> ModelParams {
        ModelParams::Svd(SvdParams {
            n_factors: 4,
            n_epochs: 60,
            learning_rate: 0.01,
            regularization: 0.05,
            ..SvdParams::default()
        })
    }

    #[test]
    fn variances_are_found_again() {
        let shares = variance_shares(&made_up(0.5, 0.4, 0.0, 0.8), 0.0);
        // 0.25, 0.16 and 0.64 of 1.05; sampling errors of a few hundredths.
        assert!((shares.user - 0.238).abs() < 0.05, "{shares:?}");
        assert!((shares.title - 0.152).abs() < 0.05, "{shares:?}");
        assert!((shares.rest - 0.610).abs() < 0.05 && shares.interaction == 0.0, "{shares:?}");
        let sum = shares.user + shares.title + shares.interaction + shares.rest;
        assert!((sum - 1.0).abs() < 1e-12);
        assert_eq!(variance_shares(&Interactions::default(), 0.0), VarianceShares::default());
    }

    #[test]
    fn ratings_dealt_at_random_have_no_title_signal() {
        let signal = check(
            &shuffled(&made_up(0.5, 0.4, 0.5, 0.6), 9),
            &factors(),
            &TitleFeatures::default(),
            5,
            1,
            &Silent,
        )
        .unwrap();
        assert!(!signal.title_signal, "{signal:?}");
        assert!(signal.verdict.starts_with("There is no title signal"), "{}", signal.verdict);
        assert!(signal.variance.title < 0.02 && signal.variance.user > 0.1, "{signal:?}");
    }

    #[test]
    fn tastes_are_seen_with_their_share() {
        let signal =
            check(&made_up(0.5, 0.4, 0.5, 0.6), &factors(), &TitleFeatures::default(), 3, 1, &Silent)
                .unwrap();
        assert!(signal.title_signal && signal.gain_low < signal.gain, "{signal:?}");
        // 0.25 of 1.02 is taste, of which a part is found.
        assert!((0.1..0.26).contains(&signal.variance.interaction), "{signal:?}");
    }

    #[test]
    fn a_twin_keeps_every_user_and_every_title_count() {
        let rows = made_up(0.5, 0.4, 0.5, 0.6);
        let twin = shuffled(&rows, 3);
        assert_eq!((&twin.user_idx, &twin.rating), (&rows.user_idx, &rows.rating));
        assert_ne!(twin.title_idx, rows.title_idx);
        let pairs = |rows: &Interactions| {
            let mut pairs: Vec<_> =
                rows.user_idx.iter().copied().zip(rows.title_idx.iter().copied()).collect();
            pairs.sort_unstable();
            pairs
        };
        assert_eq!(pairs(&twin), pairs(&rows));
    }

    #[test]
    fn more_ratings_make_a_better_model() {
        let rows = made_up(0.5, 0.4, 0.5, 0.6);
        let shares = Shares { validation: 0.0, test: 0.2 };
        let split = split::random(rows.len(), shares, 1).unwrap().apply(&rows);
        let curve =
            learning_curve(&split.train, &split.test, &factors(), &TitleFeatures::default(), 1, &Silent)
                .unwrap();
        assert_eq!(curve.len(), 10);
        assert_eq!(curve[9].n_ratings, split.train.len());
        assert!(curve[9].rmse < curve[0].rmse && curve[9].rmse < curve[9].biases_rmse, "{curve:?}");
        assert!(
            learning_curve(
                &split.train,
                &Interactions::default(),
                &factors(),
                &TitleFeatures::default(),
                1,
                &Silent
            )
            .is_err()
        );
    }
}
