//! Blocks of whole records, cut from one file after another.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::Source;
use catalog::Scale;
use memchr::{memchr, memchr_iter, memrchr};

use super::known::Known;
use super::layout::{Layout, Titles};
use super::options::RatingOptions;
use super::sample::Sample;
use super::separator::Separator;
use super::sniff::sniff;
use super::title_lines;
use crate::header::{check_text, without_bom};
use crate::open::{Opened, SAMPLE_BYTES, open};
use crate::records::next_record;
use crate::{FileError, file_name};

/// Length of the longest line that is read.
const MAX_LINE_BYTES: usize = 1 << 20;

/// How the files are read.
#[derive(Debug, Clone, Copy)]
pub enum Reading<'a> {
    /// They are raw files in any layout.
    Raw(&'a RatingOptions),
    /// They are clean tables, with ratings on this scale if it is known.
    Clean(Option<Scale>),
}

/// Where a block comes from, and the layout of its rows.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) file: usize,
    pub(super) seq: u64,
    pub(super) line: u64,
    pub(super) layout: Arc<Layout>,
    /// The title of the first rows, if a line above the block names it; empty otherwise.
    pub(super) title: Vec<u8>,
    /// Bytes of the file that were read for the block.
    pub(super) bytes: u64,
}

/// Source of blocks, in the order of files and lines.
pub(super) struct Feed<'a> {
    reading: Reading<'a>,
    /// Whether rows may have names of titles instead of ids.
    by_name: bool,
    files: &'a [PathBuf],
    block_bytes: usize,
    n_opened: usize,
    seq: u64,
    open: Option<Open<'a>>,
    failed: bool,
    pub(super) sources: Vec<Source>,
}

struct Open<'a> {
    path: &'a Path,
    text: std::io::Chain<Cursor<Vec<u8>>, Opened>,
    bytes: u64,
    ended: bool,
    /// Line of the first byte that is not yet in a block.
    line: u64,
    carry: Vec<u8>,
    layout: Arc<Layout>,
    /// The title that the last line of its kind names, if the layout has such lines.
    title: Vec<u8>,
}

impl<'a> Feed<'a> {
    pub(super) fn new(
        files: &'a [PathBuf],
        block_bytes: usize,
        reading: Reading<'a>,
        known: Option<Known<'_>>,
    ) -> Self {
        Self {
            by_name: known.is_some_and(|known| known.names.is_some()),
            reading,
            files,
            block_bytes,
            n_opened: 0,
            seq: 0,
            open: None,
            failed: false,
            sources: Vec::new(),
        }
    }

    /// Fills `buffer` with whole records. Returns `None` at the end of the last file, and once any worker has
    /// got an error.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Head>, FileError> {
        if self.failed {
            return Ok(None);
        }
        let head = self.try_next(buffer);
        self.failed = head.is_err();
        head
    }

    fn try_next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Head>, FileError> {
        loop {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => match self.files.get(self.n_opened) {
                    None => return Ok(None),
                    Some(path) => {
                        self.n_opened += 1;
                        let open = Open::new(path, self.reading)?;
                        if let Some(export) = open.layout.export().filter(|_| !self.by_name) {
                            return Err(FileError::NeedsTitles { path: path.clone(), site: export.site });
                        }
                        open
                    }
                },
            };
            if let Some((line, bytes)) = open.fill(buffer, self.block_bytes)? {
                let layout = Arc::clone(&open.layout);
                let title = open.title.clone();
                if layout.titles == Titles::Lines
                    && let Some(last) = title_lines::last_title(buffer, layout.separator)
                {
                    last.clone_into(&mut open.title);
                }
                self.open = Some(open);
                self.seq += 1;
                return Ok(Some(Head { file: self.n_opened - 1, seq: self.seq, line, layout, title, bytes }));
            }
            let opened = open.text.get_ref().1;
            let (bytes, sha256) = opened.size_and_digest();
            let mut read_as = vec![open.layout.describe()];
            read_as.extend_from_slice(&opened.packing);
            let raw = matches!(self.reading, Reading::Raw(_));
            self.sources.push(Source {
                name: file_name(open.path),
                bytes,
                sha256,
                read_as: raw.then(|| read_as.join(", ")),
            });
        }
    }
}

impl<'a> Open<'a> {
    /// Opens a file and finds its layout from its start.
    fn new(path: &'a Path, reading: Reading<'_>) -> Result<Self, FileError> {
        let encoding = if let Reading::Raw(options) = reading { options.encoding } else { None };
        let mut opened = open(path, encoding)?;
        let mut sample = Vec::new();
        opened
            .by_ref()
            .take(SAMPLE_BYTES as u64)
            .read_to_end(&mut sample)
            .map_err(|e| FileError::read(path, e))?;
        let is_whole = sample.len() < SAMPLE_BYTES;
        let mark = sample.len() - without_bom(&sample).len();
        let begin = sample[mark..].iter().position(|&b| b != b'\n' && b != b'\r').map(|p| mark + p);
        let begin = begin.ok_or_else(|| FileError::Empty(path.to_owned()))?;
        let line = 1 + newlines(&sample[..begin]);
        let end = match memrchr(b'\n', &sample[begin..]) {
            Some(last) if !is_whole => begin + last + 1,
            None if !is_whole => {
                check_text(path, line, &sample[begin..])?;
                return Err(FileError::LineTooLong { path: path.to_owned(), line, limit: SAMPLE_BYTES });
            }
            _ => sample.len(),
        };
        let text = &sample[begin..end];
        let first = memchr(b'\n', text).map_or(text.len(), |at| at + 1);
        check_text(path, line, &text[..first])?;
        let layout = match reading {
            Reading::Raw(options) => sniff(Sample { path, line, text }, options)?,
            Reading::Clean(_) => Layout::of_clean_header(path, &text[..first])?,
        };
        let taken = if layout.has_header { begin + first } else { begin };
        let line = line + newlines(&sample[begin..taken]);
        sample.drain(..taken);
        Ok(Self {
            path,
            text: Cursor::new(sample).chain(opened),
            bytes: 0,
            ended: false,
            line,
            carry: Vec::new(),
            layout: Arc::new(layout),
            title: Vec::new(),
        })
    }

    /// Fills `buffer` with the next whole records. Returns the line of the first and how many bytes of the
    /// file were read for them, or `None` at the end of the file.
    fn fill(&mut self, buffer: &mut Vec<u8>, block_bytes: usize) -> Result<Option<(u64, u64)>, FileError> {
        buffer.clear();
        buffer.append(&mut self.carry);
        loop {
            self.read(buffer, block_bytes)?;
            let end = if self.ended { buffer.len() } else { whole_records(buffer, &self.layout) };
            if end > 0 {
                self.carry.extend_from_slice(&buffer[end..]);
                buffer.truncate(end);
                let line = self.line;
                self.line += newlines(buffer);
                let bytes = self.text.get_ref().1.size_and_digest().0;
                let new = bytes - self.bytes;
                self.bytes = bytes;
                return Ok(Some((line, new)));
            }
            if self.ended {
                return Ok(None);
            }
            if buffer.len() >= MAX_LINE_BYTES {
                check_text(self.path, self.line, buffer)?;
                return Err(FileError::LineTooLong {
                    path: self.path.to_owned(),
                    line: self.line,
                    limit: MAX_LINE_BYTES,
                });
            }
        }
    }

    fn read(&mut self, buffer: &mut Vec<u8>, block_bytes: usize) -> Result<(), FileError> {
        let want = block_bytes.saturating_sub(buffer.len()).max(block_bytes / 2).max(1);
        if self.ended {
            return Ok(());
        }
        buffer.reserve(want);
        let n = Read::by_ref(&mut self.text)
            .take(want as u64)
            .read_to_end(buffer)
            .map_err(|e| FileError::read(self.path, e))?;
        self.ended = n < want;
        Ok(())
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// Returns the length of the whole records at the start of `bytes`.
fn whole_records(bytes: &[u8], layout: &Layout) -> usize {
    let Separator::Byte(separator) = layout.separator else {
        return memrchr(b'\n', bytes).map_or(0, |pos| pos + 1);
    };
    if !layout.quotes || memchr(b'"', bytes).is_none() {
        return memrchr(b'\n', bytes).map_or(0, |pos| pos + 1);
    }
    let mut end = 0;
    while end < bytes.len() {
        match next_record(&bytes[end..], separator, false) {
            Some(span) => end += span.total,
            None => break,
        }
    }
    end
}
