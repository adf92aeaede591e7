//! Values that a spreadsheet would take for a formula.
//!
//! People open `rejects.csv` in spreadsheets, and its values come from anybody. A value that could be a
//! formula gets an apostrophe in front, which spreadsheets hide and which keeps it a text.

use std::borrow::Cow;

/// The characters that a formula can begin with, also in full width, and the apostrophe itself, so that the
/// guard can be removed again.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\''];

/// Puts an apostrophe before a value that could be a formula.
pub(crate) fn guarded(value: &str) -> Cow<'_, str> {
    if value.starts_with(BEGINNINGS) { format!("'{value}").into() } else { value.into() }
}

/// Takes off what [`guarded`] put on.
pub(crate) fn unguarded(value: &str) -> &str {
    value.strip_prefix('\'').filter(|rest| rest.starts_with(BEGINNINGS)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_formula_is_a_text() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1+1"] {
            assert!(guarded(formula).starts_with('\''), "{formula}");
        }
        assert_eq!(guarded("5.5"), "5.5");
        assert_eq!(unguarded("'tis"), "'tis", "a value of an earlier version");
    }

    proptest! {
        #[test]
        fn a_guard_is_taken_off_again(value in "['=+@a\t-]{0,6}") {
            let written = guarded(&value);
            prop_assert_eq!(unguarded(&written), value.as_str());
            prop_assert!(!written.starts_with(&BEGINNINGS[..6]));
        }
    }
}
