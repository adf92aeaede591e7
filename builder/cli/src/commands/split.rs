use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::data::{HoldOut, Source, write};
use crate::Context;
use progress::Reporter;

/// Split ratings into train, validation and test.
///
/// Writes `train.csv`, `validation.csv` and `test.csv` in the format of rating files, so that `cartelera etl`
/// can read them. A chronological split holds out the latest ratings of each user.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    hold_out: HoldOut,

    /// Folder for the three files; created if needed.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { source, hold_out, out } = args;
    let file = source.read(context)?.file;
    let cut = hold_out.cut(&file)?;
    std::fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    for (name, part) in [("train", &cut.train), ("validation", &cut.validation), ("test", &cut.test)] {
        let mut text = String::from("userId,rating,timestamp,movieId\n");
        for &row in part {
            // Ids contain no character that needs quoting.
            let _ = writeln!(
                text,
                "{},{},{},{}",
                file.users[file.rows.user_idx[row] as usize],
                file.rows.rating[row],
                file.timestamp[row],
                file.titles[file.rows.title_idx[row] as usize]
            );
        }
        let path = out.join(name).with_extension("csv");
        write(&path, text.as_bytes())?;
        context.note(&format!("{}: {} ratings", path.display(), part.len()));
    }
    Ok(())
}
