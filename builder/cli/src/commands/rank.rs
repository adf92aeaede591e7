use std::path::PathBuf;

use anyhow::Context as _;
use evaluate::choose::ranking::{RankingOptions, Searched, search};
use evaluate::{Candidate, Origin, Report};
use models::{RankingModelFile, TrainedOn};
use train::Run;
use train::ranking;

use super::data::Source;
use super::params::positive;
use crate::Context;

/// Search for, measure and train a ranking model.
///
/// Uses implicit alternating least squares, ridge regressions on the nearest titles, or the sum of both,
/// whichever ranks best, and finds out what ratings below a like are worth. Searches for parameters on users
/// held out for validation, and compares the choice with popularity on users held out for test. A fifth of
/// each of these users' likes must be found (strong generalization); the rest of their likes is folded in, or
/// the rest of their ratings (the measures that end in `_all`). With several seeds, runs one search per seed
/// and prints the means.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,

    /// Number of trials of each search. Neighbors get half as many more.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = positive::<usize>)]
    trials: usize,

    /// Number of users held out for validation; the same number is held out for test. At most a quarter of
    /// the users with five likes or more are held out for each.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = positive::<usize>)]
    held_out: usize,

    /// Number of seeds; each has its own split and search.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive::<u64>)]
    seeds: u64,

    /// First seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Train the choice of the first seed on all users, and write the model to this file, for
    /// `cartelera build --ranking-model`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let end = args.seed.checked_add(args.seeds).with_context(|| {
        format!("--seed {} is too large for --seeds {}; use a smaller one", args.seed, args.seeds)
    })?;
    let ratings = args.source.read(context)?;
    let (rows, features) = (&ratings.file.rows, &ratings.features);
    let mut searches = Vec::new();
    for seed in args.seed..end {
        let options = RankingOptions { n_trials: args.trials, n_held_out: args.held_out, seed };
        let found = search(rows, features, options, context)?
            .context("too few users like at least five titles, so none can be held out; a ranking model needs more ratings")?;
        searches.push(found);
    }
    if args.json {
        context.print(&serde_json::to_string_pretty(&searches)?);
    } else {
        if let [only] = &searches[..] {
            context.print(&only.to_text());
        }
        let n_test = searches[0].n_test;
        context.print(&format!(
            "test users: {n_test}, means over seeds: {}\n{}",
            searches.len(),
            mean(&searches).to_text()
        ));
    }
    if let Some(path) = &args.out {
        let params = searches[0].params.clone();
        let fitted = ranking::fit(&params, rows, features, &Run::new(args.seed, context))?;
        let trained_on = TrainedOn {
            data: ratings.identity(),
            n_ratings: rows.len() as u64,
            held_out: None,
            seed: args.seed,
        };
        RankingModelFile { trained_on, params, model: fitted.model, neighbors: fitted.neighbors }
            .write(path)?;
    }
    Ok(())
}

/// Computes the means of the measures over the searches.
fn mean(searches: &[Searched]) -> Report {
    let mut mean = Report::default();
    for measured in searches.iter().flat_map(|found| &found.measured) {
        let parameters = if measured.tuned { Origin::Tuned } else { Origin::Defaults };
        let means = mean.entry(Candidate { model: measured.model, parameters });
        for (measure, value) in &measured.measures {
            *means.entry(measure.clone()).or_default() += value / searches.len() as f64;
        }
    }
    mean
}
