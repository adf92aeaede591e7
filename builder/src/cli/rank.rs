use std::path::PathBuf;

use anyhow::Context as _;
use artifact::Artifact as _;
use recommender::LIKED;

use super::Context;
use super::data::{Ratings, Source, write};
use crate::evaluate::{Measures, Report, Table};
use crate::ranking::{RankingOptions, search};
use crate::train::ials::{self, liked};

/// Search for, measure and train the model that ranks titles.
///
/// Implicit alternating least squares on ratings of 4 and more. Parameters are searched for on users held out for
/// validation; the choice is measured beside popularity on users held out for test, each folded in from four fifths of
/// what they liked (strong generalisation). With several seeds, the search is made anew for each, and means are shown.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,

    /// Trials of each search.
    #[arg(long, value_name = "N", default_value_t = 16)]
    trials: usize,

    /// Users held out for validation, and as many for test.
    #[arg(long, value_name = "N", default_value_t = 200)]
    held_out: usize,

    /// Seeds: each is a split and a search of its own.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,

    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Train the choice of the first seed on all users, and write the model to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let Ratings { file, features } = args.source.read(context)?;
    anyhow::ensure!(args.seeds > 0, "--seeds takes a number above 0");
    let mut searches = Vec::new();
    for seed in args.seed..args.seed + args.seeds {
        let options = RankingOptions { n_trials: args.trials, n_held_out: args.held_out, seed };
        let found = search(&file.rows, &features, options, context)?
            .context("too few users like five titles or more: none can be held out")?;
        searches.push(found);
    }
    let mut mean = Table::new();
    for (name, measures) in searches.iter().flat_map(|found| &found.metrics) {
        let row: &mut Measures = mean.entry(name.clone()).or_default();
        for (measure, value) in measures {
            *row.entry(measure.clone()).or_default() += value / searches.len() as f64;
        }
    }
    if args.json {
        context.print(&serde_json::to_string_pretty(&searches)?);
    } else {
        if let [only] = &searches[..] {
            context.print(&only.to_text());
        }
        let n_test = searches[0].n_test;
        context.print(&format!(
            "{n_test} users held out for test, mean of {} seeds\n{}",
            searches.len(),
            Report { models: mean, ..Report::default() }.to_text()
        ));
    }
    if let Some(path) = &args.out {
        let fitted =
            ials::fit(&searches[0].params, &liked(&file.rows, LIKED), &features, args.seed, context)?;
        write(path, &fitted.model.to_bytes()?)?;
    }
    Ok(())
}
