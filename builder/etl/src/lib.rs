//! Extract, transform, load: turns raw files into clean tables and rejects (`QUERIES.md`, rules 1 to 9).
//!
//! [`EtlInput::resolve`] finds the files and [`run`] reads them; `tables` keeps the clean tables on disk. A
//! faulty row is not an error: it becomes a [`tables::Reject`] with its file, line, column and reason. Empty
//! lines are not rows.

mod alike;
mod error;
mod file_report;
mod genres;
mod input;
mod loss;
mod own_ids;
mod platforms;
mod repair;
mod summary;
mod titles;

use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use catalog::{IdPrefixes, Scale, TableError, Title, TitleTable};
use rayon::prelude::*;

use progress::Reporter;
use tables::rows::{self, BLOCK_BYTES, Reading};
use tables::{Clean, FileError, FileRows, Reason, Rejects};

pub use error::EtlError;
pub use file_report::FileReport;
pub use genres::GenreTable;
pub use input::{EtlInput, MAX_REJECTS, TitleSource};
pub use loss::{Losses, Lossy, check_losses};
use own_ids::Known;
pub use repair::{CellFaults, Repair, RepairKind};
pub use summary::Summary;
use titles::TitleFile;
pub use titles::{CATALOG_COLUMNS, CatalogOptions, TitleColumns, TitleColumnsError};

/// Everything read from the input files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EtlOutput {
    /// The clean tables.
    pub clean: Clean,
    /// Refused rows.
    pub rejects: Rejects,
    /// Cells that were changed in rows that were kept, in the order of files and lines.
    pub repairs: Vec<Repair>,
    /// Faults in cells, by catalog file in the order of reading.
    pub cell_faults: Vec<CellFaults>,
    /// Ratings that a later one of the same user and title replaced.
    pub superseded: u64,
    /// Those of them with the same rating and time: exact copies, not changes of mind.
    pub repeated: u64,
    /// Input files, in the order they were read.
    pub files: Vec<FileReport>,
    /// The same files, as a release names them.
    pub sources: Vec<artifact::Source>,
}

/// Reads the input files and makes the clean tables. The result does not depend on the number of threads.
///
/// Platforms without a clean title are left out of the table. Without a catalog, the titles are the ids in
/// the accepted ratings, by length and then by bytes, as films of the platform `movielens`. Without rating
/// files, the table of ratings is empty.
///
/// # Errors
/// Returns [`EtlError`] if a file is missing, empty, not a table, or without a required column.
pub fn run(input: &EtlInput, reporter: &dyn Reporter) -> Result<EtlOutput, EtlError> {
    run_in_blocks(input, BLOCK_BYTES, reporter)
}

fn run_in_blocks(
    input: &EtlInput,
    block_bytes: usize,
    reporter: &dyn Reporter,
) -> Result<EtlOutput, EtlError> {
    let labels = input.labels();
    let mut rejects = Rejects::new(labels.clone());

    let parts = read_catalogs(input, &labels, reporter)?;
    let n_title_files = parts.len();
    let mut output = EtlOutput::default();
    let table = merge_titles(parts, &labels, &mut rejects, &mut output)?;
    let known = (n_title_files > 0).then(|| Known::of(&table));

    let names = rows::Names::new(&table);
    let mut scan = rows::scan(
        &input.ratings,
        known.as_ref().map(|known| rows::Known { ids: &known.ids, names: Some(&names) }),
        Reading::Raw(&input.options),
        block_bytes,
        n_title_files,
        &mut rejects,
        reporter,
    )?;
    if let Some(liked) = input.options.liked {
        scan.scale = scan.scale.with_liked(liked).map_err(EtlError::Liked)?;
    }
    output.files.extend(scan.sources.iter().zip(&labels[n_title_files..]).map(|(source, label)| {
        FileReport {
            path: PathBuf::new(),
            file: label.clone(),
            format: format!("ratings, {}", source.read_as.as_deref().unwrap_or_default()),
            rows: 0,
            rejected: 0,
            not_found: 0,
        }
    }));
    for block in &scan.blocks {
        let report = &mut output.files[n_title_files + block.file];
        report.rows += block.n_rows;
        report.rejected += block.n_rows - block.rows.len() as u64;
        report.not_found += block.n_not_found;
    }
    for report in &mut output.files {
        report.say_not_found();
    }
    for (file, path) in output.files.iter_mut().zip(input.paths()) {
        path.clone_into(&mut file.path);
    }
    output.sources.extend_from_slice(&scan.sources);

    reporter.start("sorting ratings", 0, "");
    let (titles, positions) = if let Some(known) = &known {
        (table, known.positions(scan.titles.len()))
    } else {
        let (names, positions) = rows::merge_ids("titles", &scan.titles).map_err(FileError::from)?;
        let rows = rows::title_ids(&names).into_iter().map(|id| {
            let display = id.to_string();
            Title::named(id, &display)
        });
        let platforms = if names.is_empty() { vec![] } else { vec![titles::movielens()] };
        (TitleTable::new(platforms, rows.collect()).map_err(FileError::from)?, Some(positions))
    };
    let (ratings, replaced) =
        rows::assemble(scan, positions.as_deref(), titles.titles().len()).map_err(FileError::from)?;
    reporter.finish();
    output.superseded = replaced.superseded;
    output.repeated = replaced.repeated;
    output.rejects = rejects;
    let made_up = if known.is_some() { 0 } else { titles.titles().len() as u64 };
    output.clean = Clean { titles, ratings };
    output.check(made_up)?;
    say_what_was_understood(&output, input, reporter);
    Ok(output)
}

/// Reports how each file was read, one line per file or long run of files in the same layout, and then
/// anything unusual about the ratings.
fn say_what_was_understood(output: &EtlOutput, input: &EtlInput, reporter: &dyn Reporter) {
    let ratings = &output.clean.ratings;
    let scale = ratings.scale();
    for (path, why) in &input.skipped {
        reporter.note(&format!("{}: left out, because {why}", path.display()));
    }
    for files in alike::runs(&output.files) {
        reporter.note(&format!("{}: {}", alike::name(files), files[0].format));
    }
    if (scale.low(), scale.high()) != (Scale::STARS.low(), Scale::STARS.high()) {
        let whose = if input.options.scale.is_some() { "as given" } else { "as found in the data" };
        reporter.note(&format!(
            "ratings are on a scale of {scale}, {whose}; --scale LOW:HIGH settles it, and rows outside it are \
             rejected"
        ));
    }
    if input.ratings.is_empty() {
        reporter.note("no ratings were given: only the catalogs are read");
    }
    if !ratings.is_empty() && !ratings.has_times() {
        reporter.note(
            "the ratings have no times: of two for the same user and title the later row counts, and nothing \
             can be split by time",
        );
    }
}

/// Reads the catalogs, and reports what their platforms are called.
fn read_catalogs(
    input: &EtlInput,
    labels: &[String],
    reporter: &dyn Reporter,
) -> Result<Vec<TitleFile>, EtlError> {
    reporter.start("reading titles", input.titles.len() as u64, "files");
    let parts: Vec<Result<TitleFile, EtlError>> = input
        .titles
        .par_iter()
        .zip(labels)
        .map(|(source, label)| {
            let TitleSource { path, platform } = source;
            let part = titles::read_titles(path, platform.as_ref(), &input.catalogs, label);
            reporter.advance(1);
            part
        })
        .collect();
    reporter.finish();
    let parts = parts.into_iter().collect::<Result<Vec<TitleFile>, EtlError>>()?;
    for note in &input.notes {
        reporter.note(note);
    }
    Ok(parts)
}

/// Reads a single catalog file. Also returns how many of its rows were rejected.
///
/// # Errors
/// Returns [`EtlError`] if the file is missing, empty, not a table, or without a required column.
pub fn read_title_table(path: &Path) -> Result<(TitleTable, u64), EtlError> {
    let source = TitleSource::of(path)?;
    let label = path.display().to_string();
    let part =
        titles::read_titles(&source.path, source.platform.as_ref(), &CatalogOptions::default(), &label)?;
    let labels = [label];
    let mut rejects = Rejects::new(labels.to_vec());
    let mut output = EtlOutput::default();
    let table = merge_titles(vec![part], &labels, &mut rejects, &mut output)?;
    Ok((table, output.files.iter().map(|file| file.rejected).sum()))
}

/// Merges the catalogs; among titles with the same id, the first is kept.
fn merge_titles(
    parts: Vec<TitleFile>,
    labels: &[String],
    rejects: &mut Rejects,
    output: &mut EtlOutput,
) -> Result<TitleTable, EtlError> {
    let prefixes = IdPrefixes::new(parts.iter().map(|part| &part.platform))
        .map_err(|e| FileError::from(TableError::from(e)))?;
    // File and line of each id.
    let mut seen = foldhash::HashMap::default();
    let (mut platforms, mut rows) = (Vec::new(), Vec::<Title>::new());
    let mut begins = Vec::new();
    for (file_idx, mut part) in parts.into_iter().enumerate() {
        begins.push(rows.len());
        let long = take_long_texts(&mut part.titles);
        let mut refused: Vec<(u64, &str, &str, Reason)> =
            part.rejects.iter().map(|r| (r.line, r.column, r.value, r.reason)).collect();
        let mut doubled = Vec::new();
        for (line, title) in part.titles {
            prefixes.check(&part.platform, &title.id).map_err(|e| FileError::from(TableError::from(e)))?;
            match seen.entry(title.id.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert((file_idx, line));
                    let platform_idx = tables::place(&mut platforms, part.platform.clone())?;
                    rows.push(Title { platform_idx, ..title });
                }
                Entry::Occupied(entry) => {
                    let (first_file, first_line) = *entry.get();
                    let other = (first_file != file_idx).then(|| format!(" of {}", labels[first_file]));
                    let (id, other) = (&title.id, other.unwrap_or_default());
                    doubled.push((line, format!("{id} (first on line {first_line}{other})")));
                }
            }
        }
        refused.extend(doubled.iter().map(|(line, id)| (*line, "id", id.as_str(), Reason::DuplicateId)));
        refused.extend(
            long.iter().map(|(line, column, value)| (*line, *column, value.as_str(), Reason::TextTooLong)),
        );
        refused.sort_by_key(|r| r.0);
        for &(line, column, value, reason) in &refused {
            rejects.push(file_idx, line, column, value.as_bytes(), reason);
        }
        output.files.push(FileReport {
            path: PathBuf::new(),
            file: labels[file_idx].clone(),
            format: part.format,
            rows: part.n_rows,
            rejected: refused.len() as u64,
            not_found: 0,
        });
        output.repairs.extend(part.repairs);
        output.cell_faults.push(part.faults);
        output.sources.extend(part.sources);
    }
    check_labels(&rows, &begins, labels)?;
    Ok(TitleTable::new(platforms, rows).map_err(FileError::from)?)
}

/// Removes the titles with a text that is too long, and returns the line, the column and the text of each.
fn take_long_texts(titles: &mut Vec<(u64, Title)>) -> Vec<(u64, &'static str, String)> {
    let mut long = Vec::new();
    titles.retain(|(line, title)| match title.long_text() {
        Some((column, text)) => {
            long.push((*line, column, text.to_owned()));
            false
        }
        None => true,
    });
    long
}

/// Refuses more different genres or audience ratings than a table can have, and names the file with the most.
/// `begins` has the position of each file's first title.
fn check_labels(rows: &[Title], begins: &[usize], labels: &[String]) -> Result<(), EtlError> {
    for (at, (what, n)) in catalog::count_labels(rows).into_iter().enumerate() {
        if n <= catalog::MAX_LABELS {
            continue;
        }
        let ends = begins.iter().skip(1).copied().chain([rows.len()]);
        let of_files = begins.iter().zip(ends).zip(labels);
        let counted =
            of_files.map(|((&begin, end), label)| (catalog::count_labels(&rows[begin..end])[at].1, label));
        if let Some((of_file, label)) = counted.max_by_key(|counted| counted.0) {
            return Err(EtlError::TooManyLabels { file: label.clone(), what, n, of_file });
        }
    }
    Ok(())
}

impl EtlOutput {
    /// Returns the paths of the input files.
    pub fn inputs(&self) -> Vec<PathBuf> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    /// Writes the clean tables and the rejects into a folder; see [`tables::write()`].
    ///
    /// # Errors
    /// Returns [`FileError`] if a file cannot be written.
    pub fn write(&self, dir: &Path, reporter: &dyn Reporter) -> Result<(), FileError> {
        tables::write(&self.clean, &self.rejects, &self.inputs(), self.file_rows(), dir, reporter)
    }

    /// Counts the repairs of one kind.
    pub fn n_repairs(&self, kind: RepairKind) -> u64 {
        self.repairs.iter().filter(|repair| repair.kind == kind).count() as u64
    }

    /// Counts the durations that were found in the `rating` column.
    pub fn moved_durations(&self) -> u64 {
        self.n_repairs(RepairKind::DurationMoved)
    }

    /// Counts the rows read.
    pub fn n_rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Returns the counts for the manifest of a release.
    pub fn counts(&self) -> artifact::Counts {
        artifact::Counts {
            rejected: self.rejects.by_reason().into_iter().map(|(r, n)| (r.to_string(), n)).collect(),
            superseded: self.superseded,
            ..self.clean.counts()
        }
    }

    /// Summarizes the run, to print it or to write it as JSON.
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }

    /// Checks that no file lost more than the share `most` of its rows; see [`check_losses`]. Titles that are
    /// not found in an export of one user's ratings are not losses.
    ///
    /// # Errors
    /// Returns [`EtlError::Losses`] if there is such a file.
    pub fn check_losses(&self, most: f64) -> Result<(), EtlError> {
        check_losses(&self.file_rows(), &self.rejects, &self.clean, most).map_err(EtlError::Losses)
    }

    fn file_rows(&self) -> Vec<FileRows> {
        let rows = |of: &FileReport| FileRows {
            file: of.file.clone(),
            rows: of.rows,
            lost: of.rejected - of.not_found,
        };
        self.files.iter().map(rows).collect()
    }

    /// Checks rule 9: every row is accounted for. `made_up` titles do not come from a catalog row.
    fn check(&self, made_up: u64) -> Result<(), EtlError> {
        let clean = (self.clean.titles.titles().len() + self.clean.ratings.len()) as u64 - made_up;
        let (rows, rejected, superseded) = (self.n_rows(), self.rejects.len() as u64, self.superseded);
        if rows == clean + rejected + superseded {
            Ok(())
        } else {
            Err(EtlError::Unaccounted { rows, clean, rejected, superseded })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;
    use progress::Silent;
    use tables::rows::RatingOptions;

    const HEADER: &str = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,\
        listed_in,description\n";

    fn input(dir: &std::path::Path, titles: &[(&str, String)], ratings: &[String]) -> EtlInput {
        let mut arguments = Vec::new();
        for (name, text) in titles {
            std::fs::write(dir.join(name), text).unwrap();
            arguments.push(dir.join(name));
        }
        let mut files = Vec::new();
        for (at, text) in ratings.iter().enumerate() {
            files.push(dir.join(format!("{at}.csv")));
            std::fs::write(&files[at], text).unwrap();
        }
        // The rows here are too few to find their scale.
        let options = RatingOptions { scale: Some(Scale::STARS), ..RatingOptions::default() };
        EtlInput { options, ..EtlInput::resolve(&arguments, &files).unwrap() }
    }

    #[test]
    fn the_latest_rating_of_all_files_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let titles =
            format!("{HEADER}s1,Movie,A,,,,,2020,,,,\ns1,Movie,B,,,,,2020,,,,\ns2,Radio,C,,,,,20,,,,\n");
        let header = "userId,rating,timestamp,movieId\n";
        let input = input(
            dir.path(),
            &[("hulu_titles.csv", titles)],
            &[
                format!("{header}7,1,10,hs1\n8,2,5,hs1\n7,1,1,hs2\n"),
                format!("{header}7,3,10,hs1\n8,4,4,hs1\n"),
            ],
        );
        let output = run(&input, &Silent).unwrap();
        assert_eq!(output.clean.ratings.rating(), [3.0, 2.0]);
        assert_eq!(output.clean.titles.titles()[0].display, "A");
        assert_eq!((output.superseded, output.repeated, output.n_rows()), (2, 0, 8));
        let rejects: Vec<_> = output.rejects.iter().map(|r| (r.file, r.line, r.reason)).collect();
        assert_eq!(
            rejects,
            [
                ("hulu_titles.csv", 3, Reason::DuplicateId),
                ("hulu_titles.csv", 4, Reason::KindUnknown),
                ("0.csv", 4, Reason::UnknownTitle),
            ]
        );
        assert_eq!(output.rejects.iter().next().unwrap().value, "hs1 (first on line 2)");
        assert_eq!(output.files.iter().map(|f| f.rejected).collect::<Vec<_>>(), [2, 1, 0]);
    }

    #[test]
    fn titles_with_a_text_that_is_too_long_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let long = "a".repeat(catalog::MAX_NAME_CHARS + 1);
        let about = "b".repeat(1 << 20);
        let titles = format!(
            "{HEADER}s1,Movie,{long},,,,,2020,,,,\ns2,Movie,B,,\"A, {long}\",,,2020,,,,\ns3,Movie,C,,,,,2020,,,,{about}\n"
        );
        let ratings = "userId,rating,timestamp,movieId\n1,3,1,hs3\n1,3,1,hs1\n".to_owned();
        let output = run(&input(dir.path(), &[("hulu_titles.csv", titles)], &[ratings]), &Silent).unwrap();
        let refused: Vec<_> = output.rejects.iter().map(|r| (r.line, r.column, r.reason)).collect();
        assert_eq!(
            refused,
            [
                (2, "title", Reason::TextTooLong),
                (3, "cast", Reason::TextTooLong),
                (3, "movieId", Reason::UnknownTitle)
            ]
        );
        assert_eq!(output.clean.titles.titles()[0].description, about, "a description may be long");

        // A clean table that was changed by hand.
        let out = dir.path().join("clean");
        output.write(&out, &Silent).unwrap();
        let path = out.join(tables::TITLES_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace(",c,C,", &format!(",c,{long},"))).unwrap();
        let error = tables::read_clean(&out, &Silent).unwrap_err().to_string();
        assert!(error.contains("titles.csv, line 2") && error.contains("text_too_long"), "{error}");
        assert!(error.len() < 500, "{error}");
    }

    /// Returns a catalog in which each of `n` titles has 300 genres or an audience rating of its own.
    fn labeled(n: usize, begin: usize, genres: bool) -> String {
        let mut text = HEADER.to_owned();
        for at in begin..begin + n {
            let listed: Vec<String> = (0..300).map(|genre| (at * 300 + genre).to_string()).collect();
            let (audience, listed) =
                if genres { (String::new(), listed.join(", ")) } else { (at.to_string(), String::new()) };
            let _ = writeln!(text, "s{at},Movie,T{at},,,,,2020,{audience},,\"{listed}\",");
        }
        text
    }

    #[test]
    fn too_many_labels_are_an_error_that_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let ratings = "userId,rating,timestamp,movieId\n1,3,1,hs1\n".to_owned();
        let refused = |genres: bool, sizes: [usize; 2]| {
            let texts = [labeled(sizes[0], 0, genres), labeled(sizes[1], sizes[0], genres)];
            let names = ["hulu_titles.csv", "netflix_titles.csv"];
            let files: Vec<(&str, String)> = names.into_iter().zip(texts).collect();
            run(&input(dir.path(), &files, std::slice::from_ref(&ratings)), &Silent)
                .err()
                .map(|e| e.to_string())
        };
        assert_eq!(refused(true, [100, 118]), None);
        let error = refused(true, [100, 119]).unwrap();
        assert!(
            error.starts_with(
                "netflix_titles.csv: there are 65700 different genres, 35700 of them in this file"
            ),
            "{error}"
        );
        let error = refused(false, [40_000, 25_536]).unwrap();
        assert!(
            error.starts_with("hulu_titles.csv: there are 65536 different audience ratings, 40000 of them"),
            "{error}"
        );
    }

    #[test]
    fn an_input_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let ratings = "userId,movieId,rating,timestamp\n1,2,3,4\n";
        std::fs::write(dir.path().join("ratings.csv"), ratings).unwrap();
        let input = EtlInput::resolve(&[], &[dir.path().to_owned()]).unwrap();
        let output = run(&input, &Silent).unwrap();
        assert!(matches!(output.write(dir.path(), &Silent), Err(FileError::OverwritesInput(_))));
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["ratings.csv"]);
    }

    #[test]
    fn tables_without_ratings_are_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let titles = format!("{HEADER}s1,Movie,A,,,,,2020,,,,\n");
        let ratings = "userId,rating,timestamp,movieId\n1,9,9,hs1\n".to_owned();
        let output = run(&input(dir.path(), &[("hulu_titles.csv", titles)], &[ratings]), &Silent).unwrap();
        let out = dir.path().join("clean");
        output.write(&out, &Silent).unwrap();
        assert_eq!(tables::read_clean(&out, &Silent).unwrap(), output.clean);
        let names: Vec<_> = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names.len(), 4);
        std::fs::write(out.join("ratings.csv"), "userId,rating,timestamp,movieId\n1,9,9,hs1\n").unwrap();
        assert!(matches!(tables::read_clean(&out, &Silent), Err(FileError::NotClean { line: 2, .. })));
        // In another order than the one it is written in.
        std::fs::write(out.join("ratings.csv"), "userId,rating,timestamp,movieId\n2,1,9,hs1\n1,3,9,hs1\n")
            .unwrap();
        assert_eq!(tables::read_clean(&out, &Silent).unwrap().ratings.rating(), [3.0, 1.0]);
        std::fs::write(out.join("ratings.csv"), "userId,rating,timestamp,movieId\n1,1,9,hs1\n1,1,9,hs1\n")
            .unwrap();
        assert!(matches!(tables::read_clean(&out, &Silent), Err(FileError::NotUnique { n: 1, .. })));
    }

    #[test]
    fn platforms_with_the_same_first_letter_are_read_back() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["hulu_titles.csv", "more.csv"] {
            std::fs::write(dir.path().join(name), format!("{HEADER}s1,Movie,A,,,,,2020,,,,\n")).unwrap();
        }
        let ratings = dir.path().join("r.csv");
        std::fs::write(&ratings, "userId,rating,timestamp,movieId\n1,3,9,hs1\n1,4,9,hbs1\n").unwrap();
        let more = format!("hbo:hb={}", dir.path().join("more.csv").display());
        let input =
            EtlInput::resolve(&[dir.path().join("hulu_titles.csv"), more.into()], &[ratings]).unwrap();
        let output = run(&input, &Silent).unwrap();
        let ids: Vec<&str> = output.clean.titles.titles().iter().map(|t| t.id.as_str()).collect();
        assert_eq!((ids, output.clean.ratings.rating()), (vec!["hs1", "hbs1"], &[3.0, 4.0][..]));
        let out = dir.path().join("clean");
        output.write(&out, &Silent).unwrap();
        assert_eq!(tables::read_clean(&out, &Silent).unwrap(), output.clean);
    }

    fn cell() -> impl Strategy<Value = String> {
        "[aÉİß,;\"\n\u{200B}\u{A0} .1jr-]{0,12}"
    }

    proptest! {
        #[test]
        fn clean_tables_are_read_back_with_any_number_of_threads(
            cells in prop::collection::vec((cell(), cell(), cell(), 0..3_usize), 1..8),
            rows in prop::collection::vec((0..5_u8, 0..9_u8, 0..60_u16, 0..3_u8), 1..40),
            block_bytes in 1_usize..300,
            with_titles in any::<bool>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut writer = csv::Writer::from_writer(HEADER.as_bytes().to_vec());
            for (at, (title, cast, about, length)) in cells.iter().enumerate() {
                let length = ["", "90 min", "2 Seasons"][*length];
                writer
                    .write_record([
                        &format!("s{at}"), "TV Show", title, cast, cast, about, " May 3, 2020", "2019", "",
                        length, about, about,
                    ])
                    .unwrap();
            }
            let titles = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let titles = if with_titles { vec![("netflix_titles.csv", titles)] } else { vec![] };
            let mut ratings = vec!["userId,rating,timestamp,movieId\n".to_owned(); 2];
            for (at, (user, title, rating, time)) in rows.iter().enumerate() {
                let rating = f32::from(*rating) / 10.0;
                writeln!(ratings[at % 2], "u{user},{rating},{time},ns{title}").unwrap();
            }
            ratings[1].push_str("u0,1,1\n");
            let input = input(dir.path(), &titles, &ratings);

            let output = run(&input, &Silent).unwrap();
            let out = dir.path().join("out");
            output.write(&out, &Silent).unwrap();
            prop_assert_eq!(&tables::read_clean(&out, &Silent).unwrap(), &output.clean);
            for n_threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
                let again = pool.install(|| run_in_blocks(&input, block_bytes, &Silent)).unwrap();
                prop_assert_eq!(&again, &output);
            }

            // The slow way: one rating after the other into a map.
            let mut slow = std::collections::BTreeMap::new();
            let of_file = |file| rows.iter().skip(file).step_by(2);
            for (user, title, rating, time) in of_file(0).chain(of_file(1)) {
                let id = format!("ns{title}");
                let known = !with_titles || output.clean.titles.position(&id).is_some();
                if known && (5..=50).contains(rating) {
                    let entry = slow.entry((format!("u{user}"), id)).or_insert((*time, *rating));
                    if *time >= entry.0 {
                        *entry = (*time, *rating);
                    }
                }
            }
            let table = &output.clean.ratings;
            let mut fast = std::collections::BTreeMap::new();
            for (user, id) in table.users().iter().enumerate() {
                for row in table.rows_of(user) {
                    let title = &output.clean.titles.titles()[table.title_idx()[row] as usize];
                    let rating = (table.rating()[row] * 10.0).round() as u16;
                    fast.insert((id.to_string(), title.id.to_string()), (table.timestamp()[row] as u8, rating));
                }
            }
            prop_assert_eq!(fast, slow);
        }
    }
}
