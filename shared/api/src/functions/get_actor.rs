//! `GET /get_actor`: the actor in the most titles of a platform and year.

use std::sync::Arc;

use artifact::Kind;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use queries::actor::Index;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer;
use crate::error::StartError;
use crate::function::{Function, Release};
use crate::problem::{Problem, ProblemKind};
use crate::request::{Param, REQUIRED_PLATFORM, REQUIRED_YEAR, RawParams};
use crate::route::{self, Answer, Input, Kept, Method, Operation};

pub(super) const FUNCTION: Function = Function {
    name: "get-actor",
    kinds: &[Kind::Actor],
    optional_kinds: &[],
    operations: &OPERATIONS,
    load: |release| Box::pin(load(release)),
};

const OPERATIONS: [Operation; 1] = [ACTOR];

const ACTOR: Operation = Operation {
    id: "Actor",
    method: Method::Get,
    path: "/get_actor",
    summary: "The actor in the most titles of a platform and year.",
    input: Input::Params(&PARAMS),
    answer: Answer::json::<Actor<'_>>(),
    kept: Kept::Anywhere,
    is_personal: false,
    problems: &[ProblemKind::NotFound],
};

const PARAMS: (Param<String>, Param<u16>) = (REQUIRED_PLATFORM, REQUIRED_YEAR);

#[derive(Debug, JsonSchema, Serialize)]
struct Actor<'a> {
    platform: &'a str,
    year: u16,
    actor: &'a str,
    count: u32,
    ties: Vec<&'a str>,
    /// The number of further actors, if more than 1,000 are tied.
    #[serde(skip_serializing_if = "Option::is_none")]
    ties_left_out: Option<usize>,
}

async fn load(release: Release<'_>) -> Result<Router, StartError> {
    let index: Arc<Index> = Arc::new(release.load().await?);
    Ok(route::router(&OPERATIONS, [ACTOR.handled_by(actor)], &index))
}

async fn actor(State(index): State<Arc<Index>>, raw: RawParams) -> Result<Response, Problem> {
    let (platform, year) = raw.read(&PARAMS)?;
    let answer = index.answer(&platform, year)?;
    let (ties, ties_left_out) = answer::listed(answer.ties.into_iter());
    Ok(answer::json(&Actor {
        platform: answer.platform,
        year: answer.year,
        actor: answer.actor,
        count: answer.count,
        ties,
        ties_left_out,
    }))
}
