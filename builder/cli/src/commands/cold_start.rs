use std::fmt::Write as _;

use evaluate::cold_start::{ColdTitles, KnownPoint, cold_titles, new_users};
use serde::Serialize;

use super::data::{Ratings, Source};
use super::params::{ParamArgs, positive};
use crate::Context;

/// Measure a rating model on users and titles that it was not trained on.
///
/// New users are left out of training. Then 1, 5, 10 and 20 of their ratings are folded in, and the rest are
/// predicted. Cold titles are left out of training with all their ratings, which are then predicted from the
/// titles' features. With only `--new-users` or only `--cold-titles`, measures just that; otherwise, both.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) source: Source,

    #[command(flatten)]
    pub(super) params: ParamArgs,

    /// Seed for all random choices.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,

    /// Number of users to measure on [default without `--cold-titles`: a fifth of them, at most 1000].
    #[arg(long, value_name = "N", value_parser = positive::<usize>)]
    pub(super) new_users: Option<usize>,

    /// Share of the rated titles to measure on [default without `--new-users`: 0.2].
    #[arg(long, value_name = "SHARE")]
    pub(super) cold_titles: Option<f64>,

    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Results of the measurements.
#[derive(Debug, Serialize)]
struct Measured {
    #[serde(skip_serializing_if = "Option::is_none")]
    new_users: Option<Vec<KnownPoint>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cold_titles: Option<ColdTitles>,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    const MOST_USERS: usize = 1_000;
    let Ratings { file, features } = args.source.read(context)?;
    let (rows, params) = (&file.rows, args.params.read()?.unwrap_or_default());
    let (n_users, share) = match (args.new_users, args.cold_titles) {
        (None, None) => (Some((file.users.len() / 5).clamp(1, MOST_USERS)), Some(0.2)),
        asked => asked,
    };
    if let Some(share) = share {
        anyhow::ensure!(share > 0.0 && share < 1.0, "--cold-titles must be a share above 0 and below 1");
    }
    let measured = Measured {
        new_users: n_users.map(|n| new_users(rows, &params, &features, n, args.seed, context)).transpose()?,
        cold_titles: share
            .map(|share| cold_titles(rows, &params, &features, share, args.seed, context))
            .transpose()?,
    };
    if args.json {
        context.print(&serde_json::to_string_pretty(&measured)?);
        return Ok(());
    }
    let points = measured.new_users.as_deref().map(new_users_to_text);
    let titles = measured.cold_titles.as_ref().map(cold_titles_to_text);
    let parts: Vec<String> = points.into_iter().chain(titles).collect();
    context.print(&parts.join("\n\n"));
    Ok(())
}

fn new_users_to_text(points: &[KnownPoint]) -> String {
    let mut text = String::from("known  test ratings    RMSE  biases only");
    for p in points {
        let _ =
            write!(text, "\n{:>5}  {:>12}  {:>6.4}  {:>11.4}", p.n_known, p.n_test, p.rmse, p.biases_rmse);
    }
    text
}

fn cold_titles_to_text(c: &ColdTitles) -> String {
    format!(
        "{} titles left out of training, {} ratings, {} users ranked\n                  RMSE  nDCG@10\nmodel           {:>6.4}  {:>7.4}\nuser bias only {:>6.4}  {:>7.4}",
        c.n_titles, c.n_test, c.n_ranked_users, c.rmse, c.ndcg, c.user_bias_rmse, c.user_bias_ndcg
    )
}
