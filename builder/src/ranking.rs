//! The search for a model that ranks, and its measures.
//!
//! Protocol: strong generalisation (Liang, Krishnan, Hoffman and Jebara 2018, "Variational autoencoders for
//! collaborative filtering", section 4.2). Liked are ratings of [`LIKED`] and more. Of the users with at least five
//! liked titles some are held out for validation and as many for test; of each one's liked titles a fifth, drawn at
//! random and rounded down, is to be found, and the rest is folded in. Candidates are all titles but those folded in.
//!
//! With `R` the titles to be found: `recall@k` is the number of them among the first `k`, divided by `min(k, |R|)`;
//! `ndcg@k` is as in [`crate::evaluate`]. Means are over users.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use catalog::Interactions;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use recommender::{LANES, LIKED, RankingModel};
use serde::{Deserialize, Serialize};

use crate::evaluate::{Measures, Table, first, names, ndcg, popularity};
use crate::features::TitleFeatures;
use crate::train::TrainError;
use crate::train::ials::{self, IalsParams, liked};
use crate::tune::log_uniform;
use crate::{Reporter, Silent};

/// Users with fewer liked titles are not held out.
const LEAST_LIKED: usize = 5;
/// The measure that the search looks at.
const CHOSEN_BY: &str = "ndcg@100";

/// How a model that ranks is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankingOptions {
    /// Trials drawn; the first has the defaults.
    pub n_trials: usize,
    /// Users held out for validation, and for test; brought down to a quarter of those who could be.
    pub n_held_out: usize,
    /// Of everything random.
    pub seed: u64,
}

impl Default for RankingOptions {
    fn default() -> Self {
        Self { n_trials: 16, n_held_out: 1_000, seed: 0 }
    }
}

/// One set of parameters and how it did on the validation users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankingTrial {
    /// What was tried.
    pub params: IalsParams,
    /// nDCG@100.
    pub ndcg: f64,
}

/// What the search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    /// The parameters chosen.
    pub params: IalsParams,
    /// Every trial, in the order drawn.
    pub trials: Vec<RankingTrial>,
    /// Whether the choice ranks better than popularity on the validation users.
    pub beats_popularity: bool,
    /// The answer to that in one sentence.
    pub verdict: String,
    /// On the test users, after training on all others: `ials` and popularity.
    pub metrics: Table,
    /// Users held out for test.
    pub n_test: usize,
}

impl Searched {
    /// The trials as aligned text, best first.
    pub fn to_text(&self) -> String {
        let mut order: Vec<&RankingTrial> = self.trials.iter().collect();
        order.sort_by(|a, b| b.ndcg.total_cmp(&a.ndcg));
        let mut text = String::from("nDCG@100  parameters\n");
        for trial in order {
            let _ = writeln!(text, "{:>8.4}  {}", trial.ndcg, trial.params.describe());
        }
        text
    }
}

/// A user held out: what is folded in, and what is to be found, both ascending.
struct HeldOutUser {
    known: Vec<u32>,
    wanted: Vec<u32>,
}

/// Searches on validation users and measures on test users. `None` where too few users like enough titles to hold any
/// out.
///
/// # Errors
/// [`TrainError`].
pub fn search(
    rows: &Interactions,
    features: &TitleFeatures,
    options: RankingOptions,
    reporter: &dyn Reporter,
) -> Result<Option<Searched>, TrainError> {
    let all = liked(rows, LIKED);
    let mut of_user = vec![Vec::new(); all.n_users];
    for (&user, &title) in all.user_idx.iter().zip(&all.title_idx) {
        of_user[user as usize].push(title);
    }
    let mut able: Vec<usize> = (0..all.n_users).filter(|&user| of_user[user].len() >= LEAST_LIKED).collect();
    let n_held_out = options.n_held_out.min(able.len() / 4);
    if n_held_out == 0 || options.n_trials == 0 {
        return Ok(None);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    able.shuffle(&mut rng);
    let mut cut = |users: &[usize]| -> Vec<HeldOutUser> {
        let of = |&user: &usize| {
            let mut titles = of_user[user].clone();
            titles.shuffle(&mut rng);
            let mut known = titles.split_off(titles.len() / 5);
            known.sort_unstable();
            titles.sort_unstable();
            HeldOutUser { known, wanted: titles }
        };
        users.iter().map(of).collect()
    };
    let test = cut(&able[..n_held_out]);
    let validation = cut(&able[n_held_out..2 * n_held_out]);
    let without = |users: &[usize]| {
        let mut left_out = vec![false; all.n_users];
        for &user in users {
            left_out[user] = true;
        }
        let kept: Vec<usize> = (0..all.len()).filter(|&row| !left_out[all.user_idx[row] as usize]).collect();
        all.select(&kept)
    };
    let train = without(&able[..2 * n_held_out]);
    if train.is_empty() {
        return Ok(None);
    }

    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    rng.set_stream(1);
    reporter.start("tuning the ranking", options.n_trials as u64, "trials");
    let mut trials = Vec::new();
    for number in 0..options.n_trials {
        let params = if number == 0 { IalsParams::default() } else { draw(&mut rng) };
        // Titles that nobody likes are nobody's answer: a place for them would only cost time here.
        let model = ials::fit(&params, &train, &TitleFeatures::default(), options.seed, &Silent)?.model;
        let ndcg = measure(&Ranker::Model(&model), &validation, all.n_titles)[CHOSEN_BY];
        reporter.note(&format!("nDCG@100 {ndcg:.4}, {}", params.describe()));
        trials.push(RankingTrial { params, ndcg });
        reporter.advance(1);
    }
    reporter.finish();
    // Of equal ones the first.
    let best = trials.iter().rev().max_by(|a, b| a.ndcg.total_cmp(&b.ndcg)).map(|trial| trial.params.clone());
    let params = best.unwrap_or_default();
    let found = trials.iter().map(|trial| trial.ndcg).fold(0.0, f64::max);
    let popular = measure(&Ranker::Popular(&popularity(&train)), &validation, all.n_titles)[CHOSEN_BY];
    let beats_popularity = found > popular;
    let verdict = format!(
        "{} ranks {} than popularity: nDCG@100 {found:.4} and {popular:.4} for {n_held_out} users held out to choose by.",
        params.describe(),
        if beats_popularity { "better" } else { "no better" }
    );
    reporter.note(&verdict);

    let train = without(&able[..n_held_out]);
    let model = ials::fit(&params, &train, features, options.seed, &Silent)?.model;
    let metrics = Table::from([
        ("ials".to_owned(), measure(&Ranker::Model(&model), &test, all.n_titles)),
        (names::POPULARITY.to_owned(), measure(&Ranker::Popular(&popularity(&train)), &test, all.n_titles)),
    ]);
    Ok(Some(Searched { params, trials, beats_popularity, verdict, metrics, n_test: n_held_out }))
}

fn draw(rng: &mut impl Rng) -> IalsParams {
    // More make an artifact heavier than a function likes, and lists no better.
    const FACTORS: [usize; 4] = [16, 24, 32, 48];
    /// Each with what a regularisation is multiplied by to be about as strong as at 1, where `n + α₀|I|` is some hundreds.
    const EXPONENTS: [(f64, f64); 3] = [(1.0, 1.0), (0.9, 2.0), (0.75, 4.0)];
    const EPOCHS: [usize; 3] = [8, 12, 16];
    let (exponent, stronger) = EXPONENTS[rng.random_range(0..EXPONENTS.len())];
    IalsParams {
        n_factors: FACTORS[rng.random_range(0..FACTORS.len())],
        n_epochs: EPOCHS[rng.random_range(0..EPOCHS.len())],
        unobserved_weight: log_uniform(rng, 0.05, 0.8),
        regularization: log_uniform(rng, 0.002 * stronger, 0.02 * stronger),
        exponent,
    }
}

enum Ranker<'a> {
    Model(&'a RankingModel),
    Popular(&'a [f32]),
}

impl Ranker<'_> {
    fn scores(&self, known: &[u32], n_titles: usize) -> Vec<f32> {
        match self {
            Self::Popular(scores) => scores.to_vec(),
            Self::Model(model) => {
                let known: Vec<usize> = known.iter().map(|&title| title as usize).collect();
                let user = model.fold_in(&known);
                let mut scores = Vec::with_capacity(n_titles + LANES);
                model.panels().scan(&user, |_, products| scores.extend(products));
                // In the end lanes without a title are left.
                scores.truncate(n_titles);
                for (score, bias) in scores.iter_mut().zip(model.item_bias()) {
                    *score += bias;
                }
                scores
            }
        }
    }
}

fn measure(ranker: &Ranker<'_>, users: &[HeldOutUser], n_titles: usize) -> Measures {
    const DEEP: usize = 100;
    let of_user: Vec<[f64; 4]> = users
        .par_iter()
        .map(|user| {
            let ranked = first(&ranker.scores(&user.known, n_titles), &user.known, DEEP);
            let hits: Vec<bool> = ranked.iter().map(|t| user.wanted.binary_search(t).is_ok()).collect();
            let n = user.wanted.len();
            let recall = |k: usize| hits.iter().take(k).filter(|&&hit| hit).count() as f64 / n.min(k) as f64;
            [ndcg(&hits, n, 10), ndcg(&hits, n, DEEP), recall(20), recall(50)]
        })
        .collect();
    ["ndcg@10", CHOSEN_BY, "recall@20", "recall@50"]
        .into_iter()
        .enumerate()
        .map(|(at, name)| (name.to_owned(), of_user.iter().map(|m| m[at]).sum::<f64>() / users.len() as f64))
        .collect::<BTreeMap<_, _>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Users of two tastes, each of whom liked most titles of one half, and disliked one of the other.
    fn two_tastes() -> Interactions {
        let mut rows = Interactions { n_users: 80, n_titles: 40, ..Interactions::default() };
        for u in 0..80_u32 {
            for i in 0..40_u32 {
                if u % 2 == i % 2 && (u / 2 + i / 2) % 5 != 0 {
                    rows.user_idx.push(u);
                    rows.title_idx.push(i);
                    rows.rating.push(4.5);
                }
            }
            rows.user_idx.push(u);
            rows.title_idx.push((u + 1) % 2);
            rows.rating.push(1.0);
        }
        rows
    }

    #[test]
    fn the_search_finds_tastes_and_the_same_ones_on_any_number_of_threads() {
        let options = RankingOptions { n_trials: 3, n_held_out: 10, seed: 2 };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| search(&two_tastes(), &TitleFeatures::default(), options, &Silent))
                .unwrap()
                .unwrap()
        };
        let found = run(1);
        assert!(found.beats_popularity && found.verdict.contains("better"), "{}", found.verdict);
        assert!(
            found.metrics["ials"]["ndcg@100"] > found.metrics["popularity"]["ndcg@100"] + 0.1,
            "{found:?}"
        );
        assert_eq!((found.n_test, found.trials.len()), (10, 3));
        assert_eq!(found, run(3));
    }

    #[test]
    fn measures_are_those_worked_out_by_hand() {
        // Scores put the titles in order 0, 1, 2, 3; title 0 is known, 1 and 3 are wanted.
        let users = [HeldOutUser { known: vec![0], wanted: vec![1, 3] }];
        let m = measure(&Ranker::Popular(&[4.0, 3.0, 2.0, 1.0]), &users, 4);
        let perfect = 1.0 + 1.0 / 3_f64.log2();
        assert!(
            (m["ndcg@100"] - 1.5 / perfect).abs() < 1e-12 && (m["recall@20"] - 1.0).abs() < 1e-12,
            "{m:?}"
        );
    }

    #[test]
    fn too_few_users_are_no_search() {
        let rows = Interactions {
            n_users: 1,
            n_titles: 1,
            user_idx: vec![0],
            title_idx: vec![0],
            rating: vec![5.0],
        };
        assert_eq!(
            search(&rows, &TitleFeatures::default(), RankingOptions::default(), &Silent).unwrap(),
            None
        );
    }
}
