use std::fmt::Write as _;
use std::path::PathBuf;

use super::Context;
use crate::synth::{self, Summary, SynthParams};

/// Make up catalogue and rating files of any size.
///
/// Writes titles/*_titles.csv, ratings/1.csv to 8.csv and synth.json, which records what was asked for and counts
/// the faults that were put in. The same arguments give the same bytes, on any number of threads.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Titles on the four platforms together.
    #[arg(long, value_name = "N", default_value_t = 2400)]
    titles: usize,

    /// Users; each gives at least one rating.
    #[arg(long, value_name = "N", default_value_t = 1200)]
    users: usize,

    /// Sound ratings, of distinct pairs of user and title; faulty rows come on top.
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    ratings: u64,

    /// Seed of every choice.
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,

    /// Faults per title and per rating, from 0 to 1.
    #[arg(long, value_name = "RATE", default_value_t = 0.005)]
    faults: f64,

    /// How far ratings depend on the title, from 0 (titles assigned at random) to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    signal: f64,

    /// Folder to write to; it may hold nothing but an earlier run's files.
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
        "\n{} rating rows by {} users: {} sound\n  faulty {:>21}: exact duplicates {}, changed later {}, unknown titles \
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
