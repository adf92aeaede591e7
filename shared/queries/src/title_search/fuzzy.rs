//! How a typed word matches the words of an index, with typing errors.
//!
//! The vocabulary is sorted, so words with a common prefix are next to each other. The search for words with
//! errors walks it like a trie: rows of the distance matrix that two neighboring words share are computed
//! once, and a prefix that already has too many errors is skipped with all of its words.

use std::ops::Range;

use artifact::blocks::TextHeap;

/// The words of an index in order: all of them, or some.
#[derive(Clone, Copy)]
pub(super) struct Vocabulary<'a> {
    pub(super) words: &'a TextHeap,
    /// Positions in `words`, in ascending order; `None` for all.
    pub(super) some: Option<&'a [u32]>,
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a position is compared with `len` before it is used; sums are of bytes or words in memory"
)]
impl<'a> Vocabulary<'a> {
    fn len(&self) -> usize {
        self.some.map_or(self.words.len(), <[u32]>::len)
    }

    /// Returns the position in the index of the word at `at`.
    fn position(&self, at: usize) -> usize {
        self.some.map_or(at, |some| some[at] as usize)
    }

    fn get(&self, at: usize) -> &'a str {
        self.words.get(self.position(at))
    }

    /// Calls `found` with the position of each word that `typed` matches, and how it matches.
    pub(super) fn fits(&self, typed: &str, mut found: impl FnMut(usize, Fit)) {
        let begins = self.starting_with(typed);
        for at in begins.clone() {
            found(self.position(at), if self.get(at) == typed { Fit::Exact } else { Fit::Prefix });
        }
        let most = forgiven(typed.chars().count());
        if most == 0 {
            return;
        }
        let mut distances = Distances::new(typed, most);
        let mut at = 0;
        'words: while at < self.len() {
            if at == begins.start && !begins.is_empty() {
                at = begins.end;
                continue;
            }
            let word = self.get(at);
            let shared = distances.letters.iter().zip(word.chars()).take_while(|(a, b)| **a == *b).count();
            distances.cut(shared);
            let mut n_bytes: usize = distances.letters.iter().map(|c| c.len_utf8()).sum();
            for letter in word.chars().skip(shared) {
                distances.push(letter);
                n_bytes += letter.len_utf8();
                if distances.is_hopeless() {
                    let end = self.end_of(&word[..n_bytes], at);
                    if distances.begins() {
                        (at..end).for_each(|at| found(self.position(at), Fit::PrefixErrors));
                    }
                    at = end;
                    continue 'words;
                }
            }
            if let Some(fit) = distances.fit() {
                found(self.position(at), fit);
            }
            at += 1;
        }
    }

    /// Returns the positions of the words that start with `prefix`.
    fn starting_with(&self, prefix: &str) -> Range<usize> {
        let first = self.partition_point(0..self.len(), |word| word < prefix);
        first..self.partition_point(first..self.len(), |word| word.starts_with(prefix))
    }

    /// Returns the end of the words that start with `prefix`, as the word at `at` does. Few words share a
    /// prefix that is skipped, so the steps grow from there: a search of the whole vocabulary took most of
    /// the time.
    fn end_of(&self, prefix: &str, at: usize) -> usize {
        let (mut last, mut step) = (at, 1);
        while last + step < self.len() && self.get(last + step).starts_with(prefix) {
            last += step;
            step *= 2;
        }
        self.partition_point(last + 1..(last + step).min(self.len()), |word| word.starts_with(prefix))
    }

    /// Returns the first position in `range` whose word does not satisfy `before`, which all words before it
    /// do.
    fn partition_point(&self, range: Range<usize>, before: impl Fn(&str) -> bool) -> usize {
        match self.some {
            None => self.words.partition_point(range, before),
            Some(some) => {
                range.start
                    + some[range].partition_point(|&position| before(self.words.get(position as usize)))
            }
        }
    }
}

/// How a typed word matches a word of a name, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It is the same word.
    Exact,
    /// It is a prefix of the word.
    Prefix,
    /// It is the word with a few errors.
    Errors,
    /// It is a prefix of the word with a few errors.
    PrefixErrors,
}

/// Returns how many errors a word of this length may have: one from 4 letters, two from 8. An error is an
/// extra, a missing or a wrong letter, or two neighboring letters exchanged.
pub(super) fn forgiven(n_letters: usize) -> u8 {
    match n_letters {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

/// The distance matrix between the typed text and the prefixes of a word, one row for each letter of the
/// word. Distances above the allowed errors are all stored as one more than those. They are not computed away
/// from the diagonal.
struct Distances {
    typed: Vec<char>,
    most: u8,
    /// Letters of the word so far.
    letters: Vec<char>,
    /// Row `d` holds, for each `j`, the errors between the first `j` typed letters and the first `d` of the
    /// word.
    rows: Vec<u8>,
    /// The smallest value of each row.
    least: Vec<u8>,
    /// For each row, the fewest errors between all typed letters and this prefix or a shorter one.
    best: Vec<u8>,
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "`new`, `push` and `cut` keep one more row than letters, and rows have one more value than there \
              are typed letters; values are at most 3"
)]
impl Distances {
    fn new(typed: &str, most: u8) -> Self {
        let typed: Vec<char> = typed.chars().collect();
        let first: Vec<u8> = (0..=typed.len()).map(|j| j.min(usize::from(most) + 1) as u8).collect();
        let best = vec![first[typed.len()]];
        Self { typed, most, letters: Vec::new(), rows: first, least: vec![0], best }
    }

    fn row(&self, d: usize) -> &[u8] {
        let width = self.typed.len() + 1;
        &self.rows[d * width..(d + 1) * width]
    }

    fn cut(&mut self, n_letters: usize) {
        self.letters.truncate(n_letters);
        self.rows.truncate((n_letters + 1) * (self.typed.len() + 1));
        self.least.truncate(n_letters + 1);
        self.best.truncate(n_letters + 1);
    }

    /// Adds a row, by optimal string alignment: an exchanged pair is one error, and its letters are not
    /// edited again.
    fn push(&mut self, letter: char) {
        let (d, n_typed, too_many) = (self.letters.len() + 1, self.typed.len(), self.most + 1);
        let width = n_typed + 1;
        self.rows.resize((d + 1) * width, too_many);
        let (before, row) = self.rows.split_at_mut(d * width);
        let above = &before[(d - 1) * width..];
        row[0] = d.min(usize::from(too_many)) as u8;
        let band = usize::from(self.most);
        let mut least_of_row = row[0];
        for j in d.saturating_sub(band).max(1)..=(d + band).min(n_typed) {
            let typed = self.typed[j - 1];
            let mut least = (above[j - 1] + u8::from(typed != letter))
                .min(above[j] + 1)
                .min(row[j - 1] + 1)
                .min(too_many);
            if d > 1 && j > 1 && typed == self.letters[d - 2] && self.typed[j - 2] == letter {
                least = least.min(before[(d - 2) * width + j - 2] + 1);
            }
            row[j] = least;
            least_of_row = least_of_row.min(least);
        }
        self.least.push(least_of_row);
        self.best.push(self.best[d - 1].min(row[n_typed]));
        self.letters.push(letter);
    }

    /// Returns whether further letters cannot bring the errors of the word, or of a prefix of it, down to
    /// those allowed. An exchanged pair takes a value from two rows above, so the last two rows count.
    fn is_hopeless(&self) -> bool {
        let d = self.letters.len();
        self.least[d.saturating_sub(1)..].iter().all(|&least| least > self.most)
    }

    /// Returns how the typed text matches the word whose letters were pushed.
    fn fit(&self) -> Option<Fit> {
        if self.row(self.letters.len())[self.typed.len()] <= self.most {
            return Some(Fit::Errors);
        }
        self.begins().then_some(Fit::PrefixErrors)
    }

    /// Returns whether the typed text is a prefix of the word with few enough errors.
    fn begins(&self) -> bool {
        self.best[self.letters.len()] <= self.most
    }
}
