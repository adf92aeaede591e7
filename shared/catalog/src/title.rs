use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::TitleId;

/// A word that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{found:?} is not known here; known are {allowed}")]
pub struct UnknownWord {
    /// What was given.
    pub found: String,
    /// What would have been understood.
    pub allowed: &'static str,
}

/// Film or series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `Movie` in the platforms' files; what the queries call a film.
    Movie,
    /// `TV Show` in the platforms' files.
    Series,
}

impl Kind {
    /// The name used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Series => "series",
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownWord;
    /// Understands, without regard to case, `movie` and `film`, `series`, `tv show` and `tv`.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text.trim().to_lowercase().as_str() {
            "movie" | "film" => Ok(Self::Movie),
            "series" | "tv show" | "tv" => Ok(Self::Series),
            _ => Err(UnknownWord { found: text.to_owned(), allowed: "movie, series" }),
        }
    }
}

/// What a duration is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DurationUnit {
    /// Minutes.
    Min,
    /// Seasons.
    Season,
}

impl DurationUnit {
    /// The name used in files and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Season => "season",
        }
    }
}

impl FromStr for DurationUnit {
    type Err = UnknownWord;
    /// Understands, without regard to case, `min`, `season` and `seasons`.
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
    /// What is counted.
    pub unit: DurationUnit,
}

/// Why a platform cannot be had under this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlatformError {
    /// The name has to start with a letter, which is the prefix of its titles' ids.
    #[error(
        "a platform's name is made of lower-case letters, digits, _ and -, starts with a letter and has at most 32 bytes; {0:?} is not"
    )]
    Name(String),
    /// Two platforms with the same first letter would give titles the same ids.
    #[error(
        "the platforms {taken:?} and {name:?} start with the same letter, so their titles' ids would clash"
    )]
    LetterTaken {
        /// The platform that came second.
        name: String,
        /// The platform that has the letter.
        taken: String,
    },
}

/// A streaming platform. Its first letter is the prefix of its titles' ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Platform(Box<str>);

impl Platform {
    /// Takes a name as a person types it: case is folded.
    ///
    /// # Errors
    /// [`PlatformError::Name`].
    pub fn new(name: &str) -> Result<Self, PlatformError> {
        let lower = name.trim().to_lowercase();
        let form = lower.len() <= 32
            && lower.starts_with(|c: char| c.is_ascii_lowercase())
            && lower.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
        if form { Ok(Self(lower.into())) } else { Err(PlatformError::Name(name.to_owned())) }
    }

    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The prefix of the ids of its titles.
    pub fn letter(&self) -> char {
        char::from(self.0.as_bytes()[0])
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no calendar day.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no date of the form yyyy-mm-dd")]
pub struct DateError(pub String);

/// A day of the Gregorian calendar, shown as `yyyy-mm-dd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day that exists, in the years 1 to 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// The year.
    pub fn year(self) -> u16 {
        self.year
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        let parse = || {
            let mut parts = text.split('-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            let form = parts.next().is_none()
                && (year.len(), month.len(), day.len()) == (4, 2, 2)
                && text.bytes().all(|b| b == b'-' || b.is_ascii_digit());
            if !form {
                return None;
            }
            Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        };
        parse().ok_or_else(|| DateError(text.to_owned()))
    }
}

/// One clean catalogue row.
///
/// White space is folded (`QUERIES.md`, rule 6). [`Title::display`] keeps the case of the source; every
/// other text, in lists too, is in lower case, as the clean CSV holds it. An absent text is the empty
/// string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// Platform letter and `show_id`.
    pub id: TitleId,
    /// Position of its platform in [`crate::TitleTable::platforms`].
    pub platform_idx: u8,
    /// Film or series.
    pub kind: Kind,
    /// The name as it is shown.
    pub display: String,
    /// Who directed it.
    pub director: Vec<String>,
    /// Who is in it.
    pub cast: Vec<String>,
    /// Where it was made.
    pub country: Vec<String>,
    /// When the platform got it.
    pub date_added: Option<Date>,
    /// When it came out; `None` where the source does not say (MovieLens alone).
    pub release_year: Option<u16>,
    /// Audience rating (`tv-ma`, `pg-13`, …); `g` where a platform's file is empty, and the empty string
    /// in tables read from MovieLens files, which have no such column.
    pub audience: String,
    /// How long it is, where the source says so.
    pub duration: Option<Duration>,
    /// Genres (`listed_in`).
    pub genres: Vec<String>,
    /// What it is about.
    pub description: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_exist_or_are_refused() {
        assert_eq!("2021-09-25".parse::<Date>().unwrap().to_string(), "2021-09-25");
        assert!("2020-02-29".parse::<Date>().is_ok());
        for bad in ["2021-02-29", "1900-02-29", "2021-13-01", "2021-1-01", "2021-01-00", "", "+021-01-01"] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }

    #[test]
    fn platforms_fold_case_and_need_a_letter() {
        let netflix = Platform::new(" Netflix ").unwrap();
        assert_eq!((netflix.as_str(), netflix.letter()), ("netflix", 'n'));
        for bad in ["", "7tv", "a b", "ñ", &"x".repeat(33)] {
            assert!(Platform::new(bad).is_err(), "{bad}");
        }
    }
}
