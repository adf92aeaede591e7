//! Conditional requests: 304 for a client that has the answer already.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

/// Returns whether a request's `If-None-Match` has an entity tag. Tags are compared weakly (RFC 9110, section
/// 13.1.2).
pub(crate) fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let lists = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(','));
    tags.any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

/// Takes the body out of an answer, and what describes it.
pub(crate) fn not_modified(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    *response.body_mut() = Body::empty();
    for of_body in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        response.headers_mut().remove(of_body);
    }
    response
}
