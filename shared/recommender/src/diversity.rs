//! Lists whose titles differ from each other.

/// Picks `n` entries of a pool, which is sorted best first, by maximal marginal relevance (Carbonell and
/// Goldstein 1998, section 2). Each pick has the greatest value of
///
/// `(1 − d)·relevance − d·(greatest similarity to those picked before)`.
///
/// The relevance is the score, scaled so that the pool spans 0 to 1. The first pick has a similarity of 0. Of
/// equal values, the first of the pool is picked.
pub(crate) fn diversify(
    pool: &[(usize, f32)],
    n: usize,
    diversity: f32,
    similarity: impl Fn(usize, usize) -> f32,
) -> Vec<(usize, f32)> {
    let low = pool.iter().fold(f32::INFINITY, |low, &(_, score)| low.min(score));
    let high = pool.iter().fold(f32::NEG_INFINITY, |high, &(_, score)| high.max(score));
    let relevance = |score: f32| if high > low { (score - low) / (high - low) } else { 1.0 };
    // The rest of the pool in its order, each entry with its greatest similarity to those picked.
    let mut left: Vec<((usize, f32), f32)> = pool.iter().map(|&entry| (entry, f32::NEG_INFINITY)).collect();
    let mut picked: Vec<(usize, f32)> = Vec::with_capacity(n.min(pool.len()));
    while picked.len() < n && !left.is_empty() {
        let (mut best, mut greatest) = (0, f32::NEG_INFINITY);
        for (at, &((_, score), nearest)) in left.iter().enumerate() {
            let nearest = if picked.is_empty() { 0.0 } else { nearest };
            let marginal = (1.0 - diversity) * relevance(score) - diversity * nearest;
            if marginal > greatest {
                (best, greatest) = (at, marginal);
            }
        }
        let (chosen, _) = left.remove(best);
        for ((item, _), nearest) in &mut left {
            *nearest = nearest.max(similarity(*item, chosen.0));
        }
        picked.push(chosen);
    }
    picked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_pick_is_that_of_the_formula_and_without_diversity_the_order_stays(
            scores in proptest::collection::vec(-9_i8..9, 0..20),
            n in 0_usize..25,
            tenths in 0_u8..=10,
            seed: u32,
        ) {
            let mut scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            scores.sort_by(|a, b| b.total_cmp(a));
            let pool: Vec<(usize, f32)> = scores.iter().enumerate().map(|(i, &s)| (i * 3, s)).collect();
            let similarity = |a: usize, b: usize| {
                let pair = (a.min(b) * 64 + a.max(b)) as u32 ^ seed;
                (pair.wrapping_mul(2_654_435_761) >> 28) as f32 / 8.0 - 1.0
            };
            let d = f32::from(tenths) / 10.0;
            let found = diversify(&pool, n, d, similarity);

            let span = pool.first().map_or(0.0, |p| p.1) - pool.last().map_or(0.0, |p| p.1);
            let mut slow: Vec<(usize, f32)> = Vec::new();
            while slow.len() < n.min(pool.len()) {
                let value = |&(item, score): &(usize, f32)| {
                    let relevance = if span > 0.0 { (score - pool[pool.len() - 1].1) / span } else { 1.0 };
                    let near = slow.iter().map(|&(other, _)| similarity(item, other)).reduce(f32::max);
                    (1.0 - d) * relevance - d * near.unwrap_or(0.0)
                };
                let left = pool.iter().filter(|p| !slow.contains(p));
                let best = left.reduce(|best, p| if value(p) > value(best) { p } else { best });
                slow.push(*best.unwrap());
            }
            prop_assert_eq!(&found, &slow);
            if tenths == 0 {
                prop_assert_eq!(&found[..], &pool[..n.min(pool.len())]);
            }
        }
    }
}
