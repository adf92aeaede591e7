//! Which columns are associated.

use super::charts::{Named, heatmap};
use super::html::{Row, escape, table};
use crate::report::{Associations, Pair, measure_name};
use crate::text::{count, number};

/// Pairs that the table of the strongest associations names.
const STRONGEST: usize = 12;
/// Rows a pair needs for that.
const LEAST_ROWS: u64 = 100;

pub(super) fn draw(all: &[Associations]) -> String {
    // Without ratings, nothing is measured on them.
    all.iter().filter(|of| of.rows > 0).map(|of| matrix(of) + &strongest(of)).collect()
}

fn matrix(a: &Associations) -> String {
    let n = a.columns.len();
    let mut values = vec![vec![None; n]; n];
    let mut texts = vec![vec![String::new(); n]; n];
    for pair in &a.pairs {
        let value = pair.value.map_or_else(|| "none".to_owned(), |v| number(v, 3));
        let text = format!(
            "{} and {}: {} {value}, {} rows",
            a.columns[pair.a],
            a.columns[pair.b],
            measure_name(&pair.measure),
            count(pair.n)
        );
        for (x, y) in [(pair.a, pair.b), (pair.b, pair.a)] {
            values[x][y] = pair.value;
            texts[x][y].clone_from(&text);
        }
    }
    let used = if a.rows_used < a.rows {
        format!(" Measured on {} of {} rows, at equal distances.", count(a.rows_used), count(a.rows))
    } else {
        String::new()
    };
    let note = format!(
        "In hundredths. Two numbers: Spearman's ρ (orange if negative). Two categories: Cramér's V, corrected for bias. \
         A category and a number: correlation ratio η.{used}"
    );
    let title = format!("Associations: {}", a.table);
    heatmap(
        Named { title: &title, note: &note, ..Named::default() },
        &a.columns,
        &a.columns,
        &values,
        1.0,
        &|x, y| texts[x][y].clone(),
    )
}

fn strongest(a: &Associations) -> String {
    let mut pairs: Vec<(f64, &Pair)> =
        a.pairs.iter().filter(|p| p.n >= LEAST_ROWS).filter_map(|p| Some((p.value?, p))).collect();
    pairs.sort_by(|x, y| y.0.abs().total_cmp(&x.0.abs()));
    let rows: Vec<Row> = pairs
        .iter()
        .take(STRONGEST)
        .map(|(value, p)| {
            vec![
                format!("{} and {}", a.columns[p.a], a.columns[p.b]),
                number(*value, 3),
                measure_name(&p.measure).to_owned(),
                count(p.n),
            ]
        })
        .collect();
    format!(
        "<h3>The strongest associations: {}</h3>{}",
        escape(&a.table),
        table("Strongest associations", &["columns", "value", "measure", "rows"], &rows)
    )
}
