//! In what order titles are found: by how much of the name was typed, and by the year typed after it.

use super::folding::{fold, folded, joined, words};

/// How much of a name a typed text is, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// The whole name.
    Same,
    /// All words of the name with other signs between them, or all signs with other blanks.
    SameWords,
    /// The beginning of the name.
    Beginning,
    /// Something else that the name matches.
    Part,
}

/// A typed text, in the forms that names are compared with.
#[derive(Debug)]
pub(super) struct Typed {
    /// In lowercase: of an apostrophe, folding leaves nothing.
    lower: String,
    folded: String,
    /// The words.
    joined: String,
}

/// Returns a text with one blank for each run of blanks.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Typed {
    pub(super) fn new(text: &str) -> Self {
        let folded = spaced(&fold(text));
        let joined = joined(folded.chars()).collect();
        Self { lower: spaced(&text.to_lowercase()), folded, joined }
    }

    /// Returns whether nothing but blanks was typed.
    pub(super) fn is_blank(&self) -> bool {
        self.lower.is_empty()
    }

    /// Returns whether it has signs, but no word.
    pub(super) fn is_signs(&self) -> bool {
        self.joined.is_empty() && !self.is_blank()
    }

    /// Returns how much of a name it is, for a name that it matches. No more of the name is folded than is
    /// compared, and most names differ in the first letter.
    pub(super) fn likeness(&self, name: &str) -> Likeness {
        let begins = if name.is_ascii() {
            // Folding costs more than all the rest, and ASCII needs little of it.
            let letters = name.bytes().filter(|&letter| letter != b'\'');
            self.begins(joined(letters.map(|letter| char::from(letter.to_ascii_lowercase()))))
        } else {
            self.begins(joined(folded(name)))
        };
        match begins {
            None => Likeness::Part,
            Some(false) => Likeness::Beginning,
            Some(true) if spaced(&fold(name)) == self.folded => Likeness::Same,
            Some(true) => Likeness::SameWords,
        }
    }

    /// Returns whether the words of a name are all that was typed, if the name begins with it.
    fn begins(&self, mut name: impl Iterator<Item = char>) -> Option<bool> {
        let begins = self.joined.chars().all(|typed| name.next() == Some(typed));
        begins.then(|| name.next().is_none())
    }

    /// Returns how much of a name typed signs are; `None` if the name has words or other signs. Blanks
    /// between signs count only for the name that comes first.
    pub(super) fn likeness_of_signs(&self, name: &str) -> Option<Likeness> {
        if spaced(&name.to_lowercase()) == self.lower {
            return Some(Likeness::Same);
        }
        if folded(name).any(char::is_alphanumeric) {
            return None;
        }
        let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
        let folded = fold(name);
        let (name, typed) = (without_blanks(&folded), without_blanks(&self.folded));
        if typed.is_empty() || !name.contains(&typed) {
            None
        } else if spaced(&folded) == self.folded {
            Some(Likeness::Same)
        } else if name == typed {
            Some(Likeness::SameWords)
        } else if name.starts_with(&typed) {
            Some(Likeness::Beginning)
        } else {
            Some(Likeness::Part)
        }
    }
}

/// A year typed after a name, or its first digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Year<'a> {
    /// The text before it, with at least one word.
    pub(super) name: &'a str,
    /// One to four digits.
    pub(super) digits: &'a str,
}

/// The numbers that are years even without brackets: those of films. Other numbers are words of a name.
const YEARS_OF_FILMS: std::ops::RangeInclusive<u16> = 1870..=2100;

impl<'a> Year<'a> {
    /// Finds the year at the end of a folded text: `1995` as a word of its own, `(1995)`, or an open bracket
    /// and the digits typed so far.
    pub(super) fn after_a_name(folded: &'a str) -> Option<Self> {
        let text = folded.trim_end();
        let closed = text.strip_suffix([')', ']']);
        let text = closed.unwrap_or(text).trim_end();
        let name = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &text[name.len()..];
        let opened = name.trim_end().strip_suffix(['(', '[']);
        let is_year = match (opened, closed) {
            (Some(_), None) => (1..=4).contains(&digits.len()),
            (Some(_), Some(_)) => digits.len() == 4,
            (None, _) => digits.len() == 4 && digits.parse().is_ok_and(|year| YEARS_OF_FILMS.contains(&year)),
        };
        let name = opened.unwrap_or(name);
        let is_apart = opened.is_some() || !name.ends_with(char::is_alphanumeric);
        (is_year && is_apart && words(name).next().is_some()).then_some(Self { name, digits })
    }

    /// Returns whether a title is of this year, or has the digits as a word of its name.
    pub(super) fn fits(self, name: &str, year: Option<u16>) -> bool {
        year.is_some_and(|year| year.to_string().starts_with(self.digits))
            || words(&fold(name)).any(|word| word == self.digits)
    }
}

/// The place of a title among those that are found, best first. Titles at the same place are ordered by
/// their number of ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// How much of the name the text is, the year included.
    pub(super) as_typed: Likeness,
    /// Whether a word has typing errors or the title is not of the year, if a year was typed.
    pub(super) is_uncertain: bool,
    /// How much of the name the text before the year is.
    pub(super) likeness: Likeness,
    /// The sum of how well each word matches, if the name does not begin with the text.
    pub(super) fit: u16,
    /// Whether the title is of another year than the one typed.
    pub(super) is_of_another_year: bool,
}

impl Place {
    /// The place of a title of which nothing else is known.
    pub(super) fn of(likeness: Likeness) -> Self {
        Self { as_typed: likeness, is_uncertain: false, likeness, fit: 0, is_of_another_year: false }
    }
}
