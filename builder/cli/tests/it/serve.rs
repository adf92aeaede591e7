//! Serves a release by the program, asks it as clients do, and stops it as a system does.

use crate::publish::release;
use crate::server::Server;

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
        "cache-control: no-cache",
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
        server.send("POST /recommendations HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\n{"),
    ];
    server.signal("TERM");
    assert!(server.end().success());
    drop(held);
}

#[test]
fn an_origin_that_no_browser_sends_is_refused() {
    let error = crate::refusal(&["serve", "--store=none", "--cors=https://example.org/"]);
    assert!(error.contains("is not an origin such as https://example.org"), "{error}");
}
