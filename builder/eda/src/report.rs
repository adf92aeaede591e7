//! What the analysis finds, in the form of `eda.json`. Lists are in the order in which they are shown.
//!
//! `eda.json` has less than 2 MB, whatever the data are: histograms have a bounded number of bars, lists are
//! cut and say how many values they leave out, and texts from the data are cut and then end with an ellipsis.

use artifact::Signal;
use serde::{Deserialize, Serialize};

use crate::stats::Spread;

/// The format of `eda.json` that this version writes and reads.
///
/// Format 2 uses the column names of the clean tables of today (`id`, `user_id`, `kind`, `audience`,
/// `genres`, `year`), and has `catalog` and `density_of_catalog` where format 1 had `catalogue` and
/// `density_of_catalogue`.
pub const EDA_FORMAT: u32 = 2;

/// A label and how often it occurs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// What is counted.
    pub label: String,
    /// How often.
    pub n: u64,
}

/// The whole analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Eda {
    /// [`EDA_FORMAT`].
    pub format: u32,
    /// Version of the program that made it.
    pub builder: String,
    /// Sizes of the tables.
    pub overview: Overview,
    /// What was wrong with the input, and what was done about it.
    pub faults: Faults,
    /// What a reader should know before using a column.
    pub alerts: Vec<Alert>,
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
    /// Mean rating; absent without ratings.
    pub mean_rating: Option<f64>,
    /// Standard deviation of the ratings.
    pub sd_rating: Option<f64>,
    /// Day of the first rating, `yyyy-mm-dd`.
    pub first_day: Option<String>,
    /// Day of the last.
    pub last_day: Option<String>,
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
    /// `missing`, `constant`, `unique`, `skewed`, `associated`, `cold`, `outliers`, `concentrated` or
    /// `drift`.
    pub kind: String,
    /// The alert in words.
    pub text: String,
}

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

/// The side on which a bar has no edge of its own, because it counts all values beyond its other edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenEnd {
    /// The first bar: it counts everything below the others.
    Below,
    /// The last bar: it counts everything above the others.
    Above,
}

/// One bar of a histogram: values from `low` up to `high`, not including it. The edges do not depend on the
/// data.
///
/// A histogram has at most 400 such bars. If the values reach further, these are where most of the values
/// are, and an open bar at one or both ends counts the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Lower edge. Of a bar that is open below, the smallest value.
    pub low: f64,
    /// Upper edge. Of a bar that is open above, the greatest value, which it includes.
    pub high: f64,
    /// Number of values.
    pub n: u64,
    /// The open side; absent if the bar has two edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenEnd>,
}

/// Returns whether a list is whole, so that the number of values that were left out need not be written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// One of the smallest or greatest values, and the title that has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extreme {
    /// The value.
    pub value: f64,
    /// The id of the title.
    pub id: String,
    /// The name of the title.
    pub label: String,
}

/// A summary of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnCard {
    /// Its name in the clean table.
    pub name: String,
    /// The type of its values.
    pub column_type: ColumnType,
    /// The unit of its numbers; empty if they have none.
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

/// Counts by two labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Labels of the rows.
    pub rows: Vec<String>,
    /// Labels of the columns.
    pub columns: Vec<String>,
    /// Counts, row by row.
    pub counts: Vec<Vec<u64>>,
    /// The ends of the rows that are open: the first row then also counts everything below it, or the last
    /// one everything above it. Only histograms of years have open ends; other histograms leave the field
    /// out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenEnd>,
}

/// What the platforms offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// Titles by platform and kind.
    pub by_platform: Grid,
    /// Titles by release year and kind, without gaps; at most 400 years, and two open ends.
    pub by_year: Grid,
    /// Titles by country, most frequent first, at most 20; a title counts for each of its countries.
    pub by_country: Vec<Count>,
    /// The number of further countries; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub countries_left_out: u64,
    /// Titles by genre, in the same way.
    pub by_genre: Vec<Count>,
    /// The number of further genres; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub genres_left_out: u64,
    /// Titles by canonical genre, in the same way. Canonical genres have the same names on all platforms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_canonical_genre: Vec<Count>,
    /// The number of further canonical genres; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub canonical_genres_left_out: u64,
    /// Titles by audience rating, in the same way.
    pub by_audience: Vec<Count>,
    /// The number of further audience ratings; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub audiences_left_out: u64,
    /// Lengths of films, in bars of ten minutes.
    pub film_minutes: Vec<Bin>,
    /// Number of seasons of titles that are measured in seasons.
    pub seasons: Vec<Bin>,
    /// Films that are longer than `upper_fence`.
    pub long_films: u64,
    /// Films that are shorter than `lower_fence`.
    pub short_films: u64,
    /// Third quartile plus three times the interquartile range, in minutes (Tukey's outer fence).
    pub upper_fence: Option<f64>,
    /// First quartile minus three times the interquartile range, in minutes.
    pub lower_fence: Option<f64>,
    /// The longest films.
    pub longest: Vec<Extreme>,
    /// The shortest films.
    pub shortest: Vec<Extreme>,
    /// Works that are on both of two platforms. On the diagonal, all works of the platform. At most 30
    /// platforms, those with the most works.
    pub overlap: Grid,
    /// The number of further platforms, which `overlap` leaves out; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overlap_left_out: u64,
    /// Works by the number of platforms that have them, from 1.
    pub works_by_platforms: Vec<u64>,
    /// Titles with a technical suffix such as `(4K UHD)`.
    #[serde(default)]
    pub editions: Editions,
}

/// Titles with a technical suffix, which are one work with the titles of the same name without it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Editions {
    /// Titles with such a suffix.
    pub titles: u64,
    /// Those of them that are one work with a title that has another suffix, or none.
    pub joined: u64,
    /// The suffixes, most frequent first, at most 20.
    pub suffixes: Vec<EditionSuffix>,
    /// The number of further suffixes; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub suffixes_left_out: u64,
}

/// Titles with one technical suffix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditionSuffix {
    /// The suffix in lower case, without its brackets. Of several suffixes of a title, the first.
    pub suffix: String,
    /// Titles that have it.
    pub titles: u64,
    /// Those of them that are one work with a title that has another suffix, or none.
    pub joined: u64,
}

/// The ratings of a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Month {
    /// `yyyy-mm`.
    pub month: String,
    /// Ratings.
    pub n: u64,
    /// Their mean; absent without ratings.
    pub mean: Option<f64>,
    /// Set if the ratings of all earlier months (`below`) or all later ones (`above`) are counted here too;
    /// absent for a single month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenEnd>,
}

/// Titles with about the same number of ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeanByCount {
    /// Fewest ratings.
    pub low: u64,
    /// Most ratings.
    pub high: u64,
    /// Titles.
    pub titles: u64,
    /// Mean of their mean ratings.
    pub mean: f64,
    /// Standard deviation of their mean ratings.
    pub sd: f64,
    /// What `sd` would be if ratings were given to titles at random: `σ·√(mean of 1/n)`.
    pub sd_by_chance: f64,
}

/// Titles without ratings on one platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColdShare {
    /// The platform.
    pub platform: String,
    /// Its titles.
    pub titles: u64,
    /// Those without a rating.
    pub cold: u64,
    /// Those whose work has no rating on any platform.
    pub cold_works: u64,
}

/// A title and its mean rating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Ratings.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// The name of the title.
    pub label: String,
}

/// Who rates what, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Ratings by value.
    pub by_rating: Vec<Bin>,
    /// Users by number of ratings, in bars that double.
    pub by_user: Vec<Bin>,
    /// Rated titles by number of ratings, in bars that double.
    pub by_title: Vec<Bin>,
    /// Gini coefficient of the ratings per user.
    pub gini_users: Option<f64>,
    /// Gini coefficient of the ratings per rated title.
    pub gini_titles: Option<f64>,
    /// Share of the ratings given by the most active 1% of the users.
    pub top_users_share: Option<f64>,
    /// Share of the ratings received by the most rated 1% of the rated titles.
    pub top_titles_share: Option<f64>,
    /// Mean ratings of titles by number of ratings.
    pub mean_by_count: Vec<MeanByCount>,
    /// At most 400 rated titles, at equal distances in the order of their number of ratings.
    pub points: Vec<Point>,
    /// Ratings and their mean by month, without gaps; at most 400 months, and two open ends.
    pub months: Vec<Month>,
    /// Change of the mean rating per year: slope of the least-squares line through the months, weighted by
    /// their ratings, without open ends.
    pub drift_per_year: Option<f64>,
    /// Titles without ratings by platform.
    pub cold: Vec<ColdShare>,
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

/// A figure of both data sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// What it is.
    pub what: String,
    /// Its value in this data set.
    pub this: f64,
    /// Its value in the other.
    pub other: f64,
}

/// How far a column's distribution moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// `titles` or `ratings`.
    pub table: String,
    /// The column.
    pub column: String,
    /// Population stability index over about ten groups of values and one of missing values; absent for
    /// identifiers and for tables without rows.
    pub psi: Option<f64>,
    /// `none` (below 0.1), `some`, `much` (above 0.25), or `unknown`.
    pub level: String,
    /// Share of missing values in this data set.
    pub missing: f64,
    /// Share of missing values in the other.
    pub missing_other: f64,
}

/// This data set compared with another, which is what was expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The name of the other.
    pub other: String,
    /// Sizes of both.
    pub counts: Vec<Compared>,
    /// The columns that both have, greatest shift first.
    pub shifts: Vec<Shift>,
}

/// Returns the name of a measure of association as it is written for people.
pub(crate) fn measure_name(measure: &str) -> &str {
    match measure {
        "spearman" => "Spearman's ρ",
        "cramers_v" => "Cramér's V",
        _ => "correlation ratio η",
    }
}
