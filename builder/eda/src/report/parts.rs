//! What several parts of the report are made of: counts, bars, grids.

use serde::{Deserialize, Serialize};

/// A label and how often it occurs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// What is counted.
    pub label: String,
    /// How often.
    pub n: u64,
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
pub(super) fn is_zero(n: &u64) -> bool {
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
