//! Tables on disk: writes and reads the clean tables, and reads rating files of any layout in parallel.
//!
//! [`write()`] and [`read_clean`] keep the clean tables as CSV. Clean tables are the interface between the
//! programs that read raw data and those that learn from it. [`rows`] reads rating files in blocks. A faulty
//! row of a raw file is not an error: it becomes a [`Reject`] with its file, line, column and reason.

mod error;
mod formula;
mod header;
mod intern;
mod list;
pub mod open;
mod rating_file;
mod rating_rows;
mod read;
mod records;
mod reject;
pub mod rows;
mod site;
mod staged;
mod write;
mod year;

use std::io::Read as _;
use std::path::Path;

use artifact::{Counts, Hasher, Source};
use catalog::{RatingTable, TitleTable};

pub use error::FileError;
pub use header::{check_text, find_columns, fold, header_fields, is_column, without_bom};
pub use intern::Interner;
pub use rating_file::{write_rating_file, write_rows};
pub use rating_rows::{RatingRows, RatingRowsError, read_rating_rows};
pub use read::{index, place, read_clean, read_file_rows, read_rejects};
pub use records::{MAX_QUOTED_BYTES, Span, next_record, next_record_within};
pub use reject::{MAX_VALUE_BYTES, Reason, Reject, Rejects};
pub use site::Site;
pub use write::{ABOUT_FILE, FileRows, RATINGS_FILE, REJECTS_FILE, TITLES_FILE, keep_inputs, write};
pub use year::parse_year;

/// Clean titles and ratings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clean {
    /// Titles, in source order.
    pub titles: TitleTable,
    /// Ratings, by user and title.
    pub ratings: RatingTable,
}

impl Clean {
    /// Counts everything, without the rows that were rejected or superseded before.
    pub fn counts(&self) -> Counts {
        let mut rated = vec![false; self.titles.titles().len()];
        for &title in self.ratings.title_idx() {
            rated[title as usize] = true;
        }
        Counts {
            titles: rated.len() as u64,
            rated_titles: rated.iter().filter(|&&r| r).count() as u64,
            users: self.ratings.users().len() as u64,
            ratings: self.ratings.len() as u64,
            ..Counts::default()
        }
    }
}

/// Describes a file as a release does: by name, size and digest.
///
/// # Errors
/// Returns [`FileError`] if the file cannot be read.
pub fn source(path: &Path) -> Result<Source, FileError> {
    let failed = |error| FileError::read(path, error);
    let mut file = open::open_file(path)?;
    let (mut hasher, mut bytes, mut buffer) = (Hasher::default(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(Source { name: file_name(path), bytes, sha256: hasher.finish(), read_as: None }),
            n => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
}

/// Returns the name of a file without its folder.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
