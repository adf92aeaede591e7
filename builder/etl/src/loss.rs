//! Files that lost many of their rows, and why.

use std::fmt;

use tables::{Clean, FileRows, Reason, Reject, Rejects};

/// The files that lost more than a share of their rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Losses {
    /// The files, in the order of reading.
    pub files: Vec<Lossy>,
    /// The share of the rows of a file that may be lost.
    pub most: f64,
}

/// A file that lost many of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Lossy {
    /// Name of the file.
    pub file: String,
    /// Rows read.
    pub rows: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Reasons, most frequent first, each with its number of rows, an example and the likely cause.
    pub reasons: Vec<(Reason, u64, String, String)>,
}

/// Checks that no file lost more than the share `most` of its rows. Files, rejects and clean tables are those
/// of one run, whether it just ended or its tables were read.
///
/// # Errors
/// Returns the files that did.
pub fn check_losses(files: &[FileRows], rejects: &Rejects, clean: &Clean, most: f64) -> Result<(), Losses> {
    let losses = Losses::of(files, rejects, clean, most);
    if losses.files.is_empty() { Ok(()) } else { Err(losses) }
}

impl Losses {
    /// Finds the files that lost more than the share `most` of their rows.
    fn of(files: &[FileRows], rejects: &Rejects, clean: &Clean, most: f64) -> Self {
        let lost = files.iter().filter(|of| of.lost as f64 > most * of.rows as f64);
        let files = lost.map(|FileRows { file, rows, lost: rejected }| {
            let mut reasons: Vec<(Reason, u64, String, String)> = Vec::new();
            for reject in losses_of(rejects, file) {
                if let Some((_, n, ..)) = reasons.iter_mut().find(|(reason, ..)| *reason == reject.reason) {
                    *n += 1;
                } else {
                    let cause = likely_cause(&reject, clean);
                    reasons.push((reject.reason, 1, example(&reject), cause));
                }
            }
            reasons.sort_by_key(|&(_, n, ..)| std::cmp::Reverse(n));
            Lossy { file: file.clone(), rows: *rows, rejected: *rejected, reasons }
        });
        Self { files: files.collect(), most }
    }
}

/// Returns the rejected rows of a file that count as losses.
fn losses_of<'a>(rejects: &'a Rejects, file: &str) -> impl Iterator<Item = Reject<'a>> {
    rejects.iter().filter(move |reject| reject.file == file && reject.reason != Reason::TitleNotFound)
}

fn example(reject: &Reject<'_>) -> String {
    let value: String = reject.value.chars().take(60).collect();
    let column = if reject.column.is_empty() { String::new() } else { format!(", {}", reject.column) };
    format!("line {}{column}: {value:?}", reject.line)
}

/// Returns the likely cause if many rows of a file are rejected for the same reason as this one.
fn likely_cause(reject: &Reject<'_>, clean: &Clean) -> String {
    match reject.reason {
        Reason::UnknownTitle => {
            let known = clean.titles.titles().first().map_or("", |title| title.id.as_str());
            let who = if clean.ratings.is_empty() {
                "no rating names a title of the catalogs"
            } else {
                "the catalogs lack these titles"
            };
            format!("{who}: ratings have {:?}, catalogs have {known:?}", reject.value)
        }
        Reason::TitleNotFound => "the catalogs lack these titles".to_owned(),
        Reason::RatingOutOfRange => {
            format!("the scale is {}; settle it with --scale LOW:HIGH", clean.ratings.scale())
        }
        Reason::RatingMalformed if reject.value.is_empty() => "these rows have no rating".to_owned(),
        Reason::RatingMalformed => "this column holds something else than numbers; name the columns with --columns".to_owned(),
        Reason::TimestampMalformed | Reason::TimestampOutOfRange => {
            "the times are in another form; give it with --time-format, or leave the column out with --columns".to_owned()
        }
        Reason::NotUtf8 => "the file is in another encoding; name it with --encoding, such as latin1".to_owned(),
        Reason::CutShort | Reason::TooManyFields | Reason::BadQuoting => {
            "the rows are built differently from the header; see --delimiter".to_owned()
        }
        Reason::UserIdMalformed | Reason::TitleIdMalformed => {
            "an id has 1 to 256 bytes and no control characters".to_owned()
        }
        Reason::NulByte => "the file is damaged, or is not text".to_owned(),
        Reason::DuplicateId => "an earlier row has the same id".to_owned(),
        Reason::KindUnknown => "the type is neither a film nor a series".to_owned(),
        Reason::TextTooLong => "the columns hold other texts than names; name them with --title-columns".to_owned(),
        Reason::TitleEmpty => "the titles have no name".to_owned(),
        Reason::YearMalformed => "the year is not a year".to_owned(),
    }
}

impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| (share * 1000.0).round() / 10.0;
        write!(f, "too many rows were rejected")?;
        for file in &self.files {
            let share = file.rejected as f64 / file.rows as f64;
            write!(f, "\n  {}: {} of {} rows ({} %)", file.file, file.rejected, file.rows, percent(share))?;
            for (reason, n, example, cause) in &file.reasons {
                write!(f, "\n    {n} {reason}, such as {example}; {cause}")?;
            }
        }
        write!(
            f,
            "\nAt most {} % of the rows of a file may be rejected; if this loss is meant, allow it with --max-rejects SHARE",
            percent(self.most)
        )
    }
}
