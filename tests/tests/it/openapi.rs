//! The OpenAPI document against the route table, the handlers, and the README.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use api::{Function, Method, ROUTES};
use serde_json::{Value, json};

use crate::gateway::{Asked, Origin, answer, raw_answer};

/// The document, as one function gives it.
pub(crate) async fn document() -> Value {
    let (status, content_type, body) =
        answer(&Asked::get(Function::GetActor, "/openapi.json", ""), Origin::Gateway).await;
    assert_eq!((status, content_type.as_str()), (200, "application/json"));
    body
}

/// Every reference of a value, and every schema that it could mean.
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
        for (method, said) in methods.as_object().unwrap() {
            let summary = said["summary"].as_str().unwrap();
            let function = said["tags"][0].as_str().unwrap();
            assert!(operation_ids.insert(said["operationId"].to_string()), "{said}");
            found.insert((path.as_str(), method.to_uppercase()), (summary, function));
        }
    }
    let table = ROUTES.iter().map(|route| {
        ((route.path, route.method.as_str().to_owned()), (route.summary, route.function.name()))
    });
    assert_eq!(found, table.collect());

    let mut named = BTreeSet::new();
    references(&document, &mut named);
    assert!(named.contains("#/components/schemas/Problem"));
    for reference in named {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
    }
}

/// A route names its parameters where it refuses one that it does not have: those of the document.
#[tokio::test]
async fn the_parameters_of_the_document_are_those_that_handlers_take() {
    let document = document().await;
    for route in ROUTES.iter().filter(|route| !route.endpoint.is_everywhere()) {
        let said = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let parameters = said["parameters"].as_array().unwrap();
        let of = |place: &str| -> Vec<&str> {
            let there = parameters.iter().filter(|p| p["in"] == place);
            there.map(|p| p["name"].as_str().unwrap()).collect()
        };
        let in_path: Vec<&str> =
            route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(of("path").len(), in_path.len(), "{}", route.path);
        let path =
            route.path.split('{').next().unwrap().to_owned() + if in_path.is_empty() { "" } else { "x1" };
        let (asked, mut expected) = match route.method {
            Method::Get => (Asked::get(route.function, path.leak(), "color=red"), of("query")),
            Method::Post => {
                let schema = &said["requestBody"]["content"]["application/json"]["schema"];
                let fields = schema["properties"].as_object().unwrap().keys();
                (Asked::post(r#"{"ratings":[],"color":"red"}"#), fields.map(String::as_str).collect())
            }
        };
        let (status, _, body) = answer(&asked, Origin::Gateway).await;
        assert_eq!(status, 400, "{body}");
        let refused = body["errors"].as_array().unwrap().iter().find(|e| e["parameter"] == "color").unwrap();
        let known = refused["problem"].as_str().unwrap().split_once("there are ").unwrap().1;
        let mut known: Vec<&str> = known.split(", ").filter(|name| !name.is_empty()).collect();
        known.sort_unstable();
        expected.sort_unstable();
        assert_eq!(known, expected, "{}", route.path);
    }
}

/// A path of the document takes its parameter by the name that the table gives it.
#[tokio::test]
async fn a_path_parameter_has_the_name_in_the_path() {
    for (path, methods) in document().await["paths"].as_object().unwrap() {
        for said in methods.as_object().unwrap().values() {
            for parameter in said["parameters"].as_array().unwrap().iter().filter(|p| p["in"] == "path") {
                assert!(path.contains(&format!("{{{}}}", parameter["name"].as_str().unwrap())), "{path}");
                assert_eq!(parameter["required"], true);
            }
        }
    }
}

#[tokio::test]
async fn the_document_is_the_same_from_every_function_and_stays_as_it_was() {
    let document = document().await;
    for function in Function::ALL {
        let (_, _, body) = answer(&Asked::get(function, "/openapi.json", ""), Origin::FunctionUrl).await;
        assert_eq!(body, document, "{}", function.name());
    }
    let mut document = document;
    assert_eq!(document["info"]["version"].take(), env!("CARGO_PKG_VERSION"));
    insta::assert_json_snapshot!("document", document);
}

/// The page and what it loads come from here, as what they are, under a policy that lets it load nothing else.
#[tokio::test]
async fn the_page_is_served_whole() {
    let mut texts = BTreeMap::new();
    for (path, media) in
        [("/docs", "text/html"), ("/docs/docs.js", "text/javascript"), ("/docs/docs.css", "text/css")]
    {
        let response = raw_answer(&Asked::get(Function::GetActor, path, ""), Origin::Stage).await;
        assert_eq!(response["statusCode"], 200);
        assert_eq!(response["isBase64Encoded"], json!(false), "text leaves as text");
        assert_eq!(response["headers"]["content-type"], format!("{media}; charset=utf-8"));
        let policy = response["headers"]["content-security-policy"].as_str().unwrap();
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        texts.insert(path, response["body"].as_str().unwrap().to_owned());
    }
    for (path, text) in &texts {
        assert!(!text.contains("http:") && !text.contains("https:"), "{path} names another place");
        assert!(
            !text.contains(" style=") && !text.contains("<script>"),
            "{path} has code that the policy forbids"
        );
    }
    for asset in ["docs/docs.css", "docs/docs.js", "openapi.json"] {
        assert!(
            texts["/docs"].contains(&format!("\"{asset}\"")),
            "relative, so that a stage may stand before"
        );
    }
}

#[test]
fn the_readme_names_every_route() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    for route in ROUTES.iter().filter(|route| !route.path.starts_with("/docs/")) {
        let row = format!("| `{} {}` |", route.method.as_str(), route.path);
        assert!(readme.contains(&row), "the README has no row {row}");
    }
}
