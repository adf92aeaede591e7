//! What may be asked of a list, by the same names in a query and in a body.

use catalog::Kind;
use recommender::{Criteria, Filter, FilterError, ListOptions, Recommender, Titles};

use crate::params::Params;
use crate::problem::Problem;

/// The longest list that is given.
const MAX_N: usize = 100;
/// The list's length where the caller does not say.
const DEFAULT_N: usize = 10;
/// The most titles that may be left out.
const MAX_EXCLUDED: usize = 200;
/// The most ratings that a title may be asked to have.
const MAX_MIN_RATINGS: usize = 1_000_000;
/// The most reasons a title.
const MAX_REASONS: usize = 10;
/// Reasons a title where the caller does not say.
const DEFAULT_REASONS: usize = 3;

/// The length of a list.
pub(crate) fn length(params: &mut Params<'_>) -> usize {
    params.number("n", 1, MAX_N).unwrap_or(DEFAULT_N)
}

/// Filters as they were asked for.
#[derive(Debug)]
pub(crate) struct FilterWish {
    platform: Option<String>,
    kind: Option<Kind>,
    genre: Option<String>,
    audience: Option<String>,
    year_from: Option<u16>,
    year_to: Option<u16>,
    min_ratings: u32,
    all_editions: bool,
}

impl FilterWish {
    pub(crate) fn take(params: &mut Params<'_>) -> Self {
        let wish = Self {
            platform: params.text("platform"),
            kind: params.kind("kind"),
            genre: params.text("genre"),
            audience: params.text("audience"),
            year_from: params.year("year_from"),
            year_to: params.year("year_to"),
            min_ratings: params.number("min_ratings", 0, MAX_MIN_RATINGS).unwrap_or(0) as u32,
            all_editions: params.flag("all_editions").unwrap_or(false),
        };
        if let (Some(from), Some(to)) = (wish.year_from, wish.year_to)
            && from > to
        {
            params.fail("year_from", format!("{from} is after year_to, {to}"));
        }
        wish
    }

    pub(crate) fn resolve(&self, titles: &Titles) -> Result<Filter, FilterError> {
        let criteria = Criteria {
            platform: self.platform.as_deref(),
            kind: self.kind,
            genre: self.genre.as_deref(),
            audience: self.audience.as_deref(),
            year_from: self.year_from,
            year_to: self.year_to,
            min_ratings: self.min_ratings,
            all_editions: self.all_editions,
        };
        Filter::new(titles, &criteria)
    }
}

/// A list of recommendations as it was asked for.
#[derive(Debug)]
pub(crate) struct ListWish {
    n: usize,
    filter: FilterWish,
    exclude: Vec<String>,
    include_seen: bool,
    diversity: f32,
    reasons: usize,
}

impl ListWish {
    pub(crate) fn take(params: &mut Params<'_>) -> Self {
        Self {
            n: length(params),
            filter: FilterWish::take(params),
            exclude: params.ids("exclude", MAX_EXCLUDED),
            include_seen: params.flag("include_seen").unwrap_or(false),
            diversity: params.share("diversity").unwrap_or(0.0),
            reasons: params.number("reasons", 0, MAX_REASONS).unwrap_or(DEFAULT_REASONS),
        }
    }

    pub(crate) fn resolve(&self, recommender: &Recommender) -> Result<ListOptions, Problem> {
        let filter = self.filter.resolve(recommender.titles())?;
        let exclude: Result<_, _> = self.exclude.iter().map(|id| recommender.position(id)).collect();
        Ok(ListOptions {
            n: self.n,
            filter,
            exclude: exclude?,
            include_seen: self.include_seen,
            diversity: self.diversity,
            n_reasons: self.reasons,
        })
    }
}
