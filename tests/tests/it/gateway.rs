//! Every handler on the events that API Gateway and function URLs send, without a server: an event goes in as
//! the JSON text that the runtime gets, and the answer is the JSON text that the runtime sends back.

use std::sync::Arc;

use api::{Function, lambda};
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
    /// HTTP API with a named stage, which stands before the path.
    Stage,
    /// Function URL.
    FunctionUrl,
}

/// One request, before it is an event.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    function: Function,
    method: &'static str,
    path: &'static str,
    query: &'static str,
    body: Option<String>,
    base64: bool,
    /// Whether the release has a ranking model.
    ranking: bool,
}

impl Asked {
    pub(crate) fn get(function: Function, path: &'static str, query: &'static str) -> Self {
        Self { function, method: "GET", path, query, body: None, base64: false, ranking: false }
    }

    pub(crate) fn post(body: impl Into<String>) -> Self {
        Self {
            function: Function::Recommend,
            method: "POST",
            path: "/recommendations",
            query: "",
            body: Some(body.into()),
            base64: false,
            ranking: false,
        }
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
        let path = if origin == Origin::Stage { format!("/prod{}", self.path) } else { self.path.to_owned() };
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

/// The response of one function to one event, through the adapter that the runtime runs.
pub(crate) async fn raw_answer(asked: &Asked, origin: Origin) -> Value {
    let store =
        if asked.ranking { small_release::store_with_ranking().await } else { small_release::store().await };
    let router = api::load(asked.function, Arc::new(store)).await.unwrap();
    let service = lambda::events(lambda::service(router));
    let payload = serde_json::from_str(&asked.event(origin).to_string()).unwrap();
    let response = service.oneshot(LambdaEvent::new(payload, Context::default())).await.unwrap();
    serde_json::to_value(response).unwrap()
}

/// The same, of which the body is JSON.
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
        // The event says nothing of the function that it is sent to.
        let asked = Asked::get(Function::Recommend, path, "");
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

/// The same question from every origin, which has one answer.
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
        }
        if let Some(said) = documented(&document, asked) {
            let status = &said["responses"][status.to_string()];
            assert!(status["content"][content_type].is_object(), "{}: not in the document", asked.line());
        }
        dialogue.push(json!({ "asked": asked.line(), "status": status, "body": body }));
    }
    dialogue
}

/// What the document says of the route that is asked; `None` where there is no such route or method.
fn documented<'a>(document: &'a Value, asked: &Asked) -> Option<&'a Value> {
    let fits = |path: &str| {
        let (path, asked) = (path.split('/'), asked.path.split('/'));
        path.clone().count() == asked.clone().count()
            && path.zip(asked).all(|(part, given)| part.starts_with('{') || part == given)
    };
    let here = api::ROUTES.iter().filter(|route| route.function == asked.function && fits(route.path));
    let methods = here.map(|route| &document["paths"][route.path]).next()?;
    methods.get(asked.method.to_lowercase())
}

#[tokio::test]
async fn every_route_answers() {
    use Function::{GetActor, GetCountPlatform, GetMaxDuration, GetScoreCount, Recommend, Titles};
    let questions = [
        Asked::get(GetMaxDuration, "/get_max_duration", "year=2018&platform=netflix&duration_type=min"),
        Asked::get(GetMaxDuration, "/get_max_duration", "year=2018&platform=Amazon"),
        Asked::get(GetMaxDuration, "/get_max_duration", "duration_type=season"),
        Asked::get(GetScoreCount, "/get_score_count", "platform=amazon&scored=3&year=2018"),
        Asked::get(GetScoreCount, "/get_score_count", "platform=amazon&scored=4.5&year=2018"),
        Asked::get(GetScoreCount, "/get_score_count", "platform=hulu&scored=0&year=1990"),
        Asked::get(GetCountPlatform, "/get_count_platform", "platform=NETFLIX"),
        Asked::get(GetCountPlatform, "/get_count_platform", "platform=hulu"),
        Asked::get(GetActor, "/get_actor", "platform=amazon&year=2018"),
        Asked::get(Recommend, "/recommendations/1", "n=2"),
        Asked::get(Recommend, "/recommendations/1", "kind=movie&genre=COMED&year_from=2019&year_to=2021"),
        Asked::get(Recommend, "/recommendations/ana%40casa", "platform=amazon&reasons=0"),
        Asked::get(Recommend, "/recommendations/1", "audience=PG-13&min_ratings=1&exclude=ns1&reasons=1"),
        Asked::get(Recommend, "/recommendations/1", "include_seen=true&all_editions=true&reasons=0"),
        Asked::get(Recommend, "/recommendations/1", "exclude=hs2,%20as3&reasons=0"),
        Asked::get(Recommend, "/recommendations/1", "n=3&diversity=0.75&reasons=0"),
        Asked::get(Recommend, "/recommendations/nobody", "n=3"),
        Asked::post(r#"{"ratings":[{"id":"ns1","rating":4.5}],"n":2}"#),
        Asked::post(r#"{"ratings":[],"n":1}"#),
        Asked::post(
            r#"{"ratings":[{"id":"ns1","rating":4.5},{"id":"as1","rating":2}],"n":3,"kind":"Movie","audience":null,
            "genre":"comed","year_from":2018,"min_ratings":1,"exclude":["as3"],"include_seen":false,
            "all_editions":true,"diversity":0.5,"reasons":2}"#,
        ),
        Asked::get(Recommend, "/predict", "user_id=1&id=ns1"),
        Asked::get(Recommend, "/predict", "user_id=ana%40casa&id=as1"),
        Asked::get(Recommend, "/predict", "user_id=nobody&id=as1"),
        Asked::get(Recommend, "/similar/ns1", "n=2"),
        Asked::get(Recommend, "/similar/hs2", "kind=movie&min_ratings=1"),
        Asked::get(Titles, "/titles", "q=CAFE"),
        Asked::get(Titles, "/titles", "q=hrabour+li"),
        Asked::get(Titles, "/titles", "q=reel&kind=movie&year_from=2020"),
        Asked::get(Titles, "/titles", "q=short&all_editions=true&genre=comed"),
        Asked::get(Titles, "/titles", "q=nothing+like+it"),
        Asked::get(Titles, "/titles", "limit=2&platform=amazon"),
        Asked::get(Titles, "/titles/hs2", ""),
        Asked::get(Titles, "/users/2", ""),
        Asked::get(Titles, "/users/2", "limit=1"),
        Asked::get(Titles, "/users/ana%40casa", "limit=1"),
        Asked { ranking: true, ..Asked::get(Titles, "/eda", "") },
    ];
    let dialogue = dialogue(&questions, "application/json").await;
    assert!(dialogue.iter().all(|d| d["status"] == 200));
    // Pages answer no question in JSON.
    let asks = |r: &&api::Route| !r.endpoint.is_everywhere() && r.endpoint != api::Endpoint::EdaPage;
    for route in api::ROUTES.iter().filter(asks) {
        let path = route.path.split_once('{').map_or(route.path, |(fixed, _)| fixed);
        let start = format!("{} {path}", route.method.as_str());
        assert!(dialogue.iter().any(|d| d["asked"].as_str().unwrap().starts_with(&start)), "{start}");
    }
    insta::assert_json_snapshot!("answers", dialogue);
}

#[tokio::test]
async fn every_problem_says_what_is_wrong() {
    use Function::{GetActor, GetCountPlatform, GetMaxDuration, GetScoreCount, Recommend, Titles};
    let questions = [
        // Missing.
        Asked::get(GetCountPlatform, "/get_count_platform", ""),
        Asked::get(GetScoreCount, "/get_score_count", "platform=&year=2018"),
        Asked::get(Recommend, "/predict", "id=ns1"),
        // Malformed.
        Asked::get(GetActor, "/get_actor", "platform=amazon&year=MMXVIII"),
        Asked::get(GetMaxDuration, "/get_max_duration", "duration_type=hours"),
        Asked::get(Recommend, "/recommendations/1", "kind=podcast&n=many"),
        Asked::get(Recommend, "/recommendations/a%20b", ""),
        Asked::get(Recommend, "/similar/%FF", ""),
        // Out of range.
        Asked::get(GetScoreCount, "/get_score_count", "platform=amazon&scored=5.5&year=0"),
        Asked::get(GetScoreCount, "/get_score_count", "platform=amazon&scored=NaN&year=2018"),
        Asked::get(Recommend, "/recommendations/1", "n=0"),
        Asked::get(Recommend, "/recommendations/1", "n=101"),
        Asked::get(
            Recommend,
            "/recommendations/1",
            "min_ratings=1000001&include_seen=yes&all_editions=1&diversity=1.5&reasons=11&exclude=ns1,,a%20b",
        ),
        Asked::get(Recommend, "/similar/ns1", "min_ratings=-1&year_from=0&diversity=0.5"),
        Asked::get(Recommend, "/recommendations/1", "year_from=2020&year_to=2019"),
        Asked::get(Titles, "/titles", "limit=0&cursor=2&kind=podcast"),
        Asked::get(Titles, "/titles", "cursor=1.0123456789abcdef"),
        Asked::get(Titles, "/titles/a%20b", ""),
        Asked::get(Titles, "/users/a%20b", "limit=101"),
        // Not among what there is.
        Asked::get(GetCountPlatform, "/get_count_platform", "platform=disney"),
        Asked::get(GetScoreCount, "/get_score_count", "platform=disney&scored=3&year=2018"),
        Asked::get(GetMaxDuration, "/get_max_duration", "platform=disney"),
        Asked::get(GetActor, "/get_actor", "platform=disney&year=2018"),
        Asked::get(Recommend, "/recommendations/1", "platform=disney"),
        Asked::get(Recommend, "/recommendations/1", "genre=western"),
        Asked::get(Recommend, "/recommendations/1", "audience=tv"),
        Asked::get(Recommend, "/similar/ns1", "audience=tv"),
        // Given twice, and unknown.
        Asked::get(GetCountPlatform, "/get_count_platform", "platform=hulu&platform=netflix"),
        Asked::get(GetCountPlatform, "/get_count_platform", "platform=hulu&color=red"),
        // Bodies.
        Asked::post(""),
        Asked::post("ratings=5"),
        Asked::post(r#"{"n":3}"#),
        Asked::post(r#"{"ratings":[{"id":"ns1","rating":4.5}],"color":"red"}"#),
        Asked::post(
            r#"{"ratings":[{"id":"ns1","rating":6},{"id":"a b","rating":3}],"n":1000,"kind":"podcast"}"#,
        ),
        Asked::post(r#"{"ratings":[{"id":"ns1","rating":"five"}]}"#),
        Asked::post(
            r#"{"ratings":[],"n":"3","kind":5,"genre":["dramas"],"year_from":2018.5,"min_ratings":-1,"diversity":true,
            "include_seen":"true","exclude":"ns1,ns2","reasons":2,"reasons":3}"#,
        ),
        Asked::post(r#"{"ratings":[],"exclude":["ns1",5,"a b"],"year_from":2020,"year_to":2019}"#),
        Asked::post(r#"{"ratings":[]} and more"#),
        Asked::post(format!(r#"{{"ratings":[],"exclude":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000))),
        Asked::post(format!(r#"{{"ratings":{}{}}}"#, r#"[{"id":"#.repeat(150), "}]".repeat(150))),
        Asked::post(format!(r#"{{"ratings":[{}]}}"#, " ".repeat(64 * 1024))),
        // Nothing there.
        Asked::get(GetMaxDuration, "/get_max_duration", "year=1890&platform=netflix"),
        Asked::get(GetActor, "/get_actor", "platform=netflix&year=1890"),
        Asked::get(GetActor, "/get_actor", "platform=hulu&year=2018"),
        Asked::get(Recommend, "/predict", "user_id=1&id=zz9"),
        Asked::get(Recommend, "/similar/zz9", ""),
        Asked::post(r#"{"ratings":[{"id":"zz9","rating":4.5}]}"#),
        Asked::post(r#"{"ratings":[],"exclude":["zz9"]}"#),
        Asked::get(Recommend, "/recommendations/1", "exclude=zz9"),
        Asked::get(Titles, "/titles/zz9", ""),
        Asked::get(Titles, "/users/nobody", ""),
        // No such route here, and no such method.
        Asked::get(GetActor, "/", ""),
        Asked::get(GetActor, "/get_max_duration", ""),
        Asked::get(Recommend, "/recommendations", ""),
        Asked { method: "DELETE", ..Asked::get(GetActor, "/get_actor", "platform=hulu&year=2018") },
    ];
    insta::assert_json_snapshot!("problems", dialogue(&questions, "application/problem+json").await);
}

#[tokio::test]
async fn a_release_with_a_ranking_model_ranks_by_it() {
    let get = |path, query| Asked { ranking: true, ..Asked::get(Function::Recommend, path, query) };
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
    let error = api::load(Function::Recommend, Arc::new(store.clone())).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot fetch ranking-model");
    assert!(api::load(Function::GetActor, Arc::new(store)).await.is_ok());
}

/// Every parameter means the same in a query and in a body.
#[tokio::test]
async fn a_query_and_a_body_are_asked_alike() {
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
            answer(&Asked::get(Function::Recommend, "/recommendations/nobody", query), Origin::Gateway).await;
        let body = format!(r#"{{"ratings":[],{fields}}}"#);
        let (_, _, by_body) = answer(&Asked::post(body), Origin::Gateway).await;
        assert_eq!((status, &by_query["recommendations"]), (200, &by_body["recommendations"]), "{query}");
        assert!(!by_query["recommendations"].as_array().unwrap().is_empty(), "{query}");
    }
}

/// Every function says of itself what it serves.
#[tokio::test]
async fn health_is_that_of_the_function_asked() {
    let mut said = Vec::new();
    for (function, ranking) in Function::ALL.map(|function| (function, function == Function::Recommend)) {
        let asked = Asked { ranking, ..Asked::get(function, "/health", "") };
        let (status, _, mut body) = answer(&asked, Origin::Stage).await;
        assert_eq!(status, 200);
        assert!(body["age_seconds"].take().as_u64().unwrap() > 1_700_000_000, "the pointer moved in 1970");
        assert_eq!(body["version"].take(), env!("CARGO_PKG_VERSION"));
        said.push(body);
    }
    insta::assert_json_snapshot!("health", said);
}

/// Every function tells how the models were made, the searches apart from what they chose.
#[tokio::test]
async fn the_models_are_told_with_what_was_tried() {
    let asked = |function, ranking| Asked { ranking, ..Asked::get(function, "/model", "") };
    let (status, content_type, body) = answer(&asked(Function::Titles, true), Origin::Stage).await;
    assert_eq!((status, content_type.as_str()), (200, "application/json"));
    let other = answer(&asked(Function::GetActor, true), Origin::FunctionUrl).await.2;
    assert_eq!(body, other);
    insta::assert_json_snapshot!(
        "model",
        [body, answer(&asked(Function::Titles, false), Origin::Stage).await.2]
    );
}

/// What the release says of its data, as text and as a page that may run its own script and no other.
#[tokio::test]
async fn the_analysis_of_the_data_is_served_where_the_release_has_one() {
    let analysis = tests::golden::analysis();
    for (path, media, text) in [
        ("/eda", "application/json", analysis.json()),
        ("/eda.html", "text/html; charset=utf-8", analysis.page()),
    ] {
        let asked = Asked { ranking: true, ..Asked::get(Function::Titles, path, "") };
        let response = raw_answer(&asked, Origin::Stage).await;
        assert_eq!(
            (&response["statusCode"], &response["headers"]["content-type"]),
            (&json!(200), &json!(media))
        );
        assert_eq!((&response["body"], &response["isBase64Encoded"]), (&json!(text), &json!(false)));
        let policy = response["headers"]["content-security-policy"].as_str();
        assert_eq!(policy, (path == "/eda.html").then_some("default-src 'none'; frame-ancestors 'none'"));
        let (status, content_type, body) = answer(&Asked { ranking: false, ..asked }, Origin::Stage).await;
        assert_eq!((status, content_type.as_str()), (404, "application/problem+json"));
        assert!(body["detail"].as_str().unwrap().contains("has no analysis"), "{body}");
    }
}

/// Pages put together are the list, whatever their length.
#[tokio::test]
async fn cursors_lead_through_the_whole_list() {
    for (path, list, options) in [("/titles", "titles", "all_editions=true"), ("/users/2", "ratings", "")] {
        let (_, _, whole) = ask(&Asked::get(Function::Titles, path, options)).await;
        let mut rows = Vec::new();
        let mut query = format!("limit=2&{options}");
        loop {
            let asked = Asked::get(Function::Titles, path, query.clone().leak());
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

/// The gateway decodes the path that it passes on; a function URL passes it as it came.
#[tokio::test]
async fn a_path_may_come_decoded() {
    let quoted = Asked::get(Function::Recommend, "/recommendations/ana%40casa", "n=1");
    let decoded = Asked::get(Function::Recommend, "/recommendations/ana@casa", "n=1");
    assert_eq!(ask(&quoted).await, ask(&decoded).await);
    // Letters beyond ASCII come decoded too, and are a refusal, not a panic.
    let (status, _, body) = ask(&Asked::get(Function::Recommend, "/similar/ñandú", "")).await;
    assert_eq!((status, &body["errors"][0]["parameter"]), (400, &json!("id")));
}

#[tokio::test]
async fn a_stage_is_cut_off_once_and_only_as_a_whole_segment() {
    let store = small_release::store().await;
    let asked = Asked::get(Function::GetCountPlatform, "/prod/get_count_platform", "platform=hulu");
    let (status, _, body) = answer(&asked, Origin::Stage).await;
    assert_eq!(status, 404);
    assert!(body["detail"].as_str().unwrap().starts_with("/prod/get_count_platform is no route"), "{body}");

    let mut event = Asked::get(Function::GetCountPlatform, "/get_count_platform", "").event(Origin::Stage);
    event["rawPath"] = "/production/get_count_platform".into();
    let router = api::load(Function::GetCountPlatform, Arc::new(store)).await.unwrap();
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let response = lambda::service(router).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn no_answer_is_taken_for_anything_but_what_it_says() {
    for path in ["/get_count_platform", "/health", "/openapi.json", "/docs", "/nowhere"] {
        let asked = Asked::get(Function::GetCountPlatform, path, "");
        let response = raw_answer(&asked, Origin::Gateway).await;
        assert_eq!(response["headers"]["x-content-type-options"], "nosniff", "{path}: {response}");
    }
}

#[tokio::test]
async fn head_is_answered_as_get() {
    let asked = Asked::get(Function::GetCountPlatform, "/get_count_platform", "platform=hulu");
    let event = Asked { method: "HEAD", ..asked }.event(Origin::Gateway);
    let router = api::load(Function::GetCountPlatform, Arc::new(small_release::store().await)).await.unwrap();
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let response = lambda::service(router).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
}
