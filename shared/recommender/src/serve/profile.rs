use std::borrow::Cow;

use crate::RatingValues;

/// A user's rating of a work, and the title that it was given to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rated {
    pub(super) work: u32,
    pub(super) title: usize,
    pub(super) rating: f32,
}

/// What somebody rated, as the ranking model takes it: titles in ascending order.
#[derive(Debug)]
pub(super) struct Valued {
    /// Titles and ratings.
    pub(super) rated: Vec<(usize, f32)>,
    /// The same titles and the values of the ratings, of which none is 0.
    pub(super) values: Vec<(usize, f32)>,
}

/// User who gets a list or a prediction: their part of the rating model, and for a list what they rated.
#[derive(Debug)]
pub(super) struct Profile<'a> {
    /// b(u) of the rating model; 0 for an unknown user.
    pub(super) bias: f32,
    /// p(u) of the rating model; empty for an unknown user, so that every product is 0.
    pub(super) vector: Cow<'a, [f32]>,
    /// One rating for each work that they rated, sorted by work. Empty for a prediction.
    pub(super) rated: Vec<Rated>,
}

impl Profile<'_> {
    pub(super) fn unknown() -> Self {
        Self { bias: 0.0, vector: Cow::Borrowed(&[]), rated: Vec::new() }
    }

    /// Returns titles and ratings, sorted by title.
    pub(super) fn ratings(&self) -> Vec<(usize, f32)> {
        let mut ratings: Vec<(usize, f32)> = self.rated.iter().map(|r| (r.title, r.rating)).collect();
        ratings.sort_unstable_by_key(|&(title, _)| title);
        ratings
    }

    /// Returns the ratings that have a value, sorted by title.
    pub(super) fn valued(&self, values: RatingValues) -> Valued {
        let rated = self.ratings();
        let valued = values.of_rated(rated.iter().map(|&(title, rating)| ((title, rating), rating)));
        let (rated, values) = valued.into_iter().map(|(rated, value)| (rated, (rated.0, value))).unzip();
        Valued { rated, values }
    }
}
