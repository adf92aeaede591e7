//! What stands in bodies, apart from the types of the domain.

use std::fmt;

use catalog::{DurationUnit, Kind};
use recommender::{Ranked, TitleView, Titles};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

#[derive(Debug, Serialize)]
pub(crate) struct MaxDuration<'a> {
    pub(crate) title: &'a str,
    pub(crate) id: &'a str,
    pub(crate) platform: &'a str,
    pub(crate) year: Option<u16>,
    pub(crate) duration: u32,
    pub(crate) duration_type: DurationUnit,
    pub(crate) ties: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ScoreCount<'a> {
    pub(crate) platform: &'a str,
    pub(crate) scored: f64,
    pub(crate) year: u16,
    pub(crate) count: u32,
}

#[derive(Debug, Serialize)]
pub(crate) struct CountPlatform<'a> {
    pub(crate) platform: &'a str,
    pub(crate) count: u32,
}

#[derive(Debug, Serialize)]
pub(crate) struct Actor<'a> {
    pub(crate) platform: &'a str,
    pub(crate) year: u16,
    pub(crate) actor: &'a str,
    pub(crate) count: u32,
    pub(crate) ties: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Title<'a> {
    id: &'a str,
    title: &'a str,
    platform: &'a str,
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
#[derive(Debug, Serialize)]
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

#[derive(Debug, Serialize)]
pub(crate) struct FoundTitles<'a> {
    pub(crate) titles: Vec<CatalogueTitle<'a>>,
    pub(crate) next_cursor: Option<String>,
}

/// A title that a user rated.
#[derive(Debug, Serialize)]
pub(crate) struct RatedTitle<'a> {
    #[serde(flatten)]
    pub(crate) title: CatalogueTitle<'a>,
    pub(crate) rating: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct User<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) n_ratings: usize,
    pub(crate) ratings: Vec<RatedTitle<'a>>,
    pub(crate) next_cursor: Option<String>,
}

/// Another title of the same work.
#[derive(Debug, Serialize)]
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
#[derive(Debug, Serialize)]
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

#[derive(Debug, Serialize)]
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

#[derive(Debug, Serialize)]
pub(crate) struct Recommendations<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<&'a str>,
    pub(crate) strategy: &'static str,
    pub(crate) recommendations: Vec<Scored<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Prediction<'a> {
    pub(crate) user_id: &'a str,
    #[serde(flatten)]
    pub(crate) title: Title<'a>,
    pub(crate) score: f64,
    pub(crate) recommended: bool,
    pub(crate) threshold: f64,
    pub(crate) strategy: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Similar<'a> {
    #[serde(flatten)]
    pub(crate) of: Title<'a>,
    pub(crate) strategy: &'static str,
    pub(crate) similar: Vec<Scored<'a>>,
}

/// What a function says of itself and of the release it serves.
#[derive(Debug, Serialize)]
pub(crate) struct Health<'a> {
    /// `ok`: a function whose release is not whole does not start.
    pub(crate) status: &'static str,
    /// The version of the program.
    pub(crate) version: &'static str,
    /// The functions that answer here.
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

#[derive(Debug, Serialize)]
pub(crate) struct ModelInUse<'a> {
    pub(crate) algorithm: &'a str,
    /// Factors a user or title; 0 where the model is biases only.
    pub(crate) n_factors: u32,
}

#[derive(Debug, Serialize)]
pub(crate) struct Signal<'a> {
    pub(crate) title_signal: bool,
    /// The same in one sentence, with its figures.
    pub(crate) verdict: &'a str,
}

#[derive(Debug, Serialize)]
pub(crate) struct LoadedArtifact {
    pub(crate) kind: &'static str,
    /// Its size in the store.
    pub(crate) bytes: u64,
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
