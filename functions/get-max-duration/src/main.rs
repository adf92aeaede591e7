//! The longest title: the routes of [`Loader::GET_MAX_DURATION`]. The artifacts come from the store that the
//! environment variable `ARTIFACT_URI` names, before the first event is accepted.

use std::process::ExitCode;

use api::Loader;

#[global_allocator]
static HEAP: api::lambda::Heap = api::lambda::Heap;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    api::lambda::main(Loader::GET_MAX_DURATION, store_s3::open_to_read).await
}
