//! Answers compressed by gzip, for clients that take it.
//!
//! Answers about a user are not: they also hold what the request asked for. Somebody who can make a browser
//! send requests, and see how long the answers are, would find out which names are in them twice (BREACH).

use std::io::{self, Write as _};
use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::log::with_causes;
use crate::problem::Problem;

/// Answers of up to this many bytes are not compressed: they fit into one packet anyway.
const MOST_PLAIN: u64 = 1000;

/// Answers of more bytes than these are compressed off the threads that serve requests.
const MOST_IN_PLACE: usize = 64 * 1024;

/// The compressed form of an answer that stays the same while a release is served, made when it is first
/// asked for. A handler gives it to [`compression`] as an extension of the response.
#[derive(Debug, Clone, Default)]
pub(crate) struct CompressedOnce(Arc<OnceLock<Bytes>>);

/// Compresses an answer of more than [`MOST_PLAIN`] bytes if the client takes gzip, unless it is about a
/// user. Every answer is text, so all of them become smaller.
pub(crate) async fn compression(request: Request, next: Next) -> Response {
    let takes_gzip = takes_gzip(request.headers());
    let mut response = next.run(request).await;
    if is_private(response.headers()) {
        return response;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let n_bytes = response.body().size_hint().lower();
    if !takes_gzip || n_bytes <= MOST_PLAIN || response.status() == StatusCode::NOT_MODIFIED {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let once = head.extensions.remove::<CompressedOnce>().unwrap_or_default();
    let compressed = match once.0.get() {
        Some(compressed) => Ok(compressed.clone()),
        None => compressed(body).await,
    };
    let compressed = match compressed {
        Ok(compressed) => once.0.get_or_init(|| compressed).clone(),
        Err(error) => {
            tracing::error!("cannot compress an answer: {}", with_causes(&error));
            return Problem::internal().into_response();
        }
    };
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    // The plain answer has the same tag, so it is not that of these bytes alone.
    let tag = head.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let weak = tag
        .filter(|tag| !tag.starts_with("W/"))
        .and_then(|tag| HeaderValue::try_from(format!("W/{tag}")).ok());
    if let Some(weak) = weak {
        head.headers.insert(header::ETAG, weak);
    }
    Response::from_parts(head, Body::from(compressed))
}

/// Returns whether an answer is about one user, as `Cache-Control` says.
fn is_private(answer: &HeaderMap) -> bool {
    let lists = answer.get_all(header::CACHE_CONTROL).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|rule| rule.trim().eq_ignore_ascii_case("private"))
}

async fn compressed(body: Body) -> io::Result<Bytes> {
    let body = to_bytes(body, usize::MAX).await.map_err(io::Error::other)?;
    if body.len() > MOST_IN_PLACE { store::run_blocking(move || gzip(&body)).await } else { gzip(&body) }
}

fn gzip(bytes: &Bytes) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish().map(Bytes::from)
}

/// Returns whether `Accept-Encoding` allows gzip (RFC 9110, section 12.5.3): by its name or else by `*`, and
/// not with the weight 0.
fn takes_gzip(request: &HeaderMap) -> bool {
    let lists = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    let (mut by_name, mut by_any) = (None, None);
    for coding in lists.flat_map(|list| list.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let is_allowed =
            weight.is_none_or(|weight| weight.trim().parse().is_ok_and(|weight: f32| weight > 0.0));
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            by_name = Some(is_allowed);
        } else if name == "*" {
            by_any = Some(is_allowed);
        }
    }
    by_name.or(by_any).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::middleware::from_fn;
    use axum::routing::{any, get};
    use axum::{Extension, Router};
    use flate2::read::GzDecoder;
    use tower::ServiceExt as _;

    use super::*;
    use crate::caching::caching;
    use crate::route::Kept;
    use crate::routes::ROUTES;

    /// The bodies differ only to show which of them was compressed.
    #[tokio::test]
    async fn a_report_is_compressed_once() {
        let (once, n_asked) = (CompressedOnce::default(), AtomicU64::new(0));
        let body = move || {
            let digit = n_asked.fetch_add(1, Ordering::Relaxed).to_string();
            (Extension(once.clone()), digit.repeat(2_000))
        };
        let body = Arc::new(body);
        let report = get(move || std::future::ready(body()));
        let router = Router::new().route("/", report).layer(from_fn(compression));
        let ask = async |accepted: &'static str| {
            let request = Request::get("/").header(header::ACCEPT_ENCODING, accepted).body(Body::empty());
            let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
            let is_compressed = answer.headers().get(header::CONTENT_ENCODING).is_some();
            let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            let mut text = String::new();
            if is_compressed {
                GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
            } else {
                text = String::from_utf8(bytes.to_vec()).unwrap();
            }
            assert_eq!(text.len(), 2_000);
            (is_compressed, text.as_bytes()[0])
        };
        assert_eq!(ask("identity").await, (false, b'0'));
        assert_eq!(ask("gzip").await, (true, b'1'));
        assert_eq!(ask("gzip").await, (true, b'1'));
        assert_eq!(ask("identity").await, (false, b'3'));
    }

    /// However large they are, and whether or not they are errors.
    #[tokio::test]
    async fn every_route_is_compressed_unless_it_is_about_a_user() {
        let mut n_personal = 0;
        for route in ROUTES {
            let answer = |status: StatusCode| any(async move || (status, "x".repeat(2_000_000)));
            for status in [StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND] {
                let router = Router::new().route(route.path, answer(status)).layer(from_fn(caching));
                let router = router.layer(from_fn(compression));
                for accepted in ["gzip", "*", "br, gzip;q=0.1"] {
                    let request = Request::builder().method(route.method.as_str()).uri(route.path);
                    let request = request.header(header::ACCEPT_ENCODING, accepted).body(Body::empty());
                    let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
                    let personal = route.operation.kept == Kept::Personal;
                    let coding = answer.headers().get(header::CONTENT_ENCODING);
                    assert_eq!(coding.is_none(), personal, "{} {status}", route.path);
                    let n_bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap().len();
                    assert_eq!(n_bytes == 2_000_000, personal, "{} {status}", route.path);
                }
            }
            assert!(!route.is_personal() || route.operation.kept == Kept::Personal, "{}", route.path);
            n_personal += u32::from(route.is_personal());
        }
        assert!(n_personal >= 3);
    }

    #[test]
    fn gzip_is_taken_by_name_or_by_any_and_not_with_the_weight_0() {
        for (accepted, expected) in [
            (&["gzip"][..], true),
            (&["gzip, deflate, br"], true),
            (&["br;q=1.0, GZIP;q=0.2"], true),
            (&["deflate", "x-gzip"], true),
            (&["*"], true),
            (&["br, *;q=0.1"], true),
            (&[], false),
            (&[""], false),
            (&["identity"], false),
            (&["br"], false),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000, *"], false),
            (&["*;q=0"], false),
            (&["gzip;q=high"], false),
            (&["gzipped"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in accepted {
                headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(takes_gzip(&headers), expected, "{accepted:?}");
        }
    }
}
