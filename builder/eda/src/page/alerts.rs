//! What a reader should know before using a column.

use std::fmt::Write as _;

use super::html::{Row, escape, table};
use crate::report::{Alert, Spellings};
use crate::text::{count, left_out, short};

pub(super) fn draw(alerts: &[Alert], spellings: &[Spellings]) -> String {
    if alerts.is_empty() {
        return "<p>There is nothing to watch out for.</p>".to_owned();
    }
    let mut html = String::from("<ul class=\"alerts\">");
    for alert in alerts {
        let _ = write!(
            html,
            "<li><span class=\"tag\">{}</span> <strong>{}</strong> ({}): {}</li>",
            escape(&alert.kind),
            escape(&alert.column),
            escape(&alert.table),
            escape(&alert.text)
        );
    }
    html + "</ul>" + &several_ways(spellings)
}

/// Lists the spellings of values that are written in several ways.
fn several_ways(spellings: &[Spellings]) -> String {
    if spellings.is_empty() {
        return String::new();
    }
    let mut rows: Vec<Row> = Vec::new();
    for of in spellings {
        for value in &of.groups {
            let mut words: Vec<String> =
                value.spellings.iter().map(|s| format!("{}: {}", short(&s.label, 60), count(s.n))).collect();
            if value.spellings_left_out > 0 {
                words.push(format!("and {} more", count(value.spellings_left_out)));
            }
            rows.push(vec![of.column.clone(), words.join("; ")]);
        }
        if of.groups_left_out > 0 {
            rows.push(vec![of.column.clone(), left_out(of.groups_left_out, "value")]);
        }
    }
    format!(
        "<h3>What is written in several ways</h3>{}",
        table(
            "Values that are probably the same",
            &["column", "spellings, with the titles that have each"],
            &rows
        )
    )
}
