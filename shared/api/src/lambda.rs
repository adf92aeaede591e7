//! The Lambda runtime's side: API Gateway and function URL events in, responses out.

use std::env::{self, VarError};
use std::error::Error;
use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use lambda_http::request::RequestContext;
use lambda_http::{Adapter, Request};
use store::Store;
use tower::ServiceExt;
use tower::util::MapRequest;

use crate::{Function, site};

/// The environment variable that says where the artifacts are: `file://` and a folder, or `s3://bucket/prefix`.
pub const ARTIFACT_URI: &str = "ARTIFACT_URI";

type BoxError = Box<dyn Error + Send + Sync>;

/// Opens the store that [`ARTIFACT_URI`] names, loads the function's artifacts before the first event is
/// accepted, and answers events until the runtime ends the process. Whatever stops it is written to the log with
/// its causes, a JSON object a line, and the process ends with a failure.
pub async fn main<E: Error + Send + Sync + 'static>(
    function: Function,
    open: impl AsyncFnOnce(&str) -> Result<Box<dyn Store>, E>,
) -> ExitCode {
    logged(function.name(), async {
        // Loading several artifacts at once makes a large future, which is needed once.
        let (router, store) = Box::pin(start(function, open)).await?;
        tracing::info!(function = function.name(), store, "ready");
        lambda_runtime::run(Adapter::from(service(router))).await
    })
    .await
}

/// Answers events for the pages of [`mod@site`], which need no store.
pub async fn site() -> ExitCode {
    logged(site::NAME, async {
        tracing::info!(function = site::NAME, "ready");
        lambda_runtime::run(Adapter::from(service(site::router()))).await
    })
    .await
}

/// Runs to the end, and logs what ended it.
async fn logged(function: &str, run: impl Future<Output = Result<(), BoxError>>) -> ExitCode {
    tracing_subscriber::fmt().json().with_target(false).with_current_span(false).init();
    match run.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(function, "{}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// The router of a function, and the place of the store that its artifacts came from.
async fn start<E: Error + Send + Sync + 'static>(
    function: Function,
    open: impl AsyncFnOnce(&str) -> Result<Box<dyn Store>, E>,
) -> Result<(Router, String), BoxError> {
    let uri = env::var(ARTIFACT_URI).map_err(|error| match error {
        VarError::NotPresent => {
            format!("{ARTIFACT_URI} is not set: name the store, as file:///folder or s3://bucket/prefix")
        }
        VarError::NotUnicode(_) => format!("{ARTIFACT_URI} is not UTF-8 text"),
    })?;
    let store: Arc<dyn Store> = open(&uri).await?.into();
    let router = crate::load(function, Arc::clone(&store)).await?;
    Ok((router, store.location()))
}

/// A router that takes events: a stage in front of the path is left out.
pub fn service(router: Router) -> MapRequest<Router, fn(Request) -> Request> {
    router.map_request(without_stage as fn(Request) -> Request)
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

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, "; caused by: {cause}");
        next = cause.source();
    }
    text
}
