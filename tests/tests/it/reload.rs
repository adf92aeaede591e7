//! A release that changes while its function runs, and a store that fails meanwhile.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{Current, Function, PersonalRoutes, Reload, Settings, UserLimits};
use artifact::{Kind, MANIFEST_FORMAT, Pointer};
use bytes::Bytes;
use lambda_http::tower::ServiceExt;
use lambda_http::{Body, Request};
use serde_json::Value;
use store::{MemoryStore, ReadStore, Seen, StoreError, Version};
use tests::small_release;
use tokio::sync::Semaphore;

use crate::reload_faults::Log;

/// What goes wrong with objects whose keys have a prefix.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The store fails.
    Refuses,
    /// No answer comes until [`Faulty::gate`] opens.
    Hangs,
    /// The object is missing.
    Gone,
    /// Its second half is missing.
    Truncates,
    /// One bit is flipped.
    Flips,
    /// The pointer names a manifest of the next format.
    NewerFormat,
}

/// A store whose reads go wrong while a fault is set.
#[derive(Debug)]
struct Faulty {
    store: MemoryStore,
    fault: Mutex<Option<(Fault, &'static str)>>,
    gate: Semaphore,
    n_pointer_reads: AtomicUsize,
}

impl Faulty {
    fn set(&self, fault: Option<(Fault, &'static str)>) {
        *self.fault.lock().unwrap() = fault;
    }

    async fn spoil(&self, key: &str, bytes: Bytes) -> Result<Option<Bytes>, StoreError> {
        let fault = *self.fault.lock().unwrap();
        let Some((fault, _)) = fault.filter(|(_, prefix)| key.starts_with(prefix)) else {
            return Ok(Some(bytes));
        };
        let mut spoilt = bytes.to_vec();
        match fault {
            Fault::Refuses => {
                return Err(StoreError::Backend {
                    action: store::Action::Read,
                    key: key.to_owned(),
                    location: self.location(),
                    hint: None,
                    source: "503 Slow Down".into(),
                });
            }
            Fault::Hangs => drop(self.gate.acquire().await.unwrap()),
            Fault::Gone => return Ok(None),
            Fault::Truncates => spoilt.truncate(bytes.len() / 2),
            Fault::Flips => spoilt[bytes.len() / 2] ^= 1,
            Fault::NewerFormat => {
                let mut pointer = Pointer::from_bytes(&bytes).unwrap();
                pointer.manifest.format = MANIFEST_FORMAT + 1;
                pointer.release = pointer.manifest.release();
                spoilt = pointer.to_bytes();
            }
        }
        Ok(Some(spoilt.into()))
    }
}

#[async_trait::async_trait]
impl ReadStore for Faulty {
    fn location(&self) -> String {
        "faulty".to_owned()
    }
    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        let Some((bytes, version)) = self.store.read_versioned(key).await? else { return Ok(None) };
        Ok(self.spoil(key, bytes).await?.map(|bytes| (bytes, version)))
    }
    async fn read_if_changed(&self, key: &str, known: &Version) -> Result<Seen, StoreError> {
        self.n_pointer_reads.fetch_add(1, Ordering::SeqCst);
        match self.store.read_if_changed(key, known).await? {
            Seen::Changed(bytes, version) => {
                Ok(self.spoil(key, bytes).await?.map_or(Seen::Gone, |bytes| Seen::Changed(bytes, version)))
            }
            other => Ok(other),
        }
    }
    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        let bytes = self.store.read_range(key, range).await?;
        self.spoil(key, bytes)
            .await?
            .ok_or_else(|| StoreError::NotFound { key: key.to_owned(), location: self.location() })
    }
}

/// Polls with each request, and retries at once.
const EAGER: Reload = Reload {
    ttl: Duration::ZERO,
    first_retry: Duration::from_nanos(1),
    longest_retry: Duration::from_nanos(1),
    patience: Duration::from_mins(1),
};

async fn served(function: Function, reload: Reload) -> (Arc<Faulty>, Arc<Current>) {
    let faulty = Arc::new(Faulty {
        store: small_release::store().await,
        fault: Mutex::new(None),
        gate: Semaphore::new(0),
        n_pointer_reads: AtomicUsize::new(0),
    });
    let store: Arc<dyn ReadStore> = Arc::clone(&faulty) as _;
    let current = Current::start(store, [function], PersonalRoutes::Open, reload).await.unwrap();
    (faulty, current)
}

/// Asks for the recommendations of a user, from the release that is served.
async fn ask(current: &Arc<Current>) -> Value {
    let mut request = Request::new(Body::Empty);
    *request.uri_mut() = "/recommendations/1?n=5".parse().unwrap();
    let response = api::lambda::service(current.router()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

async fn strategy(current: &Arc<Current>) -> String {
    ask(current).await["strategy"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_request_that_finds_a_new_release_gets_the_old_one_and_the_next_request_the_new_one() {
    let (faulty, current) = served(Function::RECOMMEND, EAGER).await;
    assert_eq!(strategy(&current).await, "factors");
    current.settled().await;
    small_release::publish_with_ranking(&faulty.store).await;
    assert_eq!(strategy(&current).await, "factors");
    current.settled().await;
    assert_eq!(strategy(&current).await, "ranking");
    current.settled().await;
    store::rollback(&faulty.store, None, 1).await.unwrap();
    assert_eq!(strategy(&current).await, "ranking");
    current.settled().await;
    assert_eq!(strategy(&current).await, "factors", "a rollback counts as a new release");
    assert_eq!(current.take_failures(), 0);
}

#[tokio::test]
async fn there_is_no_poll_before_the_ttl_is_over() {
    let (faulty, current) = served(Function::RECOMMEND, Reload::default()).await;
    small_release::publish_with_ranking(&faulty.store).await;
    for _ in 0..20 {
        assert_eq!(strategy(&current).await, "factors");
        current.settled().await;
    }
    assert_eq!(faulty.n_pointer_reads.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn whatever_fails_the_old_release_is_served_until_the_new_one_can_be_loaded() {
    let artifacts = "artifacts/";
    for (fault, key) in [
        (Fault::Refuses, Pointer::KEY),
        (Fault::Gone, Pointer::KEY),
        (Fault::Truncates, Pointer::KEY),
        (Fault::Flips, Pointer::KEY),
        (Fault::NewerFormat, Pointer::KEY),
        (Fault::Refuses, artifacts),
        (Fault::Gone, artifacts),
        (Fault::Truncates, artifacts),
        (Fault::Flips, artifacts),
        (Fault::Gone, "artifacts/ranking-model/"),
        (Fault::Flips, "artifacts/ranking-model/"),
    ] {
        let (faulty, current) = served(Function::RECOMMEND, EAGER).await;
        let old = ask(&current).await;
        current.settled().await;
        small_release::publish_with_ranking(&faulty.store).await;
        faulty.set(Some((fault, key)));
        for n_failures in 1..=3 {
            assert_eq!(ask(&current).await, old, "{fault:?} of {key}");
            current.settled().await;
            assert_eq!(current.take_failures(), 1, "poll {n_failures}, {fault:?} of {key}");
        }
        faulty.set(None);
        assert_eq!(ask(&current).await, old, "{fault:?} of {key}");
        current.settled().await;
        assert_eq!(strategy(&current).await, "ranking", "{fault:?} of {key}");
        assert_eq!(current.take_failures(), 0, "{fault:?} of {key}");
    }
}

#[tokio::test]
async fn a_store_that_hangs_delays_no_request_and_is_polled_once() {
    for key in [Pointer::KEY, "artifacts/titles/"] {
        let (faulty, current) = served(Function::RECOMMEND, EAGER).await;
        small_release::publish_with_ranking(&faulty.store).await;
        faulty.set(Some((Fault::Hangs, key)));
        for _ in 0..20 {
            assert_eq!(strategy(&current).await, "factors");
            tokio::task::yield_now().await;
        }
        assert_eq!(faulty.n_pointer_reads.load(Ordering::SeqCst), 1, "{key}");
        faulty.gate.add_permits(Semaphore::MAX_PERMITS);
        current.settled().await;
        assert_eq!(strategy(&current).await, "ranking", "{key}");
    }
}

#[tokio::test]
async fn a_reload_that_takes_too_long_is_abandoned() {
    let (faulty, current) = served(Function::RECOMMEND, Reload { patience: Duration::ZERO, ..EAGER }).await;
    small_release::publish_with_ranking(&faulty.store).await;
    faulty.set(Some((Fault::Hangs, "artifacts/")));
    assert_eq!(strategy(&current).await, "factors");
    current.settled().await;
    assert_eq!(current.take_failures(), 1);
    assert_eq!(strategy(&current).await, "factors");
}

#[tokio::test]
async fn functions_load_only_what_they_read() {
    let (faulty, current) = served(Function::TITLES, EAGER).await;
    small_release::publish_with_ranking(&faulty.store).await;
    faulty.set(Some((Fault::Gone, "artifacts/ranking-model/")));
    current.poll();
    current.settled().await;
    assert_eq!(current.take_failures(), 0, "titles are found without a ranking model");
    assert!(!Function::TITLES.kinds().contains(&Kind::RankingModel));
}

/// While releases are published, every answer equals that of one release or of the other, byte for byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_comes_from_one_release() {
    let (faulty, current) = served(Function::RECOMMEND, EAGER).await;
    let old = ask(&current).await;
    small_release::publish_with_ranking(&faulty.store).await;
    ask(&current).await;
    current.settled().await;
    let new = ask(&current).await;
    assert_ne!(old, new);
    let publisher = tokio::spawn({
        let faulty = Arc::clone(&faulty);
        async move {
            for moved_at in 0..100 {
                store::rollback(&faulty.store, None, moved_at).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    let mut n = [0, 0];
    while !publisher.is_finished() || n.contains(&0) {
        let answer = ask(&current).await;
        assert!(answer == old || answer == new, "{answer}");
        n[usize::from(answer == new)] += 1;
        if publisher.is_finished() {
            store::rollback(&faulty.store, None, 1_000).await.unwrap();
        }
    }
    publisher.await.unwrap();
    assert_eq!(current.take_failures(), 0);
}

/// The log has the whole chain of causes when a user's block cannot be read; the client learns none of them.
#[tokio::test]
async fn a_block_of_users_that_cannot_be_read_is_logged_with_all_its_causes() {
    let (log, _guard) = Log::keep();
    let (faulty, _) = served(Function::RECOMMEND, Reload::default()).await;
    let users = UserLimits { whole_bytes: 0, cache_bytes: 1 << 20 };
    let settings = Settings { personal_routes: PersonalRoutes::Open, release_keys: None, users };
    let router = api::load(&[Function::RECOMMEND], Arc::clone(&faulty) as _, settings).await.unwrap();
    faulty.set(Some((Fault::Refuses, "artifacts/users/")));
    let mut request = Request::new(Body::Empty);
    *request.uri_mut() = "/recommendations/1".parse().unwrap();
    let response = api::lambda::service(router).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 503);
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("503 Slow Down"));

    let lines = log.take();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let message = line["message"].as_str().unwrap();
    let causes: Vec<&str> = message.split("; caused by: ").collect();
    assert!(causes.len() >= 3 && causes[0].starts_with("cannot read a block of users: "), "{message}");
    assert_eq!(causes.last(), Some(&"503 Slow Down"), "{message}");
}
