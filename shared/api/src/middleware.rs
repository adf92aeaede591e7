//! What every answer goes through.

use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{self, Problem};

/// The maximum size of a request body, in bytes; a thousand ratings take 40,000.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// Answers HEAD as GET, without the body. Everything that depends on the body, such as its length, is the
/// same.
pub(crate) async fn head_as_get(mut request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    if is_head {
        *request.method_mut() = Method::GET;
    }
    let mut response = next.run(request).await;
    if let Some(n_bytes) = response.body().size_hint().exact() {
        response.headers_mut().insert(header::CONTENT_LENGTH, n_bytes.into());
    }
    if is_head {
        *response.body_mut() = Body::empty();
    }
    response
}

/// Sends `X-Content-Type-Options: nosniff` with every answer.
pub(crate) async fn nosniff(mut response: Response) -> Response {
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Turns the framework's own refusals, which are plain text, into problems.
pub(crate) async fn problems_for_refusals(request: Request, next: Next) -> Response {
    // Both share their contents with the request, so copies are cheap.
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    // Keep the matched route for the logging layer, which runs outside the router.
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    let problem = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Problem::method_not_allowed(method.as_str(), uri.path()),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(MAX_BODY_BYTES),
        // Only POST has a body, and no POST has a parameter in its path.
        StatusCode::BAD_REQUEST if !is_problem(&response) && method == Method::POST => {
            Problem::one_invalid("body", "cannot be read to its end; send it whole, in valid chunks")
        }
        StatusCode::BAD_REQUEST if !is_problem(&response) => {
            Problem::one_invalid("path", "is not UTF-8 text, percent-encoded where it has to be")
        }
        _ => return response,
    };
    let mut explained = problem.into_response();
    *explained.extensions_mut() = std::mem::take(response.extensions_mut());
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        explained.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    explained
}

fn is_problem(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(problem::MEDIA_TYPE.as_bytes()))
}
