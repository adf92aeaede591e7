use std::fmt::Write as _;
use std::path::PathBuf;

use crate::Context;
use synth::{Summary, SynthParams};

/// Generate synthetic catalogs and ratings.
///
/// Writes titles/*_titles.csv, ratings/1.csv to ratings/8.csv, and synth.json, which has the arguments and
/// the number of faults of each kind. The same arguments give the same bytes, with any number of threads.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Total number of titles on the four platforms.
    #[arg(long, value_name = "N", default_value_t = 2400)]
    titles: usize,

    /// Number of users; each gives at least one rating.
    #[arg(long, value_name = "N", default_value_t = 1200)]
    users: usize,

    /// Number of valid ratings, each for a different pair of user and title. Faulty rows are added to them.
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    ratings: u64,

    /// Seed of every random choice.
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,

    /// Faults per title and per rating, from 0 to 1.
    #[arg(long, value_name = "RATE", default_value_t = 0.005)]
    faults: f64,

    /// How strongly ratings depend on the title, from 0 (titles are assigned at random) to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    signal: f64,

    /// Folder to write to; created if needed. Files of an earlier run are replaced. If `titles` or
    /// `ratings` in it has files and synth.json is missing, nothing is written.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { titles, users, ratings, seed, faults, signal, out } = args;
    let params = SynthParams { titles, users, ratings, seed, faults, signal };
    let summary = synth::write(&params, &out, context)?;
    context.print(&describe(&summary));
    Ok(())
}

fn describe(summary: &Summary) -> String {
    let Summary { params, title_faults: t, rating_faults: r, .. } = summary;
    let mut text = format!("{} titles of {} works", params.titles, summary.works);
    for (position, (name, n)) in summary.titles.iter().enumerate() {
        let _ = write!(text, "{} {name} {n}", if position == 0 { ":" } else { "," });
    }
    let _ = write!(
        text,
        "\n  with faults {:>16}: duration in rating {}, space before date {}, zero-width {}, no-break space {}, line \
         break {}, number in cast {}, empty cell {}",
        t.total(),
        t.duration_in_rating,
        t.space_before_date,
        t.zero_width,
        t.no_break_space,
        t.line_break,
        t.number_in_cast,
        t.empty_cell,
    );
    let _ = write!(
        text,
        "\n{} rating rows by {} users: {} valid\n  faulty {:>21}: exact duplicates {}, changed later {}, unknown titles \
         {}, out of range {}, empty cells {}",
        summary.rating_rows,
        params.users,
        params.ratings,
        r.total(),
        r.exact_duplicates,
        r.changed_later,
        r.unknown_titles,
        r.out_of_range,
        r.empty_cells,
    );
    text
}
