//! `GET /openapi.json`: the route table as an OpenAPI 3.1 document.
//!
//! Ranges come from the specifications that requests are checked by, answers from the types that are written, routes from
//! [`ROUTES`]; what is said here alone is which status a route may have.

use std::collections::BTreeMap;

use artifact::Manifest;
use catalog::{MAX_ID_BYTES, RATING_MAX, RATING_MIN};
use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::handlers::MAX_RATINGS;
use crate::lists::{FILTERS, N, WISHES};
use crate::pages::PAGE;
use crate::params::{Absent, MAX_TEXT, Spec, Values};
use crate::problem::Problem;
use crate::routes::{Endpoint, Function, ROUTES, Route};
use crate::{queried, wire};

/// What an id is made of: the rule of [`catalog::check_id`] as a pattern.
const ID_PATTERN: &str = "^[A-Za-z0-9_.:@+~-]{1,64}$";
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// What the document says of an endpoint, apart from its route.
struct Operation {
    path: Option<Spec>,
    query: Vec<Spec>,
    takes_body: bool,
    media: &'static str,
    answer: Value,
    /// Whether anything that is asked for may not be there.
    may_miss: bool,
    /// Whether a user of the release is asked for, who may have to be read.
    asks_for_user: bool,
}

impl Operation {
    fn new(answer: Value) -> Self {
        Self {
            path: None,
            query: Vec::new(),
            takes_body: false,
            media: JSON,
            answer,
            may_miss: false,
            asks_for_user: false,
        }
    }

    /// One that is answered with a type.
    fn of<T: JsonSchema>(types: &mut SchemaGenerator) -> Self {
        Self::new(types.subschema_for::<T>().into())
    }

    fn asset(media: &'static str) -> Self {
        Self { media, ..Self::new(json!({ "type": "string" })) }
    }
}

fn wishes() -> Vec<Spec> {
    [&[N][..], &FILTERS, &WISHES].concat()
}

fn operation(endpoint: Endpoint, types: &mut SchemaGenerator) -> Operation {
    match endpoint {
        Endpoint::MaxDuration => Operation {
            query: vec![queried::YEAR, queried::PLATFORM, queried::DURATION_TYPE],
            may_miss: true,
            ..Operation::of::<wire::MaxDuration<'_>>(types)
        },
        Endpoint::ScoreCount => Operation {
            query: vec![queried::OF_PLATFORM, queried::SCORED, queried::OF_YEAR],
            ..Operation::of::<wire::ScoreCount<'_>>(types)
        },
        Endpoint::CountPlatform => {
            Operation { query: vec![queried::OF_PLATFORM], ..Operation::of::<wire::CountPlatform<'_>>(types) }
        }
        Endpoint::Actor => Operation {
            query: vec![queried::OF_PLATFORM, queried::OF_YEAR],
            may_miss: true,
            ..Operation::of::<wire::Actor<'_>>(types)
        },
        Endpoint::Recommendations => Operation {
            path: Some(queried::OF_USER),
            query: wishes(),
            may_miss: true,
            asks_for_user: true,
            ..Operation::of::<wire::Recommendations<'_>>(types)
        },
        Endpoint::RecommendationsForNew => Operation {
            takes_body: true,
            may_miss: true,
            ..Operation::of::<wire::Recommendations<'_>>(types)
        },
        Endpoint::Predict => Operation {
            query: vec![queried::OF_USER, queried::OF_TITLE],
            may_miss: true,
            asks_for_user: true,
            ..Operation::of::<wire::Prediction<'_>>(types)
        },
        Endpoint::Similar => Operation {
            path: Some(queried::OF_TITLE),
            query: [&[N][..], &FILTERS].concat(),
            may_miss: true,
            ..Operation::of::<wire::Similar<'_>>(types)
        },
        Endpoint::FindTitles => Operation {
            query: [&[queried::Q][..], &FILTERS, &PAGE].concat(),
            ..Operation::of::<wire::FoundTitles<'_>>(types)
        },
        Endpoint::Title => Operation {
            path: Some(queried::OF_TITLE),
            may_miss: true,
            ..Operation::of::<wire::CatalogueTitle<'_>>(types)
        },
        Endpoint::User => Operation {
            path: Some(queried::OF_READER),
            query: PAGE.to_vec(),
            may_miss: true,
            asks_for_user: true,
            ..Operation::of::<wire::User<'_>>(types)
        },
        Endpoint::Eda => Operation { may_miss: true, ..Operation::new(json!({ "type": "object" })) },
        Endpoint::EdaPage => Operation { may_miss: true, ..Operation::asset("text/html") },
        Endpoint::Model => Operation::of::<wire::Model<'_>>(types),
        Endpoint::Health => Operation::of::<wire::Health<'_>>(types),
        Endpoint::OpenApi => Operation::new(json!({ "type": "object" })),
        Endpoint::Docs => Operation::asset("text/html"),
        Endpoint::DocsScript => Operation::asset("text/javascript"),
        Endpoint::DocsStyle => Operation::asset("text/css"),
    }
}

/// The document, whose platforms are those of a release.
pub(crate) fn document(manifest: &Manifest) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut types = settings.with(|s| s.definitions_path = "/components/schemas".into()).into_generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in ROUTES {
        let said = operation(route.endpoint, &mut types);
        let said = of_route(&route, &said, &manifest.platforms, &mut types);
        paths.entry(route.path).or_default().insert(route.method.as_str().to_lowercase(), said);
    }
    let tags: Vec<Value> = Function::ALL.iter().map(|f| json!({ "name": f.name() })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cartelera",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Recommendations and catalogue queries from precomputed files.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        // Relative to the document, which may lie behind the name of a stage.
        "servers": [{ "url": "." }],
        "tags": tags,
        "paths": paths,
        "components": { "schemas": of_release(types.take_definitions(true), &manifest.platforms) },
    })
}

/// Types whose fields `platform` name one of the release's.
fn of_release(mut types: Map<String, Value>, platforms: &[String]) -> Map<String, Value> {
    let fields = types.values_mut().filter_map(|of| of.get_mut("properties")?.get_mut("platform"));
    for field in fields.filter(|_| !platforms.is_empty()) {
        field["enum"] = json!(platforms);
    }
    types
}

fn of_route(route: &Route, said: &Operation, platforms: &[String], types: &mut SchemaGenerator) -> Value {
    let problem: Value = types.subschema_for::<Problem>().into();
    let refused =
        |about: &str| json!({ "description": about, "content": { PROBLEM: { "schema": problem } } });
    let mut responses = Map::new();
    let media = said.media;
    let content = json!({ media: { "schema": said.answer } });
    responses.insert("200".to_owned(), json!({ "description": "The answer.", "content": content }));
    // Those that are everywhere look at no parameter.
    if !route.endpoint.is_everywhere() {
        responses
            .insert("400".to_owned(), refused("A parameter is missing, malformed, out of range or unknown."));
    }
    if said.may_miss {
        responses.insert("404".to_owned(), refused("Nothing matches."));
    }
    if said.takes_body {
        responses.insert("413".to_owned(), refused("The body is too large."));
    }
    if said.media == JSON {
        responses.insert("500".to_owned(), refused("Something went wrong here."));
    }
    if said.asks_for_user {
        let about = "What is known of the user cannot be read just now; the next try may do it.";
        responses.insert("503".to_owned(), refused(about));
    }

    let path = said.path.iter().map(|spec| {
        let schema = schema(spec, platforms);
        json!({ "name": spec.name, "in": "path", "required": true, "description": spec.about, "schema": schema })
    });
    let query = said.query.iter().map(|spec| {
        let required = matches!(spec.absent, Absent::Refused(_));
        let mut parameter = json!({
            "name": spec.name,
            "in": "query",
            "required": required,
            "description": spec.about,
            "schema": schema(spec, platforms),
            // An empty one counts as not given.
            "allowEmptyValue": !required,
        });
        if matches!(spec.values, Values::Ids(_)) {
            parameter["style"] = "form".into();
            parameter["explode"] = false.into();
        }
        parameter
    });
    let parameters: Vec<Value> = path.chain(query).collect();
    let mut operation = json!({
        "operationId": format!("{:?}", route.endpoint),
        "summary": route.summary,
        "tags": [route.function.name()],
        "parameters": parameters,
        "responses": responses,
    });
    if said.takes_body {
        let example = json!({ "ratings": [{ "id": "ns1", "rating": 4.5 }], "n": 5 });
        let content = json!({ JSON: { "schema": new_user(platforms), "example": example } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

/// The schema of a parameter in a query or a path.
fn schema(spec: &Spec, platforms: &[String]) -> Value {
    let id = || json!({ "type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES, "pattern": ID_PATTERN });
    let mut schema = match spec.values {
        Values::Text => json!({ "type": "string", "maxLength": MAX_TEXT }),
        Values::Platform if platforms.is_empty() => json!({ "type": "string", "maxLength": MAX_TEXT }),
        Values::Platform => json!({ "type": "string", "enum": platforms }),
        Values::Id => id(),
        Values::Ids(most) => json!({ "type": "array", "items": id(), "maxItems": most }),
        Values::Whole(_, low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Values::Number(_, low, high) => json!({ "type": "number", "minimum": low, "maximum": high }),
        Values::Flag => json!({ "type": "boolean" }),
        Values::Kind => json!({ "type": "string", "enum": wire::KINDS }),
        Values::Unit => json!({ "type": "string", "enum": wire::UNITS }),
    };
    match spec.absent {
        Absent::Default(default) => schema["default"] = default.into(),
        Absent::False => schema["default"] = false.into(),
        Absent::Ignored | Absent::Refused(_) => {}
    }
    schema
}

/// The body of `POST /recommendations`: the parameters of a list by the same names, each of which may be `null`, which
/// counts as not given.
fn new_user(platforms: &[String]) -> Value {
    let mut properties = Map::new();
    let rating = json!({
        "type": "object",
        "properties": {
            "id": schema(&queried::OF_TITLE, platforms),
            "rating": { "type": "number", "minimum": RATING_MIN, "maximum": RATING_MAX },
        },
        "required": ["id", "rating"],
        "additionalProperties": false,
    });
    let ratings = json!({ "type": "array", "items": rating, "maxItems": MAX_RATINGS });
    properties.insert("ratings".to_owned(), ratings);
    for spec in wishes() {
        let mut schema = schema(&spec, platforms);
        let given = schema["type"].take();
        schema["type"] = json!([given, "null"]);
        if let Some(allowed) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            allowed.push(Value::Null);
        }
        schema["description"] = spec.about.into();
        properties.insert(spec.name.to_owned(), schema);
    }
    json!({ "type": "object", "properties": properties, "required": ["ratings"], "additionalProperties": false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_of_an_id_is_the_rule_of_the_catalogue() {
        let (signs, most) = ID_PATTERN.strip_prefix("^[A-Za-z0-9").unwrap().split_once("]{1,").unwrap();
        assert_eq!(most, format!("{MAX_ID_BYTES}}}$"));
        for byte in 0..=u8::MAX {
            let fits = byte.is_ascii_alphanumeric() || signs.as_bytes().contains(&byte);
            assert_eq!(catalog::check_id(&[byte]).is_ok(), fits, "{byte:#x}");
        }
    }
}
