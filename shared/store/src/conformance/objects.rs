use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use artifact::Digest;
use bytes::Bytes;

use super::Shared;
use crate::{Body, Put, Seen, StoreError, Version, with_causes};

pub(super) async fn objects_come_back(store: Shared) {
    let large = Bytes::from(vec![7; 3 << 20]);
    for (key, bytes) in [("a", Bytes::new()), ("deep/er/b.bin", Bytes::from_static(b"\0\xff")), ("c", large)]
    {
        assert_eq!(store.read_versioned(key).await.expect("a missing object is not an error"), None);
        store.delete(key).await.expect("deleting a missing object is not an error");
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

pub(super) async fn a_known_version_is_not_read_again(store: Shared) {
    let first = store.replace("p", "one".into(), None).await.expect("the key is free");
    assert_eq!(store.read_if_changed("p", &first).await.expect("it can be read"), Seen::Same);
    let second = store.replace("p", "two".into(), Some(&first)).await.expect("nobody else writes");
    let seen = store.read_if_changed("p", &first).await.expect("it can be read");
    assert_eq!(seen, Seen::Changed("two".into(), second.clone()));
    store.delete("p").await.expect("it can be deleted");
    assert_eq!(
        store.read_if_changed("p", &second).await.expect("a missing object is not an error"),
        Seen::Gone
    );
}

pub(super) async fn ranges_come_back(store: Shared) {
    let bytes: Bytes = (0..=255).cycle().take(100_000).collect::<Vec<u8>>().into();
    store.replace("p", bytes.clone(), None).await.expect("the key is free");
    for range in [0..1, 99_999..100_000, 65_536..70_000, 0..100_000, 5..5, 100_000..100_000] {
        let part = store.read_range("p", range.clone()).await.expect("the object has these bytes");
        assert_eq!(part, bytes.slice(range.start as usize..range.end as usize));
    }
    let upside_down = Range { start: 6, end: 5 };
    for range in [0..100_001, 99_999..100_001, 100_000..100_001, 100_001..100_001, upside_down, 0..1 << 40] {
        let refused =
            store.read_range("p", range.clone()).await.expect_err("the object does not have these bytes");
        assert!(
            matches!(&refused, StoreError::OutOfRange { range: r, .. } if *r == range),
            "{}",
            with_causes(&refused)
        );
    }
    for range in [0..0, 0..1] {
        let missing = store.read_range("q", range).await.expect_err("there is no such object");
        assert!(matches!(&missing, StoreError::NotFound { .. }), "{missing}");
    }
}

pub(super) async fn lists_are_sorted_and_by_prefix(store: Shared) {
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

pub(super) async fn keys_are_checked(store: Shared) {
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

pub(super) async fn immutable_objects_are_written_once(store: Shared) {
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
    assert!(!store.refresh("x/2").await.expect("a missing object is not an error"));
    assert_eq!(store.read_versioned("x/2").await.expect("a missing object is not an error"), None);
}

/// Large enough that a store sends it in parts, if it ever does, and not a multiple of anything.
const LARGE: usize = (20 << 20) + 12_345;

/// Writes the same bytes from memory, a file and another store, and bodies whose bytes are not as announced.
pub(super) async fn bodies_of_every_kind_arrive_complete(store: Shared) {
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
        ("object", Body::object(other.clone(), "o", LARGE as u64, sha256)),
    ];
    for (key, body) in &bodies {
        assert_eq!((body.len(), body.sha256()), (LARGE as u64, sha256));
        let sent = AtomicU64::new(0);
        let count = |n| {
            sent.fetch_add(n, Ordering::SeqCst);
        };
        assert_eq!(store.put_immutable(key, body, &count).await.expect("the key is free"), Put::Written);
        assert_eq!(sent.load(Ordering::SeqCst), LARGE as u64, "{key}");
        assert!(store.get(key).await.expect("it was written") == bytes, "{key}");
        let again = store.put_immutable(key, body, &count).await.expect("it is there");
        assert_eq!(again, Put::AlreadyThere);
        assert_eq!(
            sent.load(Ordering::SeqCst),
            LARGE as u64,
            "an object that is there is not sent again: {key}"
        );
        assert!(store.refresh(key).await.expect("it is there"));
        let again = store.put_immutable(key, body, &count).await.expect("it is there");
        assert_eq!(again, Put::AlreadyThere, "{key}");
    }
    let mut flipped = bytes.to_vec();
    flipped[LARGE / 2] ^= 1;
    let flipped: Body = Bytes::from(flipped).into();
    let refused = store.put_immutable("file", &flipped, &|_| {}).await.expect_err("the bytes differ");
    assert!(matches!(&refused, StoreError::Differs { .. }), "{refused}");

    // Sources whose bytes are not as announced: nothing is written.
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).expect("the file was written");
    std::io::Write::write_all(&mut file, b"others").expect("it can be written");
    let gone = Body::object(other.clone(), "gone", 5, sha256);
    let wrong = Body::object(other, "o", LARGE as u64 - 1, sha256);
    let small = Body::object(store.clone(), "memory", 5, sha256);
    for body in [from_file, gone, wrong, small] {
        let refused =
            store.put_immutable("free", &body, &|_| {}).await.expect_err("the source has other bytes");
        assert!(matches!(&refused, StoreError::Source { .. }), "{}", with_causes(&refused));
        assert_eq!(store.read_versioned("free").await.expect("a missing object is not an error"), None);
    }
    std::fs::remove_file(&path).expect("it is there");
}

pub(super) async fn conditional_writes_have_one_winner(store: Shared) {
    let conflict = |outcome: Result<Version, StoreError>| {
        let error = outcome.expect_err("the expectation is wrong");
        assert!(matches!(&error, StoreError::Conflict { .. }), "{}", with_causes(&error));
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
    assert_eq!(store.read_versioned("p").await.expect("a missing object is not an error"), None);
}

/// Two writers add lines to one object, each by read and conditional write. No line may be missing at the
/// end.
pub(super) async fn racing_writers_lose_no_update(left: Shared, right: Shared) {
    async fn add_lines(store: Shared, mark: char) {
        for line in 0..10 {
            loop {
                let found = store.read_versioned("log").await.expect("it can be read");
                let (bytes, version) = found.map_or((Bytes::new(), None), |(b, v)| (b, Some(v)));
                let more = [&bytes[..], format!("{mark}{line}\n").as_bytes()].concat();
                match store.replace("log", more.into(), version.as_ref()).await {
                    Ok(_) => break,
                    Err(StoreError::Conflict { .. }) => tokio::task::yield_now().await,
                    Err(other) => panic!("{}", with_causes(&other)),
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
