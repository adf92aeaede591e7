//! What the platforms offer.

use serde::{Deserialize, Serialize};

use super::parts::{Bin, Count, Extreme, Grid, is_zero};

/// What the platforms offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// Titles by platform and kind.
    pub by_platform: Grid,
    /// Titles by release year and kind, without gaps; at most 400 years, and two open ends.
    pub by_year: Grid,
    /// Titles by country, most frequent first, at most 20; a title counts for each of its countries.
    pub by_country: Vec<Count>,
    /// The number of further countries; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub countries_left_out: u64,
    /// Titles by genre, in the same way.
    pub by_genre: Vec<Count>,
    /// The number of further genres; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub genres_left_out: u64,
    /// Titles by canonical genre, in the same way. Canonical genres have the same names on all platforms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_canonical_genre: Vec<Count>,
    /// The number of further canonical genres; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub canonical_genres_left_out: u64,
    /// Titles by audience rating, in the same way.
    pub by_audience: Vec<Count>,
    /// The number of further audience ratings; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub audiences_left_out: u64,
    /// Lengths of films, in bars of ten minutes.
    pub film_minutes: Vec<Bin>,
    /// Number of seasons of titles that are measured in seasons.
    pub seasons: Vec<Bin>,
    /// Films that are longer than `upper_fence`.
    pub long_films: u64,
    /// Films that are shorter than `lower_fence`.
    pub short_films: u64,
    /// Third quartile plus three times the interquartile range, in minutes (Tukey's outer fence).
    pub upper_fence: Option<f64>,
    /// First quartile minus three times the interquartile range, in minutes.
    pub lower_fence: Option<f64>,
    /// The longest films.
    pub longest: Vec<Extreme>,
    /// The shortest films.
    pub shortest: Vec<Extreme>,
    /// Works that are on both of two platforms. On the diagonal, all works of the platform. At most 30
    /// platforms, those with the most works.
    pub overlap: Grid,
    /// The number of further platforms, which `overlap` leaves out; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overlap_left_out: u64,
    /// Works by the number of platforms that have them, from 1.
    pub works_by_platforms: Vec<u64>,
    /// Titles with a technical suffix such as `(4K UHD)`.
    #[serde(default)]
    pub editions: Editions,
}

/// Titles with a technical suffix, which are one work with the titles of the same name without it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Editions {
    /// Titles with such a suffix.
    pub titles: u64,
    /// Those of them that are one work with a title that has another suffix, or none.
    pub joined: u64,
    /// The suffixes, most frequent first, at most 20.
    pub suffixes: Vec<EditionSuffix>,
    /// The number of further suffixes; not written if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub suffixes_left_out: u64,
}

/// Titles with one technical suffix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditionSuffix {
    /// The suffix in lower case, without its brackets. Of several suffixes of a title, the first.
    pub suffix: String,
    /// Titles that have it.
    pub titles: u64,
    /// Those of them that are one work with a title that has another suffix, or none.
    pub joined: u64,
}
