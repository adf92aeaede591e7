//! Parses the rows of one block.

use std::borrow::Cow;
use std::sync::Arc;

use catalog::{Scale, check_id};
use memchr::{memchr, memchr_iter, memmem};

use super::fault::{Fault, RATING, TIME, TITLE, USER};
use super::feed::Head;
use super::known::Known;
use super::layout::{Layout, Titles};
use super::number::parse_rating;
use super::separator::Separator;
use super::sniff::without_fraction;
use super::title_lines;
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
    /// Number of rows of an export whose title was not found.
    pub n_not_found: u64,
    /// Accepted rows, in the order of lines.
    pub rows: Vec<Row>,
    /// Lines of the rows: each entry is a row that does not stand on the line after the row before it. Most
    /// blocks have a single entry.
    pub(super) lines: Vec<(u32, u64)>,
    /// The column of ratings.
    pub(super) layout: Arc<Layout>,
    pub(super) rejects: Rejects,
}

impl Block {
    /// Returns whether no row was refused.
    pub fn is_clean(&self) -> bool {
        self.rejects.is_empty()
    }

    /// Rejects the rows whose rating is not on the scale. Returns their number.
    pub(super) fn keep_scale(&mut self, scale: Scale) -> usize {
        let n_off = self.rows.iter().filter(|row| !scale.contains(row.rating)).count();
        if n_off == 0 {
            return 0;
        }
        let Self { rows, lines, layout, rejects, .. } = self;
        let column = &layout.names[RATING];
        let mut early = rejects.iter().peekable();
        let mut merged = Rejects::new(vec![String::new()]);
        let mut copy = |merged: &mut Rejects, before: u64| {
            while let Some(r) = early.next_if(|r| r.line < before) {
                merged.push(0, r.line, r.column, r.value.as_bytes(), r.reason);
            }
        };
        let mut runs = lines.iter().peekable();
        let (mut at, mut line) = (0, 0);
        rows.retain(|row| {
            line = runs.next_if(|run| run.0 == at).map_or(line + 1, |run| run.1);
            at += 1;
            let is_on = scale.contains(row.rating);
            if !is_on {
                copy(&mut merged, line);
                let value = row.rating.to_string();
                merged.push(0, line, column, value.as_bytes(), Reason::RatingOutOfRange);
            }
            is_on
        });
        copy(&mut merged, u64::MAX);
        drop(early);
        *rejects = merged;
        *lines = Vec::new();
        n_off
    }
}

/// Parser of blocks, with the ids it has numbered so far.
pub(super) struct Worker<'a> {
    number: usize,
    known: Option<Known<'a>>,
    pub(super) users: Interner,
    pub(super) titles: Interner,
    pub(super) blocks: Vec<Block>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(number: usize, known: Option<Known<'a>>) -> Self {
        Self { number, known, users: Interner::default(), titles: Interner::default(), blocks: Vec::new() }
    }

    pub(super) fn block(&mut self, head: &Head, bytes: &[u8]) -> Block {
        let mut block = Block {
            file: head.file,
            seq: head.seq,
            worker: self.number,
            n_rows: 0,
            n_not_found: 0,
            rows: Vec::with_capacity(bytes.len() / 20),
            lines: Vec::new(),
            layout: Arc::clone(&head.layout),
            rejects: Rejects::new(vec![String::new()]),
        };
        let layout = &*head.layout;
        let quoted = layout.quotes && memchr(b'"', bytes).is_some();
        let separator = if let Separator::Byte(byte) = layout.separator { byte } else { b',' };
        let title_lines = layout.titles == Titles::Lines;
        let mut title = &head.title[..];
        let (mut rest, mut line) = (bytes, head.line);
        let mut expected = 0;
        while !rest.is_empty() {
            let (record, total, well_formed) = if quoted {
                let span = next_record(rest, separator, true);
                let span = span.expect("the end of a block is the end of a record");
                (&rest[..span.content], span.total, span.well_formed)
            } else {
                let end = memchr(b'\n', rest).unwrap_or(rest.len());
                let record = &rest[..end];
                (record.strip_suffix(b"\r").unwrap_or(record), (end + 1).min(rest.len()), true)
            };
            let named = if title_lines { title_lines::title_of(record, layout.separator) } else { None };
            if let Some(named) = named {
                title = named;
            } else if !record.is_empty() {
                block.n_rows += 1;
                let parsed = if well_formed {
                    self.row(layout, record, title, quoted)
                } else {
                    Err(Fault::of_row(None, record, Reason::BadQuoting))
                };
                match parsed {
                    Ok(row) => {
                        if line != expected {
                            block.lines.push((block.rows.len() as u32, line));
                        }
                        expected = line + 1;
                        block.rows.push(row);
                    }
                    Err(fault) => {
                        let column = fault.column.map_or("", |at| layout.name_of(at));
                        block.n_not_found += u64::from(fault.reason == Reason::TitleNotFound);
                        block.rejects.push(0, line, column, &fault.value, fault.reason);
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
    /// `title` is the title that a line above it names, if the layout has such lines.
    fn row<'r>(
        &mut self,
        layout: &Layout,
        record: &'r [u8],
        title: &'r [u8],
        quoted: bool,
    ) -> Result<Row, Fault<'r>> {
        let mut fields = layout.fields(record, quoted)?;
        if layout.titles == Titles::Lines {
            fields[TITLE] = title;
        }
        let fault = |column: usize, reason| Fault::of(column, fields[column], reason);
        let rating =
            parse_rating(fields[RATING], layout.decimal_comma).map_err(|reason| fault(RATING, reason))?;
        let timestamp = layout.time.parse(fields[TIME]).map_err(|reason| fault(TIME, reason))?;
        if let Titles::Names(export) = &layout.titles {
            let title = export.title(record, &layout.separator.split(record, quoted), self.known)?;
            let user = self.users.intern(export.user.as_str().as_bytes());
            let user = user.map_err(|_| fault(USER, Reason::UserIdMalformed))?;
            return Ok(Row { user, title, rating, timestamp });
        }
        let [user, text] = [USER, TITLE].map(|id| id_of(fields[id], layout.float_ids[id], quoted));
        let malformed = || match (layout.titles == Titles::Lines, title) {
            // No line above the row names a title, so the row is shown.
            (true, []) => Fault::of_row(Some(TITLE), record, Reason::TitleIdMalformed),
            _ => fault(TITLE, Reason::TitleIdMalformed),
        };
        let known = if let Some(known) = self.known {
            let position = known.ids.get(&text);
            Some(position.ok_or_else(|| match check_id(&text) {
                Ok(()) => fault(TITLE, Reason::UnknownTitle),
                Err(_) => malformed(),
            })?)
        } else {
            check_id(&text).map_err(|_| malformed())?;
            None
        };
        let user = self.users.intern(&user).map_err(|_| fault(USER, Reason::UserIdMalformed))?;
        // Last, so that a refused row adds no title.
        let title = match known {
            Some(title) => title,
            None => self.titles.intern(&text).map_err(|_| malformed())?,
        };
        Ok(Row { user, title, rating, timestamp })
    }
}

/// Returns the id that a field holds: without the `.0` of a float, and with doubled quotes as one.
fn id_of(field: &[u8], is_float: bool, quoted: bool) -> Cow<'_, [u8]> {
    if is_float && let Some(whole) = without_fraction(field) {
        return Cow::Borrowed(whole);
    }
    if quoted && memmem::find(field, b"\"\"").is_some() {
        return Cow::Owned(String::from_utf8_lossy(field).replace("\"\"", "\"").into_bytes());
    }
    Cow::Borrowed(field)
}
