use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Digest, Kind};

/// The manifest format this code writes, and the only one it reads.
pub const MANIFEST_FORMAT: u32 = 1;

/// Why a text is no manifest or no pointer.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// No JSON, or not of this shape.
    #[error("not of the expected shape")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("manifest format {found} is not format {MANIFEST_FORMAT}, the one this program reads")]
    UnsupportedFormat {
        /// The format found.
        found: u32,
    },
    /// The text does not have the digest by which it was named.
    #[error("the manifest of release {expected} has the digest of release {found}: it was altered")]
    Altered {
        /// The release that was asked for.
        expected: String,
        /// The release that the bytes are.
        found: String,
    },
    /// A kind stands twice.
    #[error("the manifest names two artifacts of kind {0}")]
    DuplicateKind(Kind),
}

/// One artifact of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactEntry {
    /// What it holds.
    pub kind: Kind,
    /// Its size, envelope included.
    pub bytes: u64,
    /// Its digest, envelope included.
    pub sha256: Digest,
}

impl ArtifactEntry {
    /// Describes sealed bytes.
    pub fn of(kind: Kind, bytes: &[u8]) -> Self {
        Self { kind, bytes: bytes.len() as u64, sha256: Digest::of(bytes) }
    }

    /// Where it lies in a store. The kind comes before the digest, so that a role may be allowed to
    /// read some kinds and not others.
    pub fn key(&self) -> String {
        format!("artifacts/{}/{}", self.kind, self.sha256)
    }
}

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The file's name, without its folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
}

/// How many there are of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Clean titles.
    pub titles: u64,
    /// Titles with at least one rating.
    pub rated_titles: u64,
    /// Users with at least one rating.
    pub users: u64,
    /// Clean ratings.
    pub ratings: u64,
    /// Rows refused, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Ratings that a later one of the same user and title replaced.
    pub superseded: u64,
}

/// What decided the release's model, as text keys and JSON values in a fixed order.
pub type Parameters = BTreeMap<String, serde_json::Value>;

/// What is known of the model that predicts ratings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSummary {
    /// What trained it (`svd`, `biases`).
    pub algorithm: String,
    /// Factors a user or title; 0 where the model is biases only.
    pub n_factors: u32,
    /// One sentence on whether factors helped.
    pub verdict: String,
    /// A score at or above which a title is recommended.
    pub recommend_threshold: f32,
    /// Measures on the held-out test rows, by model and measure.
    pub metrics: BTreeMap<String, BTreeMap<String, f64>>,
}

/// What is known of the model that ranks titles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankingSummary {
    /// What trained it (`ials`).
    pub algorithm: String,
    /// Factors a user or title.
    pub n_factors: u32,
    /// One sentence on how it ranks beside popularity.
    pub verdict: String,
    /// Measures on held-out users, by model and measure.
    pub metrics: BTreeMap<String, BTreeMap<String, f64>>,
}

/// Shares of the variance of a rating; their sum is 1, or 0 where nothing varies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VarianceShares {
    /// Who rates.
    pub user: f64,
    /// What is rated.
    pub title: f64,
    /// Taste, as far as the model predicts it on ratings that it has not seen.
    pub interaction: f64,
    /// Noise, and taste that the model does not catch.
    pub rest: f64,
}

/// Whether the ratings say anything about titles: a model against its twin, trained on ratings whose titles were
/// shuffled within each user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// The answer in one sentence, with its figures.
    pub verdict: String,
    /// Whether the interval of the gain lies above 0.
    pub title_signal: bool,
    /// Held-out RMSE of the model, mean over the splits.
    pub rmse: f64,
    /// The same of the twin.
    pub twin_rmse: f64,
    /// The twin's RMSE less the model's.
    pub gain: f64,
    /// Lower end of its 95 per cent interval.
    pub gain_low: f64,
    /// Upper end.
    pub gain_high: f64,
    /// Random splits.
    pub n_seeds: u32,
    /// Where the variance of the ratings lies.
    pub variance: VarianceShares,
}

/// What a release is: its artifacts, and where they come from. It holds no time and no place, so that
/// the same inputs give the same bytes; the release's name is the digest of these bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// Version of the builder.
    pub builder: String,
    /// Seed of everything random.
    pub seed: u64,
    /// The time of the newest rating, Unix seconds.
    pub data_until: u32,
    /// Platforms, in source order.
    pub platforms: Vec<String>,
    /// How many there are of everything.
    pub counts: Counts,
    /// What was chosen, by the caller or by tuning.
    pub parameters: Parameters,
    /// What is known of the model that predicts ratings, artifact `rating-model`.
    pub model: ModelSummary,
    /// What is known of the model that ranks titles, artifact `ranking-model`; absent where predicted ratings rank them.
    pub ranking: Option<RankingSummary>,
    /// Whether the ratings say anything about titles, where it was checked.
    pub signal: Option<Signal>,
    /// Input files, in the order they were read.
    pub sources: Vec<Source>,
    /// Artifacts, by kind.
    pub artifacts: Vec<ArtifactEntry>,
}

impl Manifest {
    /// The bytes of the manifest: JSON, two spaces of indent, a line end.
    ///
    /// # Panics
    /// Never: every part has a JSON form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest has a JSON form");
        bytes.push(b'\n');
        bytes
    }

    /// The release's name: 16 digits of the digest of [`Manifest::to_bytes`].
    pub fn release(&self) -> String {
        Digest::of(&self.to_bytes()).short()
    }

    /// Where the manifest of a release lies in a store.
    pub fn key(release: &str) -> String {
        format!("releases/{release}.json")
    }

    /// Reads the manifest of the release named, and checks that it is that one.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn from_bytes(release: &str, bytes: &[u8]) -> Result<Self, ManifestError> {
        let found = Digest::of(bytes).short();
        if found != release {
            return Err(ManifestError::Altered { expected: release.to_owned(), found });
        }
        let manifest: Self = serde_json::from_slice(bytes)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestError> {
        if self.format != MANIFEST_FORMAT {
            return Err(ManifestError::UnsupportedFormat { found: self.format });
        }
        for (i, entry) in self.artifacts.iter().enumerate() {
            if self.artifacts[..i].iter().any(|e| e.kind == entry.kind) {
                return Err(ManifestError::DuplicateKind(entry.kind));
            }
        }
        Ok(())
    }

    /// The artifact of a kind.
    pub fn artifact(&self, kind: Kind) -> Option<&ArtifactEntry> {
        self.artifacts.iter().find(|e| e.kind == kind)
    }
}

/// The one object of a store that changes: which release is served. It carries the manifest, so that a
/// function needs one small read before its artifacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pointer {
    /// The release served now.
    pub release: String,
    /// The release served before, where rolling back without a name goes.
    pub previous: Option<String>,
    /// When the pointer moved, Unix seconds.
    pub moved_at: u64,
    /// The manifest of `release`.
    pub manifest: Manifest,
}

impl Pointer {
    /// Where the pointer lies in a store.
    pub const KEY: &'static str = "current.json";

    /// The bytes of the pointer.
    ///
    /// # Panics
    /// Never: every part has a JSON form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a pointer has a JSON form");
        bytes.push(b'\n');
        bytes
    }

    /// Reads a pointer and checks that its manifest is the release it names.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
        let pointer: Self = serde_json::from_slice(bytes)?;
        pointer.manifest.check()?;
        let found = pointer.manifest.release();
        if found != pointer.release {
            return Err(ManifestError::Altered { expected: pointer.release, found });
        }
        Ok(pointer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format: MANIFEST_FORMAT,
            builder: "0.1.0".to_owned(),
            seed: 1,
            data_until: 5,
            platforms: vec!["netflix".to_owned()],
            counts: Counts::default(),
            parameters: Parameters::from([("x".to_owned(), 0.1.into())]),
            model: ModelSummary { recommend_threshold: 3.5, ..ModelSummary::default() },
            ranking: None,
            signal: None,
            sources: vec![Source { name: "a.csv".to_owned(), bytes: 3, sha256: Digest::of(b"abc") }],
            artifacts: vec![ArtifactEntry::of(Kind::Actor, b"xyz")],
        }
    }

    #[test]
    fn a_manifest_is_named_by_its_bytes() {
        let manifest = manifest();
        let release = manifest.release();
        assert_eq!(Manifest::from_bytes(&release, &manifest.to_bytes()).unwrap(), manifest);
        let mut altered = manifest.to_bytes();
        altered[3] ^= 1;
        assert!(matches!(Manifest::from_bytes(&release, &altered), Err(ManifestError::Altered { .. })));
        assert!(manifest.artifact(Kind::Actor).unwrap().key().starts_with("artifacts/actor/"));
    }

    #[test]
    fn a_pointer_carries_the_manifest_it_names() {
        let pointer =
            Pointer { release: manifest().release(), previous: None, moved_at: 9, manifest: manifest() };
        assert_eq!(Pointer::from_bytes(&pointer.to_bytes()).unwrap(), pointer);
        let wrong = Pointer { release: "0123456789abcdef".to_owned(), ..pointer };
        assert!(matches!(Pointer::from_bytes(&wrong.to_bytes()), Err(ManifestError::Altered { .. })));
    }

    #[test]
    fn other_formats_and_doubled_kinds_are_refused() {
        let newer = Manifest { format: 2, ..manifest() };
        assert!(matches!(
            Manifest::from_bytes(&newer.release(), &newer.to_bytes()),
            Err(ManifestError::UnsupportedFormat { found: 2 })
        ));
        let mut doubled = manifest();
        doubled.artifacts.push(doubled.artifacts[0].clone());
        assert!(matches!(
            Manifest::from_bytes(&doubled.release(), &doubled.to_bytes()),
            Err(ManifestError::DuplicateKind(Kind::Actor))
        ));
    }
}
