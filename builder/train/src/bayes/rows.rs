//! Rows of one side, and their ratings.

use dataset::Grouped;

/// Ratings by row of one side: positions on the other side, and ratings centered on μ.
pub(super) type Observed = Grouped<(u32, f32)>;

/// Groups ratings by `row`; those of a row keep their order.
pub(super) fn observed(
    n_rows: usize,
    row: &[u32],
    other: &[u32],
    rating: &[f32],
    global_mean: f32,
) -> Observed {
    let centered = other.iter().zip(rating).map(|(&other, &rating)| (other, rating - global_mean));
    Grouped::new(n_rows, row, centered)
}

/// Row of one side: the bias, the factors, and zeros up to the width.
pub(super) type Row<const W: usize> = [f32; W];
