use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use artifact::{Artifact as _, Signal};
use catalog::Interactions;
use recommender::FactorModel;

use super::Context;
use super::data::{HoldOut, Ratings, Source, read_folds};
use super::train::ParamArgs;
use crate::etl::FileOrder;
use crate::evaluate::{self, HeldOut, RankOptions, Report};
use crate::features::TitleFeatures;
use crate::newcomers::{self, ColdTitles, KnownPoint};
use crate::signal::{self, LearningPoint};
use crate::split::{self, Method};
use crate::train::{BayesParams, BiasParams, ModelParams, biases, fit};
use crate::tune::{TuneOptions, measure_on_test, tune};
use crate::{Reporter, Silent, WithoutNotes};

/// Measure models on held-out ratings, beside the baselines.
///
/// Trains with the parameters given on all but the test part and measures there, once for a random and once
/// for a chronological test part. With `--model`, measures a model that `cartelera train --hold-out` made with
/// the same hold-out options. With `--folds`, prints means over the folds of a rating file.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,

    /// A trained model to measure on the test part.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["params", "folds"])]
    model: Option<PathBuf>,

    #[command(flatten)]
    params: ParamArgs,

    #[command(flatten)]
    hold_out: HoldOut,

    /// Measure on so many users who are left out of training, with 1, 5, 10 and 20 of their ratings folded in.
    #[arg(long, value_name = "N", conflicts_with_all = ["folds", "model", "cold_titles"])]
    new_users: Option<usize>,

    /// Measure on this share of the titles, left out of training with all their ratings.
    #[arg(long, value_name = "SHARE", conflicts_with_all = ["folds", "model"])]
    cold_titles: Option<f64>,

    /// Measure ranks on at most so many users; 0 leaves ranks out.
    #[arg(long, value_name = "N", default_value_t = 5000)]
    ranked_users: usize,

    /// Random splits on which the model is compared with its twin, trained on ratings whose titles are shuffled within
    /// each user: 2 to 10, or 0 to leave that and the learning curve out.
    #[arg(long, value_name = "N", default_value_t = 5)]
    signal_splits: usize,

    /// Fold numbers, one line a row: each fold is the test part once.
    #[arg(long, value_name = "FILE", requires = "rows")]
    folds: Option<PathBuf>,

    /// With `--folds`: search for parameters inside the training rows of each fold.
    #[arg(long, requires = "folds")]
    tuned: bool,

    /// Trials of each search.
    #[arg(long, value_name = "N", default_value_t = 40, requires = "tuned")]
    trials: usize,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args {
        source,
        model,
        params,
        hold_out,
        ranked_users,
        folds,
        tuned,
        trials,
        json,
        signal_splits,
        new_users,
        cold_titles,
    } = args;
    let Ratings { file, features } = source.read(context)?;
    let params = params.read()?;
    if let Some(path) = &folds {
        let folds = read_folds(path, file.rows.len())?;
        let report = over_folds(
            hold_out,
            tuned.then_some(trials),
            &file,
            &features,
            &folds,
            params.as_ref(),
            context,
        )?;
        return print(json, &[("mean over the folds".to_owned(), report)], None, context);
    }
    if let Some(n_users) = new_users {
        let params = params.unwrap_or_default();
        let points = newcomers::new_users(&file.rows, &params, &features, n_users, hold_out.seed, context)?;
        context.print(&if json {
            serde_json::to_string_pretty(&points)?
        } else {
            new_users_to_text(&points)
        });
        return Ok(());
    }
    if let Some(share) = cold_titles {
        anyhow::ensure!(share > 0.0 && share < 1.0, "--cold-titles takes a share above 0 and below 1");
        let params = params.unwrap_or_default();
        let cold = newcomers::cold_titles(&file.rows, &params, &features, share, hold_out.seed, context)?;
        context.print(&if json { serde_json::to_string_pretty(&cold)? } else { cold_titles_to_text(&cold) });
        return Ok(());
    }
    let ranks = RankOptions { max_users: ranked_users, seed: hold_out.seed };
    if let Some(path) = &model {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let model = FactorModel::from_bytes(&bytes)
            .with_context(|| format!("{} is no sound model", path.display()))?;
        anyhow::ensure!(
            model.n_users() == file.users.len() && model.n_items() == file.titles.len(),
            "the model has {} users and {} titles, the ratings have {} and {}: it was trained on other data",
            model.n_users(),
            model.n_items(),
            file.users.len(),
            file.titles.len()
        );
        let split = hold_out.cut(&file)?.apply(&file.rows);
        let held = HeldOut { train: &split.train, test: &split.test };
        let report = evaluate::evaluate(&[("model".to_owned(), &model)], held, ranks, context)?;
        return print(json, &[(title(hold_out.by), report)], None, context);
    }
    anyhow::ensure!(
        signal_splits == 0 || (2..=signal::MAX_SEEDS).contains(&signal_splits),
        "--signal-splits takes 0, or 2 to {}",
        signal::MAX_SEEDS
    );
    let params = params.unwrap_or_default();
    let learning = (signal_splits > 0)
        .then(|| learning(&file, &features, &params, hold_out, signal_splits, context))
        .transpose()?;
    let compared = [(params.algorithm().to_owned(), params)];
    let mut reports = Vec::new();
    for method in [Method::Random, Method::Chronological] {
        let cut = hold_out.cut_by(method, &file)?;
        let report = measure_on_test(&file.rows, &cut, &compared, &features, hold_out.seed, ranks, context)?;
        reports.push((title(method), report));
    }
    print(json, &reports, learning.as_ref(), context)
}

/// What can be learnt from the ratings.
#[derive(Debug, serde::Serialize)]
struct Learning {
    signal: Signal,
    /// Test RMSE by the share of the other rows that is trained on.
    learning_curve: Vec<LearningPoint>,
}

fn learning(
    file: &FileOrder,
    features: &TitleFeatures,
    params: &ModelParams,
    hold_out: HoldOut,
    n_seeds: usize,
    context: &Context,
) -> anyhow::Result<Learning> {
    let cut = hold_out.cut(file)?;
    let train = file.rows.select(&cut.train_and_validation());
    let test = file.rows.select(&cut.test);
    Ok(Learning {
        signal: signal::check(&file.rows, params, features, n_seeds, hold_out.seed, &WithoutNotes(context))?,
        learning_curve: signal::learning_curve(&train, &test, params, features, hold_out.seed, context)?,
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
        "{} titles left out of training, {} ratings, {} users ranked\n                  RMSE  nDCG@10\nmodel           {:>6.4}  {:>7.4}\nuser bias alone {:>6.4}  {:>7.4}",
        c.n_titles, c.n_test, c.n_ranked_users, c.rmse, c.ndcg, c.user_bias_rmse, c.user_bias_ndcg
    )
}

fn title(method: Method) -> String {
    match method {
        Method::Random => "random test ratings".to_owned(),
        Method::Chronological => "each user's latest ratings".to_owned(),
    }
}

fn print(
    json: bool,
    reports: &[(String, Report)],
    learning: Option<&Learning>,
    context: &Context,
) -> anyhow::Result<()> {
    if json {
        let mut by_split = std::collections::BTreeMap::new();
        for (name, report) in reports {
            by_split.insert(name.as_str(), serde_json::to_value(report)?);
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
                "; ranks of {} users ({} more not sampled, {} without a liked title left out)",
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

/// Errors of the baselines, the defaults and the tuned parameters, as means over the folds.
fn over_folds(
    hold_out: HoldOut,
    n_trials: Option<usize>,
    file: &FileOrder,
    features: &TitleFeatures,
    folds: &[u32],
    params: Option<&ModelParams>,
    context: &Context,
) -> anyhow::Result<Report> {
    let mut numbers = folds.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    anyhow::ensure!(numbers.len() > 1, "the fold file names one fold alone; there must be two at least");
    let nothing = Interactions::default();
    let mut mean = Report::default();
    for &number in &numbers {
        let cut = split::fold(folds, number)?;
        let split = cut.apply(&file.rows);
        let train = |params: &ModelParams| {
            let settled = params.clone().settled(params.n_epochs());
            fit(&settled, &split.train, &nothing, features, hold_out.seed, &Silent).map(|(model, _)| model)
        };
        let mut models = vec![
            (evaluate::names::GLOBAL_MEAN, biases::global_mean_only(&split.train)?),
            (evaluate::names::BIASES, train(&ModelParams::Biases(BiasParams::default()))?),
            ("svd, defaults", train(&ModelParams::default())?),
            ("bayes, defaults", train(&ModelParams::Bayes(BayesParams::default()))?),
        ];
        if let Some(params) = params {
            models.push(("parameters given", train(params)?));
        }
        if let Some(n_trials) = n_trials {
            let (inner, validation) = hold_out.validation_of(&cut.train)?;
            let options = TuneOptions { n_trials, time_limit: None, seed: hold_out.seed };
            let tuned =
                tune(&file.rows.select(&inner), &file.rows.select(&validation), features, options, context)?;
            for (name, params) in [
                ("svd, tuned in each fold", tuned.best_svd),
                ("bayes, settled in each fold", tuned.best_bayes),
            ] {
                if let Some(params) = params {
                    context.note(&format!("fold {number}: {}", crate::tune::describe(&params)));
                    models.push((name, train(&params)?));
                }
            }
        }
        for (name, model) in models {
            let measures = evaluate::errors(&model, &split.test).unwrap_or_default();
            let row = mean.models.entry(name.to_owned()).or_default();
            for (measure, value) in measures {
                *row.entry(measure).or_default() += value / numbers.len() as f64;
            }
        }
        mean.n_train += split.train.len() / numbers.len();
        mean.n_test += split.test.len() / numbers.len();
        context.note(&format!("fold {number} is done"));
    }
    Ok(mean)
}
