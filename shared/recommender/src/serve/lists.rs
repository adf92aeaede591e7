use std::borrow::Cow;
use std::collections::HashSet;

use super::answer::{Ranked, Recommendations, Strategy};
use super::profile::{Profile, Rated, Valued};
use super::recommender::Recommender;
use crate::diversity::diversify;
use crate::posterior::Posterior;
use crate::reasons::Contributors;
use crate::{Filter, FromRated, LANES, ListOptions, RankingModel, TopN, User, fold_in};

/// The order of a list: by `base + weight·b(i) + vector·q(i)` of the ranker, plus what neighbors add.
#[derive(Debug)]
struct Order<'a> {
    strategy: Strategy,
    base: f32,
    /// What biases are multiplied by, at least 0.
    weight_of_bias: f32,
    vector: Cow<'a, [f32]>,
    /// What neighbors add to each title, in the lanes of the first panels; nothing in the others.
    added: Vec<[f32; LANES]>,
    contributors: Option<Contributors<'a>>,
}

impl Recommender {
    /// Returns the best of the titles that the options allow, for a user. `None` is an unknown user.
    ///
    /// Titles are ordered by `p(u)·q(i) + w·b(i)` of the ranking model if there is one (`w` is
    /// [`RankingModel::weight_of_bias`]), plus the weights from rated titles if it has neighbors (see
    /// [`Recommender::with_neighbors`]), otherwise by the predicted rating before it is clipped. Ties are in
    /// catalog order. A list has one title of each work, the first in order that passes the filter, unless
    /// the filter wants all editions (see [`Filter::edition_to_show`]). Works that the user has rated are
    /// left out, unless `options.include_seen` is set. Each title's score is its predicted rating, as
    /// [`Recommender::predict`] returns it.
    ///
    /// Unknown users get the most rated works, as do users whose ratings change no score of the ranking model
    /// (see [`Recommender::with_values`]).
    ///
    /// Reasons come from folding in the user's ratings. With a ranking model, only likes are named as
    /// reasons. If the user rated several titles of one work, the last one in the catalog counts. A stored
    /// ranking vector equals this fold-in to half precision, unless several titles of one work were rated, of
    /// which training takes the latest rating. A stored vector of the rating model comes from its trainer.
    /// What a stored vector has beyond the fold-in is part of the explanation's `base`.
    ///
    /// # Panics
    /// If a position in `options.exclude` is out of range, or the user does not have the shape that
    /// [`Recommender::new`] was given.
    pub fn recommend(&self, user: Option<User<'_>>, options: &ListOptions) -> Recommendations<'_> {
        let Some(user) = user else {
            return self.popular(&Profile::unknown(), options);
        };
        let profile = Profile {
            bias: user.bias,
            vector: Cow::Borrowed(user.vector),
            rated: self.last_of_each_work(
                user.title_idx.iter().zip(user.rating).map(|(&title, &rating)| (title as usize, rating)),
            ),
        };
        if let (Some(ranking), Some(vector)) = (self.ranking(), user.ranking_vector) {
            let valued = profile.valued(self.values);
            let folded_in = || ranking.posterior(&valued.values);
            let posterior = (options.n_reasons > 0 && self.uses_factors()).then(folded_in);
            let order = self.by_valued(Strategy::Ranking, Cow::Borrowed(vector), posterior, valued);
            return self.by_ranking(&profile, &order, options);
        }
        let contributors = || {
            let ratings = profile.ratings();
            Contributors::of_ratings(fold_in::posterior(&self.model, &ratings), ratings)
        };
        let order = self.by_rating(
            Strategy::Svd,
            &profile,
            (options.n_reasons > 0 && self.model.n_factors() > 0).then(contributors),
        );
        self.list(&profile, &order, options)
    }

    /// Returns the best titles for a new user, who is folded into each model from ratings by title position.
    /// Of several ratings of one work, the last one given counts. Without ratings, or with a ranking model
    /// for which none of them has a value, returns the most rated works.
    ///
    /// # Panics
    /// If a title position is out of range.
    pub fn recommend_to_new(&self, ratings: &[(usize, f32)], options: &ListOptions) -> Recommendations<'_> {
        if ratings.is_empty() {
            return self.popular(&Profile::unknown(), options);
        }
        let mut profile =
            Profile { rated: self.last_of_each_work(ratings.iter().copied()), ..Profile::unknown() };
        let ratings = profile.ratings();
        let posterior = fold_in::posterior(&self.model, &ratings);
        profile.bias = posterior.bias();
        profile.vector = Cow::Owned(posterior.vector());
        if let Some(ranking) = self.ranking() {
            let valued = profile.valued(self.values);
            let posterior = ranking.posterior(&valued.values);
            let vector = Cow::Owned(posterior.vector());
            let order = self.by_valued(Strategy::RankingFoldIn, vector, Some(posterior), valued);
            return self.by_ranking(&profile, &order, options);
        }
        let contributors = (self.model.n_factors() > 0).then(|| Contributors::of_ratings(posterior, ratings));
        let order = self.by_rating(Strategy::FoldIn, &profile, contributors);
        self.list(&profile, &order, options)
    }

    /// Returns one rating for each work, sorted by work: the last one given.
    pub(super) fn last_of_each_work(&self, ratings: impl Iterator<Item = (usize, f32)>) -> Vec<Rated> {
        let mut rated: Vec<Rated> = ratings
            .map(|(title, rating)| Rated { work: self.titles.work(title) as u32, title, rating })
            .collect();
        rated.reverse();
        rated.sort_by_key(|r| r.work);
        rated.dedup_by_key(|r| r.work);
        rated
    }

    /// Returns the order of the rating model. Its strategy is `with_factors`, or `Biases` if the model has no
    /// factors.
    fn by_rating<'p>(
        &self,
        with_factors: Strategy,
        profile: &'p Profile<'_>,
        contributors: Option<Contributors<'p>>,
    ) -> Order<'p> {
        Order {
            strategy: if self.model.n_factors() == 0 { Strategy::Biases } else { with_factors },
            base: self.model.parts().global_mean + profile.bias,
            weight_of_bias: 1.0,
            vector: Cow::Borrowed(&profile.vector),
            added: Vec::new(),
            contributors,
        }
    }

    /// Returns the order of the ranking model for a user with this vector, whose ratings have these values.
    fn by_valued<'p>(
        &'p self,
        strategy: Strategy,
        vector: Cow<'p, [f32]>,
        posterior: Option<Posterior>,
        Valued { rated, values }: Valued,
    ) -> Order<'p> {
        let of_works = values.iter().map(|&(title, value)| (self.titles.work(title), value));
        let from_rated = self.neighbors.as_ref().map(|neighbors| neighbors.from_rated(of_works));
        let added = from_rated.as_ref().map_or_else(Vec::new, |from_rated| self.added_by(from_rated));
        let (vector, posterior) = if self.uses_factors() {
            (vector, posterior)
        } else {
            (Cow::Owned(vec![0.0; vector.len()]), None)
        };
        let weight_of_bias = RankingModel::weight_of_bias(rated.len());
        let contributors = Some(Contributors::of_values(posterior, from_rated, rated, self.values));
        Order { strategy, base: 0.0, weight_of_bias, vector, added, contributors }
    }

    /// Returns what the weights from rated titles add to the score of each title, in the lanes of the panels.
    /// Panels after the last one with a member are left out.
    fn added_by(&self, from_rated: &FromRated<'_>) -> Vec<[f32; LANES]> {
        let scores = from_rated.scores();
        let mut added = vec![[0.0; LANES]; self.n_panels_with_members];
        let lanes = added.as_flattened_mut();
        for &(member, lane) in &self.member_lanes {
            if let (Some(at), Some(&score)) = (lanes.get_mut(lane), scores.get(member)) {
                *at = score;
            }
        }
        added
    }

    /// Returns the list of the ranking model, or the popular one if nothing that the user rated changes it.
    fn by_ranking(
        &self,
        profile: &Profile<'_>,
        order: &Order<'_>,
        options: &ListOptions,
    ) -> Recommendations<'_> {
        let mut added = order.added.as_flattened().iter();
        if order.vector.iter().all(|&v| v == 0.0) && added.all(|&v| v == 0.0) {
            self.popular(profile, options)
        } else {
            self.list(profile, order, options)
        }
    }

    fn list(&self, profile: &Profile<'_>, order: &Order<'_>, options: &ListOptions) -> Recommendations<'_> {
        let hidden = self.hidden(profile, options);
        let (pool, _) = self.best(order, &hidden, options.pool(), &options.filter);
        let contributors = order.contributors.as_ref().filter(|_| options.n_reasons > 0);
        let items = self.pick(&pool, options).into_iter().map(|(item, ranked_by)| Ranked {
            explanation: contributors.map(|c| {
                let bias = self.ranking().and_then(|ranking| ranking.item_bias().get(item));
                let scores = (ranked_by, order.weight_of_bias * bias.copied().unwrap_or(0.0));
                c.explain(&self.titles, item, &self.panels().vector(item), scores, options.n_reasons)
            }),
            ..self.ranked(item, self.score(profile, item), &options.filter)
        });
        Recommendations { strategy: order.strategy, items: items.collect() }
    }

    fn popular(&self, profile: &Profile<'_>, options: &ListOptions) -> Recommendations<'_> {
        let (hidden, filter) = (self.hidden(profile, options), &options.filter);
        let mut pool: Vec<(usize, f32)> = Vec::new();
        let mut works = HashSet::new();
        for item in self.titles.popular() {
            if pool.len() == options.pool() {
                break;
            }
            let mut is_first_of_work = || {
                filter.all_editions || !self.titles.has_editions(item) || works.insert(self.titles.work(item))
            };
            if self.may_list(item, &hidden, filter) && is_first_of_work() {
                pool.push((item, self.titles.n_ratings(item) as f32));
            }
        }
        let items = self
            .pick(&pool, options)
            .into_iter()
            .map(|(item, _)| self.ranked(item, self.score(profile, item), filter));
        Recommendations { strategy: Strategy::Popular, items: items.collect() }
    }

    /// Returns the works that a list leaves out, in ascending order.
    fn hidden(&self, profile: &Profile<'_>, options: &ListOptions) -> Vec<u32> {
        let seen = profile.rated.iter().filter(|_| !options.include_seen).map(|r| r.work);
        let excluded = options.exclude.iter().map(|&title| self.titles.work(title) as u32);
        let mut hidden: Vec<u32> = seen.chain(excluded).collect();
        if !options.exclude.is_empty() {
            hidden.sort_unstable();
        }
        hidden
    }

    /// Returns the titles of the list: all of the pool, or a diverse choice from it if the options ask for
    /// one.
    fn pick(&self, pool: &[(usize, f32)], options: &ListOptions) -> Vec<(usize, f32)> {
        match options.diversity() {
            Some(diversity) => diversify(pool, options.n, diversity, |a, b| self.similarity(a, b)),
            None => pool.to_vec(),
        }
    }

    /// Returns the first titles of an order that pass the filter and whose work is not hidden (`hidden` is
    /// sorted), and the number of panels that were multiplied for it. Scores are not clipped, so titles above
    /// the scale keep their order.
    fn best(
        &self,
        order: &Order<'_>,
        hidden: &[u32],
        n: usize,
        filter: &Filter,
    ) -> (Vec<(usize, f32)>, usize) {
        let panels = self.panels();
        let reach = panels.reach(&order.vector);
        let mut top = TopN::new(n);
        let mut n_multiplied = 0_usize;
        for (panel, (biases, &greatest_bias)) in
            self.panel_biases.iter().zip(&self.greatest_biases).enumerate()
        {
            let added = order.added.get(panel);
            // Added up in the same order as the scores, so that rounding cannot push the bound below one.
            let bound = order.base
                + order.weight_of_bias * greatest_bias
                + panels.bound(panel, reach)
                + added.map_or(0.0, greatest);
            if bound < top.bar() {
                continue;
            }
            n_multiplied = n_multiplied.saturating_add(1);
            let products = panels.products(panel, &order.vector);
            let mut scores = *biases;
            for (score, product) in scores.iter_mut().zip(products) {
                *score = order.base + order.weight_of_bias * *score + product;
            }
            for (score, added) in scores.iter_mut().zip(added.into_iter().flatten()) {
                *score += added;
            }
            if greatest(&scores) < top.bar() {
                continue;
            }
            for (&item, score) in panels.items(panel).iter().zip(scores) {
                let item = item as usize;
                if top.keeps(item, score) && self.may_list(item, hidden, filter) {
                    self.offer(&mut top, item, score, filter);
                }
            }
        }
        (top.into_sorted(), n_multiplied)
    }

    /// Returns the number of panels that are multiplied for the list of a user with a ranking vector.
    #[cfg(test)]
    pub(super) fn n_multiplied(&self, user: User<'_>, n: usize) -> usize {
        let rated = user.title_idx.iter().zip(user.rating).map(|(&title, &rating)| (title as usize, rating));
        let profile = Profile { rated: self.last_of_each_work(rated), ..Profile::unknown() };
        let vector = Cow::Borrowed(user.ranking_vector.unwrap());
        let order = self.by_valued(Strategy::Ranking, vector, None, profile.valued(self.values));
        self.best(&order, &[], n, &Filter::default()).1
    }
}

fn greatest(lanes: &[f32; LANES]) -> f32 {
    lanes.iter().fold(f32::NEG_INFINITY, |high, &s| if s > high { s } else { high })
}
