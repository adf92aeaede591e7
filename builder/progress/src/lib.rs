//! Progress of long-running work. Libraries report to a [`Reporter`] and print nothing; the caller decides
//! what to show.

/// Receives the progress of long-running work, one stage at a time.
pub trait Reporter: Sync {
    /// Called when a stage of `total` units begins; `total` is 0 if it is not known.
    fn start(&self, stage: &str, total: u64, unit: &str);
    /// Called when `n` more units are done, possibly from many threads.
    fn advance(&self, n: u64);
    /// Called with one line worth showing next to the progress bar, such as a finished trial.
    fn note(&self, line: &str);
    /// Called when the stage ends.
    fn finish(&self);
}

/// Discards all progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn start(&self, _: &str, _: u64, _: &str) {}
    fn advance(&self, _: u64) {}
    fn note(&self, _: &str) {}
    fn finish(&self) {}
}

/// Passes progress on and discards notes, for work that is one step of many.
#[derive(Clone, Copy)]
pub struct WithoutNotes<'a>(pub &'a dyn Reporter);

impl std::fmt::Debug for WithoutNotes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WithoutNotes")
    }
}

impl Reporter for WithoutNotes<'_> {
    fn start(&self, stage: &str, total: u64, unit: &str) {
        self.0.start(stage, total, unit);
    }
    fn advance(&self, n: u64) {
        self.0.advance(n);
    }
    fn note(&self, _: &str) {}
    fn finish(&self) {
        self.0.finish();
    }
}
