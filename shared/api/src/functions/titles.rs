//! The catalog: titles by typing, one title, what a user has rated, and the analysis of the data.

use std::sync::Arc;

use artifact::{Analysis, Kind};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use queries::title_search::{self, Named};
use recommender::Titles;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::{self, Edition, JSON, Title, left_out, rounded};
use crate::compression::CompressedOnce;
use crate::error::{CatalogMismatch, StartError};
use crate::function::{Function, Release};
use crate::log::with_causes;
use crate::problem::{Problem, ProblemKind};
use crate::request::{Filters, Optional, Paging, Param, RawParams, TITLE_ID};
use crate::route::{self, Answer, Input, Kept, Method, Operation};
use crate::users::Users;

pub(super) const FUNCTION: Function = Function {
    name: "titles",
    kinds: &[Kind::Titles, Kind::TitleSearch, Kind::UserIndex, Kind::Users],
    optional_kinds: &[Kind::Eda, Kind::Genres, Kind::UserDigests],
    operations: &OPERATIONS,
    load: |release| Box::pin(load(release)),
};

const OPERATIONS: [Operation; 5] = [FIND_TITLES, TITLE, USER, EDA, EDA_PAGE];

const FIND_TITLES: Operation = Operation {
    id: "FindTitles",
    method: Method::Get,
    path: "/titles",
    summary: "Titles by the beginnings of the words in their names; typing errors are forgiven.",
    input: Input::Params(&FIND_TITLES_PARAMS),
    answer: Answer::json::<FoundTitles<'_>>(),
    kept: Kept::Anywhere,
    is_personal: false,
    problems: &[],
};

const FIND_TITLES_PARAMS: (Optional<String>, Filters, Paging) = (Q, Filters, Paging);

const Q: Optional<String> = Param::text(
    "q",
    "Words of the name, or the beginnings of words, in any order. Accents, case and a typing error do not matter. \
     A whole name comes first, then names that begin with the text. A year after the name, as in `Dune (2021)`, puts \
     the titles of that year first. If it is not given, the answer lists the titles with the most ratings, or in \
     catalog order if the release has no ratings.",
);

const TITLE: Operation = Operation {
    id: "Title",
    method: Method::Get,
    path: "/titles/{id}",
    summary: "One title.",
    input: Input::Params(&TITLE_PARAMS),
    answer: Answer::json::<CatalogTitle<'_>>(),
    kept: Kept::Anywhere,
    is_personal: false,
    problems: &[ProblemKind::NotFound],
};

const TITLE_PARAMS: Param<String> = TITLE_ID.in_path();

const USER: Operation = Operation {
    id: "User",
    method: Method::Get,
    path: "/users/{id}",
    summary: "What a user has rated, the best first.",
    input: Input::Params(&USER_PARAMS),
    answer: Answer::json::<User<'_>>(),
    kept: Kept::Personal,
    is_personal: true,
    problems: &[
        ProblemKind::PersonalRoutes,
        ProblemKind::NotFound,
        ProblemKind::NoRatings,
        ProblemKind::Unavailable,
    ],
};

const USER_PARAMS: (Param<String>, Paging) = (RATER_ID, Paging);

const RATER_ID: Param<String> =
    Param::id("id", "The id of a user who has rated something.").required("give the id of a user").in_path();

const EDA: Operation = Operation {
    id: "Eda",
    method: Method::Get,
    path: "/eda",
    summary: "The exploratory analysis of the data, as in the builder's `eda.json`.",
    input: Input::Params(&()),
    answer: Answer::JsonObject,
    kept: Kept::ForAMinute,
    is_personal: false,
    problems: &[ProblemKind::NotFound],
};

const EDA_PAGE: Operation = Operation {
    id: "EdaPage",
    path: "/eda.html",
    summary: "The same analysis as an HTML page.",
    answer: Answer::Text("text/html"),
    ..EDA
};

/// A title of the catalog, with the number of users who rated its work and the other platforms that have it.
#[derive(Debug, JsonSchema, Serialize)]
struct CatalogTitle<'a> {
    #[serde(flatten)]
    title: Title<'a>,
    n_ratings: u32,
    also_on: Vec<Edition<'a>>,
    /// The number of further titles of the same work, if there are more than 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    also_on_left_out: Option<usize>,
}

impl<'a> CatalogTitle<'a> {
    fn new(titles: &'a Titles, position: usize) -> Self {
        let view = titles.view(position);
        let (also_on, also_on_left_out) = titles.also_on(position);
        Self {
            n_ratings: view.n_ratings,
            title: view.into(),
            also_on: also_on.into_iter().map(Into::into).collect(),
            also_on_left_out: left_out(also_on_left_out),
        }
    }
}

#[derive(Debug, JsonSchema, Serialize)]
struct FoundTitles<'a> {
    titles: Vec<CatalogTitle<'a>>,
    next_cursor: Option<String>,
}

/// A title that a user rated.
#[derive(Debug, JsonSchema, Serialize)]
struct RatedTitle<'a> {
    #[serde(flatten)]
    title: CatalogTitle<'a>,
    rating: f64,
}

#[derive(Debug, JsonSchema, Serialize)]
struct User<'a> {
    user_id: &'a str,
    n_ratings: usize,
    ratings: Vec<RatedTitle<'a>>,
    next_cursor: Option<String>,
}

/// Titles, the index to find them by, and what users have rated. A position in one is a position in all.
#[derive(Debug)]
struct Catalog {
    titles: Titles,
    search: title_search::Index,
    users: Users,
    has_ratings: bool,
    /// `None` if the release has no analysis.
    report: Option<Report>,
    /// The release they belong to.
    release: String,
}

/// The analysis as JSON and as a page, shared by all answers, with what they were compressed to.
#[derive(Debug)]
struct Report {
    json: Bytes,
    compressed_json: CompressedOnce,
    page: Bytes,
    compressed_page: CompressedOnce,
}

impl From<Analysis> for Report {
    fn from(analysis: Analysis) -> Self {
        Self {
            json: Bytes::copy_from_slice(analysis.json().as_bytes()),
            compressed_json: CompressedOnce::default(),
            page: Bytes::copy_from_slice(analysis.page().as_bytes()),
            compressed_page: CompressedOnce::default(),
        }
    }
}

async fn load(release: Release<'_>) -> Result<Router, StartError> {
    let catalog = Arc::new(load_catalog(release).await?);
    let handled = [
        FIND_TITLES.handled_by(find_titles),
        TITLE.handled_by(title),
        USER.handled_by(user),
        EDA.handled_by(eda),
        EDA_PAGE.handled_by(eda_page),
    ];
    Ok(route::router(&OPERATIONS, handled, &catalog))
}

async fn load_catalog(release: Release<'_>) -> Result<Catalog, StartError> {
    let (titles, search, users, analysis) = tokio::try_join!(
        release.load_titles(),
        async { Ok(release.load::<title_search::Index>().await?) },
        Users::load(release.store, release.manifest, release.settings),
        async { Ok(release.load_optional::<Analysis>().await?) },
    )?;
    let has_ratings = release.has_ratings();
    let release = release.manifest.release();
    match check(&titles, &search, &users) {
        Ok(()) => {
            Ok(Catalog { titles, search, users, has_ratings, report: analysis.map(Report::from), release })
        }
        Err(source) => Err(StartError::Catalog { release, source }),
    }
}

fn check(titles: &Titles, search: &title_search::Index, users: &Users) -> Result<(), CatalogMismatch> {
    let expected = titles.len();
    let found = search.n_titles();
    if found != expected {
        return Err(CatalogMismatch::Index { found, expected });
    }
    let found = users.shape().n_titles;
    if found != expected {
        return Err(CatalogMismatch::Users { found, expected });
    }
    Ok(())
}

async fn find_titles(State(catalog): State<Arc<Catalog>>, raw: RawParams) -> Result<Response, Problem> {
    let (question, filters, page) = raw.read(&FIND_TITLES_PARAMS)?;
    let page = page.resolve(&catalog.release)?;
    let filter = filters.resolve(&catalog.titles)?;
    let titles = &catalog.titles;
    let named = |position: u32| {
        let position = position as usize;
        Named { name: titles.display(position), year: titles.year(position) }
    };
    let question = question.unwrap_or_default();
    let order = catalog.search.answer(&question, named);
    let order = order.into_iter().map(|position| position as usize);
    let (positions, next_cursor) = page.cut(filter.select(titles, order));
    // A person who types a name may want the very edition that it finds.
    let shown =
        |position| if question.is_empty() { filter.edition_to_show(titles, position) } else { position };
    let titles = positions.into_iter().map(|position| CatalogTitle::new(titles, shown(position))).collect();
    Ok(answer::json(&FoundTitles { titles, next_cursor }))
}

async fn title(State(catalog): State<Arc<Catalog>>, raw: RawParams) -> Result<Response, Problem> {
    let id = raw.read(&TITLE_PARAMS)?;
    let position = catalog.titles.position(&id);
    let position = position.ok_or_else(|| Problem::not_found(format!("there is no title {id:?}")))?;
    Ok(answer::json(&CatalogTitle::new(&catalog.titles, position)))
}

async fn user(State(catalog): State<Arc<Catalog>>, raw: RawParams) -> Result<Response, Problem> {
    let (id, page) = raw.read(&USER_PARAMS)?;
    let page = page.resolve(&catalog.release)?;
    if !catalog.has_ratings {
        return Err(Problem::no_ratings("users"));
    }
    let found = catalog.users.find(&id, raw.caller()).await?;
    let Some(user) = found.user() else {
        return Ok(found.annotate(Problem::not_found(format!("there is no user {id:?}"))));
    };
    let mut rated: Vec<(u32, f32)> =
        user.title_idx.iter().copied().zip(user.rating.iter().copied()).collect();
    // Titles are in ascending order already, and stay so among equal ratings.
    rated.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (page, next_cursor) = page.cut(rated.into_iter());
    let ratings = page.into_iter().map(|(position, rating)| RatedTitle {
        title: CatalogTitle::new(&catalog.titles, position as usize),
        rating: rounded(rating),
    });
    let n_ratings = user.rating.len();
    let answer = User { user_id: &id, n_ratings, ratings: ratings.collect(), next_cursor };
    Ok(found.annotate(answer::json(&answer)))
}

async fn eda(State(catalog): State<Arc<Catalog>>, raw: RawParams) -> Result<Response, Problem> {
    raw.read(&())?;
    let report = catalog.report()?;
    let (json, compressed) = (report.json.clone(), Extension(report.compressed_json.clone()));
    Ok(([(header::CONTENT_TYPE, JSON)], compressed, json).into_response())
}

async fn eda_page(State(catalog): State<Arc<Catalog>>, raw: RawParams) -> Result<Response, Problem> {
    raw.read(&())?;
    let report = catalog.report()?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let (page, compressed) = (report.page.clone(), Extension(report.compressed_page.clone()));
    let mut response = (headers, compressed, page).into_response();
    // The policy comes from the code, not from the artifact. Who may frame a page, and that it is not of this
    // origin, can only be in a header.
    let policy = format!("{}; frame-ancestors 'none'; sandbox allow-scripts", artifact::page_policy());
    let policy = HeaderValue::try_from(policy).map_err(|error| {
        tracing::error!("the policy of the analysis is not a header value: {}", with_causes(&error));
        Problem::internal()
    })?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

impl Catalog {
    fn report(&self) -> Result<&Report, Problem> {
        self.report.as_ref().ok_or_else(|| {
            let release = &self.release;
            Problem::not_found(format!(
                "release {release} has no analysis of its data; `cartelera build` makes one"
            ))
        })
    }
}
