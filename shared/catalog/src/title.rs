use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Date, TitleId};

/// A word that is not one of the allowed ones.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{found:?} is not one of {allowed}")]
pub struct UnknownWord {
    /// The word.
    pub found: String,
    /// The allowed words.
    pub allowed: &'static str,
}

/// Film or series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A film: `Movie` in the platforms' files.
    Movie,
    /// A series: `TV Show` in the platforms' files.
    Series,
}

impl Kind {
    /// Returns the name used in files and responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Series => "series",
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownWord;
    /// Reads `movie` and `film`, `series`, `tv show` and `tv`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text.trim().to_lowercase().as_str() {
            "movie" | "film" => Ok(Self::Movie),
            "series" | "tv show" | "tv" => Ok(Self::Series),
            _ => Err(UnknownWord { found: text.to_owned(), allowed: "movie, series" }),
        }
    }
}

/// The unit of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DurationUnit {
    /// Minutes.
    Min,
    /// Seasons.
    Season,
}

impl DurationUnit {
    /// Returns the name used in files and responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Season => "season",
        }
    }
}

impl FromStr for DurationUnit {
    type Err = UnknownWord;
    /// Reads `min`, `season` and `seasons`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text.trim().to_lowercase().as_str() {
            "min" => Ok(Self::Min),
            "season" | "seasons" => Ok(Self::Season),
            _ => Err(UnknownWord { found: text.to_owned(), allowed: "min, season" }),
        }
    }
}

/// How long a title is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Duration {
    /// The number of units.
    pub value: u32,
    /// The unit.
    pub unit: DurationUnit,
}

/// One clean row of a catalog.
///
/// White space is folded. Texts keep the case of the source; the clean CSV file has them in lowercase as
/// well. Missing text is the empty string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// The platform's id prefix and its `show_id`.
    pub id: TitleId,
    /// Position of its platform in [`crate::TitleTable::platforms`].
    pub platform_idx: u8,
    /// Film or series.
    pub kind: Kind,
    /// The name to show.
    pub display: String,
    /// Directors.
    pub director: Vec<String>,
    /// Actors.
    pub cast: Vec<String>,
    /// Countries it was made in.
    pub country: Vec<String>,
    /// The day on which the platform added it.
    pub date_added: Option<Date>,
    /// The year in which it came out; `None` if the source does not have it, or has something else there.
    pub release_year: Option<u16>,
    /// Audience rating (`TV-MA`, `PG-13`, …). It is `G` where a platform's file has none, and empty if
    /// the file has no such column, as those of MovieLens.
    pub audience: String,
    /// How long it is, if the source has it.
    pub duration: Option<Duration>,
    /// Genres as the platform calls them (`listed_in`).
    pub genres: Vec<String>,
    /// The genres that those labels mean, under names that are the same on all platforms.
    pub canonical_genres: Vec<String>,
    /// A description.
    pub description: String,
}

impl Title {
    /// Returns a film of the first platform that has an id and a name, and nothing else.
    pub fn named(id: TitleId, display: impl Into<String>) -> Self {
        Self {
            id,
            platform_idx: 0,
            kind: Kind::Movie,
            display: display.into(),
            director: Vec::new(),
            cast: Vec::new(),
            country: Vec::new(),
            date_added: None,
            release_year: None,
            audience: String::new(),
            duration: None,
            genres: Vec::new(),
            canonical_genres: Vec::new(),
            description: String::new(),
        }
    }
}
