//! `GET /titles`: search as you type, by the beginnings of the words in titles' names, tolerating typing
//! errors.
//!
//! Names and queries are folded in the same way ([`fold`]) and cut into words. A title matches a query if
//! each word of the query matches a word of its name, in any order, in one of four ways (`Fit`). What is
//! typed exactly comes first (`Place`). A year after a name puts the titles of that year first, and hides
//! none.
//!
//! After the first word, if few titles are left, the search walks only the words of their names.

mod folding;
mod fuzzy;
mod order;

use std::collections::BTreeMap;

use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, Invalid, Kind};
use catalog::{RatingTable, TitleTable};
use serde::{Deserialize, Serialize};

use folding::words;
use fuzzy::{Fit, Vocabulary, forgiven};
use order::{Likeness, Place, Typed, Year};

pub use folding::fold;

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

/// What the search needs of a title besides the index.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The name that is shown.
    pub name: &'a str,
    /// The release year, if it is known.
    pub year: Option<u16>,
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
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "`from_stored` checks that ranks are below `n_titles` and that there are at most 2³² of them"
    )]
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
        for word in 0..offsets.len() - 1 {
            for &rank in blocks::group(ranks, offsets, word) {
                let slot = &mut next[rank as usize];
                words[*slot as usize] = word as u32;
                *slot += 1;
            }
        }
        Self { offsets: starts, words }
    }

    fn of(&self, rank: usize) -> &[u32] {
        blocks::group(&self.words, &self.offsets, rank)
    }
}

/// The fit of a title that does not match.
const NO_FIT: u16 = u16::MAX;

/// What a word with errors adds to the fit of a title, more than all words without errors.
const WITH_ERRORS: u16 = 1 << 8;

/// The number of words of a query that are used. Further words are ignored.
pub const MAX_WORDS: usize = 16;

/// Builds the index. Titles are ranked by the number of users who rated their work.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "positions of titles are those of `table`, and a title has no more ratings than there are users"
)]
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

impl Index {
    /// Returns the number of titles.
    pub fn n_titles(&self) -> usize {
        self.by_rank.len()
    }

    /// Returns the positions of the titles that match `query`, best first. `named` returns the name and the
    /// year of a title by its position.
    ///
    /// A whole name comes before the beginning of a name, and that before everything else that matches. The
    /// latter are ordered by the sum over the words of how well each matches (as a word, as a prefix, as a
    /// word with errors, as a prefix with errors). Then the number of ratings decides, and then the position.
    ///
    /// If a year follows the name, as in `Toy Story (1995)` or `Toy Story 1995`, the same titles match as
    /// without it. Those of that year, and those with that number in their names, come first, unless they
    /// match with errors only.
    ///
    /// A query of signs finds names of signs that contain it. A blank query finds all titles.
    pub fn answer<'a>(&self, query: &str, named: impl Fn(u32) -> Named<'a>) -> Vec<u32> {
        let typed = Typed::new(query);
        if typed.is_blank() {
            return self.by_rank.clone();
        }
        let mut by_place: BTreeMap<Place, Vec<u32>> = BTreeMap::new();
        if typed.is_signs() {
            for &title in &self.by_rank {
                if let Some(likeness) = typed.likeness_of_signs(named(title).name) {
                    by_place.entry(Place::of(likeness)).or_default().push(title);
                }
            }
            return by_place.into_values().flatten().collect();
        }
        let folded = fold(query);
        let year = Year::after_a_name(&folded);
        let asked = year.map_or(folded.as_str(), |year| year.name);
        let before_year = year.map(|year| Typed::new(year.name));
        let fits = self.fits(asked);
        for (&title, &fit) in self.by_rank.iter().zip(&fits).filter(|(_, fit)| **fit != NO_FIT) {
            let (has_errors, mut place) = (fit >= WITH_ERRORS, Place::of(Likeness::Part));
            if !has_errors || year.is_some() {
                let Named { name, year: made_in } = named(title);
                place.is_of_another_year = year.is_some_and(|year| !year.fits(name, made_in));
                place.is_uncertain = year.is_some() && (has_errors || place.is_of_another_year);
                if !has_errors {
                    place.as_typed = typed.likeness(name);
                    place.likeness =
                        before_year.as_ref().map_or(place.as_typed, |typed| typed.likeness(name));
                }
            }
            if place.likeness == Likeness::Part {
                place.fit = fit % WITH_ERRORS;
            }
            by_place.entry(place).or_default().push(title);
        }
        by_place.into_values().flatten().collect()
    }

    /// Returns, for each title by rank, the sum over the words of `asked` of how well each matches, or
    /// [`NO_FIT`] if a word does not match. Words with errors add [`WITH_ERRORS`].
    fn fits(&self, asked: &str) -> Vec<u16> {
        let n = self.by_rank.len();
        let mut total = vec![0_u16; n];
        // Words that may not have errors are quick to look up, and leave fewer titles for those that may.
        let mut asked: Vec<&str> = words(asked).take(MAX_WORDS).collect();
        asked.sort_by_key(|word| forgiven(word.chars().count()) > 0);
        for (n_before, word) in asked.into_iter().enumerate() {
            let some = if n_before == 0 { None } else { self.words_among(&total) };
            let mut best = vec![NO_FIT; n];
            Vocabulary { words: &self.words, some: some.as_deref() }.fits(word, |at, fit| {
                let errors = if fit >= Fit::Errors { WITH_ERRORS } else { 0 };
                let fit = errors.saturating_add(fit as u16);
                for &rank in blocks::group(&self.ranks, &self.offsets, at) {
                    if let Some(best) = best.get_mut(rank as usize) {
                        *best = (*best).min(fit);
                    }
                }
            });
            for (total, best) in total.iter_mut().zip(best) {
                *total = if best == NO_FIT { NO_FIT } else { total.saturating_add(best) };
            }
        }
        total
    }

    /// Returns the words of the titles that match so far, if they are few enough to be worth a vocabulary of
    /// their own.
    fn words_among(&self, total: &[u16]) -> Option<Vec<u32>> {
        let most = self.ranks.len() / 8;
        let mut some = Vec::new();
        for (rank, _) in total.iter().enumerate().filter(|(_, fit)| **fit != NO_FIT) {
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
        let ascend = index.words.iter().is_sorted_by(|a, b| a < b);
        Invalid::unless(ascend, "words", "not in order")?;
        let are_words = index.words.iter().all(|w| !w.is_empty() && w.chars().all(char::is_alphanumeric));
        Invalid::unless(are_words, "words", "not of letters and digits")?;
        Invalid::unless(index.offsets.is_sorted_by(|a, b| a < b), "offsets", "a word has no title")?;
        Invalid::unless(index.ranks.iter().all(|&r| r < s.n_titles), "ranks", "out of range")?;
        let of_word = |word: usize| blocks::group(&index.ranks, &index.offsets, word);
        let ascend = (0..n_words).all(|word| of_word(word).is_sorted_by(|a, b| a < b));
        Invalid::unless(ascend, "ranks", "a word's titles are not in order")?;
        Ok(Self { words_of: WordsOf::new(n_titles, &index.offsets, &index.ranks), ..index })
    }
}

#[cfg(test)]
mod tests;
