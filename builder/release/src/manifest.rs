//! Makes the manifest of a release.

use artifact::{Fate, Kind, Manifest, ModelSummary, Parameters, RankingSummary, RatingScale, Trial, Trials};
use bytes::Bytes;
use catalog::Scale;
use dataset::Data;
use evaluate::choose::{ranking, trial};
use serde::Serialize;
use serde_json::Value;
use train::ValuesParams;

use crate::{BuildError, BuildOptions, Models};

/// Describes artifacts that were made from this data and these models.
pub(crate) fn of(
    data: &Data<'_>,
    models: &Models,
    options: &BuildOptions,
    artifacts: &[(Kind, Bytes)],
) -> Result<Manifest, BuildError> {
    let rating = &models.rating;
    let served = models.ranking.as_ref().and_then(|r| r.fitted.as_ref().map(|fitted| (r, fitted)));
    Ok(Manifest {
        seed: options.fit.seed,
        data_until: data.ratings.timestamp().iter().copied().max().unwrap_or(0),
        platforms: data.titles.platforms().iter().map(ToString::to_string).collect(),
        counts: data.counts.clone(),
        scale: scale(data.ratings.scale()),
        parameters: if data.ratings.is_empty() { Parameters::new() } else { parameters(models, options)? },
        model: ModelSummary {
            algorithm: rating.params.algorithm(),
            n_factors: rating.model.n_factors() as u32,
            verdict: rating.verdict.clone(),
            recommend_threshold: options
                .recommend_threshold
                .unwrap_or_else(|| data.ratings.scale().recommended()),
        },
        ranking: served.map(|(ranking, fitted)| RankingSummary {
            algorithm: ranking.params.model(),
            n_factors: fitted.model.n_factors() as u32,
            verdict: ranking.verdict.clone(),
            values: Some(values(ranking.params.values)),
        }),
        measures: models.measures().cloned().collect(),
        trials: trials(models)?,
        signal: models.signal.as_ref().map(|checked| checked.signal.clone()),
        sources: data.sources.clone(),
        ..Manifest::of(artifacts)
    })
}

/// Returns what ratings are worth as manifests store it. They have it for likes alone, too, so that a
/// function which knows nothing of it refuses the release: it would not know what biases are for either.
fn values(params: ValuesParams) -> artifact::RatingValues {
    artifact::RatingValues { unliked: params.unliked as f32, slope: params.slope as f32 }
}

/// Returns a scale as manifests store it.
fn scale(scale: Scale) -> RatingScale {
    let usual = Scale::new(scale.low(), scale.high()).map(Scale::liked);
    let liked = Some(scale.liked()).filter(|&liked| usual != Ok(liked));
    RatingScale { low: scale.low(), high: scale.high(), liked }
}

fn json(what: &'static str, value: impl Serialize) -> Result<Value, BuildError> {
    serde_json::to_value(value).map_err(|source| BuildError::Parameter { what, source })
}

/// Collects the options given and the parameters chosen.
fn parameters(models: &Models, options: &BuildOptions) -> Result<Parameters, BuildError> {
    let mut parameters = Parameters::from([
        ("hold_out".to_owned(), json("the hold-out", options.fit.method)?),
        ("hold_out_shares".to_owned(), json("the shares held out", options.fit.shares)?),
        ("model".to_owned(), json("the parameters", &models.rating.params)?),
    ]);
    if let Some(ranking) = &models.ranking {
        parameters.insert("ranking".to_owned(), json("the parameters", &ranking.params)?);
    }
    if options.pseudonyms.is_some() {
        parameters.insert("pseudonyms".to_owned(), true.into());
    }
    Ok(parameters)
}

fn trials(models: &Models) -> Result<Trials, BuildError> {
    let ranking = models.ranking.iter().flat_map(|ranking| &ranking.trials).enumerate();
    Ok(Trials {
        rating: models.rating.trials.iter().map(rating_trial).collect::<Result<_, _>>()?,
        ranking: ranking.map(|(number, trial)| ranking_trial(number, trial)).collect::<Result<_, _>>()?,
    })
}

fn rating_trial(trial: &trial::Trial) -> Result<Trial, BuildError> {
    Ok(Trial {
        number: trial.number as u32,
        algorithm: trial.params.algorithm(),
        n_factors: trial.params.n_factors() as u32,
        score: trial.validation_rmse,
        fate: trial.fate,
        parameters: fields(json("the parameters", &trial.params)?),
    })
}

fn ranking_trial(number: usize, trial: &ranking::RankingTrial) -> Result<Trial, BuildError> {
    Ok(Trial {
        number: number as u32,
        algorithm: trial.params.model(),
        n_factors: trial.params.factors.n_factors as u32,
        score: Some(trial.ndcg),
        fate: Fate::Finished,
        parameters: fields(json("the parameters", &trial.params)?),
    })
}

/// Returns the fields of an object, without the one that names the algorithm.
fn fields(value: Value) -> Parameters {
    match value {
        Value::Object(fields) => fields.into_iter().filter(|(name, _)| name != "algorithm").collect(),
        _ => Parameters::new(),
    }
}
