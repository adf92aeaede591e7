//! `GET /get_score_count`: how many films have a mean score above a threshold.

use std::sync::Arc;

use artifact::Kind;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use catalog::Scale;
use queries::score_count::Index;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer;
use crate::error::StartError;
use crate::function::{Function, Release};
use crate::problem::{Problem, ProblemKind};
use crate::request::{Param, REQUIRED_PLATFORM, REQUIRED_YEAR, RawParams};
use crate::route::{self, Answer, Input, Kept, Method, Operation};

pub(super) const FUNCTION: Function = Function {
    name: "get-score-count",
    kinds: &[Kind::ScoreCount],
    optional_kinds: &[],
    operations: &OPERATIONS,
    load: |release| Box::pin(load(release)),
};

const OPERATIONS: [Operation; 1] = [SCORE_COUNT];

const SCORE_COUNT: Operation = Operation {
    id: "ScoreCount",
    method: Method::Get,
    path: "/get_score_count",
    summary: "How many films of a platform and year have a mean score above a threshold.",
    input: Input::Params(&PARAMS),
    answer: Answer::json::<ScoreCount<'_>>(),
    kept: Kept::Anywhere,
    is_personal: false,
    problems: &[ProblemKind::NoRatings],
};

const PARAMS: (Param<String>, Param<f64>, Param<u16>) = (REQUIRED_PLATFORM, SCORED, REQUIRED_YEAR);

const SCORED: Param<f64> = Param::score("scored", "Count films whose mean score is above this.")
    .required("give a score on the scale of the ratings");

#[derive(Debug, JsonSchema, Serialize)]
struct ScoreCount<'a> {
    platform: &'a str,
    scored: f64,
    year: u16,
    count: u32,
}

async fn load(release: Release<'_>) -> Result<Router, StartError> {
    let scores =
        Scores { index: release.load().await?, scale: release.scale(), has_ratings: release.has_ratings() };
    Ok(route::router(&OPERATIONS, [SCORE_COUNT.handled_by(score_count)], &Arc::new(scores)))
}

/// The index, the scale of the ratings, and whether there are ratings that scores are means of.
#[derive(Debug)]
struct Scores {
    index: Index,
    scale: Scale,
    has_ratings: bool,
}

async fn score_count(State(scores): State<Arc<Scores>>, raw: RawParams) -> Result<Response, Problem> {
    let params = (REQUIRED_PLATFORM, SCORED.on(scores.scale), REQUIRED_YEAR);
    let (platform, scored, year) = raw.read(&params)?;
    let answer = scores.index.answer(&platform, scored, year)?;
    if !scores.has_ratings {
        return Err(Problem::no_ratings("scores"));
    }
    Ok(answer::json(&ScoreCount {
        platform: answer.platform,
        scored: answer.scored,
        year: answer.year,
        count: answer.count,
    }))
}
