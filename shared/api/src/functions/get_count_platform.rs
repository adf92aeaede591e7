//! `GET /get_count_platform`: how many films a platform has.

use std::sync::Arc;

use artifact::Kind;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use queries::count_platform::Index;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer;
use crate::error::StartError;
use crate::function::{Function, Release};
use crate::problem::Problem;
use crate::request::{Param, REQUIRED_PLATFORM, RawParams};
use crate::route::{self, Answer, Input, Kept, Method, Operation};

pub(super) const FUNCTION: Function = Function {
    name: "get-count-platform",
    kinds: &[Kind::CountPlatform],
    optional_kinds: &[],
    operations: &OPERATIONS,
    load: |release| Box::pin(load(release)),
};

const OPERATIONS: [Operation; 1] = [COUNT_PLATFORM];

const COUNT_PLATFORM: Operation = Operation {
    id: "CountPlatform",
    method: Method::Get,
    path: "/get_count_platform",
    summary: "How many films a platform has.",
    input: Input::Params(&PARAMS),
    answer: Answer::json::<CountPlatform<'_>>(),
    kept: Kept::Anywhere,
    is_personal: false,
    problems: &[],
};

const PARAMS: Param<String> = REQUIRED_PLATFORM;

#[derive(Debug, JsonSchema, Serialize)]
struct CountPlatform<'a> {
    platform: &'a str,
    count: u32,
}

async fn load(release: Release<'_>) -> Result<Router, StartError> {
    let index: Arc<Index> = Arc::new(release.load().await?);
    Ok(route::router(&OPERATIONS, [COUNT_PLATFORM.handled_by(count_platform)], &index))
}

async fn count_platform(State(index): State<Arc<Index>>, raw: RawParams) -> Result<Response, Problem> {
    let platform = raw.read(&PARAMS)?;
    let answer = index.answer(&platform)?;
    Ok(answer::json(&CountPlatform { platform: answer.platform, count: answer.count }))
}
