//! The OpenAPI document compared with the route table, and with the reference in `docs/api.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use api::{Function, ProblemKind, ROUTES};
use serde_json::{Value, json};

use crate::gateway::{Asked, Origin, answer, raw_answer};

/// Returns the document, as one function gives it.
pub(crate) async fn document() -> Value {
    let (status, content_type, body) =
        answer(&Asked::of(Function::GET_ACTOR, "/openapi.json", ""), Origin::Gateway).await;
    assert_eq!((status, content_type.as_str()), (200, "application/json"));
    body
}

/// Collects every reference in a value.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_has_the_routes_of_the_table_and_no_other() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = BTreeMap::new();
    let mut operation_ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let summary = operation["summary"].as_str().unwrap();
            let function = operation["tags"][0].as_str().unwrap();
            assert!(operation_ids.insert(operation["operationId"].to_string()), "{operation}");
            found.insert((path.as_str(), method.to_uppercase()), (summary, function));
        }
    }
    let table = ROUTES
        .iter()
        .map(|route| ((route.path, route.method.as_str().to_owned()), (route.summary, route.function)));
    assert_eq!(found, table.collect());

    let mut named = BTreeSet::new();
    references(&document, &mut named);
    assert!(named.contains("#/components/schemas/Problem"));
    for reference in named {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
    }
}

/// A path parameter of the document has the name that the route has for it.
#[tokio::test]
async fn a_path_parameter_has_the_name_in_the_path() {
    for (path, methods) in document().await["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            for parameter in operation["parameters"].as_array().unwrap().iter().filter(|p| p["in"] == "path")
            {
                assert!(path.contains(&format!("{{{}}}", parameter["name"].as_str().unwrap())), "{path}");
                assert_eq!(parameter["required"], true);
            }
        }
    }
}

#[tokio::test]
async fn the_document_lists_every_kind_of_problem() {
    let document = document().await;
    let listed = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    assert_eq!(*listed, json!(ProblemKind::ALL.map(ProblemKind::urn)));
}

#[tokio::test]
async fn the_document_is_the_same_from_every_function_and_stays_as_it_was() {
    let document = document().await;
    for function in Function::ALL {
        let (_, _, body) = answer(&Asked::of(function, "/openapi.json", ""), Origin::FunctionUrl).await;
        assert_eq!(body, document, "{}", function.name());
    }
    let mut document = document;
    assert_eq!(document["info"]["version"].take(), env!("CARGO_PKG_VERSION"));
    insta::assert_json_snapshot!("document", document);
}

/// The page and its files come from one origin, under a policy that lets the page load nothing else.
#[tokio::test]
async fn the_page_is_served_whole() {
    let mut texts = BTreeMap::new();
    for (path, media) in
        [("/docs", "text/html"), ("/docs/docs.js", "text/javascript"), ("/docs/docs.css", "text/css")]
    {
        let response = raw_answer(&Asked::of(Function::GET_ACTOR, path, ""), Origin::Stage).await;
        assert_eq!(response["statusCode"], 200);
        assert_eq!(response["isBase64Encoded"], json!(false), "text leaves as text");
        assert_eq!(response["headers"]["content-type"], format!("{media}; charset=utf-8"));
        let policy = response["headers"]["content-security-policy"].as_str().unwrap();
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        texts.insert(path, response["body"].as_str().unwrap().to_owned());
    }
    for (path, text) in &texts {
        assert!(!text.contains("http:") && !text.contains("https:"), "{path} names another origin");
        assert!(
            !text.contains(" style=") && !text.contains("<script>"),
            "{path} has code that the policy forbids"
        );
    }
    for asset in ["docs/docs.css", "docs/docs.js", "openapi.json"] {
        assert!(
            texts["/docs"].contains(&format!("\"{asset}\"")),
            "relative, because there may be a stage in front"
        );
    }
}

#[test]
fn the_reference_names_every_route() {
    let reference = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md")).unwrap();
    for route in ROUTES.iter().filter(|route| !route.path.starts_with("/docs/")) {
        let row = format!("| `{} {}` |", route.method.as_str(), route.path);
        assert!(reference.contains(&row), "docs/api.md has no row {row}");
    }
}
