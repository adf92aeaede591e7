//! Values that are written in several ways.

use serde::{Deserialize, Serialize};

use super::parts::{Count, is_zero};

/// The values of a column that are probably the same, written in several ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spellings {
    /// The column of the titles.
    pub column: String,
    /// The values with more than one spelling, those with the most titles first; at most 10.
    pub groups: Vec<OneValue>,
    /// The number of further values, which `groups` leaves out; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub groups_left_out: u64,
}

/// The spellings of one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneValue {
    /// The spellings and the titles that have each, most frequent first; at most 5.
    pub spellings: Vec<Count>,
    /// The number of further spellings, which `spellings` leaves out; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spellings_left_out: u64,
}
