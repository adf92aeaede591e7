//! The inner loops: one block of ratings, visited in order, updating the rows it touches.
//!
//! Sums run over a fixed number of lanes in a fixed order, so that the compiler may use vectors while the
//! result stays the same on every machine. There is no fused multiply-add, for the same reason.

/// Rows of factors are padded with zeros to a multiple of this many values.
pub(super) const LANES: usize = 8;

/// Lanes of the main accumulator: enough independent sums to hide the latency of an addition.
const WIDE: usize = 2 * LANES;

/// One rating inside a block: positions are within the block's stripes, the rating is centred on μ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub(super) user: u32,
    pub(super) item: u32,
    pub(super) centred: f32,
}

/// One side's parameters for one stripe of users or items; `factors` holds `width` values a row.
#[derive(Debug)]
pub(super) struct Stripe<'a> {
    pub(super) bias: &'a mut [f32],
    pub(super) factors: &'a mut [f32],
}

/// The steps of one epoch.
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

/// Visits the rows, which stand by user, in order, and returns the sum of the squared errors, each taken before its update.
pub(super) fn visit(
    rows: &[Row],
    width: usize,
    users: &mut Stripe<'_>,
    items: &mut Stripe<'_>,
    steps: Steps,
) -> f64 {
    match width {
        0 => visit_biases(rows, users, items, steps),
        8 => visit_fixed::<8>(rows, users, items, steps),
        16 => visit_fixed::<16>(rows, users, items, steps),
        32 => visit_fixed::<32>(rows, users, items, steps),
        64 => visit_fixed::<64>(rows, users, items, steps),
        // Longer rows do not gain by unrolling.
        _ => visit_any(rows, width, users, items, steps),
    }
}

fn visit_biases(rows: &[Row], users: &mut Stripe<'_>, items: &mut Stripe<'_>, steps: Steps) -> f64 {
    let mut sum = 0.0;
    for row in rows {
        sum += update_biases(
            row.centred,
            &mut users.bias[row.user as usize],
            &mut items.bias[row.item as usize],
            steps,
        )
        .1;
    }
    sum
}

/// A width known at compile time: the loops over a row unroll, and a user's factors stay in registers while
/// the user's rows last.
fn visit_fixed<const K: usize>(
    rows: &[Row],
    users: &mut Stripe<'_>,
    items: &mut Stripe<'_>,
    steps: Steps,
) -> f64 {
    let user_factors = users.factors.as_chunks_mut::<K>().0;
    let item_factors = items.factors.as_chunks_mut::<K>().0;
    let mut sum = 0.0;
    for run in rows.chunk_by(|a, b| a.user == b.user) {
        let u = run[0].user as usize;
        let mut p = user_factors[u];
        let mut bias = users.bias[u];
        for row in run {
            let i = row.item as usize;
            let q = &mut item_factors[i];
            let rest = row.centred - dot(&p, q);
            let (error, squared) = update_biases(rest, &mut bias, &mut items.bias[i], steps);
            sum += squared;
            update_factors(&mut p, q, steps.rate * error, steps.keep);
        }
        user_factors[u] = p;
        users.bias[u] = bias;
    }
    sum
}

fn visit_any(
    rows: &[Row],
    width: usize,
    users: &mut Stripe<'_>,
    items: &mut Stripe<'_>,
    steps: Steps,
) -> f64 {
    let mut sum = 0.0;
    for run in rows.chunk_by(|a, b| a.user == b.user) {
        let u = run[0].user as usize;
        let p = &mut users.factors[u * width..][..width];
        let mut bias = users.bias[u];
        for row in run {
            let i = row.item as usize;
            let q = &mut items.factors[i * width..][..width];
            let rest = row.centred - dot(p, q);
            let (error, squared) = update_biases(rest, &mut bias, &mut items.bias[i], steps);
            sum += squared;
            update_factors(p, q, steps.rate * error, steps.keep);
        }
        users.bias[u] = bias;
    }
    sum
}

/// Moves both biases; returns the error before the move, and its square.
#[inline]
fn update_biases(rest: f32, user: &mut f32, item: &mut f32, steps: Steps) -> (f32, f64) {
    let error = rest - (*user + *item);
    let step = steps.bias_rate * error;
    *user = *user * steps.bias_keep + step;
    *item = *item * steps.bias_keep + step;
    (error, f64::from(error) * f64::from(error))
}

/// `p ← p·keep + step·q` and `q ← q·keep + step·p`, both from the old values. Zeros stay zeros.
#[inline]
fn update_factors(p: &mut [f32], q: &mut [f32], step: f32, keep: f32) {
    let p = p.as_chunks_mut::<LANES>().0;
    let q = q.as_chunks_mut::<LANES>().0;
    for (p, q) in p.iter_mut().zip(q) {
        let (old_p, old_q) = (*p, *q);
        for lane in 0..LANES {
            p[lane] = old_p[lane] * keep + step * old_q[lane];
            q[lane] = old_q[lane] * keep + step * old_p[lane];
        }
    }
}

/// The dot product of two rows of equal length, a multiple of [`LANES`].
#[inline]
pub(super) fn dot(p: &[f32], q: &[f32]) -> f32 {
    let (wide_p, rest_p) = p.as_chunks::<WIDE>();
    let (wide_q, rest_q) = q.as_chunks::<WIDE>();
    let mut sums = [0.0_f32; WIDE];
    for (p, q) in wide_p.iter().zip(wide_q) {
        for lane in 0..WIDE {
            sums[lane] += p[lane] * q[lane];
        }
    }
    let mut folded = [0.0_f32; LANES];
    for lane in 0..LANES {
        folded[lane] = sums[lane] + sums[lane + LANES];
    }
    for (p, q) in rest_p.as_chunks::<LANES>().0.iter().zip(rest_q.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            folded[lane] += p[lane] * q[lane];
        }
    }
    let quarter =
        [folded[0] + folded[4], folded[1] + folded[5], folded[2] + folded[6], folded[3] + folded[7]];
    (quarter[0] + quarter[2]) + (quarter[1] + quarter[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: Steps = Steps { rate: 0.01, keep: 0.999, bias_rate: 0.02, bias_keep: 0.99 };

    fn ramp(n: usize, scale: f32) -> Vec<f32> {
        (0..n).map(|i| ((i * 7 + 3) % 11) as f32 * scale - 0.2).collect()
    }

    #[test]
    fn one_visit_is_the_update_written_down() {
        for width in [8, 16, 24, 32, 40, 64, 104, 128] {
            let (mut p, mut q) = (ramp(width, 0.05), ramp(width, 0.04));
            q.reverse();
            let (old_p, old_q) = (p.clone(), q.clone());
            let (mut user_bias, mut item_bias) = ([0.5_f32], [-0.25_f32]);
            let squared = visit(
                &[Row { user: 0, item: 0, centred: 1.0 }],
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

    #[test]
    fn fixed_and_any_width_give_the_same_bits() {
        let rows: Vec<Row> = (0..50_u8)
            .map(|i| Row { user: u32::from(i % 5), item: u32::from(i % 7), centred: f32::from(i % 4) - 1.5 })
            .collect();
        let run = |fixed: bool| {
            let (mut p, mut q) = (ramp(5 * 32, 0.05), ramp(7 * 32, 0.04));
            let (mut bu, mut bi) = ([0.0; 5], [0.0; 7]);
            let mut users = Stripe { bias: &mut bu, factors: &mut p };
            let mut items = Stripe { bias: &mut bi, factors: &mut q };
            let sum = if fixed {
                visit_fixed::<32>(&rows, &mut users, &mut items, STEPS)
            } else {
                visit_any(&rows, 32, &mut users, &mut items, STEPS)
            };
            let bits: Vec<u32> = p.iter().chain(&q).chain(&bu).chain(&bi).map(|v| v.to_bits()).collect();
            (sum.to_bits(), bits)
        };
        assert_eq!(run(true), run(false));
    }
}
