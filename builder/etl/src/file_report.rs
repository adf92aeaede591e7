//! What was read of an input file.

use std::path::PathBuf;

use serde::Serialize;

/// Counts for one input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Path of the file.
    #[serde(skip)]
    pub path: PathBuf,
    /// Name of the file in rejects.
    pub file: String,
    /// Layout of the file, in words.
    pub format: String,
    /// Rows read, without header and empty lines.
    pub rows: u64,
    /// Rows refused.
    pub rejected: u64,
    /// Those of them that are no losses: rows of an export of one user's ratings whose titles are not in the
    /// catalogs.
    pub not_found: u64,
}

impl FileReport {
    /// Adds to the layout how many titles of an export were not found.
    pub(crate) fn say_not_found(&mut self) {
        if self.not_found > 0 {
            let Self { rows, not_found, .. } = self;
            let said = format!(
                "; {not_found} of {rows} are not in the catalogs (title_not_found), which does not count for \
                 --max-rejects"
            );
            self.format.push_str(&said);
        }
    }
}
