//! Ratings trained per second on one thread: made-up rows, fixed seed, sizes in the names.

use builder::Silent;
use builder::train::{SvdParams, svd};
use catalog::Interactions;
use criterion::{Criterion, Throughput};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Popularity falls with the square of a uniform draw, so a few titles and users have most of the rows.
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

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let n_epochs = 5;
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
    for (size, n_users, n_titles, n_rows) in
        [("1m", 20_000, 10_000, 1_000_000), ("10m", 115_000, 23_000, 10_000_000)]
    {
        let data = made_up(n_users, n_titles, n_rows);
        let mut group = criterion.benchmark_group(format!("svd_{size}_rows"));
        group.throughput(Throughput::Elements((n_rows * n_epochs) as u64));
        for n_factors in [0, 32, 100, 128] {
            let params = SvdParams { n_factors, n_epochs, ..SvdParams::default() };
            group.bench_function(format!("{n_factors}_factors"), |bencher| {
                bencher.iter(|| {
                    one_thread.install(|| svd::fit(&params, &data, &Interactions::default(), 1, &Silent))
                });
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
