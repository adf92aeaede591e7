//! Searches for a ranking model, and measures it.
//!
//! Protocol: strong generalization (Liang, Krishnan, Hoffman and Jebara 2018, "Variational autoencoders for
//! collaborative filtering", section 4.2). Ratings from [`catalog::Scale::liked`] on are likes. Some of the
//! users with at least five likes are held out for validation, and as many for test. A fifth of each one's
//! likes, drawn at random and rounded down, must be found. The rest of their likes is folded in, as in that
//! paper, or the rest of their ratings, as a service does, or three of them, as for somebody new.
//! Candidates are all titles except those folded in, or with three, all that they are drawn from. The search
//! is decided with all ratings folded in; on the test users each way is measured.
//!
//! The search first chooses parameters of the factors, and what ratings are worth. It then tries neighbors,
//! added to these factors at several scales, and alone. Trials are trained on about a million ratings at
//! most. A trial replaces the current choice if it ranks the validation users' titles better by more than the
//! standard error of the gain. The final choice is served if its gain over popularity is more than twice the
//! gain's standard error.
//!
//! `ndcg@k` is defined in [`crate::lists`], and `recall@k` is [`bounded_recall`]. Means are over users. The
//! names of measures end in `_all` or `_3` if all ratings or three are folded in. The measures of
//! [`crate::exposure`] are of lists with all ratings folded in.

use std::fmt::Write as _;

use artifact::{HeldOut, Measured, ModelName};
use catalog::Interactions;
use dataset::{Grouped, TitleFeatures, UserSample};
use progress::Reporter;
use rand::seq::{IndexedRandom as _, SliceRandom};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use recommender::{Neighbors, RankingModel, RatingValues};
use serde::{Deserialize, Serialize};
use train::ials::{self, IalsParams, liked};
use train::neighbors::{self, NeighborsParams, RatedTogether};
use train::ranking::{self, RankingParams};
use train::{Run, TrainError, ValuesParams, values};

use super::trial::log_uniform;
use crate::Measures;
use crate::exposure::exposure;
use crate::lists::{bounded_recall, first, ndcg, popularity};

/// Fewest likes of a user who is held out.
const LEAST_LIKED: usize = 5;
/// Trials are trained on about this many ratings at most: all those of randomly drawn users.
const MOST_RATINGS: usize = 1_000_000;
/// The measure that decides the search.
const CHOSEN_BY: &str = "ndcg@100";

/// Options of the search for a ranking model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankingOptions {
    /// Number of trials of the factors; the first has the defaults, and the second takes likes alone. The
    /// neighbors get half as many.
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
    /// nDCG@100, with all ratings folded in.
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

/// Which of a held-out user's ratings are folded in, apart from the likes to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    /// The likes.
    Likes,
    /// All of them.
    All,
    /// Three, drawn at random; all if there are fewer.
    Three,
}

impl Given {
    /// Returns what the names of measures end in.
    fn suffix(self) -> &'static str {
        match self {
            Self::Likes => "",
            Self::All => "_all",
            Self::Three => "_3",
        }
    }
}

/// User held out: the titles rated and the titles to find, both ascending.
struct HeldOutUser {
    rated: Vec<(u32, f32)>,
    wanted: Vec<u32>,
    /// Three of `rated`, in the same order.
    three: Vec<(u32, f32)>,
    least_liked: f32,
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
    let Some(parts) = Parts::cut(rows, options) else { return Ok(None) };
    let Trials { params, trials, found } = try_all(&parts, options, reporter)?;
    let popular = ndcg_of_each(&Ranker::popular(&parts.train), &parts.validation);
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
    let Some(parts) = Parts::cut(rows, options) else { return Ok(None) };
    parts.measure_on_test(params, false, features, options.seed).map(Some)
}

/// Ratings in three parts: of users for training, for choosing, and for measuring the choice.
struct Parts {
    train: Interactions,
    train_and_validation: Interactions,
    validation: Vec<HeldOutUser>,
    test: Vec<HeldOutUser>,
}

impl Parts {
    /// Cuts the ratings. Returns `None` if too few users have enough likes to hold any out, or if no like
    /// would be left to train on.
    fn cut(all: &Interactions, options: RankingOptions) -> Option<Self> {
        let least_liked = all.scale.liked();
        let of_user = Grouped::new(
            all.n_users,
            &all.user_idx,
            all.title_idx.iter().copied().zip(all.rating.iter().copied()),
        );
        let likes_of = |user: usize| of_user.of(user).iter().filter(|rated| rated.1 >= least_liked);
        let mut able: Vec<usize> =
            (0..all.n_users).filter(|&user| likes_of(user).count() >= LEAST_LIKED).collect();
        let n_held_out = options.n_held_out.min(able.len() / 4);
        if n_held_out == 0 || options.n_trials == 0 {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let mut of_three = ChaCha8Rng::seed_from_u64(options.seed);
        of_three.set_stream(2);
        able.shuffle(&mut rng);
        let mut hold_out = |users: &[usize]| -> Vec<HeldOutUser> {
            let of = |&user: &usize| {
                let mut wanted: Vec<u32> = likes_of(user).map(|rated| rated.0).collect();
                wanted.shuffle(&mut rng);
                wanted.truncate(wanted.len() / 5);
                wanted.sort_unstable();
                let mut rated = of_user.of(user).to_vec();
                rated.retain(|rated| wanted.binary_search(&rated.0).is_err());
                rated.sort_unstable_by_key(|rated| rated.0);
                let mut three: Vec<(u32, f32)> = rated.sample(&mut of_three, 3).copied().collect();
                three.sort_unstable_by_key(|rated| rated.0);
                HeldOutUser { rated, wanted, three, least_liked }
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
        let has_likes = train.rating.iter().any(|&rating| rating >= least_liked);
        has_likes.then_some(Self { train, train_and_validation, validation, test })
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
        let on_test = |model, tuned, ranker: &Ranker<'_>| {
            let given = [Given::Likes, Given::All, Given::Three];
            let mut measures: Measures =
                given.into_iter().flat_map(|given| measure(ranker, &self.test, given)).collect();
            measures.extend(exposure_of(ranker, &self.test, train));
            Measured { model, held_out: HeldOut::Users, tuned, measures }
        };
        let (model, neighbors) = (&fitted.model, fitted.neighbors.as_ref());
        let values = params.values.on(train.scale)?;
        Ok(vec![
            on_test(params.model(), tuned, &Ranker::Model { model, neighbors, values }),
            on_test(ModelName::Popularity, false, &Ranker::popular(train)),
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

fn try_all(parts: &Parts, options: RankingOptions, reporter: &dyn Reporter) -> Result<Trials, TrainError> {
    let train = &*UserSample::at_most(&parts.train, MOST_RATINGS, options.seed);
    let validation = &parts.validation;
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
        let (factors, of_ratings) = match number {
            0 => (IalsParams::default(), ValuesParams::default()),
            1 => (IalsParams::default(), ValuesParams::LIKES),
            _ => (draw(&mut rng), draw_values(&mut rng)),
        };
        let values = of_ratings.on(train.scale)?;
        // No held-out user wants a title without ratings, so skip placing cold titles here.
        let nothing = TitleFeatures::default();
        let run = Run::silent(options.seed);
        let model = ials::fit(&factors, &values::of(train, values), &nothing, &run)?.model;
        let ranker = Ranker::Model { model: &model, neighbors: None, values };
        let of_each = ndcg_of_each(&ranker, validation);
        let params = RankingParams { factors, values: of_ratings, neighbors: None };
        note(&params, &of_each);
        if trials.add(params, of_each) {
            best = Some(model);
        }
        reporter.advance(1);
    }
    if let Some(model) = best {
        let chosen = trials.params.clone();
        let values = chosen.values.on(train.scale)?;
        let exponent = NeighborsParams::default().user_exponent;
        let together = RatedTogether::of_values(&values::of(train, values), exponent)?;
        let ranker = Ranker::Model { model: &model, neighbors: None, values };
        let without_neighbors = |user| {
            let scores = ranker.scores(user, Given::All);
            WithoutNeighbors { user, values: user.values(values, Given::All), scores }
        };
        let without: Vec<WithoutNeighbors<'_>> = validation.par_iter().map(without_neighbors).collect();
        for number in 0..n_of_neighbors {
            let params = if number == 0 { NeighborsParams::default() } else { draw_neighbors(&mut rng) };
            let neighbors = neighbors::fit(&NeighborsParams { scale: 1.0, ..params.clone() }, &together)?;
            for (params, of_each) in weigh(&params, &neighbors, &model, &without) {
                let params = RankingParams { neighbors: Some(params), ..chosen.clone() };
                note(&params, &of_each);
                trials.add(params, of_each);
            }
            reporter.advance(1);
        }
    }
    reporter.finish();
    Ok(trials)
}

/// Measures neighbors at every scale, added to the factors and alone. Returns the parameters of the best
/// scale of each, with the nDCG@100 of every user.
fn weigh(
    params: &NeighborsParams,
    neighbors: &Neighbors,
    model: &RankingModel,
    users: &[WithoutNeighbors<'_>],
) -> [(NeighborsParams, Vec<f64>); 2] {
    const SCALES: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
    let of_users: Vec<[[f64; SCALES.len()]; 2]> = users
        .par_iter()
        .map(|of| {
            let mut added = vec![0.0; of.scores.len()];
            let from_rated = neighbors.from_rated(of.values.iter().copied());
            for (title, score) in neighbors.members().zip(from_rated.scores()) {
                added[title] = score;
            }
            let by_bias = by_bias(model, of.values.len());
            [&of.scores, &by_bias].map(|scores| {
                SCALES.map(|scale| {
                    let sums: Vec<f32> =
                        scores.iter().zip(&added).map(|(a, b)| a + b * scale as f32).collect();
                    of.user.measures(&sums, Given::All)[AT_CHOSEN_BY]
                })
            })
        })
        .collect();
    [true, false].map(|beside_factors| {
        let of_scale = |at: usize| -> Vec<f64> {
            of_users.iter().map(|of| of[usize::from(!beside_factors)][at]).collect()
        };
        let order = |&a: &usize, &b: &usize| mean(&of_scale(a)).total_cmp(&mean(&of_scale(b)));
        let at = (0..SCALES.len()).rev().max_by(order).unwrap_or_default();
        (NeighborsParams { scale: SCALES[at], beside_factors, ..params.clone() }, of_scale(at))
    })
}

/// What neighbors are added to for a held-out user with all ratings folded in.
struct WithoutNeighbors<'a> {
    user: &'a HeldOutUser,
    values: Vec<(usize, f32)>,
    scores: Vec<f32>,
}

/// Returns the scores of a user with that many values by how popular titles are.
fn by_bias(model: &RankingModel, n_values: usize) -> Vec<f32> {
    let weight = RankingModel::weight_of_bias(n_values);
    model.item_bias().iter().map(|bias| weight * bias).collect()
}

/// Adds the scores by factors of a user who is folded in from these values.
fn add_by_factors(scores: &mut [f32], model: &RankingModel, values: &[(usize, f32)]) {
    let vector = model.fold_in(values);
    let panels = model.panels();
    for panel in 0..panels.n_panels() {
        for (&title, product) in panels.items(panel).iter().zip(panels.products(panel, &vector)) {
            scores[title as usize] += product;
        }
    }
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

fn draw_values(rng: &mut impl Rng) -> ValuesParams {
    const VALUES: [(f64, f64); 5] = [(0.0, 0.0), (0.5, 0.1), (0.5, 0.2), (0.7, 0.2), (0.7, 0.3)];
    let (unliked, slope) = VALUES[rng.random_range(0..VALUES.len())];
    ValuesParams { unliked, slope }
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
    Model {
        model: &'a RankingModel,
        neighbors: Option<&'a Neighbors>,
        values: RatingValues,
    },
    Popular(Vec<f32>),
}

impl Ranker<'_> {
    /// Ranks by the number of likes.
    fn popular(train: &Interactions) -> Self {
        Self::Popular(popularity(&liked(train, train.scale.liked())))
    }

    fn scores(&self, user: &HeldOutUser, given: Given) -> Vec<f32> {
        let (model, neighbors, values) = match self {
            Self::Popular(scores) => return scores.clone(),
            Self::Model { model, neighbors, values } => (model, neighbors, user.values(*values, given)),
        };
        let mut scores = by_bias(model, values.len());
        if neighbors.is_none_or(Neighbors::beside_factors) {
            add_by_factors(&mut scores, model, &values);
        }
        if let Some(neighbors) = neighbors {
            for (title, score) in neighbors.members().zip(neighbors.from_rated(values).scores()) {
                scores[title] += score;
            }
        }
        scores
    }
}

const MEASURES: [&str; 4] = ["ndcg@10", CHOSEN_BY, "recall@20", "recall@50"];
/// Index of [`CHOSEN_BY`] in [`MEASURES`].
const AT_CHOSEN_BY: usize = 1;

impl HeldOutUser {
    fn given(&self, given: Given) -> impl Iterator<Item = (u32, f32)> + Clone {
        let rated = if given == Given::Three { &self.three } else { &self.rated };
        let is_given = move |rated: &(u32, f32)| given != Given::Likes || rated.1 >= self.least_liked;
        rated.iter().copied().filter(is_given)
    }

    /// Returns the titles that cannot be in the list.
    fn known(&self, given: Given) -> Vec<u32> {
        // What they rated but was not drawn counts neither as found nor as missed.
        let left_out = if given == Given::Three { Given::All } else { given };
        self.given(left_out).map(|(title, _)| title).collect()
    }

    /// Returns what is folded in: titles and the values of their ratings.
    fn values(&self, values: RatingValues, given: Given) -> Vec<(usize, f32)> {
        values.of_rated(self.given(given).map(|(title, rating)| (title as usize, rating)))
    }

    /// Measures the list that these scores give.
    fn measures(&self, scores: &[f32], given: Given) -> [f64; MEASURES.len()] {
        const DEEP: usize = 100;
        let ranked = first(scores, &self.known(given), DEEP);
        let hits: Vec<bool> = ranked.iter().map(|t| self.wanted.binary_search(t).is_ok()).collect();
        let n = self.wanted.len();
        [ndcg(&hits, n, 10), ndcg(&hits, n, DEEP), bounded_recall(&hits, n, 20), bounded_recall(&hits, n, 50)]
    }
}

fn measures_of_each(ranker: &Ranker<'_>, users: &[HeldOutUser], given: Given) -> Vec<[f64; MEASURES.len()]> {
    users.par_iter().map(|user| user.measures(&ranker.scores(user, given), given)).collect()
}

fn ndcg_of_each(ranker: &Ranker<'_>, users: &[HeldOutUser]) -> Vec<f64> {
    measures_of_each(ranker, users, Given::All).iter().map(|of| of[AT_CHOSEN_BY]).collect()
}

fn measure(ranker: &Ranker<'_>, users: &[HeldOutUser], given: Given) -> Measures {
    let of_each = measures_of_each(ranker, users, given);
    let mean_at = |at: usize| of_each.iter().map(|of| of[at]).sum::<f64>() / of_each.len() as f64;
    let named = |(at, name)| (format!("{name}{}", given.suffix()), mean_at(at));
    MEASURES.into_iter().enumerate().map(named).collect()
}

/// Measures how the first ten titles spread, with all ratings folded in.
fn exposure_of(ranker: &Ranker<'_>, users: &[HeldOutUser], train: &Interactions) -> Measures {
    let first_ten = |user: &HeldOutUser| first(&ranker.scores(user, Given::All), &user.known(Given::All), 10);
    let lists: Vec<Vec<u32>> = users.par_iter().map(first_ten).collect();
    exposure(lists.iter().map(Vec::as_slice), &popularity(train), train.n_users)
}

#[cfg(test)]
mod tests {
    use catalog::{Platform, RatingTable, Title, TitleId, TitleTable};
    use progress::Silent;
    use recommender::{ItemModel, ItemModelParts, Recommender, Titles, UserShape};

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
        let tried = [0, 1].map(|at: usize| found.trials[at].params.values);
        assert_eq!(tried, [ValuesParams::default(), ValuesParams::LIKES]);
        assert_eq!(found, run(3));
    }

    /// Returns the recommender that a release with this model is served by.
    fn served(fitted: &ranking::Fitted, values: RatingValues) -> Recommender {
        let n = fitted.model.n_items();
        let titles = (0..n)
            .map(|i| Title::named(TitleId::new(&format!("n{i}")).unwrap(), format!("Title {i}")))
            .collect();
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles).unwrap();
        let nobody = RatingTable::new(vec![], vec![0], vec![], vec![], vec![], n).unwrap();
        let rating = ItemModel::new(ItemModelParts { item_bias: vec![0.0; n], ..ItemModelParts::default() });
        let n_ranking_factors = Some(fitted.model.n_factors());
        let shape = UserShape { n_factors: 0, n_ranking_factors, n_titles: n };
        let titles = Titles::build(&table, &nobody);
        Recommender::new(titles, rating.unwrap(), Some(fitted.model.clone()), shape, 3.5)
            .unwrap()
            .with_neighbors(fitted.neighbors.clone())
            .unwrap()
            .with_values(values)
    }

    #[test]
    fn the_lists_that_are_measured_are_those_that_are_served() {
        let rows = two_tastes();
        for beside_factors in [None, Some(true), Some(false)] {
            let neighbors = beside_factors.map(|beside_factors| NeighborsParams {
                n_neighbors: 7,
                beside_factors,
                ..NeighborsParams::default()
            });
            let params = RankingParams { neighbors, ..RankingParams::default() };
            let run = Run::silent(1);
            let fitted = ranking::fit(&params, &rows, &TitleFeatures::default(), &run).unwrap();
            let values = params.values.on(rows.scale).unwrap();
            let recommender = served(&fitted, values);
            let (model, neighbors) = (&fitted.model, fitted.neighbors.as_ref());
            let ranker = Ranker::Model { model, neighbors, values };
            for rated in [&[(3, 5.0)][..], &[(0, 1.5), (7, 4.0), (8, 2.0)], &[(2, 0.5), (39, 3.5)]] {
                let (rated, three) = (rated.to_vec(), Vec::new());
                let given: Vec<(usize, f32)> = rated.iter().map(|&(title, r)| (title as usize, r)).collect();
                let user = HeldOutUser { rated, wanted: Vec::new(), three, least_liked: 4.0 };
                let measured = first(&ranker.scores(&user, Given::All), &user.known(Given::All), 12);
                let options = recommender::ListOptions { n: 12, ..recommender::ListOptions::default() };
                let list = recommender.recommend_to_new(&given, &options);
                let shown: Vec<String> = list.items.iter().map(|item| item.title.id.to_owned()).collect();
                let measured: Vec<String> = measured.iter().map(|title| format!("n{title}")).collect();
                assert_eq!(shown, measured, "{beside_factors:?} {given:?}");
            }
        }
    }

    #[test]
    fn measures_match_those_computed_by_hand() {
        // Scores put the titles in order 0, 1, 2, 3; title 0 is liked and 2 is not, 1 and 3 are wanted.
        let (rated, three) = (vec![(0, 5.0), (2, 1.5)], vec![(2, 1.5)]);
        let users = [HeldOutUser { rated, wanted: vec![1, 3], three, least_liked: 4.0 }];
        let of = |given| measure(&Ranker::Popular(vec![4.0, 3.0, 2.0, 1.0]), &users, given);
        let perfect = 1.0 + 1.0 / 3_f64.log2();
        for (given, expected) in [(Given::Likes, 1.5 / perfect), (Given::All, 1.0), (Given::Three, 1.0)] {
            let (m, of_given) = (of(given), given.suffix());
            assert!((m[&format!("ndcg@100{of_given}")] - expected).abs() < 1e-12, "{m:?}");
            assert!((m[&format!("recall@20{of_given}")] - 1.0).abs() < 1e-12, "{m:?}");
        }
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
