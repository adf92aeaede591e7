use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use queries::QueryError;
use recommender::{FilterError, UnknownTitle};
use schemars::JsonSchema;
use serde::Serialize;

/// An error as RFC 9457 says it: what is wrong, in `application/problem+json`.
///
/// The one place where errors of the domain become HTTP. What a client is told stands here; what only we should
/// see goes to the log.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "An error as RFC 9457 says it.")]
pub struct Problem {
    /// A name for this kind of problem, stable over releases.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = KINDS))]
    kind: &'static str,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time, and what to do.
    detail: String,
    /// Every parameter that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ParameterError>,
}

/// What is wrong with one parameter.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct ParameterError {
    /// Its name, or its place in the body.
    pub(crate) parameter: String,
    /// What is wrong with it.
    pub(crate) problem: String,
}

/// The names of all kinds.
const KINDS: [&str; 6] = [INVALID_PARAMETER, NOT_FOUND, NO_ROUTE, METHOD_NOT_ALLOWED, TOO_LARGE, INTERNAL];
const INVALID_PARAMETER: &str = "urn:cartelera:problem:invalid-parameter";
const NOT_FOUND: &str = "urn:cartelera:problem:not-found";
const NO_ROUTE: &str = "urn:cartelera:problem:no-route";
const METHOD_NOT_ALLOWED: &str = "urn:cartelera:problem:method-not-allowed";
const TOO_LARGE: &str = "urn:cartelera:problem:too-large";
const INTERNAL: &str = "urn:cartelera:problem:internal";

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, title, status: status.as_u16(), detail: detail.into(), errors: Vec::new() }
    }

    pub(crate) fn invalid(errors: Vec<ParameterError>) -> Self {
        let detail =
            errors.iter().map(|e| format!("{}: {}", e.parameter, e.problem)).collect::<Vec<_>>().join("; ");
        let problem = Self::new(
            StatusCode::BAD_REQUEST,
            INVALID_PARAMETER,
            "A parameter is missing, malformed or out of range",
            detail,
        );
        Self { errors, ..problem }
    }

    pub(crate) fn one_invalid(parameter: &str, problem: impl Into<String>) -> Self {
        Self::invalid(vec![ParameterError { parameter: parameter.to_owned(), problem: problem.into() }])
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, NOT_FOUND, "Nothing matches", detail)
    }

    pub(crate) fn no_route(path: &str, known: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            NO_ROUTE,
            "There is no such route",
            format!("{path} is no route; there are {known}"),
        )
    }

    pub(crate) fn method_not_allowed(method: &str, path: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            METHOD_NOT_ALLOWED,
            "This route does not know the method",
            format!("{path} does not answer {method}"),
        )
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            TOO_LARGE,
            "The request body is too large",
            format!("a body has at most {limit} bytes"),
        )
    }

    /// A fault of ours, of which the client is told nothing more.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            INTERNAL,
            "Something went wrong here",
            "the log says what",
        )
    }

    /// Something that an answer needs could not be had just now; the next try may have it.
    pub(crate) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "urn:cartelera:problem:unavailable",
            "The answer cannot be had just now",
            "try again in a moment; the log says what is wrong",
        )
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
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
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}
