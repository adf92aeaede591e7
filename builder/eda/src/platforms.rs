//! What the platforms offer, how long it is, and what they share.

use std::collections::BTreeMap;

use catalog::{Kind, Title, TitleTable};

use crate::cards::extremes;
use crate::columns::{minutes, seasons};
use crate::counts::{PLATFORMS, counted, largest};
use crate::edges::{Edges, single_bars};
use crate::editions::editions;
use crate::report::{Catalog, Count, Grid, OpenEnd};
use crate::stats::{quantile, rounded};
use crate::text::name;

/// Labels that are counted one by one.
const LABELS: usize = 20;
/// Titles named at each end.
const NAMED: usize = 10;
/// Both kinds, in the order in which they are counted.
const KINDS: [Kind; 2] = [Kind::Movie, Kind::Series];

/// Summarizes the catalogs of all platforms. `works` names the first title of each title's work.
pub(crate) fn platforms(table: &TitleTable, works: &[u32]) -> Catalog {
    let titles = table.titles();
    let film_minutes: Vec<Option<f64>> =
        titles.iter().map(|t| minutes(t).filter(|_| t.kind == Kind::Movie)).collect();
    let (shortest, longest) = extremes(titles, &film_minutes, NAMED);
    let ascending = |values: &mut dyn Iterator<Item = f64>| {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    };
    let film_minutes = ascending(&mut film_minutes.into_iter().flatten());
    let (lower_fence, upper_fence) = fences(&film_minutes).unzip();
    let beyond = |is: &dyn Fn(f64) -> bool| film_minutes.iter().filter(|&&v| is(v)).count() as u64;
    let (overlap, works_by_platforms) = overlap(table, works);
    let (by_country, countries_left_out) =
        labels(titles.iter().flat_map(|t| t.country.iter().map(String::as_str)));
    let (by_genre, genres_left_out) = labels(titles.iter().flat_map(|t| t.genres.iter().map(String::as_str)));
    let (by_canonical_genre, canonical_genres_left_out) =
        labels(titles.iter().flat_map(|t| t.canonical_genres.iter().map(String::as_str)));
    let (by_audience, audiences_left_out) =
        labels(titles.iter().map(|t| t.audience.as_str()).filter(|a| !a.is_empty()));
    Catalog {
        by_platform: by_platform(table),
        by_year: by_year(titles),
        by_country,
        countries_left_out,
        by_genre,
        genres_left_out,
        by_canonical_genre,
        canonical_genres_left_out,
        by_audience,
        audiences_left_out,
        film_minutes: Edges::Step(10.0).histogram(&film_minutes),
        seasons: Edges::Step(1.0).histogram(&ascending(&mut titles.iter().filter_map(seasons))),
        long_films: upper_fence.map_or(0, |fence| beyond(&|v| v > fence)),
        short_films: lower_fence.map_or(0, |fence| beyond(&|v| v < fence)),
        upper_fence,
        lower_fence,
        longest,
        shortest,
        overlap_left_out: (table.platforms().len() - overlap.rows.len()) as u64,
        overlap,
        works_by_platforms,
        editions: editions(table, works),
    }
}

/// Counts the most frequent labels. Also returns the number of labels that are left out.
fn labels<'a>(words: impl Iterator<Item = &'a str>) -> (Vec<Count>, u64) {
    let counts = counted(words);
    let left_out = counts.len().saturating_sub(LABELS) as u64;
    let shown = counts.into_iter().take(LABELS).map(|c| Count { label: name(&c.label), ..c });
    (shown.collect(), left_out)
}

fn kind_names() -> Vec<String> {
    KINDS.map(|kind| kind.as_str().to_owned()).to_vec()
}

/// A count of 1 in the column of a kind.
fn one(kind: Kind) -> [u64; 2] {
    KINDS.map(|k| u64::from(k == kind))
}

fn by_platform(table: &TitleTable) -> Grid {
    let mut counts = vec![vec![0_u64; KINDS.len()]; table.platforms().len()];
    for title in table.titles() {
        let row = &mut counts[usize::from(title.platform_idx)];
        row.iter_mut().zip(one(title.kind)).for_each(|(n, one)| *n += one);
    }
    Grid { rows: names(table), columns: kind_names(), counts, open: Vec::new() }
}

/// Counts the titles of each year from the first to the last, also of those without titles, so that distances
/// on the axis are years. If they are too many, the first or the last row counts all years beyond it.
fn by_year(titles: &[Title]) -> Grid {
    let mut counts = BTreeMap::<i64, [u64; 2]>::new();
    for (year, kind) in titles.iter().filter_map(|t| Some((t.release_year?, t.kind))) {
        let row = counts.entry(i64::from(year)).or_default();
        row.iter_mut().zip(one(kind)).for_each(|(n, one)| *n += one);
    }
    let mut open = Vec::new();
    let sizes: Vec<(i64, u64)> = counts.iter().map(|(&year, row)| (year, row.iter().sum())).collect();
    let single = &sizes[single_bars(&sizes)];
    if let (Some(&(first, _)), Some(&(last, _))) = (single.first(), single.last()) {
        let sum =
            |rows: BTreeMap<i64, [u64; 2]>| rows.into_values().reduce(|a, b| [a[0] + b[0], a[1] + b[1]]);
        let above = sum(counts.split_off(&(last + 1)));
        let inside = counts.split_off(&first);
        let below = sum(std::mem::replace(&mut counts, inside));
        for year in first..=last {
            counts.entry(year).or_default();
        }
        if let Some(row) = below {
            open.push(OpenEnd::Below);
            counts.insert(first - 1, row);
        }
        if let Some(row) = above {
            open.push(OpenEnd::Above);
            counts.insert(last + 1, row);
        }
    }
    Grid {
        rows: counts.keys().map(ToString::to_string).collect(),
        columns: kind_names(),
        counts: counts.into_values().map(Vec::from).collect(),
        open,
    }
}

fn names(table: &TitleTable) -> Vec<String> {
    table.platforms().iter().map(ToString::to_string).collect()
}

/// Tukey's outer fences of ascending values: three times the interquartile range below the first quartile,
/// and above the third.
fn fences(sorted: &[f64]) -> Option<(f64, f64)> {
    (!sorted.is_empty()).then(|| {
        let (q1, q3) = (quantile(sorted, 0.25), quantile(sorted, 0.75));
        (rounded(q1 - 3.0 * (q3 - q1)), rounded(q3 + 3.0 * (q3 - q1)))
    })
}

/// Counts the works by pair of the platforms that have the most, and by the number of platforms that have
/// them.
fn overlap(table: &TitleTable, works: &[u32]) -> (Grid, Vec<u64>) {
    let n_platforms = table.platforms().len();
    let mut on = BTreeMap::<u32, Vec<usize>>::new();
    for (title, &work) in table.titles().iter().zip(works) {
        let platform = usize::from(title.platform_idx);
        let of_work = on.entry(work).or_default();
        if !of_work.contains(&platform) {
            of_work.push(platform);
        }
    }
    let mut counts = vec![vec![0_u64; n_platforms]; n_platforms];
    let mut works_by_platforms = vec![0_u64; n_platforms];
    for of_work in on.values() {
        works_by_platforms[of_work.len() - 1] += 1;
        for &a in of_work {
            for &b in of_work {
                counts[a][b] += 1;
            }
        }
    }
    let sizes: Vec<u64> = (0..n_platforms).map(|at| counts[at][at]).collect();
    let shown = largest(&sizes, PLATFORMS);
    let names: Vec<String> = shown.iter().map(|&at| table.platforms()[at].to_string()).collect();
    let counts = shown.iter().map(|&a| shown.iter().map(|&b| counts[a][b]).collect()).collect();
    (Grid { rows: names.clone(), columns: names, counts, open: Vec::new() }, works_by_platforms)
}
