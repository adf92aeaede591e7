//! Who rates what, and when.

use catalog::Scale;

use super::bars::{of_bins, of_ratings, with_open};
use super::charts::{Bar, Named, histogram, horizontal_bars, line, scatter};
use crate::rating_scale::{amount, are_stars, as_large_as, axis};
use crate::report::{Activity, Month, Overview};
use crate::text::{count, number, percent};

/// Ratings a month needs for its mean to be drawn.
const MONTH_DRAWN: u64 = 30;

pub(super) fn draw(a: &Activity, overview: &Overview) -> String {
    if a.by_rating.is_empty() {
        return "<p>There are no ratings.</p>".to_owned();
    }
    format!(
        "<div class=\"figures\">{}{}{}{}{}{}</div>",
        counts(a, overview.scale),
        means(a, overview),
        spreads(a),
        months(a),
        month_means(a, overview.scale),
        cold(a)
    )
}

/// Ratings by value, per user and per title.
fn counts(a: &Activity, scale: Scale) -> String {
    let values: Vec<Bar> =
        of_ratings(&a.by_rating, scale).into_iter().map(|b| Bar { label: b.edge.clone(), ..b }).collect();
    let by_value = histogram(
        Named {
            title: "Ratings by value",
            note: if are_stars(scale) {
                "Values between half stars are rounded down."
            } else {
                "Values in between are rounded down."
            },
            x: &axis("rating", scale),
            y: "ratings",
        },
        &[],
        &values,
        false,
    );
    let note = |gini: Option<f64>, top: Option<f64>, whose: &str| {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        format!(
            "Gini coefficient {}; the {whose} {} of the ratings. Both axes are logarithmic.",
            or_dash(gini.map(|g| number(g, 3))),
            or_dash(top.map(percent))
        )
    };
    let per_user = histogram(
        Named {
            title: "Ratings per user",
            note: &note(a.gini_users, a.top_users_share, "most active 1% of the users gave"),
            x: "ratings by one user",
            y: "users",
        },
        &[],
        &of_bins(&a.by_user),
        true,
    );
    let per_title = histogram(
        Named {
            title: "Ratings per rated title",
            note: &note(a.gini_titles, a.top_titles_share, "most rated 1% of the titles received"),
            x: "ratings of one title",
            y: "titles",
        },
        &[],
        &of_bins(&a.by_title),
        true,
    );
    by_value + &per_user + &per_title
}

/// The means of titles, with the band in which chance would put most of them.
fn means(a: &Activity, overview: &Overview) -> String {
    let points: Vec<(f64, f64, String)> =
        a.points.iter().map(|p| (p.n as f64, p.mean, p.label.clone())).collect();
    let (mean, sd) = (overview.mean_rating.unwrap_or(0.0), overview.sd_rating.unwrap_or(0.0));
    let most = points.iter().map(|p| p.0).fold(2.0, f64::max);
    let lowest = points.iter().map(|p| p.1).fold(f64::MAX, f64::min);
    let highest = points.iter().map(|p| p.1).fold(f64::MIN, f64::max);
    let pad = as_large_as(0.05, overview.scale);
    let band: Vec<(f64, f64, f64)> = (0..=40)
        .map(|k| {
            let n = most.powf(f64::from(k) / 40.0);
            let half = 1.96 * sd / n.sqrt();
            (n, (mean - half).max(lowest - pad), (mean + half).min(highest + pad))
        })
        .collect();
    let shown = if (points.len() as u64) < overview.rated_titles {
        format!("{} of the rated titles.", count(points.len() as u64))
    } else {
        "All rated titles.".to_owned()
    };
    scatter(
        Named {
            title: "Mean rating of a title by its number of ratings",
            note: &format!(
                "{shown} If ratings were given to titles at random, about 95% of the means would be in the band."
            ),
            x: "ratings (logarithmic)",
            y: &axis("mean rating", overview.scale),
        },
        &points,
        &band,
        pad,
    )
}

/// How far the means of titles are apart, compared with chance.
fn spreads(a: &Activity) -> String {
    let bars: Vec<Bar> = a
        .mean_by_count
        .iter()
        .map(|g| {
            let edge =
                if g.low == g.high { count(g.low) } else { format!("{}–{}", count(g.low), count(g.high)) };
            let label = format!("{edge} ratings, {} titles", count(g.titles));
            Bar { edge, label, values: vec![g.sd / g.sd_by_chance.max(1e-9)], open: None }
        })
        .collect();
    horizontal_bars(
        Named {
            title: "How much the means of titles differ, compared with chance",
            note: "If ratings were given to titles at random, the values would be about 1. Above 1, titles do differ.",
            x: "standard deviation, multiples of chance",
            y: "ratings per title",
        },
        &[],
        &bars,
    )
}

fn sizes(months: &[Month]) -> Vec<u64> {
    let mut sizes: Vec<u64> = months.iter().map(|m| m.n).collect();
    sizes.sort_unstable();
    sizes
}

fn months(a: &Activity) -> String {
    let sizes = sizes(&a.months);
    let log = sizes.last() > sizes.get(sizes.len() / 2).map(|n| 50 * (n + 1)).as_ref();
    let bars: Vec<Bar> =
        a.months.iter().map(|m| Bar { values: vec![m.n as f64], ..with_open(&m.month, m.open) }).collect();
    histogram(
        Named {
            title: "Ratings over time",
            note: if log {
                "The vertical axis is logarithmic, because a few months have most of the ratings."
            } else {
                ""
            },
            x: "month",
            y: "ratings",
        },
        &[],
        &bars,
        log,
    )
}

fn month_means(a: &Activity, scale: Scale) -> String {
    // The mean of a few ratings is noise, and would stretch the axis for all.
    let least = sizes(&a.months).last().map_or(0, |&most| MONTH_DRAWN.min(most));
    let means: Vec<(String, Option<f64>, String)> = a
        .months
        .iter()
        .filter(|m| m.open.is_none())
        .map(|m| {
            let text = match m.mean {
                Some(mean) => format!("{}: mean {} of {} ratings", m.month, number(mean, 3), count(m.n)),
                None => format!("{}: no ratings", m.month),
            };
            (m.month.clone(), m.mean.filter(|_| m.n >= least), text)
        })
        .collect();
    let note = a.drift_per_year.map_or_else(String::new, |drift| {
        format!(
            "It changes by {} per year (least-squares line, months weighted by their ratings). Only months with \
             at least {least} ratings are drawn.",
            amount(&number(drift, 4), scale)
        )
    });
    let y = axis("mean rating", scale);
    line(Named { title: "Mean rating over time", note: &note, x: "month", y: &y }, &means)
}

fn cold(a: &Activity) -> String {
    let bars: Vec<Bar> = a
        .cold
        .iter()
        .map(|c| Bar {
            edge: c.platform.clone(),
            label: c.platform.clone(),
            values: vec![(c.titles - c.cold) as f64, (c.cold - c.cold_works) as f64, c.cold_works as f64],
            open: None,
        })
        .collect();
    horizontal_bars(
        Named {
            title: "Titles without ratings",
            note: "A title that is not rated anywhere can only be placed by what the catalog says about it.",
            x: "titles",
            y: "platform",
        },
        &["rated here", "rated on another platform only", "not rated"],
        &bars,
    )
}
