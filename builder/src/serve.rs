//! The local server: the routers of all functions in one process.

use std::io;
use std::time::Instant;

use api::StrategyUsed;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Answers on a listener until `stop` is ready, then lets requests under way finish. A line a request goes to the
/// log: method, route, status, the strategy where a model answered, microseconds. The route and not the path, since paths hold ids of users.
///
/// # Errors
/// What the listener says.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "small answers may wait");
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

/// Ready when the process is asked to end: by SIGINT (Ctrl-C) or SIGTERM.
///
/// # Errors
/// Where signals cannot be listened to.
#[cfg(unix)]
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
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

/// Ready when the process is asked to end, by Ctrl-C.
///
/// # Errors
/// Never on this system.
#[cfg(not(unix))]
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        // Where Ctrl-C cannot be listened to, the process ends by being killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
