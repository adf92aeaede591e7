//! The Lambda runtime: events from API Gateway and function URLs in, responses out.

mod caller;
mod event;
mod observe;

use std::convert::Infallible;
use std::env::{self, VarError};
use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::http::Uri;
use axum::response::Response;
use lambda_extension::{Extension, NextEvent};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, LambdaEvent, Request};
use serde::Serialize;
use store::ReadStore;
use tokio::time::timeout;
use tower::util::{MapRequest, MapRequestLayer};
use tower::{Service, ServiceExt};

use crate::function::Function;
use crate::log::with_causes;
use crate::personal::{PERSONAL_ROUTES, PersonalRoutes};
use crate::reload::{ARTIFACT_TTL, Current, Reload};
use crate::settings::{RELEASE_KEYS, Settings};
use crate::site;

use caller::Callers;
pub use caller::{CALLER_KEY, SUBJECT_CLAIM};
/// The heap that every function uses, through `#[global_allocator]`. The runtime's library writes the trace
/// id of each event into the environment, and the C library keeps every value that a variable ever had. On a
/// shared heap, these values keep freed memory apart, and a function grows by kilobytes per request until it
/// is stopped.
pub use dlmalloc::GlobalDlmalloc as Heap;
pub use event::Event;
use observe::Observer;

/// The environment variable with the place of the artifacts: `file://` and a folder, or `s3://bucket/prefix`.
pub const ARTIFACT_URI: &str = "ARTIFACT_URI";

/// The address of the runtime, set by the program that runs the function.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// The name of the function in the account, set by the runtime.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// How long before an event's deadline the function stops waiting for a load.
const RESERVE: Duration = Duration::from_secs(1);

type BoxError = Box<dyn Error + Send + Sync>;

/// Opens the store that [`ARTIFACT_URI`] names, loads the function's artifacts before it accepts the first
/// event, and answers events until the runtime ends the process. Every `ARTIFACT_TTL` seconds, a request
/// starts a poll of the pointer. If the function has to stop, the log has the error with its causes, as one
/// JSON object per line, and the process ends with a failure.
pub async fn main<E: Error + Send + Sync + 'static>(
    function: Function,
    open: impl AsyncFnOnce(&str) -> Result<Box<dyn ReadStore>, E>,
) -> ExitCode {
    logged(function.name(), async {
        let served = Arc::new(OnceLock::new());
        // The future that loads several artifacts at once is large, and is needed only once.
        let (started, awake) = tokio::join!(Box::pin(start(function, open)), stay_awake(Arc::clone(&served)));
        let (current, store) = started?;
        let _ = served.set(Arc::clone(&current));
        if let Some(awake) = awake {
            tokio::spawn(awake);
        }
        tracing::info!(function = function.name(), store, "ready");
        let callers = callers()?;
        let identify = callers.clone();
        let router = current.router().layer(MapRequestLayer::new(move |request| identify.identify(request)));
        let name = name_in_account(function.name())?;
        let service = service(router);
        let observer = Observer::new(name, Some(current), Some(callers), to_stdout);
        lambda_runtime::run(events(observer.around(service))).await
    })
    .await
}

/// Answers events for the pages of [`mod@site`], without a store.
pub async fn site() -> ExitCode {
    logged(site::NAME, async {
        tracing::info!(function = site::NAME, "ready");
        let observer = Observer::new(name_in_account(site::NAME)?, None, None, to_stdout);
        lambda_runtime::run(events(observer.around(service(site::router())))).await
    })
    .await
}

/// Runs a function, and logs the error that ended it.
async fn logged(function: &str, run: impl Future<Output = Result<(), BoxError>>) -> ExitCode {
    tracing_subscriber::fmt().json().with_target(false).with_current_span(false).init();
    // The runtime's library panics without this variable.
    let ended = match variable(RUNTIME_API) {
        Ok(Some(_)) => run.await,
        Ok(None) => Err(format!(
            "{RUNTIME_API} is not set: run this program in Lambda, or on this machine with `cargo lambda watch`; \
             `cartelera serve` needs neither"
        )
        .into()),
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(function, "{}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Returns the name of the function in the account, or its own name if the runtime does not give one.
fn name_in_account(own: &str) -> Result<String, BoxError> {
    Ok(variable(FUNCTION_NAME)?.unwrap_or_else(|| own.to_owned()))
}

/// Writes a line of the log. A log that cannot be written must not keep a request from its answer.
fn to_stdout(line: &str) {
    let mut line = line.to_owned();
    line.push('\n');
    let _ = io::stdout().lock().write_all(line.as_bytes());
}

/// Returns a variable of the environment; `None` if it is not set.
fn variable(name: &str) -> Result<Option<String>, BoxError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8 text").into()),
    }
}

/// Loads the release of a function. Returns it with the location of the store.
async fn start<E: Error + Send + Sync + 'static>(
    function: Function,
    open: impl AsyncFnOnce(&str) -> Result<Box<dyn ReadStore>, E>,
) -> Result<(Arc<Current>, String), BoxError> {
    let uri = variable(ARTIFACT_URI)?.ok_or_else(|| {
        format!(
            "{ARTIFACT_URI} is not set: set it to the store, such as file:///folder or s3://bucket/prefix"
        )
    })?;
    let reload = match variable(ARTIFACT_TTL)? {
        Some(ttl) => Reload::every(&ttl).map_err(|error| format!("{ARTIFACT_TTL}: {error}"))?,
        None => Reload::default(),
    };
    let personal_routes = match variable(PERSONAL_ROUTES)? {
        Some(setting) => setting.parse().map_err(|error| format!("{PERSONAL_ROUTES}: {error}"))?,
        None => PersonalRoutes::default(),
    };
    let release_keys = match variable(RELEASE_KEYS)? {
        Some(keys) => Some(keys.parse().map_err(|error| format!("{RELEASE_KEYS}: {error}"))?),
        None => None,
    };
    let settings = Settings { personal_routes, release_keys, ..Settings::default() };
    let store: Arc<dyn ReadStore> = open(&uri).await?.into();
    let location = store.location();
    Ok((Current::start(store, [function], settings, reload).await?, location))
}

/// Reads from the environment how to identify callers.
fn callers() -> Result<Callers, BoxError> {
    let key = variable(CALLER_KEY)?;
    Callers::new(variable(SUBJECT_CLAIM)?, key.as_deref())
        .map_err(|error| format!("{CALLER_KEY}: {error}").into())
}

/// Registers an extension that keeps Lambda from freezing the function while a release is loaded. It runs in
/// this process, is called after each event, and returns when nothing is being loaded, or [`RESERVE`] before
/// the event's deadline: at the deadline, Lambda would end the process. What is left of a load goes on with
/// the next event. The answer to the event does not wait for any of this.
///
/// If the runtime has no extensions, there is nothing to run, and loading continues with the next event.
/// `served` is set before the first event comes.
async fn stay_awake(served: Arc<OnceLock<Arc<Current>>>) -> Option<impl Future<Output = ()>> {
    let settle = lambda_extension::service_fn(move |event: lambda_extension::LambdaEvent| {
        let served = Arc::clone(&served);
        async move {
            if let (NextEvent::Invoke(event), Some(current)) = (event.next, served.get()) {
                // The handler may not have seen the event yet.
                current.poll();
                let _ = timeout(left_until(event.deadline_ms, SystemTime::now()), current.settled()).await;
            }
            Ok::<(), BoxError>(())
        }
    });
    let extension = Extension::new()
        .with_extension_name("stay-awake")
        .with_events(&["INVOKE"])
        .with_events_processor(settle);
    let frozen = |error: BoxError| {
        let causes = with_causes(error.as_ref());
        tracing::warn!("a release is loaded only while an event is answered: {causes}");
    };
    match extension.register().await {
        Ok(registered) => Some(async move {
            if let Err(error) = registered.run().await {
                frozen(error);
            }
        }),
        Err(error) => {
            frozen(error);
            None
        }
    }
}

/// Returns the time until [`RESERVE`] before a deadline, given in Unix milliseconds; zero after that.
fn left_until(deadline_ms: u64, now: SystemTime) -> Duration {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(deadline_ms).saturating_sub(now).saturating_sub(RESERVE)
}

/// Returns a router for requests from a gateway: it removes a stage in front of the path.
pub fn service(router: Router) -> MapRequest<Router, fn(Request) -> Request> {
    router.map_request(without_stage as fn(Request) -> Request)
}

/// Returns what the runtime runs: a service of events.
pub fn events<S>(service: S) -> impl Service<LambdaEvent<Event>, Response: Serialize, Error = Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    Adapter::from(service).map_request(event::repair as fn(LambdaEvent<Event>) -> LambdaEvent<LambdaRequest>)
}

/// Removes the name of the stage, which API Gateway puts in front of the path for any stage but `$default`.
fn without_stage(mut request: Request) -> Request {
    let stage = match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.clone(),
        _ => None,
    };
    let Some(stage) = stage.filter(|stage| stage != "$default") else { return request };
    let rest = request
        .uri()
        .path()
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(stage.as_str()))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(rest) = rest else { return request };
    let path = if rest.is_empty() { "/" } else { rest };
    let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
    if let Ok(uri) = format!("{path}{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_waited_for_until_a_second_before_the_deadline() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        assert_eq!(left_until(1_700_000_010_250, now), Duration::from_secs(9));
        for deadline in [1_700_000_001_250, 1_700_000_000_000, 0] {
            assert_eq!(left_until(deadline, now), Duration::ZERO, "{deadline}");
        }
    }
}
