//! Reads cells of catalogs: text, lists, dates, durations and words (`QUERIES.md`, rules 2 to 7).

mod date;
mod duration;
mod list;
mod words;

pub(super) use date::{first_year, parse_date, parse_release_year};
pub(super) use duration::{parse_duration, parse_plain_duration, parse_seasons};
pub(super) use list::{separator_of, split_cast, split_list};
pub(super) use words::{is_like_a_name, is_nothing, parse_kind};

use catalog::is_joiner;

/// Returns whether a character has neither shape nor meaning. Joiners have a meaning.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
}

/// Returns whether a cell has an invisible character (rule 6).
pub(super) fn has_invisible(raw: &str) -> bool {
    !raw.is_ascii() && raw.chars().any(is_invisible)
}

/// Removes invisible characters, folds every run of white space into one space, and trims (rule 6).
/// Text of joiners alone is empty.
pub(super) fn clean_text(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut gap = false;
    for c in raw.chars() {
        if is_invisible(c) {
            continue;
        }
        if c.is_whitespace() {
            gap = true;
            continue;
        }
        if gap && !text.is_empty() {
            text.push(' ');
        }
        gap = false;
        text.push(c);
    }
    if text.chars().all(|c| is_joiner(c) || c == ' ') {
        // Nothing is there for them to join.
        text.clear();
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn invisible_characters_are_removed_and_white_space_is_folded() {
        assert_eq!(
            clean_text("\u{200B}Comedian \u{A0}\u{202F}Ricky\n\tVelez\u{2028}"),
            "Comedian Ricky Velez"
        );
        assert_eq!(clean_text("co\u{AD}operate a \u{200B} b"), "cooperate a b");
        assert_eq!(clean_text("\u{FEFF} \u{3000}"), "");
    }

    #[test]
    fn joiners_stay_where_they_join() {
        assert_eq!(clean_text("می\u{200C}خواهم"), "می\u{200C}خواهم");
        assert_eq!(clean_text("\u{1F468}\u{200D}\u{1F467} \u{200E}"), "\u{1F468}\u{200D}\u{1F467}");
        assert!(!has_invisible("می\u{200C}خواهم"));
        assert_eq!(clean_text("\u{200C} \u{200D}"), "");
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(raw in any::<String>()) {
            let once = clean_text(&raw);
            prop_assert_eq!(clean_text(&once), once.clone());
        }
    }
}
