use serde::Serialize;

/// Kind of change made to a cell of a row that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairKind {
    /// A duration found in the `rating` column was moved to `duration`.
    DurationMoved,
    /// An empty audience rating became `g`.
    AudienceFilled,
    /// A date that could not be read was left empty.
    DateEmptied,
    /// A duration that could not be read was left empty.
    DurationEmptied,
}

/// One repaired cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// The input file, as in [`tables::Reject::file`].
    pub file: String,
    /// Line on which the row begins, from 1.
    pub line: u64,
    /// The column.
    pub column: &'static str,
    /// Value before the repair.
    pub value: String,
    /// What was changed.
    pub kind: RepairKind,
}

/// Numbers of faults in the cells of one catalog file that were cleaned without a [`Repair`]. Refused rows
/// are not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CellFaults {
    /// The input file, as in [`tables::Reject::file`].
    pub file: String,
    /// Dates that began with a space.
    pub spaced_dates: u64,
    /// Cells with invisible characters (`QUERIES.md`, rule 6).
    pub invisible: u64,
    /// Items of casts that have no letter, which were dropped.
    pub cast_without_letter: u64,
    /// Suffixes in casts that were joined to the name before them.
    pub cast_suffixes: u64,
}
