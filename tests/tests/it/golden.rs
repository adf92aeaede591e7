//! The golden files of each format version: the current code writes them, and answers from them.
//!
//! A golden file is never rewritten once a release has it. So blessing creates files that are missing and
//! leaves the others unchanged. To change a file that no release has yet, delete it first. A new format
//! version gets a folder of its own, and the tests of the old one then state whether it is still read
//! (`FORMAT.md`, "Versions").

use std::fs;
use std::sync::{Arc, Once};

use artifact::{Artifact, HeldOut, Kind, Manifest, ModelName, Pointer, TitleGenres, inspect, split};
use axum::body::Body;
use axum::http::Request;
use catalog::DurationUnit;
use http_body_util::BodyExt as _;
use queries::title_count::{Attribute, Question};
use queries::{actor, count_platform, max_duration, score_count, title_count, title_search};
use recommender::{
    Criteria, Edition, FactorModel, Filter, ItemModel, ItemStrategy, ListOptions, Neighbors, RankingModel,
    Recommender, Strategy, Titles, UserBlock, UserIndex, UserShape,
};
use store::{MemoryStore, Store as _};
use tests::{check, golden};
use tower::ServiceExt as _;

use crate::bless::blessing;

/// Creates missing golden files, once.
static BLESS: Once = Once::new();

fn file(name: &str) -> Vec<u8> {
    BLESS.call_once(|| {
        fs::create_dir_all(golden::folder()).unwrap();
        for (name, bytes) in golden::files() {
            let path = golden::folder().join(name);
            if blessing() && !path.exists() {
                fs::write(path, bytes).unwrap();
            }
        }
    });
    let path = golden::folder().join(name);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; CARTELERA_BLESS=1 creates it", path.display()))
}

/// Returns the artifacts in a golden file: one, or several for kinds in parts.
fn parts(kind: Kind) -> Vec<Vec<u8>> {
    let bytes = file(&golden::file_name(kind));
    split(kind, &bytes).unwrap().into_iter().map(<[u8]>::to_vec).collect()
}

fn artifact<T: Artifact>() -> T {
    T::from_bytes(&file(&golden::file_name(T::KIND))).unwrap()
}

#[test]
fn the_current_code_writes_the_golden_files() {
    for (name, bytes) in golden::files() {
        assert!(
            file(&name) == bytes,
            "{name} is not what the current code writes: either the format changed, which needs a new format \
             version and a new folder, or what is built from the tables changed"
        );
    }
    let expected = golden::files().len() + golden::OLDER_FILES.len();
    let found = fs::read_dir(golden::folder()).unwrap().count();
    assert_eq!(found, expected, "the folder has other files than the golden ones");
}

#[test]
fn every_golden_artifact_is_read_and_is_its_own_encoding() {
    for kind in Kind::ALL {
        let bytes = file(&golden::file_name(kind));
        assert_eq!(inspect(&bytes), Ok(kind));
        for part in parts(kind) {
            assert_eq!(check::read(kind, &part), Ok(()));
        }
    }
    assert!(check::manifest(&file(golden::MANIFEST_FILE)));
    assert!(check::pointer(&file(golden::POINTER_FILE)));
}

#[test]
fn the_golden_max_duration_answers() {
    let index: max_duration::Index = artifact();
    let ask = |year, platform, unit| index.answer(max_duration::Question { year, platform, unit }).unwrap();
    let longest = ask(Some(2018), Some("Amazon"), DurationUnit::Min);
    assert_eq!((longest.id, longest.title, longest.duration), ("as1", "El Niño Perdido", 120));
    assert_eq!(longest.ties, ["as1", "as2"]);
    assert_eq!(ask(None, None, DurationUnit::Min).id, "hs1");
    assert_eq!(ask(None, Some("disney"), DurationUnit::Season).duration, 4);
    assert_eq!(ask(None, Some("disney"), DurationUnit::Min).title, "数字");
}

#[test]
fn the_golden_score_count_answers() {
    let index: score_count::Index = artifact();
    let count = |scored, year| index.answer("amazon", scored, year).unwrap().count;
    // The means are 3.7 (4.0, 3.5 and 3.6) and 3.5.
    assert_eq!((count(3.4, 2018), count(3.5, 2018), count(3.7, 2018)), (2, 1, 0));
    assert_eq!((count(0.0, 2019), count(0.0, 1950)), (1, 0));
}

#[test]
fn the_golden_count_platform_answers() {
    let index: count_platform::Index = artifact();
    let counts = ["amazon", "disney", "hulu"].map(|p| index.answer(p).unwrap().count);
    assert_eq!(counts, [3, 1, 1]);
}

#[test]
fn the_golden_title_count_answers() {
    let index: title_count::Index = artifact();
    let ask = |by, genre: &[&str]| {
        let answer = index.answer(&Question { by, genre, ..Question::default() }).unwrap();
        (answer.total, answer.counts)
    };
    assert_eq!(ask(Some(Attribute::Platform), &[]), (6, vec![("amazon", 3), ("disney", 2), ("hulu", 1)]));
    assert_eq!(ask(Some(Attribute::Kind), &["COM"]).0, ask(None, &["comedy"]).0);
}

#[test]
fn the_golden_genres_are_filtered_by_and_counted() {
    let genres: TitleGenres = artifact();
    assert_eq!(genres.names().collect::<Vec<_>>(), ["Acción", "Comedy", "Drama", "Kids"]);
    let titles: Titles = artifact();
    let titles = titles.with_genres(genres.clone()).unwrap();
    assert_eq!(titles.view(0).canonical_genres, Some(vec!["Comedy", "Drama"]));
    let criteria = Criteria { genre: &["acción"], ..Criteria::default() };
    let found: Vec<usize> = Filter::new(&titles, &criteria).unwrap().select(&titles, 0..6).collect();
    assert_eq!(found, [3]);
    let index: title_count::Index = artifact();
    let by = Some(title_count::Attribute::CanonicalGenre);
    let question = title_count::Question { by, ..title_count::Question::default() };
    let index = index.with_genres(&genres).unwrap();
    let counts = index.answer(&question).unwrap().counts;
    assert_eq!(counts, [("Comedy", 2), ("Drama", 2), ("Acción", 1), ("Kids", 1)]);
}

#[test]
fn the_golden_actor_answers() {
    let index: actor::Index = artifact();
    let most = index.answer("amazon", 2018).unwrap();
    assert_eq!((most.actor, most.count, most.ties), ("ana ruiz", 2, vec!["ana ruiz", "bo li"]));
    assert_eq!(index.answer("disney", 2020).unwrap().count, 1, "a name that a cast repeats counts once");
    assert_eq!(index.answer("hulu", 2018).unwrap_err().to_string(), "the catalog of hulu has no casts");
}

#[test]
fn the_golden_models_titles_and_users_recommend() {
    let (titles, model, index): (Titles, ItemModel, UserIndex) = (artifact(), artifact(), artifact());
    let bytes = file(&golden::file_name(Kind::Users));
    assert_eq!((index.n_blocks(), index.check_size(bytes.len() as u64)), (2, Ok(())));
    let blocks: Vec<UserBlock> =
        parts(Kind::Users).iter().map(|part| UserBlock::from_bytes(part).unwrap()).collect();
    let user = |id: &str| {
        let at = index.block_of(id)?;
        assert_eq!(index.check(at, &blocks[at]), Ok(()));
        blocks[at].position(id).map(|position| blocks[at].user(position))
    };
    let view = titles.view(titles.position("as2").unwrap());
    assert_eq!((view.title, view.platform, view.year), ("Second Wind", "amazon", Some(2018)));
    assert_eq!((view.genres, view.n_ratings), (vec!["comedy", "drama"], 2));
    assert_eq!((view.audience, titles.view(5).audience), (Some("pg-13"), None));
    assert_eq!(titles.also_on(1).0, [Edition { id: "hs1", platform: "hulu" }]);
    assert_eq!(titles.popular().collect::<Vec<_>>(), [0, 1, 5, 4, 2, 3]);
    let two = user("2").unwrap();
    assert_eq!((two.title_idx, two.rating, two.bias), (&[0, 5][..], &[3.5, 5.0][..], 0.5));
    assert_eq!((two.vector, two.ranking_vector), (&[0.25, 0.5][..], Some(&[0.5, -0.25][..])));
    assert!(user("30").unwrap().title_idx.is_empty());
    assert!(["0", "3", "31", "x2", "zz"].into_iter().all(|id| user(id).is_none()));

    let without_ranking = UserShape { n_ranking_factors: None, ..index.shape() };
    let recommender = Recommender::new(titles.clone(), model.clone(), None, without_ranking, 3.7).unwrap();
    let short = |n| ListOptions { n, n_reasons: 1, ..ListOptions::default() };
    // 3.25 + 0.5 + 0 + (0.25, 0.5)·(1, 0) is 4, the best of the titles that user 2 has not rated.
    let list = recommender.recommend(user("2"), &short(2));
    assert_eq!(list.strategy, Strategy::Svd);
    assert_eq!(list.items[0].title.id, "ds1");
    assert!((list.items[0].score - 4.0).abs() < 1e-6);
    let prediction = recommender.predict(user("2"), recommender.position("as3").unwrap());
    // 3.25 + 0.5 - 1.5 + (0.25, 0.5)·(-0.5, 0.5)
    assert!((prediction.score - 2.375).abs() < 1e-6);
    assert!(!prediction.recommended);
    assert_eq!(recommender.recommend(user("nobody"), &short(1)).strategy, Strategy::Popular);
    let similar =
        |r: &Recommender| r.similar("as1", 1, &Filter::default()).unwrap().items[0].title.id.to_owned();
    let factors = recommender.similar("as1", 1, &Filter::default()).unwrap();
    assert_eq!((factors.strategy, similar(&recommender).as_str()), (ItemStrategy::Factors, "as2"));

    // The ranking model changes the order but not the score: (0.5, -0.25)·(1.5, -0.5) is 0.875.
    let recommender =
        Recommender::new(titles, model, Some(artifact::<RankingModel>()), index.shape(), 3.7).unwrap();
    let list = recommender.recommend(user("2"), &short(2));
    assert_eq!((list.strategy, list.items[0].title.id), (Strategy::Ranking, "ds1"));
    assert!((list.items[0].score - 4.0).abs() < 1e-6);
    let why = list.items[0].explanation.as_ref().unwrap();
    assert!((why.ranked_by - 0.875).abs() < 1e-6);
    assert_eq!(why.reasons[0].id, "hs1", "the only title that user 2 likes");
    assert_eq!(recommender.recommend(user("30"), &short(2)).strategy, Strategy::Popular);

    // User 2 likes hs1, an edition of as2, which adds 0.25 to the score of as1.
    let recommender = recommender.with_neighbors(Some(artifact::<Neighbors>())).unwrap();
    let every_title = ListOptions { include_seen: true, ..short(6) };
    let list = recommender.recommend(user("2"), &every_title);
    let as1 = list.items.iter().find(|item| item.title.id == "as1").unwrap();
    let why = as1.explanation.as_ref().unwrap();
    // (0.5, -0.25)·(1, 0) and 0.25.
    assert!((why.ranked_by - 0.75).abs() < 1e-6, "{why:?}");
    assert!((why.base + why.reasons[0].contribution - 0.75).abs() < 1e-6, "{why:?}");
}

#[test]
fn the_golden_trained_model_is_both_sides() {
    let model: FactorModel = artifact();
    assert_eq!(model.items(), &artifact::<ItemModel>());
    // 3.25 + 0.5 - 1.5 + (0.25, 0.5)·(-0.5, 0.5)
    assert!((model.predict(1, 2) - 2.375).abs() < 1e-6);
}

#[test]
fn the_golden_title_search_answers() {
    let (index, titles): (title_search::Index, Titles) = (artifact(), artifact());
    let named = |at: u32| {
        let at = at as usize;
        title_search::Named { name: titles.display(at), year: titles.year(at) }
    };
    let answer = |query| index.answer(query, named);
    // `as1` and the work of `as2` and `hs1` have 3 and 2 ratings.
    assert_eq!(answer(""), [0, 1, 5, 2, 4, 3]);
    assert_eq!(answer("NIÑO"), [0]);
    assert_eq!(answer("perdiod el"), [0]);
    assert_eq!(answer("wind sec"), [1, 5]);
    assert_eq!(answer("数"), [4]);
    assert_eq!(answer("nobody"), [0_u32; 0]);
}

#[test]
fn the_golden_manifest_and_pointer_name_the_golden_artifacts() {
    let pointer = Pointer::from_bytes(&file(golden::POINTER_FILE)).unwrap();
    let manifest = Manifest::from_bytes(&pointer.release, &file(golden::MANIFEST_FILE)).unwrap();
    assert_eq!(pointer.manifest, manifest);
    assert_eq!(pointer.previous.as_deref(), Some("0123456789abcdef"));
    assert_eq!(manifest.measures[0].measures["rmse"].to_bits(), (0.1_f64 + 0.2).to_bits());
    assert_eq!(manifest.artifact(Kind::TrainedModel), None, "a trained model is in no release");
    for kind in Kind::ALL.into_iter().filter(|kind| kind.code() < Kind::TrainedModel.code()) {
        let bytes = file(&golden::file_name(kind));
        assert_eq!(manifest.artifact(kind), Some(&artifact::ArtifactEntry::of(kind, &bytes)));
    }
}

/// A store that serves the golden artifacts by the manifest and the pointer of format 1.
async fn older_store() -> (MemoryStore, Pointer) {
    let [manifest, pointer] = golden::OLDER_FILES.map(file);
    let read = Pointer::from_bytes(&pointer).unwrap();
    let store = MemoryStore::default();
    for entry in &read.manifest.artifacts {
        let bytes = file(&golden::file_name(entry.kind));
        store.replace(&entry.key(), bytes.into(), None).await.unwrap();
    }
    store.replace(&Manifest::key(&read.release), manifest.into(), None).await.unwrap();
    store.replace(Pointer::KEY, pointer.into(), None).await.unwrap();
    (store, read)
}

#[tokio::test]
async fn a_release_with_a_manifest_of_format_1_is_served_and_rolled_back_to() {
    let (store, pointer) = older_store().await;
    let manifest = &pointer.manifest;
    assert_eq!(
        (manifest.format, &manifest.to_bytes()),
        (1, &file(golden::OLDER_FILES[0])),
        "its own bytes name it"
    );
    let rmse = &manifest.measures[0];
    assert_eq!((rmse.model, rmse.held_out, rmse.tuned), (ModelName::Svd, HeldOut::Random, false));
    assert_eq!((manifest.users.len(), manifest.ranking.as_ref().unwrap().algorithm), (1, ModelName::Ials));
    assert_eq!(store::manifest(&store, &pointer.release).await.unwrap(), *manifest);
    assert!(
        store::verify_release(&store, &pointer.release).await.unwrap().iter().all(|v| v.problem.is_none())
    );

    let ask_for = async |store: MemoryStore, path: &str, status: u16| {
        let router =
            api::load(&api::Function::ALL, Arc::new(store), api::PersonalRoutes::Open).await.unwrap();
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice::<serde_json::Value>(&body).unwrap()
    };
    let ask = async |store: MemoryStore, path: &str| ask_for(store, path, 200).await;
    let model = ask(store.clone(), "/model").await;
    assert_eq!(model["measures"][0]["measures"]["rmse"], 0.1 + 0.2);
    assert_eq!(
        model["measures"][1],
        serde_json::json!({
            "model": "ials", "held_out": "users", "tuned": true, "measures": { "ndcg@100": 0.25 }
        })
    );
    let count = ask(store.clone(), "/get_count_platform?platform=hulu").await;
    assert_eq!(count["count"], 1);
    let missing = ask_for(store.clone(), "/get_count", 404).await;
    assert!(missing["detail"].as_str().unwrap().contains("no index of title counts"), "{missing}");

    // A release of format 2 comes after it, and the pointer goes back.
    tests::small_release::publish_with_ranking(&store).await;
    let current = store::current(&store).await.unwrap();
    assert_eq!((current.manifest.format, current.previous.as_deref()), (2, Some(&*pointer.release)));
    store::rollback(&store, None, 9).await.unwrap();
    let back = store::current(&store).await.unwrap();
    assert_eq!((&back.release, &back.manifest), (&pointer.release, manifest));
    assert_eq!(ask(store, "/get_count_platform?platform=hulu").await, count);
}
