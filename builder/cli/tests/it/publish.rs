//! Tests publishing to one folder from several processes at once.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ::synth::{SynthParams, write};
use artifact::{Artifact as _, ArtifactEntry, Kind, Manifest, UserDigests};
use progress::Silent;

use crate::server::Server;
use crate::{cartelera, refusal, stdout, text};

/// Builds a store with one small release, of biases only.
pub(crate) fn release(dir: &Path, seed: u64) -> PathBuf {
    let (raw, store) = (dir.join(format!("raw{seed}")), dir.join(format!("store{seed}")));
    let params = SynthParams { titles: 80, users: 40, ratings: 900, seed, faults: 0.0, signal: 1.0 };
    write(&params, &raw, &Silent).unwrap();
    let (titles, ratings) = (raw.join("titles"), raw.join("ratings"));
    let built = cartelera(&[
        "build",
        "--titles",
        text(&titles),
        "--ratings",
        text(&ratings),
        "--algorithm=biases",
        "--ranking-trials=0",
        "--signal-splits=0",
    ])
    .args(["--store", text(&store)])
    .output()
    .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    store
}

/// Returns the releases in the pointer of a store: the current one and the one before.
pub(crate) fn pointer(store: &Path) -> (String, Option<String>) {
    let bytes = std::fs::read(store.join("current.json")).unwrap();
    let pointer = artifact::Pointer::from_bytes(&bytes).unwrap();
    (pointer.release, pointer.previous)
}

#[test]
fn processes_that_publish_at_once_succeed_or_report_the_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let sources = [release(dir.path(), 1), release(dir.path(), 2), release(dir.path(), 3)];
    let names: Vec<String> = sources.iter().map(|store| pointer(store).0).collect();
    let target = dir.path().join("target");
    for round in 0..8 {
        let running: Vec<_> = sources
            .iter()
            .map(|from| {
                cartelera(&["publish", "--from", text(from), "--store", text(&target)]).spawn().unwrap()
            })
            .collect();
        let ended: Vec<Output> = running.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        let mut won = Vec::new();
        for (output, name) in ended.iter().zip(&names) {
            let stderr = String::from_utf8_lossy(&output.stderr);
            if output.status.success() {
                won.push(name.clone());
            } else {
                assert!(stderr.contains("the pointer of"), "round {round}: {stderr}");
            }
        }
        let (current, previous) = pointer(&target);
        assert!(won.contains(&current), "round {round}: {current} is current, but {won:?} reported success");
        assert!(previous.is_none_or(|p| names.contains(&p) && p != current));
        let verified = cartelera(&["verify", "--store", text(&target)]).output().unwrap();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }
}

/// Writes another release to a store: the current one, without the artifact of a kind.
fn release_without(store: &Path, kind: Kind) -> String {
    let bytes = std::fs::read(store.join("current.json")).unwrap();
    let mut manifest = artifact::Pointer::from_bytes(&bytes).unwrap().manifest;
    manifest.artifacts.retain(|entry| entry.kind != kind);
    let release = manifest.release();
    std::fs::write(store.join(Manifest::key(&release)), manifest.to_bytes()).unwrap();
    release
}

#[test]
fn a_release_that_no_function_can_load_is_not_published() {
    let dir = tempfile::tempdir().unwrap();
    let (source, target) = (release(dir.path(), 1), dir.path().join("target"));
    let lame = release_without(&source, Kind::Titles);
    let verified = refusal(&["verify", "--store", text(&source), "--release", &lame]);
    for part in [format!("release {lame} cannot be served"), "has no titles".to_owned()] {
        assert!(verified.contains(&part), "{verified}");
    }
    assert!(stdout(&["verify", "--store", text(&source)]).contains("it can be served"));

    let publish = ["publish", "--from", text(&source), "--store", text(&target)];
    let lame_one = [&publish[..], &["--release", &lame]].concat();
    for published in [false, true] {
        let refused = refusal(&lame_one);
        assert!(refused.contains("was not moved") && refused.contains("has no titles"), "{refused}");
        assert_eq!(target.join("current.json").exists(), published);
        stdout(&publish);
    }
    assert_eq!(pointer(&target), (pointer(&source).0, None));
    // What an older program did not make is not needed.
    let older = release_without(&source, Kind::TitleCount);
    stdout(&[&publish[..], &["--release", &older]].concat());
    assert_eq!(pointer(&target).0, older);
}

#[test]
fn a_publisher_that_waits_for_another_process_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (source, target) = (release(dir.path(), 1), dir.path().join("target"));
    std::fs::create_dir(&target).unwrap();
    let held = std::fs::File::create_new(target.join(".lock")).unwrap();
    held.lock().unwrap();
    std::fs::write(target.join(".lock"), "process 4000000000\nsince 5\nhost tiger\n").unwrap();
    let mut waiting =
        cartelera(&["publish", "--from", text(&source), "--store", text(&target)]).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(waiting.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let expected = format!(
        "waiting to write to {}, which is locked by process 4000000000 on tiger, for ",
        target.display()
    );
    assert!(line.starts_with(&expected), "{line}");
    assert!(waiting.try_wait().unwrap().is_none() && !target.join("current.json").exists());
    drop(held);
    assert!(waiting.wait().unwrap().success());
    assert_eq!(pointer(&target), pointer(&source));
    assert_eq!(std::fs::read(target.join(".lock")).unwrap(), b"");
}

/// Runs the program with a file system of 64 KiB at `full`, and then fails with 99 if the store there has a
/// pointer. Returns `None` where a process may not mount one.
fn on_a_small_disk(full: &Path, args: &[&str]) -> Option<Output> {
    let script = "mount -t tmpfs -o size=64k tmpfs \"$0\" || exit 98; \"$@\"; code=$?; \
                  test ! -e \"$0\"/store/current.json || exit 99; exit $code";
    let program = env!("CARGO_BIN_EXE_cartelera");
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, text(full), program, "--quiet"])
        .args(args)
        .output();
    run.ok().filter(|output| {
        let refused = String::from_utf8_lossy(&output.stderr).starts_with("unshare:");
        !refused && output.status.code() != Some(98)
    })
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing_half_published() {
    let dir = tempfile::tempdir().unwrap();
    let from = release(dir.path(), 1);
    let full = dir.path().join("full");
    std::fs::create_dir(&full).unwrap();
    let (store, raw) = (full.join("store"), dir.path().join("raw1"));
    let publish = ["publish", "--from", text(&from), "--store", text(&store)];
    let Some(output) = on_a_small_disk(&full, &publish) else {
        let _ = writeln!(std::io::stderr(), "skipped: no file system can be mounted");
        return;
    };
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("cannot write \"artifacts/"), "{error}");
    assert!(error.contains("free some space on that disk"), "{error}");

    let (titles, ratings, out) = (raw.join("titles"), raw.join("ratings"), full.join("eda"));
    let analyze = ["eda", "--titles", text(&titles), "--ratings", text(&ratings), "--signal-splits=0"];
    let output = on_a_small_disk(&full, &[&analyze[..], &["--out", text(&out)]].concat()).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("full/eda/") && error.contains("No space left on device"), "{error}");
}

#[test]
fn users_whose_digests_are_of_others_are_not_published() {
    let dir = tempfile::tempdir().unwrap();
    let (source, target) = (release(dir.path(), 1), dir.path().join("target"));
    let bytes = std::fs::read(source.join("current.json")).unwrap();
    let mut manifest = artifact::Pointer::from_bytes(&bytes).unwrap().manifest;
    let entry = manifest.artifacts.iter_mut().find(|entry| entry.kind == Kind::UserDigests).unwrap();
    let mut digests = UserDigests::default();
    digests.push(b"another block");
    let digests = digests.to_bytes().unwrap();
    *entry = ArtifactEntry::of(Kind::UserDigests, &digests);
    std::fs::write(source.join(entry.key()), digests).unwrap();
    let name = manifest.release();
    std::fs::write(source.join(Manifest::key(&name)), manifest.to_bytes()).unwrap();
    let publish = ["publish", "--from", text(&source), "--store", text(&target), "--release", &name];
    let refused = refusal(&publish);
    assert!(refused.contains("the digest of this block does not match"), "{refused}");
    assert!(!target.join("current.json").exists());
}

/// The example of RFC 8410, section 10.3, and its public key.
pub(crate) const SIGNING_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
/// The first key of RFC 8032, section 7.1.
const OTHER_SIGNING_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
pub(crate) const RELEASE_KEY: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

#[test]
fn a_signed_release_stays_signed_when_it_is_copied_and_rolled_back_to() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (release(dir.path(), 1), release(dir.path(), 2));
    let (key, public) = (dir.path().join("key.pem"), dir.path().join("key.pub.pem"));
    std::fs::write(&key, SIGNING_KEY).unwrap();
    std::fs::write(&public, RELEASE_KEY).unwrap();
    let (sign, keys) = (format!("--sign={}", text(&key)), format!("--release-keys={RELEASE_KEY}"));
    let target = dir.path().join("target");
    let publish = |from: &Path, to: &Path, options: &[&str]| {
        stdout(&[&["publish", "--from", text(from), "--store", text(to)], options].concat())
    };
    let verify = |store: &Path| ["verify".to_owned(), format!("--store={}", text(store)), keys.clone()];
    let verified = |store: &Path| stdout(&verify(store).each_ref().map(String::as_str));
    let unverified = |store: &Path| refusal(&verify(store).each_ref().map(String::as_str));

    assert!(!publish(&first, &target, &[]).contains("signed"));
    assert!(stdout(&["verify", "--store", text(&target)]).contains("\n  not signed\n"));
    assert!(unverified(&target).contains("is not signed, and only signed releases are accepted"));
    let serve = ["serve", "--port=0", "--store", text(&target), &keys];
    assert!(refusal(&serve).contains("is not signed"));

    // The current release is signed by publishing it again, from the same store even.
    let (name, _) = pointer(&target);
    let signed = publish(&target, &target, &[&sign]);
    assert!(signed.contains(&format!("release {name} was already served from")), "{signed}");
    assert!(signed.contains(", signed: "), "{signed}");
    assert!(verified(&target).contains("\n  signed with a release key\n"));
    assert!(stdout(&["verify", "--store", text(&target)]).contains("signed; not checked"));
    let health = Server::start(&target, &[&keys]).get_json("/health");
    assert_eq!(health["release"], *name);

    // Another release takes its place, if that is meant; a rollback needs no key.
    let to_second = ["publish", "--from", text(&second), "--store", text(&target)];
    for options in [&[][..], &["--release-keys", RELEASE_KEY]] {
        assert!(refusal(&[&to_second[..], options].concat()).contains("is not signed"));
        assert_eq!(pointer(&target).0, name);
    }
    stdout(&[&to_second[..], &["--unsigned"]].concat());
    assert!(unverified(&target).contains("is not signed"));
    let back = ["rollback", "--store", text(&target)];
    stdout(&[&back[..], &["--release-keys", RELEASE_KEY]].concat());
    assert_eq!(pointer(&target).0, name);
    verified(&target);
    assert!(refusal(&back).contains("is not signed, and the current release of"));

    // A build says so before it begins.
    let build = ["build", "--titles=none", "--store", text(&target)];
    let other_key = dir.path().join("other.pem");
    std::fs::write(&other_key, OTHER_SIGNING_KEY).unwrap();
    let other = format!("--sign={}", text(&other_key));
    for (options, part) in [
        (&[][..], "the current release of"),
        (&[keys.as_str()], "--release-keys requires a signature"),
        (&[keys.as_str(), &other], "does not belong to any of the release keys"),
        (&["--unsigned"], "none: no such file"),
        (&[keys.as_str(), &sign], "none: no such file"),
    ] {
        let error = refusal(&[&build[..], options].concat());
        assert!(error.contains(part), "{options:?}: {error}");
    }

    // A copy takes the signature along.
    let copy = dir.path().join("copy");
    assert!(publish(&target, &copy, &["--release", &name]).contains(", signed: "));
    verified(&copy);

    // A signature that comes with a copy does not replace the one that is there.
    let sig = target.join(artifact::Signature::key(&name));
    let good = std::fs::read(&sig).unwrap();
    std::fs::write(first.join(artifact::Signature::key(&name)), [7; 64]).unwrap();
    publish(&first, &target, &[]);
    assert_eq!(std::fs::read(&sig).unwrap(), good);
    // Unless the one that is there is of another key than is required.
    std::fs::write(&sig, [7; 64]).unwrap();
    let bytes = std::fs::read(target.join("current.json")).unwrap();
    let pointer = artifact::Pointer::from_bytes(&bytes).unwrap();
    let bad = artifact::Pointer { signature: Some([7; 64].into()), ..pointer };
    std::fs::write(target.join("current.json"), bad.to_bytes()).unwrap();
    assert!(unverified(&target).contains("was not made with any of the release keys"));
    publish(&copy, &target, &["--release-keys", RELEASE_KEY]);
    assert_eq!(std::fs::read(&sig).unwrap(), good);
    verified(&target);
    let fresh = dir.path().join("fresh");
    let unknown = ["publish", "--from", text(&first), "--store", text(&fresh), &keys];
    assert!(refusal(&unknown).contains("was not made with any of the release keys"));

    for (file, part) in
        [(&public, "cannot be used to sign"), (&dir.path().join("none"), "cannot read the key")]
    {
        let sign = format!("--sign={}", text(file));
        let error = refusal(&["publish", "--from", text(&first), "--store", text(&target), &sign]);
        assert!(error.contains(part) && error.contains(text(file)), "{error}");
    }
    let private = format!("--release-keys={SIGNING_KEY}");
    let error = refusal(&["verify", "--store", text(&target), &private]);
    assert!(error.contains("key 1 is not an Ed25519 public key"), "{error}");
}
