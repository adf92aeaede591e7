//! Sends made-up requests, most of them bad, to every function as its gateway would, and counts the answers
//! by status.
//!
//! ```sh
//! cargo run --release -p tests --example bad_requests -- STORE [REQUESTS] [SEED]
//! ```
//!
//! STORE is a folder with a release; the default is a million requests. Each is an event in JSON, as API
//! Gateway sends it, with known and unknown paths, methods, parameters and headers. Values come from lists of
//! what breaks programs, from random letters, and from valid values; bodies are JSON, almost JSON, or bytes.
//! An answer of 500 or more, an error that is not a problem or is much larger than the request, or a panic
//! ends the program with a failure and shows the event. The same seed makes the same requests.

#![expect(clippy::unwrap_used, reason = "what a check takes for granted may end it")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use api::{Function, PersonalRoutes, ROUTES, lambda, site};
use axum::Router;
use lambda_http::Request;
use lambda_http::tower::ServiceExt;
use lambda_http::tower::util::MapRequest;
use lambda_runtime::{Context, LambdaEvent};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use store::{FolderStore, ReadStore};

const THREADS: u64 = 2;

const METHODS: &[&str] =
    &["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", ""];

/// Names that no parameter has. The names of all parameters come from the OpenAPI document.
const ODD_NAMES: &[&str] = &["", "__proto__", "PLATFORM", "n[]", "%6e"];

const VALUES: &[&str] = &[
    "",
    "netflix",
    "AMAZON",
    "hulu",
    "disney",
    "2018",
    "0",
    "-0",
    "-1",
    "1",
    "9999",
    "10000",
    "3.5",
    "5",
    "1e309",
    "-1e309",
    "NaN",
    "inf",
    "1e-400",
    "0x10",
    "1_000",
    "18446744073709551616",
    "9223372036854775808",
    "true",
    "false",
    "null",
    "movie",
    "series",
    "min",
    "season",
    "drama",
    "tv-ma",
    "as1",
    "ns1000",
    "%00",
    "%",
    "%zz",
    "%ff%fe",
    "%c3%28",
    "ñ",
    "日本語",
    "\u{202e}abc",
    "e\u{301}",
    "ﷺ",
    "🎬🎬🎬",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "..%2f..%2f",
    "{{7*7}}",
    "${jndi:x}",
    "a,b,,c",
    ",,,,",
    "\\",
    "\"",
    "a b",
    "+",
    "&",
    "=",
    "#",
];

const HEADERS: &[&str] = &[
    "host",
    "content-type",
    "content-length",
    "accept",
    "if-none-match",
    "x-amzn-trace-id",
    "x-forwarded-proto",
    "transfer-encoding",
    "cookie",
    "authorization",
    "origin",
    "range",
    "expect",
    "accept-encoding",
    "x-ñ",
];

/// Makes requests from random numbers.
struct Maker {
    random: ChaCha8Rng,
    /// The names of parameters.
    names: Vec<String>,
}

impl Maker {
    fn one_in(&mut self, n: u32) -> bool {
        self.random.random_ratio(1, n)
    }

    fn name(&mut self) -> String {
        self.names.choose(&mut self.random).unwrap().clone()
    }

    fn of(&mut self, list: &[&'static str]) -> &'static str {
        list.choose(&mut self.random).unwrap()
    }

    fn text(&mut self) -> String {
        match self.random.random_range(0..8) {
            0..6 => self.of(VALUES).to_owned(),
            6 => {
                let length = self.random.random_range(0..12);
                (0..length).map(|_| self.random.random::<char>()).collect()
            }
            _ => self.of(VALUES).repeat(self.random.random_range(1..300)),
        }
    }

    /// Returns the function that the gateway would ask, a path, and a method, most often that of the route.
    fn target(&mut self) -> (&'static str, String, &'static str) {
        let routes = ROUTES.iter().map(|route| (route.function, route.path, route.method.as_str()));
        let routes = routes.chain(site::PATHS.map(|path| (site::NAME, path, "GET"))).collect::<Vec<_>>();
        let (function, route, method) = *routes.choose(&mut self.random).unwrap();
        let method = if self.one_in(8) { self.of(METHODS) } else { method };
        let mut path = String::new();
        for (i, segment) in route.split('/').enumerate() {
            if i > 0 {
                path.push('/');
            }
            match segment {
                segment if segment.starts_with('{') || self.one_in(40) => path.push_str(&self.text()),
                segment => path.push_str(segment),
            }
        }
        (function, if self.one_in(40) { self.text() } else { path }, method)
    }

    fn query(&mut self) -> String {
        let n = self.random.random_range(0..5);
        let pair = |_| format!("{}={}", self.name(), self.text());
        let query = (0..n).map(pair).collect::<Vec<_>>().join("&");
        if self.one_in(40) { self.text() } else { query }
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.random.random_range(0..if depth == 0 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => self.random.random::<bool>().into(),
            2 => self.random.random::<i64>().into(),
            3 => f64::from_bits(self.random.random()).into(),
            4 => self.random.random_range(0..6).into(),
            5 => self.text().into(),
            6 => (0..self.random.random_range(0..4)).map(|_| self.value(depth - 1)).collect(),
            7 => json!({"id": self.text(), "rating": self.value(0)}),
            _ => {
                let n = self.random.random_range(0..4);
                (0..n).map(|_| (self.name(), self.value(depth - 1))).collect()
            }
        }
    }

    fn body(&mut self) -> String {
        let mut body = self.value(4);
        if self.random.random() {
            let n = self.random.random_range(0..4);
            let rating =
                |_| json!({"id": self.text(), "rating": f64::from(self.random.random_range(0..12_u8)) / 2.0});
            let ratings = (0..n).map(rating).collect::<Vec<_>>();
            if let Some(fields) = body.as_object_mut() {
                fields.insert("ratings".to_owned(), ratings.into());
            } else {
                body = json!({"ratings": ratings, "n": 3});
            }
        }
        let mut text = body.to_string();
        if self.one_in(8) {
            let at = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect::<Vec<_>>();
            let at = *at.choose(&mut self.random).unwrap();
            match self.random.random_range(0..3) {
                0 => text.truncate(at),
                1 => text.insert_str(at, &self.text()),
                _ => text.insert_str(at, &"[{\"a\":".repeat(self.random.random_range(1..9_000))),
            }
        }
        text
    }

    fn event(&mut self) -> (&'static str, Value) {
        let (function, path, method) = self.target();
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": self.query(),
            "headers": {"host": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", "accept": "*/*"},
            "requestContext": {
                "accountId": "123456789012",
                "domainName": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"},
                "requestId": "JKJaXmPLvHcESHA=",
                "stage": if self.one_in(4) { "prod" } else { "$default" },
            },
            "isBase64Encoded": self.one_in(20),
        });
        for _ in 0..self.random.random_range(0..3) {
            event["headers"][self.of(HEADERS)] = self.text().into();
        }
        if method == "POST" || self.one_in(10) {
            event["body"] = self.body().into();
        }
        (function, event)
    }
}

thread_local! {
    /// The last request, shown if it causes a panic.
    static SENT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Answers by function and status.
type Counts = BTreeMap<(&'static str, u64), u64>;

/// Returns odd names, and the names of all parameters and fields of bodies in the OpenAPI document.
async fn parameter_names(service: &Service) -> Result<Vec<String>, String> {
    let event = json!({
        "version": "2.0",
        "rawPath": "/openapi.json",
        "headers": {},
        "requestContext": {"http": {"method": "GET", "path": "/openapi.json"}, "stage": "$default"},
        "isBase64Encoded": false,
    });
    let response = answer(service, &event).await?;
    let text = response["body"].as_str().ok_or("the OpenAPI document has no text")?;
    let document: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let paths = document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
    let mut names: BTreeSet<String> = ODD_NAMES.iter().map(|name| (*name).to_owned()).collect();
    for operation in paths.filter_map(Value::as_object).flat_map(|methods| methods.values()) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        names.extend(parameters.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned));
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
        names.extend(body.as_object().into_iter().flat_map(|fields| fields.keys().cloned()));
    }
    Ok(names.into_iter().collect())
}

/// A function as its gateway sees it.
type Service = MapRequest<Router, fn(Request) -> Request>;

/// Returns the most bytes that the answer to a bad request may have: 8 KB, and four times the request.
fn most(event: &Value) -> usize {
    let parts = ["rawPath", "rawQueryString", "body"];
    8_192 + 4 * parts.iter().filter_map(|part| event[part].as_str()).map(str::len).sum::<usize>()
}

async fn answer(service: &Service, event: &Value) -> Result<Value, String> {
    let payload = serde_json::from_str(&event.to_string()).map_err(|error| format!("{error}: {event}"))?;
    let sent = lambda::events(service.clone()).oneshot(LambdaEvent::new(payload, Context::default()));
    let Ok(response) = sent.await;
    serde_json::to_value(response).map_err(|error| format!("{error}: {event}"))
}

async fn send(store: &str, seed: u64, n: u64) -> Result<Counts, String> {
    let store: Arc<dyn ReadStore> = Arc::new(FolderStore::new(store));
    let mut services = vec![(site::NAME, lambda::service(site::router()))];
    for function in Function::ALL {
        let router = api::load(&[function], Arc::clone(&store), PersonalRoutes::Open)
            .await
            .map_err(|error| error.to_string())?;
        services.push((function.name(), lambda::service(router)));
    }
    let names = parameter_names(&services[1].1).await?;
    let mut maker = Maker { random: ChaCha8Rng::seed_from_u64(seed), names };
    let mut counts = Counts::new();
    for _ in 0..n {
        let (function, event) = maker.event();
        SENT.replace(event.to_string());
        // Some go to a function that does not have the route.
        let elsewhere = maker.one_in(20).then(|| services.choose(&mut maker.random)).flatten();
        let (name, service) =
            elsewhere.or_else(|| services.iter().find(|(name, _)| *name == function)).unwrap();
        let response = answer(service, &event).await?;
        let status = response["statusCode"].as_u64().unwrap();
        let is_problem = || response["headers"]["content-type"] == "application/problem+json";
        let is_large = || response["body"].as_str().is_some_and(|body| body.len() > most(&event));
        if status >= 500 || status >= 400 && (!is_problem() || is_large()) {
            return Err(format!("{name} answers {response} to {event}"));
        }
        *counts.entry((name, status)).or_default() += 1;
    }
    Ok(counts)
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]
fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let Some(store) = args.next() else {
        eprintln!("usage: bad_requests STORE [REQUESTS] [SEED]");
        return ExitCode::FAILURE;
    };
    let mut number = |default| args.next().map_or(default, |text| text.parse().expect("a whole number"));
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        usual(panicked);
        eprintln!("it was sent {}", SENT.take());
    }));
    let (n, seed) = (number(1_000_000), number(1));
    let threads = (0..THREADS).map(|thread| {
        let store = store.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let n = n / THREADS + u64::from(thread < n % THREADS);
            runtime.block_on(send(&store, seed * THREADS + thread, n))
        })
    });
    let mut counts = Counts::new();
    for ended in threads.collect::<Vec<_>>() {
        match ended.join() {
            Ok(Ok(part)) => part.into_iter().for_each(|(key, n)| *counts.entry(key).or_default() += n),
            Ok(Err(fault)) => {
                eprintln!("{fault}");
                return ExitCode::FAILURE;
            }
            Err(_) => return ExitCode::FAILURE,
        }
    }
    for ((function, status), n) in &counts {
        println!("{function:<20} {status} {n:>9}");
    }
    println!("{} requests, none answered with 5xx", counts.values().sum::<u64>());
    ExitCode::SUCCESS
}
