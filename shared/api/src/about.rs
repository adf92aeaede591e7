//! What every function says of itself.

use std::sync::OnceLock;
use std::time::SystemTime;

use artifact::Pointer;
use serde_json::Value;

use crate::document::document;
use crate::routes::Function;
use crate::wire;

/// Where the manifest's parameters have the trials of the two searches.
const RATING_TRIALS: &str = "trials";
const RANKING_TRIALS: &str = "ranking_trials";

/// Trials as a builder writes them; what another one does not say is absent.
fn read_trials<'a>(trials: &'a [Value], measure: &str) -> Vec<wire::Trial<'a>> {
    let read = |(at, trial): (usize, &'a Value)| wire::Trial {
        number: trial["number"].as_u64().unwrap_or(at as u64),
        algorithm: trial["params"]["algorithm"].as_str(),
        n_factors: trial["params"]["n_factors"].as_u64(),
        score: trial[measure].as_f64(),
        fate: trial["fate"].as_str(),
        parameters: &trial["params"],
    };
    trials.iter().enumerate().map(read).collect()
}

/// What is served, and by whom.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) pointer: Pointer,
    pub(crate) functions: Vec<Function>,
    /// The text of the OpenAPI document, made when it is first asked for.
    document: OnceLock<String>,
}

impl About {
    pub(crate) fn new(pointer: Pointer, functions: Vec<Function>) -> Self {
        Self { pointer, functions, document: OnceLock::new() }
    }

    /// The OpenAPI document of the whole service, whichever functions are here: behind a gateway they are all one.
    pub(crate) fn document(&self) -> &str {
        self.document.get_or_init(|| document(&self.pointer.manifest).to_string())
    }

    /// What the manifest says of the models.
    pub(crate) fn model(&self) -> wire::Model<'_> {
        let manifest = &self.pointer.manifest;
        let tried = |name: &str| manifest.parameters.get(name).and_then(Value::as_array);
        let is_search = |name: &str| name == RATING_TRIALS || name == RANKING_TRIALS;
        let chosen = manifest.parameters.iter().filter(|(name, _)| !is_search(name));
        wire::Model {
            release: &self.pointer.release,
            builder: &manifest.builder,
            seed: manifest.seed,
            data_until: manifest.data_until,
            platforms: &manifest.platforms,
            counts: (&manifest.counts).into(),
            sources: manifest.sources.iter().map(Into::into).collect(),
            rating: (&manifest.model).into(),
            ranking: manifest.ranking.as_ref().map(Into::into),
            signal: manifest.signal.as_ref().map(Into::into),
            parameters: chosen.map(|(name, value)| (name.as_str(), value)).collect(),
            rating_trials: tried(RATING_TRIALS)
                .map_or_else(Vec::new, |trials| read_trials(trials, "validation_rmse")),
            ranking_trials: tried(RANKING_TRIALS).map_or_else(Vec::new, |trials| read_trials(trials, "ndcg")),
        }
    }

    /// The state at a time. A pointer that moved later than that has the age 0.
    pub(crate) fn health(&self, now: SystemTime) -> wire::Health<'_> {
        let manifest = &self.pointer.manifest;
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let reads = |kind| {
            self.functions.iter().any(|f| f.kinds().contains(&kind) || f.optional_kinds().contains(&kind))
        };
        wire::Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            functions: self.functions.iter().map(|f| f.name()).collect(),
            release: &self.pointer.release,
            moved_at: self.pointer.moved_at,
            age_seconds: now.saturating_sub(self.pointer.moved_at),
            data_until: manifest.data_until,
            model: wire::ModelInUse {
                algorithm: &manifest.model.algorithm,
                n_factors: manifest.model.n_factors,
            },
            ranking: manifest.ranking.as_ref().map(|ranking| wire::ModelInUse {
                algorithm: &ranking.algorithm,
                n_factors: ranking.n_factors,
            }),
            signal: manifest
                .signal
                .as_ref()
                .map(|signal| wire::Signal { title_signal: signal.title_signal, verdict: &signal.verdict }),
            artifacts: manifest
                .artifacts
                .iter()
                .filter(|entry| reads(entry.kind))
                .map(|entry| wire::LoadedArtifact { kind: entry.kind.name(), bytes: entry.bytes })
                .collect(),
        }
    }
}
