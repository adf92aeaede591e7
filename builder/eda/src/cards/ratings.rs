//! The cards of the ratings.

use catalog::{RatingTable, TitleTable};
use dataset::evenly;
use rayon::prelude::*;

use super::card::{SAMPLE, TOP, empty};
use crate::counts::Sums;
use crate::dates::day;
use crate::edges::Edges;
use crate::rating_scale::{rating_edges, unit};
use crate::raw::Raw;
use crate::report::{ColumnCard, ColumnType, Count, Duplicates, MissingPattern, TableCard};
use crate::stats::Spread;
use crate::text::{cell, name};

/// Position of the column `rating` in the card of the ratings.
pub(crate) const RATING: usize = 1;
/// Position of the column `timestamp`.
pub(crate) const TIMESTAMP: usize = 2;

/// Returns the cards of the ratings. The table has one rating of each user and title; `raw` may know about
/// others.
pub(crate) fn ratings_card(
    table: &TitleTable,
    ratings: &RatingTable,
    sums: &[Sums],
    raw: Raw<'_>,
) -> TableCard {
    let rows = ratings.len();
    let (rating, timestamp) = rayon::join(|| rating_card(ratings), || timestamp_card(ratings));
    TableCard {
        name: "ratings".to_owned(),
        rows: rows as u64,
        columns: vec![user_card(ratings), rating, timestamp, title_card(table, sums, rows)],
        duplicates: duplicates(raw),
        missing: vec![MissingPattern { columns: Vec::new(), n: rows as u64 }],
        patterns_left_out: 0,
        missing_by_platform: Vec::new(),
        platforms_left_out: 0,
        sample_columns: ["user_id", "rating", "timestamp", "id", "title"].map(str::to_owned).to_vec(),
        sample: evenly(rows, SAMPLE).map(|row| sample_row(table, ratings, row)).collect(),
    }
}

/// Counts the rows of each position, and names those with the most; of equal counts, the earlier position
/// comes first.
fn id_card(
    name: &str,
    rows: usize,
    counts: impl Iterator<Item = u64>,
    label: impl Fn(usize) -> String,
) -> ColumnCard {
    let mut counts: Vec<(u64, usize)> =
        counts.enumerate().filter(|&(_, n)| n > 0).map(|(at, n)| (n, at)).collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut card = empty(name, ColumnType::Identifier, "", rows);
    card.distinct = counts.len() as u64;
    card.other = counts.iter().skip(TOP).map(|&(n, _)| n).sum();
    card.top = counts.iter().take(TOP).map(|&(n, at)| Count { label: label(at), n }).collect();
    card
}

fn user_card(ratings: &RatingTable) -> ColumnCard {
    let counts = (0..ratings.users().len()).map(|user| ratings.rows_of(user).len() as u64);
    id_card("user_id", ratings.len(), counts, |user| ratings.users()[user].to_string())
}

fn title_card(table: &TitleTable, sums: &[Sums], rows: usize) -> ColumnCard {
    id_card("id", rows, sums.iter().map(|s| s.n), |row| {
        let title = &table.titles()[row];
        format!("{} {}", title.id, name(&title.display))
    })
}

fn rating_card(ratings: &RatingTable) -> ColumnCard {
    let mut card = empty("rating", ColumnType::Number, unit(ratings.scale()), ratings.len());
    let mut values = ratings.rating().to_vec();
    values.par_sort_unstable_by(f32::total_cmp);
    card.distinct = values.chunk_by(|a, b| a.total_cmp(b).is_eq()).count() as u64;
    let values: Vec<f64> = values.into_iter().map(f64::from).collect();
    card.spread = Spread::of_sorted(&values);
    card.histogram = rating_edges(ratings.scale()).histogram(&values);
    card
}

fn timestamp_card(ratings: &RatingTable) -> ColumnCard {
    let mut card = empty("timestamp", ColumnType::Date, "", ratings.len());
    let mut values = ratings.timestamp().to_vec();
    values.par_sort_unstable();
    card.distinct = values.chunk_by(|a, b| a == b).count() as u64;
    let values: Vec<f64> = values.into_iter().map(f64::from).collect();
    card.spread = Spread::of_sorted(&values);
    card.histogram = Edges::Months.histogram(&values);
    card
}

fn duplicates(raw: Raw<'_>) -> Vec<Duplicates> {
    let Raw::Read(output) = raw else { return Vec::new() };
    let of = |what: &str, n| Duplicates { what: what.to_owned(), n, examples: Vec::new() };
    vec![
        of(
            "ratings replaced by another rating of the same title by the same user; the latest is kept",
            output.superseded - output.repeated,
        ),
        of("ratings that repeat another one: same user, title, rating and time", output.repeated),
    ]
}

fn sample_row(table: &TitleTable, ratings: &RatingTable, row: usize) -> Vec<String> {
    let user = ratings.offsets().partition_point(|&o| o as usize <= row) - 1;
    let title = &table.titles()[ratings.title_idx()[row] as usize];
    let seconds = ratings.timestamp()[row];
    vec![
        ratings.users()[user].to_string(),
        ratings.rating()[row].to_string(),
        format!("{seconds} ({})", day(seconds.into())),
        title.id.to_string(),
        cell(&title.display),
    ]
}
