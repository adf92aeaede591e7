//! How many films have a mean score above a threshold: the routes of [`Loader::GET_SCORE_COUNT`]. The artifacts come
//! from the store that the environment variable `ARTIFACT_URI` names, before the first event is accepted.

use std::process::ExitCode;

use api::Loader;

#[global_allocator]
static HEAP: api::lambda::Heap = api::lambda::Heap;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    api::lambda::main(Loader::GET_SCORE_COUNT, store_s3::open_to_read).await
}
