//! What the analysis finds, in the form of `eda.json`. Lists are in the order in which they are shown.
//!
//! `eda.json` has less than 2 MB, whatever the data are: histograms have a bounded number of bars, lists are
//! cut and say how many values they leave out, and texts from the data are cut and then end with an ellipsis.

mod activity;
mod columns;
mod comparison;
mod offer;
mod parts;
mod spellings;

use artifact::Signal;
use catalog::Scale;
use serde::{Deserialize, Serialize};

use parts::is_zero;

pub use activity::{Activity, ColdShare, MeanByCount, Month, Point};
pub(crate) use columns::measure_name;
pub use columns::{
    Associations, ColumnCard, ColumnType, Duplicates, MissingPattern, MissingShares, Pair, TableCard,
};
pub use comparison::{Compared, Comparison, Shift};
pub use offer::{Catalog, EditionSuffix, Editions};
pub use parts::{Bin, Count, Extreme, Grid, OpenEnd};
pub use spellings::{OneValue, Spellings};

/// The format of `eda.json` that this version writes and reads.
///
/// Format 2 uses the column names of the clean tables of today (`id`, `user_id`, `kind`, `audience`,
/// `genres`, `year`), and has `catalog` and `density_of_catalog` where format 1 had `catalogue` and
/// `density_of_catalogue`.
pub const EDA_FORMAT: u32 = 2;

/// The whole analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Eda {
    /// [`EDA_FORMAT`].
    pub format: u32,
    /// Version of the program that made it.
    pub builder: String,
    /// Whether it names users and shows ratings of theirs. What a release serves does not; not written then.
    #[serde(default, skip_serializing_if = "is_false")]
    pub names_people: bool,
    /// Sizes of the tables.
    pub overview: Overview,
    /// What was wrong with the input, and what was done about it.
    pub faults: Faults,
    /// What a reader should know before using a column.
    pub alerts: Vec<Alert>,
    /// Values of the titles' columns that are probably the same, written in several ways. Left out if
    /// empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spellings: Vec<Spellings>,
    /// Titles and ratings, column by column.
    pub tables: Vec<TableCard>,
    /// Associations between columns, of titles and of ratings joined with titles.
    pub associations: Vec<Associations>,
    /// What the platforms offer.
    pub catalog: Catalog,
    /// Who rates what, and when.
    pub activity: Activity,
    /// Whether each column is kept for training, and why.
    pub training: Vec<ColumnChoice>,
    /// Whether the ratings tell titles apart; absent if that was not checked.
    pub signal: Option<SignalCard>,
    /// This data set compared with another; absent if there is no other.
    pub comparison: Option<Comparison>,
}

/// Returns whether a flag is off, which need not be written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// Sizes of the tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Clean titles.
    pub titles: u64,
    /// Works: a film or series on several platforms is one work.
    pub works: u64,
    /// Titles with a rating.
    pub rated_titles: u64,
    /// Works with a rating on at least one platform.
    pub rated_works: u64,
    /// Users.
    pub users: u64,
    /// Clean ratings.
    pub ratings: u64,
    /// Ratings divided by users times rated titles, 0 to 1.
    pub density: f64,
    /// Ratings divided by users times all titles, 0 to 1.
    pub density_of_catalog: f64,
    /// The scale that the ratings are on; not written if it is the one from 0.5 to 5.
    #[serde(default, skip_serializing_if = "are_half_stars")]
    pub scale: Scale,
    /// Mean rating; absent without ratings.
    pub mean_rating: Option<f64>,
    /// Standard deviation of the ratings.
    pub sd_rating: Option<f64>,
    /// Day of the first rating, `yyyy-mm-dd`.
    pub first_day: Option<String>,
    /// Day of the last.
    pub last_day: Option<String>,
}

/// Returns whether ratings are on the usual scale, which need not be written.
fn are_half_stars(scale: &Scale) -> bool {
    *scale == Scale::STARS
}

/// What was wrong with the input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    /// Rows that were read; absent if clean tables were analyzed, which do not say what was cleaned.
    pub rows_read: Option<u64>,
    /// The kinds of fault that were found.
    pub found: Vec<Fault>,
    /// The codes of those that were looked for and not found.
    pub absent: Vec<String>,
}

/// One kind of fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Its name for programs.
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// What was done about it.
    pub handling: String,
    /// How often it occurs, in `unit`.
    pub n: u64,
    /// What is counted: rows, cells, items or titles.
    pub unit: String,
    /// How often it occurs in each file or on each platform that has it, by name; at most 30.
    pub by_source: Vec<Count>,
    /// The number of further files or platforms, which `by_source` leaves out; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sources_left_out: u64,
    /// Some of the values.
    pub examples: Vec<String>,
}

/// Something to know before using a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// `titles` or `ratings`.
    pub table: String,
    /// The column.
    pub column: String,
    /// `missing`, `constant`, `unique`, `skewed`, `spellings`, `associated`, `cold`, `outliers`,
    /// `concentrated` or `drift`.
    pub kind: String,
    /// The alert in words.
    pub text: String,
}

/// Whether a column goes into the training table, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnChoice {
    /// `titles` or `ratings`.
    pub table: String,
    /// The column.
    pub column: String,
    /// Whether it is kept.
    pub kept: bool,
    /// Its role in training: `key`, `target`, `order`, `feature` or `none`.
    pub role: String,
    /// Why.
    pub reason: String,
    /// Its association with the rating; absent if that cannot be measured.
    pub with_rating: Option<f64>,
}

/// Whether the ratings tell titles apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalCard {
    /// The answer in plain words.
    pub sentence: String,
    /// The result of the check.
    pub signal: Signal,
    /// The model that was trained.
    pub model: String,
    /// Ratings that were used: pooled by work, of all users or of users at equal distances.
    pub ratings_used: u64,
}
