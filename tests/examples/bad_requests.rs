//! Sends made-up requests, most of them bad, to every function as its gateway would, and counts the answers by status.
//!
//! ```sh
//! cargo run --release -p tests --example bad_requests -- STORE [REQUESTS] [SEED]
//! ```
//!
//! STORE is a folder with a release; a million requests is the default. Each is an event in JSON, as API Gateway sends
//! it: known and unknown paths, methods, parameters and headers, whose values come from lists of what breaks programs,
//! from random letters, and from what is right; bodies that are JSON, nearly JSON, or bytes. An answer of 500 or more, an
//! error without a problem, or a panic ends the program with a failure and shows the event. The same seed makes the same
//! requests.

#![expect(clippy::unwrap_used, reason = "what a check takes for granted may end it")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use api::{Function, ROUTES, lambda, site};
use lambda_http::tower::ServiceExt;
use lambda_runtime::{Context, LambdaEvent};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use store::{FolderStore, ReadStore};

const THREADS: u64 = 2;

const METHODS: &[&str] =
    &["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", ""];

const NAMES: &[&str] = &[
    "platform",
    "year",
    "scored",
    "duration_type",
    "n",
    "user_id",
    "id",
    "q",
    "kind",
    "genre",
    "audience",
    "year_from",
    "year_to",
    "min_ratings",
    "exclude",
    "include_seen",
    "all_editions",
    "diversity",
    "reasons",
    "limit",
    "cursor",
    "ratings",
    "",
    "__proto__",
    "PLATFORM",
    "n[]",
    "%6e",
];

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

/// What is made of random numbers.
struct Maker(ChaCha8Rng);

impl Maker {
    fn one_in(&mut self, n: u32) -> bool {
        self.0.random_ratio(1, n)
    }

    fn of(&mut self, list: &[&'static str]) -> &'static str {
        list.choose(&mut self.0).unwrap()
    }

    fn text(&mut self) -> String {
        match self.0.random_range(0..8) {
            0..6 => self.of(VALUES).to_owned(),
            6 => {
                let length = self.0.random_range(0..12);
                (0..length).map(|_| self.0.random::<char>()).collect()
            }
            _ => self.of(VALUES).repeat(self.0.random_range(1..300)),
        }
    }

    /// The function that the gateway would ask, a path, and a method, most often the one that the route has.
    fn target(&mut self) -> (&'static str, String, &'static str) {
        let routes = ROUTES.iter().map(|route| (route.function.name(), route.path, route.method.as_str()));
        let routes = routes.chain(site::PATHS.map(|path| (site::NAME, path, "GET"))).collect::<Vec<_>>();
        let (function, route, method) = *routes.choose(&mut self.0).unwrap();
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
        let n = self.0.random_range(0..5);
        let pair = |_| format!("{}={}", self.of(NAMES), self.text());
        let query = (0..n).map(pair).collect::<Vec<_>>().join("&");
        if self.one_in(40) { self.text() } else { query }
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.0.random_range(0..if depth == 0 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => self.0.random::<bool>().into(),
            2 => self.0.random::<i64>().into(),
            3 => f64::from_bits(self.0.random()).into(),
            4 => self.0.random_range(0..6).into(),
            5 => self.text().into(),
            6 => (0..self.0.random_range(0..4)).map(|_| self.value(depth - 1)).collect(),
            7 => json!({"id": self.text(), "rating": self.value(0)}),
            _ => {
                let n = self.0.random_range(0..4);
                (0..n).map(|_| (self.of(NAMES).to_owned(), self.value(depth - 1))).collect()
            }
        }
    }

    fn body(&mut self) -> String {
        let mut body = self.value(4);
        if self.0.random() {
            let n = self.0.random_range(0..4);
            let rating =
                |_| json!({"id": self.text(), "rating": f64::from(self.0.random_range(0..12_u8)) / 2.0});
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
            let at = *at.choose(&mut self.0).unwrap();
            match self.0.random_range(0..3) {
                0 => text.truncate(at),
                1 => text.insert_str(at, &self.text()),
                _ => text.insert_str(at, &"[{\"a\":".repeat(self.0.random_range(1..9_000))),
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
        for _ in 0..self.0.random_range(0..3) {
            event["headers"][self.of(HEADERS)] = self.text().into();
        }
        if method == "POST" || self.one_in(10) {
            event["body"] = self.body().into();
        }
        (function, event)
    }
}

thread_local! {
    /// What was sent last, to be shown where it makes a panic.
    static SENT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Answers by function and status.
type Counts = BTreeMap<(&'static str, u64), u64>;

async fn send(store: &str, seed: u64, n: u64) -> Result<Counts, String> {
    let store: Arc<dyn ReadStore> = Arc::new(FolderStore::new(store));
    let mut services = vec![(site::NAME, lambda::service(site::router()))];
    for function in Function::ALL {
        let router = api::load(function, Arc::clone(&store)).await.map_err(|error| error.to_string())?;
        services.push((function.name(), lambda::service(router)));
    }
    let mut maker = Maker(ChaCha8Rng::seed_from_u64(seed));
    let mut counts = Counts::new();
    for _ in 0..n {
        let (function, event) = maker.event();
        SENT.replace(event.to_string());
        let payload =
            serde_json::from_str(&event.to_string()).map_err(|error| format!("{error}: {event}"))?;
        // Some go to a function that does not know the route.
        let elsewhere = maker.one_in(20).then(|| services.choose(&mut maker.0)).flatten();
        let (name, service) =
            elsewhere.or_else(|| services.iter().find(|(name, _)| *name == function)).unwrap();
        let sent = lambda::events(service.clone()).oneshot(LambdaEvent::new(payload, Context::default()));
        let Ok(response) = sent.await;
        let response = serde_json::to_value(response).map_err(|error| format!("{error}: {event}"))?;
        let status = response["statusCode"].as_u64().unwrap();
        let is_problem = || response["headers"]["content-type"] == "application/problem+json";
        if status >= 500 || status >= 400 && !is_problem() {
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
