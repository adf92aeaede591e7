//! Rating files, read in parallel by blocks that are cut at line ends.
//!
//! One reader, behind a lock, reads, hashes and cuts; each worker takes the next block, parses it and
//! keeps the rows under ids of its own. What depends on the order of workers (which of them got a block,
//! which number it gave an id) is undone in [`super::table`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use artifact::{Hasher, Source};
use catalog::{RATING_MAX, RATING_MIN, check_id};
use memchr::{memchr, memchr_iter, memrchr};

use super::header::{check_text, find_columns, header_fields, is_column, without_bom};
use super::input::file_name;
use super::intern::Interner;
use super::records::next_record;
use super::{EtlError, Reason, Rejects};
use crate::Reporter;

/// How much is read at once.
pub(super) const BLOCK_BYTES: usize = 1 << 20;
/// The longest line that is read.
const MAX_LINE_BYTES: usize = 1 << 20;

const USER: usize = 0;
const TITLE: usize = 1;
const RATING: usize = 2;
const TIMESTAMP: usize = 3;
const COLUMNS: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];
const NEEDED: &str = "userId, movieId, rating, timestamp";

/// One accepted row, its ids numbered by the worker that read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub(super) user: u32,
    pub(super) title: u32,
    pub(super) rating: f32,
    pub(super) timestamp: u32,
}

/// The rows of one block.
#[derive(Debug)]
pub(super) struct Block {
    /// Position of its file among the rating files.
    pub(super) file: usize,
    /// Its place among all blocks.
    pub(super) seq: u64,
    /// The worker whose numbers `rows` hold.
    pub(super) worker: usize,
    pub(super) n_rows: u64,
    pub(super) rows: Vec<Row>,
    rejects: Rejects,
}

impl Block {
    /// Whether no row was refused.
    pub(super) fn is_clean(&self) -> bool {
        self.rejects.is_empty()
    }
}

/// Everything that the rating files hold.
#[derive(Debug)]
pub(super) struct Scan {
    /// Blocks in the order of files and lines.
    pub(super) blocks: Vec<Block>,
    /// User ids, by worker and number.
    pub(super) users: Vec<Interner>,
    /// Title ids, by worker and number; unused where the catalogue is given.
    pub(super) titles: Vec<Interner>,
    pub(super) sources: Vec<Source>,
    /// How each file is laid out, in words.
    pub(super) formats: Vec<&'static str>,
}

/// Reads rating files. Rows whose title is not in `known` are refused; without it, every id is a title.
/// `first_file` is the number of the first file in `rejects`.
pub(super) fn scan(
    files: &[PathBuf],
    known: Option<&Interner>,
    block_bytes: usize,
    first_file: usize,
    rejects: &mut Rejects,
    reporter: &dyn Reporter,
) -> Result<Scan, EtlError> {
    let mut total = 0;
    for path in files {
        total += path.metadata().map_err(|e| EtlError::read(path, e))?.len();
    }
    reporter.start("reading ratings", total, "bytes");
    let feed = Mutex::new(Feed::new(files, block_bytes));
    let n_workers = rayon::current_num_threads();
    let work = |worker| {
        let mut reader = Worker::new(worker, known);
        let mut buffer = Vec::new();
        loop {
            // A poisoned lock means that a worker panicked; the scope passes that on.
            let next = feed.lock().unwrap_or_else(PoisonError::into_inner).next(&mut buffer);
            match next {
                Ok(Some(head)) => {
                    let block = reader.block(&head, &buffer);
                    reader.blocks.push(block);
                    reporter.advance(buffer.len() as u64);
                }
                Ok(None) => return Ok(reader),
                Err(error) => return Err(error),
            }
        }
    };
    // Threads of their own: they wait for each other, which rayon's may not do.
    let results: Vec<Result<Worker<'_>, EtlError>> = std::thread::scope(|scope| {
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
        formats: feed.formats,
    };
    for result in results {
        let worker = result?;
        scan.blocks.extend(worker.blocks);
        scan.users.push(worker.users);
        scan.titles.push(worker.titles);
    }
    scan.blocks.sort_unstable_by_key(|block| block.seq);
    for block in &mut scan.blocks {
        let part = std::mem::take(&mut block.rejects);
        rejects.append(&part, first_file + block.file);
    }
    for (file, path) in files.iter().enumerate() {
        if scan.blocks.iter().all(|block| block.file != file || block.n_rows == 0) {
            return Err(EtlError::NoRows(path.clone()));
        }
    }
    Ok(scan)
}

/// Reads one file and passes its blocks on in the order of lines, each with its users, numbered as they come in it.
/// Blocks are parsed in parallel; no more of them are held than are parsed before their turn. Ends early, with `false`,
/// where `take` wants no more.
pub(super) fn in_order(
    path: &Path,
    known: &Interner,
    block_bytes: usize,
    reporter: &dyn Reporter,
    mut take: impl FnMut(&Block, &Interner) -> bool,
) -> Result<bool, EtlError> {
    let total = path.metadata().map_err(|e| EtlError::read(path, e))?.len();
    reporter.start("reading ratings", total, "bytes");
    let files = [path.to_owned()];
    let feed = Mutex::new(Feed::new(&files, block_bytes));
    let n_workers = rayon::current_num_threads();
    let work = |sender: SyncSender<Result<(Block, Interner), EtlError>>| {
        let mut buffer = Vec::new();
        loop {
            let next = feed.lock().unwrap_or_else(PoisonError::into_inner).next(&mut buffer);
            let parsed = match next {
                Ok(None) => return,
                Ok(Some(head)) => {
                    let mut reader = Worker::new(0, Some(known));
                    let block = reader.block(&head, &buffer);
                    reporter.advance(buffer.len() as u64);
                    Ok((block, reader.users))
                }
                Err(error) => Err(error),
            };
            // The other end is gone where no more is wanted.
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

/// How the rows of a file are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    /// `:` stands for `::`.
    separator: u8,
    /// The positions of [`COLUMNS`].
    columns: [usize; 4],
    n_columns: usize,
    has_header: bool,
}

impl Layout {
    /// Tells the layout from the first line that is not empty.
    fn detect(path: &Path, line: &[u8]) -> Result<Self, EtlError> {
        let plain = |separator| Self { separator, columns: [0, 1, 2, 3], n_columns: 4, has_header: false };
        if line.windows(2).any(|pair| pair == b"::") {
            return Ok(plain(b':'));
        }
        let separator = if line.contains(&b'\t') { b'\t' } else { b',' };
        let header = header_fields(path, line, separator)?;
        let named = header.iter().any(|field| COLUMNS.iter().any(|name| is_column(field, name)));
        if separator == b'\t' && !named && header.len() == 4 {
            return Ok(plain(b'\t'));
        }
        let columns = find_columns(path, &header, COLUMNS, NEEDED)?;
        Ok(Self { separator, columns, n_columns: header.len(), has_header: true })
    }

    /// Only tables with a header are CSV; the others know no quotes.
    fn has_quotes(self) -> bool {
        self.has_header
    }

    fn describe(self) -> &'static str {
        match (self.separator, self.has_header) {
            (b':', _) => "ratings, `::` between fields",
            (_, false) => "ratings, tabs between fields",
            (b'\t', true) => "ratings, tabs between fields, header",
            _ => "ratings, CSV",
        }
    }

    /// The fields named by [`COLUMNS`].
    fn fields(self, record: &[u8], quoted: bool) -> Result<[&[u8]; 4], Fault<'_>> {
        if !quoted && let Some(fields) = self.four_fields(record) {
            return Ok(fields);
        }
        let mut fields: [&[u8]; 4] = [&[]; 4];
        let mut rest = record;
        for at in 0.. {
            let end = self.field_end(rest, quoted);
            let field = &rest[..end.unwrap_or(rest.len())];
            for (slot, &column) in fields.iter_mut().zip(&self.columns) {
                if column == at {
                    *slot = bare(field, quoted);
                }
            }
            match end {
                Some(_) if at + 1 == self.n_columns => {
                    return Err(Fault { column: "", value: record, reason: Reason::TooManyFields });
                }
                Some(end) => rest = &rest[end + if self.separator == b':' { 2 } else { 1 }..],
                None if at + 1 == self.n_columns => break,
                None => {
                    let lost = (0..4).filter(|&c| self.columns[c] > at).min_by_key(|&c| self.columns[c]);
                    let column = lost.map_or("", |c| COLUMNS[c]);
                    return Err(Fault { column, value: record, reason: Reason::CutShort });
                }
            }
        }
        Ok(fields)
    }

    /// The usual case in one pass: four columns, one byte between them, no quotes.
    fn four_fields(self, record: &[u8]) -> Option<[&[u8]; 4]> {
        if self.n_columns != 4 || self.separator == b':' {
            return None;
        }
        let mut fields: [&[u8]; 4] = [&[]; 4];
        let (mut n, mut begin) = (0, 0);
        for (at, &byte) in record.iter().enumerate() {
            if byte == self.separator {
                *fields.get_mut(n)? = &record[begin..at];
                (n, begin) = (n + 1, at + 1);
            }
        }
        if n != 3 {
            return None;
        }
        fields[3] = &record[begin..];
        Some(self.columns.map(|column| bare(fields[column], false)))
    }

    /// The length of the first field of `rest`; `None` where it is the last.
    fn field_end(self, rest: &[u8], quoted: bool) -> Option<usize> {
        if self.separator == b':' {
            return rest.windows(2).position(|pair| pair == b"::");
        }
        let mut from = 0;
        if quoted && rest.first() == Some(&b'"') {
            // The record is well formed: every quote but the last of the field is doubled.
            from = 1;
            while let Some(found) = memchr(b'"', &rest[from..]) {
                from += found + 1;
                if rest.get(from) != Some(&b'"') {
                    break;
                }
                from += 1;
            }
        }
        // Fields have a few bytes: a plain loop beats a call.
        rest[from..].iter().position(|&b| b == self.separator).map(|found| from + found)
    }
}

/// A field without its quotes and the blanks around it. Doubled quotes stay doubled: no id and no number
/// holds any.
fn bare(field: &[u8], quoted: bool) -> &[u8] {
    let inner = match field {
        [b'"', inner @ .., b'"'] if quoted => inner,
        _ => field,
    };
    match inner {
        [first, .., last] if *first > b' ' && *last > b' ' => inner,
        _ => inner.trim_ascii(),
    }
}

/// What is wrong with a row.
struct Fault<'a> {
    column: &'static str,
    value: &'a [u8],
    reason: Reason,
}

/// A block's place.
#[derive(Debug)]
struct Head {
    file: usize,
    seq: u64,
    line: u64,
    layout: Layout,
}

/// Hands out blocks in the order of files and lines.
struct Feed<'a> {
    files: &'a [PathBuf],
    block_bytes: usize,
    n_opened: usize,
    seq: u64,
    open: Option<Open<'a>>,
    failed: bool,
    sources: Vec<Source>,
    formats: Vec<&'static str>,
}

struct Open<'a> {
    path: &'a Path,
    file: File,
    hasher: Hasher,
    bytes: u64,
    ended: bool,
    /// The line of the next byte that is handed out.
    line: u64,
    carry: Vec<u8>,
    layout: Option<Layout>,
}

impl<'a> Feed<'a> {
    fn new(files: &'a [PathBuf], block_bytes: usize) -> Self {
        Self {
            files,
            block_bytes,
            n_opened: 0,
            seq: 0,
            open: None,
            failed: false,
            sources: Vec::new(),
            formats: Vec::new(),
        }
    }

    /// Fills `buffer` with whole records. `None` at the end, and for everybody else after an error.
    fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Head>, EtlError> {
        if self.failed {
            return Ok(None);
        }
        let head = self.try_next(buffer);
        self.failed = head.is_err();
        head
    }

    fn try_next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Head>, EtlError> {
        loop {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => match self.files.get(self.n_opened) {
                    None => return Ok(None),
                    Some(path) => {
                        self.n_opened += 1;
                        Open::new(path)?
                    }
                },
            };
            if let Some((line, layout)) = open.fill(buffer, self.block_bytes)? {
                self.open = Some(open);
                self.seq += 1;
                return Ok(Some(Head { file: self.n_opened - 1, seq: self.seq, line, layout }));
            }
            let layout = open.layout.ok_or_else(|| EtlError::Empty(open.path.to_owned()))?;
            self.formats.push(layout.describe());
            self.sources.push(Source {
                name: file_name(open.path),
                bytes: open.bytes,
                sha256: open.hasher.finish(),
            });
        }
    }
}

impl<'a> Open<'a> {
    fn new(path: &'a Path) -> Result<Self, EtlError> {
        let file = File::open(path).map_err(|e| EtlError::read(path, e))?;
        Ok(Self {
            path,
            file,
            hasher: Hasher::default(),
            bytes: 0,
            ended: false,
            line: 1,
            carry: Vec::new(),
            layout: None,
        })
    }

    /// The next whole records and the line of the first; `None` at the end of the file.
    fn fill(&mut self, buffer: &mut Vec<u8>, block_bytes: usize) -> Result<Option<(u64, Layout)>, EtlError> {
        buffer.clear();
        buffer.append(&mut self.carry);
        loop {
            self.read(buffer, block_bytes)?;
            if self.layout.is_none() {
                self.take_header(buffer)?;
            }
            if let Some(layout) = self.layout {
                let end = if self.ended { buffer.len() } else { whole_records(buffer, layout) };
                if end > 0 {
                    self.carry.extend_from_slice(&buffer[end..]);
                    buffer.truncate(end);
                    let line = self.line;
                    self.line += memchr_iter(b'\n', buffer).count() as u64;
                    return Ok(Some((line, layout)));
                }
            }
            if self.ended {
                return Ok(None);
            }
            if buffer.len() >= MAX_LINE_BYTES {
                check_text(self.path, self.line, buffer)?;
                return Err(EtlError::LineTooLong {
                    path: self.path.to_owned(),
                    line: self.line,
                    limit: MAX_LINE_BYTES,
                });
            }
        }
    }

    fn read(&mut self, buffer: &mut Vec<u8>, block_bytes: usize) -> Result<(), EtlError> {
        let want = block_bytes.saturating_sub(buffer.len()).max(block_bytes / 2).max(1);
        if self.ended {
            return Ok(());
        }
        let before = buffer.len();
        buffer.reserve(want);
        let n = Read::by_ref(&mut self.file)
            .take(want as u64)
            .read_to_end(buffer)
            .map_err(|e| EtlError::read(self.path, e))?;
        self.hasher.update(&buffer[before..]);
        self.bytes += n as u64;
        self.ended = n < want;
        Ok(())
    }

    /// Tells the layout from the first line, if all of it is there, and takes a header off the buffer.
    fn take_header(&mut self, buffer: &mut Vec<u8>) -> Result<(), EtlError> {
        if buffer.len() < 3 && !self.ended {
            return Ok(());
        }
        let mark = buffer.len() - without_bom(buffer).len();
        let begin = buffer[mark..].iter().position(|&b| b != b'\n' && b != b'\r').map(|p| mark + p);
        let Some(begin) = begin else { return Ok(()) };
        let end = match memchr(b'\n', &buffer[begin..]) {
            Some(found) => begin + found + 1,
            None if self.ended => buffer.len(),
            None => return Ok(()),
        };
        check_text(self.path, 1, &buffer[begin..end])?;
        let layout = Layout::detect(self.path, &buffer[begin..end])?;
        let taken = if layout.has_header { end } else { begin };
        self.line += memchr_iter(b'\n', &buffer[..taken]).count() as u64;
        buffer.drain(..taken);
        self.layout = Some(layout);
        Ok(())
    }
}

/// The length of the whole records at the start of `bytes`.
fn whole_records(bytes: &[u8], layout: Layout) -> usize {
    if !layout.has_quotes() || memchr(b'"', bytes).is_none() {
        return memrchr(b'\n', bytes).map_or(0, |pos| pos + 1);
    }
    let mut end = 0;
    while end < bytes.len() {
        match next_record(&bytes[end..], layout.separator, false) {
            Some(span) => end += span.total,
            None => break,
        }
    }
    end
}

/// Parses blocks.
struct Worker<'a> {
    number: usize,
    known: Option<&'a Interner>,
    users: Interner,
    titles: Interner,
    blocks: Vec<Block>,
}

impl<'a> Worker<'a> {
    fn new(number: usize, known: Option<&'a Interner>) -> Self {
        Self { number, known, users: Interner::default(), titles: Interner::default(), blocks: Vec::new() }
    }

    fn block(&mut self, head: &Head, bytes: &[u8]) -> Block {
        let mut block = Block {
            file: head.file,
            seq: head.seq,
            worker: self.number,
            n_rows: 0,
            rows: Vec::with_capacity(bytes.len() / 20),
            rejects: Rejects::default(),
        };
        let quoted = head.layout.has_quotes() && memchr(b'"', bytes).is_some();
        let (mut rest, mut line) = (bytes, head.line);
        while !rest.is_empty() {
            let (record, total, well_formed) = if quoted {
                let span = next_record(rest, head.layout.separator, true);
                let span = span.expect("the end of a block is the end of a record");
                (&rest[..span.content], span.total, span.well_formed)
            } else {
                let end = memchr(b'\n', rest).unwrap_or(rest.len());
                let record = &rest[..end];
                (record.strip_suffix(b"\r").unwrap_or(record), (end + 1).min(rest.len()), true)
            };
            if !record.is_empty() {
                block.n_rows += 1;
                let parsed = if well_formed {
                    self.row(head.layout, record, quoted)
                } else {
                    Err(Fault { column: "", value: record, reason: Reason::BadQuoting })
                };
                match parsed {
                    Ok(row) => block.rows.push(row),
                    Err(fault) => {
                        block.rejects.push(head.file, line, fault.column, fault.value, fault.reason);
                    }
                }
            }
            line += if quoted { memchr_iter(b'\n', &rest[..total]).count() as u64 } else { 1 };
            rest = &rest[total..];
        }
        block.rows.shrink_to_fit();
        block
    }

    /// Of several faults of a row, the first in the order rating, time, title, user is told.
    fn row<'r>(&mut self, layout: Layout, record: &'r [u8], quoted: bool) -> Result<Row, Fault<'r>> {
        let fields = layout.fields(record, quoted)?;
        let fault = |column: usize, reason| {
            let value = fields[column];
            let reason = if value.contains(&0) {
                Reason::NulByte
            } else if str::from_utf8(value).is_err() {
                Reason::NotUtf8
            } else {
                reason
            };
            Fault { column: COLUMNS[column], value, reason }
        };
        let rating = parse_rating(fields[RATING]).map_err(|reason| fault(RATING, reason))?;
        let timestamp = parse_timestamp(fields[TIMESTAMP]).map_err(|reason| fault(TIMESTAMP, reason))?;
        let text = fields[TITLE];
        let malformed = || fault(TITLE, Reason::TitleIdMalformed);
        let known = if let Some(known) = self.known {
            let position = known.get(text);
            Some(position.ok_or_else(|| match check_id(text) {
                Ok(()) => fault(TITLE, Reason::UnknownTitle),
                Err(_) => malformed(),
            })?)
        } else {
            check_id(text).map_err(|_| malformed())?;
            None
        };
        let user = self.users.intern(fields[USER]).map_err(|_| fault(USER, Reason::UserIdMalformed))?;
        // Last, so that a refused row makes no title.
        let title = match known {
            Some(title) => title,
            None => self.titles.intern(text).map_err(|_| malformed())?,
        };
        Ok(Row { user, title, rating, timestamp })
    }
}

/// A decimal number: digits with at most one point (`4`, `4.0`, `.5`), and a minus sign that is always out
/// of range. No exponent, no words.
fn parse_rating(text: &[u8]) -> Result<f32, Reason> {
    match text {
        [whole @ b'1'..=b'4'] | [whole @ b'1'..=b'4', b'.', b'0'] => return Ok(f32::from(whole - b'0')),
        [whole @ b'0'..=b'4', b'.', b'5'] => return Ok(f32::from(whole - b'0') + 0.5),
        _ => {}
    }
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let n_points = memchr_iter(b'.', digits).count();
    let n_digits = digits.iter().filter(|b| b.is_ascii_digit()).count();
    if n_points > 1 || n_digits == 0 || n_points + n_digits != digits.len() {
        return Err(Reason::RatingMalformed);
    }
    let text = str::from_utf8(text).map_err(|_| Reason::RatingMalformed)?;
    // The range is checked on the wider type: 5.00000001 is 5 as a 32-bit number.
    let (Ok(wide), Ok(rating)) = (text.parse::<f64>(), text.parse::<f32>()) else {
        return Err(Reason::RatingMalformed);
    };
    if (f64::from(RATING_MIN)..=f64::from(RATING_MAX)).contains(&wide) {
        Ok(rating)
    } else {
        Err(Reason::RatingOutOfRange)
    }
}

/// Whole seconds since 1970. A minus sign is out of range.
fn parse_timestamp(text: &[u8]) -> Result<u32, Reason> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Reason::TimestampMalformed);
    }
    if digits.len() != text.len() {
        return Err(Reason::TimestampOutOfRange);
    }
    let mut value = 0_u64;
    for digit in digits {
        value = value * 10 + u64::from(digit - b'0');
        if value > u64::from(u32::MAX) {
            return Err(Reason::TimestampOutOfRange);
        }
    }
    Ok(value as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Silent;

    type Seen = (Vec<(String, String, f32, u32)>, Vec<String>, u64);

    /// Rows and rejects of one file's bytes, in order.
    fn read(bytes: &[u8], block_bytes: usize) -> Result<Seen, EtlError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.csv");
        std::fs::write(&path, bytes).unwrap();
        let mut rejects = Rejects::new(vec!["r.csv".to_owned()]);
        let scan = scan(&[path], None, block_bytes, 0, &mut rejects, &Silent)?;
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
    fn every_shape_gives_the_same_rows() {
        let expected = vec![row("1", "31", 2.5, 100), row("2", "5", 4.0, 0)];
        for text in [
            "userId,movieId,rating,timestamp\n1,31,2.5,100\n2,5,4.0,0\n",
            "\u{FEFF}rating,timestamp,userId,movieId\r\n2.5,100,1,31\r\n4,0,2,5",
            "\"userId\",\"x\",\"movieId\",\"rating\",\"timestamp\"\n1,\"a\n\"\"b\",31,\"2.5\",100\n2,,5,4.0, 0\n",
            "1\t31\t2.5\t100\n2\t5\t4\t0\n",
            "user_id\tmovie_id\trating\ttimestamp\n1\t31\t2.5\t100\n\n2\t5\t4\t0\n",
            "1::31::2.5::100\n2::5::4::0\n",
        ] {
            for block_bytes in [1, 7, 1 << 20] {
                let (rows, rejects, n_rows) = read(text.as_bytes(), block_bytes).unwrap();
                assert_eq!((rows, rejects, n_rows), (expected.clone(), vec![], 2), "{text:?} {block_bytes}");
            }
        }
    }

    #[test]
    fn faulty_rows_are_refused_with_line_column_and_reason() {
        let text = b"userId,rating,timestamp,movieId\n1,5.5,1,a\n1,nan,1,a\n1,1e0,1,a\n1,,1,a\n1,-1,1,a\n\
            1,4,x,a\n1,4,-5,a\n1,4,4294967296,a\n1,4,1\n1,4\n1,4,1,a,b\n1 2,4,1,a\n1,4,1,\n1,4,1,\xff\n\
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
                "13 user_id_malformed userId \"1 2\"",
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
    fn files_that_are_no_tables_are_errors() {
        assert!(matches!(read(b"", 64), Err(EtlError::Empty(_))));
        assert!(matches!(read(b"\n\r\n", 64), Err(EtlError::Empty(_))));
        assert!(matches!(read(b"userId,movieId,rating,timestamp\n", 64), Err(EtlError::NoRows(_))));
        assert!(matches!(read(b"a,b\n1,2\n", 64), Err(EtlError::MissingColumns { .. })));
        assert!(matches!(read(b"\x7fELF\0\0\n", 64), Err(EtlError::NotText { .. })));
        assert!(matches!(read(b"\xff\xfeu\0s\0", 64), Err(EtlError::NotText { .. })));
        assert!(matches!(read(&vec![0; 3 << 20], 1 << 20), Err(EtlError::NotText { .. })));
        assert!(matches!(read(&vec![b'x'; 3 << 20], 1 << 20), Err(EtlError::LineTooLong { .. })));
    }

    #[test]
    fn ratings_are_plain_decimal_numbers() {
        for (text, value) in [("0.5", 0.5), ("5", 5.0), ("5.0", 5.0), (".5", 0.5), ("3.", 3.0), ("3.7", 3.7)]
        {
            assert_eq!(parse_rating(text.as_bytes()), Ok(value), "{text}");
        }
        for text in ["0", "0.0", "0.4999999999", "5.5", "5.000000001", "10", "-4", "99999999999999999999999"]
        {
            assert_eq!(parse_rating(text.as_bytes()), Err(Reason::RatingOutOfRange), "{text}");
        }
        for text in ["", ".", "-", "+4", "4e0", "inf", "NaN", "4,0", "4.0.0", "four", "\u{664}"] {
            assert_eq!(parse_rating(text.as_bytes()), Err(Reason::RatingMalformed), "{text}");
        }
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
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), header in any::<bool>()) {
            let mut text = if header { b"userId,movieId,rating,timestamp\n".to_vec() } else { Vec::new() };
            text.extend(bytes);
            if let Ok((rows, rejects, n_rows)) = read(&text, 64) {
                prop_assert_eq!(n_rows as usize, rows.len() + rejects.len());
            }
        }
    }
}
