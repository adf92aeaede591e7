//! `GET /titles`: search as you type, by the beginnings of the words in titles' names, tolerating typing
//! errors.
//!
//! Names and queries are folded in the same way ([`fold`]) and cut into words. A title matches a query if
//! each word of the query matches a word of its name, in any order, in one of four ways (`Fit`).
//!
//! The vocabulary is sorted, so words with a common prefix are next to each other. The search for words with
//! errors walks it like a trie: rows of the distance matrix that two neighboring words share are computed
//! once, and a prefix that already has too many errors is skipped with all of its words. After the first
//! word, if few titles are left, the search walks only the words of their names.

use std::collections::BTreeMap;
use std::ops::Range;

use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, Invalid, Kind};
use catalog::{RatingTable, TitleTable};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words of all names, and the titles that each word occurs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Title positions: the most rated work first, and at equal counts the lower position.
    by_rank: Vec<u32>,
    /// Distinct folded words, sorted.
    words: TextHeap,
    /// Where each word's titles begin in `ranks`, with the end of the last as one more entry.
    offsets: Vec<u32>,
    /// Positions in `by_rank`, in ascending order within a word.
    ranks: Vec<u32>,
    /// The words of each title. They follow from the other fields and are not stored.
    words_of: WordsOf,
}

/// The words of each title, by its position in `by_rank`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct WordsOf {
    /// Where each title's words begin, with the end of the last as one more entry.
    offsets: Vec<u32>,
    /// Positions of words, in ascending order within a title.
    words: Vec<u32>,
}

impl WordsOf {
    /// Inverts the `offsets` and `ranks` of an [`Index`] of `n_titles`.
    ///
    /// It is a counting sort like the builder's `Grouped`. Functions do not contain the builder, so the two
    /// are separate.
    fn new(n_titles: usize, offsets: &[u32], ranks: &[u32]) -> Self {
        let mut starts = vec![0_u32; n_titles + 1];
        for &rank in ranks {
            starts[rank as usize + 1] += 1;
        }
        for title in 0..n_titles {
            starts[title + 1] += starts[title];
        }
        let mut next = starts.clone();
        let mut words = vec![0; ranks.len()];
        for (word, range) in offsets.windows(2).enumerate() {
            for &rank in &ranks[range[0] as usize..range[1] as usize] {
                let slot = &mut next[rank as usize];
                words[*slot as usize] = word as u32;
                *slot += 1;
            }
        }
        Self { offsets: starts, words }
    }

    fn of(&self, rank: usize) -> &[u32] {
        &self.words[self.offsets[rank] as usize..self.offsets[rank + 1] as usize]
    }
}

/// The words of an index in order: all of them, or some.
#[derive(Clone, Copy)]
struct Vocabulary<'a> {
    words: &'a TextHeap,
    /// Positions in `words`, in ascending order; `None` for all.
    some: Option<&'a [u32]>,
}

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
    fn fits(&self, typed: &str, mut found: impl FnMut(usize, Fit)) {
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
enum Fit {
    /// It is the same word.
    Exact,
    /// It is a prefix of the word.
    Prefix,
    /// It is the word with a few errors.
    Errors,
    /// It is a prefix of the word with a few errors.
    PrefixErrors,
}

/// The fit of a title that does not match.
const NO_FIT: u16 = u16::MAX;

/// The number of words of a query that are used. Further words are ignored.
pub const MAX_WORDS: usize = 16;

/// Returns how many errors a word of this length may have: one from 4 letters, two from 8. An error is an
/// extra, a missing or a wrong letter, or two neighboring letters exchanged.
fn forgiven(n_letters: usize) -> u8 {
    match n_letters {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

/// Folds a text to lowercase without accents: compatibility decomposition (Unicode NFKD) without combining
/// marks. Letters that have no decomposition become those that people type instead (`o` for `ø`, `ss` for
/// `ß`). Apostrophes are removed, so that `dont` finds `Don't`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase) {
        match letter {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            '\'' | '’' | '‘' | 'ʼ' => {}
            // The lowercase of a letter may be two characters, the second of them a mark.
            mark if is_combining_mark(mark) => {}
            other => folded.push(other),
        }
    }
    folded
}

/// Returns the words of a folded text: runs of letters and digits.
fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Builds the index. Titles are ranked by the number of users who rated their work.
pub fn build(table: &TitleTable, ratings: &RatingTable) -> Index {
    let works = table.works();
    let mut n_ratings = vec![0_u32; works.len()];
    for &title in ratings.by_work(&works).title_idx() {
        n_ratings[title as usize] += 1;
    }
    let mut by_rank: Vec<u32> = (0..works.len() as u32).collect();
    by_rank.sort_by_key(|&title| (std::cmp::Reverse(n_ratings[works[title as usize] as usize]), title));

    let mut found: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (rank, &title) in by_rank.iter().enumerate() {
        for word in words(&fold(&table.titles()[title as usize].display)) {
            let ranks = found.entry(word.to_owned()).or_default();
            // A name may have a word twice.
            if ranks.last() != Some(&(rank as u32)) {
                ranks.push(rank as u32);
            }
        }
    }
    let (mut vocabulary, mut offsets, mut all) = (TextHeap::default(), vec![0], Vec::new());
    for (word, ranks) in found {
        vocabulary.push(&word);
        all.extend(ranks);
        offsets.push(all.len() as u32);
    }
    let words_of = WordsOf::new(by_rank.len(), &offsets, &all);
    Index { by_rank, words: vocabulary, offsets, ranks: all, words_of }
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

impl Index {
    /// Returns the number of titles.
    pub fn n_titles(&self) -> usize {
        self.by_rank.len()
    }

    /// Returns the positions of the titles that match `query`, best first. Titles are ordered by the sum over
    /// the words of how well each matches (as a word, as a prefix, as a word with errors, as a prefix with
    /// errors), then by number of ratings, then by position. If the query has no word, all titles match.
    pub fn answer(&self, query: &str) -> Vec<u32> {
        let folded = fold(query);
        let n = self.by_rank.len();
        let mut total = vec![0_u16; n];
        let mut n_words = 0;
        // Words that may not have errors are quick to look up, and leave fewer titles for those that may.
        let mut asked: Vec<&str> = words(&folded).take(MAX_WORDS).collect();
        asked.sort_by_key(|word| forgiven(word.chars().count()) > 0);
        for word in asked {
            let some = if n_words == 0 { None } else { self.words_among(&total) };
            let mut best = vec![NO_FIT; n];
            Vocabulary { words: &self.words, some: some.as_deref() }.fits(word, |at, fit| {
                for &rank in &self.ranks[self.offsets[at] as usize..self.offsets[at + 1] as usize] {
                    let best = &mut best[rank as usize];
                    *best = (*best).min(fit as u16);
                }
            });
            for (total, best) in total.iter_mut().zip(best) {
                *total = if best == NO_FIT { NO_FIT } else { total.saturating_add(best) };
            }
            n_words += 1;
        }
        let mut by_fit = vec![Vec::new(); n_words * Fit::PrefixErrors as usize + 1];
        for (rank, &fit) in total.iter().enumerate() {
            if let Some(fitting) = by_fit.get_mut(usize::from(fit)) {
                fitting.push(self.by_rank[rank]);
            }
        }
        by_fit.concat()
    }

    /// Returns the words of the titles that match so far, if they are few enough to be worth a vocabulary of
    /// their own.
    fn words_among(&self, total: &[u16]) -> Option<Vec<u32>> {
        let most = self.ranks.len() / 8;
        let mut some = Vec::new();
        for rank in (0..total.len()).filter(|&rank| total[rank] != NO_FIT) {
            some.extend_from_slice(self.words_of.of(rank));
            if some.len() > most {
                return None;
            }
        }
        some.sort_unstable();
        some.dedup();
        Some(some)
    }
}

/// The stored form. Rules: `by_rank` has every title once. Words are in ascending order and consist of
/// letters and digits. Every word has a title. Ranks are in range, and in ascending order within a word.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredIndex<'a> {
    n_titles: u32,
    n_words: u32,
    n_ranks: u32,
    #[serde(borrow, with = "serde_bytes")]
    by_rank: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    ranks: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    word_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    words: &'a [u8],
}

impl Artifact for Index {
    const KIND: Kind = Kind::TitleSearch;
    type Stored<'a> = StoredIndex<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let (word_offsets, words) = self.words.to_blocks();
        write(&StoredIndex {
            n_titles: self.by_rank.len() as u32,
            n_words: self.words.len() as u32,
            n_ranks: self.ranks.len() as u32,
            by_rank: &blocks::from_u32(&self.by_rank),
            offsets: &blocks::from_u32(&self.offsets),
            ranks: &blocks::from_u32(&self.ranks),
            word_offsets: &word_offsets,
            words,
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let (n_titles, n_words) = (s.n_titles as usize, s.n_words as usize);
        let index = Self {
            by_rank: blocks::to_u32("by_rank", s.by_rank, n_titles)?,
            words: TextHeap::from_blocks("words", s.word_offsets, s.words, n_words)?,
            offsets: blocks::to_offsets("offsets", s.offsets, n_words, s.n_ranks)?,
            ranks: blocks::to_u32("ranks", s.ranks, s.n_ranks as usize)?,
            words_of: WordsOf::default(),
        };
        let mut named = vec![false; n_titles];
        for &title in &index.by_rank {
            match named.get_mut(title as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(Invalid::new("by_rank", "a title occurs twice, or is out of range")),
            }
        }
        let ascend = (1..n_words).all(|at| index.words.get(at - 1) < index.words.get(at));
        Invalid::unless(ascend, "words", "not in order")?;
        let are_words = index.words.iter().all(|w| !w.is_empty() && w.chars().all(char::is_alphanumeric));
        Invalid::unless(are_words, "words", "not of letters and digits")?;
        Invalid::unless(index.offsets.is_sorted_by(|a, b| a < b), "offsets", "a word has no title")?;
        Invalid::unless(index.ranks.iter().all(|&r| r < s.n_titles), "ranks", "out of range")?;
        let ascend = index
            .offsets
            .windows(2)
            .all(|cut| index.ranks[cut[0] as usize..cut[1] as usize].is_sorted_by(|a, b| a < b));
        Invalid::unless(ascend, "ranks", "a word's titles are not in order")?;
        Ok(Self { words_of: WordsOf::new(n_titles, &index.offsets, &index.ranks), ..index })
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Platform, Title, TitleId};
    use proptest::prelude::*;

    use super::*;
    use crate::random_tables;

    /// Makes titles of these names. The last has the most ratings.
    fn table(names: &[String]) -> (TitleTable, RatingTable) {
        // Without a year, every title is a work by itself.
        let title = |(i, name): (usize, &String)| {
            Title::named(TitleId::new(&format!("a{i}")).unwrap(), name.as_str())
        };
        let titles = names.iter().enumerate().map(title).collect();
        let titles = TitleTable::new(vec![Platform::new("amazon").unwrap()], titles).unwrap();
        (titles, random_tables::staircase(names.len()))
    }

    fn index(names: &[String]) -> Index {
        let (titles, ratings) = table(names);
        Index::from_bytes(&build(&titles, &ratings).to_bytes().unwrap()).unwrap()
    }

    fn found<'a>(names: &[&'a str], query: &str) -> Vec<&'a str> {
        let owned: Vec<String> = names.iter().map(|&n| n.to_owned()).collect();
        index(&owned).answer(query).into_iter().map(|at| names[at as usize]).collect()
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

    fn slow_answer(names: &[String], query: &str) -> Vec<u32> {
        let query = fold(query);
        let mut fitting: Vec<(usize, std::cmp::Reverse<usize>)> = names
            .iter()
            .enumerate()
            .filter_map(|(at, name)| {
                let name = fold(name);
                let fits = words(&query).map(|typed| words(&name).filter_map(|w| slow_fit(typed, w)).min());
                Some((fits.sum::<Option<usize>>()?, std::cmp::Reverse(at)))
            })
            .collect();
        fitting.sort_unstable();
        fitting.into_iter().map(|(_, at)| at.0 as u32).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn the_index_agrees_with_a_scan(
            names in proptest::collection::vec("[abñ]{1,10}( [abc]{1,5})?", 0..30),
            query in "[abñc]{0,10}( [abc]{1,4})?",
        ) {
            prop_assert_eq!(index(&names).answer(&query), slow_answer(&names, &query));
        }

        #[test]
        fn any_query_has_an_answer(names: Vec<String>, query: String) {
            let index = index(&names);
            prop_assert!(index.answer(&query).len() <= index.n_titles());
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
    fn the_better_fit_comes_first_then_the_more_rated() {
        let names = ["Harbour", "Harbours", "Harbor", "Harbour Lights", "Lights"];
        assert_eq!(found(&names, "harbour"), ["Harbour Lights", "Harbour", "Harbours", "Harbor"]);
        assert_eq!(found(&names, "ligths harb"), ["Harbour Lights"]);
        assert_eq!(found(&names, "harbour lightning"), [""; 0]);
        // Without a word, all are listed, the most rated first.
        assert_eq!(found(&names, " !"), ["Lights", "Harbour Lights", "Harbor", "Harbours", "Harbour"]);
    }
}
