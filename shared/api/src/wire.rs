//! What stands in bodies, apart from the types of the domain.

use catalog::{DurationUnit, Kind};
use recommender::{Ranked, TitleView};
use serde::{Deserialize, Serialize};

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
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Scored<'a> {
    #[serde(flatten)]
    title: Title<'a>,
    score: f64,
}

impl<'a> From<Ranked<'a>> for Scored<'a> {
    fn from(ranked: Ranked<'a>) -> Self {
        Self { score: shown(ranked.score), title: ranked.title.into() }
    }
}

/// Scores are shown with three decimals, which is more than any of them is worth.
pub(crate) fn shown(score: f32) -> f64 {
    (f64::from(score) * 1000.0).round() / 1000.0
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

/// The body of `POST /recommendations`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    pub(crate) ratings: Vec<GivenRating>,
    #[serde(default)]
    pub(crate) n: Option<u64>,
    #[serde(default)]
    pub(crate) platform: Option<String>,
    #[serde(default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) genre: Option<String>,
    #[serde(default)]
    pub(crate) year_from: Option<u64>,
    #[serde(default)]
    pub(crate) year_to: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenRating {
    pub(crate) id: String,
    pub(crate) rating: f64,
}
