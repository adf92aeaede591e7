//! Every part together, in one binary.

#![expect(clippy::unwrap_used, reason = "what a test takes for granted may end it")]

mod gateway;
mod lambda;
mod small_release;
