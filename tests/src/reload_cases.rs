//! What a release that changes while it is served goes through: questions whose answers tell one release from another, what
//! goes wrong on the way to the next release and with it, and what the log says of that. The same for the service inside a
//! test (`reload_faults`) and for the functions as they are deployed (the example `reload_deployed`).

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test whose ground gives way fails there; the other panics are what the tests assert"
)]

use std::sync::Arc;
use std::time::Duration;

use api::{Current, Function, Reload};
use artifact::{ArtifactEntry, FORMAT_VERSION, Kind, MAGIC, MANIFEST_FORMAT, Manifest, Pointer};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use store::Store;
use tower::ServiceExt as _;

use crate::fault_proxy::Fault;

/// Longer than any test.
pub const FOREVER: Duration = Duration::from_hours(1);

/// Questions, each with the function that its route names. The last one is answered by every function, with what the
/// manifest says, so that no two releases answer it alike.
pub const QUESTIONS: [(Function, &str); 11] = [
    (Function::GetMaxDuration, "/get_max_duration?year=2018&platform=amazon"),
    (Function::GetScoreCount, "/get_score_count?platform=amazon&scored=3&year=2018"),
    (Function::GetCountPlatform, "/get_count_platform?platform=hulu"),
    (Function::GetActor, "/get_actor?platform=amazon&year=2018"),
    (Function::Recommend, "/predict?user_id=1&id=ns1"),
    (Function::Recommend, "/similar/ns1?n=2"),
    (Function::Titles, "/titles?q=reel"),
    (Function::Titles, "/users/2"),
    (Function::Recommend, "/recommendations/1?n=5"),
    (Function::Titles, "/eda"),
    (Function::Titles, "/model"),
];

/// The questions that one function answers.
pub fn questions_to(function: Function) -> Vec<&'static str> {
    let (last, others) = QUESTIONS.split_last().unwrap();
    let own = others.iter().filter(|(of, _)| *of == function);
    own.chain([last]).map(|(_, question)| *question).collect()
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

/// Asks one question after the other.
pub async fn ask_all(router: &Router, questions: &[&str]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for question in questions {
        answers.push(ask(router.clone(), question).await);
    }
    answers
}

/// One release as it answers.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The answers to the questions, in their order.
    pub answers: Vec<Answer>,
}

impl Release {
    /// The current release of a store, asked through a service of these functions.
    pub async fn of(store: Arc<dyn Store>, functions: &[Function], questions: &[&str]) -> Self {
        let name = store::current(&*store).await.unwrap().release;
        let current = Current::start(store, functions.iter().copied(), Reload::default()).await.unwrap();
        Self { name, answers: ask_all(&current.router(), questions).await }
    }
}

/// What may go wrong on the way from a store.
#[derive(Debug, Clone, Copy)]
pub struct WayFault {
    /// What is done to a request or its answer.
    pub fault: Fault,
    /// Whether it is noticed by waiting alone.
    pub is_slow: bool,
    /// Whether another try of the same request helps, where the fault hits one request. Otherwise the look has failed.
    pub is_survived: bool,
}

const fn quick(fault: Fault, is_survived: bool) -> WayFault {
    WayFault { fault, is_slow: false, is_survived }
}

const fn slow(fault: Fault) -> WayFault {
    WayFault { fault, is_slow: true, is_survived: true }
}

/// Every fault of a way.
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

/// Damage to the bytes of an object at rest.
pub type Damage = fn(&mut Vec<u8>);

/// Every damage, with its name.
pub const DAMAGE: [(&str, Damage); 3] = [
    ("a bit flipped in the middle", |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    }),
    ("cut in half", |bytes| bytes.truncate(bytes.len() / 2)),
    ("emptied", Vec::clear),
];

/// The same release as a newer program would make it: once with a manifest of the next major format, and once for each
/// artifact with that one of the next format. Each with the kind of artifact, `None` for the manifest. The artifacts are
/// put into the store.
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

/// Makes a release current whatever this program thinks of it.
pub async fn overwrite_pointer(store: &dyn Store, manifest: &Manifest) {
    let (_, version) = store.read_versioned(Pointer::KEY).await.unwrap().unwrap();
    let pointer =
        Pointer { release: manifest.release(), previous: None, moved_at: 1, manifest: manifest.clone() };
    store.replace(Pointer::KEY, pointer.to_bytes().into(), Some(&version)).await.unwrap();
}

/// Holds the fields of a line of the log to what they have to say of a look that failed, the so many-eth in a row, while
/// this release is served. Gives the seconds until the next look.
pub fn tells_of_a_failed_look(fields: &Value, failures: usize, release: &str) -> f64 {
    assert_eq!(fields["failures"], failures, "{fields}");
    assert_eq!(fields["release"], release, "{fields}");
    let said = fields["message"].as_str().unwrap();
    assert!(
        said.starts_with("the release that is served goes on") && said.contains("caused by: "),
        "{fields}"
    );
    fields["retry_in_seconds"].as_f64().unwrap()
}
