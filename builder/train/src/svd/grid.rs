//! Divides users and titles into a fixed grid of blocks.
//!
//! Users and titles are dealt into equally many stripes, so that each stripe has about as many ratings.
//! Blocks that share neither a user stripe nor a title stripe touch different rows of parameters, so they may
//! be visited at the same time: B of them make one step, and B steps one epoch (Gemulla et al. 2011,
//! "Large-scale matrix factorization with distributed stochastic gradient descent"). The grid depends only on
//! the data, never on the number of threads.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::kernel::Row;
use crate::rows::Rows;

/// The slot of a user or title without a rating.
pub(super) const UNRATED: u32 = u32::MAX;

/// A stripe of titles should stay in a cache, if only the third level, while users pass through it. Rows of a
/// block are in order of users, so that a user's factors are fetched once per block. Smaller stripes would
/// stay in a nearer cache, but every user passes through all of them: 16 stripes of 50,000 titles at 128
/// factors are visited a fifth faster than 32.
const STRIPE_BYTES: usize = 2 << 20;
/// Bounds positions within a stripe, so that they fit in [`Row`]. No stripe has many more members than its
/// share of the rows, so doubling the number of stripes ends.
const MAX_MEMBERS: usize = 1 << 16;
/// Smaller blocks cost more to hand out than to visit.
const MIN_ROWS_PER_BLOCK: usize = 256;
const MIN_STRIPES: usize = 16;
const MAX_STRIPES: usize = 128;

/// Assignment of one side (users or titles) to stripes. A slot is a position in the order of stripes.
#[derive(Debug)]
pub(super) struct Side {
    /// Slot of each user or title, or [`UNRATED`].
    pub(super) slot: Vec<u32>,
    /// First slot of each stripe, and the number of slots at the end.
    pub(super) starts: Vec<usize>,
}

impl Side {
    fn deal(counts: &[u32], n_stripes: usize) -> Self {
        let mut order: Vec<u32> = (0..counts.len() as u32).filter(|&i| counts[i as usize] > 0).collect();
        order.sort_by_key(|&i| (Reverse(counts[i as usize]), i));
        // Heaviest first, each to the lightest stripe: the loads then differ by at most one user's or title's
        // ratings.
        let mut loads: BinaryHeap<Reverse<(u64, usize)>> = (0..n_stripes).map(|s| Reverse((0, s))).collect();
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); n_stripes];
        for i in order {
            let Some(Reverse((load, stripe))) = loads.pop() else { break };
            members[stripe].push(i);
            loads.push(Reverse((load + u64::from(counts[i as usize]), stripe)));
        }
        let mut slot = vec![UNRATED; counts.len()];
        let mut starts = Vec::with_capacity(n_stripes + 1);
        let mut next = 0;
        for mut stripe in members {
            starts.push(next);
            stripe.sort_unstable();
            for i in stripe {
                slot[i as usize] = next as u32;
                next += 1;
            }
        }
        starts.push(next);
        Self { slot, starts }
    }

    pub(super) fn n_slots(&self) -> usize {
        *self.starts.last().unwrap_or(&0)
    }

    /// Returns the number of members of the largest stripe.
    fn widest(&self) -> usize {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }

    fn stripe_of_slot(&self) -> Vec<u32> {
        let sizes = self.starts.windows(2).map(|w| w[1] - w[0]);
        sizes.enumerate().flat_map(|(s, n)| std::iter::repeat_n(s as u32, n)).collect()
    }
}

/// Rows of a training set, block by block.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) n_stripes: usize,
    pub(super) users: Side,
    pub(super) items: Side,
    rows: Vec<Row>,
    /// First row of block `a * n_stripes + b`, and the number of rows at the end.
    starts: Vec<usize>,
}

impl Grid {
    /// Sorts the rows into blocks; inside a block by user, then by title, then in their order. `width` is the
    /// number of values in a row of factors.
    pub(super) fn new(data: &impl Rows, global_mean: f32, width: usize) -> Self {
        let (mut user_counts, mut item_counts) = (vec![0_u32; data.n_users()], vec![0_u32; data.n_titles()]);
        data.for_each(|u, i, _| {
            user_counts[u as usize] += 1;
            item_counts[i as usize] += 1;
        });
        let n_rows = data.rating().len();
        let rated = |counts: &[u32]| counts.iter().filter(|&&c| c > 0).count();
        let mut n_stripes = n_stripes(n_rows, rated(&user_counts), rated(&item_counts), width);
        let (users, items) = loop {
            let sides = (Side::deal(&user_counts, n_stripes), Side::deal(&item_counts, n_stripes));
            if sides.0.widest().max(sides.1.widest()) <= MAX_MEMBERS {
                break sides;
            }
            n_stripes *= 2;
        };

        let (user_stripe, item_stripe) = (users.stripe_of_slot(), items.stripe_of_slot());
        let block_of = |u: u32, i: u32| {
            user_stripe[users.slot[u as usize] as usize] as usize * n_stripes
                + item_stripe[items.slot[i as usize] as usize] as usize
        };
        let mut starts = vec![0_usize; n_stripes * n_stripes + 1];
        data.for_each(|u, i, _| starts[block_of(u, i) + 1] += 1);
        for b in 1..starts.len() {
            starts[b] += starts[b - 1];
        }
        let mut next = starts.clone();
        let mut rows = vec![Row { user: 0, item: 0, centered: 0.0 }; n_rows];
        data.for_each(|u, i, rating| {
            let block = block_of(u, i);
            let (a, b) = (block / n_stripes, block % n_stripes);
            rows[next[block]] = Row {
                user: (users.slot[u as usize] as usize - users.starts[a]) as u16,
                item: (items.slot[i as usize] as usize - items.starts[b]) as u16,
                centered: rating - global_mean,
            };
            next[block] += 1;
        });
        let mut rest = rows.as_mut_slice();
        let mut blocks = Vec::with_capacity(n_stripes * n_stripes);
        for w in starts.windows(2) {
            let (block, tail) = rest.split_at_mut(w[1] - w[0]);
            blocks.push(block);
            rest = tail;
        }
        blocks.into_par_iter().for_each(|block| block.sort_by_key(|row| (row.user, row.item)));
        Self { n_stripes, users, items, rows, starts }
    }

    /// Returns the rows of the block of user stripe `a` and title stripe `b`.
    pub(super) fn block(&self, a: usize, b: usize) -> &[Row] {
        let block = a * self.n_stripes + b;
        &self.rows[self.starts[block]..self.starts[block + 1]]
    }

    pub(super) fn n_rows(&self) -> usize {
        self.rows.len()
    }
}

fn n_stripes(n_rows: usize, n_users: usize, n_items: usize, width: usize) -> usize {
    let bytes = n_items * (width + 1) * size_of::<f32>();
    let for_cache = bytes.div_ceil(STRIPE_BYTES).next_power_of_two().clamp(MIN_STRIPES, MAX_STRIPES);
    let for_blocks = (n_rows / MIN_ROWS_PER_BLOCK).isqrt();
    for_cache.min(for_blocks).min(n_users).min(n_items).max(1)
}

#[cfg(test)]
mod tests {
    use catalog::Interactions;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_row_is_in_its_block_once(
            rows in prop::collection::vec((0_u32..40, 0_u32..30, 1_u8..6), 1..3000)
        ) {
            let data = Interactions {
                n_users: 41,
                n_titles: 31,
                user_idx: rows.iter().map(|r| r.0).collect(),
                title_idx: rows.iter().map(|r| r.1).collect(),
                rating: rows.iter().map(|r| f32::from(r.2)).collect(),
                ..Interactions::default()
            };
            let grid = Grid::new(&data, 0.0, 8);
            let unslot = |side: &Side, slot: usize| side.slot.iter().position(|&s| s as usize == slot).unwrap() as u32;
            let mut seen = Vec::new();
            for a in 0..grid.n_stripes {
                for b in 0..grid.n_stripes {
                    for row in grid.block(a, b) {
                        let u = grid.users.starts[a] + row.user as usize;
                        let i = grid.items.starts[b] + row.item as usize;
                        prop_assert!(u < grid.users.starts[a + 1] && i < grid.items.starts[b + 1]);
                        seen.push((unslot(&grid.users, u), unslot(&grid.items, i), row.centered as u8));
                    }
                }
            }
            let mut rows = rows;
            rows.sort_unstable();
            seen.sort_unstable();
            prop_assert_eq!(seen, rows);
            prop_assert_eq!(grid.users.slot[40], UNRATED);
            prop_assert_eq!(grid.items.slot[30], UNRATED);
        }

        #[test]
        fn stripes_are_balanced(counts in prop::collection::vec(1_u32..50, 64..400)) {
            let side = Side::deal(&counts, 16);
            let mut loads = [0; 16];
            for (i, &slot) in side.slot.iter().enumerate() {
                let stripe = side.starts.partition_point(|&s| s <= slot as usize) - 1;
                loads[stripe] += counts[i];
            }
            prop_assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() < 50);
        }
    }

    #[test]
    fn positions_fit_even_if_one_title_has_very_many_users() {
        let n_users = MAX_MEMBERS + 1;
        let data = Interactions {
            n_users,
            n_titles: 1,
            user_idx: (0..n_users as u32).collect(),
            title_idx: vec![0; n_users],
            rating: vec![3.0; n_users],
            ..Interactions::default()
        };
        let grid = Grid::new(&data, 0.0, 8);
        assert_eq!(grid.n_stripes, 2);
        let users: usize = (0..4).map(|block| grid.block(block / 2, block % 2).len()).sum();
        assert_eq!((users, grid.users.widest()), (n_users, n_users.div_ceil(2)));
    }

    #[test]
    fn small_data_is_one_block() {
        assert_eq!(n_stripes(10, 3, 4, 8), 1);
        assert_eq!(n_stripes(100_000, 943, 1682, 104), 16);
        assert_eq!(n_stripes(11_000_000, 115_000, 23_000, 32), 16);
    }
}
