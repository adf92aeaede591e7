//! How one card is filled.

use catalog::Title;
use rayon::prelude::*;

use crate::edges::Edges;
use crate::report::{ColumnCard, ColumnType, Count, Extreme};
use crate::stats::Spread;
use crate::text;

/// Values named in a card.
pub(super) const TOP: usize = 20;
/// Rows named at each end of a column.
const EXTREMES: usize = 5;
/// Rows shown of a table.
pub(super) const SAMPLE: usize = 8;

/// Returns the card of a column about which only its rows are known.
pub(super) fn empty(name: &str, column_type: ColumnType, unit: &str, rows: usize) -> ColumnCard {
    ColumnCard {
        name: name.to_owned(),
        column_type,
        unit: unit.to_owned(),
        rows: rows as u64,
        missing: 0,
        distinct: 0,
        spread: None,
        histogram: Vec::new(),
        top: Vec::new(),
        other: 0,
        lowest: Vec::new(),
        highest: Vec::new(),
    }
}

/// Summarizes the values that are there, and names the titles at both ends.
pub(super) fn fill_numbers(card: &mut ColumnCard, edges: Edges, titles: &[Title], values: &[Option<f64>]) {
    let mut present: Vec<f64> = values.iter().copied().flatten().collect();
    card.missing = (values.len() - present.len()) as u64;
    present.par_sort_unstable_by(f64::total_cmp);
    card.spread = Spread::of_sorted(&present);
    card.histogram = edges.histogram(&present);
    card.distinct = present.chunk_by(|a, b| a.total_cmp(b).is_eq()).count() as u64;
    (card.lowest, card.highest) = extremes(titles, values, EXTREMES);
}

/// Names the most frequent of all counted values.
pub(super) fn fill_top(card: &mut ColumnCard, counts: Vec<Count>) {
    card.distinct = counts.len() as u64;
    card.other = counts.iter().skip(TOP).map(|c| c.n).sum();
    card.top = counts.into_iter().take(TOP).map(|c| Count { label: text::name(&c.label), ..c }).collect();
}

/// Returns the `n` titles with the smallest values and the `n` with the greatest; of equal values, the
/// earlier title comes first.
pub(crate) fn extremes(titles: &[Title], values: &[Option<f64>], n: usize) -> (Vec<Extreme>, Vec<Extreme>) {
    let mut rows: Vec<(usize, f64)> =
        values.iter().enumerate().filter_map(|(row, value)| value.map(|v| (row, v))).collect();
    let named = |rows: &[(usize, f64)]| {
        let shown = rows.iter().take(n).map(|&(row, value)| Extreme {
            value,
            id: titles[row].id.to_string(),
            label: text::name(&titles[row].display),
        });
        shown.collect::<Vec<_>>()
    };
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let lowest = named(&rows);
    rows.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    (lowest, named(&rows))
}
