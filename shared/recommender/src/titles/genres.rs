//! Genres of titles: what platforms call them, and the canonical ones.

use artifact::TitleGenres;
use catalog::compared;

use super::Titles;
use crate::Mismatch;

/// Genres that a filter accepts, by position: those of platforms, and canonical ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GenrePositions {
    labels: Vec<u16>,
    canonical: Vec<u16>,
}

impl GenrePositions {
    /// Returns whether there is no genre.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.canonical.is_empty()
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.labels.extend(more.labels);
        self.canonical.extend(more.canonical);
    }
}

impl Titles {
    /// Adds the canonical genres.
    ///
    /// # Errors
    /// They are not those of as many titles.
    pub fn with_genres(self, genres: TitleGenres) -> Result<Self, Mismatch> {
        Mismatch::unless_equal("titles", "titles", self.len(), "genres", genres.n_titles())?;
        Ok(Self { canonical: Some(genres), ..self })
    }

    /// Returns the names of genres that a filter accepts in any case: the canonical ones if the release has
    /// them, and otherwise those of the platforms, in alphabetical order.
    pub fn genres(&self) -> Vec<&str> {
        match &self.canonical {
            Some(canonical) => canonical.names().collect(),
            None => self.genres.iter().collect(),
        }
    }

    /// Returns the genres whose names contain a text, compared as [`catalog::compared`] does: those of
    /// platforms, and canonical ones.
    pub fn genres_with(&self, text: &str) -> GenrePositions {
        let text = compared(text);
        let contain = |(at, name): (usize, &str)| compared(name).contains(&text).then_some(at as u16);
        let canonical = self.canonical.iter().flat_map(TitleGenres::names).enumerate();
        GenrePositions {
            labels: self.genres.iter().enumerate().filter_map(contain).collect(),
            canonical: canonical.filter_map(contain).collect(),
        }
    }

    /// Returns whether a title has one of some genres.
    pub(crate) fn has_genre(&self, title: usize, genres: &GenrePositions) -> bool {
        self.genre_positions(title).iter().any(|genre| genres.labels.contains(genre))
            || !genres.canonical.is_empty()
                && self
                    .canonical
                    .as_ref()
                    .is_some_and(|of| of.of(title).iter().any(|genre| genres.canonical.contains(genre)))
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

    #[test]
    fn genres_of_another_release_are_refused() {
        let genres = TitleGenres::new(std::iter::once(&[][..]));
        assert!(titles().with_genres(genres).is_err());
    }
}
