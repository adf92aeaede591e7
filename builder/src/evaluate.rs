//! Measures of models on held-out rows.
//!
//! Two families. *Errors* compare predictions with the held-out ratings:
//!
//! - `rmse = √(Σ (r − r̂)² / n)`, `mae = Σ |r − r̂| / n`, over all `n` test rows, predictions clipped to the
//!   scale.
//!
//! *Ranks* ask whether the titles a user liked come first. A test row is **relevant** where its rating is at
//! least [`RELEVANT`]. The **candidates** of a user are all titles but those in the user's training rows. They
//! are ranked by predicted score before clipping (clipping would make ties of the best), highest first, equal
//! scores by title position. With `R` the user's relevant titles and `rel(j)` 1 where rank `j` holds one:
//!
//! - `recall@k = Σ_{j ≤ k} rel(j) / |R|`,
//! - `ndcg@k = Σ_{j ≤ k} rel(j) / log₂(j + 1)` divided by the same sum for a perfect ranking, which has its
//!   `min(k, |R|)` first ranks relevant (Järvelin and Kekäläinen 2002, with gains of 0 and 1),
//! - both are means over the users who have a relevant test row; the others are left out and counted,
//! - `coverage@10`: titles that are among the first ten of at least one of these users, divided by all titles.
//!
//! With many users ranks are measured on a seeded sample of them, whose size the report states. Sums run over
//! fixed chunks in order, so that threads do not change a bit.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use catalog::Interactions;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use recommender::FactorModel;
use serde::{Deserialize, Serialize};

use crate::Reporter;
use crate::features::TitleFeatures;
use crate::train::{self, BiasParams, ModelParams, TrainError, biases};

/// A rating at or above this counts as liked.
pub const RELEVANT: f32 = recommender::LIKED;

/// Measures by name: `rmse`, `mae`, `recall@10`, `ndcg@10`, `ndcg@100`, `coverage@10`. A measure that makes no
/// sense for a model, or has no rows to be taken on, is absent.
pub type Measures = BTreeMap<String, f64>;

/// Measures by model, then by name.
pub type Table = BTreeMap<String, Measures>;

/// The baselines' names in a [`Table`].
pub mod names {
    /// The mean of all ratings.
    pub const GLOBAL_MEAN: &str = "global mean";
    /// [`crate::train::biases`] with its defaults.
    pub const BIASES: &str = "biases only";
    /// Titles by number of training ratings.
    pub const POPULARITY: &str = "popularity";
}

/// Rows of one partial sum.
const ROWS_PER_SUM: usize = 4096;
/// Users of one partial sum, and of one batch whose scores are in memory.
const USERS_PER_SUM: usize = 16;
const FIRST: usize = 10;
const DEEP: usize = 100;

/// What is measured on.
#[derive(Debug, Clone, Copy)]
pub struct HeldOut<'a> {
    /// The rows the models were trained on.
    pub train: &'a Interactions,
    /// The rows they are measured on.
    pub test: &'a Interactions,
}

/// How many users ranks are measured on at most, and who.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankOptions {
    /// At most this many users; 0 leaves ranks out.
    pub max_users: usize,
    /// Which, where there are more.
    pub seed: u64,
}

impl Default for RankOptions {
    fn default() -> Self {
        Self { max_users: 5_000, seed: 0 }
    }
}

/// Models beside each other on the same held-out rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Measures by model.
    pub models: Table,
    /// Rows trained on.
    pub n_train: usize,
    /// Rows measured on.
    pub n_test: usize,
    /// Users whose ranks were measured.
    pub n_ranked_users: usize,
    /// Users with test rows of which none is relevant: they have no ranks to measure.
    pub n_users_without_relevant: usize,
    /// Users with a relevant test row who were not in the sample.
    pub n_users_not_sampled: usize,
}

impl Report {
    /// The measures as aligned text, one model a line.
    pub fn to_text(&self) -> String {
        const COLUMNS: [&str; 8] =
            ["rmse", "mae", "recall@10", "recall@20", "recall@50", "ndcg@10", "ndcg@100", "coverage@10"];
        let columns: Vec<&str> = COLUMNS
            .into_iter()
            .filter(|&column| self.models.values().any(|measures| measures.contains_key(column)))
            .collect();
        let name_width = self.models.keys().map(|n| n.chars().count()).max().unwrap_or(0).max(5);
        let mut text = format!("{:<name_width$}", "model");
        for column in &columns {
            let _ = write!(text, "  {column:>11}");
        }
        for (name, measures) in &self.models {
            let _ = write!(text, "\n{name:<name_width$}");
            for &column in &columns {
                let cell = measures.get(column).map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
                let _ = write!(text, "  {cell:>11}");
            }
        }
        text.push('\n');
        text
    }
}

/// Mean squared and absolute errors on the rows; `None` where there are none.
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

/// The root mean squared error on the rows; `None` where there are none.
pub fn rmse(model: &FactorModel, rows: &Interactions) -> Option<f64> {
    errors(model, rows).and_then(|m| m.get("rmse").copied())
}

/// Two models on the same rows, by the squared errors each makes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// RMSE of the first.
    pub first: f64,
    /// RMSE of the second.
    pub second: f64,
    /// Mean over rows of (first's squared error − second's): above 0 where the second is better.
    pub gain: f64,
    /// Standard error of the gain, rows of one user taken as one observation, since their errors go together.
    pub standard_error: f64,
}

/// Compares two models row by row; `None` where there are no rows.
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

/// Measures the baselines and the models given, in one pass over users.
///
/// # Errors
/// [`TrainError`], where the baselines cannot be trained on the rows.
pub fn evaluate(
    models: &[(String, &FactorModel)],
    rows: HeldOut<'_>,
    ranks: RankOptions,
    reporter: &dyn Reporter,
) -> Result<Report, TrainError> {
    let HeldOut { train, test } = rows;
    let mean = biases::global_mean_only(train)?;
    let nothing = Interactions::default();
    let biases_only = ModelParams::Biases(BiasParams::default());
    let (biases_only, _) =
        train::fit(&biases_only, train, &nothing, &TitleFeatures::default(), 0, &crate::Silent)?;

    let mut report = Report { n_train: train.len(), n_test: test.len(), ..Report::default() };
    let mut measure = |name: &str, model: &FactorModel| {
        report.models.insert(name.to_owned(), errors(model, test).unwrap_or_default());
    };
    measure(names::GLOBAL_MEAN, &mean);
    measure(names::BIASES, &biases_only);
    for (name, model) in models {
        measure(name, model);
    }

    let users = ranked_users(train, test, ranks, &mut report);
    if users.is_empty() {
        return Ok(report);
    }
    let popularity = popularity(train);
    let mut rankers: Vec<(&str, Scores<'_>)> = vec![
        (names::POPULARITY, Scores::Fixed(&popularity)),
        (names::BIASES, Scores::Fixed(&biases_only.items().parts().item_bias)),
    ];
    rankers.extend(models.iter().map(|(name, model)| (name.as_str(), Scores::Model(model))));
    reporter.start("ranking", (users.len() * rankers.len()) as u64, "users");
    for (name, scores) in rankers {
        let measures = rank_measures(scores, &users, train.n_titles, reporter);
        report.models.entry(name.to_owned()).or_default().extend(measures);
    }
    reporter.finish();
    Ok(report)
}

/// A user whose ranks are measured: rows known, titles liked, both by position and in order.
struct RankedUser {
    user: usize,
    known: Vec<u32>,
    relevant: Vec<u32>,
}

fn ranked_users(
    train: &Interactions,
    test: &Interactions,
    options: RankOptions,
    report: &mut Report,
) -> Vec<RankedUser> {
    if options.max_users == 0 {
        return Vec::new();
    }
    let mut relevant = vec![Vec::new(); test.n_users];
    let mut tested = vec![false; test.n_users];
    for ((&u, &i), &r) in test.user_idx.iter().zip(&test.title_idx).zip(&test.rating) {
        tested[u as usize] = true;
        if r >= RELEVANT {
            relevant[u as usize].push(i);
        }
    }
    let mut known = vec![Vec::new(); test.n_users.max(train.n_users)];
    for (&u, &i) in train.user_idx.iter().zip(&train.title_idx) {
        known[u as usize].push(i);
    }
    let mut users: Vec<usize> = (0..test.n_users).filter(|&u| !relevant[u].is_empty()).collect();
    report.n_users_without_relevant = tested.iter().filter(|&&t| t).count() - users.len();
    report.n_users_not_sampled = users.len().saturating_sub(options.max_users);
    if users.len() > options.max_users {
        users.shuffle(&mut ChaCha8Rng::seed_from_u64(options.seed));
        users.truncate(options.max_users);
        users.sort_unstable();
    }
    report.n_ranked_users = users.len();
    let sorted = |mut titles: Vec<u32>| {
        titles.sort_unstable();
        titles.dedup();
        titles
    };
    users
        .into_iter()
        .map(|user| RankedUser {
            user,
            known: sorted(std::mem::take(&mut known[user])),
            relevant: sorted(std::mem::take(&mut relevant[user])),
        })
        .collect()
}

/// Number of training ratings of each title.
pub fn popularity(train: &Interactions) -> Vec<f32> {
    let mut counts = vec![0.0; train.n_titles];
    for &i in &train.title_idx {
        counts[i as usize] += 1.0;
    }
    counts
}

/// What titles are ranked by.
#[derive(Clone, Copy)]
enum Scores<'a> {
    /// The same for every user.
    Fixed(&'a [f32]),
    Model(&'a FactorModel),
}

impl Scores<'_> {
    fn of(self, user: usize, scores: &mut Vec<f32>) {
        scores.clear();
        match self {
            Self::Fixed(fixed) => scores.extend_from_slice(fixed),
            Self::Model(model) => {
                scores.extend((0..model.n_items()).map(|item| unclipped(model, user, item)));
            }
        }
    }
}

/// The score of a title for a user without μ and b(u), which do not change the order of a user's titles.
pub(crate) fn unclipped(model: &FactorModel, user: usize, item: usize) -> f32 {
    let (p, q) = (model.user_vector(user), model.item_vector(item));
    let (p8, p_rest) = p.as_chunks::<8>();
    let (q8, q_rest) = q.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (p, q) in p8.iter().zip(q8) {
        for lane in 0..8 {
            sums[lane] += p[lane] * q[lane];
        }
    }
    let rest: f32 = p_rest.iter().zip(q_rest).map(|(p, q)| p * q).sum();
    model.items().parts().item_bias[item] + sums.iter().sum::<f32>() + rest
}

/// The first `n` candidates: all titles but `known`, by score, equal scores by position.
///
/// `known` is sorted. Fewer than `n` where there are fewer candidates.
pub(crate) fn first(scores: &[f32], known: &[u32], n: usize) -> Vec<u32> {
    let mut known = known.iter().copied().peekable();
    let mut candidates: Vec<u32> =
        (0..scores.len() as u32).filter(|&title| known.next_if_eq(&title).is_none()).collect();
    let order =
        |a: &u32, b: &u32| -> Ordering { scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b)) };
    if n < candidates.len() {
        candidates.select_nth_unstable_by(n, order);
        candidates.truncate(n);
    }
    candidates.sort_unstable_by(order);
    candidates
}

/// The first `n` titles for a user, by score before clipping, without those in `known` (sorted), equal scores
/// by position.
///
/// # Panics
/// Where `user` is out of the model's range.
pub fn first_titles(model: &FactorModel, user: usize, known: &[u32], n: usize) -> Vec<u32> {
    let mut scores = Vec::new();
    Scores::Model(model).of(user, &mut scores);
    first(&scores, known, n)
}

fn rank_measures(
    scores: Scores<'_>,
    users: &[RankedUser],
    n_titles: usize,
    reporter: &dyn Reporter,
) -> Measures {
    let parts: Vec<([f64; 3], Vec<u32>)> = users
        .par_chunks(USERS_PER_SUM)
        .map(|users| {
            let mut sums = [0.0; 3];
            let mut shown = Vec::new();
            let mut of_user = Vec::new();
            for user in users {
                scores.of(user.user, &mut of_user);
                let ranked = first(&of_user, &user.known, DEEP);
                let hits: Vec<bool> =
                    ranked.iter().map(|title| user.relevant.binary_search(title).is_ok()).collect();
                let n_relevant = user.relevant.len();
                let found = hits.iter().take(FIRST).filter(|&&hit| hit).count();
                sums[0] += found as f64 / n_relevant as f64;
                sums[1] += ndcg(&hits, n_relevant, FIRST);
                sums[2] += ndcg(&hits, n_relevant, DEEP);
                shown.extend(ranked.into_iter().take(FIRST));
            }
            reporter.advance(users.len() as u64);
            (sums, shown)
        })
        .collect();
    let mut sums = [0.0; 3];
    let mut shown = vec![false; n_titles];
    for (part, titles) in parts {
        for (sum, part) in sums.iter_mut().zip(part) {
            *sum += part;
        }
        for title in titles {
            shown[title as usize] = true;
        }
    }
    let n = users.len() as f64;
    let coverage = shown.iter().filter(|&&s| s).count() as f64 / n_titles as f64;
    [
        ("recall@10", sums[0] / n),
        ("ndcg@10", sums[1] / n),
        ("ndcg@100", sums[2] / n),
        ("coverage@10", coverage),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Normalised discounted cumulative gain of the first `k` ranks.
pub(crate) fn ndcg(hits: &[bool], n_relevant: usize, k: usize) -> f64 {
    let discount = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let gained: f64 =
        hits.iter().take(k).enumerate().filter(|&(_, &hit)| hit).map(|(j, _)| discount(j)).sum();
    let perfect: f64 = (0..n_relevant.min(k)).map(discount).sum();
    gained / perfect
}

/// Two sums over the rows, in a fixed order.
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
    use proptest::prelude::*;
    use recommender::FactorModelParts;

    use super::*;
    use crate::Silent;

    fn model(item_bias: &[f32], n_users: usize) -> FactorModel {
        FactorModel::new(FactorModelParts {
            global_mean: 3.0,
            user_bias: vec![0.0; n_users],
            item_bias: item_bias.to_vec(),
            scale: (1.0, 5.0),
            ..FactorModelParts::default()
        })
        .unwrap()
    }

    fn rows(n_users: usize, n_titles: usize, triples: &[(u32, u32, f32)]) -> Interactions {
        Interactions {
            n_users,
            n_titles,
            user_idx: triples.iter().map(|t| t.0).collect(),
            title_idx: triples.iter().map(|t| t.1).collect(),
            rating: triples.iter().map(|t| t.2).collect(),
        }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn errors_are_the_formulas_on_clipped_predictions() {
        let test = rows(1, 2, &[(0, 0, 4.0), (0, 1, 4.0)]);
        let m = errors(&model(&[-1.0, 9.0], 1), &test).unwrap();
        assert!(close(m["rmse"], 2.5_f64.sqrt()) && close(m["mae"], 1.5), "{m:?}");
        assert_eq!(errors(&model(&[0.0], 1), &rows(1, 1, &[])), None);
    }

    #[test]
    fn ranks_are_those_worked_out_by_hand() {
        // Title 0 is known to user 0. Order by score: 1, then 2 and 3 (equal, by position), then 4.
        // User 0 likes 1 and 3: ranks 1 and 3. User 1, who knows nothing, has only a bad rating.
        let train = rows(2, 5, &[(0, 0, 5.0), (0, 0, 5.0)]);
        let test = rows(2, 5, &[(0, 1, 5.0), (0, 3, 4.0), (0, 4, 2.0), (1, 2, 1.0)]);
        let scored = model(&[9.0, 2.0, 1.0, 1.0, 0.0], 2);
        let report = evaluate(
            &[("mine".to_owned(), &scored)],
            HeldOut { train: &train, test: &test },
            RankOptions::default(),
            &Silent,
        )
        .unwrap();
        let mine = &report.models["mine"];
        let perfect = 1.0 + 1.0 / 3_f64.log2();
        assert!(close(mine["recall@10"], 1.0));
        assert!(close(mine["ndcg@10"], 1.5 / perfect), "{mine:?}");
        assert!(close(mine["coverage@10"], 4.0 / 5.0));
        assert_eq!((report.n_ranked_users, report.n_users_without_relevant), (1, 1));
        assert!(!report.models[names::GLOBAL_MEAN].contains_key("recall@10"));
        assert!(!report.models[names::POPULARITY].contains_key("rmse"));
        assert!(report.to_text().contains("mine"));
    }

    #[test]
    fn a_sample_is_counted_and_threads_change_nothing() {
        let triples: Vec<(u32, u32, f32)> = (0..200).map(|u| (u, u % 7, 4.0)).collect();
        let test = rows(200, 9, &triples);
        let train = rows(200, 9, &[(0, 8, 3.0), (1, 7, 4.0)]);
        let scored = model(&[0.1, 0.7, 0.3, 0.9, 0.2, 0.5, 0.4, 0.6, 0.8], 200);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let options = RankOptions { max_users: 50, seed: 3 };
            let held = HeldOut { train: &train, test: &test };
            pool.install(|| evaluate(&[("m".to_owned(), &scored)], held, options, &Silent)).unwrap()
        };
        let report = run(1);
        assert_eq!((report.n_ranked_users, report.n_users_not_sampled), (50, 150));
        assert_eq!(report, run(3));
    }

    #[test]
    fn a_comparison_knows_its_error() {
        let test = rows(2, 2, &[(0, 0, 3.0), (0, 1, 3.0), (1, 0, 3.0), (1, 1, 3.0)]);
        let c = compare(&model(&[1.0, 1.0], 2), &model(&[0.0, 0.0], 2), &test).unwrap();
        assert!(close(c.gain, 1.0) && close(c.standard_error, 0.0) && close(c.first, 1.0), "{c:?}");
    }

    proptest! {
        #[test]
        fn the_first_agree_with_a_full_sort(
            scores in prop::collection::vec(-3_i8..3, 1..60), known in prop::collection::btree_set(0_u32..60, 0..20),
            n in 0_usize..70,
        ) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let known: Vec<u32> = known.into_iter().collect();
            let mut all: Vec<u32> = (0..scores.len() as u32).filter(|t| !known.contains(t)).collect();
            all.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b)));
            all.truncate(n);
            prop_assert_eq!(first(&scores, &known, n), all);
        }
    }
}
