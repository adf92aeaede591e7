//! What a manifest is made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measures::{ModelName, Trial};
use crate::{Digest, Kind};

/// One artifact of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactEntry {
    /// Its kind.
    pub kind: Kind,
    /// Its size, envelope included.
    pub bytes: u64,
    /// Its digest, envelope included.
    pub sha256: Digest,
}

impl<B: AsRef<[u8]>> From<&(Kind, B)> for ArtifactEntry {
    fn from((kind, bytes): &(Kind, B)) -> Self {
        Self::of(*kind, bytes.as_ref())
    }
}

impl ArtifactEntry {
    /// Describes an artifact by its bytes.
    pub fn of(kind: Kind, bytes: &[u8]) -> Self {
        Self { kind, bytes: bytes.len() as u64, sha256: Digest::of(bytes) }
    }

    /// Returns its key in a store. The kind comes before the digest, so that a role can be allowed to read
    /// only some kinds.
    pub fn key(&self) -> String {
        format!("artifacts/{}/{}", self.kind, self.sha256)
    }
}

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, without the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
    /// How it was read, in words: its layout, its encoding and the columns that were taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_as: Option<String>,
}

/// What was counted while the data were read.
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
    /// Rejected rows, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Ratings that were replaced by a later one of the same user and title.
    pub superseded: u64,
}

/// The scale of the ratings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingScale {
    /// The lowest rating.
    pub low: f32,
    /// The highest rating.
    pub high: f32,
    /// The lowest rating that counts as a like, if it is not the usual one of the scale: four fifths of the
    /// highest rating, or of the way up if no rating is above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liked: Option<f32>,
}

impl Default for RatingScale {
    /// Half a star to five stars.
    fn default() -> Self {
        Self { low: 0.5, high: 5.0, liked: None }
    }
}

/// A summary of the model that predicts ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSummary {
    /// The algorithm that trained it.
    pub algorithm: ModelName,
    /// Number of factors; 0 if the model has only biases.
    pub n_factors: u32,
    /// One sentence on whether factors helped.
    pub verdict: String,
    /// The score from which on a title is recommended.
    pub recommend_threshold: f32,
}

impl Default for ModelSummary {
    fn default() -> Self {
        Self { algorithm: ModelName::Biases, n_factors: 0, verdict: String::new(), recommend_threshold: 0.0 }
    }
}

/// A summary of the model that ranks titles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankingSummary {
    /// The algorithm that trained it.
    pub algorithm: ModelName,
    /// Number of factors.
    pub n_factors: u32,
    /// One sentence that compares it with ranking by popularity.
    pub verdict: String,
    /// What ratings are worth to it. Releases of older builders are without it; to them, likes are worth 1
    /// and other ratings nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<RatingValues>,
}

/// What ratings are worth to the model that ranks titles; see `recommender::RatingValues`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingValues {
    /// What a rating below a like is worth, from 0 to 1.
    pub unliked: f32,
    /// What each quarter of the scale above the user's average adds, from 0 to 1.
    pub slope: f32,
}

/// The trials of the searches; empty where there was no search.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trials {
    /// Of the search for the rating model, scored by RMSE on validation ratings: lower is better. A
    /// dropped trial has the score of a short run, or of a run on part of the ratings.
    pub rating: Vec<Trial>,
    /// Of the search for the ranking model, scored by nDCG@100 on validation users: higher is better.
    pub ranking: Vec<Trial>,
}

/// Users that are stored together: one object of users and its index, both among the artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSegment {
    /// Digest of the artifact `users`.
    pub users: Digest,
    /// Digest of the artifact `user-index`.
    pub index: Digest,
}

/// Shares of the variance of ratings. Their sum is 1, or 0 if nothing varies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VarianceShares {
    /// Share of the user.
    pub user: f64,
    /// Share of the title.
    pub title: f64,
    /// Share of taste, as far as the model predicts it on held-out ratings.
    pub interaction: f64,
    /// Share of noise, and of taste that the model does not capture.
    pub rest: f64,
}

/// Whether the ratings tell titles apart: a model compared with its twin, which is trained on ratings whose
/// titles were shuffled within each user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// The answer in one sentence with its figures.
    pub verdict: String,
    /// Whether the interval of the gain is above 0.
    pub title_signal: bool,
    /// The model's RMSE on held-out ratings, mean over the splits.
    pub rmse: f64,
    /// The twin's RMSE on the same ratings.
    pub twin_rmse: f64,
    /// The twin's RMSE minus the model's.
    pub gain: f64,
    /// Lower end of the 95 percent interval of the gain.
    pub gain_low: f64,
    /// Upper end of that interval.
    pub gain_high: f64,
    /// Number of random splits.
    pub n_seeds: u32,
    /// Where the variance of the ratings comes from.
    pub variance: VarianceShares,
}

/// The segment of the users among these artifacts, if they have both parts of one.
pub(crate) fn one_segment(artifacts: &[ArtifactEntry]) -> Vec<UserSegment> {
    let digest = |kind| artifacts.iter().find(|e| e.kind == kind).map(|e| e.sha256);
    match (digest(Kind::Users), digest(Kind::UserIndex)) {
        (Some(users), Some(index)) => vec![UserSegment { users, index }],
        _ => Vec::new(),
    }
}
