//! Serves the web pages. They are compiled in, so the function opens no store and does not read
//! `ARTIFACT_URI`.

use std::process::ExitCode;

#[global_allocator]
static HEAP: api::lambda::Heap = api::lambda::Heap;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    api::lambda::site().await
}
