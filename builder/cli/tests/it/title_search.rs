//! Finds the titles of the real catalogs by their own names.

use ::etl::EtlInput;
use progress::Silent;
use queries::title_search::{self, Named};

use crate::real_data;

/// How many names are typed.
const N_NAMES: usize = 1500;

#[test]
fn a_name_typed_in_full_is_first_or_tied_with_an_equal_name() {
    let Some(shared) = real_data::shared() else { return };
    let data = shared.join("data");
    let input = EtlInput::resolve(&[data.join("titles")], &[data.join("ratings")]).unwrap();
    let clean = ::etl::run(&input, &Silent).unwrap().clean;
    let titles = clean.titles.titles();
    let index = title_search::build(&clean.titles, &clean.ratings);
    let named = |at: u32| {
        let title = &titles[at as usize];
        Named { name: title.display.as_str(), year: title.release_year }
    };
    let typed: Vec<&str> =
        titles.iter().step_by(titles.len() / N_NAMES).map(|title| title.display.as_str()).collect();
    assert!(typed.len() >= N_NAMES, "{} names", typed.len());
    let first = |query: &str| index.answer(query, named).first().map(|&at| named(at));
    let is_first = |name: &str, query: &str| {
        first(query)
            .is_some_and(|first| title_search::fold(first.name).trim() == title_search::fold(name).trim())
    };
    let hidden: Vec<&&str> = typed.iter().filter(|name| !is_first(name, name)).collect();
    assert!(hidden.is_empty(), "{} names are not first: {hidden:?}", hidden.len());

    // A year after the name finds the title of that year, unless another has both in its name.
    let of_years = titles.iter().step_by(titles.len() / N_NAMES);
    let of_years = of_years.filter_map(|title| Some((title.display.as_str(), title.release_year?)));
    let hidden: Vec<String> = of_years
        .map(|(name, year)| (name, year, format!("{name} ({year})")))
        .filter(|(name, year, query)| {
            let is_of_year = first(query).is_some_and(|first| first.year == Some(*year));
            let is_found = is_of_year && is_first(name, query) || is_first(&format!("{name} {year}"), query);
            !is_found
        })
        .map(|(.., query)| query)
        .collect();
    assert!(hidden.is_empty(), "{} titles are not first by their year: {hidden:?}", hidden.len());
}
