//! Answers compressed by gzip, for clients that take it.

use std::io::{self, Write as _};

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

/// Compresses an answer of more than [`MOST_PLAIN`] bytes if the client takes gzip. Every answer is text, so
/// all of them become smaller.
pub(crate) async fn compression(request: Request, next: Next) -> Response {
    let takes_gzip = takes_gzip(request.headers());
    let mut response = next.run(request).await;
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let n_bytes = response.body().size_hint().lower();
    if !takes_gzip || n_bytes <= MOST_PLAIN || response.status() == StatusCode::NOT_MODIFIED {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let compressed = match to_bytes(body, usize::MAX).await {
        Ok(body) if body.len() > MOST_IN_PLACE => store::run_blocking(move || gzip(&body)).await,
        Ok(body) => gzip(&body),
        Err(error) => Err(io::Error::other(error)),
    };
    let compressed = match compressed {
        Ok(compressed) => compressed,
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

fn gzip(bytes: &Bytes) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
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
    use super::*;

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
