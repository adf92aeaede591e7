//! Errors as HTTP answers, in `application/problem+json` (RFC 9457).
//!
//! This is the one place where an error of the domain becomes a status. A problem holds what a client may
//! know; everything else goes to the log.

use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use queries::QueryError;
use recommender::{FilterError, UnknownTitle};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::log::with_causes;

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// The kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// A parameter, a field of the body, or the path is missing or wrong.
    InvalidParameter,
    /// The request is valid, and nothing matches it.
    NotFound,
    /// The answer needs ratings, and the release has none.
    NoRatings,
    /// Personal routes are turned off, or the request does not identify the user.
    PersonalRoutes,
    /// There is no such path.
    NoRoute,
    /// The path does not take this method.
    MethodNotAllowed,
    /// The body is too large.
    TooLarge,
    /// The service failed.
    Internal,
    /// Something the answer needs cannot be read at the moment.
    Unavailable,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::InvalidParameter,
        Self::NotFound,
        Self::NoRatings,
        Self::PersonalRoutes,
        Self::NoRoute,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Its name on the wire, the same in every release.
    pub const fn urn(self) -> &'static str {
        match self {
            Self::InvalidParameter => "urn:cartelera:problem:invalid-parameter",
            Self::NotFound => "urn:cartelera:problem:not-found",
            Self::NoRatings => "urn:cartelera:problem:no-ratings",
            Self::PersonalRoutes => "urn:cartelera:problem:personal-routes",
            Self::NoRoute => "urn:cartelera:problem:no-route",
            Self::MethodNotAllowed => "urn:cartelera:problem:method-not-allowed",
            Self::TooLarge => "urn:cartelera:problem:too-large",
            Self::Internal => "urn:cartelera:problem:internal",
            Self::Unavailable => "urn:cartelera:problem:unavailable",
        }
    }

    /// The kind in words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::InvalidParameter => "A parameter is missing, malformed or out of range",
            Self::NotFound => "Nothing matches",
            Self::NoRatings => "The release has no ratings",
            Self::PersonalRoutes => "Data about users is not available to this request",
            Self::NoRoute => "There is no such route",
            Self::MethodNotAllowed => "The route does not support this method",
            Self::TooLarge => "The request body is too large",
            Self::Internal => "The service failed",
            Self::Unavailable => "The answer is temporarily unavailable",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidParameter => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::NoRatings | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::PersonalRoutes => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Serialize for ProblemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.urn())
    }
}

/// An error as an answer.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "An error, in the form of RFC 9457.")]
pub struct Problem {
    /// The kind of problem. Its name is the same in every release.
    #[serde(rename = "type")]
    #[schemars(with = "String", extend("enum" = ProblemKind::ALL.map(ProblemKind::urn)))]
    kind: ProblemKind,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request, and what to do about it.
    detail: String,
    /// The parameters that are wrong: at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ParameterError>,
    /// The number of further ones, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors_left_out: Option<usize>,
}

/// The most errors that a problem names.
const MOST_ERRORS: usize = 20;

/// The most bytes of all errors of a problem together. An answer holds them twice, in `detail` and in
/// `errors`, and JSON may need two characters for one.
const MOST_BYTES_OF_ERRORS: usize = 2_500;

/// The most characters of what is wrong with one parameter.
const MOST_OF_ERROR: usize = 1_200;

/// The most characters that a problem repeats of a name, a value or a path of the request.
const MOST_REPEATED: usize = 100;

/// Returns what a problem repeats of a text of the request: its beginning, with an ellipsis if it is cut.
pub(crate) fn repeated(text: &str) -> String {
    shortened(text, MOST_REPEATED)
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What is wrong with one parameter.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct ParameterError {
    /// Its name, or its place in the body.
    pub(crate) parameter: String,
    /// What is wrong with it.
    pub(crate) problem: String,
}

impl Problem {
    fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            errors_left_out: None,
        }
    }

    /// Takes what is wrong with a request. The answer is bounded, however many errors a request has: it names
    /// the first, up to 20 of them or 2,500 bytes, and the number of the others.
    pub(crate) fn invalid(mut errors: Vec<ParameterError>) -> Self {
        let n = errors.len();
        errors.truncate(MOST_ERRORS);
        for error in &mut errors {
            error.problem = shortened(&error.problem, MOST_OF_ERROR);
        }
        let mut n_bytes = 0_usize;
        let fits = |error: &&ParameterError| {
            n_bytes = n_bytes.saturating_add(error.parameter.len()).saturating_add(error.problem.len());
            n_bytes <= MOST_BYTES_OF_ERRORS
        };
        let n_fit = errors.iter().take_while(fits).count();
        errors.truncate(n_fit.max(1));
        let each = errors.iter().map(|error| format!("{}: {}", error.parameter, error.problem));
        let mut detail = each.collect::<Vec<_>>().join("; ");
        let left_out = n.saturating_sub(errors.len());
        if left_out > 0 {
            let _ = write!(detail, "; and {left_out} more");
        }
        let errors_left_out = Some(left_out).filter(|&n| n > 0);
        Self { errors, errors_left_out, ..Self::new(ProblemKind::InvalidParameter, detail) }
    }

    pub(crate) fn one_invalid(parameter: &str, problem: impl Into<String>) -> Self {
        Self::invalid(vec![ParameterError { parameter: parameter.to_owned(), problem: problem.into() }])
    }

    /// The detail says why, and what to do.
    pub(crate) fn personal_routes(detail: &str) -> Self {
        Self::new(ProblemKind::PersonalRoutes, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::NotFound, detail)
    }

    /// The release was built from catalogs alone, so it has none of what the request asks for.
    pub(crate) fn no_ratings(what: &str) -> Self {
        let detail = format!(
            "the release has no ratings, so it has no {what}; `cartelera build` with `--ratings` makes one that does"
        );
        Self::new(ProblemKind::NoRatings, detail)
    }

    pub(crate) fn no_route(path: &str, known: &str) -> Self {
        Self::new(
            ProblemKind::NoRoute,
            format!("{} is not a route here; the routes are {known}", repeated(path)),
        )
    }

    pub(crate) fn method_not_allowed(method: &str, path: &str) -> Self {
        Self::new(
            ProblemKind::MethodNotAllowed,
            format!("{} does not answer {}", repeated(path), repeated(method)),
        )
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(ProblemKind::TooLarge, format!("a request body may have at most {limit} bytes"))
    }

    /// A failure of the service. The cause belongs in the log, not in the answer.
    pub(crate) fn internal() -> Self {
        Self::new(ProblemKind::Internal, "the cause is in the service's log")
    }

    /// Something the answer needs cannot be read at the moment; another try may succeed.
    pub(crate) fn unavailable() -> Self {
        Self::new(ProblemKind::Unavailable, "try again in a moment; the cause is in the service's log")
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::UnknownPlatform { .. } => Self::one_invalid("platform", error.to_string()),
            QueryError::NothingMatches(detail) => Self::not_found(detail),
        }
    }
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        let parameter = match error {
            FilterError::Platform { .. } => "platform",
            FilterError::Genre { .. } => "genre",
            FilterError::Audience { .. } => "audience",
        };
        Self::one_invalid(parameter, error.to_string())
    }
}

impl From<UnknownTitle> for Problem {
    fn from(error: UnknownTitle) -> Self {
        Self::not_found(error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        json_response(self.status(), MEDIA_TYPE, serde_json::to_vec(&self))
    }
}

/// The body of [`Problem::internal`], for the case that a body cannot be encoded.
const INTERNAL: &str = "{\"type\":\"urn:cartelera:problem:internal\",\"title\":\"The service failed\",\
    \"status\":500,\"detail\":\"the cause is in the service's log\"}";

/// Returns a response with a JSON body. If the body could not be encoded, the log says why and the response
/// is an internal problem.
pub(crate) fn json_response(
    status: StatusCode,
    media_type: &'static str,
    body: serde_json::Result<Vec<u8>>,
) -> Response {
    let (status, media_type, body) = match body {
        Ok(body) => (status, media_type, body),
        Err(error) => {
            tracing::error!("cannot encode the body of an answer: {}", with_causes(&error));
            (ProblemKind::Internal.status(), MEDIA_TYPE, INTERNAL.into())
        }
    };
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde::ser::Error;

    use super::*;

    /// The kind after another. The match has no wildcard, so that a new kind has to be added here.
    fn next(kind: ProblemKind) -> Option<ProblemKind> {
        match kind {
            ProblemKind::InvalidParameter => Some(ProblemKind::NotFound),
            ProblemKind::NotFound => Some(ProblemKind::NoRatings),
            ProblemKind::NoRatings => Some(ProblemKind::PersonalRoutes),
            ProblemKind::PersonalRoutes => Some(ProblemKind::NoRoute),
            ProblemKind::NoRoute => Some(ProblemKind::MethodNotAllowed),
            ProblemKind::MethodNotAllowed => Some(ProblemKind::TooLarge),
            ProblemKind::TooLarge => Some(ProblemKind::Internal),
            ProblemKind::Internal => Some(ProblemKind::Unavailable),
            ProblemKind::Unavailable => None,
        }
    }

    #[test]
    fn every_kind_is_in_the_list_and_in_the_schema() {
        let mut kinds = vec![ProblemKind::InvalidParameter];
        kinds.extend(std::iter::successors(next(kinds[0]), |kind| next(*kind)));
        assert_eq!(kinds, ProblemKind::ALL);
        let schema = serde_json::to_value(schemars::schema_for!(Problem)).unwrap();
        assert_eq!(schema["properties"]["type"]["enum"], serde_json::to_value(ProblemKind::ALL).unwrap());
    }

    /// A body that cannot be encoded.
    struct Unencodable;

    impl Serialize for Unencodable {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no JSON form"))
        }
    }

    #[tokio::test]
    async fn a_body_that_cannot_be_encoded_becomes_an_internal_problem() {
        let fallback = json_response(StatusCode::OK, "application/json", serde_json::to_vec(&Unencodable));
        let expected = Problem::internal().into_response();
        assert_eq!(fallback.status(), expected.status());
        assert_eq!(fallback.headers(), expected.headers());
        let [fallback, expected] = [fallback, expected].map(|response| response.into_body().collect());
        assert_eq!(fallback.await.unwrap().to_bytes(), expected.await.unwrap().to_bytes());
    }
}
