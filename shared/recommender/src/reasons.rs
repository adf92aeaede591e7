//! Why a title is recommended: the rated titles that its score comes from.
//!
//! A folded-in user's score for a title is linear in the ratings. So it is exactly the sum of one
//! contribution for each rated title, and a base: the prior and the biases. See `Posterior` for the formula.
//! Neighbors add the weight from the rated title, times the value of its rating. Nothing is approximated for
//! the sake of an explanation.

use crate::posterior::Posterior;
use crate::{FromRated, RatingValues, Titles, TopN};

/// A rated title that supports a recommendation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason<'a> {
    /// The rated title's id.
    pub id: &'a str,
    /// Its name.
    pub title: &'a str,
    /// The user's rating of it.
    pub rating: f32,
    /// How much lower the score would be without the term of this rating; above 0.
    pub contribution: f64,
    /// The contribution, divided by the sum of the absolute contributions of all rated titles and, with a
    /// ranking model, of the title's popularity: above 0, at most 1.
    pub share: f64,
}

/// Where the score of a title comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'a> {
    /// The score that orders the list: the predicted rating before it is clipped, or that of the ranking
    /// model.
    pub ranked_by: f32,
    /// The rest: the prior and the title's bias, which with a ranking model weighs less the more ratings
    /// there are. Base and all contributions, positive and negative, add up to `ranked_by`.
    pub base: f64,
    /// The rated titles that contribute most, the greatest contribution first, ties in catalog order. Only
    /// positive contributions are reasons, and with a ranking model only likes.
    pub reasons: Vec<Reason<'a>>,
}

/// The contributions of one user's ratings to the score of any title.
#[derive(Debug)]
pub(crate) struct Contributors<'a> {
    /// The posterior of the factors, if they are part of the score.
    posterior: Option<Posterior>,
    /// The weights from the rated titles, if they are part of the score.
    neighbors: Option<FromRated<'a>>,
    /// The titles and ratings that were folded in, sorted by position, one for each observation of the
    /// posterior.
    rated: Vec<(usize, f32)>,
    /// The weight of the user's bias in a score: 1, or 0 if the model has no user bias.
    bias: f64,
    /// What tells likes apart, if only they may be reasons.
    likes: Option<RatingValues>,
}

impl<'a> Contributors<'a> {
    /// Takes the ratings folded into the rating model.
    pub(crate) fn of_ratings(posterior: Posterior, rated: Vec<(usize, f32)>) -> Self {
        Self { posterior: Some(posterior), neighbors: None, rated, bias: 1.0, likes: None }.checked()
    }

    /// Takes the parts of the ranking model's score, and the titles and ratings that they come from.
    pub(crate) fn of_values(
        posterior: Option<Posterior>,
        neighbors: Option<FromRated<'a>>,
        rated: Vec<(usize, f32)>,
        values: RatingValues,
    ) -> Self {
        Self { posterior, neighbors, rated, bias: 0.0, likes: Some(values) }.checked()
    }

    fn checked(self) -> Self {
        debug_assert!(self.rated.is_sorted_by_key(|&(title, _)| title), "ties are in catalog order");
        self
    }

    /// Returns the contribution of each rated title to the score of an item with this vector.
    pub(crate) fn to_item(&self, titles: &Titles, item: usize, vector: &[f32]) -> Vec<f64> {
        let mut contributions = match &self.posterior {
            Some(posterior) => posterior.contributions(self.bias, vector),
            None => vec![0.0; self.rated.len()],
        };
        if let Some(neighbors) = &self.neighbors {
            for (contribution, added) in contributions.iter_mut().zip(neighbors.added_to(titles.work(item))) {
                *contribution += f64::from(added);
            }
        }
        contributions
    }

    /// Explains the score `ranked_by` of an item, which has this vector, by the `n` greatest contributions.
    /// `popularity` is the part of the score that comes from how popular the item is.
    #[expect(clippy::indexing_slicing, reason = "there is one contribution for each rated title")]
    pub(crate) fn explain<'t>(
        &self,
        titles: &'t Titles,
        item: usize,
        vector: &[f32],
        (ranked_by, popularity): (f32, f32),
        n: usize,
    ) -> Explanation<'t> {
        let contributions = self.to_item(titles, item, vector);
        let base = f64::from(ranked_by) - contributions.iter().sum::<f64>();
        let all = contributions.iter().map(|c| c.abs()).sum::<f64>() + f64::from(popularity.abs());
        let mut top = TopN::new(n);
        for (at, &contribution) in contributions.iter().enumerate() {
            let contribution = contribution as f32;
            let may_be_named = self.likes.is_none_or(|likes| likes.is_like(self.rated[at].1));
            if may_be_named && contribution > 0.0 && contribution > top.bar() {
                top.push(at, contribution);
            }
        }
        let reason = |(at, _): (usize, f32)| {
            let (title, rating) = self.rated[at];
            let contribution = contributions[at];
            Reason {
                id: titles.id(title),
                title: titles.display(title),
                rating,
                contribution,
                share: contribution / all,
            }
        };
        Explanation { ranked_by, base, reasons: top.into_sorted().into_iter().map(reason).collect() }
    }
}
