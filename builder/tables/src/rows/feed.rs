//! Blocks of whole records, cut from one file after another.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use artifact::{Hasher, Source};
use memchr::{memchr, memchr_iter, memrchr};

use super::layout::Layout;
use crate::header::{check_text, without_bom};
use crate::records::next_record;
use crate::{FileError, file_name};

/// Length of the longest line that is read.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Function that finds the layout of a file from its first line that is not empty.
pub type Detect = fn(&Path, &[u8]) -> Result<Layout, FileError>;

/// Where a block comes from, and the layout of its rows.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) file: usize,
    pub(super) seq: u64,
    pub(super) line: u64,
    pub(super) layout: Layout,
}

/// Source of blocks, in the order of files and lines.
pub(super) struct Feed<'a> {
    detect: Detect,
    files: &'a [PathBuf],
    block_bytes: usize,
    n_opened: usize,
    seq: u64,
    open: Option<Open<'a>>,
    failed: bool,
    pub(super) sources: Vec<Source>,
    pub(super) formats: Vec<&'static str>,
}

struct Open<'a> {
    path: &'a Path,
    file: File,
    hasher: Hasher,
    bytes: u64,
    ended: bool,
    /// Line of the first byte that is not yet in a block.
    line: u64,
    carry: Vec<u8>,
    layout: Option<Layout>,
}

impl<'a> Feed<'a> {
    pub(super) fn new(files: &'a [PathBuf], block_bytes: usize, detect: Detect) -> Self {
        Self {
            detect,
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
                        Open::new(path)?
                    }
                },
            };
            if let Some((line, layout)) = open.fill(buffer, self.block_bytes, self.detect)? {
                self.open = Some(open);
                self.seq += 1;
                return Ok(Some(Head { file: self.n_opened - 1, seq: self.seq, line, layout }));
            }
            let layout = open.layout.ok_or_else(|| FileError::Empty(open.path.to_owned()))?;
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
    fn new(path: &'a Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(|e| FileError::read(path, e))?;
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

    /// Fills `buffer` with the next whole records. Returns the line of the first and the layout, or `None` at
    /// the end of the file.
    fn fill(
        &mut self,
        buffer: &mut Vec<u8>,
        block_bytes: usize,
        detect: Detect,
    ) -> Result<Option<(u64, Layout)>, FileError> {
        buffer.clear();
        buffer.append(&mut self.carry);
        loop {
            self.read(buffer, block_bytes)?;
            if self.layout.is_none() {
                self.take_header(buffer, detect)?;
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
        let before = buffer.len();
        buffer.reserve(want);
        let n = Read::by_ref(&mut self.file)
            .take(want as u64)
            .read_to_end(buffer)
            .map_err(|e| FileError::read(self.path, e))?;
        self.hasher.update(&buffer[before..]);
        self.bytes += n as u64;
        self.ended = n < want;
        Ok(())
    }

    /// Finds the layout from the first line that is not empty, if all of it has been read. Removes what
    /// precedes that line from the buffer, and the line itself if it is a header.
    fn take_header(&mut self, buffer: &mut Vec<u8>, detect: Detect) -> Result<(), FileError> {
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
        check_text(self.path, 1, &buffer[mark..end])?;
        let layout = detect(self.path, &buffer[begin..end])?;
        let taken = if layout.has_header { end } else { begin };
        self.line += memchr_iter(b'\n', &buffer[..taken]).count() as u64;
        buffer.drain(..taken);
        self.layout = Some(layout);
        Ok(())
    }
}

/// Returns the length of the whole records at the start of `bytes`.
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
