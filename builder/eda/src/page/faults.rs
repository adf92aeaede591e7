//! What was wrong with the input, and what was done about it.

use tables::Reason;

use super::html::{Row, escape, table};
use crate::report::{Count, Faults};
use crate::text::{count, short};

pub(super) fn draw(f: &Faults) -> String {
    let rows: Vec<Row> = f
        .found
        .iter()
        .map(|fault| {
            vec![
                fault.what.clone(),
                count(fault.n),
                fault.handling.clone(),
                in_words(&fault.by_source, fault.sources_left_out),
                fault.examples.iter().map(|e| short(e, 60)).collect::<Vec<_>>().join("\n"),
            ]
        })
        .collect();
    let absent = if f.absent.is_empty() {
        String::new()
    } else {
        format!(
            "<p class=\"note\">Looked for and not found: {}.</p>",
            escape(&f.absent.join(", ").replace('_', " "))
        )
    };
    format!(
        "<p>{}</p>{}{absent}",
        intro(f),
        table("Faults", &["fault", "number", "what was done", "where", "examples"], &rows)
    )
}

fn intro(f: &Faults) -> String {
    let mut codes = f.found.iter().map(|fault| &fault.code).chain(&f.absent);
    let rejects_known = codes.any(|code| Reason::from_name(code).is_some());
    match f.rows_read {
        Some(rows) => format!(
            "{} rows were read. Each one is clean, rejected with a reason, or replaced by another rating.",
            count(rows)
        ),
        None if rejects_known => "This report was made from clean tables and the rows that were rejected. It does not \
                                  list repairs of other rows; a report made from the raw files does."
            .to_owned(),
        None => "This report was made from clean tables, which do not say what was cleaned; a report made from the raw \
                 files lists every fault."
            .to_owned(),
    }
}

fn in_words(counts: &[Count], n_left_out: u64) -> String {
    let mut words: Vec<String> = counts.iter().map(|c| format!("{}: {}", c.label, count(c.n))).collect();
    if n_left_out > 0 {
        words.push(format!("and {} more", count(n_left_out)));
    }
    words.join("; ")
}
