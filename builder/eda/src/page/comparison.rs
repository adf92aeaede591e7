//! This data set compared with another.

use catalog::Scale;

use super::bars::single;
use super::charts::{Bar, Named, horizontal_bars};
use super::html::{Row, escape, table};
use crate::rating_scale::range;
use crate::report::{Comparison, Shift};
use crate::text::{number, percent};

/// Draws a comparison of data with ratings on this scale.
pub(super) fn draw(c: &Comparison, scale: Scale) -> String {
    let counts: Vec<Row> = c
        .counts
        .iter()
        .map(|row| {
            let change = if row.other <= 0.0 {
                "–".to_owned()
            } else {
                format!("{}%", number(100.0 * (row.this / row.other - 1.0), 1))
            };
            vec![row.what.clone(), number(row.this, 4), number(row.other, 4), change]
        })
        .collect();
    format!(
        "<p>These data are compared with {}, which is what was expected.{}</p>{}<div class=\"figures\">{}</div>{}",
        escape(&c.other),
        c.other_scale.map_or_else(String::new, |other| scales(scale, other)),
        table("Sizes", &["", "these data", "expected", "change"], &counts),
        distances(&c.shifts),
        shifts(&c.shifts)
    )
}

/// Says how ratings on different scales are compared.
fn scales(this: Scale, other: Scale) -> String {
    format!(
        " These ratings are on a scale of {}, the expected ones on a scale of {}, so mean ratings are compared by their \
         place on the scale, and the bars of ratings are not compared.",
        range(this),
        range(other)
    )
}

fn distances(shifts: &[Shift]) -> String {
    let bars: Vec<Bar> = shifts
        .iter()
        .filter_map(|s| {
            let label = format!("{} of {} (shift: {})", s.column, s.table, s.level);
            Some(Bar { label, ..single(&s.column, s.psi?) })
        })
        .collect();
    horizontal_bars(
        Named {
            title: "How much the distributions shifted",
            note: "Population stability index: below 0.1 the shift is negligible, above 0.25 it is large.",
            x: "population stability index",
            y: "column",
        },
        &[],
        &bars,
    )
}

fn shifts(shifts: &[Shift]) -> String {
    let rows: Vec<Row> = shifts
        .iter()
        .map(|s| {
            vec![
                s.column.clone(),
                s.table.clone(),
                s.psi.map_or_else(|| "–".to_owned(), |v| number(v, 3)),
                s.level.clone(),
                percent(s.missing),
                percent(s.missing_other),
            ]
        })
        .collect();
    let header =
        ["column", "table", "index", "shift", "missing in these data", "missing in the expected data"];
    table("Shifts", &header, &rows)
}
