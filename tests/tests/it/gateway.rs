//! Every handler on the events that API Gateway and function URLs send, without a server. An event goes in as
//! the JSON text that the runtime gets, and the answer is the JSON text that the runtime sends back.
//!
//! What holds for every route is taken from the route table and the OpenAPI document, so that a new route is
//! tested without a new line here.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;

use api::{Function, Method, PersonalRoutes, ProblemKind, ROUTES, Route, lambda};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use http_body_util::BodyExt as _;
use lambda_http::tower::ServiceExt;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use store::Store;
use tests::small_release;

use crate::openapi;

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Origin {
    /// HTTP API (payload 2.0), stage `$default`.
    Gateway,
    /// HTTP API with a named stage, which is in front of the path.
    Stage,
    /// Function URL.
    FunctionUrl,
}

/// One request, before it is an event.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    function: Function,
    method: &'static str,
    path: String,
    query: String,
    body: Option<String>,
    base64: bool,
    /// Whether the release has a ranking model.
    ranking: bool,
    /// Headers besides those of every event.
    headers: Vec<(&'static str, String)>,
}

impl Asked {
    /// A request to the function that the route table has for the path.
    pub(crate) fn get(path: &str, query: &str) -> Self {
        let route = ROUTES.iter().find(|route| fits(route.path, path));
        let route = route.unwrap_or_else(|| panic!("no route fits {path}; name the function"));
        Self::of(function_of(route), path, query)
    }

    /// A request to a function, whether it has such a route or not.
    pub(crate) fn of(function: Function, path: &str, query: &str) -> Self {
        let (path, query) = (path.to_owned(), query.to_owned());
        let headers = Vec::new();
        Self { function, method: "GET", path, query, body: None, base64: false, ranking: false, headers }
    }

    fn with(mut self, header: &'static str, value: &str) -> Self {
        self.headers.push((header, value.to_owned()));
        self
    }

    /// Recommendations for somebody new.
    pub(crate) fn post(body: impl Into<String>) -> Self {
        let body = Some(body.into());
        Self { method: "POST", body, ..Self::of(Function::RECOMMEND, "/recommendations", "") }
    }

    fn line(&self) -> String {
        let sign = if self.query.is_empty() { "" } else { "?" };
        let body = match &self.body {
            Some(body) if body.len() > 200 => format!(" ({} bytes)", body.len()),
            Some(body) => format!(" {body}"),
            None => String::new(),
        };
        format!("{} {}{sign}{}{body}", self.method, self.path, self.query)
    }

    /// The event, with the fields and the shapes that the service documents for payload format 2.0.
    fn event(&self, origin: Origin) -> Value {
        let (stage, domain) = match origin {
            Origin::Gateway => ("$default", "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"),
            Origin::Stage => ("prod", "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"),
            Origin::FunctionUrl => ("$default", "a1b2c3d4e5.lambda-url.eu-west-1.on.aws"),
        };
        let prefix = domain.split('.').next();
        let path = if origin == Origin::Stage { format!("/prod{}", self.path) } else { self.path.clone() };
        let mut headers = json!({
            "accept": "*/*",
            "host": domain,
            "user-agent": "curl/8.5.0",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        });
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": self.query,
            "requestContext": {
                "accountId": if origin == Origin::FunctionUrl { "anonymous" } else { "123456789012" },
                "apiId": prefix,
                "domainName": domain,
                "domainPrefix": prefix,
                "http": {
                    "method": self.method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                    "userAgent": "curl/8.5.0",
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": "$default",
                "stage": stage,
                "time": "12/Mar/2024:19:03:58 +0000",
                "timeEpoch": 1_710_270_238_000_u64,
            },
            "isBase64Encoded": self.base64,
        });
        if let Some(body) = &self.body {
            headers["content-type"] = "application/json".into();
            headers["content-length"] = body.len().to_string().into();
            event["body"] = body.as_str().into();
        }
        event["headers"] = headers;
        event
    }
}

/// Status, content type, body.
type Answer = (u64, String, Value);

/// Returns the response of one function to one event, through the adapter that the runtime runs.
pub(crate) async fn raw_answer(asked: &Asked, origin: Origin) -> Value {
    let store =
        if asked.ranking { small_release::store_with_ranking().await } else { small_release::store().await };
    let router = api::load(&[asked.function], Arc::new(store), PersonalRoutes::Open).await.unwrap();
    let service = lambda::events(lambda::service(router));
    let mut event = asked.event(origin);
    for (name, value) in &asked.headers {
        event["headers"][name] = value.as_str().into();
    }
    let payload = serde_json::from_str(&event.to_string()).unwrap();
    let response = service.oneshot(LambdaEvent::new(payload, Context::default())).await.unwrap();
    serde_json::to_value(response).unwrap()
}

/// Does the same, for an answer whose body is JSON.
pub(crate) async fn answer(asked: &Asked, origin: Origin) -> Answer {
    let response = raw_answer(asked, origin).await;
    assert_eq!(response["isBase64Encoded"], false, "JSON leaves as text: {response}");
    let content_type = response["headers"]["content-type"].as_str().unwrap().to_owned();
    let body = response["body"].as_str().unwrap();
    (response["statusCode"].as_u64().unwrap(), content_type, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn the_pages_answer_every_origin() {
    for (path, content_type) in [("/", "text/html"), ("/site/app.js", "text/javascript")] {
        // An event does not say which function it is for.
        let asked = Asked::of(Function::RECOMMEND, path, "");
        for origin in [Origin::Gateway, Origin::Stage, Origin::FunctionUrl] {
            let service = lambda::events(lambda::service(api::site::router()));
            let payload = serde_json::from_str(&asked.event(origin).to_string()).unwrap();
            let response = service.oneshot(LambdaEvent::new(payload, Context::default())).await.unwrap();
            let response = serde_json::to_value(response).unwrap();
            assert_eq!(response["statusCode"], 200, "{path} from {origin:?}");
            assert_eq!(response["isBase64Encoded"], false, "{path} leaves as text");
            assert!(response["headers"]["content-type"].as_str().unwrap().starts_with(content_type));
            assert!(response["headers"]["content-security-policy"].is_string());
        }
    }
}

/// A role allows the kinds that a function declares, and no others.
#[tokio::test]
async fn every_function_starts_with_the_kinds_that_it_declares() {
    for function in Function::ALL {
        let store = small_release::store_with_ranking().await;
        let manifest = store::current(&store).await.unwrap().manifest;
        let declared = |kind| function.kinds().contains(&kind) || function.optional_kinds().contains(&kind);
        for entry in manifest.artifacts.iter().filter(|entry| !declared(entry.kind)) {
            store.delete(&entry.key()).await.unwrap();
        }
        let started = api::load(&[function], Arc::new(store), PersonalRoutes::Open).await;
        assert!(started.is_ok(), "{}: {:?}", function.name(), started.err());
    }
}

/// Asks the same from every origin, and expects one answer.
async fn ask(asked: &Asked) -> Answer {
    let first = answer(asked, Origin::Gateway).await;
    for origin in [Origin::Stage, Origin::FunctionUrl] {
        assert_eq!(answer(asked, origin).await, first, "{} from {origin:?}", asked.line());
    }
    first
}

/// Questions and answers, for a snapshot.
async fn dialogue(questions: &[Asked], content_type: &str) -> Vec<Value> {
    let mut dialogue = Vec::new();
    let document = openapi::document().await;
    for asked in questions {
        let (status, found_type, body) = ask(asked).await;
        assert_eq!(found_type, content_type, "{}: {body}", asked.line());
        if content_type == "application/problem+json" {
            assert_eq!(body["status"], status, "{}", asked.line());
            let kind = ProblemKind::ALL.into_iter().find(|kind| body["type"] == kind.urn());
            assert_eq!(kind.map(|kind| u64::from(kind.status().as_u16())), Some(status), "{body}");
        }
        if let Some(operation) = documented(&document, asked) {
            let response = &operation["responses"][status.to_string()];
            assert!(response["content"][content_type].is_object(), "{}: not in the document", asked.line());
        }
        dialogue.push(json!({ "asked": asked.line(), "status": status, "body": body }));
    }
    dialogue
}

/// Returns what the document says about the route that is asked; `None` if there is no such route or method.
fn documented<'a>(document: &'a Value, asked: &Asked) -> Option<&'a Value> {
    let is_asked = |route: &&Route| route.function == asked.function.name() && fits(route.path, &asked.path);
    let route = ROUTES.iter().find(is_asked)?;
    document["paths"][route.path].get(asked.method.to_lowercase())
}

/// Returns whether a path is one of a route.
fn fits(route: &str, path: &str) -> bool {
    let (route, path) = (route.split('/'), path.split('/'));
    route.clone().count() == path.clone().count()
        && route.zip(path).all(|(part, given)| part.starts_with('{') || part == given)
}

/// Returns the function that a gateway sends a route to.
fn function_of(route: &Route) -> Function {
    Function::ALL.into_iter().find(|function| function.name() == route.function).unwrap()
}

/// Returns the routes that one function alone answers.
fn own_routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| !route.is_everywhere)
}

/// Returns a path of a route, with this text in place of its parameter.
fn path_with(route: &Route, parameter: &str) -> String {
    let is_parameter = |part: &&str| part.starts_with('{');
    let parts = route.path.split('/').map(|part| if is_parameter(&part) { parameter } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Asks a route for the least it takes, by parameters that the small release has an answer for.
fn plain_question(document: &Value, route: &Route) -> Asked {
    let value_of = |name: &str| match name {
        "platform" => "amazon",
        "year" => "2018",
        "scored" => "3",
        "user_id" => "1",
        "id" if route.path.starts_with("/users/") => "1",
        "id" => "ns1",
        _ => panic!("{}: what is a {name} of the small release?", route.path),
    };
    let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
    let parameters = operation["parameters"].as_array().unwrap();
    let required = parameters.iter().filter(|parameter| parameter["required"] == true);
    let (in_path, in_query): (Vec<&Value>, Vec<&Value>) = required.partition(|p| p["in"] == "path");
    let name = |parameter: &Value| parameter["name"].as_str().unwrap().to_owned();
    let query = in_query.into_iter().map(name).map(|name| format!("{name}={}", value_of(&name)));
    let path = in_path.first().map_or_else(String::new, |parameter| value_of(&name(parameter)).to_owned());
    Asked::get(&path_with(route, &path), &query.collect::<Vec<_>>().join("&"))
}

#[tokio::test]
async fn every_route_answers() {
    let questions = [
        Asked::get("/get_max_duration", "year=2018&platform=netflix&duration_type=min"),
        Asked::get("/get_max_duration", "year=2018&platform=Amazon"),
        Asked::get("/get_max_duration", "duration_type=season"),
        Asked::get("/get_score_count", "platform=amazon&scored=3&year=2018"),
        Asked::get("/get_score_count", "platform=amazon&scored=4.5&year=2018"),
        Asked::get("/get_score_count", "platform=hulu&scored=0&year=1990"),
        Asked::get("/get_count_platform", "platform=NETFLIX"),
        Asked::get("/get_count_platform", "platform=hulu"),
        Asked::get("/get_actor", "platform=amazon&year=2018"),
        Asked::get("/recommendations/1", "n=2"),
        Asked::get("/recommendations/1", "kind=movie&genre=COMED&year_from=2019&year_to=2021"),
        Asked::get("/recommendations/ana%40casa", "platform=amazon&reasons=0"),
        Asked::get("/recommendations/1", "audience=PG-13&min_ratings=1&exclude=ns1&reasons=1"),
        Asked::get("/recommendations/1", "include_seen=true&all_editions=true&reasons=0"),
        Asked::get("/recommendations/1", "exclude=hs2,%20as3&reasons=0"),
        Asked::get("/recommendations/1", "n=3&diversity=0.75&reasons=0"),
        Asked::get("/recommendations/nobody", "n=3"),
        Asked::post(r#"{"ratings":[{"id":"ns1","rating":4.5}],"n":2}"#),
        Asked::post(r#"{"ratings":[],"n":1}"#),
        Asked::post(
            r#"{"ratings":[{"id":"ns1","rating":4.5},{"id":"as1","rating":2}],"n":3,"kind":"Movie","audience":null,
            "genre":"comed","year_from":2018,"min_ratings":1,"exclude":["as3"],"include_seen":false,
            "all_editions":true,"diversity":0.5,"reasons":2}"#,
        ),
        Asked::get("/predict", "user_id=1&id=ns1"),
        Asked::get("/predict", "user_id=ana%40casa&id=as1"),
        Asked::get("/predict", "user_id=nobody&id=as1"),
        Asked::get("/similar/ns1", "n=2"),
        Asked::get("/similar/hs2", "kind=movie&min_ratings=1"),
        Asked::get("/titles", "q=CAFE"),
        Asked::get("/titles", "q=hrabour+li"),
        Asked::get("/titles", "q=reel&kind=movie&year_from=2020"),
        Asked::get("/titles", "q=short&all_editions=true&genre=comed"),
        Asked::get("/titles", "q=nothing+like+it"),
        Asked::get("/titles", "limit=2&platform=amazon"),
        Asked::get("/titles/hs2", ""),
        Asked::get("/users/2", ""),
        Asked::get("/users/2", "limit=1"),
        Asked::get("/users/ana%40casa", "limit=1"),
        Asked { ranking: true, ..Asked::get("/eda", "") },
        // Several values of a filter, and other spellings.
        Asked::get("/get_count", ""),
        Asked::get("/get_count", "platform=hulu&platform=Netflix&kind=movie,series&by=platform"),
        Asked::get("/get_count", "year=2018,2020&genre=drama,comed&audience=PG-13&by=year"),
        Asked { ranking: true, ..Asked::get("/get_count", "canonical_genre=DRAMA&by=canonical_genre") },
        Asked { ranking: true, ..Asked::get("/titles", "genre=comedy&limit=1") },
        Asked::get("/titles", "platform=hulu,netflix&genre=drama&genre=comed&all_editions=True"),
        Asked::get("/titles", "audience=16+"),
        Asked::get("/recommendations/1", "include_seen=YES&all_editions=0&n=1&reasons=0"),
        Asked::get("/similar/ns1", "kind=movie&kind=series&audience=16+,pg-13&n=2"),
        Asked::get("/recommendations/1", "exclude=hs2&exclude=as3,zz9&n=1&reasons=0"),
        Asked::post(
            r#"{"ratings":[{"id":"zz9","rating":4.5},{"id":"ns1","rating":4.5},{"id":"zz9","rating":1}],
            "exclude":["zz8","as3"],"platform":["netflix","hulu"],"kind":"movie,series","n":2,"reasons":0}"#,
        ),
    ];
    // What nobody asks above.
    let document = openapi::document().await;
    let is_asked = |route: &&Route| {
        questions.iter().any(|q| q.method == route.method.as_str() && fits(route.path, &q.path))
    };
    let in_json = |route: &&Route| {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        operation["responses"]["200"]["content"]["application/json"].is_object()
    };
    let others = own_routes().filter(|route| in_json(route) && !is_asked(route));
    let others: Vec<Asked> = others.map(|route| plain_question(&document, route)).collect();
    let dialogue = dialogue(&[&questions[..], &others].concat(), "application/json").await;
    assert!(dialogue.iter().all(|d| d["status"] == 200));
    insta::assert_json_snapshot!("answers", dialogue);
}

/// Each function answers its own routes, and those of every function.
#[tokio::test]
async fn every_function_answers_its_routes() {
    let document = openapi::document().await;
    for route in own_routes().filter(|route| route.method == Method::Get) {
        let asked = Asked { ranking: true, ..plain_question(&document, route) };
        assert_eq!(raw_answer(&asked, Origin::Gateway).await["statusCode"], 200, "{}", asked.line());
    }
    for route in ROUTES.iter().filter(|route| route.is_everywhere) {
        for function in Function::ALL {
            let asked = Asked::of(function, route.path, "");
            let response = raw_answer(&asked, Origin::Gateway).await;
            assert_eq!(response["statusCode"], 200, "{} from {}", route.path, function.name());
        }
    }
}

/// The names of the parameters that a problem refuses, without the position in a list.
fn refused(problem: &Value) -> BTreeSet<String> {
    let errors = problem["errors"].as_array().unwrap().iter();
    let names = errors.map(|error| error["parameter"].as_str().unwrap());
    names.map(|name| name.split('[').next().unwrap().to_owned()).collect()
}

/// One problem names every parameter that is wrong, in the path and in the query, or in the body. The
/// parameters are those of the document: a handler that takes another one, or does not look at one, fails
/// here.
#[tokio::test]
async fn every_wrong_parameter_is_reported_at_once() {
    let document = openapi::document().await;
    let long = "x".repeat(257);
    for route in own_routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let parameters = operation["parameters"].as_array().unwrap();
        let name = |parameter: &Value| parameter["name"].as_str().unwrap().to_owned();
        let mut expected: BTreeSet<String> = parameters.iter().map(name).collect();
        expected.insert("color".to_owned());
        let asked = match route.method {
            Method::Get => {
                let in_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
                let query = in_query.map(|parameter| format!("{}={long}", name(parameter)));
                let query = query.chain(["color=red".to_owned()]).collect::<Vec<_>>().join("&");
                Asked::get(&path_with(route, "a%07b"), &query)
            }
            Method::Post => {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                let fields = schema["properties"].as_object().unwrap().keys();
                let mut body = json!({ "color": "red", "ratings": [{ "id": "ns1", "rating": 9 }] });
                for field in fields.filter(|field| *field != "ratings") {
                    body[field] = json!({});
                }
                expected.extend(body.as_object().unwrap().keys().cloned());
                Asked::post(body.to_string())
            }
        };
        let (status, _, problem) = answer(&asked, Origin::Gateway).await;
        assert_eq!(
            (status, &problem["type"]),
            (400, &json!(ProblemKind::InvalidParameter.urn())),
            "{problem}"
        );
        assert_eq!(refused(&problem), expected, "{} {}", route.method.as_str(), route.path);
    }
}

/// A path that is not text is refused by the name of its parameter, together with the query.
#[tokio::test]
async fn a_path_that_is_not_text_is_reported_with_the_query() {
    for route in own_routes().filter(|route| route.path.contains('{')) {
        let asked = Asked::get(&path_with(route, "%FF"), "color=red");
        let (status, _, problem) = answer(&asked, Origin::FunctionUrl).await;
        let name = route.path.split(['{', '}']).nth(1).unwrap();
        assert_eq!(
            (status, refused(&problem)),
            (400, ["color".to_owned(), name.to_owned()].into()),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_problem_of_the_body() {
    let store = Arc::new(small_release::store().await);
    let router = api::load(&[Function::RECOMMEND], store, PersonalRoutes::Open).await.unwrap();
    let pieces = [Ok("{\"ratings\":"), Err(std::io::Error::other("an invalid chunk"))];
    let body = axum::body::Body::from_stream(futures_util::stream::iter(pieces));
    let response = router.oneshot(axum::http::Request::post("/recommendations").body(body).unwrap()).await;
    let (head, body) = response.unwrap().into_parts();
    let problem: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!((head.status.as_u16(), refused(&problem)), (400, ["body".to_owned()].into()), "{problem}");
}

#[tokio::test]
async fn every_problem_says_what_is_wrong() {
    let questions = [
        // Missing.
        Asked::get("/get_count_platform", ""),
        Asked::get("/get_score_count", "platform=&year=2018"),
        Asked::get("/predict", "id=ns1"),
        // Malformed.
        Asked::get("/get_actor", "platform=amazon&year=MMXVIII"),
        Asked::get("/get_max_duration", "duration_type=hours"),
        Asked::get("/recommendations/1", "kind=podcast&n=many"),
        Asked::get("/recommendations/a%07b", ""),
        Asked::get("/similar/%FF", ""),
        // Out of range.
        Asked::get("/get_score_count", "platform=amazon&scored=5.5&year=0"),
        Asked::get("/get_score_count", "platform=amazon&scored=NaN&year=2018"),
        Asked::get("/recommendations/1", "n=0"),
        Asked::get("/recommendations/1", "n=101"),
        Asked::get(
            "/recommendations/1",
            "min_ratings=1000001&include_seen=yes&all_editions=1&diversity=1.5&reasons=11&exclude=ns1,,a%07b",
        ),
        Asked::get("/similar/ns1", "min_ratings=-1&year_from=0&diversity=0.5"),
        Asked::get("/recommendations/1", "year_from=2020&year_to=2019"),
        Asked::get("/titles", "limit=0&cursor=2&kind=podcast"),
        Asked::get("/titles", "cursor=1.0123456789abcdef"),
        Asked::get("/titles/a%07b", ""),
        Asked::get("/users/a%07b", "limit=101"),
        Asked::get("/recommendations/a%07b", "n=0&platform=hulu&platform=amazon"),
        Asked::get("/similar/%FF", "n=0"),
        // Not in this release.
        Asked::get("/get_count_platform", "platform=disney"),
        Asked::get("/get_score_count", "platform=disney&scored=3&year=2018"),
        Asked::get("/get_max_duration", "platform=disney"),
        Asked::get("/get_actor", "platform=disney&year=2018"),
        Asked::get("/recommendations/1", "platform=disney"),
        Asked::get("/recommendations/1", "genre=western"),
        Asked { ranking: true, ..Asked::get("/titles", "genre=western") },
        Asked { ranking: true, ..Asked::get("/get_count", "canonical_genre=western") },
        Asked::get("/recommendations/1", "audience=tv"),
        Asked::get("/similar/ns1", "audience=tv"),
        // Given twice, and unknown.
        Asked::get("/get_count_platform", "platform=hulu&platform=netflix"),
        Asked::get("/get_count_platform", "platform=hulu&color=red"),
        // Bodies.
        Asked::post(""),
        Asked::post("ratings=5"),
        Asked::post(r#"{"n":3}"#),
        Asked::post(r#"{"ratings":[{"id":"ns1","rating":4.5}],"color":"red"}"#),
        Asked::post(
            r#"{"ratings":[{"id":"ns1","rating":6},{"id":"a\u0007b","rating":3}],"n":1000,"kind":"podcast"}"#,
        ),
        Asked::post(r#"{"ratings":[{"id":"ns1","rating":"five"}]}"#),
        Asked::post(r#"{"ratings":[],"platform":[null],"genre":["",5]}"#),
        Asked::post(
            r#"{"ratings":[],"n":"3","kind":5,"genre":["dramas"],"year_from":2018.5,"min_ratings":-1,"diversity":true,
            "include_seen":"true","exclude":"ns1,ns2","reasons":2,"reasons":3}"#,
        ),
        Asked::post(r#"{"ratings":[],"exclude":["ns1",5,"a\u0007b"],"year_from":2020,"year_to":2019}"#),
        Asked::post(r#"{"ratings":[]} and more"#),
        Asked::post(format!(r#"{{"ratings":[],"exclude":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000))),
        Asked::post(format!(r#"{{"ratings":{}{}}}"#, r#"[{"id":"#.repeat(150), "}]".repeat(150))),
        Asked::post(format!(r#"{{"ratings":[{}]}}"#, " ".repeat(64 * 1024))),
        // Nothing matches.
        Asked::get("/get_max_duration", "year=1890&platform=netflix"),
        Asked::get("/get_actor", "platform=netflix&year=1890"),
        Asked::get("/get_actor", "platform=hulu&year=2018"),
        Asked::get("/predict", "user_id=1&id=zz9"),
        Asked::get("/similar/zz9", ""),
        Asked::post(r#"{"ratings":[{"id":"zz9","rating":4.5}]}"#),
        Asked::post(r#"{"ratings":[],"exclude":["zz9"]}"#),
        Asked::get("/recommendations/1", "exclude=zz9"),
        Asked::post(r#"{"ratings":[{"id":"ns1","rating":4.5}],"exclude":["zz9","zz8"]}"#),
        Asked::get("/titles", "platform=hulu,hbo&kind=movie,podcast"),
        Asked::get("/titles", "platform=hulu,hbo"),
        Asked::get("/get_count", "platform=hbo&platform=hulu&genre=western,drama"),
        Asked::get("/titles/zz9", ""),
        Asked::get("/users/nobody", ""),
        // No such route here, and no such method.
        Asked::of(Function::GET_ACTOR, "/", ""),
        Asked::of(Function::GET_ACTOR, "/get_max_duration", ""),
        Asked::get("/recommendations", ""),
        Asked { method: "DELETE", ..Asked::get("/get_actor", "platform=hulu&year=2018") },
    ];
    insta::assert_json_snapshot!("problems", dialogue(&questions, "application/problem+json").await);
}

#[tokio::test]
async fn a_release_with_a_ranking_model_ranks_by_it() {
    let get = |path, query| Asked { ranking: true, ..Asked::get(path, query) };
    let post = |body: &str| Asked { ranking: true, ..Asked::post(body) };
    let questions = [
        get("/recommendations/1", ""),
        get("/recommendations/2", "n=2"),
        // Likes nothing.
        get("/recommendations/ana%40casa", "n=3"),
        get("/recommendations/nobody", "n=1"),
        post(r#"{"ratings":[{"id":"ns1","rating":4.5},{"id":"hs2","rating":4},{"id":"as1","rating":1}]}"#),
        post(r#"{"ratings":[{"id":"ns1","rating":3.5}],"n":2}"#),
        get("/predict", "user_id=1&id=ns1"),
        get("/similar/as1", "n=2"),
    ];
    insta::assert_json_snapshot!("ranked", dialogue(&questions, "application/json").await);
}

#[tokio::test]
async fn a_ranking_model_that_the_manifest_names_has_to_be_there() {
    let store = small_release::store_with_ranking().await;
    let manifest = store::current(&store).await.unwrap().manifest;
    let key = manifest.artifact(artifact::Kind::RankingModel).unwrap().key();
    store.delete(&key).await.unwrap();
    let error =
        api::load(&[Function::RECOMMEND], Arc::new(store.clone()), PersonalRoutes::Open).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot fetch ranking-model");
    assert!(api::load(&[Function::GET_ACTOR], Arc::new(store), PersonalRoutes::Open).await.is_ok());
}

/// Every parameter means the same in a query and in a body.
#[tokio::test]
async fn a_query_and_a_body_mean_the_same() {
    let pairs = [
        ("n=2", r#""n":2"#),
        ("platform=Amazon", r#""platform":"Amazon""#),
        ("kind=series", r#""kind":"series""#),
        ("genre=DRAMA", r#""genre":"DRAMA""#),
        ("audience=all", r#""audience":"all""#),
        ("year_from=2019&year_to=2021", r#""year_from":2019,"year_to":2021"#),
        ("min_ratings=2", r#""min_ratings":2"#),
        ("all_editions=true", r#""all_editions":true"#),
        ("exclude=hs2,as1", r#""exclude":["hs2","as1"]"#),
        ("include_seen=true", r#""include_seen":true"#),
        ("diversity=0.5", r#""diversity":0.5"#),
        ("reasons=1", r#""reasons":1"#),
    ];
    for (query, fields) in pairs {
        let (status, _, by_query) =
            answer(&Asked::get("/recommendations/nobody", query), Origin::Gateway).await;
        let body = format!(r#"{{"ratings":[],{fields}}}"#);
        let (_, _, by_body) = answer(&Asked::post(body), Origin::Gateway).await;
        assert_eq!((status, &by_query["recommendations"]), (200, &by_body["recommendations"]), "{query}");
        assert!(!by_query["recommendations"].as_array().unwrap().is_empty(), "{query}");
    }
}

/// Every function describes what it serves itself.
#[tokio::test]
async fn health_is_that_of_the_function_asked() {
    let mut answers = Vec::new();
    for (function, ranking) in Function::ALL.map(|function| (function, function == Function::RECOMMEND)) {
        let asked = Asked { ranking, ..Asked::of(function, "/health", "") };
        let (status, _, mut body) = answer(&asked, Origin::Stage).await;
        assert_eq!(status, 200);
        assert!(body["age_seconds"].take().as_u64().unwrap() > 1_700_000_000, "the pointer moved in 1970");
        assert_eq!(body["version"].take(), env!("CARGO_PKG_VERSION"));
        answers.push(body);
    }
    insta::assert_json_snapshot!("health", answers);
}

/// Every function describes how the models were made, with the trials apart from the parameters that were
/// chosen.
#[tokio::test]
async fn the_models_are_described_with_what_was_tried() {
    let asked = |function, ranking| Asked { ranking, ..Asked::of(function, "/model", "") };
    let (status, content_type, body) = answer(&asked(Function::TITLES, true), Origin::Stage).await;
    assert_eq!((status, content_type.as_str()), (200, "application/json"));
    let other = answer(&asked(Function::GET_ACTOR, true), Origin::FunctionUrl).await.2;
    assert_eq!(body, other);
    insta::assert_json_snapshot!(
        "model",
        [body, answer(&asked(Function::TITLES, false), Origin::Stage).await.2]
    );
}

/// The analysis comes as JSON, and as a page that may run its own script and no other.
#[tokio::test]
async fn the_analysis_of_the_data_is_served_if_the_release_has_one() {
    let analysis = tests::golden::analysis();
    for (path, media, text) in [
        ("/eda", "application/json", analysis.json()),
        ("/eda.html", "text/html; charset=utf-8", analysis.page()),
    ] {
        let asked = Asked { ranking: true, ..Asked::get(path, "") };
        let response = raw_answer(&asked, Origin::Stage).await;
        assert_eq!(
            (&response["statusCode"], &response["headers"]["content-type"]),
            (&json!(200), &json!(media))
        );
        assert_eq!((&response["body"], &response["isBase64Encoded"]), (&json!(text), &json!(false)));
        // The policy is that of the code. That of the artifact allows less here, but may allow anything.
        let policy = response["headers"]["content-security-policy"].as_str().map(str::to_owned);
        let of_code = format!("{}; frame-ancestors 'none'; sandbox allow-scripts", artifact::page_policy());
        assert_eq!(policy, (path == "/eda.html").then_some(of_code));
        let (status, content_type, body) = answer(&Asked { ranking: false, ..asked }, Origin::Stage).await;
        assert_eq!((status, content_type.as_str()), (404, "application/problem+json"));
        assert!(body["detail"].as_str().unwrap().contains("has no analysis"), "{body}");
    }
}

/// The pages, one after another, are the whole list.
#[tokio::test]
async fn cursors_lead_through_the_whole_list() {
    for (path, list, options) in [("/titles", "titles", "all_editions=true"), ("/users/2", "ratings", "")] {
        let (_, _, whole) = ask(&Asked::get(path, options)).await;
        let mut rows = Vec::new();
        let mut query = format!("limit=2&{options}");
        loop {
            let asked = Asked::get(path, &query);
            let (status, _, page) = ask(&asked).await;
            assert_eq!(status, 200, "{page}");
            rows.extend(page[list].as_array().unwrap().iter().cloned());
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("limit=2&{options}&cursor={next}");
        }
        let whole = whole[list].as_array();
        assert_eq!(Some(&rows), whole, "{path}");
    }
}

#[tokio::test]
async fn a_body_in_base64_is_the_same_body() {
    let plain = Asked::post(r#"{"ratings":[{"id":"ns1","rating":4.5}],"n":2}"#);
    let encoded = "eyJyYXRpbmdzIjpbeyJpZCI6Im5zMSIsInJhdGluZyI6NC41fV0sIm4iOjJ9";
    let base64 = Asked { base64: true, ..Asked::post(encoded) };
    let (status, _, body) = ask(&plain).await;
    assert_eq!(status, 200);
    assert_eq!(ask(&base64).await.2, body);
}

/// A gateway decodes the path before it passes it on; a function URL does not.
#[tokio::test]
async fn a_path_may_come_decoded() {
    let quoted = Asked::get("/recommendations/ana%40casa", "n=1");
    let decoded = Asked::get("/recommendations/ana@casa", "n=1");
    assert_eq!(ask(&quoted).await, ask(&decoded).await);
    // Letters beyond ASCII come decoded as well.
    let quoted = ask(&Asked::get("/similar/%C3%B1and%C3%BA", "")).await;
    assert_eq!(ask(&Asked::get("/similar/ñandú", "")).await, quoted);
    assert_eq!((quoted.0, quoted.2["detail"].as_str().unwrap().contains("ñandú")), (404, true));
}

#[tokio::test]
async fn a_stage_is_cut_off_once_and_only_as_a_whole_segment() {
    let store = small_release::store().await;
    let asked = Asked::of(Function::GET_COUNT_PLATFORM, "/prod/get_count_platform", "platform=hulu");
    let (status, _, body) = answer(&asked, Origin::Stage).await;
    assert_eq!(status, 404);
    assert!(
        body["detail"].as_str().unwrap().starts_with("/prod/get_count_platform is not a route here"),
        "{body}"
    );

    let mut event = Asked::get("/get_count_platform", "").event(Origin::Stage);
    event["rawPath"] = "/production/get_count_platform".into();
    let router =
        api::load(&[Function::GET_COUNT_PLATFORM], Arc::new(store), PersonalRoutes::Open).await.unwrap();
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let response = lambda::service(router).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn every_answer_forbids_sniffing() {
    for path in ["/get_count_platform", "/health", "/openapi.json", "/docs", "/nowhere"] {
        let asked = Asked::of(Function::GET_COUNT_PLATFORM, path, "");
        let response = raw_answer(&asked, Origin::Gateway).await;
        assert_eq!(response["headers"]["x-content-type-options"], "nosniff", "{path}: {response}");
    }
}

/// The status and the headers are those of GET, and there is no body.
#[tokio::test]
async fn head_is_answered_as_get() {
    for (path, query) in [
        ("/get_count_platform", "platform=hulu"),
        ("/get_count_platform", "platform=hbo"),
        ("/titles", ""),
        ("/docs", ""),
        ("/nowhere", ""),
    ] {
        let function = if path == "/titles" { Function::TITLES } else { Function::GET_COUNT_PLATFORM };
        let mut parts = Vec::new();
        for method in ["GET", "HEAD"] {
            let event = Asked { method, ..Asked::of(function, path, query) }.event(Origin::Gateway);
            let router = api::load(&[function], Arc::new(small_release::store().await), PersonalRoutes::Open)
                .await
                .unwrap();
            let request = lambda_http::request::from_str(&event.to_string()).unwrap();
            let response = lambda::service(router).oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            let n_bytes = body.collect().await.unwrap().to_bytes().len();
            assert_eq!(n_bytes == 0, method == "HEAD", "{method} {path}");
            assert_ne!(head.headers["content-length"], "0", "{method} {path}");
            parts.push((head.status, head.headers));
        }
        assert_eq!(parts[0], parts[1], "{path}");
    }
}

/// A compressed body leaves in base64.
#[tokio::test]
async fn long_answers_are_compressed_for_those_who_take_it() {
    for (path, is_long) in [("/openapi.json", true), ("/docs/docs.js", true), ("/get_count_platform", false)]
    {
        let query = if is_long { "" } else { "platform=hulu" };
        let asked = Asked::of(Function::GET_COUNT_PLATFORM, path, query);
        let plain = raw_answer(&asked, Origin::Gateway).await;
        let taken = asked.with("accept-encoding", "gzip, deflate, br");
        let sent = raw_answer(&taken, Origin::Gateway).await;
        for answer in [&plain, &sent] {
            assert_eq!(answer["headers"]["vary"], "accept-encoding", "{path}");
        }
        assert_eq!(plain["isBase64Encoded"], false, "{path}");
        assert_eq!(sent["isBase64Encoded"], is_long, "{path}");
        if !is_long {
            assert_eq!(sent, plain, "{path}");
            continue;
        }
        for header in ["content-type", "etag", "cache-control"] {
            assert_eq!(sent["headers"][header], plain["headers"][header], "{path}: {header}");
        }
        assert_eq!(sent["headers"]["content-encoding"], "gzip", "{path}");
        let bytes = STANDARD.decode(sent["body"].as_str().unwrap()).unwrap();
        assert_eq!(sent["headers"]["content-length"], bytes.len().to_string(), "{path}");
        let mut text = String::new();
        GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, plain["body"].as_str().unwrap(), "{path}");
        assert!(bytes.len() < text.len() / 2, "{path}: {} of {} bytes", bytes.len(), text.len());
    }
}

/// What the release determines has a tag, and nothing else may be kept.
#[tokio::test]
async fn an_answer_may_be_kept_unless_it_is_about_a_user_or_the_moment() {
    let personal = ["/recommendations/{user_id}", "/recommendations", "/predict", "/users/{id}"];
    let document = openapi::document().await;
    for route in &ROUTES {
        let asked = match route.method {
            Method::Get => Asked { ranking: true, ..plain_question(&document, route) },
            Method::Post => Asked::post(r#"{"ratings":[]}"#),
        };
        let first = raw_answer(&asked, Origin::Gateway).await;
        let rule = &first["headers"]["cache-control"];
        let line = asked.line();
        if personal.contains(&route.path) || route.path == "/health" {
            let expected = if route.path == "/health" { "no-store" } else { "private, no-store" };
            assert_eq!((rule, &first["headers"]["etag"]), (&json!(expected), &Value::Null), "{line}");
            continue;
        }
        let is_report = ["/eda", "/eda.html", "/model", "/openapi.json"].contains(&route.path);
        assert_eq!(rule, if is_report { "max-age=60" } else { "no-cache" }, "{line}");
        let tag = first["headers"]["etag"].as_str().unwrap();
        for known in [tag, &format!("\"other\", {tag}"), "*"] {
            let asked = asked.clone().with("if-none-match", known).with("accept-encoding", "gzip");
            let again = raw_answer(&asked, Origin::Gateway).await;
            assert_eq!(again["statusCode"], 304, "{line} {known}");
            assert!(again["body"].as_str().unwrap_or_default().is_empty(), "{line}: {again}");
            for header in ["etag", "cache-control", "vary"] {
                assert_eq!(again["headers"][header], first["headers"][header], "{line}: {header}");
            }
        }
        let other = raw_answer(&asked.with("if-none-match", "\"other\""), Origin::Gateway).await;
        assert_eq!((&other["statusCode"], &other["body"]), (&json!(200), &first["body"]), "{line}");
    }
    // Errors about a user are not kept either.
    let (unknown, invalid) = (Asked::get("/users/nobody", ""), Asked::get("/predict", ""));
    for asked in [unknown, invalid] {
        let answer = raw_answer(&asked, Origin::Gateway).await;
        assert_eq!(answer["headers"]["cache-control"], "private, no-store", "{}", asked.line());
    }
}
