//! What a reader should know before using a column.

use super::page::measure_name;
use super::report::{Activity, Alert, Associations, Catalogue, ColumnType, TableCard};

const MISSING: f64 = 0.2;
const SKEWED: f64 = 3.0;
const ASSOCIATED: f64 = 0.8;
const COLD: f64 = 0.5;
const CONCENTRATED: f64 = 0.2;
const DRIFT: f64 = 0.02;

fn alert(table: &str, column: &str, kind: &str, text: String) -> Alert {
    Alert { table: table.to_owned(), column: column.to_owned(), kind: kind.to_owned(), text }
}

pub(super) fn alerts(
    tables: &[TableCard],
    associations: &[Associations],
    catalogue: &Catalogue,
    activity: &Activity,
) -> Vec<Alert> {
    let mut all = Vec::new();
    for table in tables {
        for card in &table.columns {
            let name = card.name.as_str();
            let missing = card.missing as f64 / card.rows.max(1) as f64;
            let of_other_kind = matches!(name, "duration_min" | "duration_season" | "mean_rating");
            if missing > MISSING && !of_other_kind {
                let text = format!("{:.1}% of the rows have no value", 100.0 * missing);
                all.push(alert(&table.name, name, "missing", text));
            }
            if card.distinct == 1 && card.rows > 1 {
                all.push(alert(&table.name, name, "constant", "every row has the same value".to_owned()));
            }
            if card.column_type == ColumnType::Text && card.distinct * 10 > card.rows * 9 {
                let text = format!("{} different values in {} rows", card.distinct, card.rows);
                all.push(alert(&table.name, name, "unique", text));
            }
            let counts = matches!(card.column_type, ColumnType::Number);
            if let Some(spread) = card.spread.filter(|s| counts && s.skewness.abs() > SKEWED) {
                let text = format!("skewness {:.1}: the mean says little, the median more", spread.skewness);
                all.push(alert(&table.name, name, "skewed", text));
            }
        }
    }
    for of_table in associations {
        for pair in &of_table.pairs {
            if let Some(value) = pair.value.filter(|v| v.abs() > ASSOCIATED && pair.n >= 100) {
                let (a, b) = (&of_table.columns[pair.a], &of_table.columns[pair.b]);
                let text = format!(
                    "{a} and {b} go together ({}: {value:.2}, {} rows)",
                    measure_name(&pair.measure),
                    pair.n
                );
                all.push(alert(&of_table.table, a, "associated", text));
            }
        }
    }
    if let (Some(fence), Some(longest)) = (catalogue.upper_fence, catalogue.longest.first())
        && catalogue.long_films > 0
    {
        let text = format!(
            "{} films are longer than {fence:.0} minutes (Tukey's outer fence); the longest is {} with {} minutes",
            catalogue.long_films, longest.label, longest.value
        );
        all.push(alert("titles", "duration_min", "outliers", text));
    }
    for cold in &activity.cold {
        let share = cold.cold as f64 / cold.titles.max(1) as f64;
        if share > COLD {
            let text = format!("{:.1}% of the titles of {} have no rating", 100.0 * share, cold.platform);
            all.push(alert("titles", "n_ratings", "cold", text));
        }
    }
    for (column, share, who) in [
        ("userId", activity.top_users_share, "users gave"),
        ("movieId", activity.top_titles_share, "rated titles got"),
    ] {
        if let Some(share) = share.filter(|&s| s > CONCENTRATED) {
            let text = format!("a hundredth of the {who} {:.1}% of the ratings", 100.0 * share);
            all.push(alert("ratings", column, "concentrated", text));
        }
    }
    if let Some(drift) = activity.drift_per_year.filter(|d| d.abs() > DRIFT) {
        let text = format!("the mean rating moves by {drift:+.3} stars a year");
        all.push(alert("ratings", "timestamp", "drift", text));
    }
    all
}
