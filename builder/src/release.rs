//! From raw files to a release: artifacts and their manifest. Writing them to a store is `store`'s work.

use artifact::{
    Analysis, Artifact, ArtifactEntry, EncodeError, Kind, MANIFEST_FORMAT, Manifest, ModelSummary,
    Parameters, RankingSummary, Signal,
};
use bytes::Bytes;
use catalog::{Interactions, RatingTable};
use queries::{actor, count_platform, max_duration, score_count, title_search};
use recommender::{
    FactorModel, ItemModel, ItemModelParts, LIKED, RankingModel, Titles, User, UserBlock, UserIndex,
    UserShape,
};
use thiserror::Error;

use crate::eda::{self, EdaError, Raw, SignalCard, SignalOptions};
use crate::etl::{self, EtlError, EtlInput, EtlOutput};
use crate::evaluate::Table;
use crate::features::TitleFeatures;
use crate::ranking::{self, RankingOptions, Searched};
use crate::train::ModelParams;
use crate::train::ials::{self, Fitted};
use crate::tune::{self, FitOptions, Outcome, TuneError};
use crate::users::{UsersOutput, WriteUsersError};
use crate::{Reporter, Silent, WithoutNotes, signal};

/// Why no release came of it.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Raw files could not be read.
    #[error(transparent)]
    Etl(#[from] EtlError),
    /// The tables could not be analysed.
    #[error(transparent)]
    Analysis(#[from] EdaError),
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
    /// A model whose parts do not fit together.
    #[error("the model is not sound")]
    Unsound(#[source] artifact::Invalid),
    /// The users could not be written.
    #[error(transparent)]
    Users(#[from] WriteUsersError),
    /// A part could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// How a release is made.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildOptions {
    /// Hold-out, search, seed.
    pub fit: FitOptions,
    /// Trials of the search for a model that ranks; with 0 there is none, and predicted ratings rank.
    pub ranking_trials: usize,
    /// Random splits on which the ratings are checked for signal; 0 leaves that out.
    pub signal_splits: usize,
    /// The score at or above which a title is recommended.
    pub recommend_threshold: f32,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            fit: FitOptions::default(),
            ranking_trials: RankingOptions::default().n_trials,
            signal_splits: 3,
            recommend_threshold: 3.5,
        }
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
    /// How the model that predicts came about.
    pub outcome: Outcome,
    /// How the model that ranks was searched for, where enough users could be held out.
    pub ranking: Option<Searched>,
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
    let n_titles = titles.titles().len();
    // What the release itself checks of the signal is put into it below.
    let unchecked = SignalOptions { n_splits: 0, ..SignalOptions::default() };
    let mut analysis = eda::analyse(&etl.clean, Raw::Read(&etl), unchecked, reporter)?;
    let outcome = tune::tune_and_fit(&pooled, &features, n_titles, &options.fit, reporter)?;
    check_measures(&outcome.metrics)?;
    let rows = pooled.interactions(n_titles);
    let (ranking, fitted) = ranking(&rows, &features, options, reporter)?;
    let signal = signal(&rows, &outcome.params, &features, options, reporter)?;
    analysis.signal =
        signal.clone().map(|signal| SignalCard::new(signal, described(&outcome.params), rows.len(), &Silent));
    let model = over_editions(outcome.model.items().clone().into_parts(), &works)?;
    let ranking_model = match &fitted {
        Some(Fitted { model, .. }) => {
            let items = over_editions(model.to_parts(), &works)?;
            Some(RankingModel::new(items, model.weights()).map_err(BuildError::Unsound)?)
        }
        None => None,
    };

    reporter.start("writing artifacts", Kind::ALL.len() as u64, "artifacts");
    let (users, index) = users(ratings, &outcome.model, fitted.as_ref())?;
    let mut artifacts = vec![
        sealed(&max_duration::build(titles), reporter)?,
        sealed(&score_count::build(titles, ratings), reporter)?,
        sealed(&count_platform::build(titles), reporter)?,
        sealed(&actor::build(titles), reporter)?,
        sealed(&Titles::build(titles, ratings), reporter)?,
        sealed(&model, reporter)?,
        sealed(&title_search::build(titles, ratings), reporter)?,
        sealed(&analysis.artifact(), reporter)?,
        (Kind::Users, users),
        sealed(&index, reporter)?,
    ];
    if let Some(model) = &ranking_model {
        artifacts.push(sealed(model, reporter)?);
    }
    reporter.finish();

    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        builder: env!("CARGO_PKG_VERSION").to_owned(),
        seed: options.fit.seed,
        data_until: ratings.timestamp().iter().copied().max().unwrap_or(0),
        platforms: titles.platforms().iter().map(ToString::to_string).collect(),
        counts: etl.counts(),
        parameters: parameters(&options.fit, &outcome, ranking.as_ref()),
        model: ModelSummary {
            algorithm: outcome.params.algorithm().to_owned(),
            n_factors: outcome.model.n_factors() as u32,
            verdict: outcome.verdict.clone(),
            recommend_threshold: options.recommend_threshold,
            metrics: outcome.metrics.clone(),
        },
        ranking: ranking.as_ref().filter(|_| ranking_model.is_some()).map(|found| RankingSummary {
            algorithm: "ials".to_owned(),
            n_factors: found.params.n_factors as u32,
            verdict: found.verdict.clone(),
            metrics: found.metrics.clone(),
        }),
        signal,
        sources: etl.sources.clone(),
        artifacts: artifacts.iter().map(|(kind, bytes)| ArtifactEntry::of(*kind, bytes)).collect(),
    };
    Ok(Built { artifacts, manifest, etl, outcome, ranking })
}

/// Searches for a model that ranks, and trains it on all rows where it ranks better than popularity.
fn ranking(
    rows: &Interactions,
    features: &TitleFeatures,
    options: &BuildOptions,
    reporter: &dyn Reporter,
) -> Result<(Option<Searched>, Option<Fitted>), BuildError> {
    let seed = options.fit.seed;
    let search = RankingOptions { n_trials: options.ranking_trials, seed, ..RankingOptions::default() };
    let found = ranking::search(rows, features, search, &WithoutNotes(reporter)).map_err(TuneError::Train)?;
    let Some(found) = found else { return Ok((None, None)) };
    reporter.note(&found.verdict);
    check_measures(&found.metrics)?;
    let fitted = if found.beats_popularity {
        Some(
            ials::fit(&found.params, &ials::liked(rows, LIKED), features, seed, reporter)
                .map_err(TuneError::Train)?,
        )
    } else {
        None
    };
    Ok((Some(found), fitted))
}

/// A run this long tells a model from its twin, and the check trains many.
const MOST_SWEEPS_FOR_SIGNAL: usize = 100;

/// The model that the check for signal trains, in words.
fn described(params: &ModelParams) -> String {
    let (algorithm, n_factors) = (params.algorithm(), params.n_factors());
    let n_epochs = for_signal(params).n_epochs();
    match n_factors {
        0 => format!("{algorithm}, {n_epochs} passes"),
        _ => format!("{algorithm} with {n_factors} factors, {n_epochs} passes"),
    }
}

/// The parameters with which signal is looked for.
fn for_signal(params: &ModelParams) -> ModelParams {
    match params {
        ModelParams::Bayes(_) => params.clone().with_n_epochs(params.n_epochs().min(MOST_SWEEPS_FOR_SIGNAL)),
        _ => params.clone(),
    }
}

fn signal(
    rows: &Interactions,
    params: &ModelParams,
    features: &TitleFeatures,
    options: &BuildOptions,
    reporter: &dyn Reporter,
) -> Result<Option<Signal>, BuildError> {
    if options.signal_splits == 0 {
        return Ok(None);
    }
    let params = for_signal(params);
    Ok(Some(signal::check(rows, &params, features, options.signal_splits, options.fit.seed, reporter)?))
}

/// The users with both models' vectors and what they rated, as one object in blocks; and its index.
fn users(
    ratings: &RatingTable,
    model: &FactorModel,
    ranking: Option<&Fitted>,
) -> Result<(Bytes, UserIndex), WriteUsersError> {
    let shape = UserShape {
        n_factors: model.n_factors(),
        n_ranking_factors: ranking.map(|ranking| ranking.model.n_factors()),
        n_titles: model.n_items(),
    };
    // In memory, as `store::publish` takes it; it is smaller than the tables and models that it is made of.
    let mut output = UsersOutput::new(shape, Vec::new());
    for (user, id) in ratings.users().iter().enumerate() {
        let rows = ratings.rows_of(user);
        output.push(User {
            id: id.as_str(),
            bias: model.user_bias()[user],
            vector: model.user_vector(user),
            ranking_vector: ranking.map(|ranking| ranking.user_vector(user)),
            title_idx: &ratings.title_idx()[rows.clone()],
            rating: &ratings.rating()[rows],
        })?;
    }
    let (_, index, bytes) = output.finish()?;
    Ok((bytes.into(), index))
}

/// The model with what the first title of each work has on all titles of the work.
fn over_editions(mut parts: ItemModelParts, works: &[u32]) -> Result<ItemModel, BuildError> {
    let k = parts.n_factors;
    for (title, &work) in works.iter().enumerate() {
        let work = work as usize;
        parts.item_bias[title] = parts.item_bias[work];
        parts.item_factors.copy_within(work * k..(work + 1) * k, title * k);
    }
    ItemModel::new(parts).map_err(BuildError::Unsound)
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
fn parameters(options: &FitOptions, outcome: &Outcome, ranking: Option<&Searched>) -> Parameters {
    let json = |value: serde_json::Result<serde_json::Value>| value.unwrap_or_default();
    let mut parameters = Parameters::from([
        ("hold_out".to_owned(), json(serde_json::to_value(options.method))),
        ("hold_out_shares".to_owned(), json(serde_json::to_value(options.shares))),
        ("model".to_owned(), json(serde_json::to_value(&outcome.params))),
        ("trials".to_owned(), json(serde_json::to_value(&outcome.trials))),
    ]);
    if let Some(found) = ranking {
        parameters.insert("ranking".to_owned(), json(serde_json::to_value(&found.params)));
        parameters.insert("ranking_trials".to_owned(), json(serde_json::to_value(&found.trials)));
    }
    parameters
}

/// Decodes one artifact of any kind thoroughly, and says what is wrong with it. One of [`Kind::Users`] is one block.
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
        Kind::RatingModel => ItemModel::from_bytes(bytes).map(drop),
        Kind::RankingModel => RankingModel::from_bytes(bytes).map(drop),
        Kind::TitleSearch => title_search::Index::from_bytes(bytes).map(drop),
        Kind::Eda => Analysis::from_bytes(bytes).map(drop),
        Kind::Users => UserBlock::from_bytes(bytes).map(drop),
        Kind::UserIndex => UserIndex::from_bytes(bytes).map(drop),
        Kind::TrainedModel => FactorModel::from_bytes(bytes).map(drop),
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
