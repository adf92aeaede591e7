use std::borrow::Cow;

use catalog::Scale;

use super::answer::{Prediction, Ranked, Strategy, UnknownTitle};
use super::profile::Profile;
use crate::mismatch::Mismatch;
use crate::scan::dot;
use crate::{Filter, ItemModel, ItemPanels, LANES, Neighbors, RankingModel, Titles, TopN, User, UserShape};

/// Everything that recommendations need, except the user they are for.
///
/// The rating model predicts scores. Lists are ordered by the *ranker*: the ranking model if the release has
/// one, else the rating model. Titles of one work have the same factors and biases in both models. If they do
/// not, the title with the highest score represents its work.
#[derive(Debug)]
pub struct Recommender {
    pub(super) titles: Titles,
    pub(super) model: ItemModel,
    pub(super) ranker: Ranker,
    /// The ranker's b(i) in panels. Lanes beyond the last item are minus infinity, which keeps them out of
    /// all lists.
    pub(super) panel_biases: Vec<[f32; LANES]>,
    /// The neighbors of the ranking model, if it has any.
    pub(super) neighbors: Option<Neighbors>,
    /// The titles that are not the first of their work; empty without neighbors.
    pub(super) editions: Vec<usize>,
    threshold: f32,
    /// The lowest rating that counts as a like.
    pub(super) liked: f32,
}

/// The model that orders lists and determines which titles are similar.
#[derive(Debug)]
pub(super) enum Ranker {
    Ranking(RankingModel),
    /// The factors of the rating model, in a release without a ranking model.
    Rating(ItemPanels),
}

impl Recommender {
    /// Puts the artifacts of one release together. `ranking` orders the lists if there is one. `users` is the
    /// shape shared by every user this recommender will be asked about. Titles are recommended from the score
    /// `threshold` on.
    ///
    /// # Errors
    /// The sizes of the artifacts do not agree.
    pub fn new(
        titles: Titles,
        model: ItemModel,
        ranking: Option<RankingModel>,
        users: UserShape,
        threshold: f32,
    ) -> Result<Self, Mismatch> {
        let agree =
            |what, expected, other, found| Mismatch::unless_equal(what, "model", expected, other, found);
        agree("items", model.n_items(), "titles", titles.len())?;
        agree("items", model.n_items(), "user index", users.n_titles)?;
        agree("factors", model.n_factors(), "user index", users.n_factors)?;
        if let Some(ranking) = &ranking {
            agree("items", model.n_items(), "ranking model", ranking.n_items())?;
        }
        let n_ranking = ranking.as_ref().map_or(0, RankingModel::n_factors);
        let n_of_users = users.n_ranking_factors.unwrap_or(0);
        Mismatch::unless_equal("factors", "ranking model", n_ranking, "user index", n_of_users)?;
        let presence = (usize::from(ranking.is_some()), usize::from(users.n_ranking_factors.is_some()));
        Mismatch::unless_equal("ranking models", "release", presence.0, "user index", presence.1)?;
        let mut biases =
            ranking.as_ref().map_or(&model.parts().item_bias[..], RankingModel::item_bias).to_vec();
        biases.resize(biases.len().next_multiple_of(LANES), f32::NEG_INFINITY);
        let panel_biases = biases.as_chunks().0.to_vec();
        let ranker = ranking.map_or_else(|| Ranker::Rating(ItemPanels::of(&model)), Ranker::Ranking);
        Ok(Self {
            titles,
            model,
            ranker,
            panel_biases,
            neighbors: None,
            editions: Vec::new(),
            threshold,
            liked: Scale::STARS.liked(),
        })
    }

    /// Orders lists by neighbors: added to the factors of the ranking model, or in place of them (see
    /// [`Neighbors::beside_factors`]). In the second case the factors are used only to find similar titles.
    ///
    /// # Errors
    /// The number of titles differs, or the release has no ranking model.
    pub fn with_neighbors(mut self, neighbors: Option<Neighbors>) -> Result<Self, Mismatch> {
        let Some(neighbors) = neighbors else { return Ok(self) };
        let n_items = self.titles.len();
        Mismatch::unless_equal("items", "neighbors", neighbors.n_items(), "titles", n_items)?;
        let n_models = usize::from(self.ranking().is_some());
        Mismatch::unless_equal("ranking models", "neighbors", 1, "release", n_models)?;
        if !neighbors.beside_factors() {
            // Lanes beyond the last item stay minus infinity.
            for bias in self.panel_biases.as_flattened_mut().iter_mut().take(n_items) {
                *bias = 0.0;
            }
        }
        self.editions = (0..n_items).filter(|&title| self.titles.work(title) != title).collect();
        self.neighbors = Some(neighbors);
        Ok(self)
    }

    /// Returns whether lists are ordered by the factors of the ranking model, with or without neighbors.
    pub(super) fn factors_count(&self) -> bool {
        self.neighbors.as_ref().is_none_or(Neighbors::beside_factors)
    }

    /// Sets the lowest rating that counts as a like, from which on users are folded into the ranking model;
    /// without it, that is 4.
    #[must_use]
    pub fn with_liked(self, liked: f32) -> Self {
        Self { liked, ..self }
    }

    /// Returns the titles.
    pub fn titles(&self) -> &Titles {
        &self.titles
    }

    /// Returns the model that predicts ratings.
    pub fn model(&self) -> &ItemModel {
        &self.model
    }

    /// Returns the model that ranks titles, if the release has one.
    pub fn ranking(&self) -> Option<&RankingModel> {
        match &self.ranker {
            Ranker::Ranking(ranking) => Some(ranking),
            Ranker::Rating(_) => None,
        }
    }

    /// Returns the position of a title.
    ///
    /// # Errors
    /// There is no such title.
    pub fn position(&self, title_id: &str) -> Result<usize, UnknownTitle> {
        self.titles.position(title_id).ok_or_else(|| UnknownTitle(title_id.to_owned()))
    }

    /// Predicts a user's rating of the title at a position, on the scale. The rating model predicts it,
    /// whatever orders the lists. `None` is an unknown user.
    ///
    /// # Panics
    /// If the position is out of range.
    pub fn predict(&self, user: Option<User<'_>>, item: usize) -> Prediction<'_> {
        let (profile, strategy) = match user {
            Some(user) => {
                let (bias, vector) = (user.bias, Cow::Borrowed(user.vector));
                let strategy = if self.model.n_factors() == 0 { Strategy::Biases } else { Strategy::Svd };
                (Profile { bias, vector, rated: Vec::new() }, strategy)
            }
            None => (Profile::unknown(), Strategy::Popular),
        };
        let score = self.score(&profile, item);
        Prediction {
            title: self.titles.view(item),
            score,
            strategy,
            recommended: score >= self.threshold,
            threshold: self.threshold,
        }
    }

    /// Returns the ranker's item vectors.
    pub(super) fn panels(&self) -> &ItemPanels {
        match &self.ranker {
            Ranker::Ranking(ranking) => ranking.panels(),
            Ranker::Rating(panels) => panels,
        }
    }

    /// Predicts a rating, added up in the order of [`FactorModel::predict`](crate::FactorModel::predict).
    #[expect(clippy::indexing_slicing, reason = "`item_vector` panics first if there is no such item")]
    pub(super) fn score(&self, profile: &Profile<'_>, item: usize) -> f32 {
        let parts = self.model.parts();
        let product = dot(&profile.vector, self.model.item_vector(item));
        self.model.clip(parts.global_mean + profile.bias + parts.item_bias[item] + product)
    }

    /// Returns the cosine of two titles in the ranker's factors. If one of them has none, returns the share
    /// of genres they have in common.
    #[expect(clippy::indexing_slicing, reason = "`new` checks that the ranker has a vector for each title")]
    pub(super) fn similarity(&self, a: usize, b: usize) -> f32 {
        let lengths = self.panels().norms()[a] * self.panels().norms()[b];
        if lengths > 0.0 {
            (self.panels().product(a, b) / lengths).clamp(-1.0, 1.0)
        } else {
            self.titles.genre_similarity(a, b)
        }
    }

    /// Returns whether a title may be in a list: it passes the filter, and its work is not among the hidden
    /// ones, which are sorted.
    pub(super) fn may_list(&self, item: usize, hidden: &[u32], filter: &Filter) -> bool {
        hidden.binary_search(&(self.titles.work(item) as u32)).is_err() && filter.passes(&self.titles, item)
    }

    /// Adds a title to the best, unless they have a better one of its work.
    pub(super) fn offer(&self, top: &mut TopN, item: usize, score: f32, filter: &Filter) {
        if filter.all_editions || !self.titles.has_editions(item) {
            top.push(item, score);
        } else {
            let work = self.titles.work(item);
            top.push_one_of_group(item, score, |other| self.titles.work(other) == work);
        }
    }

    /// Describes a title of a list, by the edition of its work that is shown.
    pub(super) fn ranked(&self, item: usize, score: f32, filter: &Filter) -> Ranked<'_> {
        let item = filter.edition_to_show(&self.titles, item);
        let (also_on, also_on_left_out) = self.titles.also_on(item);
        Ranked { title: self.titles.view(item), score, also_on, also_on_left_out, explanation: None }
    }
}
