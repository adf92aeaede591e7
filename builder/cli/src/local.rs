//! Local server: the routers of all functions in one process.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{MAX_BODY_BYTES, StrategyUsed};
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::serve::Listener;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

/// How long the server waits for others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For the head of a request, and then for its body. A connection without a request counts as one whose
    /// head does not come.
    pub(crate) request: Duration,
    /// For a client that has stopped reading its answer.
    pub(crate) answer: Duration,
    /// For the requests in progress, after the signal to stop. With what comes after it, the program ends
    /// within five seconds.
    pub(crate) stop: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let half_a_minute = Duration::from_secs(30);
        Self { request: half_a_minute, answer: half_a_minute, stop: Duration::from_secs(4) }
    }
}

/// The maximum number of connections. Further clients wait until one is closed.
const MOST_CONNECTIONS: usize = 1024;

/// Serves `router` on `listener` until the first of `signals`, then finishes the requests in progress. A
/// second signal, or the end of the patience, leaves them unfinished.
///
/// Logs a line for each request: method, route, status, strategy (if a model was used) and microseconds. The
/// log has the route instead of the path, because paths contain user ids.
pub(crate) async fn serve(
    router: Router,
    mut listener: TcpListener,
    mut signals: mpsc::Receiver<()>,
    patience: Patience,
) {
    let router = router
        .layer(middleware::from_fn_with_state(patience.request, body_in_time))
        .layer(middleware::from_fn(log_request));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.request);
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let accept = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (Listener::accept(&mut listener).await.0, place)
        };
        let (stream, place) = tokio::select! {
            accepted = accept => accepted,
            _ = signals.recv() => break,
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY; small responses may be delayed");
        }
        let service = router.clone().map_request(|request: Request<Incoming>| request.map(Body::new));
        let service = TowerToHyperService::new(service);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(patience.answer));
        let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    // No more connections are accepted.
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => {}
        () = tokio::time::sleep(patience.stop) => {}
        _ = signals.recv() => {}
    }
}

/// Waits for the body of a request, and answers 408 if it does not come in time. A body that is too large is
/// not read to its end; the route refuses it.
async fn body_in_time(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let refused = match timeout(patience, read(body)).await {
        Ok(Ok(body)) => return next.run(Request::from_parts(head, body)).await,
        // The client is gone, or what it sends is not HTTP.
        Ok(Err(_)) => StatusCode::BAD_REQUEST,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    };
    (refused, [(header::CONNECTION, "close")]).into_response()
}

/// Reads a body to its end, or until it is too large.
async fn read(mut body: Body) -> Result<Body, axum::Error> {
    let mut bytes = Vec::new();
    while bytes.len() <= MAX_BODY_BYTES
        && let Some(frame) = body.frame().await
    {
        if let Ok(data) = frame?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(Body::from(bytes))
}

async fn log_request(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = api::method_name(request.method());
    let response = next.run(request).await;
    tracing::info!(
        method,
        route = response.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str),
        status = response.status().as_u16(),
        strategy = response.extensions().get::<StrategyUsed>().map(|used| used.0),
        micros = began.elapsed().as_micros() as u64,
    );
    response
}

/// Returns a channel that receives a message for each SIGINT (Ctrl-C) and SIGTERM of the process.
///
/// # Errors
/// Returns an error if the process cannot listen for signals.
#[cfg(unix)]
pub(crate) fn stop_signals() -> io::Result<mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, signals) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(signals)
}

/// Returns a channel that receives a message each time Ctrl-C is pressed.
///
/// # Errors
/// Never returns an error on this system.
#[cfg(not(unix))]
pub(crate) fn stop_signals() -> io::Result<mpsc::Receiver<()>> {
    let (sender, signals) = mpsc::channel(2);
    tokio::spawn(async move {
        // If the process cannot listen for Ctrl-C, it runs until it is killed.
        while tokio::signal::ctrl_c().await.is_ok() {
            if sender.send(()).await.is_err() {
                return;
            }
        }
        std::future::pending::<()>().await;
    });
    Ok(signals)
}

#[cfg(test)]
mod tests;
