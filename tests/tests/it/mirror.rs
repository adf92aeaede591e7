//! Mirrors of the stored structures, field by field, for `wincode`, and corrupt files with one faulty field
//! each.
//!
//! `wincode` is a maintained crate that reads and writes the same bytes as bincode, which `artifact::codec`
//! uses. The mirrors prove that, and let tests change single fields. Everything in the tests that depends on
//! the stored form of a kind is in this file: its structure, the faults that must be refused at step 8 of
//! reading, and its row in `mirrors!`.

use std::collections::BTreeMap;

use artifact::{HEADER_BYTES, Kind, open, seal};
use tests::golden;
use wincode::config::DefaultConfig;
use wincode::{SchemaRead, SchemaWrite};

macro_rules! mirror {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Debug, Clone, PartialEq, SchemaRead, SchemaWrite)]
        struct $name {
            $($field: $type,)*
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

mirror!(TitleCount { n_titles: u32, postings: Vec<Postings> });

mirror!(Postings { n: u32, n_titles: u32, name_offsets: Block, names: Block, offsets: Block, titles: Block });

mirror!(Genres {
    n_genres: u32,
    n_titles: u32,
    n_title_genres: u32,
    name_offsets: Block,
    names: Block,
    offsets: Block,
    genre_idx: Block,
});

mirror!(UserDigests { n_blocks: u32, digests: Block });

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

mirror!(Neighbors {
    n_items: u32,
    beside_factors: bool,
    n_members: u32,
    n_weights: u32,
    members: Block,
    offsets: Block,
    targets: Block,
    weights: Block,
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

/// Lists the mirror of each kind, and the function that adds its corrupt files.
macro_rules! mirrors {
    ($($mirror:ident: $faults:ident,)*) => {
        /// Reads a payload with `wincode`, and returns the bytes that `wincode` writes for the value.
        fn through_wincode(kind: Kind, payload: &[u8]) -> Vec<u8> {
            match kind {
                $(Kind::$mirror => {
                    wincode::serialize(&wincode::deserialize::<$mirror>(payload).unwrap()).unwrap()
                })*
            }
        }

        /// Adds corrupt files of all kinds, with one fault each.
        pub(crate) fn fields(corpus: &mut Corpus) {
            $($faults(&mut Fields::of(corpus, Kind::$mirror));)*
        }
    };
}

mirrors! {
    MaxDuration: max_duration,
    ScoreCount: score_count,
    CountPlatform: count_platform,
    Actor: actor,
    Titles: titles,
    RatingModel: rating_model,
    RankingModel: ranking_model,
    TitleSearch: title_search,
    Eda: eda,
    Users: users,
    UserIndex: user_index,
    TrainedModel: trained_model,
    TitleCount: title_count,
    Genres: genres,
    UserDigests: user_digests,
    Neighbors: neighbors,
}

/// Files by name.
pub(crate) type Corpus = BTreeMap<String, Vec<u8>>;

/// Returns the golden payload of a kind, or of the first part if the kind is in parts.
pub(crate) fn payload(kind: Kind) -> Vec<u8> {
    open(kind, &golden::parts(kind)[0]).unwrap().to_vec()
}

/// Writer of corrupt files of one kind, each made by one change of the golden structure.
struct Fields<'a, M> {
    corpus: &'a mut Corpus,
    kind: Kind,
    golden: M,
}

impl<'a, M> Fields<'a, M>
where
    M: Clone
        + wincode::SchemaWrite<DefaultConfig, Src = M>
        + for<'de> wincode::SchemaRead<'de, DefaultConfig, Dst = M>,
{
    fn of(corpus: &'a mut Corpus, kind: Kind) -> Self {
        Self { corpus, kind, golden: wincode::deserialize(&payload(kind)).unwrap() }
    }

    fn add(&mut self, field_and_what: &str, change: impl FnOnce(&mut M)) {
        let mut stored = self.golden.clone();
        change(&mut stored);
        let bytes = seal(self.kind, &wincode::serialize(&stored).unwrap());
        let name = format!("{}.step-8.{field_and_what}.bin", self.kind);
        assert!(self.corpus.insert(name.clone(), bytes).is_none(), "{name} is added twice");
    }
}

fn set<const N: usize>(block: &mut [u8], at: usize, value: [u8; N]) {
    block[at * N..(at + 1) * N].copy_from_slice(&value);
}

fn swap<const N: usize>(block: &mut [u8], a: usize, b: usize) {
    let (one, other): ([u8; N], [u8; N]) =
        (block[a * N..(a + 1) * N].try_into().unwrap(), block[b * N..(b + 1) * N].try_into().unwrap());
    set(block, a, other);
    set(block, b, one);
}

pub(crate) fn shorten(bytes: &mut Vec<u8>) {
    bytes.truncate(bytes.len() - 1);
}

/// Returns the last value of a block of `u32`.
fn last(block: &[u8]) -> u32 {
    u32::from_le_bytes(*block.last_chunk().unwrap())
}

fn set_last(block: &mut [u8], value: u32) {
    *block.last_chunk_mut().unwrap() = value.to_le_bytes();
}

fn count_platform(fields: &mut Fields<'_, CountPlatform>) {
    fields.add("platforms.more-than-255", |s| {
        s.platforms.n = 256;
        s.platforms.offsets = (0..=256_u32).flat_map(u32::to_le_bytes).collect();
        s.platforms.names = vec![b'a'; 256];
        s.films = vec![0; 256 * 4];
    });
    fields.add("platforms.n-huge", |s| s.platforms.n = u32::MAX);
    fields.add("platforms.n-one-more", |s| s.platforms.n += 1);
    fields.add("platforms.offsets-cut", |s| shorten(&mut s.platforms.offsets));
    fields.add("platforms.offsets-fall", |s| swap::<4>(&mut s.platforms.offsets, 1, 2));
    fields.add("platforms.offsets-not-from-0", |s| s.platforms.offsets[0] = 1);
    fields.add("platforms.offsets-beyond-the-text", |s| {
        let end = last(&s.platforms.offsets);
        set_last(&mut s.platforms.offsets, end + 1);
    });
    fields.add("platforms.text-beyond-the-offsets", |s| s.platforms.names.push(b'a'));
    fields.add("platforms.no-utf-8", |s| s.platforms.names[2] = 0xff);
    fields.add("platforms.offset-within-a-character", |s| {
        // The first name ends between the two bytes of é.
        s.platforms.names[5..7].copy_from_slice("é".as_bytes());
    });
    fields.add("films.one-short", |s| s.films.truncate(8));
    fields.add("films.one-more", |s| s.films.extend([0; 4]));
    fields.add("films.off-the-width", |s| shorten(&mut s.films));
}

fn max_duration(fields: &mut Fields<'_, MaxDuration>) {
    fields.add("platforms.offsets-fall", |s| swap::<4>(&mut s.platforms.offsets, 1, 2));
    fields.add("keys.n-huge", |s| s.n_keys = u32::MAX);
    fields.add("keys.n-one-less", |s| s.n_keys -= 1);
    fields.add("keys.not-in-order", |s| swap::<8>(&mut s.keys, 0, 1));
    fields.add("keys.twice", |s| s.keys.copy_within(0..8, 8));
    fields.add("offsets.not-from-0", |s| s.offsets[0] = 1);
    fields.add("offsets.fall", |s| swap::<4>(&mut s.offsets, 1, 2));
    fields.add("offsets.beyond-the-winners", |s| {
        let end = last(&s.offsets);
        set_last(&mut s.offsets, end + 1);
    });
    fields.add("offsets.one-short", |s| s.offsets.truncate(s.offsets.len() - 4));
    fields.add("offsets.key-without-title", |s| s.offsets.copy_within(4..8, 8));
    fields.add("winners.one-short", |s| s.winners.truncate(s.winners.len() - 4));
    fields.add("winners.out-of-range", |s| set(&mut s.winners, 0, s.n_titles.to_le_bytes()));
    fields.add("ids.n-huge", |s| s.n_titles = u32::MAX);
    fields.add("ids.offsets-fall", |s| swap::<4>(&mut s.id_offsets, 1, 2));
    fields.add("ids.no-utf-8", |s| s.ids[0] = 0xff);
    fields.add("display.offsets-fall", |s| swap::<4>(&mut s.display_offsets, 1, 2));
    fields.add("display.text-cut", |s| shorten(&mut s.display));
    fields.add("platform_idx.one-short", |s| s.platform_idx.truncate(s.platform_idx.len() - 2));
    fields.add("platform_idx.out-of-range", |s| s.platform_idx[0] = 3);
    fields.add("year.off-the-width", |s| shorten(&mut s.year));
    fields.add("duration.one-more", |s| s.duration.extend([0; 4]));
}

fn score_count(fields: &mut Fields<'_, ScoreCount>) {
    fields.add("platforms.offsets-fall", |s| swap::<4>(&mut s.platforms.offsets, 1, 2));
    fields.add("keys.n-huge", |s| s.n_keys = u32::MAX);
    fields.add("keys.not-in-order", |s| swap::<4>(&mut s.keys, 0, 1));
    fields.add("keys.twice", |s| s.keys.copy_within(0..4, 4));
    fields.add("offsets.not-from-0", |s| s.offsets[0] = 1);
    fields.add("offsets.fall", |s| swap::<4>(&mut s.offsets, 1, 2));
    fields.add("offsets.beyond-the-scores", |s| s.n_scores -= 1);
    fields.add("scores.one-short", |s| s.scores.truncate(s.scores.len() - 8));
    fields.add("scores.nan", |s| set(&mut s.scores, 0, f64::NAN.to_le_bytes()));
    fields.add("scores.infinite", |s| set(&mut s.scores, 0, f64::NEG_INFINITY.to_le_bytes()));
    fields.add("scores.not-in-order", |s| swap::<8>(&mut s.scores, 0, 1));
}

fn actor(fields: &mut Fields<'_, Actor>) {
    fields.add("platforms.offsets-fall", |s| swap::<4>(&mut s.platforms.offsets, 1, 2));
    fields.add("names_casts.one-short", |s| s.names_casts.truncate(4));
    fields.add("keys.n-huge", |s| s.n_keys = u32::MAX);
    fields.add("keys.not-in-order", |s| swap::<4>(&mut s.keys, 0, 1));
    fields.add("keys.twice", |s| s.keys.copy_within(0..4, 4));
    fields.add("counts.one-short", |s| s.counts.truncate(s.counts.len() - 4));
    fields.add("offsets.fall", |s| swap::<4>(&mut s.offsets, 1, 2));
    fields.add("offsets.beyond-the-names", |s| s.n_names -= 1);
    fields.add("offsets.key-without-name", |s| s.offsets.copy_within(4..8, 8));
    fields.add("names.offsets-fall", |s| swap::<4>(&mut s.name_offsets, 1, 2));
    fields.add("names.no-utf-8", |s| s.names[0] = 0xc0);
    fields.add("names.offsets-one-short", |s| s.name_offsets.truncate(s.name_offsets.len() - 4));
}

fn title_count(fields: &mut Fields<'_, TitleCount>) {
    fields.add("postings.one-short", |s| s.postings.truncate(5));
    fields.add("names.n-huge", |s| s.postings[0].n = u32::MAX);
    fields.add("names.offsets-fall", |s| swap::<4>(&mut s.postings[0].name_offsets, 1, 2));
    fields.add("names.not-in-order", |s| s.postings[0].names.rotate_left(6));
    fields.add("names.one-empty", |s| set(&mut s.postings[0].name_offsets, 1, 0_u32.to_le_bytes()));
    fields.add("offsets.fall", |s| swap::<4>(&mut s.postings[0].offsets, 1, 2));
    fields.add("offsets.value-without-title", |s| s.postings[0].offsets.copy_within(4..8, 8));
    fields.add("offsets.beyond-the-titles", |s| s.postings[0].n_titles -= 1);
    fields.add("titles.one-short", |s| s.postings[1].titles.truncate(8));
    fields.add("titles.not-in-order", |s| swap::<4>(&mut s.postings[0].titles, 0, 1));
    fields.add("titles.out-of-range", |s| s.n_titles = 1);
}

fn genres(fields: &mut Fields<'_, Genres>) {
    fields.add("names.n-huge", |s| s.n_genres = u32::MAX);
    fields.add("names.no-utf-8", |s| s.names[0] = 0xff);
    fields.add("names.offsets-fall", |s| swap::<4>(&mut s.name_offsets, 1, 2));
    fields.add("names.not-in-order", |s| s.names[..7].copy_from_slice(b"zcci\xc3\xb3n"));
    fields.add("names.one-empty", |s| set(&mut s.name_offsets, 1, 0_u32.to_le_bytes()));
    fields.add("offsets.one-short", |s| s.offsets.truncate(s.offsets.len() - 4));
    fields.add("offsets.fall", |s| swap::<4>(&mut s.offsets, 1, 2));
    fields.add("offsets.beyond-the-genres", |s| s.n_title_genres -= 1);
    fields.add("genre_idx.one-short", |s| s.genre_idx.truncate(s.genre_idx.len() - 2));
    fields.add("genre_idx.out-of-range", |s| set(&mut s.genre_idx, 0, 4_u16.to_le_bytes()));
}

fn neighbors(fields: &mut Fields<'_, Neighbors>) {
    fields.add("members.n-huge", |s| s.n_members = u32::MAX);
    fields.add("members.one-short", |s| s.members.truncate(s.members.len() - 4));
    fields.add("members.not-in-order", |s| swap::<4>(&mut s.members, 0, 1));
    fields.add("members.twice", |s| set(&mut s.members, 1, 0_u32.to_le_bytes()));
    fields.add("members.out-of-range", |s| s.n_items = 5);
    fields.add("offsets.one-short", |s| s.offsets.truncate(s.offsets.len() - 4));
    fields.add("offsets.fall", |s| swap::<4>(&mut s.offsets, 1, 2));
    fields.add("offsets.beyond-the-weights", |s| set(&mut s.offsets, 3, 5_u32.to_le_bytes()));
    fields.add("targets.one-short", |s| s.targets.truncate(s.targets.len() - 2));
    fields.add("targets.out-of-range", |s| set(&mut s.targets, 3, 3_u16.to_le_bytes()));
    fields.add("targets.not-in-order", |s| swap::<2>(&mut s.targets, 2, 3));
    fields.add("weights.n-huge", |s| s.n_weights = u32::MAX);
    fields.add("weights.infinite", |s| set(&mut s.weights, 0, 0x7c00_u16.to_le_bytes()));
    fields.add("weights.nan", |s| set(&mut s.weights, 1, 0x7e01_u16.to_le_bytes()));
}

fn user_digests(fields: &mut Fields<'_, UserDigests>) {
    fields.add("digests.one-short", |s| s.n_blocks += 1);
    fields.add("digests.cut", |s| s.digests.truncate(s.digests.len() - 1));
    fields.add("digests.n-huge", |s| s.n_blocks = u32::MAX);
}

fn titles(fields: &mut Fields<'_, Titles>) {
    fields.add("platforms.offsets-fall", |s| swap::<4>(&mut s.platform_offsets, 1, 2));
    fields.add("platforms.n-huge", |s| s.n_platforms = u32::MAX);
    fields.add("genres.offsets-fall", |s| swap::<4>(&mut s.genre_name_offsets, 1, 2));
    fields.add("genres.no-utf-8", |s| s.genre_names[0] = 0xff);
    fields.add("ids.n-huge", |s| s.n_titles = u32::MAX);
    fields.add("ids.offsets-fall", |s| swap::<4>(&mut s.id_offsets, 1, 2));
    fields.add("by_id.one-short", |s| s.by_id.truncate(s.by_id.len() - 4));
    fields.add("by_id.out-of-range", |s| set(&mut s.by_id, 0, s.n_titles.to_le_bytes()));
    fields.add("by_id.not-in-order", |s| swap::<4>(&mut s.by_id, 0, 1));
    fields.add("by_id.title-twice", |s| s.by_id.copy_within(0..4, 4));
    fields.add("by_id.id-twice", |s| s.ids.copy_within(0..3, 3));
    fields.add("display.no-utf-8", |s| s.display[0] = 0xff);
    fields.add("display.offset-within-a-character", |s| {
        // The first offset after 0 moves into the ñ of the first title.
        set(&mut s.display_offsets, 1, 6_u32.to_le_bytes());
    });
    fields.add("platform_idx.one-short", |s| s.platform_idx.truncate(s.platform_idx.len() - 2));
    fields.add("platform_idx.out-of-range", |s| s.platform_idx[0] = 3);
    fields.add("kind.one-short", |s| s.kind.truncate(s.kind.len() - 2));
    fields.add("kind.neither", |s| s.kind[0] = 2);
    fields.add("year.off-the-width", |s| shorten(&mut s.year));
    fields.add("genre_offsets.fall", |s| swap::<4>(&mut s.genre_offsets, 1, 2));
    fields.add("genre_offsets.not-from-0", |s| s.genre_offsets[0] = 1);
    fields.add("genre_offsets.beyond", |s| s.n_title_genres -= 1);
    fields.add("genre_idx.one-short", |s| s.genre_idx.truncate(s.genre_idx.len() - 2));
    fields.add("genre_idx.out-of-range", |s| s.genre_idx[0] = 3);
    fields.add("audiences.n-huge", |s| s.n_audiences = u32::MAX);
    fields.add("audiences.no-utf-8", |s| s.audiences[0] = 0xff);
    fields.add("audience_idx.one-short", |s| s.audience_idx.truncate(s.audience_idx.len() - 2));
    fields.add("audience_idx.out-of-range", |s| {
        set(&mut s.audience_idx, 0, (s.n_audiences as u16).to_le_bytes());
    });
    fields.add("work.one-short", |s| s.work.truncate(s.work.len() - 4));
    fields.add("work.out-of-range", |s| set(&mut s.work, 0, s.n_titles.to_le_bytes()));
    fields.add("work.after-the-title", |s| {
        set(&mut s.work, 0, 1_u32.to_le_bytes());
        set(&mut s.work, 1, 1_u32.to_le_bytes());
    });
    // The last title's work is named by title 1, which is no longer the first of its work: title 0 is.
    fields.add("work.not-the-first", |s| set(&mut s.work, 1, 0_u32.to_le_bytes()));
    fields.add("n_ratings.not-the-works", |s| set(&mut s.n_ratings, 5, 9_u32.to_le_bytes()));
    fields.add("n_ratings.one-more", |s| s.n_ratings.extend([0; 4]));
    fields.add("popular.one-short", |s| s.popular.truncate(s.popular.len() - 4));
    fields.add("popular.twice", |s| s.popular.copy_within(0..4, 4));
    fields.add("popular.out-of-range", |s| set(&mut s.popular, 0, s.n_titles.to_le_bytes()));
}

const HALF_NAN: [u8; 2] = 0x7e00_u16.to_le_bytes();
const HALF_INFINITY: [u8; 2] = 0xfc00_u16.to_le_bytes();

fn rating_model(fields: &mut Fields<'_, RatingModel>) {
    fields.add("item_bias.n-huge", |s| s.n_items = u32::MAX);
    fields.add("item_bias.one-short", |s| s.item_bias.truncate(s.item_bias.len() - 4));
    fields.add("prior_mean.n-factors-huge", |s| s.n_factors = u32::MAX);
    fields.add("prior_mean.n-factors-0", |s| s.n_factors = 0);
    fields.add("item_factors.row-more", |s| s.item_factors.extend([0; 4]));
    fields.add("global_mean.nan", |s| s.global_mean = f32::NAN);
    fields.add("scale.upside-down", |s| s.scale = (5.0, 0.5));
    fields.add("scale.empty", |s| s.scale = (0.5, 0.5));
    fields.add("scale.nan", |s| s.scale.1 = f32::NAN);
    fields.add("scale.infinite", |s| s.scale.1 = f32::INFINITY);
    fields.add("noise_variance.0", |s| s.noise_variance = 0.0);
    fields.add("noise_variance.infinite", |s| s.noise_variance = f32::INFINITY);
    fields.add("item_bias.infinite", |s| set(&mut s.item_bias, 1, f32::INFINITY.to_le_bytes()));
    fields.add("item_factors.infinite", |s| set(&mut s.item_factors, 3, HALF_INFINITY));
    fields.add("prior_mean.one-short", |s| s.prior_mean.truncate(s.prior_mean.len() - 4));
    fields.add("prior_mean.nan", |s| set(&mut s.prior_mean, 0, f32::NAN.to_le_bytes()));
    fields.add("prior_precision.one-short", |s| s.prior_precision.truncate(s.prior_precision.len() - 4));
    fields.add("prior_precision.infinite", |s| set(&mut s.prior_precision, 0, f32::INFINITY.to_le_bytes()));
    fields.add("prior_precision.not-definite", |s| set(&mut s.prior_precision, 2, (-2.0_f32).to_le_bytes()));
}

fn ranking_model(fields: &mut Fields<'_, RankingModel>) {
    fields.add("item_factors.one-short", |s| s.items.item_factors.truncate(s.items.item_factors.len() - 2));
    fields.add("global_mean.not-0", |s| s.items.global_mean = 3.5);
    fields.add("prior_mean.not-0", |s| set(&mut s.items.prior_mean, 0, 1.0_f32.to_le_bytes()));
    fields.add("unobserved_weight.nan", |s| s.unobserved_weight = f32::NAN);
    fields.add("unobserved_weight.negative", |s| s.unobserved_weight = -1.0);
    fields.add("regularization.0", |s| s.regularization = 0.0);
    fields.add("regularization.infinite", |s| s.regularization = f32::INFINITY);
    fields.add("exponent.above-1", |s| s.exponent = 1.5);
    fields.add("n_titles.beyond-the-titles", |s| s.n_titles = 7);
}

fn trained_model(fields: &mut Fields<'_, TrainedModel>) {
    fields.add("global_mean.nan", |s| s.items.global_mean = f32::NAN);
    fields.add("user_bias.n-huge", |s| s.n_users = u32::MAX);
    fields.add("user_bias.nan", |s| set(&mut s.user_bias, 1, f32::NAN.to_le_bytes()));
    fields.add("user_factors.row-short", |s| s.user_factors.truncate(s.user_factors.len() - 4));
    fields.add("user_factors.nan", |s| set(&mut s.user_factors, 3, HALF_NAN));
}

fn users(fields: &mut Fields<'_, Users>) {
    fields.add("ids.none", |s| {
        *s = Users {
            n_users: 0,
            n_ratings: 0,
            id_offsets: vec![0; 4],
            ids: Vec::new(),
            bias: Vec::new(),
            factors: Vec::new(),
            ranking_factors: Vec::new(),
            offsets: vec![0; 4],
            title_idx: Vec::new(),
            rating: Vec::new(),
            ..s.clone()
        };
    });
    fields.add("ids.n-huge", |s| s.n_users = u32::MAX);
    fields.add("ids.offsets-fall", |s| swap::<4>(&mut s.id_offsets, 1, 2));
    fields.add("ids.no-utf-8", |s| s.ids[0] = 0xff);
    fields.add("ids.not-in-order", |s| s.ids.swap(0, 1));
    fields.add("ids.twice", |s| s.ids[1] = s.ids[0]);
    fields.add("bias.one-short", |s| s.bias.truncate(4));
    fields.add("bias.nan", |s| set(&mut s.bias, 1, f32::NAN.to_le_bytes()));
    fields.add("factors.n-huge", |s| s.n_factors = u32::MAX);
    fields.add("factors.one-short", |s| s.factors.truncate(s.factors.len() - 2));
    fields.add("factors.nan", |s| set(&mut s.factors, 3, HALF_NAN));
    fields.add("ranking_factors.n-huge", |s| s.n_ranking_factors = Some(u32::MAX));
    fields.add("ranking_factors.of-no-model", |s| s.n_ranking_factors = None);
    fields.add("ranking_factors.infinite", |s| set(&mut s.ranking_factors, 0, HALF_INFINITY));
    fields.add("offsets.one-short", |s| s.offsets.truncate(s.offsets.len() - 4));
    fields.add("offsets.not-from-0", |s| s.offsets[0] = 1);
    fields.add("offsets.fall", |s| set(&mut s.offsets, 1, 6_u32.to_le_bytes()));
    fields.add("offsets.huge", |s| set(&mut s.offsets, 1, u32::MAX.to_le_bytes()));
    fields.add("offsets.beyond-the-rows", |s| set(&mut s.offsets, 2, 6_u32.to_le_bytes()));
    fields.add("title_idx.off-the-width", |s| shorten(&mut s.title_idx));
    fields.add("title_idx.not-in-order", |s| swap::<4>(&mut s.title_idx, 0, 1));
    fields.add("title_idx.twice", |s| s.title_idx.copy_within(0..4, 4));
    fields.add("rating.one-short", |s| s.rating.truncate(s.rating.len() - 4));
    fields.add("rating.nan", |s| set(&mut s.rating, 0, f32::NAN.to_le_bytes()));
}

fn eda(fields: &mut Fields<'_, Eda>) {
    fields.add("json.no-utf-8", |s| s.json[3] = 0xff);
    fields.add("json.cut", |s| shorten(&mut s.json));
    fields.add("json.array", |s| s.json = b"[1]".to_vec());
    fields.add("policy.empty", |s| s.policy.clear());
    fields.add("policy.another-header", |s| s.policy.extend(b"\r\nset-cookie: a=b"));
    fields.add("page.no-utf-8", |s| s.page[60] = 0xff);
    fields.add("page.no-document", |s| s.page = b"{}".to_vec());
}

fn user_index(fields: &mut Fields<'_, UserIndex>) {
    fields.add("first_ids.n-huge", |s| s.n_blocks = u32::MAX);
    fields.add("first_ids.offsets-fall", |s| set(&mut s.first_id_offsets, 1, 4_u32.to_le_bytes()));
    fields.add("first_ids.no-utf-8", |s| s.first_ids[0] = 0xff);
    // `1` and `30` become `13` and `0`.
    fields.add("first_ids.not-in-order", |s| set(&mut s.first_id_offsets, 1, 2_u32.to_le_bytes()));
    fields.add("offsets.one-short", |s| s.offsets.truncate(s.offsets.len() - 8));
    fields.add("offsets.not-from-0", |s| s.offsets[0] = 1);
    fields.add("offsets.fall", |s| swap::<8>(&mut s.offsets, 1, 2));
    fields.add("offsets.no-room-for-a-payload", |s| {
        set(&mut s.offsets, 1, (HEADER_BYTES as u64).to_le_bytes());
    });
    fields.add("offsets.huge", |s| set(&mut s.offsets, 1, u64::MAX.to_le_bytes()));
    fields.add("n_users.less-than-blocks", |s| s.n_users = 1);
    fields.add("n_users.of-no-block", |s| {
        *s = UserIndex {
            n_blocks: 0,
            first_id_offsets: vec![0; 4],
            first_ids: Vec::new(),
            offsets: vec![0; 8],
            ..s.clone()
        };
    });
}

fn title_search(fields: &mut Fields<'_, TitleSearch>) {
    fields.add("by_rank.n-huge", |s| s.n_titles = u32::MAX);
    fields.add("by_rank.one-short", |s| s.by_rank.truncate(s.by_rank.len() - 4));
    fields.add("by_rank.twice", |s| s.by_rank.copy_within(0..4, 4));
    fields.add("by_rank.out-of-range", |s| set(&mut s.by_rank, 0, s.n_titles.to_le_bytes()));
    fields.add("words.n-huge", |s| s.n_words = u32::MAX);
    fields.add("words.offsets-fall", |s| swap::<4>(&mut s.word_offsets, 1, 2));
    fields.add("words.no-utf-8", |s| s.words[0] = 0xff);
    fields.add("words.not-in-order", |s| s.words[0] = b'z');
    fields.add("words.with-a-sign", |s| s.words[0] = b'!');
    // The first word becomes empty, and its letters go to the second.
    fields.add("words.empty", |s| set(&mut s.word_offsets, 1, 0_u32.to_le_bytes()));
    fields.add("offsets.fall", |s| swap::<4>(&mut s.offsets, 1, 2));
    fields.add("offsets.not-from-0", |s| s.offsets[0] = 1);
    fields.add("offsets.beyond-the-ranks", |s| s.n_ranks -= 1);
    fields.add("offsets.word-without-title", |s| s.offsets.copy_within(4..8, 8));
    fields.add("ranks.one-short", |s| s.ranks.truncate(s.ranks.len() - 4));
    fields.add("ranks.out-of-range", |s| set(&mut s.ranks, 0, s.n_titles.to_le_bytes()));
    fields.add("ranks.not-in-order", |s| {
        // `second` is a word of two titles.
        swap::<4>(&mut s.ranks, 5, 6);
    });
}

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
