//! What platforms are called, and how the ids of their titles begin.

use std::path::Path;

use catalog::{Platform, PlatformError};
use tables::file_name;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::EtlError;
use crate::titles::{is_movielens_name, movielens};

/// The four original platforms, whose ids begin with their first letter, in source order.
pub(crate) const ORIGINAL: [&str; 4] = ["amazon", "disney", "hulu", "netflix"];

/// Names that a file name can contain, and the platforms that they mean. Of several, the longest counts.
const IN_FILE_NAMES: [(&str, &str); 25] = [
    ("amazon_prime_video", "amazon"),
    ("amazon_prime", "amazon"),
    ("prime_video", "amazon"),
    ("amazon", "amazon"),
    ("disney_plus", "disney"),
    ("disneyplus", "disney"),
    ("disney", "disney"),
    ("hulu", "hulu"),
    ("netflix", "netflix"),
    ("hbo_max", "hbo_max"),
    ("hbomax", "hbo_max"),
    ("hbo", "hbo"),
    ("apple_tv_plus", "apple_tv_plus"),
    ("apple_tv", "apple_tv"),
    ("paramount_plus", "paramount_plus"),
    ("paramount", "paramount"),
    ("movistar_plus", "movistar_plus"),
    ("movistar", "movistar"),
    ("rakuten_tv", "rakuten_tv"),
    ("crunchyroll", "crunchyroll"),
    ("peacock", "peacock"),
    ("filmin", "filmin"),
    ("mubi", "mubi"),
    ("starz", "starz"),
    ("showtime", "showtime"),
];

/// A platform as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) platform: Platform,
    /// Its id prefix was given too.
    pub(crate) has_prefix: bool,
    /// Its name was given in a form that no platform can have.
    pub(crate) shop: Option<String>,
}

/// Reads `NAME` or `NAME:PREFIX`, where the name may be written as in a shop: `Apple TV+` is called
/// `apple_tv_plus`.
pub(crate) fn parse(text: &str) -> Result<Given, PlatformError> {
    let (name, prefix) = match text.split_once(':') {
        Some((name, prefix)) => (name, Some(prefix)),
        None => (text, None),
    };
    let refused = match Platform::new(name) {
        Ok(platform) => return with_prefix(platform, prefix, None),
        Err(error) => error,
    };
    let platform = Platform::new(&plain_name(name)).map_err(|_: PlatformError| refused)?;
    with_prefix(platform, prefix, Some(name.trim().to_owned()))
}

fn with_prefix(
    platform: Platform,
    prefix: Option<&str>,
    shop: Option<String>,
) -> Result<Given, PlatformError> {
    let platform = match prefix {
        Some(prefix) => Platform::with_prefix(platform.as_str(), prefix)?,
        None => platform,
    };
    Ok(Given { platform, has_prefix: prefix.is_some(), shop })
}

/// Writes a name with letters, digits and `_` only: without accents, `plus` for `+` and `and` for `&`.
fn plain_name(name: &str) -> String {
    if !name.contains(|c: char| c.is_ascii_alphanumeric()) {
        return String::new();
    }
    let mut words = vec![String::new()];
    for c in name.to_lowercase().nfkd().filter(|c| !is_combining_mark(*c)) {
        let last = words.last().map(String::as_str).unwrap_or_default();
        match c {
            // Movistar Plus+ needs no second one.
            '+' if last == "plus" => {}
            '+' => words.extend(["plus".to_owned(), String::new()]),
            '&' => words.extend(["and".to_owned(), String::new()]),
            c if c.is_ascii_alphanumeric() => words.last_mut().into_iter().for_each(|word| word.push(c)),
            // A letter of another script has no other form.
            c if c.is_alphanumeric() => return String::new(),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words.join("_")
}

/// Returns the platform that the name of a file contains; `None` for MovieLens files.
///
/// # Errors
/// The name contains no platform, or several.
pub(crate) fn of_file(path: &Path) -> Result<Option<Platform>, EtlError> {
    let name = file_name(path);
    let stem = without_endings(&name);
    if is_movielens_name(&name) {
        return Ok(None);
    }
    let words = words(stem);
    let platform = match stem.strip_suffix("_titles") {
        Some(before) => known(before).unwrap_or(before).to_owned(),
        None => in_name(&words)
            .or_else(|| before_titles(&words).map(str::to_owned))
            .ok_or_else(|| EtlError::NoPlatform(path.to_owned()))?,
    };
    let given = parse(&platform).map_err(|source| EtlError::Platform { path: path.to_owned(), source })?;
    Ok(Some(given.platform))
}

/// Returns whether a file of a folder is a catalog: `*_titles.csv`, or a table whose name contains a
/// platform.
pub(crate) fn is_catalog(name: &str) -> bool {
    let stem = without_endings(name);
    let words = words(stem);
    let is_other = ["rating", "ratings", "review", "reviews", "credits"]
        .iter()
        .any(|w| words.contains(&format!("_{w}_")));
    let is_table = stem.len() < name.len();
    let is_named = in_name(&words).is_some() || before_titles(&words).is_some();
    is_table && (stem.ends_with("_titles") || is_named && !is_other)
}

/// Returns whether a file of a folder of ratings is a catalog by its name: one that has the word `titles`.
pub(crate) fn is_surely_a_catalog(name: &str) -> bool {
    words(without_endings(name)).contains("_titles_")
}

/// Cuts off the endings of tables, such as `.csv` and `.csv.gz`.
fn without_endings(name: &str) -> &str {
    let outer = [".gz", ".zst", ".zip"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    [".csv", ".tsv", ".txt"].iter().find_map(|end| outer.strip_suffix(end)).unwrap_or(name)
}

/// Returns the words of a file name in lower case, each between two `_`.
fn words(stem: &str) -> String {
    let lower = stem.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold("_".to_owned(), |mut all, word| {
        all.push_str(word);
        all.push('_');
        all
    })
}

/// Returns the words of a file name before `titles`.
fn before_titles(words: &str) -> Option<&str> {
    words.split_once("_titles_").and_then(|(before, _)| before.strip_prefix('_'))
}

fn known(name: &str) -> Option<&'static str> {
    IN_FILE_NAMES.iter().find(|(known, _)| *known == name).map(|(_, platform)| *platform)
}

/// Returns the only platform among the words of a file name.
fn in_name(words: &str) -> Option<String> {
    let (mut rest, mut found) = (words.to_owned(), Vec::new());
    for (name, platform) in IN_FILE_NAMES {
        let name = format!("_{name}_");
        if rest.contains(&name) {
            rest = rest.replace(&name, "_");
            found.push(platform);
        }
    }
    found.dedup();
    match found[..] {
        [only] => Some(only.to_owned()),
        _ => None,
    }
}

/// Gives each platform an id prefix that no other one has, and returns what to say about them.
///
/// Prefixes that were given stay, and so do the first letters of the four original platforms. Each other
/// platform, in the order given, gets its first letter if that is free, and otherwise the shortest beginning
/// of its name that is. Where nothing is free, the prefix stays as it is. `None` is a MovieLens file.
pub(crate) fn settle(all: &mut [Option<Given>]) -> Vec<String> {
    let is_fixed = |given: &Given| given.has_prefix || ORIGINAL.contains(&given.platform.as_str());
    let mut taken: Vec<Platform> = all
        .iter()
        .filter_map(|given| match given {
            Some(given) => is_fixed(given).then(|| given.platform.clone()),
            None => Some(movielens()),
        })
        .collect();
    let mut notes = Vec::new();
    for given in all.iter_mut().flatten() {
        if let Some(shop) = &given.shop {
            notes.push(format!("the platform {shop:?} is called {}", given.platform));
        }
        if is_fixed(given) {
            continue;
        }
        if let Some(same) = taken.iter().find(|p| p.as_str() == given.platform.as_str()) {
            given.platform = same.clone();
            continue;
        }
        let owner = taken.iter().find(|p| clash(p.prefix(), given.platform.prefix())).cloned();
        if let Some((owner, chosen)) = owner.and_then(|owner| Some((owner, free(&given.platform, &taken)?))) {
            let (name, prefix, other) = (chosen.as_str(), chosen.prefix(), owner.as_str());
            notes.push(format!(
                "ids of {name} begin with `{prefix}`, because those of {other} begin with `{}`; `--titles {name}:PREFIX=FILE` chooses another prefix",
                owner.prefix()
            ));
            given.platform = chosen;
        }
        taken.push(given.platform.clone());
    }
    notes
}

/// Returns whether ids with these prefixes could be equal. Own ids begin with a digit, with `s`, or with the
/// `tm`, `ts` and `tt` of `JustWatch` and `IMDb`.
fn clash(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short).is_some_and(|rest| matches!(rest, "" | "s" | "t" | "tm" | "ts" | "tt"))
}

/// Returns the platform with the first prefix that is free.
fn free(platform: &Platform, taken: &[Platform]) -> Option<Platform> {
    let letters: String = platform.as_str().chars().filter(char::is_ascii_lowercase).collect();
    let beginnings = (2..=letters.len().min(8)).map(|len| letters[..len].to_owned());
    let others = ('a'..='z').map(|c| format!("{}{c}", &letters[..1]));
    beginnings
        .chain(others)
        .find(|prefix| taken.iter().all(|p| !clash(p.prefix(), prefix)))
        .and_then(|prefix| Platform::with_prefix(platform.as_str(), &prefix).ok())
}

#[cfg(test)]
mod tests {
    use catalog::IdPrefixes;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_shops_become_names_of_platforms() {
        for (shop, name) in [
            ("Apple TV+", "apple_tv_plus"),
            ("Paramount+", "paramount_plus"),
            ("Disney+", "disney_plus"),
            ("HBO Max", "hbo_max"),
            ("Movistar Plus+", "movistar_plus"),
            ("Canal+ España", "canal_plus_espana"),
            ("A&E", "a_and_e"),
            ("discovery+ ", "discovery_plus"),
            ("AMC-plus", "amc-plus"),
        ] {
            assert_eq!(parse(shop).unwrap().platform.as_str(), name, "{shop}");
        }
        let given = parse("Apple TV+:AP").unwrap();
        assert_eq!((given.platform.text(), given.has_prefix), ("apple_tv_plus:ap".to_owned(), true));
        assert_eq!((parse("hulu").unwrap().shop, given.shop), (None, Some("Apple TV+".to_owned())));
        for bad in ["", "+", "7 plus", "Кино", "x".repeat(40).as_str(), "Apple TV+:7"] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(error.contains("letters (a to z)"), "{error}");
        }
    }

    #[test]
    fn file_names_contain_platforms() {
        for (name, platform) in [
            ("netflix_titles.csv", "netflix"),
            ("netflix_titles (1).csv", "netflix"),
            ("Netflix_Titles.csv", "netflix"),
            ("netflix_titles_nov_2019.csv", "netflix"),
            ("netflix_titles.csv.gz", "netflix"),
            ("amazon_prime_titles-score.csv", "amazon"),
            ("amazon prime video.tsv", "amazon"),
            ("disney_plus_titles-score.csv", "disney"),
            ("hulu-2021.csv", "hulu"),
            ("hbo_max_titles.csv", "hbo_max"),
            ("zee_titles.csv", "zee"),
            ("zee_titles (2).csv", "zee"),
            ("not_netflix_titles.csv", "not_netflix"),
        ] {
            let found = of_file(Path::new(name)).unwrap();
            assert_eq!(found.as_ref().map(Platform::as_str), Some(platform), "{name}");
            assert!(is_catalog(name), "{name}");
        }
        assert!(is_surely_a_catalog("netflix_titles (1).csv") && !is_surely_a_catalog("netflix.csv"));
        assert_eq!(of_file(Path::new("movie.csv")).unwrap(), None);
        for name in ["titles.csv", "more.csv", "netflix_and_hulu.csv", "1.csv"] {
            assert!(matches!(of_file(Path::new(name)), Err(EtlError::NoPlatform(_))), "{name}");
            assert!(!is_catalog(name), "{name}");
        }
        for name in ["netflix_ratings.csv", "netflix", "netflix.md", "credits.csv", "hulu reviews.csv"] {
            assert!(!is_catalog(name), "{name}");
        }
    }

    fn settled(texts: &[&str]) -> (Vec<String>, Vec<String>) {
        let parse = |text: &&str| (*text != "-").then(|| parse(text).unwrap());
        let mut all: Vec<Option<Given>> = texts.iter().map(parse).collect();
        let notes = settle(&mut all);
        (all.into_iter().map(|given| given.map_or("-".into(), |g| g.platform.text())).collect(), notes)
    }

    #[test]
    fn a_taken_prefix_is_replaced_by_a_longer_one() {
        for (given, expected) in [
            (vec!["hulu", "hbo"], vec!["hulu", "hbo:hb"]),
            (vec!["hbo", "hulu"], vec!["hbo:hb", "hulu"]),
            (vec!["hbo", "hbo max"], vec!["hbo", "hbo_max:hb"]),
            (vec!["hulu", "hbo", "hbo_max"], vec!["hulu", "hbo:hb", "hbo_max:hbo"]),
            (vec!["hulu", "hbo:x", "hbo"], vec!["hulu", "hbo:x", "hbo:x"]),
            (vec!["hulu", "hsn"], vec!["hulu", "hsn:hsn"]),
            (vec!["amazon", "atv"], vec!["amazon", "atv:atv"]),
            (vec!["-", "mubi"], vec!["-", "mubi:mu"]),
            (vec!["hulu", "x:hb", "hbo"], vec!["hulu", "x:hb", "hbo:hbo"]),
            (vec!["apple", "paramount+"], vec!["apple", "paramount_plus"]),
        ] {
            assert_eq!(settled(&given).0, expected, "{given:?}");
        }
        assert_eq!(
            settled(&["hulu", "HBO Max"]).1,
            [
                "the platform \"HBO Max\" is called hbo_max",
                "ids of hbo_max begin with `hb`, because those of hulu begin with `h`; `--titles hbo_max:PREFIX=FILE` chooses another prefix"
            ]
        );
    }

    proptest! {
        #[test]
        fn chosen_prefixes_keep_ids_apart(names in prop::collection::btree_set("[ah][bst]{0,3}", 1..9)) {
            let mut all: Vec<Option<Given>> = names.iter().map(|name| Some(parse(name).unwrap())).collect();
            settle(&mut all);
            let platforms: Vec<Platform> = all.into_iter().flatten().map(|given| given.platform).collect();
            let prefixes = IdPrefixes::new(&platforms).unwrap();
            for platform in &platforms {
                for show in ["s1", "1", "tm1", "ts1", "tt1"] {
                    prop_assert_eq!(prefixes.check(platform, &platform.title_id(show).unwrap()), Ok(()));
                }
            }
        }

        #[test]
        fn no_name_panics(name in any::<String>()) {
            let _ = (parse(&name), of_file(Path::new(&name)), is_catalog(&name));
        }
    }
}
