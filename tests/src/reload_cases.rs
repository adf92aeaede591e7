//! The cases for a release that changes while it is served: questions whose answers distinguish two releases,
//! faults in the next release and on the way to it, and what the log has to say about them. They are the same
//! for the service inside a test (`reload_faults`) and for the deployed functions (the example
//! `reload_deployed`).

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test may panic where its setup fails; the other panics are assertions"
)]

use std::sync::Arc;
use std::time::Duration;

use api::{Current, Function, PersonalRoutes, ROUTES, Reload};
use artifact::{ArtifactEntry, FORMAT_VERSION, Kind, MAGIC, MANIFEST_FORMAT, Manifest, Pointer};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use store::Store;
use tower::ServiceExt as _;

use crate::fault_proxy::Fault;
use crate::small_release::QUESTIONS;

/// The log's message when a release replaces another.
pub const SWITCHED: &str = "serving another release";

/// Longer than any test.
pub const FOREVER: Duration = Duration::from_hours(1);

/// Returns the questions that one function answers: its own, by the route table, and the last one.
pub fn questions_to(function: Function) -> Vec<&'static str> {
    let (last, others) = QUESTIONS.split_last().unwrap();
    let mut questions = others.to_vec();
    questions.retain(|question| function_of(question) == function.name());
    assert!(!questions.is_empty(), "{function:?} has a route and no question: add one to QUESTIONS");
    questions.push(*last);
    questions
}

/// Returns the name of the function that answers a question, by the route table.
fn function_of(question: &str) -> &'static str {
    let path = question.split('?').next().unwrap();
    let fits = |pattern: &str| {
        let (pattern, path): (Vec<&str>, Vec<&str>) =
            (pattern.split('/').collect(), path.split('/').collect());
        pattern.len() == path.len() && pattern.iter().zip(path).all(|(p, s)| p.starts_with('{') || *p == s)
    };
    let route = ROUTES.iter().find(|route| fits(route.path));
    route.unwrap_or_else(|| panic!("{question} has no route")).function
}

/// Status and body.
pub type Answer = (u16, String);

/// Asks a service by GET.
pub async fn ask(router: Router, question: &str) -> Answer {
    let request = Request::get(question).body(Body::empty()).unwrap();
    let Ok(response) = router.oneshot(request).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.into()).unwrap())
}

/// Asks one question after another.
pub async fn ask_all(router: &Router, questions: &[&str]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for question in questions {
        answers.push(ask(router.clone(), question).await);
    }
    answers
}

/// A release, by its answers.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The answers to the questions, in order.
    pub answers: Vec<Answer>,
}

impl Release {
    /// Asks the current release of a store, through a service of these functions.
    pub async fn of(store: Arc<dyn Store>, functions: &[Function], questions: &[&str]) -> Self {
        let name = store::current(&*store).await.unwrap().release;
        let current =
            Current::start(store, functions.iter().copied(), PersonalRoutes::Open, Reload::default())
                .await
                .unwrap();
        Self { name, answers: ask_all(&current.router(), questions).await }
    }
}

/// A fault on the way from a store.
#[derive(Debug, Clone, Copy)]
pub struct WayFault {
    /// What happens to a request or its response.
    pub fault: Fault,
    /// Whether only a timeout notices it.
    pub is_slow: bool,
    /// Whether a retry helps if the fault affects a single request. If not, the poll fails.
    pub is_survived: bool,
}

const fn quick(fault: Fault, is_survived: bool) -> WayFault {
    WayFault { fault, is_slow: false, is_survived }
}

const fn slow(fault: Fault) -> WayFault {
    WayFault { fault, is_slow: true, is_survived: true }
}

/// Every fault on the way from a store.
pub const WAY_FAULTS: [WayFault; 11] = [
    quick(Fault::Status(500), true),
    quick(Fault::Status(503), true),
    quick(Fault::StatusAfter(503), true),
    quick(Fault::Refuse, true),
    quick(Fault::CutAnswer, true),
    quick(Fault::TruncateAnswer { after: 0 }, true),
    quick(Fault::HalveAnswer, true),
    quick(Fault::ShortenAnswer, false),
    quick(Fault::FlipMiddle, false),
    slow(Fault::Delay(FOREVER)),
    slow(Fault::StallMiddle(FOREVER)),
];

/// Damage to the bytes of a stored object.
pub type Damage = fn(&mut Vec<u8>);

/// Every kind of damage, with its name.
pub const DAMAGE: [(&str, Damage); 3] = [
    ("a bit flipped in the middle", |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    }),
    ("cut in half", |bytes| bytes.truncate(bytes.len() / 2)),
    ("emptied", Vec::clear),
];

/// Returns the release as newer programs would make it: once with a manifest of the next format, and once for
/// each artifact with this artifact in the next format. Each comes with the kind of artifact, or `None` for
/// the manifest. The artifacts are put into the store.
pub async fn of_the_next_format(store: &dyn Store, manifest: &Manifest) -> Vec<(Option<Kind>, Manifest)> {
    let mut releases = vec![(None, Manifest { format: MANIFEST_FORMAT + 1, ..manifest.clone() })];
    for (i, entry) in manifest.artifacts.iter().enumerate() {
        let mut bytes = store.get(&entry.key()).await.unwrap().to_vec();
        let version = MAGIC.len()..MAGIC.len() + size_of_val(&FORMAT_VERSION);
        bytes[version].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
        let mut newer = manifest.clone();
        newer.artifacts[i] = ArtifactEntry::of(entry.kind, &bytes);
        store.replace(&newer.artifacts[i].key(), bytes.into(), None).await.unwrap();
        releases.push((Some(entry.kind), newer));
    }
    releases
}

/// Makes a release current, even if this program would refuse it.
pub async fn overwrite_pointer(store: &dyn Store, manifest: &Manifest) {
    let (_, version) = store.read_versioned(Pointer::KEY).await.unwrap().unwrap();
    let pointer = Pointer {
        release: manifest.release(),
        previous: None,
        moved_at: 1,
        manifest: manifest.clone(),
        signature: None,
    };
    store.replace(Pointer::KEY, pointer.to_bytes().into(), Some(&version)).await.unwrap();
}

/// Checks the fields of a log line about a failed poll, after so many failures in a row, while this release
/// is served. Returns the seconds until the next poll.
pub fn check_failed_poll(fields: &Value, failures: usize, release: &str) -> f64 {
    assert_eq!(fields["failures"], failures, "{fields}");
    assert_eq!(fields["release"], release, "{fields}");
    let message = fields["message"].as_str().unwrap();
    assert!(
        message.starts_with("cannot load the next release, so the current one is still served")
            && message.contains("caused by: "),
        "{fields}"
    );
    fields["retry_in_seconds"].as_f64().unwrap()
}
