//! Folds texts, so that two spellings of the same value become equal.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Which spellings count as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Names of people: case, accents, punctuation and spaces do not count.
    Person,
    /// Labels: `&` is also the same as `and`, and a plural the same as its singular.
    Label {
        /// Whether a `TV` at either end and `movies` or `shows` at the end do not count either. They do in
        /// audience ratings: `TV-G` is not the `G` of films.
        affixes: bool,
        /// Whether a long label with one typing error is the same.
        typos: bool,
    },
}

/// A value without the differences that do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folded {
    /// Spellings with the same key are the same. Empty if there is no letter or digit.
    pub(super) key: String,
    /// The words as they are written, joined, in which to look for typing errors.
    pub(super) plain: String,
    /// The words that a typing error never changes: those with a digit, Roman numerals, and single letters.
    pub(super) codes: Vec<String>,
}

/// Folds a value.
pub(super) fn fold(text: &str, rules: Rules) -> Folded {
    let is_label = rules != Rules::Person;
    let written = words(text, is_label);
    let counted = match rules {
        Rules::Label { affixes: true, .. } => without_affixes(&written),
        _ => &written,
    };
    let key = if is_label {
        joined(&counted.iter().map(|word| singular(word)).collect::<Vec<_>>())
    } else {
        joined(counted)
    };
    let codes = written.iter().filter(|word| is_code(word)).cloned().collect();
    Folded { key, plain: joined(&written), codes }
}

/// Splits a text into words of lowercase letters and digits without accents. Apostrophes separate nothing.
///
/// Only the accents of Latin, Greek and Cyrillic letters are removed (U+0300 to U+036F): in other scripts,
/// such as Devanagari, combining marks are vowels.
fn words(text: &str, is_label: bool) -> Vec<String> {
    let lower = text.to_lowercase();
    let text = if is_label { lower.replace('&', " and ") } else { lower };
    let plain: String =
        text.nfkd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}' | '\'' | '’')).nfc().collect();
    let words = plain.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Removes a `TV` from the beginning, and a `TV`, `movies` or `shows` from the end, unless nothing is left.
fn without_affixes(words: &[String]) -> &[String] {
    let words = match words {
        [first, rest @ ..] if first == "tv" && !rest.is_empty() => rest,
        _ => words,
    };
    match words {
        [rest @ .., last]
            if ["tv", "movie", "movies", "show", "shows"].contains(&last.as_str()) && !rest.is_empty() =>
        {
            rest
        }
        _ => words,
    }
}

/// Joins words without spaces, but keeps numbers apart: `1 5` is not `15`.
fn joined(words: &[String]) -> String {
    let mut all = String::new();
    for word in words {
        let is_digit = |c: Option<char>| c.is_some_and(char::is_numeric);
        if is_digit(all.chars().last()) && is_digit(word.chars().next()) {
            all.push(' ');
        }
        all.push_str(word);
    }
    all
}

/// Returns the same text for a plural and its singular. It need not be a word: `movie` and `movies` become
/// `movy`.
fn singular(word: &str) -> String {
    if is_code(word) || word.chars().nth(3).is_none() {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").or_else(|| word.strip_suffix("ie")) {
        return format!("{stem}y");
    }
    if ["sses", "shes", "ches", "xes", "zes", "oes"].iter().any(|end| word.ends_with(end)) {
        return word[..word.len() - 2].to_owned();
    }
    let is_plural = word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    if is_plural { word[..word.len() - 1].to_owned() } else { word.to_owned() }
}

fn is_code(word: &str) -> bool {
    word.contains(char::is_numeric)
        || word.chars().all(|c| matches!(c, 'i' | 'v' | 'x'))
        || word.chars().nth(1).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENRE: Rules = Rules::Label { affixes: true, typos: true };
    const AUDIENCE: Rules = Rules::Label { affixes: false, typos: true };

    fn same(a: &str, b: &str, rules: Rules) -> bool {
        fold(a, rules).key == fold(b, rules).key
    }

    #[test]
    fn spellings_of_a_label_have_the_same_key() {
        for (a, b) in [
            ("Comedy", "comedies"),
            ("Drama", "DRAMAS"),
            ("Sci-Fi", "sci fi"),
            ("Sci-Fi & Fantasy", "Sci-Fi and Fantasy"),
            ("Películas", "peliculas"),
            ("Kids' TV", "Kids"),
            ("Children’s", "childrens"),
            ("TV Dramas", "Drama"),
            ("Horror Movies", "horror"),
            ("TV Horror", "Horror Movie"),
            ("Reality shows", "Reality TV"),
            ("Movies", "movie"),
            ("Classes", "Class"),
            ("Superheroes", "superhero"),
            ("pg-13", "PG 13"),
        ] {
            assert!(same(a, b, GENRE), "{a} and {b}: {:?} {:?}", fold(a, GENRE), fold(b, GENRE));
        }
        for (a, b) in [
            ("Part 2", "Part 3"),
            ("7+", "16+"),
            ("tv-y", "tv-y7"),
            ("1.5", "15"),
            ("80s", "80"),
            ("Music", "Musical"),
            ("News", "New Age"),
            ("TV", "Shows"),
            ("हिंदी", "हंदा"),
        ] {
            assert!(!same(a, b, GENRE) && !same(a, b, AUDIENCE), "{a} and {b}");
        }
        assert!(same("TV-MA", "tv ma", AUDIENCE) && !same("TV-G", "G", AUDIENCE));
        assert!(fold("?!", GENRE).key.is_empty());
    }

    #[test]
    fn names_of_people_differ_by_case_accents_punctuation_and_spaces_only() {
        for (a, b) in
            [("J.J. Abrams", "J. J. Abrams"), ("Penélope Cruz", "penelope cruz"), ("O'Hara", "O’Hara")]
        {
            assert!(same(a, b, Rules::Person), "{a} and {b}");
        }
        for (a, b) in [("Ana Torre", "Ana Torres"), ("TV Smith", "Smith"), ("John Marie", "John Mary")] {
            assert!(!same(a, b, Rules::Person), "{a} and {b}");
        }
    }
}
