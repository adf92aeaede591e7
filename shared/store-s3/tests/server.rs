//! The S3 store against a real S3 server, over HTTP on this machine.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvideCredentialsFuture;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, ProvideCredentials};
use bytes::Bytes;
use store::{Body, Put, ReadStore as _, Store, StoreError};
use store_s3::S3Store;
use store_s3_testing::{ACCESS_KEY, PATIENT, client, serve};
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
