//! The S3 store against a real S3 server, over HTTP on this machine.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use artifact::{Kind, Manifest, Pointer};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvideCredentialsFuture;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, ProvideCredentials};
use bytes::Bytes;
use store::{Body, Put, ReadStore as _, ReleaseError, Store, StoreError, Version};
use store_s3::{S3Store, Without};
use store_s3_testing::{ACCESS_KEY, PATIENT, Quirks, client, serve, serve_with};
use tokio::net::TcpListener;

const BUCKET: &str = "cartelera";

/// The credentials of a machine that has none.
#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> ProvideCredentialsFuture<'a>
    where
        Self: 'a,
    {
        ProvideCredentialsFuture::ready(Err(CredentialsError::not_loaded("none are set")))
    }
}

async fn server(root: &Path) -> Client {
    let address = serve(root).await.expect("some port is free");
    client(&format!("http://{address}"), PATIENT)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_conforms() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(BUCKET)).unwrap();
    let client = server(root.path()).await;
    store::conformance(&|name| Arc::new(S3Store::new(client.clone(), BUCKET, name))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_longer_than_a_page_are_complete() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(BUCKET).join("many");
    fs::create_dir_all(&folder).unwrap();
    for i in 0..2_300 {
        fs::write(folder.join(format!("{i:04}")), "x").unwrap();
    }
    let store = S3Store::new(server(root.path()).await, BUCKET, "/many/");
    let found = store.list("").await.unwrap();
    assert!(found.iter().map(|o| o.key.clone()).eq((0..2_300).map(|i| format!("{i:04}"))));
    assert!(found.iter().all(|o| o.bytes == 1 && o.modified.is_some()));
    assert_eq!(store.list("22").await.unwrap().len(), 100);
    assert_eq!(store.location(), "s3://cartelera/many");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_uploads_are_removed() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(BUCKET)).unwrap();
    let client = server(root.path()).await;
    for key in ["ours/artifacts/x", "theirs/x"] {
        let upload = client.create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
        let part = client.upload_part().bucket(BUCKET).key(key).upload_id(upload.upload_id().unwrap());
        part.part_number(1).body(b"abc".to_vec().into()).send().await.unwrap();
    }
    let store = S3Store::new(client.clone(), BUCKET, "ours");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(store.abandon(now - 60, false).await.unwrap(), 0, "it is young");
    assert_eq!(store.abandon(now + 60, true).await.unwrap(), 1);
    assert_eq!(store.abandon(now + 60, false).await.unwrap(), 1);
    assert_eq!(store.abandon(now + 60, false).await.unwrap(), 0);
    let left = client.list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
    assert_eq!(left.uploads().iter().map(|u| u.key().unwrap()).collect::<Vec<_>>(), ["theirs/x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refreshed_object_is_young_and_unchanged() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(BUCKET)).unwrap();
    let store = S3Store::new(server(root.path()).await, BUCKET, "p");
    let body = Body::from(Bytes::from_static(b"bytes"));
    store.put_immutable("a", &body, &|_| {}).await.unwrap();
    let file = fs::File::options().append(true).open(root.path().join(BUCKET).join("p/a")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000)).unwrap();
    assert_eq!(store.list("a").await.unwrap()[0].modified, Some(1_000_000));
    assert!(store.refresh("a").await.unwrap());
    assert!(store.list("a").await.unwrap()[0].modified > Some(1_700_000_000));
    assert_eq!(store.put_immutable("a", &body, &|_| {}).await.unwrap(), Put::AlreadyThere);
}

/// Objects that another tool wrote have no checksum, so they are read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_other_tools_are_read_and_compared() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(BUCKET).join("p");
    fs::create_dir_all(&folder).unwrap();
    let bytes = vec![7; (17 << 20) + 5];
    fs::write(folder.join("small"), b"bytes").unwrap();
    fs::write(folder.join("large"), &bytes).unwrap();
    let store = S3Store::new(server(root.path()).await, BUCKET, "p");
    for (key, bytes) in [("small", b"bytes".to_vec()), ("large", bytes)] {
        let mut other = bytes.clone();
        other[1] ^= 1;
        let same = store.put_immutable(key, &Bytes::from(bytes).into(), &|_| {}).await.unwrap();
        assert_eq!(same, Put::AlreadyThere, "{key}");
        let differs = store.put_immutable(key, &Bytes::from(other).into(), &|_| {}).await;
        assert!(matches!(differs, Err(StoreError::Differs { .. })), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_say_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(BUCKET)).unwrap();
    let right = server(root.path()).await;

    let config = right.config().to_builder();
    let wrong = Credentials::new(ACCESS_KEY, "other", None, None, "test");
    let wrong_secret =
        S3Store::new(Client::from_conf(config.credentials_provider(wrong).build()), BUCKET, "");
    let error = wrong_secret.get("a").await.unwrap_err();
    assert!(matches!(error, StoreError::Backend { .. }), "{error}");
    assert!(error.to_string().contains("AWS_SECRET_ACCESS_KEY"), "{error}");

    let no_bucket = S3Store::new(right.clone(), "nowhere", "p");
    let error = no_bucket.list("").await.unwrap_err();
    assert!(matches!(&error, StoreError::NoStore { location } if location == "s3://nowhere/p"), "{error}");

    let free_port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = client(&format!("http://{free_port}"), PATIENT);
    let error = S3Store::new(nobody, BUCKET, "").get("a").await.unwrap_err();
    assert!(error.to_string().contains("AWS_ENDPOINT_URL"), "{error}");

    let config = right.config().to_builder();
    let nameless = config.credentials_provider(NoCredentials).build();
    let error = S3Store::new(Client::from_conf(nameless), BUCKET, "").get("a").await.unwrap_err();
    assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"), "{error}: {error:?}");
}

/// Returns a store on a service that does not do all that S3 does.
async fn store_with(root: &Path, quirks: Quirks) -> S3Store {
    fs::create_dir(root.join(BUCKET)).expect("the folder is new");
    let address = serve_with(root, quirks).await.expect("some port is free");
    S3Store::new(client(&format!("http://{address}"), PATIENT), BUCKET, "p")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_ignores_ranges_is_read_to_the_end_of_the_range() {
    let root = tempfile::tempdir().unwrap();
    let store = store_with(root.path(), Quirks { ignores_ranges: true, ..Quirks::default() }).await;
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    store.put_immutable("a", &Bytes::from(bytes.clone()).into(), &|_| {}).await.unwrap();
    store.get("a").await.unwrap();
    assert!(!store.ignores_ranges(), "no range was asked for");
    for range in [0..1, 0..1_000_000, 123_456..654_321, 999_999..1_000_000] {
        let expected = &bytes[range.start as usize..range.end as usize];
        assert!(store.read_range("a", range.clone()).await.unwrap() == expected, "{range:?}");
        assert!(store.clone().ignores_ranges());
    }
    for range in [999_999..1_000_001, 2_000_000..2_000_001] {
        let error = store.read_range("a", range).await.unwrap_err();
        assert!(matches!(error, StoreError::OutOfRange { .. }), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_sends_ranges_is_not_said_to_ignore_them() {
    let root = tempfile::tempdir().unwrap();
    let store = store_with(root.path(), Quirks::default()).await;
    store.put_immutable("a", &Bytes::from_static(b"bytes").into(), &|_| {}).await.unwrap();
    for range in [0..5, 1..3] {
        store.read_range("a", range).await.unwrap();
    }
    store.read_range("a", 4..6).await.unwrap_err();
    assert!(!store.ignores_ranges());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_refuses_checksums_is_recognized_and_written_without_them() {
    let root = tempfile::tempdir().unwrap();
    let store = store_with(root.path(), Quirks { refuses_checksums: true, ..Quirks::default() }).await;
    let small = Body::from(Bytes::from_static(b"bytes"));
    let large = Body::from(Bytes::from(vec![7; (17 << 20) + 5]));
    for body in [&small, &large] {
        let error = store.put_immutable("a", body, &|_| {}).await.unwrap_err().to_string();
        assert!(error.contains("refuses checksums; set CARTELERA_S3_WITHOUT=checksums"), "{error}");
    }
    let store = store.without(Without { checksums: true, ..Without::default() });
    for (key, body) in [("small", &small), ("large", &large)] {
        assert_eq!(store.put_immutable(key, body, &|_| {}).await.unwrap(), Put::Written, "{key}");
        assert_eq!(store.put_immutable(key, body, &|_| {}).await.unwrap(), Put::AlreadyThere, "{key}");
        assert!(store.refresh(key).await.unwrap());
    }
    let differs = store.put_immutable("small", &Bytes::from_static(b"other").into(), &|_| {}).await;
    assert!(matches!(differs, Err(StoreError::Differs { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_conforms_without_checksums() {
    // Not the bucket of the other test: the suite names its files by the store's location.
    let bucket = "without-checksums";
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(bucket)).unwrap();
    let quirks = Quirks { refuses_checksums: true, ignores_ranges: true, ..Quirks::default() };
    let address = serve_with(root.path(), quirks).await.unwrap();
    let client = client(&format!("http://{address}"), PATIENT);
    let without = Without { checksums: true, ..Without::default() };
    store::conformance(&|name| Arc::new(S3Store::new(client.clone(), bucket, name).without(without))).await;
}

/// A release of one artifact.
fn release(bytes: &'static [u8]) -> (Vec<(Kind, Bytes)>, Manifest) {
    let artifacts = vec![(Kind::Actor, Bytes::from_static(bytes))];
    let manifest = Manifest::of(&artifacts);
    (artifacts, manifest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_ignores_conditions_is_found_out_before_the_pointer_moves() {
    let root = tempfile::tempdir().unwrap();
    let store = store_with(root.path(), Quirks { ignores_conditions: true, ..Quirks::default() }).await;
    let (artifacts, manifest) = release(b"one");
    let error = store::publish(&store, &artifacts, &manifest, 1).await.unwrap_err();
    assert!(matches!(error, ReleaseError::Unconditional { .. }), "{error}");
    assert!(error.to_string().contains("set CARTELERA_S3_WITHOUT=conditions"), "{error}");
    assert!(store::current(&store).await.is_err(), "nothing became current");

    // With the switch, an object is looked at before it is written.
    let store = store.without(Without { conditions: true, ..Without::default() });
    let published = store::publish(&store, &artifacts, &manifest, 1).await.unwrap();
    assert!(published.moved);
    let (bytes, version) = store.read_versioned(Pointer::KEY).await.unwrap().unwrap();
    for expected in [None, Some(&Version::new("\"other\""))] {
        let error = store.replace(Pointer::KEY, bytes.clone(), expected).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    }
    store.replace(Pointer::KEY, bytes, Some(&version)).await.unwrap();
    let (artifacts, manifest) = release(b"two");
    assert!(store::publish(&store, &artifacts, &manifest, 2).await.unwrap().moved);
    assert_eq!(store::current(&store).await.unwrap().release, manifest.release());
}
