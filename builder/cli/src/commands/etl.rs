use std::path::PathBuf;

use anyhow::Context as _;

use super::data::RawFiles;
use crate::Context;

/// Clean raw catalog and rating files into tables.
///
/// Writes titles.csv, ratings.csv and rejects.csv, and prints what was read, kept, repaired and rejected.
/// Every input row is accounted for: it is kept, is replaced by a later rating of the same title by the same
/// user, or is in rejects.csv with its file, line, column, value and reason. If a file loses more than
/// `--max-rejects` of its rows, the tables are written and the command fails.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    raw: RawFiles,

    /// Folder for the clean tables; created if needed.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Print the summary as JSON, with every cell that was moved or left empty.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { raw, out, json } = args;
    let output = etl::run(&raw.find()?, context)?;
    output.write(&out, context)?;
    let summary = output.summary();
    if json {
        let json = serde_json::to_string_pretty(&summary).context("cannot write the summary as JSON")?;
        context.print(&json);
    } else {
        context.print(&summary.to_string());
    }
    Ok(output.check_losses(raw.max_rejects)?)
}
