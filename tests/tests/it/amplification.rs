//! An answer to a bad request is bounded by the size of the request.

use std::sync::Arc;

use api::{Function, PersonalRoutes, ROUTES};
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tests::small_release;
use tower::ServiceExt as _;

/// The most bytes of an answer to a bad request: 8 KB, and four times the request.
fn most(asked: usize) -> usize {
    8_192 + 4 * asked
}

/// Sends a request to every function. Returns the sizes of the answers that are errors.
async fn sizes_of_errors(path: &str, body: Option<&[u8]>) -> Vec<usize> {
    let store = Arc::new(small_release::store_with_ranking().await);
    let mut sizes = Vec::new();
    for function in Function::ALL {
        let router = api::load(&[function], store.clone(), PersonalRoutes::Open).await.unwrap();
        let request = match body {
            Some(body) => Request::post(path).body(Body::from(body.to_vec())),
            None => Request::get(path).body(Body::empty()),
        };
        let response = router.oneshot(request.unwrap()).await.unwrap();
        let is_error = response.status().is_client_error();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        if is_error {
            sizes.push(body.len());
        }
    }
    sizes
}

fn check(path: &str, body: Option<&[u8]>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked = path.len() + body.map_or(0, <[u8]>::len);
    for size in runtime.block_on(sizes_of_errors(path, body)) {
        prop_assert!(size <= most(asked), "{} bytes for {} of {}", size, asked, &path[..path.len().min(200)]);
    }
    Ok(())
}

/// Parts of names and values: those that grow when they are escaped, and known ones.
fn piece() -> impl Strategy<Value = &'static str> {
    select(vec![
        "a",
        "%00",
        "%22",
        "%5C",
        "%7F",
        "%C2%85",
        "%F4%8F%BF%BF",
        "+",
        ",",
        "platform",
        "genre",
        "audience",
        "n",
        "hulu",
        "zz",
    ])
}

fn path() -> impl Strategy<Value = String> {
    let paths: Vec<&'static str> = ROUTES.iter().map(|route| route.path).collect();
    (select(paths), vec(piece(), 1..40)).prop_map(|(path, id)| {
        let id = id.concat();
        path.replace("{id}", &id).replace("{user_id}", &id)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_answer_to_a_bad_query_is_bounded(
        path in path(),
        pairs in vec((vec(piece(), 0..6), vec(piece(), 0..60)), 0..60),
    ) {
        let query: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}={}", name.concat(), value.concat())).collect();
        check(&format!("{path}?{}", query.join("&")), None)?;
    }

    #[test]
    fn an_answer_to_a_bad_body_is_bounded(
        fields in vec(("[a\"\\\\\u{1}\u{7f}é]{0,6}", "[a\"\\\\\u{1}\u{7f}é]{0,60}"), 0..60),
        ratings in vec(("[a\u{1}\"\u{7f}]{0,4}", -9.0..9.0_f64), 0..60),
    ) {
        let ratings: Vec<_> =
            ratings.iter().map(|(id, rating)| serde_json::json!({ "id": id, "rating": rating })).collect();
        let mut body = serde_json::json!({ "ratings": ratings });
        for (name, value) in &fields {
            body[name] = value.as_str().into();
        }
        check("/recommendations", Some(body.to_string().as_bytes()))?;
    }
}

/// The largest factors that were found by hand.
#[test]
fn many_unknown_names_give_a_short_answer() {
    let query: Vec<String> = (0..3_000).map(|n| n.to_string()).collect();
    let fields: String = (0..9_000).map(|_| ",\"\":0").collect();
    let body = format!("{{\"ratings\":[]{fields}}}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (path, body) in [
        (format!("/recommendations/1?{}", query.join("&")), None),
        ("/recommendations".to_owned(), Some(body.as_bytes())),
    ] {
        let sizes = runtime.block_on(sizes_of_errors(&path, body));
        assert!(!sizes.is_empty() && sizes.iter().all(|size| *size < 8_192), "{sizes:?}");
    }
}
