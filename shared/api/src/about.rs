//! `GET /health` and `GET /model`: the release that is served, and how its models were made.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use artifact::{Fate, HeldOut, ModelName, Pointer};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{self, listed, rounded};
use crate::function::{Function, scale_of};
use crate::functions;
use crate::personal::PersonalRoutes;
use crate::route::{self, Answer, Input, Kept, Method, Operation};

pub(crate) const OPERATIONS: [Operation; 2] = [HEALTH, MODEL];

const HEALTH: Operation = Operation {
    id: "Health",
    method: Method::Get,
    path: "/health",
    summary: "The release that is served, its age, its models and artifacts.",
    input: Input::Nothing,
    answer: Answer::json::<Health<'_>>(),
    kept: Kept::Nowhere,
    is_personal: false,
    problems: &[],
};

const MODEL: Operation = Operation {
    id: "Model",
    path: "/model",
    summary: "What the release was trained on, how good it is, and what was tried.",
    answer: Answer::json::<Model<'_>>(),
    kept: Kept::ForAMinute,
    is_personal: false,
    ..HEALTH
};

/// Which release is served, and by which functions.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) pointer: Pointer,
    pub(crate) functions: Vec<Function>,
    pub(crate) personal_routes: PersonalRoutes,
}

/// Returns the router of both routes.
pub(crate) fn router(about: About) -> Router {
    let handled = [HEALTH.handled_by(health), MODEL.handled_by(model)];
    route::router(&OPERATIONS, handled, &Arc::new(about))
}

async fn health(State(about): State<Arc<About>>) -> Response {
    answer::json(&about.health(SystemTime::now()))
}

async fn model(State(about): State<Arc<About>>) -> Response {
    answer::json(&about.model())
}

impl About {
    /// Returns what the manifest has about the models.
    fn model(&self) -> Model<'_> {
        let manifest = &self.pointer.manifest;
        let (sources, sources_left_out) = listed(manifest.sources.iter().map(Into::into));
        let (rating_trials, rating_trials_left_out) = listed(manifest.trials.rating.iter().map(Into::into));
        let (ranking_trials, ranking_trials_left_out) =
            listed(manifest.trials.ranking.iter().map(Into::into));
        Model {
            release: &self.pointer.release,
            builder: &manifest.builder,
            seed: manifest.seed,
            data_until: manifest.data_until,
            platforms: &manifest.platforms,
            counts: (&manifest.counts).into(),
            scale: scale_of(manifest).into(),
            sources,
            sources_left_out,
            rating: manifest.has_ratings().then(|| (&manifest.model).into()),
            ranking: manifest.ranking.as_ref().map(Into::into),
            measures: manifest.measures.iter().map(Into::into).collect(),
            signal: manifest.signal.as_ref().map(Into::into),
            parameters: &manifest.parameters,
            rating_trials,
            rating_trials_left_out,
            ranking_trials,
            ranking_trials_left_out,
        }
    }

    /// Returns the state at a time. A pointer that moved after that time has the age 0.
    fn health(&self, now: SystemTime) -> Health<'_> {
        let manifest = &self.pointer.manifest;
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let reads = |kind| {
            self.functions.iter().any(|f| f.kinds().contains(&kind) || f.optional_kinds().contains(&kind))
        };
        Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            functions: self.functions.iter().map(|f| f.name()).collect(),
            personal_routes: self.personal_routes,
            release: &self.pointer.release,
            moved_at: self.pointer.moved_at,
            age_seconds: now.saturating_sub(self.pointer.moved_at),
            data_until: manifest.data_until,
            scale: scale_of(manifest).into(),
            model: manifest.has_ratings().then(|| ModelInUse {
                algorithm: manifest.model.algorithm.as_str(),
                n_factors: manifest.model.n_factors,
            }),
            ranking: manifest.ranking.as_ref().map(|ranking| ModelInUse {
                algorithm: ranking.algorithm.as_str(),
                n_factors: ranking.n_factors,
            }),
            signal: manifest
                .signal
                .as_ref()
                .map(|signal| Signal { title_signal: signal.title_signal, verdict: &signal.verdict }),
            artifacts: manifest
                .artifacts
                .iter()
                .filter(|entry| reads(entry.kind))
                .map(|entry| LoadedArtifact { kind: entry.kind.name(), bytes: entry.bytes })
                .collect(),
        }
    }
}

/// The state of a function and of the release it serves.
#[derive(Debug, JsonSchema, Serialize)]
struct Health<'a> {
    /// Always `ok`: a function does not start with an incomplete release.
    #[schemars(extend("enum" = ["ok"]))]
    status: &'static str,
    /// The version of the program.
    version: &'static str,
    /// The functions that answer here.
    #[schemars(extend("items" = json!({ "type": "string", "enum": functions::names() })))]
    functions: Vec<&'static str>,
    /// Who may use the routes that return data about a single user: nobody (`off`), only that user
    /// (`subject`), or every caller (`open`).
    personal_routes: PersonalRoutes,
    /// The release that is served.
    release: &'a str,
    /// When it became the current one, in Unix seconds.
    moved_at: u64,
    /// Seconds since then.
    age_seconds: u64,
    /// The time of the newest rating, in Unix seconds; 0 if no rating has a time.
    data_until: u32,
    /// The scale of the ratings.
    scale: Scale,
    /// The model that predicts scores; `null` if the release has no ratings.
    model: Option<ModelInUse>,
    /// The model that ranks titles, if the release has one.
    ranking: Option<ModelInUse>,
    /// Whether the ratings say anything about titles, if that was checked.
    signal: Option<Signal<'a>>,
    /// The artifacts that were loaded.
    artifacts: Vec<LoadedArtifact>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct ModelInUse {
    #[schemars(extend("enum" = ModelName::ALL.map(ModelName::as_str)))]
    algorithm: &'static str,
    /// Factors per user or title; 0 if the model has only biases.
    n_factors: u32,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Signal<'a> {
    title_signal: bool,
    /// The result in one sentence, with its figures.
    verdict: &'a str,
}

#[derive(Debug, JsonSchema, Serialize)]
struct LoadedArtifact {
    #[schemars(extend("enum" = artifact::Kind::ALL.map(artifact::Kind::name)))]
    kind: &'static str,
    /// Its size in the store.
    bytes: u64,
}

/// What the release was trained on, how good it is, and what was tried.
#[derive(Debug, JsonSchema, Serialize)]
struct Model<'a> {
    /// The release that is served.
    release: &'a str,
    /// The version of the builder that made it.
    builder: &'a str,
    /// The seed for all random choices.
    seed: u64,
    /// The time of the newest rating, in Unix seconds; 0 if no rating has a time.
    data_until: u32,
    /// The platforms, in the order of their files.
    platforms: &'a [String],
    counts: Counts<'a>,
    /// The scale of the ratings.
    scale: Scale,
    /// The files it was built from.
    sources: Vec<SourceFile<'a>>,
    /// The number of further files, if there are more than 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    sources_left_out: Option<usize>,
    /// The model that predicts scores; `null` if the release has no ratings.
    rating: Option<RatingModel<'a>>,
    /// The model that ranks titles, if the release has one.
    ranking: Option<RankingModel<'a>>,
    /// Measures on held-out data, of both models and of what they are compared with.
    measures: Vec<Measured<'a>>,
    /// Whether the ratings say anything about titles, if that was checked.
    signal: Option<SignalCheck<'a>>,
    /// The options given and the parameters chosen.
    parameters: &'a BTreeMap<String, Value>,
    /// Trials of the model that predicts; `score` is the validation RMSE, and lower is better.
    rating_trials: Vec<Trial<'a>>,
    /// The number of further trials, if there are more than 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    rating_trials_left_out: Option<usize>,
    /// Trials of the model that ranks; `score` is nDCG@100 of validation users, and higher is better.
    ranking_trials: Vec<Trial<'a>>,
    /// The number of further trials, if there are more than 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    ranking_trials_left_out: Option<usize>,
}

/// The lowest and the highest rating, and the lowest that counts as a like.
#[derive(Debug, JsonSchema, Serialize)]
struct Scale {
    low: f64,
    high: f64,
    liked: f64,
}

impl From<catalog::Scale> for Scale {
    fn from(scale: catalog::Scale) -> Self {
        Self { low: rounded(scale.low()), high: rounded(scale.high()), liked: rounded(scale.liked()) }
    }
}

/// The numbers of titles, users, ratings and refused rows.
#[derive(Debug, JsonSchema, Serialize)]
struct Counts<'a> {
    titles: u64,
    /// Titles with at least one rating.
    rated_titles: u64,
    /// Users with at least one rating.
    users: u64,
    ratings: u64,
    /// Rows that were refused, by reason.
    rejected: &'a BTreeMap<String, u64>,
    /// Ratings that a later one of the same user and title replaced.
    superseded: u64,
}

impl<'a> From<&'a artifact::Counts> for Counts<'a> {
    fn from(counts: &'a artifact::Counts) -> Self {
        Self {
            titles: counts.titles,
            rated_titles: counts.rated_titles,
            users: counts.users,
            ratings: counts.ratings,
            rejected: &counts.rejected,
            superseded: counts.superseded,
        }
    }
}

#[derive(Debug, JsonSchema, Serialize)]
struct SourceFile<'a> {
    name: &'a str,
    bytes: u64,
    /// Its SHA-256 digest.
    sha256: String,
}

impl<'a> From<&'a artifact::Source> for SourceFile<'a> {
    fn from(source: &'a artifact::Source) -> Self {
        Self { name: &source.name, bytes: source.bytes, sha256: source.sha256.to_string() }
    }
}

#[derive(Debug, JsonSchema, Serialize)]
struct RatingModel<'a> {
    #[schemars(extend("enum" = ModelName::ALL.map(ModelName::as_str)))]
    algorithm: &'static str,
    /// Factors per user or title; 0 if the model has only biases.
    n_factors: u32,
    /// One sentence on whether factors helped.
    verdict: &'a str,
    /// The score at or above which a title is recommended.
    recommend_threshold: f64,
}

impl<'a> From<&'a artifact::ModelSummary> for RatingModel<'a> {
    fn from(model: &'a artifact::ModelSummary) -> Self {
        Self {
            algorithm: model.algorithm.as_str(),
            n_factors: model.n_factors,
            verdict: &model.verdict,
            recommend_threshold: rounded(model.recommend_threshold),
        }
    }
}

#[derive(Debug, JsonSchema, Serialize)]
struct RankingModel<'a> {
    #[schemars(extend("enum" = ModelName::ALL.map(ModelName::as_str)))]
    algorithm: &'static str,
    /// Factors per user or title.
    n_factors: u32,
    /// One sentence on how it ranks compared with popularity.
    verdict: &'a str,
    /// What ratings are worth to it. In a release of an older builder it is absent: likes are worth 1 and
    /// other ratings nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<RatingValues>,
}

/// What ratings are worth to the ranking model, when a like is worth 1.
#[derive(Debug, JsonSchema, Serialize)]
struct RatingValues {
    /// What a rating below a like is worth.
    unliked: f64,
    /// What each quarter of the scale (a star on a scale from 1 to 5) above the user's average adds.
    slope: f64,
}

impl<'a> From<&'a artifact::RankingSummary> for RankingModel<'a> {
    fn from(model: &'a artifact::RankingSummary) -> Self {
        let values = model.values.map(|artifact::RatingValues { unliked, slope }| RatingValues {
            unliked: rounded(unliked),
            slope: rounded(slope),
        });
        Self {
            algorithm: model.algorithm.as_str(),
            n_factors: model.n_factors,
            verdict: &model.verdict,
            values,
        }
    }
}

/// Measures of one model on one set of held-out data.
#[derive(Debug, JsonSchema, Serialize)]
struct Measured<'a> {
    /// The model, or a baseline.
    #[schemars(extend("enum" = ModelName::ALL.map(ModelName::as_str)))]
    model: &'static str,
    /// What it was measured on: random ratings, each user's latest ratings, or users who were not trained on.
    #[schemars(extend("enum" = HeldOut::ALL.map(HeldOut::as_str)))]
    held_out: &'static str,
    /// Whether a search chose its parameters.
    tuned: bool,
    /// Values by measure, such as `rmse` or `ndcg@100`. A measure that makes no sense for a model is absent.
    measures: &'a BTreeMap<String, f64>,
}

impl<'a> From<&'a artifact::Measured> for Measured<'a> {
    fn from(measured: &'a artifact::Measured) -> Self {
        Self {
            model: measured.model.as_str(),
            held_out: measured.held_out.as_str(),
            tuned: measured.tuned,
            measures: &measured.measures,
        }
    }
}

/// The model compared with a twin, trained on ratings whose titles were shuffled within each user.
#[derive(Debug, JsonSchema, Serialize)]
struct SignalCheck<'a> {
    title_signal: bool,
    /// The result in one sentence, with its figures.
    verdict: &'a str,
    /// Held-out RMSE of the model.
    rmse: f64,
    /// Held-out RMSE of the twin.
    twin_rmse: f64,
    /// How much lower the model's RMSE is.
    gain: f64,
    /// Lower end of its 95 percent interval.
    gain_low: f64,
    /// Upper end of its 95 percent interval.
    gain_high: f64,
    /// Number of random splits.
    n_seeds: u32,
}

impl<'a> From<&'a artifact::Signal> for SignalCheck<'a> {
    fn from(signal: &'a artifact::Signal) -> Self {
        Self {
            title_signal: signal.title_signal,
            verdict: &signal.verdict,
            rmse: signal.rmse,
            twin_rmse: signal.twin_rmse,
            gain: signal.gain,
            gain_low: signal.gain_low,
            gain_high: signal.gain_high,
            n_seeds: signal.n_seeds,
        }
    }
}

/// One set of parameters and how well it did.
#[derive(Debug, JsonSchema, Serialize)]
struct Trial<'a> {
    /// Its number, from 0.
    number: u32,
    #[schemars(extend("enum" = ModelName::ALL.map(ModelName::as_str)))]
    algorithm: &'static str,
    /// Factors per user or title; 0 for biases only.
    n_factors: u32,
    /// How good it was; absent if it was not reached or did not end well.
    score: Option<f64>,
    /// How it ended.
    #[schemars(extend("enum" = Fate::ALL.map(Fate::as_str)))]
    fate: &'static str,
    /// The parameters that were tried.
    parameters: &'a BTreeMap<String, Value>,
}

impl<'a> From<&'a artifact::Trial> for Trial<'a> {
    fn from(trial: &'a artifact::Trial) -> Self {
        Self {
            number: trial.number,
            algorithm: trial.algorithm.as_str(),
            n_factors: trial.n_factors,
            score: trial.score,
            fate: trial.fate.as_str(),
            parameters: &trial.parameters,
        }
    }
}
