//! Sites that users export their ratings from.

use std::fmt;

use catalog::Scale;

/// Site that users export their ratings from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Letterboxd, with half stars from 0.5 to 5.
    Letterboxd,
    /// `IMDb`, with whole numbers from 1 to 10.
    Imdb,
}

impl Site {
    /// Returns the scale of its ratings.
    pub(crate) fn scale(self) -> Scale {
        match self {
            Self::Letterboxd => Scale::STARS,
            Self::Imdb => Scale::new(1.0, 10.0).expect("1 is below 10"),
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Letterboxd => "Letterboxd",
            Self::Imdb => "IMDb",
        })
    }
}
