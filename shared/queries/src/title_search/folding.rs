//! Texts as the search compares them: without case, accents and apostrophes.

use catalog::{MAX_NAME_CHARS, is_joiner};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds a text to lowercase without accents: compatibility decomposition (Unicode NFKD) without combining
/// marks and joiners. Letters that have no decomposition become those that people type instead (`o` for `ø`,
/// `ss` for `ß`). Apostrophes are removed, so that `dont` finds `Don't`. No more than the first 400
/// characters are left ([`MAX_NAME_CHARS`]): decomposition makes 18 of `ﷺ`, and nobody types so long a name.
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

/// Returns the characters of a folded text, one after the other, at most [`MAX_NAME_CHARS`].
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfkd()
        .filter(|&c| !is_combining_mark(c) && !is_joiner(c))
        .flat_map(char::to_lowercase)
        .flat_map(typed_for)
        .flatten()
        .take(MAX_NAME_CHARS)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_text_is_as_long_as_a_name_at_most() {
        assert_eq!(fold("\u{FDFA}").chars().count(), 18);
        assert_eq!(fold(&"\u{FDFA}".repeat(MAX_NAME_CHARS)).chars().count(), MAX_NAME_CHARS);
        let longest = "É".repeat(MAX_NAME_CHARS);
        assert_eq!(fold(&longest), "e".repeat(MAX_NAME_CHARS));
        assert_eq!(fold(&format!("{longest}f")), fold(&longest));
    }
}
