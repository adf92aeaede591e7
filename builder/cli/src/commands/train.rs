use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use models::{Identity, RatingModelFile, TrainedOn};
use progress::Reporter;
use recommender::FactorModel;
use tokio::sync::Notify;
use train::{Checkpoint, History, ModelParams, Run, TrainError, TrainingData};

use super::data::{HoldOut, Source};
use super::params::ParamArgs;
use crate::Context;
use crate::local::stop_signals;

/// Train a rating model.
///
/// Trains on all ratings, for `cartelera build --rating-model`. With `--hold-out`, trains only on the
/// training part and measures the error on the validation part after each pass. `cartelera evaluate --model`
/// with the same options can then measure the model on the test part. The file records what the model was
/// trained on, and `build` and `evaluate` check it.
///
/// Clean tables of any size are read as a stream. In addition to the model, svd takes about 20 bytes of
/// memory per rating. The other algorithms take more, and `--hold-out` takes several times as much, because
/// they copy rows.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,

    /// File for the model.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    params: ParamArgs,

    /// Train only on the training part.
    #[arg(long)]
    hold_out: bool,

    /// bayes: save the run to this file every `--checkpoint-every` sweeps, at the end, and when a signal
    /// stops it. If the file exists, the run resumes from it, and gives the same model as an uninterrupted
    /// run.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,

    /// Number of sweeps between saves of the checkpoint; with 0, it is saved only at the end or at a signal.
    #[arg(long, value_name = "N", default_value_t = 25, requires = "checkpoint")]
    checkpoint_every: usize,

    #[command(flatten)]
    parts: HoldOut,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let params = args.params.read()?.unwrap_or_default();
    anyhow::ensure!(
        args.checkpoint.is_none() || matches!(params, ModelParams::Bayes(_)),
        "--checkpoint works only with bayes; leave it out: the other algorithms train quickly"
    );
    let (trained_on, (model, history)) =
        if args.hold_out { on_a_part(args, &params, context)? } else { on_all(args, &params, context)? };
    let n_ratings = trained_on.n_ratings;
    RatingModelFile { trained_on, params: params.clone(), model }.write(&args.out)?;
    let at = history.best_epoch.checked_sub(1).and_then(|best| history.epochs.get(best));
    let errors = at.map_or_else(String::new, |epoch| match epoch.validation_rmse {
        Some(rmse) => format!(", train RMSE {:.4}, validation RMSE {rmse:.4}", epoch.train_rmse),
        None => format!(", train RMSE {:.4}", epoch.train_rmse),
    });
    let described = params.with_n_epochs(history.best_epoch).describe();
    context.note(&format!("{}: {described} on {n_ratings} ratings{errors}", args.out.display()));
    Ok(())
}

type Trained = (TrainedOn, (FactorModel, History));

fn on_a_part(args: &Args, params: &ModelParams, context: &Context) -> anyhow::Result<Trained> {
    let ratings = args.source.read(context)?;
    let split = args.parts.cut(&ratings.file)?.apply(&ratings.file.rows);
    let data = TrainingData::new(&split.train, &ratings.features).watching(&split.validation);
    let trained_on = TrainedOn {
        data: ratings.identity(),
        n_ratings: split.train.len() as u64,
        held_out: Some(args.parts.part(args.parts.method())),
        seed: args.parts.seed,
    };
    Ok((trained_on, fit(args, params, &data, context)?))
}

fn on_all(args: &Args, params: &ModelParams, context: &Context) -> anyhow::Result<Trained> {
    let all = |data, n: usize| TrainedOn { data, n_ratings: n as u64, held_out: None, seed: args.parts.seed };
    if let Some((clean, features)) = args.source.read_table(context)? {
        let titles = clean.titles.titles();
        let data = TrainingData::of_table(&clean.ratings, titles.len(), &features);
        let identity = Identity::of_table(&clean.ratings, titles.iter().map(|title| title.id.as_str()));
        return Ok((all(identity, clean.ratings.len()), fit(args, params, &data, context)?));
    }
    let ratings = args.source.read(context)?;
    let data = TrainingData::new(&ratings.file.rows, &ratings.features);
    Ok((all(ratings.identity(), ratings.file.rows.len()), fit(args, params, &data, context)?))
}

/// Trains. With `--checkpoint`, a signal stops the run after the current sweep, once it is saved; without
/// it, a signal ends the process as usual.
fn fit(
    args: &Args,
    params: &ModelParams,
    data: &TrainingData<'_>,
    context: &Context,
) -> anyhow::Result<(FactorModel, History)> {
    let Some(path) = &args.checkpoint else {
        return Ok(train::fit(params, data, &Run::new(args.parts.seed, context))?);
    };
    let asked = AtomicBool::new(false);
    let stop = || asked.load(Ordering::Relaxed);
    let checkpoint = Some(Checkpoint { path, every: args.checkpoint_every, stop: Some(&stop) });
    let run = Run { seed: args.parts.seed, checkpoint, reporter: context };
    let trained: Result<(FactorModel, History), TrainError> =
        until_signal(&asked, || train::fit(params, data, &run))?;
    Ok(trained?)
}

/// Runs `work` on this thread, and sets `asked` when a signal asks the process to stop.
fn until_signal<T>(asked: &AtomicBool, work: impl FnOnce() -> T) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        stop_signals()?
    };
    let done = Notify::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            runtime.block_on(async {
                tokio::select! {
                    _ = signals.recv() => asked.store(true, Ordering::Relaxed),
                    () = done.notified() => {}
                }
            });
        });
        let result = work();
        done.notify_one();
        Ok(result)
    })
}
