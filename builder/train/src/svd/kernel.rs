//! Inner loops: visit one block of ratings in order, and update the parameters it touches.
//!
//! Sums run over a fixed number of lanes in a fixed order, without fused multiply-add, so the result is the
//! same on every machine, whatever its vector width. The lanes are a separate type (`wide`) instead of loops
//! over arrays, because the compiler turned such loops into vectors of two lanes, following the last
//! additions of the dot product.

use wide::f32x8;

/// Rows of factors are padded with zeros to a multiple of this many values.
pub(super) const LANES: usize = 8;

/// One rating inside a block. Positions are within the block's stripes, and the rating is centered on μ. It
/// has eight bytes, because all rows stay in memory during training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub(super) user: u16,
    pub(super) item: u16,
    pub(super) centered: f32,
}

/// Parameters of one side for one stripe of users or titles; `factors` has `width` values per row.
#[derive(Debug)]
pub(super) struct Stripe<'a> {
    pub(super) bias: &'a mut [f32],
    pub(super) factors: &'a mut [f32],
}

/// Step sizes of one epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    /// γ of the factors.
    pub(super) rate: f32,
    /// 1 − γλ of the factors.
    pub(super) keep: f32,
    /// γ of the biases.
    pub(super) bias_rate: f32,
    /// 1 − γλ of the biases.
    pub(super) bias_keep: f32,
}

/// Visits the rows in order, and returns the sum of the squared errors, each taken before its update.
pub(super) fn visit(
    rows: &[Row],
    width: usize,
    users: &mut Stripe<'_>,
    items: &mut Stripe<'_>,
    steps: Steps,
) -> f64 {
    let mut sum = 0.0;
    for row in rows {
        let (u, i) = (usize::from(row.user), usize::from(row.item));
        let p = &mut users.factors[u * width..][..width];
        let q = &mut items.factors[i * width..][..width];
        let rest = row.centered - dot(p, q);
        let (error, squared) = update_biases(rest, &mut users.bias[u], &mut items.bias[i], steps);
        sum += squared;
        update_factors(p, q, steps.rate * error, steps.keep);
    }
    sum
}

/// Updates both biases; returns the error before the update, and its square.
#[inline]
fn update_biases(rest: f32, user: &mut f32, item: &mut f32, steps: Steps) -> (f32, f64) {
    let error = rest - (*user + *item);
    let step = steps.bias_rate * error;
    *user = *user * steps.bias_keep + step;
    *item = *item * steps.bias_keep + step;
    (error, f64::from(error) * f64::from(error))
}

/// Sets `p ← p·keep + step·q` and `q ← q·keep + step·p`, both from the old values. Zeros stay zeros.
#[inline]
fn update_factors(p: &mut [f32], q: &mut [f32], step: f32, keep: f32) {
    let p = p.as_chunks_mut::<LANES>().0;
    let q = q.as_chunks_mut::<LANES>().0;
    for (p, q) in p.iter_mut().zip(q) {
        let (old_p, old_q) = (f32x8::new(*p), f32x8::new(*q));
        *p = (old_p * keep + old_q * step).to_array();
        *q = (old_q * keep + old_p * step).to_array();
    }
}

/// Computes the dot product of two rows of equal length, a multiple of [`LANES`].
///
/// Even and odd groups of lanes are summed separately, which hides the latency of an addition.
#[inline]
pub(super) fn dot(p: &[f32], q: &[f32]) -> f32 {
    let (pairs_p, last_p) = p.as_chunks::<LANES>().0.as_chunks::<2>();
    let (pairs_q, last_q) = q.as_chunks::<LANES>().0.as_chunks::<2>();
    let (mut even, mut odd) = (f32x8::ZERO, f32x8::ZERO);
    for ([p0, p1], [q0, q1]) in pairs_p.iter().zip(pairs_q) {
        even += f32x8::new(*p0) * f32x8::new(*q0);
        odd += f32x8::new(*p1) * f32x8::new(*q1);
    }
    let mut sums = even + odd;
    for (p, q) in last_p.iter().zip(last_q) {
        sums += f32x8::new(*p) * f32x8::new(*q);
    }
    let [a, b, c, d, e, f, g, h] = sums.to_array();
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const STEPS: Steps = Steps { rate: 0.01, keep: 0.999, bias_rate: 0.02, bias_keep: 0.99 };

    fn ramp(n: usize, scale: f32) -> Vec<f32> {
        (0..n).map(|i| ((i * 7 + 3) % 11) as f32 * scale - 0.2).collect()
    }

    #[test]
    fn one_visit_follows_the_update_rule() {
        for width in [8, 16, 24, 32, 40, 64, 104, 128] {
            let (mut p, mut q) = (ramp(width, 0.05), ramp(width, 0.04));
            q.reverse();
            let (old_p, old_q) = (p.clone(), q.clone());
            let (mut user_bias, mut item_bias) = ([0.5_f32], [-0.25_f32]);
            let squared = visit(
                &[Row { user: 0, item: 0, centered: 1.0 }],
                width,
                &mut Stripe { bias: &mut user_bias, factors: &mut p },
                &mut Stripe { bias: &mut item_bias, factors: &mut q },
                STEPS,
            );
            let product: f32 = old_p.iter().zip(&old_q).map(|(p, q)| p * q).sum();
            let error = 1.0 - product - 0.25;
            assert!((squared - f64::from(error * error)).abs() < 1e-4, "width {width}");
            assert!((user_bias[0] - (0.5 * 0.99 + 0.02 * error)).abs() < 1e-5);
            assert!((item_bias[0] - (-0.25 * 0.99 + 0.02 * error)).abs() < 1e-5);
            for k in 0..width {
                assert!((p[k] - (old_p[k] * 0.999 + 0.01 * error * old_q[k])).abs() < 1e-5);
                assert!((q[k] - (old_q[k] * 0.999 + 0.01 * error * old_p[k])).abs() < 1e-5);
            }
        }
    }

    /// Does the same as [`visit`] with loops over single numbers, to write down the order of all sums.
    fn visit_one_number_at_a_time(
        rows: &[Row],
        width: usize,
        users: &mut Stripe<'_>,
        items: &mut Stripe<'_>,
        steps: Steps,
    ) -> f64 {
        let mut squares = 0.0;
        for row in rows {
            let (u, i) = (usize::from(row.user), usize::from(row.item));
            let p = &mut users.factors[u * width..][..width];
            let q = &mut items.factors[i * width..][..width];
            let paired = width / 16 * 16;
            let mut sums = [0.0_f32; 16];
            for k in 0..paired {
                sums[k % 16] += p[k] * q[k];
            }
            let mut lanes: [f32; 8] = std::array::from_fn(|k| sums[k] + sums[k + 8]);
            for k in paired..width {
                lanes[k % 8] += p[k] * q[k];
            }
            let [a, b, c, d]: [f32; 4] = std::array::from_fn(|k| lanes[k] + lanes[k + 4]);
            let error = row.centered - ((a + c) + (b + d)) - (users.bias[u] + items.bias[i]);
            squares += f64::from(error) * f64::from(error);
            for bias in [&mut users.bias[u], &mut items.bias[i]] {
                *bias = *bias * steps.bias_keep + steps.bias_rate * error;
            }
            for k in 0..width {
                let (old_p, old_q, step) = (p[k], q[k], steps.rate * error);
                p[k] = old_p * steps.keep + step * old_q;
                q[k] = old_q * steps.keep + step * old_p;
            }
        }
        squares
    }

    #[test]
    fn lanes_give_the_same_bits_as_single_numbers() {
        const USERS: usize = 5;
        const ITEMS: usize = 7;
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for width in [0, 8, 16, 24, 32, 40, 64, 104, 128] {
            let rows: Vec<Row> = (0..200)
                .map(|_| Row {
                    user: rng.random_range(0..USERS as u16),
                    item: rng.random_range(0..ITEMS as u16),
                    centered: rng.random_range(-2.0..2.0),
                })
                .collect();
            let mut draw = |n: usize| -> Vec<f32> { (0..n).map(|_| rng.random_range(-0.5..0.5)).collect() };
            let start = (draw(USERS), draw(USERS * width), draw(ITEMS), draw(ITEMS * width));
            let run = |visit: fn(&[Row], usize, &mut Stripe<'_>, &mut Stripe<'_>, Steps) -> f64| {
                let (mut user_bias, mut p, mut item_bias, mut q) = start.clone();
                let sum = visit(
                    &rows,
                    width,
                    &mut Stripe { bias: &mut user_bias, factors: &mut p },
                    &mut Stripe { bias: &mut item_bias, factors: &mut q },
                    STEPS,
                );
                let values = user_bias.iter().chain(&p).chain(&item_bias).chain(&q);
                (sum.to_bits(), values.map(|v| v.to_bits()).collect::<Vec<_>>())
            };
            assert_eq!(run(visit), run(visit_one_number_at_a_time), "width {width}");
        }
    }
}
