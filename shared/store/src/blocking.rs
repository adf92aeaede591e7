/// Runs CPU-bound work off the async threads.
///
/// # Panics
/// If the work panics.
pub async fn run_blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that shuts down cancels blocking work, and it does not poll this future any
            // more.
            Err(cancelled) => panic!("the runtime shut down while a task waited for it: {cancelled}"),
        },
    }
}
