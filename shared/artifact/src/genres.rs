use serde::{Deserialize, Serialize};

use crate::blocks::{self, TextHeap};
use crate::{Artifact, Invalid, Kind};

/// The canonical genres of each title, by its position in the catalog: names that mean the same on all
/// platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitleGenres {
    /// Distinct names, in ascending order.
    names: TextHeap,
    /// Where each title's genres begin in `genre_idx`, with the end of the last as one more entry.
    offsets: Vec<u32>,
    genre_idx: Vec<u16>,
}

impl TitleGenres {
    /// Takes the genres of each title, in the order of the catalog. A genre without a name is left out.
    ///
    /// # Panics
    /// If there are more than 65,535 different genres, which a clean catalog never has.
    pub fn new<'a>(of_titles: impl Iterator<Item = &'a [String]> + Clone) -> Self {
        let mut names: Vec<&str> =
            of_titles.clone().flatten().map(String::as_str).filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        assert!(u16::try_from(names.len()).is_ok(), "there are at most 65,535 genres");
        let (mut offsets, mut genre_idx) = (vec![0], Vec::new());
        for genres in of_titles {
            let positions = genres.iter().filter_map(|genre| names.binary_search(&genre.as_str()).ok());
            genre_idx.extend(positions.map(|at| at as u16));
            offsets.push(genre_idx.len() as u32);
        }
        Self { names: names.into_iter().collect(), offsets, genre_idx }
    }

    /// Returns the number of titles.
    pub fn n_titles(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Returns all genres, in ascending order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter()
    }

    /// Returns the name of a genre by its position among [`TitleGenres::names`].
    ///
    /// # Panics
    /// If there is no such genre.
    pub fn name(&self, genre: u16) -> &str {
        self.names.get(genre.into())
    }

    /// Returns the positions of a title's genres, in the order in which they are shown.
    ///
    /// # Panics
    /// If `title` is not below [`TitleGenres::n_titles`].
    pub fn of(&self, title: usize) -> &[u16] {
        blocks::group(&self.genre_idx, &self.offsets, title)
    }
}

/// The stored form. Rules: names are in ascending order and not empty, offsets cut the genres into one group
/// for each title, and positions are below the number of names.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredTitleGenres<'a> {
    n_genres: u32,
    n_titles: u32,
    n_title_genres: u32,
    #[serde(borrow, with = "serde_bytes")]
    name_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    names: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    genre_idx: &'a [u8],
}

impl Artifact for TitleGenres {
    const KIND: Kind = Kind::Genres;
    type Stored<'a> = StoredTitleGenres<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let (name_offsets, names) = self.names.to_blocks();
        write(&StoredTitleGenres {
            n_genres: self.names.len() as u32,
            n_titles: self.n_titles() as u32,
            n_title_genres: self.genre_idx.len() as u32,
            name_offsets: &name_offsets,
            names,
            offsets: &blocks::from_u32(&self.offsets),
            genre_idx: &blocks::from_u16(&self.genre_idx),
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let genres = Self {
            names: TextHeap::from_blocks("names", s.name_offsets, s.names, s.n_genres as usize)?,
            offsets: blocks::to_offsets("offsets", s.offsets, s.n_titles as usize, s.n_title_genres)?,
            genre_idx: blocks::to_u16("genre_idx", s.genre_idx, s.n_title_genres as usize)?,
        };
        let ascend = genres.names.iter().is_sorted_by(|a, b| a < b);
        Invalid::unless(ascend, "names", "not in order")?;
        Invalid::unless(genres.names.iter().all(|name| !name.is_empty()), "names", "one is empty")?;
        let known = genres.genre_idx.iter().all(|&genre| u32::from(genre) < s.n_genres);
        Invalid::unless(known, "genre_idx", "a position is out of range")?;
        Ok(genres)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_genre_without_a_name_is_left_out() {
        let of_titles = [vec![String::new(), "Drama".to_owned()], vec![String::new()]];
        let genres = TitleGenres::new(of_titles.iter().map(|genres| &genres[..]));
        assert_eq!(genres.names().collect::<Vec<_>>(), ["Drama"]);
        assert_eq!((genres.of(0), genres.of(1)), (&[0_u16][..], &[][..]));
        assert_eq!(TitleGenres::from_bytes(&genres.to_bytes().unwrap()), Ok(genres));
    }
}
