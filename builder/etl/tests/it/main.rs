//! Tests of the ETL on small files of every kind that people have.

#![expect(clippy::unwrap_used, reason = "a test may panic if something that it relies on fails")]

mod catalog_cases;
mod rating_cases;
