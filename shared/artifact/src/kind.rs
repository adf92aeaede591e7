use std::fmt;

use serde::{Deserialize, Serialize};

/// Declares [`Kind`] from one row for each kind: its number in the envelope, and its name in keys and
/// manifests.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident = $code:literal $name:literal,)+) => {
        /// What an artifact holds. Its number is in the envelope, its name in keys and manifests. Neither is
        /// ever given to another kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u16)]
        pub enum Kind {
            $($(#[$doc])+ #[serde(rename = $name)] $kind = $code,)+
        }

        impl Kind {
            /// Every kind, by number.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$kind),+];

            /// Returns the name in keys and manifests.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }
        }
    };
}

kinds! {
    /// Index of `get_max_duration`.
    MaxDuration = 1 "max-duration",
    /// Index of `get_score_count`.
    ScoreCount = 2 "score-count",
    /// Index of `get_count_platform`.
    CountPlatform = 3 "count-platform",
    /// Index of `get_actor`.
    Actor = 4 "actor",
    /// What lists show of titles and filter by, and how popular each title is.
    Titles = 5 "titles",
    /// The titles' side of the factor model that predicts ratings.
    RatingModel = 6 "rating-model",
    // 7 was `histories`, all users in one artifact.
    /// The titles' side of the factor model that ranks titles.
    RankingModel = 8 "ranking-model",
    /// Index of titles by the words in their names.
    TitleSearch = 9 "title-search",
    /// The report of the exploratory analysis.
    Eda = 10 "eda",
    /// Users in order, with their vectors and ratings: many artifacts of this kind in one object.
    Users = 11 "users",
    /// Which part of `users` holds which users.
    UserIndex = 12 "user-index",
    /// A trained factor model with all its users. It is a file of the builder and in no release.
    TrainedModel = 13 "trained-model",
    /// Index of `get_count`.
    TitleCount = 14 "title-count",
    /// The canonical genres of each title.
    Genres = 15 "genres",
    /// The digests of the blocks of `users`.
    UserDigests = 16 "user-digests",
    /// How much a rating of each title adds to the scores of other titles.
    Neighbors = 17 "neighbors",
}

impl Kind {
    /// Returns the number in the envelope.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Returns the kind with a number.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == code)
    }

    /// Returns the kind with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }

    /// Returns whether an object of this kind consists of several artifacts, one after the other. Each is
    /// complete and small enough to be read by itself.
    pub fn is_in_parts(self) -> bool {
        self == Self::Users
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
