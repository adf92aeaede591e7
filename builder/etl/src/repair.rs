use serde::Serialize;

/// Kind of change made to a cell of a row that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairKind {
    /// A duration found in the `rating` column was moved to `duration`.
    DurationMoved,
    /// An empty audience rating became `g`.
    AudienceFilled,
    /// A date that could not be read, or that could be two days, was left empty.
    DateEmptied,
    /// A duration that is not in minutes or seasons, or longer than any title, was left empty.
    DurationEmptied,
    /// A title whose release year is missing or could not be read was kept without one.
    YearEmptied,
    /// A title of no kind became a film, or a series if its length is in seasons.
    KindFilled,
    /// A row with wrong quotes was read, because there is only one way to read it. The column is empty, and
    /// the value is the beginning of the row.
    QuotesMended,
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
    /// Cells with a word for nothing, such as `NaN` or `N/A`, which were read as empty.
    pub nothing: u64,
}

impl CellFaults {
    /// Adds the faults of a row.
    pub(crate) fn add(&mut self, row: &Self) {
        self.spaced_dates += row.spaced_dates;
        self.invisible += row.invisible;
        self.cast_without_letter += row.cast_without_letter;
        self.cast_suffixes += row.cast_suffixes;
        self.nothing += row.nothing;
    }
}
