//! Which columns go into the training table, why, and the table itself.
//!
//! The table is two files, since one file would repeat a title's columns for each of its ratings.
//! `training.csv` has one row per rating, in the form of `ratings.csv` and pooled by work.
//! `training_titles.csv` has one row per work, with the columns that are kept. Both name the work by `id`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use catalog::{Title, TitleTable};
use dataset::Data;
use progress::Reporter;
use tables::{FileError, write_rating_file, write_rows};

use crate::columns::{Column, Values};
use crate::counts::counted;
use crate::report::{Associations, ColumnCard, ColumnChoice, TableCard};
use crate::text::{count, number, percent};

/// The ratings to train on.
pub const TRAINING_FILE: &str = "training.csv";
/// What is known about their titles.
pub const TRAINING_TITLES_FILE: &str = "training_titles.csv";

/// A column is dropped if more than this share of the titles has no value.
const MOST_MISSING: f64 = 0.4;
/// A number is dropped if its association with the rating is below this.
const LEAST_ASSOCIATION: f64 = 0.05;
/// A list is dropped if more than this share of its different items belongs to a single title each.
const MOST_ALONE: f64 = 0.95;

/// The columns that trainers read as features, and why.
const FEATURES: [(&str, &str); 8] = [
    ("platform", "platforms have different audiences"),
    ("kind", "films and series are rated differently"),
    ("director", "people who like one title by a director often like others"),
    ("cast", "people who like one title with an actor often like others"),
    ("country", "tastes differ by country of origin"),
    ("year", "tastes differ by period"),
    ("audience", "tastes differ by the age group that a title is for"),
    ("genres", "tastes differ by genre"),
];

/// Makes a choice for each column of the two tables, in their order.
pub(crate) fn choices(
    titles: &TableCard,
    ratings: &TableCard,
    joined: &Associations,
    table: &TitleTable,
) -> Vec<ColumnChoice> {
    let with_rating = |column: &str| joined.between("rating", column).and_then(|p| p.value);
    let of_ratings = ratings.columns.iter().map(|card| {
        let (role, reason, measured_as) = of_rating_column(&card.name);
        ColumnChoice {
            table: "ratings".to_owned(),
            column: card.name.clone(),
            kept: true,
            role: role.to_owned(),
            reason: reason.to_owned(),
            with_rating: measured_as.and_then(with_rating),
        }
    });
    let of_titles = titles.columns.iter().map(|card| {
        let measured_as = Column::named(&card.name).and_then(Column::measured_as);
        let association = measured_as.and_then(|name| with_rating(&name));
        let (kept, role, reason) = of_title_column(card, association, table);
        ColumnChoice {
            table: "titles".to_owned(),
            column: card.name.clone(),
            kept,
            role: role.to_owned(),
            reason,
            with_rating: association,
        }
    });
    of_ratings.chain(of_titles).collect()
}

/// The role of a column of the ratings, why it is kept, and what its association with the rating is measured
/// by.
fn of_rating_column(name: &str) -> (&'static str, &'static str, Option<&'static str>) {
    match name {
        "user_id" => (
            "key",
            "who gave the rating: the model learns a vector for each user",
            Some("user: mean of others"),
        ),
        "id" => (
            "key",
            "what was rated, by the id of the first title of its work: the model learns a vector for each work",
            Some("title: mean of others"),
        ),
        "rating" => ("target", "what is predicted", None),
        _ => (
            "order",
            "tells which rating is the latest, and which ratings a chronological split holds out; not a feature, \
             since nobody asks for recommendations in the past",
            Some("timestamp"),
        ),
    }
}

/// Whether a column of the titles is kept, its role, and why.
fn of_title_column(
    card: &ColumnCard,
    association: Option<f64>,
    table: &TitleTable,
) -> (bool, &'static str, String) {
    if card.name == "id" {
        return (true, "key", "what the ratings refer to".to_owned());
    }
    if let Some(reason) = reason_to_drop(card, table) {
        return (false, "none", reason);
    }
    if let Some((_, why)) = FEATURES.iter().find(|(name, _)| *name == card.name) {
        let missing = match missing_share(card) {
            0.0 => String::new(),
            share => format!("; missing for {} of the titles", percent(share)),
        };
        let unknown =
            if association.is_none() { "; these ratings cannot show how much it matters" } else { "" };
        let reason = format!("{why}; helps to place titles without ratings{missing}{unknown}");
        return (true, "feature", reason);
    }
    match association {
        Some(value) if value.abs() >= LEAST_ASSOCIATION => {
            (true, "feature", format!("associated with the rating ({})", number(value, 3)))
        }
        Some(value) => {
            let value = number(value, 3);
            (
                false,
                "none",
                format!("hardly associated with the rating ({value}; the least is {LEAST_ASSOCIATION})"),
            )
        }
        None => (false, "none", "its association with the rating cannot be measured".to_owned()),
    }
}

fn missing_share(card: &ColumnCard) -> f64 {
    card.missing as f64 / card.rows.max(1) as f64
}

/// Why a column is of no use, whatever its association with the rating.
fn reason_to_drop(card: &ColumnCard, table: &TitleTable) -> Option<String> {
    let name = card.name.as_str();
    let missing = missing_share(card);
    match name {
        "n_ratings" | "mean_rating" => {
            return Some("made from the ratings: a model would see what it has to predict".to_owned());
        }
        "title" | "description" => {
            return Some(format!(
                "free text, {} different values in {} titles: without a language model, the text of one title says \
                 nothing about another",
                count(card.distinct),
                count(card.rows - card.missing)
            ));
        }
        _ => {}
    }
    if card.distinct == 0 {
        return Some("no title has a value".to_owned());
    }
    if card.distinct == 1 {
        return Some("has only one value, which cannot tell titles apart".to_owned());
    }
    if missing > MOST_MISSING {
        let share = percent(missing);
        return Some(if name.starts_with("duration") {
            format!("films have minutes and series have seasons: {share} of the titles have no value here")
        } else {
            format!("missing for {share} of the titles")
        });
    }
    let alone = alone_share(name, table).filter(|&alone| alone > MOST_ALONE)?;
    Some(format!(
        "{} of its names appear with a single title, and say nothing about any other",
        percent(alone)
    ))
}

/// The share of the different names of a column that belong to a single title each; `None` for other columns.
fn alone_share(name: &str, table: &TitleTable) -> Option<f64> {
    let Column { values: Values::List(items, _), .. } =
        Column::named(name).filter(|_| matches!(name, "director" | "cast"))?
    else {
        return None;
    };
    let counts = counted(table.titles().iter().flat_map(|t| items(t).iter().map(String::as_str)));
    let alone = counts.iter().filter(|c| c.n == 1).count();
    (!counts.is_empty()).then(|| alone as f64 / counts.len() as f64)
}

/// The cell of a work: the platforms and list items of all its titles, or else the first value that is not
/// missing.
fn cell(column: &Column, of_work: &[&Title], table: &TitleTable) -> String {
    let joined = |words: &mut dyn Iterator<Item = &str>| {
        let mut seen = BTreeSet::new();
        let all: Vec<&str> = words.filter(|&word| seen.insert(word)).collect();
        all.join(", ")
    };
    match &column.values {
        Values::List(items, _) => joined(&mut of_work.iter().flat_map(|t| items(t)).map(String::as_str)),
        Values::Category(word) if column.name == "platform" => {
            joined(&mut of_work.iter().map(|t| word(table, t)))
        }
        _ => {
            let mut cells = of_work.iter().map(|t| column.cell(table, t));
            cells.find(|cell| !cell.is_empty()).unwrap_or_default()
        }
    }
}

/// Writes both files.
pub(crate) fn write(
    dir: &Path,
    data: &Data<'_>,
    choices: &[ColumnChoice],
    reporter: &dyn Reporter,
) -> Result<(), FileError> {
    let table = data.titles;
    let kept = choices.iter().filter(|c| c.table == "titles" && c.kept);
    let columns: Vec<&Column> = kept.filter_map(|c| Column::named(&c.column)).collect();
    let names: Vec<&str> = columns.iter().map(|c| c.name).collect();
    let mut of_works = BTreeMap::<u32, Vec<&Title>>::new();
    for (title, &work) in table.titles().iter().zip(&data.works) {
        of_works.entry(work).or_default().push(title);
    }
    let rows = of_works
        .into_values()
        .map(|of_work| columns.iter().map(|column| cell(column, &of_work, table)).collect());
    write_rows(dir, TRAINING_TITLES_FILE, &names, rows)?;
    write_rating_file(dir, TRAINING_FILE, table, &data.pooled, reporter)
}
