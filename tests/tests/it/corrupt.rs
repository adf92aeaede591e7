//! The corpus of corrupt files, each held to the step that must refuse it.
//!
//! A file's name says all: `<kind>.step-<n>.<what>.bin`, and for step 8 the field as well,
//! `<kind>.step-8.<field>.<what>.bin`; for manifests and pointers `<what it is>.<error>.<what>.json`. The files
//! are made of the golden ones, one change each; `CARTELERA_BLESS=1` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use artifact::{
    Digest, HEADER_BYTES, Kind, MAX_PAYLOAD_BYTES, Manifest, ManifestError, Pointer, ReadError, open, seal,
};
use tests::{check, golden};
use wincode::config::DefaultConfig;

use crate::bless::blessing;
use crate::mirror::{self, payload};

type Corpus = BTreeMap<String, Vec<u8>>;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corrupt")
}

fn golden_artifact(kind: Kind) -> Vec<u8> {
    seal(kind, &payload(kind))
}

/// One file of a golden artifact, changed as a whole.
fn file(corpus: &mut Corpus, kind: Kind, step: u8, what: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = golden_artifact(kind);
    change(&mut bytes);
    corpus.insert(format!("{kind}.step-{step}.{what}.bin"), bytes);
}

fn envelopes(corpus: &mut Corpus) {
    use Kind::{Actor, CountPlatform, MaxDuration, RatingModel, ScoreCount, Titles, UserIndex, Users};
    file(corpus, CountPlatform, 1, "empty", Vec::clear);
    file(corpus, Actor, 1, "header-cut", |b| b.truncate(HEADER_BYTES - 1));
    file(corpus, Titles, 2, "no-magic", |b| b[0] = b'C');
    // What a transfer in text mode does to a file.
    file(corpus, Actor, 2, "line-end-folded", |b| *b = [&b[..4], &b[5..]].concat());
    file(corpus, MaxDuration, 3, "version-0", |b| b[8] = 0);
    file(corpus, MaxDuration, 3, "version-2", |b| b[8] = 2);
    file(corpus, ScoreCount, 3, "version-257", |b| b[9] = 1);
    file(corpus, Users, 4, "another-kind", |b| *b = golden_artifact(UserIndex));
    file(corpus, UserIndex, 4, "kind-0", |b| b[10] = 0);
    file(corpus, RatingModel, 4, "kind-65535", |b| b[10..12].fill(0xff));
    file(corpus, ScoreCount, 5, "payload-cut", shorten);
    file(corpus, ScoreCount, 5, "byte-added", |b| b.push(0));
    file(corpus, Titles, 5, "length-huge", |b| b[12..20].fill(0xff));
    file(corpus, Titles, 5, "length-above-2-gib", |b| {
        b[12..20].copy_from_slice(&(MAX_PAYLOAD_BYTES + 1).to_le_bytes());
    });
    file(corpus, Actor, 6, "bit-flipped-in-payload", |b| b[HEADER_BYTES + 9] ^= 0x10);
    file(corpus, RatingModel, 6, "bit-flipped-in-checksum", |b| b[20] ^= 1);
    file(corpus, Users, 5, "two-blocks", |b| b.extend(golden_artifact(Users)));
    file(corpus, Users, 6, "bytes-exchanged", |b| b.swap(HEADER_BYTES, HEADER_BYTES + 8));
    for kind in Kind::ALL {
        let mut payload = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
            file(corpus, kind, 7, what, |bytes| {
                let mut payload = payload(kind);
                change(&mut payload);
                *bytes = seal(kind, &payload);
            });
        };
        payload("payload-cut", &shorten);
        payload("byte-left-over", &|p| p.push(0));
        payload("empty", &Vec::clear);
        // The last block of every payload ends it, and its length stands before it.
        payload("block-length-huge", &|p| {
            let at = last_block(kind, p);
            p[at..at + 8].fill(0xff);
        });
    }
}

/// Where the length of the last block stands: the one place from which a length reaches the end exactly, as
/// seen from the back.
fn last_block(kind: Kind, payload: &[u8]) -> usize {
    (0..payload.len() - 7)
        .rev()
        .find(|&at| {
            let length = u64::from_le_bytes(payload[at..at + 8].try_into().unwrap());
            length > 0 && length == (payload.len() - at - 8) as u64
        })
        .unwrap_or_else(|| panic!("{kind} ends with a block"))
}

/// Puts files of one kind into the corpus, each with one change of its stored structure.
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
        assert!(self.corpus.insert(name.clone(), bytes).is_none(), "{name} twice");
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

fn shorten(bytes: &mut Vec<u8>) {
    bytes.truncate(bytes.len() - 1);
}

/// The last value of a block of `u32`.
fn last(block: &[u8]) -> u32 {
    u32::from_le_bytes(*block.last_chunk().unwrap())
}

fn set_last(block: &mut [u8], value: u32) {
    *block.last_chunk_mut().unwrap() = value.to_le_bytes();
}

fn domains(corpus: &mut Corpus) {
    count_platform(&mut Fields::of(corpus, Kind::CountPlatform));
    max_duration(&mut Fields::of(corpus, Kind::MaxDuration));
    score_count(&mut Fields::of(corpus, Kind::ScoreCount));
    actor(&mut Fields::of(corpus, Kind::Actor));
    titles(&mut Fields::of(corpus, Kind::Titles));
    rating_model(&mut Fields::of(corpus, Kind::RatingModel));
    ranking_model(&mut Fields::of(corpus, Kind::RankingModel));
    title_search(&mut Fields::of(corpus, Kind::TitleSearch));
    eda(&mut Fields::of(corpus, Kind::Eda));
    users(&mut Fields::of(corpus, Kind::Users));
    user_index(&mut Fields::of(corpus, Kind::UserIndex));
    trained_model(&mut Fields::of(corpus, Kind::TrainedModel));
}

fn count_platform(fields: &mut Fields<'_, mirror::CountPlatform>) {
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
        // The two bytes of é lie around the end of the first name.
        s.platforms.names[5..7].copy_from_slice("é".as_bytes());
    });
    fields.add("films.one-short", |s| s.films.truncate(8));
    fields.add("films.one-more", |s| s.films.extend([0; 4]));
    fields.add("films.off-the-width", |s| shorten(&mut s.films));
}

fn max_duration(fields: &mut Fields<'_, mirror::MaxDuration>) {
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

fn score_count(fields: &mut Fields<'_, mirror::ScoreCount>) {
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

fn actor(fields: &mut Fields<'_, mirror::Actor>) {
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

fn titles(fields: &mut Fields<'_, mirror::Titles>) {
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
        // The first offset after 0 moves to within the ñ of the first title.
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
    // The last title belongs to the work of title 1, which itself goes over to that of title 0.
    fields.add("work.not-the-first", |s| set(&mut s.work, 1, 0_u32.to_le_bytes()));
    fields.add("n_ratings.not-the-works", |s| set(&mut s.n_ratings, 5, 9_u32.to_le_bytes()));
    fields.add("n_ratings.one-more", |s| s.n_ratings.extend([0; 4]));
    fields.add("popular.one-short", |s| s.popular.truncate(s.popular.len() - 4));
    fields.add("popular.twice", |s| s.popular.copy_within(0..4, 4));
    fields.add("popular.out-of-range", |s| set(&mut s.popular, 0, s.n_titles.to_le_bytes()));
}

const HALF_NAN: [u8; 2] = 0x7e00_u16.to_le_bytes();
const HALF_INFINITY: [u8; 2] = 0xfc00_u16.to_le_bytes();

fn rating_model(fields: &mut Fields<'_, mirror::RatingModel>) {
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

fn ranking_model(fields: &mut Fields<'_, mirror::RankingModel>) {
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

fn trained_model(fields: &mut Fields<'_, mirror::TrainedModel>) {
    fields.add("global_mean.nan", |s| s.items.global_mean = f32::NAN);
    fields.add("user_bias.n-huge", |s| s.n_users = u32::MAX);
    fields.add("user_bias.nan", |s| set(&mut s.user_bias, 1, f32::NAN.to_le_bytes()));
    fields.add("user_factors.row-short", |s| s.user_factors.truncate(s.user_factors.len() - 4));
    fields.add("user_factors.nan", |s| set(&mut s.user_factors, 3, HALF_NAN));
}

fn users(fields: &mut Fields<'_, mirror::Users>) {
    fields.add("ids.none", |s| {
        *s = mirror::Users {
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
    fields.add("rating.below-the-scale", |s| set(&mut s.rating, 0, 0.25_f32.to_le_bytes()));
    fields.add("rating.above-the-scale", |s| set(&mut s.rating, 0, 5.5_f32.to_le_bytes()));
}

fn eda(fields: &mut Fields<'_, mirror::Eda>) {
    fields.add("json.no-utf-8", |s| s.json[3] = 0xff);
    fields.add("json.cut", |s| shorten(&mut s.json));
    fields.add("json.array", |s| s.json = b"[1]".to_vec());
    fields.add("policy.empty", |s| s.policy.clear());
    fields.add("policy.another-header", |s| s.policy.extend(b"\r\nset-cookie: a=b"));
    fields.add("page.no-utf-8", |s| s.page[60] = 0xff);
    fields.add("page.no-document", |s| s.page = b"{}".to_vec());
}

fn user_index(fields: &mut Fields<'_, mirror::UserIndex>) {
    fields.add("first_ids.n-huge", |s| s.n_blocks = u32::MAX);
    fields.add("first_ids.offsets-fall", |s| set(&mut s.first_id_offsets, 1, 4_u32.to_le_bytes()));
    fields.add("first_ids.no-utf-8", |s| s.first_ids[0] = 0xff);
    // `1` and `30` go over to `13` and `0`.
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
        *s = mirror::UserIndex {
            n_blocks: 0,
            first_id_offsets: vec![0; 4],
            first_ids: Vec::new(),
            offsets: vec![0; 8],
            ..s.clone()
        };
    });
}

fn title_search(fields: &mut Fields<'_, mirror::TitleSearch>) {
    fields.add("by_rank.n-huge", |s| s.n_titles = u32::MAX);
    fields.add("by_rank.one-short", |s| s.by_rank.truncate(s.by_rank.len() - 4));
    fields.add("by_rank.twice", |s| s.by_rank.copy_within(0..4, 4));
    fields.add("by_rank.out-of-range", |s| set(&mut s.by_rank, 0, s.n_titles.to_le_bytes()));
    fields.add("words.n-huge", |s| s.n_words = u32::MAX);
    fields.add("words.offsets-fall", |s| swap::<4>(&mut s.word_offsets, 1, 2));
    fields.add("words.no-utf-8", |s| s.words[0] = 0xff);
    fields.add("words.not-in-order", |s| s.words[0] = b'z');
    fields.add("words.with-a-sign", |s| s.words[0] = b'!');
    // The first word goes, its letters to the second.
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

fn manifests(corpus: &mut Corpus) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (manifest, pointer) = (golden::manifest(), golden::pointer());
    let mut add = |name: &str, text: String| {
        corpus.insert(format!("{name}.json"), text.into_bytes());
    };
    let sound = text(manifest.to_bytes());
    add("manifest.json.empty", String::new());
    add("manifest.json.cut", sound[..sound.len() / 2].to_owned());
    add("manifest.json.field-missing", sound.replace("  \"seed\": 7,\n", ""));
    add("manifest.json.field-unknown", sound.replace("  \"seed\": 7,\n", "  \"seed\": 7,\n  \"salt\": 7,\n"));
    add("manifest.json.kind-unknown", sound.replace("\"count-platform\"", "\"count-films\""));
    add("manifest.json.digest-in-upper-case", {
        let digest = Digest::of(b"abc").to_string();
        sound.replace(&digest, &digest.to_uppercase())
    });
    add("manifest.json.number-negative", sound.replace("\"seed\": 7", "\"seed\": -7"));
    add("manifest.json.text-after-it", format!("{sound}{{}}"));
    add("manifest.unsupported-format.0", text(Manifest { format: 0, ..manifest.clone() }.to_bytes()));
    add("manifest.unsupported-format.2", text(Manifest { format: 2, ..manifest.clone() }.to_bytes()));
    let mut doubled = manifest.clone();
    doubled.artifacts.push(doubled.artifacts[0].clone());
    add("manifest.duplicate-kind.max-duration", text(doubled.to_bytes()));

    let sound = text(pointer.to_bytes());
    add("pointer.json.cut", sound[..sound.len() / 2].to_owned());
    add("pointer.json.no-manifest", format!("{{\"release\": \"{}\"}}\n", pointer.release));
    add("pointer.altered.manifest", sound.replace("\"seed\": 7", "\"seed\": 8"));
    add("pointer.altered.release", sound.replacen(&pointer.release, "fedcba9876543210", 1));
    let newer = Manifest { format: 2, ..manifest };
    let newer = Pointer { release: newer.release(), manifest: newer, ..pointer.clone() };
    add("pointer.unsupported-format.2", text(newer.to_bytes()));
    let doubled = Pointer { release: doubled.release(), manifest: doubled, ..pointer };
    add("pointer.duplicate-kind.max-duration", text(doubled.to_bytes()));
}

fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    envelopes(&mut corpus);
    domains(&mut corpus);
    manifests(&mut corpus);
    corpus
}

fn refused_by(error: &ReadError) -> String {
    match error {
        ReadError::TooShort { .. } => "step-1".to_owned(),
        ReadError::NotAnArtifact => "step-2".to_owned(),
        ReadError::UnsupportedVersion { .. } => "step-3".to_owned(),
        ReadError::WrongKind { .. } => "step-4".to_owned(),
        ReadError::WrongLength { .. } => "step-5".to_owned(),
        ReadError::Checksum { .. } => "step-6".to_owned(),
        ReadError::Decode(_) => "step-7".to_owned(),
        ReadError::Invalid(invalid) => format!("step-8.{}", invalid.field),
    }
}

fn manifest_refused_by(error: &ManifestError) -> &'static str {
    match error {
        ManifestError::Json(_) => "json",
        ManifestError::UnsupportedFormat { .. } => "unsupported-format",
        ManifestError::Altered { .. } => "altered",
        ManifestError::DuplicateKind(_) => "duplicate-kind",
    }
}

/// What refuses a file of the corpus, as its name says it.
fn refusal(name: &str, bytes: &[u8]) -> Option<String> {
    let what = name.split('.').next()?;
    let refused = match what {
        "manifest" => {
            let refused = Manifest::from_bytes(&Digest::of(bytes).short(), bytes);
            manifest_refused_by(&refused.err()?).to_owned()
        }
        "pointer" => manifest_refused_by(&Pointer::from_bytes(bytes).err()?).to_owned(),
        kind => refused_by(&check::read(Kind::from_name(kind)?, bytes).err()?),
    };
    Some(format!("{what}.{refused}."))
}

#[test]
fn every_corrupt_file_is_refused_by_the_step_in_its_name() {
    let corpus = corpus();
    if blessing() {
        let _ = fs::remove_dir_all(folder());
        fs::create_dir_all(folder()).unwrap();
        for (name, bytes) in &corpus {
            fs::write(folder().join(name), bytes).unwrap();
        }
    }
    let mut found = Corpus::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        found.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    }
    for (name, bytes) in &found {
        let refusal = refusal(name, bytes);
        assert!(
            refusal.as_ref().is_some_and(|by| name.starts_with(by)),
            "{name}: refused by {}",
            refusal.as_deref().unwrap_or("nothing")
        );
    }
    println!("{} corrupt files refused, each by the step that its name says", found.len());
    let names = |corpus: &Corpus| corpus.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&corpus), "CARTELERA_BLESS=1 writes the corpus anew");
    assert!(
        found == corpus,
        "a corrupt file is not what is made today; CARTELERA_BLESS=1 writes the corpus anew"
    );
}

#[test]
fn each_step_refuses_at_least_one_file() {
    let corpus = corpus();
    for step in 1..=8 {
        assert!(corpus.keys().any(|name| name.contains(&format!(".step-{step}."))), "step {step}");
    }
    for kind in Kind::ALL {
        assert!(corpus.keys().any(|name| name.starts_with(&format!("{kind}.step-8."))), "{kind}");
    }
}

#[test]
fn a_manifest_read_by_another_releases_name_is_refused() {
    let refused = Manifest::from_bytes("0123456789abcdef", &golden::manifest().to_bytes());
    assert!(matches!(refused, Err(ManifestError::Altered { .. })));
}

#[test]
fn no_golden_artifact_with_one_flipped_bit_is_accepted() {
    let envelopes = golden::envelopes();
    for (kind, good) in &envelopes {
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(check::read(*kind, &bad).is_err(), "{kind}, bit {bit}");
        }
    }
    let n_bits: usize = envelopes.iter().map(|(_, good)| good.len() * 8).sum();
    println!("{n_bits} artifacts of {} kinds with one flipped bit refused", Kind::ALL.len());
}

#[test]
fn no_golden_artifact_cut_short_is_accepted() {
    for (kind, good) in golden::envelopes() {
        for length in 0..good.len() {
            let error = check::read(kind, &good[..length]).unwrap_err();
            let step = if length < HEADER_BYTES { "step-1" } else { "step-5" };
            assert_eq!(refused_by(&error), step, "{kind}, {length} bytes");
        }
    }
}

#[test]
fn no_golden_payload_cut_short_and_sealed_again_is_accepted() {
    for (kind, good) in golden::envelopes() {
        let payload = open(kind, &good).unwrap();
        for length in 0..payload.len() {
            let error = check::read(kind, &seal(kind, &payload[..length])).unwrap_err();
            assert_eq!(refused_by(&error), "step-7", "{kind}, {length} bytes of payload");
        }
    }
}
