//! The longest title. The routes are those of [`Function::GetMaxDuration`]; the artifacts come from the store that the
//! environment variable `ARTIFACT_URI` names, before the first event is accepted.

use std::process::ExitCode;

use api::Function;

#[global_allocator]
static HEAP: api::lambda::Heap = api::lambda::Heap;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    api::lambda::main(Function::GetMaxDuration, store_s3::open).await
}
