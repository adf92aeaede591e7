//! What every store must do, in one suite that runs against each of them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use artifact::{
    Artifact, ArtifactEntry, Counts, Digest, Invalid, Kind, MANIFEST_FORMAT, Manifest, ModelSummary,
    Parameters, Pointer, ReadError,
};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    Body, Collected, Keep, LoadError, MIN_GRACE, ObjectInfo, Put, ReadStore, ReleaseError, Seen, Store,
    StoreError, Version, current, gc, load, load_optional, load_with_digest, manifest, publish, releases,
    rollback, verify_release,
};

type Shared = Arc<dyn Store>;

/// Runs the suite. `open` gives a handle on the store of a name; the store of a name never opened
/// before is empty, and two handles of one name are on the same objects. Needs a tokio runtime;
/// races are only real on one with several threads.
///
/// # Panics
/// Where the store does not conform, saying in what.
pub async fn conformance(open: &dyn Fn(&str) -> Shared) {
    objects_come_back(open("objects")).await;
    a_reader_who_knows_the_version_is_told_so(open("known")).await;
    parts_come_back(open("parts")).await;
    listing_is_sorted_and_by_prefix(open("list")).await;
    keys_are_checked(open("keys")).await;
    immutable_objects_are_written_once(open("immutable")).await;
    bodies_of_every_kind_arrive_whole(open("bodies")).await;
    conditional_writes_have_one_winner(open("conditional")).await;
    racing_writers_lose_no_update(open("race"), open("race")).await;
    publishing_moves_the_pointer_last(open("publish")).await;
    publishing_twice_changes_nothing(open("twice")).await;
    what_does_not_match_is_not_published(open("mismatch")).await;
    of_two_publishers_one_wins(open("publishers"), open("publishers")).await;
    a_publisher_overtaken_changes_nothing(open("overtaken")).await;
    readers_see_one_release_or_another(open("readers"), open("readers")).await;
    rolling_back_moves_the_pointer(open("rollback")).await;
    damage_is_refused_by_name(open("damage")).await;
    a_collection_keeps_what_it_should(open("collect")).await;
    a_collection_touches_nothing_young_or_strange(open("young")).await;
    collectors_and_publishers_meet(&|name| open(name)).await;
}

/// The smallest artifact that can be wrong at each step.
#[derive(Debug, PartialEq)]
struct Numbers(Vec<u32>);

#[derive(Serialize, Deserialize)]
struct StoredNumbers {
    values: Vec<u32>,
}

impl Artifact for Numbers {
    const KIND: Kind = Kind::Actor;
    type Stored<'a> = StoredNumbers;

    fn with_stored<R>(&self, write: impl FnOnce(&StoredNumbers) -> R) -> R {
        write(&StoredNumbers { values: self.0.clone() })
    }

    fn from_stored(stored: StoredNumbers) -> Result<Self, Invalid> {
        Invalid::unless(!stored.values.contains(&u32::MAX), "values", "a number is too large")?;
        Ok(Self(stored.values))
    }
}

/// A release of two artifacts: one that `seed` changes, and one that every release shares.
fn release(seed: u32) -> (Vec<(Kind, Bytes)>, Manifest) {
    let changing = Numbers(vec![seed; 2_000]).to_bytes().expect("numbers encode");
    let shared = artifact::seal(Kind::Titles, b"the same in every release");
    let artifacts = vec![(Kind::Actor, Bytes::from(changing)), (Kind::Titles, shared.into())];
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        builder: "0.0.0".to_owned(),
        seed: u64::from(seed),
        data_until: 0,
        platforms: Vec::new(),
        counts: Counts::default(),
        parameters: Parameters::new(),
        model: ModelSummary::default(),
        ranking: None,
        signal: None,
        sources: Vec::new(),
        artifacts: artifacts.iter().map(|(kind, bytes)| ArtifactEntry::of(*kind, bytes)).collect(),
    };
    (artifacts, manifest)
}

async fn publish_seed(store: &dyn Store, seed: u32) -> String {
    let (artifacts, manifest) = release(seed);
    publish(store, &artifacts, &manifest, 1).await.expect("nobody else publishes").release
}

/// Every object with its bytes, to see that nothing changed.
async fn everything(store: &dyn Store) -> Vec<(String, Bytes)> {
    let mut all = Vec::new();
    for object in store.list("").await.expect("the store can be listed") {
        let bytes = store.get(&object.key).await.expect("what is listed can be read");
        assert_eq!(object.bytes, bytes.len() as u64, "the listed size of {}", object.key);
        all.push((object.key, bytes));
    }
    all
}

/// The error and all its sources, as a person is shown them.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

async fn objects_come_back(store: Shared) {
    let large = Bytes::from(vec![7; 3 << 20]);
    for (key, bytes) in [("a", Bytes::new()), ("deep/er/b.bin", Bytes::from_static(b"\0\xff")), ("c", large)]
    {
        assert_eq!(store.read_versioned(key).await.expect("absence is no error"), None);
        store.delete(key).await.expect("deleting what is not there is no error");
        let written = store.replace(key, bytes.clone(), None).await.expect("the key is free");
        assert_eq!(store.get(key).await.expect("it was written"), bytes);
        let (found, version) = store.read_versioned(key).await.expect("it can be read").expect("it is there");
        assert_eq!((found, version), (bytes, written));
        store.delete(key).await.expect("it can be deleted");
        let gone = store.get(key).await.expect_err("it was deleted");
        assert!(matches!(&gone, StoreError::NotFound { .. }), "{gone}");
        assert!(gone.to_string().contains(key) && gone.to_string().contains(&store.location()), "{gone}");
    }
}

async fn a_reader_who_knows_the_version_is_told_so(store: Shared) {
    let first = store.replace("p", "one".into(), None).await.expect("the key is free");
    assert_eq!(store.read_if_changed("p", &first).await.expect("it can be read"), Seen::Same);
    let second = store.replace("p", "two".into(), Some(&first)).await.expect("nobody else writes");
    let seen = store.read_if_changed("p", &first).await.expect("it can be read");
    assert_eq!(seen, Seen::Changed("two".into(), second.clone()));
    store.delete("p").await.expect("it can be deleted");
    assert_eq!(store.read_if_changed("p", &second).await.expect("absence is no error"), Seen::Gone);
}

async fn parts_come_back(store: Shared) {
    let bytes: Bytes = (0..=255).cycle().take(100_000).collect::<Vec<u8>>().into();
    store.replace("p", bytes.clone(), None).await.expect("the key is free");
    for range in [0..1, 99_999..100_000, 65_536..70_000, 0..100_000, 5..5, 100_000..100_000] {
        let part = store.read_range("p", range.clone()).await.expect("the object has these bytes");
        assert_eq!(part, bytes.slice(range.start as usize..range.end as usize));
    }
    let upside_down = Range { start: 6, end: 5 };
    for range in [0..100_001, 99_999..100_001, 100_000..100_001, 100_001..100_001, upside_down, 0..1 << 40] {
        let refused = store.read_range("p", range.clone()).await.expect_err("the object has not these bytes");
        assert!(
            matches!(&refused, StoreError::OutOfRange { range: r, .. } if *r == range),
            "{}",
            told(&refused)
        );
    }
    for range in [0..0, 0..1] {
        let missing = store.read_range("q", range).await.expect_err("there is no such object");
        assert!(matches!(&missing, StoreError::NotFound { .. }), "{missing}");
    }
}

async fn listing_is_sorted_and_by_prefix(store: Shared) {
    for key in ["b/2", "a", "b/10", "b.x", "bc/1", "b/1/z"] {
        store.replace(key, key.to_owned().into(), None).await.expect("the key is free");
    }
    let sorted = ["a", "b.x", "b/1/z", "b/10", "b/2", "bc/1"];
    for (prefix, expected) in [
        ("", &sorted[..]),
        ("b/", &sorted[2..5]),
        ("b/1", &sorted[2..4]),
        ("b", &sorted[1..]),
        ("b/2", &sorted[4..5]),
        ("none/", &[]),
    ] {
        let found = store.list(prefix).await.expect("the store can be listed");
        assert_eq!(found.iter().map(|o| &*o.key).collect::<Vec<_>>(), expected, "prefix {prefix:?}");
        assert!(found.iter().all(|o| o.bytes == o.key.len() as u64));
    }
}

async fn keys_are_checked(store: Shared) {
    for key in ["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/", ".lock", "a b", "a\\b"] {
        let refused = [
            store.get(key).await.err(),
            store.delete(key).await.err(),
            store.read_versioned(key).await.err(),
            store.replace(key, Bytes::new(), None).await.err(),
            store.put_immutable(key, &Bytes::new().into(), &|_| {}).await.err(),
            store.refresh(key).await.err(),
        ];
        for error in refused {
            assert!(matches!(error, Some(StoreError::InvalidKey { .. })), "{key:?}: {error:?}");
        }
    }
    assert!(matches!(store.list("../").await, Err(StoreError::InvalidKey { .. })));
}

async fn immutable_objects_are_written_once(store: Shared) {
    let put =
        async |bytes: &'static str| store.put_immutable("x/1", &Bytes::from(bytes).into(), &|_| {}).await;
    assert_eq!(put("one").await.expect("the key is free"), Put::Written);
    assert_eq!(put("one").await.expect("the bytes are the same"), Put::AlreadyThere);
    for other in ["two", "longer", ""] {
        let refused = put(other).await.expect_err("the bytes differ");
        assert!(matches!(&refused, StoreError::Differs { .. }), "{refused}");
    }
    assert_eq!(store.get("x/1").await.expect("it is there"), "one");
    assert!(store.refresh("x/1").await.expect("it is there"));
    assert_eq!(store.get("x/1").await.expect("it is there"), "one");
    assert_eq!(put("one").await.expect("the bytes are the same"), Put::AlreadyThere);
    assert!(!store.refresh("x/2").await.expect("absence is no error"));
    assert_eq!(store.read_versioned("x/2").await.expect("absence is no error"), None);
}

/// Large enough for a store that sends in parts to do so, and no multiple of anything.
const LARGE: usize = (20 << 20) + 12_345;

/// The same bytes from memory, a file and another store; and what is not what it was told to be.
async fn bodies_of_every_kind_arrive_whole(store: Shared) {
    let bytes: Bytes = (0..LARGE).map(|i| (i * 7 + i / 251) as u8).collect::<Vec<u8>>().into();
    let dir = std::env::temp_dir().join(format!("cartelera-conformance-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("there is room for a file");
    let path = dir.join(store.location().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    std::fs::write(&path, &bytes).expect("there is room for a file");
    let other: Shared = Arc::new(crate::MemoryStore::default());
    other.replace("o", bytes.clone(), None).await.expect("the key is free");
    let sha256 = Digest::of(&bytes);
    let from_file = Body::file(&path).expect("the file was written");
    let bodies = [
        ("memory", Body::from(bytes.clone())),
        ("file", from_file.clone()),
        ("object", Body::object(Arc::clone(&other), "o", LARGE as u64, sha256)),
    ];
    for (key, body) in &bodies {
        assert_eq!((body.len(), body.sha256()), (LARGE as u64, sha256));
        let sent = AtomicU64::new(0);
        let told = |n| {
            sent.fetch_add(n, Ordering::SeqCst);
        };
        assert_eq!(store.put_immutable(key, body, &told).await.expect("the key is free"), Put::Written);
        assert_eq!(sent.load(Ordering::SeqCst), LARGE as u64, "{key}");
        assert!(store.get(key).await.expect("it was written") == bytes, "{key}");
        let again = store.put_immutable(key, body, &told).await.expect("it is there");
        assert_eq!(again, Put::AlreadyThere);
        assert_eq!(sent.load(Ordering::SeqCst), LARGE as u64, "what is there is not sent again: {key}");
        assert!(store.refresh(key).await.expect("it is there"));
        let again = store.put_immutable(key, body, &told).await.expect("it is there");
        assert_eq!(again, Put::AlreadyThere, "{key}");
    }
    let mut flipped = bytes.to_vec();
    flipped[LARGE / 2] ^= 1;
    let flipped: Body = Bytes::from(flipped).into();
    let refused = store.put_immutable("file", &flipped, &|_| {}).await.expect_err("the bytes differ");
    assert!(matches!(&refused, StoreError::Differs { .. }), "{refused}");

    // Sources that are not what was told of them: nothing is written.
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).expect("the file was written");
    std::io::Write::write_all(&mut file, b"others").expect("it can be written");
    let gone = Body::object(Arc::clone(&other), "gone", 5, sha256);
    let wrong = Body::object(other, "o", LARGE as u64 - 1, sha256);
    let small = Body::object(Arc::clone(&store), "memory", 5, sha256);
    for body in [from_file, gone, wrong, small] {
        let refused = store.put_immutable("free", &body, &|_| {}).await.expect_err("the source is another");
        assert!(matches!(&refused, StoreError::Source { .. }), "{}", told(&refused));
        assert_eq!(store.read_versioned("free").await.expect("absence is no error"), None);
    }
    std::fs::remove_file(&path).expect("it is there");
}

async fn conditional_writes_have_one_winner(store: Shared) {
    let conflict = |outcome: Result<Version, StoreError>| {
        let error = outcome.expect_err("the expectation is wrong");
        assert!(matches!(&error, StoreError::Conflict { .. }), "{}", told(&error));
    };
    let nothing = Version::new("\"00000000000000000000000000000000\"");
    conflict(store.replace("p", "x".into(), Some(&nothing)).await);
    let first = store.replace("p", "one".into(), None).await.expect("the key is free");
    conflict(store.replace("p", "two".into(), None).await);
    conflict(store.replace("p", "two".into(), Some(&nothing)).await);
    let second = store.replace("p", "two".into(), Some(&first)).await.expect("the version is right");
    assert_ne!(first, second);
    conflict(store.replace("p", "three".into(), Some(&first)).await);
    assert_eq!(store.get("p").await.expect("it is there"), "two");
    store.delete("p").await.expect("it can be deleted");
    conflict(store.replace("p", "three".into(), Some(&second)).await);
    assert_eq!(store.read_versioned("p").await.expect("absence is no error"), None);
}

/// Each adds its lines to one object by read and conditional write; none may be missing at the end.
async fn racing_writers_lose_no_update(left: Shared, right: Shared) {
    async fn add_lines(store: Shared, mark: char) {
        for line in 0..10 {
            loop {
                let found = store.read_versioned("log").await.expect("it can be read");
                let (bytes, version) = found.map_or((Bytes::new(), None), |(b, v)| (b, Some(v)));
                let more = [&bytes[..], format!("{mark}{line}\n").as_bytes()].concat();
                match store.replace("log", more.into(), version.as_ref()).await {
                    Ok(_) => break,
                    Err(StoreError::Conflict { .. }) => tokio::task::yield_now().await,
                    Err(other) => panic!("{}", told(&other)),
                }
            }
        }
    }
    let other = tokio::spawn(add_lines(Arc::clone(&right), 'r'));
    add_lines(left, 'l').await;
    other.await.expect("the other writer ends");
    let log = right.get("log").await.expect("it was written");
    let lines: BTreeSet<&[u8]> = log.split(|b| *b == b'\n').filter(|l| !l.is_empty()).collect();
    assert_eq!(lines.len(), 20, "{log:?}");
}

/// Notes the key of each write, so that their order can be looked at.
#[derive(Debug)]
struct Recorded {
    store: Shared,
    writes: Mutex<Vec<String>>,
}

#[async_trait]
impl ReadStore for Recorded {
    fn location(&self) -> String {
        self.store.location()
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.store.read_versioned(key).await
    }
}

#[async_trait]
impl Store for Recorded {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        self.store.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.store.delete(key).await
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError> {
        self.writes.lock().expect("no writer panics").push(key.to_owned());
        self.store.replace(key, bytes, expected).await
    }
}

async fn publishing_moves_the_pointer_last(store: Shared) {
    let empty = current(&*store).await.expect_err("nothing is published");
    assert!(told(&empty).contains(&store.location()), "{}", told(&empty));

    let recorded = Recorded { store: Arc::clone(&store), writes: Mutex::default() };
    let (artifacts, built) = release(1);
    let published = publish(&recorded, &artifacts, &built, 9).await.expect("the store is free");
    assert_eq!((published.moved, published.previous, published.n_written), (true, None, 3));
    // Artifacts side by side, the others in order.
    let mut order: Vec<String> = built.artifacts.iter().map(ArtifactEntry::key).collect();
    order.extend([Manifest::key(&built.release()), Pointer::KEY.to_owned()]);
    let mut writes = recorded.writes.lock().expect("no writer panics").clone();
    writes[..2].sort();
    order[..2].sort();
    assert_eq!(writes, order);

    let pointer = current(&*store).await.expect("one release is published");
    assert_eq!((pointer.moved_at, &pointer.manifest), (9, &built));
    assert_eq!(manifest(&*store, &published.release).await.expect("the manifest is there"), built);
    let loaded: Numbers = load(&*store, &pointer.manifest).await.expect("the artifact is whole");
    assert_eq!(loaded, Numbers(vec![1; 2_000]));
    let checked: Numbers = load_with_digest(&*store, &built).await.expect("the artifact is whole");
    assert_eq!(checked, loaded);
    let verified = verify_release(&*store, &published.release).await.expect("the manifest is there");
    assert!(verified.len() == 2 && verified.iter().all(|v| v.problem.is_none()), "{verified:?}");

    // The second release shares an artifact with the first, which is not sent again.
    let (artifacts, built) = release(2);
    let second = publish(&*store, &artifacts, &built, 10).await.expect("the store is free");
    assert_eq!((second.n_written, second.n_already_there, second.n_repaired), (2, 1, 0));
    assert_eq!(second.previous, Some(published.release));
}

async fn publishing_twice_changes_nothing(store: Shared) {
    publish_seed(&*store, 1).await;
    let name = publish_seed(&*store, 2).await;
    let before = everything(&*store).await;
    let (artifacts, built) = release(2);
    let again = publish(&*store, &artifacts, &built, 77).await.expect("the store is free");
    assert_eq!((again.moved, again.n_written, again.n_repaired), (false, 0, 0));
    assert_eq!((again.release, again.previous), (name, Some(release(1).1.release())));
    assert_eq!(everything(&*store).await, before);
}

async fn what_does_not_match_is_not_published(store: Shared) {
    let (artifacts, built) = release(1);
    let (others, _) = release(2);
    let (doubled, mut cut) = ([&artifacts[..], &artifacts[..1]].concat(), built.clone());
    cut.artifacts.truncate(1);
    for (artifacts, manifest) in
        [(&artifacts[..1], &built), (&others[..], &built), (&doubled[..], &built), (&artifacts[..], &cut)]
    {
        let refused = publish(&*store, artifacts, manifest, 1).await;
        assert!(matches!(refused, Err(ReleaseError::Mismatch { .. })), "{refused:?}");
    }
    let nothing = store.read_versioned(Pointer::KEY).await.expect("absence is no error");
    assert_eq!(nothing, None);
}

async fn of_two_publishers_one_wins(left: Shared, right: Shared) {
    async fn contend(store: Shared, seed: u32) -> Result<String, String> {
        let (artifacts, built) = release(seed);
        match publish(&*store, &artifacts, &built, u64::from(seed)).await {
            Ok(published) => Ok(published.release),
            Err(ReleaseError::LostRace { release, .. }) => Err(release),
            Err(other) => panic!("{}", told(&other)),
        }
    }
    let mut before = publish_seed(&*left, 0).await;
    for round in 0..8 {
        let (l, r) = (round * 2 + 1, round * 2 + 2);
        let other = tokio::spawn(contend(Arc::clone(&right), r));
        let outcomes = [contend(Arc::clone(&left), l).await, other.await.expect("the other publisher ends")];
        let pointer = current(&*left).await.expect("one release is current");
        match &outcomes {
            // One lost: the winner is current, and follows what both saw.
            [Ok(winner), Err(loser)] | [Err(loser), Ok(winner)] => {
                assert_eq!((&pointer.release, pointer.previous.as_ref()), (winner, Some(&before)));
                assert_ne!(winner, loser);
            }
            // They met one after the other: the second follows the first.
            [Ok(a), Ok(b)] => {
                let first = if *a == pointer.release { b } else { a };
                assert_eq!(pointer.previous.as_ref(), Some(first));
            }
            [Err(_), Err(_)] => panic!("both publishers lost in round {round}"),
        }
        before = pointer.release;
    }
}

/// Lets somebody else publish just before the pointer would move.
#[derive(Debug)]
struct Overtaken {
    store: Shared,
    done: AtomicBool,
}

#[async_trait]
impl ReadStore for Overtaken {
    fn location(&self) -> String {
        self.store.location()
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.store.read_versioned(key).await
    }
}

#[async_trait]
impl Store for Overtaken {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        self.store.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.store.delete(key).await
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError> {
        if key == Pointer::KEY && !self.done.swap(true, Ordering::SeqCst) {
            publish_seed(&*self.store, 9).await;
        }
        self.store.replace(key, bytes, expected).await
    }
}

async fn a_publisher_overtaken_changes_nothing(store: Shared) {
    // The first release of a store is raced for as every other.
    for (seed, previous) in [(1, None), (2, Some(release(9).1.release()))] {
        if previous.is_some() {
            publish_seed(&*store, 8).await;
        }
        let overtaken = Overtaken { store: Arc::clone(&store), done: AtomicBool::new(false) };
        let (artifacts, built) = release(seed);
        let lost = publish(&overtaken, &artifacts, &built, 1).await.expect_err("somebody else was faster");
        assert!(matches!(&lost, ReleaseError::LostRace { .. }), "{}", told(&lost));
        let pointer = current(&*store).await.expect("the winner's release is current");
        assert_eq!(pointer.release, release(9).1.release());
        let verified = verify_release(&*store, &pointer.release).await.expect("the manifest is there");
        assert!(verified.iter().all(|v| v.problem.is_none()), "{verified:?}");
    }
    let overtaken = Overtaken { store: Arc::clone(&store), done: AtomicBool::new(false) };
    publish_seed(&*store, 7).await;
    let lost = rollback(&overtaken, Some(&release(8).1.release()), 1).await;
    assert!(matches!(lost, Err(ReleaseError::LostRace { .. })), "{lost:?}");
}

async fn readers_see_one_release_or_another(writer: Shared, reader: Shared) {
    let names = [publish_seed(&*writer, 1).await, publish_seed(&*writer, 2).await];
    let done = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            let mut n_reads = 0;
            loop {
                let last = done.load(Ordering::SeqCst);
                let pointer = current(&*reader).await.expect("a release is current at every moment");
                let numbers: Numbers =
                    load_with_digest(&*reader, &pointer.manifest).await.expect("and it is whole");
                let expected = u32::try_from(pointer.manifest.seed).expect("seeds are small here");
                assert!(names.contains(&pointer.release), "{}", pointer.release);
                assert_eq!(numbers.0[0], expected, "the artifact is of the release that the pointer names");
                n_reads += 1;
                if last {
                    return n_reads;
                }
            }
        }
    });
    for turn in 0..20 {
        publish_seed(&*writer, turn % 2 + 1).await;
    }
    done.store(true, Ordering::SeqCst);
    assert!(reading.await.expect("the reader saw nothing wrong") > 0);
}

async fn rolling_back_moves_the_pointer(store: Shared) {
    let refused = rollback(&*store, None, 1).await;
    assert!(matches!(refused, Err(ReleaseError::Load(LoadError::NothingPublished { .. }))), "{refused:?}");
    let first = publish_seed(&*store, 1).await;
    let alone = rollback(&*store, None, 1).await;
    assert!(matches!(alone, Err(ReleaseError::NothingBefore { .. })), "{alone:?}");
    let second = publish_seed(&*store, 2).await;
    let objects = |all: Vec<(String, Bytes)>| {
        all.into_iter().filter(|(key, _)| key != Pointer::KEY).collect::<Vec<_>>()
    };
    let before = objects(everything(&*store).await);

    let back = rollback(&*store, None, 5).await.expect("there is a release before");
    assert_eq!((&back.release, &back.from, back.moved), (&first, &second, true));
    let pointer = current(&*store).await.expect("a release is current");
    assert_eq!((&pointer.release, &pointer.previous, pointer.moved_at), (&first, &Some(second.clone()), 5));
    assert_eq!(objects(everything(&*store).await), before, "rolling back moves the pointer alone");

    let again = rollback(&*store, Some(&first), 6).await.expect("it is current already");
    assert!(!again.moved);
    assert_eq!(current(&*store).await.expect("a release is current").moved_at, 5);
    let forth = rollback(&*store, Some(&second), 7).await.expect("the other release is there");
    assert!(forth.moved && forth.from == first);

    let mut listed = releases(&*store).await.expect("the store can be listed");
    listed.sort_by(|a, b| a.release.cmp(&b.release));
    let mut expected = [(&first, false), (&second, true)];
    expected.sort();
    assert_eq!(listed.iter().map(|r| (&r.release, r.is_current)).collect::<Vec<_>>(), expected);

    for unknown in ["0123456789abcdef", "../current"] {
        let error = rollback(&*store, Some(unknown), 8).await.expect_err("there is no such release");
        assert!(matches!(&error, ReleaseError::Load(LoadError::NoSuchRelease { .. })), "{}", told(&error));
    }
    let key = release(1).1.artifact(Kind::Actor).expect("it has one").key();
    store.delete(&key).await.expect("it can be deleted");
    let broken = rollback(&*store, Some(&first), 9).await;
    assert!(matches!(broken, Err(ReleaseError::NotWhole { kind: Kind::Actor, .. })), "{broken:?}");
    assert_eq!(current(&*store).await.expect("a release is current").release, second);
}

/// Puts other bytes in the place of an object.
async fn damage(store: &dyn Store, key: &str, bytes: Vec<u8>) {
    store.delete(key).await.expect("it can be deleted");
    store.replace(key, bytes.into(), None).await.expect("the key is free");
}

async fn damage_is_refused_by_name(store: Shared) {
    let name = publish_seed(&*store, 1).await;
    let (artifacts, built) = release(1);
    let key = built.artifact(Kind::Actor).expect("it has one").key();
    let good = artifacts[0].1.to_vec();

    let mut flipped = good.clone();
    flipped[40] ^= 1;
    let other = Numbers(vec![5; 2_000]).to_bytes().expect("numbers encode");
    let mut too_large = artifact::open(Kind::Actor, &good).expect("it is whole")[..].to_vec();
    too_large[8..12].fill(0xff);
    let too_large = artifact::seal(Kind::Actor, &too_large);
    for (bytes, part) in [
        (None, "cannot fetch actor: there is no artifacts/actor/"),
        (Some(good[..100].to_vec()), "has 100 bytes and the manifest says 8032"),
        (Some(flipped), "step 6, checksum"),
        (Some(artifact::seal(Kind::Titles, &good[artifact::HEADER_BYTES..])), "step 4, kind"),
        (Some(artifact::seal(Kind::Actor, &[0xff; 8_008])), "step 7, decode"),
        (Some(too_large), "step 8, validate: values: a number is too large"),
        (Some(other), "has the SHA-256 digest"),
    ] {
        match bytes {
            None => store.delete(&key).await.expect("it can be deleted"),
            Some(bytes) => damage(&*store, &key, bytes).await,
        }
        let error = load_with_digest_or_not(&*store, &built, part).await;
        let text = told(&error);
        assert!(text.contains(part), "{part:?} is not in {text:?}");
        assert!(text.contains(&key) && text.contains(&store.location()), "{text}");

        let verified = verify_release(&*store, &name).await.expect("the manifest is whole");
        let sound: Vec<bool> = verified.iter().map(|v| v.problem.is_none()).collect();
        assert_eq!(sound, [false, true], "the damaged one and no other: {part}");

        let repaired = publish(&*store, &artifacts, &built, 2).await.expect("publishing again repairs");
        assert_eq!((repaired.moved, repaired.n_written + repaired.n_repaired), (false, 1));
        let loaded: Numbers = load(&*store, &built).await.expect("it is whole again");
        assert_eq!(loaded.0[0], 1);
    }

    let mut without = built.clone();
    without.artifacts.clear();
    let error = load::<Numbers>(&*store, &without).await.expect_err("it is not in the release");
    assert!(matches!(&error, LoadError::NotInRelease { kind: Kind::Actor, .. }), "{error}");
    let optional = load_optional::<Numbers>(&*store, &without).await.expect("it may be missing");
    assert!(optional.is_none());
    let optional = load_optional::<Numbers>(&*store, &built).await.expect("it is whole");
    assert_eq!(optional.expect("it is in the release").0[0], 1);
    damage(&*store, &key, good[..100].to_vec()).await;
    let error = load_optional::<Numbers>(&*store, &built).await.expect_err("what is named has to be whole");
    assert!(matches!(&error, LoadError::Size { .. }), "{error}");
    damage(&*store, &key, good).await;

    damage(&*store, &Manifest::key(&name), built.to_bytes()[1..].to_vec()).await;
    let error = manifest(&*store, &name).await.expect_err("the manifest is damaged");
    assert!(
        told(&error).contains("altered") && told(&error).contains(&Manifest::key(&name)),
        "{}",
        told(&error)
    );

    damage(&*store, Pointer::KEY, b"{}".to_vec()).await;
    let error = current(&*store).await.expect_err("the pointer is damaged");
    assert!(
        told(&error).contains(Pointer::KEY) && told(&error).contains(&store.location()),
        "{}",
        told(&error)
    );
    let before = everything(&*store).await;
    let error = publish(&*store, &artifacts, &built, 3).await.expect_err("a pointer unread is not replaced");
    assert!(matches!(&error, ReleaseError::Load(LoadError::Manifest { .. })), "{}", told(&error));
    assert_eq!(everything(&*store).await, before);
}

/// A well-formed artifact of other content passes the eight steps and fails by its digest alone; all
/// other damage is found without one.
async fn load_with_digest_or_not(store: &dyn Store, manifest: &Manifest, part: &str) -> LoadError {
    let plain = load::<Numbers>(store, manifest).await;
    if part.contains("digest") {
        assert_eq!(plain.expect("it is well-formed"), Numbers(vec![5; 2_000]));
        return load_with_digest::<Numbers>(store, manifest).await.expect_err("the digest is another");
    }
    let error = plain.expect_err("the artifact is damaged");
    if let LoadError::Read { source, .. } = &error {
        assert!(!matches!(source, ReadError::TooShort { .. } | ReadError::NotAnArtifact), "{source}");
    }
    error
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is right").as_secs()
}

/// A time at which all that is written now is older than any grace period.
fn much_later() -> u64 {
    unix_now() + 100 * 86_400
}

const GRACE: Duration = Duration::from_hours(7 * 24);

async fn collect(store: &dyn Store, releases: usize, now: u64, dry_run: bool) -> Collected {
    gc(store, Keep { releases, grace: GRACE }, now, dry_run).await.expect("nothing is in the way")
}

fn names(seeds: &[u32]) -> BTreeSet<String> {
    seeds.iter().map(|seed| release(*seed).1.release()).collect()
}

async fn assert_whole(store: &dyn Store, release: &str) {
    let verified = verify_release(store, release).await.expect("the manifest is there");
    assert!(verified.iter().all(|v| v.problem.is_none()), "{verified:?}");
}

async fn a_collection_keeps_what_it_should(store: Shared) {
    let nothing = gc(&*store, Keep { releases: 1, grace: GRACE }, much_later(), false).await;
    assert!(
        matches!(
            nothing,
            Err(ReleaseError::Load(LoadError::NothingPublished { .. })
                | ReleaseError::Store(StoreError::NoStore { .. }))
        ),
        "{nothing:?}"
    );
    for seed in 1..=6 {
        publish_seed(&*store, seed).await;
    }
    // Current is 2, the one before it 6.
    rollback(&*store, Some(&release(2).1.release()), 1).await.expect("the release is there");
    let before = everything(&*store).await;
    let short = Keep { releases: 1, grace: MIN_GRACE.saturating_sub(Duration::from_secs(1)) };
    assert!(matches!(gc(&*store, short, much_later(), false).await, Err(ReleaseError::ShortGrace)));

    let planned = collect(&*store, 0, much_later(), true).await;
    assert_eq!(everything(&*store).await, before, "a dry run removes nothing");
    assert_eq!(planned.kept.iter().cloned().collect::<BTreeSet<_>>(), names(&[2, 6]));
    assert_eq!(planned.releases.iter().cloned().collect::<BTreeSet<_>>(), names(&[1, 3, 4, 5]));
    assert_eq!((planned.artifacts.len(), planned.bytes()), (4, 4 * 8_032));

    // Of releases written in one second any may count as the last; three beyond what the pointer names are certain
    // to be kept of five.
    let some = collect(&*store, 5, much_later(), false).await;
    assert!(some.kept.len() >= 5 && some.kept.len() + some.releases.len() == 6, "{some:?}");
    for kept in &some.kept {
        assert_whole(&*store, kept).await;
    }
    let done = collect(&*store, 0, much_later(), false).await;
    assert_eq!(done.kept, planned.kept);
    for seed in [2, 6] {
        assert_whole(&*store, &release(seed).1.release()).await;
    }
    assert_eq!(store.list("releases/").await.expect("the store can be listed").len(), 2);
    // Two that differ, and the one that all share.
    assert_eq!(store.list("artifacts/").await.expect("the store can be listed").len(), 3);
    let again = collect(&*store, 0, much_later(), false).await;
    assert!(again.releases.is_empty() && again.artifacts.is_empty(), "{again:?}");
    let back = rollback(&*store, None, 2).await.expect("the release before is kept");
    assert_eq!(back.release, release(6).1.release());
}

async fn a_collection_touches_nothing_young_or_strange(store: Shared) {
    for seed in 1..=4 {
        publish_seed(&*store, seed).await;
    }
    for strange in
        ["artifacts/actor/short", "artifacts/x", "releases/deep/er.json", "other/thing", "releases/x.txt"]
    {
        store.replace(strange, "x".into(), None).await.expect("the key is free");
    }
    let before = everything(&*store).await;
    let young = collect(&*store, 0, unix_now() + GRACE.as_secs() - 60, false).await;
    assert!(young.releases.is_empty() && young.artifacts.is_empty() && young.kept.len() == 4, "{young:?}");
    assert_eq!(everything(&*store).await, before);

    // A publisher's leftovers, which no manifest names.
    let (artifacts, built) = release(77);
    let orphan = built.artifacts[0].key();
    store.put_immutable(&orphan, &artifacts[0].1.clone().into(), &|_| {}).await.expect("the key is free");
    let done = collect(&*store, 9, much_later(), false).await;
    assert_eq!(done.artifacts.iter().map(|o| o.key.as_str()).collect::<Vec<_>>(), [orphan.as_str()]);
    assert_eq!(everything(&*store).await, before);

    damage(&*store, &Manifest::key(&release(3).1.release()), b"{}".to_vec()).await;
    let before = everything(&*store).await;
    let damaged = gc(&*store, Keep { releases: 9, grace: GRACE }, much_later(), false).await;
    assert!(matches!(damaged, Err(ReleaseError::Load(LoadError::Manifest { .. }))), "{damaged:?}");
    assert_eq!(everything(&*store).await, before, "what cannot be read is no reason to remove");
}

/// Where somebody else gets a turn, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Before the `n`th list.
    List(u64),
    /// Before the pointer is written.
    Pointer,
    /// Before the first object is deleted.
    Delete,
}

/// What that somebody does.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// Collects, and takes all that is there for old.
    Collect,
    /// Publishes the release of a seed.
    Publish(u32),
}

#[derive(Debug)]
struct Interrupted {
    store: Shared,
    moment: Moment,
    deed: Deed,
    n_lists: AtomicU64,
    done: AtomicBool,
}

impl Interrupted {
    fn new(store: &Shared, moment: Moment, deed: Deed) -> Self {
        let store = Arc::clone(store);
        Self { store, moment, deed, n_lists: AtomicU64::new(0), done: AtomicBool::new(false) }
    }

    async fn turn(&self, moment: Moment) {
        if moment == self.moment && !self.done.swap(true, Ordering::SeqCst) {
            match self.deed {
                Deed::Collect => {
                    collect(&*self.store, 0, much_later(), false).await;
                }
                Deed::Publish(seed) => {
                    publish_seed(&*self.store, seed).await;
                }
            }
        }
    }
}

#[async_trait]
impl ReadStore for Interrupted {
    fn location(&self) -> String {
        self.store.location()
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        self.store.read_versioned(key).await
    }
}

#[async_trait]
impl Store for Interrupted {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        self.turn(Moment::List(self.n_lists.fetch_add(1, Ordering::SeqCst))).await;
        self.store.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.turn(Moment::Delete).await;
        self.store.delete(key).await
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&Version>,
    ) -> Result<Version, StoreError> {
        if key == Pointer::KEY {
            self.turn(Moment::Pointer).await;
        }
        self.store.replace(key, bytes, expected).await
    }
}

async fn collectors_and_publishers_meet(open: &dyn Fn(&str) -> Shared) {
    // A collector that takes everything for old, at each moment of a publisher who relies on what is there.
    let moments = [Moment::List(0), Moment::List(1), Moment::Pointer, Moment::List(2), Moment::List(3)];
    for (i, moment) in moments.into_iter().enumerate() {
        let store = open(&format!("meet-{i}"));
        for seed in 1..=3 {
            publish_seed(&*store, seed).await;
        }
        let interrupted = Interrupted::new(&store, moment, Deed::Collect);
        let (artifacts, built) = release(1);
        let published = publish(&interrupted, &artifacts, &built, 5).await.expect("nobody else publishes");
        assert!(interrupted.done.load(Ordering::SeqCst), "{moment:?}");
        assert_eq!((published.moved, published.n_already_there), (true, 3), "{moment:?}");
        assert_eq!(current(&*store).await.expect("a release is current").release, built.release());
        assert_whole(&*store, &built.release()).await;
    }
    // A publisher who takes up an old release while a collector is about to remove it.
    for (i, moment) in
        [Moment::List(1), Moment::List(2), Moment::List(3), Moment::Delete].into_iter().enumerate()
    {
        let store = open(&format!("met-{i}"));
        for seed in 1..=4 {
            publish_seed(&*store, seed).await;
        }
        let interrupted = Interrupted::new(&store, moment, Deed::Publish(1));
        let keep = Keep { releases: 0, grace: GRACE };
        let outcome = gc(&interrupted, keep, much_later(), false).await;
        assert!(interrupted.done.load(Ordering::SeqCst), "{moment:?}");
        let stopped = matches!(outcome, Err(ReleaseError::PointerMoved { .. }));
        assert!(stopped || outcome.is_ok(), "{moment:?}: {outcome:?}");
        let pointer = current(&*store).await.expect("a release is current");
        assert_eq!(pointer.release, release(1).1.release());
        if moment != Moment::Delete {
            assert_whole(&*store, &pointer.release).await;
        }
        // And every manifest that is there has its artifacts.
        collect(&*store, 0, much_later(), false).await;
        let previous = pointer.previous.expect("there was a release before");
        assert_whole(&*store, &previous).await;
    }
}
