//! One integration binary with modules: what holds of the project as a whole.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose ground gives way fails there, in a function of its own too"
)]

mod any_bytes;
mod bless;
mod corrupt;
mod gateway;
mod golden;
mod lambda;
mod mirror;
mod openapi;
mod publish_faults;
mod reload;
mod reload_faults;
mod s3_client;
#[path = "../../../shared/store-s3/tests/s3_server/mod.rs"]
mod s3_server;
mod tidy;
mod users;
