use artifact::Signal;
use catalog::Scale;
use progress::Reporter;

use crate::rating_scale::{amount, are_stars, range};
use crate::report::SignalCard;
use crate::text::percent;

impl SignalCard {
    /// Says in words what a check of `n_ratings` ratings on this scale found about `model`, and notes it with
    /// the reporter.
    pub fn new(
        signal: Signal,
        model: String,
        n_ratings: usize,
        scale: Scale,
        reporter: &dyn Reporter,
    ) -> Self {
        let (rmse, twin_rmse) = (signal.rmse, signal.twin_rmse);
        let error = |rmse: f64| {
            let text = format!("{rmse:.3}");
            if are_stars(scale) {
                amount(&text, scale)
            } else {
                format!("{text} on a scale of {}", range(scale))
            }
        };
        let sentence = if signal.title_signal {
            format!(
                "Yes, these ratings say which titles people like: knowing the title makes predictions {} more accurate \
                 (an error of {}, compared with {twin_rmse:.3} when titles are shuffled).",
                percent(signal.gain / twin_rmse),
                error(rmse),
            )
        } else {
            format!(
                "No, these ratings do not say which titles people like: predictions are about as good when titles are \
                 shuffled (an error of {}, compared with {rmse:.3}), so recommendations would be guesses.",
                error(twin_rmse),
            )
        };
        reporter.note(&sentence);
        Self { sentence, signal, model, ratings_used: n_ratings as u64 }
    }
}
