//! What depends on the scale of the ratings: the bars of their histograms, and the words for an amount.

use catalog::Scale;

use crate::edges::Edges;

/// The fewest bars from the lowest rating to the highest.
const FEWEST_STEPS: f64 = 8.0;

/// The number of points from half a star to five, on which thresholds were chosen.
const STARS_SPAN: f64 = 4.5;

/// Returns the distance from the lowest rating to the highest.
fn span(scale: Scale) -> f64 {
    f64::from(scale.high()) - f64::from(scale.low())
}

/// Returns the width of a bar of ratings: of 1 and 5 times the powers of ten, the greatest that fits at least
/// eight times into the scale. It fits fewer than 40 times. Half a star on the scale from 0.5 to 5, 1 from 1
/// to 10, 10 from 0 to 100, and 0.1 from 0 to 1.
fn width(scale: Scale) -> f64 {
    let most = span(scale) / FEWEST_STEPS;
    let power = most.log10().floor() as i32;
    // One power more and one less, since the logarithm is rounded.
    let powers = (power - 1..=power + 1).rev();
    let widths = powers.flat_map(|k| [5.0, 1.0].map(|digit| of_ten(digit, k)));
    widths.into_iter().find(|&width| width <= most * (1.0 + 1e-9)).unwrap_or(most)
}

/// Returns `digit` times a power of ten, as the number that is written so.
fn of_ten(digit: f64, power: i32) -> f64 {
    if power < 0 { digit / 10_f64.powi(-power) } else { digit * 10_f64.powi(power) }
}

/// Returns the bars of ratings.
pub(crate) fn rating_edges(scale: Scale) -> Edges {
    Edges::Step(width(scale))
}

/// Returns the bars of mean ratings, which are half as wide.
pub(crate) fn mean_edges(scale: Scale) -> Edges {
    Edges::Step(width(scale) / 2.0)
}

/// Returns whether ratings are stars: from half a star or one star to five.
pub(crate) fn are_stars(scale: Scale) -> bool {
    [0.5, 1.0].contains(&scale.low()) && scale.high().to_bits() == 5_f32.to_bits()
}

/// Returns the unit of ratings; empty if they are not stars.
pub(crate) fn unit(scale: Scale) -> &'static str {
    if are_stars(scale) { "stars" } else { "" }
}

/// Writes the scale, such as `1 to 10`.
pub(crate) fn range(scale: Scale) -> String {
    scale.to_string().replace('-', "−")
}

/// Returns the name of an axis of ratings: `name` with their unit or their scale.
pub(crate) fn axis(name: &str, scale: Scale) -> String {
    if are_stars(scale) { format!("{name}, stars") } else { format!("{name}, {}", range(scale)) }
}

/// Returns `name`, which is of ratings, with their unit or their scale in words.
pub(crate) fn named(name: &str, scale: Scale) -> String {
    if are_stars(scale) {
        format!("{name}, stars")
    } else {
        format!("{name}, on a scale of {}", range(scale))
    }
}

/// Writes a difference of ratings, with the unit if they have one.
pub(crate) fn amount(text: &str, scale: Scale) -> String {
    if are_stars(scale) { format!("{text} stars") } else { text.to_owned() }
}

/// Returns the number of digits after the point that the edges of bars have, at least two.
pub(crate) fn digits(scale: Scale) -> usize {
    (1.0 - (width(scale).log10() + 1e-9).floor()).max(2.0) as usize
}

/// Returns a difference of ratings that is as large on this scale as `stars` are on the one from 0.5 to 5.
pub(crate) fn as_large_as(stars: f64, scale: Scale) -> f64 {
    stars * (span(scale) / STARS_SPAN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::Bin;

    /// The most bars of ratings: fewer than 40 steps, and a bar that holds the highest rating.
    const MOST: usize = 41;

    fn on(text: &str) -> Scale {
        text.parse().unwrap()
    }

    /// Returns the bars of ratings from one end of the scale to the other.
    fn bars(scale: Scale, edges: Edges) -> Vec<Bin> {
        edges.histogram(&[f64::from(scale.low()), f64::from(scale.high())])
    }

    #[test]
    fn bars_of_the_usual_scales_are_round() {
        for (scale, width, n) in [
            ("0.5:5", 0.5, 10),
            ("1:5", 0.5, 9),
            ("0:5", 0.5, 11),
            ("1:10", 1.0, 10),
            ("0:10", 1.0, 11),
            ("-10:10", 1.0, 21),
            ("0:100", 10.0, 11),
            ("1:100", 10.0, 11),
            ("0:1", 0.1, 11),
            ("1:7", 0.5, 13),
        ] {
            assert_eq!(rating_edges(on(scale)), Edges::Step(width), "{scale}");
            assert_eq!(mean_edges(on(scale)), Edges::Step(width / 2.0), "{scale}");
            assert_eq!(bars(on(scale), rating_edges(on(scale))).len(), n, "{scale}");
        }
    }

    #[test]
    fn a_tenth_is_in_the_bar_that_it_begins() {
        let scale = on("0:1");
        let tenths: Vec<f64> = (0..=10_u8).map(|n| f64::from(f32::from(n) / 10.0)).collect();
        let bars = rating_edges(scale).histogram(&tenths);
        assert_eq!(bars.iter().map(|bar| bar.n).collect::<Vec<_>>(), [1; 11]);
        assert_eq!(bars[3].low.to_string(), "0.3");
    }

    #[test]
    fn only_stars_are_called_stars() {
        let scales = ["0.5:5", "1:5", "0:5", "1:10", "-10:10"];
        let names = scales.map(|scale| axis("rating", on(scale)));
        assert_eq!(
            names,
            ["rating, stars", "rating, stars", "rating, 0 to 5", "rating, 1 to 10", "rating, −10 to 10"]
        );
        assert_eq!([amount("0.1", on("1:5")), amount("0.1", on("0:5"))], ["0.1 stars", "0.1"]);
        let spans = scales.map(|scale| as_large_as(STARS_SPAN, on(scale)).to_string());
        assert_eq!(spans, ["4.5", "4", "5", "9", "20"]);
        let ends = ["0:100", "0.5:5", "0:1", "0:0.1"].map(|scale| digits(on(scale)));
        assert_eq!(ends, [2, 2, 2, 3]);
    }

    proptest! {
        #[test]
        fn bars_cover_any_scale_and_depend_on_nothing_else(
            low in -1e9_f32..1e9,
            exponent in -3..9,
            digits in 1.0_f32..10.0,
            parts in proptest::collection::vec(0.0_f64..=1.0, 1..50),
        ) {
            let high = low + digits * 10_f32.powi(exponent);
            prop_assume!(high > low);
            let scale = Scale::new(low, high).unwrap();
            for (edges, most) in [(rating_edges(scale), MOST), (mean_edges(scale), 2 * MOST)] {
                let all = bars(scale, edges);
                prop_assert!((9..=most).contains(&all.len()), "{} bars", all.len());
                prop_assert!(all.iter().all(|bar| bar.low < bar.high && bar.open.is_none()));
                let rounding = f64::from(f32::EPSILON) * f64::from(low.abs().max(high.abs()));
                prop_assert!(all[0].low <= f64::from(low) + rounding);
                prop_assert!(all[all.len() - 1].high > f64::from(high));

                let mut ratings: Vec<f64> =
                    parts.iter().map(|part| f64::from(low) + part * span(scale)).collect();
                ratings.sort_unstable_by(f64::total_cmp);
                let found = edges.histogram(&ratings);
                prop_assert_eq!(found.iter().map(|bar| bar.n).sum::<u64>(), ratings.len() as u64);
                let is_known = |bar: &Bin| all.iter().any(|a| (a.low, a.high) == (bar.low, bar.high));
                prop_assert!(found.iter().all(is_known), "{found:?} of {all:?}");
            }
        }
    }
}
