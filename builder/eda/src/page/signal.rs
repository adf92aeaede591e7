//! Whether the ratings tell titles apart.

use catalog::Scale;

use super::bars::single;
use super::charts::{Bar, Named, horizontal_bars, interval};
use super::html::escape;
use crate::rating_scale::are_stars;
use crate::report::SignalCard;
use crate::text::count;

pub(super) fn draw(card: &SignalCard, scale: Scale) -> String {
    let s = &card.signal;
    let gain = interval(
        Named {
            title: "How much knowing the title helps",
            note: "How much smaller the model's error on held-out ratings is than that of a model trained with each \
                   user's titles shuffled. If the interval includes 0, the difference may be chance.",
            x: if are_stars(scale) {
                "error saved, stars (RMSE), with its 95% interval"
            } else {
                "error saved (RMSE), with its 95% interval"
            },
            y: "error saved",
        },
        s.gain,
        s.gain_low,
        s.gain_high,
    );
    let shares = [
        ("the user", s.variance.user),
        ("the title", s.variance.title),
        ("predicted taste", s.variance.interaction),
        ("the rest", s.variance.rest),
    ];
    let bars: Vec<Bar> = shares.iter().map(|(name, share)| single(name, 100.0 * share)).collect();
    let shares = horizontal_bars(
        Named {
            title: "Where the differences between ratings come from",
            note: "The rest is noise, and taste that the model does not capture.",
            x: "share of the variance, %",
            y: "source",
        },
        &[],
        &bars,
    );
    format!(
        "<p class=\"verdict\">{}</p><div class=\"figures\">{gain}{shares}</div>\
         <p class=\"note\">Checked with {} ratings on {} random splits. The model: {}. {}</p>",
        escape(&card.sentence),
        count(card.ratings_used),
        s.n_seeds,
        escape(&card.model),
        escape(&s.verdict)
    )
}
