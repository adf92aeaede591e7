//! What a reader should know before using a column.

use catalog::Scale;

use crate::dates::day;
use crate::rating_scale::{amount, as_large_as};
use crate::report::{
    Activity, Alert, Associations, Catalog, ColumnCard, ColumnType, OneValue, OpenEnd, Spellings, TableCard,
    measure_name,
};
use crate::text::{count, number, percent};

/// Share of missing values.
const MISSING: f64 = 0.2;
/// Skewness, in either direction.
const SKEWED: f64 = 3.0;
/// Association, in either direction, of at least [`LEAST_ROWS`] rows.
const ASSOCIATED: f64 = 0.8;
const LEAST_ROWS: u64 = 100;
/// Share of titles without ratings on a platform.
const COLD: f64 = 0.5;
/// Share of the ratings that belongs to the top 1%.
const CONCENTRATED: f64 = 0.2;
/// Values with several spellings, and spellings of each, that an alert names.
const NAMED: usize = 3;
/// Stars per year, or as much on another scale.
const DRIFT: f64 = 0.02;

fn alert(table: &str, column: &str, kind: &str, text: String) -> Alert {
    Alert { table: table.to_owned(), column: column.to_owned(), kind: kind.to_owned(), text }
}

/// Lists the alerts: those of single columns, of spellings, of pairs of columns, and then of the catalog and
/// the ratings, which are on this scale.
pub(crate) fn alerts(
    tables: &[TableCard],
    spellings: &[Spellings],
    associations: &[Associations],
    catalog: &Catalog,
    activity: &Activity,
    scale: Scale,
) -> Vec<Alert> {
    let mut all = Vec::new();
    for table in tables {
        for card in &table.columns {
            of_column(&table.name, card, &mut all);
        }
    }
    for of_column in spellings {
        all.push(alert("titles", &of_column.column, "spellings", of_spellings(of_column)));
    }
    for of_table in associations {
        of_pairs(of_table, &mut all);
    }
    of_lengths(catalog, &mut all);
    of_activity(activity, scale, &mut all);
    if activity.by_rating.is_empty() {
        // Without any ratings, it says nothing about a title that it has none.
        all.retain(|alert| alert.column != "n_ratings");
    }
    all
}

fn of_column(table: &str, card: &ColumnCard, all: &mut Vec<Alert>) {
    let name = card.name.as_str();
    let mut add = |kind, text| all.push(alert(table, name, kind, text));
    let missing = card.missing as f64 / card.rows.max(1) as f64;
    // Films have no seasons, series no minutes, and titles without ratings no mean: these are not gaps.
    let by_nature = matches!(name, "duration_min" | "duration_season" | "mean_rating");
    if missing > MISSING && !by_nature {
        add("missing", format!("{} of the rows have no value", percent(missing)));
    }
    if card.distinct == 1 && card.rows > 1 {
        let text = if card.missing == 0 {
            "every row has the same value"
        } else {
            "every row that has a value has the same one"
        };
        add("constant", text.to_owned());
    }
    if card.column_type == ColumnType::Text && card.distinct * 10 > card.rows * 9 {
        add("unique", format!("{} different values in {} rows", count(card.distinct), count(card.rows)));
    }
    if let Some(text) = far(card) {
        add("outliers", text);
    }
    let is_number = card.column_type == ColumnType::Number;
    if let Some(spread) = card.spread.filter(|s| is_number && s.skewness.abs() > SKEWED) {
        let skewness = number(spread.skewness, 1);
        add("skewed", format!("the skewness is {skewness}: use the median rather than the mean"));
    }
}

/// Describes the values that the open bars of a column count, if it has any.
fn far(card: &ColumnCard) -> Option<String> {
    let in_words = |end, at: f64| match (end, card.column_type) {
        (OpenEnd::Below, ColumnType::Date) => format!("before {}", day(at as i64)),
        (OpenEnd::Above, ColumnType::Date) => format!("on {} or later", day(at as i64)),
        (OpenEnd::Below, _) if card.unit == "year" => format!("before {at:.0}"),
        (OpenEnd::Above, _) if card.unit == "year" => format!("in {at:.0} or later"),
        (OpenEnd::Below, _) => format!("below {}", number(at, 3)),
        (OpenEnd::Above, _) => format!("of {} or more", number(at, 3)),
    };
    let open = card.histogram.iter().filter_map(|bin| {
        let end = bin.open?;
        let at = if end == OpenEnd::Below { bin.high } else { bin.low };
        Some(format!("{} {}", count(bin.n), in_words(end, at)))
    });
    let open: Vec<String> = open.collect();
    (!open.is_empty())
        .then(|| format!("values far from the others: {}; check that they are right", open.join(" and ")))
}

/// Names some values with several spellings, and says how many more there are.
fn of_spellings(of: &Spellings) -> String {
    let one = |value: &OneValue| {
        let mut words: Vec<String> = value
            .spellings
            .iter()
            .take(NAMED)
            .map(|s| format!("“{}” ({} {})", s.label, count(s.n), if s.n == 1 { "title" } else { "titles" }))
            .collect();
        let more = value.spellings.len().saturating_sub(NAMED) as u64 + value.spellings_left_out;
        if more > 0 {
            words.push(format!("{} more", count(more)));
        }
        let last = words.pop().unwrap_or_default();
        format!("{} and {last}", words.join(", "))
    };
    let mut all: Vec<String> = of.groups.iter().take(NAMED).map(one).collect();
    let more = of.groups.len().saturating_sub(NAMED) as u64 + of.groups_left_out;
    if more > 0 {
        all.push(format!("and {} more", count(more)));
    }
    format!("probably the same, written in different ways: {}", all.join("; "))
}

fn of_pairs(associations: &Associations, all: &mut Vec<Alert>) {
    for pair in &associations.pairs {
        if let Some(value) = pair.value.filter(|v| v.abs() > ASSOCIATED && pair.n >= LEAST_ROWS) {
            let (a, b) = (&associations.columns[pair.a], &associations.columns[pair.b]);
            let text = format!(
                "{a} and {b} are strongly associated ({} {} on {} rows)",
                measure_name(&pair.measure),
                number(value, 2),
                count(pair.n)
            );
            all.push(alert(&associations.table, a, "associated", text));
        }
    }
}

fn of_lengths(catalog: &Catalog, all: &mut Vec<Alert>) {
    if let (Some(fence), Some(longest)) = (catalog.upper_fence, catalog.longest.first())
        && catalog.long_films > 0
    {
        let films = if catalog.long_films == 1 { "film is" } else { "films are" };
        let text = format!(
            "{} {films} longer than {} minutes (Tukey's outer fence); the longest is {} at {} minutes",
            count(catalog.long_films),
            number(fence, 0),
            longest.label,
            number(longest.value, 0)
        );
        all.push(alert("titles", "duration_min", "outliers", text));
    }
}

fn of_activity(activity: &Activity, scale: Scale, all: &mut Vec<Alert>) {
    for cold in &activity.cold {
        let share = cold.cold as f64 / cold.titles.max(1) as f64;
        if share > COLD {
            let text = format!("{} of the titles on {} have no rating", percent(share), cold.platform);
            all.push(alert("titles", "n_ratings", "cold", text));
        }
    }
    for (column, share, whose) in [
        ("user_id", activity.top_users_share, "most active 1% of the users gave"),
        ("id", activity.top_titles_share, "most rated 1% of the rated titles received"),
    ] {
        if let Some(share) = share.filter(|&s| s > CONCENTRATED) {
            let text = format!("the {whose} {} of the ratings", percent(share));
            all.push(alert("ratings", column, "concentrated", text));
        }
    }
    if let Some(drift) = activity.drift_per_year.filter(|d| d.abs() > as_large_as(DRIFT, scale)) {
        let direction = if drift > 0.0 { "rises" } else { "falls" };
        let text =
            format!("the mean rating {direction} by {} per year", amount(&number(drift.abs(), 3), scale));
        all.push(alert("ratings", "timestamp", "drift", text));
    }
}
