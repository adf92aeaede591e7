//! `get_count(by, platform, kind, country, genre, audience, year)`: how many titles match some filters, in
//! total and by each value of an attribute.

use std::fmt;
use std::str::FromStr;

use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, Invalid, Kind, TitleGenres};
use catalog::{ComparedNames, Title, TitleTable, compared};
use serde::{Deserialize, Serialize};

/// What titles are counted by, and filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attribute {
    /// The platform.
    Platform,
    /// `movie` or `series`.
    Kind,
    /// The countries of origin; a title may have several.
    Country,
    /// The genres, as the platforms call them; a title may have several.
    Genre,
    /// The audience rating.
    Audience,
    /// The release year.
    Year,
    /// The genres under names that are the same on all platforms; a title may have several.
    CanonicalGenre,
}

/// The number of attributes that the index holds. Canonical genres are an artifact of their own.
const N_STORED: usize = 6;

impl Attribute {
    /// Every attribute, those in the index first.
    pub const ALL: [Self; 7] = [
        Self::Platform,
        Self::Kind,
        Self::Country,
        Self::Genre,
        Self::Audience,
        Self::Year,
        Self::CanonicalGenre,
    ];

    /// The names, in the order of [`Attribute::ALL`].
    pub const NAMES: [&'static str; 7] =
        ["platform", "kind", "country", "genre", "audience", "year", "canonical_genre"];

    /// Returns the name.
    #[expect(clippy::indexing_slicing, reason = "there are as many names as attributes")]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Returns the values that a title has, each at least once, without empty ones.
    fn of(self, table: &TitleTable, title: &Title) -> Vec<String> {
        let mut values = match self {
            Self::Platform => vec![table.platform_of(title).to_string()],
            Self::Kind => vec![title.kind.as_str().to_owned()],
            Self::Country => title.country.clone(),
            Self::Genre => title.genres.clone(),
            Self::Audience => vec![title.audience.clone()],
            Self::Year => title.release_year.map(|year| year.to_string()).into_iter().collect(),
            Self::CanonicalGenre => title.canonical_genres.clone(),
        };
        values.retain(|value| !value.is_empty());
        values
    }
}

impl FromStr for Attribute {
    type Err = ();
    /// Reads a name in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim();
        Self::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(text)).ok_or(())
    }
}

/// What is counted. Of several values of a filter any may match, and without values all titles match. Texts
/// are compared as [`catalog::compared`] does; a genre is part of a platform's name for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question<'a> {
    /// What to count by, in addition to the total.
    pub by: Option<Attribute>,
    /// Only titles of these platforms.
    pub platform: &'a [&'a str],
    /// Only titles of these kinds.
    pub kind: &'a [catalog::Kind],
    /// Only titles from these countries.
    pub country: &'a [&'a str],
    /// Only titles with a genre whose name on its platform contains one of these.
    pub genre: &'a [&'a str],
    /// Only titles of these canonical genres.
    pub canonical_genre: &'a [&'a str],
    /// Only titles of these audience ratings.
    pub audience: &'a [&'a str],
    /// Only titles of these release years.
    pub year: &'a [u16],
}

/// How many titles match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The number of titles, each counted once.
    pub total: u32,
    /// The number of titles with each value of the attribute: the largest first, equal ones by name. Values
    /// that no matching title has are left out. A title with several values counts for each of them, and a
    /// title without any for none.
    pub counts: Vec<(&'a str, u32)>,
}

/// A name that no title of the release has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    /// The attribute.
    pub attribute: Attribute,
    /// What was asked for.
    pub found: String,
    /// What there is.
    pub allowed: Vec<String>,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, allowed, .. } = self;
        let allowed = catalog::names_in_words(allowed);
        match self.attribute {
            Attribute::Genre => write!(f, "no genre contains {found:?}; the genres are {allowed}"),
            Attribute::CanonicalGenre => {
                write!(f, "there is no canonical genre {found:?}; the canonical genres are {allowed}")
            }
            Attribute::Country => write!(f, "there is no country {found:?}; the countries are {allowed}"),
            Attribute::Audience => {
                write!(f, "there is no audience rating {found:?}; the audience ratings are {allowed}")
            }
            other => write!(f, "there is no {0} {found:?}; the {0}s are {allowed}", other.name()),
        }
    }
}

impl std::error::Error for UnknownName {}

/// For each value of each attribute, the titles that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    n_titles: usize,
    /// In the order of [`Attribute::ALL`].
    postings: [Postings; N_STORED],
    /// `None` if the release has no canonical genres. Then each platform's name is a genre by itself.
    canonical: Option<Postings>,
}

/// The titles of each value of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Postings {
    /// The values, in ascending order.
    names: TextHeap,
    /// The values as they are compared, with their positions, in ascending order. They follow from `names`
    /// and are not stored.
    by_name: Vec<(String, u32)>,
    /// The values, to be searched. They are not stored either.
    by_text: ComparedNames,
    /// Where each value's titles begin, with the end of the last as one more entry.
    offsets: Vec<u32>,
    /// Positions of titles, in ascending order within a value.
    titles: Vec<u32>,
}

/// Builds the index.
pub fn build(table: &TitleTable) -> Index {
    let [stored @ .., _] = Attribute::ALL;
    let postings: [Postings; N_STORED] = stored.map(|attribute| {
        let mut pairs: Vec<(String, u32)> = Vec::new();
        for (position, title) in table.titles().iter().enumerate() {
            pairs.extend(attribute.of(table, title).into_iter().map(|name| (name, position as u32)));
        }
        Postings::of_pairs(pairs)
    });
    Index { n_titles: table.titles().len(), postings, canonical: None }
}

/// Returns the values as they are compared, with their positions, in ascending order.
fn by_name(names: &TextHeap) -> Vec<(String, u32)> {
    let mut by_name: Vec<(String, u32)> = names.iter().map(compared).zip(0..).collect();
    by_name.sort_unstable();
    by_name
}

impl Postings {
    /// Takes pairs of a value and a title in any order. A pair may occur twice, because a list may name one
    /// value twice.
    fn of_pairs<T: AsRef<str> + Ord>(mut pairs: Vec<(T, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let groups: Vec<&[(T, u32)]> = pairs.chunk_by(|a, b| a.0 == b.0).collect();
        let (mut offsets, mut end) = (vec![0], 0_u32);
        for group in &groups {
            end = end.saturating_add(group.len() as u32);
            offsets.push(end);
        }
        let names = groups.iter().filter_map(|group| group.first());
        let names: TextHeap = names.map(|(name, _)| name.as_ref()).collect();
        let titles = pairs.iter().map(|pair| pair.1).collect();
        Self { by_name: by_name(&names), by_text: names.iter().collect(), names, offsets, titles }
    }

    /// Returns the titles of a value.
    fn of(&self, at: usize) -> &[u32] {
        blocks::group(&self.titles, &self.offsets, at)
    }

    /// Finds a value by its name, as it is compared.
    fn find(&self, name: &str) -> Option<usize> {
        let at = self.by_name.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        self.by_name.get(at).map(|&(_, at)| at as usize)
    }
}

/// A set of titles, one bit each.
struct Titles(Vec<u64>);

impl Titles {
    fn all(n: usize) -> Self {
        let mut words = vec![u64::MAX; n.div_ceil(64)];
        if let Some(last) = words.last_mut().filter(|_| !n.is_multiple_of(64)) {
            *last = (1_u64 << (n % 64)).saturating_sub(1);
        }
        Self(words)
    }

    fn has(&self, title: u32) -> bool {
        self.0.get(title as usize / 64).is_some_and(|word| word >> (title % 64) & 1 == 1)
    }

    /// Keeps the titles that are in one of the lists.
    fn keep<'a>(&mut self, lists: impl Iterator<Item = &'a [u32]>) {
        let mut wanted = vec![0_u64; self.0.len()];
        for &title in lists.flatten() {
            if let Some(word) = wanted.get_mut(title as usize / 64) {
                *word |= 1 << (title % 64);
            }
        }
        for (word, wanted) in self.0.iter_mut().zip(wanted) {
            *word &= wanted;
        }
    }

    fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

impl Index {
    /// Adds the canonical genres.
    ///
    /// # Errors
    /// They are not those of as many titles.
    pub fn with_genres(self, genres: &TitleGenres) -> Result<Self, Invalid> {
        Invalid::unless(genres.n_titles() == self.n_titles, "genres", "not of as many titles as the index")?;
        let names: Vec<&str> = genres.names().collect();
        let of_title = |title: usize| genres.of(title).iter().map(move |&genre| (genre, title as u32));
        let pairs = (0..self.n_titles).flat_map(of_title);
        let pairs = pairs.filter_map(|(genre, title)| Some((*names.get(usize::from(genre))?, title)));
        let pairs = pairs.collect();
        Ok(Self { canonical: Some(Postings::of_pairs(pairs)), ..self })
    }

    fn of(&self, attribute: Attribute) -> &Postings {
        let [platform, kind, country, genre, audience, year] = &self.postings;
        match attribute {
            Attribute::Platform => platform,
            Attribute::Kind => kind,
            Attribute::Country => country,
            Attribute::Genre => genre,
            Attribute::Audience => audience,
            Attribute::Year => year,
            Attribute::CanonicalGenre => self.canonical.as_ref().unwrap_or(genre),
        }
    }

    /// Returns the values that a filter finds by a name.
    fn found(&self, attribute: Attribute, wanted: &str) -> impl Iterator<Item = usize> {
        let postings = self.of(attribute);
        let is_part = attribute == Attribute::Genre;
        let parts = is_part.then(|| postings.by_text.containing(wanted));
        let whole = if is_part { None } else { postings.find(&compared(wanted)) };
        parts.into_iter().flatten().chain(whole)
    }

    /// Sets the flags of the values that a filter accepts. A year that no title has is not an error: nothing
    /// matches it.
    fn accept(&self, attribute: Attribute, wanted: &str, accepted: &mut [bool]) -> Result<(), UnknownName> {
        let mut is_known = matches!(attribute, Attribute::Year | Attribute::Kind);
        for at in self.found(attribute, wanted.trim()) {
            is_known = true;
            if let Some(flag) = accepted.get_mut(at) {
                *flag = true;
            }
        }
        if is_known {
            return Ok(());
        }
        let allowed = self.of(attribute).names.iter().map(str::to_owned).collect();
        Err(UnknownName { attribute, found: compared(wanted.trim()), allowed })
    }

    /// Returns whether a filter on an attribute finds a value by this name.
    pub fn has(&self, attribute: Attribute, name: &str) -> bool {
        self.found(attribute, name.trim()).next().is_some()
    }

    /// Answers a query: intersects the titles of each filter's values, and looks up how many of each value of
    /// `by` are left.
    ///
    /// # Errors
    /// For each filter, the first name that no title has.
    pub fn answer(&self, question: &Question<'_>) -> Result<Answer<'_>, Vec<UnknownName>> {
        let kinds: Vec<&str> = question.kind.iter().map(|kind| kind.as_str()).collect();
        let years: Vec<String> = question.year.iter().map(u16::to_string).collect();
        let years: Vec<&str> = years.iter().map(String::as_str).collect();
        let filters = [
            (Attribute::Platform, question.platform),
            (Attribute::Kind, &kinds),
            (Attribute::Country, question.country),
            (Attribute::Genre, question.genre),
            (Attribute::CanonicalGenre, question.canonical_genre),
            (Attribute::Audience, question.audience),
            (Attribute::Year, &years),
        ];
        let (mut left, mut unknown) = (Titles::all(self.n_titles), Vec::new());
        for (attribute, wanted) in filters.into_iter().filter(|(_, wanted)| !wanted.is_empty()) {
            let postings = self.of(attribute);
            // A value that several names find counts once, so no more is read than the postings have.
            let mut accepted = vec![false; postings.names.len()];
            for name in wanted {
                if let Err(error) = self.accept(attribute, name, &mut accepted) {
                    unknown.push(error);
                    break;
                }
            }
            let values = accepted.iter().enumerate().filter(|(_, accepted)| **accepted);
            left.keep(values.map(|(at, _)| postings.of(at)));
        }
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let mut counts = Vec::new();
        if let Some(postings) = question.by.map(|attribute| self.of(attribute)) {
            for &(_, at) in &postings.by_name {
                let titles = postings.of(at as usize).iter();
                let count = titles.filter(|&&title| left.has(title)).count() as u32;
                if count > 0 {
                    counts.push((postings.names.get(at as usize), count));
                }
            }
            // Values are in the order of their names already, and the sort is stable.
            counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        }
        Ok(Answer { total: left.len(), counts })
    }
}

/// The stored form: the number of titles, and six lists of postings in the order platform, kind, country,
/// genre, audience, year.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredIndex<'a> {
    n_titles: u32,
    #[serde(borrow)]
    postings: Vec<StoredPostings<'a>>,
}

/// The stored form of the titles of each value. Rules: names are in ascending order and not empty, offsets
/// span the titles, no value is without a title, and titles are below the number of titles and in ascending
/// order within a value.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredPostings<'a> {
    n: u32,
    n_titles: u32,
    #[serde(borrow, with = "serde_bytes")]
    name_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    names: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    titles: &'a [u8],
}

impl Postings {
    fn from_stored(stored: &StoredPostings<'_>, n_titles: usize) -> Result<Self, Invalid> {
        let n = stored.n as usize;
        let names = TextHeap::from_blocks("names", stored.name_offsets, stored.names, n)?;
        let postings = Self {
            by_name: by_name(&names),
            by_text: names.iter().collect(),
            names,
            offsets: blocks::to_offsets("offsets", stored.offsets, n, stored.n_titles)?,
            titles: blocks::to_u32("titles", stored.titles, stored.n_titles as usize)?,
        };
        let names: Vec<&str> = postings.names.iter().collect();
        Invalid::unless(names.is_sorted_by(|a, b| a < b), "names", "not in order")?;
        Invalid::unless(names.iter().all(|name| !name.is_empty()), "names", "one is empty")?;
        let known = postings.titles.iter().all(|&title| (title as usize) < n_titles);
        Invalid::unless(known, "titles", "a position is out of range")?;
        for at in 0..n {
            let titles = postings.of(at);
            Invalid::unless(!titles.is_empty(), "offsets", "a value has no title")?;
            Invalid::unless(titles.is_sorted_by(|a, b| a < b), "titles", "not in order")?;
        }
        Ok(postings)
    }
}

impl Artifact for Index {
    const KIND: Kind = Kind::TitleCount;
    type Stored<'a> = StoredIndex<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let encoded = self.postings.each_ref().map(|p| {
            let (name_offsets, names) = p.names.to_blocks();
            (p, name_offsets, names, blocks::from_u32(&p.offsets), blocks::from_u32(&p.titles))
        });
        let postings = encoded.iter().map(|(p, name_offsets, names, offsets, titles)| StoredPostings {
            n: p.names.len() as u32,
            n_titles: p.titles.len() as u32,
            name_offsets,
            names,
            offsets,
            titles,
        });
        write(&StoredIndex { n_titles: self.n_titles as u32, postings: postings.collect() })
    }

    fn from_stored(stored: Self::Stored<'_>) -> Result<Self, Invalid> {
        let n_titles = stored.n_titles as usize;
        let postings: Vec<Postings> =
            stored.postings.iter().map(|p| Postings::from_stored(p, n_titles)).collect::<Result<_, _>>()?;
        let postings = postings.try_into().map_err(|_| Invalid::new("postings", "not one per attribute"))?;
        Ok(Self { n_titles, postings, canonical: None })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::random_tables::{empty, titles, year};

    /// The slow way: looks at every title.
    fn scan(table: &TitleTable, question: &Question<'_>) -> (u32, Vec<(String, u32)>) {
        let has = |title: &Title, attribute: Attribute, wanted: &[&str]| {
            let values = attribute.of(table, title);
            let has_one = |wanted: &&str| {
                let wanted = compared(wanted);
                let is_it = |value: &String| {
                    let value = compared(value);
                    value == wanted || attribute == Attribute::Genre && value.contains(&wanted)
                };
                values.iter().any(is_it)
            };
            wanted.is_empty() || wanted.iter().any(has_one)
        };
        let (mut total, mut counts) = (0, BTreeMap::<String, u32>::new());
        for title in table.titles() {
            let matches = has(title, Attribute::Platform, question.platform)
                && (question.kind.is_empty() || question.kind.contains(&title.kind))
                && has(title, Attribute::Country, question.country)
                && has(title, Attribute::Genre, question.genre)
                && has(title, Attribute::CanonicalGenre, question.canonical_genre)
                && has(title, Attribute::Audience, question.audience)
                && (question.year.is_empty()
                    || title.release_year.is_some_and(|y| question.year.contains(&y)));
            if matches {
                total += 1;
                let values = question.by.map_or_else(Vec::new, |by| by.of(table, title));
                let values: std::collections::BTreeSet<String> = values.into_iter().collect();
                for value in values {
                    *counts.entry(value).or_default() += 1;
                }
            }
        }
        let mut counts: Vec<(String, u32)> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| compared(&a.0).cmp(&compared(&b.0))));
        (total, counts)
    }

    fn one_of(attribute: Attribute, table: &TitleTable, nth: usize) -> Option<String> {
        let all: Vec<String> = table.titles().iter().flat_map(|t| attribute.of(table, t)).collect();
        if all.is_empty() { None } else { Some(all[nth % all.len()].clone()) }
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_a_scan(
            table in titles(),
            by in prop::option::of(0_usize..7),
            filtered in prop::collection::vec(any::<bool>(), 5),
            kind in prop::sample::subsequence(vec![catalog::Kind::Movie, catalog::Kind::Series], 0..=2),
            year in prop::collection::vec(year(), 0..3),
            nth in 0_usize..50,
            n_values in 1_usize..3,
        ) {
            let genres = TitleGenres::new(table.titles().iter().map(|title| &title.canonical_genres[..]));
            let index = Index::from_bytes(&build(&table).to_bytes().unwrap()).unwrap();
            let index = index.with_genres(&genres).unwrap();
            let names = |at: usize, attribute| -> Vec<String> {
                let some = (nth..nth + n_values).filter_map(|nth| one_of(attribute, &table, nth));
                some.filter(|_| filtered[at]).collect()
            };
            let platform: Vec<String> =
                names(0, Attribute::Platform).iter().map(|p| p.to_uppercase()).collect();
            let country = names(1, Attribute::Country);
            // A part of a name, cut at characters.
            let part = |name: &String| name.chars().skip(nth % 2).take(3).collect::<String>();
            let genre: Vec<String> = names(2, Attribute::Genre).iter().map(part).collect();
            let audience = names(3, Attribute::Audience);
            let canonical: Vec<String> =
                names(4, Attribute::CanonicalGenre).iter().map(|name| name.to_uppercase()).collect();
            let [platform, country, genre, audience, canonical] =
                [&platform, &country, &genre, &audience, &canonical].map(|n| n.iter().map(String::as_str).collect::<Vec<_>>());
            let question = Question {
                by: by.map(|at| Attribute::ALL[at]),
                platform: &platform,
                kind: &kind,
                country: &country,
                genre: &genre,
                canonical_genre: &canonical,
                audience: &audience,
                year: &year,
            };
            let answer = index.answer(&question).unwrap();
            let counts: Vec<(String, u32)> =
                answer.counts.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
            prop_assert_eq!((answer.total, counts), scan(&table, &question));
        }
    }

    #[test]
    fn every_unknown_name_is_reported_and_an_empty_year_is_a_count_of_0() {
        let index = build(&empty());
        let year = Question { year: &[1900], by: Some(Attribute::Genre), ..Question::default() };
        assert_eq!(index.answer(&year), Ok(Answer { total: 0, counts: Vec::new() }));
        let question =
            Question { platform: &["hbo"], genre: &["opera"], country: &["Peru"], ..Question::default() };
        let unknown = index.answer(&question).unwrap_err();
        let found: Vec<_> = unknown.iter().map(|u| (u.attribute, u.found.as_str())).collect();
        let expected =
            [(Attribute::Platform, "hbo"), (Attribute::Country, "peru"), (Attribute::Genre, "opera")];
        assert_eq!(found, expected);
        assert!(unknown[2].to_string().starts_with("no genre contains \"opera\"; "), "{}", unknown[2]);
    }

    #[test]
    fn values_without_a_name_are_not_counted() {
        let named = Title::named(catalog::TitleId::new("t1").unwrap(), "a");
        let title = Title { country: vec![String::new(), "Spain".to_owned()], ..named };
        assert_eq!(Attribute::Country.of(&empty(), &title), ["Spain"]);
        assert!(Attribute::Audience.of(&empty(), &title).is_empty());
    }

    #[test]
    fn a_genre_that_several_texts_find_counts_once() {
        let title = |(at, genre): (usize, &str)| Title {
            genres: vec![genre.to_owned()],
            ..Title::named(catalog::TitleId::new(&format!("t{at}")).unwrap(), "a")
        };
        let titles = ["TV Comedies", "Stand-Up Comedy", "Drama"].into_iter().enumerate().map(title);
        let platforms = vec![catalog::Platform::new("netflix").unwrap()];
        let index = build(&TitleTable::new(platforms, titles.collect()).unwrap());
        let mut accepted = vec![false; 3];
        for text in ["COMED", "comed", "o", "comed"] {
            index.accept(Attribute::Genre, text, &mut accepted).unwrap();
        }
        assert_eq!(accepted, [false, true, true], "in the order Drama, Stand-Up Comedy, TV Comedies");
        let question = Question { genre: &["comed"; 50], by: Some(Attribute::Genre), ..Question::default() };
        let counts = vec![("Stand-Up Comedy", 1), ("TV Comedies", 1)];
        assert_eq!(index.answer(&question), Ok(Answer { total: 2, counts }));
        assert!(index.has(Attribute::Genre, "dram") && !index.has(Attribute::Genre, "opera"));
    }

    #[test]
    fn names_are_read_in_any_case() {
        for attribute in Attribute::ALL {
            assert_eq!(attribute.name().to_uppercase().parse(), Ok(attribute));
        }
        assert_eq!("director".parse::<Attribute>(), Err(()));
    }
}
