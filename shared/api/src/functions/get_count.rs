//! `GET /get_count`: how many titles match some filters, in total and by each value of an attribute.

use std::sync::Arc;

use artifact::Kind;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use queries::title_count::{Attribute, Index, Question};
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::{self, KINDS};
use crate::error::StartError;
use crate::function::{Function, Release};
use crate::problem::{ParameterError, Problem, ProblemKind};
use crate::request::lists::{AUDIENCE, GENRE, KIND};
use crate::request::value::Word;
use crate::request::{Optional, PLATFORM, Param, RawParams};
use crate::route::{self, Answer, Input, Method, Operation};

pub(super) const FUNCTION: Function = Function {
    name: "get-count",
    kinds: &[],
    // Releases of an older builder have no such index, and are still served.
    optional_kinds: &[Kind::TitleCount],
    operations: &OPERATIONS,
    load: |release| Box::pin(load(release)),
};

const OPERATIONS: [Operation; 1] = [COUNT];

const COUNT: Operation = Operation {
    id: "Count",
    method: Method::Get,
    path: "/get_count",
    summary: "How many titles match, in total and by platform, kind, country, genre, audience or year.",
    input: Input::Params(&PARAMS),
    answer: Answer::json::<Count<'_>>(),
    problems: &[ProblemKind::NotFound],
};

type Params = (
    Optional<Attribute>,
    Optional<String>,
    Optional<catalog::Kind>,
    Optional<String>,
    Optional<String>,
    Optional<String>,
    Optional<u16>,
);

const PARAMS: Params = (BY, PLATFORM, KIND, COUNTRY, GENRE, AUDIENCE, YEAR);

const BY: Optional<Attribute> = Param::word("by", "Also count by each value of this.");
const COUNTRY: Optional<String> = Param::text("country", "Only titles from this country, in any case.");
const YEAR: Optional<u16> = Param::year("year", "Only titles of this release year.");

impl Word for Attribute {
    const WORDS: &'static [&'static str] = &Self::NAMES;
}

#[derive(Debug, JsonSchema, Serialize)]
struct Count<'a> {
    /// What the titles were counted by, if anything.
    #[schemars(extend("enum" = Attribute::NAMES))]
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    #[schemars(extend("enum" = KINDS), with = "String")]
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<catalog::Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    genre: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<u16>,
    /// How many titles match. Each counts once.
    count: u32,
    /// The number of titles with each value, the largest first and equal ones by name. A title with several
    /// values, such as genres, counts for each; one without any counts for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Vec<ValueCount<'a>>>,
    /// The number of further values, if there are more than 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts_left_out: Option<usize>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct ValueCount<'a> {
    value: &'a str,
    count: u32,
}

async fn load(release: Release<'_>) -> Result<Router, StartError> {
    let index: Arc<Option<Index>> = Arc::new(release.load_optional().await?);
    Ok(route::router(&OPERATIONS, [COUNT.handled_by(count)], &index))
}

async fn count(State(index): State<Arc<Option<Index>>>, raw: RawParams) -> Result<Response, Problem> {
    let (by, platform, kind, country, genre, audience, year) = raw.read(&PARAMS)?;
    let question = Question {
        by,
        platform: platform.as_deref(),
        kind,
        country: country.as_deref(),
        genre: genre.as_deref(),
        audience: audience.as_deref(),
        year,
    };
    let index = index.as_ref().as_ref().ok_or_else(|| {
        Problem::not_found("the release has no index of title counts; `cartelera build` makes one")
    })?;
    let answer = index.answer(&question).map_err(|unknown| {
        let error = |name: &queries::title_count::UnknownName| ParameterError {
            parameter: name.attribute.name().to_owned(),
            problem: name.to_string(),
        };
        Problem::invalid(unknown.iter().map(error).collect())
    })?;
    let counts = answer.counts.into_iter().map(|(value, count)| ValueCount { value, count });
    let (counts, counts_left_out) = answer::listed(counts);
    Ok(answer::json(&Count {
        by: by.map(Attribute::name),
        platform: question.platform,
        kind,
        country: question.country,
        genre: question.genre,
        audience: question.audience,
        year,
        count: answer.total,
        counts: by.map(|_| counts),
        counts_left_out,
    }))
}
