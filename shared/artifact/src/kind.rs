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
    /// The factor model that predicts ratings.
    RatingModel = 6,
    /// Users and what each has rated.
    Histories = 7,
    /// The factor model that ranks titles.
    RankingModel = 8,
    /// Index of titles by the words in their names.
    TitleSearch = 9,
    /// What exploratory analysis found in the data.
    Eda = 10,
}

impl Kind {
    /// Every kind, by number.
    pub const ALL: [Self; 10] = [
        Self::MaxDuration,
        Self::ScoreCount,
        Self::CountPlatform,
        Self::Actor,
        Self::Titles,
        Self::RatingModel,
        Self::Histories,
        Self::RankingModel,
        Self::TitleSearch,
        Self::Eda,
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
            Self::Histories => "histories",
            Self::RankingModel => "ranking-model",
            Self::TitleSearch => "title-search",
            Self::Eda => "eda",
        }
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
        for (i, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.code()), i + 1);
            assert_eq!(Kind::from_code(kind.code()), Some(kind));
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(Kind::from_code(0), None);
    }
}
