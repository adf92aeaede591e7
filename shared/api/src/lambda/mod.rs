//! The Lambda runtime's side: API Gateway and function URL events in, responses out.

mod event;
mod observe;

use std::convert::Infallible;
use std::env::{self, VarError};
use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::Uri;
use axum::response::Response;
use lambda_extension::{Extension, NextEvent};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, LambdaEvent, Request};
use serde::Serialize;
use store::ReadStore;
use tower::util::MapRequest;
use tower::{Service, ServiceExt};

use crate::log::with_causes;
use crate::reload::{ARTIFACT_TTL, Current, Reload};
use crate::{Loader, site};
/// The heap that every function takes for its own, by `#[global_allocator]`. The runtime's library puts the trace id of each
/// event into the environment, and the C library keeps every value that a variable ever had; on one heap with them, memory
/// that was freed around them is not joined again, and a function grows by kilobytes a request until it is ended.
pub use dlmalloc::GlobalDlmalloc as Heap;
pub use event::Event;
use observe::Observer;

/// The environment variable that says where the artifacts are: `file://` and a folder, or `s3://bucket/prefix`.
pub const ARTIFACT_URI: &str = "ARTIFACT_URI";

/// Where the runtime is, set by whoever runs the function.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// What the function is called in the account, set by the runtime.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

type BoxError = Box<dyn Error + Send + Sync>;

/// Opens the store that [`ARTIFACT_URI`] names, loads the function's artifacts before the first event is
/// accepted, and answers events until the runtime ends the process. Every `ARTIFACT_TTL` seconds a request sets off a
/// look at the pointer. Whatever stops the function is written to the log with its causes, a JSON object a line, and
/// the process ends with a failure.
pub async fn main<E: Error + Send + Sync + 'static>(
    loader: Loader,
    open: impl AsyncFnOnce(&str) -> Result<Box<dyn ReadStore>, E>,
) -> ExitCode {
    let function = loader.function();
    logged(function.name(), async {
        let served = Arc::new(OnceLock::new());
        // Loading several artifacts at once makes a large future, which is needed once.
        let (started, awake) = tokio::join!(Box::pin(start(loader, open)), stay_awake(Arc::clone(&served)));
        let (current, store) = started?;
        let _ = served.set(Arc::clone(&current));
        if let Some(awake) = awake {
            tokio::spawn(awake);
        }
        tracing::info!(function = function.name(), store, "ready");
        let service = service(current.router());
        let observer = Observer::new(name_in_account(function.name())?, Some(current), to_stdout);
        lambda_runtime::run(events(observer.around(service))).await
    })
    .await
}

/// Answers events for the pages of [`mod@site`], which need no store.
pub async fn site() -> ExitCode {
    logged(site::NAME, async {
        tracing::info!(function = site::NAME, "ready");
        let observer = Observer::new(name_in_account(site::NAME)?, None, to_stdout);
        lambda_runtime::run(events(observer.around(service(site::router())))).await
    })
    .await
}

/// Runs to the end, and logs what ended it.
async fn logged(function: &str, run: impl Future<Output = Result<(), BoxError>>) -> ExitCode {
    tracing_subscriber::fmt().json().with_target(false).with_current_span(false).init();
    // The runtime's library panics without it.
    let ended = match variable(RUNTIME_API) {
        Ok(Some(_)) => run.await,
        Ok(None) => Err(format!(
            "{RUNTIME_API} is not set: this program is run by Lambda, or on this machine by `cargo lambda watch`; \
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

/// What the function is called where it runs; its own name where nobody says.
fn name_in_account(own: &str) -> Result<String, BoxError> {
    Ok(variable(FUNCTION_NAME)?.unwrap_or_else(|| own.to_owned()))
}

/// A log that nobody reads keeps no request from its answer.
fn to_stdout(line: &str) {
    let mut line = line.to_owned();
    line.push('\n');
    let _ = io::stdout().lock().write_all(line.as_bytes());
}

/// A variable of the environment; `None` where it is not set.
fn variable(name: &str) -> Result<Option<String>, BoxError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8 text").into()),
    }
}

/// The release of a function, and the place of the store that it comes from.
async fn start<E: Error + Send + Sync + 'static>(
    loader: Loader,
    open: impl AsyncFnOnce(&str) -> Result<Box<dyn ReadStore>, E>,
) -> Result<(Arc<Current>, String), BoxError> {
    let uri = variable(ARTIFACT_URI)?.ok_or_else(|| {
        format!("{ARTIFACT_URI} is not set: name the store, as file:///folder or s3://bucket/prefix")
    })?;
    let reload = match variable(ARTIFACT_TTL)? {
        Some(ttl) => Reload::every(&ttl).map_err(|error| format!("{ARTIFACT_TTL}: {error}"))?,
        None => Reload::default(),
    };
    let store: Arc<dyn ReadStore> = open(&uri).await?.into();
    let location = store.location();
    Ok((Current::start(store, [loader], reload).await?, location))
}

/// What keeps the function from being frozen while a release is loaded: an extension within the process, which is asked
/// after each event and gives its answer when nothing is under way. The answer to the event does not wait.
///
/// Where the runtime has no extensions there is nothing to run, and loading goes on with the next event. `served` is set
/// before the first event comes.
async fn stay_awake(served: Arc<OnceLock<Arc<Current>>>) -> Option<impl Future<Output = ()>> {
    let settle = lambda_extension::service_fn(move |event: lambda_extension::LambdaEvent| {
        let served = Arc::clone(&served);
        async move {
            if let (NextEvent::Invoke(_), Some(current)) = (event.next, served.get()) {
                // The event may not have come to its handler yet.
                current.look();
                current.settled().await;
            }
            Ok::<(), BoxError>(())
        }
    });
    let extension = Extension::new()
        .with_extension_name("stay-awake")
        .with_events(&["INVOKE"])
        .with_events_processor(settle);
    let frozen =
        |error: BoxError| tracing::warn!("a release is loaded only while an event is answered: {error}");
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

/// A router that takes events: a stage in front of the path is left out.
pub fn service(router: Router) -> MapRequest<Router, fn(Request) -> Request> {
    router.map_request(without_stage as fn(Request) -> Request)
}

/// What the runtime runs: events in, the answers of a service out.
pub fn events<S>(service: S) -> impl Service<LambdaEvent<Event>, Response: Serialize, Error = Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    Adapter::from(service).map_request(event::tame as fn(LambdaEvent<Event>) -> LambdaEvent<LambdaRequest>)
}

/// API Gateway puts the name of any stage but `$default` before the path; routes do not know it.
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
