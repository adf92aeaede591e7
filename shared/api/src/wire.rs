//! What stands in bodies, apart from the types of the domain.

use std::collections::BTreeMap;
use std::fmt;

use catalog::{DurationUnit, Kind};
use recommender::{ItemStrategy, Ranked, Strategy, TitleView, Titles};
use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::routes::Function;

/// What [`Kind`] is called.
pub(crate) const KINDS: [&str; 2] = [Kind::Movie.as_str(), Kind::Series.as_str()];
/// What [`DurationUnit`] is called.
pub(crate) const UNITS: [&str; 2] = [DurationUnit::Min.as_str(), DurationUnit::Season.as_str()];

/// What a [`Strategy`] is called.
fn strategies() -> Vec<&'static str> {
    Strategy::ALL.map(Strategy::as_str).to_vec()
}

/// What an [`ItemStrategy`] is called.
fn item_strategies() -> Vec<&'static str> {
    ItemStrategy::ALL.map(ItemStrategy::as_str).to_vec()
}

/// What a [`Function`] is called.
fn functions() -> Value {
    json!({ "type": "string", "enum": Function::ALL.map(Function::name) })
}

/// What an artifact is called.
fn artifact_kinds() -> Vec<&'static str> {
    artifact::Kind::ALL.map(artifact::Kind::name).to_vec()
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct MaxDuration<'a> {
    pub(crate) title: &'a str,
    pub(crate) id: &'a str,
    pub(crate) platform: &'a str,
    pub(crate) year: Option<u16>,
    pub(crate) duration: u32,
    #[schemars(extend("enum" = UNITS), with = "String")]
    pub(crate) duration_type: DurationUnit,
    pub(crate) ties: Vec<&'a str>,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ScoreCount<'a> {
    pub(crate) platform: &'a str,
    pub(crate) scored: f64,
    pub(crate) year: u16,
    pub(crate) count: u32,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct CountPlatform<'a> {
    pub(crate) platform: &'a str,
    pub(crate) count: u32,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Actor<'a> {
    pub(crate) platform: &'a str,
    pub(crate) year: u16,
    pub(crate) actor: &'a str,
    pub(crate) count: u32,
    pub(crate) ties: Vec<&'a str>,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Title<'a> {
    id: &'a str,
    title: &'a str,
    platform: &'a str,
    #[schemars(extend("enum" = KINDS), with = "String")]
    kind: Kind,
    year: Option<u16>,
    genres: Vec<&'a str>,
    audience: Option<&'a str>,
}

impl<'a> From<TitleView<'a>> for Title<'a> {
    fn from(view: TitleView<'a>) -> Self {
        Self {
            id: view.id,
            title: view.title,
            platform: view.platform,
            kind: view.kind,
            year: view.year,
            genres: view.genres,
            audience: view.audience,
        }
    }
}

/// A title of the catalogue, with how many users rated its work and the other platforms that have it.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct CatalogueTitle<'a> {
    #[serde(flatten)]
    title: Title<'a>,
    n_ratings: u32,
    also_on: Vec<Edition<'a>>,
}

impl<'a> CatalogueTitle<'a> {
    pub(crate) fn of(titles: &'a Titles, title: usize) -> Self {
        let view = titles.view(title);
        Self {
            n_ratings: view.n_ratings,
            title: view.into(),
            also_on: titles.also_on(title).into_iter().map(Into::into).collect(),
        }
    }
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct FoundTitles<'a> {
    pub(crate) titles: Vec<CatalogueTitle<'a>>,
    pub(crate) next_cursor: Option<String>,
}

/// A title that a user rated.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct RatedTitle<'a> {
    #[serde(flatten)]
    pub(crate) title: CatalogueTitle<'a>,
    pub(crate) rating: f64,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct User<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) n_ratings: usize,
    pub(crate) ratings: Vec<RatedTitle<'a>>,
    pub(crate) next_cursor: Option<String>,
}

/// Another title of the same work.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Edition<'a> {
    id: &'a str,
    platform: &'a str,
}

impl<'a> From<recommender::Edition<'a>> for Edition<'a> {
    fn from(edition: recommender::Edition<'a>) -> Self {
        Self { id: edition.id, platform: edition.platform }
    }
}

/// A rated title that speaks for a recommendation.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Reason<'a> {
    id: &'a str,
    title: &'a str,
    rating: f64,
    contribution: f64,
    share: f64,
}

impl<'a> From<recommender::Reason<'a>> for Reason<'a> {
    fn from(reason: recommender::Reason<'a>) -> Self {
        Self {
            id: reason.id,
            title: reason.title,
            rating: shown(reason.rating),
            contribution: shown(reason.contribution),
            share: shown(reason.share),
        }
    }
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Scored<'a> {
    #[serde(flatten)]
    title: Title<'a>,
    score: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also_on: Vec<Edition<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Reason<'a>>,
}

impl<'a> From<Ranked<'a>> for Scored<'a> {
    fn from(ranked: Ranked<'a>) -> Self {
        let reasons = ranked.explanation.into_iter().flat_map(|e| e.reasons).map(Into::into);
        Self {
            score: shown(ranked.score),
            title: ranked.title.into(),
            also_on: ranked.also_on.into_iter().map(Into::into).collect(),
            reasons: reasons.collect(),
        }
    }
}

/// Scores are shown with three decimals, which is more than any of them is worth.
pub(crate) fn shown(score: impl Into<f64>) -> f64 {
    (score.into() * 1000.0).round() / 1000.0
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Recommendations<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<&'a str>,
    #[schemars(extend("enum" = strategies()))]
    pub(crate) strategy: &'static str,
    pub(crate) recommendations: Vec<Scored<'a>>,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Prediction<'a> {
    pub(crate) user_id: &'a str,
    #[serde(flatten)]
    pub(crate) title: Title<'a>,
    pub(crate) score: f64,
    pub(crate) recommended: bool,
    pub(crate) threshold: f64,
    #[schemars(extend("enum" = strategies()))]
    pub(crate) strategy: &'static str,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Similar<'a> {
    #[serde(flatten)]
    pub(crate) of: Title<'a>,
    #[schemars(extend("enum" = item_strategies()))]
    pub(crate) strategy: &'static str,
    pub(crate) similar: Vec<Scored<'a>>,
}

/// What a function says of itself and of the release it serves.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Health<'a> {
    /// `ok`: a function whose release is not whole does not start.
    #[schemars(extend("enum" = ["ok"]))]
    pub(crate) status: &'static str,
    /// The version of the program.
    pub(crate) version: &'static str,
    /// The functions that answer here.
    #[schemars(extend("items" = functions()))]
    pub(crate) functions: Vec<&'static str>,
    /// The release that is served.
    pub(crate) release: &'a str,
    /// When it became the current one, in Unix seconds.
    pub(crate) moved_at: u64,
    /// Seconds since then.
    pub(crate) age_seconds: u64,
    /// The time of the newest rating, in Unix seconds.
    pub(crate) data_until: u32,
    /// The model that predicts scores.
    pub(crate) model: ModelInUse<'a>,
    /// The model that ranks titles, where the release has one.
    pub(crate) ranking: Option<ModelInUse<'a>>,
    /// Whether the ratings say anything about titles, where that was checked.
    pub(crate) signal: Option<Signal<'a>>,
    /// The artifacts that were loaded.
    pub(crate) artifacts: Vec<LoadedArtifact>,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ModelInUse<'a> {
    pub(crate) algorithm: &'a str,
    /// Factors a user or title; 0 where the model is biases only.
    pub(crate) n_factors: u32,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Signal<'a> {
    pub(crate) title_signal: bool,
    /// The same in one sentence, with its figures.
    pub(crate) verdict: &'a str,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct LoadedArtifact {
    #[schemars(extend("enum" = artifact_kinds()))]
    pub(crate) kind: &'static str,
    /// Its size in the store.
    pub(crate) bytes: u64,
}

/// What the release was trained on, how good it is, and what was tried.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Model<'a> {
    /// The release that is served.
    pub(crate) release: &'a str,
    /// The version of the builder that made it.
    pub(crate) builder: &'a str,
    /// The seed of everything random.
    pub(crate) seed: u64,
    /// The time of the newest rating, in Unix seconds.
    pub(crate) data_until: u32,
    /// The platforms, in the order of their files.
    pub(crate) platforms: &'a [String],
    pub(crate) counts: Counts<'a>,
    /// The files that it was made of.
    pub(crate) sources: Vec<SourceFile<'a>>,
    /// The model that predicts scores.
    pub(crate) rating: RatingModel<'a>,
    /// The model that ranks titles, where the release has one.
    pub(crate) ranking: Option<RankingModel<'a>>,
    /// Whether the ratings say anything about titles, where that was checked.
    pub(crate) signal: Option<SignalCheck<'a>>,
    /// What was given and what was chosen.
    pub(crate) parameters: BTreeMap<&'a str, &'a Value>,
    /// What was tried for the model that predicts; `score` is the RMSE on validation ratings, in stars, less being better.
    pub(crate) rating_trials: Vec<Trial<'a>>,
    /// What was tried for the model that ranks; `score` is nDCG@100 for validation users, 0 to 1, more being better.
    pub(crate) ranking_trials: Vec<Trial<'a>>,
}

/// How many there are of everything.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Counts<'a> {
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
pub(crate) struct SourceFile<'a> {
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

/// Measures by model and name.
type Measures = BTreeMap<String, BTreeMap<String, f64>>;

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct RatingModel<'a> {
    algorithm: &'a str,
    /// Factors a user or title; 0 where the model is biases only.
    n_factors: u32,
    /// One sentence on whether factors helped.
    verdict: &'a str,
    /// The score at or above which a title is recommended.
    recommend_threshold: f64,
    /// Measures on test ratings, by model and name: the chosen one, and what it is compared with.
    metrics: &'a Measures,
}

impl<'a> From<&'a artifact::ModelSummary> for RatingModel<'a> {
    fn from(model: &'a artifact::ModelSummary) -> Self {
        Self {
            algorithm: &model.algorithm,
            n_factors: model.n_factors,
            verdict: &model.verdict,
            recommend_threshold: shown(model.recommend_threshold),
            metrics: &model.metrics,
        }
    }
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct RankingModel<'a> {
    algorithm: &'a str,
    /// Factors a user or title.
    n_factors: u32,
    /// One sentence on how it ranks beside popularity.
    verdict: &'a str,
    /// Measures on users who were in no training, by model and name.
    metrics: &'a Measures,
}

impl<'a> From<&'a artifact::RankingSummary> for RankingModel<'a> {
    fn from(model: &'a artifact::RankingSummary) -> Self {
        Self {
            algorithm: &model.algorithm,
            n_factors: model.n_factors,
            verdict: &model.verdict,
            metrics: &model.metrics,
        }
    }
}

/// The model against its twin, trained on ratings whose titles were shuffled within each user.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct SignalCheck<'a> {
    title_signal: bool,
    /// The answer in one sentence, with its figures.
    verdict: &'a str,
    /// Held-out RMSE of the model, in stars.
    rmse: f64,
    /// The same of the twin.
    twin_rmse: f64,
    /// The twin's less the model's.
    gain: f64,
    /// Lower end of its 95 per cent interval.
    gain_low: f64,
    /// Upper end.
    gain_high: f64,
    /// Random splits.
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

/// One set of parameters and how it did.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Trial<'a> {
    /// Its number, from 0.
    pub(crate) number: u64,
    /// What was trained, where there was a choice.
    pub(crate) algorithm: Option<&'a str>,
    /// Factors a user or title, where it has any.
    pub(crate) n_factors: Option<u64>,
    /// How good it was; absent where it was not reached, or did not end well.
    pub(crate) score: Option<f64>,
    /// How it ended, where trials end in different ways.
    pub(crate) fate: Option<&'a str>,
    /// What was tried.
    pub(crate) parameters: &'a Value,
}

/// The body of `POST /recommendations`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewUser {
    pub(crate) ratings: Vec<GivenRating>,
    /// Everything else: what a query may say too, and what nobody asked for.
    #[serde(flatten)]
    pub(crate) wish: Fields,
}

/// The fields of an object in their order; one that stands twice is there twice, which a map would hide.
#[derive(Debug)]
pub(crate) struct Fields(pub(crate) Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenRating {
    pub(crate) id: String,
    pub(crate) rating: f64,
}
