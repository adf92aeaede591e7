use std::borrow::Cow;

use catalog::Scale;

use super::answer::{Prediction, Ranked, Strategy, UnknownTitle};
use super::profile::Profile;
use crate::mismatch::Mismatch;
use crate::scan::dot;
use crate::{
    Filter, ItemModel, ItemPanels, LANES, Neighbors, RankingModel, RatingValues, Titles, TopN, User,
    UserShape,
};

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
    /// The ranker's b(i), in the lanes of its panels.
    pub(super) panel_biases: Vec<[f32; LANES]>,
    /// The greatest b(i) of each panel.
    pub(super) greatest_biases: Vec<f32>,
    /// The neighbors of the ranking model, if it has any.
    pub(super) neighbors: Option<Neighbors>,
    /// For each title whose work is a member of the neighbors: which member, and the lane of the title.
    pub(super) member_lanes: Vec<(usize, usize)>,
    /// The number of panels up to the last one with a title of `member_lanes`.
    pub(super) n_panels_with_members: usize,
    threshold: f32,
    /// What ratings are worth to the ranking model.
    pub(super) values: RatingValues,
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
        let ranker = ranking.map_or_else(|| Ranker::Rating(ItemPanels::of(&model)), Ranker::Ranking);
        let mut recommender = Self {
            titles,
            model,
            ranker,
            panel_biases: Vec::new(),
            greatest_biases: Vec::new(),
            neighbors: None,
            member_lanes: Vec::new(),
            n_panels_with_members: 0,
            threshold,
            values: RatingValues::of_likes(Scale::STARS),
        };
        recommender.lay_out_biases();
        Ok(recommender)
    }

    fn lay_out_biases(&mut self) {
        let biases = self.ranking().map_or(&self.model.parts().item_bias[..], RankingModel::item_bias);
        let bias = |&item: &u32| biases.get(item as usize).copied().unwrap_or(0.0);
        let panels = self.panels();
        let (mut panel_biases, mut greatest) = (Vec::new(), Vec::new());
        for panel in 0..panels.n_panels() {
            let mut lanes = [0.0; LANES];
            for (lane, item) in lanes.iter_mut().zip(panels.items(panel)) {
                *lane = bias(item);
            }
            greatest.push(panels.items(panel).iter().map(bias).fold(f32::NEG_INFINITY, f32::max));
            panel_biases.push(lanes);
        }
        (self.panel_biases, self.greatest_biases) = (panel_biases, greatest);
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
        self.member_lanes = (0..n_items)
            .filter_map(|title| Some((neighbors.member(self.titles.work(title))?, self.panels().lane(title))))
            .collect();
        let n_lanes = self.member_lanes.iter().map(|&(_, lane)| lane.saturating_add(1)).max();
        self.n_panels_with_members = n_lanes.unwrap_or(0).div_ceil(LANES);
        self.neighbors = Some(neighbors);
        Ok(self)
    }

    /// Returns whether lists are ordered by the factors of the ranking model, with or without neighbors.
    pub(super) fn uses_factors(&self) -> bool {
        self.neighbors.as_ref().is_none_or(Neighbors::beside_factors)
    }

    /// Sets what ratings are worth to the ranking model; without it, likes are worth 1 and other ratings
    /// nothing, on the scale from 0.5 to 5.
    #[must_use]
    pub fn with_values(self, values: RatingValues) -> Self {
        Self { values, ..self }
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
            top.push_one_of_group(item, score, self.titles.work(item));
        }
    }

    /// Describes a title of a list, by the edition of its work that is shown.
    pub(super) fn ranked(&self, item: usize, score: f32, filter: &Filter) -> Ranked<'_> {
        let item = filter.edition_to_show(&self.titles, item);
        let (also_on, also_on_left_out) = self.titles.also_on(item);
        Ranked { title: self.titles.view(item), score, also_on, also_on_left_out, explanation: None }
    }
}
