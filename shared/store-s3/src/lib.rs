//! The store traits on S3 and services with its protocol. Of the crates that functions use, only this one
//! uses the AWS SDK.
//!
//! Settings come from the standard AWS variables, which Lambda sets: `AWS_ACCESS_KEY_ID`,
//! `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and `AWS_REGION`. `AWS_ENDPOINT_URL` or `AWS_ENDPOINT_URL_S3`
//! select another service. With the feature `profile`, settings come from the whole chain of the AWS command
//! line (`AWS_PROFILE`, SSO, roles and so on).
//!
//! A function trusts only Amazon's own root certificates. If its endpoint is another service or in China, it
//! trusts those of its system. `AWS_CA_BUNDLE` names a file of certificates to trust instead.
//!
//! The service should support SHA-256 checksums, and `If-Match` and `If-None-Match` on PUT, as S3 does.
//! `CARTELERA_S3_WITHOUT` names what it does not have: `checksums`, `conditions`, or both with a comma
//! ([`Without`]). Without conditions, two publishers at the same time may overwrite each other.
//!
//! From a service that ignores `Range`, an object is read from its beginning to the end of the range, and
//! only the range is kept in memory. [`ignores_ranges`](store::ReadStore::ignores_ranges) reports it.

// Functions read data from outside: arithmetic and positions are checked, or a reason says why not.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::indexing_slicing))]

mod bucket;
mod client;
mod error;
mod failure;
mod http;
mod open;
mod upload;
mod without;
mod write;

pub use bucket::S3Store;
pub use error::OpenError;
pub use http::Https;
pub use open::{open, open_to_read};
pub use without::Without;
