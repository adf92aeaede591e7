//! Events as a gateway may send them, made such that `lambda_http` turns them into requests.
//!
//! A gateway hands on what a caller sent. The runtime's library refuses the whole event where a header is no ASCII, and
//! panics where the query has a character that no URI has, where the host is no host, or where a body is not the base64
//! that it is said to be. A caller would be told 500 for his own fault; here such an event becomes a request, which the
//! routes then answer as any other.

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

/// What stands in no query of a URI (RFC 3986, section 3.4, and the characters that `http` takes beside them).
const NOT_IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

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

/// The event without the headers whose name or value the library does not take. No route reads a header that may hold
/// such a value.
fn without_odd_headers(raw: &RawValue) -> Result<LambdaRequest, serde_json::Error> {
    let mut event: Value = serde_json::from_str(raw.get())?;
    if let Some(headers) = event.get_mut("headers").and_then(Value::as_object_mut) {
        headers.retain(|name, value| {
            let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
            HeaderName::from_bytes(name.as_bytes()).is_ok() && value.is_some()
        });
    }
    serde_json::from_value(event)
}

/// The event for the library's adapter.
pub(super) fn tame(event: LambdaEvent<Event>) -> LambdaEvent<LambdaRequest> {
    let LambdaEvent { payload: Event(mut request), context } = event;
    if let LambdaRequest::ApiGatewayV2(request) = &mut request {
        tame_request(request);
    }
    LambdaEvent::new(request, context)
}

fn tame_request(request: &mut ApiGatewayV2httpRequest) {
    // Without a host the library takes one of its own, and no route asks which it was.
    request.headers.remove(header::HOST);
    request.request_context.domain_name = None;
    let path = request.raw_path.get_or_insert_default();
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    if let Some(query) = &mut request.raw_query_string {
        *query = utf8_percent_encode(query, NOT_IN_QUERY).to_string();
    }
    let is_base64 = |body: &String| STANDARD.decode(body).is_ok();
    request.is_base64_encoded &= request.body.as_ref().is_none_or(is_base64);
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use lambda_http::{Adapter, Body, Context, Request, Response};
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;

    /// The request that the library makes of an event: its URI and its body.
    async fn made(change: impl FnOnce(&mut Value)) -> (String, Vec<u8>) {
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
        Adapter::from(service).oneshot(tame(LambdaEvent::new(payload, Context::default()))).await.unwrap();
        show.await.unwrap()
    }

    #[tokio::test]
    async fn what_is_sound_stays_as_it_is() {
        let (uri, _) = made(|event| event["rawQueryString"] = "q=caf%C3%A9&n=5&x='a|b`".into()).await;
        assert_eq!(uri, "/titles?q=caf%C3%A9&n=5&x='a|b`");
        let base64 = |event: &mut Value| {
            event["isBase64Encoded"] = true.into();
            event["body"] = "eyJuIjo1fQ==".into();
        };
        assert_eq!(made(base64).await.1, b"{\"n\":5}");
    }

    #[tokio::test]
    async fn whatever_a_caller_sends_becomes_a_request() {
        for query in ["\"", "#", "q=<b>\"x y\"#", "ñ=日本", "%", "%zz", "\u{7f}\r\n\t\0", "???&&&==="] {
            let (uri, _) = made(|event| event["rawQueryString"] = query.into()).await;
            assert!(uri.starts_with("/titles?") && uri.is_ascii(), "{query:?} became {uri}");
        }
        for path in ["", "titles", "/ñ", "//x//y", "/a b", ":99999", "@x", "/%", "/\\..\\", "/?#"] {
            let (uri, _) = made(|event| event["rawPath"] = path.into()).await;
            assert!(uri.starts_with('/'), "{path:?} became {uri}");
        }
        for header in ["host", "x-forwarded-proto", "x-odd", "", "b ad", "x-ñ"] {
            for value in ["", "a b", "[::", "host:99999", "ñ", "\u{1}", "://"] {
                made(|event| event["headers"][header] = value.into()).await;
            }
        }
        let no_base64 = |event: &mut Value| {
            event["isBase64Encoded"] = true.into();
            event["body"] = "{\"n\":5}".into();
        };
        assert_eq!(made(no_base64).await.1, b"{\"n\":5}", "taken as it is");
    }

    #[test]
    fn what_is_no_such_event_is_refused() {
        for text in ["{}", "[]", "5", r#"{"Records":[]}"#] {
            assert!(serde_json::from_str::<Event>(text).is_err(), "{text}");
        }
    }
}
