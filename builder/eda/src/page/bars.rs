//! Counts as bars.

use super::charts::Bar;
use crate::report::{Bin, Count, Grid};
use crate::text::number;

/// Makes a bar with one value.
pub(super) fn single(name: &str, value: f64) -> Bar {
    Bar { edge: name.to_owned(), label: name.to_owned(), values: vec![value] }
}

/// Makes the bars of a histogram; `whole` means that values are whole numbers, so that a bar ends before the
/// next begins.
pub(super) fn of_bins(bins: &[Bin], whole: bool) -> Vec<Bar> {
    let named = bins.iter().map(|bin| {
        let edge = number(bin.low, 2);
        let label = match (whole, bin.high - bin.low > 1.0) {
            (true, true) => format!("{edge}–{}", number(bin.high - 1.0, 2)),
            (true, false) => edge.clone(),
            (false, _) => format!("{edge}–{}", number(bin.high, 2)),
        };
        Bar { edge, label, values: vec![bin.n as f64] }
    });
    named.collect()
}

/// Makes the bars of a histogram of years, which have no comma between thousands.
pub(super) fn of_years(bins: &[Bin]) -> Vec<Bar> {
    of_bins(bins, true)
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
    grid.rows
        .iter()
        .zip(&grid.counts)
        .map(|(name, counts)| Bar {
            edge: name.clone(),
            label: name.clone(),
            values: counts.iter().map(|&n| n as f64).collect(),
        })
        .collect()
}
