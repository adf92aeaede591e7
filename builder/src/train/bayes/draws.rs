use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What numbers are drawn for; part of the generator's key.
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

/// Numbers by seed, sweep, purpose and row. `ChaCha` is counter-based, so that each row has a stretch of its own,
/// and what is drawn for it depends neither on threads nor on what was drawn before.
#[derive(Debug)]
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// Numbers of 32 bits that a row may use.
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
