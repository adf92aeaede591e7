//! Reads cells of title files: text, lists, dates and durations (`QUERIES.md`, rules 2 to 7).

use catalog::{Date, Duration};

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
}

/// Returns whether a cell has an invisible character (rule 6).
pub(super) fn has_invisible(raw: &str) -> bool {
    !raw.is_ascii() && raw.chars().any(is_invisible)
}

/// Removes invisible characters, folds every run of white space into one space, and trims (rule 6).
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
    text
}

/// Splits a list at commas, in lower case (rule 7).
pub(super) fn split_list(raw: &str) -> Vec<String> {
    split_at(raw, &[','])
}

/// Splits a list like [`split_list`], at each of `separators`.
pub(super) fn split_at(raw: &str, separators: &[char]) -> Vec<String> {
    raw.split(separators)
        .map(|item| clean_text(item).to_lowercase())
        .filter(|item| !item.is_empty())
        .collect()
}

/// A cast, and the faults of its items.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cast {
    pub(super) names: Vec<String>,
    /// Items without a letter, which were dropped.
    pub(super) without_letter: u64,
    /// Suffixes that were cut off by a comma.
    pub(super) suffixes: u64,
}

/// Splits a cast into names in lower case. Items without a letter are dropped, and a suffix is joined to the
/// name before it (`robert downey, jr.` becomes `robert downey jr.`). A suffix with nothing before it is kept
/// as a name (rule 7).
pub(super) fn split_cast(raw: &str) -> Cast {
    let mut cast = Cast::default();
    for item in split_list(raw) {
        if !item.chars().any(char::is_alphabetic) {
            cast.without_letter += 1;
            continue;
        }
        match cast.names.last_mut() {
            Some(name) if is_suffix(&item) => {
                cast.suffixes += 1;
                name.push(' ');
                name.push_str(&item);
            }
            _ => cast.names.push(item),
        }
    }
    cast
}

fn is_suffix(item: &str) -> bool {
    let plain: String = item.chars().filter(|&c| c != '.').collect();
    matches!(plain.as_str(), "jr" | "sr" | "ii" | "iii" | "iv" | "phd" | "md" | "esq")
}

/// Parses a duration such as `90 min`, `1 Season` or `2 Seasons`, ignoring case.
pub(super) fn parse_duration(clean: &str) -> Option<Duration> {
    let (number, unit) = clean.split_once(' ')?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) || unit.trim() != unit {
        return None;
    }
    Some(Duration { value: number.parse().ok()?, unit: unit.parse().ok()? })
}

/// Parses a date such as `September 25, 2021`, `Sep 25, 2021`, `25-Sep-2021` or `2021-09-25`.
pub(super) fn parse_date(clean: &str) -> Option<Date> {
    if let Ok(date) = clean.parse() {
        return Some(date);
    }
    let mut words = clean.split([' ', ',', '-']).filter(|w| !w.is_empty());
    let (first, second, year) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let (month, day) = match month_number(first) {
        Some(month) => (month, second),
        None => (month_number(second)?, first),
    };
    let digits = |w: &str, max: usize| w.len() <= max && w.bytes().all(|b| b.is_ascii_digit());
    if !digits(day, 2) || !digits(year, 4) || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month, day.parse().ok()?)
}

fn month_number(word: &str) -> Option<u8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_lowercase();
    let position =
        MONTHS.iter().position(|month| *month == word || (word.len() == 3 && month[..3] == word))?;
    Some(position as u8 + 1)
}

#[cfg(test)]
mod tests {
    use catalog::DurationUnit;
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
    fn casts_keep_suffixes_and_drop_what_is_not_a_name() {
        let cast = split_cast("Clifton Collins, Jr., 1, , Dr. Steven Greer, M.D. ,劳奕嘉, 9m88,2");
        assert_eq!(cast.names, ["clifton collins jr.", "dr. steven greer m.d.", "劳奕嘉", "9m88"]);
        assert_eq!((cast.without_letter, cast.suffixes), (2, 2));
        assert_eq!(split_cast("MD, Ann").names, ["md", "ann"]);
        assert_eq!(split_list(", South Korea,France,"), ["south korea", "france"]);
        assert_eq!(split_list(""), Vec::<String>::new());
    }

    #[test]
    fn dates_are_read_in_the_forms_that_the_files_have() {
        for text in ["September 5, 2021", "Sep 5, 2021", "05-Sep-2021", "2021-09-05", "5 september 2021"] {
            assert_eq!(parse_date(text).map(|d| d.to_string()), Some("2021-09-05".to_owned()), "{text}");
        }
        for text in
            ["", "September 2021", "September 31, 2021", "Smarch 1, 2021", "September 1, 21", "1, 2, 3, 4"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_a_number_and_a_unit() {
        assert_eq!(parse_duration("90 min"), Some(Duration { value: 90, unit: DurationUnit::Min }));
        assert_eq!(parse_duration("2 Seasons"), Some(Duration { value: 2, unit: DurationUnit::Season }));
        for text in ["", "90", "min", " 90 min", "-1 min", "90 minutes", "99999999999 min", "1  min"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(raw in any::<String>()) {
            let once = clean_text(&raw);
            prop_assert_eq!(clean_text(&once), once.clone());
            for item in split_cast(&raw).names {
                prop_assert!(!item.contains(',') && item.trim() == item && !item.is_empty());
                prop_assert_eq!(item.to_lowercase(), item);
            }
            let _ = (parse_date(&raw), parse_duration(&raw));
        }
    }
}
