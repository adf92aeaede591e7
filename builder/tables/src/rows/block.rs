//! Parses the rows of one block.

use catalog::check_id;
use memchr::{memchr, memchr_iter};

use super::feed::Head;
use super::layout::{Fault, Layout, RATING, TIMESTAMP, TITLE, USER};
use super::number::{parse_rating, parse_timestamp};
use crate::intern::Interner;
use crate::records::next_record;
use crate::{Reason, Rejects};

/// One accepted row, with ids numbered by the worker that read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Number of the user, given by the worker.
    pub user: u32,
    /// Position of the title, or its number given by the worker.
    pub title: u32,
    /// The rating.
    pub rating: f32,
    /// Unix seconds.
    pub timestamp: u32,
}

/// The rows of one block.
#[derive(Debug)]
pub struct Block {
    /// Position of its file among the rating files.
    pub file: usize,
    /// Its position among all blocks.
    pub seq: u64,
    /// The worker that numbered the ids in `rows`.
    pub worker: usize,
    /// Number of rows read, accepted or not.
    pub n_rows: u64,
    /// Accepted rows, in the order of lines.
    pub rows: Vec<Row>,
    pub(super) rejects: Rejects,
}

impl Block {
    /// Returns whether no row was refused.
    pub fn is_clean(&self) -> bool {
        self.rejects.is_empty()
    }
}

/// Parser of blocks, with the ids it has numbered so far.
pub(super) struct Worker<'a> {
    number: usize,
    known: Option<&'a Interner>,
    pub(super) users: Interner,
    pub(super) titles: Interner,
    pub(super) blocks: Vec<Block>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(number: usize, known: Option<&'a Interner>) -> Self {
        Self { number, known, users: Interner::default(), titles: Interner::default(), blocks: Vec::new() }
    }

    pub(super) fn block(&mut self, head: &Head, bytes: &[u8]) -> Block {
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

    /// Parses one row. If it has several faults, reports the first in the order rating, time, title, user.
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
            Fault { column: layout.names[column], value, reason }
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
        // Last, so that a refused row adds no title.
        let title = match known {
            Some(title) => title,
            None => self.titles.intern(text).map_err(|_| malformed())?,
        };
        Ok(Row { user, title, rating, timestamp })
    }
}
