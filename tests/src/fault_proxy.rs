//! A proxy in front of an HTTP server that causes faults in its traffic, for tests: it cuts, delays and
//! truncates, flips bits, and responds with 500 and 503 by itself.
//!
//! ```no_run
//! use tests::fault_proxy::{Fault, FaultProxy};
//!
//! # async fn example(server: std::net::SocketAddr) -> std::io::Result<()> {
//! let proxy = FaultProxy::start(server).await?;
//! // Clients use `proxy.url()` as the server's address. Until a rule is set, requests pass unchanged.
//! proxy.set(|request| match (request.n, request.method.as_str()) {
//!     (3, _) => Some(Fault::Status(503)),
//!     (_, "PUT") if request.path.ends_with("/current.json") => Some(Fault::CutRequest { after: 10 }),
//!     _ => None,
//! });
//! // … drive a client …
//! proxy.heal();
//! assert!(proxy.n_faults() > 0);
//! # Ok(())
//! # }
//! ```
//!
//! It reads requests (HTTP/1.1, bodies by `Content-Length` or chunked) and decides about each one. A
//! connection serves one request. The proxy asks both sides to close it, so that a fault in one request
//! cannot affect the next. Bytes are counted from the start of a body. A fault beyond its end has no effect.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A fault in one request or its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The proxy responds with this status (500 or 503) and an S3 error as body. The server never gets the
    /// request.
    Status(u16),
    /// The request is passed on, and the proxy responds with this status in the server's place. The request
    /// has its effect, but the client does not learn of it.
    StatusAfter(u16),
    /// The connection ends before the server gets the request.
    Refuse,
    /// The connection ends after some bytes of the request's body.
    CutRequest {
        /// Bytes passed on.
        after: u64,
    },
    /// The request is passed on, and the connection ends without a response.
    CutAnswer,
    /// The connection ends after the headers of the response and some bytes of its body.
    TruncateAnswer {
        /// Bytes passed on.
        after: u64,
    },
    /// One bit of the request's body is flipped.
    FlipRequestBit {
        /// Which bit, from the beginning of the body.
        bit: u64,
    },
    /// One bit of the response's body is flipped.
    FlipAnswerBit {
        /// Which bit, from the beginning of the body.
        bit: u64,
    },
    /// The request waits before it is passed on.
    Delay(Duration),
    /// The body of the response pauses after some bytes, and then continues.
    Stall {
        /// Bytes passed on before.
        after: u64,
        /// How long it pauses.
        time: Duration,
    },
    /// The request waits until the proxy is healed, and is then passed on.
    Hold,
    /// [`Fault::TruncateAnswer`] after half of the body that the headers promise.
    HalveAnswer,
    /// The response has only the first half of its body, and its headers match that.
    ShortenAnswer,
    /// [`Fault::FlipAnswerBit`] for the byte in the middle of the body.
    FlipMiddle,
    /// [`Fault::Stall`] in the middle of the body.
    StallMiddle(Duration),
}

/// What a rule gets to see of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The number of this request since the rule was set, from 0.
    pub n: usize,
    /// `GET`, `PUT` and so on.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, without its question mark. It may be empty.
    pub query: String,
}

type Rule = Box<dyn FnMut(&Seen) -> Option<Fault> + Send>;

#[derive(Default)]
struct State {
    rule: Option<Rule>,
    n_requests: usize,
    log: Vec<Seen>,
}

/// The faults since a rule was last set.
#[derive(Default)]
struct Counts {
    faults: AtomicUsize,
    harmed: AtomicUsize,
}

/// A running proxy. When it is dropped, it stops and open connections end.
pub struct FaultProxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    counts: Arc<Counts>,
    /// Whether held requests may continue.
    healed: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl FaultProxy {
    /// Starts a proxy for the server at `upstream`, on a free port of this machine. Needs a tokio runtime
    /// with I/O and time.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::<Mutex<State>>::default();
        let counts = Arc::<Counts>::default();
        let healed = watch::Sender::new(true);
        let (shared, counted, held) = (Arc::clone(&state), Arc::clone(&counts), healed.subscribe());
        let accepting = tokio::spawn(async move {
            // Dropped with this task, which ends its connections.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                let (state, counts, held) = (Arc::clone(&shared), Arc::clone(&counted), held.clone());
                connections.spawn(async move {
                    // A connection that ends early is what the test asked for, or the client's decision.
                    let _ = serve(client, upstream, &state, &counts, held).await;
                });
            }
        });
        Ok(Self { address, state, counts, healed, accepting })
    }

    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the rule that decides about each further request, and counts requests from 0 again. The rule gets
    /// requests one by one, in the order in which their headers came.
    pub fn set(&self, rule: impl FnMut(&Seen) -> Option<Fault> + Send + 'static) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { rule: Some(Box::new(rule)), ..State::default() };
        self.counts.faults.store(0, Ordering::SeqCst);
        self.counts.harmed.store(0, Ordering::SeqCst);
        self.healed.send_replace(false);
    }

    /// Passes all further requests unchanged, and those that were held. Counts are kept.
    pub fn heal(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).rule = None;
        self.healed.send_replace(true);
    }

    /// Returns how many requests got a fault since a rule was last set.
    pub fn n_faults(&self) -> usize {
        self.counts.faults.load(Ordering::SeqCst)
    }

    /// Returns how many of these faults have had an effect so far. A fault beyond the end of a body never has
    /// one, and a fault in a response has one when the response comes.
    pub fn n_harmed(&self) -> usize {
        self.counts.harmed.load(Ordering::SeqCst)
    }

    /// Returns the requests since a rule was last set, in order.
    pub fn requests(&self) -> Vec<Seen> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).log.clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn decide(state: &Mutex<State>, head: &Head) -> Option<Fault> {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let mut words = head.lines[0].split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let seen = Seen { n: state.n_requests, method, path: path.to_owned(), query: query.to_owned() };
    state.n_requests += 1;
    state.log.push(seen.clone());
    state.rule.as_mut().and_then(|rule| rule(&seen))
}

/// The first line and the headers of a message.
struct Head {
    lines: Vec<String>,
    /// Bytes that were read beyond them.
    rest: Vec<u8>,
}

impl Head {
    async fn read(stream: &mut TcpStream) -> io::Result<Self> {
        const END: &[u8] = b"\r\n\r\n";
        let mut bytes = Vec::new();
        loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Some(at) = bytes.windows(END.len()).position(|w| w == END) {
                let rest = bytes.split_off(at + END.len());
                let text = String::from_utf8_lossy(&bytes[..at]);
                return Ok(Self { lines: text.split("\r\n").map(str::to_owned).collect(), rest });
            }
            if bytes.len() > 1 << 20 {
                return Err(io::Error::new(ErrorKind::InvalidData, "headers of more than a mebibyte"));
            }
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.lines[1..].iter().filter_map(|line| line.split_once(':'));
        headers.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Returns the bytes of the head, with a header that closes the connection.
    fn closing(&self) -> Vec<u8> {
        let mut text = String::new();
        for line in &self.lines {
            let name = line.split(':').next().unwrap_or_default();
            if !name.eq_ignore_ascii_case("connection") && !name.eq_ignore_ascii_case("keep-alive") {
                text += line;
                text += "\r\n";
            }
        }
        text += "connection: close\r\n\r\n";
        text.into_bytes()
    }

    /// Sets the length of the body.
    fn promise(&mut self, bytes: u64) {
        for line in &mut self.lines[1..] {
            if line.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case("content-length")) {
                *line = format!("content-length: {bytes}");
            }
        }
    }

    fn body(&self) -> Extent {
        match self.header("content-length").and_then(|n| n.parse().ok()) {
            Some(n) => Extent::Bytes(n),
            None if self.header("transfer-encoding").is_some() => Extent::Chunked,
            None => Extent::Bytes(0),
        }
    }
}

/// Where a body ends.
#[derive(Clone, Copy)]
enum Extent {
    Bytes(u64),
    /// Up to the last chunk.
    Chunked,
}

/// The harm to a body on its way.
#[derive(Default)]
struct Harm<'a> {
    cut: Option<u64>,
    flip: Option<u64>,
    stall: Option<(u64, Duration)>,
    /// Counts the harm when it happens.
    counts: Option<&'a Counts>,
}

impl Harm<'_> {
    fn done(&self) {
        if let Some(counts) = self.counts {
            counts.harmed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Fault {
    /// Turns a fault at the middle of a response into one at a position, given the size of its body.
    fn in_bytes(self, bytes: u64) -> Self {
        match self {
            Self::HalveAnswer => Self::TruncateAnswer { after: bytes / 2 },
            Self::FlipMiddle => Self::FlipAnswerBit { bit: bytes / 2 * 8 },
            Self::StallMiddle(time) => Self::Stall { after: bytes / 2, time },
            other => other,
        }
    }
}

/// Follows the chunks of a body, to know where the last one ends. Trailers belong to it.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    /// Returns whether the body ends with these bytes: the empty chunk, trailers, an empty line.
    fn ends_with(&mut self, bytes: &[u8]) -> bool {
        self.0.extend_from_slice(bytes);
        let keep = self.0.len().saturating_sub(4096);
        self.0.drain(..keep);
        let last_chunk = self.0.windows(5).rposition(|w| w == b"\r\n0\r\n").map(|at| at + 2);
        let last_chunk = last_chunk.or_else(|| self.0.starts_with(b"0\r\n").then_some(0));
        last_chunk.is_some_and(|at| self.0[at..].ends_with(b"\r\n\r\n"))
    }
}

/// Passes a body on, with harm. Returns `false` if it was cut on purpose.
async fn pass(
    from: &mut TcpStream,
    to: &mut (impl AsyncWrite + Unpin),
    rest: Vec<u8>,
    extent: Option<Extent>,
    harm: &Harm<'_>,
) -> io::Result<bool> {
    let (mut buffer, mut at, mut tail) = (rest, 0_u64, Tail::default());
    loop {
        let n = buffer.len() as u64;
        if let Some(bit) = harm.flip.filter(|bit| (at..at + n).contains(&(bit / 8))) {
            buffer[(bit / 8 - at) as usize] ^= 1 << (bit % 8);
            harm.done();
        }
        if let Some(cut) = harm.cut.filter(|cut| *cut < at + n) {
            harm.done();
            to.write_all(&buffer[..(cut - at) as usize]).await?;
            to.flush().await?;
            return Ok(false);
        }
        match harm.stall {
            Some((after, time)) if (at..at + n).contains(&after) => {
                harm.done();
                let (before, behind) = buffer.split_at((after - at) as usize);
                to.write_all(before).await?;
                tokio::time::sleep(time).await;
                to.write_all(behind).await?;
            }
            _ => to.write_all(&buffer).await?,
        }
        at += n;
        let ended = match extent {
            Some(Extent::Bytes(total)) => at >= total,
            Some(Extent::Chunked) => tail.ends_with(&buffer),
            None => false,
        };
        if ended {
            return Ok(true);
        }
        buffer.clear();
        buffer.reserve(1 << 16);
        if from.read_buf(&mut buffer).await? == 0 {
            return Ok(true);
        }
    }
}

async fn answer_status(client: &mut TcpStream, status: u16) -> io::Result<()> {
    let code = if status == 503 { "SlowDown" } else { "InternalError" };
    let body = format!("<Error><Code>{code}</Code><Message>injected by a test</Message></Error>");
    let head = format!(
        "HTTP/1.1 {status} Injected\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    client.write_all((head + &body).as_bytes()).await?;
    client.shutdown().await
}

async fn serve(
    mut client: TcpStream,
    upstream: SocketAddr,
    state: &Mutex<State>,
    counts: &Counts,
    mut healed: watch::Receiver<bool>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let request = Head::read(&mut client).await?;
    let fault = decide(state, &request);
    if fault.is_some() {
        counts.faults.fetch_add(1, Ordering::SeqCst);
    }
    if let Some(Fault::Status(_) | Fault::Refuse | Fault::Delay(_) | Fault::Hold) = fault {
        counts.harmed.fetch_add(1, Ordering::SeqCst);
    }
    match fault {
        Some(Fault::Status(status)) => {
            // The body is read to its end, or the client might see a broken pipe before it reads the
            // response.
            if request.header("expect").is_none() {
                let extent = Some(request.body());
                pass(&mut client, &mut tokio::io::sink(), request.rest, extent, &Harm::default()).await?;
            }
            return answer_status(&mut client, status).await;
        }
        Some(Fault::Refuse) => return Ok(()),
        Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
        // If the proxy is dropped, this task ends too.
        Some(Fault::Hold) => drop(healed.wait_for(|healed| *healed).await),
        _ => {}
    }

    let mut server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    let is_head = request.lines[0].starts_with("HEAD ");
    if send_request(&mut client, &mut server, request, fault, counts).await? {
        send_answer(&mut client, &mut server, is_head, fault, counts).await?;
    }
    Ok(())
}

/// Passes a request on. Returns whether its response is still to be passed on.
async fn send_request(
    client: &mut TcpStream,
    server: &mut TcpStream,
    request: Head,
    fault: Option<Fault>,
    counts: &Counts,
) -> io::Result<bool> {
    server.write_all(&request.closing()).await?;
    let harm = Harm { counts: Some(counts), ..Harm::default() };
    let harm = match fault {
        Some(Fault::CutRequest { after }) => Harm { cut: Some(after), ..harm },
        Some(Fault::FlipRequestBit { bit }) => Harm { flip: Some(bit), ..harm },
        _ => Harm::default(),
    };
    let extent = request.body();
    if request.header("expect").is_some() {
        // The server responds that it wants the body, or with its final response. Both are for the client.
        let interim = Head::read(server).await?;
        if !interim.lines[0].contains(" 100") {
            client.write_all(&interim.closing()).await?;
            pass(server, client, interim.rest, None, &Harm::default()).await?;
            client.shutdown().await?;
            return Ok(false);
        }
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    pass(client, server, request.rest, Some(extent), &harm).await
}

/// Passes the response on.
async fn send_answer(
    client: &mut TcpStream,
    server: &mut TcpStream,
    is_head: bool,
    fault: Option<Fault>,
    counts: &Counts,
) -> io::Result<()> {
    let mut answer = Head::read(server).await?;
    let harm = Harm { counts: Some(counts), ..Harm::default() };
    match fault {
        Some(Fault::StatusAfter(status)) => {
            harm.done();
            return answer_status(client, status).await;
        }
        Some(Fault::CutAnswer) => {
            harm.done();
            return Ok(());
        }
        _ => {}
    }
    let promised = match answer.body() {
        Extent::Bytes(bytes) => bytes,
        Extent::Chunked => 0,
    };
    let harm = match fault.map(|fault| fault.in_bytes(promised)) {
        Some(Fault::TruncateAnswer { after }) => Harm { cut: Some(after), ..harm },
        Some(Fault::FlipAnswerBit { bit }) => Harm { flip: Some(bit), ..harm },
        Some(Fault::Stall { after, time }) => Harm { stall: Some((after, time)), ..harm },
        Some(Fault::ShortenAnswer) if promised > 0 => {
            answer.promise(promised / 2);
            Harm { cut: Some(promised / 2), ..harm }
        }
        _ => Harm::default(),
    };
    client.write_all(&answer.closing()).await?;
    if is_head || pass(server, client, answer.rest, None, &harm).await? {
        client.shutdown().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts a server that responds to every request with its body.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let Ok(request) = Head::read(&mut socket).await else { continue };
                let mut body = Vec::new();
                let extent = Some(request.body());
                if pass(&mut socket, &mut body, request.rest, extent, &Harm::default()).await.is_err() {
                    continue;
                }
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = socket.write_all(&[head.as_bytes(), &body].concat()).await;
            }
        });
        address
    }

    /// Returns the status line and the body of the response, as much of them as came.
    async fn ask(proxy: &FaultProxy, request: &str) -> (String, Vec<u8>) {
        let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let _ = socket.read_to_end(&mut bytes).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        (head.lines().next().unwrap_or_default().to_owned(), body.as_bytes().to_vec())
    }

    const SIZED: &str = "PUT /a/b?x=1 HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\nabcdefgh";
    const CHUNKED: &str =
        "PUT /c HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0\r\n0\r\n0\r\nt: 1\r\n\r\n";

    #[tokio::test]
    async fn requests_without_a_fault_pass_unchanged() {
        let proxy = FaultProxy::start(echo().await).await.unwrap();
        let ok = "HTTP/1.1 200 OK".to_owned();
        assert_eq!(ask(&proxy, SIZED).await, (ok.clone(), b"abcdefgh".to_vec()));
        let chunks = CHUNKED.split_once("\r\n\r\n").unwrap().1.as_bytes().to_vec();
        assert_eq!(ask(&proxy, CHUNKED).await, (ok, chunks));
        let seen = proxy.requests();
        assert_eq!(
            (seen[0].path.as_str(), seen[0].query.as_str(), seen[0].method.as_str()),
            ("/a/b", "x=1", "PUT")
        );
        assert_eq!((seen[1].n, proxy.n_faults()), (1, 0));
    }

    #[tokio::test]
    async fn each_fault_has_its_effect() {
        let proxy = FaultProxy::start(echo().await).await.unwrap();
        let nothing = (String::new(), Vec::new());
        for (fault, status, body) in [
            (Fault::Status(503), "HTTP/1.1 503 Injected", &b"<Error><Code>SlowDown"[..]),
            (Fault::StatusAfter(500), "HTTP/1.1 500 Injected", b"<Error><Code>InternalError"),
            (Fault::TruncateAnswer { after: 3 }, "HTTP/1.1 200 OK", b"abc"),
            (Fault::FlipRequestBit { bit: 8 }, "HTTP/1.1 200 OK", b"accdefgh"),
            (Fault::FlipAnswerBit { bit: 63 }, "HTTP/1.1 200 OK", b"abcdefg\xef\xbf\xbd"),
            (Fault::FlipAnswerBit { bit: 64 }, "HTTP/1.1 200 OK", b"abcdefgh"),
            (Fault::Delay(Duration::from_millis(20)), "HTTP/1.1 200 OK", b"abcdefgh"),
            (Fault::Stall { after: 2, time: Duration::from_millis(20) }, "HTTP/1.1 200 OK", b"abcdefgh"),
            (Fault::HalveAnswer, "HTTP/1.1 200 OK", b"abcd"),
            (Fault::ShortenAnswer, "HTTP/1.1 200 OK", b"abcd"),
            (Fault::FlipMiddle, "HTTP/1.1 200 OK", b"abcddfgh"),
            (Fault::StallMiddle(Duration::from_millis(20)), "HTTP/1.1 200 OK", b"abcdefgh"),
        ] {
            proxy.set(move |request| (request.n == 0).then_some(fault));
            let (line, found) = ask(&proxy, SIZED).await;
            assert_eq!(line, status, "{fault:?}");
            assert!(found.starts_with(body), "{fault:?}: {:?}", String::from_utf8_lossy(&found));
            assert_eq!(proxy.n_faults(), 1);
            let beyond_the_end = fault == Fault::FlipAnswerBit { bit: 64 };
            assert_eq!(proxy.n_harmed(), usize::from(!beyond_the_end), "{fault:?}");
            assert_eq!(ask(&proxy, SIZED).await.1, b"abcdefgh", "the next request is not affected");
        }
        for fault in [Fault::Refuse, Fault::CutRequest { after: 5 }, Fault::CutAnswer] {
            proxy.set(move |_| Some(fault));
            assert_eq!(ask(&proxy, SIZED).await, nothing, "{fault:?}");
            assert_eq!(proxy.n_harmed(), 1, "{fault:?}");
        }
        proxy.heal();
        assert_eq!(ask(&proxy, SIZED).await.1, b"abcdefgh");
    }

    #[tokio::test]
    async fn a_shortened_response_looks_complete() {
        let proxy = FaultProxy::start(echo().await).await.unwrap();
        for (fault, promised) in
            [(Fault::ShortenAnswer, "content-length: 4"), (Fault::HalveAnswer, "content-length: 8")]
        {
            proxy.set(move |_| Some(fault));
            let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
            socket.write_all(SIZED.as_bytes()).await.unwrap();
            let mut text = String::new();
            socket.read_to_string(&mut text).await.unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(promised) && body == "abcd", "{text}");
        }
    }

    #[tokio::test]
    async fn held_requests_continue_when_the_proxy_is_healed() {
        let proxy = FaultProxy::start(echo().await).await.unwrap();
        proxy.set(|_| Some(Fault::Hold));
        let mut asked = std::pin::pin!(ask(&proxy, SIZED));
        while proxy.n_harmed() == 0 {
            let early = tokio::time::timeout(Duration::from_millis(1), asked.as_mut()).await;
            assert!(early.is_err(), "{early:?}");
        }
        proxy.heal();
        assert_eq!(asked.await.1, b"abcdefgh");
    }
}
