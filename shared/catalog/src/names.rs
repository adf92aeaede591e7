//! How names of people, countries, genres and audience ratings are compared and spelled.
//!
//! Two spellings are one name if they differ only in case, in joiners, or in how accents are encoded. A
//! [`TitleTable`](crate::TitleTable) has one spelling for each name.

use std::collections::HashMap;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::Title;

/// Returns whether a character only joins letters or keeps them apart: U+200C and U+200D. They carry meaning
/// in Persian, Hindi and emoji, so they are kept where names are shown.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Returns the form in which names are compared: Unicode NFC, in lower case, without the joiners U+200C and
/// U+200D. It has at most three times the characters of the name.
pub fn compared(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let lower = |text: &str| text.replace(is_joiner, "").to_lowercase();
    // The lowercase of a letter may be two characters that compose with what follows.
    let lower = lower(name);
    if is_nfc(&lower) { lower } else { lower.nfc().collect() }
}

/// Gives each name the spelling that most titles have; of several, the one that comes first. Names of
/// different attributes have nothing to do with each other, except those of directors and actors.
pub(crate) fn settle(titles: &mut [Title]) {
    settle_each(titles, |title, visit| {
        title.director.iter_mut().chain(&mut title.cast).for_each(visit);
    });
    settle_each(titles, |title, visit| title.country.iter_mut().for_each(visit));
    settle_each(titles, |title, visit| title.genres.iter_mut().for_each(visit));
    settle_each(titles, |title, visit| title.canonical_genres.iter_mut().for_each(visit));
    settle_each(titles, |title, visit| visit(&mut title.audience));
}

/// Settles the spelling of the names that `names` visits.
fn settle_each(titles: &mut [Title], names: impl Fn(&mut Title, &mut dyn FnMut(&mut String))) {
    // How often each spelling occurs, and its rank by first occurrence.
    let mut spellings: HashMap<String, (u32, usize)> = HashMap::new();
    for title in titles.iter_mut() {
        names(title, &mut |name| {
            if let Some((count, _)) = spellings.get_mut(name.as_str()) {
                *count = count.saturating_add(1);
            } else {
                let rank = spellings.len();
                spellings.insert(name.clone(), (1, rank));
            }
        });
    }
    // In the order of their first occurrence, so that of equally frequent spellings the first stays.
    let mut in_order: Vec<(&String, u32, usize)> =
        spellings.iter().map(|(spelling, &(count, rank))| (spelling, count, rank)).collect();
    in_order.sort_unstable_by_key(|&(_, _, rank)| rank);
    let mut best: HashMap<String, (&str, u32)> = HashMap::with_capacity(spellings.len());
    for &(spelling, count, _) in &in_order {
        let entry = best.entry(compared(spelling)).or_insert((spelling, count));
        if entry.1 < count {
            *entry = (spelling, count);
        }
    }
    if best.len() == spellings.len() {
        return;
    }
    let others = in_order.iter().filter_map(|&(spelling, ..)| {
        let chosen = best.get(&compared(spelling))?.0;
        (chosen != spelling).then(|| (spelling.clone(), chosen.to_owned()))
    });
    let replaced: HashMap<String, String> = others.collect();
    for title in titles {
        names(title, &mut |name| {
            if let Some(chosen) = replaced.get(name.as_str()) {
                name.clone_from(chosen);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::TitleId;

    fn titles(casts: &[&[&str]]) -> Vec<Title> {
        let title = |(at, cast): (usize, &&[&str])| Title {
            cast: cast.iter().map(|&name| name.to_owned()).collect(),
            ..Title::named(TitleId::new(&at.to_string()).unwrap(), "a")
        };
        casts.iter().enumerate().map(title).collect()
    }

    fn casts(titles: &[Title]) -> Vec<Vec<&str>> {
        titles.iter().map(|title| title.cast.iter().map(String::as_str).collect()).collect()
    }

    #[test]
    fn names_are_compared_without_case_joiners_and_forms_of_accents() {
        assert_eq!(compared("Pen\u{E9}lope"), compared("PENE\u{301}LOPE"));
        assert_eq!(compared("می\u{200C}خواهم"), compared("میخواهم"));
        assert_ne!(compared("Penelope"), compared("Penélope"));
    }

    #[test]
    fn no_character_becomes_more_than_three() {
        let longest =
            (char::MIN..=char::MAX).map(|c| compared(c.encode_utf8(&mut [0; 4])).chars().count()).max();
        assert_eq!(longest, Some(3));
        // Lowercase comes before NFC, and what becomes two characters there is not decomposed.
        assert_eq!(compared("\u{130}\u{FB2C}").chars().count(), 5);
        assert_eq!(compared("\u{FDFA}"), "\u{FDFA}");
    }

    #[test]
    fn the_most_frequent_spelling_stays_and_then_the_first() {
        let mut table = titles(&[&["ann lee", "Bo"], &["Ann Lee", "BO"], &["Ann Lee", "c"], &["ANN LEE"]]);
        settle(&mut table);
        assert_eq!(
            casts(&table),
            [vec!["Ann Lee", "Bo"], vec!["Ann Lee", "Bo"], vec!["Ann Lee", "c"], vec!["Ann Lee"]]
        );
    }

    #[test]
    fn a_person_has_one_spelling_as_director_and_as_actor() {
        let mut table = titles(&[&["ann lee"], &[]]);
        table[0].director = vec!["Ann Lee".to_owned()];
        table[1].director = vec!["Ann Lee".to_owned()];
        table[1].country = vec!["ann lee".to_owned()];
        settle(&mut table);
        assert_eq!((table[0].cast[0].as_str(), table[1].country[0].as_str()), ("Ann Lee", "ann lee"));
    }

    proptest! {
        #[test]
        fn one_spelling_is_left_for_each_name(names in prop::collection::vec("[aAeE\u{301}éÉ\u{200D}]{0,3}", 0..30)) {
            let lists: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
            let lists: Vec<&[&str]> = lists.iter().map(|list| &list[..]).collect();
            let mut table = titles(&lists);
            settle(&mut table);
            let mut spelled: HashMap<String, &str> = HashMap::new();
            for (before, title) in names.iter().zip(&table) {
                let after = title.cast[0].as_str();
                prop_assert_eq!(compared(before), compared(after));
                prop_assert_eq!(*spelled.entry(compared(after)).or_insert(after), after);
            }
        }

        #[test]
        fn comparing_twice_is_comparing_once(name in any::<String>()) {
            let once = compared(&name);
            prop_assert_eq!(compared(&once), once.clone());
        }
    }
}
