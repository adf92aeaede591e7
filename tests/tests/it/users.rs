//! Users in memory, and users of whom each request reads one block: the answers are the same, and failed
//! reads are reported.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use api::{BlockRead, Function, PersonalRoutes, Settings, UserLimits};
use artifact::{Artifact as _, Kind, Pointer, SigningKey, UserDigests};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use lambda_http::tower::ServiceExt as _;
use serde_json::{Value, json};
use store::{Action, MemoryStore, ReadStore, Store as _, StoreError, Version, with_causes};
use tests::{golden, small_release};
use tokio::sync::Semaphore;

use crate::reload_faults::Log;

/// What a store does to a read of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    Fails,
    FlipsABit,
    ReadsAnotherBlock,
    /// Somebody changed the block, and made its checksum again.
    Forges,
}

/// A store whose reads of ranges are counted, delayed and damaged.
#[derive(Debug)]
struct Watched {
    inner: MemoryStore,
    ranges: Mutex<Vec<(String, Range<u64>)>>,
    /// Reads wait for a permit.
    turns: Semaphore,
    delayed: AtomicBool,
    fault: Mutex<Fault>,
    ignores_ranges: AtomicBool,
}

impl Watched {
    fn new(inner: MemoryStore) -> Arc<Self> {
        Arc::new(Self {
            inner,
            ranges: Mutex::default(),
            turns: Semaphore::new(0),
            delayed: AtomicBool::new(false),
            fault: Mutex::new(Fault::None),
            ignores_ranges: AtomicBool::new(false),
        })
    }

    fn n_reads(&self) -> usize {
        self.ranges.lock().unwrap().len()
    }

    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

#[async_trait]
impl ReadStore for Watched {
    fn location(&self) -> String {
        "a secret place".to_owned()
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.inner.read_versioned(key).await
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.ranges.lock().unwrap().push((key.to_owned(), range.clone()));
        if self.delayed.load(Ordering::Relaxed) {
            self.turns.acquire().await.unwrap().forget();
        }
        let fault = *self.fault.lock().unwrap();
        let range = match fault {
            Fault::Fails => {
                return Err(StoreError::Backend {
                    action: Action::Read,
                    key: key.to_owned(),
                    location: self.location(),
                    hint: None,
                    source: "the wire was cut".into(),
                });
            }
            // The block of user 1 instead of that of user 2.
            Fault::ReadsAnotherBlock => 0..range.start,
            Fault::None | Fault::FlipsABit | Fault::Forges => range,
        };
        let mut bytes = self.inner.read_range(key, range).await?.to_vec();
        if fault == Fault::FlipsABit {
            bytes[40] ^= 4;
        }
        if fault == Fault::Forges {
            bytes = forged(&bytes);
        }
        Ok(bytes.into())
    }

    fn ignores_ranges(&self) -> bool {
        self.ignores_ranges.load(Ordering::Relaxed)
    }
}

/// Returns a block that is as good as the one that is given, but for another rating.
fn forged(block: &[u8]) -> Vec<u8> {
    let mut payload = artifact::open(Kind::Users, block).unwrap().to_vec();
    for at in (0..payload.len()).rev() {
        payload[at] ^= 0x10;
        let sealed = artifact::seal(Kind::Users, &payload);
        if recommender::UserBlock::from_bytes(&sealed).is_ok() {
            return sealed;
        }
        payload[at] ^= 0x10;
    }
    panic!("no byte can be changed");
}

const RANGED: Settings = open(UserLimits { whole_bytes: 0, cache_bytes: 1 << 20 });

const fn open(users: UserLimits) -> Settings {
    Settings { personal_routes: PersonalRoutes::Open, release_keys: None, users }
}

async fn ask(router: &Router, path: &str) -> (StatusCode, Bytes, Option<BlockRead>) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, read) = (response.status(), response.extensions().get::<BlockRead>().copied());
    (status, response.into_body().collect().await.unwrap().to_bytes(), read)
}

#[tokio::test]
async fn answers_are_the_same_whether_users_are_in_memory_or_read() {
    for ranking in [false, true] {
        let store =
            if ranking { small_release::store_with_ranking().await } else { small_release::store().await };
        let whole = api::load(&Function::ALL, Arc::new(store.clone()), PersonalRoutes::Open).await.unwrap();
        let watched = Watched::new(store);
        let ranged = api::load(&Function::ALL, watched.clone(), RANGED).await.unwrap();
        assert_eq!(watched.n_reads(), 0, "no users are read before a request");
        // All users, and ids before, between and after theirs.
        for (user, n_found) in [("1", 1), ("2", 1), ("ana%40casa", 1), ("0", 0), ("3", 0), ("zoe%40casa", 0)]
        {
            let mut n_answered = 0;
            for path in [
                format!("/users/{user}"),
                format!("/users/{user}?limit=1"),
                format!("/recommendations/{user}"),
                format!("/recommendations/{user}?reasons=3&n=3&include_seen=true"),
                format!("/predict?user_id={user}&id=ns1"),
                format!("/predict?user_id={user}&id=nothing"),
            ] {
                let (status, body, read) = ask(&whole, &path).await;
                assert_eq!(read, None, "{path}");
                let (ranged_status, ranged_body, read) = ask(&ranged, &path).await;
                assert_eq!((ranged_status, ranged_body), (status, body), "{path}");
                // No user comes before `1`, and an unknown title is refused before the user is looked up.
                assert_eq!(read.is_some(), user != "0" && !path.ends_with("nothing"), "{path}");
                n_answered += usize::from(status.is_success());
            }
            assert_eq!(n_answered, 3 + 2 * n_found, "{user}");
        }
        for path in ["/similar/as1", "/titles?q=reel", "/titles/as1", "/health"] {
            let (status, body, _) = ask(&whole, path).await;
            assert_eq!((status, body), {
                let (s, b, read) = ask(&ranged, path).await;
                assert_eq!(read, None);
                (s, b)
            });
        }
        // Both functions read each of the three blocks once, and exactly its bytes.
        let mut ranges = watched.ranges.lock().unwrap().clone();
        assert_eq!(ranges.len(), 6);
        ranges.sort_by_key(|(_, range)| range.start);
        ranges.dedup();
        assert_eq!(ranges.len(), 3);
        assert!(ranges.windows(2).all(|pair| pair[0].1.end == pair[1].1.start));
    }
}

#[tokio::test]
async fn a_block_is_read_once_and_then_cached() {
    let watched = Watched::new(small_release::store().await);
    let router = api::load(&Function::ALL, watched.clone(), RANGED).await.unwrap();
    let (_, _, first) = ask(&router, "/recommendations/1").await;
    let (_, _, second) = ask(&router, "/predict?user_id=1&id=as1").await;
    let range = watched.ranges.lock().unwrap()[0].1.clone();
    let first = first.unwrap();
    assert_eq!((first.hit, first.bytes), (false, range.end - range.start));
    assert!(matches!(second, Some(BlockRead { hit: true, bytes: 0, .. })));
    assert_eq!(watched.n_reads(), 1);
}

#[tokio::test]
async fn without_a_cache_every_request_reads_and_is_answered() {
    let watched = Watched::new(small_release::store().await);
    let limits = open(UserLimits { whole_bytes: 0, cache_bytes: 1 });
    let router = api::load(&Function::ALL, watched.clone(), limits).await.unwrap();
    for n in 1..4 {
        let (status, _, read) = ask(&router, "/users/2").await;
        assert!(status.is_success() && read.is_some_and(|read| !read.hit));
        assert_eq!(watched.n_reads(), n);
    }
}

/// Lets other tasks run until all of them wait.
async fn until_all_wait() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn of_simultaneous_requests_one_reads() {
    let watched = Watched::new(small_release::store().await);
    let router = api::load(&Function::ALL, watched.clone(), RANGED).await.unwrap();
    watched.delayed.store(true, Ordering::Relaxed);
    let asking = |path: &'static str| {
        let router = router.clone();
        tokio::spawn(async move { ask(&router, path).await })
    };
    let waiting: Vec<_> = (0..50).map(|_| asking("/recommendations/2")).collect();
    until_all_wait().await;
    assert_eq!(watched.n_reads(), 1);
    // If that request is canceled, another one reads.
    let mut waiting = waiting.into_iter();
    let first = waiting.next().unwrap();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    until_all_wait().await;
    assert_eq!(watched.n_reads(), 2);
    watched.turns.add_permits(1);
    let mut bytes = 0;
    for answer in waiting {
        let (status, _, read) = answer.await.unwrap();
        assert!(status.is_success());
        bytes += read.unwrap().bytes;
    }
    let range = watched.ranges.lock().unwrap()[1].1.clone();
    assert_eq!((watched.n_reads(), bytes), (2, range.end - range.start), "one of them reads");
}

#[tokio::test]
async fn a_failed_or_damaged_read_is_reported_and_not_cached() {
    let watched = Watched::new(small_release::store().await);
    let router = api::load(&Function::ALL, watched.clone(), RANGED).await.unwrap();
    for (fault, status, kind, detail) in [
        (Fault::Fails, 503, "unavailable", "try again in a moment; the cause is in the service's log"),
        (Fault::FlipsABit, 500, "internal", "the cause is in the service's log"),
        (Fault::ReadsAnotherBlock, 500, "internal", "the cause is in the service's log"),
    ] {
        for path in ["/users/2", "/recommendations/2", "/predict?user_id=2&id=as1"] {
            watched.set(fault);
            let (answered, body, read) = ask(&router, path).await;
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((answered.as_u16(), read), (status, None), "{path}, {fault:?}");
            assert_eq!(body["type"], format!("urn:cartelera:problem:{kind}"));
            assert_eq!((&body["detail"], body.as_object().unwrap().len()), (&json!(detail), 4));
        }
        // Other routes still answer.
        assert!(ask(&router, "/similar/as1").await.0.is_success());
    }
    watched.set(Fault::None);
    for path in ["/users/2", "/recommendations/2", "/predict?user_id=2&id=as1"] {
        assert!(ask(&router, path).await.0.is_success(), "{path}");
    }
}

#[tokio::test]
async fn a_forged_block_is_refused_by_its_digest() {
    // The release with a ranking model has the digests of its blocks. The other one is as older builders made
    // it.
    for (store, refuses) in
        [(small_release::store_with_ranking().await, true), (small_release::store().await, false)]
    {
        let watched = Watched::new(store.clone());
        let router = api::load(&Function::ALL, watched.clone(), RANGED).await.unwrap();
        watched.set(Fault::Forges);
        let (log, _guard) = Log::keep();
        let (status, body, _) = ask(&router, "/users/2").await;
        assert_eq!(status.is_server_error(), refuses, "{}", String::from_utf8_lossy(&body));
        let log = log.take().iter().map(ToString::to_string).collect::<String>();
        assert_eq!(log.contains("their SHA-256 digest does not match"), refuses, "{log}");
        watched.set(Fault::None);
        assert!(ask(&router, "/users/1").await.0.is_success());

        // A signature does not cover blocks without digests, so where releases have to be signed they are
        // needed.
        let (pointer, version) = store::current_versioned(&store).await.unwrap();
        let key = SigningKey::from_pem(golden::SIGNING_KEY).unwrap();
        let signed = Pointer { signature: Some(key.sign(&pointer.manifest)), ..pointer };
        store.replace(Pointer::KEY, signed.to_bytes().into(), Some(&version)).await.unwrap();
        let users = RANGED.users;
        for (personal_routes, users, starts) in [
            (PersonalRoutes::Open, users, refuses),
            (PersonalRoutes::Open, UserLimits::default(), true),
            (PersonalRoutes::Off, users, true),
        ] {
            let settings = Settings { personal_routes, release_keys: Some(key.public()), users };
            let loaded = api::load(&Function::ALL, Arc::new(store.clone()), settings).await;
            let error = loaded.err().map(|error| error.to_string());
            assert_eq!(error.is_none(), starts, "{error:?}");
            assert!(error.is_none_or(|error| error.contains("has no user-digests")));
        }
    }
}

#[tokio::test]
async fn digests_of_other_blocks_are_refused_at_the_start() {
    let store = small_release::store_with_ranking().await;
    let (pointer, version) = store::current_versioned(&store).await.unwrap();
    let mut digests = UserDigests::default();
    digests.push(b"a block");
    let bytes = digests.to_bytes().unwrap();
    let mut manifest = pointer.manifest.clone();
    let entry = manifest.artifacts.iter_mut().find(|entry| entry.kind == Kind::UserDigests).unwrap();
    *entry = artifact::ArtifactEntry::of(Kind::UserDigests, &bytes);
    store.replace(&entry.key(), bytes.into(), None).await.unwrap();
    let moved = Pointer { release: manifest.release(), manifest, ..pointer };
    store.replace(Pointer::KEY, moved.to_bytes().into(), Some(&version)).await.unwrap();
    for settings in [RANGED, PersonalRoutes::Open.into()] {
        let refused = api::load(&Function::ALL, Arc::new(store.clone()), settings).await.unwrap_err();
        assert!(with_causes(&refused).contains("digests of 1 blocks of users"), "{}", with_causes(&refused));
    }
}

#[tokio::test]
async fn a_function_does_not_start_with_damaged_users() {
    for limits in [RANGED, PersonalRoutes::Open.into()] {
        let store = small_release::store().await;
        let manifest = store::current(&store).await.unwrap().manifest;
        let users = manifest.artifact(artifact::Kind::Users).unwrap().key();
        let index = manifest.artifact(artifact::Kind::UserIndex).unwrap().key();
        let start = |store: &MemoryStore| {
            let (store, limits) = (Arc::new(store.clone()), limits.clone());
            async move { api::load(&Function::ALL, store, limits).await.map(drop).map_err(|e| e.to_string()) }
        };
        assert_eq!(start(&store).await, Ok(()));
        // Users in memory are checked at the start, others when their block is read.
        let (sound, version) = store.read_versioned(&users).await.unwrap().unwrap();
        let mut damaged = sound.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        store.replace(&users, damaged.into(), Some(&version)).await.unwrap();
        let refused = start(&store).await.err().is_some_and(|e| e.contains("was damaged or changed"));
        assert_eq!(refused, limits != RANGED);
        store.delete(&index).await.unwrap();
        assert_eq!(start(&store).await, Err("cannot fetch user-index".to_owned()));
    }
}

#[tokio::test]
async fn a_service_that_ignores_ranges_is_logged_once() {
    let (log, _guard) = Log::keep();
    let watched = Watched::new(small_release::store().await);
    let without_cache = open(UserLimits { whole_bytes: 0, cache_bytes: 0 });
    let router = api::load(&[Function::TITLES], watched.clone(), without_cache).await.unwrap();
    let warnings = || log.take().into_iter().filter(|line| line["level"] == "WARN").collect::<Vec<_>>();
    ask(&router, "/users/1").await;
    assert_eq!(warnings(), Vec::<Value>::new());
    watched.ignores_ranges.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let (status, ..) = ask(&router, "/users/1").await;
        assert_eq!(status, StatusCode::OK);
    }
    let said = warnings();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["message"], store::RANGES_IGNORED);
}
