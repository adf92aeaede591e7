//! Who rates what, and when.

use serde::{Deserialize, Serialize};

use super::parts::{Bin, OpenEnd};

/// The ratings of a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Month {
    /// `yyyy-mm`.
    pub month: String,
    /// Ratings.
    pub n: u64,
    /// Their mean; absent without ratings.
    pub mean: Option<f64>,
    /// Set if the ratings of all earlier months (`below`) or all later ones (`above`) are counted here too;
    /// absent for a single month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenEnd>,
}

/// Titles with about the same number of ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeanByCount {
    /// Fewest ratings.
    pub low: u64,
    /// Most ratings.
    pub high: u64,
    /// Titles.
    pub titles: u64,
    /// Mean of their mean ratings.
    pub mean: f64,
    /// Standard deviation of their mean ratings.
    pub sd: f64,
    /// What `sd` would be if ratings were given to titles at random: `σ·√(mean of 1/n)`.
    pub sd_by_chance: f64,
}

/// Titles without ratings on one platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColdShare {
    /// The platform.
    pub platform: String,
    /// Its titles.
    pub titles: u64,
    /// Those without a rating.
    pub cold: u64,
    /// Those whose work has no rating on any platform.
    pub cold_works: u64,
}

/// A title and its mean rating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Ratings.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// The name of the title.
    pub label: String,
}

/// Who rates what, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Ratings by value.
    pub by_rating: Vec<Bin>,
    /// Users by number of ratings, in bars that double.
    pub by_user: Vec<Bin>,
    /// Rated titles by number of ratings, in bars that double.
    pub by_title: Vec<Bin>,
    /// Gini coefficient of the ratings per user.
    pub gini_users: Option<f64>,
    /// Gini coefficient of the ratings per rated title.
    pub gini_titles: Option<f64>,
    /// Share of the ratings given by the most active 1% of the users.
    pub top_users_share: Option<f64>,
    /// Share of the ratings received by the most rated 1% of the rated titles.
    pub top_titles_share: Option<f64>,
    /// Mean ratings of titles by number of ratings.
    pub mean_by_count: Vec<MeanByCount>,
    /// At most 400 rated titles, at equal distances in the order of their number of ratings.
    pub points: Vec<Point>,
    /// Ratings and their mean by month, without gaps; at most 400 months, and two open ends.
    pub months: Vec<Month>,
    /// Change of the mean rating per year: slope of the least-squares line through the months, weighted by
    /// their ratings, without open ends.
    pub drift_per_year: Option<f64>,
    /// Titles without ratings by platform.
    pub cold: Vec<ColdShare>,
}
