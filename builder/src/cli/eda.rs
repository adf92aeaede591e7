use std::path::{Path, PathBuf};

use super::Context;
use crate::Reporter as _;
use crate::eda::{self, Eda, JSON_FILE, PAGE_FILE, Raw, SignalOptions};
use crate::etl::{self, Clean, EtlInput};
use crate::signal;

/// Analyse the data: columns, faults, associations, activity, and whether there is anything to learn.
///
/// Writes `eda.json`, `eda.html` (one file that opens by itself), and the training table: `training.csv`, a row a
/// rating, and `training_titles.csv`, a row a work with the columns that are kept. Raw files are cleaned as `cartelera etl` does,
/// and their faults are named; of clean tables only what is left can be told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Catalogue: a folder, a file such as `netflix_titles.csv`, or NAME=FILE, as `cartelera etl` takes them.
    #[arg(long, value_name = "PATH", conflicts_with = "data")]
    titles: Vec<PathBuf>,

    /// Ratings: a folder or a file, as `cartelera etl` takes them. May be given several times.
    #[arg(long, value_name = "PATH", required_unless_present = "data", conflicts_with = "data")]
    ratings: Vec<PathBuf>,

    /// Folder of clean tables, as `cartelera etl` writes it.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Folder for the analysis; made where it is missing.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Compare with another table, as the expected one: an eda.json, a folder that has one, or a folder of clean
    /// tables.
    #[arg(long, value_name = "PATH")]
    compare: Option<PathBuf>,

    /// Random splits on which the ratings are checked for title signal: 2 to 10, or 0 to leave that out.
    #[arg(long, value_name = "N", default_value_t = SignalOptions::default().n_splits)]
    signal_splits: usize,

    /// Check so many ratings at most, of whole users at equal distances; 0 for all.
    #[arg(long, value_name = "N", default_value_t = SignalOptions::default().max_ratings)]
    signal_ratings: usize,

    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.signal_splits == 0 || (2..=signal::MAX_SEEDS).contains(&args.signal_splits),
        "--signal-splits takes 0, or 2 to {}",
        signal::MAX_SEEDS
    );
    let other = args.compare.as_deref().map(|path| expected(path, context)).transpose()?;
    let signal =
        SignalOptions { n_splits: args.signal_splits, max_ratings: args.signal_ratings, seed: args.seed };
    let (clean, rejects, read);
    let (clean, raw): (&Clean, Raw<'_>) = if let Some(dir) = &args.data {
        clean = etl::read_clean(dir, context)?;
        rejects = etl::read_rejects(dir)?;
        (&clean, rejects.as_ref().map_or(Raw::Unknown, Raw::Rejects))
    } else {
        read = etl::run(&EtlInput::resolve(&args.titles, &args.ratings)?, context)?;
        (&read.clean, Raw::Read(&read))
    };
    let mut analysis = eda::analyse(clean, raw, signal, context)?;
    if let (Some(other), Some(path)) = (&other, &args.compare) {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        analysis = analysis.against(other, &name);
    }
    eda::write(&analysis, clean, raw, &args.out, context)?;
    context.print(&summary(&analysis, &args.out));
    Ok(())
}

/// The analysis that is compared with.
fn expected(path: &Path, context: &Context) -> anyhow::Result<Eda> {
    if path.is_file() {
        return Ok(Eda::read(path)?);
    }
    let json = path.join(JSON_FILE);
    if json.is_file() {
        return Ok(Eda::read(&json)?);
    }
    context.note(&format!("{} has no {JSON_FILE}: its tables are analysed first", path.display()));
    let clean = etl::read_clean(path, context)?;
    let signal = SignalOptions { n_splits: 0, ..SignalOptions::default() };
    Ok(eda::analyse(&clean, Raw::Unknown, signal, context)?)
}

fn summary(analysis: &Eda, out: &Path) -> String {
    let n_faults: u64 = analysis.faults.found.iter().map(|f| f.n).sum();
    let kept = analysis.training.iter().filter(|c| c.kept).count();
    let mut text = format!(
        "{} titles, {} ratings by {} users\n{} faults of {} kinds, {} alerts\n{} of {} columns kept for training\n",
        analysis.overview.titles,
        analysis.overview.ratings,
        analysis.overview.users,
        n_faults,
        analysis.faults.found.len(),
        analysis.alerts.len(),
        kept,
        analysis.training.len()
    );
    if let Some(card) = &analysis.signal {
        text.push_str(&card.sentence);
        text.push('\n');
    }
    text.push_str(&out.join(PAGE_FILE).display().to_string());
    text
}
