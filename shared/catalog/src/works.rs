//! Which titles are one work: the same film or series on several platforms, or in several editions.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use crate::Title;

/// Words that say how an edition looks or sounds, or what comes with it. A suffix has at least one of them.
const MARKS: [&str; 35] = [
    "4k",
    "uhd",
    "hd",
    "3d",
    "hdr",
    "remastered",
    "restored",
    "restoration",
    "color",
    "colour",
    "colorized",
    "black",
    "bonus",
    "extras",
    "subtitled",
    "subtitles",
    "subbed",
    "sub",
    "subs",
    "dubbed",
    "dub",
    "audio",
    "version",
    "ver",
    "extended",
    "director's",
    "director’s",
    "producer's",
    "theatrical",
    "unrated",
    "uncut",
    "edited",
    "narration",
    "dialog",
    "dialogue",
];

/// Words that a suffix may have besides: fillers and languages. Alone they say nothing, because `(UK)`,
/// `(Hindi)` and `(Original Series)` tell works apart.
const FILLERS: [&str; 60] = [
    "and",
    "&",
    "with",
    "without",
    "plus",
    "in",
    "no",
    "non",
    "ultra",
    "digital",
    "digitally",
    "newly",
    "original",
    "full",
    "high",
    "definition",
    "special",
    "features",
    "feature",
    "content",
    "edition",
    "cut",
    "language",
    "white",
    "english",
    "spanish",
    "castilian",
    "latin",
    "american",
    "french",
    "canadian",
    "german",
    "italian",
    "portuguese",
    "brazilian",
    "japanese",
    "korean",
    "chinese",
    "mandarin",
    "cantonese",
    "hindi",
    "tamil",
    "telugu",
    "malayalam",
    "kannada",
    "bengali",
    "marathi",
    "punjabi",
    "gujarati",
    "urdu",
    "arabic",
    "turkish",
    "russian",
    "polish",
    "dutch",
    "swedish",
    "norwegian",
    "danish",
    "finnish",
    "thai",
];

/// Returns a name without the technical suffixes at its end, and the first of those suffixes without its
/// brackets.
///
/// A technical suffix is in round or square brackets and consists of words such as `4K UHD`, `English
/// Subtitled` or `Plus Bonus Features`. Years, parts, countries and languages alone (`(1992)`, `(Part 2)`,
/// `(UK)`, `(Hindi)`) are not technical. A name that is nothing but suffixes stays as it is.
pub fn without_suffix(name: &str) -> (&str, Option<&str>) {
    let (mut rest, mut suffix) = (name, None);
    while let Some((before, inside)) = last_brackets(rest) {
        if !is_technical(inside) || !before.chars().any(char::is_alphanumeric) {
            break;
        }
        (rest, suffix) = (before, Some(inside));
    }
    (rest, suffix)
}

/// Splits off what is in brackets at the end of a name.
fn last_brackets(name: &str) -> Option<(&str, &str)> {
    let name = name.trim_end();
    let (inside, open) = match name.strip_suffix(')') {
        Some(inside) => (inside, '('),
        None => (name.strip_suffix(']')?, '['),
    };
    let (before, inside) = inside.rsplit_once(open)?;
    Some((before.trim_end(), inside.trim()))
}

fn is_technical(suffix: &str) -> bool {
    let lower = suffix.to_lowercase();
    let mut words = lower.split([' ', '-', ',', '/', '.']).filter(|word| !word.is_empty()).peekable();
    let mut has_mark = false;
    words.all(|word| {
        let is_mark = MARKS.contains(&word);
        has_mark |= is_mark;
        is_mark || FILLERS.contains(&word)
    }) && has_mark
}

/// Returns the form in which names of works are compared: without technical suffixes, as letters and digits
/// in lower case, by Unicode NFC. It is empty if the name has neither letters nor digits.
pub fn work_key(name: &str) -> String {
    let (name, _) = without_suffix(name);
    let plain = |c: &char| c.is_alphanumeric();
    if name.is_ascii() {
        name.chars().filter(plain).map(|c| c.to_ascii_lowercase()).collect()
    } else {
        name.nfc().filter(plain).flat_map(char::to_lowercase).collect()
    }
}

/// Returns, for each title, the position of the first title of the same work, which may be its own. See
/// [`TitleTable::works`](crate::TitleTable::works).
pub(crate) fn works(titles: &[Title]) -> Vec<u32> {
    let mut first = HashMap::new();
    let positions = titles.iter().enumerate().map(|(idx, title)| {
        let key = title.release_year.map(|year| (title.kind, year, work_key(&title.display)));
        match key {
            Some(key) if !key.2.is_empty() => *first.entry(key).or_insert(idx as u32),
            _ => idx as u32,
        }
    });
    positions.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Platform, TitleId, TitleTable};

    #[test]
    fn technical_suffixes_are_cut_off() {
        for (name, plain) in [
            ("Goldeneye (4K UHD)", "Goldeneye"),
            ("Hackers [4K UHD]", "Hackers"),
            ("Argo (Plus Bonus Features)", "Argo"),
            ("Ran (English Subtitled)", "Ran"),
            ("Ran [dubbed]", "Ran"),
            ("Ran (English Dub) [HD]", "Ran"),
            ("Coco (Spanish Audio)", "Coco"),
            ("Amélie (Spanish Language, No Subtitles)", "Amélie"),
            ("M (Director's Cut)", "M"),
            ("M (Black & White Version)", "M"),
        ] {
            assert_eq!(without_suffix(name).0, plain, "{name}");
            assert_eq!(work_key(name), work_key(plain), "{name}");
        }
        assert_eq!(without_suffix("Ran (English Dub) [HD]").1, Some("English Dub"));
    }

    #[test]
    fn what_tells_works_apart_is_kept() {
        for name in [
            "Aladdin (1992)",
            "Dune (Part 2)",
            "Dune Part 3",
            "The Office (UK)",
            "Premam (Hindi)",
            "Power (Original Series)",
            "Black (White)",
            "Yoga (With Weights)",
            "(4K UHD)",
            "[REC]",
            "Star Wars (Episode IV)",
            "Elmo (Shorts)",
            "(",
            ")",
        ] {
            assert_eq!(without_suffix(name), (name, None), "{name}");
        }
        assert_ne!(work_key("Aladdin (1992)"), work_key("Aladdin (2019)"));
    }

    #[test]
    fn editions_of_one_year_and_kind_are_one_work() {
        let title = |at: usize, name: &str, year| Title {
            release_year: year,
            ..Title::named(TitleId::new(&format!("n{at}")).unwrap(), name)
        };
        let rows = [
            ("Goldeneye (4K UHD)", Some(1995)),
            ("GoldenEye", Some(1995)),
            ("Goldeneye", Some(1996)),
            ("Goldeneye", None),
            ("Ame\u{301}lie", Some(2001)),
            ("Am\u{E9}lie [Subtitled]", Some(2001)),
        ];
        let titles = rows.iter().enumerate().map(|(at, (name, year))| title(at, name, *year)).collect();
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles).unwrap();
        assert_eq!(table.works(), [0, 0, 2, 3, 4, 4]);
    }

    proptest! {
        #[test]
        fn no_name_panics_and_a_suffix_is_cut_once(name in "([a-z()\\[\\] ]|4k|uhd|dubbed|é){0,12}") {
            let (plain, _) = without_suffix(&name);
            prop_assert_eq!(without_suffix(plain), (plain, None));
            prop_assert_eq!(work_key(plain), work_key(&name));
        }
    }
}
