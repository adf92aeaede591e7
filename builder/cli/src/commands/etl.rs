use std::path::PathBuf;

use anyhow::Context as _;

use crate::Context;
use etl::{EtlInput, TitleColumns};

/// Clean raw catalog and rating files into tables.
///
/// Writes titles.csv, ratings.csv and rejects.csv, and prints what was read, kept, repaired and rejected.
/// Every input row is accounted for: it is kept, is replaced by a later rating of the same title by the same
/// user, or is in rejects.csv with its file, line, column, value and reason.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Catalog: a folder, a file whose name contains the platform such as `netflix_titles.csv`, or NAME=FILE
    /// for any other platform (NAME:PREFIX=FILE to choose how its ids begin). MovieLens movies.csv,
    /// movies.dat and u.item also work. Can be given several times; without it, each id in the ratings
    /// becomes a title.
    #[arg(long, value_name = "PATH")]
    titles: Vec<PathBuf>,

    /// What the columns of the catalogs hold, where their names do not show it: WHAT=COLUMN,… with names or
    /// positions, such as `title=Name,id=1,year=Released`. WHAT is id, kind, title, director, cast, country,
    /// `date_added`, year, audience, duration, genres, description or seasons.
    #[arg(long, value_name = "WHAT=COLUMN,…", requires = "titles")]
    title_columns: Option<TitleColumns>,

    /// Ratings: a folder or a file. Files are CSV with the columns userId, movieId, rating and timestamp in
    /// any order, or MovieLens u.data or ratings.dat. Can be given several times.
    #[arg(long, value_name = "PATH", required = true)]
    ratings: Vec<PathBuf>,

    /// Folder for the clean tables; created if needed.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Print the summary as JSON, with every cell that was moved or left empty.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { titles, title_columns, ratings, out, json } = args;
    let input = EtlInput::resolve(&titles, &ratings)?.with_title_columns(title_columns);
    let output = etl::run(&input, context)?;
    output.write(&out, context)?;
    let summary = output.summary();
    if json {
        let json = serde_json::to_string_pretty(&summary).context("cannot write the summary as JSON")?;
        context.print(&json);
    } else {
        context.print(&summary.to_string());
    }
    Ok(())
}
