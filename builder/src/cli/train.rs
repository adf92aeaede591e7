use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use artifact::Artifact as _;
use catalog::Interactions;

use tokio::sync::Notify;

use super::Context;
use super::data::{HoldOut, Ratings, Source, read_params, write};
use crate::features::TitleFeatures;
use crate::serve::stop_signal;
use crate::train::{BayesParams, BiasParams, ModelParams, SvdParams, Watch, fit_table, fit_watched};
use crate::{Reporter, tune};

/// Train a model on clean ratings.
///
/// On all ratings, or with `--hold-out` on the training part alone, watching the validation part; then
/// `cartelera evaluate --model` with the same hold-out options measures it on rows it has not seen.
///
/// Clean tables of any size are read as a stream; all ratings train in about 20 bytes of memory each, beside the model.
/// `--hold-out` takes several times as much, since it sorts out rows.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,

    /// File for the model.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    params: ParamArgs,

    /// Train on the training part alone.
    #[arg(long)]
    hold_out: bool,

    /// bayes: keep the run in this file, now and then and when it is stopped by a signal; where the file is there, the
    /// run goes on from it, to the same model as without a stop.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,

    /// Sweeps between two writings of the checkpoint.
    #[arg(long, value_name = "N", default_value_t = 25, requires = "checkpoint")]
    checkpoint_every: usize,

    #[command(flatten)]
    parts: HoldOut,
}

/// What trains a model that predicts ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Algorithm {
    /// Biased matrix factorisation by stochastic gradient descent.
    Svd,
    /// The mean of Gibbs samples, with implicit feedback and title features.
    Bayes,
    /// Biases only, by alternating least squares.
    Biases,
}

impl Algorithm {
    fn defaults(self) -> ModelParams {
        match self {
            Self::Svd => ModelParams::Svd(SvdParams::default()),
            Self::Bayes => ModelParams::Bayes(BayesParams::default()),
            Self::Biases => ModelParams::Biases(BiasParams::default()),
        }
    }
}

/// Parameters of a model, from a file or one by one.
#[derive(Debug, clap::Args)]
pub(super) struct ParamArgs {
    /// Parameters in JSON, as `cartelera tune --out` writes them; the options below override them.
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,

    /// What trains the model [default: svd].
    #[arg(long, value_enum, conflicts_with = "params")]
    algorithm: Option<Algorithm>,

    /// Factors a user or title [default: 100; of a sample of bayes: 10].
    #[arg(long, value_name = "N")]
    factors: Option<usize>,

    /// Passes over the ratings [default: 20; sweeps of bayes: 300].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// bayes: factors of the model that is served, at most [default: 32].
    #[arg(long, value_name = "N")]
    served_factors: Option<usize>,

    /// bayes: leave titles' features out.
    #[arg(long)]
    no_features: bool,

    /// Step of the descent [default: 0.005].
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,

    /// What the learning rate is multiplied by after each pass [default: 1].
    #[arg(long, value_name = "FACTOR")]
    learning_rate_decay: Option<f64>,

    /// Weight that keeps factors small, and biases where those have none of their own [default: 0.02].
    #[arg(long, value_name = "WEIGHT")]
    regularization: Option<f64>,

    /// Weight that keeps biases small.
    #[arg(long, value_name = "WEIGHT")]
    bias_regularization: Option<f64>,

    /// Stop after so many passes without a lower validation RMSE (bayes: lower by a ten-thousandth); needs held-out
    /// ratings.
    #[arg(long, value_name = "PASSES")]
    early_stopping: Option<usize>,
}

impl ParamArgs {
    /// The parameters; `None` where no option says anything.
    pub(super) fn read(&self) -> anyhow::Result<Option<ModelParams>> {
        let base = match &self.params {
            Some(path) => Some(read_params(path)?),
            None => self.algorithm.map(Algorithm::defaults),
        };
        let given = self.epochs.is_some()
            || self.factors.is_some()
            || self.learning_rate.is_some()
            || self.learning_rate_decay.is_some()
            || self.regularization.is_some()
            || self.bias_regularization.is_some()
            || self.early_stopping.is_some()
            || self.served_factors.is_some()
            || self.no_features;
        if !given {
            return Ok(base);
        }
        let base = base.unwrap_or_default();
        let base = base.clone().with_n_epochs(self.epochs.unwrap_or(base.n_epochs()));
        Ok(Some(match base {
            ModelParams::Biases(biases) => {
                self.refuse(
                    &["factors", "learning-rate", "learning-rate-decay", "regularization"],
                    "biases",
                )?;
                self.refuse(
                    &["bias-regularization", "early-stopping", "served-factors", "no-features"],
                    "biases",
                )?;
                ModelParams::Biases(biases)
            }
            ModelParams::Bayes(bayes) => {
                self.refuse(
                    &["learning-rate", "learning-rate-decay", "regularization", "bias-regularization"],
                    "bayes",
                )?;
                ModelParams::Bayes(BayesParams {
                    n_factors: self.factors.unwrap_or(bayes.n_factors),
                    n_served: self.served_factors.unwrap_or(bayes.n_served),
                    features: bayes.features && !self.no_features,
                    settle: self.early_stopping.or(bayes.settle),
                    ..bayes
                })
            }
            ModelParams::Svd(svd) => {
                self.refuse(&["served-factors", "no-features"], "svd")?;
                ModelParams::Svd(SvdParams {
                    n_factors: self.factors.unwrap_or(svd.n_factors),
                    learning_rate: self.learning_rate.unwrap_or(svd.learning_rate),
                    learning_rate_decay: self.learning_rate_decay.unwrap_or(svd.learning_rate_decay),
                    regularization: self.regularization.unwrap_or(svd.regularization),
                    bias_regularization: self.bias_regularization.or(svd.bias_regularization),
                    early_stopping: self.early_stopping.or(svd.early_stopping),
                    ..svd
                })
            }
        }))
    }

    /// An option that the algorithm has no use for is an error, not ignored.
    fn refuse(&self, options: &[&str], algorithm: &str) -> anyhow::Result<()> {
        let given = |option: &str| match option {
            "factors" => self.factors.is_some(),
            "learning-rate" => self.learning_rate.is_some(),
            "learning-rate-decay" => self.learning_rate_decay.is_some(),
            "regularization" => self.regularization.is_some(),
            "bias-regularization" => self.bias_regularization.is_some(),
            "early-stopping" => self.early_stopping.is_some(),
            "served-factors" => self.served_factors.is_some(),
            _ => self.no_features,
        };
        match options.iter().find(|option| given(option)) {
            Some(option) => anyhow::bail!("--{option} means nothing to {algorithm}; leave it out"),
            None => Ok(()),
        }
    }
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { source, out, params, hold_out, parts, checkpoint, checkpoint_every } = args;
    let params = params.read()?.unwrap_or_default();
    let keeps = matches!(params, ModelParams::Bayes(_));
    anyhow::ensure!(
        checkpoint.is_none() || keeps,
        "--checkpoint is for bayes; the others are quick to train anew"
    );
    let asked = AtomicBool::new(false);
    let stop = || asked.load(Ordering::Relaxed);
    let watch = Watch {
        checkpoint: checkpoint.as_deref(),
        every: checkpoint_every,
        stop: checkpoint.as_ref().map(|_| &stop as &(dyn Fn() -> bool + Sync)),
    };
    let fit = |train: &Interactions, validation: &Interactions, features: &TitleFeatures| {
        let train_it = || fit_watched(&params, train, validation, features, parts.seed, watch, context);
        anyhow::Ok(if checkpoint.is_some() { until_signal(&asked, train_it)?? } else { train_it()? })
    };
    let nothing = Interactions::default();
    let (n_rows, (model, history)) = if hold_out {
        let Ratings { file, features } = source.read(context)?;
        let split = parts.cut(&file)?.apply(&file.rows);
        (split.train.len(), fit(&split.train, &split.validation, &features)?)
    } else if let Some((clean, features)) = source.read_table(context)? {
        let n_titles = clean.titles.titles().len();
        let trained = if keeps {
            fit(&clean.ratings.interactions(n_titles), &nothing, &features)?
        } else {
            fit_table(&params, &clean.ratings, n_titles, &features, parts.seed, context)?
        };
        (clean.ratings.len(), trained)
    } else {
        let Ratings { file, features } = source.read(context)?;
        (file.rows.len(), fit(&file.rows, &nothing, &features)?)
    };
    write(&out, &model.to_bytes()?)?;
    let at = history.best_epoch.checked_sub(1).and_then(|best| history.epochs.get(best));
    let errors = match at {
        Some(epoch) => match epoch.validation_rmse {
            Some(rmse) => format!(", train RMSE {:.4}, validation RMSE {rmse:.4}", epoch.train_rmse),
            None => format!(", train RMSE {:.4}", epoch.train_rmse),
        },
        None => String::new(),
    };
    context.note(&format!(
        "{}: {} on {} ratings{errors}",
        out.display(),
        tune::describe(&params.with_n_epochs(history.best_epoch)),
        n_rows
    ));
    Ok(())
}

/// Runs `work` here, and sets `asked` when a signal asks the process to stop.
fn until_signal<T>(asked: &AtomicBool, work: impl FnOnce() -> T) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signal = {
        let _inside = runtime.enter();
        stop_signal()?
    };
    let done = Notify::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            runtime.block_on(async {
                tokio::select! {
                    () = signal => asked.store(true, Ordering::Relaxed),
                    () = done.notified() => {}
                }
            });
        });
        let result = work();
        done.notify_one();
        Ok(result)
    })
}
