//! Which columns go into the training table, why, and the table itself.
//!
//! It is two files, since a title's columns beside each of its ratings would be the same text hundreds of times:
//! `training.csv`, a row a rating, in the form of `ratings.csv` and pooled over works; `training_titles.csv`, a row a
//! work, with the columns that are kept. `movieId` of the one is `id` of the other.

use std::collections::BTreeMap;
use std::path::Path;

use catalog::{RatingTable, Title, TitleTable};

use super::report::{Associations, ColumnCard, ColumnChoice, TableCard};
use crate::Reporter;
use crate::etl::{EtlError, write_rating_file, write_rows};

/// The ratings that are trained on.
pub const TRAINING_FILE: &str = "training.csv";
/// What is known of their titles.
pub const TRAINING_TITLES_FILE: &str = "training_titles.csv";

/// Share of titles without a value from which a column is dropped.
const MOST_MISSING: f64 = 0.4;
/// Association with the rating below which a number is dropped.
const LEAST_ASSOCIATION: f64 = 0.05;
/// Share of a list's items that stand with one title alone, from which it is dropped.
const MOST_ALONE: f64 = 0.95;

/// What is shown of a column that trainers read as features.
const FEATURES: [(&str, &str, &str); 8] = [
    ("platform", "platform", "where a title is says something of who sees it"),
    ("type", "type", "films and series are rated differently"),
    ("director", "director (first)", "directors carry taste from title to title"),
    ("cast", "cast (number)", "names carry taste from title to title"),
    ("country", "country (first)", "the country of origin carries taste"),
    ("release_year", "release_year", "periods are rated differently"),
    ("rating", "rating (audience)", "the audience a title is for carries taste"),
    ("listed_in", "listed_in (first)", "genres are what tastes are told by"),
];

fn missing_share(card: &ColumnCard) -> f64 {
    card.missing as f64 / card.rows.max(1) as f64
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// One choice a column of the two tables, in their order.
pub(super) fn choices(
    titles: &TableCard,
    ratings: &TableCard,
    joined: &Associations,
    table: &TitleTable,
) -> Vec<ColumnChoice> {
    let with_rating = |column: &str| joined.between("rating", column).and_then(|p| p.value);
    let of_ratings = ratings.columns.iter().map(|card| {
        let (role, reason, by) = match card.name.as_str() {
            "userId" => (
                "key",
                "whose rating it is: the model learns a vector for each user",
                Some("user: mean of others"),
            ),
            "movieId" => (
                "key",
                "what is rated, as the first title of its work: the model learns a vector for each work",
                Some("title: mean of others"),
            ),
            "rating" => ("target", "what is predicted", None),
            _ => (
                "order",
                "which rating is the latest, and what a chronological test part is; no feature, since nobody asks \
                 for a recommendation in the past",
                Some("timestamp"),
            ),
        };
        ColumnChoice {
            table: "ratings".to_owned(),
            column: card.name.clone(),
            kept: true,
            role: role.to_owned(),
            reason: reason.to_owned(),
            with_rating: by.and_then(with_rating),
        }
    });
    let of_titles = titles.columns.iter().map(|card| {
        let (kept, role, reason, association) = choose(card, &with_rating, table);
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

fn choose(
    card: &ColumnCard,
    with_rating: &dyn Fn(&str) -> Option<f64>,
    table: &TitleTable,
) -> (bool, &'static str, String, Option<f64>) {
    let name = card.name.as_str();
    let drop = |reason: String, association| (false, "none", reason, association);
    if name == "id" {
        return (true, "key", "what ratings point at".to_owned(), None);
    }
    if matches!(name, "n_ratings" | "mean_rating") {
        return drop(
            "made from the ratings: with it, a model would see what it has to predict".to_owned(),
            None,
        );
    }
    if matches!(name, "title" | "description") {
        let distinct = card.distinct as f64 / (card.rows - card.missing).max(1) as f64;
        return drop(
            format!(
                "free text, different for {} of the titles: nothing carries from one title to another without a \
                 language model",
                percent(distinct)
            ),
            with_rating(&format!("{name} (length)")),
        );
    }
    let missing = missing_share(card);
    let feature = FEATURES.iter().find(|f| f.0 == name);
    let association = with_rating(feature.map_or(name, |f| f.1));
    if card.distinct < 2 {
        let what = if card.distinct == 0 { "it has no value" } else { "it has one value in all rows" };
        return drop(format!("{what}, so it tells no title from another"), association);
    }
    if missing > MOST_MISSING && name.starts_with("duration") {
        return drop(
            format!(
                "films have minutes and series seasons: {} of the titles have none of these",
                percent(missing)
            ),
            association,
        );
    }
    if missing > MOST_MISSING {
        return drop(
            format!(
                "missing for {} of the titles, and missing by platform: it would say where a title is, and little \
                 else",
                percent(missing)
            ),
            association,
        );
    }
    if let Some((_, _, why)) = feature {
        if let Some(alone) = alone_share(name, table)
            && alone > MOST_ALONE
        {
            return drop(
                format!(
                    "{} of its names stand with one title alone, and tell nothing of another",
                    percent(alone)
                ),
                association,
            );
        }
        let mut rest =
            if missing > 0.0 { format!("; missing for {}", percent(missing)) } else { String::new() };
        if association.is_none() {
            rest.push_str("; how much it matters, these ratings cannot say");
        }
        return (
            true,
            "feature",
            format!("{why}; titles without ratings are placed by it{rest}"),
            association,
        );
    }
    match association {
        Some(value) if value.abs() >= LEAST_ASSOCIATION => {
            (true, "feature", format!("goes with the rating ({value:.3})"), association)
        }
        Some(value) => {
            drop(format!("hardly goes with the rating ({value:.3}, below {LEAST_ASSOCIATION})"), association)
        }
        None => drop("no association with the rating can be measured".to_owned(), association),
    }
}

/// Share of the items of a list that one title alone has.
fn alone_share(name: &str, table: &TitleTable) -> Option<f64> {
    let items: fn(&Title) -> &[String] = match name {
        "director" => |t| &t.director,
        "cast" => |t| &t.cast,
        _ => return None,
    };
    let counts =
        super::columns::counted(table.titles().iter().flat_map(|t| items(t).iter().map(String::as_str)));
    let alone = counts.iter().filter(|c| c.n == 1).count();
    (!counts.is_empty()).then(|| alone as f64 / counts.len() as f64)
}

/// The cells of a work in one column: of lists what any of its titles has, else the first that has a value.
fn cell(column: &str, of_work: &[&Title], table: &TitleTable) -> String {
    let list = |items: fn(&Title) -> &[String]| {
        let mut all: Vec<&str> = Vec::new();
        for item in of_work.iter().flat_map(|t| items(t)) {
            if !all.contains(&item.as_str()) {
                all.push(item);
            }
        }
        all.join(", ")
    };
    let first =
        |value: &dyn Fn(&Title) -> Option<String>| of_work.iter().find_map(|t| value(t)).unwrap_or_default();
    let length = |unit| first(&|t| super::columns::length(t, unit).map(|v| v.to_string()));
    match column {
        "id" => first(&|t| Some(t.id.to_string())),
        "platform" => {
            let mut all: Vec<&str> = of_work.iter().map(|t| table.platform_of(t).as_str()).collect();
            all.dedup();
            all.join(", ")
        }
        "type" => first(&|t| Some(t.kind.as_str().to_owned())),
        "director" => list(|t| &t.director),
        "cast" => list(|t| &t.cast),
        "country" => list(|t| &t.country),
        "date_added" => first(&|t| t.date_added.map(|d| d.to_string())),
        "release_year" => first(&|t| t.release_year.map(|y| y.to_string())),
        "rating" => first(&|t| Some(t.audience.clone()).filter(|a| !a.is_empty())),
        "duration_min" => length(catalog::DurationUnit::Min),
        "duration_season" => length(catalog::DurationUnit::Season),
        "listed_in" => list(|t| &t.genres),
        _ => String::new(),
    }
}

/// Writes both files. `pooled` are the ratings by work ([`RatingTable::by_work`]).
pub(super) fn write(
    dir: &Path,
    table: &TitleTable,
    works: &[u32],
    pooled: &RatingTable,
    choices: &[ColumnChoice],
    reporter: &dyn Reporter,
) -> Result<(), EtlError> {
    let columns: Vec<&str> =
        choices.iter().filter(|c| c.table == "titles" && c.kept).map(|c| c.column.as_str()).collect();
    let mut of_works = BTreeMap::<u32, Vec<&Title>>::new();
    for (title, &work) in table.titles().iter().zip(works) {
        of_works.entry(work).or_default().push(title);
    }
    let rows = of_works
        .into_values()
        .map(|of_work| columns.iter().map(|column| cell(column, &of_work, table)).collect());
    write_rows(dir, TRAINING_TITLES_FILE, &columns, rows)?;
    write_rating_file(dir, TRAINING_FILE, table, pooled, reporter)
}
