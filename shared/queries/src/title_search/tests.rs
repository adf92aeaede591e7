use catalog::{Platform, Title, TitleId};
use proptest::prelude::*;

use super::*;
use crate::random_tables;

/// Makes titles of these names. The last has the most ratings.
fn table(names: &[String]) -> (TitleTable, RatingTable) {
    // Without a year, every title is its own work.
    let title =
        |(i, name): (usize, &String)| Title::named(TitleId::new(&format!("a{i}")).unwrap(), name.as_str());
    let titles = names.iter().enumerate().map(title).collect();
    let titles = TitleTable::new(vec![Platform::new("amazon").unwrap()], titles).unwrap();
    (titles, random_tables::staircase(names.len()))
}

fn index(names: &[String]) -> Index {
    let (titles, ratings) = table(names);
    Index::from_bytes(&build(&titles, &ratings).to_bytes().unwrap()).unwrap()
}

/// Answers by the names, and years if there are any.
fn answer(names: &[String], years: &[Option<u16>], query: &str) -> Vec<u32> {
    answer_of(&index(names), names, years, query)
}

fn answer_of(index: &Index, names: &[String], years: &[Option<u16>], query: &str) -> Vec<u32> {
    let year = |at: u32| years.get(at as usize).copied().flatten();
    index.answer(query, |at| Named { name: &names[at as usize], year: year(at) })
}

fn found<'a>(names: &[&'a str], query: &str) -> Vec<&'a str> {
    let owned: Vec<String> = names.iter().map(|&n| n.to_owned()).collect();
    answer(&owned, &[], query).into_iter().map(|at| names[at as usize]).collect()
}

/// Finds titles by name and year, and shows both.
fn found_of_years(titles: &[(&str, u16)], query: &str) -> Vec<String> {
    let names: Vec<String> = titles.iter().map(|(name, _)| (*name).to_owned()).collect();
    let years: Vec<Option<u16>> = titles.iter().map(|(_, year)| Some(*year)).collect();
    let shown = |at: u32| format!("{} {}", titles[at as usize].0, titles[at as usize].1);
    answer(&names, &years, query).into_iter().map(shown).collect()
}

#[test]
fn signs_as_they_are_typed_come_first() {
    let names = ["? ?", "??", "???"];
    assert_eq!(found(&names, "? ?"), ["? ?", "??", "???"]);
    assert_eq!(found(&names, "??"), ["??", "? ?", "???"]);
}

#[test]
fn joiners_do_not_matter() {
    let names = ["می\u{200C}خواهم", "Other"];
    for query in ["می\u{200C}خواهم", "میخواهم", "میخ"] {
        assert_eq!(found(&names, query), [names[0]], "{query}");
    }
}

/// Computes the whole matrix, by definition.
fn errors(a: &[char], b: &[char]) -> usize {
    let mut least = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            least[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let other = least[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                other.min(least[i - 1][j] + 1).min(least[i][j - 1] + 1)
            };
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least[i][j] = least[i][j].min(least[i - 2][j - 2] + 1);
            }
        }
    }
    least[a.len()][b.len()]
}

fn slow_fit(typed: &str, word: &str) -> Option<usize> {
    if typed == word {
        return Some(0);
    }
    if word.starts_with(typed) {
        return Some(1);
    }
    let (typed, word): (Vec<char>, Vec<char>) = (typed.chars().collect(), word.chars().collect());
    let most = [0, 0, 0, 0, 1, 1, 1, 1, 2].get(typed.len()).copied().unwrap_or(2);
    if most > 0 && errors(&typed, &word) <= most {
        return Some(2);
    }
    (most > 0 && (0..=word.len()).any(|end| errors(&typed, &word[..end]) <= most)).then_some(3)
}

/// Orders by definition, without an index: the whole name, the beginning of a name, then by fit.
fn slow_answer(names: &[String], query: &str) -> Vec<u32> {
    let joined = |text: &str| words(&fold(text)).collect::<Vec<_>>().join(" ");
    let typed = fold(query);
    let mut fitting: Vec<(usize, usize, std::cmp::Reverse<usize>)> = names
        .iter()
        .enumerate()
        .filter_map(|(at, name)| {
            let folded = fold(name);
            let fits = words(&typed).map(|typed| words(&folded).filter_map(|w| slow_fit(typed, w)).min());
            let fit = fits.sum::<Option<usize>>()?;
            let tier = if query.trim().is_empty() {
                0
            } else if folded.trim() == typed.trim() {
                1
            } else if joined(name) == joined(query) {
                2
            } else if joined(name).starts_with(&joined(query)) {
                3
            } else {
                4
            };
            Some((tier, if tier == 4 { fit } else { 0 }, std::cmp::Reverse(at)))
        })
        .collect();
    fitting.sort_unstable();
    fitting.into_iter().map(|(.., at)| at.0 as u32).collect()
}

/// Names that have much in common: the same letters in two cases, with an accent, signs and numbers.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[abAñN]{1,6}([ -][abc]{1,4}){0,2}",
        2 => "[abA1!?' -]{1,5}",
        1 => "[a-c]{1,2} (19|20)[0-2][0-9]",
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_index_agrees_with_a_scan(
        names in proptest::collection::vec("[abñ]{1,10}( [abc]{1,5})?", 0..30),
        query in "[abñc]{0,10}( [abc]{1,4})?",
    ) {
        prop_assert_eq!(answer(&names, &[], &query), slow_answer(&names, &query));
    }

    #[test]
    fn any_query_has_an_answer(names: Vec<String>, query: String) {
        prop_assert!(answer(&names, &[], &query).len() <= names.len());
    }

    /// Equal names are ordered by popularity, and the last title is the most popular.
    #[test]
    fn a_whole_name_is_first_for_its_own_text(
        names in proptest::collection::vec(name(), 1..30),
        years in proptest::collection::vec(proptest::option::of(1999_u16..2003), 30),
        in_capitals: bool,
    ) {
        let index = index(&names);
        for name in names.iter().filter(|name| !name.trim().is_empty()) {
            let query = if in_capitals { name.to_uppercase() } else { name.clone() };
            let plain = |text: &str| match fold(text).split_whitespace().collect::<Vec<_>>().join(" ") {
                nothing if nothing.is_empty() => text.trim().to_lowercase(),
                folded => folded,
            };
            let found = answer_of(&index, &names, &years, &query);
            let most_popular = names.iter().rposition(|other| plain(other) == plain(&query));
            // The capitals of some letters are others: those of `ŉ` have a sign more.
            if plain(name) == plain(&query) {
                prop_assert_eq!(found.first().map(|&at| at as usize), most_popular, "{:?}", names);
            }
        }
    }

    #[test]
    fn a_year_narrows_and_never_hides(
        names in proptest::collection::vec("[ab]{1,3}( [abc]{1,5})?", 1..20),
        years in proptest::collection::vec(proptest::option::of(1999_u16..2003), 20),
        year in 1999_u16..2003,
        form in prop::sample::select(vec!["{} ({})", "{} {}", "{}, {}", "{} [{}]", "{} ({}"]),
    ) {
        let index = index(&names);
        for name in &names {
            let query = form.replacen("{}", name, 1).replacen("{}", &year.to_string(), 1);
            let [with, without] = [&query, name].map(|query| answer_of(&index, &names, &years, query));
            let is_of_year = |at: u32| years[at as usize] == Some(year);
            let (mut all, mut all_without) = (with.clone(), without.clone());
            all.sort_unstable();
            all_without.sort_unstable();
            prop_assert_eq!(all, all_without, "{}", query);
            let first = without.iter().find(|&&at| is_of_year(at) && names[at as usize] == *name);
            prop_assert!(first.is_none_or(|first| with[0] == *first), "{}: {:?}", query, with);
            if !without.iter().any(|&at| is_of_year(at)) {
                prop_assert_eq!(with, without, "{}", query);
            }
        }
    }
}

#[test]
fn accents_case_and_apostrophes_do_not_count() {
    let names = ["El Año Perdido", "Don’t Look", "Straße", "Bjørn", "ÉTÉ", "e\u{301}te", "Ⅷ"];
    assert_eq!(found(&names, "ano"), ["El Año Perdido"]);
    assert_eq!(found(&names, "AÑO"), ["El Año Perdido"]);
    assert_eq!(found(&names, "dont"), ["Don’t Look"]);
    assert_eq!(found(&names, "STRASSE"), ["Straße"]);
    assert_eq!(found(&names, "bjorn"), ["Bjørn"]);
    assert_eq!(found(&names, "été"), ["e\u{301}te", "ÉTÉ"]);
    assert_eq!(found(&names, "viii"), ["Ⅷ"]);
}

#[test]
fn longer_words_may_have_more_errors() {
    let names = ["Interstellar", "Rome"];
    for typed in ["intersetlar", "interstelar", "interstella", "nterstellr", "intersetl"] {
        assert_eq!(found(&names, typed), ["Interstellar"], "{typed}");
    }
    // One error in four letters, none in three, and never three.
    for (typed, fits) in [("rmoe", true), ("roma", true), ("rmo", false), ("intorsdolar", false)] {
        assert_eq!(!found(&names, typed).is_empty(), fits, "{typed}");
    }
}

#[test]
fn a_whole_name_comes_first_then_a_beginning_then_the_better_fit() {
    let names = ["Harbour", "Harbours", "Harbor", "Harbour Lights", "Lights", "Old Harbours", "Old Harbour"];
    assert_eq!(
        found(&names, "harbour"),
        ["Harbour", "Harbour Lights", "Harbours", "Old Harbour", "Old Harbours", "Harbor"]
    );
    assert_eq!(found(&names, "ligths harb"), ["Harbour Lights"]);
    assert_eq!(found(&names, "lights"), ["Lights", "Harbour Lights"]);
    assert_eq!(found(&names, "harbour lightning"), [""; 0]);
    // Without a text, all are listed, the most rated first.
    assert_eq!(found(&names, " ")[..2], ["Old Harbour", "Old Harbours"]);
}

#[test]
fn the_signs_of_a_name_decide_among_names_of_the_same_words() {
    let names = ["Café", "Cafe", "Cafe!", "Cafe?", "Her", "HER", "Spider-Man", "Spider Man"];
    assert_eq!(found(&names, "café"), ["Cafe", "Café", "Cafe?", "Cafe!"]);
    assert_eq!(found(&names, "CAFE!"), ["Cafe!", "Cafe?", "Cafe", "Café"]);
    assert_eq!(found(&names, "her"), ["HER", "Her"]);
    assert_eq!(found(&names, "spider-man"), ["Spider-Man", "Spider Man"]);
}

#[test]
fn signs_find_names_of_signs_or_nothing() {
    let names = ["What?", "???", "?", "!?", "'", "$ign", "* * *"];
    assert_eq!(found(&names, "?"), ["?", "???", "!?"]);
    assert_eq!(found(&names, " ??"), ["???"]);
    assert_eq!(found(&names, "***"), ["* * *"]);
    assert_eq!(found(&names, "'"), ["'"]);
    for nothing in ["$", "…", "\u{301}", "’’"] {
        assert_eq!(found(&names, nothing), [""; 0], "{nothing}");
    }
}

#[test]
fn a_year_after_a_name_puts_its_titles_first() {
    let titles = [
        ("Toy Story", 1995),
        ("Toy Story", 2010),
        ("Toy Story 2", 1999),
        ("Blade Runner", 1982),
        ("Blade Runner 2049", 2017),
        ("1917", 2019),
        ("Best of 2019", 2020),
        ("Best Day", 2019),
        ("Heart", 2013),
        ("Heat", 1995),
    ];
    for typed in ["Toy Story (1995)", "toy story 1995", "Toy Story, [1995]", "Toy Story (199"] {
        let found = found_of_years(&titles, typed);
        assert_eq!(found[0], "Toy Story 1995", "{typed}");
        assert_eq!(found.len(), 3, "{typed}");
    }
    assert_eq!(
        found_of_years(&titles, "Toy Story (1980)"),
        ["Toy Story 2010", "Toy Story 1995", "Toy Story 2 1999"]
    );
    assert_eq!(found_of_years(&titles, "Toy Story 1999")[0], "Toy Story 2 1999");
    assert_eq!(found_of_years(&titles, "Toy Stroy 1999")[0], "Toy Story 2 1999");
    assert_eq!(found_of_years(&titles, "Blade Runner 2049")[0], "Blade Runner 2049 2017");
    assert_eq!(found_of_years(&titles, "Blade Runner 2049 (2017)")[0], "Blade Runner 2049 2017");
    assert_eq!(found_of_years(&titles, "Blade Runner (1982)")[0], "Blade Runner 1982");
    assert_eq!(found_of_years(&titles, "1917"), ["1917 2019"]);
    assert_eq!(found_of_years(&titles, "1917 (2019)"), ["1917 2019"]);
    assert_eq!(found_of_years(&titles, "best 2019"), ["Best Day 2019", "Best of 2019 2020"]);
    // A title that is found by a typing error does not come first for its year.
    assert_eq!(found_of_years(&titles, "Heat (2013)"), ["Heat 1995", "Heart 2013"]);
    // These are no years.
    for typed in ["Toy Story 3000", "Toy Story (12)", "Toy Story2010", "Toy Story (1995) 7"] {
        assert_eq!(found_of_years(&titles, typed), [""; 0], "{typed}");
    }
}

/// `ﷺ` is four words of 18 characters.
#[test]
fn names_that_decompose_into_thousands_of_letters_are_found_by_their_beginning() {
    let long = "\u{FDFA}".repeat(400);
    let names = [long.as_str(), "\u{FDFA}", "b"];
    assert_eq!(found(&names, "\u{FDFA}"), ["\u{FDFA}", &long]);
    assert_eq!(found(&names, &long), [long.as_str()]);
}
