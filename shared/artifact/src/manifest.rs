use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use crate::format1::Format1;
use crate::measures::{Measured, Parameters};
use crate::parts::{
    ArtifactEntry, Counts, ModelSummary, RankingSummary, RatingScale, RatingValues, Signal, Source, Trials,
    UserSegment, one_segment,
};
use crate::{Digest, Kind, Signature, hex};

/// The manifest format that this code writes. It also reads format 1.
pub const MANIFEST_FORMAT: u32 = 2;

/// Why a text is not a manifest or a pointer.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// The scale of ratings is not a range, or what counts as a like is outside it.
    #[error("the scale of ratings from {low} to {high} is not a range, or its likes are outside it")]
    Scale {
        /// The lowest rating.
        low: f32,
        /// The highest rating.
        high: f32,
    },
    /// What ratings are worth is out of range.
    #[error("what ratings are worth to the ranking model ({unliked} and {slope}) is not from 0 to 1")]
    Values {
        /// What a rating below a like is worth.
        unliked: f32,
        /// What a star adds.
        slope: f32,
    },
    /// It is not JSON, or has other fields.
    #[error("it does not have the expected fields")]
    Json(#[from] serde_json::Error),
    /// It has another format.
    #[error(
        "it has manifest format {found}, and this program reads formats 1 to {MANIFEST_FORMAT}; use the version of Cartelera that built the release"
    )]
    UnsupportedFormat {
        /// Its format.
        found: u32,
    },
    /// Its bytes do not have the digest that names the release.
    #[error("the manifest of release {expected} was altered: its digest is that of release {found}")]
    Altered {
        /// The release that was asked for.
        expected: String,
        /// The name that the bytes give.
        found: String,
    },
    /// The pointer moved at a time that no clock shows.
    #[error("the pointer moved at {found} seconds after 1970, which is after the year 9999")]
    MovedAt {
        /// The time, in Unix seconds.
        found: u64,
    },
    /// It names two artifacts of one kind.
    #[error("the manifest has two artifacts of kind {0}")]
    DuplicateKind(Kind),
    /// Its users are in more segments than this program reads.
    #[error(
        "the users are in {found} segments, and this program reads one; use the version of Cartelera that built the release"
    )]
    Segments {
        /// How many there are.
        found: usize,
    },
    /// Its users and their index do not go together.
    #[error("the segments of users do not name the artifacts `users` and `user-index` of the release")]
    UnknownSegment,
}

/// What a release consists of: its artifacts, and where they come from. It holds no time and no place, so the
/// same inputs give the same bytes. The release is named by the digest of these bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// The version of the builder.
    pub builder: String,
    /// The seed of all random choices.
    pub seed: u64,
    /// The time of the newest rating, Unix seconds.
    pub data_until: u32,
    /// Platforms, in source order.
    pub platforms: Vec<String>,
    /// What was counted while the data were read.
    pub counts: Counts,
    /// The scale of the ratings.
    pub scale: RatingScale,
    /// The options given and the parameters chosen.
    pub parameters: Parameters,
    /// The model that predicts ratings, artifact `rating-model`.
    pub model: ModelSummary,
    /// The model that ranks titles, artifact `ranking-model`. Without it, titles are ranked by predicted
    /// rating.
    pub ranking: Option<RankingSummary>,
    /// Measures on held-out data, of both models and of what they are compared with.
    pub measures: Vec<Measured>,
    /// Every trial of both searches.
    pub trials: Trials,
    /// Whether the ratings tell titles apart, if it was checked.
    pub signal: Option<Signal>,
    /// Input files, in the order in which they were read.
    pub sources: Vec<Source>,
    /// Users, in one segment. More than one is reserved for later programs.
    pub users: Vec<UserSegment>,
    /// Artifacts. Each kind is there once, except those of users, which are there once per segment.
    pub artifacts: Vec<ArtifactEntry>,
    /// The manifest as it was written, if that was in an older format; its bytes name the release.
    #[serde(skip)]
    pub older: Option<Older>,
    /// Whether the release has a name of 16 digits, as releases had at first. It keeps that name.
    #[serde(skip)]
    pub has_short_name: bool,
}

impl Manifest {
    /// Describes a release of these artifacts. All else is empty or the default, to be replaced as needed:
    ///
    /// ```
    /// # use artifact::{ArtifactEntry, Kind, Manifest};
    /// let artifacts = [(Kind::Actor, b"bytes"), (Kind::Titles, b"other")];
    /// let manifest = Manifest { seed: 7, ..Manifest::of(&artifacts) };
    /// assert_eq!(manifest.artifact(Kind::Actor), Some(&ArtifactEntry::of(Kind::Actor, b"bytes")));
    /// ```
    pub fn of(artifacts: impl IntoIterator<Item: Into<ArtifactEntry>>) -> Self {
        let artifacts: Vec<ArtifactEntry> = artifacts.into_iter().map(Into::into).collect();
        Self {
            format: MANIFEST_FORMAT,
            builder: env!("CARGO_PKG_VERSION").to_owned(),
            seed: 0,
            data_until: 0,
            platforms: Vec::new(),
            counts: Counts::default(),
            scale: RatingScale::default(),
            parameters: Parameters::new(),
            model: ModelSummary::default(),
            ranking: None,
            measures: Vec::new(),
            trials: Trials::default(),
            signal: None,
            sources: Vec::new(),
            users: one_segment(&artifacts),
            artifacts,
            older: None,
            has_short_name: false,
        }
    }

    /// Returns the bytes of the manifest: JSON with an indent of two spaces, and a line end.
    ///
    /// # Panics
    /// Never: every part has a JSON form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest has a JSON form");
        bytes.push(b'\n');
        bytes
    }

    /// Returns the release's name: the first 32 digits of the digest of [`Manifest::to_bytes`], or 16 if it
    /// was read under such a name.
    pub fn release(&self) -> String {
        let digest = Digest::of(&self.to_bytes());
        if self.has_short_name { digest.short() } else { digest.name() }
    }

    /// Returns the key of a release's manifest in a store.
    pub fn key(release: &str) -> String {
        format!("releases/{release}.json")
    }

    /// Returns the release whose manifest has this key, or `None` if it is not a key of a manifest.
    pub fn release_of(key: &str) -> Option<&str> {
        key.strip_prefix("releases/")?.strip_suffix(".json").filter(|release| hex::is_name(release))
    }

    /// Reads the manifest of a release, and checks that its bytes give the release's name.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn from_bytes(release: &str, bytes: &[u8]) -> Result<Self, ManifestError> {
        let has_short_name = has_short_name(release, Digest::of(bytes))?;
        Ok(Self { has_short_name, ..Self::of_json(bytes)? })
    }

    /// Reads a manifest of any format that is read. The format is looked at first, so that a manifest of a
    /// later one is refused for that and not for its fields.
    fn of_json(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let manifest = match serde_json::from_slice::<Format>(bytes)?.format {
            1 => serde_json::from_slice::<Format1>(bytes)?.into(),
            MANIFEST_FORMAT => {
                let mut json = serde_json::Deserializer::from_slice(bytes);
                let manifest = Self::deserialize(&mut json)?;
                json.end()?;
                manifest
            }
            found => return Err(ManifestError::UnsupportedFormat { found }),
        };
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestError> {
        let RatingScale { low, high, liked } = self.scale;
        let is_scale = low.is_finite() && high.is_finite() && low < high;
        if !is_scale || liked.is_some_and(|liked| !(low..=high).contains(&liked)) {
            return Err(ManifestError::Scale { low, high });
        }
        if let Some(RatingValues { unliked, slope }) =
            self.ranking.as_ref().and_then(|ranking| ranking.values)
            && !([unliked, slope].iter().all(|value| (0.0..=1.0).contains(value)))
        {
            return Err(ManifestError::Values { unliked, slope });
        }
        let per_segment = |kind| kind == Kind::Users || kind == Kind::UserIndex;
        for (i, entry) in self.artifacts.iter().enumerate() {
            let mut others = self.artifacts.iter().take(i);
            let twice = match self.users.len() {
                2.. if per_segment(entry.kind) => others.any(|e| e == entry),
                _ => others.any(|e| e.kind == entry.kind),
            };
            if twice {
                return Err(ManifestError::DuplicateKind(entry.kind));
            }
        }
        if self.users.len() > 1 {
            return Err(ManifestError::Segments { found: self.users.len() });
        }
        let names = |kind, digest| self.artifacts.iter().any(|e| e.kind == kind && e.sha256 == digest);
        let known = |s: &UserSegment| names(Kind::Users, s.users) && names(Kind::UserIndex, s.index);
        let n_objects = self.artifacts.iter().filter(|e| e.kind == Kind::Users).count();
        if self.users.iter().all(known) && n_objects == self.users.len() {
            Ok(())
        } else {
            Err(ManifestError::UnknownSegment)
        }
    }

    /// Returns whether the release was made from ratings. A release of catalogs alone has the same artifacts:
    /// users are empty, and the rating model has only biases of 0, from which nothing may be predicted.
    pub fn has_ratings(&self) -> bool {
        self.counts.ratings > 0
    }

    /// Returns the artifact of a kind; of those of users, the first.
    pub fn artifact(&self, kind: Kind) -> Option<&ArtifactEntry> {
        self.artifacts.iter().find(|e| e.kind == kind)
    }
}

/// Returns whether the name of a release is one of 16 digits.
///
/// # Errors
/// The digest of its manifest does not give that name.
fn has_short_name(release: &str, digest: Digest) -> Result<bool, ManifestError> {
    match release {
        _ if release == digest.name() => Ok(false),
        _ if release == digest.short() => Ok(true),
        _ => Err(ManifestError::Altered { expected: release.to_owned(), found: digest.name() }),
    }
}

/// A manifest of an older format, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Older(Box<Format1>);

impl From<Format1> for Manifest {
    fn from(of: Format1) -> Self {
        Self {
            format: of.format,
            builder: of.builder.clone(),
            seed: of.seed,
            data_until: of.data_until,
            platforms: of.platforms.clone(),
            counts: of.counts.clone(),
            scale: RatingScale::default(),
            parameters: of.parameters(),
            model: of.model(),
            ranking: of.ranking(),
            measures: of.measures(),
            trials: of.trials(),
            signal: of.signal.clone(),
            sources: of.sources.clone(),
            users: one_segment(&of.artifacts),
            artifacts: of.artifacts.clone(),
            older: Some(Older(Box::new(of))),
            has_short_name: false,
        }
    }
}

impl Serialize for Manifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.older {
            Some(older) => older.0.serialize(serializer),
            None => Self::serialize(self, serializer),
        }
    }
}

/// The current release, in the one object of a store that changes. It contains the manifest, so that a
/// function needs only one small read before it reads artifacts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pointer {
    /// The release that is served.
    pub release: String,
    /// The release that was served before, which is the default of a rollback.
    pub previous: Option<String>,
    /// The Unix time at which the pointer moved.
    pub moved_at: u64,
    /// The manifest of `release`.
    pub manifest: Manifest,
    /// The signature of the manifest, if it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// The last second of the year 9999. Arithmetic with times up to it never overflows.
const LAST_SECOND: u64 = 253_402_300_799;

impl Pointer {
    /// Its key in a store.
    pub const KEY: &'static str = "current.json";

    /// Returns the bytes of the pointer, in the form of a manifest's.
    ///
    /// # Panics
    /// Never: every part has a JSON form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a pointer has a JSON form");
        bytes.push(b'\n');
        bytes
    }

    /// Reads a pointer, and checks that it contains the manifest of its release and moved before the year
    /// 10000.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
        /// A pointer whose manifest is not read yet: its format is its own matter.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Stored<'a> {
            release: String,
            previous: Option<String>,
            moved_at: u64,
            #[serde(borrow)]
            manifest: &'a serde_json::value::RawValue,
            signature: Option<Signature>,
        }
        let Stored { release, previous, moved_at, manifest, signature } = serde_json::from_slice(bytes)?;
        if moved_at > LAST_SECOND {
            return Err(ManifestError::MovedAt { found: moved_at });
        }
        let mut manifest = Manifest::of_json(manifest.get().as_bytes())?;
        manifest.has_short_name = has_short_name(&release, Digest::of(&manifest.to_bytes()))?;
        Ok(Self { release, previous, moved_at, manifest, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            seed: 1,
            data_until: 5,
            platforms: vec!["netflix".to_owned()],
            parameters: Parameters::from([("x".to_owned(), 0.1.into())]),
            sources: vec![Source {
                name: "a.csv".to_owned(),
                bytes: 3,
                sha256: Digest::of(b"abc"),
                read_as: None,
            }],
            ..Manifest::of([ArtifactEntry::of(Kind::Actor, b"xyz")])
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
    fn a_release_keeps_a_short_name() {
        let long = manifest();
        let short = Manifest { has_short_name: true, ..long.clone() };
        let bytes = long.to_bytes();
        assert_eq!((short.to_bytes(), long.release().len(), short.release().len()), (bytes.clone(), 32, 16));
        assert!(long.release().starts_with(&short.release()));
        for manifest in [long, short] {
            let release = manifest.release();
            assert_eq!(Manifest::from_bytes(&release, &bytes).unwrap(), manifest);
            let signature = None;
            let pointer =
                Pointer { release: release.clone(), previous: None, moved_at: 9, manifest, signature };
            assert_eq!(Pointer::from_bytes(&pointer.to_bytes()).unwrap(), pointer);
            for other in [&release[..15], &format!("{release}0"), ""] {
                let refused = Manifest::from_bytes(other, &bytes);
                assert!(matches!(refused, Err(ManifestError::Altered { .. })), "{other}");
            }
        }
    }

    #[test]
    fn a_pointer_contains_the_manifest_of_its_release() {
        let pointer = Pointer {
            release: manifest().release(),
            previous: None,
            moved_at: 9,
            manifest: manifest(),
            signature: None,
        };
        assert_eq!(Pointer::from_bytes(&pointer.to_bytes()).unwrap(), pointer);
        let signed = Pointer { signature: Some(Signature::from_bytes(&[3; 64]).unwrap()), ..pointer.clone() };
        assert_eq!(Pointer::from_bytes(&signed.to_bytes()).unwrap(), signed);
        assert!(!String::from_utf8_lossy(&pointer.to_bytes()).contains("signature"));
        let wrong = Pointer { release: "0123456789abcdef".to_owned(), ..pointer };
        assert!(matches!(Pointer::from_bytes(&wrong.to_bytes()), Err(ManifestError::Altered { .. })));
        for (moved_at, is_read) in [(LAST_SECOND, true), (LAST_SECOND + 1, false), (u64::MAX, false)] {
            let late = Pointer { release: manifest().release(), moved_at, ..wrong.clone() };
            let read = Pointer::from_bytes(&late.to_bytes());
            assert_eq!(read.is_ok(), is_read, "{moved_at}: {read:?}");
        }
    }

    #[test]
    fn a_key_names_the_release_that_it_was_made_of() {
        assert_eq!(Manifest::release_of(&Manifest::key("0123456789abcdef")), Some("0123456789abcdef"));
        for other in
            ["releases/.json", "releases/deep/er.json", "releases/x.txt", "x/releases/y.json", "", "y"]
        {
            assert_eq!(Manifest::release_of(other), None, "{other}");
        }
    }

    #[test]
    fn other_formats_and_doubled_kinds_are_refused() {
        let newer = Manifest { format: 3, ..manifest() };
        assert!(matches!(
            Manifest::from_bytes(&newer.release(), &newer.to_bytes()),
            Err(ManifestError::UnsupportedFormat { found: 3 })
        ));
        let mut doubled = manifest();
        doubled.artifacts.push(doubled.artifacts[0].clone());
        assert!(matches!(
            Manifest::from_bytes(&doubled.release(), &doubled.to_bytes()),
            Err(ManifestError::DuplicateKind(Kind::Actor))
        ));
    }

    #[test]
    fn users_are_one_segment_that_names_its_artifacts() {
        let parts = [(Kind::Users, b"users"), (Kind::UserIndex, b"index")];
        let read = |manifest: &Manifest| Manifest::from_bytes(&manifest.release(), &manifest.to_bytes());
        let whole = Manifest::of(&parts);
        assert_eq!(whole.users, [UserSegment { users: Digest::of(b"users"), index: Digest::of(b"index") }]);
        assert_eq!(read(&whole).unwrap(), whole);
        let unnamed = Manifest { users: Vec::new(), ..whole.clone() };
        assert!(matches!(read(&unnamed), Err(ManifestError::UnknownSegment)));
        let mut other = whole.clone();
        other.users[0].index = Digest::of(b"another");
        assert!(matches!(read(&other), Err(ManifestError::UnknownSegment)));
        let mut more = Manifest::of(&[(Kind::Users, b"u1"), (Kind::UserIndex, b"i1")]);
        more.artifacts.extend(whole.artifacts);
        more.users.extend(whole.users);
        assert!(matches!(read(&more), Err(ManifestError::Segments { found: 2 })));
    }
}
