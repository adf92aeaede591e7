//! Associations between all pairs of columns, by the measure that fits their types.

use std::collections::BTreeMap;

use catalog::{RatingTable, Title, TitleTable};
use dataset::evenly;
use rayon::prelude::*;

use crate::columns::{COLUMNS, Summary, Values};
use crate::counts::{Sums, counted};
use crate::report::{Associations, Pair};
use crate::stats::{Ordered, correlation_ratio, cramers_v, spearman};

/// Maximum number of rating rows used. With that many, a correlation has a standard error of about 0.003.
const MAX_ROWS: usize = 100_000;

/// The most frequent values of a category that are counted separately; the rest count as one value. With
/// almost as many values as rows, as for directors, η would be near 1 and the corrected Cramér's V near 0,
/// whatever the association.
const MOST_VALUES: usize = 50;

/// Values of a column in the rows that are used. A missing value is NaN or [`MISSING`].
enum Measured {
    Numbers(Ordered),
    Codes(Vec<u32>),
}

const MISSING: u32 = u32::MAX;

struct Column {
    name: String,
    values: Measured,
}

fn numbers(name: &str, values: impl Iterator<Item = Option<f64>>) -> Column {
    let values = Ordered::new(values.map(|value| value.unwrap_or(f64::NAN)).collect());
    Column { name: name.to_owned(), values: Measured::Numbers(values) }
}

fn words<'a>(name: &str, titles: &'a [Title], value: impl Fn(&'a Title) -> &'a str) -> Column {
    let counts = counted(titles.iter().map(&value).filter(|word| !word.is_empty()));
    let codes: BTreeMap<&str, u32> =
        counts.iter().take(MOST_VALUES).zip(0..).map(|(count, code)| (count.label.as_str(), code)).collect();
    let code = |title| match value(title) {
        "" => MISSING,
        word => codes.get(word).copied().unwrap_or(MOST_VALUES as u32),
    };
    Column { name: name.to_owned(), values: Measured::Codes(titles.iter().map(code).collect()) }
}

fn of_titles(table: &TitleTable, sums: &[Sums]) -> Vec<Column> {
    let titles = table.titles();
    let size = |n: usize| Some(n as f64).filter(|&n| n > 0.0);
    let mut all = Vec::new();
    for column in &COLUMNS {
        let Some(name) = column.measured_as() else { continue };
        all.push(match &column.values {
            Values::Id(text) | Values::Text(text) => {
                numbers(&name, titles.iter().map(|t| size(text(t).chars().count())))
            }
            Values::Category(word) => words(&name, titles, |t| word(table, t)),
            Values::List(items, Summary::First) => {
                words(&name, titles, |t| items(t).first().map_or("", String::as_str))
            }
            Values::List(items, Summary::Number) => {
                numbers(&name, titles.iter().map(|t| size(items(t).len())))
            }
            Values::Date(date) => {
                numbers(&name, titles.iter().map(|t| date(t).map(|d| d.unix_seconds() as f64)))
            }
            Values::Number(number, ..) => numbers(&name, titles.iter().map(number)),
        });
    }
    all.push(numbers("n_ratings", sums.iter().map(|s| Some(s.n as f64))));
    all.push(numbers("mean_rating", sums.iter().map(|s| s.mean())));
    all
}

fn pair(columns: &[Column], a: usize, b: usize) -> Pair {
    let both =
        |present: &dyn Fn(usize) -> bool, n: usize| (0..n).filter(|&row| present(row)).collect::<Vec<_>>();
    let (measure, value, n) = match (&columns[a].values, &columns[b].values) {
        (Measured::Numbers(x), Measured::Numbers(y)) => {
            let (rho, n) = spearman(x, y);
            ("spearman", rho, n)
        }
        (Measured::Codes(x), Measured::Codes(y)) => {
            let rows = both(&|row| x[row] != MISSING && y[row] != MISSING, x.len());
            let take = |from: &[u32]| rows.iter().map(|&row| from[row]).collect::<Vec<_>>();
            ("cramers_v", cramers_v(&take(x), &take(y)), rows.len())
        }
        (Measured::Codes(x), Measured::Numbers(y)) | (Measured::Numbers(y), Measured::Codes(x)) => {
            let y = y.values();
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
        columns: columns.iter().map(|c| c.name.clone()).collect(),
        pairs: positions.into_par_iter().map(|(a, b)| pair(columns, a, b)).collect(),
    }
}

/// Measures the associations between the columns of the titles, and between those of the ratings joined with
/// their users and titles.
///
/// The means in a rating's row are of the other ratings of its user and of its title, so that no rating is
/// compared with itself.
pub(crate) fn associations(table: &TitleTable, ratings: &RatingTable, sums: &[Sums]) -> Vec<Associations> {
    let n_titles = table.titles().len();
    let columns = of_titles(table, sums);
    let of_titles = all_pairs("titles", n_titles, n_titles, &columns);
    let rows: Vec<usize> = evenly(ratings.len(), MAX_ROWS).collect();
    let joined = joined(columns, ratings, sums, &rows);
    let of_ratings = all_pairs("ratings joined with titles", ratings.len(), rows.len(), &joined);
    vec![of_titles, of_ratings]
}

/// Returns the columns of the given rating rows: rating and time, counts and means of the user and of the
/// title, and the title's own columns.
fn joined(columns: Vec<Column>, ratings: &RatingTable, sums: &[Sums], rows: &[usize]) -> Vec<Column> {
    let of_user = user_sums(ratings, rows);
    let rating = |row: usize| f64::from(ratings.rating()[row]);
    let others = |s: Sums, row: usize| Sums { n: s.n - 1, sum: s.sum - rating(row) }.mean();
    let title = |row: usize| ratings.title_idx()[row] as usize;
    let mut all = vec![
        numbers("rating", rows.iter().map(|&row| Some(rating(row)))),
        numbers("timestamp", rows.iter().map(|&row| Some(f64::from(ratings.timestamp()[row])))),
        numbers("user: ratings", of_user.iter().map(|s| Some(s.n as f64))),
        numbers("user: mean of others", of_user.iter().zip(rows).map(|(&s, &row)| others(s, row))),
        numbers("title: ratings", rows.iter().map(|&row| Some(sums[title(row)].n as f64))),
        numbers("title: mean of others", rows.iter().map(|&row| others(sums[title(row)], row))),
    ];
    for Column { name, values } in columns {
        if matches!(name.as_str(), "n_ratings" | "mean_rating") {
            continue;
        }
        let values = match values {
            Measured::Numbers(of) => {
                Measured::Numbers(Ordered::new(rows.iter().map(|&row| of.values()[title(row)]).collect()))
            }
            Measured::Codes(of) => Measured::Codes(rows.iter().map(|&row| of[title(row)]).collect()),
        };
        all.push(Column { name, values });
    }
    all
}

/// Returns the number and sum of all ratings by the user of each row. `rows` must be in ascending order.
fn user_sums(ratings: &RatingTable, rows: &[usize]) -> Vec<Sums> {
    let mut of_rows = Vec::with_capacity(rows.len());
    let (mut user, mut sum, mut summed) = (0, 0.0, usize::MAX);
    for &row in rows {
        while ratings.rows_of(user).end <= row {
            user += 1;
        }
        let of_user = ratings.rows_of(user);
        if summed != user {
            sum = ratings.rating()[of_user.clone()].iter().map(|&r| f64::from(r)).sum::<f64>();
            summed = user;
        }
        of_rows.push(Sums { n: of_user.len() as u64, sum });
    }
    of_rows
}

impl Associations {
    /// Finds the association of two columns by their names.
    pub(crate) fn between(&self, a: &str, b: &str) -> Option<&Pair> {
        let at = |name: &str| self.columns.iter().position(|c| c == name);
        let (a, b) = (at(a)?, at(b)?);
        self.pairs.iter().find(|p| (p.a, p.b) == (a, b) || (p.a, p.b) == (b, a))
    }
}
