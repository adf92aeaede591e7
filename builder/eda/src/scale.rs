//! The bars of histograms.

use std::ops::Range;

use crate::dates::{month_begins, month_of};
use crate::report::Bin;

/// Where the edges of a histogram's bars are. They do not depend on the data, so that two tables can be
/// compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// Bars of this width, from 0.
    Step(f64),
    /// 0; 1; 2 and 3; 4 to 7; and so on.
    Doubling,
    /// Calendar months of Unix times.
    Months,
}

impl Scale {
    fn index(self, value: f64) -> i64 {
        match self {
            Self::Step(width) => (value / width).floor() as i64,
            Self::Doubling => (value as u64).checked_ilog2().map_or(0, |log| i64::from(log) + 1),
            Self::Months => month_of(value as i64),
        }
    }

    fn low(self, index: i64) -> f64 {
        match self {
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

    /// Counts ascending values by bar, from the first bar that has values to the last.
    pub(crate) fn histogram(self, sorted: &[f64]) -> Vec<Bin> {
        let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
        let (begin, end) = (self.index(first), self.index(last));
        let mut below = 0;
        let bars = (begin..=end).map(|index| {
            let (low, high) = (self.low(index), self.low(index + 1));
            let n = sorted[below..].partition_point(|&v| self.index(v) <= index);
            below += n;
            Bin { low, high, n: n as u64 }
        });
        bars.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_edges_that_do_not_depend_on_the_data() {
        let bars = |scale: Scale, values: &[f64]| -> Vec<(f64, f64, u64)> {
            scale.histogram(values).into_iter().map(|b| (b.low, b.high, b.n)).collect()
        };
        assert_eq!(
            bars(Scale::Step(0.5), &[0.5, 1.0, 1.0, 2.2]),
            [(0.5, 1.0, 1), (1.0, 1.5, 2), (1.5, 2.0, 0), (2.0, 2.5, 1)]
        );
        assert_eq!(
            bars(Scale::Doubling, &[0.0, 1.0, 2.0, 3.0, 9.0]),
            [(0.0, 1.0, 1), (1.0, 2.0, 1), (2.0, 4.0, 2), (4.0, 8.0, 0), (8.0, 16.0, 1)]
        );
        let february = 28.0 * 86_400.0;
        assert_eq!(
            bars(Scale::Months, &[0.0, 31.0 * 86_400.0]),
            [(0.0, 31.0 * 86_400.0, 1), (31.0 * 86_400.0, 31.0 * 86_400.0 + february, 1)]
        );
        assert!(bars(Scale::Doubling, &[]).is_empty());
    }
}
