//! Genres of titles: what platforms call them, and the canonical ones.

use artifact::TitleGenres;
use catalog::ComparedNames;

use super::Titles;
use crate::Mismatch;

/// The most pairs of two titles' genres that are compared one by one.
const MOST_PAIRS: usize = 1024;

/// The genres that a filter accepts: a flag for each one of platforms, and for each canonical one. It has no
/// flags if every title passes. Testing a title takes one step for each of its genres, whatever was asked
/// for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AcceptedGenres {
    labels: Vec<bool>,
    canonical: Vec<bool>,
}

impl AcceptedGenres {
    /// Returns whether every title passes.
    pub(crate) fn is_any(&self) -> bool {
        self.labels.is_empty() && self.canonical.is_empty()
    }
}

/// Sets the flags of the names that contain a text, and returns whether there is one.
fn accept(names: &ComparedNames, text: &str, accepted: &mut Vec<bool>) -> bool {
    accepted.resize(names.len(), false);
    let mut found = false;
    for at in names.containing(text) {
        found = true;
        if let Some(flag) = accepted.get_mut(at) {
            *flag = true;
        }
    }
    found
}

fn has_accepted(genres: &[u16], accepted: &[bool]) -> bool {
    genres.iter().any(|&genre| accepted.get(usize::from(genre)) == Some(&true))
}

impl Titles {
    /// Adds the canonical genres.
    ///
    /// # Errors
    /// They are not those of as many titles.
    pub fn with_genres(self, genres: TitleGenres) -> Result<Self, Mismatch> {
        Mismatch::unless_equal("titles", "titles", self.len(), "genres", genres.n_titles())?;
        let canonical_by_text = genres.names().collect();
        Ok(Self { canonical: Some(genres), canonical_by_text, ..self })
    }

    /// Returns the names of genres that a filter accepts in any case: the canonical ones if the release has
    /// them, and otherwise those of the platforms, in alphabetical order.
    pub fn genres(&self) -> Vec<&str> {
        match &self.canonical {
            Some(canonical) => canonical.names().collect(),
            None => self.genres.iter().collect(),
        }
    }

    /// Returns whether the name of a genre contains a text, compared as [`catalog::compared`] does: one of
    /// platforms, or a canonical one.
    pub fn has_genre_with(&self, text: &str) -> bool {
        let has = |names: &ComparedNames| names.containing(text).next().is_some();
        has(&self.canonical_by_text) || has(&self.genres_by_text)
    }

    /// Accepts the genres whose names contain a text, in addition to those accepted before. Returns whether
    /// there is one.
    pub(crate) fn accept_genres_with(&self, text: &str, accepted: &mut AcceptedGenres) -> bool {
        let of_platforms = accept(&self.genres_by_text, text, &mut accepted.labels);
        accept(&self.canonical_by_text, text, &mut accepted.canonical) || of_platforms
    }

    /// Returns whether a title has an accepted genre.
    pub(crate) fn has_genre(&self, title: usize, accepted: &AcceptedGenres) -> bool {
        has_accepted(self.genre_positions(title), &accepted.labels)
            || self.canonical.as_ref().is_some_and(|of| has_accepted(of.of(title), &accepted.canonical))
    }

    /// Returns the number of genres that two titles share, divided by the number that either has (Jaccard).
    /// It is 0 if neither has any.
    pub(crate) fn genre_similarity(&self, a: usize, b: usize) -> f32 {
        let (a, b) = (self.genre_positions(a), self.genre_positions(b));
        let shared = if a.len().saturating_mul(b.len()) <= MOST_PAIRS {
            a.iter().filter(|genre| b.contains(genre)).count()
        } else {
            let mut of_b = vec![false; self.genres.len()];
            for &genre in b {
                if let Some(flag) = of_b.get_mut(usize::from(genre)) {
                    *flag = true;
                }
            }
            a.iter().filter(|&&genre| has_accepted(&[genre], &of_b)).count()
        };
        let either = a.len().saturating_add(b.len()).saturating_sub(shared);
        shared as f32 / either.max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Platform, RatingTable, Title, TitleId, TitleTable};

    use super::*;
    use crate::{Criteria, Filter};

    fn titles() -> Titles {
        let rows = [
            ("ns1", "TV Comedies", "Comedy"),
            ("ns2", "Stand-Up Comedy", "Stand-Up"),
            ("hs1", "Docuseries", "Documentary"),
        ];
        let titles = rows.map(|(id, label, genre)| Title {
            genres: vec![label.to_owned()],
            canonical_genres: vec![genre.to_owned()],
            ..Title::named(TitleId::new(id).unwrap(), id)
        });
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles.to_vec()).unwrap();
        let genres = TitleGenres::new(table.titles().iter().map(|title| &title.canonical_genres[..]));
        let none = RatingTable::new(vec![], vec![0], vec![], vec![], vec![], 3).unwrap();
        Titles::build(&table, &none).with_genres(genres).unwrap()
    }

    fn found(titles: &Titles, genre: &str) -> Vec<usize> {
        let criteria = Criteria { genre: &[genre], ..Criteria::default() };
        Filter::new(titles, &criteria).unwrap().select(titles, 0..titles.len()).collect()
    }

    #[test]
    fn a_genre_is_found_by_its_canonical_name_and_by_that_of_a_platform() {
        let titles = titles();
        assert_eq!(found(&titles, "COMEDY"), [0, 1]);
        assert_eq!(found(&titles, "documentary"), [2]);
        assert_eq!(found(&titles, "docuseries"), [2]);
        assert_eq!(titles.genres(), ["Comedy", "Documentary", "Stand-Up"]);
        assert_eq!(titles.view(0).canonical_genres, Some(vec!["Comedy"]));
    }

    /// With 64,000 genres, comparing each genre of a title with each accepted one took half a minute.
    #[test]
    fn a_filter_has_one_flag_for_each_genre_however_often_it_was_asked_for() {
        let titles = titles();
        let texts = ["y", "COMED", "y", "doc", "y", "y"];
        let mut accepted = AcceptedGenres::default();
        assert!(accepted.is_any());
        for text in texts {
            assert!(titles.accept_genres_with(text, &mut accepted) && titles.has_genre_with(text));
        }
        assert_eq!((accepted.labels.len(), accepted.canonical.len()), (3, 3));
        assert!(!titles.accept_genres_with("opera", &mut accepted) && !titles.has_genre_with("opera"));
        let criteria = Criteria { genre: &texts, ..Criteria::default() };
        let filter = Filter::new(&titles, &criteria).unwrap();
        assert_eq!(filter.select(&titles, 0..3).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn many_genres_are_as_similar_as_few() {
        let named = |numbers: std::ops::Range<usize>| numbers.map(|n| format!("g{n}")).collect::<Vec<_>>();
        let genres = [named(0..3), named(2..4), named(0..60), named(30..90), named(0..0)];
        let title =
            |(at, genres)| Title { genres, ..Title::named(TitleId::new(&format!("t{at}")).unwrap(), "a") };
        let rows = genres.into_iter().enumerate().map(title).collect();
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], rows).unwrap();
        let none = RatingTable::new(vec![], vec![0], vec![], vec![], vec![], 5).unwrap();
        let titles = Titles::build(&table, &none);
        for (a, b, expected) in [(0, 1, 1.0 / 4.0), (2, 3, 1.0 / 3.0), (3, 2, 1.0 / 3.0), (2, 4, 0.0)] {
            assert!((titles.genre_similarity(a, b) - expected).abs() < 1e-6, "{a} and {b}");
        }
    }

    #[test]
    fn genres_of_another_release_are_refused() {
        let genres = TitleGenres::new(std::iter::once(&[][..]));
        assert!(titles().with_genres(genres).is_err());
    }
}
