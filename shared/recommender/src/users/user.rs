use artifact::Invalid;
use artifact::blocks::{self, TextHeap};
use catalog::UserId;

use crate::items::all_finite;

/// The shape shared by all users of a release, which has to fit its models and titles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserShape {
    /// Number of factors of the model that predicts ratings.
    pub n_factors: usize,
    /// Number of factors of the model that ranks titles, if the release has one.
    pub n_ranking_factors: Option<usize>,
    /// Number of titles. Positions of rated titles are below it.
    pub n_titles: usize,
}

/// Everything that a release knows about one user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct User<'a> {
    /// The user's id.
    pub id: &'a str,
    /// b(u) of the model that predicts ratings.
    pub bias: f32,
    /// p(u) of that model, one value for each factor.
    pub vector: &'a [f32],
    /// p(u) of the model that ranks titles, if the release has one.
    pub ranking_vector: Option<&'a [f32]>,
    /// Positions of the titles that they rated, in ascending order.
    pub title_idx: &'a [u32],
    /// The ratings, one for each of these titles.
    pub rating: &'a [f32],
}

impl User<'_> {
    pub(super) fn check(&self, shape: UserShape) -> Result<(), Invalid> {
        Invalid::unless(self.vector.len() == shape.n_factors, "factors", "not one value for each factor")?;
        let n_ranking = self.ranking_vector.map(<[f32]>::len);
        let fits = n_ranking == shape.n_ranking_factors;
        Invalid::unless(fits, "ranking_factors", "not one value for each factor of the ranking model")?;
        Invalid::unless(self.bias.is_finite(), "bias", "not finite")?;
        let mut vectors = [self.vector, self.ranking_vector.unwrap_or_default()].concat();
        blocks::round_to_half(&mut vectors);
        all_finite("factors", &vectors)?;
        check_ratings(self.title_idx, self.rating)?;
        let known = self.title_idx.last().is_none_or(|&t| (t as usize) < shape.n_titles);
        Invalid::unless(known, "title_idx", "a title is out of range")
    }
}

pub(super) fn check_ratings(title_idx: &[u32], rating: &[f32]) -> Result<(), Invalid> {
    Invalid::unless(title_idx.len() == rating.len(), "rating", "not one for each title")?;
    let ascend = title_idx.is_sorted_by(|a, b| a < b);
    Invalid::unless(ascend, "title_idx", "a user's titles are not in order")?;
    all_finite("rating", rating)
}

/// Returns the position of an id among sorted ids, or, as an error, the number of ids before it.
pub(super) fn search(ids: &TextHeap, id: &str) -> Result<usize, usize> {
    let at = ids.partition_point(0..ids.len(), |other| UserId::cmp_text(other, id).is_lt());
    if at < ids.len() && ids.get(at) == id { Ok(at) } else { Err(at) }
}

/// Returns whether ids are in the order of [`UserId`], each after the one before.
pub(super) fn are_in_order(ids: &TextHeap) -> bool {
    ids.iter().is_sorted_by(|a, b| UserId::cmp_text(a, b).is_lt())
}
