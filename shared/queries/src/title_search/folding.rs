//! Texts as the search compares them: without case, accents and apostrophes.

use catalog::is_joiner;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds a text to lowercase without accents: compatibility decomposition (Unicode NFKD) without combining
/// marks and joiners. Letters that have no decomposition become those that people type instead (`o` for `ø`,
/// `ss` for `ß`). Apostrophes are removed, so that `dont` finds `Don't`.
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

/// Returns the characters of a folded text, one after the other.
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfkd()
        .filter(|&c| !is_combining_mark(c) && !is_joiner(c))
        .flat_map(char::to_lowercase)
        .flat_map(typed_for)
        .flatten()
}

/// Returns what people type for a lowercase letter: at most two characters.
fn typed_for(letter: char) -> [Option<char>; 2] {
    match letter {
        'ß' => [Some('s'), Some('s')],
        'æ' => [Some('a'), Some('e')],
        'œ' => [Some('o'), Some('e')],
        'þ' => [Some('t'), Some('h')],
        'ø' => [Some('o'), None],
        'đ' | 'ð' => [Some('d'), None],
        'ł' => [Some('l'), None],
        'ħ' => [Some('h'), None],
        'ı' => [Some('i'), None],
        '\'' | '’' | '‘' | 'ʼ' => [None, None],
        // The lowercase of a letter may be two characters, the second of them a mark.
        mark if is_combining_mark(mark) => [None, None],
        other => [Some(other), None],
    }
}

/// Returns the words of a folded text: runs of letters and digits.
pub(super) fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Returns the words of folded characters, with one blank between two words.
pub(super) fn joined(folded: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let (mut in_name, mut after_word) = (false, false);
    let next = move |letter: char| {
        if !letter.is_alphanumeric() {
            after_word = in_name;
            return [None, None];
        }
        let blank = after_word.then_some(' ');
        (in_name, after_word) = (true, false);
        [blank, Some(letter)]
    };
    folded.flat_map(next).flatten()
}
