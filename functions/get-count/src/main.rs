//! Serves [`Function::GET_COUNT`]: how many titles match.
//!
//! The artifacts come from the store in the environment variable `ARTIFACT_URI`; the function reads them
//! before it accepts the first event.

use std::process::ExitCode;

use api::Function;

#[global_allocator]
static HEAP: api::lambda::Heap = api::lambda::Heap;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    api::lambda::main(Function::GET_COUNT, store_s3::open_to_read).await
}
