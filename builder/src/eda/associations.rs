//! Associations between all pairs of columns, by the measure that fits their types.

use std::collections::BTreeMap;

use catalog::{DurationUnit, RatingTable, Title, TitleTable};
use rayon::prelude::*;

use super::columns::{Sums, counted, evenly, length, seconds_of};
use super::report::{Associations, Pair};
use super::stats::{correlation_ratio, cramers_v, spearman};

/// Rating rows that are looked at. A correlation of so many has a standard error of 0.003.
const MAX_ROWS: usize = 100_000;

/// A column on the rows that are looked at. What is missing is NaN, or the code [`MISSING`].
enum Values {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
}

const MISSING: u32 = u32::MAX;

/// Values of a category that are told apart; the rest is one value. Both measures of categories come out near 1 where
/// there are almost as many values as rows, as there are of directors.
const MOST_VALUES: usize = 50;

struct Column {
    name: &'static str,
    values: Values,
}

fn numbers(name: &'static str, titles: &[Title], value: impl Fn(usize, &Title) -> Option<f64>) -> Column {
    let values = titles.iter().enumerate().map(|(row, t)| value(row, t).unwrap_or(f64::NAN)).collect();
    Column { name, values: Values::Numbers(values) }
}

fn words<'a>(name: &'static str, titles: &'a [Title], value: impl Fn(&'a Title) -> &'a str) -> Column {
    let counts = counted(titles.iter().map(&value).filter(|word| !word.is_empty()));
    let codes: BTreeMap<&str, u32> =
        counts.iter().take(MOST_VALUES).zip(0..).map(|(count, code)| (count.label.as_str(), code)).collect();
    let code = |title| match value(title) {
        "" => MISSING,
        word => codes.get(word).copied().unwrap_or(MOST_VALUES as u32),
    };
    Column { name, values: Values::Codes(titles.iter().map(code).collect()) }
}

fn first(list: &[String]) -> &str {
    list.first().map_or("", String::as_str)
}

fn of_titles(table: &TitleTable, sums: &[Sums]) -> Vec<Column> {
    let titles = table.titles();
    let count = |list: &[String]| Some(list.len() as f64).filter(|&n| n > 0.0);
    vec![
        words("platform", titles, |t| table.platform_of(t).as_str()),
        words("type", titles, |t| t.kind.as_str()),
        numbers("title (length)", titles, |_, t| Some(t.display.chars().count() as f64)),
        words("director (first)", titles, |t| first(&t.director)),
        numbers("cast (number)", titles, |_, t| count(&t.cast)),
        words("country (first)", titles, |t| first(&t.country)),
        numbers("date_added", titles, |_, t| t.date_added.map(seconds_of)),
        numbers("release_year", titles, |_, t| t.release_year.map(f64::from)),
        words("rating (audience)", titles, |t| &t.audience),
        numbers("duration_min", titles, |_, t| length(t, DurationUnit::Min)),
        numbers("duration_season", titles, |_, t| length(t, DurationUnit::Season)),
        words("listed_in (first)", titles, |t| first(&t.genres)),
        numbers("description (length)", titles, |_, t| {
            Some(t.description.chars().count() as f64).filter(|&n| n > 0.0)
        }),
        numbers("n_ratings", titles, |row, _| Some(sums[row].n as f64)),
        numbers("mean_rating", titles, |row, _| sums[row].mean()),
    ]
}

fn pair(columns: &[Column], a: usize, b: usize) -> Pair {
    let both =
        |present: &dyn Fn(usize) -> bool, n: usize| (0..n).filter(|&row| present(row)).collect::<Vec<_>>();
    let (measure, value, n) = match (&columns[a].values, &columns[b].values) {
        (Values::Numbers(x), Values::Numbers(y)) => {
            let rows = both(&|row| !x[row].is_nan() && !y[row].is_nan(), x.len());
            let take = |from: &[f64]| rows.iter().map(|&row| from[row]).collect::<Vec<_>>();
            ("spearman", spearman(&take(x), &take(y)), rows.len())
        }
        (Values::Codes(x), Values::Codes(y)) => {
            let rows = both(&|row| x[row] != MISSING && y[row] != MISSING, x.len());
            let take = |from: &[u32]| rows.iter().map(|&row| from[row]).collect::<Vec<_>>();
            ("cramers_v", cramers_v(&take(x), &take(y)), rows.len())
        }
        (Values::Codes(x), Values::Numbers(y)) | (Values::Numbers(y), Values::Codes(x)) => {
            let rows = both(&|row| x[row] != MISSING && !y[row].is_nan(), x.len());
            let groups: Vec<u32> = rows.iter().map(|&row| x[row]).collect();
            let values: Vec<f64> = rows.iter().map(|&row| y[row]).collect();
            ("eta", correlation_ratio(&groups, &values), rows.len())
        }
    };
    Pair { a, b, measure: measure.to_owned(), value, n: n as u64 }
}

fn all_pairs(table: &str, rows: usize, rows_used: usize, columns: &[Column]) -> Associations {
    let positions: Vec<(usize, usize)> =
        (0..columns.len()).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
    Associations {
        table: table.to_owned(),
        rows: rows as u64,
        rows_used: rows_used as u64,
        columns: columns.iter().map(|c| c.name.to_owned()).collect(),
        pairs: positions.into_par_iter().map(|(a, b)| pair(columns, a, b)).collect(),
    }
}

/// Associations of the titles, and of the ratings joined with what is known of title and user.
///
/// The means that stand beside a rating are over the other ratings of its user and its title, so that a rating is not
/// compared with itself.
pub(super) fn associations(table: &TitleTable, ratings: &RatingTable, sums: &[Sums]) -> Vec<Associations> {
    let n_titles = table.titles().len();
    let columns = of_titles(table, sums);
    let of_titles = all_pairs("titles", n_titles, n_titles, &columns);

    let rows: Vec<usize> = evenly(ratings.len(), MAX_ROWS).collect();
    let mut joined: Vec<Column> = columns
        .into_iter()
        .filter(|c| !matches!(c.name, "n_ratings" | "mean_rating"))
        .map(|column| {
            let title = |row: &usize| ratings.title_idx()[*row] as usize;
            let values = match column.values {
                Values::Numbers(of) => Values::Numbers(rows.iter().map(|row| of[title(row)]).collect()),
                Values::Codes(of) => Values::Codes(rows.iter().map(|row| of[title(row)]).collect()),
            };
            Column { name: column.name, values }
        })
        .collect();
    let mut of_user = Vec::with_capacity(rows.len());
    let (mut user, mut sum, mut summed) = (0, 0.0, usize::MAX);
    for &row in &rows {
        while ratings.rows_of(user).end <= row {
            user += 1;
        }
        let of = ratings.rows_of(user);
        if summed != user {
            sum = ratings.rating()[of.clone()].iter().map(|&r| f64::from(r)).sum::<f64>();
            summed = user;
        }
        of_user.push(Sums { n: of.len() as u64, sum });
    }
    let number = |name, values: Vec<f64>| Column { name, values: Values::Numbers(values) };
    let rating = |row: usize| f64::from(ratings.rating()[row]);
    let others =
        |s: Sums, row: usize| Sums { n: s.n - 1, sum: s.sum - rating(row) }.mean().unwrap_or(f64::NAN);
    let title = |row: usize| sums[ratings.title_idx()[row] as usize];
    let mut all = vec![
        number("rating", rows.iter().map(|&row| rating(row)).collect()),
        number("timestamp", rows.iter().map(|&row| f64::from(ratings.timestamp()[row])).collect()),
        number("user: ratings", of_user.iter().map(|s| s.n as f64).collect()),
        number("user: mean of others", of_user.iter().zip(&rows).map(|(&s, &row)| others(s, row)).collect()),
        number("title: ratings", rows.iter().map(|&row| title(row).n as f64).collect()),
        number("title: mean of others", rows.iter().map(|&row| others(title(row), row)).collect()),
    ];
    all.append(&mut joined);
    let of_ratings = all_pairs("ratings joined with titles", ratings.len(), rows.len(), &all);
    vec![of_titles, of_ratings]
}

impl Associations {
    /// The association of two columns, by their names.
    pub(super) fn between(&self, a: &str, b: &str) -> Option<&Pair> {
        let at = |name: &str| self.columns.iter().position(|c| c == name);
        let (a, b) = (at(a)?, at(b)?);
        self.pairs.iter().find(|p| (p.a, p.b) == (a, b) || (p.a, p.b) == (b, a))
    }
}
