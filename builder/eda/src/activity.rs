//! Who rates what, and when.

use std::collections::BTreeMap;

use catalog::{RatingTable, TitleTable};
use dataset::evenly;

use crate::counts::Sums;
use crate::dates::{month_name, month_of};
use crate::edges::{Edges, single_bars};
use crate::report::{Activity, ColdShare, ColumnCard, MeanByCount, Month, OpenEnd, Point};
use crate::stats::{gini, rounded};
use crate::text::name;

/// Titles that are drawn one by one.
const POINTS: usize = 400;

/// Returns the share of the total that belongs to the greatest 1% of ascending counts, at least one of them.
fn top_share(sorted: &[u64]) -> Option<f64> {
    let all: u64 = sorted.iter().sum();
    let n = sorted.len().div_ceil(100);
    (all > 0).then(|| rounded(sorted[sorted.len() - n..].iter().sum::<u64>() as f64 / all as f64))
}

/// Returns every month from the first rating to the last, also those without ratings. If they are too many,
/// the first or the last one counts all months beyond it.
fn months(ratings: &RatingTable) -> Vec<Month> {
    let mut by_month = BTreeMap::<i64, Sums>::new();
    // A user's ratings are often from one month, so the map is only touched when the month changes.
    let (mut month, mut bounds, mut here) = (0, 0..0, Sums::default());
    for (&seconds, &rating) in ratings.timestamp().iter().zip(ratings.rating()) {
        let seconds = i64::from(seconds);
        if !bounds.contains(&seconds) {
            let of = by_month.entry(month).or_default();
            *of = of.plus(here);
            here = Sums::default();
            month = month_of(seconds);
            bounds = Edges::Months.bounds(month);
        }
        here.n += 1;
        here.sum += f64::from(rating);
    }
    let of = by_month.entry(month).or_default();
    *of = of.plus(here);
    by_month.retain(|_, sums| sums.n > 0);
    let counts: Vec<(i64, u64)> = by_month.iter().map(|(&month, sums)| (month, sums.n)).collect();
    let single = &counts[single_bars(&counts)];
    let (Some(&(first, _)), Some(&(last, _))) = (single.first(), single.last()) else { return Vec::new() };
    let named = |month, sums: Sums, open| Month {
        month: month_name(month),
        n: sums.n,
        mean: sums.mean().map(rounded),
        open,
    };
    let beyond = |months: std::collections::btree_map::Range<'_, i64, Sums>| {
        months.map(|(_, &sums)| sums).reduce(Sums::plus)
    };
    let (below, above) = (beyond(by_month.range(..first)), beyond(by_month.range(last + 1..)));
    let below = below.map(|sums| named(first - 1, sums, Some(OpenEnd::Below)));
    let above = above.map(|sums| named(last + 1, sums, Some(OpenEnd::Above)));
    let inside =
        (first..=last).map(|month| named(month, by_month.get(&month).copied().unwrap_or_default(), None));
    below.into_iter().chain(inside).chain(above).collect()
}

/// Returns the change per year of the mean rating: the slope of the least-squares line through the months,
/// weighted by their ratings. `None` with fewer than two months that have ratings. Open ends do not count,
/// since they are not at one time.
fn drift(months: &[Month]) -> Option<f64> {
    let points: Vec<(f64, f64, f64)> = months
        .iter()
        .zip(0_u32..)
        .filter(|(m, _)| m.open.is_none())
        .filter_map(|(m, at)| m.mean.map(|mean| (m.n as f64, f64::from(at) / 12.0, mean)))
        .collect();
    let weight: f64 = points.iter().map(|p| p.0).sum();
    let mean =
        |of: &dyn Fn(&(f64, f64, f64)) -> f64| points.iter().map(|p| p.0 * of(p)).sum::<f64>() / weight;
    let (x, y) = (mean(&|p| p.1), mean(&|p| p.2));
    let (xx, xy) = (mean(&|p| (p.1 - x).powi(2)), mean(&|p| (p.1 - x) * (p.2 - y)));
    (xx > 0.0).then(|| rounded(xy / xx))
}

/// Summarizes the means of titles by number of ratings: 1, 2 and 3, 4 to 7, and so on. `sd` is the standard
/// deviation of all ratings.
fn mean_by_count(sums: &[Sums], sd: f64) -> Vec<MeanByCount> {
    let mut groups = BTreeMap::<u32, Vec<Sums>>::new();
    for &of_title in sums {
        if let Some(log) = of_title.n.checked_ilog2() {
            groups.entry(log).or_default().push(of_title);
        }
    }
    let rows = groups.into_iter().map(|(log, group)| {
        let n = group.len() as f64;
        let means = || group.iter().filter_map(|s| s.mean());
        let mean = means().sum::<f64>() / n;
        let variance = means().map(|m| (m - mean).powi(2)).sum::<f64>() / n;
        let inverse = group.iter().map(|s| 1.0 / s.n as f64).sum::<f64>() / n;
        MeanByCount {
            low: 1 << log,
            high: (1 << (log + 1)) - 1,
            titles: group.len() as u64,
            mean: rounded(mean),
            sd: rounded(variance.sqrt()),
            sd_by_chance: rounded(sd * inverse.sqrt()),
        }
    });
    rows.collect()
}

/// Summarizes the activity. `rating` is the card of the column with that name.
pub(crate) fn activity(
    table: &TitleTable,
    works: &[u32],
    ratings: &RatingTable,
    sums: &[Sums],
    rating: &ColumnCard,
) -> Activity {
    let mut of_users: Vec<u64> =
        (0..ratings.users().len()).map(|user| ratings.rows_of(user).len() as u64).collect();
    of_users.sort_unstable();
    let mut of_titles: Vec<(u64, usize)> =
        sums.iter().enumerate().filter(|(_, s)| s.n > 0).map(|(row, s)| (s.n, row)).collect();
    of_titles.sort_unstable();
    let counts: Vec<u64> = of_titles.iter().map(|t| t.0).collect();
    let bars =
        |counts: &[u64]| Edges::Doubling.histogram(&counts.iter().map(|&n| n as f64).collect::<Vec<_>>());
    let months = months(ratings);
    Activity {
        by_rating: rating.histogram.clone(),
        by_user: bars(&of_users),
        by_title: bars(&counts),
        gini_users: gini(&of_users),
        gini_titles: gini(&counts),
        top_users_share: top_share(&of_users),
        top_titles_share: top_share(&counts),
        mean_by_count: mean_by_count(sums, rating.spread.map_or(0.0, |s| s.sd)),
        points: evenly(of_titles.len(), POINTS)
            .map(|at| {
                let (n, row) = of_titles[at];
                let mean = rounded(sums[row].sum / n as f64);
                Point { n, mean, label: name(&table.titles()[row].display) }
            })
            .collect(),
        drift_per_year: drift(&months),
        months,
        cold: cold(table, works, sums),
    }
}

/// Counts the titles without ratings on each platform.
fn cold(table: &TitleTable, works: &[u32], sums: &[Sums]) -> Vec<ColdShare> {
    let mut of_works = vec![0_u64; sums.len()];
    for (&work, of_title) in works.iter().zip(sums) {
        of_works[work as usize] += of_title.n;
    }
    let mut cold: Vec<ColdShare> = table
        .platforms()
        .iter()
        .map(|platform| ColdShare { platform: platform.to_string(), titles: 0, cold: 0, cold_works: 0 })
        .collect();
    for (row, title) in table.titles().iter().enumerate() {
        let of_platform = &mut cold[usize::from(title.platform_idx)];
        of_platform.titles += 1;
        of_platform.cold += u64::from(sums[row].n == 0);
        of_platform.cold_works += u64::from(of_works[works[row] as usize] == 0);
    }
    cold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_that_rises_by_a_tenth_a_month_drifts_by_more_than_one_a_year() {
        let months: Vec<Month> = [(5, Some(3.0)), (0, None), (5, Some(3.2))]
            .into_iter()
            .map(|(n, mean)| Month { month: String::new(), n, mean, open: None })
            .collect();
        assert_eq!(drift(&months), Some(1.2));
        assert_eq!(drift(&months[..1]), None);
    }

    #[test]
    fn the_top_hundredth_is_at_least_one_count() {
        assert_eq!(top_share(&[1, 1, 8]), Some(0.8));
        assert_eq!(top_share(&[]), None);
    }

    #[test]
    fn means_of_titles_are_compared_with_chance() {
        let of = |n, mean: f64| Sums { n, sum: n as f64 * mean };
        let groups = mean_by_count(&[of(0, 0.0), of(1, 2.0), of(2, 3.0), of(3, 4.0)], 1.0);
        assert_eq!(groups.len(), 2);
        let g = &groups[1];
        assert_eq!((g.low, g.high, g.titles, g.mean, g.sd), (2, 3, 2, 3.5, 0.5));
        // √((1/2 + 1/3)/2)
        assert_eq!(Some(g.sd_by_chance), Some(0.645_497));
    }
}
