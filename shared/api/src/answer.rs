//! Answers: bodies, kept apart from the types of the domain, and what several functions put into them.

use axum::http::StatusCode;
use axum::response::Response;
use catalog::{DurationUnit, Kind};
use recommender::TitleView;
use schemars::JsonSchema;
use serde::Serialize;

use crate::problem;

/// The media type of JSON.
pub(crate) const JSON: &str = "application/json";

/// The names of [`Kind`].
pub(crate) const KINDS: [&str; 2] = [Kind::Movie.as_str(), Kind::Series.as_str()];

/// The names of [`DurationUnit`].
pub(crate) const UNITS: [&str; 2] = [DurationUnit::Min.as_str(), DurationUnit::Season.as_str()];

/// Returns an answer of 200 in JSON.
pub(crate) fn json(body: &impl Serialize) -> Response {
    problem::json_response(StatusCode::OK, JSON, serde_json::to_vec(body))
}

/// The most values of a list that has no pages. With texts as long as they may be, the answer is still below
/// 5 MB, where AWS Lambda refuses 6.
const MOST_LISTED: usize = 1_000;

/// Returns what an answer holds of a list, and the number of values that it leaves out, if any.
pub(crate) fn listed<T>(list: impl ExactSizeIterator<Item = T>) -> (Vec<T>, Option<usize>) {
    let n = list.len();
    (list.take(MOST_LISTED).collect(), left_out(n.saturating_sub(MOST_LISTED)))
}

/// Returns the number of values that a list leaves out, or `None` if it is whole.
pub(crate) fn left_out(n: usize) -> Option<usize> {
    Some(n).filter(|&n| n > 0)
}

/// Rounds a score to three decimals, which is more than any score is worth.
pub(crate) fn rounded(score: impl Into<f64>) -> f64 {
    (score.into() * 1000.0).round() / 1000.0
}

#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Title<'a> {
    id: &'a str,
    title: &'a str,
    platform: &'a str,
    #[schemars(extend("enum" = KINDS), with = "String")]
    kind: Kind,
    year: Option<u16>,
    /// Its genres, as its platform calls them.
    genres: Vec<&'a str>,
    /// The same genres by the names that they have on all platforms. Releases of an older builder lack them.
    #[serde(skip_serializing_if = "Option::is_none")]
    canonical_genres: Option<Vec<&'a str>>,
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
            canonical_genres: view.canonical_genres,
            audience: view.audience,
        }
    }
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
