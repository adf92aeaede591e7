/// Who is told how long work gets on. One stage runs at a time.
pub trait Reporter: Sync {
    /// A stage of `total` units begins; 0 where the total is not known.
    fn start(&self, stage: &str, total: u64, unit: &str);
    /// `n` more units are done. May be called from many threads.
    fn advance(&self, n: u64);
    /// Something worth knowing beside the progress, in one line (a tuning trial, a stop rule that held).
    fn note(&self, line: &str);
    /// The stage ended.
    fn finish(&self);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn start(&self, _: &str, _: u64, _: &str) {}
    fn advance(&self, _: u64) {}
    fn note(&self, _: &str) {}
    fn finish(&self) {}
}

/// Passes progress on and keeps notes back: for work that is one step of many.
#[derive(Clone, Copy)]
pub(crate) struct WithoutNotes<'a>(pub(crate) &'a dyn Reporter);

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
