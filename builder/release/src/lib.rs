//! Builds releases: artifacts and their manifest. The crate `store` writes them to a store.
//!
//! [`build`] makes a release from raw files, and [`from_data`] from clean tables. Both end in [`assemble`],
//! which takes models from anywhere.

mod artifacts;
pub mod forget;
mod manifest;
mod models;
pub mod users;

use ::models::{Leak, RankingModelFile, RatingModelFile};
use artifact::{EncodeError, Kind, Manifest, PseudonymKey};
use bytes::Bytes;
use dataset::Data;
use eda::{Eda, Raw};
use etl::{EtlError, EtlInput, EtlOutput, MAX_REJECTS};
use evaluate::choose::fit::{FitError, FitOptions};
use evaluate::choose::ranking::RankingOptions;
use progress::Reporter;
use thiserror::Error;

pub use artifacts::check;
pub use models::{Models, Ranking};

/// Reason why a release could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Raw files could not be read.
    #[error(transparent)]
    Etl(#[from] EtlError),
    /// A model could not be trained.
    #[error("cannot train a model on these ratings")]
    Model(#[from] FitError),
    /// A model that was given does not belong to the data.
    #[error("the {model} model cannot be used")]
    Given {
        /// `rating` or `ranking`.
        model: &'static str,
        /// Why not.
        source: Leak,
    },
    /// A model or its parameters were given, but there are no ratings.
    #[error("{0} cannot be used without ratings; leave the option out, or pass ratings with --ratings")]
    NoRatings(&'static str),
    /// A measure is NaN or infinite, which JSON cannot represent.
    #[error("the {measure} of {model} is {value}; there are too few ratings to measure it on")]
    Measure {
        /// The model that was measured.
        model: String,
        /// Name of the measure.
        measure: String,
        /// Its value.
        value: f64,
    },
    /// The parts of a model do not fit together.
    #[error("the model is not valid")]
    InvalidModel(#[from] artifact::Invalid),
    /// The users could not be written.
    #[error(transparent)]
    Users(#[from] users::WriteUsersError),
    /// An artifact could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An option, a parameter or a trial could not be encoded for the manifest.
    #[error("the manifest cannot represent {what}")]
    Parameter {
        /// The part that could not be encoded.
        what: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
}

/// Options of [`build`].
#[derive(Debug, Clone, PartialEq)]
pub struct BuildOptions {
    /// Options of hold-out, search and seed.
    pub fit: FitOptions,
    /// A trained rating model, which is measured but not searched for or trained.
    pub rating_model: Option<RatingModelFile>,
    /// A trained ranking model.
    pub ranking_model: Option<RankingModelFile>,
    /// Number of trials of the search for a ranking model; 0 for no ranking model, so that predicted ratings
    /// rank.
    pub ranking_trials: usize,
    /// Number of random splits on which the ratings are checked for signal; 0 skips the check.
    pub signal_splits: usize,
    /// The score at or above which a title is recommended; `None` is two thirds of the way up the scale (see
    /// [`catalog::Scale::recommended`]).
    pub recommend_threshold: Option<f32>,
    /// The share of the rows of a raw file that may be rejected.
    pub max_rejects: f64,
    /// The key for replacing user ids with pseudonyms; `None` keeps the ids.
    pub pseudonyms: Option<PseudonymKey>,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            fit: FitOptions::default(),
            rating_model: None,
            ranking_model: None,
            ranking_trials: RankingOptions::default().n_trials,
            signal_splits: 3,
            recommend_threshold: None,
            max_rejects: MAX_REJECTS,
            pseudonyms: None,
        }
    }
}

/// Release that is not in a store yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// Sealed artifacts, by kind.
    pub artifacts: Vec<(Kind, Bytes)>,
    /// Their manifest.
    pub manifest: Manifest,
}

/// Builds a release from raw files; also returns what was read. The result depends only on the files and the
/// options, not on the number of threads (unless the search is limited by time).
///
/// # Errors
/// Returns [`BuildError`] if a step fails.
pub fn build(
    input: &EtlInput,
    options: &BuildOptions,
    reporter: &dyn Reporter,
) -> Result<(EtlOutput, Built), BuildError> {
    let etl = etl::run(input, reporter)?;
    etl.check_losses(options.max_rejects)?;
    let data = Data::new(&etl.clean, etl.counts(), etl.sources.clone());
    let built = from_data(&data, Raw::Read(&etl), options, reporter)?;
    Ok((etl, built))
}

/// Builds a release from clean tables; `raw` is what is known about the files they come from.
///
/// # Errors
/// Returns [`BuildError`] if a step fails.
pub fn from_data(
    data: &Data<'_>,
    raw: Raw<'_>,
    options: &BuildOptions,
    reporter: &dyn Reporter,
) -> Result<Built, BuildError> {
    let models = Models::fit(data, options, reporter)?;
    let analysis = eda::analyze(data, raw, models.signal_card(data), reporter);
    assemble(data, &models, &analysis, options, reporter)
}

/// Assembles a release from data, models and an analysis, wherever they come from. Uses only the options that
/// the manifest records.
///
/// # Errors
/// Returns [`BuildError`] if a measure is not finite, or something cannot be encoded.
pub fn assemble(
    data: &Data<'_>,
    models: &Models,
    analysis: &Eda,
    options: &BuildOptions,
    reporter: &dyn Reporter,
) -> Result<Built, BuildError> {
    models.check_measures()?;
    let artifacts = artifacts::all(data, models, analysis, options.pseudonyms.as_ref(), reporter)?;
    let manifest = manifest::of(data, models, options, &artifacts)?;
    Ok(Built { artifacts, manifest })
}
