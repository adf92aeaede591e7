//! One analysis compared with another.

use catalog::Scale;

use crate::report::{ColumnCard, ColumnType, Compared, Comparison, Eda, Shift};
use crate::stats::{rounded, stability_index};

/// Groups of values that are compared, in addition to the missing ones.
const GROUPS: usize = 10;

/// Compares `this` with `other`, which is what was expected and is called `name`.
pub(crate) fn compare(this: &Eda, other: &Eda, name: &str) -> Comparison {
    let (a, b) = (&this.overview, &other.overview);
    let mut counts = Vec::new();
    let mut count = |what: &str, this: f64, other: f64| {
        counts.push(Compared { what: what.to_owned(), this, other });
    };
    count("titles", a.titles as f64, b.titles as f64);
    count("works", a.works as f64, b.works as f64);
    count("rated titles", a.rated_titles as f64, b.rated_titles as f64);
    count("users", a.users as f64, b.users as f64);
    count("ratings", a.ratings as f64, b.ratings as f64);
    count("density", a.density, b.density);
    // What counts as a like has no part in the bars.
    let other_scale = Some(b.scale).filter(|s| (s.low(), s.high()) != (a.scale.low(), a.scale.high()));
    match (a.mean_rating, b.mean_rating) {
        (Some(x), Some(y)) if other_scale.is_some() => {
            count("mean rating, from 0 (lowest) to 1 (highest)", place(x, a.scale), place(y, b.scale));
        }
        (Some(x), Some(y)) => count("mean rating", x, y),
        _ => {}
    }
    let faults = |eda: &Eda| eda.faults.found.iter().map(|f| f.n).sum::<u64>() as f64;
    if this.faults.rows_read.is_some() && other.faults.rows_read.is_some() {
        count("faults", faults(this), faults(other));
    }
    let mut shifts = Vec::new();
    for table in &this.tables {
        let Some(there) = other.tables.iter().find(|t| t.name == table.name) else { continue };
        for card in &table.columns {
            if let Some(expected) = there.columns.iter().find(|c| c.name == card.name) {
                let is_rating = matches!(card.name.as_str(), "rating" | "mean_rating");
                let psi = if is_rating && other_scale.is_some() { None } else { psi(card, expected) };
                shifts.push(shift(&table.name, card, expected, psi));
            }
        }
    }
    shifts.sort_by(|x, y| y.psi.unwrap_or(-1.0).total_cmp(&x.psi.unwrap_or(-1.0)));
    Comparison { other: name.to_owned(), other_scale, counts, shifts }
}

/// Returns the place of a rating on its scale, from 0 for the lowest to 1 for the highest.
fn place(rating: f64, scale: Scale) -> f64 {
    let (low, high) = (f64::from(scale.low()), f64::from(scale.high()));
    rounded((rating - low) / (high - low))
}

fn shift(table: &str, card: &ColumnCard, expected: &ColumnCard, psi: Option<f64>) -> Shift {
    let level = match psi {
        None => "unknown",
        Some(psi) if psi < 0.1 => "none",
        Some(psi) if psi <= 0.25 => "some",
        Some(_) => "much",
    };
    let missing = |c: &ColumnCard| rounded(c.missing as f64 / c.rows.max(1) as f64);
    Shift {
        table: table.to_owned(),
        column: card.name.clone(),
        psi,
        level: level.to_owned(),
        missing: missing(card),
        missing_other: missing(expected),
    }
}

/// Returns the population stability index of a column: over the bars of the histogram for numbers, dates and
/// texts, and over the values that are most frequent in `expected` for categories and lists. Identifiers are
/// not compared: different users are not a shift.
fn psi(card: &ColumnCard, expected: &ColumnCard) -> Option<f64> {
    let (mut there, mut here) = match card.column_type {
        ColumnType::Identifier => return None,
        ColumnType::Category | ColumnType::List => by_word(card, expected),
        _ => by_bar(card, expected),
    };
    there.push(expected.missing);
    here.push(card.missing);
    stability_index(&there, &here)
}

/// Counts of both by word, those of `expected` first; all other words are the last group.
fn by_word(card: &ColumnCard, expected: &ColumnCard) -> (Vec<u64>, Vec<u64>) {
    let all = |c: &ColumnCard| c.top.iter().map(|t| t.n).sum::<u64>() + c.other;
    let (mut there, mut here) = (Vec::new(), Vec::new());
    for word in expected.top.iter().take(GROUPS) {
        there.push(word.n);
        here.push(card.top.iter().find(|t| t.label == word.label).map_or(0, |t| t.n));
    }
    let rest = |c: &ColumnCard, named: &[u64]| all(c) - named.iter().sum::<u64>();
    let (rest_there, rest_here) = (rest(expected, &there), rest(card, &here));
    there.push(rest_there);
    here.push(rest_here);
    (there, here)
}

/// Joins neighboring bars until each group holds about a tenth of what is expected. Counts of both by group,
/// those of `expected` first.
fn by_bar(card: &ColumnCard, expected: &ColumnCard) -> (Vec<u64>, Vec<u64>) {
    let mut edges: Vec<f64> = card.histogram.iter().chain(&expected.histogram).map(|bin| bin.low).collect();
    edges.sort_unstable_by(f64::total_cmp);
    edges.dedup();
    let at = |c: &ColumnCard, low: f64| {
        c.histogram.binary_search_by(|bin| bin.low.total_cmp(&low)).map_or(0, |at| c.histogram[at].n)
    };
    let all: u64 = expected.histogram.iter().map(|bin| bin.n).sum();
    let (mut there, mut here) = (vec![0_u64], vec![0_u64]);
    for low in edges {
        if there[there.len() - 1] * GROUPS as u64 >= all.max(1) {
            there.push(0);
            here.push(0);
        }
        let last = there.len() - 1;
        there[last] += at(expected, low);
        here[last] += at(card, low);
    }
    (there, here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Bin, Count};

    fn card(column_type: ColumnType, bars: &[u64], words: &[(&str, u64)]) -> ColumnCard {
        ColumnCard {
            name: "c".to_owned(),
            column_type,
            unit: String::new(),
            rows: 100,
            missing: 0,
            distinct: 1,
            spread: None,
            histogram: bars
                .iter()
                .enumerate()
                .map(|(at, &n)| Bin { low: at as f64, high: at as f64 + 1.0, n, open: None })
                .collect(),
            top: words.iter().map(|&(label, n)| Count { label: label.to_owned(), n }).collect(),
            other: 0,
            lowest: Vec::new(),
            highest: Vec::new(),
        }
    }

    #[test]
    fn bars_and_words_are_compared_group_by_group() {
        let number = |bars: &[u64]| card(ColumnType::Number, bars, &[]);
        assert_eq!(psi(&number(&[75, 25]), &number(&[50, 50])), Some(0.274_653));
        // A hundred equal bars are joined into ten groups.
        assert_eq!(by_bar(&number(&[1; 100]), &number(&[1; 100])).0, [10; 10]);
        let word = |words: &[(&str, u64)]| card(ColumnType::Category, &[], words);
        assert_eq!(psi(&word(&[("b", 25), ("a", 75)]), &word(&[("a", 50), ("b", 50)])), Some(0.274_653));
        assert!(psi(&word(&[("z", 9)]), &word(&[("a", 9)])).unwrap() > 1.0);
        assert_eq!(
            psi(&card(ColumnType::Identifier, &[1], &[]), &card(ColumnType::Identifier, &[1], &[])),
            None
        );
    }
}
