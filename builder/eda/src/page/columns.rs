//! A table, column by column.

use std::fmt::Write as _;

use catalog::Scale;

use super::bars::{of_bins, of_counts, of_months, of_ratings, of_years, single};
use super::charts::{Bar, Named, heatmap, histogram, horizontal_bars};
use super::html::{Row, escape, table};
use crate::dates::day;
use crate::rating_scale::{are_stars, axis};
use crate::report::{ColumnCard, ColumnType, Extreme, TableCard};
use crate::stats::Spread;
use crate::text::{count, left_out, number, ratio, short};

/// Bars of the most frequent values.
const DRAWN: usize = 8;

/// Draws a table. Ratings are on this scale.
pub(super) fn draw(of: &TableCard, scale: Scale) -> String {
    let cards: String = of.columns.iter().map(|card| column(card, scale)).collect();
    let mut html = format!("<p>{} rows.</p><div class=\"figures\">{cards}</div>", count(of.rows));
    if of.name == "titles" {
        html += &missing(of);
    }
    if !of.duplicates.is_empty() {
        let rows: Vec<Row> =
            of.duplicates.iter().map(|d| vec![d.what.clone(), count(d.n), d.examples.join("\n")]).collect();
        html += "<h3>What occurs more than once</h3>";
        html += &table("Duplicates", &["what", "number", "examples"], &rows);
    }
    if !of.sample.is_empty() {
        html += "<h3>A sample of the rows</h3>";
        let header: Vec<&str> = of.sample_columns.iter().map(String::as_str).collect();
        html += &table("Rows at equal distances", &header, &of.sample);
    }
    html
}

/// Which columns are missing together, and on which platforms.
fn missing(of: &TableCard) -> String {
    let patterns: Vec<Bar> = of
        .missing
        .iter()
        .map(|p| {
            let label = if p.columns.is_empty() { "nothing".to_owned() } else { p.columns.join(", ") };
            single(&label, p.n as f64)
        })
        .collect();
    let patterns = horizontal_bars(
        Named {
            title: "Columns that are missing together",
            note: &left_out(of.patterns_left_out, "pattern"),
            x: "titles",
            y: "missing",
        },
        &[],
        &patterns,
    );
    let shown: Vec<usize> = (0..of.columns.len())
        .filter(|&at| of.missing_by_platform.iter().any(|p| p.shares[at] > 0.0))
        .collect();
    let names: Vec<String> = shown.iter().map(|&at| of.columns[at].name.clone()).collect();
    let parts: Vec<String> = of.missing_by_platform.iter().map(|p| p.part.clone()).collect();
    let values: Vec<Vec<Option<f64>>> = shown
        .iter()
        .map(|&at| of.missing_by_platform.iter().map(|p| Some(100.0 * p.shares[at])).collect())
        .collect();
    let by_platform = heatmap(
        Named {
            title: "Missing values by platform",
            note: format!(
                "Share of titles without a value, in percent. Films have minutes and series have seasons, so at \
                 least one of the two is missing. {}",
                left_out(of.platforms_left_out, "platform")
            )
            .trim_end(),
            ..Named::default()
        },
        &names,
        &parts,
        &values,
        100.0,
        &|row, at| {
            format!("{}, {}: {}% missing", names[row], parts[at], number(values[row][at].unwrap_or(0.0), 1))
        },
    );
    format!("<h3>What is missing</h3><div class=\"figures\">{patterns}{by_platform}</div>")
}

fn column(card: &ColumnCard, scale: Scale) -> String {
    format!(
        "<article class=\"card\"><h3>{} <span class=\"type\">{}</span></h3>{}{}{}{}</article>\n",
        escape(&card.name),
        card.column_type.as_str(),
        facts(card, scale),
        distribution(card, scale),
        most_frequent(card),
        lists(card)
    )
}

/// Writes a value of the column.
fn value(card: &ColumnCard, v: f64) -> String {
    match card.column_type {
        ColumnType::Date => day(v as i64),
        _ if is_year(card) => format!("{v:.0}"),
        _ => number(v, 3),
    }
}

fn is_year(card: &ColumnCard) -> bool {
    card.unit == "year"
}

/// Returns whether a column has ratings or their means.
fn is_rating(card: &ColumnCard) -> bool {
    matches!(card.name.as_str(), "rating" | "mean_rating")
}

/// What the numbers of the card measure.
fn measured(card: &ColumnCard, scale: Scale) -> String {
    match card.column_type {
        ColumnType::Text | ColumnType::Identifier => "length in characters".to_owned(),
        ColumnType::List => "items per row".to_owned(),
        _ if is_rating(card) && !are_stars(scale) => axis("rating", scale),
        _ if card.unit.is_empty() => "value".to_owned(),
        _ => card.unit.clone(),
    }
}

fn facts(card: &ColumnCard, scale: Scale) -> String {
    let mut html = format!(
        "<dl><dt>missing</dt><dd>{} ({})</dd><dt>different</dt><dd>{}</dd>",
        count(card.missing),
        escape(&ratio(card.missing, card.rows)),
        count(card.distinct)
    );
    if let Some(s) = &card.spread {
        html += &spread(card, s, scale);
    }
    html + "</dl>"
}

fn spread(card: &ColumnCard, s: &Spread, scale: Scale) -> String {
    let quantiles = [s.p05, s.p25, s.median, s.p75, s.p95].map(|v| value(card, v)).join("; ");
    let mut html = format!(
        "<dt>{}</dt><dd>{} to {}</dd><dt>5%, 25%, 50%, 75%, 95%</dt><dd>{quantiles}</dd>",
        escape(&measured(card, scale)),
        value(card, s.min),
        value(card, s.max)
    );
    let mean = value(card, s.mean);
    let _ = if card.column_type == ColumnType::Date {
        write!(html, "<dt>mean</dt><dd>{mean}</dd>")
    } else {
        let (sd, skewness) = (number(s.sd, 3), number(s.skewness, 2));
        write!(
            html,
            "<dt>mean ± standard deviation</dt><dd>{mean} ± {sd}</dd><dt>skewness</dt><dd>{skewness}</dd>"
        )
    };
    html
}

fn distribution(card: &ColumnCard, scale: Scale) -> String {
    if card.histogram.len() < 2 {
        return String::new();
    }
    let is_date = card.column_type == ColumnType::Date;
    let bars = if is_date {
        of_months(&card.histogram)
    } else if is_year(card) {
        of_years(&card.histogram)
    } else if is_rating(card) {
        of_ratings(&card.histogram, scale)
    } else {
        of_bins(&card.histogram)
    };
    let title = format!("Distribution of {}", card.name);
    let x = if is_date { "month".to_owned() } else { measured(card, scale) };
    histogram(Named { title: &title, note: "", x: &x, y: "rows" }, &[], &bars, false)
}

fn most_frequent(card: &ColumnCard) -> String {
    if !matches!(card.column_type, ColumnType::Category | ColumnType::List) || card.top.is_empty() {
        return String::new();
    }
    let title = format!("Most frequent values of {}", card.name);
    let x = if card.column_type == ColumnType::List { "items" } else { "rows" };
    let shown = &card.top[..card.top.len().min(DRAWN)];
    horizontal_bars(Named { title: &title, note: "", x, y: "value" }, &[], &of_counts(shown))
}

/// Values by name, folded away.
fn lists(card: &ColumnCard) -> String {
    let list = |name: &str, words: Vec<String>| {
        if words.is_empty() {
            return String::new();
        }
        format!("<details><summary>{name}</summary><p>{}</p></details>", escape(&words.join("; ")))
    };
    let mut top: Vec<String> =
        card.top.iter().map(|c| format!("{}: {}", short(&c.label, 60), count(c.n))).collect();
    if card.other > 0 && !top.is_empty() {
        let others = count(card.distinct.saturating_sub(card.top.len() as u64));
        top.push(format!("all others ({others} different ones): {}", count(card.other)));
    }
    let heading =
        if card.column_type == ColumnType::Text { "Values that repeat" } else { "Most frequent values" };
    let extremes = |rows: &[Extreme]| {
        let shown =
            rows.iter().map(|e| format!("{} ({} {})", value(card, e.value), e.id, short(&e.label, 40)));
        shown.collect::<Vec<_>>()
    };
    let (low, high) = match card.column_type {
        ColumnType::Text | ColumnType::Identifier | ColumnType::List => ("Shortest", "Longest"),
        ColumnType::Date => ("Earliest", "Latest"),
        _ => ("Lowest", "Highest"),
    };
    list(heading, top) + &list(low, extremes(&card.lowest)) + &list(high, extremes(&card.highest))
}
