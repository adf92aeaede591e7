//! Long answers in pages: the length of a page, and the cursor that says where the next one begins.
//!
//! A cursor is `<offset>.<release>`, the offset in hexadecimal; clients pass it on unchanged. It is valid
//! within one release, where the order of titles does not change. In another release it is refused, because
//! rows could be missing or come twice.

use super::params::{Group, Optional, Param, ParamList};
use super::reader::{Form, Given, Reader};
use super::spec::Spec;
use super::value::Value;
use crate::problem::Problem;

const LIMIT: Param<usize> = Param::whole("limit", 1, 100, "The maximum number of rows.").default(20);
const CURSOR: Optional<Cursor> =
    Param::text("cursor", "The `next_cursor` of the previous answer, for the rows that follow it.");

/// The parameters of a long answer.
#[derive(Debug)]
pub(crate) struct Paging;

impl Group for Paging {
    type List = (Param<usize>, Optional<Cursor>);
    type Value = PageRequest;

    const LIST: Self::List = (LIMIT, CURSOR);

    fn group(_: &mut Reader<'_>, values: <Self::List as ParamList>::Values) -> Option<PageRequest> {
        let (limit, cursor) = values;
        Some(PageRequest { limit, cursor })
    }
}

/// A cursor, of whatever release.
#[derive(Debug)]
pub(crate) struct Cursor {
    text: String,
    offset: usize,
    release: String,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (offset, release) = text.split_once('.')?;
        let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_hex(offset) || !is_hex(release) {
            return None;
        }
        let offset = u32::from_str_radix(offset, 16).ok()? as usize;
        Some(Self { text: text.to_owned(), offset, release: release.to_owned() })
    }
}

impl Value for Cursor {
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Self> {
        let cursor = given.literal(Form::Word).and_then(|text| Self::parse(&text));
        if cursor.is_none() {
            reader.fail(spec.name, format!("{} is not the next_cursor of an answer", given.shown()));
        }
        cursor
    }
}

/// A page of a request, not yet compared with the release.
#[derive(Debug)]
pub(crate) struct PageRequest {
    limit: usize,
    cursor: Option<Cursor>,
}

impl PageRequest {
    /// Returns the page, unless its cursor is of another release.
    pub(crate) fn resolve(self, release: &str) -> Result<Page<'_>, Problem> {
        let offset = match self.cursor {
            Some(cursor) if cursor.release != release => {
                let problem =
                    format!("{:?} is from another release; start again without a cursor", cursor.text);
                return Err(Problem::one_invalid(CURSOR.spec.name, problem));
            }
            Some(cursor) => cursor.offset,
            None => 0,
        };
        Ok(Page { offset, limit: self.limit, release })
    }
}

/// A page of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page<'a> {
    /// Rows before it.
    offset: usize,
    /// Its maximum length.
    limit: usize,
    release: &'a str,
}

impl Page<'_> {
    /// Returns the rows of the page, and the cursor of the next page if there is one.
    pub(crate) fn cut<T>(self, rows: impl Iterator<Item = T>) -> (Vec<T>, Option<String>) {
        let mut rows = rows.skip(self.offset);
        let page: Vec<T> = rows.by_ref().take(self.limit).collect();
        let next =
            rows.next().map(|_| format!("{:x}.{}", self.offset.saturating_add(self.limit), self.release));
        (page, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: usize, cursor: Option<&str>) -> Result<Page<'static>, Problem> {
        let cursor = cursor.map(|text| Cursor::parse(text).unwrap());
        PageRequest { limit, cursor }.resolve("abc1")
    }

    #[test]
    fn pages_follow_one_another_and_end() {
        let mut next = None;
        let mut seen = Vec::new();
        loop {
            let (rows, cursor) = page(2, next.as_deref()).unwrap().cut(0..5);
            seen.push(rows);
            next = cursor;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(seen, [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(page(2, Some("9.abc1")).unwrap().cut(0..5), (vec![], None));
    }

    #[test]
    fn a_cursor_of_another_release_and_a_malformed_one_are_refused() {
        let error = page(2, Some("2.abc2")).unwrap_err();
        assert!(serde_json::to_string(&error).unwrap().contains("another release"));
        for cursor in
            ["2", ".abc1", "2.", "+2.abc1", "-2.abc1", "g.abc1", "100000000.abc1", "2.abc1.", "é.abc1"]
        {
            assert!(Cursor::parse(cursor).is_none(), "{cursor}");
        }
    }
}
