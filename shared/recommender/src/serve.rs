use std::borrow::Cow;

use artifact::Invalid;
use thiserror::Error;

use crate::diversity::diversify;
use crate::posterior::Posterior;
use crate::reasons::Contributors;
use crate::scan::dot;
use crate::{
    Edition, Explanation, Filter, ItemModel, ItemPanels, LANES, ListOptions, RankingModel, TitleView, Titles,
    TopN, User, UserShape, fold_in,
};

/// The rating at or above which a user likes a title: what a ranking model is trained on and folded in from. As in
/// the protocol of Liang, Krishnan, Hoffman and Jebara (2018, section 4).
pub const LIKED: f32 = 4.0;

/// Artifacts that are not of one release.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the {one} has {expected} {what}, the {other} {found}: these artifacts are not of one release")]
pub struct Mismatch {
    what: &'static str,
    one: &'static str,
    expected: usize,
    other: &'static str,
    found: usize,
}

impl Mismatch {
    pub(crate) fn unless_equal(
        what: &'static str,
        one: &'static str,
        expected: usize,
        other: &'static str,
        found: usize,
    ) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self { what, one, expected, other, found }) }
    }
}

/// A title id that no title has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no title {0:?}")]
pub struct UnknownTitle(pub String);

/// How a list was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// By the ranking model, from the trained user's factors.
    Ranking,
    /// By the ranking model, from liked titles folded in.
    RankingFoldIn,
    /// By predicted score, from the trained user's factors.
    Svd,
    /// By predicted score of a model without factors: every user's order is the same.
    Biases,
    /// By predicted score, from ratings folded in.
    FoldIn,
    /// Most rated first: nothing is known of what the user likes.
    Popular,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 6] =
        [Self::Ranking, Self::RankingFoldIn, Self::Svd, Self::Biases, Self::FoldIn, Self::Popular];

    /// The name used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ranking => "ranking",
            Self::RankingFoldIn => "ranking_fold_in",
            Self::Svd => "svd",
            Self::Biases => "biases",
            Self::FoldIn => "fold_in",
            Self::Popular => "popular",
        }
    }
}

/// One title of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked<'a> {
    /// The title.
    pub title: TitleView<'a>,
    /// The predicted score, on the scale; among similar titles the similarity.
    pub score: f32,
    /// The other titles of the same work, in catalogue order, whether they pass the filter or not.
    pub also_on: Vec<Edition<'a>>,
    /// Why it is recommended. `None` where reasons were not asked for, and where there are none: for the strategies
    /// `Biases` and `Popular`, whose order owes nothing to the user's ratings, and among similar titles.
    pub explanation: Option<Explanation<'a>>,
}

/// A list, and how it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendations<'a> {
    /// How it was made.
    pub strategy: Strategy,
    /// The list, best first.
    pub items: Vec<Ranked<'a>>,
}

/// A predicted score.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction<'a> {
    /// The title.
    pub title: TitleView<'a>,
    /// The predicted score, on the scale. For an unknown user it is the title's, for an average user.
    pub score: f32,
    /// `Svd` or `Biases`; `Popular` for an unknown user.
    pub strategy: Strategy,
    /// Whether the score reaches the threshold.
    pub recommended: bool,
    /// The threshold.
    pub threshold: f32,
}

/// What similar titles have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemStrategy {
    /// Their factors: the same people like them.
    Factors,
    /// Their genres, since the model has no factors for the title.
    Genres,
}

impl ItemStrategy {
    /// Every strategy.
    pub const ALL: [Self; 2] = [Self::Factors, Self::Genres];

    /// The name used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Factors => "factors",
            Self::Genres => "genres",
        }
    }
}

/// Titles like another.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar<'a> {
    /// The title asked about.
    pub of: TitleView<'a>,
    /// What they have in common.
    pub strategy: ItemStrategy,
    /// Titles and similarities (at most 1), most similar first.
    pub items: Vec<Ranked<'a>>,
}

/// Everything that recommendations need beside the user they are for.
///
/// The rating model predicts scores. Lists are ordered by the *head*: the ranking model where the release has one, else
/// the rating model. Titles of one work have the same factors and biases in both models; where they have not, the
/// title with the greatest score stands for its work.
#[derive(Debug)]
pub struct Recommender {
    titles: Titles,
    model: ItemModel,
    head: Head,
    /// The head's b(i) by panels; minus infinity in lanes beyond the last item, which therefore are in no list.
    panel_biases: Vec<[f32; LANES]>,
    threshold: f32,
}

/// What orders lists, and says what is alike.
#[derive(Debug)]
enum Head {
    Ranking(RankingModel),
    /// The factors of the rating model, where the release has none that ranks.
    Rating(ItemPanels),
}

/// Ratings at which a neighbour's similarity counts half: few ratings make short-lived factors.
const SIMILARITY_SHRINKAGE: f32 = 10.0;

/// One rated work of a user.
#[derive(Debug, Clone, Copy)]
struct Rated {
    work: u32,
    title: usize,
    rating: f32,
}

/// Somebody to recommend to.
#[derive(Debug)]
struct Person<'a> {
    /// b(u) of the rating model; 0 where nothing is known.
    bias: f32,
    /// p(u) of the rating model; empty where nothing is known, so that every product is 0.
    vector: Cow<'a, [f32]>,
    /// What they rated, by work.
    rated: Vec<Rated>,
}

impl Person<'_> {
    fn unknown() -> Self {
        Self { bias: 0.0, vector: Cow::Borrowed(&[]), rated: Vec::new() }
    }

    /// Titles and ratings, by title.
    fn ratings(&self) -> Vec<(usize, f32)> {
        let mut ratings: Vec<(usize, f32)> = self.rated.iter().map(|r| (r.title, r.rating)).collect();
        ratings.sort_unstable_by_key(|&(title, _)| title);
        ratings
    }

    /// Titles that they like, and their ratings, by title.
    fn liked(&self) -> Vec<(usize, f32)> {
        let mut liked = self.ratings();
        liked.retain(|&(_, rating)| rating >= LIKED);
        liked
    }
}

/// What a list is ordered by: `base + b(i) + vector·q(i)` of the head.
#[derive(Debug)]
struct Order<'a> {
    strategy: Strategy,
    base: f32,
    vector: Cow<'a, [f32]>,
    contributors: Option<Contributors>,
}

/// The posterior of a ranking vector.
fn posterior_of_liked(ranking: &RankingModel, liked: &[(usize, f32)]) -> Posterior {
    let titles: Vec<usize> = liked.iter().map(|&(title, _)| title).collect();
    ranking.posterior(&titles)
}

impl Recommender {
    /// Puts the artifacts of one release together. `ranking` orders the lists where there is one; `users` is what the
    /// users have in common who will be recommended to; `threshold` is the score at or above which a title is recommended.
    ///
    /// # Errors
    /// Artifacts whose sizes do not agree.
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
        let head = ranking.map_or_else(|| Head::Rating(ItemPanels::of(&model)), Head::Ranking);
        Ok(Self { titles, model, head, panel_biases, threshold })
    }

    /// The titles.
    pub fn titles(&self) -> &Titles {
        &self.titles
    }

    /// The model that predicts scores.
    pub fn model(&self) -> &ItemModel {
        &self.model
    }

    /// The model that orders lists, where the release has one.
    pub fn ranking(&self) -> Option<&RankingModel> {
        match &self.head {
            Head::Ranking(ranking) => Some(ranking),
            Head::Rating(_) => None,
        }
    }

    /// The item vectors of the model that lists are ordered by, which say what is alike.
    fn panels(&self) -> &ItemPanels {
        match &self.head {
            Head::Ranking(ranking) => ranking.panels(),
            Head::Rating(panels) => panels,
        }
    }

    /// The best titles for a user, of those that the options let pass; `None` is somebody whom the release does not know.
    ///
    /// With a ranking model they are ordered by its `p(u)·q(i) + b(i)`, else by predicted score before it is clipped;
    /// of equal ones the title that stands first in the catalogue. A list has one title of a work, unless the filter
    /// wants all editions: the first in order that passes. Works that the user has rated are left out, unless they
    /// are wanted. The score of each title is the predicted one, as of [`Recommender::predict`].
    ///
    /// An unknown user, and one whose ranking vector is 0 (they like nothing), get the most rated works.
    ///
    /// Reasons come from folding in what the user rated (with a ranking model: what they like, see [`LIKED`]); of
    /// several titles of one work the last in the catalogue. A stored ranking vector is that fold-in up to half
    /// precision, a stored vector of the rating model is what its trainer made of more than that; what it adds stands
    /// in the explanation's `base`.
    ///
    /// # Panics
    /// Where a position in `options.exclude` is out of range, or the user is not of the shape that
    /// [`Recommender::new`] was given.
    pub fn recommend(&self, user: Option<User<'_>>, options: &ListOptions) -> Recommendations<'_> {
        let Some(user) = user else {
            return self.popular(&Person::unknown(), options);
        };
        let person = Person {
            bias: user.bias,
            vector: Cow::Borrowed(user.vector),
            rated: self.last_of_each_work(
                user.title_idx.iter().zip(user.rating).map(|(&title, &rating)| (title as usize, rating)),
            ),
        };
        if let (Some(ranking), Some(vector)) = (self.ranking(), user.ranking_vector) {
            let contributors = || {
                let liked = person.liked();
                Contributors::new(posterior_of_liked(ranking, &liked), liked, 0.0)
            };
            let order = Order {
                strategy: Strategy::Ranking,
                base: 0.0,
                vector: Cow::Borrowed(vector),
                contributors: (options.n_reasons > 0).then(contributors),
            };
            return self.by_liking(&person, &order, options);
        }
        let contributors = || {
            let ratings = person.ratings();
            Contributors::new(fold_in::posterior(&self.model, &ratings), ratings, 1.0)
        };
        let order = self.by_score(
            Strategy::Svd,
            &person,
            (options.n_reasons > 0 && self.model.n_factors() > 0).then(contributors),
        );
        self.list(&person, &order, options)
    }

    /// The same for somebody the model never saw, from ratings by title position: both models' vectors are folded in.
    /// A work rated twice counts with its last rating. Without any rating, or with a ranking model and nothing liked,
    /// the list is the popular one.
    ///
    /// # Panics
    /// Where a title position is out of range.
    pub fn recommend_to_new(&self, ratings: &[(usize, f32)], options: &ListOptions) -> Recommendations<'_> {
        if ratings.is_empty() {
            return self.popular(&Person::unknown(), options);
        }
        let mut person =
            Person { rated: self.last_of_each_work(ratings.iter().copied()), ..Person::unknown() };
        let ratings = person.ratings();
        let posterior = fold_in::posterior(&self.model, &ratings);
        person.bias = posterior.bias();
        person.vector = Cow::Owned(posterior.vector());
        if let Some(ranking) = self.ranking() {
            let liked = person.liked();
            let posterior = posterior_of_liked(ranking, &liked);
            let order = Order {
                strategy: Strategy::RankingFoldIn,
                base: 0.0,
                vector: Cow::Owned(posterior.vector()),
                contributors: Some(Contributors::new(posterior, liked, 0.0)),
            };
            return self.by_liking(&person, &order, options);
        }
        let contributors = (self.model.n_factors() > 0).then(|| Contributors::new(posterior, ratings, 1.0));
        let order = self.by_score(Strategy::FoldIn, &person, contributors);
        self.list(&person, &order, options)
    }

    /// One rating a work, by work: the last of those given.
    fn last_of_each_work(&self, ratings: impl Iterator<Item = (usize, f32)>) -> Vec<Rated> {
        let mut rated: Vec<Rated> = ratings
            .map(|(title, rating)| Rated { work: self.titles.work(title) as u32, title, rating })
            .collect();
        rated.reverse();
        rated.sort_by_key(|r| r.work);
        rated.dedup_by_key(|r| r.work);
        rated
    }

    /// The order of the rating model; `with_factors` names it where the model has factors.
    fn by_score<'p>(
        &self,
        with_factors: Strategy,
        person: &'p Person<'_>,
        contributors: Option<Contributors>,
    ) -> Order<'p> {
        Order {
            strategy: if self.model.n_factors() == 0 { Strategy::Biases } else { with_factors },
            base: self.model.parts().global_mean + person.bias,
            vector: Cow::Borrowed(&person.vector),
            contributors,
        }
    }

    /// The list of the ranking model; the popular one where its vector says nothing.
    fn by_liking(
        &self,
        person: &Person<'_>,
        order: &Order<'_>,
        options: &ListOptions,
    ) -> Recommendations<'_> {
        if order.vector.iter().all(|&v| v == 0.0) {
            self.popular(person, options)
        } else {
            self.list(person, order, options)
        }
    }

    fn list(&self, person: &Person<'_>, order: &Order<'_>, options: &ListOptions) -> Recommendations<'_> {
        let hidden = self.hidden(person, options);
        let pool = self.best(order.base, &order.vector, &hidden, options.pool(), &options.filter);
        let contributors = order.contributors.as_ref().filter(|_| options.n_reasons > 0);
        let items = self.pick(&pool, options).into_iter().map(|(item, ranked_by)| Ranked {
            explanation: contributors
                .map(|c| c.explain(&self.titles, &self.panels().vector(item), ranked_by, options.n_reasons)),
            ..self.ranked(item, self.score(person, item))
        });
        Recommendations { strategy: order.strategy, items: items.collect() }
    }

    fn popular(&self, person: &Person<'_>, options: &ListOptions) -> Recommendations<'_> {
        let (hidden, filter) = (self.hidden(person, options), &options.filter);
        let mut pool: Vec<(usize, f32)> = Vec::new();
        for item in self.titles.popular() {
            if pool.len() == options.pool() {
                break;
            }
            let stands = || {
                filter.all_editions
                    || !self.titles.has_editions(item)
                    || pool.iter().all(|&(other, _)| self.titles.work(other) != self.titles.work(item))
            };
            if self.may_stand(item, &hidden, filter) && stands() {
                pool.push((item, self.titles.n_ratings(item) as f32));
            }
        }
        let items = self
            .pick(&pool, options)
            .into_iter()
            .map(|(item, _)| self.ranked(item, self.score(person, item)));
        Recommendations { strategy: Strategy::Popular, items: items.collect() }
    }

    /// The works that a list leaves out, ascending.
    fn hidden(&self, person: &Person<'_>, options: &ListOptions) -> Vec<u32> {
        let seen = person.rated.iter().filter(|_| !options.include_seen).map(|r| r.work);
        let excluded = options.exclude.iter().map(|&title| self.titles.work(title) as u32);
        let mut hidden: Vec<u32> = seen.chain(excluded).collect();
        if !options.exclude.is_empty() {
            hidden.sort_unstable();
        }
        hidden
    }

    fn may_stand(&self, item: usize, hidden: &[u32], filter: &Filter) -> bool {
        hidden.binary_search(&(self.titles.work(item) as u32)).is_err() && filter.passes(&self.titles, item)
    }

    /// The list itself, from the best titles: those, or a diverse choice of them.
    fn pick(&self, pool: &[(usize, f32)], options: &ListOptions) -> Vec<(usize, f32)> {
        match options.diversity() {
            Some(diversity) => diversify(pool, options.n, diversity, |a, b| self.alike(a, b)),
            None => pool.to_vec(),
        }
    }

    /// The cosine of two titles in the head's factors; where one has none, the genres they share.
    fn alike(&self, a: usize, b: usize) -> f32 {
        let lengths = self.panels().norms()[a] * self.panels().norms()[b];
        if lengths > 0.0 {
            (self.panels().product(a, b) / lengths).clamp(-1.0, 1.0)
        } else {
            self.titles.genre_similarity(a, b)
        }
    }

    /// The predicted score of the title at a position for a user, on the scale; the rating model's, whatever orders the
    /// lists. `None` is somebody whom the release does not know.
    ///
    /// # Panics
    /// Where the position is out of range.
    pub fn predict(&self, user: Option<User<'_>>, item: usize) -> Prediction<'_> {
        let (person, strategy) = match user {
            Some(user) => {
                let (bias, vector) = (user.bias, Cow::Borrowed(user.vector));
                let strategy = if self.model.n_factors() == 0 { Strategy::Biases } else { Strategy::Svd };
                (Person { bias, vector, rated: Vec::new() }, strategy)
            }
            None => (Person::unknown(), Strategy::Popular),
        };
        let score = self.score(&person, item);
        Prediction {
            title: self.titles.view(item),
            score,
            strategy,
            recommended: score >= self.threshold,
            threshold: self.threshold,
        }
    }

    /// The `n` titles most like another that pass the filter, none of them of the same work: by the cosine of their
    /// factors in the model that orders lists, times `m / (m + 10)` for a title whose work `m` users rated; where that
    /// model has no factors for the title, by shared genres (Jaccard), the more rated one first. One title of a work,
    /// as in [`Recommender::recommend`].
    ///
    /// # Errors
    /// No such title.
    pub fn similar(&self, title_id: &str, n: usize, filter: &Filter) -> Result<Similar<'_>, UnknownTitle> {
        let item = self.position(title_id)?;
        let own_work = [self.titles.work(item) as u32];
        let mut top = TopN::new(n);
        let (panels, norms) = (self.panels(), self.panels().norms());
        let (strategy, items) = if norms[item] > 0.0 {
            panels.scan(&panels.vector(item), |first, products| {
                for (other, product) in (first..self.titles.len()).zip(products) {
                    let norm = norms[other];
                    if norm > 0.0 {
                        let m = self.titles.n_ratings(other) as f32;
                        let cosine = (product / (norm * norms[item])).clamp(-1.0, 1.0);
                        // Zero added makes a negative zero a zero: where nobody rated the work, all tie.
                        let similarity = cosine * m / (m + SIMILARITY_SHRINKAGE) + 0.0;
                        if similarity > top.bar() && self.may_stand(other, &own_work, filter) {
                            self.offer(&mut top, other, similarity, filter);
                        }
                    }
                }
            });
            (ItemStrategy::Factors, top.into_sorted())
        } else {
            // The most rated come first, so that of equal similarities the lower rank wins.
            let by_rank: Vec<usize> = self.titles.popular().collect();
            for (rank, &other) in by_rank.iter().enumerate() {
                let similarity = self.titles.genre_similarity(item, other);
                if similarity > 0.0 && similarity > top.bar() && self.may_stand(other, &own_work, filter) {
                    let work = self.titles.work(other);
                    let same = |rank: usize| !filter.all_editions && self.titles.work(by_rank[rank]) == work;
                    top.push_one_of_group(rank, similarity, same);
                }
            }
            let sorted = top.into_sorted().into_iter().map(|(rank, score)| (by_rank[rank], score));
            (ItemStrategy::Genres, sorted.collect())
        };
        let items = items.into_iter().map(|(other, score)| self.ranked(other, score)).collect();
        Ok(Similar { of: self.titles.view(item), strategy, items })
    }

    /// The position of a title.
    ///
    /// # Errors
    /// No such title.
    pub fn position(&self, title_id: &str) -> Result<usize, UnknownTitle> {
        self.titles.position(title_id).ok_or_else(|| UnknownTitle(title_id.to_owned()))
    }

    fn ranked(&self, item: usize, score: f32) -> Ranked<'_> {
        let also_on = self.titles.also_on(item);
        Ranked { title: self.titles.view(item), score, also_on, explanation: None }
    }

    /// The predicted score, summed as [`FactorModel::predict`](crate::FactorModel::predict) does it.
    fn score(&self, person: &Person<'_>, item: usize) -> f32 {
        let parts = self.model.parts();
        let product = dot(&person.vector, self.model.item_vector(item));
        self.model.clip(parts.global_mean + person.bias + parts.item_bias[item] + product)
    }

    /// The highest `base + b(i) + vector·q(i)` among the titles whose work is not hidden (ascending) and that pass the
    /// filter. Not clipped, so that titles above the scale keep their order.
    fn best(
        &self,
        base: f32,
        vector: &[f32],
        hidden: &[u32],
        n: usize,
        filter: &Filter,
    ) -> Vec<(usize, f32)> {
        let mut top = TopN::new(n);
        let mut bar = top.bar();
        self.panels().scan(vector, |first, products| {
            let mut scores = self.panel_biases[first / LANES];
            for (score, product) in scores.iter_mut().zip(products) {
                *score = base + *score + product;
            }
            let highest = scores.iter().fold(f32::NEG_INFINITY, |high, &s| if s > high { s } else { high });
            if highest <= bar {
                return;
            }
            for (item, &score) in (first..).zip(&scores) {
                if score > bar && self.may_stand(item, hidden, filter) {
                    self.offer(&mut top, item, score, filter);
                    bar = top.bar();
                }
            }
        });
        top.into_sorted()
    }

    /// Puts a title among the best, where no better one of its work is.
    fn offer(&self, top: &mut TopN, item: usize, score: f32, filter: &Filter) {
        if filter.all_editions || !self.titles.has_editions(item) {
            top.push(item, score);
        } else {
            let work = self.titles.work(item);
            top.push_one_of_group(item, score, |other| self.titles.work(other) == work);
        }
    }
}

impl From<Mismatch> for Invalid {
    fn from(mismatch: Mismatch) -> Self {
        Self::new("release", mismatch.to_string())
    }
}

#[cfg(test)]
mod tests {
    use artifact::Artifact;
    use catalog::{Kind, Platform, RatingTable, Title, TitleId, TitleTable, UserId};
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::{Criteria, FilterError, ItemModelParts, RankingWeights, UserBlock, UserPrior, UsersWriter};

    /// The title that title `i` of `n` is a further edition of, or itself: the last third repeats every other one of
    /// the first two.
    fn original(i: usize, n: usize) -> usize {
        let first = n * 2 / 3;
        if i < first { i } else { (i - first) * 2 }
    }

    fn table(n: usize) -> TitleTable {
        let platforms = ["amazon", "netflix"].map(|p| Platform::new(p).unwrap()).to_vec();
        let titles = (0..n)
            .map(|i| {
                let like = original(i, n);
                Title {
                    id: TitleId::new(&format!("t{}", n - i)).unwrap(),
                    platform_idx: (i % 2) as u8,
                    kind: if like.is_multiple_of(3) { Kind::Series } else { Kind::Movie },
                    display: format!("Title {like}"),
                    director: Vec::new(),
                    cast: Vec::new(),
                    country: Vec::new(),
                    date_added: None,
                    release_year: (!like.is_multiple_of(7)).then_some(2000 + (like % 5) as u16),
                    audience: ["g", "pg-13", ""][i % 3].to_owned(),
                    duration: None,
                    genres: [["comedies", "dramas"][i % 2], ["comedy", "horror", "dramas"][i % 3]]
                        .map(str::to_owned)
                        .to_vec(),
                    description: String::new(),
                }
            })
            .collect();
        TitleTable::new(platforms, titles).unwrap()
    }

    /// A release without rhyme or reason, the same for every seed.
    #[derive(Debug, Clone, Copy)]
    struct Made {
        n_users: usize,
        n_items: usize,
        k: usize,
        ranking: bool,
        /// Whether titles of one work have the same factors.
        copies: bool,
        seed: u32,
    }

    impl Default for Made {
        fn default() -> Self {
            Self { n_users: 6, n_items: 30, k: 3, ranking: false, copies: true, seed: 1 }
        }
    }

    impl Made {
        fn value(self, i: usize) -> f32 {
            let x = (i as u32 ^ self.seed).wrapping_mul(2_654_435_761);
            (x ^ (x >> 15)).wrapping_mul(2_246_822_519) as f32 / u32::MAX as f32 - 0.5
        }

        fn ratings(self) -> RatingTable {
            let rows: Vec<Vec<u32>> = (0..self.n_users)
                .map(|u| {
                    (0..self.n_items as u32).filter(|&i| self.value(u * 31 + i as usize * 7) > 0.2).collect()
                })
                .collect();
            let mut offsets = vec![0];
            offsets.extend(rows.iter().scan(0, |sum, r| {
                *sum += r.len() as u64;
                Some(*sum)
            }));
            let title_idx: Vec<u32> = rows.concat();
            let n = title_idx.len();
            let mut users: Vec<UserId> =
                (0..self.n_users).map(|u| UserId::new(&format!("u{u}")).unwrap()).collect();
            users.sort();
            let ratings = (0..n).map(|r| 0.5 + (r % 10) as f32 / 2.0).collect();
            RatingTable::new(users, offsets, title_idx, ratings, vec![0; n], self.n_items).unwrap()
        }

        /// Values of items, of which titles of one work have the same.
        fn of_items(self, works: &[u32], from: usize, k: usize) -> Vec<f32> {
            let like = |i: usize| if self.copies { works[i] as usize } else { i };
            (0..self.n_items)
                .flat_map(|i| (0..k).map(move |f| self.value(from + like(i) * k + f) * 2.0))
                .collect()
        }

        fn model(self, works: &[u32]) -> ItemModel {
            let k = self.k;
            ItemModel::new(ItemModelParts {
                global_mean: 3.0,
                item_bias: self.of_items(works, 2000, 1),
                n_factors: k,
                item_factors: self.of_items(works, 9000, k),
                scale: (0.5, 5.0),
                noise_variance: 0.8,
                user_prior: UserPrior::standard(k),
            })
            .unwrap()
        }

        fn ranking(self, works: &[u32]) -> RankingModel {
            let weights = RankingWeights {
                unobserved_weight: 0.1,
                regularization: 0.05,
                exponent: 0.5,
                n_titles: works.len() as u32,
            };
            let k = self.k + 1;
            let item_factors = self.of_items(works, 20_000, k);
            let items = ItemModel::new(ItemModelParts {
                item_bias: self.of_items(works, 30_000, 1),
                n_factors: k,
                user_prior: RankingModel::prior(&item_factors, k, weights).unwrap(),
                item_factors,
                ..ItemModelParts::default()
            });
            RankingModel::new(items.unwrap(), weights).unwrap()
        }

        /// Users' ranking vectors are folded in from what they like, as a trainer leaves them; the first likes nothing.
        fn users(self, works: &[u32], ratings: &RatingTable, ranking: Option<&RankingModel>) -> UserBlock {
            let mut writer = UsersWriter::with_block_bytes(self.shape(), usize::MAX);
            for (user, id) in ratings.users().iter().enumerate() {
                let rows = ratings.rows_of(user);
                let (title_idx, rating) = (&ratings.title_idx()[rows.clone()], &ratings.rating()[rows]);
                let last = |at: usize| {
                    title_idx[at + 1..].iter().all(|&t| works[t as usize] != works[title_idx[at] as usize])
                };
                let liked: Vec<usize> = (0..title_idx.len())
                    .filter(|&at| user > 0 && rating[at] >= LIKED && last(at))
                    .map(|at| title_idx[at] as usize)
                    .collect();
                let of_ranking = ranking.map(|ranking| ranking.fold_in(&liked));
                let vector: Vec<f32> =
                    (user * self.k..(user + 1) * self.k).map(|i| self.value(i + 3000) * 2.0).collect();
                let written = writer.push(User {
                    id: id.as_str(),
                    bias: self.value(user + 1000),
                    vector: &vector,
                    ranking_vector: of_ranking.as_deref(),
                    title_idx,
                    rating,
                });
                assert_eq!(written.unwrap(), None);
            }
            UserBlock::from_bytes(&writer.finish().unwrap().0.unwrap()).unwrap()
        }

        fn shape(self) -> UserShape {
            let n_ranking_factors = self.ranking.then_some(self.k + 1);
            UserShape { n_factors: self.k, n_ranking_factors, n_titles: self.n_items }
        }

        fn recommender(self) -> Release {
            let (table, ratings) = (table(self.n_items), self.ratings());
            let titles = Titles::build(&table, &ratings);
            let titles = Titles::from_bytes(&titles.to_bytes().unwrap()).unwrap();
            let works = table.works();
            let ranking = self.ranking.then(|| self.ranking(&works));
            let users = self.users(&works, &ratings, ranking.as_ref());
            let made = Recommender::new(titles, self.model(&works), ranking, self.shape(), 3.5);
            Release { recommender: made.unwrap(), users }
        }
    }

    /// A recommender with the users it is asked about.
    struct Release {
        recommender: Recommender,
        users: UserBlock,
    }

    impl std::ops::Deref for Release {
        type Target = Recommender;
        fn deref(&self) -> &Recommender {
            &self.recommender
        }
    }

    impl Release {
        fn user(&self, id: &str) -> Option<User<'_>> {
            self.users.position(id).map(|at| self.users.user(at))
        }

        fn recommend(&self, id: &str, options: &ListOptions) -> Recommendations<'_> {
            self.recommender.recommend(self.user(id), options)
        }

        fn predict(&self, id: &str, title: &str) -> Prediction<'_> {
            self.recommender.predict(self.user(id), self.position(title).unwrap())
        }
    }

    fn short(n: usize) -> ListOptions {
        ListOptions { n, ..ListOptions::default() }
    }

    fn with_all_editions(n: usize) -> ListOptions {
        let mut options = short(n);
        options.filter.all_editions = true;
        options
    }

    fn ids<'a>(list: &'a Recommendations<'_>) -> Vec<&'a str> {
        list.items.iter().map(|i| i.title.id).collect()
    }

    /// The positions of a list, worked out title by title from scores.
    fn slow_list(
        r: &Recommender,
        scores: &[f32],
        hidden: &[u32],
        passes: impl Fn(&TitleView<'_>) -> bool,
        options: &ListOptions,
    ) -> Vec<usize> {
        let hides = |i: usize| hidden.iter().any(|&h| r.titles.work(h as usize) == r.titles.work(i));
        let mut all: Vec<usize> =
            (0..scores.len()).filter(|&i| !hides(i) && passes(&r.titles.view(i))).collect();
        all.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        if !options.filter.all_editions {
            let mut works = std::collections::BTreeSet::new();
            all.retain(|&i| works.insert(r.titles.work(i)));
        }
        all.truncate(options.n);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_list_is_that_of_a_slow_scan_and_agrees_with_predict(
            seed: u32, k in 0_usize..5, n in 1_usize..8,
            [ranking, copies] in any::<[bool; 2]>(),
            [netflix, movies, years, genre, audience] in any::<[bool; 5]>(),
            min_ratings in 0_u32..4,
            [all_editions, include_seen, exclude] in any::<[bool; 3]>(),
        ) {
            let r = Made { n_users: 5, n_items: 37, k, ranking, copies, seed }.recommender();
            let criteria = Criteria {
                platform: netflix.then_some("NetFlix"),
                kind: movies.then_some(Kind::Movie),
                genre: genre.then_some("Comed"),
                audience: audience.then_some("PG-13"),
                year_from: years.then_some(2001),
                year_to: years.then_some(2003),
                min_ratings,
                all_editions,
            };
            let passes = |view: &TitleView<'_>| {
                (!netflix || view.platform == "netflix")
                    && (!movies || view.kind == Kind::Movie)
                    && (!years || view.year.is_some_and(|y| (2001..=2003).contains(&y)))
                    && (!genre || view.genres.iter().any(|g| g.contains("comed")))
                    && (!audience || view.audience == Some("pg-13"))
                    && view.n_ratings >= min_ratings
            };
            let options = ListOptions {
                filter: Filter::new(r.titles(), &criteria).unwrap(),
                exclude: if exclude { vec![30, 4, 30] } else { Vec::new() },
                include_seen,
                ..short(n)
            };
            for user in ["u0", "u3", "nobody"] {
                let known = r.user(user);
                let mut hidden: Vec<u32> = options.exclude.iter().map(|&t| t as u32).collect();
                if let Some(known) = known && !include_seen {
                    hidden.extend(known.title_idx);
                }
                let vector = known.map(|u| u.ranking_vector.unwrap_or(u.vector));
                let popular = vector.is_none_or(|v| ranking && v.iter().all(|&v| v == 0.0));
                let scores: Vec<f32> = (0..37)
                    .map(|i| match known.filter(|_| !popular) {
                        // A title earlier in the order of popularity is better by one.
                        None => -(r.titles.popular().position(|t| t == i).unwrap() as f32),
                        Some(user) => {
                            let base = if ranking { 0.0 } else { 3.0 + user.bias };
                            base + r.ranking().map_or(&r.model().parts().item_bias[..], RankingModel::item_bias)[i] + dot(vector.unwrap(), &r.panels().vector(i))
                        }
                    })
                    .collect();
                let expected = slow_list(&r, &scores, &hidden, passes, &options);
                let list = r.recommend(user, &options);
                let strategy = match (popular, ranking, k) {
                    (true, ..) => Strategy::Popular,
                    (_, true, _) => Strategy::Ranking,
                    (_, _, 0) => Strategy::Biases,
                    _ => Strategy::Svd,
                };
                prop_assert_eq!(list.strategy, strategy);
                prop_assert_eq!(ids(&list), expected.iter().map(|&i| r.titles.id(i)).collect::<Vec<_>>());
                for item in &list.items {
                    let said = r.predict(user, item.title.id);
                    prop_assert_eq!(said.score.to_bits(), item.score.to_bits());
                    prop_assert_eq!(said.recommended, said.score >= 3.5);
                    prop_assert_eq!(&item.explanation, &None);
                }
            }
        }

        #[test]
        fn base_and_contributions_are_the_score_and_each_is_what_its_rating_makes(
            seed: u32, k in 1_usize..5, ranking: bool, trained: bool,
        ) {
            let made = Made { k, ranking, seed, ..Made::default() };
            let r = made.recommender();
            let options = ListOptions { n_reasons: 100, ..with_all_editions(30) };
            let given = [(3_usize, 4.5_f32), (11, 1.0), (7, 5.0), (16, 4.0)];
            let list = if trained { r.recommend("u2", &options) } else { r.recommend_to_new(&given, &options) };
            let mut ratings: Vec<(usize, f32)> = if trained {
                let user = r.user("u2").unwrap();
                let titles = user.title_idx.iter().map(|&t| t as usize);
                r.last_of_each_work(titles.zip(user.rating.iter().copied()))
                    .iter()
                    .map(|r| (r.title, r.rating))
                    .collect()
            } else {
                given.to_vec()
            };
            if ranking {
                ratings.retain(|&(_, rating)| rating >= LIKED);
            }
            // The score of an item where what was rated at `without` tells nothing new: its target is what the prior,
            // whose mean is 0 here, expects.
            let parts = r.model().parts();
            let (mean, biases, prior) = match r.ranking() {
                Some(ranking) => (0.0, ranking.item_bias(), ranking.user_prior()),
                None => (parts.global_mean, &parts.item_bias[..], &parts.user_prior),
            };
            let vectors: Vec<Vec<f32>> = ratings.iter().map(|&(title, _)| r.panels().vector(title)).collect();
            let score = |item: usize, without: Option<usize>| -> f64 {
                let observations: Vec<_> = ratings
                    .iter()
                    .zip(&vectors)
                    .map(|(&(title, rating), vector)| {
                        let expected = f64::from(mean + biases[title]);
                        let wanted = if ranking { 1.0 } else { f64::from(rating) };
                        crate::posterior::Observation {
                            bias: if ranking { 0.0 } else { 1.0 },
                            vector,
                            target: if without == Some(title) { 0.0 } else { wanted - expected },
                        }
                    })
                    .collect();
                let (noise, ridge) = match r.ranking() {
                    Some(m) => (1.0, m.weights().ridge(ratings.len()) - m.weights().ridge(0)),
                    None => (0.8_f32.into(), 0.0),
                };
                let posterior = Posterior::new(prior, noise, ridge, &observations);
                f64::from(mean + posterior.bias() + biases[item]
                    + dot(&posterior.vector(), &r.panels().vector(item)))
            };
            prop_assert!(!list.items.is_empty());
            if list.strategy == Strategy::Popular {
                prop_assert!(ranking && trained && ratings.is_empty());
                return Ok(());
            }
            for item in &list.items {
                let at = r.position(item.title.id).unwrap();
                let e = item.explanation.as_ref().unwrap();
                let each: Vec<f64> =
                    ratings.iter().map(|&(t, _)| score(at, None) - score(at, Some(t))).collect();
                prop_assert!((e.base + each.iter().sum::<f64>() - f64::from(e.ranked_by)).abs() < 1e-4);
                // Where the vector is that fold-in, nothing is left for the base but what no rating moves.
                if ranking || !trained {
                    let unmoved = f64::from(mean + biases[at]);
                    // A stored vector is rounded to half precision.
                    let close = if trained { 5e-3 } else { 1e-4 };
                    prop_assert!((e.base - unmoved).abs() < close, "{} is not {unmoved}", e.base);
                }
                if !ranking {
                    prop_assert!((item.score - e.ranked_by.clamp(0.5, 5.0)).abs() < 1e-5);
                }
                let all: f64 = each.iter().map(|c| c.abs()).sum();
                // Sums in single precision leave contributions near 0 undecided.
                let least = each.iter().filter(|&&c| c > 1e-4).count();
                let most = each.iter().filter(|&&c| c > -1e-4).count();
                prop_assert!((least..=most).contains(&e.reasons.len()));
                prop_assert!(e.reasons.iter().all(|reason| reason.contribution > 0.0));
                prop_assert!(e.reasons.is_sorted_by(|a, b| a.contribution >= b.contribution));
                for reason in &e.reasons {
                    let which = ratings.iter().position(|&(t, _)| r.titles.id(t) == reason.id).unwrap();
                    prop_assert_eq!(reason.rating.to_bits(), ratings[which].1.to_bits());
                    prop_assert!((reason.contribution - each[which]).abs() < 1e-4);
                    prop_assert!((reason.share - each[which] / all).abs() < 1e-3);
                }
            }
        }

        #[test]
        fn similar_titles_are_those_of_a_slow_scan(
            seed: u32, k in 0_usize..4, n in 1_usize..9,
            [ranking, copies, all_editions, series] in any::<[bool; 4]>(), item in 0_usize..37,
        ) {
            let r = Made { n_items: 37, k, ranking, copies, seed, ..Made::default() }.recommender();
            let kind = series.then_some(Kind::Series);
            let criteria = Criteria { kind, all_editions, ..Criteria::default() };
            let filter = Filter::new(r.titles(), &criteria).unwrap();
            let of = r.titles.id(item);
            let similar = r.similar(of, n, &filter).unwrap();
            let factors = r.panels().n_factors() > 0;
            prop_assert_eq!(similar.strategy, if factors { ItemStrategy::Factors } else { ItemStrategy::Genres });
            let rank = |i: usize| r.titles.popular().position(|t| t == i).unwrap();
            let mut all: Vec<(usize, f32)> = (0..37)
                .filter(|&i| r.titles.work(i) != r.titles.work(item))
                .filter(|&i| !series || r.titles.kind(i) == Kind::Series)
                .map(|i| {
                    let m = r.titles.n_ratings(i) as f32;
                    let shrunk = r.alike(item, i) * m / (m + 10.0) + 0.0;
                    (i, if factors { shrunk } else { r.titles.genre_similarity(item, i) })
                })
                .filter(|&(_, similarity)| factors || similarity > 0.0)
                .collect();
            let tie = |i: usize| if factors { i } else { rank(i) };
            // Products of the same vectors in another order differ in the last place.
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(tie(a.0).cmp(&tie(b.0))));
            if !all_editions {
                let mut works = std::collections::BTreeSet::new();
                all.retain(|&(i, _)| works.insert(r.titles.work(i)));
            }
            prop_assert_eq!(similar.items.len(), n.min(all.len()));
            for (found, (i, similarity)) in similar.items.iter().zip(&all) {
                prop_assert!((found.score - similarity).abs() < 1e-6);
                if copies {
                    prop_assert_eq!(found.title.id, r.titles.id(*i));
                }
            }
        }
    }

    #[test]
    fn an_unknown_user_gets_the_most_rated() {
        let r = Made::default().recommender();
        let list = r.recommend("nobody", &short(5));
        assert_eq!(list.strategy, Strategy::Popular);
        let counts: Vec<u32> = list.items.iter().map(|i| i.title.n_ratings).collect();
        assert!(counts.is_sorted_by(|a, b| a >= b) && counts[0] > 0, "{counts:?}");
        assert_eq!(r.recommend_to_new(&[], &short(5)), list);
        assert_eq!(r.predict("nobody", "t1").strategy, Strategy::Popular);
    }

    #[test]
    fn a_new_user_is_not_shown_what_they_rated_and_the_last_rating_counts() {
        for ranking in [false, true] {
            let r = Made { ranking, seed: 2, ..Made::default() }.recommender();
            // Titles 2 and 21 are one work, and title 3 has no other edition.
            assert_eq!((r.titles.work(21), r.titles.has_editions(3)), (2, false));
            let twice = r.recommend_to_new(&[(3, 0.5), (2, 5.0), (3, 4.0)], &with_all_editions(30));
            let once = r.recommend_to_new(&[(2, 5.0), (3, 4.0)], &with_all_editions(30));
            assert_eq!(twice, once);
            let strategy = if ranking { Strategy::RankingFoldIn } else { Strategy::FoldIn };
            assert_eq!((twice.strategy, twice.items.len()), (strategy, 27));
            let hidden = [2, 3, 21].map(|t| r.titles.id(t));
            assert!(ids(&twice).iter().all(|id| !hidden.contains(id)));
            let other_edition = r.recommend_to_new(&[(21, 1.0), (3, 4.0), (2, 5.0)], &with_all_editions(30));
            assert_eq!(ids(&other_edition), ids(&once));
        }
    }

    #[test]
    fn somebody_who_likes_nothing_gets_what_is_popular_and_unseen() {
        let r = Made { ranking: true, seed: 6, ..Made::default() }.recommender();
        let seen: Vec<usize> = r.titles.popular().take(4).collect();
        let given: Vec<(usize, f32)> = seen.iter().map(|&t| (t, 2.5)).collect();
        let options = ListOptions { n_reasons: 3, ..short(5) };
        let list = r.recommend_to_new(&given, &options);
        assert_eq!(list.strategy, Strategy::Popular);
        assert!(list.items.iter().all(|i| i.explanation.is_none()));
        let all = r.recommend("nobody", &short(30));
        let unseen = all.items.iter().filter(|i| {
            let work = r.titles.work(r.position(i.title.id).unwrap());
            seen.iter().all(|&t| r.titles.work(t) != work)
        });
        assert_eq!(ids(&list), unseen.take(5).map(|i| i.title.id).collect::<Vec<_>>());
        // The first user of the fixture is in the model with a vector of 0.
        let list = r.recommend("u0", &options);
        assert_eq!(list.strategy, Strategy::Popular);
        let said = r.predict("u0", list.items[0].title.id);
        assert_eq!(list.items[0].score.to_bits(), said.score.to_bits());
    }

    #[test]
    fn a_list_names_the_other_platforms_of_a_work_and_shows_it_once() {
        let r = Made { n_items: 31, ..Made::default() }.recommender();
        let list = r.recommend("u1", &ListOptions { include_seen: true, ..short(31) });
        let mut works: Vec<usize> =
            list.items.iter().map(|i| r.titles.work(r.position(i.title.id).unwrap())).collect();
        works.sort_unstable();
        works.dedup();
        assert_eq!(works.len(), list.items.len());
        let shown: usize = list.items.iter().map(|i| 1 + i.also_on.len()).sum();
        assert_eq!(shown, 31, "every title is shown, or named beside the one that is");
        let netflix = Criteria { platform: Some("netflix"), ..Criteria::default() };
        let filter = Filter::new(r.titles(), &netflix).unwrap();
        let list = r.recommend("u1", &ListOptions { filter, include_seen: true, ..short(31) });
        assert!(list.items.iter().all(|i| i.title.platform == "netflix"));
        assert!(list.items.iter().any(|i| i.also_on.iter().any(|e| e.platform == "amazon")));
    }

    #[test]
    fn diversity_starts_from_the_best_and_without_it_the_list_is_plain() {
        for (ranking, k) in [(false, 4), (true, 4), (false, 0)] {
            let r = Made { n_items: 90, ranking, k, seed: 9, ..Made::default() }.recommender();
            for user in ["u2", "nobody"] {
                let plain = r.recommend(user, &short(10));
                let with = |diversity| r.recommend(user, &ListOptions { diversity, ..short(10) });
                assert_eq!(with(0.0), plain);
                assert_eq!(with(f32::NAN), plain);
                let diverse = with(0.7);
                assert_eq!((diverse.strategy, diverse.items.len()), (plain.strategy, 10));
                assert_eq!(diverse.items[0], plain.items[0]);
                let alike = |list: &Recommendations<'_>| -> f32 {
                    let at: Vec<usize> = list.items.iter().map(|i| r.position(i.title.id).unwrap()).collect();
                    at.iter().flat_map(|&a| at.iter().map(move |&b| (a, b))).map(|(a, b)| r.alike(a, b)).sum()
                };
                // Without factors there are six pairs of genres, and little to choose from.
                let (found, before) = (alike(&diverse), alike(&plain));
                assert!(if k > 0 { found < before } else { found <= before }, "{found} {before}");
            }
        }
    }

    #[test]
    fn without_factors_the_strategies_say_so_and_give_no_reasons() {
        let r = Made { k: 0, seed: 3, ..Made::default() }.recommender();
        let similar = r.similar("t5", 4, &Filter::default()).unwrap();
        assert_eq!(similar.strategy, ItemStrategy::Genres);
        assert!(similar.items.iter().all(|i| i.score > 0.0));
        assert_eq!(r.similar("zz", 4, &Filter::default()), Err(UnknownTitle("zz".to_owned())));
        let options = ListOptions { n_reasons: 3, ..short(3) };
        for list in [r.recommend("u1", &options), r.recommend_to_new(&[(4, 5.0)], &options)] {
            assert_eq!(list.strategy, Strategy::Biases);
            assert!(list.items.iter().all(|i| i.explanation.is_none()));
        }
    }

    #[test]
    fn names_that_no_title_has_are_refused_with_those_there_are() {
        let r = Made { n_users: 2, n_items: 6, k: 1, seed: 4, ..Made::default() }.recommender();
        let refused =
            |criteria: Criteria<'_>| -> FilterError { Filter::new(r.titles(), &criteria).unwrap_err() };
        let platform = refused(Criteria { platform: Some("hbo"), ..Criteria::default() });
        assert_eq!(platform.to_string(), "there is no platform \"hbo\"; there are amazon, netflix");
        let genre = refused(Criteria { genre: Some("opera"), ..Criteria::default() });
        assert!(genre.to_string().contains("comedies, comedy, dramas, horror"), "{genre}");
        let audience = refused(Criteria { audience: Some("pg"), ..Criteria::default() });
        assert_eq!(audience.to_string(), "there is no audience rating \"pg\"; there are g, pg-13");
    }

    #[test]
    fn artifacts_of_two_releases_are_refused() {
        let made = Made { n_users: 3, n_items: 10, ranking: true, ..Made::default() };
        let of = |made: Made| made.recommender().recommender;
        let (a, b) = (of(made), of(Made { n_items: 11, ..made }));
        let refused = |titles: &Titles, ranking: Option<&RankingModel>, users: UserShape| {
            let made = Recommender::new(titles.clone(), a.model.clone(), ranking.cloned(), users, 3.5);
            made.unwrap_err().to_string()
        };
        let (ours, shape) = (a.ranking(), made.shape());
        let error = refused(&b.titles, None, shape);
        assert!(error.contains("the model has 10 items, the titles 11"), "{error}");
        let error = refused(&a.titles, b.ranking(), shape);
        assert!(error.contains("the model has 10 items, the ranking model 11"), "{error}");
        let error = refused(&a.titles, ours, UserShape { n_titles: 11, ..shape });
        assert!(error.contains("the model has 10 items, the user index 11"), "{error}");
        let error = refused(&a.titles, ours, UserShape { n_factors: 4, ..shape });
        assert!(error.contains("the model has 3 factors, the user index 4"), "{error}");
        let error = refused(&a.titles, ours, UserShape { n_ranking_factors: Some(5), ..shape });
        assert!(error.contains("the ranking model has 4 factors, the user index 5"), "{error}");
        assert!(
            refused(&a.titles, ours, UserShape { n_ranking_factors: None, ..shape }).contains("user index 0")
        );
        assert!(
            refused(&a.titles, None, shape).contains("the ranking model has 0 factors, the user index 4")
        );
    }
}
