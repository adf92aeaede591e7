use artifact::Signal;
use progress::Reporter;

use crate::report::SignalCard;
use crate::text::percent;

impl SignalCard {
    /// Says in words what a check of `n_ratings` ratings found about `model`, and notes it with the reporter.
    pub fn new(signal: Signal, model: String, n_ratings: usize, reporter: &dyn Reporter) -> Self {
        let (rmse, twin_rmse) = (signal.rmse, signal.twin_rmse);
        let sentence = if signal.title_signal {
            format!(
                "Yes, these ratings say which titles people like: knowing the title makes predictions {} more accurate \
                 (an error of {rmse:.3} stars, compared with {twin_rmse:.3} when titles are shuffled).",
                percent(signal.gain / twin_rmse),
            )
        } else {
            format!(
                "No, these ratings do not say which titles people like: predictions are about as good when titles are \
                 shuffled (an error of {twin_rmse:.3} stars, compared with {rmse:.3}), so recommendations would be \
                 guesses.",
            )
        };
        reporter.note(&sentence);
        Self { sentence, signal, model, ratings_used: n_ratings as u64 }
    }
}
