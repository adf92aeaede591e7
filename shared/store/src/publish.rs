//! Publishing a release. Artifacts are written first, the manifest next, and the small pointer moves last, by
//! a conditional write. So readers see either the old release or the new one.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use artifact::{Kind, Manifest, Pointer, Signature};
use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::{FutureExt as _, StreamExt as _, stream};

use crate::collect::MIN_GRACE;
use crate::load::signature;
use crate::pointer::{find, move_to, protected_by};
use crate::{Body, Put, ReleaseError, Sent, Signing, Store, StoreError, Version};

/// The number of artifacts that are sent at the same time.
const AT_ONCE: usize = 4;

/// The result of [`publish`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The release, which is current now.
    pub release: String,
    /// The release that was current before; `None` for the first release of a store.
    pub previous: Option<String>,
    /// Whether the pointer moved. It does not if the release was current already.
    pub moved: bool,
    /// Whether the release is signed.
    pub is_signed: bool,
    /// How many artifacts, manifests and signatures were sent.
    pub n_written: usize,
    /// How many were there already, undamaged.
    pub n_already_there: usize,
    /// How many were there, damaged, and were written again.
    pub n_repaired: usize,
    /// Whether all of them were confirmed to be there after the pointer moved. `false` if the store failed at
    /// that.
    pub confirmed: bool,
}

/// Publishes artifacts that are in memory, without reporting progress; see [`publish_bodies`].
///
/// # Errors
/// The same as [`publish_bodies`].
pub async fn publish(
    store: &dyn Store,
    artifacts: &[(Kind, Bytes)],
    manifest: &Manifest,
    moved_at: u64,
) -> Result<Published, ReleaseError> {
    let bodies: Vec<(Kind, Body)> =
        artifacts.iter().map(|(kind, bytes)| (*kind, bytes.clone().into())).collect();
    publish_bodies(store, &bodies, manifest, Signing::ANY, moved_at, &|_| {}, &|| ready(Ok(())).boxed()).await
}

/// Finds out whether a release, all of which is in the store, can be served. Publishing calls it before the
/// pointer moves.
pub type Check<'a> = &'a (dyn Fn() -> Checking<'a> + Sync);

/// A [`Check`] under way.
pub type Checking<'a> = BoxFuture<'a, Result<(), Box<dyn Error + Send + Sync>>>;

/// Publishes a release: sends its artifacts in parallel, then its manifest, and then moves the pointer, if
/// the pointer has not changed since publishing began. `moved_at` is the current Unix time. `done` receives
/// the bytes of artifacts that are in the store, sent or found.
///
/// Objects that are there already are not sent. An object whose bytes are not those of its name is damaged
/// and is written again. So publishing the current release again repairs it, and otherwise changes nothing.
///
/// `signing` settles the signature, before anything is written. The current release can be signed by
/// publishing it again with a signature.
///
/// Then `check` has to accept the release, as it is in the store. That is for code that this crate does not
/// have, such as that of the functions. It also has to accept the current release when it is published again.
///
/// Before the pointer moves, the store is asked again whether all objects are there, and objects that a
/// collection might remove as old are refreshed. Then the manifest is written again under conditions that do
/// not hold. The store must refuse that, because the move of the pointer relies on it. After the pointer
/// moved, the store is asked once more (see [`gc`](crate::gc)).
///
/// A publisher that loses a race leaves objects behind that nothing refers to. They are immutable, may be
/// shared with the winner, and need not be sent again at the next attempt.
///
/// # Errors
/// [`ReleaseError`]; [`ReleaseError::LostRace`] for the loser of a race, and [`ReleaseError::Unconditional`]
/// for a store that ignores the conditions of writes, and [`ReleaseError::Unservable`] if `check` refused the
/// release. The pointer did not move, unless the response to its
/// move was lost and the store cannot be asked either.
pub async fn publish_bodies(
    store: &dyn Store,
    artifacts: &[(Kind, Body)],
    manifest: &Manifest,
    signing: Signing<'_>,
    moved_at: u64,
    done: Sent<'_>,
    check: Check<'_>,
) -> Result<Published, ReleaseError> {
    check_artifacts(artifacts, manifest)?;
    let (before, version) = find(store).await?.unzip();
    let release = manifest.release();
    let stored = match signing.made {
        Some(_) => None,
        None => signature(store, &release).await?,
    };
    let signature = signing.settle(manifest, before.as_ref(), stored, || store.location())?;
    let objects: Vec<Object> = artifacts
        .iter()
        .map(|(kind, body)| Object { key: body.entry(*kind).key(), body: body.clone() })
        .collect();
    let mut described =
        vec![Object { key: Manifest::key(&release), body: Bytes::from(manifest.to_bytes()).into() }];
    described.extend(signature.map(|signature| Object {
        key: Signature::key(&release),
        body: Bytes::copy_from_slice(signature.as_bytes()).into(),
    }));

    let mut publisher = Publisher {
        store,
        done,
        published: Published {
            release: release.clone(),
            previous: before.as_ref().map(|p| p.release.clone()),
            moved: false,
            is_signed: signature.is_some(),
            n_written: 0,
            n_already_there: 0,
            n_repaired: 0,
            confirmed: true,
        },
        written: BTreeMap::new(),
    };
    publisher.put(&objects).await?;
    publisher.done = &|_| {};
    publisher.put(&described).await?;
    check().await.map_err(|source| ReleaseError::Unservable {
        release: release.clone(),
        location: store.location(),
        source,
    })?;
    let all = [objects, described].concat();

    match before {
        Some(before) if before.release == release => {
            publisher.published.previous.clone_from(&before.previous);
            if before.signature != signature {
                check_conditions(store, manifest).await?;
                move_to(store, &Pointer { signature, ..before }, version.as_ref()).await?;
            }
        }
        _ => {
            let protected = before.as_ref().map(protected_by).unwrap_or_default();
            publisher.make_sure(&all, Some(&protected)).await?;
            check_conditions(store, manifest).await?;
            let previous = publisher.published.previous.clone();
            let pointer = Pointer { release, previous, moved_at, manifest: manifest.clone(), signature };
            move_to(store, &pointer, version.as_ref()).await?;
            publisher.published.moved = true;
            // Everything was there a moment ago, and the release is current. A store that fails now changes
            // neither.
            publisher.published.confirmed = publisher.make_sure(&all, None).await.is_ok();
        }
    }
    Ok(publisher.published)
}

#[derive(Debug, Clone)]
struct Object {
    key: String,
    body: Body,
}

struct Publisher<'a> {
    store: &'a dyn Store,
    done: Sent<'a>,
    published: Published,
    /// Objects that were written here, and when.
    written: BTreeMap<String, Instant>,
}

/// What happened to an object.
enum PutOutcome {
    Written,
    AlreadyThere,
    Repaired,
}

impl Publisher<'_> {
    /// Writes objects that are not there, in parallel. After a failure no further write begins, but those
    /// under way are awaited: what arrives need not be sent again at the next attempt, and nothing is left
    /// half sent.
    async fn put(&mut self, objects: &[Object]) -> Result<(), ReleaseError> {
        let (store, done) = (self.store, self.done);
        let failed = AtomicBool::new(false);
        let work = objects.iter().map(|object| {
            let failed = &failed;
            async move {
                if failed.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                let outcome = put(store, object, done).await;
                failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
                outcome.map(|outcome| Some((object.key.clone(), outcome)))
            }
        });
        let outcomes: Vec<Result<_, StoreError>> =
            stream::iter(work.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
        for outcome in outcomes {
            let Some((key, outcome)) = outcome? else { continue };
            let n = match outcome {
                PutOutcome::AlreadyThere => &mut self.published.n_already_there,
                PutOutcome::Written => &mut self.published.n_written,
                PutOutcome::Repaired => &mut self.published.n_repaired,
            };
            *n = n.saturating_add(1);
            if !matches!(outcome, PutOutcome::AlreadyThere) {
                self.written.insert(key, Instant::now());
            }
        }
        Ok(())
    }

    /// Sends objects again that are missing or cut short. With `protected`, it refreshes objects that a
    /// collection might remove as old: those that were found here, or were written so long ago that they may
    /// be old in the end. Objects that the pointer protects need no refresh.
    async fn make_sure(
        &mut self,
        objects: &[Object],
        protected: Option<&BTreeSet<String>>,
    ) -> Result<(), ReleaseError> {
        let mut there: BTreeMap<String, u64> = BTreeMap::new();
        for prefix in ["artifacts/", "releases/"] {
            there.extend(self.store.list(prefix).await?.into_iter().map(|o| (o.key, o.bytes)));
        }
        for object in objects {
            let is_young = |at: &Instant| at.elapsed().saturating_mul(2) < MIN_GRACE;
            let is_safe = protected.is_none_or(|protected| protected.contains(&object.key))
                || self.written.get(&object.key).is_some_and(is_young);
            let is_there = there.get(&object.key) == Some(&object.body.len())
                && (is_safe || self.store.refresh(&object.key).await?);
            if !is_there {
                match put(self.store, object, &|_| {}).await? {
                    PutOutcome::AlreadyThere => {}
                    PutOutcome::Written | PutOutcome::Repaired => {
                        self.published.n_repaired = self.published.n_repaired.saturating_add(1);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Writes the manifest, which is there, again under two conditions that do not hold, to see whether the store
/// refuses that. A store that does not refuse has only written the same bytes again. A failure of the store
/// shows neither.
async fn check_conditions(store: &dyn Store, manifest: &Manifest) -> Result<(), ReleaseError> {
    let release = manifest.release();
    let (key, bytes) = (Manifest::key(&release), Bytes::from(manifest.to_bytes()));
    for expected in [None, Some(&Version::new("\"not-the-version\""))] {
        if store.replace(&key, bytes.clone(), expected).await.is_ok() {
            return Err(ReleaseError::Unconditional { release, location: store.location() });
        }
    }
    Ok(())
}

async fn put(store: &dyn Store, object: &Object, done: Sent<'_>) -> Result<PutOutcome, StoreError> {
    match store.put_immutable(&object.key, &object.body, done).await {
        Ok(Put::Written) => Ok(PutOutcome::Written),
        Ok(Put::AlreadyThere) => {
            done(object.body.len());
            Ok(PutOutcome::AlreadyThere)
        }
        Err(StoreError::Differs { .. }) => {
            store.delete(&object.key).await?;
            store.put_immutable(&object.key, &object.body, done).await?;
            Ok(PutOutcome::Repaired)
        }
        Err(other) => Err(other),
    }
}

fn check_artifacts(artifacts: &[(Kind, Body)], manifest: &Manifest) -> Result<(), ReleaseError> {
    for (i, (kind, body)) in artifacts.iter().enumerate() {
        let kind = *kind;
        let Some(entry) = manifest.artifact(kind) else {
            return Err(ReleaseError::Mismatch { kind, problem: "is not in the manifest" });
        };
        if artifacts.iter().take(i).any(|(k, _)| *k == kind) {
            return Err(ReleaseError::Mismatch { kind, problem: "is given twice" });
        }
        if *entry != body.entry(kind) {
            return Err(ReleaseError::Mismatch { kind, problem: "has another size or digest" });
        }
    }
    match manifest.artifacts.iter().find(|e| !artifacts.iter().any(|(k, _)| *k == e.kind)) {
        Some(entry) => Err(ReleaseError::Mismatch { kind: entry.kind, problem: "is missing" }),
        None => Ok(()),
    }
}
