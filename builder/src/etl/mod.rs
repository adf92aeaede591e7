//! Extract, transform, load: raw files to clean tables and rejects (`QUERIES.md`, rules 1 to 9).

mod file_order;

pub use file_order::{FileOrder, FileOrderError, read_file_order};

use catalog::{RatingTable, TitleTable};

/// The clean tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clean {
    /// Titles, in source order.
    pub titles: TitleTable,
    /// Ratings, by user and title.
    pub ratings: RatingTable,
}
