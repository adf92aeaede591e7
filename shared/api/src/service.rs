//! From a store to a router.

use std::pin::Pin;
use std::sync::Arc;

use artifact::{Analysis, Artifact, Manifest, Pointer};
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use queries::title_search;
use recommender::{ItemModel, RankingModel, Recommender, Titles};
use store::{LoadError, ReadStore};
use thiserror::Error;

use crate::about::About;
use crate::catalogue::{Catalogue, CatalogueMismatch};
use crate::recommending::Recommending;
use crate::routes::{Endpoint, Function, Method, ROUTES, Route};
use crate::users::{UserLimits, Users};
use crate::{Problem, handlers};

/// The largest request body, in bytes: a thousand ratings take 40,000.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Why a function cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An artifact, or the pointer, is missing or corrupt.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The artifacts are each sound, and not of one release.
    #[error("release {release} does not fit together")]
    Mismatch {
        /// The release.
        release: String,
        /// What does not fit.
        source: recommender::Mismatch,
    },
    /// The same, of titles, the index to find them by, and the users.
    #[error("release {release} does not fit together")]
    Catalogue {
        /// The release.
        release: String,
        /// What does not fit.
        source: CatalogueMismatch,
    },
}

/// How the routes of one function come out of a release: its artifacts loaded side by side, handlers put before them.
///
/// A program that names the loaders it takes holds the handlers of no other function.
#[derive(Debug, Clone, Copy)]
pub struct Loader {
    function: Function,
    load: Load,
}

type Load = for<'a> fn(&'a Arc<dyn ReadStore>, &'a Manifest, UserLimits) -> Loading<'a>;
type Loading<'a> = Pin<Box<dyn Future<Output = Result<Router, StartError>> + Send + 'a>>;

impl Loader {
    /// The longest title.
    pub const GET_MAX_DURATION: Self = Self {
        function: Function::GetMaxDuration,
        load: |store, manifest, _| {
            Box::pin(index(Function::GetMaxDuration, store, manifest, || get(handlers::max_duration)))
        },
    };
    /// Films above a score.
    pub const GET_SCORE_COUNT: Self = Self {
        function: Function::GetScoreCount,
        load: |store, manifest, _| {
            Box::pin(index(Function::GetScoreCount, store, manifest, || get(handlers::score_count)))
        },
    };
    /// Films of a platform.
    pub const GET_COUNT_PLATFORM: Self = Self {
        function: Function::GetCountPlatform,
        load: |store, manifest, _| {
            Box::pin(index(Function::GetCountPlatform, store, manifest, || get(handlers::count_platform)))
        },
    };
    /// The most frequent actor.
    pub const GET_ACTOR: Self = Self {
        function: Function::GetActor,
        load: |store, manifest, _| {
            Box::pin(index(Function::GetActor, store, manifest, || get(handlers::actor)))
        },
    };
    /// Recommendations, predictions, similar titles.
    pub const RECOMMEND: Self = Self {
        function: Function::Recommend,
        load: |store, manifest, limits| Box::pin(recommend(store, manifest, limits)),
    };
    /// The catalogue.
    pub const TITLES: Self = Self {
        function: Function::Titles,
        load: |store, manifest, limits| Box::pin(titles(store, manifest, limits)),
    };

    /// Which function it is.
    pub fn function(self) -> Function {
        self.function
    }
}

impl From<Function> for Loader {
    fn from(function: Function) -> Self {
        match function {
            Function::GetMaxDuration => Self::GET_MAX_DURATION,
            Function::GetScoreCount => Self::GET_SCORE_COUNT,
            Function::GetCountPlatform => Self::GET_COUNT_PLATFORM,
            Function::GetActor => Self::GET_ACTOR,
            Function::Recommend => Self::RECOMMEND,
            Function::Titles => Self::TITLES,
        }
    }
}

/// Loads the artifacts of one function from the current release of a store, side by side, and gives the router
/// of its routes.
///
/// # Errors
/// [`StartError`]; nothing is served from half a release.
pub async fn load(function: Function, store: Arc<dyn ReadStore>) -> Result<Router, StartError> {
    load_within(&[function], store, UserLimits::default()).await
}

/// The same for several functions in one router, with other limits of what users may take.
///
/// # Errors
/// [`StartError`].
pub async fn load_within(
    functions: &[Function],
    store: Arc<dyn ReadStore>,
    limits: UserLimits,
) -> Result<Router, StartError> {
    let pointer = store::current(store.as_ref()).await?;
    let loaders: Vec<Loader> = functions.iter().copied().map(Loader::from).collect();
    release(&loaders, &store, pointer, limits).await
}

/// The router of some functions, from the release that a pointer names.
pub(crate) async fn release(
    loaders: &[Loader],
    store: &Arc<dyn ReadStore>,
    pointer: Pointer,
    limits: UserLimits,
) -> Result<Router, StartError> {
    let mut router = Router::new();
    for loader in loaders {
        router = router.merge((loader.load)(store, &pointer.manifest, limits).await?);
    }
    let functions = loaders.iter().map(|loader| loader.function).collect();
    Ok(finish(router, About::new(pointer, functions)))
}

/// The routes of a function that answers all of them from one index.
async fn index<I: Artifact + Send + Sync + 'static>(
    function: Function,
    store: &Arc<dyn ReadStore>,
    manifest: &Manifest,
    handler: fn() -> MethodRouter<Arc<I>>,
) -> Result<Router, StartError> {
    let index: Arc<I> = Arc::new(store::load(store.as_ref(), manifest).await?);
    Ok(routes(function, |_| handler().with_state(Arc::clone(&index))))
}

async fn recommend(
    store: &Arc<dyn ReadStore>,
    manifest: &Manifest,
    limits: UserLimits,
) -> Result<Router, StartError> {
    let recommending = Arc::new(recommending(store, manifest, limits).await?);
    Ok(routes(Function::Recommend, |endpoint| {
        let handler = match endpoint {
            Endpoint::Predict => get(handlers::predict),
            Endpoint::Similar => get(handlers::similar),
            Endpoint::RecommendationsForNew => post(handlers::recommendations_for_new),
            _ => get(handlers::recommendations),
        };
        handler.with_state(Arc::clone(&recommending))
    }))
}

async fn titles(
    store: &Arc<dyn ReadStore>,
    manifest: &Manifest,
    limits: UserLimits,
) -> Result<Router, StartError> {
    let catalogue = Arc::new(catalogue(store, manifest, limits).await?);
    Ok(routes(Function::Titles, |endpoint| {
        let handler = match endpoint {
            Endpoint::Title => get(handlers::title),
            Endpoint::User => get(handlers::user),
            Endpoint::Eda => get(handlers::eda),
            Endpoint::EdaPage => get(handlers::eda_page),
            _ => get(handlers::find_titles),
        };
        handler.with_state(Arc::clone(&catalogue))
    }))
}

async fn recommending(
    shared: &Arc<dyn ReadStore>,
    manifest: &Manifest,
    limits: UserLimits,
) -> Result<Recommending, StartError> {
    let store = shared.as_ref();
    // What takes longest to come and to decode is asked for first.
    let (ranking, users, model, titles) = tokio::try_join!(
        async { Ok(store::load_optional::<RankingModel>(store, manifest).await?) },
        Users::load(Arc::clone(shared), manifest, limits),
        async { Ok(store::load::<ItemModel>(store, manifest).await?) },
        async { Ok(store::load::<Titles>(store, manifest).await?) },
    )?;
    let threshold = manifest.model.recommend_threshold;
    let shape = users.shape();
    let recommender = store::beside(move || Recommender::new(titles, model, ranking, shape, threshold))
        .await
        .map_err(|source| StartError::Mismatch { release: manifest.release(), source })?;
    Ok(Recommending { recommender, users })
}

async fn catalogue(
    shared: &Arc<dyn ReadStore>,
    manifest: &Manifest,
    limits: UserLimits,
) -> Result<Catalogue, StartError> {
    let store = shared.as_ref();
    let (titles, search, users, analysis) = tokio::try_join!(
        async { Ok(store::load::<Titles>(store, manifest).await?) },
        async { Ok(store::load::<title_search::Index>(store, manifest).await?) },
        Users::load(Arc::clone(shared), manifest, limits),
        async { Ok(store::load_optional::<Analysis>(store, manifest).await?) },
    )?;
    let release = manifest.release();
    Catalogue::new(titles, search, users, analysis, release.clone())
        .map_err(|source| StartError::Catalogue { release, source })
}

fn routes(function: Function, handler: impl Fn(Endpoint) -> MethodRouter) -> Router {
    ROUTES
        .iter()
        .filter(|route| route.function == function && !route.endpoint.is_everywhere())
        .fold(Router::new(), |router, route| router.route(route.path, handler(route.endpoint)))
}

/// What every router has: the routes that are everywhere, problems instead of bare statuses, and a limit on bodies.
fn finish(router: Router, about: About) -> Router {
    let known = |r: &&Route| about.functions.contains(&r.function) || r.endpoint.is_everywhere();
    let known: Vec<&str> = ROUTES.iter().filter(known).map(|r| r.path).collect();
    let known: Arc<str> = known.join(", ").into();
    let about = Arc::new(about);
    ROUTES
        .iter()
        .filter(|route| route.endpoint.is_everywhere())
        .fold(router, |router, route| {
            let handler = match route.endpoint {
                Endpoint::Model => get(handlers::model),
                Endpoint::OpenApi => get(handlers::openapi),
                Endpoint::Docs => get(handlers::docs),
                Endpoint::DocsScript => get(handlers::docs_script),
                Endpoint::DocsStyle => get(handlers::docs_style),
                _ => get(handlers::health),
            };
            router.route(route.path, handler.with_state(Arc::clone(&about)))
        })
        .fallback(move |request: Request| async move { Problem::no_route(request.uri().path(), &known) })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(explain))
        .layer(middleware::map_response(as_it_says))
}

/// Forbids browsers to take an answer for anything but what its content type says.
async fn as_it_says(mut response: Response) -> Response {
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Turns the framework's own refusals, which are plain text, into problems.
pub(crate) async fn explain(request: Request, next: Next) -> Response {
    // Copies of both share what they hold with the request.
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    // For those who write logs, further out than routes are known.
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    let problem = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Problem::method_not_allowed(method.as_str(), uri.path()),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(MAX_BODY_BYTES),
        StatusCode::BAD_REQUEST if !is_problem(&response) => {
            Problem::one_invalid("path", "is not UTF-8 text, percent-encoded where it has to be")
        }
        _ => return response,
    };
    let mut told = problem.into_response();
    *told.extensions_mut() = std::mem::take(response.extensions_mut());
    for (name, value) in response.headers() {
        if name == header::ALLOW {
            told.headers_mut().insert(name, value.clone());
        }
    }
    told
}

fn is_problem(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|v| v.as_bytes().starts_with(b"application/problem+json"))
}

/// The methods of the table and those of the routers are one: checked where the routers are made.
const _: () = {
    let mut i = 0;
    while i < ROUTES.len() {
        let post = matches!(ROUTES[i].method, Method::Post);
        assert!(post == matches!(ROUTES[i].endpoint, Endpoint::RecommendationsForNew));
        i += 1;
    }
};
