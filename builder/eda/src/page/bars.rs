//! Counts as bars.

use catalog::Scale;

use super::charts::Bar;
use crate::dates::day;
use crate::rating_scale::digits;
use crate::report::{Bin, Count, Grid, OpenEnd};
use crate::text::number;

/// Makes a bar with one value.
pub(super) fn single(name: &str, value: f64) -> Bar {
    Bar { edge: name.to_owned(), label: name.to_owned(), values: vec![value], open: None }
}

/// Makes the open bar below or above all others. `say` writes its only edge.
fn beyond(end: OpenEnd, edge: &str, values: Vec<f64>) -> Bar {
    let name = match end {
        OpenEnd::Below => format!("< {edge}"),
        OpenEnd::Above => format!("≥ {edge}"),
    };
    Bar { edge: name.clone(), label: name, values, open: Some(end) }
}

/// Makes the bars of a histogram. `say` writes their edges.
pub(super) fn of_histogram(
    bins: &[Bin],
    say: impl Fn(&Bin) -> Bar,
    edge: impl Fn(f64) -> String,
) -> Vec<Bar> {
    let bars = bins.iter().map(|bin| match bin.open {
        None => say(bin),
        Some(OpenEnd::Below) => beyond(OpenEnd::Below, &edge(bin.high), vec![bin.n as f64]),
        Some(OpenEnd::Above) => beyond(OpenEnd::Above, &edge(bin.low), vec![bin.n as f64]),
    });
    bars.collect()
}

/// Makes the bars of a histogram of whole numbers, where a bar ends before the next begins.
pub(super) fn of_bins(bins: &[Bin]) -> Vec<Bar> {
    let say = |bin: &Bin| {
        let edge = number(bin.low, 2);
        let label = if bin.high - bin.low > 1.0 {
            format!("{edge}–{}", number(bin.high - 1.0, 2))
        } else {
            edge.clone()
        };
        Bar { label, ..single(&edge, bin.n as f64) }
    };
    of_histogram(bins, say, |edge| number(edge, 2))
}

/// Makes the bars of a histogram of ratings or of their means. Names end where the scale does: the last bar
/// has the highest rating alone.
pub(super) fn of_ratings(bins: &[Bin], scale: Scale) -> Vec<Bar> {
    let (lowest, highest) = (f64::from(scale.low()), f64::from(scale.high()));
    let written = |edge: f64| number(edge.clamp(lowest, highest), digits(scale));
    let say = |bin: &Bin| {
        let edge = written(bin.low);
        let label = if bin.low >= highest { edge.clone() } else { format!("{edge}–{}", written(bin.high)) };
        Bar { label, ..single(&edge, bin.n as f64) }
    };
    of_histogram(bins, say, written)
}

/// Makes the bars of a histogram of months.
pub(super) fn of_months(bins: &[Bin]) -> Vec<Bar> {
    let month = |edge: f64| day(edge as i64)[..7].to_owned();
    of_histogram(bins, |bin| single(&month(bin.low), bin.n as f64), month)
}

/// Makes the bars of a histogram of years, which have no comma between thousands.
pub(super) fn of_years(bins: &[Bin]) -> Vec<Bar> {
    of_bins(bins)
        .into_iter()
        .map(|bar| Bar { edge: bar.edge.replace(',', ""), label: bar.label.replace(',', ""), ..bar })
        .collect()
}

/// Makes a bar for each label.
pub(super) fn of_counts(counts: &[Count]) -> Vec<Bar> {
    counts.iter().map(|c| single(&c.label, c.n as f64)).collect()
}

/// Makes a bar for each row, with a series for each column.
pub(super) fn of_grid(grid: &Grid) -> Vec<Bar> {
    let last = grid.rows.len().saturating_sub(1);
    let bars = grid.rows.iter().zip(&grid.counts).enumerate().map(|(at, (name, counts))| {
        let open = grid.open.iter().copied().find(|end| match end {
            OpenEnd::Below => at == 0,
            OpenEnd::Above => at == last,
        });
        Bar { values: counts.iter().map(|&n| n as f64).collect(), ..with_open(name, open) }
    });
    bars.collect()
}

/// Makes a bar of a year or a month, which counts everything beyond it if it is open. It has no values yet.
pub(super) fn with_open(name: &str, open: Option<OpenEnd>) -> Bar {
    let name = match open {
        None => name.to_owned(),
        Some(OpenEnd::Below) => format!("≤ {name}"),
        Some(OpenEnd::Above) => format!("≥ {name}"),
    };
    Bar { edge: name.clone(), label: name, values: Vec::new(), open }
}
