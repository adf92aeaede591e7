//! The parameters of lists of titles, by the same names in a query and in a body.

use catalog::Kind;
use recommender::{Criteria, Filter, FilterError, ListOptions, Recommender, Titles, UnknownTitle};

use super::params::{Group, Optional, Param, ParamList};
use super::reader::Reader;
use super::several::{Name, Several, as_texts, names};
use super::spec::Values;
use super::value::Word as _;
use crate::problem::Problem;

/// The length of a list.
pub(crate) const N: Param<usize> = Param::whole("n", 1, 100, "The length of the list.").default(10);

/// Keeps the titles of some platforms.
pub(crate) const PLATFORM: Param<Several<Name>> =
    Param::several("platform", &Values::Platform, "Only titles of these platforms, in any case.");
/// Keeps films or series.
pub(crate) const KIND: Param<Several<Kind>> =
    Param::several("kind", &Values::OneOf(Kind::WORDS), "Only films, or only series.");
/// Keeps the titles of some genres.
pub(crate) const GENRE: Param<Several<Name>> = Param::several(
    "genre",
    &Values::Text,
    "Only titles with a genre whose name contains one of these. Genres have a name on their platform and one that is the same on all platforms.",
);
/// Keeps the titles of some audience ratings.
pub(crate) const AUDIENCE: Param<Several<Name>> = Param::several(
    "audience",
    &Values::Text,
    "Only titles with one of these audience ratings, such as pg-13.",
);
const YEAR_FROM: Optional<u16> = Param::year("year_from", "Only titles of this release year or later.");
const YEAR_TO: Optional<u16> = Param::year("year_to", "Only titles of this release year or earlier.");
const MIN_RATINGS: Param<u32> =
    Param::whole("min_ratings", 0, 1_000_000, "Only titles that at least this many users have rated.")
        .default(0);
const ALL_EDITIONS: Param<bool> =
    Param::flag("all_editions", "Show a work once for each platform that has it.");
const EXCLUDE: Param<Vec<String>> =
    Param::ids("exclude", 200, "Ids of titles to leave out, each with all editions of its work.");
const INCLUDE_SEEN: Param<bool> = Param::flag("include_seen", "List titles that the user has rated as well.");
const DIVERSITY: Param<f64> = Param::number(
    "diversity",
    "a number",
    (0.0, 1.0),
    "From 0, the plain order, to 1, titles as different from each other as possible.",
)
.default(0);
const REASONS: Param<usize> =
    Param::whole("reasons", 0, 10, "The maximum number of reasons for each title.").default(3);

/// Both ends of a range of release years, in order.
#[derive(Debug)]
pub(crate) struct YearRange;

impl Group for YearRange {
    type List = (Optional<u16>, Optional<u16>);
    type Value = (Option<u16>, Option<u16>);

    const LIST: Self::List = (YEAR_FROM, YEAR_TO);

    fn group(reader: &mut Reader<'_>, range: (Option<u16>, Option<u16>)) -> Option<Self::Value> {
        match range {
            (Some(from), Some(to)) if from > to => {
                reader.fail(YEAR_FROM.spec.name, format!("{from} is after year_to, {to}"));
                None
            }
            range => Some(range),
        }
    }
}

/// The filters of a list.
#[derive(Debug)]
pub(crate) struct Filters;

impl Group for Filters {
    type List = (
        Param<Several<Name>>,
        Param<Several<Kind>>,
        Param<Several<Name>>,
        Param<Several<Name>>,
        YearRange,
        Param<u32>,
        Param<bool>,
    );
    type Value = FilterRequest;

    const LIST: Self::List = (PLATFORM, KIND, GENRE, AUDIENCE, YearRange, MIN_RATINGS, ALL_EDITIONS);

    fn group(_: &mut Reader<'_>, values: <Self::List as ParamList>::Values) -> Option<FilterRequest> {
        let (platform, kind, genre, audience, (year_from, year_to), min_ratings, all_editions) = values;
        Some(FilterRequest { platform, kind, genre, audience, year_from, year_to, min_ratings, all_editions })
    }
}

/// The filters of a request, not yet compared with what a release has.
#[derive(Debug)]
pub(crate) struct FilterRequest {
    platform: Several<Name>,
    kind: Several<Kind>,
    genre: Several<Name>,
    audience: Several<Name>,
    year_from: Option<u16>,
    year_to: Option<u16>,
    min_ratings: u32,
    all_editions: bool,
}

impl FilterRequest {
    /// Finds what the filters name among the titles.
    pub(crate) fn resolve(&self, titles: &Titles) -> Result<Filter, FilterError> {
        let platform = names(&self.platform.0, |name| titles.platform(name).is_some());
        let genre = names(&self.genre.0, |text| titles.has_genre_with(text));
        let audience = names(&self.audience.0, |name| titles.audience(name).is_some());
        let [platform, genre, audience] = [&platform, &genre, &audience].map(|names| as_texts(names));
        let criteria = Criteria {
            platform: &platform,
            kind: &self.kind.0,
            genre: &genre,
            audience: &audience,
            year_from: self.year_from,
            year_to: self.year_to,
            min_ratings: self.min_ratings,
            all_editions: self.all_editions,
        };
        Filter::new(titles, &criteria)
    }
}

/// The parameters of a list of recommendations.
#[derive(Debug)]
pub(crate) struct ListOfTitles;

impl Group for ListOfTitles {
    type List = (Param<usize>, Filters, Param<Vec<String>>, Param<bool>, Param<f64>, Param<usize>);
    type Value = ListRequest;

    const LIST: Self::List = (N, Filters, EXCLUDE, INCLUDE_SEEN, DIVERSITY, REASONS);

    fn group(_: &mut Reader<'_>, values: <Self::List as ParamList>::Values) -> Option<ListRequest> {
        let (n, filter, exclude, include_seen, diversity, reasons) = values;
        Some(ListRequest { n, filter, exclude, include_seen, diversity: diversity as f32, reasons })
    }
}

/// A list of recommendations as it was asked for, not yet compared with what a release has.
#[derive(Debug)]
pub(crate) struct ListRequest {
    n: usize,
    filter: FilterRequest,
    exclude: Vec<String>,
    include_seen: bool,
    diversity: f32,
    reasons: usize,
}

impl ListRequest {
    /// Finds what the request names among the titles of the recommender. Ids of unknown titles are left out
    /// and appended to `ignored`.
    ///
    /// # Errors
    /// An unknown name in a filter, or titles to leave out none of which is known.
    pub(crate) fn resolve(
        &self,
        recommender: &Recommender,
        ignored: &mut Vec<String>,
    ) -> Result<ListOptions, Problem> {
        let filter = self.filter.resolve(recommender.titles())?;
        let excluded = self.exclude.iter().map(|id| (id.as_str(), ()));
        let exclude = known(excluded, recommender, ignored)?;
        Ok(ListOptions {
            n: self.n,
            filter,
            exclude: exclude.into_iter().map(|(position, ())| position).collect(),
            include_seen: self.include_seen,
            diversity: self.diversity,
            n_reasons: self.reasons,
        })
    }
}

/// Returns the positions of the titles that the release has, each with what belongs to it, and appends the
/// ids of the others to `ignored`, each once.
///
/// # Errors
/// None of the ids that were given is in the release.
pub(crate) fn known<'a, T>(
    ids: impl Iterator<Item = (&'a str, T)>,
    recommender: &Recommender,
    ignored: &mut Vec<String>,
) -> Result<Vec<(usize, T)>, UnknownTitle> {
    let (mut known, mut first) = (Vec::new(), None);
    for (id, of_it) in ids {
        match recommender.position(id) {
            Ok(position) => known.push((position, of_it)),
            Err(unknown) => {
                if !ignored.iter().any(|ignored| ignored == id) {
                    ignored.push(id.to_owned());
                }
                first.get_or_insert(unknown);
            }
        }
    }
    match first {
        Some(unknown) if known.is_empty() => Err(unknown),
        _ => Ok(known),
    }
}
