//! Why a title is recommended: the rated titles that its score comes from.
//!
//! A folded-in user's score of a title is linear in the ratings given, so it falls apart exactly: one contribution a
//! rated title, and a base that no rating changes (the prior, the biases). See `Posterior` for the formula. Nothing is
//! learned or guessed for the sake of an explanation.

use crate::posterior::Posterior;
use crate::{Titles, TopN};

/// A rated title that speaks for a recommendation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason<'a> {
    /// The rated title's id.
    pub id: &'a str,
    /// Its name, as shown.
    pub title: &'a str,
    /// The rating that the user gave it.
    pub rating: f32,
    /// What the score would lose if the rating told nothing new; above 0.
    pub contribution: f64,
    /// The contribution, divided by the sum of the absolute contributions of all rated titles: above 0, at most 1.
    pub share: f64,
}

/// Where the score that a title is ranked by comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'a> {
    /// What the list is ordered by: the predicted score before it is clipped, or that of the ranking model.
    pub ranked_by: f32,
    /// What comes from no rated title. Base and contributions, positive and negative, add up to `ranked_by`.
    pub base: f64,
    /// The rated titles that contribute most, the greatest contribution first; of equal ones that which stands first
    /// in the catalogue. Only positive contributions are reasons.
    pub reasons: Vec<Reason<'a>>,
}

/// What the ratings of one user contribute to any title.
#[derive(Debug)]
pub(crate) struct Contributors {
    posterior: Posterior,
    /// The titles and ratings that were folded in, one for each of the posterior's observations, by position.
    rated: Vec<(usize, f32)>,
    /// What stands before the user's bias in a score: 1, or 0 where the model has no user bias.
    bias: f64,
}

impl Contributors {
    pub(crate) fn new(posterior: Posterior, rated: Vec<(usize, f32)>, bias: f64) -> Self {
        debug_assert!(
            rated.is_sorted_by_key(|&(title, _)| title),
            "of equal contributions the first title wins"
        );
        Self { posterior, rated, bias }
    }

    /// The contribution of each rated title to the score of an item with this vector.
    pub(crate) fn of(&self, vector: &[f32]) -> Vec<f64> {
        self.posterior.contributions(self.bias, vector)
    }

    /// The `n` greatest, for an item with this vector that is ranked by `ranked_by`.
    pub(crate) fn explain<'t>(
        &self,
        titles: &'t Titles,
        vector: &[f32],
        ranked_by: f32,
        n: usize,
    ) -> Explanation<'t> {
        let contributions = self.of(vector);
        let all: f64 = contributions.iter().map(|c| c.abs()).sum();
        let mut top = TopN::new(n);
        for (at, &contribution) in contributions.iter().enumerate() {
            let contribution = contribution as f32;
            if contribution > 0.0 && contribution > top.bar() {
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
        Explanation {
            ranked_by,
            base: f64::from(ranked_by) - contributions.iter().sum::<f64>(),
            reasons: top.into_sorted().into_iter().map(reason).collect(),
        }
    }
}
