use std::path::PathBuf;

use artifact::Artifact as _;
use catalog::Interactions;

use super::Context;
use super::data::{HoldOut, Source, read_params, write};
use crate::train::{BiasParams, ModelParams, SvdParams, fit, fit_table};
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

    #[command(flatten)]
    parts: HoldOut,
}

/// Parameters of a model, from a file or one by one.
#[derive(Debug, clap::Args)]
pub(super) struct ParamArgs {
    /// Parameters in JSON, as `cartelera tune --out` writes them; the options below override them.
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,

    /// Biases only, by alternating least squares.
    #[arg(long, conflicts_with_all = ["params", "factors", "learning_rate", "regularization"])]
    biases_only: bool,

    /// Factors a user or title [default: 100].
    #[arg(long, value_name = "N")]
    factors: Option<usize>,

    /// Passes over the ratings [default: 20].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

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

    /// Stop after so many passes without a lower validation RMSE; needs held-out ratings.
    #[arg(long, value_name = "PASSES")]
    early_stopping: Option<usize>,
}

impl ParamArgs {
    /// The parameters; `None` where no option says anything.
    pub(super) fn read(&self) -> anyhow::Result<Option<ModelParams>> {
        let base = match &self.params {
            Some(path) => Some(read_params(path)?),
            None if self.biases_only => Some(ModelParams::Biases(BiasParams::default())),
            None => None,
        };
        let given = self.epochs.is_some()
            || self.factors.is_some()
            || self.learning_rate.is_some()
            || self.learning_rate_decay.is_some()
            || self.regularization.is_some()
            || self.bias_regularization.is_some()
            || self.early_stopping.is_some();
        if !given {
            return Ok(base);
        }
        let base = base.unwrap_or_default();
        let base = base.clone().with_n_epochs(self.epochs.unwrap_or(base.n_epochs()));
        Ok(Some(match base {
            ModelParams::Biases(biases) => ModelParams::Biases(biases),
            ModelParams::Svd(svd) => ModelParams::Svd(SvdParams {
                n_factors: self.factors.unwrap_or(svd.n_factors),
                learning_rate: self.learning_rate.unwrap_or(svd.learning_rate),
                learning_rate_decay: self.learning_rate_decay.unwrap_or(svd.learning_rate_decay),
                regularization: self.regularization.unwrap_or(svd.regularization),
                bias_regularization: self.bias_regularization.or(svd.bias_regularization),
                early_stopping: self.early_stopping.or(svd.early_stopping),
                ..svd
            }),
        }))
    }
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { source, out, params, hold_out, parts } = args;
    let params = params.read()?.unwrap_or_default();
    let (n_rows, (model, history)) = if hold_out {
        let file = source.read(context)?;
        let split = parts.cut(&file)?.apply(&file.rows);
        (split.train.len(), fit(&params, &split.train, &split.validation, parts.seed, context)?)
    } else if let Some(clean) = source.read_table(context)? {
        let n_titles = clean.titles.titles().len();
        (clean.ratings.len(), fit_table(&params, &clean.ratings, n_titles, parts.seed, context)?)
    } else {
        let rows = source.read(context)?.rows;
        (rows.len(), fit(&params, &rows, &Interactions::default(), parts.seed, context)?)
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
