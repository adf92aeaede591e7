//! Searches for a ranking model, and measures it.
//!
//! Protocol: strong generalization (Liang, Krishnan, Hoffman and Jebara 2018, "Variational autoencoders for
//! collaborative filtering", section 4.2). Ratings from [`catalog::Scale::liked`] on are likes. Some of the
//! users with at least five likes are held out for validation, and as many for test. A fifth of each one's
//! likes, drawn at random and rounded down, must be found; the rest is folded in. Candidates are all titles
//! except those folded in.
//!
//! The search first chooses parameters of the factors. It then tries neighbors, added to these factors at
//! several scales, and alone. A trial replaces the current choice if it ranks the validation users' titles
//! better by more than the standard error of the gain. The final choice is served if its gain over popularity
//! is more than twice the gain's standard error.
//!
//! `ndcg@k` is defined in [`crate::lists`], and `recall@k` is [`bounded_recall`]. Means are over users.

use std::fmt::Write as _;

use artifact::{HeldOut, Measured, ModelName};
use catalog::Interactions;
use dataset::{Grouped, TitleFeatures};
use progress::Reporter;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use recommender::{Neighbors, RankingModel};
use serde::{Deserialize, Serialize};
use train::ials::{self, IalsParams, liked};
use train::neighbors::{self, LikedTogether, NeighborsParams};
use train::ranking::{self, RankingParams};
use train::{Run, TrainError};

use super::trial::log_uniform;
use crate::Measures;
use crate::lists::{bounded_recall, first, ndcg, popularity};

/// Fewest likes of a user who is held out.
const LEAST_LIKED: usize = 5;
/// The measure that decides the search.
const CHOSEN_BY: &str = "ndcg@100";

/// Options of the search for a ranking model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankingOptions {
    /// Number of trials of the factors; the first has the defaults. The neighbors get half as many.
    pub n_trials: usize,
    /// Number of users held out for validation, and for test; at most a quarter of the users with enough
    /// likes.
    pub n_held_out: usize,
    /// Seed for all random choices.
    pub seed: u64,
}

impl Default for RankingOptions {
    fn default() -> Self {
        Self { n_trials: 16, n_held_out: 1_000, seed: 0 }
    }
}

/// One set of parameters and its result on the validation users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankingTrial {
    /// The parameters.
    pub params: RankingParams,
    /// nDCG@100.
    pub ndcg: f64,
}

/// Result of the search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    /// The parameters chosen.
    pub params: RankingParams,
    /// Every trial, in the order drawn.
    pub trials: Vec<RankingTrial>,
    /// Whether the choice ranks clearly better than popularity on the validation users.
    pub beats_popularity: bool,
    /// One sentence that compares the choice with popularity.
    pub verdict: String,
    /// Measures on the test users after training on all others, of the choice and of popularity.
    pub measured: Vec<Measured>,
    /// Number of users held out for test.
    pub n_test: usize,
}

impl Searched {
    /// Formats the trials as aligned text, best first.
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

/// User held out: the titles to fold in and the titles to find, both ascending.
struct HeldOutUser {
    known: Vec<u32>,
    wanted: Vec<u32>,
}

/// Searches on validation users and measures on test users. Returns `None` if too few users have enough likes
/// to hold any out.
///
/// # Errors
/// Returns [`TrainError`] if training fails.
pub fn search(
    rows: &Interactions,
    features: &TitleFeatures,
    options: RankingOptions,
    reporter: &dyn Reporter,
) -> Result<Option<Searched>, TrainError> {
    let all = liked(rows, rows.scale.liked());
    let Some(parts) = Parts::cut(&all, options) else { return Ok(None) };
    let Trials { params, trials, found } = try_all(&parts, all.n_titles, options, reporter)?;
    let popular = ndcg_of_each(&Ranker::Popular(&popularity(&parts.train)), &parts.validation, all.n_titles);
    let gain = Gain::of(&found, &popular);
    let beats_popularity = gain.exceeds(2.0);
    let verdict = format!(
        "{} ranks {} than popularity: nDCG@100 {:.4} and {:.4} for {} held-out users; the gain has a standard \
         error of {:.4}.",
        params.describe(),
        if beats_popularity { "better" } else { "not clearly better" },
        mean(&found),
        mean(&popular),
        parts.validation.len(),
        gain.standard_error,
    );
    reporter.note(&verdict);

    let measured = parts.measure_on_test(&params, true, features, options.seed)?;
    Ok(Some(Searched { params, trials, beats_popularity, verdict, measured, n_test: parts.test.len() }))
}

/// Difference between two rankings for the same users.
struct Gain {
    mean: f64,
    /// Standard error of the mean over users.
    standard_error: f64,
}

impl Gain {
    fn of(better: &[f64], worse: &[f64]) -> Self {
        let gains: Vec<f64> = better.iter().zip(worse).map(|(a, b)| a - b).collect();
        let (n, mean) = (gains.len() as f64, mean(&gains));
        let squares: f64 = gains.iter().map(|gain| (gain - mean).powi(2)).sum();
        Self { mean, standard_error: (squares / (n - 1.0).max(1.0) / n).sqrt() }
    }

    /// Returns whether the gain is more than `n_errors` standard errors.
    fn exceeds(&self, n_errors: f64) -> bool {
        self.mean > n_errors * self.standard_error
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Measures given parameters on the test users that [`search`] would hold out, without a search. Returns
/// `None` if too few users have enough likes.
///
/// # Errors
/// Returns [`TrainError`] if training fails.
pub fn measure_given(
    rows: &Interactions,
    features: &TitleFeatures,
    params: &RankingParams,
    options: RankingOptions,
) -> Result<Option<Vec<Measured>>, TrainError> {
    let options = RankingOptions { n_trials: options.n_trials.max(1), ..options };
    let Some(parts) = Parts::cut(&liked(rows, rows.scale.liked()), options) else { return Ok(None) };
    parts.measure_on_test(params, false, features, options.seed).map(Some)
}

/// Likes in three parts: of users for training, for choosing, and for measuring the choice.
struct Parts {
    train: Interactions,
    train_and_validation: Interactions,
    validation: Vec<HeldOutUser>,
    test: Vec<HeldOutUser>,
}

impl Parts {
    /// Cuts the likes. Returns `None` if too few users have enough likes to hold any out, or if nothing would
    /// be left to train on.
    fn cut(all: &Interactions, options: RankingOptions) -> Option<Self> {
        let of_user = Grouped::new(all.n_users, &all.user_idx, all.title_idx.iter().copied());
        let mut able: Vec<usize> =
            (0..all.n_users).filter(|&user| of_user.of(user).len() >= LEAST_LIKED).collect();
        let n_held_out = options.n_held_out.min(able.len() / 4);
        if n_held_out == 0 || options.n_trials == 0 {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        able.shuffle(&mut rng);
        let mut hold_out = |users: &[usize]| -> Vec<HeldOutUser> {
            let of = |&user: &usize| {
                let mut titles = of_user.of(user).to_vec();
                titles.shuffle(&mut rng);
                let mut known = titles.split_off(titles.len() / 5);
                known.sort_unstable();
                titles.sort_unstable();
                HeldOutUser { known, wanted: titles }
            };
            users.iter().map(of).collect()
        };
        let test = hold_out(&able[..n_held_out]);
        let validation = hold_out(&able[n_held_out..2 * n_held_out]);
        let without = |users: &[usize]| {
            let mut left_out = vec![false; all.n_users];
            for &user in users {
                left_out[user] = true;
            }
            let kept: Vec<usize> =
                (0..all.len()).filter(|&row| !left_out[all.user_idx[row] as usize]).collect();
            all.select(&kept)
        };
        let train = without(&able[..2 * n_held_out]);
        let train_and_validation = without(&able[..n_held_out]);
        (!train.is_empty()).then_some(Self { train, train_and_validation, validation, test })
    }
}

impl Parts {
    /// Trains on everybody except the test users, and measures on those.
    fn measure_on_test(
        &self,
        params: &RankingParams,
        tuned: bool,
        features: &TitleFeatures,
        seed: u64,
    ) -> Result<Vec<Measured>, TrainError> {
        let train = &self.train_and_validation;
        let fitted = ranking::fit(params, train, features, &Run::silent(seed))?;
        let on_test = |model, tuned, ranker: &Ranker<'_>| Measured {
            model,
            held_out: HeldOut::Users,
            tuned,
            measures: measure(ranker, &self.test, train.n_titles),
        };
        Ok(vec![
            on_test(params.model(), tuned, &Ranker::Both(&fitted.model, fitted.neighbors.as_ref())),
            on_test(ModelName::Popularity, false, &Ranker::Popular(&popularity(train))),
        ])
    }
}

/// Every trial, and the choice, with its nDCG@100 for each validation user.
struct Trials {
    params: RankingParams,
    trials: Vec<RankingTrial>,
    found: Vec<f64>,
}

impl Trials {
    /// Adds a trial, and makes it the choice if it is better by more than the standard error of the gain (the
    /// one-standard-error rule of Breiman, Friedman, Olshen and Stone 1984, "Classification and regression
    /// trees"): the best of many trials is often just the luckiest one. Returns whether it is the choice.
    fn add(&mut self, params: RankingParams, of_each: Vec<f64>) -> bool {
        let ndcg = mean(&of_each);
        let is_chosen = self.trials.is_empty() || Gain::of(&of_each, &self.found).exceeds(1.0);
        if is_chosen {
            (self.params, self.found) = (params.clone(), of_each);
        }
        self.trials.push(RankingTrial { params, ndcg });
        is_chosen
    }
}

fn try_all(
    parts: &Parts,
    n_titles: usize,
    options: RankingOptions,
    reporter: &dyn Reporter,
) -> Result<Trials, TrainError> {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    rng.set_stream(1);
    let n_of_neighbors = options.n_trials.div_ceil(2);
    reporter.start("tuning the ranking", (options.n_trials + n_of_neighbors) as u64, "trials");
    let mut trials = Trials { params: RankingParams::default(), trials: Vec::new(), found: Vec::new() };
    let note = |params: &RankingParams, of_each: &[f64]| {
        reporter.note(&format!("nDCG@100 {:.4}, {}", mean(of_each), params.describe()));
    };
    let mut best = None;
    for number in 0..options.n_trials {
        let factors = if number == 0 { IalsParams::default() } else { draw(&mut rng) };
        // No held-out user wants a title without likes, so skip placing cold titles here.
        let nothing = TitleFeatures::default();
        let model = ials::fit(&factors, &parts.train, &nothing, &Run::silent(options.seed))?.model;
        let of_each = ndcg_of_each(&Ranker::Both(&model, None), &parts.validation, n_titles);
        let params = RankingParams { factors, neighbors: None };
        note(&params, &of_each);
        if trials.add(params, of_each) {
            best = Some(model);
        }
        reporter.advance(1);
    }
    if let Some(model) = best {
        let factors = trials.params.factors.clone();
        let together = LikedTogether::count(&parts.train, NeighborsParams::default().user_exponent)?;
        let by_factors = Ranker::Both(&model, None).of_all(&parts.validation, n_titles);
        for number in 0..n_of_neighbors {
            let params = if number == 0 { NeighborsParams::default() } else { draw_neighbors(&mut rng) };
            let neighbors = neighbors::fit(&NeighborsParams { scale: 1.0, ..params.clone() }, &together)?;
            for (params, of_each) in weigh(&params, &neighbors, &by_factors, &parts.validation) {
                let params = RankingParams { factors: factors.clone(), neighbors: Some(params) };
                note(&params, &of_each);
                trials.add(params, of_each);
            }
            reporter.advance(1);
        }
    }
    reporter.finish();
    Ok(trials)
}

/// Measures neighbors added to the factors at every scale, and neighbors alone. Returns the parameters of the
/// best scale and those of neighbors alone, each with the nDCG@100 of every user.
fn weigh(
    params: &NeighborsParams,
    neighbors: &Neighbors,
    by_factors: &[Vec<f32>],
    users: &[HeldOutUser],
) -> [(NeighborsParams, Vec<f64>); 2] {
    const SCALES: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
    let of_users: Vec<([f64; SCALES.len()], f64)> = users
        .par_iter()
        .zip(by_factors)
        .map(|(user, by_factors)| {
            let mut added = vec![0.0; by_factors.len()];
            for (title, score) in neighbors.members().zip(neighbors.from_liked(user.known()).scores()) {
                added[title] = score;
            }
            let of = |scores: &[f32]| user.measures(scores)[AT_CHOSEN_BY];
            let beside = SCALES.map(|scale| {
                let both: Vec<f32> =
                    by_factors.iter().zip(&added).map(|(a, b)| a + b * scale as f32).collect();
                of(&both)
            });
            (beside, of(&added))
        })
        .collect();
    let of_scale = |at: usize| -> Vec<f64> { of_users.iter().map(|of| of.0[at]).collect() };
    let at = (0..SCALES.len()).rev().max_by(|&a, &b| mean(&of_scale(a)).total_cmp(&mean(&of_scale(b))));
    let at = at.unwrap_or_default();
    let beside = NeighborsParams { scale: SCALES[at], beside_factors: true, ..params.clone() };
    let alone = NeighborsParams { scale: 1.0, beside_factors: false, ..params.clone() };
    [(beside, of_scale(at)), (alone, of_users.iter().map(|of| of.1).collect())]
}

fn draw(rng: &mut impl Rng) -> IalsParams {
    // More factors make the artifact slow to load without improving the lists.
    const FACTORS: [usize; 4] = [16, 24, 32, 48];
    // Each exponent with the factor that makes a regularization about as strong as at exponent 1, for values
    // of `n + α₀|I|` of a few hundred.
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

fn draw_neighbors(rng: &mut impl Rng) -> NeighborsParams {
    const NEIGHBORS: [usize; 3] = [64, 128, 200];
    NeighborsParams {
        n_neighbors: NEIGHBORS[rng.random_range(0..NEIGHBORS.len())],
        dropout: f64::from(rng.random_range(3_u32..=6)) / 10.0,
        regularization: log_uniform(rng, 5.0, 100.0),
        ..NeighborsParams::default()
    }
}

enum Ranker<'a> {
    /// The ranking model, and its neighbors if it has any.
    Both(&'a RankingModel, Option<&'a Neighbors>),
    Popular(&'a [f32]),
}

impl Ranker<'_> {
    fn scores(&self, user: &HeldOutUser, n_titles: usize) -> Vec<f32> {
        let (model, neighbors) = match self {
            Self::Popular(scores) => return scores.to_vec(),
            Self::Both(model, neighbors) => (model, neighbors),
        };
        let mut scores = vec![0.0; n_titles];
        if neighbors.is_none_or(Neighbors::beside_factors) {
            let vector = model.fold_in(&user.known().collect::<Vec<_>>());
            let panels = model.panels();
            for panel in 0..panels.n_panels() {
                for (&title, product) in panels.items(panel).iter().zip(panels.products(panel, &vector)) {
                    scores[title as usize] = product + model.item_bias()[title as usize];
                }
            }
        }
        if let Some(neighbors) = neighbors {
            for (title, score) in neighbors.members().zip(neighbors.from_liked(user.known()).scores()) {
                scores[title] += score;
            }
        }
        scores
    }

    fn of_all(&self, users: &[HeldOutUser], n_titles: usize) -> Vec<Vec<f32>> {
        users.par_iter().map(|user| self.scores(user, n_titles)).collect()
    }
}

const MEASURES: [&str; 4] = ["ndcg@10", CHOSEN_BY, "recall@20", "recall@50"];
/// Index of [`CHOSEN_BY`] in [`MEASURES`].
const AT_CHOSEN_BY: usize = 1;

impl HeldOutUser {
    fn known(&self) -> impl Iterator<Item = usize> {
        self.known.iter().map(|&title| title as usize)
    }

    /// Measures the list that these scores give.
    fn measures(&self, scores: &[f32]) -> [f64; MEASURES.len()] {
        const DEEP: usize = 100;
        let ranked = first(scores, &self.known, DEEP);
        let hits: Vec<bool> = ranked.iter().map(|t| self.wanted.binary_search(t).is_ok()).collect();
        let n = self.wanted.len();
        [ndcg(&hits, n, 10), ndcg(&hits, n, DEEP), bounded_recall(&hits, n, 20), bounded_recall(&hits, n, 50)]
    }
}

fn measures_of_each(ranker: &Ranker<'_>, users: &[HeldOutUser], n_titles: usize) -> Vec<[f64; 4]> {
    users.par_iter().map(|user| user.measures(&ranker.scores(user, n_titles))).collect()
}

fn ndcg_of_each(ranker: &Ranker<'_>, users: &[HeldOutUser], n_titles: usize) -> Vec<f64> {
    measures_of_each(ranker, users, n_titles).iter().map(|of| of[AT_CHOSEN_BY]).collect()
}

fn measure(ranker: &Ranker<'_>, users: &[HeldOutUser], n_titles: usize) -> Measures {
    let of_each = measures_of_each(ranker, users, n_titles);
    let mean_at = |at: usize| of_each.iter().map(|of| of[at]).sum::<f64>() / of_each.len() as f64;
    MEASURES.into_iter().enumerate().map(|(at, name)| (name.to_owned(), mean_at(at))).collect()
}

#[cfg(test)]
mod tests {
    use progress::Silent;

    use super::*;

    /// Generates ratings of users with two tastes, each of whom likes most titles of one half and dislikes
    /// one of the other.
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
    fn the_search_finds_the_same_tastes_with_any_number_of_threads() {
        let options = RankingOptions { n_trials: 3, n_held_out: 10, seed: 2 };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| search(&two_tastes(), &TitleFeatures::default(), options, &Silent))
                .unwrap()
                .unwrap()
        };
        let found = run(1);
        assert!(found.beats_popularity && found.verdict.contains("better"), "{}", found.verdict);
        let ndcg = |at: usize| found.measured[at].measures["ndcg@100"];
        assert_eq!(found.measured[1].model, ModelName::Popularity);
        assert!(ndcg(0) > ndcg(1) + 0.1, "{found:?}");
        assert_eq!((found.n_test, found.trials.len()), (10, 3 + 2 * 2));
        assert_eq!(found, run(3));
    }

    #[test]
    fn measures_match_those_computed_by_hand() {
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
    fn too_few_users_mean_no_search() {
        let rows = Interactions {
            n_users: 1,
            n_titles: 1,
            user_idx: vec![0],
            title_idx: vec![0],
            rating: vec![5.0],
            ..Interactions::default()
        };
        assert_eq!(
            search(&rows, &TitleFeatures::default(), RankingOptions::default(), &Silent).unwrap(),
            None
        );
    }
}
