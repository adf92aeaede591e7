//! Measures ratings trained per CPU-second on one thread, with made-up rows, a fixed seed, and sizes in the
//! names.
//!
//! The time of one epoch is subtracted from that of eleven, as in `tests/bench/peers/libmf.cpp`, so that the
//! preparation is not counted. This is a plain program instead of a criterion benchmark, because it prints
//! CPU time next to the error.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Instant;

use catalog::Interactions;
use dataset::TitleFeatures;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use train::{ModelParams, Run, SvdParams, TrainingData};

const RUNS: usize = 5;

/// Generates ratings. Popularity is the square of a uniform draw, so a few titles and users have most of the
/// rows.
fn made_up(n_users: usize, n_titles: usize, n_rows: usize) -> Interactions {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut data = Interactions { n_users, n_titles, ..Interactions::default() };
    for _ in 0..n_rows {
        let mut skewed = |n: usize| {
            let x: f64 = rng.random();
            (x * x * n as f64) as u32
        };
        let (u, i) = (skewed(n_users), skewed(n_titles));
        data.user_idx.push(u);
        data.title_idx.push(i);
        data.rating.push(f32::from(rng.random_range(1..=10_u8)) / 2.0);
    }
    data
}

/// Returns the seconds this thread has run, or, if the system does not report them, the seconds that have
/// passed.
fn seconds() -> f64 {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let begin = BEGIN.get_or_init(Instant::now);
    let ran = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = ran.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| begin.elapsed().as_secs_f64(), |ns| ns / 1e9)
}

fn main() -> anyhow::Result<()> {
    // Under `cargo test`, only check that it works.
    let sizes: &[(&str, usize, usize, usize)] = if std::env::args().any(|a| a == "--bench") {
        &[("1m", 20_000, 10_000, 1_000_000), ("10m", 115_000, 23_000, 10_000_000)]
    } else {
        &[("10k", 200, 100, 10_000)]
    };
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let mut stdout = std::io::stdout();
    for &(name, n_users, n_titles, n_rows) in sizes {
        let data = made_up(n_users, n_titles, n_rows);
        let nothing = TitleFeatures::default();
        for n_factors in [0, 16, 32, 64, 100, 128] {
            let timed = |n_epochs| -> anyhow::Result<(f64, f64)> {
                let params = ModelParams::Svd(SvdParams { n_factors, n_epochs, ..SvdParams::default() });
                one_thread.install(|| {
                    let begin = seconds();
                    let (_, history) =
                        train::fit(&params, &TrainingData::new(&data, &nothing), &Run::silent(1))?;
                    let rmse = history.epochs.last().map_or(f64::NAN, |epoch| epoch.train_rmse);
                    Ok((seconds() - begin, rmse))
                })
            };
            let mut rates = Vec::with_capacity(RUNS);
            let mut rmse = f64::NAN;
            for _ in 0..RUNS {
                let (one, _) = timed(1)?;
                let (eleven, last) = timed(11)?;
                rates.push(10.0 * n_rows as f64 / (eleven - one) / 1e6);
                rmse = last;
            }
            rates.sort_by(f64::total_cmp);
            writeln!(
                stdout,
                "train/{name}/{n_factors} factors: {:.1} million ratings per CPU-second ({:.1} to {:.1}), train RMSE {rmse:.4}",
                rates[RUNS / 2],
                rates[0],
                rates[RUNS - 1],
            )?;
        }
    }
    Ok(())
}
