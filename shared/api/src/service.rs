//! From a store to a router.

use std::sync::Arc;

use artifact::{Manifest, Pointer, ReleaseKeys};
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use store::ReadStore;

use crate::about::{self, About};
use crate::caching::caching;
use crate::compression::compression;
use crate::error::StartError;
use crate::function::{Function, Release, scale_of};
use crate::middleware::{MAX_BODY_BYTES, head_as_get, nosniff, problems_for_refusals};
use crate::openapi::Facts;
use crate::personal::{self, PersonalRoutes};
use crate::problem::Problem;
use crate::routes::ROUTES;
use crate::settings::Settings;
use crate::{docs, openapi};

/// Loads the artifacts of some functions from the current release of a store, in parallel, and returns the
/// router of their routes.
///
/// # Errors
/// [`StartError`]; nothing is served from an incomplete release.
pub async fn load(
    functions: &[Function],
    store: Arc<dyn ReadStore>,
    settings: impl Into<Settings>,
) -> Result<Router, StartError> {
    let pointer = store::current(store.as_ref()).await?;
    load_release(functions, &store, pointer, &settings.into()).await
}

/// Loads a release, current or not, as each of these functions does when it starts, one after the other.
/// Nothing is kept of what was loaded. With `keys`, it loads the release as functions with release keys do,
/// but does not check the signature.
///
/// # Errors
/// [`StartError`]: a function cannot start with this release.
pub async fn check_release(
    functions: &[Function],
    store: Arc<dyn ReadStore>,
    manifest: &Manifest,
    keys: Option<ReleaseKeys>,
) -> Result<(), StartError> {
    // `Open` loads the most.
    let settings = Settings { release_keys: keys, ..PersonalRoutes::Open.into() };
    let release = Release { store: &store, manifest, settings: &settings };
    for function in functions {
        drop((function.load)(release).await?);
    }
    Ok(())
}

/// Loads the release that a pointer names, if it is signed as the settings require, and returns the router of
/// some functions.
pub(crate) async fn load_release(
    functions: &[Function],
    store: &Arc<dyn ReadStore>,
    pointer: Pointer,
    settings: &Settings,
) -> Result<Router, StartError> {
    if let Some(keys) = &settings.release_keys {
        keys.check(&pointer.manifest, pointer.signature.as_ref())?;
    }
    let release = Release { store, manifest: &pointer.manifest, settings };
    let mut router = Router::new();
    for function in functions {
        router = router.merge((function.load)(release).await?);
    }
    Ok(finish(router, functions, pointer, settings.personal_routes))
}

/// Adds what every router has: the routes of every function, problems instead of bare statuses, a limit on
/// bodies, answers to HEAD, compression, and what may be kept of an answer.
fn finish(
    router: Router,
    functions: &[Function],
    pointer: Pointer,
    personal_routes: PersonalRoutes,
) -> Router {
    let is_here = |name| functions.iter().any(|function| function.name == name);
    let known = ROUTES.iter().filter(|route| route.is_everywhere || is_here(route.function));
    let known: Arc<str> = known.map(|route| route.path).collect::<Vec<_>>().join(", ").into();
    let facts = Facts { platforms: pointer.manifest.platforms.clone(), scale: scale_of(&pointer.manifest) };
    router
        .merge(openapi::router(&ROUTES, facts))
        .merge(docs::router())
        .merge(about::router(About { pointer, functions: functions.to_vec(), personal_routes }))
        .fallback(move |request: Request| async move { Problem::no_route(request.uri().path(), &known) })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(personal_routes, refused_if_off))
        .layer(middleware::from_fn(problems_for_refusals))
        .layer(middleware::map_response(nosniff))
        .layer(middleware::from_fn(caching))
        .layer(middleware::from_fn(compression))
        .layer(middleware::from_fn(head_as_get))
}

/// Answers every request to a personal route with the same problem if these routes are turned off.
async fn refused_if_off(State(personal): State<PersonalRoutes>, request: Request, next: Next) -> Response {
    if personal == PersonalRoutes::Off && is_personal(&request) {
        return personal::off().into_response();
    }
    next.run(request).await
}

fn is_personal(request: &Request) -> bool {
    let Some(path) = request.extensions().get::<MatchedPath>() else { return false };
    ROUTES.iter().any(|route| route.path == path.as_str() && route.is_personal())
}
