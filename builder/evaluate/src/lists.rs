//! Measures of ranked lists.
//!
//! A test row is **relevant** if it is a like (see [`catalog::Scale::liked`]). The **candidates** of a user
//! are all titles except those in the user's training rows. They are ranked by predicted score before
//! clipping (clipping would tie the best), highest first, equal scores by title position. Let `R` be the
//! user's relevant titles, and `rel(j)` be 1 if the title at rank `j` is one of them. Then:
//!
//! - `recall@k = Σ_{j ≤ k} rel(j) / |R|` ([`recall`]). Searches for ranking models divide by `min(k, |R|)`
//!   instead ([`bounded_recall`]), as their protocol does.
//! - `ndcg@k = Σ_{j ≤ k} rel(j) / log₂(j + 1)`, divided by the same sum for a perfect ranking, whose first
//!   `min(k, |R|)` ranks are relevant (Järvelin and Kekäläinen 2002, with gains of 0 and 1).
//! - Both are means over the users with a relevant test row; other users are left out and counted.
//! - `coverage@10`, `gini@10`, `overlap@10` and `novelty@10` tell how these users' first ten titles spread;
//!   see [`crate::exposure`].
//!
//! If there are many users, lists are measured on a seeded sample, whose size is in the report.

use std::cmp::Ordering;

use catalog::Interactions;
use dataset::Grouped;
use progress::Reporter;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use recommender::FactorModel;
use serde::{Deserialize, Serialize};

use crate::exposure::exposure;
use crate::{Measures, Report};

/// Users per partial sum, and per batch whose scores are in memory; fixed, so that results do not depend on
/// the number of threads.
const USERS_PER_SUM: usize = 16;
const FIRST: usize = 10;
const DEEP: usize = 100;

/// Which users' lists are measured, and at most how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOptions {
    /// At most this many users; 0 leaves lists out.
    pub max_users: usize,
    /// Seed for choosing the users if there are more.
    pub seed: u64,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { max_users: 5_000, seed: 0 }
    }
}

/// User whose list is measured: the titles known and the titles liked, each in order of position.
pub(crate) struct RankedUser {
    user: usize,
    known: Vec<u32>,
    relevant: Vec<u32>,
}

pub(crate) fn ranked_users(
    train: &Interactions,
    test: &Interactions,
    options: ListOptions,
    report: &mut Report,
) -> Vec<RankedUser> {
    if options.max_users == 0 {
        return Vec::new();
    }
    let tested = Grouped::new(
        test.n_users,
        &test.user_idx,
        test.title_idx.iter().copied().zip(test.rating.iter().copied()),
    );
    let known =
        Grouped::new(test.n_users.max(train.n_users), &train.user_idx, train.title_idx.iter().copied());
    let is_relevant = |&(_, rating): &(u32, f32)| rating >= test.scale.liked();
    let mut users: Vec<usize> = (0..test.n_users).filter(|&u| tested.of(u).iter().any(is_relevant)).collect();
    report.n_users_without_relevant = tested.n_known() - users.len();
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
            known: sorted(known.of(user).to_vec()),
            relevant: sorted(
                tested.of(user).iter().filter(|row| is_relevant(row)).map(|row| row.0).collect(),
            ),
        })
        .collect()
}

/// Counts the training ratings of each title.
pub fn popularity(train: &Interactions) -> Vec<f32> {
    let mut counts = vec![0.0; train.n_titles];
    for &i in &train.title_idx {
        counts[i as usize] += 1.0;
    }
    counts
}

/// Scores that titles are ranked by.
#[derive(Clone, Copy)]
pub(crate) enum Scores<'a> {
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

/// Returns a user's score of a title without μ and b(u), which do not change the order of the user's titles.
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

/// Returns the first `n` candidates: all titles except `known`, by score, equal scores by position.
///
/// `known` must be sorted. Returns fewer than `n` if there are fewer candidates.
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

/// Returns the first `n` titles for a user, by score before clipping, without those in `known` (sorted),
/// equal scores by position.
///
/// # Panics
/// Panics if `user` is out of the model's range.
pub fn first_titles(model: &FactorModel, user: usize, known: &[u32], n: usize) -> Vec<u32> {
    let mut scores = Vec::new();
    Scores::Model(model).of(user, &mut scores);
    first(&scores, known, n)
}

/// Measures the lists of users. `n_raters` is the number of users who rated each title, of `n_users`.
pub(crate) fn list_measures(
    scores: Scores<'_>,
    users: &[RankedUser],
    (n_raters, n_users): (&[f32], usize),
    reporter: &dyn Reporter,
) -> Measures {
    let parts: Vec<([f64; 3], Vec<Vec<u32>>)> = users
        .par_chunks(USERS_PER_SUM)
        .map(|users| {
            let mut sums = [0.0; 3];
            let mut shown = Vec::new();
            let mut of_user = Vec::new();
            for user in users {
                scores.of(user.user, &mut of_user);
                let mut ranked = first(&of_user, &user.known, DEEP);
                let hits: Vec<bool> =
                    ranked.iter().map(|title| user.relevant.binary_search(title).is_ok()).collect();
                let n_relevant = user.relevant.len();
                sums[0] += recall(&hits, n_relevant, FIRST);
                sums[1] += ndcg(&hits, n_relevant, FIRST);
                sums[2] += ndcg(&hits, n_relevant, DEEP);
                ranked.truncate(FIRST);
                shown.push(ranked);
            }
            reporter.advance(users.len() as u64);
            (sums, shown)
        })
        .collect();
    let mut sums = [0.0; 3];
    for (part, _) in &parts {
        for (sum, part) in sums.iter_mut().zip(part) {
            *sum += part;
        }
    }
    let shown = parts.iter().flat_map(|(_, lists)| lists).map(Vec::as_slice);
    let mut measures = exposure(shown, n_raters, n_users);
    let n = users.len() as f64;
    let of_hits = ["recall@10", "ndcg@10", "ndcg@100"].into_iter().zip(sums);
    measures.extend(of_hits.map(|(name, sum)| (name.to_owned(), sum / n)));
    measures
}

/// Returns the share of the relevant titles that are among the first `k`.
pub fn recall(hits: &[bool], n_relevant: usize, k: usize) -> f64 {
    n_hits(hits, k) as f64 / n_relevant as f64
}

/// Returns the number of hits among the first `k`, divided by the most hits that `k` ranks can have, so that
/// a perfect list gets 1 (Liang, Krishnan, Hoffman and Jebara 2018, "Variational autoencoders for
/// collaborative filtering", equation 7).
pub fn bounded_recall(hits: &[bool], n_relevant: usize, k: usize) -> f64 {
    n_hits(hits, k) as f64 / n_relevant.min(k) as f64
}

fn n_hits(hits: &[bool], k: usize) -> usize {
    hits.iter().take(k).filter(|&&hit| hit).count()
}

/// Returns the normalized discounted cumulative gain of the first `k` ranks.
pub fn ndcg(hits: &[bool], n_relevant: usize, k: usize) -> f64 {
    let discount = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let gained: f64 =
        hits.iter().take(k).enumerate().filter(|&(_, &hit)| hit).map(|(j, _)| discount(j)).sum();
    let perfect: f64 = (0..n_relevant.min(k)).map(discount).sum();
    gained / perfect
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_two_recalls_differ_if_more_is_relevant_than_fits() {
        let hits = [true, false, true];
        assert_eq!((recall(&hits, 4, 2), bounded_recall(&hits, 4, 2)), (0.25, 0.5));
        assert_eq!((recall(&hits, 2, 3), bounded_recall(&hits, 2, 3)), (1.0, 1.0));
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
