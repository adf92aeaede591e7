//! The scoring kernel: multiplies one user vector with all items and keeps the best.

use std::cmp::Ordering;

use artifact::{Invalid, blocks};

use crate::ItemModel;
use crate::items::all_finite;

/// The number of items in a panel. Sixteen sums fill four 128-bit registers, which every 64-bit machine has.
pub const LANES: usize = 16;

/// Item vectors in panels of sixteen items, factor by factor. The scan then adds up sixteen scores at once,
/// and never sums across a register.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemPanels {
    n_items: usize,
    n_factors: usize,
    /// Panels × factors × lanes. Lanes beyond the last item are 0.
    factors: Vec<f32>,
    norms: Vec<f32>,
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "`new` and `from_halves` check that there are items times factors, of which `push` makes panels"
)]
impl ItemPanels {
    /// Lays out item vectors, given row by row.
    ///
    /// # Panics
    /// If `rows` is not `n_items` times `n_factors`.
    pub fn new(rows: &[f32], n_items: usize, n_factors: usize) -> Self {
        assert_eq!(rows.len(), n_items * n_factors, "rows are items times factors");
        let mut panels = Self::without_items(n_items, n_factors);
        for rows in rows.chunks((n_factors * LANES).max(1)) {
            panels.push(rows);
        }
        panels.norms.resize(n_items, 0.0);
        panels
    }

    /// Lays out item vectors, given row by row as the little-endian bytes of half-precision numbers. At no
    /// time are all of them in memory row by row.
    ///
    /// # Errors
    /// There are not `n_items` times `n_factors` numbers, or one is not finite.
    pub(crate) fn from_halves(
        field: &'static str,
        halves: &[u8],
        n_items: usize,
        n_factors: usize,
    ) -> Result<Self, Invalid> {
        let fits = n_items.checked_mul(n_factors).and_then(|n| n.checked_mul(2)) == Some(halves.len());
        Invalid::unless(fits, field, "not items times factors")?;
        let mut panels = Self::without_items(n_items, n_factors);
        for halves in halves.chunks((n_factors * LANES * 2).max(1)) {
            let rows = blocks::half_to_f32(field, halves, halves.len() / 2)?;
            all_finite(field, &rows)?;
            panels.push(&rows);
        }
        panels.norms.resize(n_items, 0.0);
        Ok(panels)
    }

    /// Allocates panels, without items yet.
    fn without_items(n_items: usize, n_factors: usize) -> Self {
        let n_lanes = if n_factors > 0 { n_items.next_multiple_of(LANES) } else { 0 };
        Self {
            n_items,
            n_factors,
            factors: Vec::with_capacity(n_lanes * n_factors),
            norms: Vec::with_capacity(n_lanes),
        }
    }

    /// Adds a panel from the rows of its items: sixteen, or fewer for the last panel.
    fn push(&mut self, rows: &[f32]) {
        let mut sums = [0.0_f32; LANES];
        for f in 0..self.n_factors {
            let mut lanes = [0.0_f32; LANES];
            for (lane, item) in lanes.iter_mut().zip(rows.chunks_exact(self.n_factors)) {
                *lane = item[f];
            }
            for (sum, value) in sums.iter_mut().zip(lanes) {
                *sum += value * value;
            }
            self.factors.extend_from_slice(&lanes);
        }
        self.norms.extend(sums.map(f32::sqrt));
    }

    /// Lays out a model's item vectors.
    pub fn of(model: &ItemModel) -> Self {
        Self::new(&model.parts().item_factors, model.n_items(), model.n_factors())
    }

    /// Returns the number of items.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Returns the number of factors.
    pub fn n_factors(&self) -> usize {
        self.n_factors
    }

    fn values(&self, item: usize) -> impl Iterator<Item = f32> {
        assert!(item < self.n_items, "item {item} is out of range: there are {} items", self.n_items);
        let begin = item / LANES * self.n_factors * LANES + item % LANES;
        (0..self.n_factors).map(move |f| self.factors[begin + f * LANES])
    }

    /// Returns an item's vector.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn vector(&self, item: usize) -> Vec<f32> {
        self.values(item).collect()
    }

    /// Returns the product of two items' vectors, summed in the order of the factors.
    ///
    /// # Panics
    /// If there is no such item.
    pub(crate) fn product(&self, a: usize, b: usize) -> f32 {
        self.values(a).zip(self.values(b)).fold(0.0, |sum, (x, y)| sum + x * y)
    }

    /// Returns all vectors row by row, as [`ItemPanels::new`] takes them.
    pub fn rows(&self) -> Vec<f32> {
        (0..self.n_items).flat_map(|item| self.values(item)).collect()
    }

    /// Returns the length of every item's vector: exactly the root of [`dot`] of the vector with itself.
    pub(crate) fn norms(&self) -> &[f32] {
        &self.norms
    }

    /// Calls `visit(first, products)` for every panel in order. `products[lane]` is the product of `user` and
    /// the vector of item `first + lane`, summed in the order of the factors. It is 0 in lanes beyond the
    /// last item.
    ///
    /// # Panics
    /// If `user` does not have the model's number of factors.
    pub fn scan(&self, user: &[f32], mut visit: impl FnMut(usize, &[f32; LANES])) {
        assert_eq!(user.len(), self.n_factors, "a user vector has one value for each factor");
        for p in 0..self.n_items.div_ceil(LANES) {
            let panel = &self.factors[p * self.n_factors * LANES..(p + 1) * self.n_factors * LANES];
            let mut sums = [0.0_f32; LANES];
            for (lanes, &weight) in panel.as_chunks::<LANES>().0.iter().zip(user) {
                for (sum, value) in sums.iter_mut().zip(lanes) {
                    *sum += weight * value;
                }
            }
            visit(p * LANES, &sums);
        }
    }
}

/// Computes the dot product in the order of the factors, as [`ItemPanels::scan`] does, so that a pair has the
/// same score everywhere.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (x, y)| sum + x * y)
}

/// The `n` greatest of the scores seen. At equal scores the lower position wins.
#[derive(Debug, Clone)]
pub struct TopN {
    n: usize,
    /// A heap with the worst entry on top.
    heap: std::collections::BinaryHeap<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    score: f32,
    item: usize,
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// Orders entries so that the worse one is greater.
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.item.cmp(&other.item))
    }
}

impl TopN {
    /// Starts without entries.
    pub fn new(n: usize) -> Self {
        Self { n, heap: std::collections::BinaryHeap::with_capacity(n.min(1024).saturating_add(1)) }
    }

    /// Returns the score that the next item must exceed to be kept, for a cheap test before costly ones.
    pub fn bar(&self) -> f32 {
        match self.heap.peek() {
            _ if self.n == 0 => f32::INFINITY,
            Some(worst) if self.heap.len() == self.n => worst.score,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Adds an entry, and drops the worst if there are more than `n`.
    pub fn push(&mut self, item: usize, score: f32) {
        self.heap.push(Entry { score, item });
        if self.heap.len() > self.n {
            self.heap.pop();
        }
    }

    /// Adds an entry of a group that may have only one entry. If there already is one, the better of the two
    /// stays, or at equal scores the lower position.
    pub fn push_one_of_group(&mut self, item: usize, score: f32, of_group: impl Fn(usize) -> bool) {
        let entry = Entry { score, item };
        if let Some(&kept) = self.heap.iter().find(|kept| of_group(kept.item)) {
            if kept <= entry {
                return;
            }
            self.heap.retain(|other| *other != kept);
        }
        self.push(item, score);
    }

    /// Returns items and scores, best first.
    pub fn into_sorted(self) -> Vec<(usize, f32)> {
        self.heap.into_sorted_vec().into_iter().map(|e| (e.item, e.score)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn norms_are_those_of_the_rows() {
        for (n_items, n_factors) in [(0, 3), (1, 1), (16, 5), (37, 8), (5, 0)] {
            let rows: Vec<f32> = (0..n_items * n_factors).map(|i| (i as f32 * 0.37).sin()).collect();
            let expected: Vec<f32> = (0..n_items)
                .map(|i| &rows[i * n_factors..(i + 1) * n_factors])
                .map(|row| dot(row, row).sqrt())
                .collect();
            assert_eq!(ItemPanels::new(&rows, n_items, n_factors).norms(), expected);
        }
    }

    proptest! {
        #[test]
        fn panels_hold_the_rows(n_items in 0_usize..50, n_factors in 0_usize..9) {
            let rows: Vec<f32> = (0..n_items * n_factors).map(|i| i as f32 / 8.0).collect();
            let panels = ItemPanels::new(&rows, n_items, n_factors);
            prop_assert_eq!(panels.rows(), &rows[..]);
            let halves = blocks::from_f32_as_half(&rows);
            let read = |halves, n_items| ItemPanels::from_halves("x", halves, n_items, n_factors);
            prop_assert_eq!(read(&halves, n_items).unwrap(), panels.clone());
            for item in 0..n_items {
                prop_assert_eq!(panels.vector(item), &rows[item * n_factors..(item + 1) * n_factors]);
                let product = panels.product(item, n_items - 1);
                prop_assert_eq!(product.to_bits(), dot(&panels.vector(item), &panels.vector(n_items - 1)).to_bits());
            }
            if n_factors > 0 {
                prop_assert!(read(&halves, n_items + 1).is_err());
                let infinite = [&halves[..], &[0, 0x7c].repeat(n_factors)].concat();
                prop_assert!(read(&infinite, n_items + 1).is_err());
            }
        }

        #[test]
        fn the_scan_gives_every_item_its_product_to_the_bit(
            n_items in 0_usize..50,
            n_factors in 0_usize..9,
            seed: u32,
        ) {
            let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) ^ seed) as f32 / u32::MAX as f32 - 0.5;
            let rows: Vec<f32> = (0..n_items * n_factors).map(value).collect();
            let user: Vec<f32> = (0..n_factors).map(|i| value(i + 977)).collect();
            let mut seen = 0;
            ItemPanels::new(&rows, n_items, n_factors).scan(&user, |first, products| {
                assert_eq!(first, seen);
                for (lane, product) in products.iter().enumerate() {
                    let row = rows.get((first + lane) * n_factors..(first + lane + 1) * n_factors);
                    assert_eq!(product.to_bits(), row.map_or(0.0, |row| dot(&user, row)).to_bits());
                }
                seen += LANES;
            });
            prop_assert_eq!(seen, n_items.next_multiple_of(LANES));
        }

        #[test]
        fn the_best_of_groups_are_those_of_a_full_sort(
            entries in proptest::collection::vec((0_u8..6, 0_u8..9), 0..40),
            n in 0_usize..12,
        ) {
            let mut top = TopN::new(n);
            for (item, &(score, group)) in entries.iter().enumerate() {
                if f32::from(score) > top.bar() {
                    top.push_one_of_group(item, f32::from(score), |other| entries[other].1 == group);
                }
            }
            let mut all: Vec<(usize, f32)> =
                entries.iter().enumerate().map(|(i, &(s, _))| (i, f32::from(s))).collect();
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let mut seen = std::collections::BTreeSet::new();
            all.retain(|&(item, _)| seen.insert(entries[item].1));
            all.truncate(n);
            prop_assert_eq!(top.into_sorted(), all);
        }

        #[test]
        fn the_best_are_those_of_a_full_sort(scores in proptest::collection::vec(0_u8..6, 0..40), n in 0_usize..12) {
            let mut top = TopN::new(n);
            for (item, &score) in scores.iter().enumerate() {
                if f32::from(score) > top.bar() {
                    top.push(item, f32::from(score));
                }
            }
            let mut all: Vec<(usize, f32)> =
                scores.iter().enumerate().map(|(i, &s)| (i, f32::from(s))).collect();
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            all.truncate(n);
            prop_assert_eq!(top.into_sorted(), all);
        }
    }
}
