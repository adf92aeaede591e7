//! Measures rows per second and peak memory of the ETL, from raw files to clean tables.
//!
//! `cargo bench -p etl --bench etl` makes its own input (fixed seed) of 1 and 11 million ratings in eight
//! files, and four catalogs of 22,998 titles, and cleans each three times. With a folder as argument
//! (`-- DIR`), the input of the largest size is left there, so that other tools can be measured on it. This
//! is a plain program instead of a criterion benchmark, because it prints peak memory and a run takes
//! seconds.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use etl::EtlInput;
use progress::Reporter;
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const CATALOGS: [(&str, usize); 4] = [
    ("amazon_prime_titles.csv", 9_668),
    ("disney_plus_titles.csv", 1_450),
    ("hulu_titles.csv", 3_073),
    ("netflix_titles.csv", 8_807),
];
const HEADER: &str = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,\
    listed_in,description";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Under `cargo test`, only check that it works.
    let sizes: &[(&str, usize)] = if arguments.iter().any(|a| a == "--bench") {
        &[("etl/1m", 1_000_000), ("etl/11m", 11_024_289)]
    } else {
        &[("etl/10k", 10_000)]
    };
    let keep = arguments.iter().find(|a| !a.starts_with('-')).map(PathBuf::from);
    let mut stdout = std::io::stdout();
    for (at, &(name, n_ratings)) in sizes.iter().enumerate() {
        let temporary = tempfile::tempdir()?;
        let dir = match &keep {
            Some(dir) if at + 1 == sizes.len() => dir.as_path(),
            _ => temporary.path(),
        };
        make_input(dir, n_ratings)?;
        let input = EtlInput::resolve(&[dir.join("titles")], &[dir.join("ratings")])?;
        for _ in 0..3 {
            let stages = Stages::default();
            let begin = Instant::now();
            let output = etl::run(&input, &stages)?;
            output.write(&temporary.path().join("clean"), &stages)?;
            let seconds = begin.elapsed().as_secs_f64();
            writeln!(
                stdout,
                "{name}: {} rows read, {} ratings kept, {seconds:.2} s, {:.2} million rows/s, peak {} MiB{}",
                output.n_rows(),
                output.clean.ratings.len(),
                output.n_rows() as f64 / seconds / 1e6,
                peak_mib().map_or("?".to_owned(), |n| n.to_string()),
                stages.show(),
            )?;
        }
    }
    Ok(())
}

/// Returns the peak of the process's resident memory, if the system reports it.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}

/// Reporter that records how long stages take.
#[derive(Default)]
struct Stages(Mutex<Vec<(String, Instant, f64)>>);

impl Stages {
    fn show(&self) -> String {
        let stages = self.0.lock().expect("no stage panics");
        stages
            .iter()
            .fold(String::new(), |shown, (name, _, seconds)| format!("{shown}; {name} {seconds:.2} s"))
    }
}

impl Reporter for Stages {
    fn start(&self, stage: &str, _: u64, _: &str) {
        self.0.lock().expect("no stage panics").push((stage.to_owned(), Instant::now(), 0.0));
    }
    fn advance(&self, _: u64) {}
    fn note(&self, _: &str) {}
    fn finish(&self) {
        if let Some((_, begin, seconds)) = self.0.lock().expect("no stage panics").last_mut() {
            *seconds = begin.elapsed().as_secs_f64();
        }
    }
}

/// Writes catalogs, and ratings with about a hundred rows per user, whose activity is skewed as in real data.
/// Rows of a file are in order of users.
fn make_input(dir: &Path, n_ratings: usize) -> anyhow::Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (titles_dir, ratings_dir) = (dir.join("titles"), dir.join("ratings"));
    std::fs::create_dir_all(&titles_dir)?;
    std::fs::create_dir_all(&ratings_dir)?;
    let mut ids = Vec::new();
    for (name, n_titles) in CATALOGS {
        let mut file = BufWriter::new(File::create(titles_dir.join(name))?);
        writeln!(file, "{HEADER}")?;
        for at in 1..=n_titles {
            let year = rng.random_range(1930..=2021);
            let length = rng.random_range(20..=180);
            writeln!(
                file,
                "s{at},Movie,\"The {at}th, Night\",Ada Byte,\"Ann Lee, Bo Diaz, Jr., Cy Young\",\"Spain, France\",\
                 \" May {}, 2020\",{year},,{length} min,\"Drama, Comedy\",\"{}\"",
                rng.random_range(1..=28),
                "Two strangers meet \"\"by chance\"\" and part. ".repeat(6),
            )?;
            ids.push(format!("{}s{at}", &name[..1]));
        }
    }
    let mean_rows = 96.0;
    let mut user = 0_usize;
    let mut left = 0_usize;
    for at in 0..8 {
        let mut file = BufWriter::new(File::create(ratings_dir.join(format!("{}.csv", at + 1)))?);
        writeln!(file, "userId,rating,timestamp,movieId")?;
        for _ in n_ratings * at / 8..n_ratings * (at + 1) / 8 {
            if left == 0 {
                user += 1;
                // Pareto with shape 1.5, cut at the most active user of the real data.
                let uniform: f64 = rng.random_range(1e-9..1.0);
                left = ((mean_rows / 3.0 * uniform.powf(-1.0 / 1.5)) as usize).clamp(1, 18_044);
            }
            left -= 1;
            let halves = rng.random_range(1..=10_u8);
            let time = rng.random_range(825_000_000..1_500_000_000_u32);
            let title = &ids[rng.random_range(0..ids.len())];
            writeln!(file, "{user},{}.{},{time},{title}", halves / 2, if halves % 2 == 0 { 0 } else { 5 })?;
        }
    }
    Ok(())
}
