//! Which titles may be listed, and what a list is to be like.

use catalog::Kind;
use thiserror::Error;

use crate::Titles;

/// A filter that no title can pass.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilterError {
    /// Not a platform of this release.
    #[error("there is no platform {found:?}; there are {}", allowed.join(", "))]
    Platform {
        /// What was asked for.
        found: String,
        /// What there is.
        allowed: Vec<String>,
    },
    /// In the name of no genre of this release.
    #[error("no genre contains {found:?}; there are {}", allowed.join(", "))]
    Genre {
        /// What was asked for.
        found: String,
        /// What there is.
        allowed: Vec<String>,
    },
    /// Not an audience rating of this release.
    #[error("there is no audience rating {found:?}; there are {}", allowed.join(", "))]
    Audience {
        /// What was asked for.
        found: String,
        /// What there is.
        allowed: Vec<String>,
    },
}

/// Which titles are wanted, by name. The default wants all, one title a work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Criteria<'a> {
    /// The platform, in any case.
    pub platform: Option<&'a str>,
    /// Films or series.
    pub kind: Option<Kind>,
    /// Part of a genre's name, in any case: `comed` finds `comedies` and `comedy`, which platforms spell differently.
    pub genre: Option<&'a str>,
    /// The audience rating, in any case.
    pub audience: Option<&'a str>,
    /// The earliest release year. A title of unknown year does not pass a filter on years.
    pub year_from: Option<u16>,
    /// The latest release year.
    pub year_to: Option<u16>,
    /// The least number of users who rated the work.
    pub min_ratings: u32,
    /// Whether a list may show more than one title of a work.
    pub all_editions: bool,
}

/// Which titles may be listed. The default lets all pass, one title a work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    platform: Option<usize>,
    kind: Option<Kind>,
    /// Genre positions; a title with any of them passes. `None` lets all pass.
    genres: Option<Vec<u16>>,
    audience: Option<u16>,
    year_from: Option<u16>,
    year_to: Option<u16>,
    min_ratings: u32,
    pub(crate) all_editions: bool,
}

fn owned<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

impl Filter {
    /// Resolves names against the titles.
    ///
    /// # Errors
    /// A platform, genre or audience rating that is not there.
    pub fn new(titles: &Titles, criteria: &Criteria<'_>) -> Result<Self, FilterError> {
        let platform = criteria.platform.map(|name| {
            titles.platforms().position(|p| p.eq_ignore_ascii_case(name)).ok_or_else(|| {
                FilterError::Platform { found: name.to_owned(), allowed: owned(titles.platforms()) }
            })
        });
        let genres = criteria.genre.map(|text| {
            let text = text.to_lowercase();
            let contains = |(_, name): &(usize, &str)| name.to_lowercase().contains(&text);
            let found: Vec<u16> =
                titles.genres().enumerate().filter(contains).map(|(at, _)| at as u16).collect();
            if found.is_empty() {
                return Err(FilterError::Genre { found: text, allowed: owned(titles.genres()) });
            }
            Ok(found)
        });
        let audience = criteria.audience.map(|name| {
            titles.audience(name).ok_or_else(|| FilterError::Audience {
                found: name.to_owned(),
                allowed: owned(titles.audiences()),
            })
        });
        Ok(Self {
            platform: platform.transpose()?,
            kind: criteria.kind,
            genres: genres.transpose()?,
            audience: audience.transpose()?,
            year_from: criteria.year_from,
            year_to: criteria.year_to,
            min_ratings: criteria.min_ratings,
            all_editions: criteria.all_editions,
        })
    }

    /// The titles of `order` that pass, in that order; of each work the first that does, unless all editions are
    /// wanted.
    ///
    /// # Panics
    /// Where a position is not below [`Titles::len`].
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

    pub(crate) fn passes(&self, titles: &Titles, title: usize) -> bool {
        let year = titles.year(title);
        self.platform.is_none_or(|p| p == titles.platform_position(title))
            && self.kind.is_none_or(|k| k == titles.kind(title))
            && self.audience.is_none_or(|a| a == titles.audience_position(title))
            && self.year_from.is_none_or(|from| year.is_some_and(|y| y >= from))
            && self.year_to.is_none_or(|to| year.is_some_and(|y| y <= to))
            && titles.n_ratings(title) >= self.min_ratings
            && self
                .genres
                .as_ref()
                .is_none_or(|asked| titles.genre_positions(title).iter().any(|g| asked.contains(g)))
    }
}

/// What a list is to be like. The default is ten titles that the user has not seen, in their plain order, without
/// reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct ListOptions {
    /// The greatest length.
    pub n: usize,
    /// Which titles may be listed.
    pub filter: Filter,
    /// Positions of titles that are left out, each with its whole work; in any order.
    pub exclude: Vec<usize>,
    /// Whether works that the user has rated may be listed.
    pub include_seen: bool,
    /// From 0, the plain order, to 1, titles as unlike each other as may be: the share of the unlikeness in maximal
    /// marginal relevance. Below 0 counts as 0, above 1 as 1.
    pub diversity: f32,
    /// How many reasons each title comes with, where the strategy has any. Without, they cost nothing.
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
    /// The share of unlikeness, where there is any.
    pub(crate) fn diversity(&self) -> Option<f32> {
        (self.diversity > 0.0).then_some(self.diversity.min(1.0))
    }

    /// How many of the best a diverse list is picked from: ten times its length, from 100 to 1000.
    pub(crate) fn pool(&self) -> usize {
        let wide = self.n.saturating_mul(10).clamp(100, 1000);
        if self.diversity().is_some() { wide.max(self.n) } else { self.n }
    }
}
