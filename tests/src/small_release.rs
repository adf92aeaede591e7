//! A release that fits on a screen, so that every answer can be computed by hand, variants of it, and
//! questions to it.

#![expect(clippy::unwrap_used, reason = "the parts are written by hand and fit together")]

use std::collections::BTreeSet;

use crate::golden;
use artifact::{
    Artifact, Counts, Fate, HeldOut, Kind as ArtifactKind, Manifest, Measured, ModelName, ModelSummary,
    RankingSummary, TitleGenres, Trial, Trials,
};
use bytes::Bytes;
use catalog::{Duration, DurationUnit, Kind, Platform, RatingTable, Title, TitleId, TitleTable, UserId};
use queries::{actor, count_platform, max_duration, score_count, title_count, title_search};
use recommender::{
    FactorModel, FactorModelParts, ItemModel, ItemModelParts, RankingModel, RankingWeights, Titles, UserPrior,
};
use store::{MemoryStore, Store};

/// Questions that GET requests ask, at least one to each function. Every function answers the last one, from
/// the manifest, so that no two releases have the same answer.
pub const QUESTIONS: [&str; 12] = [
    "/get_max_duration?year=2018&platform=amazon",
    "/get_score_count?platform=amazon&scored=3&year=2018",
    "/get_count_platform?platform=hulu",
    "/get_actor?platform=amazon&year=2018",
    "/get_count?by=kind&year=2018",
    "/predict?user_id=1&id=ns1",
    "/similar/ns1?n=2",
    "/titles?q=reel",
    "/users/2",
    "/recommendations/1?n=5",
    "/eda",
    "/model",
];

const PLATFORMS: [&str; 3] = ["amazon", "hulu", "netflix"];

/// Id, platform, year, duration, name, cast, genre, audience. Titles measured in minutes are films.
type Row = (
    &'static str,
    u8,
    u16,
    (u32, DurationUnit),
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
);

/// The last two titles are one work. The second of them has neither a cast nor an audience.
#[rustfmt::skip]
const TITLES: [Row; 7] = [
    ("as1", 0, 2018, (100, DurationUnit::Min),  "Harbour Lights", &["ana sol", "li wei"], "dramas",   "13+"),
    ("as2", 0, 2018, (100, DurationUnit::Min),  "Paper Kites",    &["ana sol", "bo ek"],  "comedies", "all"),
    ("as3", 0, 2018, (2, DurationUnit::Season), "Two Towns",      &["li wei"],            "comedies", "16+"),
    ("hs1", 1, 2018, (3, DurationUnit::Season), "Café de Noche",  &[],                    "dramas",   "tv-ma"),
    ("ns1", 2, 2018, (120, DurationUnit::Min),  "The Long Reel",  &["li wei"],            "dramas",   "pg-13"),
    ("ns2", 2, 2020, (90, DurationUnit::Min),   "Short Reel",     &["bo ek"],             "comedies", "pg-13"),
    ("hs2", 1, 2020, (90, DurationUnit::Min),   "Short Reel!",    &[],                    "comedies", ""),
];

/// A user, and ratings by title position. The id of the last user has to be quoted in a path.
type Rated = (&'static str, &'static [(u32, f32)]);

const RATINGS: [Rated; 3] =
    [("1", &[(0, 5.0), (1, 2.0)]), ("2", &[(0, 4.0), (1, 3.5), (4, 4.5)]), ("ana@casa", &[(5, 1.0)])];

/// Returns a later state of the catalog and the ratings: a film is longer and has another cast, a series has
/// become a film, one title has another name, and all ratings except one are new.
fn revised() -> ([Row; TITLES.len()], [Rated; RATINGS.len()]) {
    let mut titles = TITLES;
    titles[1].3 = (110, DurationUnit::Min);
    titles[1].5 = &["li wei", "bo ek"];
    titles[3].3 = (80, DurationUnit::Min);
    titles[4].4 = "The Longest Reel";
    let ratings: [Rated; 3] =
        [("1", &[(0, 4.5), (1, 4.0)]), ("2", &[(0, 3.5), (1, 5.0), (4, 2.5)]), ("ana@casa", &[(5, 1.0)])];
    (titles, ratings)
}

fn titles(rows: &[Row; TITLES.len()]) -> TitleTable {
    let platforms = PLATFORMS.map(|name| Platform::new(name).unwrap()).to_vec();
    let titles = rows.map(|(id, platform_idx, year, (value, unit), name, cast, genre, audience)| Title {
        platform_idx,
        kind: if unit == DurationUnit::Min { Kind::Movie } else { Kind::Series },
        cast: cast.iter().map(ToString::to_string).collect(),
        release_year: Some(year),
        audience: audience.to_owned(),
        duration: Some(Duration { value, unit }),
        genres: vec![genre.to_owned()],
        canonical_genres: vec![if genre == "dramas" { "Drama" } else { "Comedy" }.to_owned()],
        ..Title::named(TitleId::new(id).unwrap(), name)
    });
    TitleTable::new(platforms, titles.to_vec()).unwrap()
}

fn ratings(of_users: [Rated; RATINGS.len()]) -> RatingTable {
    let mut offsets = vec![0];
    let mut rows = Vec::new();
    for (_, rated) in of_users {
        rows.extend_from_slice(rated);
        offsets.push(rows.len() as u64);
    }
    RatingTable::new(
        of_users.iter().map(|(user, _)| UserId::new(user).unwrap()).collect(),
        offsets,
        rows.iter().map(|&(title_idx, _)| title_idx).collect(),
        rows.iter().map(|&(_, rating)| rating).collect(),
        vec![1_600_000_000; rows.len()],
        TITLES.len(),
    )
    .unwrap()
}

/// Returns a model whose first factor is about dramas and whose second is about comedies. Biases rise by a
/// quarter star with each position.
fn model() -> FactorModel {
    FactorModel::new(FactorModelParts {
        global_mean: 3.0,
        user_bias: vec![0.5, 0.0, -0.5],
        item_bias: vec![0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.25],
        n_factors: 2,
        user_factors: vec![1.0, -1.0, 0.5, 0.0, 0.0, -1.0],
        item_factors: vec![1.0, 0.0, 0.0, 1.0, 0.25, 0.75, 0.5, 0.0, 0.75, 0.25, 0.0, 0.5, 0.0, 0.5],
        user_prior: UserPrior::standard(2),
        ..FactorModelParts::default()
    })
    .unwrap()
}

/// Returns a ranking model with a factor for dramas and one for comedies, and the users' vectors. The first
/// user likes one drama, the second two, and the third nothing.
fn ranking() -> (RankingModel, Vec<Vec<f32>>) {
    let weights = RankingWeights { unobserved_weight: 0.25, regularization: 0.5, exponent: 0.0, n_titles: 4 };
    let item_factors = vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.5, 0.5, 0.0, 0.75, 0.0, 0.25, 0.75, 0.25, 0.75];
    let items = ItemModel::new(ItemModelParts {
        item_bias: vec![0.0; TITLES.len()],
        n_factors: 2,
        user_prior: RankingModel::prior(&item_factors, 2, weights).unwrap(),
        item_factors,
        ..ItemModelParts::default()
    });
    let ranking = RankingModel::new(items.unwrap(), weights).unwrap();
    let liked: [&[usize]; 3] = [&[0], &[0, 4], &[]];
    let vectors = liked
        .map(|liked| ranking.fold_in(&liked.iter().map(|&title| (title, 1.0)).collect::<Vec<_>>()))
        .to_vec();
    (ranking, vectors)
}

fn sealed<T: Artifact>(value: &T) -> (ArtifactKind, Bytes) {
    (T::KIND, value.to_bytes().unwrap().into())
}

/// Returns trials of both searches: one that finished, one that diverged, and one of a ranking model.
fn trials() -> Trials {
    let trial = |number, algorithm, score: Option<f64>, fate| Trial {
        number,
        algorithm,
        n_factors: u32::from(algorithm != ModelName::Biases) * 2,
        score,
        fate,
        parameters: [("n_epochs".to_owned(), 10.into())].into(),
    };
    Trials {
        rating: vec![
            trial(0, ModelName::Biases, Some(0.875), Fate::Finished),
            trial(1, ModelName::Svd, None, Fate::Diverged),
        ],
        ranking: vec![trial(0, ModelName::Ials, Some(0.25), Fate::Finished)],
    }
}

/// Returns a store with the release without a ranking model, whose lists are ordered by predicted rating.
pub async fn store() -> MemoryStore {
    let store = MemoryStore::default();
    publish_without_ranking(&store).await;
    store
}

/// Returns a store with the release with all optional parts: a ranking model, an analysis of the data, and
/// canonical genres.
pub async fn store_with_ranking() -> MemoryStore {
    let store = MemoryStore::default();
    publish_with_ranking(&store).await;
    store
}

/// Makes the release without a ranking model the current one of a store.
pub async fn publish_without_ranking(store: &dyn Store) {
    publish(store, &(TITLES, RATINGS), None).await;
}

/// Makes the release with a ranking model the current one of a store.
pub async fn publish_with_ranking(store: &dyn Store) {
    publish(store, &(TITLES, RATINGS), Some(ranking())).await;
}

/// Makes a release of the later catalog, with a ranking model, the current one of a store. Its answer to each
/// of the [`QUESTIONS`] differs from that of the release without a ranking model.
pub async fn publish_revised(store: &dyn Store) {
    publish(store, &revised(), Some(ranking())).await;
}

/// Publishes a release in which every user has a block of their own.
async fn publish(
    store: &dyn Store,
    (titles, rated): &([Row; TITLES.len()], [Rated; RATINGS.len()]),
    ranking: Option<(RankingModel, Vec<Vec<f32>>)>,
) {
    let (titles, ratings, model) = (self::titles(titles), ratings(*rated), model());
    let vectors = ranking.as_ref().map(|(_, vectors)| &vectors[..]);
    let (users, index) = golden::users_of(&ratings, &model, vectors, 0);
    let digests = sealed(&golden::digests_of(&users, &index));
    let mut artifacts = vec![
        sealed(&max_duration::build(&titles)),
        sealed(&score_count::build(&titles, &ratings)),
        sealed(&count_platform::build(&titles)),
        sealed(&actor::build(&titles)),
        sealed(&title_count::build(&titles)),
        sealed(&Titles::build(&titles, &ratings)),
        sealed(model.items()),
        (ArtifactKind::Users, users.into()),
        sealed(&index),
        sealed(&title_search::build(&titles, &ratings)),
    ];
    artifacts.extend(ranking.iter().map(|(model, _)| sealed(model)));
    if ranking.is_some() {
        artifacts.push(sealed(&golden::analysis()));
        let genres = titles.titles().iter().map(|title| &title.canonical_genres[..]);
        artifacts.push(sealed(&TitleGenres::new(genres)));
        artifacts.push(digests);
    }
    let manifest = Manifest {
        builder: "by hand".to_owned(),
        data_until: 1_600_000_000,
        counts: counts(&titles, &ratings),
        platforms: PLATFORMS.map(str::to_owned).to_vec(),
        parameters: [("hold_out".to_owned(), "random".into())].into(),
        model: ModelSummary { recommend_threshold: 3.5, ..ModelSummary::default() },
        measures: vec![Measured {
            model: ModelName::Biases,
            held_out: HeldOut::Random,
            tuned: false,
            measures: [("rmse".to_owned(), 0.875)].into(),
        }],
        trials: if ranking.is_some() { trials() } else { Trials::default() },
        ranking: ranking.map(|_| RankingSummary {
            algorithm: ModelName::Ials,
            n_factors: 2,
            verdict: "It ranks better than popularity.".to_owned(),
            values: None,
        }),
        ..Manifest::of(&artifacts)
    };
    store::publish(store, &artifacts, &manifest, 0).await.unwrap();
}

fn counts(titles: &TitleTable, ratings: &RatingTable) -> Counts {
    let rated: BTreeSet<u32> = ratings.title_idx().iter().copied().collect();
    Counts {
        titles: titles.titles().len() as u64,
        rated_titles: rated.len() as u64,
        users: ratings.users().len() as u64,
        ratings: ratings.len() as u64,
        ..Counts::default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api::Function;

    use super::*;
    use crate::reload_cases::Release;

    #[tokio::test]
    async fn the_later_catalog_has_another_answer_to_each_question() {
        let store = MemoryStore::default();
        publish_without_ranking(&store).await;
        let old = Release::of(Arc::new(store.clone()), &Function::ALL, &QUESTIONS).await;
        publish_revised(&store).await;
        let new = Release::of(Arc::new(store), &Function::ALL, &QUESTIONS).await;
        for (question, (old, new)) in QUESTIONS.iter().zip(old.answers.iter().zip(&new.answers)) {
            assert!(new.0 == 200 && old != new, "{question}: {old:?} {new:?}");
        }
    }
}
