//! Artifacts that somebody changed on purpose: well formed, with the right checksum, and with another digest
//! than the manifest has. And releases that are not signed by whom they should be.

use std::sync::Arc;

use api::{Function, PersonalRoutes, Settings};
use artifact::{Kind, Pointer, ReleaseKeys, Signature, SigningKey, first_len, open, seal};
use bytes::Bytes;
use store::{
    MemoryStore, ReadStore as _, Store as _, current, current_versioned, verify_release, with_causes,
};
use tests::{check, golden, small_release};

/// Of the golden manifest, with the golden key.
const SIGNATURE: &str = "\
    de34474f92da72897f2655c45531157759877297bd23ec6b1896628c7da505b6\
    e01b1ada25d7587fb1852a562810f67e8781bc89f2e83d4c015d02a32eb48106";

/// Returns the artifact with one bit of its payload flipped and its checksum made again, so that it is still
/// accepted by itself; of users, one block is changed.
fn altered(kind: Kind, bytes: &[u8]) -> Vec<u8> {
    let (first, rest) = bytes.split_at(first_len(kind, bytes).unwrap());
    let payload = open(kind, first).unwrap();
    for bit in (0..payload.len() * 8).rev() {
        let mut payload = payload.to_vec();
        payload[bit / 8] ^= 1 << (bit % 8);
        let sealed = seal(kind, &payload);
        if check::read(kind, &sealed).is_ok() {
            return [&sealed, rest].concat();
        }
    }
    panic!("{kind}: no bit can be flipped");
}

#[tokio::test]
async fn no_function_serves_an_artifact_with_another_digest() {
    let store: MemoryStore = small_release::store_with_ranking().await;
    let pointer = current(&store).await.unwrap();
    for entry in &pointer.manifest.artifacts {
        let (key, kind) = (entry.key(), entry.kind);
        let good = store.get(&key).await.unwrap();
        store.delete(&key).await.unwrap();
        store.replace(&key, Bytes::from(altered(kind, &good)), None).await.unwrap();
        let mut n_readers = 0;
        for function in Function::ALL {
            let reads = [function.kinds(), function.optional_kinds()].concat().contains(&kind);
            let loaded = api::load(&[function], Arc::new(store.clone()), PersonalRoutes::Open).await;
            assert_eq!(loaded.is_err(), reads, "{}: {kind}", function.name());
            let Err(error) = loaded else { continue };
            let text = with_causes(&error);
            for part in [&key, "publish the release again", &format!("the manifest says {}", entry.sha256)] {
                assert!(text.contains(part), "{part:?} is not in {text:?}");
            }
            n_readers += 1;
        }
        assert!(n_readers > 0, "no function reads {kind}");
        let verified = verify_release(&store, &pointer.release).await.unwrap();
        let damaged: Vec<Kind> =
            verified.iter().filter(|v| v.problem.is_some()).map(|v| v.entry.kind).collect();
        assert_eq!(damaged, [kind]);
        store.delete(&key).await.unwrap();
        store.replace(&key, good, None).await.unwrap();
    }
    let whole = api::load(&Function::ALL, Arc::new(store), PersonalRoutes::Open).await;
    assert!(whole.is_ok());
}

#[tokio::test]
async fn functions_with_release_keys_serve_only_what_is_signed_with_them() {
    let store: MemoryStore = small_release::store_with_ranking().await;
    let (pointer, version) = current_versioned(&store).await.unwrap();
    let key = SigningKey::from_pem(golden::SIGNING_KEY).unwrap();
    let good = key.sign(&pointer.manifest);
    let [ours, others]: [ReleaseKeys; 2] =
        [golden::RELEASE_KEY, golden::OTHER_RELEASE_KEY].map(|key| key.parse().unwrap());
    let both: ReleaseKeys = format!("{},{}", golden::OTHER_RELEASE_KEY, golden::RELEASE_KEY).parse().unwrap();
    let mut flipped = *good.as_bytes();
    flipped[40] ^= 1;
    let flipped = Signature::from_bytes(&flipped).unwrap();
    let of_another = key.sign(&artifact::Manifest { seed: 99, ..pointer.manifest.clone() });

    let mut version = version;
    for (signature, keys, refused) in [
        (None, None, None),
        (Some(good), None, None),
        (Some(flipped), None, None),
        (Some(good), Some(&ours), None),
        (Some(good), Some(&both), None),
        (None, Some(&ours), Some("is not signed")),
        (Some(good), Some(&others), Some("was not made with any of the release keys")),
        (Some(flipped), Some(&ours), Some("was not made with any of the release keys")),
        (Some(of_another), Some(&both), Some("was not made with any of the release keys")),
    ] {
        let signed = Pointer { signature, ..pointer.clone() };
        version = store.replace(Pointer::KEY, signed.to_bytes().into(), Some(&version)).await.unwrap();
        for function in Function::ALL {
            let settings = Settings { release_keys: keys.cloned(), ..Settings::default() };
            let loaded = api::load(&[function], Arc::new(store.clone()), settings).await;
            let error = loaded.err().map(|error| with_causes(&error));
            let is_right = match (&error, refused) {
                (None, None) => true,
                (Some(error), Some(part)) => error.contains(part) && error.contains(&pointer.release),
                _ => false,
            };
            assert!(is_right, "{}: {signature:?} with {keys:?}: {error:?}", function.name());
        }
    }
}

/// `openssl pkeyutl -sign -inkey KEY -rawin -in manifest-2.json` made this signature, so anybody can check
/// one without this program.
#[test]
fn a_signature_is_the_one_that_openssl_makes() {
    let signature = SigningKey::from_pem(golden::SIGNING_KEY).unwrap().sign(&golden::manifest());
    assert_eq!(String::from(signature), SIGNATURE);
}
