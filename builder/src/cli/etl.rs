use std::path::PathBuf;

use anyhow::Context as _;

use super::Context;
use crate::etl::{self, EtlInput};

/// Clean raw catalogue and rating files into tables.
///
/// Writes titles.csv, ratings.csv and rejects.csv, and prints what was read, kept, moved and refused. Every
/// row read is clean, superseded by a later rating of the same title by the same user, or in rejects.csv with
/// its file, line, column, value and reason.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Catalogue: a folder, a file such as `netflix_titles.csv`, or NAME=FILE for any other platform.
    /// MovieLens movies.csv, movies.dat and u.item are read too. May be given several times; without it,
    /// titles are the ids that the ratings name.
    #[arg(long, value_name = "PATH")]
    titles: Vec<PathBuf>,

    /// Ratings: a folder or a file, CSV with the columns userId, movieId, rating and timestamp in any order,
    /// or MovieLens u.data or ratings.dat. May be given several times.
    #[arg(long, value_name = "PATH", required = true)]
    ratings: Vec<PathBuf>,

    /// Folder for the clean tables; made where it is missing.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Print the summary as JSON, with every cell that was moved or left empty.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { titles, ratings, out, json } = args;
    let input = EtlInput::resolve(&titles, &ratings)?;
    let output = etl::run(&input, context)?;
    etl::write(&output, &out, context)?;
    let summary = output.summary();
    if json {
        let json = serde_json::to_string_pretty(&summary).context("the summary has no JSON form")?;
        context.print(&json);
    } else {
        context.print(&summary.to_string());
    }
    Ok(())
}
