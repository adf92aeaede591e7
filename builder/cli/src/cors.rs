//! Pages of other origins that may call the local server from a browser.

use std::time::Duration;

use axum::http::{HeaderValue, Method, Uri, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// An origin whose pages may call the server, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(HeaderValue);

impl Origin {
    /// Reads an origin as browsers send it: scheme, host and, if it is not the scheme's own, port.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let uri: Option<Uri> = text.parse().ok();
        let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
        let is_origin = parts.is_some_and(|(scheme, host)| text == format!("{scheme}://{host}"));
        let value = HeaderValue::from_str(text).ok().filter(|_| text == "*" || is_origin);
        value.map(Self).ok_or_else(|| {
            format!("{text:?} is not an origin such as https://example.org or http://localhost:5173, nor *")
        })
    }
}

/// Returns the layer that answers preflights and adds the headers; `None` without an origin.
pub(crate) fn cors(origins: &[Origin]) -> Option<CorsLayer> {
    let allowed: Vec<HeaderValue> = origins.iter().map(|origin| origin.0.clone()).collect();
    let allowed = match allowed.as_slice() {
        [] => return None,
        some if some.iter().any(|origin| origin == "*") => AllowOrigin::from(Any),
        some => AllowOrigin::list(some.iter().cloned()),
    };
    let cors = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::IF_NONE_MATCH])
        .expose_headers([header::ETAG])
        .max_age(Duration::from_hours(1));
    Some(cors)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for text in ["*", "https://example.org", "http://localhost:5173", "http://[::1]:80"] {
            assert!(Origin::parse(text).is_ok(), "{text}");
        }
        for text in
            ["", "example.org", "https://example.org/", "https://a.b/c", "https://", "a b", "https://ñ.org"]
        {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }

    async fn answer(origins: &[&str], method: &str, origin: &str) -> (StatusCode, HeaderMap) {
        let origins: Vec<Origin> = origins.iter().map(|origin| Origin::parse(origin).unwrap()).collect();
        let mut router = Router::new().route("/", get(|| async { "here" }));
        if let Some(cors) = cors(&origins) {
            router = router.layer(cors);
        }
        let request = Request::builder().method(method).uri("/").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        (response.status(), response.headers().clone())
    }

    #[tokio::test]
    async fn preflights_are_answered_for_the_origins_that_are_named() {
        let named = ["https://a.org", "http://localhost:5173"];
        for origin in named {
            let (status, headers) = answer(&named, "OPTIONS", origin).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers["access-control-allow-origin"], origin);
            assert_eq!(headers["access-control-allow-methods"], "GET,HEAD,POST");
            assert_eq!(headers["access-control-allow-headers"], "content-type,if-none-match");
            let (status, headers) = answer(&named, "GET", origin).await;
            assert_eq!(
                (status, &headers["access-control-allow-origin"]),
                (StatusCode::OK, &HeaderValue::from_static(origin))
            );
        }
        for method in ["OPTIONS", "GET"] {
            let (_, headers) = answer(&named, method, "https://b.org").await;
            assert!(!headers.contains_key("access-control-allow-origin"), "{method}");
        }
        assert_eq!(answer(&["*"], "GET", "https://b.org").await.1["access-control-allow-origin"], "*");
    }

    #[tokio::test]
    async fn without_an_origin_nothing_changes() {
        assert_eq!(answer(&[], "OPTIONS", "https://a.org").await.0, StatusCode::METHOD_NOT_ALLOWED);
        let (status, headers) = answer(&[], "GET", "https://a.org").await;
        assert_eq!(status, StatusCode::OK);
        assert!(!headers.keys().any(|name| name.as_str().starts_with("access-control")), "{headers:?}");
    }
}
