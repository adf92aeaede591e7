//! This data set compared with another.

use catalog::Scale;
use serde::{Deserialize, Serialize};

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
    /// identifiers, for tables without rows, and for ratings on another scale.
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
    /// The scale of the other's ratings if it is not that of these. Bars of ratings are then not compared,
    /// and mean ratings are compared by their place on the scale. Not written otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_scale: Option<Scale>,
    /// Sizes of both.
    pub counts: Vec<Compared>,
    /// The columns that both have, greatest shift first.
    pub shifts: Vec<Shift>,
}
