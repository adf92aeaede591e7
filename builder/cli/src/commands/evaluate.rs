use std::fmt::Write as _;
use std::path::PathBuf;

use artifact::Signal;
use dataset::split::Method;
use evaluate::choose::fit::measure_on_test;
use evaluate::learning_curve::{LearningPoint, learning_curve};
use evaluate::signal;
use evaluate::{Candidate, ListOptions, Origin, Report, TestRows};
use models::RatingModelFile;
use progress::{Reporter as _, WithoutNotes};
use train::ModelParams;

use super::data::{HoldOut, Ratings, Source};
use super::params::{ParamArgs, positive};
use super::{cold_start, cross_validate};
use crate::Context;

/// Compare a rating model with simple baselines on held-out ratings.
///
/// Trains with the given parameters on everything except the test part, and measures on the test part: once
/// with a random test part, and once with a chronological one. Also checks whether the ratings hold any
/// signal about titles, and measures how the error falls with more ratings. With `--model`, only measures a
/// model from `cartelera train --hold-out`, on one test part; give both commands the same options.
/// Without `--model`, `--by` matters only for the learning curve.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,

    /// Trained model to measure on the test part.
    #[arg(long, value_name = "FILE", conflicts_with = "params")]
    model: Option<PathBuf>,

    #[command(flatten)]
    params: ParamArgs,

    #[command(flatten)]
    hold_out: HoldOut,

    /// Measure the lists of at most this many users; 0 skips lists.
    #[arg(long, value_name = "N", default_value_t = 5000)]
    ranked_users: usize,

    /// Number of random splits on which the model is compared with its twin, which is trained on ratings
    /// whose titles are shuffled within each user: 2 to 10, or 0 to skip the comparison and the learning
    /// curve.
    #[arg(long, value_name = "N", default_value_t = 5)]
    signal_splits: usize,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    moved: Moved,
}

/// Options that moved to other commands. They still work in this release.
#[derive(Debug, clap::Args)]
struct Moved {
    /// Now `cartelera cold-start --new-users`.
    #[arg(long, hide = true, conflicts_with_all = ["folds", "model", "cold_titles"], value_parser = positive::<usize>)]
    new_users: Option<usize>,

    /// Now `cartelera cold-start --cold-titles`.
    #[arg(long, hide = true, conflicts_with_all = ["folds", "model"])]
    cold_titles: Option<f64>,

    /// Now `cartelera cross-validate --folds`.
    #[arg(long, hide = true, requires = "rows", conflicts_with = "model")]
    folds: Option<PathBuf>,

    /// Now `cartelera cross-validate --tuned`.
    #[arg(long, hide = true, requires = "folds")]
    tuned: bool,

    /// Now `cartelera cross-validate --trials`.
    #[arg(long, hide = true, default_value_t = 40, requires = "tuned")]
    trials: usize,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { source, model, params, hold_out, ranked_users, signal_splits, json, moved } = args;
    if let Some(folds) = moved.folds {
        hint("--folds", "cartelera cross-validate", context);
        let args = cross_validate::Args {
            source,
            params,
            validation: hold_out.validation,
            seed: hold_out.seed,
            folds: Some(folds),
            k: 0,
            tuned: moved.tuned,
            trials: moved.trials,
            json,
        };
        return cross_validate::run(&args, context);
    }
    if moved.new_users.is_some() || moved.cold_titles.is_some() {
        let (new_users, cold_titles) = (moved.new_users, moved.cold_titles);
        let option = if new_users.is_some() { "--new-users" } else { "--cold-titles" };
        hint(option, "cartelera cold-start", context);
        let args = cold_start::Args { source, params, seed: hold_out.seed, new_users, cold_titles, json };
        return cold_start::run(&args, context);
    }
    let ratings = source.read(context)?;
    let lists = ListOptions { max_users: ranked_users, seed: hold_out.seed };
    if let Some(path) = &model {
        let file = RatingModelFile::read(path)?;
        let method = hold_out.method();
        file.trained_on
            .check_held_out(&ratings.identity(), hold_out.part(method))
            .map_err(|leak| anyhow::anyhow!("cannot measure {}: {leak}", path.display()))?;
        let rows = &ratings.file.rows;
        let split = hold_out.cut(&ratings.file)?.apply(rows);
        let rows = TestRows { train: &split.train, test: &split.test };
        let candidate = Candidate { model: file.params.algorithm(), parameters: Origin::Given };
        let report = evaluate::evaluate(&[(candidate, &file.model)], rows, lists, context)?;
        return print(json, &[(title(method), report)], None, context);
    }
    signal::check_splits(signal_splits).map_err(anyhow::Error::msg)?;
    let given = params.read()?;
    let parameters = if given.is_some() { Origin::Given } else { Origin::Defaults };
    let params = given.unwrap_or_default();
    let learning = (signal_splits > 0)
        .then(|| learning(&ratings, &params, hold_out, signal_splits, context))
        .transpose()?;
    let Ratings { file, features } = ratings;
    let compared = [(Candidate { model: params.algorithm(), parameters }, params)];
    let mut reports = Vec::new();
    for method in [Method::Random, Method::Chronological] {
        let cut = hold_out.cut_by(method, &file)?;
        let report = measure_on_test(&file.rows, &cut, &compared, &features, hold_out.seed, lists, context)?;
        reports.push((title(method), report));
    }
    print(json, &reports, learning.as_ref(), context)
}

/// Shows where an option has moved.
fn hint(option: &str, command: &str, context: &Context) {
    context.note(&format!(
        "hint: {option} of `cartelera evaluate` moved to `{command}`; the old spelling will stop working in the next release"
    ));
}

/// What can be learned from the ratings: the signal check and the learning curve.
#[derive(Debug, serde::Serialize)]
struct Learning {
    signal: Signal,
    /// Test RMSE by share of the training rows used.
    learning_curve: Vec<LearningPoint>,
}

fn learning(
    ratings: &Ratings,
    params: &ModelParams,
    hold_out: HoldOut,
    n_seeds: usize,
    context: &Context,
) -> anyhow::Result<Learning> {
    let Ratings { file, features } = ratings;
    let cut = hold_out.cut(file)?;
    let train = file.rows.select(&cut.train_and_validation());
    let test = file.rows.select(&cut.test);
    Ok(Learning {
        signal: signal::check(&file.rows, params, features, n_seeds, hold_out.seed, &WithoutNotes(context))?,
        learning_curve: learning_curve(&train, &test, params, features, hold_out.seed, context)?,
    })
}

impl Learning {
    fn to_text(&self) -> String {
        let v = self.signal.variance;
        let mut text = format!(
            "{}\nvariance of a rating: {:.1}% user, {:.1}% title, {:.1}% taste that the model predicts, {:.1}% the rest\n\n\
             learning curve\n{:>8}  {:>10}  {:>8}  {:>11}\n",
            self.signal.verdict,
            100.0 * v.user,
            100.0 * v.title,
            100.0 * v.interaction,
            100.0 * v.rest,
            "share",
            "ratings",
            "RMSE",
            "biases only"
        );
        for p in &self.learning_curve {
            let _ = writeln!(
                text,
                "{:>7.0}%  {:>10}  {:>8.4}  {:>11.4}",
                100.0 * p.share,
                p.n_ratings,
                p.rmse,
                p.biases_rmse
            );
        }
        text
    }
}

fn title(method: Method) -> &'static str {
    match method {
        Method::Random => "random test ratings",
        Method::Chronological => "each user's latest ratings",
    }
}

fn print(
    json: bool,
    reports: &[(&str, Report)],
    learning: Option<&Learning>,
    context: &Context,
) -> anyhow::Result<()> {
    if json {
        let mut by_split = std::collections::BTreeMap::new();
        for (name, report) in reports {
            by_split.insert(*name, serde_json::to_value(report)?);
        }
        if let Some(learning) = learning {
            by_split.insert("learning", serde_json::to_value(learning)?);
        }
        context.print(&serde_json::to_string_pretty(&by_split)?);
        return Ok(());
    }
    for (n, (title, report)) in reports.iter().enumerate() {
        let gap = if n > 0 { "\n" } else { "" };
        let mut heading = format!("{gap}{title}: {} rows, trained on {}", report.n_test, report.n_train);
        if report.n_ranked_users > 0 {
            let _ = write!(
                heading,
                "; lists measured for {} users ({} others not sampled, {} left out because they like no test title)",
                report.n_ranked_users, report.n_users_not_sampled, report.n_users_without_relevant
            );
        }
        context.print(&format!("{heading}\n{}", report.to_text()));
    }
    if let Some(learning) = learning {
        context.print(&format!("\n{}", learning.to_text()));
    }
    Ok(())
}
