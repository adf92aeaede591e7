//! Personal routes: who gets an answer, and what everybody else can find out.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use api::{Caller, Function, PersonalRoutes, ROUTES};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use lambda_http::tower::ServiceExt as _;
use serde_json::Value;
use store::{MemoryStore, ReadStore, StoreError, Version};
use tests::small_release;

/// Requests to personal routes; `{}` stands for the user's id.
const PERSONAL: [&str; 5] = [
    "/users/{}",
    "/users/{}?limit=1",
    "/recommendations/{}",
    "/recommendations/{}?n=1&reasons=1",
    "/predict?user_id={}&id=ns1",
];

/// Lists of titles about nobody, as long as those about a user.
const PUBLIC: [&str; 2] = ["/similar/ns1?n=100", "/titles?limit=100"];

/// The length of a compressed answer would tell which of the names that were asked for are in it (BREACH).
#[tokio::test]
async fn answers_about_a_user_are_never_compressed() {
    let coding = async |router: &Router, line: &str, body: &str| {
        let (method, path) = line.split_once(' ').unwrap();
        let request = Request::builder().method(method).uri(path).header("accept-encoding", "gzip, br");
        let request = request.header("content-type", "application/json").body(Body::from(body.to_owned()));
        let response = router.clone().oneshot(request.unwrap()).await.unwrap();
        let coding =
            response.headers().get("content-encoding").map(|coding| coding.to_str().unwrap().to_owned());
        (coding, response.into_body().collect().await.unwrap().to_bytes().len())
    };
    // As many names that are not ids as a query may have.
    let ignored = (0..199).map(|n| format!("not-an-id-of-a-title-{n}")).collect::<Vec<_>>().join(",");
    let mut largest = 0;
    for setting in [PersonalRoutes::Open, PersonalRoutes::Subject, PersonalRoutes::Off] {
        let router = serving(setting).await;
        let long = [format!("/recommendations/1?n=100&reasons=10&include_seen=true&exclude=ns1,{ignored}")];
        let of_user = PERSONAL.map(|path| path.replace("{}", "1")).into_iter().chain(long);
        for path in of_user {
            for method in ["GET", "HEAD"] {
                let (coding, n_bytes) = coding(&router, &format!("{method} {path}"), "").await;
                assert_eq!(coding, None, "{method} {path}");
                largest = largest.max(n_bytes);
                let is_list = setting == PersonalRoutes::Open && path.contains("n=100");
                assert!(!is_list || method == "HEAD" || n_bytes > 1_000, "{path}: {n_bytes}");
            }
        }
        let ratings = r#"{"ratings":[{"id":"ns1","rating":5}],"n":100,"reasons":10,"include_seen":true}"#;
        let (of_new, n_bytes) = coding(&router, "POST /recommendations", ratings).await;
        assert!(of_new.is_none() && n_bytes > 1_000, "{of_new:?}, {n_bytes}");
        for path in PUBLIC {
            let (coding, _) = coding(&router, &format!("GET {path}"), "").await;
            assert_eq!(coding.as_deref(), Some("gzip"), "{path}");
        }
    }
    assert!(largest > 3_000, "{largest} bytes: public answers of this size are compressed");
}

async fn serving(personal_routes: PersonalRoutes) -> Router {
    let store = Arc::new(small_release::store_with_ranking().await);
    api::load(&Function::ALL, store, personal_routes).await.unwrap()
}

async fn ask(router: &Router, method: &str, path: &str, caller: Option<&str>) -> (u16, Bytes) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(caller) = caller {
        request = request.extension(Caller(caller.to_owned()));
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["cache-control"], "private, no-store", "{path}");
    (response.status().as_u16(), response.into_body().collect().await.unwrap().to_bytes())
}

fn kind(body: &Bytes) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap();
    problem["type"].as_str().unwrap().trim_start_matches("urn:cartelera:problem:").to_owned()
}

/// Recognizes these routes in the OpenAPI document, so a new one cannot be forgotten.
#[tokio::test]
async fn every_route_that_takes_the_id_of_a_user_is_personal() {
    let router = serving(PersonalRoutes::Off).await;
    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let document: Value =
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    let mut n_personal = 0;
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let parameters = operation["parameters"].as_array().unwrap();
        let names_user =
            parameters.iter().any(|of| of["description"].as_str().unwrap().contains("id of a user"));
        assert_eq!(route.is_personal(), names_user, "{}", route.path);
        assert_eq!(operation["responses"].get("403").is_some(), names_user, "{}", route.path);
        n_personal += usize::from(names_user);
    }
    assert_eq!(n_personal, 3);
}

#[tokio::test]
async fn off_answers_nobody_whatever_is_asked() {
    let router = serving(PersonalRoutes::Off).await;
    let paths = PERSONAL.iter().flat_map(|path| ["1", "nobody"].map(|user| path.replace("{}", user)));
    let faulty = ["/predict", "/predict?user_id=1", "/users/1?limit=x", "/recommendations/1?n=-1&genre=none"];
    let mut bodies = Vec::new();
    for path in paths.chain(faulty.map(str::to_owned)) {
        for caller in [None, Some("1")] {
            let (status, body) = ask(&router, "GET", &path, caller).await;
            assert_eq!((status, kind(&body).as_str()), (403, "personal-routes"), "{path}");
            bodies.push(body);
            assert_eq!(ask(&router, "HEAD", &path, caller).await.0, 403, "{path}");
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the answer does not depend on the request");
    // Recommendations for ratings in the request do not concern a user in the release.
    let request =
        Request::post("/recommendations").body(Body::from(r#"{"ratings":[{"id":"ns1","rating":4}]}"#));
    let response = router.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_subject_learns_about_themselves_only() {
    let (router, open) = (serving(PersonalRoutes::Subject).await, serving(PersonalRoutes::Open).await);
    for path in PERSONAL {
        for own in ["1", "ana@casa", "stranger"] {
            let of = |user: &str| path.replace("{}", &user.replace('@', "%40"));
            let answer = ask(&router, "GET", &of(own), Some(own)).await;
            assert_eq!(answer, ask(&open, "GET", &of(own), None).await, "{path} of {own}");
            let (status, there) = ask(&router, "GET", &of("2"), Some(own)).await;
            assert_eq!((status, kind(&there).as_str()), (404, "not-found"), "{path}");
            let (status, nobody) = ask(&router, "GET", &of("3"), Some(own)).await;
            assert_eq!((status, nobody), (404, there), "whether there is such a user is not told: {path}");
            let (status, refused) = ask(&router, "GET", &of(own), None).await;
            assert_eq!((status, kind(&refused).as_str()), (403, "personal-routes"), "{path}");
        }
    }
}

#[tokio::test]
async fn health_says_who_may_ask() {
    for (setting, name) in
        [(PersonalRoutes::Off, "off"), (PersonalRoutes::Subject, "subject"), (PersonalRoutes::Open, "open")]
    {
        let request = Request::get("/health").body(Body::empty()).unwrap();
        let response = serving(setting).await.oneshot(request).await.unwrap();
        let health: Value =
            serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(health["personal_routes"], name);
    }
}

/// A store that records which keys are read.
#[derive(Debug)]
struct Noting {
    inner: MemoryStore,
    keys: Mutex<Vec<String>>,
}

#[async_trait]
impl ReadStore for Noting {
    fn location(&self) -> String {
        self.inner.location()
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.keys.lock().unwrap().push(key.to_owned());
        self.inner.read_versioned(key).await
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.keys.lock().unwrap().push(key.to_owned());
        self.inner.read_range(key, range).await
    }
}

#[tokio::test]
async fn while_nobody_may_ask_no_users_are_read() {
    for (setting, reads) in [(PersonalRoutes::Off, false), (PersonalRoutes::Open, true)] {
        let inner = small_release::store_with_ranking().await;
        let store = Arc::new(Noting { inner, keys: Mutex::default() });
        let router = api::load(&Function::ALL, Arc::clone(&store) as _, setting).await.unwrap();
        for path in PERSONAL {
            ask(&router, "GET", &path.replace("{}", "1"), None).await;
        }
        let is_read = store.keys.lock().unwrap().iter().any(|key| key.starts_with("artifacts/users/"));
        assert_eq!(is_read, reads, "{setting:?}");
    }
}
