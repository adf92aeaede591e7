//! A release of catalogs alone: how it is built, what it answers, and what the commands report.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use ::etl::EtlInput;
use api::{Function, PersonalRoutes, ROUTES, Settings, UserLimits, load};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use progress::Silent;
use proptest::prelude::*;
use release::BuildOptions;
use serde_json::{Value, json};
use store::MemoryStore;
use tower::ServiceExt as _;

use crate::server::Server;
use crate::{project, refusal, stdout, text};

const HEADER: &str = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,\
    listed_in,description\n";

fn titles() -> String {
    format!("--titles={}", text(&project("data/sample/titles")))
}

/// Requests that need ratings, with the status and the end of the problem's type.
const NEED_RATINGS: [&str; 4] = [
    "/get_score_count?platform=netflix&scored=3&year=2018",
    "/recommendations/1",
    "/predict?user_id=1&id=ns1",
    "/users/1",
];

/// Checks the problem of an answer that needs ratings.
fn expect_no_ratings(what: &str, status: u16, problem: &Value) {
    assert_eq!((status, &problem["type"]), (404, &json!("urn:cartelera:problem:no-ratings")), "{what}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("the release has no ratings, so it has no "), "{what}: {detail}");
}

#[test]
fn catalogs_alone_are_built_and_answer_what_needs_no_ratings() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let built = stdout(&["build", &titles(), "--store", text(&store)]);
    assert!(built.contains("2400 titles on amazon, disney, hulu, netflix, no ratings\n"), "{built}");
    assert!(built.contains("             0 ratings\n"), "{built}");

    let server = Server::start(&store, &[]);
    assert_eq!(server.get_json("/get_max_duration?year=2018")["id"], "ns282");
    assert_eq!(server.get_json("/get_count_platform?platform=disney")["count"], 113);
    assert_eq!(server.get_json("/get_actor?platform=amazon&year=2018")["count"], 8);
    assert_eq!(server.get_json("/get_count?genre=comedy")["count"], 399);
    let first: Vec<Value> = server.get_json("/titles?limit=2")["titles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["id"].clone())
        .collect();
    assert_eq!(first, ["as1", "as2"], "titles that nobody rated are in catalog order");
    assert_eq!(server.get_json("/titles?q=house%20bargain")["titles"][0]["id"], "ns282");
    assert_eq!(server.get_json("/titles/ns1")["n_ratings"], 0);
    let similar = server.get_json("/similar/ns1?n=3");
    assert_eq!((&similar["strategy"], similar["similar"].as_array().unwrap().len()), (&json!("genres"), 3));
    let model = server.get_json("/model");
    assert_eq!((&model["rating"], &model["counts"]["ratings"]), (&Value::Null, &json!(0)));
    let health = server.get_json("/health");
    assert_eq!((&health["model"], &health["data_until"]), (&Value::Null, &json!(0)));
    let report = server.get("/eda.html").1;
    assert!(report.contains("There are no ratings.") && !report.contains("NaN"));

    for path in NEED_RATINGS {
        let (status, body) = server.get(path);
        expect_no_ratings(path, status, &serde_json::from_str(&body).unwrap());
    }
    let (status, problem) =
        server.post("/recommendations", &json!({ "ratings": [{ "id": "ns1", "rating": 4 }] }));
    expect_no_ratings("POST", status, &problem);
    // What is wrong with the request comes first.
    assert_eq!(server.get("/get_score_count?platform=netflix&year=2018").0, 400);
    assert!(server.get("/predict?user_id=1&id=nobody").1.contains("there is no title"));
}

#[test]
fn tables_of_catalogs_alone_go_through_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let (data, raw, clean, copy) = (path("tables"), path("raw"), path("clean"), path("copy"));
    stdout(&["etl", &titles(), "--out", text(&data)]);
    assert_eq!(fs::read_to_string(data.join("ratings.csv")).unwrap(), "user_id,rating,timestamp,id\n");
    stdout(&["build", &titles(), "--store", text(&raw)]);
    stdout(&["build", "--data", text(&data), "--store", text(&clean)]);
    let of = |store: &Path, kind: &str| {
        fs::read_dir(store.join("artifacts").join(kind)).unwrap().next().unwrap().unwrap()
    };
    for kind in ["titles", "rating-model", "users", "user-index", "title-search", "score-count"] {
        assert_eq!(of(&raw, kind).file_name(), of(&clean, kind).file_name(), "{kind}");
    }

    let analyzed = stdout(&["eda", "--data", text(&data), "--out", text(&path("eda"))]);
    assert!(analyzed.starts_with("2400 titles, 0 ratings by 0 users\n"), "{analyzed}");
    let report: Value = serde_json::from_slice(&fs::read(path("eda").join("eda.json")).unwrap()).unwrap();
    let about_ratings = |alert: &&Value| alert["table"] == "ratings" || alert["column"] == "n_ratings";
    assert_eq!(report["alerts"].as_array().unwrap().iter().find(about_ratings), None);
    assert_eq!((&report["signal"], &report["overview"]["mean_rating"]), (&Value::Null, &Value::Null));

    let verified = stdout(&["verify", "--store", text(&clean)]);
    assert!(verified.contains("  users            ok, 0 B\n"), "{verified}");
    stdout(&["publish", "--from", text(&clean), "--store", text(&copy)]);
    let shown = stdout(&["show", "--store", text(&copy)]);
    assert!(shown.contains("no models: scores, predictions and recommendations have no answers"), "{shown}");
    assert!(!shown.contains("1970"), "{shown}");
}

#[test]
fn commands_that_need_ratings_report_that_there_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let (data, out) = (dir.path().join("tables"), dir.path().join("out"));
    stdout(&["etl", &titles(), "--out", text(&data)]);
    for command in
        ["train", "tune", "evaluate", "cross-validate", "cold-start", "rank", "spot-check", "split"]
    {
        let mut args = vec![command, "--data", text(&data)];
        if matches!(command, "train" | "split") {
            args.extend(["--out", text(&out)]);
        }
        let error = refusal(&args);
        assert!(error.contains("these tables have no ratings"), "{command}: {error}");
    }
    let error = refusal(&["build", &titles(), "--algorithm=svd", "--store", text(&out)]);
    assert!(error.contains("an algorithm or its parameters cannot be used without ratings"), "{error}");
    for command in [&["etl", "--out"], &["build", "--store"], &["eda", "--out"]] {
        let error = refusal(&[command[0], command[1], text(&out)]);
        assert!(error.contains("pass catalogs with --titles, ratings with --ratings, or both"), "{error}");
    }
    assert!(!out.exists());
}

/// Returns status and body of an answer.
async fn ask(router: Router, question: &str) -> (u16, Value) {
    let request = Request::get(question).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

/// Publishes a release of one catalog, `netflix_titles.csv`.
async fn publish(catalog: &str) -> Arc<MemoryStore> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("netflix_titles.csv");
    fs::write(&path, catalog).unwrap();
    let input = EtlInput::resolve(&[path], &[]).unwrap();
    let (_, built) = release::build(&input, &BuildOptions::default(), &Silent).unwrap();
    assert!(!built.manifest.has_ratings());
    let store = Arc::new(MemoryStore::default());
    store::publish(&*store, &built.artifacts, &built.manifest, 0).await.unwrap();
    store
}

#[tokio::test]
async fn every_function_starts_cold_on_a_release_of_one_title() {
    let store = publish(&format!("{HEADER}s1,Movie,Alone,,Ana,Spain,,2018,PG,90 min,Dramas,\n")).await;
    for function in Function::ALL {
        let router = load(&[function], store.clone(), PersonalRoutes::Open).await.unwrap();
        let (status, health) = ask(router.clone(), "/health").await;
        assert_eq!((status, &health["model"]), (200, &Value::Null), "{}", function.name());
        for path in NEED_RATINGS.iter().filter(|path| function_of(path) == function.name()) {
            let (status, problem) = ask(router.clone(), path).await;
            expect_no_ratings(path, status, &problem);
        }
        // As if there were too many users to keep.
        let users = UserLimits { whole_bytes: 0, ..UserLimits::default() };
        let settings = Settings { personal_routes: PersonalRoutes::Open, release_keys: None, users };
        assert!(load(&[function], store.clone(), settings).await.is_ok());
    }
}

/// Returns the function that answers a path, by the route table.
fn function_of(path: &str) -> &'static str {
    let first = |path: &str| path.split(['/', '?']).nth(1).unwrap().to_owned();
    ROUTES.iter().find(|route| first(route.path) == first(path)).unwrap().function
}

/// Rows of a catalog: kind, year, minutes, and the numbers of a name, a genre and an actor.
fn rows() -> impl Strategy<Value = Vec<(bool, u16, u16, u8, u8, u8)>> {
    let row = (any::<bool>(), 1990_u16..2022, 1_u16..300, 0_u8..6, 0_u8..4, 0_u8..4);
    prop::collection::vec(row, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_catalog_of_any_size_builds_and_answers(rows in rows()) {
        let mut catalog = HEADER.to_owned();
        for (at, (is_film, year, minutes, name, genre, actor)) in rows.iter().enumerate() {
            let (kind, unit) = if *is_film { ("Movie", "min") } else { ("TV Show", "Seasons") };
            // The number 0 is for an empty cell.
            let cell = |what: &str, n: u8| if n == 0 { String::new() } else { format!("{what} {n}") };
            let (genre, actor) = (cell("genre", *genre), cell("actor", *actor));
            writeln!(catalog, "s{at},{kind},Name {name},,{actor},,,{year},PG,{minutes} {unit},{genre},").unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = publish(&catalog).await;
            let router = load(&Function::ALL, store, PersonalRoutes::Open).await.unwrap();
            let count = |kind: bool| rows.iter().filter(|row| row.0 == kind).count();
            let (_, counted) = ask(router.clone(), "/get_count?by=kind").await;
            assert_eq!(counted["count"], rows.len());
            let (_, films) = ask(router.clone(), "/get_count_platform?platform=netflix").await;
            assert_eq!(films["count"], count(true));
            let (_, found) = ask(router.clone(), "/titles?limit=100&all_editions=true").await;
            assert_eq!(found["titles"].as_array().unwrap().len(), rows.len());
            for at in 0..rows.len() {
                let (status, similar) = ask(router.clone(), &format!("/similar/ns{at}")).await;
                assert_eq!((status, &similar["strategy"]), (200, &json!("genres")));
            }
            let (status, _) = ask(router.clone(), "/get_max_duration").await;
            assert_eq!(status, if count(true) > 0 { 200 } else { 404 });
            let scores = "/get_score_count?platform=netflix&scored=0&year=2000";
            for path in ["/predict?user_id=1&id=ns0", "/recommendations/1?genre=genre", "/users/1", scores] {
                let (status, problem) = ask(router.clone(), path).await;
                // A genre that no title has is refused before.
                if status != 400 {
                    expect_no_ratings(path, status, &problem);
                }
            }
        });
    }
}
