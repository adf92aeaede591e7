//! The scoring kernel: multiplies one user vector with all items and keeps the best.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use artifact::{Invalid, blocks};

use crate::ItemModel;

/// The number of items in a panel. Sixteen sums fill four 128-bit registers, which every 64-bit machine has.
pub const LANES: usize = 16;

/// Item vectors in panels of sixteen items, factor by factor. [`ItemPanels::products`] adds up sixteen scores
/// at once, and never sums across a register.
///
/// The items with the longest vectors come first. A user's product with an item is at most the product of
/// their lengths (Cauchy and Schwarz), so a scan for the best items can leave out most panels of short
/// vectors (Teflioudi, Gemulla and Mykytiuk 2015, "LEMP", section 3).
#[derive(Debug, Clone, PartialEq)]
pub struct ItemPanels {
    n_items: usize,
    n_factors: usize,
    /// Panels × factors × lanes. Lanes beyond the last item are 0.
    factors: Vec<f32>,
    /// The length of each item's vector.
    norms: Vec<f32>,
    /// The item in each lane, panel after panel: longest vector first, ties by position.
    items: Vec<u32>,
    /// The lane of each item.
    lanes: Vec<u32>,
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "`new` and `from_halves` check that there are items times factors, of which `of_rows` makes panels"
)]
impl ItemPanels {
    /// Lays out item vectors, given row by row.
    ///
    /// # Panics
    /// If `rows` is not `n_items` times `n_factors`, or there are 2³² items or more.
    pub fn new(rows: &[f32], n_items: usize, n_factors: usize) -> Self {
        assert_eq!(rows.len(), n_items * n_factors, "rows are items times factors");
        Self::of_rows(n_items, n_factors, |items, panel| {
            for (&item, row) in items.iter().zip(panel.chunks_exact_mut(n_factors)) {
                row.copy_from_slice(&rows[item as usize * n_factors..][..n_factors]);
            }
        })
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
        Invalid::unless(u32::try_from(n_items).is_ok(), field, "2³² items or more")?;
        Invalid::unless(blocks::halves_are_finite(halves), field, "a value is not finite")?;
        let n_bytes = 2 * n_factors;
        let mut bytes = vec![0; LANES * n_bytes];
        Ok(Self::of_rows(n_items, n_factors, |items, panel| {
            for (&item, row) in items.iter().zip(bytes.chunks_exact_mut(n_bytes)) {
                row.copy_from_slice(&halves[item as usize * n_bytes..][..n_bytes]);
            }
            blocks::read_halves(&bytes[..items.len() * n_bytes], panel);
        }))
    }

    /// Lays out the rows that `read` writes for up to sixteen items. It is asked for each item twice: for the
    /// length, and in the order of lengths.
    fn of_rows(n_items: usize, n_factors: usize, mut read: impl FnMut(&[u32], &mut [f32])) -> Self {
        let mut rows = vec![0.0; LANES * n_factors];
        let mut lay_out = |items: &[u32], panel: &mut [[f32; LANES]]| {
            read(items, &mut rows);
            for (lane, row) in rows.chunks_exact(n_factors).take(items.len()).enumerate() {
                for (values, value) in panel.iter_mut().zip(row) {
                    values[lane] = *value;
                }
            }
        };
        let n_panels = if n_factors > 0 { n_items.div_ceil(LANES) } else { 0 };
        let mut items: Vec<u32> = (0..u32::try_from(n_items).expect("items fit 32 bits")).collect();
        let mut norms = vec![0.0; n_items];
        let mut panel = vec![[0.0; LANES]; n_factors];
        for (items, norms) in items.chunks(LANES).zip(norms.chunks_mut(LANES)).take(n_panels) {
            lay_out(items, &mut panel);
            let mut sums = [0.0_f32; LANES];
            for values in &panel {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value * value;
                }
            }
            norms.iter_mut().zip(sums).for_each(|(norm, sum)| *norm = sum.sqrt());
        }
        // Bits of numbers that are not negative have the order of the numbers.
        items.sort_unstable_by_key(|&item| (u32::MAX - norms[item as usize].to_bits(), item));
        let mut lanes = vec![0; n_items];
        for (lane, &item) in items.iter().enumerate() {
            lanes[item as usize] = lane as u32;
        }
        let mut factors = vec![0.0; n_panels * n_factors * LANES];
        let panels = factors.as_chunks_mut().0.chunks_exact_mut(n_factors.max(1));
        for (items, panel) in items.chunks(LANES).zip(panels) {
            lay_out(items, panel);
        }
        Self { n_items, n_factors, factors, norms, items, lanes }
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

    /// Returns the number of panels.
    pub fn n_panels(&self) -> usize {
        self.n_items.div_ceil(LANES)
    }

    /// Returns the place of an item: its panel, times the number of lanes, plus its lane.
    ///
    /// # Panics
    /// If the item is out of range.
    pub fn lane(&self, item: usize) -> usize {
        assert!(item < self.n_items, "item {item} is out of range: there are {} items", self.n_items);
        self.lanes[item] as usize
    }

    fn values(&self, item: usize) -> impl Iterator<Item = f32> {
        let lane = self.lane(item);
        let begin = lane / LANES * self.n_factors * LANES + lane % LANES;
        (0..self.n_factors).map(move |f| self.factors[begin + f * LANES])
    }

    /// Returns an item's vector.
    ///
    /// # Panics
    /// If the item is out of range.
    pub fn vector(&self, item: usize) -> Vec<f32> {
        self.values(item).collect()
    }

    /// Returns the product of two items' vectors, summed in the order of the factors.
    ///
    /// # Panics
    /// If the item is out of range.
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

    /// Returns the items of a panel: sixteen, or fewer in the last panel.
    ///
    /// # Panics
    /// If `panel` is out of range.
    pub fn items(&self, panel: usize) -> &[u32] {
        &self.items[panel * LANES..self.n_items.min((panel + 1) * LANES)]
    }

    /// Returns the product of `user` and the vector of each item of a panel, summed in the order of the
    /// factors. It is 0 in lanes beyond the last item.
    ///
    /// # Panics
    /// If `panel` is out of range, or the length of `user` is not the number of factors.
    #[inline]
    pub fn products(&self, panel: usize, user: &[f32]) -> [f32; LANES] {
        assert_eq!(user.len(), self.n_factors, "a user vector has one value for each factor");
        let panel = &self.factors[panel * self.n_factors * LANES..(panel + 1) * self.n_factors * LANES];
        let mut sums = [0.0_f32; LANES];
        for (values, &weight) in panel.as_chunks::<LANES>().0.iter().zip(user) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += weight * value;
            }
        }
        sums
    }

    /// Returns what [`ItemPanels::bound`] multiplies: the length of a user's vector, with room for the
    /// rounding of every sum.
    pub fn reach(&self, user: &[f32]) -> f32 {
        // A sum of k products in single precision is off by at most about k·ε of the sum of their absolute
        // values, and the length of an item by about k·ε/2 of itself. In double precision, squares of tiny
        // values do not vanish.
        let length = user.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
        length as f32 * (1.0 + (4 * self.n_factors + 16) as f32 * f32::EPSILON) + f32::MIN_POSITIVE
    }

    /// Returns a number that no product in a panel exceeds, given the [`ItemPanels::reach`] of the user.
    /// Values of items have to be 0 or as large as half precision holds, at least 2⁻²⁴, so that no square
    /// vanishes.
    ///
    /// # Panics
    /// If `panel` is out of range.
    #[inline]
    pub fn bound(&self, panel: usize, reach: f32) -> f32 {
        self.norms[self.items[panel * LANES] as usize] * reach + f32::MIN_POSITIVE
    }
}

/// Computes the dot product in the order of the factors, as [`ItemPanels::products`] does, so that a pair has
/// the same score everywhere.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (x, y)| sum + x * y)
}

/// The `n` greatest of the scores seen. At equal scores the lower position wins.
#[derive(Debug, Clone)]
pub struct TopN {
    n: usize,
    /// A heap with the worst entry on top.
    heap: BinaryHeap<Entry>,
    /// The entry of each group that has one.
    of_groups: HashMap<usize, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    score: f32,
    item: usize,
    group: Option<usize>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
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
        let heap = BinaryHeap::with_capacity(n.min(1024).saturating_add(1));
        Self { n, heap, of_groups: HashMap::new() }
    }

    /// Returns a score below which no item is kept, for a cheap test before costly ones.
    pub fn bar(&self) -> f32 {
        match self.heap.peek() {
            _ if self.n == 0 => f32::INFINITY,
            Some(worst) if self.heap.len() == self.n => worst.score,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Returns whether an entry would be kept. NaN never is.
    pub fn keeps(&self, item: usize, score: f32) -> bool {
        match self.heap.peek() {
            _ if self.n == 0 || score.is_nan() => false,
            Some(worst) if self.heap.len() == self.n => Entry { score, item, group: None } < *worst,
            _ => true,
        }
    }

    /// Adds an entry, and drops the worst if there are more than `n`. An item may be added only once.
    pub fn push(&mut self, item: usize, score: f32) {
        self.insert(Entry { score, item, group: None });
    }

    /// Adds an entry of a group that may have only one entry. If there already is one, the better of the two
    /// stays, or at equal scores the lower position.
    pub fn push_one_of_group(&mut self, item: usize, score: f32, group: usize) {
        let entry = Entry { score, item, group: Some(group) };
        if let Some(&kept) = self.of_groups.get(&group) {
            if kept <= entry {
                return;
            }
            self.heap.retain(|other| other.item != kept.item);
        }
        self.of_groups.insert(group, entry);
        self.insert(entry);
    }

    fn insert(&mut self, entry: Entry) {
        self.heap.push(entry);
        if self.heap.len() > self.n
            && let Some(group) = self.heap.pop().and_then(|worst| worst.group)
        {
            self.of_groups.remove(&group);
        }
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

    /// Returns the numbers below `n` in an order that depends on `by`.
    fn order_of(n: usize, by: u32) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|&i| (i as u32).wrapping_mul(2_654_435_761) ^ by);
        order
    }

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
        fn panels_give_every_item_its_product_to_the_bit_and_no_product_exceeds_the_bound(
            n_items in 0_usize..50,
            n_factors in 0_usize..90,
            seed: u32,
            scale in prop_oneof![Just(0.0_f32), Just(1e-4), Just(1.0), Just(1e4)],
            along in proptest::collection::vec(-2.0_f32..2.0, 0..9),
        ) {
            let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) ^ seed) as f32 / u32::MAX as f32 - 0.5;
            let mut rows: Vec<f32> = (0..n_items * n_factors).map(|i| scale * value(i)).collect();
            let user: Vec<f32> = (0..n_factors).map(|i| value(i + 977)).collect();
            // The first vectors have the direction of the user's, in which the bound is tight.
            for (row, length) in rows.chunks_exact_mut(n_factors.max(1)).zip(along) {
                row.iter_mut().zip(&user).for_each(|(value, of_user)| *value = length * of_user);
            }
            let panels = ItemPanels::new(&rows, n_items, n_factors);
            let reach = panels.reach(&user);
            let mut seen = Vec::new();
            for panel in 0..panels.n_panels() {
                let (items, products) = (panels.items(panel), panels.products(panel, &user));
                for (lane, &item) in items.iter().enumerate() {
                    let item = item as usize;
                    let product = dot(&user, &rows[item * n_factors..(item + 1) * n_factors]);
                    prop_assert_eq!(products[lane].to_bits(), product.to_bits());
                    prop_assert!(product <= panels.bound(panel, reach), "{} > {}", product, panels.bound(panel, reach));
                    prop_assert_eq!(panels.lane(item), panel * LANES + lane);
                    seen.push(item);
                }
                prop_assert!(products[items.len()..].iter().all(|product| product.to_bits() << 1 == 0));
            }
            let norms = panels.norms();
            prop_assert!(seen.is_sorted_by(|&a, &b| norms[b].total_cmp(&norms[a]).then(a.cmp(&b)).is_lt()));
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..n_items).collect::<Vec<_>>());
        }

        #[test]
        fn the_best_of_groups_are_those_of_a_full_sort(
            entries in proptest::collection::vec((0_u8..6, 0_u8..9), 0..40),
            n in 0_usize..12,
            by: u32,
        ) {
            let mut top = TopN::new(n);
            for &item in &order_of(entries.len(), by) {
                let (score, group) = entries[item];
                prop_assert!(!top.keeps(item, f32::from(score)) || f32::from(score) >= top.bar());
                if top.keeps(item, f32::from(score)) {
                    top.push_one_of_group(item, f32::from(score), usize::from(group));
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
        fn the_best_are_those_of_a_full_sort(
            scores in proptest::collection::vec(0_u8..6, 0..40),
            n in 0_usize..12,
            by: u32,
        ) {
            let mut top = TopN::new(n);
            for &item in &order_of(scores.len(), by) {
                let score = f32::from(scores[item]);
                prop_assert!(!top.keeps(item, score) || score >= top.bar());
                if top.keeps(item, score) {
                    top.push(item, score);
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
