//! The bars of histograms.

use std::ops::Range;

use crate::dates::{month_begins, month_of};
use crate::report::{Bin, OpenEnd};

/// The most bars of a histogram that are not open. This is 33 years in months and four centuries in years.
pub(crate) const MOST_BARS: u64 = 400;

/// Where the edges of a histogram's bars are. They do not depend on the data, so that two tables can be
/// compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Edges {
    /// Bars of this width, from 0.
    Step(f64),
    /// 0; 1; 2 and 3; 4 to 7; and so on.
    Doubling,
    /// Calendar months of Unix times.
    Months,
}

impl Edges {
    fn index(self, value: f64) -> i64 {
        match self {
            Self::Step(width) => step(value / width),
            Self::Doubling => (value as u64).checked_ilog2().map_or(0, |log| i64::from(log) + 1),
            Self::Months => month_of(value as i64),
        }
    }

    fn low(self, index: i64) -> f64 {
        match self {
            // A tenth cannot be written in binary, but ten can: 3 / 10 is 0.3, and 3 × 0.1 is not.
            Self::Step(width) if width < 1.0 => index as f64 / (1.0 / width).round(),
            Self::Step(width) => index as f64 * width,
            Self::Doubling if index == 0 => 0.0,
            Self::Doubling => (1_u64 << (index - 1).min(62)) as f64,
            Self::Months => month_begins(index) as f64,
        }
    }

    /// Returns the whole numbers in a bar.
    pub(crate) fn bounds(self, index: i64) -> Range<i64> {
        self.low(index) as i64..self.low(index + 1) as i64
    }

    /// Counts ascending values by bar, from the first bar that has values to the last; at most
    /// [`MOST_BARS`], and an open one at each end.
    pub(crate) fn histogram(self, sorted: &[f64]) -> Vec<Bin> {
        let mut counts = Vec::new();
        let mut rest = sorted;
        while let Some(&first) = rest.first() {
            let index = self.index(first);
            let n = rest.partition_point(|&v| self.index(v) <= index);
            counts.push((index, n as u64));
            rest = &rest[n..];
        }
        let single = single_bars(&counts);
        let (Some(&smallest), Some(&greatest)) = (sorted.first(), sorted.last()) else { return Vec::new() };
        let sum = |counts: &[(i64, u64)]| counts.iter().map(|c| c.1).sum::<u64>();
        let (below, above) = (sum(&counts[..single.start]), sum(&counts[single.end..]));
        let shown = &counts[single];
        let (begin, end) = (shown[0].0, shown[shown.len() - 1].0);

        let open_below = Bin { low: smallest, high: self.low(begin), n: below, open: Some(OpenEnd::Below) };
        let open_above = Bin { low: self.low(end + 1), high: greatest, n: above, open: Some(OpenEnd::Above) };
        let mut bars: Vec<Bin> = Some(open_below).filter(|bar| bar.n > 0).into_iter().collect();
        let mut next = shown.iter().peekable();
        bars.extend((begin..=end).map(|index| {
            let n = next.next_if(|c| c.0 == index).map_or(0, |c| c.1);
            Bin { low: self.low(index), high: self.low(index + 1), n, open: None }
        }));
        bars.extend(Some(open_above).filter(|bar| bar.n > 0));
        bars
    }
}

/// Returns the whole steps in a number of steps. A value just below an edge is the edge itself, rounded to 32
/// bits: the rating 0.7 is 0.69999999.
fn step(steps: f64) -> i64 {
    let near = steps.round();
    let rounding = (f64::from(f32::EPSILON) * steps.abs()).min(0.01);
    if (near - steps).abs() <= rounding { near as i64 } else { steps.floor() as i64 }
}

/// Chooses the bars that are shown one by one, of ascending bars that have values, with their counts. Returns
/// their positions.
///
/// These are all bars if [`MOST_BARS`] neighbors hold them. Otherwise, they are those of the [`MOST_BARS`]
/// neighbors with the most values, of equal ones the first.
pub(crate) fn single_bars(counts: &[(i64, u64)]) -> Range<usize> {
    let (mut best, mut most) = (0..0, 0);
    let (mut begin, mut inside) = (0, 0_u64);
    for (end, &(index, n)) in counts.iter().enumerate() {
        inside += n;
        while index.abs_diff(counts[begin].0) >= MOST_BARS {
            inside -= counts[begin].1;
            begin += 1;
        }
        if inside > most {
            (best, most) = (begin..end + 1, inside);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_edges_that_do_not_depend_on_the_data() {
        let bars = |edges: Edges, values: &[f64]| -> Vec<(f64, f64, u64)> {
            edges.histogram(values).into_iter().map(|b| (b.low, b.high, b.n)).collect()
        };
        assert_eq!(
            bars(Edges::Step(0.5), &[0.5, 1.0, 1.0, 2.2]),
            [(0.5, 1.0, 1), (1.0, 1.5, 2), (1.5, 2.0, 0), (2.0, 2.5, 1)]
        );
        assert_eq!(
            bars(Edges::Doubling, &[0.0, 1.0, 2.0, 3.0, 9.0]),
            [(0.0, 1.0, 1), (1.0, 2.0, 1), (2.0, 4.0, 2), (4.0, 8.0, 0), (8.0, 16.0, 1)]
        );
        let february = 28.0 * 86_400.0;
        assert_eq!(
            bars(Edges::Months, &[0.0, 31.0 * 86_400.0]),
            [(0.0, 31.0 * 86_400.0, 1), (31.0 * 86_400.0, 31.0 * 86_400.0 + february, 1)]
        );
        assert!(bars(Edges::Doubling, &[]).is_empty());
    }

    #[test]
    fn a_value_far_from_the_others_is_in_an_open_bar() {
        let bars = |edges: Edges, values: &[f64]| -> Vec<(f64, f64, u64, Option<OpenEnd>)> {
            edges.histogram(values).into_iter().map(|b| (b.low, b.high, b.n, b.open)).collect()
        };
        let last = f64::from(u32::MAX);
        assert_eq!(
            bars(Edges::Step(10.0), &[81.0, 85.0, 99.0, last]),
            [(80.0, 90.0, 2, None), (90.0, 100.0, 1, None), (100.0, last, 1, Some(OpenEnd::Above))]
        );
        assert_eq!(
            bars(Edges::Step(1.0), &[1.0, 2020.0, 2020.0, 9999.0]),
            [
                (1.0, 2020.0, 1, Some(OpenEnd::Below)),
                (2020.0, 2021.0, 2, None),
                (2021.0, 9999.0, 1, Some(OpenEnd::Above))
            ]
        );
        // As many bars as there may be, and one more.
        let most = MOST_BARS as f64;
        assert_eq!(bars(Edges::Step(1.0), &[0.0, most - 1.0]).len(), MOST_BARS as usize);
        assert_eq!(
            bars(Edges::Step(1.0), &[0.0, most]),
            [(0.0, 1.0, 1, None), (1.0, most, 1, Some(OpenEnd::Above))]
        );
        assert_eq!(bars(Edges::Doubling, &[0.0, last]).len(), 33, "doubling bars reach any count");
    }

    #[test]
    fn the_neighbors_with_the_most_values_are_shown() {
        let far = MOST_BARS as i64;
        assert_eq!(single_bars(&[]), 0..0);
        assert_eq!(single_bars(&[(5, 1), (5 + far - 1, 1)]), 0..2);
        assert_eq!(single_bars(&[(5, 1), (5 + far, 1)]), 0..1);
        assert_eq!(single_bars(&[(0, 3), (far, 2), (far + 1, 2), (3 * far, 3)]), 1..3);
        assert_eq!(single_bars(&[(i64::MIN, 1), (i64::MAX, 2)]), 1..2);
    }
}
