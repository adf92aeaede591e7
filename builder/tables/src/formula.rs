//! Values as `rejects.csv` holds them.
//!
//! People open the file in spreadsheets and show it in terminals, and its values come from anybody. Control
//! characters are written as escapes such as `\u{1b}`. A value that could be a formula gets an apostrophe in
//! front, which spreadsheets hide and which keeps it text. Some spreadsheets separate cells by `;`, so
//! whatever follows a `;` gets one too.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The characters that a formula can begin with, also in full width, and the apostrophe itself, so that the
/// guard can be removed again. Earlier versions wrote tabs and line ends as they are.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\''];

/// The beginning of an escape. A backslash that begins the same text is escaped too.
const ESCAPE: &str = "\\u{";

/// Returns a value as it is written: escaped, then with an apostrophe before whatever could be a formula.
pub(crate) fn guarded(value: &str) -> Cow<'_, str> {
    let is_plain = !value.trim_start_matches(' ').starts_with(BEGINNINGS)
        && !value.contains(|c: char| c == ';' || c.is_control())
        && !value.contains(ESCAPE);
    if is_plain {
        return value.into();
    }
    let cells = escaped(value);
    let mut written = String::with_capacity(cells.len() + 1);
    for (nth, cell) in cells.split(';').enumerate() {
        written.push_str(if nth > 0 { ";" } else { "" });
        let (blanks, text) = cell.split_at(cell.len() - cell.trim_start_matches(' ').len());
        written.push_str(blanks);
        written.push_str(if text.starts_with(BEGINNINGS) { "'" } else { "" });
        written.push_str(text);
    }
    written.into()
}

/// Returns the value that [`guarded`] was given.
pub(crate) fn unguarded(written: &str) -> String {
    let cell = |cell: &str| {
        let (blanks, text) = cell.split_at(cell.len() - cell.trim_start_matches(' ').len());
        let text = text.strip_prefix('\'').filter(|rest| rest.starts_with(BEGINNINGS)).unwrap_or(text);
        format!("{blanks}{text}")
    };
    unescaped(&written.split(';').map(cell).collect::<Vec<_>>().join(";"))
}

fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        if c.is_control() || value[at..].starts_with(ESCAPE) {
            // Writing to a `String` cannot fail.
            let _ = write!(escaped, "{ESCAPE}{:x}}}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn unescaped(written: &str) -> String {
    let mut value = String::with_capacity(written.len());
    let mut parts = written.split(ESCAPE);
    value.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let escape = part.split_once('}').and_then(|(digits, rest)| {
            let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
            (c.is_control() || c == '\\').then_some((c, rest))
        });
        if let Some((c, rest)) = escape {
            value.push(c);
            value.push_str(rest);
        } else {
            value.push_str(ESCAPE);
            value.push_str(part);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_formula_is_a_text() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1+1"] {
            assert!(guarded(formula).starts_with('\''), "{formula}");
        }
        assert_eq!(guarded("5.5"), "5.5");
        assert_eq!(guarded("a = b; c"), "a = b; c");
        assert_eq!(unguarded("'tis"), "'tis", "a value of an earlier version");
        assert_eq!(unguarded("'\t=1"), "\t=1", "a value of an earlier version");
    }

    #[test]
    fn a_cell_that_begins_within_a_value_is_no_formula_either() {
        for (value, written) in [
            (";=1+1;", ";'=1+1;"),
            ("  -1", "  '-1"),
            ("a; \u{A0}b;  @SUM(A1)", "a; \u{A0}b;  '@SUM(A1)"),
            ("a,\";-1", "a,\";'-1"),
            ("x\t=1+1", "x\\u{9}=1+1"),
            ("x\n=1+1", "x\\u{a}=1+1"),
        ] {
            assert_eq!(guarded(value), written);
            assert_eq!(unguarded(written), value);
        }
    }

    #[test]
    fn control_characters_are_seen_and_not_obeyed() {
        assert_eq!(guarded("\u{1b}[2J\u{9b}"), "\\u{1b}[2J\\u{9b}");
        assert_eq!(guarded("\\u{1b}"), "\\u{5c}u{1b}", "this was text, not a control character");
        assert_eq!(unguarded("\\u{41}\\u{\\u{7"), "\\u{41}\\u{\\u{7");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in "['=+@a\t; ＝\\\\u\\{\\}15bc\r\n\u{1b}-]{0,10}") {
            let written = guarded(&value);
            prop_assert_eq!(unguarded(&written), value.as_str());
            prop_assert!(!written.contains(char::is_control));
            for cell in written.split(';') {
                prop_assert!(!cell.trim_start_matches(' ').starts_with(&BEGINNINGS[..10]));
            }
        }

        #[test]
        fn any_text_is_read_again(value in any::<String>()) {
            prop_assert_eq!(unguarded(&guarded(&value)), value);
        }
    }
}
