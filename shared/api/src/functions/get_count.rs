//! `GET /get_count`: how many titles match some filters, in total and by each value of an attribute.

use std::sync::Arc;

use artifact::{Kind, TitleGenres};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use queries::title_count::{Attribute, Index, Question};
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{self, KINDS};
use crate::error::StartError;
use crate::function::{Function, Release};
use crate::problem::{ParameterError, Problem, ProblemKind};
use crate::request::lists::{AUDIENCE, KIND, PLATFORM};
use crate::request::value::Word;
use crate::request::{Name, Optional, Param, RawParams, Several, Values, as_texts, names};
use crate::route::{self, Answer, Input, Kept, Method, Operation};

pub(super) const FUNCTION: Function = Function {
    name: "get-count",
    kinds: &[],
    // Releases of an older builder have neither, and are still served.
    optional_kinds: &[Kind::TitleCount, Kind::Genres],
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
    kept: Kept::Anywhere,
    is_personal: false,
    problems: &[ProblemKind::NotFound],
};

type Params = (
    Optional<Attribute>,
    Param<Several<Name>>,
    Param<Several<catalog::Kind>>,
    Param<Several<Name>>,
    Param<Several<Name>>,
    Param<Several<Name>>,
    Param<Several<Name>>,
    Param<Several<u16>>,
);

const PARAMS: Params = (BY, PLATFORM, KIND, COUNTRY, GENRE, CANONICAL_GENRE, AUDIENCE, YEAR);

const BY: Optional<Attribute> = Param::word("by", "Also count by each value of this.");
const COUNTRY: Param<Several<Name>> =
    Param::several("country", &Values::Text, "Only titles from these countries, in any case.");
const GENRE: Param<Several<Name>> = Param::several(
    "genre",
    &Values::Text,
    "Only titles with a genre whose name on its platform contains one of these.",
);
const CANONICAL_GENRE: Param<Several<Name>> = Param::several(
    "canonical_genre",
    &Values::Text,
    "Only titles of one of these genres, by the names that are the same on all platforms, in any case.",
);
const YEAR: Param<Several<u16>> =
    Param::several("year", &Values::Whole("a year", 1, 9999), "Only titles of these release years.");

impl Word for Attribute {
    const WORDS: &'static [&'static str] = &Self::NAMES;
}

#[derive(Debug, JsonSchema, Serialize)]
struct Count<'a> {
    /// What the titles were counted by, if anything.
    #[schemars(extend("enum" = Attribute::NAMES))]
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
    #[schemars(schema_with = "texts")]
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<OneOrMany<'a, String>>,
    #[schemars(schema_with = "kinds")]
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<OneOrMany<'a, catalog::Kind>>,
    #[schemars(schema_with = "texts")]
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<OneOrMany<'a, String>>,
    #[schemars(schema_with = "texts")]
    #[serde(skip_serializing_if = "Option::is_none")]
    genre: Option<OneOrMany<'a, String>>,
    #[schemars(schema_with = "texts")]
    #[serde(skip_serializing_if = "Option::is_none")]
    canonical_genre: Option<OneOrMany<'a, String>>,
    #[schemars(schema_with = "texts")]
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<OneOrMany<'a, String>>,
    #[schemars(schema_with = "years")]
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<OneOrMany<'a, u16>>,
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

/// The values of a filter: one as it is, several as an array.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OneOrMany<'a, T> {
    One(&'a T),
    Many(&'a [T]),
}

impl<'a, T> OneOrMany<'a, T> {
    /// Returns `None` for no values.
    fn of(values: &'a [T]) -> Option<Self> {
        match values {
            [] => None,
            [one] => Some(Self::One(one)),
            many => Some(Self::Many(many)),
        }
    }
}

/// The schema of [`OneOrMany`].
fn one_or_many(of: &Value) -> Schema {
    json_schema!({ "anyOf": [of, { "type": "array", "items": of }] })
}

fn texts(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&json!({ "type": "string" }))
}

fn kinds(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&json!({ "type": "string", "enum": KINDS }))
}

fn years(_: &mut SchemaGenerator) -> Schema {
    one_or_many(&json!({ "type": "integer", "minimum": 1, "maximum": 9999 }))
}

#[derive(Debug, JsonSchema, Serialize)]
struct ValueCount<'a> {
    value: &'a str,
    count: u32,
}

async fn load(release: Release<'_>) -> Result<Router, StartError> {
    let (index, genres) =
        tokio::try_join!(release.load_optional::<Index>(), release.load_optional::<TitleGenres>())?;
    let index = match (index, genres) {
        (Some(index), Some(genres)) => Some(
            index
                .with_genres(&genres)
                .map_err(|source| StartError::Genres { release: release.manifest.release(), source })?,
        ),
        (index, _) => index,
    };
    Ok(route::router(&OPERATIONS, [COUNT.handled_by(count)], &Arc::new(index)))
}

async fn count(State(index): State<Arc<Option<Index>>>, raw: RawParams) -> Result<Response, Problem> {
    let (by, platform, kind, country, genre, canonical_genre, audience, year) = raw.read(&PARAMS)?;
    let index = index.as_ref().as_ref().ok_or_else(|| {
        Problem::not_found("the release has no index of title counts; `cartelera build` makes one")
    })?;
    let names = |given: &Several<Name>, attribute| names(&given.0, |name| index.has(attribute, name));
    let platform = names(&platform, Attribute::Platform);
    let country = names(&country, Attribute::Country);
    let genre = names(&genre, Attribute::Genre);
    let canonical_genre = names(&canonical_genre, Attribute::CanonicalGenre);
    let audience = names(&audience, Attribute::Audience);
    let question = Question {
        by,
        platform: &as_texts(&platform),
        kind: &kind.0,
        country: &as_texts(&country),
        genre: &as_texts(&genre),
        canonical_genre: &as_texts(&canonical_genre),
        audience: &as_texts(&audience),
        year: &year.0,
    };
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
        platform: OneOrMany::of(&platform),
        kind: OneOrMany::of(&kind.0),
        country: OneOrMany::of(&country),
        genre: OneOrMany::of(&genre),
        canonical_genre: OneOrMany::of(&canonical_genre),
        audience: OneOrMany::of(&audience),
        year: OneOrMany::of(&year.0),
        count: answer.total,
        counts: by.map(|_| counts),
        counts_left_out,
    }))
}
