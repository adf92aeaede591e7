use std::io;
use std::path::PathBuf;

use catalog::{NoScale, Scale, TableError};
use thiserror::Error;

use crate::site::Site;

/// Reason why a file of a table could not be read or written. Faults of single rows of raw files are not
/// errors; they are [`crate::Rejects`].
#[derive(Debug, Error)]
pub enum FileError {
    /// There is nothing at this path.
    #[error("{}: no such file or folder; check the path", .0.display())]
    Missing(PathBuf),
    /// A file or folder that cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
    /// A device, which may have no end.
    #[error("{}: this is a device; pass a file, a pipe such as <(command), or - for standard input", .0.display())]
    Device(PathBuf),
    /// A catalog that is endless, or far too large.
    #[error(
        "{}: larger than {} GiB when unpacked, which is too large for a catalog; pass another file, or split it",
        path.display(),
        most >> 30
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        most: u64,
    },
    /// A file that was given up after millions of rejected rows.
    #[error(
        "{}: gave up after millions of rejected rows; the file probably has no ratings, or a layout that is not supported. To see the reasons, run the command on its first thousand lines",
        .0.display()
    )]
    TooManyRejects(PathBuf),
    /// A file in a folder of inputs that is a link to a file elsewhere.
    #[error(
        "{}: this is a link to a file outside of its folder, which may not be meant to be read; if it is, copy it there, or pass the link by its own name instead of the folder",
        .0.display()
    )]
    LinkOutside(PathBuf),
    /// A zip that cannot be read without unpacking it.
    #[error("{}: this is a zip, and {problem}; unpack it and pass the file or the folder", path.display())]
    Zip {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        problem: String,
    },
    /// An input would be overwritten.
    #[error("{}: this is one of the inputs and would be overwritten; choose another folder", .0.display())]
    OverwritesInput(PathBuf),
    /// The file is empty.
    #[error("{}: the file is empty", .0.display())]
    Empty(PathBuf),
    /// The file has a header and nothing else.
    #[error("{}: the file has a header but no rows", .0.display())]
    NoRows(PathBuf),
    /// The file names titles on lines of their own and has nothing else.
    #[error("{}: the file names titles on lines such as `1:`, but has no ratings below them", .0.display())]
    OnlyTitles(PathBuf),
    /// The file is not text, or is in another encoding.
    #[error("{}, line {line}, byte {column}: {problem}; save the file as text in UTF-8, or name its encoding with --encoding", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The byte within the line, from 1.
        column: usize,
        /// What was found there.
        problem: &'static str,
    },
    /// The header lacks columns.
    #[error(
        "{}, line 1: column {} is missing; the file has {}, but it needs {needed}",
        path.display(),
        missing.join(", "),
        found.join(", ")
    )]
    MissingColumns {
        /// The file.
        path: PathBuf,
        /// The columns that are not there.
        missing: Vec<&'static str>,
        /// The columns that are there, in quotes.
        found: Vec<String>,
        /// All the columns that are needed.
        needed: &'static str,
    },
    /// The header names a column twice.
    #[error("{}, line 1: the header names column {column} twice; remove or rename one", path.display())]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// Name of the column.
        column: String,
    },
    /// The columns of a rating file were not found.
    #[error(
        "{}, line {line}: no column for {}; the line has {}; say which columns to read with --columns \
         user=NAME,title=NAME,rating=NAME,time=NAME (or positions from 1; the time may be left out), and with \
         --delimiter what separates them",
        path.display(),
        missing.join(", "),
        found.join(", ")
    )]
    RatingColumns {
        /// The file.
        path: PathBuf,
        /// Line of what should be the header, from 1.
        line: u64,
        /// What was not found: user, title, rating or time.
        missing: Vec<&'static str>,
        /// The fields that are there, in quotes.
        found: Vec<String>,
    },
    /// A file whose titles are on lines of their own has no ratings below them.
    #[error(
        "{}, line {line}: below a line such as `1:`, which names a title, each line is a user, a rating and perhaps a \
         date, such as `1488844,3,2005-09-06`; this one is {found:?}. Of the files of the Netflix Prize, pass \
         combined_data_*.txt or mv_*.txt; probe.txt and qualifying.txt have no ratings",
        path.display()
    )]
    BelowTitle {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What the line has.
        found: String,
    },
    /// Users, ratings and dates, and no title.
    #[error(
        "{}, line {line}: the lines look like users, ratings and dates of the Netflix Prize ({found:?}), but no line \
         such as `1:` above them names their title; pass the whole file, or name the columns with --columns \
         user=…,title=…,rating=…",
        path.display()
    )]
    NoTitleLine {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What the line has.
        found: String,
    },
    /// A list of what users did, without ratings.
    #[error(
        "{}, line {line}: this is feedback (column {column:?}) {values}: it has what users did, not how they rated \
         it, and only ratings are read; if a column holds ratings, name it with --columns \
         user=…,title=…,rating=…",
        path.display()
    )]
    Feedback {
        /// The file.
        path: PathBuf,
        /// The line of the header, from 1.
        line: u64,
        /// The column with the type of feedback.
        column: String,
        /// What is wrong with the values.
        values: &'static str,
    },
    /// Objects of JSON instead of a table.
    #[error(
        "{}, line {line}: this is JSON, not a table; write user, title, rating and time into a CSV file, such as with \
         jq -r '[.user_id, .item_id, .rating, .timestamp] | @csv'",
        path.display()
    )]
    Json {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// A catalog was given where ratings were expected.
    #[error("{}: this is a catalog and not a file of ratings; pass it with --titles", .0.display())]
    CatalogAsRatings(PathBuf),
    /// The times are in no known form.
    #[error(
        "{}: times such as {example:?} in column {column} are in no known form; give their form with \
         --time-format, such as --time-format '%m/%d/%Y'",
        path.display()
    )]
    TimeForm {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// One of the times.
        example: String,
    },
    /// The ratings are on no scale.
    #[error("{files}: {why}")]
    Scale {
        /// The files.
        files: String,
        /// Why not.
        why: NoScale,
    },
    /// The ratings of two files are on different scales.
    #[error(
        "the ratings of {first} are from {scale}, those of {next} from {other}; the ratings of one run are on one \
         scale, so read each file in a run of its own, or give the scale with --scale LOW:HIGH if both are on it"
    )]
    Scales {
        /// One of the files.
        first: String,
        /// Its scale.
        scale: Scale,
        /// The other files.
        next: String,
        /// Their scale.
        other: Scale,
    },
    /// An export that names titles, without any catalog.
    #[error(
        "{}: this is an export of one user's ratings from {site}, which has names of titles instead of ids, and no \
         user; pass the catalogs that have these titles with --titles, and the user's id with --user unless `me` will do",
        path.display()
    )]
    NeedsTitles {
        /// The file.
        path: PathBuf,
        /// Where it is from.
        site: Site,
    },
    /// A list of titles that a user exported, without ratings.
    #[error(
        "{}: this is a list of titles from {site} without the user's ratings; export the ratings and pass that file, \
         which {site} calls ratings.csv",
        path.display()
    )]
    NoOwnRatings {
        /// The file.
        path: PathBuf,
        /// Where it is from.
        site: Site,
    },
    /// A line that is too long to be part of a table.
    #[error("{}, line {line}: the line has more than {limit} bytes, so this is not a table", path.display())]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Length of the longest line that is read.
        limit: usize,
    },
    /// There are more platforms than a title can refer to.
    #[error("there are {0} platforms, but at most 255 are supported")]
    TooManyPlatforms(usize),
    /// A clean table has a row that is not clean.
    #[error(
        "{}, line {line}: {value:?} in column {column:?} is refused ({reason}); make clean tables with `cartelera etl`",
        path.display()
    )]
    NotClean {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The refused value.
        value: String,
        /// Why it was refused.
        reason: String,
    },
    /// A clean table has two ratings of one title by the same user.
    #[error("{}: {n} ratings repeat a user and title; make clean tables with `cartelera etl`", path.display())]
    NotUnique {
        /// The file.
        path: PathBuf,
        /// Number of such ratings.
        n: u64,
    },
    /// A table is malformed as CSV.
    #[error("{}: cannot be read as CSV", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// Error of the reader or writer.
        source: csv::Error,
    },
    /// The rows of a file are not a valid table of titles.
    #[error("{}: the rows are not a valid table of titles", path.display())]
    Titles {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: TableError,
    },
    /// The rows are not a valid table.
    #[error("the rows are not a valid table")]
    Table(#[from] TableError),
}

impl FileError {
    /// Returns the error for a file or folder that cannot be read or does not exist.
    pub fn read(path: &std::path::Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound {
            Self::Missing(path.to_owned())
        } else {
            Self::Read { path: path.to_owned(), source }
        }
    }

    /// Returns the error for a file or folder that cannot be written.
    pub fn write(path: &std::path::Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }
}
