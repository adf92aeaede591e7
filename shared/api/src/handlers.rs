//! One handler a route: parse, ask, render.

use std::sync::Arc;
use std::time::SystemTime;

use artifact::Analysis;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use catalog::{DurationUnit, Rating, TitleId, UserId};
use queries::{actor, count_platform, max_duration, score_count};
use recommender::Recommendations;
use serde::Serialize;

use crate::about::About;
use crate::catalogue::Catalogue;
use crate::lists::{self, FilterWish, ListWish};
use crate::log::StrategyUsed;
use crate::pages::Page;
use crate::params::Params;
use crate::problem::Problem;
use crate::queried;
use crate::recommending::Recommending;
use crate::wire;

/// The most ratings that are folded in.
pub(crate) const MAX_RATINGS: usize = 1000;

/// The deepest that a body is nested; what it may say takes 3.
const MAX_BODY_DEPTH: usize = 8;

/// A JSON answer of 200.
fn json(answer: &impl Serialize) -> Response {
    match serde_json::to_vec(answer) {
        Ok(body) => {
            let mut response = Response::new(body.into());
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer has no JSON form");
            Problem::internal().into_response()
        }
    }
}

/// A JSON answer that was made by a strategy, which the log is told.
fn by(strategy: &'static str, answer: &impl Serialize) -> Response {
    let mut response = json(answer);
    response.extensions_mut().insert(StrategyUsed(strategy));
    response
}

pub(crate) async fn max_duration(
    State(index): State<Arc<max_duration::Index>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref());
    let year = params.whole(&queried::YEAR);
    let platform = params.text(&queried::PLATFORM);
    let unit = params.unit(&queried::DURATION_TYPE).unwrap_or(DurationUnit::Min);
    let (year, platform) = params.finish(Some((year, platform)))?;
    let answer = index.answer(max_duration::Question { year, platform: platform.as_deref(), unit })?;
    Ok(json(&wire::MaxDuration {
        title: answer.title,
        id: answer.id,
        platform: answer.platform,
        year: answer.year,
        duration: answer.duration,
        duration_type: answer.duration_type,
        ties: answer.ties,
    }))
}

pub(crate) async fn score_count(
    State(index): State<Arc<score_count::Index>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref());
    let platform = params.text(&queried::OF_PLATFORM);
    let scored = params.number(&queried::SCORED);
    let year = params.whole(&queried::OF_YEAR);
    let (platform, scored, year) = params.finish(all((platform, scored, year)))?;
    let answer = index.answer(&platform, scored, year)?;
    Ok(json(&wire::ScoreCount {
        platform: answer.platform,
        scored: answer.scored,
        year: answer.year,
        count: answer.count,
    }))
}

fn all<A, B, C>((a, b, c): (Option<A>, Option<B>, Option<C>)) -> Option<(A, B, C)> {
    Some((a?, b?, c?))
}

pub(crate) async fn count_platform(
    State(index): State<Arc<count_platform::Index>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref());
    let platform = params.text(&queried::OF_PLATFORM);
    let platform = params.finish(platform)?;
    let answer = index.answer(&platform)?;
    Ok(json(&wire::CountPlatform { platform: answer.platform, count: answer.count }))
}

pub(crate) async fn actor(
    State(index): State<Arc<actor::Index>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref());
    let platform = params.text(&queried::OF_PLATFORM);
    let year = params.whole(&queried::OF_YEAR);
    let (platform, year, ()) = params.finish(all((platform, year, Some(()))))?;
    let answer = index.answer(&platform, year)?;
    Ok(json(&wire::Actor {
        platform: answer.platform,
        year: answer.year,
        actor: answer.actor,
        count: answer.count,
        ties: answer.ties,
    }))
}

pub(crate) async fn recommendations(
    State(asked): State<Arc<Recommending>>,
    Path(user_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref());
    let wish = ListWish::take(&mut params);
    let wish = params.finish(Some(wish))?;
    UserId::new(&user_id).map_err(|error| Problem::one_invalid("user_id", error.to_string()))?;
    let options = wish.resolve(&asked.recommender)?;
    let found = asked.users.find(&user_id).await?;
    Ok(found.told(list(Some(&user_id), asked.recommender.recommend(found.user(), &options))))
}

pub(crate) async fn recommendations_for_new(
    State(asked): State<Arc<Recommending>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    Params::new(query.as_deref()).finish(Some(()))?;
    if depth(&body) > MAX_BODY_DEPTH {
        return Err(Problem::one_invalid("body", format!("is nested more than {MAX_BODY_DEPTH} deep")));
    }
    let mut reader = serde_json::Deserializer::from_slice(&body);
    let given: wire::NewUser = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Problem::one_invalid(&place(error.path()), error.inner().to_string()))?;
    reader.end().map_err(|error| Problem::one_invalid("body", error.to_string()))?;
    let mut params = Params::of_body(given.wish.0, &["ratings"]);
    let wish = ListWish::take(&mut params);
    let ratings = check_ratings(&given.ratings, &mut params);
    let (wish, ratings) = params.finish(Some((wish, ratings)))?;
    let recommender = &asked.recommender;
    let options = wish.resolve(recommender)?;
    let ratings = ratings
        .into_iter()
        .map(|(id, rating)| Ok((recommender.position(id)?, rating)))
        .collect::<Result<Vec<_>, recommender::UnknownTitle>>()?;
    Ok(list(None, recommender.recommend_to_new(&ratings, &options)))
}

/// How deep the arrays and objects of a JSON text are nested. Of a text that is no JSON it is some number.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for &byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn place(path: &serde_path_to_error::Path) -> String {
    if path.iter().next().is_none() { "body".to_owned() } else { path.to_string() }
}

/// Ratings by title id; faults go to `params`.
fn check_ratings<'a>(given: &'a [wire::GivenRating], params: &mut Params<'_>) -> Vec<(&'a str, f32)> {
    if given.len() > MAX_RATINGS {
        params.fail("ratings", format!("{} are more than {MAX_RATINGS}", given.len()));
    }
    let mut ratings = Vec::with_capacity(given.len().min(MAX_RATINGS));
    for (i, given) in given.iter().take(MAX_RATINGS).enumerate() {
        if let Err(error) = TitleId::new(&given.id) {
            params.fail(&format!("ratings[{i}].id"), error.to_string());
        }
        match Rating::new(given.rating as f32) {
            Ok(rating) => ratings.push((given.id.as_str(), rating.get())),
            Err(error) => params.fail(&format!("ratings[{i}].rating"), error.to_string()),
        }
    }
    ratings
}

fn list(user_id: Option<&str>, found: Recommendations<'_>) -> Response {
    let strategy = found.strategy.as_str();
    by(
        strategy,
        &wire::Recommendations {
            user_id,
            strategy,
            recommendations: found.items.into_iter().map(Into::into).collect(),
        },
    )
}

pub(crate) async fn predict(
    State(asked): State<Arc<Recommending>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref());
    let user_id = params.id(&queried::OF_USER);
    let id = params.id(&queried::OF_TITLE);
    let (user_id, id, ()) = params.finish(all((user_id, id, Some(()))))?;
    let title = asked.recommender.position(&id)?;
    let found = asked.users.find(&user_id).await?;
    let prediction = asked.recommender.predict(found.user(), title);
    let strategy = prediction.strategy.as_str();
    Ok(found.told(by(
        strategy,
        &wire::Prediction {
            user_id: &user_id,
            title: prediction.title.into(),
            score: wire::shown(prediction.score),
            recommended: prediction.recommended,
            threshold: wire::shown(prediction.threshold),
            strategy,
        },
    )))
}

pub(crate) async fn similar(
    State(asked): State<Arc<Recommending>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref());
    let wish = (lists::length(&mut params), FilterWish::take(&mut params));
    let (n, filter) = params.finish(Some(wish))?;
    TitleId::new(&id).map_err(|error| Problem::one_invalid("id", error.to_string()))?;
    let filter = filter.resolve(asked.recommender.titles())?;
    let similar = asked.recommender.similar(&id, n, &filter)?;
    let strategy = similar.strategy.as_str();
    Ok(by(
        strategy,
        &wire::Similar {
            of: similar.of.into(),
            strategy,
            similar: similar.items.into_iter().map(Into::into).collect(),
        },
    ))
}

pub(crate) async fn find_titles(
    State(catalogue): State<Arc<Catalogue>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref());
    let question = params.text(&queried::Q).unwrap_or_default();
    let filter = FilterWish::take(&mut params);
    let page = Page::take(&mut params, &catalogue.release);
    let (filter, page) = params.finish(Some((filter, page)))?;
    let filter = filter.resolve(&catalogue.titles)?;
    let order = catalogue.search.answer(&question).into_iter().map(|title| title as usize);
    let (titles, next_cursor) = page.cut(filter.select(&catalogue.titles, order), &catalogue.release);
    let titles = titles.into_iter().map(|title| wire::CatalogueTitle::of(&catalogue.titles, title)).collect();
    Ok(json(&wire::FoundTitles { titles, next_cursor }))
}

pub(crate) async fn title(
    State(catalogue): State<Arc<Catalogue>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::new(query.as_deref()).finish(Some(()))?;
    TitleId::new(&id).map_err(|error| Problem::one_invalid("id", error.to_string()))?;
    let position = catalogue.titles.position(&id);
    let title = position.ok_or_else(|| Problem::not_found(format!("there is no title {id:?}")))?;
    Ok(json(&wire::CatalogueTitle::of(&catalogue.titles, title)))
}

pub(crate) async fn user(
    State(catalogue): State<Arc<Catalogue>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref());
    let page = Page::take(&mut params, &catalogue.release);
    let page = params.finish(Some(page))?;
    UserId::new(&id).map_err(|error| Problem::one_invalid("id", error.to_string()))?;
    let found = catalogue.users.find(&id).await?;
    let Some(user) = found.user() else {
        return Ok(found.told(Problem::not_found(format!("there is no user {id:?}"))));
    };
    let mut rated: Vec<(u32, f32)> =
        user.title_idx.iter().copied().zip(user.rating.iter().copied()).collect();
    // Titles ascend already, and stay so where ratings are equal.
    rated.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (page, next_cursor) = page.cut(rated.into_iter(), &catalogue.release);
    let ratings = page.into_iter().map(|(title, rating)| wire::RatedTitle {
        title: wire::CatalogueTitle::of(&catalogue.titles, title as usize),
        rating: wire::shown(rating),
    });
    let n_ratings = user.rating.len();
    Ok(found.told(json(&wire::User { user_id: &id, n_ratings, ratings: ratings.collect(), next_cursor })))
}

fn analysis(catalogue: &Catalogue) -> Result<&Analysis, Problem> {
    catalogue.analysis.as_ref().ok_or_else(|| {
        let release = &catalogue.release;
        Problem::not_found(format!(
            "release {release} has no analysis of its data; `cartelera build` makes one"
        ))
    })
}

pub(crate) async fn eda(
    State(catalogue): State<Arc<Catalogue>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::new(query.as_deref()).finish(Some(()))?;
    let json = analysis(&catalogue)?.json().to_owned();
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

pub(crate) async fn eda_page(
    State(catalogue): State<Arc<Catalogue>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::new(query.as_deref()).finish(Some(()))?;
    let analysis = analysis(&catalogue)?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = (headers, analysis.page().to_owned()).into_response();
    // What may frame a page cannot stand in the page itself.
    let policy = format!("{}; frame-ancestors 'none'", analysis.policy());
    let policy = HeaderValue::try_from(policy).map_err(|error| {
        tracing::error!(%error, "the analysis has a policy that is no header");
        Problem::internal()
    })?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

pub(crate) async fn health(State(about): State<Arc<About>>) -> Response {
    json(&about.health(SystemTime::now()))
}

pub(crate) async fn model(State(about): State<Arc<About>>) -> Response {
    json(&about.model())
}

pub(crate) async fn openapi(State(about): State<Arc<About>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], about.document().to_owned()).into_response()
}

/// What the page may do: load from where it came from, and nothing else. Its icon is empty, since a browser would ask for
/// one.
const PAGE_POLICY: &str = "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; object-src 'none'";

fn asset(media: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text).into_response()
}

pub(crate) async fn docs() -> Response {
    asset("text/html; charset=utf-8", include_str!("page/docs.html"))
}

pub(crate) async fn docs_script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("page/docs.js"))
}

pub(crate) async fn docs_style() -> Response {
    asset("text/css; charset=utf-8", include_str!("page/docs.css"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        for (text, expected) in [
            ("", 0),
            ("5", 0),
            (r#"{"ratings":[{"id":"a"}],"n":[]}"#, 3),
            (r#"["[[[[", "\"[[", "\\"]"#, 1),
            ("]]]][", 1),
            ("[[[", 3),
        ] {
            assert_eq!(depth(text.as_bytes()), expected, "{text}");
        }
    }
}
