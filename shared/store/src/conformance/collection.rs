use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use artifact::{Manifest, Pointer, Signature};
use futures_util::FutureExt as _;
use futures_util::future::ready;

use super::Shared;
use super::fixture::{assert_whole, damage, everything, name_of, publish_seed, release};
use super::watched::{Call, Watched};
use crate::{
    Collected, Keep, LoadError, MIN_GRACE, ReleaseError, Store, StoreError, current, gc, publish, rollback,
};

fn unix_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is right").as_secs()
}

/// Returns a time at which everything that is written now is older than any grace period.
fn much_later() -> u64 {
    unix_now() + 100 * 86_400
}

const GRACE: Duration = Duration::from_hours(7 * 24);

async fn collect(store: &dyn Store, releases: usize, now: u64, dry_run: bool) -> Collected {
    gc(store, Keep { releases, previous: true, grace: GRACE }, now, dry_run)
        .await
        .expect("nothing is in the way")
}

fn names(seeds: &[u32]) -> BTreeSet<String> {
    seeds.iter().map(|seed| name_of(*seed)).collect()
}

pub(super) async fn a_collection_keeps_what_it_should(store: Shared) {
    let nothing = gc(&*store, Keep { releases: 1, previous: true, grace: GRACE }, much_later(), false).await;
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
    for seed in [2, 3] {
        store.replace(&Signature::key(&name_of(seed)), vec![7; 64].into(), None).await.expect("it is new");
    }
    // Current is 2, the one before it 6.
    rollback(&*store, Some(&name_of(2)), 1).await.expect("the release is there");
    let before = everything(&*store).await;
    let short = Keep { releases: 1, previous: true, grace: MIN_GRACE.saturating_sub(Duration::from_secs(1)) };
    assert!(matches!(gc(&*store, short, much_later(), false).await, Err(ReleaseError::ShortGrace { .. })));

    let planned = collect(&*store, 0, much_later(), true).await;
    assert_eq!(everything(&*store).await, before, "a dry run removes nothing");
    assert_eq!(planned.kept.iter().cloned().collect::<BTreeSet<_>>(), names(&[2, 6]));
    assert_eq!(planned.releases.iter().cloned().collect::<BTreeSet<_>>(), names(&[1, 3, 4, 5]));
    assert_eq!((planned.artifacts.len(), planned.bytes()), (4, 4 * 8_032));

    // Of releases written in the same second any may count as the last. Of five to keep, three are certain to
    // be others than the two that the pointer names.
    let some = collect(&*store, 5, much_later(), false).await;
    assert!(some.kept.len() >= 5 && some.kept.len() + some.releases.len() == 6, "{some:?}");
    for kept in &some.kept {
        assert_whole(&*store, kept).await;
    }
    let done = collect(&*store, 0, much_later(), false).await;
    assert_eq!(done.kept, planned.kept);
    for seed in [2, 6] {
        assert_whole(&*store, &name_of(seed)).await;
    }
    let left = store.list("releases/").await.expect("the store can be listed");
    let left: BTreeSet<String> = left.into_iter().map(|object| object.key).collect();
    let mut expected = BTreeSet::from([2, 6].map(|seed| Manifest::key(&name_of(seed))));
    expected.insert(Signature::key(&name_of(2)));
    assert_eq!(left, expected);
    // Two of their own, and the one that all share.
    assert_eq!(store.list("artifacts/").await.expect("the store can be listed").len(), 3);
    let again = collect(&*store, 0, much_later(), false).await;
    assert!(again.releases.is_empty() && again.artifacts.is_empty(), "{again:?}");
    let then = much_later();
    let back = rollback(&*store, None, then - GRACE.as_secs()).await;
    assert_eq!(back.expect("the release before is kept").release, name_of(6));

    // The release before the current one goes only if that is asked for, and not before the grace period of
    // the current one is over.
    let only_current = Keep { releases: 0, previous: false, grace: GRACE };
    let young = gc(&*store, only_current, then, false).await.expect("nothing is in the way");
    assert_eq!((young.kept.len(), young.releases), (2, Vec::new()));
    let done = gc(&*store, only_current, then + 1, false).await.expect("nothing is in the way");
    assert_eq!((done.kept, done.releases), (vec![name_of(6)], vec![name_of(2)]));
    assert_whole(&*store, &name_of(6)).await;
    assert_eq!(store.list("artifacts/").await.expect("the store can be listed").len(), 2);
    let back = rollback(&*store, None, then).await;
    assert!(matches!(back, Err(ReleaseError::Load(LoadError::NoSuchRelease { .. }))), "{back:?}");
}

pub(super) async fn a_collection_removes_nothing_young_or_unknown(store: Shared) {
    for seed in 1..=4 {
        publish_seed(&*store, seed).await;
    }
    for unknown in [
        "artifacts/actor/short",
        "artifacts/x",
        "releases/deep/er.json",
        "other/thing",
        "releases/x.txt",
        "releases/x.json",
    ] {
        store.replace(unknown, "x".into(), None).await.expect("the key is free");
    }
    let before = everything(&*store).await;
    let young = collect(&*store, 0, unix_now() + GRACE.as_secs() - 60, false).await;
    assert!(young.releases.is_empty() && young.artifacts.is_empty() && young.kept.len() == 4, "{young:?}");
    assert_eq!(everything(&*store).await, before);

    // An artifact that a publisher left behind, which no manifest names.
    let (artifacts, built) = release(77);
    let orphan = built.artifacts[0].key();
    store.put_immutable(&orphan, &artifacts[0].1.clone().into(), &|_| {}).await.expect("the key is free");
    let done = collect(&*store, 9, much_later(), false).await;
    assert_eq!(done.artifacts.iter().map(|o| o.key.as_str()).collect::<Vec<_>>(), [orphan.as_str()]);
    assert_eq!(everything(&*store).await, before);

    damage(&*store, &Manifest::key(&name_of(3)), b"{}".to_vec()).await;
    let before = everything(&*store).await;
    let damaged = gc(&*store, Keep { releases: 9, previous: true, grace: GRACE }, much_later(), false).await;
    assert!(matches!(damaged, Err(ReleaseError::Load(LoadError::Manifest { .. }))), "{damaged:?}");
    assert_eq!(
        everything(&*store).await,
        before,
        "nothing is removed because of a manifest that cannot be read"
    );
}

/// The moment at which another process gets a turn, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Before the `n`th list.
    List(u64),
    /// Before the pointer is written.
    Pointer,
    /// Before the first object is deleted.
    Delete,
}

/// What the other process does.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// It collects, and takes everything for old.
    Collect,
    /// It publishes the release of a seed.
    Publish(u32),
}

/// Returns a store in which the other process gets its turn at a moment. `done` tells whether it had.
fn interrupted<'s>(store: &'s dyn Store, moment: Moment, deed: Deed, done: &'s AtomicBool) -> Watched<'s> {
    let n_lists = AtomicU64::new(0);
    Watched::new(store, move |call| {
        let now = match call {
            Call::List => Moment::List(n_lists.fetch_add(1, Ordering::SeqCst)),
            Call::Write(Pointer::KEY) => Moment::Pointer,
            Call::Write(_) => return ready(()).boxed(),
            Call::Delete => Moment::Delete,
        };
        if now != moment || done.swap(true, Ordering::SeqCst) {
            return ready(()).boxed();
        }
        async move {
            match deed {
                Deed::Collect => {
                    collect(store, 0, much_later(), false).await;
                }
                Deed::Publish(seed) => {
                    publish_seed(store, seed).await;
                }
            }
        }
        .boxed()
    })
}

pub(super) async fn collectors_and_publishers_meet(open: &dyn Fn(&str) -> Shared) {
    // A collector that takes everything for old, at each moment of a publisher that relies on existing
    // objects.
    let moments = [Moment::List(0), Moment::List(1), Moment::Pointer, Moment::List(2), Moment::List(3)];
    for (i, moment) in moments.into_iter().enumerate() {
        let store = open(&format!("meet-{i}"));
        for seed in 1..=3 {
            publish_seed(&*store, seed).await;
        }
        let done = AtomicBool::new(false);
        let interrupted = interrupted(&*store, moment, Deed::Collect, &done);
        let (artifacts, built) = release(1);
        let published = publish(&interrupted, &artifacts, &built, 5).await.expect("nobody else publishes");
        assert!(done.load(Ordering::SeqCst), "{moment:?}");
        assert_eq!((published.moved, published.n_already_there), (true, 3), "{moment:?}");
        assert_eq!(current(&*store).await.expect("a release is current").release, built.release());
        assert_whole(&*store, &built.release()).await;
    }
    // A publisher that makes an old release current while a collector is about to remove it.
    for (i, moment) in
        [Moment::List(1), Moment::List(2), Moment::List(3), Moment::Delete].into_iter().enumerate()
    {
        let store = open(&format!("met-{i}"));
        for seed in 1..=4 {
            publish_seed(&*store, seed).await;
        }
        let done = AtomicBool::new(false);
        let interrupted = interrupted(&*store, moment, Deed::Publish(1), &done);
        let keep = Keep { releases: 0, previous: true, grace: GRACE };
        let outcome = gc(&interrupted, keep, much_later(), false).await;
        assert!(done.load(Ordering::SeqCst), "{moment:?}");
        let stopped = matches!(outcome, Err(ReleaseError::PointerMoved { .. }));
        assert!(stopped || outcome.is_ok(), "{moment:?}: {outcome:?}");
        let pointer = current(&*store).await.expect("a release is current");
        assert_eq!(pointer.release, name_of(1));
        if moment != Moment::Delete {
            assert_whole(&*store, &pointer.release).await;
        }
        // Every manifest that is there has its artifacts.
        collect(&*store, 0, much_later(), false).await;
        let previous = pointer.previous.expect("there was a release before");
        assert_whole(&*store, &previous).await;
    }
}
