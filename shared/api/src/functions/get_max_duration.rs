//! `GET /get_max_duration`: the longest title.

use std::sync::Arc;

use artifact::Kind;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use catalog::DurationUnit;
use queries::max_duration::{Index, Question};
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::{self, UNITS};
use crate::error::StartError;
use crate::function::{Function, Release};
use crate::problem::{Problem, ProblemKind};
use crate::request::{Optional, PLATFORM, Param, RawParams};
use crate::route::{self, Answer, Input, Kept, Method, Operation};

pub(super) const FUNCTION: Function = Function {
    name: "get-max-duration",
    kinds: &[Kind::MaxDuration],
    optional_kinds: &[],
    operations: &OPERATIONS,
    load: |release| Box::pin(load(release)),
};

const OPERATIONS: [Operation; 1] = [MAX_DURATION];

const MAX_DURATION: Operation = Operation {
    id: "MaxDuration",
    method: Method::Get,
    path: "/get_max_duration",
    summary: "The longest title, of a year, a platform or all.",
    input: Input::Params(&PARAMS),
    answer: Answer::json::<MaxDuration<'_>>(),
    kept: Kept::Anywhere,
    is_personal: false,
    problems: &[ProblemKind::NotFound],
};

const PARAMS: (Optional<u16>, Optional<String>, Optional<DurationUnit>) = (YEAR, PLATFORM, DURATION_TYPE);

const YEAR: Optional<u16> = Param::year("year", "Only titles of this release year.");

const DURATION_TYPE: Optional<DurationUnit> = Param::word(
    "duration_type",
    "Films by their minutes (`min`, the default) or series by their seasons (`season`).",
);

#[derive(Debug, JsonSchema, Serialize)]
struct MaxDuration<'a> {
    title: &'a str,
    id: &'a str,
    platform: &'a str,
    year: Option<u16>,
    duration: u32,
    #[schemars(extend("enum" = UNITS), with = "String")]
    duration_type: DurationUnit,
    ties: Vec<&'a str>,
    /// The number of further titles, if more than 1,000 are tied.
    #[serde(skip_serializing_if = "Option::is_none")]
    ties_left_out: Option<usize>,
}

async fn load(release: Release<'_>) -> Result<Router, StartError> {
    let index: Arc<Index> = Arc::new(release.load().await?);
    Ok(route::router(&OPERATIONS, [MAX_DURATION.handled_by(max_duration)], &index))
}

async fn max_duration(State(index): State<Arc<Index>>, raw: RawParams) -> Result<Response, Problem> {
    let (year, platform, unit) = raw.read(&PARAMS)?;
    let unit = unit.unwrap_or(DurationUnit::Min);
    let answer = index.answer(Question { year, platform: platform.as_deref(), unit })?;
    let (ties, ties_left_out) = answer::listed(answer.ties.into_iter());
    Ok(answer::json(&MaxDuration {
        title: answer.title,
        id: answer.id,
        platform: answer.platform,
        year: answer.year,
        duration: answer.duration,
        duration_type: answer.duration_type,
        ties,
        ties_left_out,
    }))
}
