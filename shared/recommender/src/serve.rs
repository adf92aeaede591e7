use artifact::Invalid;
use catalog::Kind;
use thiserror::Error;

use crate::fold_in::{NewUser, fold_in};
use crate::scan::dot;
use crate::{FactorModel, Histories, ItemPanels, LANES, TitleView, Titles, TopN};

/// Artifacts that are not of one release.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the model has {model} {what}, the {other} {found}: these artifacts are not of one release")]
pub struct Mismatch {
    what: &'static str,
    model: usize,
    other: &'static str,
    found: usize,
}

/// A title id that no title has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no title {0:?}")]
pub struct UnknownTitle(pub String);

/// A filter that no title can pass.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilterError {
    /// Not a platform of this release.
    #[error("there is no platform {found:?}; there are {}", allowed.join(", "))]
    Platform {
        /// What was asked for.
        found: String,
        /// What there is.
        allowed: Vec<String>,
    },
    /// In the name of no genre of this release.
    #[error("no genre contains {found:?}; there are {}", allowed.join(", "))]
    Genre {
        /// What was asked for.
        found: String,
        /// What there is.
        allowed: Vec<String>,
    },
}

/// Which titles may be listed. The default lets all pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    platform: Option<usize>,
    kind: Option<Kind>,
    /// Genre positions; a title with any of them passes. `None` lets all pass.
    genres: Option<Vec<u16>>,
    year_from: Option<u16>,
    year_to: Option<u16>,
}

impl Filter {
    /// Resolves names against the titles.
    ///
    /// Platforms match without regard to case. A genre matches every genre whose name contains the text, in
    /// any case (`comed` finds `comedies` and `comedy`, which platforms spell differently). Years include both
    /// ends; a title of unknown year does not pass a filter on years.
    ///
    /// # Errors
    /// A platform or genre that is not there.
    pub fn new(
        titles: &Titles,
        platform: Option<&str>,
        kind: Option<Kind>,
        genre: Option<&str>,
        (year_from, year_to): (Option<u16>, Option<u16>),
    ) -> Result<Self, FilterError> {
        let platform = platform
            .map(|name| {
                titles.platforms().position(|p| p.eq_ignore_ascii_case(name)).ok_or_else(|| {
                    FilterError::Platform {
                        found: name.to_owned(),
                        allowed: titles.platforms().map(str::to_owned).collect(),
                    }
                })
            })
            .transpose()?;
        let genres = genre
            .map(|text| {
                let text = text.to_lowercase();
                let found: Vec<u16> = titles
                    .genres()
                    .enumerate()
                    .filter(|(_, name)| name.to_lowercase().contains(&text))
                    .map(|(at, _)| at as u16)
                    .collect();
                if found.is_empty() {
                    let allowed = titles.genres().map(str::to_owned).collect();
                    return Err(FilterError::Genre { found: text, allowed });
                }
                Ok(found)
            })
            .transpose()?;
        Ok(Self { platform, kind, genres, year_from, year_to })
    }

    fn passes(&self, titles: &Titles, title: usize) -> bool {
        let year = titles.year(title);
        self.platform.is_none_or(|p| p == titles.platform_position(title))
            && self.kind.is_none_or(|k| k == titles.kind(title))
            && self.year_from.is_none_or(|from| year.is_some_and(|y| y >= from))
            && self.year_to.is_none_or(|to| year.is_some_and(|y| y <= to))
            && self
                .genres
                .as_ref()
                .is_none_or(|asked| titles.genre_positions(title).iter().any(|g| asked.contains(g)))
    }
}

/// How a list was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// By predicted score, from the trained user's factors.
    Svd,
    /// By predicted score of a model without factors: every user's order is the same.
    Biases,
    /// By predicted score, from ratings folded in.
    FoldIn,
    /// Most rated first: nothing is known of the user.
    Popular,
}

impl Strategy {
    /// The name used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
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
    /// The predicted score, on the scale.
    pub score: f32,
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
    /// `Popular` for an unknown user.
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

/// Everything that recommendations need, in memory.
#[derive(Debug)]
pub struct Recommender {
    titles: Titles,
    model: FactorModel,
    histories: Histories,
    panels: ItemPanels,
    /// b(i) by panels; minus infinity in lanes beyond the last item, which therefore are in no list.
    panel_biases: Vec<[f32; LANES]>,
    /// Length of each item vector.
    norms: Vec<f32>,
    threshold: f32,
}

/// Ratings at which a neighbour's similarity counts half: few ratings make short-lived factors.
const SIMILARITY_SHRINKAGE: f32 = 10.0;

impl Recommender {
    /// Puts the artifacts of one release together. `threshold` is the score at or above which a title is
    /// recommended.
    ///
    /// # Errors
    /// Artifacts whose sizes do not agree.
    pub fn new(
        titles: Titles,
        model: FactorModel,
        histories: Histories,
        threshold: f32,
    ) -> Result<Self, Mismatch> {
        let agree = |what, model, other, found| {
            if model == found { Ok(()) } else { Err(Mismatch { what, model, other, found }) }
        };
        agree("items", model.n_items(), "titles", titles.len())?;
        agree("users", model.n_users(), "histories", histories.n_users())?;
        let named = histories.n_titles_at_least();
        agree("items", model.n_items(), "histories", named.max(model.n_items()))?;
        let panels = ItemPanels::of(&model);
        let mut biases = model.parts().item_bias.clone();
        biases.resize(biases.len().next_multiple_of(LANES), f32::NEG_INFINITY);
        let panel_biases = biases.as_chunks().0.to_vec();
        let norms =
            (0..model.n_items()).map(|i| dot(model.item_vector(i), model.item_vector(i)).sqrt()).collect();
        Ok(Self { titles, model, histories, panels, panel_biases, norms, threshold })
    }

    /// The titles.
    pub fn titles(&self) -> &Titles {
        &self.titles
    }

    /// The users and what they rated.
    pub fn histories(&self) -> &Histories {
        &self.histories
    }

    /// The model.
    pub fn model(&self) -> &FactorModel {
        &self.model
    }

    /// The `n` titles with the highest predicted score that the user has not rated and that pass the filter;
    /// the most rated ones for an unknown user. Of equal scores the title that stands first in the catalogue.
    pub fn recommend(&self, user_id: &str, n: usize, filter: &Filter) -> Recommendations<'_> {
        let Some(user) = self.histories.position(user_id) else { return self.popular(n, &[], filter) };
        let strategy = if self.model.n_factors() == 0 { Strategy::Biases } else { Strategy::Svd };
        let items = self.best(
            self.model.parts().user_bias[user],
            self.model.user_vector(user),
            self.histories.of(user).0,
            n,
            filter,
        );
        Recommendations { strategy, items }
    }

    /// The same for somebody the model never saw, from ratings by title position. A title rated twice counts
    /// with its last rating; without any rating the list is the popular one.
    ///
    /// # Panics
    /// Where a title position is out of range.
    pub fn recommend_to_new(
        &self,
        ratings: &[(usize, f32)],
        n: usize,
        filter: &Filter,
    ) -> Recommendations<'_> {
        if ratings.is_empty() {
            return self.popular(n, &[], filter);
        }
        let mut last: Vec<(usize, f32)> = ratings.to_vec();
        last.reverse();
        last.sort_by_key(|&(title, _)| title);
        last.dedup_by_key(|&mut (title, _)| title);
        let NewUser { bias, vector } = fold_in(&self.model, &last);
        let seen: Vec<u32> = last.iter().map(|&(title, _)| title as u32).collect();
        let items = self.best(bias, &vector, &seen, n, filter);
        Recommendations { strategy: Strategy::FoldIn, items }
    }

    /// The predicted score of a title for a user, on the scale.
    ///
    /// # Errors
    /// No such title.
    pub fn predict(&self, user_id: &str, title_id: &str) -> Result<Prediction<'_>, UnknownTitle> {
        let item = self.position(title_id)?;
        let (score, strategy) = match self.histories.position(user_id) {
            Some(user) if self.model.n_factors() == 0 => (self.model.predict(user, item), Strategy::Biases),
            Some(user) => (self.model.predict(user, item), Strategy::Svd),
            None => (self.average_score(item), Strategy::Popular),
        };
        Ok(Prediction {
            title: self.titles.view(item),
            score,
            strategy,
            recommended: score >= self.threshold,
            threshold: self.threshold,
        })
    }

    /// The `n` titles most like another: by the cosine of their factors, times `m / (m + 10)` for a title with
    /// `m` ratings; where the model has no factors for the title, by shared genres (Jaccard), the more rated
    /// one first.
    ///
    /// # Errors
    /// No such title.
    pub fn similar(&self, title_id: &str, n: usize) -> Result<Similar<'_>, UnknownTitle> {
        let item = self.position(title_id)?;
        let mut top = TopN::new(n);
        let strategy = if self.norms[item] > 0.0 {
            self.panels.scan(self.model.item_vector(item), |first, products| {
                for (other, product) in (first..self.titles.len()).zip(products) {
                    let norm = self.norms[other];
                    if other != item && norm > 0.0 {
                        let m = self.titles.n_ratings(other) as f32;
                        let cosine = (product / (norm * self.norms[item])).clamp(-1.0, 1.0);
                        let similarity = cosine * m / (m + SIMILARITY_SHRINKAGE);
                        if similarity > top.bar() {
                            top.push(other, similarity);
                        }
                    }
                }
            });
            ItemStrategy::Factors
        } else {
            let wanted = self.titles.genre_positions(item);
            // The most rated come first, so that of equal similarities the lower rank wins.
            let by_rank: Vec<usize> = self.titles.popular().collect();
            for (rank, &other) in by_rank.iter().enumerate() {
                let genres = self.titles.genre_positions(other);
                let shared = genres.iter().filter(|g| wanted.contains(g)).count();
                let similarity = shared as f32 / (genres.len() + wanted.len() - shared).max(1) as f32;
                if other != item && shared > 0 && similarity > top.bar() {
                    top.push(rank, similarity);
                }
            }
            let items = top.into_sorted().into_iter().map(|(rank, score)| self.ranked(by_rank[rank], score));
            return Ok(Similar {
                of: self.titles.view(item),
                strategy: ItemStrategy::Genres,
                items: items.collect(),
            });
        };
        let items = top.into_sorted().into_iter().map(|(other, score)| self.ranked(other, score)).collect();
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
        Ranked { title: self.titles.view(item), score }
    }

    fn average_score(&self, item: usize) -> f32 {
        let parts = self.model.parts();
        self.model.clip(parts.global_mean + parts.item_bias[item])
    }

    fn popular(&self, n: usize, seen: &[u32], filter: &Filter) -> Recommendations<'_> {
        let items = self
            .titles
            .popular()
            .filter(|&item| seen.binary_search(&(item as u32)).is_err() && filter.passes(&self.titles, item))
            .take(n)
            .map(|item| self.ranked(item, self.average_score(item)))
            .collect();
        Recommendations { strategy: Strategy::Popular, items }
    }

    /// The highest scores among the titles that are not in `seen` (ascending) and pass the filter. Ranked
    /// before clipping, so that titles above the scale keep their order.
    fn best(&self, bias: f32, vector: &[f32], seen: &[u32], n: usize, filter: &Filter) -> Vec<Ranked<'_>> {
        let base = self.model.parts().global_mean + bias;
        let mut top = TopN::new(n);
        let mut bar = top.bar();
        self.panels.scan(vector, |first, products| {
            let mut scores = self.panel_biases[first / LANES];
            for (score, product) in scores.iter_mut().zip(products) {
                *score = base + *score + product;
            }
            let highest = scores.iter().fold(f32::NEG_INFINITY, |high, &s| if s > high { s } else { high });
            if highest <= bar {
                return;
            }
            for (item, &score) in (first..).zip(&scores) {
                if score > bar
                    && seen.binary_search(&(item as u32)).is_err()
                    && filter.passes(&self.titles, item)
                {
                    top.push(item, score);
                    bar = top.bar();
                }
            }
        });
        top.into_sorted().into_iter().map(|(item, score)| self.ranked(item, self.model.clip(score))).collect()
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
    use catalog::{Platform, RatingTable, Title, TitleId, TitleTable, UserId};
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

    use super::*;
    use crate::{FactorModelParts, UserPrior};

    fn table(n: usize) -> TitleTable {
        let platforms = ["amazon", "netflix"].map(|p| Platform::new(p).unwrap()).to_vec();
        let titles = (0..n)
            .map(|i| Title {
                id: TitleId::new(&format!("t{}", n - i)).unwrap(),
                platform_idx: (i % 2) as u8,
                kind: if i % 3 == 0 { Kind::Series } else { Kind::Movie },
                display: format!("Title {i}"),
                director: Vec::new(),
                cast: Vec::new(),
                country: Vec::new(),
                date_added: None,
                release_year: (i % 7 != 0).then_some(2000 + (i % 5) as u16),
                audience: "g".to_owned(),
                duration: None,
                genres: [["comedies", "dramas"][i % 2], ["comedy", "horror", "dramas"][i % 3]]
                    .map(str::to_owned)
                    .to_vec(),
                description: String::new(),
            })
            .collect();
        TitleTable::new(platforms, titles).unwrap()
    }

    fn recommender(n_users: usize, n_items: usize, k: usize, seed: u32) -> Recommender {
        let value = |i: usize| {
            let x = (i as u32 ^ seed).wrapping_mul(2_654_435_761);
            (x ^ (x >> 15)).wrapping_mul(2_246_822_519) as f32 / u32::MAX as f32 - 0.5
        };
        let rows: Vec<Vec<u32>> = (0..n_users)
            .map(|u| (0..n_items as u32).filter(|&i| value(u * 31 + i as usize * 7) > 0.2).collect())
            .collect();
        let mut offsets = vec![0];
        offsets.extend(rows.iter().scan(0, |sum, r| {
            *sum += r.len() as u64;
            Some(*sum)
        }));
        let title_idx: Vec<u32> = rows.concat();
        let n = title_idx.len();
        let mut users: Vec<UserId> = (0..n_users).map(|u| UserId::new(&format!("u{u}")).unwrap()).collect();
        users.sort();
        let ratings = RatingTable::new(
            users,
            offsets,
            title_idx,
            (0..n).map(|r| 0.5 + (r % 10) as f32 / 2.0).collect(),
            vec![0; n],
            n_items,
        )
        .unwrap();
        let model = FactorModel::new(FactorModelParts {
            global_mean: 3.0,
            user_bias: (0..n_users).map(|u| value(u + 1000)).collect(),
            item_bias: (0..n_items).map(|i| value(i + 2000)).collect(),
            n_factors: k,
            user_factors: (0..n_users * k).map(|i| value(i + 3000) * 2.0).collect(),
            item_factors: (0..n_items * k).map(|i| value(i + 9000) * 2.0).collect(),
            scale: (0.5, 5.0),
            noise_variance: 0.8,
            user_prior: UserPrior::standard(k),
        })
        .unwrap();
        let titles = Titles::build(&table(n_items), &ratings);
        let titles = Titles::from_bytes(&titles.to_bytes().unwrap()).unwrap();
        Recommender::new(titles, model, Histories::build(&ratings), 3.5).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_list_is_that_of_a_slow_scan_and_agrees_with_predict(
            seed: u32, k in 0_usize..5, n in 1_usize..8, netflix: bool, movies: bool, years: bool, genre: bool,
        ) {
            let r = recommender(5, 37, k, seed);
            let filter = Filter::new(
                r.titles(),
                netflix.then_some("NetFlix"),
                movies.then_some(Kind::Movie),
                genre.then_some("Comed"),
                (years.then_some(2001), years.then_some(2003)),
            ).unwrap();
            let user = "u3";
            let seen = r.histories().of(r.histories().position(user).unwrap()).0;
            let mut all: Vec<(usize, f32)> = (0..37)
                .filter(|&i| !seen.contains(&(i as u32)))
                .filter(|&i| {
                    let view = r.titles().view(i);
                    (!netflix || view.platform == "netflix")
                        && (!movies || view.kind == Kind::Movie)
                        && (!years || view.year.is_some_and(|y| (2001..=2003).contains(&y)))
                        && (!genre || view.genres.iter().any(|g| g.contains("comed")))
                })
                .map(|i| (i, r.predict(user, r.titles().id(i)).unwrap().score))
                .collect();
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            all.truncate(n);
            let list = r.recommend(user, n, &filter);
            prop_assert_eq!(list.items.len(), all.len());
            for (item, (_, score)) in list.items.iter().zip(&all) {
                prop_assert_eq!(item.score.to_bits(), score.to_bits());
                let said = r.predict(user, item.title.id).unwrap();
                prop_assert_eq!(said.score.to_bits(), item.score.to_bits());
                prop_assert_eq!(said.recommended, said.score >= 3.5);
            }
        }
    }

    #[test]
    fn an_unknown_user_gets_the_most_rated() {
        let r = recommender(6, 30, 3, 1);
        let list = r.recommend("nobody", 5, &Filter::default());
        assert_eq!(list.strategy, Strategy::Popular);
        let counts: Vec<u32> = list.items.iter().map(|i| i.title.n_ratings).collect();
        assert!(counts.is_sorted_by(|a, b| a >= b) && counts[0] > 0, "{counts:?}");
        assert_eq!(r.recommend_to_new(&[], 5, &Filter::default()), list);
        assert_eq!(r.predict("nobody", "t1").unwrap().strategy, Strategy::Popular);
    }

    #[test]
    fn a_new_user_is_not_shown_what_they_rated_and_the_last_rating_counts() {
        let r = recommender(6, 30, 3, 2);
        let twice = r.recommend_to_new(&[(3, 0.5), (4, 5.0), (3, 4.0)], 30, &Filter::default());
        let once = r.recommend_to_new(&[(4, 5.0), (3, 4.0)], 30, &Filter::default());
        assert_eq!(twice, once);
        assert_eq!(twice.strategy, Strategy::FoldIn);
        assert_eq!(twice.items.len(), 28);
        assert!(twice.items.iter().all(|i| ![r.titles().id(3), r.titles().id(4)].contains(&i.title.id)));
    }

    #[test]
    fn similar_titles_leave_out_the_title_and_name_what_they_share() {
        let r = recommender(6, 30, 3, 3);
        let similar = r.similar("t5", 4).unwrap();
        assert_eq!((similar.strategy, similar.items.len()), (ItemStrategy::Factors, 4));
        assert!(similar.items.iter().all(|i| i.title.id != "t5" && i.score <= 1.0));
        assert!(similar.items.is_sorted_by(|a, b| a.score >= b.score));

        let without = recommender(6, 30, 0, 3);
        let similar = without.similar("t5", 4).unwrap();
        assert_eq!(similar.strategy, ItemStrategy::Genres);
        assert!(similar.items.iter().all(|i| i.score > 0.0));
        assert_eq!(without.similar("zz", 4), Err(UnknownTitle("zz".to_owned())));
        assert_eq!(
            without.recommend("u1", 3, &Filter::default()).strategy,
            Strategy::Biases,
            "without factors the strategy says so"
        );
    }

    #[test]
    fn names_that_no_title_has_are_refused_with_those_there_are() {
        let r = recommender(2, 6, 1, 4);
        let none = (None, None);
        let platform = Filter::new(r.titles(), Some("hbo"), None, None, none).unwrap_err();
        assert_eq!(platform.to_string(), "there is no platform \"hbo\"; there are amazon, netflix");
        let genre = Filter::new(r.titles(), None, None, Some("opera"), none).unwrap_err();
        assert!(genre.to_string().contains("comedies, comedy, dramas, horror"), "{genre}");
    }

    #[test]
    fn artifacts_of_two_releases_are_refused() {
        let (a, b) = (recommender(3, 10, 2, 5), recommender(3, 11, 2, 5));
        let error = Recommender::new(b.titles, a.model, a.histories, 3.5).unwrap_err();
        assert!(error.to_string().contains("the model has 10 items, the titles 11"), "{error}");
    }
}
