//! Events as a gateway may send them, repaired so that `lambda_http` can turn every one into a request.
//!
//! A gateway passes on what a client sent. The runtime's library refuses the whole event if a header is not
//! ASCII. It panics if the query has a character that is not allowed in a URI, if path and query have more
//! than 64 KiB, if the host is not a valid host, or if a body is not the base64 it is marked as. The client
//! would get a 500 for its own mistake. Here such an event becomes a request, and the routes answer it like
//! any other.

use axum::http::header::{self, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::LambdaEvent;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::request::LambdaRequest;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::PlainValue;

/// The characters that a query must not contain (RFC 3986, section 3.4, less those that `http` accepts
/// anyway).
const NOT_IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// The characters that end a path, and the one that the library's parser treats as a slash.
const NOT_IN_PATH: &AsciiSet = &CONTROLS.add(b'\\').add(b'?').add(b'#');

/// The most bytes of a path. The library's parser encodes some characters, each as three.
const MAX_PATH_BYTES: usize = 8 << 10;

/// The most bytes of a query. API Gateway accepts less.
const MAX_QUERY_BYTES: usize = 32 << 10;

/// What a path and a query become that are longer. Routes refuse them by these names.
const LONG_PATH: &str = "/path-of-more-than-8-KiB";
const LONG_QUERY: &str = "query-of-more-than-32-KiB";

/// An event from an HTTP API or a function URL.
#[derive(Debug)]
pub struct Event(LambdaRequest);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let parsed = serde_json::from_str(raw.get()).or_else(|_| without_odd_headers(raw));
        parsed.map(Self).map_err(D::Error::custom)
    }
}

/// Parses an event without the headers whose name or value the library does not accept. No route reads a
/// header that may have such a value.
fn without_odd_headers(raw: &RawValue) -> Result<LambdaRequest, serde_json::Error> {
    let PlainValue(mut event) = serde_json::from_str(raw.get())?;
    if let Some(headers) = event.get_mut("headers").and_then(Value::as_object_mut) {
        headers.retain(|name, value| {
            let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
            HeaderName::from_bytes(name.as_bytes()).is_ok() && value.is_some()
        });
    }
    serde_json::from_value(event)
}

/// Repairs an event for the library's adapter.
pub(super) fn repair(event: LambdaEvent<Event>) -> LambdaEvent<LambdaRequest> {
    let LambdaEvent { payload: Event(mut request), context } = event;
    if let LambdaRequest::ApiGatewayV2(request) = &mut request {
        repair_request(request);
    }
    LambdaEvent::new(request, context)
}

fn repair_request(request: &mut ApiGatewayV2httpRequest) {
    // Without a host the library fills in its own; no route reads it.
    request.headers.remove(header::HOST);
    request.request_context.domain_name = None;
    let path = request.raw_path.get_or_insert_default();
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    *path = kept_path(path);
    if path.len() > MAX_PATH_BYTES {
        LONG_PATH.clone_into(path);
    }
    if let Some(query) = &mut request.raw_query_string {
        *query = utf8_percent_encode(query, NOT_IN_QUERY).to_string();
        if query.len() > MAX_QUERY_BYTES {
            LONG_QUERY.clone_into(query);
        }
    }
    let is_base64 = |body: &String| STANDARD.decode(body).is_ok();
    request.is_base64_encoded &= request.body.as_ref().is_none_or(is_base64);
}

/// Returns a path that the library's URL parser leaves unchanged. The parser treats a backslash as a slash
/// and resolves the segments `.` and `..`, even if their dots are percent-encoded, so the path could become
/// that of another route than the one that the gateway has chosen and limited. Backslashes are therefore
/// encoded, and the dots of such segments are encoded twice, which makes them ordinary names that nothing
/// has.
fn kept_path(path: &str) -> String {
    let segment = |segment: &str| match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
        dots @ ("." | "..") => dots.replace('.', "%252E"),
        _ => utf8_percent_encode(segment, NOT_IN_PATH).to_string(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use lambda_http::{Adapter, Body, Context, Request, Response};
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;

    /// Returns the URI and the body of the request that the library makes from an event.
    async fn request_of(change: impl FnOnce(&mut Value)) -> (String, Vec<u8>) {
        let mut event = json!({
            "version": "2.0",
            "rawPath": "/titles",
            "rawQueryString": "q=a",
            "headers": {"host": "api.example.com", "accept": "*/*"},
            "requestContext": {"http": {"method": "GET", "path": "/titles"}, "stage": "$default"},
            "isBase64Encoded": false,
        });
        change(&mut event);
        let payload: Event = serde_json::from_str(&event.to_string()).unwrap();
        let (seen, show) = tokio::sync::oneshot::channel();
        let mut seen = Some(seen);
        let service = tower::service_fn(move |request: Request| {
            let sent = seen.take().unwrap().send((request.uri().to_string(), request.body().to_vec()));
            sent.unwrap();
            async { Ok::<_, Infallible>(Response::new(Body::Empty)) }
        });
        Adapter::from(service).oneshot(repair(LambdaEvent::new(payload, Context::default()))).await.unwrap();
        show.await.unwrap()
    }

    #[tokio::test]
    async fn a_valid_event_stays_unchanged() {
        let (uri, _) = request_of(|event| event["rawQueryString"] = "q=caf%C3%A9&n=5&x='a|b`".into()).await;
        assert_eq!(uri, "/titles?q=caf%C3%A9&n=5&x='a|b`");
        let base64 = |event: &mut Value| {
            event["isBase64Encoded"] = true.into();
            event["body"] = "eyJuIjo1fQ==".into();
        };
        assert_eq!(request_of(base64).await.1, b"{\"n\":5}");
    }

    #[tokio::test]
    async fn whatever_a_client_sends_becomes_a_request() {
        for query in ["\"", "#", "q=<b>\"x y\"#", "ñ=日本", "%", "%zz", "\u{7f}\r\n\t\0", "???&&&==="] {
            let (uri, _) = request_of(|event| event["rawQueryString"] = query.into()).await;
            assert!(uri.starts_with("/titles?") && uri.is_ascii(), "{query:?} became {uri}");
        }
        for path in ["", "titles", "/ñ", "//x//y", "/a b", ":99999", "@x", "/%", "/\\..\\", "/?#"] {
            let (uri, _) = request_of(|event| event["rawPath"] = path.into()).await;
            assert!(uri.starts_with('/'), "{path:?} became {uri}");
        }
        for header in ["host", "x-forwarded-proto", "x-odd", "", "b ad", "x-ñ"] {
            for value in ["", "a b", "[::", "host:99999", "ñ", "\u{1}", "://"] {
                request_of(|event| event["headers"][header] = value.into()).await;
            }
        }
        let no_base64 = |event: &mut Value| {
            event["isBase64Encoded"] = true.into();
            event["body"] = "{\"n\":5}".into();
        };
        assert_eq!(request_of(no_base64).await.1, b"{\"n\":5}", "used as it is");
    }

    #[tokio::test]
    async fn a_path_or_a_query_that_is_too_long_is_refused_by_name() {
        for text in ["a", "\"", "ñ"] {
            let long = text.repeat(70_000);
            let (uri, _) = request_of(|event| event["rawQueryString"] = long.as_str().into()).await;
            assert_eq!(uri, "/titles?query-of-more-than-32-KiB");
            let (uri, _) = request_of(|event| event["rawPath"] = long.as_str().into()).await;
            assert_eq!(uri, "/path-of-more-than-8-KiB?q=a");
        }
        let (path, query) = ("{".repeat(MAX_PATH_BYTES - 1), "a".repeat(MAX_QUERY_BYTES));
        let longest = |event: &mut Value| {
            event["rawPath"] = format!("/{path}").into();
            event["rawQueryString"] = query.as_str().into();
        };
        assert_eq!(request_of(longest).await.0, format!("/{}?{query}", "%7B".repeat(MAX_PATH_BYTES - 1)));
    }

    /// A query may have a parameter of this name, and an odd header leads to the other way of reading.
    #[tokio::test]
    async fn a_key_of_the_parser_is_a_parameter_like_any_other() {
        for text in ["5", "[[[[", "no JSON"] {
            let odd = |event: &mut Value| {
                event["headers"]["x-odd"] = "ñ".into();
                event["queryStringParameters"] = json!({ "$serde_json::private::RawValue": text });
            };
            assert_eq!(request_of(odd).await.0, "/titles?q=a", "{text}");
        }
    }

    /// The gateway chose and limited a route by this path, so no other route may answer.
    #[tokio::test]
    async fn a_path_does_not_become_that_of_another_route() {
        for (path, expected) in [
            ("/titles/..\\eda.html", "/titles/..%5Ceda.html"),
            ("/titles/../eda.html", "/titles/%252E%252E/eda.html"),
            ("/titles/%2e%2E/eda", "/titles/%252E%252E/eda"),
            ("/similar/.%2e/docs", "/similar/%252E%252E/docs"),
            ("/./model", "/%252E/model"),
            ("/titles/a?/../eda", "/titles/a%3F/%252E%252E/eda"),
            ("/titles/a#b", "/titles/a%23b"),
            ("/titles/\t..\n/", "/titles/%09..%0A/"),
            ("\\\\host\\eda", "/%5C%5Chost%5Ceda"),
            ("/titles/...", "/titles/..."),
            ("/titles/caf%C3%A9%20a", "/titles/caf%C3%A9%20a"),
        ] {
            let (uri, _) = request_of(|event| event["rawPath"] = path.into()).await;
            assert_eq!(uri, format!("{expected}?q=a"), "{path}");
        }
    }

    #[test]
    fn other_events_are_refused() {
        for text in ["{}", "[]", "5", r#"{"Records":[]}"#] {
            assert!(serde_json::from_str::<Event>(text).is_err(), "{text}");
        }
    }
}
