//! Local server: the routers of all functions in one process.

use std::io;
use std::time::Instant;

use api::StrategyUsed;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Serves `router` on `listener` until `stop` is ready, then finishes the requests in progress. Logs a line
/// for each request: method, route, status, strategy (if a model was used) and microseconds. The log has the
/// route instead of the path, because paths contain user ids.
///
/// # Errors
/// Returns the error of the listener.
pub(crate) async fn serve(
    router: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY; small responses may be delayed");
        }
    });
    axum::serve(listener, router.layer(middleware::from_fn(log_request))).with_graceful_shutdown(stop).await
}

async fn log_request(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let response = next.run(request).await;
    tracing::info!(
        %method,
        route = response.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str),
        status = response.status().as_u16(),
        strategy = response.extensions().get::<StrategyUsed>().map(|used| used.0),
        micros = began.elapsed().as_micros() as u64,
    );
    response
}

/// Returns a future that is ready when the process receives SIGINT (Ctrl-C) or SIGTERM.
///
/// # Errors
/// Returns an error if the process cannot listen for signals.
#[cfg(unix)]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Returns a future that is ready when Ctrl-C is pressed.
///
/// # Errors
/// Never returns an error on this system.
#[cfg(not(unix))]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        // If the process cannot listen for Ctrl-C, it runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
