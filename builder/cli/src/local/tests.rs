use axum::body::Bytes;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;

/// More than the system keeps for a client that does not read.
const MUCH: usize = 64 << 20;
const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(50);

/// A server, its address, and how to stop it.
struct Running {
    address: std::net::SocketAddr,
    stop: mpsc::Sender<()>,
    ended: JoinHandle<()>,
}

async fn start(patience: Patience) -> Running {
    let router = Router::new()
        .route("/", get(|| async { "here" }))
        .route("/much", get(|| async { vec![b'a'; MUCH] }))
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, signals) = mpsc::channel(2);
    let ended = tokio::spawn(serve(router, listener, signals, patience));
    Running { address, stop, ended }
}

impl Running {
    /// Sends some bytes on a connection that stays open.
    async fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }
}

/// Returns what comes on a connection until the server closes it.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // A connection that was reset is closed as well.
    let _ = stream.read_to_string(&mut text).await;
    text
}

/// Returns the head of an answer, and leaves the connection open.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

const WHOLE_BODY: &str =
    "POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nconnection: close\r\n\r\n12345";
const HALF_A_BODY: &str = "POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n12";
const HALF_A_HEAD: &str = "GET / HTTP/1.1\r\nhost:";

#[tokio::test]
async fn a_head_or_a_body_that_does_not_come_is_given_up() {
    let server = start(Patience { request: SHORT, answer: LONG, stop: LONG }).await;
    for head in ["", HALF_A_HEAD] {
        assert_eq!(rest(server.send(head).await).await, "", "{head:?}");
    }
    let answer = rest(server.send(HALF_A_BODY).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("connection: close"), "{answer}");
    // The server is still there, for those who send in time.
    let server = start(Patience { request: LONG, answer: LONG, stop: LONG }).await;
    let answer = rest(server.send(WHOLE_BODY).await).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n5"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    let server = start(Patience { request: LONG, answer: SHORT, stop: LONG }).await;
    let ask = "GET /much HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let unread = server.send(ask).await;
    // Whoever reads gets all of it. By then the other connection has been given up, or is soon.
    assert!(rest(server.send(ask).await).await.len() > MUCH);
    server.stop.send(()).await.unwrap();
    server.ended.await.unwrap();
    assert!(rest(unread).await.len() < MUCH);
}

#[tokio::test]
async fn the_server_ends_whatever_clients_hold_open() {
    let server = start(Patience { request: LONG, answer: LONG, stop: SHORT }).await;
    let mut idle = server.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(head(&mut idle).await.starts_with("HTTP/1.1 200 "));
    let half = [server.send(HALF_A_HEAD).await, server.send(HALF_A_BODY).await];
    server.stop.send(()).await.unwrap();
    server.ended.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "nothing is accepted any more");
    drop((idle, half));
}

#[tokio::test]
async fn a_second_signal_ends_the_server_at_once() {
    let server = start(Patience { request: LONG, answer: LONG, stop: LONG }).await;
    // The continuation shows that the server waits for the body.
    let asked = "POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    let mut half = server.send(asked).await;
    assert!(head(&mut half).await.starts_with("HTTP/1.1 100 "));
    for _ in 0..2 {
        server.stop.send(()).await.unwrap();
    }
    server.ended.await.unwrap();
}

#[tokio::test]
async fn a_request_in_progress_is_finished() {
    let server = start(Patience { request: LONG, answer: LONG, stop: LONG }).await;
    let asked = "POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    let mut half = server.send(asked).await;
    assert!(head(&mut half).await.starts_with("HTTP/1.1 100 "));
    server.stop.send(()).await.unwrap();
    half.write_all(b"12345").await.unwrap();
    let answer = rest(half).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n5"), "{answer}");
    server.ended.await.unwrap();
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read_to_its_end() {
    let body = Body::from(vec![b'1'; 3 * MAX_BODY_BYTES]);
    let read = read(body).await.unwrap();
    assert!(read.size_hint().lower() > MAX_BODY_BYTES as u64);
}
