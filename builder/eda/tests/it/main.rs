//! Tests of the analysis through its public items.

#![expect(clippy::unwrap_used, reason = "a test may panic if something that it relies on fails")]

mod extremes;
mod people;
mod scales;
mod spellings;
