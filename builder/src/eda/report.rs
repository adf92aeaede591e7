//! What the analysis finds: the form of `eda.json`. Lists are in the order in which they are to be shown.

use artifact::Signal;
use serde::{Deserialize, Serialize};

use super::stats::Spread;

/// The form that this builder writes and reads.
pub const EDA_FORMAT: u32 = 1;

/// A label and how often it stands.
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
    /// Version of the builder.
    pub builder: String,
    /// Sizes.
    pub overview: Overview,
    /// What was wrong with the input, and what became of it.
    pub faults: Faults,
    /// What a reader should know before using a column.
    pub alerts: Vec<Alert>,
    /// Titles and ratings, column by column.
    pub tables: Vec<TableCard>,
    /// Associations between columns, of titles and of ratings joined with titles.
    pub associations: Vec<Associations>,
    /// What the platforms have.
    pub catalogue: Catalogue,
    /// Who rates what, and when.
    pub activity: Activity,
    /// Every column: kept for training or dropped, and why.
    pub training: Vec<ColumnChoice>,
    /// Whether the ratings tell titles apart; absent where that was left out.
    pub signal: Option<SignalCard>,
    /// This table against another; absent where none was named.
    pub comparison: Option<Comparison>,
}

/// Sizes of the tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Clean titles.
    pub titles: u64,
    /// Works: a film or series on several platforms is one.
    pub works: u64,
    /// Titles with a rating.
    pub rated_titles: u64,
    /// Works with a rating on any platform.
    pub rated_works: u64,
    /// Users.
    pub users: u64,
    /// Clean ratings.
    pub ratings: u64,
    /// Ratings over users times rated titles, 0 to 1.
    pub density: f64,
    /// Ratings over users times all titles, 0 to 1.
    pub density_of_catalogue: f64,
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
    /// Rows that were read; absent where clean tables were analysed, which do not tell what was cleaned.
    pub rows_read: Option<u64>,
    /// Kinds of fault that are present.
    pub found: Vec<Fault>,
    /// Kinds that were looked for and are not present, by code.
    pub absent: Vec<String>,
}

/// One kind of fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// A name for programs.
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// What became of it.
    pub handling: String,
    /// How often, in `unit`.
    pub n: u64,
    /// What is counted: rows, cells, items or titles.
    pub unit: String,
    /// How often in each file or on each platform that has it.
    pub by_source: Vec<Count>,
    /// A few of the values.
    pub examples: Vec<String>,
}

/// Something worth knowing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// `titles` or `ratings`.
    pub table: String,
    /// The column.
    pub column: String,
    /// `missing`, `constant`, `unique`, `skewed`, `associated`, `cold`, `outliers`, `concentrated` or `drift`.
    pub kind: String,
    /// In a sentence.
    pub text: String,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// A name for one thing.
    Identifier,
    /// One of few words.
    Category,
    /// A number.
    Number,
    /// A time, in Unix seconds.
    Date,
    /// Free text.
    Text,
    /// Several words.
    List,
}

impl ColumnType {
    /// The name in `eda.json`.
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

/// One bar of a histogram: values from `low` up to, not including, `high`. Edges do not depend on the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Values.
    pub n: u64,
}

/// A value that lies far out, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extreme {
    /// The value.
    pub value: f64,
    /// The id of its row.
    pub id: String,
    /// What it is called.
    pub label: String,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnCard {
    /// Its name in the clean table.
    pub name: String,
    /// What it holds.
    pub column_type: ColumnType,
    /// Unit of its numbers; empty where they have none.
    pub unit: String,
    /// Rows.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Different values; of lists, different items.
    pub distinct: u64,
    /// Of numbers and dates: where they lie. Of texts: their length in characters. Of lists: items a row.
    pub spread: Option<Spread>,
    /// The same as a histogram. Only bars from the first that has values to the last.
    pub histogram: Vec<Bin>,
    /// The commonest values or items.
    pub top: Vec<Count>,
    /// Rows whose value is not among `top`; of lists, items.
    pub other: u64,
    /// Rows with the smallest values.
    pub lowest: Vec<Extreme>,
    /// Rows with the greatest values.
    pub highest: Vec<Extreme>,
}

/// Rows that lack the same columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingPattern {
    /// The columns without a value; none where the row is complete.
    pub columns: Vec<String>,
    /// Rows.
    pub n: u64,
}

/// Shares of missing values in a part of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingShares {
    /// The part: a platform.
    pub part: String,
    /// Share of its rows without a value, 0 to 1, in the order of [`TableCard::columns`].
    pub shares: Vec<f64>,
}

/// Rows that stand more than once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Duplicates {
    /// What is the same.
    pub what: String,
    /// Rows beyond the first of their group.
    pub n: u64,
    /// A few groups.
    pub examples: Vec<String>,
}

/// A table, column by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableCard {
    /// `titles` or `ratings`.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<ColumnCard>,
    /// Rows that stand more than once.
    pub duplicates: Vec<Duplicates>,
    /// Which columns are missing together, commonest first; at most 12.
    pub missing: Vec<MissingPattern>,
    /// Missing values by platform.
    pub missing_by_platform: Vec<MissingShares>,
    /// Names of the cells of `sample`.
    pub sample_columns: Vec<String>,
    /// Rows taken at equal distances.
    pub sample: Vec<Vec<String>>,
}

/// How strongly two columns go together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Position of the one in [`Associations::columns`].
    pub a: usize,
    /// Position of the other.
    pub b: usize,
    /// `spearman` (−1 to 1), `cramers_v` or `eta` (0 to 1).
    pub measure: String,
    /// The value; absent where a column has no spread on the rows that have both.
    pub value: Option<f64>,
    /// Rows that have both.
    pub n: u64,
}

/// Associations of all pairs of columns of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Associations {
    /// `titles` or `ratings joined with titles`.
    pub table: String,
    /// Rows of the table.
    pub rows: u64,
    /// Rows that were looked at, taken at equal distances.
    pub rows_used: u64,
    /// Columns. Of lists, the first item; of categories, the 50 commonest values, and the others as one.
    pub columns: Vec<String>,
    /// Every pair once.
    pub pairs: Vec<Pair>,
}

/// A count by two labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Labels of the rows.
    pub rows: Vec<String>,
    /// Labels of the columns.
    pub columns: Vec<String>,
    /// Counts, row by row.
    pub counts: Vec<Vec<u64>>,
}

/// What the platforms have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Titles by platform and kind.
    pub by_platform: Grid,
    /// Titles by release year and kind.
    pub by_year: Grid,
    /// Titles by country, commonest first; a title counts for each of its countries.
    pub by_country: Vec<Count>,
    /// Titles by genre, the same way.
    pub by_genre: Vec<Count>,
    /// Titles by audience rating.
    pub by_audience: Vec<Count>,
    /// Lengths of films, in bars of ten minutes.
    pub film_minutes: Vec<Bin>,
    /// Number of seasons of what is measured in seasons.
    pub seasons: Vec<Bin>,
    /// Films beyond `upper_fence`.
    pub long_films: u64,
    /// Films below `lower_fence`.
    pub short_films: u64,
    /// Third quartile and three times the distance of the quartiles, minutes (Tukey's outer fence).
    pub upper_fence: Option<f64>,
    /// First quartile less the same, minutes.
    pub lower_fence: Option<f64>,
    /// The longest titles in minutes.
    pub longest: Vec<Extreme>,
    /// The shortest.
    pub shortest: Vec<Extreme>,
    /// Works by platform and platform: how many are on both. On the diagonal, works of the platform.
    pub overlap: Grid,
    /// Works by the number of platforms that have them, from one.
    pub works_by_platforms: Vec<u64>,
}

/// A month of ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Month {
    /// `yyyy-mm`.
    pub month: String,
    /// Ratings.
    pub n: u64,
    /// Their mean; absent without ratings.
    pub mean: Option<f64>,
}

/// Titles with about as many ratings.
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
    /// What that would be if ratings were dealt to titles at random: `σ·√(mean of 1/n)`.
    pub sd_by_chance: f64,
}

/// Titles without ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColdShare {
    /// The platform.
    pub platform: String,
    /// Its titles.
    pub titles: u64,
    /// Those without a rating.
    pub cold: u64,
    /// Those without a rating of their work on any platform.
    pub cold_works: u64,
}

/// A title and its mean rating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Ratings.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// What it is called.
    pub label: String,
}

/// Who rates what, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Ratings by value.
    pub by_rating: Vec<Bin>,
    /// Users by number of ratings, bars that double.
    pub by_user: Vec<Bin>,
    /// Rated titles by number of ratings, bars that double.
    pub by_title: Vec<Bin>,
    /// Gini coefficient of ratings a user.
    pub gini_users: Option<f64>,
    /// Gini coefficient of ratings a rated title.
    pub gini_titles: Option<f64>,
    /// Share of the ratings that the most active hundredth of the users gave.
    pub top_users_share: Option<f64>,
    /// Share of the ratings that the most rated hundredth of the rated titles got.
    pub top_titles_share: Option<f64>,
    /// Means of titles by number of ratings.
    pub mean_by_count: Vec<MeanByCount>,
    /// Rated titles, at most 400, at equal distances in the order of their number of ratings.
    pub points: Vec<Point>,
    /// Ratings and their mean, month by month, without gaps.
    pub months: Vec<Month>,
    /// Change of the mean rating a year: slope of the line through the months, weighed by their ratings.
    pub drift_per_year: Option<f64>,
    /// Cold titles by platform.
    pub cold: Vec<ColdShare>,
}

/// Whether a column goes into the training table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnChoice {
    /// `titles` or `ratings`.
    pub table: String,
    /// The column.
    pub column: String,
    /// Kept or dropped.
    pub kept: bool,
    /// What it is to the recommender: `key`, `target`, `order`, `feature` or `none`.
    pub role: String,
    /// Why.
    pub reason: String,
    /// Its association with the rating, and by which measure; absent where it has none.
    pub with_rating: Option<f64>,
}

/// Whether the ratings tell titles apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalCard {
    /// The answer, without a term of the trade.
    pub sentence: String,
    /// The check.
    pub signal: Signal,
    /// What was trained.
    pub model: String,
    /// Ratings that were used, of works, of users chosen at equal distances.
    pub ratings_used: u64,
}

/// A figure of this table and of another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// What.
    pub what: String,
    /// Here.
    pub this: f64,
    /// There.
    pub other: f64,
}

/// How far a column's distribution moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// `titles` or `ratings`.
    pub table: String,
    /// The column.
    pub column: String,
    /// Population stability index of at most ten groups of about equal size there, and one of missing values.
    pub psi: Option<f64>,
    /// `none` (below 0.1), `some`, `much` (above 0.25), or `unknown`.
    pub level: String,
    /// Share of missing values here.
    pub missing: f64,
    /// Share of missing values there.
    pub missing_other: f64,
}

/// This table against another, which is the expected one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What the other is called.
    pub other: String,
    /// Sizes.
    pub counts: Vec<Compared>,
    /// Columns that both have, greatest shift first.
    pub shifts: Vec<Shift>,
}
