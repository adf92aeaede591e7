//! What the platforms have, how long it is, and what they share.

use std::collections::BTreeMap;

use catalog::{DurationUnit, Kind, TitleTable};

use super::columns::{Scale, counted, extremes, kind_idx, length};
use super::report::{Catalogue, Grid};
use super::stats::{quantile, rounded};

/// Labels that are counted one by one.
const LABELS: usize = 20;
/// Titles named at either end.
const NAMED: usize = 10;

pub(super) fn catalogue(table: &TitleTable, works: &[u32]) -> Catalogue {
    let titles = table.titles();
    let n_platforms = table.platforms().len();
    let kinds = vec![Kind::Movie.as_str().to_owned(), Kind::Series.as_str().to_owned()];
    let mut by_platform = vec![vec![0_u64; 2]; n_platforms];
    let mut by_year = BTreeMap::<u16, Vec<u64>>::new();
    for title in titles {
        by_platform[usize::from(title.platform_idx)][kind_idx(title.kind)] += 1;
        if let Some(year) = title.release_year {
            by_year.entry(year).or_insert_with(|| vec![0; 2])[kind_idx(title.kind)] += 1;
        }
    }
    if let (Some(&first), Some(&last)) = (by_year.keys().next(), by_year.keys().next_back()) {
        // Years without a title are bars of their own, so that distances on the axis are years.
        for year in first..=last {
            by_year.entry(year).or_insert_with(|| vec![0; 2]);
        }
    }
    let platforms: Vec<String> = table.platforms().iter().map(ToString::to_string).collect();

    let minutes: Vec<Option<f64>> =
        titles.iter().map(|t| length(t, DurationUnit::Min).filter(|_| t.kind == Kind::Movie)).collect();
    let mut sorted: Vec<f64> = minutes.iter().copied().flatten().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut seasons: Vec<f64> = titles.iter().filter_map(|t| length(t, DurationUnit::Season)).collect();
    seasons.sort_unstable_by(f64::total_cmp);
    let fences = (!sorted.is_empty()).then(|| {
        let (q1, q3) = (quantile(&sorted, 0.25), quantile(&sorted, 0.75));
        (rounded(q1 - 3.0 * (q3 - q1)), rounded(q3 + 3.0 * (q3 - q1)))
    });
    let beyond = |is: &dyn Fn(f64, (f64, f64)) -> bool| {
        fences.map_or(0, |fences| sorted.iter().filter(|&&v| is(v, fences)).count() as u64)
    };
    let (shortest, longest) = extremes(titles, &minutes, NAMED);

    let mut on = BTreeMap::<u32, Vec<usize>>::new();
    for (title, &work) in titles.iter().zip(works) {
        let platform = usize::from(title.platform_idx);
        let of_work = on.entry(work).or_default();
        if !of_work.contains(&platform) {
            of_work.push(platform);
        }
    }
    let mut overlap = vec![vec![0_u64; n_platforms]; n_platforms];
    let mut works_by_platforms = vec![0_u64; n_platforms];
    for of_work in on.values() {
        works_by_platforms[of_work.len() - 1] += 1;
        for &a in of_work {
            for &b in of_work {
                overlap[a][b] += 1;
            }
        }
    }
    let labels = |mut counts: Vec<super::report::Count>| {
        counts.truncate(LABELS);
        counts
    };
    Catalogue {
        by_platform: Grid { rows: platforms.clone(), columns: kinds.clone(), counts: by_platform },
        by_year: Grid {
            rows: by_year.keys().map(ToString::to_string).collect(),
            columns: kinds,
            counts: by_year.into_values().collect(),
        },
        by_country: labels(counted(titles.iter().flat_map(|t| t.country.iter().map(String::as_str)))),
        by_genre: labels(counted(titles.iter().flat_map(|t| t.genres.iter().map(String::as_str)))),
        by_audience: labels(counted(
            titles.iter().map(|t| t.audience.as_str()).filter(|audience| !audience.is_empty()),
        )),
        film_minutes: Scale::Step(10.0).histogram(&sorted),
        seasons: Scale::Step(1.0).histogram(&seasons),
        long_films: beyond(&|v, fences| v > fences.1),
        short_films: beyond(&|v, fences| v < fences.0),
        upper_fence: fences.map(|f| f.1),
        lower_fence: fences.map(|f| f.0),
        longest,
        shortest,
        overlap: Grid { rows: platforms.clone(), columns: platforms, counts: overlap },
        works_by_platforms,
    }
}
