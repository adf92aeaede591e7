//! Tests of the project as a whole, as one binary with modules.

#![expect(clippy::unwrap_used, reason = "a test may panic where its setup fails, in a helper function too")]

mod altered;
mod amplification;
mod any_bytes;
mod bless;
mod corrupt;
mod gateway;
mod golden;
mod lambda;
mod mirror;
mod openapi;
mod personal;
mod publish_faults;
mod reload;
mod reload_faults;
mod tidy;
mod users;
