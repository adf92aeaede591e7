use nalgebra::{Cholesky, DMatrix, Dyn};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{ChiSquared, Distribution, Gamma, StandardNormal};

/// Purpose of random numbers, which is part of the generator's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    StartUsers,
    StartItems,
    Noise,
    UserPrior,
    ItemPrior,
    UserLink,
    ItemLink,
    Users,
    Items,
    SketchUsers,
    SketchItems,
}

/// Random numbers by seed, sweep, purpose and row. `ChaCha` is counter-based, so each row has its own stretch
/// of numbers. What is drawn for a row depends neither on threads nor on earlier draws.
#[derive(Debug)]
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// Number of 32-bit words that a row may use.
    const PER_ROW: u128 = 1 << 12;

    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(super) fn at(&self, sweep: u32, purpose: Purpose, row: usize) -> ChaCha8Rng {
        let mut rng = self.0.clone();
        rng.set_stream(u64::from(sweep) << 8 | purpose as u64);
        rng.set_word_pos(row as u128 * Self::PER_ROW);
        rng
    }
}

/// Draws from the Wishart distribution with `freedom` degrees and the inverse of a scale matrix, by
/// Bartlett's decomposition.
pub(super) fn wishart(
    inverse_scale: &Cholesky<f64, Dyn>,
    freedom: f64,
    rng: &mut ChaCha8Rng,
) -> DMatrix<f64> {
    let lower = inverse_scale.l();
    let d = lower.nrows();
    let mut bartlett = DMatrix::zeros(d, d);
    for i in 0..d {
        // `freedom` is at least the dimension, so the degrees stay above 0.
        let chi = ChiSquared::new(freedom - i as f64).expect("degrees of freedom are above 0");
        bartlett[(i, i)] = chi.sample(rng).sqrt();
        for j in 0..i {
            bartlett[(i, j)] = normal(rng);
        }
    }
    // The scale is `C⁻ᵀC⁻¹` if its inverse is `CCᵀ`.
    let root = lower.transpose().solve_upper_triangular(&bartlett).unwrap_or(bartlett);
    // Multiply by hand. A matrix product rounds differently on different processors, and a chain of draws
    // would amplify the difference.
    DMatrix::from_fn(d, d, |i, j| (0..d).map(|at| root[(i, at)] * root[(j, at)]).sum())
}

/// Draws from the standard normal distribution.
pub(super) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Draws from the gamma distribution with this shape and rate, both above 0.
pub(super) fn gamma(shape: f64, rate: f64, rng: &mut ChaCha8Rng) -> f64 {
    Gamma::new(shape, 1.0 / rate).expect("shape and rate are above 0").sample(rng)
}
