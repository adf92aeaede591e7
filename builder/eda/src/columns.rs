//! The columns that a catalog has: their names in the clean tables, and how to read them from a title. Cards,
//! missing values, associations and the training table all follow this one list.

use catalog::{Date, DurationUnit, Title, TitleTable};

use crate::edges::Edges;

/// How to read a column from a title. A missing value is empty or `None`.
pub(crate) enum Values {
    /// A word that identifies the title.
    Id(for<'a> fn(&'a Title) -> &'a str),
    /// One of a few words.
    Category(for<'a> fn(&'a TitleTable, &'a Title) -> &'a str),
    /// Free text.
    Text(for<'a> fn(&'a Title) -> &'a str),
    /// A list of words, and the number or word that represents the list in associations.
    List(fn(&Title) -> &[String], Summary),
    /// A day.
    Date(fn(&Title) -> Option<Date>),
    /// A number, its unit and the bars of its histogram.
    Number(fn(&Title) -> Option<f64>, &'static str, Edges),
}

/// What represents a list where a single value is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Summary {
    /// Its first item.
    First,
    /// The number of its items.
    Number,
}

/// A column of the titles.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) values: Values,
}

/// The columns, in the order of the report.
pub(crate) static COLUMNS: [Column; 14] = [
    Column { name: "id", values: Values::Id(|t| t.id.as_str()) },
    Column { name: "platform", values: Values::Category(|table, t| table.platform_of(t).as_str()) },
    Column { name: "kind", values: Values::Category(|_, t| t.kind.as_str()) },
    Column { name: "title", values: Values::Text(|t| t.display.as_str()) },
    Column { name: "director", values: Values::List(|t| &t.director, Summary::First) },
    Column { name: "cast", values: Values::List(|t| &t.cast, Summary::Number) },
    Column { name: "country", values: Values::List(|t| &t.country, Summary::First) },
    Column { name: "date_added", values: Values::Date(|t| t.date_added) },
    Column {
        name: "year",
        values: Values::Number(|t| t.release_year.map(f64::from), "year", Edges::Step(1.0)),
    },
    Column { name: "audience", values: Values::Category(|_, t| t.audience.as_str()) },
    Column { name: "duration_min", values: Values::Number(minutes, "minutes", Edges::Step(10.0)) },
    Column { name: "duration_season", values: Values::Number(seasons, "seasons", Edges::Step(1.0)) },
    Column { name: "genres", values: Values::List(|t| &t.genres, Summary::First) },
    Column { name: "description", values: Values::Text(|t| t.description.as_str()) },
];

/// Returns the length of a title in minutes, or `None` if it has none or is measured in seasons.
pub(crate) fn minutes(title: &Title) -> Option<f64> {
    length(title, DurationUnit::Min)
}

/// Returns the number of seasons of a title, or `None` if it has none or is measured in minutes.
pub(crate) fn seasons(title: &Title) -> Option<f64> {
    length(title, DurationUnit::Season)
}

fn length(title: &Title, unit: DurationUnit) -> Option<f64> {
    title.duration.filter(|d| d.unit == unit).map(|d| f64::from(d.value))
}

impl Column {
    /// Finds a column by its name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        COLUMNS.iter().find(|column| column.name == name)
    }

    /// Returns whether a title has no value.
    pub(crate) fn is_missing(&self, table: &TitleTable, title: &Title) -> bool {
        match &self.values {
            Values::Id(word) | Values::Text(word) => word(title).is_empty(),
            Values::Category(word) => word(table, title).is_empty(),
            Values::List(items, _) => items(title).is_empty(),
            Values::Date(date) => date(title).is_none(),
            Values::Number(number, ..) => number(title).is_none(),
        }
    }

    /// Returns a title's value as the text of a table cell, empty if the title has no value.
    pub(crate) fn cell(&self, table: &TitleTable, title: &Title) -> String {
        match &self.values {
            Values::Id(word) | Values::Text(word) => word(title).to_owned(),
            Values::Category(word) => word(table, title).to_owned(),
            Values::List(items, _) => items(title).join(", "),
            Values::Date(date) => date(title).map(|d| d.to_string()).unwrap_or_default(),
            Values::Number(number, ..) => number(title).map(|v| v.to_string()).unwrap_or_default(),
        }
    }

    /// Returns the name under which the column stands in associations, which says what is measured of a text
    /// or a list; `None` for ids, which are not measured.
    pub(crate) fn measured_as(&self) -> Option<String> {
        let name = self.name;
        match &self.values {
            Values::Id(_) => None,
            Values::Text(_) => Some(format!("{name} (length)")),
            Values::List(_, Summary::First) => Some(format!("{name} (first)")),
            Values::List(_, Summary::Number) => Some(format!("{name} (number)")),
            Values::Category(_) | Values::Date(_) | Values::Number(..) => Some(name.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Duration, Platform, TitleId};

    use super::*;

    #[test]
    fn a_column_is_missing_where_its_cell_is_empty() {
        let mut bare = Title::named(TitleId::new("ns1").unwrap(), "Alpha");
        bare.audience.clear();
        let full = Title {
            director: vec!["a".to_owned(), "b".to_owned()],
            cast: vec!["c".to_owned()],
            country: vec!["peru".to_owned()],
            date_added: "2020-01-02".parse().ok(),
            release_year: Some(1999),
            audience: "pg".to_owned(),
            duration: Some(Duration { value: 90, unit: DurationUnit::Min }),
            genres: vec!["drama".to_owned()],
            description: "about".to_owned(),
            ..Title::named(TitleId::new("ns2").unwrap(), "Beta")
        };
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], vec![bare, full]).unwrap();
        for title in table.titles() {
            for column in &COLUMNS {
                assert_eq!(column.is_missing(&table, title), column.cell(&table, title).is_empty());
            }
        }
        let missing = |row: usize| -> Vec<&str> {
            let title = &table.titles()[row];
            COLUMNS.iter().filter(|c| c.is_missing(&table, title)).map(|c| c.name).collect()
        };
        assert_eq!(missing(1), ["duration_season"]);
        assert_eq!(missing(0).len(), COLUMNS.len() - 4, "only id, platform, kind and title are there");
        let cell = |name| Column::named(name).unwrap().cell(&table, &table.titles()[1]);
        assert_eq!([cell("director"), cell("year"), cell("duration_min")], ["a, b", "1999", "90"]);
    }
}
