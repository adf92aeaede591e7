use std::path::PathBuf;

use catalog::{OffScale, PlatformError};
use tables::FileError;
use thiserror::Error;

use crate::Losses;

/// Reason why clean tables could not be made. Faults of single rows are not errors; they are
/// [`tables::Rejects`].
#[derive(Debug, Error)]
pub enum EtlError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No file was given.
    #[error("no files were given; pass catalogs with --titles, ratings with --ratings, or both")]
    NoFiles,
    /// The folder has none of the files that could be read.
    #[error("{}: the folder contains none of these files: {looked_for}", path.display())]
    NothingInFolder {
        /// The folder.
        path: PathBuf,
        /// The file names that were looked for.
        looked_for: &'static str,
    },
    /// The same file was given twice.
    #[error("{}: this file is given twice; name it once", .0.display())]
    GivenTwice(PathBuf),
    /// A catalog whose platform is not known.
    #[error("{}: cannot tell the platform from the file name; write NAME={}", .0.display(), .0.display())]
    NoPlatform(PathBuf),
    /// A table of ratings, given as a catalog.
    #[error(
        "{}: this is a table of ratings (columns {found}), not a catalog; pass it with --ratings, and catalogs with --titles",
        path.display()
    )]
    NotACatalog {
        /// The file.
        path: PathBuf,
        /// Its columns.
        found: String,
    },
    /// A table of all platforms, with a column for each of them.
    #[error(
        "{}: this table has a column for each platform ({platforms}), which is not a layout that is read, and the columns {missing} are missing; write the titles of each platform into a file of its own, and pass it with --titles NAME=FILE",
        path.display()
    )]
    PlatformColumns {
        /// The file.
        path: PathBuf,
        /// The columns that are named after platforms.
        platforms: String,
        /// The columns of a catalog that it does not have.
        missing: String,
    },
    /// A column that the user named is not in the file.
    #[error(
        "{}, line 1: `--title-columns` names column {column}, but the file has {found}",
        path.display()
    )]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Columns of the file.
        found: String,
    },
    /// A row of a table of genres cannot be used.
    #[error("{}, line {line}: {why}; write one genre and one label in each row", path.display())]
    Genres {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// Why not.
        why: &'static str,
    },
    /// The platform's name or id prefix cannot be used.
    #[error("{}: the platform cannot be used", path.display())]
    Platform {
        /// The catalog file.
        path: PathBuf,
        /// Why not.
        source: PlatformError,
    },
    /// The lowest rating that counts as a like is off the scale.
    #[error("--liked: {0}")]
    Liked(OffScale),
    /// Files lost more rows than may be lost.
    #[error("{0}")]
    Losses(Losses),
    /// The catalogs have more different genres or audience ratings than a table can have.
    #[error(
        "{file}: there are {n} different {what}, {of_file} of them in this file, and at most {} are supported; check that its column has {what} and not other texts, such as descriptions",
        catalog::MAX_LABELS
    )]
    TooManyLabels {
        /// The catalog file that has the most.
        file: String,
        /// `genres` or `audience ratings`.
        what: &'static str,
        /// How many there are in all catalogs.
        n: usize,
        /// How many there are in this file.
        of_file: usize,
    },
    /// Rows were lost, which is a bug.
    #[error(
        "{rows} rows were read, but {clean} clean, {rejected} rejected and {superseded} superseded rows do not add up to that; please report this bug"
    )]
    Unaccounted {
        /// Rows read.
        rows: u64,
        /// Clean rows.
        clean: u64,
        /// Rejected rows.
        rejected: u64,
        /// Superseded rows.
        superseded: u64,
    },
}
