//! What holds of any bytes whatever, said once for the property tests and the fuzz targets.
//!
//! Each function takes bytes and panics where a promise is broken: decoding does not panic, what is accepted
//! can be asked anything without a panic, and its encoding is the bytes it was read from. Each returns whether
//! the bytes were accepted.

use std::path::Path;

use artifact::{Analysis, Artifact, Digest, HEADER_BYTES, Kind, MAGIC, Manifest, Pointer, ReadError, seal};
use builder::etl::{EtlInput, EtlOutput};
use catalog::DurationUnit;
use queries::{actor, count_platform, max_duration, score_count, title_search};
use recommender::{
    Criteria, FactorModel, Filter, ItemModel, ListOptions, RankingModel, Recommender, Titles, User,
    UserBlock, UserIndex, UserShape,
};

use crate::golden;

/// Reads an artifact of a kind, whatever its type: all eight steps, and the encoding of what came of them. One of
/// [`Kind::Users`] is one block.
///
/// # Errors
/// The step that refused the bytes.
///
/// # Panics
/// Where bytes are accepted that are not their own encoding, or what they hold cannot be asked.
pub fn read(kind: Kind, bytes: &[u8]) -> Result<(), ReadError> {
    match kind {
        Kind::MaxDuration => read_and(bytes, ask_max_duration),
        Kind::ScoreCount => read_and(bytes, ask_score_count),
        Kind::CountPlatform => read_and(bytes, ask_count_platform),
        Kind::Actor => read_and(bytes, ask_actor),
        Kind::Titles => read_and(bytes, ask_titles),
        Kind::RatingModel => read_and(bytes, ask_model),
        Kind::RankingModel => read_and(bytes, ask_ranking),
        Kind::TitleSearch => read_and(bytes, ask_title_search),
        Kind::Eda => read_and(bytes, ask_analysis),
        Kind::Users => read_and(bytes, ask_users),
        Kind::UserIndex => read_and(bytes, ask_user_index),
        Kind::TrainedModel => read_and(bytes, ask_trained),
    }
}

fn read_and<T: Artifact>(bytes: &[u8], ask: impl FnOnce(&T)) -> Result<(), ReadError> {
    let value = T::from_bytes(bytes)?;
    let again = value.to_bytes().expect("what was decoded can be encoded");
    assert_eq!(again, bytes, "{}: accepted bytes are not their own encoding", T::KIND);
    ask(&value);
    Ok(())
}

/// [`read`], on bytes taken as a file, and on the payload alone in a sound envelope, without which hardly any
/// would come past the checksum. The payload is what follows the header, or everything where no header begins
/// the bytes.
pub fn artifact(kind: Kind, bytes: &[u8]) -> bool {
    let as_file = read(kind, bytes).is_ok();
    let payload =
        if bytes.starts_with(&MAGIC) { bytes.get(HEADER_BYTES..).unwrap_or_default() } else { bytes };
    read(kind, &seal(kind, payload)).is_ok() || as_file
}

fn ask_max_duration(index: &max_duration::Index) {
    for unit in [DurationUnit::Min, DurationUnit::Season] {
        for platform in [None, Some("amazon"), Some("hulu")] {
            for year in [None, Some(2018), Some(0), Some(u16::MAX)] {
                let _ = index.answer(max_duration::Question { year, platform, unit });
            }
        }
    }
}

fn ask_score_count(index: &score_count::Index) {
    for scored in [f64::NEG_INFINITY, 3.5, f64::NAN] {
        let _ = index.answer("amazon", scored, 2018);
        let _ = index.answer("hulu", scored, u16::MAX);
    }
}

fn ask_count_platform(index: &count_platform::Index) {
    let _ = (index.answer("Amazon"), index.answer("hulu"), index.answer(""));
}

fn ask_actor(index: &actor::Index) {
    let _ = (index.answer("amazon", 2018), index.answer("hulu", 2018), index.answer("disney", 0));
}

fn ask_titles(titles: &Titles) {
    for title in 0..titles.len() {
        let view = titles.view(title);
        assert_eq!(titles.position(view.id), Some(title), "a title is found by its id");
    }
    assert_eq!(titles.popular().len(), titles.len());
    let criteria = Criteria {
        platform: Some("hulu"),
        genre: Some("dra"),
        audience: Some("G"),
        year_from: Some(1),
        min_ratings: 1,
        ..Criteria::default()
    };
    let _ = Filter::new(titles, &criteria);
}

fn ask_model(model: &ItemModel) {
    ask_recommender(model.clone(), None);
}

fn ask_trained(model: &FactorModel) {
    if model.n_users() > 0 && model.n_items() > 0 {
        let score = model.predict(model.n_users() - 1, model.n_items() - 1);
        let scale = model.items().parts().scale;
        assert!(!(score < scale.0 || score > scale.1), "{score} is off the scale");
    }
}

fn ask_ranking(ranking: &RankingModel) {
    let last = ranking.n_items().checked_sub(1);
    let liked: Vec<usize> = last.into_iter().collect();
    assert_eq!(ranking.fold_in(&liked).len(), ranking.n_factors());
    ask_recommender(golden::model().items().clone(), Some(ranking.clone()));
}

/// Asks models beside the golden titles, where they fit them, for somebody who fits the models.
fn ask_recommender(model: ItemModel, ranking: Option<RankingModel>) {
    let titles = Titles::build(&golden::titles(), &golden::ratings());
    let n_ranking_factors = ranking.as_ref().map(RankingModel::n_factors);
    let shape = UserShape { n_factors: model.n_factors(), n_ranking_factors, n_titles: titles.len() };
    let Ok(recommender) = Recommender::new(titles, model, ranking, shape, 3.5) else { return };
    let vector = vec![0.5; shape.n_factors];
    let ranking_vector = n_ranking_factors.map(|k| vec![0.5; k]);
    let user = User {
        id: "1",
        bias: 0.25,
        vector: &vector,
        ranking_vector: ranking_vector.as_deref(),
        title_idx: &[0, 5],
        rating: &[3.5, 5.0],
    };
    for diversity in [0.0, 0.5] {
        let options = ListOptions { n: 3, diversity, n_reasons: 2, ..ListOptions::default() };
        for user in [Some(user), None] {
            assert!(recommender.recommend(user, &options).items.len() <= 3);
            let _ = recommender.predict(user, 0);
        }
        let _ = recommender.recommend_to_new(&[(0, 5.0)], &options);
    }
    let _ = recommender.similar("as1", 3, &Filter::default()).expect("a golden title is known");
}

fn ask_analysis(analysis: &Analysis) {
    assert!(analysis.json().starts_with('{') && analysis.page().starts_with("<!DOCTYPE html>"));
    assert!(analysis.policy().is_ascii());
}

fn ask_users(block: &UserBlock) {
    for at in 0..block.n_users() {
        let user = block.user(at);
        assert_eq!(block.position(user.id), Some(at), "a user is found by the id");
        assert_eq!(user.title_idx.len(), user.rating.len());
    }
    let index = golden::users().1;
    for at in 0..index.n_blocks() {
        let _ = index.check(at, block);
    }
}

fn ask_user_index(index: &UserIndex) {
    for id in ["", "1", "2", "30", "x1", "zzzz"] {
        let Some(at) = index.block_of(id) else { continue };
        let range = index.range(at);
        assert!(
            range.start < range.end && index.check_size(range.end).is_ok() == (at + 1 == index.n_blocks())
        );
    }
    let (bytes, golden) = golden::users();
    let first = &bytes[..golden.range(0).end as usize];
    let block = UserBlock::from_bytes(first).expect("golden blocks are sound");
    for at in 0..index.n_blocks() {
        let _ = index.check(at, &block);
    }
}

fn ask_title_search(index: &title_search::Index) {
    for question in ["", "el nino", "secnod w", "数", "perdidos perdidas", "!"] {
        let mut found = index.answer(question);
        found.sort_unstable();
        found.dedup();
        assert!(found.iter().all(|&title| (title as usize) < index.n_titles()));
    }
    assert_eq!(index.answer("").len(), index.n_titles(), "without a word all titles are listed");
}

/// A manifest that is accepted says the same after it is written and read again, though JSON has many
/// spellings of one manifest.
///
/// # Panics
/// Where it does not.
pub fn manifest(bytes: &[u8]) -> bool {
    let Ok(manifest) = Manifest::from_bytes(&Digest::of(bytes).short(), bytes) else { return false };
    let again = Manifest::from_bytes(&manifest.release(), &manifest.to_bytes());
    assert_eq!(again.expect("what was written is read"), manifest);
    true
}

/// As [`manifest`], for a pointer.
///
/// # Panics
/// Where a pointer that was accepted is not the same after it is written and read again.
pub fn pointer(bytes: &[u8]) -> bool {
    let Ok(pointer) = Pointer::from_bytes(bytes) else { return false };
    let again = Pointer::from_bytes(&pointer.to_bytes());
    assert_eq!(again.expect("what was written is read"), pointer);
    true
}

/// Puts bytes before the ETL as files in `dir`: a catalogue of `netflix` and a file of ratings, cut at the
/// first NUL. Every row that was read is clean, refused or superseded (the ETL itself fails where it is not),
/// and the rejects name a line and a column.
///
/// # Errors
/// What the temporary files say.
///
/// # Panics
/// Where a row is lost, or a reject names no place.
pub fn etl(dir: &Path, bytes: &[u8]) -> std::io::Result<Option<EtlOutput>> {
    let cut = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let (titles, ratings) = (dir.join("netflix_titles.csv"), dir.join("1.csv"));
    std::fs::write(&titles, &bytes[..cut])?;
    std::fs::write(&ratings, bytes.get(cut + 1..).unwrap_or_default())?;
    let input = EtlInput::resolve(&[titles], &[ratings]).expect("both files are there");
    match builder::etl::run(&input, &builder::Silent) {
        Ok(output) => {
            assert!(output.rejects.iter().all(|r| r.line > 0 && !r.file.is_empty()));
            Ok(Some(output))
        }
        Err(error) => {
            assert!(!matches!(error, builder::etl::EtlError::Unaccounted { .. }), "{error}");
            Ok(None)
        }
    }
}
