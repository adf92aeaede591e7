use super::answer::{ItemStrategy, Similar, UnknownTitle};
use super::recommender::Recommender;
use crate::{Filter, TopN};

/// The number of ratings at which a neighbor's similarity counts half, since factors from few ratings are
/// unreliable.
const SIMILARITY_SHRINKAGE: f32 = 10.0;

impl Recommender {
    /// Returns the `n` titles most similar to a title that pass the filter. Titles of the same work are left
    /// out, and there is one title of each other work, as in [`Recommender::recommend`].
    ///
    /// The similarity is the cosine of the factors in the model that orders lists, times `m / (m + 10)` for a
    /// title whose work `m` users rated. If that model has no factors for the title, it is the share of
    /// genres in common (Jaccard), and ties are ordered by number of ratings.
    ///
    /// # Errors
    /// There is no such title.
    #[expect(clippy::indexing_slicing, reason = "`new` checks that the ranker has a vector for each title")]
    pub fn similar(&self, title_id: &str, n: usize, filter: &Filter) -> Result<Similar<'_>, UnknownTitle> {
        let item = self.position(title_id)?;
        let (strategy, items) = if self.panels().norms()[item] > 0.0 {
            (ItemStrategy::Factors, self.similar_by_factors(item, n, filter))
        } else {
            (ItemStrategy::Genres, self.similar_by_genres(item, n, filter))
        };
        let items = items.into_iter().map(|(other, score)| self.ranked(other, score, filter)).collect();
        Ok(Similar { of: self.titles.view(item), strategy, items })
    }

    #[expect(clippy::indexing_slicing, reason = "`new` checks that the ranker has a vector for each title")]
    fn similar_by_factors(&self, item: usize, n: usize, filter: &Filter) -> Vec<(usize, f32)> {
        let own_work = [self.titles.work(item) as u32];
        let (panels, norms) = (self.panels(), self.panels().norms());
        let vector = panels.vector(item);
        let mut top = TopN::new(n);
        for panel in 0..panels.n_panels() {
            let items = panels.items(panel);
            // Titles without factors come last.
            if items.first().is_some_and(|&longest| norms[longest as usize] == 0.0) {
                break;
            }
            for (&other, product) in items.iter().zip(panels.products(panel, &vector)) {
                let other = other as usize;
                let norm = norms[other];
                if norm > 0.0 {
                    let m = self.titles.n_ratings(other) as f32;
                    let cosine = (product / (norm * norms[item])).clamp(-1.0, 1.0);
                    // Adding zero turns a negative zero into a positive one, so that works without ratings
                    // tie.
                    let similarity = cosine * m / (m + SIMILARITY_SHRINKAGE) + 0.0;
                    if top.keeps(other, similarity) && self.may_list(other, &own_work, filter) {
                        self.offer(&mut top, other, similarity, filter);
                    }
                }
            }
        }
        top.into_sorted()
    }

    #[expect(clippy::indexing_slicing, reason = "a rank is a position in `by_rank`")]
    fn similar_by_genres(&self, item: usize, n: usize, filter: &Filter) -> Vec<(usize, f32)> {
        let own_work = [self.titles.work(item) as u32];
        let mut top = TopN::new(n);
        // In order of popularity, so that at equal similarities the lower rank wins.
        let by_rank: Vec<usize> = self.titles.popular().collect();
        for (rank, &other) in by_rank.iter().enumerate() {
            let similarity = self.titles.genre_similarity(item, other);
            if similarity > 0.0 && similarity > top.bar() && self.may_list(other, &own_work, filter) {
                if filter.all_editions {
                    top.push(rank, similarity);
                } else {
                    top.push_one_of_group(rank, similarity, self.titles.work(other));
                }
            }
        }
        top.into_sorted().into_iter().map(|(rank, score)| (by_rank[rank], score)).collect()
    }
}
