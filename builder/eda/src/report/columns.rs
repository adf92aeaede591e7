//! Tables, column by column, and the associations of their columns.

use serde::{Deserialize, Serialize};

use super::parts::{Bin, Count, Extreme, is_zero};
use crate::stats::Spread;

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// The name of one user or title.
    Identifier,
    /// One of a few words.
    Category,
    /// A number.
    Number,
    /// A day or a time, in Unix seconds.
    Date,
    /// Free text.
    Text,
    /// Several words.
    List,
}

impl ColumnType {
    /// Returns the name in `eda.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Category => "category",
            Self::Number => "number",
            Self::Date => "date",
            Self::Text => "text",
            Self::List => "list",
        }
    }
}

/// A summary of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnCard {
    /// Its name in the clean table.
    pub name: String,
    /// The type of its values.
    pub column_type: ColumnType,
    /// The unit of its numbers; empty if they have none, as ratings that are not stars.
    pub unit: String,
    /// Rows.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Different values; for lists, different items.
    pub distinct: u64,
    /// How the values are spread: numbers and dates themselves, the length of texts in characters, the number
    /// of items of lists.
    pub spread: Option<Spread>,
    /// The same as a histogram, from the first bar that has values to the last; at most 402 bars.
    pub histogram: Vec<Bin>,
    /// The most frequent values or items, at most 20 of `distinct`.
    pub top: Vec<Count>,
    /// Rows whose value is not in `top`; for lists, items that are not.
    pub other: u64,
    /// Rows with the smallest values.
    pub lowest: Vec<Extreme>,
    /// Rows with the greatest values.
    pub highest: Vec<Extreme>,
}

/// Rows in which the same columns are missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingPattern {
    /// The columns without a value; empty if the row is complete.
    pub columns: Vec<String>,
    /// Rows.
    pub n: u64,
}

/// Shares of missing values in one part of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingShares {
    /// The part, which is a platform.
    pub part: String,
    /// Share of its rows without a value, 0 to 1, in the order of [`TableCard::columns`].
    pub shares: Vec<f64>,
}

/// Rows that occur more than once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Duplicates {
    /// What is repeated.
    pub what: String,
    /// Rows beyond the first of their group.
    pub n: u64,
    /// Some of the groups.
    pub examples: Vec<String>,
}

/// A summary of a table, column by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableCard {
    /// `titles` or `ratings`.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<ColumnCard>,
    /// Rows that occur more than once.
    pub duplicates: Vec<Duplicates>,
    /// Which columns are missing together, most frequent first; at most 12.
    pub missing: Vec<MissingPattern>,
    /// The number of further patterns, which `missing` leaves out; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub patterns_left_out: u64,
    /// Missing values by platform: those with the most titles, at most 30, in the order of the table.
    pub missing_by_platform: Vec<MissingShares>,
    /// The number of further platforms, which `missing_by_platform` leaves out; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub platforms_left_out: u64,
    /// Column names of `sample`.
    pub sample_columns: Vec<String>,
    /// Some rows at equal distances.
    pub sample: Vec<Vec<String>>,
}

/// How strongly two columns are associated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Position of one column in [`Associations::columns`].
    pub a: usize,
    /// Position of the other.
    pub b: usize,
    /// `spearman` (−1 to 1), `cramers_v` or `eta` (0 to 1).
    pub measure: String,
    /// The value; absent if one of the columns does not vary on the rows that have both.
    pub value: Option<f64>,
    /// Rows that have a value in both.
    pub n: u64,
}

/// The associations of all pairs of columns of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Associations {
    /// `titles` or `ratings joined with titles`.
    pub table: String,
    /// Rows of the table.
    pub rows: u64,
    /// Rows that were used, at equal distances.
    pub rows_used: u64,
    /// The columns. For categories, the 50 most frequent values count, and all others as one.
    pub columns: Vec<String>,
    /// Every pair once.
    pub pairs: Vec<Pair>,
}

/// Returns the name of a measure of association as it is written for people.
pub(crate) fn measure_name(measure: &str) -> &str {
    match measure {
        "spearman" => "Spearman's ρ",
        "cramers_v" => "Cramér's V",
        _ => "correlation ratio η",
    }
}
