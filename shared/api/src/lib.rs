//! HTTP: parse, call, render. One route table, one error type, no logic of the domain.
//!
//! [`load`] reads the artifacts of one function from a store and gives the router that answers its routes; the
//! same router runs under the Lambda runtime ([`lambda`]) and under a local listener. [`site`] is the pages that ask it.

mod about;
mod catalogue;
mod document;
mod handlers;
#[cfg(feature = "lambda")]
pub mod lambda;
mod lists;
mod log;
mod pages;
mod params;
mod problem;
mod queried;
mod recommending;
mod reload;
mod routes;
mod service;
pub mod site;
mod users;
mod wire;

pub use catalogue::CatalogueMismatch;
pub use log::StrategyUsed;
pub use problem::Problem;
pub use reload::{ARTIFACT_TTL, Current, InvalidTtl, Reload};
pub use routes::{Endpoint, Function, Method, ROUTES, Route};
pub use service::{Loader, StartError, load, load_within};
pub use users::{BlockRead, UserLimits};
