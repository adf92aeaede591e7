//! The pages that people use. They are compiled in: no store is opened, and `ARTIFACT_URI` is not read.

use std::process::ExitCode;

#[global_allocator]
static HEAP: api::lambda::Heap = api::lambda::Heap;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    api::lambda::site().await
}
