//! What every function says of itself.

use std::time::SystemTime;

use artifact::Pointer;

use crate::routes::Function;
use crate::wire;

/// What is served, and by whom.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) pointer: Pointer,
    pub(crate) functions: Vec<Function>,
}

impl About {
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
