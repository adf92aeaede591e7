use artifact::{Artifact, Invalid, Kind, Manifest};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Store, publish, verify_release};

/// The smallest artifact that can be wrong at each step.
#[derive(Debug, PartialEq)]
pub(super) struct Numbers(pub(super) Vec<u32>);

#[derive(Serialize, Deserialize)]
pub(super) struct StoredNumbers {
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

/// The artifacts of a release, and its manifest.
type Release = (Vec<(Kind, Bytes)>, Manifest);

/// Returns a release of two artifacts: one of 8,032 bytes that depends on `seed`, and one that all such
/// releases share.
pub fn release(seed: u32) -> Release {
    release_of_size(seed, 2_000)
}

/// Returns a release like [`release`], whose own artifact holds that many four-byte numbers.
///
/// # Panics
/// Never: numbers can be encoded.
pub fn release_of_size(seed: u32, n_numbers: usize) -> Release {
    let own = Numbers(vec![seed; n_numbers]).to_bytes().expect("numbers can be encoded");
    let shared = artifact::seal(Kind::Titles, b"the same in every release");
    let artifacts = vec![(Kind::Actor, Bytes::from(own)), (Kind::Titles, shared.into())];
    let manifest = Manifest { seed: u64::from(seed), ..Manifest::of(&artifacts) };
    (artifacts, manifest)
}

/// Returns the name of the release of a seed.
pub(super) fn name_of(seed: u32) -> String {
    release(seed).1.release()
}

/// Publishes the release of a seed, and returns its name.
pub(super) async fn publish_seed(store: &dyn Store, seed: u32) -> String {
    let (artifacts, manifest) = release(seed);
    publish(store, &artifacts, &manifest, 1).await.expect("nobody else publishes").release
}

/// Returns every object with its bytes, to see that nothing changed.
pub(super) async fn everything(store: &dyn Store) -> Vec<(String, Bytes)> {
    let mut all = Vec::new();
    for object in store.list("").await.expect("the store can be listed") {
        let bytes = store.get(&object.key).await.expect("listed objects can be read");
        assert_eq!(object.bytes, bytes.len() as u64, "the listed size of {}", object.key);
        all.push((object.key, bytes));
    }
    all
}

/// Replaces an object by other bytes.
pub(super) async fn damage(store: &dyn Store, key: &str, bytes: Vec<u8>) {
    store.delete(key).await.expect("it can be deleted");
    store.replace(key, bytes.into(), None).await.expect("the key is free");
}

pub(super) async fn assert_whole(store: &dyn Store, release: &str) {
    let verified = verify_release(store, release).await.expect("the manifest is there");
    assert!(verified.iter().all(|v| v.problem.is_none()), "{verified:?}");
}
