//! Serves [`Function::TITLES`]: the catalog, what users have rated, and the analysis of the data.
//!
//! The artifacts come from the store in the environment variable `ARTIFACT_URI`; the function reads them
//! before it accepts the first event.

use std::process::ExitCode;

use api::Function;

#[global_allocator]
static HEAP: api::lambda::Heap = api::lambda::Heap;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    api::lambda::main(Function::TITLES, store_s3::open_to_read).await
}
