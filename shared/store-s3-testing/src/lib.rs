//! What tests of the S3 store need: a real S3 server over HTTP on this machine, and a client for it.
//!
//! The buckets are the folders below a folder. The access key is [`ACCESS_KEY`], the secret is
//! [`SECRET_KEY`].

mod checked;
mod client;
mod server;

pub use aws_sdk_s3::Client;
pub use checked::Quirks;
pub use client::{PATIENT, Waits, client};
pub use server::{serve, serve_with};

/// The only access key that the server accepts.
pub const ACCESS_KEY: &str = "key";

/// The secret of [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "secret";
