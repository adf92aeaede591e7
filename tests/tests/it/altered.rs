//! Artifacts that somebody changed on purpose: well formed, with the right checksum, and with another digest
//! than the manifest has.

use std::sync::Arc;

use api::{Function, PersonalRoutes};
use artifact::{Kind, first_len, open, seal};
use bytes::Bytes;
use store::{MemoryStore, ReadStore as _, Store as _, current, verify_release, with_causes};
use tests::{check, small_release};

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
