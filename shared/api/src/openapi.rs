//! `GET /openapi.json`: the route table as an OpenAPI 3.1 document.
//!
//! Parameters come from the lists that requests are read by, answers from the types that are written, and
//! routes from the table. All functions give the same document: behind a gateway they are one service.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use catalog::{MAX_ID_BYTES, Scale};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::answer::{JSON, rounded};
use crate::compression::CompressedOnce;
use crate::functions;
use crate::problem::{MEDIA_TYPE as PROBLEM, Problem, ProblemKind};
use crate::request::{Absent, Describe, MAX_TEXT, MAX_VALUES, RATINGS, Spec, Values, score_range};
use crate::route::{self, Answer, Input, Kept, Method, Operation, Route};

pub(crate) const OPERATIONS: [Operation; 1] = [OPENAPI];

const OPENAPI: Operation = Operation {
    id: "OpenApi",
    method: Method::Get,
    path: "/openapi.json",
    summary: "All routes, their parameters and answers, as OpenAPI 3.1.",
    input: Input::Nothing,
    answer: Answer::JsonObject,
    kept: Kept::ForAMinute,
    is_personal: false,
    problems: &[],
};

/// The rule of [`catalog::check_id`] as a pattern, apart from white space at the ends.
const ID_PATTERN: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]{1,256}$";

/// What the document says about a release.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The platforms; empty if they are not known.
    pub(crate) platforms: Vec<String>,
    /// The scale of the ratings.
    pub(crate) scale: Scale,
}

/// The document of a release, written when it is first asked for.
#[derive(Debug)]
struct Document {
    routes: &'static [Route],
    facts: Facts,
    text: OnceLock<String>,
    compressed: CompressedOnce,
}

/// Returns the router of the document.
pub(crate) fn router(routes: &'static [Route], facts: Facts) -> Router {
    let document = Document { routes, facts, text: OnceLock::new(), compressed: CompressedOnce::default() };
    route::router(&OPERATIONS, [OPENAPI.handled_by(openapi)], &Arc::new(document))
}

async fn openapi(State(document): State<Arc<Document>>) -> Response {
    let text = document.text.get_or_init(|| write(document.routes, &document.facts).to_string());
    ([(header::CONTENT_TYPE, JSON)], Extension(document.compressed.clone()), text.clone()).into_response()
}

/// Writes the document of some routes.
fn write(routes: &[Route], facts: &Facts) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let types = settings.with(|s| s.definitions_path = "/components/schemas".into()).into_generator();
    let mut writer = Writer { facts, types };
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in routes {
        let operation = writer.operation(route);
        paths.entry(route.path).or_default().insert(route.method.as_str().to_lowercase(), operation);
    }
    let tags = functions::names().map(|name| json!({ "name": name }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cartelera",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Recommendations and catalog queries from precomputed files.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        // Relative to the document, because there may be the name of a stage in front of it.
        "servers": [{ "url": "." }],
        "tags": tags,
        "paths": paths,
        "components": { "schemas": writer.schemas() },
    })
}

/// Writes operations and collects the types they answer with.
struct Writer<'a> {
    facts: &'a Facts,
    types: SchemaGenerator,
}

impl Writer<'_> {
    fn operation(&mut self, route: &Route) -> Value {
        let Operation { id, input, .. } = route.operation;
        let parameters = match input {
            Input::Params(list) => list.specs().iter().map(|spec| self.parameter(spec)).collect(),
            Input::Nothing | Input::Ratings(_) => Vec::new(),
        };
        let mut operation = json!({
            "operationId": id,
            "summary": route.summary,
            "tags": [route.function],
            "parameters": parameters,
            "responses": self.responses(route.operation),
        });
        if let Input::Ratings(fields) = input {
            let example =
                json!({ "ratings": [{ "id": "ns1", "rating": rounded(self.facts.scale.liked()) }], "n": 5 });
            let content = json!({ JSON: { "schema": self.body(*fields), "example": example } });
            set(&mut operation, "requestBody", json!({ "required": true, "content": content }));
        }
        operation
    }

    fn responses(&mut self, operation: &Operation) -> Map<String, Value> {
        let (media_type, schema) = match operation.answer {
            Answer::Json(schema) => (JSON, schema(&mut self.types).into()),
            Answer::JsonObject => (JSON, json!({ "type": "object" })),
            Answer::Text(media_type) => (media_type, json!({ "type": "string" })),
        };
        let content = json!({ media_type: { "schema": schema } });
        let mut responses = Map::new();
        responses.insert("200".to_owned(), json!({ "description": "The answer.", "content": content }));
        if matches!(operation.kept, Kept::Anywhere | Kept::ForAMinute) {
            let description = "The client has the answer already: `If-None-Match` has its `ETag`.";
            responses.insert("304".to_owned(), json!({ "description": description }));
        }
        let problem: Value = self.types.subschema_for::<Problem>().into();
        for kind in problems(operation) {
            let content = json!({ PROBLEM: { "schema": problem } });
            let description = match kind {
                ProblemKind::InvalidParameter => {
                    "A parameter is missing, malformed, out of range or unknown."
                }
                ProblemKind::NotFound => "Nothing matches.",
                ProblemKind::NoRatings => "The release has no ratings.",
                ProblemKind::PersonalRoutes => {
                    "Data about users is turned off, or the request does not identify the user (see `personal_routes` in `/health`)."
                }
                ProblemKind::NoRoute => "There is no such route.",
                ProblemKind::MethodNotAllowed => "The route does not support this method.",
                ProblemKind::TooLarge => "The body is too large.",
                ProblemKind::Internal => "The service failed.",
                ProblemKind::Unavailable => {
                    "What is known about the user cannot be read at the moment. Another try may succeed."
                }
            };
            // Two kinds may have one status.
            let response = responses
                .entry(kind.status().as_str())
                .or_insert_with(|| json!({ "description": "", "content": content }));
            let before = response["description"].as_str().unwrap_or_default();
            response["description"] = format!("{before} {description}").trim_start().into();
        }
        responses
    }

    fn parameter(&self, spec: &Spec) -> Value {
        let schema = schema(spec, self.facts);
        let (name, about) = (spec.name, spec.about);
        if spec.is_in_path {
            return json!({
                "name": name, "in": "path", "required": true, "description": about, "schema": schema,
            });
        }
        let is_required = matches!(spec.absent, Absent::Refused(_));
        let mut parameter = json!({
            "name": name,
            "in": "query",
            "required": is_required,
            "description": about,
            "schema": schema,
            // An empty one counts as not given.
            "allowEmptyValue": !is_required,
        });
        match spec.values {
            Values::Ids(_) => {
                set(&mut parameter, "style", "form");
                set(&mut parameter, "explode", false);
            }
            // A query has more words for them than a body.
            Values::Flag => {
                let schema = json!({ "enum": [true, false, 1, 0, "yes", "no"], "default": false });
                set(&mut parameter, "schema", schema);
            }
            _ => {}
        }
        parameter
    }

    /// Returns the schema of a body with ratings. A field of the list may be `null`, which counts as not
    /// given.
    fn body(&self, fields: &dyn Describe) -> Value {
        let mut properties = Map::new();
        properties.insert(RATINGS.name.to_owned(), described(&RATINGS, self.facts));
        for spec in fields.specs() {
            let mut field = described(&spec, self.facts);
            if let Values::Several(one) = spec.values {
                let item = schema(&Spec { values: *one, ..spec }, self.facts);
                let type_if_several = schema(&spec, self.facts);
                field = json!({ "anyOf": [item, type_if_several, { "type": "null" }], "description": spec.about });
                properties.insert(spec.name.to_owned(), field);
                continue;
            }
            let type_if_given = field.get("type").cloned();
            set(&mut field, "type", json!([type_if_given, "null"]));
            if let Some(allowed) = field.get_mut("enum").and_then(Value::as_array_mut) {
                allowed.push(Value::Null);
            }
            properties.insert(spec.name.to_owned(), field);
        }
        json!({
            "type": "object",
            "properties": properties,
            "required": [RATINGS.name],
            "additionalProperties": false,
        })
    }

    /// Returns the schemas of all types that were written. A field `platform` has a platform of the release.
    fn schemas(mut self) -> Map<String, Value> {
        let mut types = self.types.take_definitions(true);
        let fields =
            types.values_mut().filter_map(|schema| schema.get_mut("properties")?.get_mut("platform"));
        for field in fields.filter(|_| !self.facts.platforms.is_empty()) {
            match field.pointer_mut("/anyOf") {
                // One or several.
                Some(Value::Array(of)) => {
                    if let [one, several, ..] = of.as_mut_slice() {
                        set(one, "enum", json!(self.facts.platforms));
                        if let Some(items) = several.get_mut("items") {
                            set(items, "enum", json!(self.facts.platforms));
                        }
                    }
                }
                _ => set(field, "enum", json!(self.facts.platforms)),
            }
        }
        types
    }
}

/// Returns the problems an operation may answer with.
fn problems(operation: &Operation) -> Vec<ProblemKind> {
    let mut kinds = operation.problems.to_vec();
    match operation.input {
        Input::Nothing => {}
        Input::Params(_) => kinds.push(ProblemKind::InvalidParameter),
        Input::Ratings(_) => kinds.extend([ProblemKind::InvalidParameter, ProblemKind::TooLarge]),
    }
    if matches!(operation.answer, Answer::Json(_) | Answer::JsonObject) {
        kinds.push(ProblemKind::Internal);
    }
    kinds
}

/// Sets a field of an object.
fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}

/// Returns the schema of a parameter.
fn schema(spec: &Spec, facts: &Facts) -> Value {
    let Facts { platforms, scale } = facts;
    let id = || json!({ "type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES, "pattern": ID_PATTERN });
    let mut schema = match spec.values {
        Values::Text => json!({ "type": "string", "maxLength": MAX_TEXT }),
        Values::Platform if platforms.is_empty() => json!({ "type": "string", "maxLength": MAX_TEXT }),
        Values::Platform => json!({ "type": "string", "enum": platforms }),
        Values::Id => id(),
        Values::Ids(most) => json!({ "type": "array", "items": id(), "maxItems": most }),
        Values::Whole(_, low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Values::Number(_, low, high) => json!({ "type": "number", "minimum": low, "maximum": high }),
        Values::Score => {
            let (low, high) = score_range(*scale);
            json!({ "type": "number", "minimum": low, "maximum": high })
        }
        Values::Flag => json!({ "type": "boolean" }),
        Values::Several(of) => {
            let items = schema(&Spec { values: *of, ..*spec }, facts);
            json!({ "type": "array", "items": items, "maxItems": MAX_VALUES })
        }
        Values::OneOf(words) => json!({ "type": "string", "enum": words }),
        Values::Ratings(most) => {
            let rating = json!({
                "type": "object",
                "properties": {
                    "id": id(),
                    "rating": { "type": "number", "minimum": rounded(scale.low()), "maximum": rounded(scale.high()) },
                },
                "required": ["id", "rating"],
                "additionalProperties": false,
            });
            json!({ "type": "array", "items": rating, "maxItems": most })
        }
    };
    match spec.absent {
        Absent::Default(default) => set(&mut schema, "default", default),
        Absent::False => set(&mut schema, "default", false),
        Absent::Ignored | Absent::Refused(_) => {}
    }
    schema
}

/// Returns the schema of a parameter with its description in it.
fn described(spec: &Spec, facts: &Facts) -> Value {
    let mut schema = schema(spec, facts);
    set(&mut schema, "description", spec.about);
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_of_an_id_is_the_rule_of_the_catalog() {
        let most = ID_PATTERN.rsplit_once("]{1,").unwrap().1;
        assert_eq!(most, format!("{MAX_ID_BYTES}}}$"));
        for c in (0..=0x2ff).filter_map(char::from_u32).filter(|c| !c.is_whitespace() || c.is_control()) {
            let fits = !matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}');
            assert_eq!(catalog::check_id(c.to_string().as_bytes()).is_ok(), fits, "{c:?}");
        }
    }
}
