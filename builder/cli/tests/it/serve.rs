//! Serves a release by the program, asks it as clients do, and stops it as a system does.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::publish::release;
use crate::server::Server;
use crate::{project, refusal, stdout, text};

#[test]
fn a_server_answers_pages_of_another_origin_and_ends_by_a_signal() {
    let dir = tempfile::tempdir().unwrap();
    let store = release(dir.path(), 7);
    let server = Server::start(&store, &["--cors=http://localhost:5173"]);

    let (head, body) =
        server.ask("GET /openapi.json", "accept-encoding: gzip\r\norigin: http://localhost:5173\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    for header in [
        "content-encoding: gzip",
        "cache-control: max-age=60",
        "access-control-allow-origin: http://localhost:5173",
        &format!("content-length: {}", body.len()),
    ] {
        assert!(head.contains(&format!("{header}\r\n")), "{header} is missing: {head}");
    }
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let (head, body) = server.ask("GET /openapi.json", &format!("if-none-match: {tag}\r\n"));
    assert!(head.starts_with("HTTP/1.1 304 ") && body.is_empty(), "{head}");
    let (get, body) = server.ask("GET /titles?limit=3", "");
    let (head, nothing) = server.ask("HEAD /titles?limit=3", "");
    let without_date =
        |head: &str| head.lines().filter(|l| !l.starts_with("date: ")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_date(&head), without_date(&get));
    assert!(!body.is_empty() && nothing.is_empty());
    let preflight = "origin: http://localhost:5173\r\naccess-control-request-method: POST\r\n";
    let (head, _) = server.ask("OPTIONS /recommendations", preflight);
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.contains("access-control-allow-methods: GET,HEAD,POST"),
        "{head}"
    );

    let held = [
        server.send(""),
        server.send("GET / HTTP/1.1\r\nho"),
        server.send("POST /recommendations HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\n{"),
    ];
    server.signal("TERM");
    assert!(server.end().success());
    drop(held);
}

#[test]
fn an_origin_that_no_browser_sends_is_refused() {
    let error = refusal(&["serve", "--store=none", "--cors=https://example.org/"]);
    assert!(error.contains("is not an origin such as https://example.org"), "{error}");
}

/// A page whose own name was made to lead to this machine sends that name.
#[test]
fn a_request_for_another_host_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&release(dir.path(), 7), &["--allow-host=films.example"]);
    let status_of = |host: &str| {
        let mut answer = String::new();
        let asked = format!("GET /users/1 HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        server.send(&asked).read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    for known in ["host: localhost:8000\r\n", "host: 127.0.0.1\r\n", "host: FILMS.example:80\r\n"] {
        assert_eq!(status_of(known), "200", "{known}");
    }
    for other in ["host: evil.example\r\n", "host: localhost\r\nhost: evil.example\r\n", "host: \r\n"] {
        let status = status_of(other);
        assert!(["421", "400"].contains(&status.as_str()), "{other}: {status}");
    }
}

#[test]
fn whoever_lets_other_machines_connect_says_who_may_ask_about_users() {
    let unsaid = ["serve", "--store=none", "--host=0.0.0.0"];
    let error = refusal(&unsaid);
    assert!(error.contains("0.0.0.0") && error.contains("--personal-routes"), "{error}");
    let error = refusal(&["demo", "--store=none", "--data=none", "--host=0.0.0.0"]);
    assert!(error.contains("--personal-routes"), "{error}");
    for wrong in [&["--personal-routes=subject"][..], &["--subject-header=x-user"]] {
        let error = refusal(&[&unsaid[..2], wrong].concat());
        assert!(error.contains("belong together"), "{error}");
    }
    let error = refusal(&[&unsaid[..], &["--personal-routes=some"]].concat());
    assert!(error.contains("is not `off`, `subject` or `open`"), "{error}");
}

#[test]
fn a_proxy_says_who_calls() {
    let dir = tempfile::tempdir().unwrap();
    let store = release(dir.path(), 7);
    let server = Server::start(&store, &["--personal-routes=subject", "--subject-header=x-user"]);
    let status = |headers: &str| {
        let (head, _) = server.ask("GET /users/1", headers);
        head.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status("x-user: 1\r\n"), "200");
    assert_eq!(status("x-user: 2\r\n"), "404");
    for nobody in ["", "x-user: 2\r\nx-user: 1\r\n", "x-other: 1\r\n"] {
        assert_eq!(status(nobody), "403", "{nobody}");
    }
    let server = Server::start(&store, &["--personal-routes=off"]);
    let (status, problem) = server.get("/users/1");
    assert!(status == 403 && problem.contains("personal-routes"), "{status}: {problem}");
    assert_eq!(server.get_json("/health")["personal_routes"], "off");
}

#[test]
fn a_release_with_pseudonyms_knows_no_id() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    fs::write(&key, "a secret of thirty-two characters, or more\n").unwrap();
    let key = format!("--key={}", text(&key));
    let (plain, hidden) = (dir.path().join("plain"), dir.path().join("hidden"));
    let sample = |folder: &str| format!("--{folder}={}", text(&project(&format!("data/sample/{folder}"))));
    let build = |store: &Path, options: &[&str]| {
        let quick = ["--trials=1", "--ranking-trials=1", "--signal-splits=0", "--factors=4", "--epochs=3"];
        let (titles, ratings, store) =
            (sample("titles"), sample("ratings"), format!("--store={}", text(store)));
        let args = [&["build", &titles, &ratings, &store][..], &quick, options].concat();
        stdout(&args)
    };
    build(&plain, &[]);
    build(&hidden, &[&key.replace("--key", "--pseudonyms")]);
    let pseudonyms = stdout(&["pseudonym", &key, "1", "42"]);
    let pseudonyms: Vec<&str> = pseudonyms.lines().collect();
    assert!(pseudonyms.len() == 2 && pseudonyms.iter().all(|of| of.len() == 32), "{pseudonyms:?}");

    let (plain, hidden) = (Server::start(&plain, &[]), Server::start(&hidden, &[]));
    assert_eq!(hidden.get_json("/model")["parameters"]["pseudonyms"], true);
    for (id, pseudonym) in ["1", "42"].into_iter().zip(pseudonyms) {
        assert_eq!(hidden.get(&format!("/users/{id}")).0, 404);
        for path in ["/users/{}?limit=100", "/recommendations/{}?reasons=2", "/predict?user_id={}&id=ns1"] {
            let mut expected = plain.get_json(&path.replace("{}", id));
            expected["user_id"] = pseudonym.into();
            assert_eq!(hidden.get_json(&path.replace("{}", pseudonym)), expected, "{path} of {id}");
        }
    }
}

#[test]
fn a_short_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    fs::write(&key, "short\n").unwrap();
    let error = refusal(&["pseudonym", &format!("--key={}", text(&key)), "1"]);
    assert!(error.contains("openssl rand -hex 32") && error.contains("is not a key"), "{error}");
}
