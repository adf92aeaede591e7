use artifact::Artifact;
use catalog::{Kind, Platform, RatingTable, Scale, Title, TitleId, TitleTable, UserId};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use crate::posterior::{Observation, Posterior};
use crate::scan::dot;
use crate::{
    Criteria, Filter, FilterError, ItemModel, ItemModelParts, ItemStrategy, ListOptions, NeighborParts,
    Neighbors, Prediction, RankingModel, RankingWeights, RatingValues, Recommendations, Recommender,
    Strategy, TitleView, Titles, UnknownTitle, User, UserBlock, UserPrior, UserShape, UsersWriter,
};

/// Returns the first title of the work of title `i` of `n`. The last third repeats every other title of the
/// first two thirds.
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
                platform_idx: (i % 2) as u8,
                kind: if like.is_multiple_of(3) { Kind::Series } else { Kind::Movie },
                release_year: (!like.is_multiple_of(7)).then_some(2000 + (like % 5) as u16),
                audience: ["g", "pg-13", ""][i % 3].to_owned(),
                genres: [["comedies", "dramas"][i % 2], ["comedy", "horror", "dramas"][i % 3]]
                    .map(str::to_owned)
                    .to_vec(),
                ..Title::named(TitleId::new(&format!("t{}", n - i)).unwrap(), format!("Title {like}"))
            }
        })
        .collect();
    TitleTable::new(platforms, titles).unwrap()
}

/// A release of pseudorandom values, which are the same for the same seed.
#[derive(Debug, Clone, Copy)]
struct Made {
    n_users: usize,
    n_items: usize,
    k: usize,
    ranking: bool,
    /// `None` without neighbors, otherwise whether the factors are added. Needs `ranking`.
    neighbors: Option<bool>,
    /// What ratings are worth to the ranking model.
    values: RatingValues,
    /// Whether titles of one work have the same factors.
    copies: bool,
    /// Whether the values of titles differ by orders of magnitude, as those of popular and of rare titles do;
    /// then a third of the works have no neighbors.
    spread: bool,
    seed: u32,
}

/// Returns values of every rating, or of likes alone.
fn valued(all: bool) -> RatingValues {
    let every = RatingValues::new(Scale::STARS, 0.4, 0.3).unwrap();
    if all { every } else { RatingValues::of_likes(Scale::STARS) }
}

impl Default for Made {
    fn default() -> Self {
        Self {
            n_users: 6,
            n_items: 30,
            k: 3,
            ranking: false,
            neighbors: None,
            values: valued(false),
            copies: true,
            spread: false,
            seed: 1,
        }
    }
}

impl Made {
    fn value(self, i: usize) -> f32 {
        let x = (i as u32 ^ self.seed).wrapping_mul(2_654_435_761);
        (x ^ (x >> 15)).wrapping_mul(2_246_822_519) as f32 / u32::MAX as f32 - 0.5
    }

    fn size(self, title: usize) -> f32 {
        if self.spread { 2.0 * 0.8_f32.powi((title * 7 % 61) as i32) } else { 2.0 }
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

    /// Returns values of items. Titles of one work have the same.
    fn of_items(self, works: &[u32], from: usize, k: usize) -> Vec<f32> {
        let like = |i: usize| if self.copies { works[i] as usize } else { i };
        (0..self.n_items)
            .flat_map(|i| (0..k).map(move |f| self.value(from + like(i) * k + f) * self.size(like(i))))
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

    /// Returns weights between about a third of the pairs of works.
    fn neighbors(self, works: &[u32], beside_factors: bool) -> Neighbors {
        let mut members = works.to_vec();
        members.sort_unstable();
        members.dedup();
        members.retain(|work| !self.spread || work % 3 > 0);
        let mut parts = NeighborParts {
            n_items: works.len(),
            beside_factors,
            members,
            offsets: vec![0],
            ..NeighborParts::default()
        };
        let n = parts.members.len();
        for from in 0..n {
            for to in 0..n {
                let value = self.value(40_000 + from * n + to);
                if from != to && value > 0.15 {
                    parts.targets.push(to as u16);
                    parts.weights.push(value - 0.25);
                }
            }
            parts.offsets.push(parts.targets.len() as u32);
        }
        Neighbors::new(&parts).unwrap()
    }

    /// Returns users whose ranking vectors are folded in from their ratings, as a trainer leaves them. The
    /// vector of the first is 0.
    fn users(self, works: &[u32], ratings: &RatingTable, ranking: Option<&RankingModel>) -> UserBlock {
        let mut writer = UsersWriter::with_block_bytes(self.shape(), usize::MAX);
        for (user, id) in ratings.users().iter().enumerate() {
            let rows = ratings.rows_of(user);
            let (title_idx, rating) = (&ratings.title_idx()[rows.clone()], &ratings.rating()[rows]);
            let last = |at: usize| {
                title_idx[at + 1..].iter().all(|&t| works[t as usize] != works[title_idx[at] as usize])
            };
            let rated: Vec<(usize, f32)> = (0..title_idx.len())
                .filter(|&at| user > 0 && last(at))
                .map(|at| (title_idx[at] as usize, rating[at]))
                .collect();
            let of_ranking =
                ranking.map(|ranking| ranking.fold_in(&self.values.of_rated(rated.iter().copied())));
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
        let made = Recommender::new(titles, self.model(&works), ranking, self.shape(), 3.5).unwrap();
        let neighbors = self.neighbors.map(|beside_factors| self.neighbors(&works, beside_factors));
        let recommender = made.with_neighbors(neighbors).unwrap().with_values(self.values);
        Release { recommender, users }
    }
}

/// A recommender with its users.
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

/// Returns the positions of a list, computed title by title from scores.
fn slow_list(
    r: &Recommender,
    scores: &[f32],
    hidden: &[u32],
    passes: impl Fn(&TitleView<'_>) -> bool,
    options: &ListOptions,
) -> Vec<usize> {
    let hides = |i: usize| hidden.iter().any(|&h| r.titles.work(h as usize) == r.titles.work(i));
    let mut all: Vec<usize> = (0..scores.len()).filter(|&i| !hides(i) && passes(&r.titles.view(i))).collect();
    all.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    if !options.filter.all_editions {
        let mut works = std::collections::BTreeSet::new();
        all.retain(|&i| works.insert(r.titles.work(i)));
    }
    all.truncate(options.n);
    all
}

/// Returns the values of a user's ratings, one of each work.
fn values_of(r: &Recommender, user: User<'_>) -> Vec<(usize, f32)> {
    let rated = user.title_idx.iter().map(|&t| t as usize).zip(user.rating.iter().copied());
    let mut rated: Vec<(usize, f32)> =
        r.last_of_each_work(rated).iter().map(|r| (r.title, r.rating)).collect();
    rated.sort_unstable_by_key(|r| r.0);
    r.values.of_rated(rated.into_iter())
}

/// Returns what neighbors add to the score of a title.
fn added(r: &Recommender, values: &[(usize, f32)], item: usize) -> f32 {
    let Some(neighbors) = &r.neighbors else { return 0.0 };
    let weight = |title| neighbors.weight(r.titles.work(title), r.titles.work(item));
    values.iter().map(|&(title, value)| value * weight(title)).fold(0.0, |sum, weight| sum + weight)
}

#[test]
fn panels_that_cannot_reach_the_list_are_not_multiplied() {
    let made = Made { n_items: 800, ranking: true, neighbors: Some(true), spread: true, ..Made::default() };
    let r = made.recommender();
    let multiplied = |n| r.n_multiplied(r.user("u2").unwrap(), n);
    assert_eq!(multiplied(800), r.panels().n_panels());
    let few = multiplied(3);
    assert!(few > 0 && few < r.panels().n_panels() / 2, "{few} of {}", r.panels().n_panels());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn a_list_is_that_of_a_slow_scan_and_agrees_with_predict(
        seed: u32, k in 0_usize..5, n in 1_usize..8,
        [ranking, copies] in any::<[bool; 2]>(), neighbors: Option<bool>,
        [netflix, movies, years, genre, audience] in any::<[bool; 5]>(),
        min_ratings in 0_u32..4,
        [all_editions, include_seen, exclude, spread, all_valued] in any::<[bool; 5]>(),
    ) {
        let neighbors = neighbors.filter(|_| ranking);
        let n_items = if spread { 150 } else { 37 };
        let values = valued(all_valued);
        let made = Made { n_users: 5, n_items, k, ranking, neighbors, values, copies, spread, seed };
        let r = made.recommender();
        let criteria = Criteria {
            platform: if netflix { &["NetFlix"] } else { &[] },
            kind: if movies { &[Kind::Movie] } else { &[] },
            genre: if genre { &["Comed", "Horr"] } else { &[] },
            audience: if audience { &["PG-13"] } else { &[] },
            year_from: years.then_some(2001),
            year_to: years.then_some(2003),
            min_ratings,
            all_editions,
        };
        let passes = |view: &TitleView<'_>| {
            (!netflix || view.platform == "netflix")
                && (!movies || view.kind == Kind::Movie)
                && (!years || view.year.is_some_and(|y| (2001..=2003).contains(&y)))
                && (!genre || view.genres.iter().any(|g| g.contains("comed") || g.contains("horr")))
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
            let popular = vector.is_none_or(|v| ranking && v.iter().all(|&v| v == 0.0))
                && known.is_none_or(|user| (0..n_items).all(|i| added(&r, &values_of(&r, user), i) == 0.0));
            let scores: Vec<f32> = (0..n_items)
                .map(|i| match known.filter(|_| !popular) {
                    // Each title is better by one than the next in the order of popularity.
                    None => -(r.titles.popular().position(|t| t == i).unwrap() as f32),
                    Some(user) => {
                        let base = if ranking { 0.0 } else { 3.0 + user.bias };
                        let biases = r.ranking().map_or(&r.model().parts().item_bias[..], RankingModel::item_bias);
                        let values = values_of(&r, user);
                        let weight = if ranking { RankingModel::weight_of_bias(values.len()) } else { 1.0 };
                        let product = dot(vector.unwrap(), &r.panels().vector(i));
                        let by_factors = if r.uses_factors() { product } else { 0.0 };
                        base + weight * biases[i] + by_factors + added(&r, &values, i)
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
                let predicted = r.predict(user, item.title.id);
                prop_assert_eq!(predicted.score.to_bits(), item.score.to_bits());
                prop_assert_eq!(predicted.recommended, predicted.score >= 3.5);
                prop_assert_eq!(&item.explanation, &None);
            }
        }
    }

    #[test]
    fn base_and_contributions_add_up_to_the_score_and_each_is_the_effect_of_its_rating(
        seed: u32, k in 1_usize..5, neighbors: Option<bool>,
        [ranking, trained, all_valued] in any::<[bool; 3]>(),
    ) {
        let neighbors = neighbors.filter(|_| ranking);
        let made = Made { k, ranking, neighbors, values: valued(all_valued), seed, ..Made::default() };
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
        ratings.sort_unstable_by_key(|r| r.0);
        let mut values = ratings.clone();
        if ranking {
            values = r.values.of_rated(ratings.iter().copied());
            ratings.retain(|rated| values.iter().any(|value| value.0 == rated.0));
        }
        // The score of an item if the rating of `without` were just what the prior expects, whose mean is 0
        // here.
        let parts = r.model().parts();
        let (mean, biases, weight, prior) = match r.ranking() {
            Some(ranking) => {
                let weight = RankingModel::weight_of_bias(values.len());
                (0.0, ranking.item_bias(), weight, ranking.user_prior())
            }
            None => (parts.global_mean, &parts.item_bias[..], 1.0, &parts.user_prior),
        };
        // An observation counts as often as its value says.
        let times = |value: f32| if ranking { value.abs().sqrt() } else { 1.0 };
        let vectors: Vec<Vec<f32>> = values
            .iter()
            .map(|&(title, value)| r.panels().vector(title).iter().map(|v| v * times(value)).collect())
            .collect();
        let score = |item: usize, without: Option<usize>| -> f64 {
            let observations: Vec<_> = values
                .iter()
                .zip(&vectors)
                .map(|(&(title, value), vector)| {
                    let rated = f64::from(value) - f64::from(mean + biases[title]);
                    let wanted = if ranking { f64::from(value.signum() * times(value)) } else { rated };
                    Observation {
                        bias: if ranking { 0.0 } else { 1.0 },
                        vector,
                        target: if without == Some(title) { 0.0 } else { wanted },
                    }
                })
                .collect();
            let n: f64 = values.iter().map(|value| f64::from(value.1.abs())).sum();
            let (noise, ridge) = match r.ranking() {
                Some(m) => (1.0, m.weights().ridge(n) - m.weights().ridge(0.0)),
                None => (0.8_f32.into(), 0.0),
            };
            let posterior = Posterior::new(prior, noise, ridge, &observations);
            let others: Vec<(usize, f32)> =
                values.iter().copied().filter(|value| without != Some(value.0)).collect();
            let product = posterior.bias() + dot(&posterior.vector(), &r.panels().vector(item));
            let by_factors = if r.uses_factors() { product } else { 0.0 };
            let by_neighbors = if ranking { added(&r, &others, item) } else { 0.0 };
            f64::from(mean + weight * biases[item] + by_factors + by_neighbors)
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
            // If the vector is that fold-in, the base is just what no rating changes.
            if ranking || !trained {
                let unmoved = f64::from(mean + weight * biases[at]);
                // A stored vector is rounded to half precision.
                let close = if trained { 5e-3 } else { 1e-4 };
                prop_assert!((e.base - unmoved).abs() < close, "{} is not {unmoved}", e.base);
            }
            if !ranking {
                prop_assert!((item.score - e.ranked_by.clamp(0.5, 5.0)).abs() < 1e-5);
            }
            let popularity = if ranking { f64::from((weight * biases[at]).abs()) } else { 0.0 };
            let all = each.iter().map(|c| c.abs()).sum::<f64>() + popularity;
            // Sums in single precision may give contributions near 0 either sign.
            let may_be_named = |at: usize| !ranking || ratings[at].1 >= 4.0;
            let named = |over: f64| (0..each.len()).filter(|&at| may_be_named(at) && each[at] > over).count();
            let (least, most) = (named(1e-4), named(-1e-4));
            prop_assert!((least..=most).contains(&e.reasons.len()));
            prop_assert!(e.reasons.iter().all(|reason| reason.contribution > 0.0));
            prop_assert!(e.reasons.is_sorted_by(|a, b| a.contribution >= b.contribution));
            for reason in &e.reasons {
                let which = ratings.iter().position(|&(t, _)| r.titles.id(t) == reason.id).unwrap();
                prop_assert!(may_be_named(which));
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
        let kind: &[Kind] = if series { &[Kind::Series] } else { &[] };
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
                let shrunk = r.similarity(item, i) * m / (m + 10.0) + 0.0;
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
fn without_values_a_list_is_of_popular_titles_they_have_not_seen() {
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
    // The first user of the fixture has a vector of 0 in the model.
    let list = r.recommend("u0", &options);
    assert_eq!(list.strategy, Strategy::Popular);
    let predicted = r.predict("u0", list.items[0].title.id);
    assert_eq!(list.items[0].score.to_bits(), predicted.score.to_bits());
}

#[test]
fn every_star_counts() {
    for neighbors in [None, Some(true), Some(false)] {
        let made =
            Made { n_items: 90, ranking: true, neighbors, values: valued(true), seed: 5, ..Made::default() };
        let r = made.recommender();
        let options = ListOptions { n_reasons: 3, ..short(12) };
        let of = |rating| r.recommend_to_new(&[(7, 4.0), (3, rating), (11, 2.0)], &options);
        let lists: Vec<Recommendations<'_>> = (1..=10).map(|halves| of(halves as f32 / 2.0)).collect();
        for (worse, better) in lists.iter().zip(&lists[1..]) {
            let order = |list: &Recommendations<'_>| -> Vec<(String, u32)> {
                let ranked_by = |i: &crate::Ranked<'_>| i.explanation.as_ref().unwrap().ranked_by.to_bits();
                list.items.iter().map(|i| (i.title.id.to_owned(), ranked_by(i))).collect()
            };
            assert_ne!(order(worse), order(better), "{neighbors:?}");
        }
        assert_ne!(ids(&lists[0]), ids(&lists[9]));
    }
}

#[test]
fn a_list_shows_a_work_once_and_names_its_other_platforms() {
    let r = Made { n_items: 31, ..Made::default() }.recommender();
    let list = r.recommend("u1", &ListOptions { include_seen: true, ..short(31) });
    let mut works: Vec<usize> =
        list.items.iter().map(|i| r.titles.work(r.position(i.title.id).unwrap())).collect();
    works.sort_unstable();
    works.dedup();
    assert_eq!(works.len(), list.items.len());
    let shown: usize = list.items.iter().map(|i| 1 + i.also_on.len()).sum();
    assert_eq!(shown, 31, "every title is shown, or named with the one that is");
    let netflix = Criteria { platform: &["netflix"], ..Criteria::default() };
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
                at.iter()
                    .flat_map(|&a| at.iter().map(move |&b| (a, b)))
                    .map(|(a, b)| r.similarity(a, b))
                    .sum()
            };
            // Without factors there are just six pairs of genres to choose from.
            let (found, before) = (alike(&diverse), alike(&plain));
            assert!(if k > 0 { found < before } else { found <= before }, "{found} {before}");
        }
    }
}

#[test]
fn without_factors_the_strategy_is_biases_or_genres_and_there_are_no_reasons() {
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
fn the_error_for_an_unknown_name_lists_the_known_ones() {
    let r = Made { n_users: 2, n_items: 6, k: 1, seed: 4, ..Made::default() }.recommender();
    let refused = |criteria: Criteria<'_>| -> FilterError { Filter::new(r.titles(), &criteria).unwrap_err() };
    let platform = refused(Criteria { platform: &["hbo"], ..Criteria::default() });
    assert_eq!(platform.to_string(), "there is no platform \"hbo\"; the platforms are amazon, netflix");
    let genre = refused(Criteria { genre: &["opera"], ..Criteria::default() });
    assert!(genre.to_string().contains("comedies, comedy, dramas, horror"), "{genre}");
    let audience = refused(Criteria { audience: &["pg"], ..Criteria::default() });
    assert_eq!(audience.to_string(), "there is no audience rating \"pg\"; the audience ratings are g, pg-13");
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
    assert!(error.starts_with("items: 10 in the model, 11 in the titles"), "{error}");
    let error = refused(&a.titles, b.ranking(), shape);
    assert!(error.starts_with("items: 10 in the model, 11 in the ranking model"), "{error}");
    let error = refused(&a.titles, ours, UserShape { n_titles: 11, ..shape });
    assert!(error.starts_with("items: 10 in the model, 11 in the user index"), "{error}");
    let error = refused(&a.titles, ours, UserShape { n_factors: 4, ..shape });
    assert!(error.starts_with("factors: 3 in the model, 4 in the user index"), "{error}");
    let error = refused(&a.titles, ours, UserShape { n_ranking_factors: Some(5), ..shape });
    assert!(error.starts_with("factors: 4 in the ranking model, 5 in the user index"), "{error}");
    assert!(
        refused(&a.titles, ours, UserShape { n_ranking_factors: None, ..shape })
            .contains("0 in the user index")
    );
    assert!(
        refused(&a.titles, None, shape).starts_with("factors: 0 in the ranking model, 4 in the user index")
    );
    let error = of(made).with_neighbors(Some(made.neighbors(&[0; 11], true))).unwrap_err().to_string();
    assert!(error.starts_with("items: 11 in the neighbors, 10 in the titles"), "{error}");
    let error = of(Made { ranking: false, ..made }).with_neighbors(Some(made.neighbors(&[0; 10], true)));
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("ranking models: 1 in the neighbors, 0 in the release"), "{error}");
}
