//! One line per request, which is both a structured log entry and its metrics.
//!
//! The line is a JSON object in CloudWatch's embedded metric format. The members that `_aws` names become
//! metrics; the others can be queried in the log. No metric needs a request of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use axum::extract::MatchedPath;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use lambda_http::{Context, Request, RequestExt};
use serde::{Serialize, Serializer};
use serde_json::json;
use tower::{Service, ServiceExt};

use super::caller::Callers;
use crate::log::{StrategyUsed, method_name, with_causes};
use crate::reload::Current;
use crate::users::BlockRead;

/// The namespace of the metrics.
const NAMESPACE: &str = "Cartelera";

/// The header that traces a request through the services of AWS.
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Metrics of every request, with their units.
const OF_ALL: &[(&str, &str)] =
    &[("Latency", "Milliseconds"), ("ColdStart", "Count"), ("ServerErrors", "Count")];

/// Metrics of functions that read a release.
const OF_RELEASE: &[(&str, &str)] = &[("ReleaseAge", "Seconds"), ("ReloadFailures", "Count")];

/// Metrics of answers that a model made, by function and strategy.
const OF_STRATEGY: &[(&str, &str)] = &[("Answers", "Count")];

/// Metrics of requests for a user whose block may have to be read: one is 1, the other 0.
const OF_BLOCKS: &[(&str, &str)] = &[("BlockCacheHits", "Count"), ("BlockCacheMisses", "Count")];

/// Writes a line for each request of one function.
pub(super) struct Observer {
    /// Its name in the account, which differs between two deployments.
    function: String,
    /// `None` for a function that reads no release.
    current: Option<Arc<Current>>,
    /// `None` if the function does not identify callers.
    callers: Option<Callers>,
    /// Whether a request was answered before.
    is_warm: AtomicBool,
    write: Box<dyn Fn(&str) + Send + Sync>,
}

/// A request and its answer, as a line of the log.
#[derive(Debug, Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws")]
    aws: Metrics,
    level: &'static str,
    message: &'static str,
    #[serde(rename = "Function")]
    function: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    /// A keyed hash of the caller, if the gateway identified one.
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a str>,
    method: &'static str,
    route: &'a str,
    status: u16,
    #[serde(rename = "Latency")]
    latency: f64,
    #[serde(rename = "ColdStart")]
    cold_start: u8,
    #[serde(rename = "ServerErrors")]
    server_errors: u8,
    #[serde(rename = "ReleaseAge", skip_serializing_if = "Option::is_none")]
    release_age: Option<u64>,
    #[serde(rename = "ReloadFailures", skip_serializing_if = "Option::is_none")]
    reload_failures: Option<u64>,
    #[serde(rename = "BlockCacheHits", skip_serializing_if = "Option::is_none")]
    block_cache_hits: Option<u8>,
    #[serde(rename = "BlockCacheMisses", skip_serializing_if = "Option::is_none")]
    block_cache_misses: Option<u8>,
    /// How long the request waited for its block, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    block_wait: Option<f64>,
    /// How many bytes were read for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    block_bytes: Option<u64>,
    #[serde(rename = "Strategy", skip_serializing_if = "Option::is_none")]
    strategy: Option<&'static str>,
    #[serde(rename = "Answers", skip_serializing_if = "Option::is_none")]
    answers: Option<u8>,
}

/// The parts of a request that are logged.
struct Asked<'a> {
    method: &'static str,
    context: Option<&'a Context>,
    trace: Option<&'a HeaderValue>,
    caller: Option<&'a str>,
}

/// Which members of a line are metrics.
#[derive(Debug)]
struct Metrics {
    at: SystemTime,
    has_release: bool,
    has_block: bool,
    has_strategy: bool,
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = |metrics: &[(&str, &str)]| -> Vec<serde_json::Value> {
            metrics.iter().map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect()
        };
        let mut of_function = named(OF_ALL);
        if self.has_release {
            of_function.extend(named(OF_RELEASE));
        }
        if self.has_block {
            of_function.extend(named(OF_BLOCKS));
        }
        let mut sets = vec![json!({
            "Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": of_function,
        })];
        if self.has_strategy {
            sets.push(json!({
                "Namespace": NAMESPACE, "Dimensions": [["Function", "Strategy"]], "Metrics": named(OF_STRATEGY),
            }));
        }
        let at = self.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        json!({"Timestamp": at as u64, "CloudWatchMetrics": sets}).serialize(serializer)
    }
}

impl Observer {
    pub(super) fn new(
        function: impl Into<String>,
        current: Option<Arc<Current>>,
        callers: Option<Callers>,
        write: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let (function, is_warm, write) = (function.into(), AtomicBool::new(false), Box::new(write));
        Self { function, current, callers, is_warm, write }
    }

    /// Returns the service with a line for each request, and with the trace id of the request on its answer.
    pub(super) fn around<S>(
        self,
        service: S,
    ) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send
    where
        S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
    {
        let observer = Arc::new(self);
        tower::service_fn(move |request: Request| {
            let (observer, service) = (Arc::clone(&observer), service.clone());
            async move {
                let began = Instant::now();
                let method = method_name(request.method());
                let context = request.lambda_context_ref().cloned();
                let trace = request.headers().get(TRACE_ID).cloned();
                let caller = observer.callers.as_ref().and_then(|callers| callers.name(&request));
                let Ok(mut response) = service.oneshot(request).await;
                if let Some(trace) = &trace {
                    response.headers_mut().insert(TRACE_ID, trace.clone());
                }
                let asked = Asked {
                    method,
                    context: context.as_ref(),
                    trace: trace.as_ref(),
                    caller: caller.as_deref(),
                };
                observer.log(&asked, &response, began.elapsed());
                Ok(response)
            }
        })
    }

    fn log(&self, asked: &Asked<'_>, response: &Response, took: Duration) {
        let Asked { method, context, trace, caller } = *asked;
        let route = response.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
        let strategy = response.extensions().get::<StrategyUsed>().map(|used| used.0);
        let block = response.extensions().get::<BlockRead>();
        let is_failure = response.status() >= StatusCode::INTERNAL_SERVER_ERROR;
        let line = Line {
            aws: Metrics {
                at: SystemTime::now(),
                has_release: self.current.is_some(),
                has_block: block.is_some(),
                has_strategy: strategy.is_some(),
            },
            level: if is_failure { "ERROR" } else { "INFO" },
            message: "request",
            function: &self.function,
            request_id: context.map_or("none", |context| &context.request_id),
            trace_id: trace.and_then(|trace| trace.to_str().ok()),
            caller,
            method,
            route,
            status: response.status().as_u16(),
            latency: milliseconds(took),
            cold_start: u8::from(!self.is_warm.swap(true, Ordering::Relaxed)),
            server_errors: u8::from(is_failure),
            release_age: self.current.as_ref().map(|current| current.age().as_secs()),
            reload_failures: self.current.as_ref().map(|current| current.take_failures()),
            block_cache_hits: block.map(|read| u8::from(read.hit)),
            block_cache_misses: block.map(|read| u8::from(!read.hit)),
            block_wait: block.map(|read| milliseconds(read.waited)),
            block_bytes: block.map(|read| read.bytes),
            strategy,
            answers: strategy.map(|_| 1),
        };
        match serde_json::to_string(&line) {
            Ok(line) => (self.write)(&line),
            Err(error) => tracing::error!("cannot encode the line of a request: {}", with_causes(&error)),
        }
    }
}

/// Returns milliseconds, exact to the microsecond.
fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use axum::Router;
    use axum::middleware;
    use axum::response::IntoResponse;
    use axum::routing::get;
    use serde_json::Value;

    use super::*;
    use crate::middleware::problems_for_refusals;

    async fn log_of(paths: &[&str]) -> (Vec<Value>, Vec<Response>) {
        let strategy = || async {
            let mut response = "made".into_response();
            response.extensions_mut().insert(StrategyUsed("ranking"));
            response
        };
        let block = |hit| async move {
            let waited = Duration::from_micros(if hit { 0 } else { 1500 });
            let mut response = "found".into_response();
            response.extensions_mut().insert(BlockRead { hit, bytes: 32_768, waited });
            response
        };
        let router = Router::new()
            .route("/made/{user_id}", get(strategy))
            .route("/kept/{user_id}", get(move || block(true)))
            .route("/read/{user_id}", get(move || block(false)))
            .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
            .layer(middleware::from_fn(problems_for_refusals));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let keep = move |line: &str| {
            let line = serde_json::from_str(line).unwrap();
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        };
        let service = Observer::new("recommend", None, None, keep).around(super::super::service(router));
        let mut responses = Vec::new();
        for path in paths {
            let mut context = Context::default();
            context.request_id = "8476a536".to_owned();
            let mut request = Request::new(lambda_http::Body::Empty);
            *request.uri_mut() = path.parse().unwrap();
            request.headers_mut().insert(TRACE_ID, HeaderValue::from_static("Root=1-5e6722a7"));
            responses.push(service.clone().oneshot(request.with_lambda_context(context)).await.unwrap());
        }
        drop(service);
        (Arc::into_inner(lines).unwrap().into_inner().unwrap(), responses)
    }

    #[tokio::test]
    async fn a_line_holds_the_log_and_the_metrics_and_no_user() {
        let (lines, responses) = log_of(&["/made/user-4711?n=3", "/broken", "/nowhere/user-4711"]).await;
        assert_eq!(lines.len(), 3, "one line a request");
        let [made, broken, nowhere] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(made["route"], "/made/{user_id}");
        assert_eq!((&made["status"], &made["level"]), (&json!(200), &json!("INFO")));
        assert_eq!((&made["request_id"], &made["trace_id"]), (&json!("8476a536"), &json!("Root=1-5e6722a7")));
        assert_eq!((&made["Strategy"], &made["Answers"]), (&json!("ranking"), &json!(1)));
        assert_eq!(
            [&made["ColdStart"], &broken["ColdStart"]],
            [1, 0],
            "only the first request finds it cold"
        );
        assert_eq!((&broken["ServerErrors"], &broken["level"]), (&json!(1), &json!("ERROR")));
        assert_eq!((&nowhere["route"], &nowhere["status"]), (&json!("none"), &json!(404)));
        assert!(lines.iter().all(|line| !line.to_string().contains("4711")), "{lines:?}");
        assert!(responses.iter().all(|r| r.headers()[TRACE_ID] == "Root=1-5e6722a7"));
    }

    #[tokio::test]
    async fn a_line_says_how_the_user_was_found() {
        let (lines, _) = log_of(&["/kept/1", "/read/1", "/made/1"]).await;
        let block = |line: &Value| {
            ["BlockCacheHits", "BlockCacheMisses", "block_wait"].map(|name| line[name].clone())
        };
        assert_eq!(block(&lines[0]), [json!(1), json!(0), json!(0.0)]);
        assert_eq!(block(&lines[1]), [json!(0), json!(1), json!(1.5)]);
        assert_eq!(block(&lines[2]), [Value::Null, Value::Null, Value::Null], "no block was asked for");
    }

    /// The rules of the embedded metric format: every metric and every dimension that is named is in the
    /// line.
    #[tokio::test]
    async fn every_metric_that_is_named_is_there() {
        let (lines, _) = log_of(&["/made/1", "/broken", "/read/1"]).await;
        for line in &lines {
            assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
            let sets = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
            assert_eq!(sets.len(), if line.get("Strategy").is_some() { 2 } else { 1 });
            for set in sets {
                assert_eq!(set["Namespace"], NAMESPACE);
                for dimension in set["Dimensions"][0].as_array().unwrap() {
                    assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension} of {line}");
                }
                let metrics = set["Metrics"].as_array().unwrap();
                assert!(!metrics.is_empty());
                for metric in metrics {
                    assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric} of {line}");
                }
            }
        }
    }
}
