//! Which titles a list may contain, and other options of lists.

use catalog::{Kind, names_in_words, without_suffix};
use thiserror::Error;

use crate::Titles;
use crate::titles::AcceptedGenres;

/// A filter that no title can pass, because a name in it is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilterError {
    /// The release does not have the platform.
    #[error("there is no platform {found:?}; the platforms are {}", names_in_words(allowed))]
    Platform {
        /// The name that was asked for.
        found: String,
        /// The names in the release.
        allowed: Vec<String>,
    },
    /// The release does not have a genre whose name contains the text.
    #[error("no genre contains {found:?}; the genres are {}", names_in_words(allowed))]
    Genre {
        /// The name that was asked for.
        found: String,
        /// The names in the release.
        allowed: Vec<String>,
    },
    /// The release does not have the audience rating.
    #[error("there is no audience rating {found:?}; the audience ratings are {}", names_in_words(allowed))]
    Audience {
        /// The name that was asked for.
        found: String,
        /// The names in the release.
        allowed: Vec<String>,
    },
}

/// Which titles are wanted, by name. Of several values any may match, and without values all titles match.
/// The default is all titles, with one of each work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Criteria<'a> {
    /// Platforms, in any case.
    pub platform: &'a [&'a str],
    /// Films or series.
    pub kind: &'a [Kind],
    /// Parts of the names of genres, canonical or of platforms, in any case: `comed` finds Netflix's
    /// `Comedies` and `Stand-Up Comedy`, and what other platforms call `Comedy`.
    pub genre: &'a [&'a str],
    /// Audience ratings, in any case.
    pub audience: &'a [&'a str],
    /// The first release year. A title of unknown year does not pass a filter on years.
    pub year_from: Option<u16>,
    /// The last release year.
    pub year_to: Option<u16>,
    /// The minimum number of users who rated the work.
    pub min_ratings: u32,
    /// Whether a list may have several titles of one work.
    pub all_editions: bool,
}

/// Which titles may be listed. The default is all, with one title of each work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    // Positions or values, any of which a title has to have. If there are none, all titles pass.
    platforms: Vec<usize>,
    kinds: Vec<Kind>,
    genres: AcceptedGenres,
    audiences: Vec<u16>,
    year_from: Option<u16>,
    year_to: Option<u16>,
    min_ratings: u32,
    pub(crate) all_editions: bool,
}

fn owned<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

/// Returns whether a value is among the wanted ones, or any is wanted.
fn accepts<T: PartialEq>(wanted: &[T], value: &T) -> bool {
    wanted.is_empty() || wanted.contains(value)
}

impl Filter {
    /// Looks the names up.
    ///
    /// # Errors
    /// The release does not have a platform, genre or audience rating.
    pub fn new(titles: &Titles, criteria: &Criteria<'_>) -> Result<Self, FilterError> {
        let platform = |name: &&str| {
            titles.platform(name).ok_or_else(|| FilterError::Platform {
                found: (*name).to_owned(),
                allowed: owned(titles.platforms()),
            })
        };
        let mut genres = AcceptedGenres::default();
        for text in criteria.genre {
            if !titles.accept_genres_with(text, &mut genres) {
                return Err(FilterError::Genre {
                    found: text.to_lowercase(),
                    allowed: owned(titles.genres().into_iter()),
                });
            }
        }
        let audience = |name: &&str| {
            titles.audience(name).ok_or_else(|| FilterError::Audience {
                found: (*name).to_owned(),
                allowed: owned(titles.audiences()),
            })
        };
        Ok(Self {
            platforms: criteria.platform.iter().map(platform).collect::<Result<_, _>>()?,
            kinds: criteria.kind.to_vec(),
            genres,
            audiences: criteria.audience.iter().map(audience).collect::<Result<_, _>>()?,
            year_from: criteria.year_from,
            year_to: criteria.year_to,
            min_ratings: criteria.min_ratings,
            all_editions: criteria.all_editions,
        })
    }

    /// Returns the titles of `order` that pass, in that order. Of each work it returns the first that passes,
    /// or all if all editions are wanted.
    ///
    /// # Panics
    /// If a position is not below [`Titles::len`].
    #[expect(
        clippy::indexing_slicing,
        reason = "`Titles::from_stored` checks that a work is one of the titles"
    )]
    pub fn select<'a>(
        &'a self,
        titles: &'a Titles,
        order: impl IntoIterator<Item = usize> + 'a,
    ) -> impl Iterator<Item = usize> + 'a {
        let mut listed = vec![false; titles.len()];
        order.into_iter().filter(move |&title| {
            self.passes(titles, title)
                && (self.all_editions || !std::mem::replace(&mut listed[titles.work(title)], true))
        })
    }

    /// Returns the edition of a work to show: the title itself, unless its name has a technical suffix such
    /// as `(4K UHD)` and another title of the work that passes has none.
    ///
    /// # Panics
    /// If `title` is not below [`Titles::len`].
    pub fn edition_to_show(&self, titles: &Titles, title: usize) -> usize {
        let is_plain = |title: usize| without_suffix(titles.display(title)).1.is_none();
        if self.all_editions || !titles.has_editions(title) || is_plain(title) {
            return title;
        }
        titles.editions(title).find(|&other| is_plain(other) && self.passes(titles, other)).unwrap_or(title)
    }

    pub(crate) fn passes(&self, titles: &Titles, title: usize) -> bool {
        let year = titles.year(title);
        accepts(&self.platforms, &titles.platform_position(title))
            && accepts(&self.kinds, &titles.kind(title))
            && accepts(&self.audiences, &titles.audience_position(title))
            && self.year_from.is_none_or(|from| year.is_some_and(|y| y >= from))
            && self.year_to.is_none_or(|to| year.is_some_and(|y| y <= to))
            && titles.n_ratings(title) >= self.min_ratings
            && (self.genres.is_any() || titles.has_genre(title, &self.genres))
    }
}

/// The options of a list. The default is ten titles that the user has not seen, best first, without reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct ListOptions {
    /// The maximum length.
    pub n: usize,
    /// Which titles may be listed.
    pub filter: Filter,
    /// Positions of titles to leave out, in any order. Other titles of their works are left out too.
    pub exclude: Vec<usize>,
    /// Whether the list may have works that the user has rated.
    pub include_seen: bool,
    /// How much titles should differ from each other, from 0 (best first) to 1 (as different as possible):
    /// the weight `d` in maximal marginal relevance. Values below 0 count as 0, values above 1 as 1.
    pub diversity: f32,
    /// The number of reasons for each title, if the strategy has reasons. With 0 they are not computed.
    pub n_reasons: usize,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self {
            n: 10,
            filter: Filter::default(),
            exclude: Vec::new(),
            include_seen: false,
            diversity: 0.0,
            n_reasons: 0,
        }
    }
}

impl ListOptions {
    /// Returns the weight of diversity, if it is above 0.
    pub(crate) fn diversity(&self) -> Option<f32> {
        (self.diversity > 0.0).then_some(self.diversity.min(1.0))
    }

    /// Returns how many of the best titles a list is picked from. For a diverse list, it is ten times its
    /// length, from 100 to 1000.
    pub(crate) fn pool(&self) -> usize {
        let wide = self.n.saturating_mul(10).clamp(100, 1000);
        if self.diversity().is_some() { wide.max(self.n) } else { self.n }
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Platform, RatingTable, Title, TitleId, TitleTable};

    use super::*;

    #[test]
    fn a_plain_name_is_shown_instead_of_one_with_a_suffix() {
        let rows = [
            ("a1", 0, "Goldeneye (4K UHD)"),
            ("a2", 0, "Goldeneye"),
            ("b1", 1, "GoldenEye"),
            ("b2", 1, "Ran [Dubbed]"),
        ];
        let titles = rows.map(|(id, platform_idx, name)| Title {
            platform_idx,
            release_year: Some(1995),
            ..Title::named(TitleId::new(id).unwrap(), name)
        });
        let platforms = ["amazon", "hulu"].map(|name| Platform::new(name).unwrap());
        let table = TitleTable::new(platforms.to_vec(), titles.to_vec()).unwrap();
        let none = RatingTable::new(vec![], vec![0], vec![], vec![], vec![], 4).unwrap();
        let titles = Titles::build(&table, &none);
        let shown = |criteria: &Criteria<'_>| {
            let filter = Filter::new(&titles, criteria).unwrap();
            (0..4).map(|title| filter.edition_to_show(&titles, title)).collect::<Vec<_>>()
        };
        assert_eq!(shown(&Criteria::default()), [1, 1, 2, 3]);
        assert_eq!(shown(&Criteria { platform: &["hulu"], ..Criteria::default() }), [2, 1, 2, 3]);
        assert_eq!(shown(&Criteria { all_editions: true, ..Criteria::default() }), [0, 1, 2, 3]);
    }
}
