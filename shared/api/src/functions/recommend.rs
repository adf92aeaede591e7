//! Recommendations for a user or for somebody new, the predicted score of a title, and similar titles.

use std::sync::Arc;

use artifact::Kind;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use catalog::Scale;
use recommender::{ItemModel, ItemStrategy, Neighbors, Ranked, RankingModel, Recommender, Strategy};
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::{self, Edition, Title, left_out, rounded};
use crate::error::StartError;
use crate::function::{Function, Release, values_of};
use crate::log::StrategyUsed;
use crate::problem::{Problem, ProblemKind};
use crate::request::lists::known;
use crate::request::{Filters, ListOfTitles, N, Param, RawParams, TITLE_ID, read_ratings};
use crate::route::{self, Answer, Input, Kept, Method, Operation};
use crate::users::Users;

pub(super) const FUNCTION: Function = Function {
    name: "recommend",
    kinds: &[Kind::Titles, Kind::RatingModel, Kind::UserIndex, Kind::Users],
    optional_kinds: &[Kind::RankingModel, Kind::Neighbors, Kind::Genres, Kind::UserDigests],
    operations: &OPERATIONS,
    load: |release| Box::pin(load(release)),
};

const OPERATIONS: [Operation; 4] = [RECOMMENDATIONS, RECOMMENDATIONS_FOR_NEW, PREDICT, SIMILAR];

const USER_ID: Param<String> =
    Param::id("user_id", "The id of a user. One that the release does not know counts as a new user.")
        .required("give the id of a user");

const RECOMMENDATIONS: Operation = Operation {
    id: "Recommendations",
    method: Method::Get,
    path: "/recommendations/{user_id}",
    summary: "The titles a user has not seen and would like best.",
    input: Input::Params(&RECOMMENDATIONS_PARAMS),
    answer: Answer::json::<Recommendations<'_>>(),
    kept: Kept::Personal,
    is_personal: true,
    problems: &[
        ProblemKind::PersonalRoutes,
        ProblemKind::NotFound,
        ProblemKind::NoRatings,
        ProblemKind::Unavailable,
    ],
};

const RECOMMENDATIONS_PARAMS: (Param<String>, ListOfTitles) = (USER_ID.in_path(), ListOfTitles);

const RECOMMENDATIONS_FOR_NEW: Operation = Operation {
    id: "RecommendationsForNew",
    method: Method::Post,
    path: "/recommendations",
    summary: "The same for somebody new, from a few ratings.",
    input: Input::Ratings(&RECOMMENDATIONS_FOR_NEW_FIELDS),
    answer: Answer::json::<Recommendations<'_>>(),
    kept: Kept::Personal,
    is_personal: false,
    problems: &[ProblemKind::NotFound, ProblemKind::NoRatings],
};

const RECOMMENDATIONS_FOR_NEW_FIELDS: ListOfTitles = ListOfTitles;

const PREDICT: Operation = Operation {
    id: "Predict",
    method: Method::Get,
    path: "/predict",
    summary: "The predicted score of a title for a user, and whether the title is recommended.",
    input: Input::Params(&PREDICT_PARAMS),
    answer: Answer::json::<Prediction<'_>>(),
    kept: Kept::Personal,
    is_personal: true,
    problems: &[
        ProblemKind::PersonalRoutes,
        ProblemKind::NotFound,
        ProblemKind::NoRatings,
        ProblemKind::Unavailable,
    ],
};

const PREDICT_PARAMS: (Param<String>, Param<String>) = (USER_ID, TITLE_ID);

const SIMILAR: Operation = Operation {
    id: "Similar",
    method: Method::Get,
    path: "/similar/{id}",
    summary: "Titles similar to another.",
    input: Input::Params(&SIMILAR_PARAMS),
    answer: Answer::json::<Similar<'_>>(),
    kept: Kept::Anywhere,
    is_personal: false,
    problems: &[ProblemKind::NotFound],
};

const SIMILAR_PARAMS: (Param<String>, Param<usize>, Filters) = (TITLE_ID.in_path(), N, Filters);

#[derive(Debug, JsonSchema, Serialize)]
struct Recommendations<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[schemars(extend("enum" = strategies()))]
    strategy: &'static str,
    /// Ids in the request that the release does not have. The list is made without them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
    recommendations: Vec<Scored<'a>>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Prediction<'a> {
    user_id: &'a str,
    #[serde(flatten)]
    title: Title<'a>,
    score: f64,
    recommended: bool,
    threshold: f64,
    #[schemars(extend("enum" = strategies()))]
    strategy: &'static str,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Similar<'a> {
    #[serde(flatten)]
    of: Title<'a>,
    #[schemars(extend("enum" = item_strategies()))]
    strategy: &'static str,
    similar: Vec<Scored<'a>>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Scored<'a> {
    #[serde(flatten)]
    title: Title<'a>,
    score: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also_on: Vec<Edition<'a>>,
    /// The number of further titles of the same work, if there are more than 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    also_on_left_out: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Reason<'a>>,
}

/// A title the user rated that contributes to a recommendation.
#[derive(Debug, JsonSchema, Serialize)]
struct Reason<'a> {
    id: &'a str,
    title: &'a str,
    rating: f64,
    contribution: f64,
    share: f64,
}

/// The names of [`Strategy`].
fn strategies() -> [&'static str; Strategy::ALL.len()] {
    Strategy::ALL.map(Strategy::as_str)
}

/// The names of [`ItemStrategy`].
fn item_strategies() -> [&'static str; ItemStrategy::ALL.len()] {
    ItemStrategy::ALL.map(ItemStrategy::as_str)
}

impl<'a> From<Ranked<'a>> for Scored<'a> {
    fn from(ranked: Ranked<'a>) -> Self {
        let reasons = ranked.explanation.into_iter().flat_map(|e| e.reasons).map(Into::into);
        Self {
            score: rounded(ranked.score),
            title: ranked.title.into(),
            also_on: ranked.also_on.into_iter().map(Into::into).collect(),
            also_on_left_out: left_out(ranked.also_on_left_out),
            reasons: reasons.collect(),
        }
    }
}

impl<'a> From<recommender::Reason<'a>> for Reason<'a> {
    fn from(reason: recommender::Reason<'a>) -> Self {
        Self {
            id: reason.id,
            title: reason.title,
            rating: rounded(reason.rating),
            contribution: rounded(reason.contribution),
            share: rounded(reason.share),
        }
    }
}

/// A recommender, and the users of the same release.
#[derive(Debug)]
struct Recommending {
    recommender: Recommender,
    users: Users,
    scale: Scale,
    has_ratings: bool,
}

impl Recommending {
    /// Refuses a request that needs ratings if the release has none. Its model then has only biases of 0,
    /// from which nothing follows.
    fn need_ratings(&self, what: &str) -> Result<(), Problem> {
        if self.has_ratings { Ok(()) } else { Err(Problem::no_ratings(what)) }
    }
}

async fn load(release: Release<'_>) -> Result<Router, StartError> {
    let recommending = Arc::new(load_models(release).await?);
    let handled = [
        RECOMMENDATIONS.handled_by(recommendations),
        RECOMMENDATIONS_FOR_NEW.handled_by(recommendations_for_new),
        PREDICT.handled_by(predict),
        SIMILAR.handled_by(similar),
    ];
    Ok(route::router(&OPERATIONS, handled, &recommending))
}

async fn load_models(release: Release<'_>) -> Result<Recommending, StartError> {
    // What takes longest to fetch and to decode is asked for first.
    let (neighbors, ranking, users, model, titles) = tokio::try_join!(
        async { Ok(release.load_optional::<Neighbors>().await?) },
        async { Ok(release.load_optional::<RankingModel>().await?) },
        Users::load(release.store, release.manifest, release.settings),
        async { Ok(release.load::<ItemModel>().await?) },
        release.load_titles(),
    )?;
    let threshold = release.manifest.model.recommend_threshold;
    let shape = users.shape();
    let scale = release.scale();
    let put_together =
        move || Recommender::new(titles, model, ranking, shape, threshold)?.with_neighbors(neighbors);
    let recommender = store::run_blocking(put_together)
        .await
        .map_err(|source| StartError::Mismatch { release: release.manifest.release(), source })?
        .with_values(values_of(release.manifest));
    Ok(Recommending { recommender, users, scale, has_ratings: release.has_ratings() })
}

async fn recommendations(
    State(recommending): State<Arc<Recommending>>,
    raw: RawParams,
) -> Result<Response, Problem> {
    let (user_id, request) = raw.read(&RECOMMENDATIONS_PARAMS)?;
    let Recommending { recommender, users, .. } = &*recommending;
    let mut ignored = Vec::new();
    let options = request.resolve(recommender, &mut ignored)?;
    recommending.need_ratings("recommendations")?;
    let found = users.find(&user_id, raw.caller()).await?;
    Ok(found.annotate(list(Some(&user_id), recommender.recommend(found.user(), &options), ignored)))
}

async fn recommendations_for_new(
    State(recommending): State<Arc<Recommending>>,
    raw: RawParams,
    body: Bytes,
) -> Result<Response, Problem> {
    raw.read(&())?;
    let (ratings, request) = read_ratings(&body, &RECOMMENDATIONS_FOR_NEW_FIELDS, recommending.scale)?;
    let recommender = &recommending.recommender;
    let mut ignored = Vec::new();
    let options = request.resolve(recommender, &mut ignored)?;
    let ratings = ratings.iter().map(|(id, rating)| (id.as_str(), *rating));
    let ratings = known(ratings, recommender, &mut ignored)?;
    recommending.need_ratings("recommendations")?;
    Ok(list(None, recommender.recommend_to_new(&ratings, &options), ignored))
}

async fn predict(State(recommending): State<Arc<Recommending>>, raw: RawParams) -> Result<Response, Problem> {
    let (user_id, id) = raw.read(&PREDICT_PARAMS)?;
    let Recommending { recommender, users, .. } = &*recommending;
    let title = recommender.position(&id)?;
    recommending.need_ratings("predictions")?;
    let found = users.find(&user_id, raw.caller()).await?;
    let prediction = recommender.predict(found.user(), title);
    let strategy = prediction.strategy.as_str();
    let answer = Prediction {
        user_id: &user_id,
        title: prediction.title.into(),
        score: rounded(prediction.score),
        recommended: prediction.recommended,
        threshold: rounded(prediction.threshold),
        strategy,
    };
    Ok(found.annotate(json_by(strategy, &answer)))
}

async fn similar(State(recommending): State<Arc<Recommending>>, raw: RawParams) -> Result<Response, Problem> {
    let (id, n, filters) = raw.read(&SIMILAR_PARAMS)?;
    let recommender = &recommending.recommender;
    let filter = filters.resolve(recommender.titles())?;
    let similar = recommender.similar(&id, n, &filter)?;
    let strategy = similar.strategy.as_str();
    let answer = Similar {
        of: similar.of.into(),
        strategy,
        similar: similar.items.into_iter().map(Into::into).collect(),
    };
    Ok(json_by(strategy, &answer))
}

fn list(user_id: Option<&str>, found: recommender::Recommendations<'_>, ignored: Vec<String>) -> Response {
    let strategy = found.strategy.as_str();
    let recommendations = found.items.into_iter().map(Into::into).collect();
    json_by(strategy, &Recommendations { user_id, strategy, ignored, recommendations })
}

/// Returns a JSON answer, and leaves the strategy that made it for the log.
fn json_by(strategy: &'static str, answer: &impl Serialize) -> Response {
    let mut response = answer::json(answer);
    response.extensions_mut().insert(StrategyUsed(strategy));
    response
}
