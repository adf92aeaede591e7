//! What may be kept of an answer: `Cache-Control`, `ETag`, and 304 for a client that has the answer already.

use artifact::Digest;
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::conditional::{is_known, not_modified};
use crate::log::with_causes;
use crate::problem::Problem;
use crate::route::Kept;
use crate::routes::ROUTES;

/// Sends `Cache-Control` with the answers of routes, and an `ETag` with those that may be kept. Answers 304
/// without a body if `If-None-Match` has the tag.
///
/// The tag is the digest of the body. It is weak, because a compressed answer has the same.
pub(crate) async fn caching(request: Request, next: Next) -> Response {
    let Some(kept) = kept(&request) else { return next.run(request).await };
    let known = request.headers().clone();
    let is_get = request.method() == Method::GET;
    let mut response = next.run(request).await;
    match kept {
        Kept::Personal => cache_control(&mut response, "private, no-store"),
        Kept::Nowhere => cache_control(&mut response, "no-store"),
        Kept::Anywhere | Kept::ForAMinute if is_get && response.status() == StatusCode::OK => {
            let rule = if kept == Kept::Anywhere { "no-cache" } else { "max-age=60" };
            return tagged(response, &known, rule).await;
        }
        Kept::Anywhere | Kept::ForAMinute => {}
    }
    response
}

fn kept(request: &Request) -> Option<Kept> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    ROUTES.iter().find(|route| route.path == path).map(|route| route.operation.kept)
}

fn cache_control(response: &mut Response, value: &'static str) {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
}

async fn tagged(response: Response, known: &HeaderMap, rule: &'static str) -> Response {
    let (mut head, body) = response.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => {
            tracing::error!("cannot read the body of an answer: {}", with_causes(&error));
            return Problem::internal().into_response();
        }
    };
    let tag = format!("W/\"{}\"", Digest::of(&body).short());
    let is_known = is_known(known, &tag);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        head.headers.insert(header::ETAG, tag);
    }
    let mut response = Response::from_parts(head, Body::from(body));
    cache_control(&mut response, rule);
    if is_known { not_modified(response) } else { response }
}
