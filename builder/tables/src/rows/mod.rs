//! Reads rating files in parallel, in blocks that are cut at line ends.
//!
//! One reader, behind a lock, reads, hashes and cuts. Each worker takes the next block, parses it, and keeps
//! the rows under ids of its own. What depends on the order of the workers (which of them got a block, which
//! number it gave an id) is undone in [`assemble()`].

mod assemble;
mod block;
mod column_names;
mod export;
mod fault;
mod feed;
mod feedback;
mod known;
mod layout;
mod number;
mod options;
pub(crate) mod ordered;
mod refuse;
mod sample;
mod scale;
mod separator;
mod sniff;
mod time;
mod title_lines;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use artifact::Source;
use progress::Reporter;

pub use assemble::{Replaced, assemble, merge_ids, title_ids};
use block::Worker;
pub use block::{Block, Row};
use catalog::Scale;
use feed::Feed;
pub use feed::Reading;
pub use known::{Known, Names};
use layout::Titles;
pub(crate) use number::parse_rating;
pub use options::{ColumnsError, RatingColumns, RatingOptions};
pub use separator::{Separator, SeparatorError};
pub(crate) use time::seconds as parse_timestamp;

use rayon::prelude::*;

use crate::{FileError, Interner, Rejects};

/// Number of bytes read at once.
pub const BLOCK_BYTES: usize = 1 << 20;
/// Contents of all rating files.
#[derive(Debug)]
pub struct Scan {
    /// Blocks in the order of files and lines.
    pub blocks: Vec<Block>,
    /// User ids, by worker and number.
    pub users: Vec<Interner>,
    /// Title ids, by worker and number; unused if the catalog is given.
    pub titles: Vec<Interner>,
    /// The files, as a release names them.
    pub sources: Vec<Source>,
    /// The scale of all ratings.
    pub scale: Scale,
}

/// The most bytes of memory for rejected rows, at least 10 million of them. A small file that unpacks to
/// nothing but wrong lines must not fill the memory.
const MOST_REJECTS: u64 = if cfg!(test) { 1 << 20 } else { 1 << 30 };

/// Reads rating files. Rows whose title is not in `known` are refused; without `known`, every id is a title,
/// and exports that name titles instead of ids are an error.
/// `first_file` is the number of the first file in `rejects`.
///
/// The ratings of all files are on one scale: the given one, or else the narrowest of the usual scales that
/// holds 99.9 per cent of the ratings (see [`catalog::ScaleCounts::scale`]), and that of the site if a file
/// is an export of one. Rows that are off it are refused.
pub fn scan(
    files: &[PathBuf],
    known: Option<Known<'_>>,
    reading: Reading<'_>,
    block_bytes: usize,
    first_file: usize,
    rejects: &mut Rejects,
    reporter: &dyn Reporter,
) -> Result<Scan, FileError> {
    reporter.start("reading ratings", total_bytes(files), "bytes");
    let feed = Mutex::new(Feed::new(files, block_bytes, reading, known));
    let n_workers = rayon::current_num_threads();
    let rejected = AtomicU64::new(0);
    let work = |worker| {
        let mut reader = Worker::new(worker, known);
        let mut buffer = Vec::new();
        loop {
            // A poisoned lock means that a worker panicked; the scope passes the panic on.
            let next = feed.lock().unwrap_or_else(PoisonError::into_inner).next(&mut buffer);
            match next {
                Ok(Some(head)) => {
                    let block = reader.block(&head, &buffer);
                    let more = block.rejects.memory();
                    if rejected.fetch_add(more, Ordering::Relaxed).saturating_add(more) > MOST_REJECTS {
                        return Err(FileError::TooManyRejects(files[block.file].clone()));
                    }
                    reader.blocks.push(block);
                    reporter.advance(head.bytes);
                }
                Ok(None) => return Ok(reader),
                Err(error) => return Err(error),
            }
        }
    };
    // Separate threads, because they wait for each other, which threads of rayon's pool may not do.
    let results: Vec<Result<Worker<'_>, FileError>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..n_workers).map(|worker| scope.spawn(move || work(worker))).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    reporter.finish();
    let feed = feed.into_inner().unwrap_or_else(PoisonError::into_inner);

    let mut scan = Scan {
        blocks: Vec::new(),
        users: Vec::new(),
        titles: Vec::new(),
        sources: feed.sources,
        scale: Scale::STARS,
    };
    for result in results {
        let worker = result?;
        scan.blocks.extend(worker.blocks);
        scan.users.push(worker.users);
        scan.titles.push(worker.titles);
    }
    scan.blocks.sort_unstable_by_key(|block| block.seq);
    let known = match reading {
        Reading::Raw(options) => options.scale,
        Reading::Clean(scale) => scale,
    };
    scan.scale = match known {
        Some(scale) => scale,
        None => scale::find(&scan.blocks, files)?,
    };
    let scale = scan.scale;
    let n_off_scale: usize = scan.blocks.par_iter_mut().map(|block| block.keep_scale(scale)).sum();
    if n_off_scale > 0 {
        scan.forget_unused_ids();
    }
    for block in &mut scan.blocks {
        let part = std::mem::take(&mut block.rejects);
        rejects.append(&part, first_file + block.file);
    }
    scan.check_rows(files)?;
    Ok(scan)
}

impl Scan {
    /// Returns an error if a file has no rows.
    fn check_rows(&self, files: &[PathBuf]) -> Result<(), FileError> {
        let mut n_rows = vec![0; files.len()];
        for block in &self.blocks {
            n_rows[block.file] += block.n_rows;
        }
        let Some(file) = n_rows.iter().position(|&n| n == 0) else { return Ok(()) };
        let path = files[file].clone();
        let names_titles =
            self.blocks.iter().any(|block| block.file == file && block.layout.titles == Titles::Lines);
        Err(if names_titles { FileError::OnlyTitles(path) } else { FileError::NoRows(path) })
    }

    /// Drops the ids that occur only in rejected rows, and renumbers the others.
    fn forget_unused_ids(&mut self) {
        let forget = |ids: &mut [Interner], blocks: &mut [Block], id: fn(&mut Row) -> &mut u32| {
            let mut used: Vec<Vec<bool>> = ids.iter().map(|ids| vec![false; ids.names().len()]).collect();
            for block in &mut *blocks {
                for row in &mut block.rows {
                    used[block.worker][*id(row) as usize] = true;
                }
            }
            let numbers: Vec<Vec<u32>> =
                ids.iter_mut().zip(&used).map(|(ids, used)| ids.keep(used)).collect();
            for block in blocks {
                for row in &mut block.rows {
                    let number = id(row);
                    *number = numbers[block.worker][*number as usize];
                }
            }
        };
        forget(&mut self.users, &mut self.blocks, |row| &mut row.user);
        if self.titles.iter().any(|ids| !ids.names().is_empty()) {
            forget(&mut self.titles, &mut self.blocks, |row| &mut row.title);
        }
    }
}

/// Returns the total size of the files, or 0 if one of them is a pipe.
fn total_bytes(files: &[PathBuf]) -> u64 {
    let size = |path: &PathBuf| path.metadata().ok().filter(std::fs::Metadata::is_file).map(|m| m.len());
    files.iter().map(size).sum::<Option<u64>>().unwrap_or(0)
}

/// Reads one file and passes its blocks to `take` in the order of lines, each with its users, numbered in
/// order of appearance. Blocks are parsed in parallel; those parsed before their turn are held until it
/// comes. Stops early and returns `false` when `take` returns `false`.
pub fn in_order(
    path: &Path,
    known: &Interner,
    reading: Reading<'_>,
    block_bytes: usize,
    reporter: &dyn Reporter,
    mut take: impl FnMut(&Block, &Interner) -> bool,
) -> Result<bool, FileError> {
    let files = [path.to_owned()];
    reporter.start("reading ratings", total_bytes(&files), "bytes");
    let known = Some(Known { ids: known, names: None });
    let feed = Mutex::new(Feed::new(&files, block_bytes, reading, known));
    let n_workers = rayon::current_num_threads();
    let work = |sender: SyncSender<Result<(Block, Interner), FileError>>| {
        let mut buffer = Vec::new();
        loop {
            let next = feed.lock().unwrap_or_else(PoisonError::into_inner).next(&mut buffer);
            let parsed = match next {
                Ok(None) => return,
                Ok(Some(head)) => {
                    let mut reader = Worker::new(0, known);
                    let block = reader.block(&head, &buffer);
                    reporter.advance(head.bytes);
                    Ok((block, reader.users))
                }
                Err(error) => Err(error),
            };
            // The receiver is gone if no more blocks are wanted.
            if sender.send(parsed).is_err() {
                return;
            }
        }
    };
    let taken = std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(n_workers);
        for _ in 0..n_workers {
            let sender = sender.clone();
            scope.spawn(|| work(sender));
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut turn = 1;
        for parsed in receiver {
            let (block, users) = parsed?;
            early.insert(block.seq, (block, users));
            while let Some((block, users)) = early.remove(&turn) {
                if !take(&block, &users) {
                    return Ok(false);
                }
                turn += 1;
            }
        }
        Ok(true)
    });
    reporter.finish();
    taken
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;
    use progress::Silent;

    type Seen = (Vec<(String, String, f32, u32)>, Vec<String>, u64);

    /// Returns the rows and rejects of one file's bytes, in order.
    fn read(bytes: &[u8], block_bytes: usize) -> Result<Seen, FileError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.csv");
        std::fs::write(&path, bytes).unwrap();
        let mut rejects = Rejects::new(vec!["r.csv".to_owned()]);
        let scan = scan(
            &[path],
            None,
            Reading::Raw(&RatingOptions { scale: Some(Scale::STARS), ..RatingOptions::default() }),
            block_bytes,
            0,
            &mut rejects,
            &Silent,
        )?;
        assert_eq!(scan.sources[0].sha256, artifact::Digest::of(bytes));
        let mut rows = Vec::new();
        for block in &scan.blocks {
            for row in &block.rows {
                let user = scan.users[block.worker].names()[row.user as usize].to_string();
                let title = scan.titles[block.worker].names()[row.title as usize].to_string();
                rows.push((user, title, row.rating, row.timestamp));
            }
        }
        let rejects = rejects.iter().map(|r| format!("{} {} {} {:?}", r.line, r.reason, r.column, r.value));
        Ok((rows, rejects.collect(), scan.blocks.iter().map(|b| b.n_rows).sum()))
    }

    fn row(user: &str, title: &str, rating: f32, timestamp: u32) -> (String, String, f32, u32) {
        (user.to_owned(), title.to_owned(), rating, timestamp)
    }

    #[test]
    fn a_file_of_wrong_lines_alone_is_given_up() {
        let text = |n: usize| format!("user_id,id,rating\nu1,s1,5\n{}", "x\n".repeat(n));
        let (rows, rejects, _) = read(text(1_000).as_bytes(), 1 << 12).unwrap();
        assert_eq!((rows.len(), rejects.len()), (1, 1_000));
        let error = read(text(60_000).as_bytes(), 1 << 12).unwrap_err();
        assert!(error.to_string().contains("gave up after millions of rejected rows"), "{error}");
    }

    #[test]
    fn every_shape_gives_the_same_rows() {
        let expected = vec![row("1", "31", 2.5, 100), row("2", "5", 4.0, 0)];
        for text in [
            "userId,movieId,rating,timestamp\n1,31,2.5,100\n2,5,4.0,0\n",
            "\u{FEFF}rating,timestamp,userId,movieId\r\n2.5,100,1,31\r\n4,0,2,5",
            "\"userId\",\"x\",\"movieId\",\"rating\",\"timestamp\"\n1,\"a\n\"\"b\",31,\"2.5\",100\n2,,5,4.0, 0\n",
            "1\t31\t2.5\t100\n2\t5\t4\t0\n",
            "user_id\tmovie_id\trating\ttimestamp\n1\t31\t2.5\t100\n\n2\t5\t4\t0\n",
            "1::31::2.5::100\n2::5::4::0\n",
            "userId;movieId;rating;timestamp\n1;31;2,5;100\n2;5;4;0;\n",
            "1 31 2.5 100\n2  5 4\t0\n",
            "user_id,item_id,rating,timestamp\n1.0,31.0,2.5,100.0\n2.0,5.0,4,0.0\n",
            "user|item|score|date\n1|31|2.5|1970-01-01T00:01:40Z\n2|5|4|1970-01-01\n",
        ] {
            for block_bytes in [1, 7, 1 << 20] {
                let (rows, rejects, _) = read(text.as_bytes(), block_bytes).unwrap();
                assert_eq!((&rows, rejects.len()), (&expected, 0), "{text:?} {block_bytes}");
            }
        }
    }

    #[test]
    fn titles_on_their_own_lines_hold_for_the_lines_below() {
        let text = "7,3,1970-01-02\n1:\n7,3,1970-01-02\n\n8,x,1970-01-02\n20:\r\n3:\n9,4,1970-01-03\r\n\
                    9,4,,\n7,4,1\n";
        for block_bytes in [1, 5, 16, 1 << 20] {
            let (rows, rejects, n_rows) = read(text.as_bytes(), block_bytes).unwrap();
            assert_eq!(rows, [row("7", "1", 3.0, 86_400), row("9", "3", 4.0, 172_800)], "{block_bytes}");
            assert_eq!(n_rows, 6);
            assert_eq!(
                rejects,
                [
                    "1 title_id_malformed movieId \"7,3,1970-01-02\"",
                    "5 rating_malformed rating \"x\"",
                    "9 timestamp_malformed timestamp \"\"",
                    "10 timestamp_malformed timestamp \"1\"",
                ]
            );
        }
        assert!(matches!(read(b"1:\n2:\n", 64), Err(FileError::OnlyTitles(_))));
    }

    #[test]
    fn rows_off_the_scale_that_was_found_are_refused_where_they_stand() {
        let mut text = "userId,movieId,rating\n".to_owned();
        for line in 2..=3000 {
            let rating = match line {
                700 => "11",
                701 => "x",
                2000 => "-1",
                _ => ["9", "10", "1", "7"][line % 4],
            };
            writeln!(text, "{line},a,{rating}\n").unwrap();
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.csv");
        std::fs::write(&path, &text).unwrap();
        for block_bytes in [40, 1000, 1 << 20] {
            let mut rejects = Rejects::new(vec!["r.csv".to_owned()]);
            let options = RatingOptions::default();
            let files = [path.clone()];
            let scan =
                scan(&files, None, Reading::Raw(&options), block_bytes, 0, &mut rejects, &Silent).unwrap();
            assert_eq!(scan.scale.to_string(), "1 to 10");
            let refused: Vec<_> = rejects.iter().map(|r| (r.line, r.value, r.reason.as_str())).collect();
            let expected = [
                (1398, "11", "rating_out_of_range"),
                (1400, "x", "rating_malformed"),
                (3998, "-1", "rating_out_of_range"),
            ];
            assert_eq!(refused, expected, "{block_bytes}");
            assert_eq!(scan.blocks.iter().map(|b| b.rows.len()).sum::<usize>(), 2996);
        }
    }

    #[test]
    fn faulty_rows_are_refused_with_line_column_and_reason() {
        let text = b"userId,rating,timestamp,movieId\n1,5.5,1,a\n1,nan,1,a\n1,1e0,1,a\n1,,1,a\n1,-1,1,a\n\
            1,4,x,a\n1,4,-5,a\n1,4,4294967296,a\n1,4,1\n1,4\n1,4,1,a,b\n1\t2,4,1,a\n1,4,1,\n1,4,1,\xff\n\
            1,4,1,a\0\n,4,1,a\n1,\"4,1,a\n7,4,1,ok\n1,4,1,\"a\"b\n";
        let (rows, rejects, n_rows) = read(text, 1 << 20).unwrap();
        assert_eq!(rows, [row("7", "ok", 4.0, 1)]);
        assert_eq!(n_rows, 20 - 1);
        assert_eq!(
            rejects,
            [
                "2 rating_out_of_range rating \"5.5\"",
                "3 rating_malformed rating \"nan\"",
                "4 rating_malformed rating \"1e0\"",
                "5 rating_malformed rating \"\"",
                "6 rating_out_of_range rating \"-1\"",
                "7 timestamp_malformed timestamp \"x\"",
                "8 timestamp_out_of_range timestamp \"-5\"",
                "9 timestamp_out_of_range timestamp \"4294967296\"",
                "10 cut_short movieId \"1,4,1\"",
                "11 cut_short timestamp \"1,4\"",
                "12 too_many_fields  \"1,4,1,a,b\"",
                "13 user_id_malformed userId \"1\\t2\"",
                "14 title_id_malformed movieId \"\"",
                "15 not_utf8 movieId \"\u{FFFD}\"",
                "16 nul_byte movieId \"a\\0\"",
                "17 user_id_malformed userId \"\"",
                "18 bad_quoting  \"1,\\\"4,1,a\"",
                "20 bad_quoting  \"1,4,1,\\\"a\\\"b\"",
            ]
        );
    }

    #[test]
    fn files_that_are_not_tables_are_errors() {
        assert!(matches!(read(b"", 64), Err(FileError::Empty(_))));
        assert!(matches!(read(b"\n\r\n", 64), Err(FileError::Empty(_))));
        assert!(matches!(read(b"userId,movieId,rating,timestamp\n", 64), Err(FileError::NoRows(_))));
        assert!(matches!(read(b"a,b\n1,2\n", 64), Err(FileError::RatingColumns { .. })));
        assert!(matches!(read(b"\x7fELF\0\0\n", 64), Err(FileError::NotText { .. })));
        assert!(matches!(read(&vec![0; 3 << 20], 1 << 20), Err(FileError::NotText { .. })));
        // Empty lines before the header count.
        let error = read(b"\n\r\nuserId,\xff\n", 64);
        assert!(matches!(error, Err(FileError::NotText { line: 3, column: 8, .. })), "{error:?}");
        assert!(matches!(read(&vec![b'x'; 3 << 20], 1 << 20), Err(FileError::LineTooLong { .. })));
    }

    proptest! {
        #[test]
        fn blocks_may_be_cut_anywhere(
            text in "(1|22|x|5\\.0|3|,|,|\"|\"\"|\n|\n|\r\n|é){0,60}",
            block_bytes in 1_usize..40
        ) {
            let text = format!("userId,movieId,rating,timestamp\n1,2,3,4\n{text}");
            let whole = read(text.as_bytes(), 1 << 20).unwrap();
            prop_assert_eq!(whole.2 as usize, whole.0.len() + whole.1.len());
            prop_assert_eq!(read(text.as_bytes(), block_bytes).unwrap(), whole);
        }

        #[test]
        fn blocks_may_be_cut_between_a_title_and_its_rows(
            text in "(1:|22:|x:|:|7|3|,|,|,3,1970-01-02|\n|\n|\r\n| |\"){0,60}",
            block_bytes in 1_usize..40
        ) {
            let text = format!("1:\n7,3,1970-01-02\n{text}");
            let whole = read(text.as_bytes(), 1 << 20).unwrap();
            prop_assert_eq!(whole.2 as usize, whole.0.len() + whole.1.len());
            prop_assert_eq!(read(text.as_bytes(), block_bytes).unwrap(), whole);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), header in 0..3_usize) {
            let mut text = ["userId,movieId,rating,timestamp\n", "1:\n7,3,1970-01-02\n", ""][header].as_bytes().to_vec();
            text.extend(bytes);
            if let Ok((rows, rejects, n_rows)) = read(&text, 64) {
                prop_assert_eq!(n_rows as usize, rows.len() + rejects.len());
            }
        }
    }
}
