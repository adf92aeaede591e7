use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use artifact::{Artifact as _, ArtifactEntry, Kind, Manifest, Pointer, Signature};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::ready;

use super::Shared;
use super::fixture::{Numbers, assert_whole, damage, everything, name_of, publish_seed, release};
use super::watched::{Call, Watched};
use crate::{
    Body, LoadError, ReleaseError, Signing, current, load, load_optional, manifest, publish, publish_bodies,
    releases, rollback, rollback_signed, signature as signature_of, verify_release, with_causes,
};

pub(super) async fn publishing_moves_the_pointer_last(store: Shared) {
    let empty = current(&*store).await.expect_err("nothing is published");
    assert!(with_causes(&empty).contains(&store.location()), "{}", with_causes(&empty));

    let writes: Mutex<Vec<String>> = Mutex::default();
    let recorded = Watched::new(&*store, |call| {
        if let Call::Write(key) = call {
            writes.lock().expect("no writer panics").push(key.to_owned());
        }
        ready(()).boxed()
    });
    let (artifacts, built) = release(1);
    let published = publish(&recorded, &artifacts, &built, 9).await.expect("the store is free");
    assert_eq!((published.moved, published.previous, published.n_written), (true, None, 3));
    // Artifacts are written in parallel, the rest in order.
    let mut order: Vec<String> = built.artifacts.iter().map(ArtifactEntry::key).collect();
    // The manifest is written once, and then twice under a condition that does not hold.
    order.extend(vec![Manifest::key(&built.release()); 3]);
    order.push(Pointer::KEY.to_owned());
    let mut writes = writes.lock().expect("no writer panics").clone();
    writes[..2].sort();
    order[..2].sort();
    assert_eq!(writes, order);

    let pointer = current(&*store).await.expect("one release is published");
    assert_eq!((pointer.moved_at, &pointer.manifest), (9, &built));
    assert_eq!(manifest(&*store, &published.release).await.expect("the manifest is there"), built);
    let loaded: Numbers = load(&*store, &pointer.manifest).await.expect("the artifact is whole");
    assert_eq!(loaded, Numbers(vec![1; 2_000]));
    let verified = verify_release(&*store, &published.release).await.expect("the manifest is there");
    assert!(verified.len() == 2 && verified.iter().all(|v| v.problem.is_none()), "{verified:?}");

    // The second release shares an artifact with the first. It is not sent again.
    let (artifacts, built) = release(2);
    let second = publish(&*store, &artifacts, &built, 10).await.expect("the store is free");
    assert_eq!((second.n_written, second.n_already_there, second.n_repaired), (2, 1, 0));
    assert_eq!(second.previous, Some(published.release));
}

pub(super) async fn the_pointer_moves_only_to_a_release_that_passes_the_check(store: Shared) {
    let sound = publish_seed(&*store, 1).await;
    let (artifacts, built) = release(2);
    let bodies: Vec<(Kind, Body)> = artifacts.into_iter().map(|(kind, bytes)| (kind, bytes.into())).collect();
    let check = || {
        let (store, built) = (store.clone(), built.clone());
        let checked = async move {
            // The release is in the store by now, all of it.
            let found = manifest(&*store, &built.release()).await.expect("the manifest is there");
            let _: Numbers = load(&*store, &found).await.expect("the artifact is there");
            assert_whole(&*store, &built.release()).await;
            Err("no function can start".into())
        };
        checked.boxed()
    };
    let refused = publish_bodies(&*store, &bodies, &built, Signing::ANY, 2, &|_| {}, &check).await;
    let error = refused.expect_err("the check refuses it");
    assert!(matches!(error, ReleaseError::Unservable { .. }), "{error}");
    let text = with_causes(&error);
    for part in [&built.release(), "no function can start", &store.location()] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
    assert_eq!(current(&*store).await.expect("a release is current").release, sound);
}

pub(super) async fn publishing_twice_changes_nothing(store: Shared) {
    publish_seed(&*store, 1).await;
    let name = publish_seed(&*store, 2).await;
    let before = everything(&*store).await;
    let (artifacts, built) = release(2);
    let again = publish(&*store, &artifacts, &built, 77).await.expect("the store is free");
    assert_eq!((again.moved, again.n_written, again.n_repaired), (false, 0, 0));
    assert_eq!((again.release, again.previous), (name, Some(name_of(1))));
    assert_eq!(everything(&*store).await, before);
}

pub(super) async fn a_release_keeps_its_signature(store: Shared) {
    let sign = async |seed: u32, signature: Option<Signature>, moved_at: u64| {
        let (artifacts, built) = release(seed);
        let bodies: Vec<(Kind, Body)> = artifacts.into_iter().map(|(kind, b)| (kind, b.into())).collect();
        let whole = || ready(Ok(())).boxed();
        let signing = Signing { made: signature, ..Signing::ANY };
        let published = publish_bodies(&*store, &bodies, &built, signing, moved_at, &|_| {}, &whole).await;
        let published = published.expect("the store is free");
        let pointer = current(&*store).await.expect("a release is current");
        assert_eq!(published.is_signed, pointer.signature.is_some());
        assert_eq!(signature_of(&*store, &pointer.release).await.expect("it can be read"), pointer.signature);
        (published, pointer)
    };
    let [one, other] = [1, 2].map(|byte| Signature::from_bytes(&[byte; 64]).expect("it has 64 bytes"));

    let (first, pointer) = sign(1, None, 1).await;
    assert_eq!((first.moved, pointer.signature), (true, None));
    // The release is current, and is signed, signed with another key, and published again without a key.
    for (signature, expected) in [(Some(one), one), (Some(other), other), (None, other)] {
        let (again, pointer) = sign(1, signature, 2).await;
        assert_eq!((again.moved, pointer.moved_at, pointer.signature), (false, 1, Some(expected)));
    }
    let (_, pointer) = sign(2, None, 3).await;
    assert_eq!(pointer.signature, None);
    let back = rollback(&*store, None, 4).await.expect("there is a release before");
    let pointer = current(&*store).await.expect("a release is current");
    assert_eq!((back.release, pointer.signature), (name_of(1), Some(other)));
    sign(2, None, 5).await;
    let (_, pointer) = sign(1, None, 6).await;
    assert_eq!(pointer.signature, Some(other));

    // What came with a copy does not replace it, and a release without one is refused.
    let (artifacts, built) = release(1);
    let bodies: Vec<(Kind, Body)> = artifacts.into_iter().map(|(kind, b)| (kind, b.into())).collect();
    let whole = || ready(Ok(())).boxed();
    let copied = Signing { copied: Some(one), ..Signing::default() };
    publish_bodies(&*store, &bodies, &built, copied, 6, &|_| {}, &whole).await.expect("it is signed already");
    let pointer = current(&*store).await.expect("a release is current");
    assert_eq!(pointer.signature, Some(other));
    let unsigned = rollback_signed(&*store, Some(&name_of(2)), Signing::default(), 6).await;
    assert!(matches!(unsigned, Err(ReleaseError::Unsigned { .. })), "{unsigned:?}");
    let before = everything(&*store).await;
    let (artifacts, built) = release(3);
    let bodies: Vec<(Kind, Body)> = artifacts.into_iter().map(|(kind, b)| (kind, b.into())).collect();
    let refused = publish_bodies(&*store, &bodies, &built, Signing::default(), 6, &|_| {}, &whole).await;
    assert!(matches!(refused, Err(ReleaseError::Unsigned { .. })), "{refused:?}");
    assert_eq!(everything(&*store).await, before, "nothing is written before that is known");

    damage(&*store, &Signature::key(&name_of(1)), vec![1; 63]).await;
    let error = signature_of(&*store, &name_of(1)).await.expect_err("it is cut short");
    assert!(with_causes(&error).contains("has 64 bytes, and this one has 63"), "{}", with_causes(&error));
    sign(1, Some(one), 7).await;
}

pub(super) async fn artifacts_that_do_not_match_are_not_published(store: Shared) {
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
    let nothing = store.read_versioned(Pointer::KEY).await.expect("a missing object is not an error");
    assert_eq!(nothing, None);
}

pub(super) async fn of_two_publishers_one_wins(left: Shared, right: Shared) {
    async fn contend(store: Shared, seed: u32) -> Result<String, String> {
        let (artifacts, built) = release(seed);
        match publish(&*store, &artifacts, &built, u64::from(seed)).await {
            Ok(published) => Ok(published.release),
            Err(ReleaseError::LostRace { release, .. }) => Err(release),
            Err(other) => panic!("{}", with_causes(&other)),
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
            // They published one after the other: the second follows the first.
            [Ok(a), Ok(b)] => {
                let first = if *a == pointer.release { b } else { a };
                assert_eq!(pointer.previous.as_ref(), Some(first));
            }
            [Err(_), Err(_)] => panic!("both publishers lost in round {round}"),
        }
        before = pointer.release;
    }
}

pub(super) async fn an_overtaken_publisher_changes_nothing(store: Shared) {
    let overtaken = async |publishing: bool, seed: u32| {
        let done = AtomicBool::new(false);
        // Another publisher is faster, just before the pointer would move.
        let watched = Watched::new(&*store, |call| {
            let is_moment = matches!(call, Call::Write(Pointer::KEY)) && !done.swap(true, Ordering::SeqCst);
            let store = &*store;
            async move {
                if is_moment {
                    publish_seed(store, 9).await;
                }
            }
            .boxed()
        });
        let (artifacts, built) = release(seed);
        if publishing {
            publish(&watched, &artifacts, &built, 1).await.map(drop)
        } else {
            rollback(&watched, Some(&built.release()), 1).await.map(drop)
        }
    };
    // There are races for the first release of a store too.
    for (seed, previous) in [(1, None), (2, Some(name_of(9)))] {
        if previous.is_some() {
            publish_seed(&*store, 8).await;
        }
        let lost = overtaken(true, seed).await.expect_err("another publisher was faster");
        assert!(matches!(&lost, ReleaseError::LostRace { .. }), "{}", with_causes(&lost));
        let pointer = current(&*store).await.expect("the winner's release is current");
        assert_eq!(pointer.release, name_of(9));
        assert_whole(&*store, &pointer.release).await;
    }
    publish_seed(&*store, 7).await;
    let lost = overtaken(false, 8).await;
    assert!(matches!(lost, Err(ReleaseError::LostRace { .. })), "{lost:?}");
}

pub(super) async fn readers_see_one_release_or_another(writer: Shared, reader: Shared) {
    let names = [publish_seed(&*writer, 1).await, publish_seed(&*writer, 2).await];
    let done = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            let mut n_reads = 0;
            loop {
                let last = done.load(Ordering::SeqCst);
                let pointer = current(&*reader).await.expect("a release is current at every moment");
                let numbers: Numbers = load(&*reader, &pointer.manifest).await.expect("and it is whole");
                let expected = u32::try_from(pointer.manifest.seed).expect("seeds are small here");
                assert!(names.contains(&pointer.release), "{}", pointer.release);
                assert_eq!(
                    numbers.0[0], expected,
                    "the artifact belongs to the release that the pointer names"
                );
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

pub(super) async fn rolling_back_moves_the_pointer(store: Shared) {
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
    assert_eq!(objects(everything(&*store).await), before, "rolling back moves only the pointer");

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
        assert!(
            matches!(&error, ReleaseError::Load(LoadError::NoSuchRelease { .. })),
            "{}",
            with_causes(&error)
        );
    }
    let key = release(1).1.artifact(Kind::Actor).expect("it has one").key();
    store.delete(&key).await.expect("it can be deleted");
    let broken = rollback(&*store, Some(&first), 9).await;
    assert!(matches!(broken, Err(ReleaseError::NotWhole { kind: Kind::Actor, .. })), "{broken:?}");
    assert_eq!(current(&*store).await.expect("a release is current").release, second);
}

pub(super) async fn damage_is_refused_by_name(store: Shared) {
    let name = publish_seed(&*store, 1).await;
    let (artifacts, built) = release(1);
    let key = built.artifact(Kind::Actor).expect("it has one").key();
    let good = artifacts[0].1.to_vec();

    let mut flipped = good.clone();
    flipped[40] ^= 1;
    // Nothing is wrong with it, except that it is another artifact than the one that the manifest names.
    let other = Numbers(vec![5; 2_000]).to_bytes().expect("numbers encode");
    for (bytes, part) in [
        (None, "cannot fetch actor; caused by: there is no artifacts/actor/"),
        (Some(good[..100].to_vec()), "has 100 bytes, but the manifest says 8032"),
        (Some(flipped), "was damaged or changed: its SHA-256 digest is"),
        (Some(other), "was damaged or changed: its SHA-256 digest is"),
    ] {
        match bytes {
            None => store.delete(&key).await.expect("it can be deleted"),
            Some(bytes) => damage(&*store, &key, bytes).await,
        }
        let error = load::<Numbers>(&*store, &built).await.expect_err("the artifact is damaged");
        let text = with_causes(&error);
        assert!(text.contains(part), "{part:?} is not in {text:?}");
        assert!(text.contains(&key) && text.contains(&store.location()), "{text}");

        let verified = verify_release(&*store, &name).await.expect("the manifest is whole");
        let sound: Vec<bool> = verified.iter().map(|v| v.problem.is_none()).collect();
        assert_eq!(sound, [false, true], "only the damaged one: {part}");

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
    let error = load_optional::<Numbers>(&*store, &built)
        .await
        .expect_err("an artifact that is named has to be whole");
    assert!(matches!(&error, LoadError::Size { .. }), "{error}");
    damage(&*store, &key, good).await;

    damage(&*store, &Manifest::key(&name), built.to_bytes()[1..].to_vec()).await;
    let error = manifest(&*store, &name).await.expect_err("the manifest is damaged");
    assert!(
        with_causes(&error).contains("altered") && with_causes(&error).contains(&Manifest::key(&name)),
        "{}",
        with_causes(&error)
    );

    damage(&*store, Pointer::KEY, b"{}".to_vec()).await;
    let error = current(&*store).await.expect_err("the pointer is damaged");
    assert!(
        with_causes(&error).contains(Pointer::KEY) && with_causes(&error).contains(&store.location()),
        "{}",
        with_causes(&error)
    );
    let before = everything(&*store).await;
    let error = publish(&*store, &artifacts, &built, 3)
        .await
        .expect_err("a pointer that cannot be read is not replaced");
    assert!(matches!(&error, ReleaseError::Load(LoadError::Manifest { .. })), "{}", with_causes(&error));
    assert_eq!(everything(&*store).await, before);
}

/// Checks that bytes with the digest in the manifest still go through the eight steps.
pub(super) async fn well_named_artifacts_are_refused_by_their_step(store: Shared) {
    let (artifacts, _) = release(1);
    let good = &artifacts[0].1;
    let mut flipped = good.to_vec();
    flipped[40] ^= 1;
    let mut too_large = artifact::open(Kind::Actor, good).expect("it is whole").to_vec();
    too_large[8..12].fill(0xff);
    for (bytes, part) in [
        (flipped, "step 6, checksum"),
        (artifact::seal(Kind::Titles, &good[artifact::HEADER_BYTES..]), "step 4, kind"),
        (artifact::seal(Kind::Actor, &[0xff; 8_008]), "step 7, decode"),
        (artifact::seal(Kind::Actor, &too_large), "step 8, validate: values: a number is too large"),
    ] {
        let artifacts = [(Kind::Actor, Bytes::from(bytes))];
        let built = Manifest::of(&artifacts);
        publish(&*store, &artifacts, &built, 1).await.expect("publishing decodes nothing");
        let error = load::<Numbers>(&*store, &built).await.expect_err("a step refuses it");
        assert!(matches!(error, LoadError::Read { .. }), "{error}");
        let text = with_causes(&error);
        let key = built.artifacts[0].key();
        for part in [part, &key, &store.location()] {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }
}
