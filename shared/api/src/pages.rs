//! Long answers in pages: how long one is, and the cursor that names where the next begins.
//!
//! A cursor is `<offset>.<release>`, the offset in hexadecimal. Callers are told to pass it on as it is. It holds within a
//! release, whose order of titles does not change; in another it is refused, because rows could be missed or come twice.

use crate::params::Params;

/// The longest page.
const MAX_LIMIT: usize = 100;
/// The length of a page where the caller does not say.
const DEFAULT_LIMIT: usize = 20;

/// Which page was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Rows before it.
    offset: usize,
    /// Its greatest length.
    limit: usize,
}

impl Page {
    pub(crate) fn take(params: &mut Params<'_>, release: &str) -> Self {
        let limit = params.number("limit", 1, MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
        let offset = params.text("cursor").map_or(0, |cursor| {
            read(&cursor, release).unwrap_or_else(|problem| {
                params.fail("cursor", problem);
                0
            })
        });
        Self { offset, limit }
    }

    /// The rows of the page, and the cursor of the next where there are more.
    pub(crate) fn cut<T>(self, rows: impl Iterator<Item = T>, release: &str) -> (Vec<T>, Option<String>) {
        let mut rows = rows.skip(self.offset);
        let page: Vec<T> = rows.by_ref().take(self.limit).collect();
        let next = rows.next().map(|_| format!("{:x}.{release}", self.offset + self.limit));
        (page, next)
    }
}

fn read(cursor: &str, release: &str) -> Result<usize, String> {
    let unknown = || format!("{cursor:?} is not the next_cursor of an answer");
    let (offset, of) = cursor.split_once('.').ok_or_else(unknown)?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !digits(offset) || !digits(of) {
        return Err(unknown());
    }
    let offset = u32::from_str_radix(offset, 16).map_err(|_| unknown())?;
    if of != release {
        return Err(format!("{cursor:?} is of another release than {release}; begin again without it"));
    }
    Ok(offset as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_and_end() {
        let mut page = Page { offset: 0, limit: 2 };
        let mut seen = Vec::new();
        loop {
            let (rows, next) = page.cut(0..5, "abc1");
            seen.push(rows);
            let Some(next) = next else { break };
            page.offset = read(&next, "abc1").unwrap();
        }
        assert_eq!(seen, [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(Page { offset: 9, limit: 2 }.cut(0..5, "abc1"), (vec![], None));
    }

    #[test]
    fn a_cursor_of_another_release_or_none_at_all_is_refused() {
        assert!(read("2.abc2", "abc1").unwrap_err().contains("another release"));
        for cursor in
            ["2", ".abc1", "2.", "+2.abc1", "-2.abc1", "g.abc1", "100000000.abc1", "2.abc1.", "é.abc1"]
        {
            assert!(read(cursor, "abc1").unwrap_err().contains("is not the next_cursor"), "{cursor}");
        }
    }
}
