use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// A seeded source of choices.
///
/// Every choice is made from the generator's words by arithmetic that is exact everywhere, so the bytes of a
/// data set depend neither on the version of `rand` nor on a platform's math library.
#[derive(Debug, Clone)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// Starts one of 2^64 independent streams of the same seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Draws a uniform number in 0 ≤ x < 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws a uniform number in 0 ≤ x < 1 with 24 bits, at half the cost.
    pub(super) fn unit_f32(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / (1_u32 << 24) as f32
    }

    /// Draws a uniform number in 0 ≤ x < `n`, by multiplication (Lemire, "Fast random integer generation in
    /// an interval", 2019, without the rejection step: the bias is below `n` / 2^32).
    pub(super) fn below(&mut self, n: usize) -> usize {
        debug_assert!(n > 0 && u32::try_from(n).is_ok(), "a choice among {n}");
        ((u64::from(self.0.next_u32()) * n as u64) >> 32) as usize
    }

    /// Returns true with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Picks one item, each equally likely. The slice must not be empty.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Picks a position in proportion to its weight. Weights are not negative and not all zero.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let total: f64 = weights.clone().sum();
        let mut left = self.unit() * total;
        let mut last = 0;
        for (position, weight) in weights.enumerate() {
            if weight > 0.0 {
                last = position;
                if left < weight {
                    break;
                }
                left -= weight;
            }
        }
        last
    }

    /// Draws a number close to a standard normal: the sum of the eight bytes of one generator word, centered
    /// and scaled (Irwin–Hall). It ends at ±4.88, which makes no difference to ratings.
    pub(super) fn normal(&mut self) -> f32 {
        let sum: u32 = self.0.next_u64().to_le_bytes().iter().map(|&byte| u32::from(byte)).sum();
        // Eight bytes have the mean 8 · 127.5 and the variance 8 · (256² - 1) / 12.
        (sum as f32 - 1020.0) / 209.022_33
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let mut dice = Dice::new(1, 0);
        let drawn: Vec<f64> = (0..20_000).map(|_| f64::from(dice.normal())).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.04, "{variance}");
    }

    #[test]
    fn a_weight_of_zero_is_never_chosen() {
        let mut dice = Dice::new(2, 0);
        let mut hits = [0; 4];
        for _ in 0..4000 {
            hits[dice.weighted([0.0, 1.0, 3.0, 0.0].into_iter())] += 1;
        }
        assert_eq!((hits[0], hits[3]), (0, 0));
        assert!((900..1100).contains(&hits[1]), "{hits:?}");
    }

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |seed, stream| Dice::new(seed, stream).unit().to_bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }
}
