//! From raw files to a release: artifacts and their manifest. Writing them to a store is `store`'s work.

use artifact::{
    Artifact, ArtifactEntry, EncodeError, Kind, MANIFEST_FORMAT, Manifest, ModelSummary, Parameters,
};
use bytes::Bytes;
use queries::{actor, count_platform, max_duration, score_count};
use recommender::{Histories, Titles};
use thiserror::Error;

use crate::Reporter;
use crate::etl::{self, EtlError, EtlInput, EtlOutput};
use crate::evaluate::Table;
use crate::features::TitleFeatures;
use crate::tune::{self, FitOptions, Outcome, TuneError};

/// Why no release came of it.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Raw files could not be read.
    #[error(transparent)]
    Etl(#[from] EtlError),
    /// No model came of the ratings.
    #[error("no model comes of these ratings")]
    Model(#[from] TuneError),
    /// A measure came out as no number, and a manifest could not be read back with it.
    #[error("the {measure} of {model:?} is {value}; the ratings leave nothing to measure it on")]
    Measure {
        /// Whose measure.
        model: String,
        /// Its name.
        measure: String,
        /// What came out.
        value: f64,
    },
    /// A part could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// How a release is made.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildOptions {
    /// Hold-out, search, seed.
    pub fit: FitOptions,
    /// The score at or above which a title is recommended.
    pub recommend_threshold: f32,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self { fit: FitOptions::default(), recommend_threshold: 3.5 }
    }
}

/// A release that is not yet in a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// Sealed artifacts, by kind.
    pub artifacts: Vec<(Kind, Bytes)>,
    /// Their manifest.
    pub manifest: Manifest,
    /// What the ETL found.
    pub etl: EtlOutput,
    /// How the model came about.
    pub outcome: Outcome,
}

/// Reads, cleans, tunes, trains, measures and encodes. The result depends on the files and the options alone, not on
/// the number of threads (unless the search is bounded by time).
///
/// # Errors
/// [`BuildError`].
pub fn build(input: &EtlInput, options: &BuildOptions, reporter: &dyn Reporter) -> Result<Built, BuildError> {
    let etl = etl::run(input, reporter)?;
    let titles = &etl.clean.titles;
    let ratings = &etl.clean.ratings;
    let works = titles.works();
    let pooled = ratings.by_work(&works);
    let features = TitleFeatures::new(titles, &works);
    let outcome = tune::tune_and_fit(&pooled, &features, titles.titles().len(), &options.fit, reporter)?;

    check_measures(&outcome.metrics)?;
    reporter.start("writing artifacts", Kind::ALL.len() as u64, "artifacts");
    let artifacts = vec![
        sealed(&max_duration::build(titles), reporter)?,
        sealed(&score_count::build(titles, ratings), reporter)?,
        sealed(&count_platform::build(titles), reporter)?,
        sealed(&actor::build(titles), reporter)?,
        sealed(&Titles::build(titles, ratings), reporter)?,
        sealed(&outcome.model, reporter)?,
        sealed(&Histories::build(ratings), reporter)?,
    ];
    reporter.finish();

    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        builder: env!("CARGO_PKG_VERSION").to_owned(),
        seed: options.fit.seed,
        data_until: ratings.timestamp().iter().copied().max().unwrap_or(0),
        platforms: titles.platforms().iter().map(ToString::to_string).collect(),
        counts: etl.counts(),
        parameters: parameters(&options.fit, &outcome),
        model: ModelSummary {
            algorithm: outcome.params.algorithm().to_owned(),
            n_factors: outcome.model.n_factors() as u32,
            verdict: outcome.verdict.clone(),
            recommend_threshold: options.recommend_threshold,
            metrics: outcome.metrics.clone(),
        },
        ranking: None,
        signal: None,
        sources: etl.sources.clone(),
        artifacts: artifacts.iter().map(|(kind, bytes)| ArtifactEntry::of(*kind, bytes)).collect(),
    };
    Ok(Built { artifacts, manifest, etl, outcome })
}

fn check_measures(metrics: &Table) -> Result<(), BuildError> {
    let all =
        metrics.iter().flat_map(|(model, measures)| measures.iter().map(move |(name, v)| (model, name, *v)));
    match all.into_iter().find(|(_, _, value)| !value.is_finite()) {
        Some((model, measure, value)) => {
            Err(BuildError::Measure { model: model.clone(), measure: measure.clone(), value })
        }
        None => Ok(()),
    }
}

fn sealed<T: Artifact>(value: &T, reporter: &dyn Reporter) -> Result<(Kind, Bytes), EncodeError> {
    let bytes = value.to_bytes()?;
    reporter.advance(1);
    Ok((T::KIND, bytes.into()))
}

/// What was given and what was chosen; the trials stand beside the choice.
fn parameters(options: &FitOptions, outcome: &Outcome) -> Parameters {
    let json = |value: serde_json::Result<serde_json::Value>| value.unwrap_or_default();
    Parameters::from([
        ("hold_out".to_owned(), json(serde_json::to_value(options.method))),
        ("hold_out_shares".to_owned(), json(serde_json::to_value(options.shares))),
        ("model".to_owned(), json(serde_json::to_value(&outcome.params))),
        ("trials".to_owned(), json(serde_json::to_value(&outcome.trials))),
    ])
}

/// Decodes one artifact of any kind thoroughly, and says what is wrong with it.
///
/// # Errors
/// The step of reading that refused it.
pub fn check(kind: Kind, bytes: &[u8]) -> Result<(), artifact::ReadError> {
    match kind {
        Kind::MaxDuration => max_duration::Index::from_bytes(bytes).map(drop),
        Kind::ScoreCount => score_count::Index::from_bytes(bytes).map(drop),
        Kind::CountPlatform => count_platform::Index::from_bytes(bytes).map(drop),
        Kind::Actor => actor::Index::from_bytes(bytes).map(drop),
        Kind::Titles => Titles::from_bytes(bytes).map(drop),
        Kind::RatingModel => recommender::FactorModel::from_bytes(bytes).map(drop),
        Kind::Histories => Histories::from_bytes(bytes).map(drop),
        Kind::RankingModel => recommender::RankingModel::from_bytes(bytes).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_that_is_no_number_is_named() {
        let table = |value| Table::from([("svd".to_owned(), [("rmse".to_owned(), value)].into())]);
        assert!(check_measures(&table(0.9)).is_ok());
        let error = check_measures(&table(f64::NAN)).unwrap_err();
        assert!(error.to_string().starts_with("the rmse of \"svd\" is NaN"), "{error}");
    }
}
