//! Checks whether there is anything to learn about titles.
//!
//! Ratings that were assigned to titles at random look like any others in a table: users differ, some rate
//! more than others, and a model trained on them has an RMSE well below that of the global mean. The
//! difference shows when the model is compared with its *twin*: the same model, trained on the same rows
//! after each user's titles were shuffled among that user's rows. The twin keeps every user's ratings and
//! every title's number of raters, but loses which title got which rating.

use artifact::{Signal, VarianceShares};
use catalog::{Interactions, RatingTable};
use dataset::split::{self, Shares};
use dataset::{Grouped, TitleFeatures, evenly};
use progress::{Reporter, WithoutNotes};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use train::{BiasParams, ModelParams, Run, SvdParams, TrainingData};

use crate::choose::fit::FitError;
use crate::rmse;

/// Quantiles of Student's t at 0.975, for 1 to 9 degrees of freedom.
const T_975: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/// Maximum number of seeds of [`check`].
pub const MAX_SEEDS: usize = T_975.len() + 1;

/// Checks that a number of splits is one that [`check`] accepts, or 0, which skips the check.
///
/// # Errors
/// Returns a message with the allowed numbers.
pub fn check_splits(n: usize) -> Result<(), String> {
    if n == 0 || (2..=MAX_SEEDS).contains(&n) {
        Ok(())
    } else {
        Err(format!("--signal-splits is {n}; it must be 0, or from 2 to {MAX_SEEDS}"))
    }
}

/// Compares a model with its twin on `n_seeds` random splits, with a tenth of the rows for test each time.
/// `n_seeds` is clamped to the range from 2 to [`MAX_SEEDS`].
///
/// The interval is the 95 percent interval of the corrected resampled t-test (Nadeau and Bengio 2003,
/// equation 9 with `1/J + n₂/n₁`), which allows for splits that share rows. There is title signal if the
/// interval lies above 0.
///
/// # Errors
/// Returns [`FitError`] if the rows cannot be cut or trained on.
pub fn check(
    rows: &Interactions,
    params: &ModelParams,
    features: &TitleFeatures,
    n_seeds: usize,
    seed: u64,
    reporter: &dyn Reporter,
) -> Result<Signal, FitError> {
    let n_seeds = n_seeds.clamp(2, MAX_SEEDS);
    let settled = params.clone().settled(params.n_epochs());
    let biases = ModelParams::Biases(BiasParams::default());
    reporter.start("looking for signal", n_seeds as u64, "splits");
    let (mut of_model, mut of_twin, mut of_biases) = (Vec::new(), Vec::new(), Vec::new());
    let mut test_share = 0.0;
    for n in 0..n_seeds as u64 {
        let shares = Shares { validation: 0.0, test: 0.1 };
        let split = split::random(rows.len(), shares, seed.wrapping_add(n))?.apply(rows);
        if split.test.is_empty() {
            return Err(FitError::NothingHeldOut);
        }
        let error = |params: &ModelParams, train: &Interactions| -> Result<f64, FitError> {
            let data = TrainingData::new(train, features);
            let (model, _) = train::fit(params, &data, &Run::silent(seed.wrapping_add(n)))?;
            Ok(rmse(&model, &split.test).unwrap_or(f64::NAN))
        };
        of_model.push(error(&settled, &split.train)?);
        of_twin.push(error(&settled, &shuffled(&split.train, seed.wrapping_add(n)))?);
        of_biases.push(error(&biases, &split.train)?);
        test_share = split.test.len() as f64 / split.train.len() as f64;
        reporter.advance(1);
    }
    reporter.finish();
    let gains: Vec<f64> = of_twin.iter().zip(&of_model).map(|(twin, model)| twin - model).collect();
    let gain = mean(&gains);
    let variance = gains.iter().map(|g| (g - gain).powi(2)).sum::<f64>() / (n_seeds - 1) as f64;
    let half = T_975[n_seeds - 2] * (variance * (1.0 / n_seeds as f64 + test_share)).sqrt();
    let squares = |rmse: &[f64]| rmse.iter().map(|r| r * r).sum::<f64>() / rmse.len() as f64;
    // If titles do not differ, title biases only add noise. The twin has next to none, so its error may be
    // smaller.
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

/// Options of [`quick_check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuickOptions {
    /// Number of random splits; 0 skips the check.
    pub n_splits: usize,
    /// About how many ratings are used: those of whole users, evenly spaced in the table; 0 for all.
    pub max_ratings: usize,
    /// Seed for all random choices.
    pub seed: u64,
}

impl Default for QuickOptions {
    fn default() -> Self {
        Self { n_splits: 3, max_ratings: 1_000_000, seed: 0 }
    }
}

/// Result of a check, with what it was made with.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Result of the check.
    pub signal: Signal,
    /// The model used, in words.
    pub model: String,
    /// Number of ratings used.
    pub n_ratings: usize,
}

/// Checks with a small model on part of the users, which takes seconds; for analyses without a tuned model.
/// Returns `None` if the check is skipped or there are fewer than two ratings.
///
/// # Errors
/// Returns [`FitError`] if the rows cannot be cut or trained on.
pub fn quick_check(
    pooled: &RatingTable,
    n_titles: usize,
    options: QuickOptions,
    reporter: &dyn Reporter,
) -> Result<Option<Checked>, FitError> {
    if options.n_splits == 0 || pooled.len() < 2 {
        return Ok(None);
    }
    let rows = part_of_users(pooled, n_titles, options.max_ratings);
    let svd = SvdParams {
        n_factors: 8,
        n_epochs: 15,
        learning_rate: 0.01,
        regularization: 0.05,
        ..SvdParams::default()
    };
    let model = format!(
        "biases and {} factors, {} passes, learning rate {}, regularization {}",
        svd.n_factors, svd.n_epochs, svd.learning_rate, svd.regularization
    );
    let (params, nothing) = (ModelParams::Svd(svd), TitleFeatures::default());
    let signal = check(&rows, &params, &nothing, options.n_splits, options.seed, &WithoutNotes(reporter))?;
    Ok(Some(Checked { signal, model, n_ratings: rows.len() }))
}

/// Returns about `most` ratings: those of whole users, evenly spaced in the table.
fn part_of_users(ratings: &RatingTable, n_titles: usize, most: usize) -> Interactions {
    if most == 0 || ratings.len() <= most {
        return ratings.interactions(n_titles);
    }
    let n_users = ratings.users().len();
    let n = (n_users as u128 * most as u128 / ratings.len() as u128).max(1) as usize;
    let mut part = Interactions { n_users: n, n_titles, scale: ratings.scale(), ..Interactions::default() };
    for (user, of) in evenly(n_users, n).enumerate() {
        let rows = ratings.rows_of(of);
        part.user_idx.extend(std::iter::repeat_n(user as u32, rows.len()));
        part.title_idx.extend_from_slice(&ratings.title_idx()[rows.clone()]);
        part.rating.extend_from_slice(&ratings.rating()[rows]);
    }
    part
}

fn verdict(s: &Signal) -> String {
    let figures = format!(
        "held-out RMSE {:.4}, and {:.4} once each user's titles are shuffled; the difference is {:.4}, with a 95% \
         confidence interval from {:.4} to {:.4} ({} splits)",
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

/// Returns the rows with each user's titles shuffled among that user's rows.
pub fn shuffled(rows: &Interactions, seed: u64) -> Interactions {
    let by_user = Grouped::new(rows.n_users, &rows.user_idx, 0..rows.len());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut twin = rows.clone();
    for user in 0..rows.n_users {
        let of_user = by_user.of(user);
        let mut titles: Vec<u32> = of_user.iter().map(|&row| rows.title_idx[row]).collect();
        titles.shuffle(&mut rng);
        for (&row, title) in of_user.iter().zip(titles) {
            twin.title_idx[row] = title;
        }
    }
    twin
}

/// Estimates shares of the variance of a rating, by the crossed random-effects model
/// `r = μ + a(u) + b(i) + e(u,i)`.
///
/// The variances of `a`, `b` and `e` are the unbiased moment estimates from the sums of squares within users,
/// within titles and overall (Gao and Owen 2017, "Efficient moment calculations for variance components in
/// large unbalanced crossed random effects models", section 2); estimates below 0 are set to 0. `explained`
/// is how much smaller the squared error of a model with factors is on held-out rows, compared with a
/// biases-only model (or with the twin, if its error is smaller). It is the part of `e` that is shown to be
/// taste. The rest is noise, and taste that the model does not capture.
pub fn variance_shares(rows: &Interactions, explained: f64) -> VarianceShares {
    let n = rows.len() as f64;
    let total_mean = rows.rating.iter().map(|&r| f64::from(r)).sum::<f64>() / n;
    let total: f64 = rows.rating.iter().map(|&r| (f64::from(r) - total_mean).powi(2)).sum();
    // Sum of squares within groups, number of groups with rows, sum of squared group sizes.
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

#[cfg(test)]
pub(crate) mod tests {
    use dataset::made_up::MadeUp;
    use progress::Silent;

    use super::*;

    /// Generates rows with these standard deviations and one factor of taste.
    pub(crate) fn made_up(user: f64, title: f64, taste: f64, noise: f64) -> Interactions {
        MadeUp { n_users: 300, n_titles: 120, density: 0.3, user, title, n_factors: 1, taste, noise, seed: 5 }
            .rows()
    }

    pub(crate) fn factors() -> ModelParams {
        ModelParams::Svd(SvdParams {
            n_factors: 4,
            n_epochs: 60,
            learning_rate: 0.01,
            regularization: 0.05,
            ..SvdParams::default()
        })
    }

    #[test]
    fn variances_are_recovered() {
        let shares = variance_shares(&made_up(0.5, 0.4, 0.0, 0.8), 0.0);
        // 0.25, 0.16 and 0.64 of 1.05, with sampling errors of a few hundredths.
        assert!((shares.user - 0.238).abs() < 0.05, "{shares:?}");
        assert!((shares.title - 0.152).abs() < 0.05, "{shares:?}");
        assert!((shares.rest - 0.610).abs() < 0.05 && shares.interaction == 0.0, "{shares:?}");
        let sum = shares.user + shares.title + shares.interaction + shares.rest;
        assert!((sum - 1.0).abs() < 1e-12);
        assert_eq!(variance_shares(&Interactions::default(), 0.0), VarianceShares::default());
    }

    #[test]
    fn ratings_assigned_at_random_have_no_title_signal() {
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
    fn tastes_are_detected_with_their_share() {
        let signal =
            check(&made_up(0.5, 0.4, 0.5, 0.6), &factors(), &TitleFeatures::default(), 3, 1, &Silent)
                .unwrap();
        assert!(signal.title_signal && signal.gain_low < signal.gain, "{signal:?}");
        // Taste is 0.25 of 1.02, and part of it is found.
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
}
