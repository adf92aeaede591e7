//! The HTTP API: parse a request, ask the domain, write the answer.
//!
//! [`load`] reads the artifacts of one function from a store and returns the router that answers its routes.
//! The same router runs in the Lambda runtime ([`lambda`]) and behind a local listener. [`site`] serves the
//! pages that use it.
//!
//! A function is one file in `functions`: its routes, their parameters, handlers and answers, and how it is
//! loaded. [`ROUTES`] is the table of all routes.

// Functions read data from outside: arithmetic and positions are checked, or a reason says why not.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

mod about;
mod answer;
mod caching;
mod compression;
mod conditional;
mod docs;
mod error;
mod function;
mod functions;
mod json;
#[cfg(feature = "lambda")]
pub mod lambda;
mod log;
mod middleware;
mod openapi;
mod personal;
mod problem;
mod reload;
mod request;
mod route;
mod routes;
mod service;
mod settings;
pub mod site;
mod users;

pub use error::{CatalogMismatch, StartError};
pub use function::Function;
pub use log::{StrategyUsed, method_name};
pub use middleware::MAX_BODY_BYTES;
pub use personal::{Caller, InvalidPersonalRoutes, PERSONAL_ROUTES, PersonalRoutes};
pub use problem::{Problem, ProblemKind};
pub use reload::{ARTIFACT_TTL, Current, InvalidTtl, Reload};
pub use route::{Method, Route};
pub use routes::ROUTES;
pub use service::{check_release, load};
pub use settings::{RELEASE_KEYS, Settings, UserLimits};
pub use users::BlockRead;
