//! What a route is: where it is found, what it takes, and what it answers.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{self, MethodFilter, MethodRouter};
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema};

use crate::problem::ProblemKind;
use crate::request::Describe;

/// The method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET, and HEAD with it.
    Get,
    /// POST.
    Post,
}

impl Method {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
        }
    }
}

/// One route of the API.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path; `{…}` matches one segment.
    pub path: &'static str,
    /// The name of the function that a gateway sends it to.
    pub function: &'static str,
    /// Whether every function answers it about itself.
    pub is_everywhere: bool,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    pub(crate) operation: &'static Operation,
}

impl Route {
    pub(crate) const fn new(
        operation: &'static Operation,
        function: &'static str,
        is_everywhere: bool,
    ) -> Self {
        let Operation { method, path, summary, .. } = *operation;
        Self { method, path, function, is_everywhere, summary, operation }
    }

    /// Whether it returns data about a user given by id; see [`PersonalRoutes`](crate::PersonalRoutes).
    pub const fn is_personal(&self) -> bool {
        self.operation.is_personal
    }
}

/// Where a client or a cache may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Anywhere, if it is checked each time: it stays the same until another release or program is served.
    Anywhere,
    /// Anywhere for a minute, after which it is checked: a long answer that rarely changes.
    ForAMinute,
    /// Nowhere: it holds at the moment only.
    Nowhere,
    /// Nowhere: it is about one user.
    Personal,
}

/// What a route takes and answers: the data that its handler and the OpenAPI document share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// Its name in the OpenAPI document.
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    /// Its path; `{…}` matches one segment.
    pub(crate) path: &'static str,
    /// What it is for, in one sentence.
    pub(crate) summary: &'static str,
    pub(crate) input: Input,
    pub(crate) answer: Answer,
    pub(crate) kept: Kept,
    /// Whether it returns data about a user given by id; see [`PersonalRoutes`](crate::PersonalRoutes).
    pub(crate) is_personal: bool,
    /// The problems it may answer with, apart from those that follow from its input and its answer.
    pub(crate) problems: &'static [ProblemKind],
}

/// What a request brings.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Input {
    /// Nothing that is looked at: the route answers every query alike.
    Nothing,
    /// Parameters in the path and in the query.
    Params(&'static dyn Describe),
    /// A JSON object with [ratings](crate::request::RATINGS), and these parameters as fields next to them.
    Ratings(&'static dyn Describe),
}

/// What a route answers with 200.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// JSON of a type.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// A JSON object of whatever form.
    JsonObject,
    /// A text of a media type.
    Text(&'static str),
}

impl Answer {
    /// JSON of a type.
    pub(crate) const fn json<T: JsonSchema>() -> Self {
        Self::Json(SchemaGenerator::subschema_for::<T>)
    }
}

/// An operation with its handler.
pub(crate) struct Handled<S> {
    path: &'static str,
    methods: MethodRouter<S>,
}

impl Operation {
    /// The operation, answered by a handler.
    pub(crate) fn handled_by<H, T, S>(&self, handler: H) -> Handled<S>
    where
        H: Handler<T, S>,
        T: 'static,
        S: Clone + Send + Sync + 'static,
    {
        Handled { path: self.path, methods: routing::on(self.method.filter(), handler) }
    }
}

/// Returns the router of some operations. All of them have a handler: both arrays have the same length, or
/// this does not compile, and a router panics when it is given a route twice.
pub(crate) fn router<S, const N: usize>(_: &[Operation; N], handled: [Handled<S>; N], state: &S) -> Router
where
    S: Clone + Send + Sync + 'static,
{
    // Each handler gets the state by itself: a router of every type of state would make the program larger.
    let add = |router: Router, handled: Handled<S>| {
        router.route(handled.path, handled.methods.with_state(state.clone()))
    };
    handled.into_iter().fold(Router::new(), add)
}
