//! The cards of the titles.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Scale, Title, TitleTable, compared};
use dataset::evenly;

use super::card::{SAMPLE, TOP, empty, fill_numbers, fill_top};
use crate::columns::{COLUMNS, Column, Values};
use crate::counts::{PLATFORMS, Sums, counted, largest};
use crate::edges::Edges;
use crate::rating_scale::{mean_edges, unit};
use crate::report::{ColumnCard, ColumnType, Count, Duplicates, MissingPattern, MissingShares, TableCard};
use crate::stats::rounded;
use crate::text;

/// Patterns of missing values that are shown.
const PATTERNS: usize = 12;
/// Examples of each kind of duplicate.
const EXAMPLES: usize = 5;
/// What a sample row shows. `duration` is the length with its unit; the other names are those of columns.
const SAMPLE_COLUMNS: [&str; 11] = [
    "id",
    "platform",
    "kind",
    "title",
    "country",
    "date_added",
    "year",
    "audience",
    "duration",
    "genres",
    "n_ratings",
];

/// Returns the cards of the titles; the last two columns summarize the ratings of each title, which are on
/// this scale.
pub(crate) fn titles_card(table: &TitleTable, works: &[u32], sums: &[Sums], scale: Scale) -> TableCard {
    let titles = table.titles();
    let mut columns: Vec<ColumnCard> = COLUMNS.iter().map(|column| card(column, table)).collect();
    let n_ratings: Vec<Option<f64>> = sums.iter().map(|s| Some(s.n as f64)).collect();
    let means: Vec<Option<f64>> = sums.iter().map(|s| s.mean()).collect();
    columns.push(number_card("n_ratings", "ratings", Edges::Doubling, titles, &n_ratings));
    columns.push(number_card("mean_rating", unit(scale), mean_edges(scale), titles, &means));
    let mut patterns = missing_patterns(table, sums);
    let patterns_left_out = patterns.len().saturating_sub(PATTERNS) as u64;
    patterns.truncate(PATTERNS);
    let missing_by_platform = missing_by_platform(table, sums, columns.len());
    let platforms_left_out = (table.platforms().len() - missing_by_platform.len()) as u64;
    TableCard {
        name: "titles".to_owned(),
        rows: titles.len() as u64,
        columns,
        duplicates: duplicates(table, works),
        missing: patterns,
        patterns_left_out,
        missing_by_platform,
        platforms_left_out,
        sample_columns: SAMPLE_COLUMNS.map(str::to_owned).to_vec(),
        sample: evenly(titles.len(), SAMPLE)
            .map(|row| SAMPLE_COLUMNS.map(|name| sample_cell(name, table, &titles[row], sums[row])).to_vec())
            .collect(),
    }
}

fn sample_cell(name: &str, table: &TitleTable, title: &Title, sums: Sums) -> String {
    match Column::named(name) {
        Some(column) => text::cell(&column.cell(table, title)),
        None if name == "duration" => {
            title.duration.map(|d| format!("{} {}", d.value, d.unit.as_str())).unwrap_or_default()
        }
        None => sums.n.to_string(),
    }
}

fn card(column: &Column, table: &TitleTable) -> ColumnCard {
    let (name, titles) = (column.name, table.titles());
    match &column.values {
        Values::Id(word) => text_card(name, ColumnType::Identifier, titles, word),
        Values::Text(word) => text_card(name, ColumnType::Text, titles, word),
        Values::Category(word) => {
            let mut card = empty(name, ColumnType::Category, "", titles.len());
            let present = || titles.iter().map(|t| word(table, t)).filter(|word| !word.is_empty());
            card.missing = (titles.len() - present().count()) as u64;
            fill_top(&mut card, counted(present()));
            card
        }
        Values::List(items, _) => {
            let mut card = empty(name, ColumnType::List, "items", titles.len());
            let lengths: Vec<Option<f64>> =
                titles.iter().map(|t| Some(items(t).len() as f64).filter(|&n| n > 0.0)).collect();
            fill_numbers(&mut card, Edges::Step(1.0), titles, &lengths);
            fill_top(&mut card, counted(titles.iter().flat_map(|t| items(t).iter().map(String::as_str))));
            card
        }
        Values::Date(date) => {
            let mut card = empty(name, ColumnType::Date, "", titles.len());
            let seconds: Vec<Option<f64>> =
                titles.iter().map(|t| date(t).map(|d| d.unix_seconds() as f64)).collect();
            fill_numbers(&mut card, Edges::Months, titles, &seconds);
            card
        }
        Values::Number(number, unit, edges) => {
            let values: Vec<Option<f64>> = titles.iter().map(number).collect();
            number_card(name, unit, *edges, titles, &values)
        }
    }
}

fn number_card(name: &str, unit: &str, edges: Edges, titles: &[Title], values: &[Option<f64>]) -> ColumnCard {
    let mut card = empty(name, ColumnType::Number, unit, titles.len());
    fill_numbers(&mut card, edges, titles, values);
    card
}

fn text_card<'a>(
    name: &str,
    column_type: ColumnType,
    titles: &'a [Title],
    of: impl Fn(&'a Title) -> &'a str,
) -> ColumnCard {
    let mut card = empty(name, column_type, "characters", titles.len());
    let lengths: Vec<Option<f64>> =
        titles.iter().map(|t| Some(of(t).chars().count() as f64).filter(|&n| n > 0.0)).collect();
    let edges =
        if lengths.iter().flatten().any(|&l| l > 400.0) { Edges::Step(50.0) } else { Edges::Step(10.0) };
    fill_numbers(&mut card, edges, titles, &lengths);
    let counts = counted(titles.iter().map(of).filter(|text| !text.is_empty()));
    card.distinct = counts.len() as u64;
    // Only texts that occur more than once are worth naming.
    let repeated = counts.into_iter().filter(|c| c.n > 1).take(TOP);
    card.top = repeated.map(|c| Count { label: text::cell(&c.label), ..c }).collect();
    let named: u64 = card.top.iter().map(|c| c.n).sum();
    card.other = card.rows - card.missing - named;
    card
}

/// Returns whether a title lacks each of [`COLUMNS`], `n_ratings` and `mean_rating`.
fn lacks(table: &TitleTable, title: &Title, sums: &Sums) -> impl Iterator<Item = bool> {
    COLUMNS.iter().map(|c| c.is_missing(table, title)).chain([false, sums.n == 0])
}

/// Counts the columns that are missing together, the most frequent ones first.
fn missing_patterns(table: &TitleTable, sums: &[Sums]) -> Vec<MissingPattern> {
    let mut patterns = BTreeMap::<Vec<&str>, u64>::new();
    for (title, sums) in table.titles().iter().zip(sums) {
        // A title has one kind of length, and most have no rating: neither is a gap in the catalog.
        let gaps = COLUMNS
            .iter()
            .zip(lacks(table, title, sums))
            .filter(|(column, lacks)| *lacks && !matches!(column.name, "duration_min" | "duration_season"));
        let mut names: Vec<&str> = gaps.map(|(column, _)| column.name).collect();
        if title.duration.is_none() {
            names.push("duration");
        }
        *patterns.entry(names).or_default() += 1;
    }
    let mut patterns: Vec<MissingPattern> = patterns
        .into_iter()
        .map(|(columns, n)| MissingPattern { columns: columns.into_iter().map(str::to_owned).collect(), n })
        .collect();
    patterns.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.columns.cmp(&b.columns)));
    patterns
}

/// Returns the share that each platform lacks of each of `n_columns` columns, for the platforms with the most
/// titles.
fn missing_by_platform(table: &TitleTable, sums: &[Sums], n_columns: usize) -> Vec<MissingShares> {
    let mut parts = vec![(0_u64, vec![0_u64; n_columns]); table.platforms().len()];
    for (title, sums) in table.titles().iter().zip(sums) {
        let (n, of_part) = &mut parts[usize::from(title.platform_idx)];
        *n += 1;
        of_part.iter_mut().zip(lacks(table, title, sums)).for_each(|(n, lacks)| *n += u64::from(lacks));
    }
    let sizes: Vec<u64> = parts.iter().map(|part| part.0).collect();
    let shown = largest(&sizes, PLATFORMS).into_iter().map(|at| {
        let (n, lacking) = &parts[at];
        MissingShares {
            part: table.platforms()[at].to_string(),
            shares: lacking.iter().map(|&l| rounded(l as f64 / (*n).max(1) as f64)).collect(),
        }
    });
    shown.collect()
}

fn duplicates(table: &TitleTable, works: &[u32]) -> Vec<Duplicates> {
    let titles = table.titles();
    let of = |what: &str| Duplicates { what: what.to_owned(), n: 0, examples: Vec::new() };
    let mut elsewhere = of("titles of a work that an earlier platform has too (same kind, year and name)");
    let mut same = of("titles of a work that the same platform has already");
    let mut seen = BTreeSet::new();
    for (row, &work) in works.iter().enumerate() {
        let twice = !seen.insert((work, titles[row].platform_idx));
        if work as usize != row {
            let group = if twice { &mut same } else { &mut elsewhere };
            group.n += 1;
            if group.examples.len() < EXAMPLES {
                let first = &titles[work as usize];
                let name = text::name(&titles[row].display);
                group.examples.push(format!("{} and {}: {name}", first.id, titles[row].id));
            }
        }
    }
    let mut by_text = BTreeMap::<String, Vec<usize>>::new();
    for (row, title) in titles.iter().enumerate().filter(|(_, t)| !t.description.is_empty()) {
        by_text.entry(compared(&title.description)).or_default().push(row);
    }
    let mut described = of("titles with exactly the description of another work");
    for rows in by_text.values() {
        let others = rows.iter().filter(|&&row| works[row] != works[rows[0]]).count();
        described.n += others as u64;
        if others > 0 && described.examples.len() < EXAMPLES {
            let names: Vec<String> =
                rows.iter().take(3).map(|&row| text::name(&titles[row].display)).collect();
            described.examples.push(names.join("; "));
        }
    }
    vec![elsewhere, same, described]
}
