//! What may be asked of a list, by the same names in a query and in a body.

use catalog::Kind;
use recommender::{Criteria, Filter, FilterError, ListOptions, Recommender, Titles};

use crate::params::{Absent, Params, Spec, Values};
use crate::problem::Problem;

pub(crate) const N: Spec = Spec::whole("n", 1, 100, "The length of the list.").or(Absent::Default(10));
const PLATFORM: Spec = Spec::new("platform", Values::Platform, "Only titles of this platform, in any case.");
const KIND: Spec = Spec::new("kind", Values::Kind, "Only films, or only series.");
const GENRE: Spec = Spec::new("genre", Values::Text, "Only titles with a genre whose name contains this.");
const AUDIENCE: Spec =
    Spec::new("audience", Values::Text, "Only titles of this audience rating, such as pg-13.");
const YEAR_FROM: Spec = Spec::year("year_from", "Only titles of this release year or later.");
const YEAR_TO: Spec = Spec::year("year_to", "Only titles of this release year or earlier.");
const MIN_RATINGS: Spec =
    Spec::whole("min_ratings", 0, 1_000_000, "Only titles that at least so many users have rated.")
        .or(Absent::Default(0));
const ALL_EDITIONS: Spec =
    Spec::new("all_editions", Values::Flag, "Show a work once for each platform that has it.")
        .or(Absent::False);

/// The filters.
pub(crate) const FILTERS: [Spec; 8] =
    [PLATFORM, KIND, GENRE, AUDIENCE, YEAR_FROM, YEAR_TO, MIN_RATINGS, ALL_EDITIONS];

const EXCLUDE: Spec =
    Spec::new("exclude", Values::Ids(200), "Ids of titles to leave out, each with its work.");
const INCLUDE_SEEN: Spec =
    Spec::new("include_seen", Values::Flag, "List titles too that the user has rated.").or(Absent::False);
const DIVERSITY: Spec = Spec::new(
    "diversity",
    Values::Number("a number", 0.0, 1.0),
    "From 0, the plain order, to 1, titles as unlike each other as may be.",
)
.or(Absent::Default(0));
const REASONS: Spec =
    Spec::whole("reasons", 0, 10, "The most reasons for each title.").or(Absent::Default(3));

/// What a list of recommendations takes beside `n` and the filters.
pub(crate) const WISHES: [Spec; 4] = [EXCLUDE, INCLUDE_SEEN, DIVERSITY, REASONS];

/// The length of a list.
pub(crate) fn length(params: &mut Params<'_>) -> usize {
    params.whole_or_default(&N)
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
            platform: params.text(&PLATFORM),
            kind: params.kind(&KIND),
            genre: params.text(&GENRE),
            audience: params.text(&AUDIENCE),
            year_from: params.whole(&YEAR_FROM),
            year_to: params.whole(&YEAR_TO),
            min_ratings: params.whole_or_default(&MIN_RATINGS) as u32,
            all_editions: params.flag(&ALL_EDITIONS),
        };
        if let (Some(from), Some(to)) = (wish.year_from, wish.year_to)
            && from > to
        {
            params.fail(YEAR_FROM.name, format!("{from} is after year_to, {to}"));
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
            exclude: params.ids(&EXCLUDE),
            include_seen: params.flag(&INCLUDE_SEEN),
            diversity: params.number(&DIVERSITY).unwrap_or(0.0) as f32,
            reasons: params.whole_or_default(&REASONS),
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
