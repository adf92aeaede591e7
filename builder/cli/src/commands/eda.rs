use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::data::Input;
use crate::Context;
use dataset::Data;
use eda::{Eda, JSON_FILE, PAGE_FILE, Raw, SignalCard};
use evaluate::signal::{self, QuickOptions};
use progress::Reporter as _;
use tables::{Clean, read_clean, read_rejects};

/// Analyze the data: columns, faults, associations, activity, and whether there is anything to learn.
///
/// Writes `eda.json`, `eda.html` (a single file that works on its own), and the training table:
/// `training.csv`, one row per rating, and `training_titles.csv`, one row per work with the columns worth
/// keeping. Raw files are cleaned as by `cartelera etl`, and all their faults are reported. For clean tables,
/// only the faults that remain are reported, and the rejected rows if `rejects.csv` is with them. If a raw
/// file loses more than `--max-rejects` of its rows, the analysis is written and the command fails.
///
/// The files name users and show ratings of theirs. The analysis that `cartelera build` puts into a release
/// does not.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,

    /// Folder for the analysis; created if needed.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Data set to compare with: an eda.json, a folder that has one, or a folder of clean tables.
    #[arg(long, value_name = "PATH")]
    compare: Option<PathBuf>,

    /// Number of random splits on which the ratings are checked for title signal: 2 to 10, or 0 to skip the
    /// check.
    #[arg(long, value_name = "N", default_value_t = QuickOptions::default().n_splits)]
    signal_splits: usize,

    /// Use about this many ratings for the check: those of whole users, evenly spaced in the table;
    /// 0 for all.
    #[arg(long, value_name = "N", default_value_t = QuickOptions::default().max_ratings)]
    signal_ratings: usize,

    /// Seed for all random choices.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    signal::check_splits(args.signal_splits).map_err(anyhow::Error::msg)?;
    let other = args.compare.as_deref().map(|path| expected(path, context)).transpose()?;
    let signal =
        QuickOptions { n_splits: args.signal_splits, max_ratings: args.signal_ratings, seed: args.seed };
    let (clean, rejects, read);
    let mut losses = Ok(());
    let (clean, raw): (&Clean, Raw<'_>) = if let Some(dir) = args.input.tables()? {
        clean = read_clean(dir, context)?;
        rejects = read_rejects(dir)?;
        (&clean, rejects.as_ref().map_or(Raw::Unknown, Raw::Rejects))
    } else {
        read = etl::run(&args.input.raw.find()?, context)?;
        losses = read.check_losses(args.input.raw.max_rejects);
        (&read.clean, Raw::Read(&read))
    };
    let data = Data::of_tables(clean);
    let checked = signal::quick_check(&data.pooled, data.n_titles(), signal, context)
        .context("cannot check the ratings for signal; skip the check with --signal-splits 0")?;
    let scale = data.pooled.scale();
    let signal =
        checked.map(|found| SignalCard::new(found.signal, found.model, found.n_ratings, scale, context));
    let mut analysis = eda::analyze(&data, raw, signal, context);
    if let (Some(other), Some(path)) = (&other, &args.compare) {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        analysis = analysis.against(other, &name);
    }
    eda::write(&analysis, &data, raw, &args.out, context)?;
    context.print(&summary(&analysis, &args.out));
    Ok(losses?)
}

/// Returns the analysis to compare with.
fn expected(path: &Path, context: &Context) -> anyhow::Result<Eda> {
    if path.is_file() {
        return Ok(Eda::read(path)?);
    }
    let json = path.join(JSON_FILE);
    if json.is_file() {
        return Ok(Eda::read(&json)?);
    }
    context.note(&format!("{} has no {JSON_FILE}, so its tables are analyzed first", path.display()));
    let clean = read_clean(path, context)?;
    Ok(eda::analyze(&Data::of_tables(&clean), Raw::Unknown, None, context))
}

fn summary(analysis: &Eda, out: &Path) -> String {
    let n_faults: u64 = analysis.faults.found.iter().map(|f| f.n).sum();
    let kept = analysis.training.iter().filter(|c| c.kept).count();
    let mut text = format!(
        "{} titles, {} ratings by {} users\n{} faults of {} kinds, {} alerts\n",
        analysis.overview.titles,
        analysis.overview.ratings,
        analysis.overview.users,
        n_faults,
        analysis.faults.found.len(),
        analysis.alerts.len(),
    );
    if analysis.names_people {
        text.push_str("the files name users and show what some of them rated: keep them private\n");
    }
    if analysis.overview.ratings > 0 {
        let _ = writeln!(text, "{kept} of {} columns kept for training", analysis.training.len());
    }
    if let Some(card) = &analysis.signal {
        text.push_str(&card.sentence);
        text.push('\n');
    }
    text.push_str(&out.join(PAGE_FILE).display().to_string());
    text
}
