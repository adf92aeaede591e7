use std::fmt;

use serde::{Deserialize, Serialize};

/// What an artifact holds. The number stands in the envelope, the name in keys and manifests; neither
/// is ever given to something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u16)]
pub enum Kind {
    /// Index of `get_max_duration`.
    MaxDuration = 1,
    /// Index of `get_score_count`.
    ScoreCount = 2,
    /// Index of `get_count_platform`.
    CountPlatform = 3,
    /// Index of `get_actor`.
    Actor = 4,
    /// What is shown of titles and filtered by, with their popularity.
    Titles = 5,
    /// The titles' side of the factor model that predicts ratings.
    RatingModel = 6,
    // 7 was `histories`, all users in one artifact.
    /// The titles' side of the factor model that ranks titles.
    RankingModel = 8,
    /// Index of titles by the words in their names.
    TitleSearch = 9,
    /// What exploratory analysis found in the data.
    Eda = 10,
    /// Users in order, with their vectors and what each has rated: many artifacts of this kind in one object.
    Users = 11,
    /// Which part of `users` holds whom.
    UserIndex = 12,
    /// A trained factor model, users and all: a file of the builder, in no release.
    TrainedModel = 13,
}

impl Kind {
    /// Every kind, by number.
    pub const ALL: [Self; 12] = [
        Self::MaxDuration,
        Self::ScoreCount,
        Self::CountPlatform,
        Self::Actor,
        Self::Titles,
        Self::RatingModel,
        Self::RankingModel,
        Self::TitleSearch,
        Self::Eda,
        Self::Users,
        Self::UserIndex,
        Self::TrainedModel,
    ];

    /// The number in the envelope.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The kind of a number.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == code)
    }

    /// The name in keys and manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaxDuration => "max-duration",
            Self::ScoreCount => "score-count",
            Self::CountPlatform => "count-platform",
            Self::Actor => "actor",
            Self::Titles => "titles",
            Self::RatingModel => "rating-model",
            Self::RankingModel => "ranking-model",
            Self::TitleSearch => "title-search",
            Self::Eda => "eda",
            Self::Users => "users",
            Self::UserIndex => "user-index",
            Self::TrainedModel => "trained-model",
        }
    }

    /// Whether an object of this kind is several artifacts, one after the other, each whole in itself and small enough
    /// to be read alone.
    pub fn is_in_parts(self) -> bool {
        self == Self::Users
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_unique_and_agree_with_serde() {
        assert!(Kind::ALL.is_sorted_by(|a, b| a.code() < b.code()));
        for kind in Kind::ALL {
            assert_eq!(Kind::from_code(kind.code()), Some(kind));
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(Kind::from_code(0), None);
        assert_eq!(Kind::from_code(7), None, "a number is not given again");
    }
}
