//! The stored structures once more, field by field, in `wincode`: the maintained crate that reads and writes
//! what `artifact::codec` has bincode write. They also give the tests a hand on single fields.

use artifact::{Kind, open};
use tests::golden;
use wincode::{SchemaRead, SchemaWrite};

macro_rules! mirror {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Debug, Clone, PartialEq, SchemaRead, SchemaWrite)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type,)*
        }
    };
}

type Block = Vec<u8>;

mirror!(Platforms { n: u32, offsets: Block, names: Block });

mirror!(MaxDuration {
    platforms: Platforms,
    n_keys: u32,
    n_winners: u32,
    n_titles: u32,
    keys: Block,
    offsets: Block,
    winners: Block,
    id_offsets: Block,
    ids: Block,
    display_offsets: Block,
    display: Block,
    platform_idx: Block,
    year: Block,
    duration: Block,
});

mirror!(ScoreCount {
    platforms: Platforms,
    n_keys: u32,
    n_scores: u32,
    keys: Block,
    offsets: Block,
    scores: Block,
});

mirror!(CountPlatform { platforms: Platforms, films: Block });

mirror!(Actor {
    platforms: Platforms,
    names_casts: Block,
    n_keys: u32,
    n_names: u32,
    keys: Block,
    counts: Block,
    offsets: Block,
    name_offsets: Block,
    names: Block,
});

mirror!(Titles {
    n_platforms: u32,
    n_genres: u32,
    n_audiences: u32,
    n_titles: u32,
    n_title_genres: u32,
    platform_offsets: Block,
    platforms: Block,
    genre_name_offsets: Block,
    genre_names: Block,
    audience_offsets: Block,
    audiences: Block,
    id_offsets: Block,
    ids: Block,
    by_id: Block,
    display_offsets: Block,
    display: Block,
    platform_idx: Block,
    kind: Block,
    year: Block,
    genre_offsets: Block,
    genre_idx: Block,
    audience_idx: Block,
    work: Block,
    n_ratings: Block,
    popular: Block,
});

mirror!(RatingModel {
    n_items: u32,
    n_factors: u32,
    global_mean: f32,
    scale: (f32, f32),
    noise_variance: f32,
    prior_mean: Block,
    prior_precision: Block,
    item_bias: Block,
    item_factors: Block,
});

mirror!(RankingModel {
    unobserved_weight: f32,
    regularization: f32,
    exponent: f32,
    n_titles: u32,
    items: RatingModel
});

mirror!(TrainedModel { items: RatingModel, n_users: u32, user_bias: Block, user_factors: Block });

mirror!(TitleSearch {
    n_titles: u32,
    n_words: u32,
    n_ranks: u32,
    by_rank: Block,
    offsets: Block,
    ranks: Block,
    word_offsets: Block,
    words: Block,
});

mirror!(Eda { json: Block, policy: Block, page: Block });

mirror!(Users {
    n_users: u32,
    n_factors: u32,
    n_ranking_factors: Option<u32>,
    n_ratings: u32,
    id_offsets: Block,
    ids: Block,
    bias: Block,
    factors: Block,
    ranking_factors: Block,
    offsets: Block,
    title_idx: Block,
    rating: Block,
});

mirror!(UserIndex {
    n_users: u64,
    n_factors: u32,
    n_ranking_factors: Option<u32>,
    n_titles: u32,
    n_blocks: u32,
    first_id_offsets: Block,
    first_ids: Block,
    offsets: Block,
});

/// The golden payload of a kind; the first of those in parts.
pub(crate) fn payload(kind: Kind) -> Vec<u8> {
    let golden = golden::envelopes().into_iter().find(|(k, _)| *k == kind).unwrap().1;
    open(kind, &golden).unwrap().to_vec()
}

macro_rules! both_ways {
    ($($mirror:ident),*) => {
        /// What wincode makes of a payload: the bytes it writes for what it read.
        fn through_wincode(kind: Kind, payload: &[u8]) -> Vec<u8> {
            match kind {
                $(Kind::$mirror => {
                    wincode::serialize(&wincode::deserialize::<$mirror>(payload).unwrap()).unwrap()
                })*
            }
        }
    };
}
both_ways!(
    MaxDuration,
    ScoreCount,
    CountPlatform,
    Actor,
    Titles,
    RatingModel,
    RankingModel,
    TitleSearch,
    Eda,
    Users,
    UserIndex,
    TrainedModel
);

#[test]
fn wincode_reads_and_writes_the_golden_payloads_byte_for_byte() {
    for (kind, golden) in golden::envelopes() {
        let payload = open(kind, &golden).unwrap();
        assert_eq!(through_wincode(kind, payload), payload, "{kind}");
    }
}

#[test]
fn wincode_reads_the_values_that_bincode_wrote() {
    let model: TrainedModel = wincode::deserialize(&payload(Kind::TrainedModel)).unwrap();
    let items = &model.items;
    assert_eq!((model.n_users, items.n_items, items.n_factors, items.scale), (4, 6, 2, (0.5, 5.0)));
    assert_eq!(&model.user_bias[..4], 0.25_f32.to_le_bytes());
    let users: Users = wincode::deserialize(&payload(Kind::Users)).unwrap();
    assert_eq!((users.n_users, users.n_ranking_factors, users.n_ratings), (2, Some(2), 5));
    assert_eq!(users.ids, b"12");
    let index: UserIndex = wincode::deserialize(&payload(Kind::UserIndex)).unwrap();
    assert_eq!((index.n_users, index.n_blocks, index.first_ids.as_slice()), (4, 2, &b"130"[..]));
    let counts: CountPlatform = wincode::deserialize(&payload(Kind::CountPlatform)).unwrap();
    assert_eq!((counts.platforms.n, counts.platforms.names.as_slice()), (3, &b"amazondisneyhulu"[..]));
    assert_eq!(counts.films, [3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
}
