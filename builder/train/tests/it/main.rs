//! Trainers as their callers use them.

#![expect(clippy::unwrap_used, reason = "a test may panic if something that it relies on fails")]

mod bayes;
mod biases;
mod conformance;
mod svd;
