//! A function that cannot start ends with a failure, and its log says why.

#![expect(clippy::unwrap_used, reason = "what a test takes for granted may end it")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Starts the function with a runtime API that nobody serves.
fn start(artifact_uri: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recommend"));
    command.env_remove("ARTIFACT_URI").env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9");
    if let Some(uri) = artifact_uri {
        command.env("ARTIFACT_URI", uri);
    }
    command.output().unwrap()
}

fn assert_ends_with(artifact_uri: Option<&str>, reason: &str) {
    let output = start(artifact_uri);
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{log}");
    let last = log.lines().last().unwrap_or_default();
    assert!(last.starts_with('{') && last.contains(r#""level":"ERROR""#), "{log}");
    assert!(last.contains(r#""function":"recommend""#) && last.contains(reason), "{log}");
}

#[test]
fn without_a_store() {
    assert_ends_with(None, "ARTIFACT_URI is not set");
    assert_ends_with(Some("gs://bucket"), "does not name a store");
    assert_ends_with(Some("s3://"), "the bucket is missing");
}

#[test]
fn without_lambda() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_recommend")).env_remove("AWS_LAMBDA_RUNTIME_API").output().unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success() && log.contains("`cartelera serve` needs neither"), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[test]
fn without_a_release() {
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("store-of-recommend");
    fs::create_dir_all(&store).unwrap();
    let uri = format!("file://{}", store.display());
    let pointer = store.join("current.json");
    if pointer.exists() {
        fs::remove_file(&pointer).unwrap();
    }
    assert_ends_with(Some(&uri), "no release is published");
    fs::write(&pointer, "{}").unwrap();
    assert_ends_with(Some(&uri), "current.json in");
    fs::remove_file(&pointer).unwrap();
}
