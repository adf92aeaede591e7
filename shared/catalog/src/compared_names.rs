//! Names that can be searched for a text.

use crate::names::compared;

/// Names in the form in which they are compared, all in one text. They are converted once, so a search is one
/// pass over the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComparedNames {
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
}

impl<'a> FromIterator<&'a str> for ComparedNames {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut all = Self::default();
        for name in names {
            all.text.push_str(&compared(name));
            all.ends.push(all.text.len());
        }
        all
    }
}

impl ComparedNames {
    /// Returns the number of names.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the positions of the names that contain a text, in ascending order. The text is compared as
    /// [`compared`] does. An empty text is in every name.
    pub fn containing(&self, text: &str) -> impl Iterator<Item = usize> {
        let text = compared(text);
        // The name at `at` begins at `begin`.
        let (mut at, mut begin) = (0_usize, 0_usize);
        std::iter::from_fn(move || {
            loop {
                let found = begin.checked_add(self.text.get(begin..)?.find(&text)?)?;
                // The name in which the match begins; an empty text is found in empty names too.
                while *self.ends.get(at)? <= found && !text.is_empty() {
                    at = at.checked_add(1)?;
                }
                let (this, end) = (at, *self.ends.get(at)?);
                (at, begin) = (at.checked_add(1)?, end);
                // Otherwise the match runs into the next name, and so do all later ones in this name.
                if found.checked_add(text.len())? <= end {
                    return Some(this);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_match_does_not_go_on_in_the_next_name() {
        let names: ComparedNames = ["Comedies", "", "Drama", "Stand-Up COMEDY"].into_iter().collect();
        let found = |text: &str| names.containing(text).collect::<Vec<_>>();
        assert_eq!(found("comed"), [0, 3]);
        assert_eq!(found("sd"), []);
        assert_eq!(found("DRAMA"), [2]);
        assert_eq!(found(""), [0, 1, 2, 3]);
        assert_eq!(ComparedNames::default().containing("").next(), None);
    }

    proptest! {
        #[test]
        fn it_finds_what_looking_at_each_name_finds(
            names in prop::collection::vec("[aAbé\u{301}e]{0,5}", 0..12),
            text in "[aAbée\u{301}]{0,3}",
        ) {
            let all: ComparedNames = names.iter().map(String::as_str).collect();
            let one_by_one = (0..names.len()).filter(|&at| compared(&names[at]).contains(&compared(&text)));
            prop_assert_eq!(all.containing(&text).collect::<Vec<_>>(), one_by_one.collect::<Vec<_>>());
            prop_assert_eq!(all.len(), names.len());
        }
    }
}
