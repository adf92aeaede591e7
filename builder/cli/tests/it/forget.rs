//! Tests removing users from the release that a store serves.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use artifact::{Artifact as _, Kind, Pointer};
use recommender::UserBlock;

use crate::publish::{RELEASE_KEY, SIGNING_KEY, pointer, release};
use crate::server::Server;
use crate::{refusal, stdout, text};

fn forget(store: &Path, users: &[&str], options: &[&str]) -> Vec<String> {
    let users = users.iter().flat_map(|user| ["--user", user]);
    let words = ["forget", "--store", text(store)].into_iter().chain(users).chain(options.iter().copied());
    words.map(str::to_owned).collect()
}

fn words(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

/// Returns the ids of the users in the artifact of the current release.
fn users_of(store: &Path) -> Vec<String> {
    let pointer = Pointer::from_bytes(&std::fs::read(store.join("current.json")).unwrap()).unwrap();
    let users = std::fs::read(store.join(pointer.manifest.artifact(Kind::Users).unwrap().key())).unwrap();
    let blocks = artifact::split(Kind::Users, &users).unwrap();
    let blocks = blocks.into_iter().map(|block| UserBlock::from_bytes(block).unwrap());
    blocks
        .flat_map(|block| (0..block.n_users()).map(|at| block.user(at).id.to_owned()).collect::<Vec<_>>())
        .collect()
}

/// Returns the answers about these users, and some about nobody.
fn answers(server: &Server, users: &[String]) -> Vec<String> {
    let personal = users.iter().flat_map(|user| {
        [
            format!("/users/{user}?limit=100"),
            format!("/recommendations/{user}?n=5"),
            format!("/predict?user_id={user}&id=ns1"),
        ]
    });
    let others = ["/titles?q=a&limit=100", "/recommendations/nobody?n=7"].map(str::to_owned);
    personal.chain(others).map(|path| server.get(&path).1).collect()
}

#[test]
fn forgotten_users_are_gone_and_nothing_else_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = release(dir.path(), 1);
    let (built, _) = pointer(&store);
    let all = users_of(&store);
    let (gone, others): (Vec<String>, Vec<String>) =
        all.iter().cloned().partition(|user| ["1", "20", "40"].contains(&user.as_str()));
    assert_eq!(gone.len(), 3);
    let before = answers(&Server::start(&store, &[]), &others);

    // If one of them is not there, nothing happens.
    let error = refusal(&words(&forget(&store, &["1", "nobody"], &[])));
    assert!(error.contains("no user nobody in this release") && error.contains(&built), "{error}");
    assert_eq!(pointer(&store), (built.clone(), None));

    let said = stdout(&words(&forget(&store, &["20", " 1 ", "40", "20"], &[])));
    let (now, previous) = pointer(&store);
    assert_eq!(previous.as_deref(), Some(built.as_str()));
    for part in ["3 users were removed", &now, &built, "the next build brings the users back", "gc --keep 0"]
    {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(users_of(&store), others);
    stdout(&["verify", "--store", text(&store)]);
    let server = Server::start(&store, &[]);
    for (now, before) in answers(&server, &others).iter().zip(&before) {
        assert_eq!(now, before);
    }
    for user in &gone {
        assert_eq!(server.get(&format!("/users/{user}")).0, 404);
        let list = server.get_json(&format!("/recommendations/{user}?n=5"));
        assert_eq!(list["strategy"], "popular", "as for anybody unknown");
    }
    assert_eq!(server.get_json("/model")["parameters"]["forgotten_users"], 3);

    // The number adds up, and somebody who is gone is not there any more.
    assert!(refusal(&words(&forget(&store, &["1"], &[]))).contains("no user 1 in this release"));
    let rest: Vec<&str> = others.iter().map(String::as_str).collect();
    stdout(&words(&forget(&store, &rest, &[])));
    let server = Server::start(&store, &[]);
    assert_eq!(users_of(&store), [""; 0]);
    assert_eq!(server.get_json("/model")["parameters"]["forgotten_users"], all.len());
    assert_eq!(server.get_json("/recommendations/2?n=5")["strategy"], "popular");
}

#[test]
fn a_collection_removes_the_release_with_the_forgotten_users_when_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let store = release(dir.path(), 1);
    let (built, _) = pointer(&store);
    let old = Pointer::from_bytes(&std::fs::read(store.join("current.json")).unwrap()).unwrap();
    let old_users = store.join(old.manifest.artifact(Kind::Users).unwrap().key());
    stdout(&words(&forget(&store, &["1"], &[])));
    // Another publisher wrote a release with the user, and lost the race to the pointer.
    let orphan = artifact::Manifest { seed: 77, ..old.manifest.clone() };
    std::fs::write(store.join(artifact::Manifest::key(&orphan.release())), orphan.to_bytes()).unwrap();
    let two_hours_ago = SystemTime::now() - Duration::from_hours(2);
    for file in files(&store) {
        std::fs::File::options().write(true).open(file).unwrap().set_modified(two_hours_ago).unwrap();
    }
    let gc = ["gc", "--keep=0", "--grace=1h", "--store", text(&store)];
    let without = ["gc", "--keep=1", "--grace=1h", "--without-previous", "--store", text(&store)];
    // Servers may still be reading it: the pointer moved less than an hour ago.
    assert!(!stdout(&[&gc[..], &["--without-previous", "--dry-run"]].concat()).contains(&built));
    let current = Pointer::from_bytes(&std::fs::read(store.join("current.json")).unwrap()).unwrap();
    let moved = Pointer { moved_at: current.moved_at - 7200, ..current };
    std::fs::write(store.join("current.json"), moved.to_bytes()).unwrap();
    assert!(!stdout(&[&gc[..], &["--dry-run"]].concat()).contains(&built));
    // Whatever number of others is kept, the previous one goes.
    assert!(stdout(&[&without[..], &["--dry-run"]].concat()).contains(&format!("release {built} would be")));
    let said = stdout(&[&gc[..], &["--without-previous"]].concat());
    assert!(said.contains(&format!("release {built} deleted")) && !old_users.exists(), "{said}");
    assert!(said.contains(&format!("release {} deleted", orphan.release())), "{said}");
    stdout(&["verify", "--store", text(&store)]);
    assert!(refusal(&["rollback", "--store", text(&store)]).contains(&built));
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn pseudonyms_need_their_key_and_signed_stores_a_signature() {
    let dir = tempfile::tempdir().unwrap();
    release(dir.path(), 1);
    let raw = dir.path().join("raw1");
    let (secret, key) = (dir.path().join("secret"), dir.path().join("key.pem"));
    std::fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    std::fs::write(&key, SIGNING_KEY).unwrap();
    let (pseudonyms, sign) = (format!("--pseudonyms={}", text(&secret)), format!("--sign={}", text(&key)));
    let store = dir.path().join("hidden");
    let (titles, ratings) = (raw.join("titles"), raw.join("ratings"));
    let build = ["build", "--titles", text(&titles), "--ratings", text(&ratings), "--store", text(&store)];
    let quick = ["--algorithm=biases", "--ranking-trials=0", "--signal-splits=0", &pseudonyms, &sign];
    stdout(&[&build[..], &quick].concat());
    let n_users = users_of(&store).len();

    // What the key did not sign is not signed in its place.
    let current = store.join("current.json");
    let good = std::fs::read(&current).unwrap();
    for signature in [None, Some([7; 64].into())] {
        let forged = Pointer { signature, ..Pointer::from_bytes(&good).unwrap() };
        std::fs::write(&current, forged.to_bytes()).unwrap();
        let error = refusal(&words(&forget(&store, &["1"], &[&pseudonyms, &sign])));
        assert!(error.contains("a release is signed only if its key signed the one before"), "{error}");
    }
    std::fs::write(&current, &good).unwrap();

    // Nothing is published over a damaged artifact, which is the only copy.
    let titles = Pointer::from_bytes(&good).unwrap().manifest.artifact(Kind::Titles).unwrap().key();
    let whole = std::fs::read(store.join(&titles)).unwrap();
    std::fs::write(store.join(&titles), &whole[1..]).unwrap();
    let error = refusal(&words(&forget(&store, &["1"], &[&pseudonyms, &sign])));
    assert!(error.contains("artifact titles is damaged"), "{error}");
    assert_eq!(std::fs::read(&current).unwrap(), good);
    std::fs::write(store.join(&titles), &whole).unwrap();

    let error = refusal(&words(&forget(&store, &["1"], &[&sign])));
    assert!(error.contains("no user 1 in this release") && error.contains("--pseudonyms KEYFILE"), "{error}");
    let error = refusal(&words(&forget(&store, &["1"], &[&pseudonyms])));
    assert!(error.contains("pass --sign KEYFILE"), "{error}");
    stdout(&words(&forget(&store, &["1"], &[&pseudonyms, &sign])));
    assert_eq!(users_of(&store).len(), n_users - 1);
    assert!(
        stdout(&["verify", "--store", text(&store), "--release-keys", RELEASE_KEY]).contains("signed with")
    );

    // The pseudonym itself will do.
    let pseudonym = stdout(&["pseudonym", "--key", text(&secret), "2"]);
    stdout(&words(&forget(&store, &[pseudonym.trim()], &[&sign])));
    assert_eq!(users_of(&store).len(), n_users - 2);
}
