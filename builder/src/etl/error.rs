use std::io;
use std::path::PathBuf;

use catalog::{PlatformError, TableError};
use thiserror::Error;

/// Why there are no clean tables. Faults of single rows are no errors; they are [`super::Rejects`].
#[derive(Debug, Error)]
pub enum EtlError {
    /// No rating file was given.
    #[error("no ratings were given; name a file or a folder")]
    NoRatings,
    /// A path where nothing is.
    #[error("{}: there is no such file or folder", .0.display())]
    Missing(PathBuf),
    /// A folder without any file that is looked for.
    #[error("{}: the folder holds none of: {looked_for}", path.display())]
    NothingInFolder {
        /// The folder.
        path: PathBuf,
        /// What would have been read.
        looked_for: &'static str,
    },
    /// A file or folder that cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An input would be overwritten.
    #[error("{}: this is one of the inputs, and would be overwritten; choose another folder", .0.display())]
    OverwritesInput(PathBuf),
    /// The same file was given twice.
    #[error("{}: this file is given twice", .0.display())]
    GivenTwice(PathBuf),
    /// Nothing in the file.
    #[error("{}: the file is empty", .0.display())]
    Empty(PathBuf),
    /// A header and nothing else.
    #[error("{}: the file has a header and no row", .0.display())]
    NoRows(PathBuf),
    /// Not text, or text in another encoding.
    #[error("{}, line {line}, byte {column}: {problem}; expected is text in UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The byte within the line, from 1.
        column: usize,
        /// What stands there.
        problem: &'static str,
    },
    /// The header lacks columns.
    #[error(
        "{}, line 1: no column {}; the file has {}, and needed are {needed}",
        path.display(),
        missing.join(", "),
        found.join(", ")
    )]
    MissingColumns {
        /// The file.
        path: PathBuf,
        /// The columns that are not there.
        missing: Vec<&'static str>,
        /// The columns that are, in quotes.
        found: Vec<String>,
        /// All that are needed.
        needed: &'static str,
    },
    /// A column stands twice in the header.
    #[error("{}, line 1: the column {column} stands twice", path.display())]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// Its name.
        column: &'static str,
    },
    /// A line without an end.
    #[error("{}, line {line}: the line has more than {limit} bytes; this is no table", path.display())]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The longest line that is read.
        limit: usize,
    },
    /// A catalogue whose platform is not known.
    #[error("{}: the file's name tells no platform; say NAME={}", .0.display(), .0.display())]
    NoPlatform(PathBuf),
    /// A name or letter that cannot be had.
    #[error("{}: no platform can be made of it", path.display())]
    Platform {
        /// The catalogue file.
        path: PathBuf,
        /// Why not.
        source: PlatformError,
    },
    /// More platforms than a title can point at.
    #[error("there are {0} platforms; at most 255 are read")]
    TooManyPlatforms(usize),
    /// A clean table that holds a row which is not clean.
    #[error(
        "{}, line {line}: {value:?} in column {column:?} is refused ({reason}); clean tables are made by `cartelera etl`",
        path.display()
    )]
    NotClean {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        value: String,
        /// Why it is refused.
        reason: String,
    },
    /// A clean table in which a pair of user and title stands twice.
    #[error("{}: {n} ratings stand twice; clean tables are made by `cartelera etl`", path.display())]
    NotUnique {
        /// The file.
        path: PathBuf,
        /// How many.
        n: u64,
    },
    /// A table that is malformed as CSV.
    #[error("{}: not readable as CSV", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the reader or writer says.
        source: csv::Error,
    },
    /// Rows that do not make a table.
    #[error("the rows do not make a table")]
    Table(#[from] TableError),
    /// Rows got lost, which is a fault of this program.
    #[error(
        "{rows} rows were read, but {clean} clean, {rejected} rejected and {superseded} superseded ones came out; please report this"
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

impl EtlError {
    pub(crate) fn read(path: &std::path::Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound {
            Self::Missing(path.to_owned())
        } else {
            Self::Read { path: path.to_owned(), source }
        }
    }

    pub(super) fn write(path: &std::path::Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }
}
