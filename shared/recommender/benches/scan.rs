//! A full scan for recommendations, by predicted rating and by a ranking model, with and without reasons, and
//! a fold-in: by number of factors, over 23,000 titles. Also how long it takes to decode them.

use std::hint::black_box;

use artifact::Artifact as _;
use catalog::{Platform, RatingTable, Title, TitleId, TitleTable, UserId};
use criterion::{BenchmarkId, Criterion};
use recommender::{
    ItemModel, ItemModelParts, ListOptions, RankingModel, RankingWeights, Recommender, Titles, User,
    UserBlock, UserPrior, UserShape, UsersWriter,
};

const N_TITLES: usize = 23_000;
/// The number of titles that the known user rated. They like two in five of them.
const N_RATED: usize = 100;
/// The same for a user who rated as many titles as anyone does.
const N_RATED_AT_MOST: usize = 3_000;

/// Returns pseudorandom numbers between -0.5 and 0.5, which are the same in every run.
fn noise(seed: u32) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    }
}

/// Returns a recommender, and a block with the one user that it is asked about.
fn recommender(n_factors: usize, with_ranking: bool, n_rated: usize) -> (Recommender, UserBlock) {
    let titles = (0..N_TITLES)
        .map(|i| Title {
            release_year: Some(2000),
            audience: "g".to_owned(),
            genres: vec!["dramas".to_owned()],
            ..Title::named(TitleId::new(&format!("ns{i}")).expect("letters and digits"), format!("Title {i}"))
        })
        .collect();
    let table = TitleTable::new(vec![Platform::new("netflix").expect("a name")], titles).expect("ids differ");
    let rated: Vec<u32> = (0..n_rated).map(|i| (i * (N_TITLES / n_rated)) as u32).collect();
    let user = vec![UserId::new("1").expect("a digit")];
    let ratings = RatingTable::new(
        user,
        vec![0, n_rated as u64],
        rated,
        (0..n_rated).map(|i| if i % 5 < 2 { 4.5 } else { 3.0 }).collect(),
        vec![0; n_rated],
        N_TITLES,
    )
    .expect("rows in order");
    let mut next = noise(7);
    let mut values = |n: usize| -> Vec<f32> { (0..n).map(|_| next()).collect() };
    let model = ItemModel::new(ItemModelParts {
        global_mean: 3.5,
        item_bias: values(N_TITLES),
        n_factors,
        item_factors: values(N_TITLES * n_factors),
        user_prior: UserPrior::standard(n_factors),
        ..ItemModelParts::default()
    })
    .expect("the parts fit");
    let ranking = with_ranking.then(|| ranking(n_factors, &mut values));
    let n_ranking_factors = ranking.as_ref().map(|_| n_factors);
    let shape = UserShape { n_factors, n_ranking_factors, n_titles: N_TITLES };
    let (users, _) = written(shape, &ratings, &mut values);
    let users = UserBlock::from_bytes(&users).expect("one block");
    let titles = Titles::build(&table, &ratings);
    (Recommender::new(titles, model, ranking, shape, 3.5).expect("one release"), users)
}

/// Returns the blocks of the users of some ratings, with vectors of their own, and the size of their index.
fn written(
    shape: UserShape,
    ratings: &RatingTable,
    values: &mut impl FnMut(usize) -> Vec<f32>,
) -> (Vec<u8>, usize) {
    let mut writer = UsersWriter::new(shape);
    let mut bytes = Vec::new();
    for (user, id) in ratings.users().iter().enumerate() {
        let rows = ratings.rows_of(user);
        let ranking_vector = shape.n_ranking_factors.map(&mut *values);
        let closed = writer.push(User {
            id: id.as_str(),
            bias: 0.25,
            vector: &values(shape.n_factors),
            ranking_vector: ranking_vector.as_deref(),
            title_idx: &ratings.title_idx()[rows.clone()],
            rating: &ratings.rating()[rows],
        });
        bytes.extend(closed.expect("sound users in order").unwrap_or_default());
    }
    let (last, index) = writer.finish().expect("it encodes");
    bytes.extend(last.unwrap_or_default());
    (bytes, index.to_bytes().expect("it encodes").len())
}

fn ranking(n_factors: usize, values: &mut impl FnMut(usize) -> Vec<f32>) -> RankingModel {
    let weights = RankingWeights {
        unobserved_weight: 0.1,
        regularization: 0.01,
        exponent: 0.5,
        n_titles: N_TITLES as u32,
    };
    let item_factors = values(N_TITLES * n_factors);
    let model = ItemModel::new(ItemModelParts {
        item_bias: vec![0.0; N_TITLES],
        n_factors,
        user_prior: RankingModel::prior(&item_factors, n_factors, weights).expect("the factors are finite"),
        item_factors,
        ..ItemModelParts::default()
    });
    RankingModel::new(model.expect("the parts fit"), weights).expect("the weights are in range")
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("23000_titles");
    for n_factors in [16, 32, 50, 64, 128] {
        let factors = format!("{n_factors}_factors");
        let ratings: Vec<(usize, f32)> = (0..20).map(|i| (i * 1000, 4.0)).collect();
        let plain = ListOptions::default();
        let reasoned = ListOptions { n_reasons: 3, ..ListOptions::default() };
        let diverse = ListOptions { diversity: 0.5, ..ListOptions::default() };
        let by_score = recommender(n_factors, false, N_RATED);
        let by_ranking = recommender(n_factors, true, N_RATED);
        for (prefix, (recommender, users)) in [("", &by_score), ("ranking_", &by_ranking)] {
            for (what, options) in [("", &plain), ("_with_reasons", &reasoned), ("_diverse", &diverse)] {
                group.bench_function(
                    BenchmarkId::new(format!("{prefix}recommend_10{what}"), &factors),
                    |b| {
                        b.iter(|| recommender.recommend(Some(black_box(users).user(0)), options));
                    },
                );
            }
            let new = BenchmarkId::new(format!("{prefix}fold_in_20_recommend_10"), &factors);
            group.bench_function(new, |b| {
                b.iter(|| recommender.recommend_to_new(black_box(&ratings), &plain));
            });
        }
        let (much_rated, users) = recommender(n_factors, false, N_RATED_AT_MOST);
        let much = BenchmarkId::new(format!("recommend_10_with_reasons_from_{N_RATED_AT_MOST}"), &factors);
        group.bench_function(much, |b| {
            b.iter(|| much_rated.recommend(Some(black_box(&users).user(0)), &reasoned));
        });
    }
    decoding(&mut group);
    group.finish();
}

/// Measures how long it takes from the bytes of a release's artifacts to a recommender: what a function does
/// at its start after fetching them. The release has as many factors as builds usually have, and 3,600 users
/// with 43 ratings each.
fn decoding(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>) {
    const N_USERS: usize = 3_600;
    const N_RATED: usize = 43;
    let (made, _) = recommender(32, true, 100);
    let users: Vec<UserId> = (1..=N_USERS).map(|u| UserId::new(&u.to_string()).expect("digits")).collect();
    let ratings = RatingTable::new(
        users,
        (0..=N_USERS as u64).map(|u| u * N_RATED as u64).collect(),
        (0..N_USERS).flat_map(|_| (0..N_RATED as u32).map(|i| i * 500)).collect(),
        vec![4.0; N_USERS * N_RATED],
        vec![0; N_USERS * N_RATED],
        N_TITLES,
    )
    .expect("rows in order");
    let ranking = made.ranking().expect("it was made with one");
    let shape = UserShape { n_factors: 32, n_ranking_factors: Some(32), n_titles: N_TITLES };
    let mut next = noise(11);
    let (users, index_bytes) = written(shape, &ratings, &mut |n| (0..n).map(|_| next()).collect());
    let [titles, model, ranking] = [made.titles().to_bytes(), made.model().to_bytes(), ranking.to_bytes()]
        .map(|bytes| bytes.expect("it encodes"));
    let n_bytes = titles.len() + model.len() + ranking.len() + users.len() + index_bytes;
    group.bench_function(format!("decode_{:.1}_mb", n_bytes as f64 / 1e6), |b| {
        b.iter(|| {
            let blocks = artifact::split(artifact::Kind::Users, black_box(&users)).expect("whole");
            let blocks: Vec<UserBlock> =
                blocks.into_iter().map(|block| UserBlock::from_bytes(block).expect("sound")).collect();
            let recommender = Recommender::new(
                Titles::from_bytes(black_box(&titles)).expect("sound"),
                ItemModel::from_bytes(black_box(&model)).expect("sound"),
                Some(RankingModel::from_bytes(black_box(&ranking)).expect("sound")),
                shape,
                3.5,
            );
            (recommender, blocks)
        });
    });
    // What a request reads if there are many users.
    let block = artifact::split(artifact::Kind::Users, &users).expect("whole")[0].to_vec();
    group.bench_function(format!("decode_block_of_{:.1}_kb", block.len() as f64 / 1e3), |b| {
        b.iter(|| UserBlock::from_bytes(black_box(&block)));
    });
}
