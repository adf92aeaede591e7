//! The clean tables as CSV files, and back.
//!
//! `titles.csv` holds the titles in source order; texts are in lower case but for `title_display`, items of
//! lists stand between `, ` (no item holds a comma), and an absent value is empty. `n_ratings` and
//! `mean_rating` sum up `ratings.csv` for readers of the file; [`read_clean`] does not need them.
//! `ratings.csv` holds the ratings by user (shorter ids first, then by bytes), and within a user by the order
//! of titles. `rejects.csv` holds refused rows in the order of inputs and lines.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use catalog::{Duration, Platform, RatingTable, Title, TitleId, TitleTable};

use super::header::find_columns;
use super::intern::Interner;
use super::ratings::{self, BLOCK_BYTES};
use super::text::parse_year;
use super::{Clean, EtlError, EtlOutput, Reason, Rejects, ordered, table, titles};
use crate::Reporter;

/// The file of clean titles.
pub const TITLES_FILE: &str = "titles.csv";
/// The file of clean ratings.
pub const RATINGS_FILE: &str = "ratings.csv";
/// The file of refused rows.
pub const REJECTS_FILE: &str = "rejects.csv";

const TITLE_COLUMNS: [&str; 15] = [
    "id",
    "platform",
    "type",
    "title",
    "title_display",
    "director",
    "cast",
    "country",
    "date_added",
    "release_year",
    "rating",
    "duration_int",
    "duration_type",
    "listed_in",
    "description",
];
const REJECT_COLUMNS: [&str; 5] = ["file", "line", "column", "value", "reason"];
const TITLE_NEEDED: &str = "the columns that `cartelera etl` writes";
const ROWS_A_CHUNK: usize = 1 << 15;

/// Writes `titles.csv`, `ratings.csv` and `rejects.csv` into a folder, which is made where it is missing.
/// The same tables give the same bytes. Each file replaces an older one only once all three are complete.
///
/// # Errors
/// The folder or a file cannot be written, or a file would replace one of the inputs.
pub fn write(output: &EtlOutput, dir: &Path, reporter: &dyn Reporter) -> Result<(), EtlError> {
    std::fs::create_dir_all(dir).map_err(|e| EtlError::write(dir, e))?;
    for name in [TITLES_FILE, RATINGS_FILE, REJECTS_FILE] {
        let path = dir.join(name);
        let existing = path.canonicalize().ok();
        if existing.is_some() && output.files.iter().any(|f| f.path.canonicalize().ok() == existing) {
            return Err(EtlError::OverwritesInput(path));
        }
    }
    let mut titles = Staged::new(dir, TITLES_FILE)?;
    write_titles(&output.clean, &mut titles)?;
    let mut rejects = Staged::new(dir, REJECTS_FILE)?;
    write_rejects(&output.rejects, &mut rejects)?;
    let mut ratings = Staged::new(dir, RATINGS_FILE)?;
    write_ratings(&output.clean.titles, &output.clean.ratings, &mut ratings, reporter)?;
    let staged = [titles.complete()?, rejects.complete()?, ratings.complete()?];
    staged.into_iter().try_for_each(Staged::publish)
}

/// Writes ratings in the form of `ratings.csv` under another name; an older file is replaced once all is there.
pub(crate) fn write_rating_file(
    dir: &Path,
    name: &str,
    titles: &TitleTable,
    ratings: &RatingTable,
    reporter: &dyn Reporter,
) -> Result<(), EtlError> {
    let mut staged = Staged::new(dir, name)?;
    write_ratings(titles, ratings, &mut staged, reporter)?;
    staged.complete()?.publish()
}

/// Writes rows of cells as CSV; an older file is replaced once all is there.
pub(crate) fn write_rows(
    dir: &Path,
    name: &str,
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(), EtlError> {
    let mut staged = Staged::new(dir, name)?;
    let path = staged.path.clone();
    let mut writer = csv::Writer::from_writer(&mut staged.file);
    let write = || -> Result<(), csv::Error> {
        writer.write_record(header)?;
        for row in rows {
            writer.write_record(row)?;
        }
        writer.flush()?;
        Ok(())
    };
    write().map_err(|source| EtlError::Csv { path, source })?;
    drop(writer);
    staged.complete()?.publish()
}

/// A file under a passing name, which is removed unless it is published.
struct Staged {
    passing: PathBuf,
    path: PathBuf,
    file: BufWriter<File>,
}

impl Staged {
    fn new(dir: &Path, name: &str) -> Result<Self, EtlError> {
        let passing = dir.join(format!(".{name}.{}.partial", std::process::id()));
        let file = File::create(&passing).map_err(|e| EtlError::write(&passing, e))?;
        Ok(Self { passing, path: dir.join(name), file: BufWriter::with_capacity(1 << 16, file) })
    }

    fn fail(&self, source: std::io::Error) -> EtlError {
        EtlError::write(&self.path, source)
    }

    fn complete(mut self) -> Result<Self, EtlError> {
        self.file.flush().map_err(|e| self.fail(e))?;
        Ok(self)
    }

    fn publish(self) -> Result<(), EtlError> {
        std::fs::rename(&self.passing, &self.path).map_err(|e| self.fail(e))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After publishing nothing is there; otherwise there is nothing more to do about it.
        let _ = std::fs::remove_file(&self.passing);
    }
}

fn write_titles(clean: &Clean, out: &mut Staged) -> Result<(), EtlError> {
    let table = &clean.titles;
    let mut sums = vec![(0_u32, 0.0_f64); table.titles().len()];
    for (&title, &rating) in clean.ratings.title_idx().iter().zip(clean.ratings.rating()) {
        let (n, sum) = &mut sums[title as usize];
        *n += 1;
        *sum += f64::from(rating);
    }
    let path = out.path.clone();
    let mut writer = csv::Writer::from_writer(&mut out.file);
    let mut write = || -> Result<(), csv::Error> {
        writer.write_record(TITLE_COLUMNS.iter().chain(&["n_ratings", "mean_rating"]))?;
        for (title, &(n, sum)) in table.titles().iter().zip(&sums) {
            let lower = title.display.to_lowercase();
            let mean = if n == 0 { String::new() } else { (sum / f64::from(n)).to_string() };
            writer.write_record([
                title.id.as_str(),
                table.platform_of(title).as_str(),
                title.kind.as_str(),
                &lower,
                &title.display,
                &title.director.join(", "),
                &title.cast.join(", "),
                &title.country.join(", "),
                &title.date_added.map(|d| d.to_string()).unwrap_or_default(),
                &title.release_year.map(|y| format!("{y:04}")).unwrap_or_default(),
                &title.audience,
                &title.duration.map(|d| d.value.to_string()).unwrap_or_default(),
                title.duration.map(|d| d.unit.as_str()).unwrap_or_default(),
                &title.genres.join(", "),
                &title.description,
                &n.to_string(),
                &mean,
            ])?;
        }
        writer.flush()?;
        Ok(())
    };
    write().map_err(|source| EtlError::Csv { path, source })
}

fn write_rejects(rejects: &Rejects, out: &mut Staged) -> Result<(), EtlError> {
    let path = out.path.clone();
    let mut writer = csv::Writer::from_writer(&mut out.file);
    let mut write = || -> Result<(), csv::Error> {
        writer.write_record(REJECT_COLUMNS)?;
        for reject in rejects.iter() {
            let line = reject.line.to_string();
            let reason = reject.reason.as_str();
            writer.write_record([reject.file, &line, reject.column, reject.value, reason])?;
        }
        writer.flush()?;
        Ok(())
    };
    write().map_err(|source| EtlError::Csv { path, source })
}

/// Formats chunks of rows in parallel and writes them in order. Chunk `k` is worker `k % n`'s, so taking
/// from the workers in turn gives the order, and their short queues bound the memory.
fn write_ratings(
    titles: &TitleTable,
    ratings: &RatingTable,
    out: &mut Staged,
    reporter: &dyn Reporter,
) -> Result<(), EtlError> {
    let n_rows = ratings.len();
    reporter.start("writing ratings", n_rows as u64, "rows");
    let n_chunks = n_rows.div_ceil(ROWS_A_CHUNK);
    let n_workers = rayon::current_num_threads();
    let tails: Vec<Vec<u8>> = titles.titles().iter().map(|t| format!(",{}\n", t.id).into_bytes()).collect();
    let written = std::thread::scope(|scope| {
        let mut queues = Vec::with_capacity(n_workers);
        for worker in 0..n_workers {
            let (sender, receiver) = sync_channel::<Vec<u8>>(2);
            let tails = &tails;
            scope.spawn(move || {
                for chunk in (worker..n_chunks).step_by(n_workers) {
                    let begin = chunk * ROWS_A_CHUNK;
                    let text = format_rows(ratings, tails, begin..(begin + ROWS_A_CHUNK).min(n_rows));
                    // The writer went away after an error, which it tells itself.
                    if sender.send(text).is_err() {
                        return;
                    }
                }
            });
            queues.push(receiver);
        }
        let file = out.file.get_mut();
        file.write_all(b"userId,rating,timestamp,movieId\n")?;
        for chunk in 0..n_chunks {
            let text = queues[chunk % n_workers].recv().map_err(std::io::Error::other)?;
            file.write_all(&text)?;
            reporter.advance((n_rows - chunk * ROWS_A_CHUNK).min(ROWS_A_CHUNK) as u64);
        }
        Ok(())
    });
    reporter.finish();
    written.map_err(|e| out.fail(e))
}

fn format_rows(ratings: &RatingTable, tails: &[Vec<u8>], rows: Range<usize>) -> Vec<u8> {
    let mut text = Vec::with_capacity(rows.len() * 32);
    let offsets = ratings.offsets();
    let mut user = offsets.partition_point(|&o| o as usize <= rows.start) - 1;
    for row in rows {
        while offsets[user + 1] as usize <= row {
            user += 1;
        }
        text.extend_from_slice(ratings.users()[user].as_str().as_bytes());
        text.push(b',');
        push_rating(&mut text, ratings.rating()[row]);
        text.push(b',');
        push_number(&mut text, ratings.timestamp()[row]);
        text.extend_from_slice(&tails[ratings.title_idx()[row] as usize]);
    }
    text
}

/// The shortest text that reads back as the same number, with at least one digit after the point.
fn push_rating(text: &mut Vec<u8>, rating: f32) {
    let halves = rating * 2.0;
    if halves.fract() == 0.0 {
        let halves = halves as u8;
        text.extend_from_slice(&[
            b'0' + halves / 2,
            b'.',
            if halves.is_multiple_of(2) { b'0' } else { b'5' },
        ]);
    } else {
        text.extend_from_slice(rating.to_string().as_bytes());
    }
}

fn push_number(text: &mut Vec<u8>, mut number: u32) {
    let mut digits = [0; 10];
    let mut begin = digits.len();
    loop {
        begin -= 1;
        digits[begin] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[begin..]);
}

/// Reads the tables that [`write()`] wrote. Ratings in the order in which they were written are read as a stream, and
/// take 12 bytes each; in another order they are sorted.
///
/// # Errors
/// A file is missing, or holds a row that is not clean.
pub fn read_clean(dir: &Path, reporter: &dyn Reporter) -> Result<Clean, EtlError> {
    let titles = read_clean_titles(&dir.join(TITLES_FILE))?;
    let path = dir.join(RATINGS_FILE);
    let known = index(&titles);
    if let Some(ratings) = ordered::read(&path, &known, BLOCK_BYTES, reporter)? {
        return Ok(Clean { titles, ratings });
    }
    // The table is empty, or somebody changed it: sort it, and find what is wrong.
    let mut rejects = Rejects::new(vec![RATINGS_FILE.to_owned()]);
    let files = [path.clone()];
    let scan = match ratings::scan(&files, Some(&known), BLOCK_BYTES, 0, &mut rejects, reporter) {
        Err(EtlError::NoRows(_)) => {
            let ratings = RatingTable::new(vec![], vec![0], vec![], vec![], vec![], titles.titles().len())?;
            return Ok(Clean { titles, ratings });
        }
        scan => scan?,
    };
    if let Some(reject) = rejects.iter().next() {
        return Err(EtlError::NotClean {
            path,
            line: reject.line,
            column: reject.column.to_owned(),
            value: reject.value.to_owned(),
            reason: reject.reason.to_string(),
        });
    }
    let (ratings, replaced) = table::assemble(scan, None, titles.titles().len())?;
    if replaced.superseded > 0 {
        return Err(EtlError::NotUnique { path, n: replaced.superseded });
    }
    Ok(Clean { titles, ratings })
}

/// Reads the refused rows that [`write()`] wrote beside the tables; none where the file is not there.
///
/// # Errors
/// A row that `cartelera etl` does not write.
pub fn read_rejects(dir: &Path) -> Result<Option<Rejects>, EtlError> {
    let path = dir.join(REJECTS_FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(EtlError::read(&path, error)),
    };
    let wrong = |source| EtlError::Csv { path: path.clone(), source };
    let mut reader = csv::Reader::from_reader(file);
    let header: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    let columns = find_columns(&path, &header, REJECT_COLUMNS, TITLE_NEEDED)?;
    let mut rejects = Rejects::default();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let [file, line, column, value, reason] = columns.map(|c| &record[c]);
        let refused = |at: usize, why: &str| EtlError::NotClean {
            path: path.clone(),
            line: record.position().map_or(0, csv::Position::line),
            column: REJECT_COLUMNS[at].to_owned(),
            value: record[columns[at]].to_owned(),
            reason: why.to_owned(),
        };
        let line = line.parse().map_err(|_| refused(1, "no line number"))?;
        let reason = Reason::from_name(reason).ok_or_else(|| refused(4, "no reason of cartelera etl"))?;
        let file_idx = rejects.file_idx(file);
        rejects.push(file_idx, line, column, value.as_bytes(), reason);
    }
    Ok(Some(rejects))
}

/// The titles' positions by their ids.
pub(super) fn index(titles: &TitleTable) -> Interner {
    let mut index = Interner::default();
    for title in titles.titles() {
        index.intern(title.id.as_str().as_bytes()).expect("a title's id is well formed");
    }
    index
}

fn read_clean_titles(path: &Path) -> Result<TitleTable, EtlError> {
    let file = File::open(path).map_err(|e| EtlError::read(path, e))?;
    let wrong = |source| EtlError::Csv { path: path.to_owned(), source };
    let mut reader = csv::Reader::from_reader(file);
    let header: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    let columns = find_columns(path, &header, TITLE_COLUMNS, TITLE_NEEDED)?;
    let (mut platforms, mut rows): (Vec<Platform>, Vec<Title>) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(0, csv::Position::line);
        let (platform, title) =
            clean_title(&columns.map(|c| &record[c])).map_err(|(column, reason)| EtlError::NotClean {
                path: path.to_owned(),
                line,
                column: TITLE_COLUMNS[column].to_owned(),
                value: record[columns[column]].to_owned(),
                reason,
            })?;
        rows.push(Title { platform_idx: place(&mut platforms, platform)?, ..title });
    }
    Ok(TitleTable::new(platforms, rows)?)
}

/// The position of a platform, which is new or not.
pub(super) fn place(platforms: &mut Vec<Platform>, platform: Platform) -> Result<u8, EtlError> {
    let position = platforms.iter().position(|p| *p == platform).unwrap_or_else(|| {
        platforms.push(platform);
        platforms.len() - 1
    });
    u8::try_from(position).map_err(|_| EtlError::TooManyPlatforms(platforms.len()))
}

/// A row of `titles.csv`; where it is wrong, which column, and why.
fn clean_title(cells: &[&str; 15]) -> Result<(Platform, Title), (usize, String)> {
    let [
        id,
        platform,
        kind,
        _,
        display,
        director,
        cast,
        country,
        added,
        year,
        audience,
        value,
        unit,
        genres,
        about,
    ] = *cells;
    let list = |text: &str| -> Vec<String> {
        if text.is_empty() { Vec::new() } else { text.split(", ").map(str::to_owned).collect() }
    };
    let duration = match (value, unit) {
        ("", "") => None,
        _ => Some(Duration { value: at(11, value.parse())?, unit: at(12, unit.parse())? }),
    };
    let release_year = if year.is_empty() {
        None
    } else {
        Some(at(9, parse_year(year).ok_or("not a year of four digits"))?)
    };
    let title = Title {
        kind: at(2, kind.parse())?,
        director: list(director),
        cast: list(cast),
        country: list(country),
        date_added: if added.is_empty() { None } else { Some(at(8, added.parse())?) },
        release_year,
        audience: audience.to_owned(),
        duration,
        genres: list(genres),
        description: about.to_owned(),
        ..titles::bare_title(at(0, TitleId::new(id))?, display.to_owned())
    };
    Ok((at(1, Platform::new(platform))?, title))
}

/// Says which column an error is about.
fn at<T, E: ToString>(column: usize, result: Result<T, E>) -> Result<T, (usize, String)> {
    result.map_err(|e| (column, e.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_the_standard_library_does(number in any::<u32>()) {
            let mut text = Vec::new();
            push_number(&mut text, number);
            prop_assert_eq!(String::from_utf8(text).unwrap(), number.to_string());
        }

        #[test]
        fn ratings_read_back_as_they_were(rating in 0.5_f32..=5.0, halves in 1_u8..=10) {
            for rating in [rating, f32::from(halves) / 2.0] {
                let mut text = Vec::new();
                push_rating(&mut text, rating);
                prop_assert_eq!(str::from_utf8(&text).unwrap().parse::<f32>().unwrap().to_bits(), rating.to_bits());
            }
        }
    }
}
