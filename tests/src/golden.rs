//! The golden release: tables written by hand, the files made of them, and, for each kind of artifact, its
//! golden value and the questions that every value of the kind has to survive.
//!
//! The tables are small, but every answer has a rival in them: durations, scores and names tie, a year and a
//! platform are empty, a name has bytes beyond ASCII, a user has rated nothing.

use std::path::PathBuf;

use artifact::{
    Analysis, Artifact, Counts, Digest, Fate, HeldOut, Kind, Manifest, Measured, ModelName, ModelSummary,
    Parameters, Pointer, RankingSummary, ReadError, Signal, Source, TitleGenres, Trial, Trials, UserDigests,
    VarianceShares,
};
use catalog::{Duration, DurationUnit, Platform, RatingTable, Title, TitleId, TitleTable, UserId};
use queries::{actor, count_platform, max_duration, score_count, title_count, title_search};
use recommender::{
    Criteria, FactorModel, FactorModelParts, Filter, ItemModel, ItemModelParts, ListOptions, NeighborParts,
    Neighbors, RankingModel, RankingWeights, Recommender, Titles, User, UserBlock, UserIndex, UserPrior,
    UserShape, UsersWriter,
};

/// What the tests know about a kind of artifact.
pub trait Known: Sync {
    /// Returns the kind.
    fn kind(&self) -> Kind;

    /// Returns the golden object, encoded by the current code.
    ///
    /// # Panics
    /// Never: golden values can be encoded.
    fn bytes(&self) -> Vec<u8>;

    /// Reads an artifact of the kind by all eight steps. Checks that its encoding is the bytes it was read
    /// from, and asks it questions. For a kind in parts, it is one part.
    ///
    /// # Errors
    /// The step that refused the bytes.
    ///
    /// # Panics
    /// If bytes are accepted that are not their own encoding, or a question panics.
    fn read(&self, bytes: &[u8]) -> Result<(), ReadError>;
}

/// A kind, by its type: how its golden value is made, and what is asked of any value.
struct Of<T> {
    build: fn() -> T,
    ask: fn(&T),
}

impl<T: Artifact> Known for Of<T> {
    fn kind(&self) -> Kind {
        T::KIND
    }

    fn bytes(&self) -> Vec<u8> {
        (self.build)().to_bytes().expect("golden values can be encoded")
    }

    fn read(&self, bytes: &[u8]) -> Result<(), ReadError> {
        read_and(bytes, self.ask)
    }
}

/// The kind `users`, whose object is in parts.
struct OfUsers;

impl Known for OfUsers {
    fn kind(&self) -> Kind {
        Kind::Users
    }

    fn bytes(&self) -> Vec<u8> {
        users().0
    }

    fn read(&self, bytes: &[u8]) -> Result<(), ReadError> {
        read_and(bytes, ask_users)
    }
}

fn read_and<T: Artifact>(bytes: &[u8], ask: fn(&T)) -> Result<(), ReadError> {
    let value = T::from_bytes(bytes)?;
    let again = value.to_bytes().expect("a decoded value can be encoded");
    assert_eq!(again, bytes, "{}: accepted bytes are not their own encoding", T::KIND);
    ask(&value);
    Ok(())
}

/// What the tests know about each kind: one row each, in the order of [`Kind::ALL`].
static KNOWN: [&dyn Known; Kind::ALL.len()] = [
    &Of {
        build: || max_duration::build(&titles()),
        ask: |index| {
            for unit in [DurationUnit::Min, DurationUnit::Season] {
                for platform in [None, Some("amazon"), Some("hulu")] {
                    for year in [None, Some(2018), Some(0), Some(u16::MAX)] {
                        let _ = index.answer(max_duration::Question { year, platform, unit });
                    }
                }
            }
        },
    },
    &Of {
        build: || score_count::build(&titles(), &ratings()),
        ask: |index| {
            for scored in [f64::NEG_INFINITY, 3.5, f64::NAN] {
                let _ = index.answer("amazon", scored, 2018);
                let _ = index.answer("hulu", scored, u16::MAX);
            }
        },
    },
    &Of {
        build: || count_platform::build(&titles()),
        ask: |index| {
            let _ = (index.answer("Amazon"), index.answer("hulu"), index.answer(""));
        },
    },
    &Of {
        build: || actor::build(&titles()),
        ask: |index| {
            let _ = (index.answer("amazon", 2018), index.answer("hulu", 2018), index.answer("disney", 0));
        },
    },
    &Of { build: || Titles::build(&titles(), &ratings()), ask: ask_titles },
    &Of { build: || model().items().clone(), ask: |model| ask_recommender(model.clone(), None, None) },
    &Of { build: ranking, ask: ask_ranking },
    &Of {
        build: || title_search::build(&titles(), &ratings()),
        ask: |index| {
            // A damaged index may have more titles than there are names.
            let named = |_| title_search::Named { name: "El Niño (1999)!", year: Some(1999) };
            for query in ["", "el nino", "secnod w", "数", "perdidos perdidas", "!", "wind (1999)"] {
                let mut found = index.answer(query, named);
                found.sort_unstable();
                found.dedup();
                assert!(found.iter().all(|&title| (title as usize) < index.n_titles()));
            }
            assert_eq!(index.answer("", named).len(), index.n_titles(), "without a text all titles match");
        },
    },
    &Of {
        build: analysis,
        ask: |analysis| {
            assert!(analysis.json().starts_with('{') && analysis.page().starts_with("<!DOCTYPE html>"));
            assert!(analysis.policy().is_ascii());
        },
    },
    &OfUsers,
    &Of { build: || users().1, ask: ask_user_index },
    &Of {
        build: model,
        ask: |model| {
            if model.n_users() > 0 && model.n_items() > 0 {
                let score = model.predict(model.n_users() - 1, model.n_items() - 1);
                let scale = model.items().parts().scale;
                assert!(!(score < scale.0 || score > scale.1), "{score} is off the scale");
            }
        },
    },
    &Of {
        build: || title_count::build(&titles()),
        ask: |index| {
            for by in title_count::Attribute::ALL {
                let question =
                    title_count::Question { by: Some(by), genre: &["a"], ..title_count::Question::default() };
                let _ = index.answer(&question);
            }
        },
    },
    &Of {
        build: genres,
        ask: |genres| {
            for title in 0..genres.n_titles() {
                assert!(genres.of(title).iter().all(|&genre| !genres.name(genre).is_empty()));
            }
        },
    },
    &Of {
        build: || {
            let (users, index) = users();
            digests_of(&users, &index)
        },
        ask: |digests| assert!(!digests.matches(digests.n_blocks(), b"no block")),
    },
    &Of { build: neighbors, ask: ask_neighbors },
];

/// Returns what the tests know about a kind.
///
/// # Panics
/// If there is no row of that kind.
pub fn known(kind: Kind) -> &'static dyn Known {
    *KNOWN.iter().find(|known| known.kind() == kind).expect("every kind has a row")
}

/// Returns the folder of the golden files of format 1.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/v1")
}

/// Returns the name of the golden file of a kind.
pub fn file_name(kind: Kind) -> String {
    format!("{kind}.bin")
}

/// A private key to sign releases with in tests: the example of RFC 8410, section 10.3.
pub const SIGNING_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

/// The public key of [`SIGNING_KEY`].
pub const RELEASE_KEY: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

/// Another public key: the first of RFC 8032, section 7.1.
pub const OTHER_RELEASE_KEY: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// The name of the golden manifest.
pub const MANIFEST_FILE: &str = "manifest-2.json";

/// The name of the golden pointer.
pub const POINTER_FILE: &str = "current-2.json";

/// The golden pointer to a release with a name of 32 digits.
pub const LONG_NAME_FILE: &str = "current-2-long-name.json";

/// The golden manifest and the golden pointer of manifest format 1, which is no longer written. They name the
/// same artifacts.
pub const OLDER_FILES: [&str; 2] = ["manifest.json", "current.json"];

fn film(id: &str, platform_idx: u8, display: &str, year: u16, minutes: u32) -> Title {
    Title {
        platform_idx,
        release_year: Some(year),
        audience: "g".to_owned(),
        duration: Some(Duration { value: minutes, unit: DurationUnit::Min }),
        ..Title::named(TitleId::new(id).expect("golden ids are well formed"), display)
    }
}

fn with(title: Title, cast: &[&str], genres: &[&str]) -> Title {
    let owned = |texts: &[&str]| texts.iter().map(|&t| t.to_owned()).collect();
    Title { cast: owned(cast), genres: owned(genres), ..title }
}

fn series(title: Title, seasons: u32) -> Title {
    let duration = Some(Duration { value: seasons, unit: DurationUnit::Season });
    Title { kind: catalog::Kind::Series, duration, ..title }
}

fn for_audience(title: Title, audience: &str) -> Title {
    Title { audience: audience.to_owned(), ..title }
}

/// Returns six titles on three platforms. The last platform has no casts. The second and the last title are
/// one work, for which only one of the platforms has an audience rating.
///
/// # Panics
/// Never: the parts fit together.
pub fn titles() -> TitleTable {
    let platforms =
        ["amazon", "disney", "hulu"].map(|p| Platform::new(p).expect("golden names are well formed"));
    let titles = vec![
        with(film("as1", 0, "El Niño Perdido", 2018, 120), &["ana ruiz", "bo li"], &["drama"]),
        for_audience(
            with(film("as2", 0, "Second Wind", 2018, 120), &["bo li", "ana ruiz"], &["comedy", "drama"]),
            "pg-13",
        ),
        with(film("as3", 0, "Third Rail", 2019, 95), &["cy"], &["thriller"]),
        with(series(film("ds1", 1, "Harbour", 2018, 0), 4), &["ana ruiz"], &["drama"]),
        with(film("ds2", 1, "数字", 2020, 61), &["dee", "dee"], &[]),
        for_audience(film("hs1", 2, "Second-Wind", 2018, 140), ""),
    ];
    TitleTable::new(platforms.to_vec(), titles).expect("golden titles make a table")
}

/// Returns seven ratings. One of the four users has none.
///
/// # Panics
/// Never: the parts fit together.
pub fn ratings() -> RatingTable {
    let users = ["1", "2", "30", "x1"].map(|u| UserId::new(u).expect("golden ids are well formed"));
    RatingTable::new(
        users.to_vec(),
        vec![0, 3, 5, 5, 7],
        vec![0, 1, 2, 0, 5, 0, 4],
        vec![4.0, 3.5, 1.0, 3.5, 5.0, 3.6, 2.0],
        vec![10, 20, 30, 40, 50, 60, 70],
        titles().titles().len(),
    )
    .expect("golden ratings make a table")
}

/// Returns a model with two factors for four users and six titles, where titles of one work have the same.
/// Every value is a sum of a few powers of two.
///
/// # Panics
/// Never: the parts fit together.
pub fn model() -> FactorModel {
    FactorModel::new(FactorModelParts {
        global_mean: 3.25,
        user_bias: vec![0.25, 0.5, 0.0, -0.25],
        item_bias: vec![0.125, 0.0, -1.5, 0.0, -0.5, 0.0],
        n_factors: 2,
        user_factors: vec![0.5, -0.25, 0.25, 0.5, 0.0, 0.0, -0.5, 0.125],
        item_factors: vec![0.5, 0.0, 0.25, 0.25, -0.5, 0.5, 1.0, 0.0, 0.0, -0.25, 0.25, 0.25],
        scale: (0.5, 5.0),
        noise_variance: 0.75,
        user_prior: UserPrior::new(vec![0.125, 0.0, -0.25], vec![4.0, 0.5, 2.0, 0.0, -0.25, 1.0])
            .expect("the golden prior is valid"),
    })
    .expect("golden parts fit together")
}

/// Returns a ranking model of the same titles.
///
/// # Panics
/// Never: the parts fit together.
pub fn ranking() -> RankingModel {
    let weights = RankingWeights { unobserved_weight: 0.25, regularization: 0.5, exponent: 0.0, n_titles: 4 };
    let item_factors = vec![1.0, 0.0, 0.5, 0.25, 0.0, 0.75, 1.5, -0.5, 0.0, 0.0, 0.5, 0.25];
    let items = ItemModel::new(ItemModelParts {
        item_bias: vec![0.0; 6],
        n_factors: 2,
        user_prior: RankingModel::prior(&item_factors, 2, weights).expect("golden factors are finite"),
        item_factors,
        ..ItemModelParts::default()
    });
    RankingModel::new(items.expect("golden parts fit together"), weights)
        .expect("golden weights are in range")
}

/// Returns neighbors of titles 0, 1 and 5, added to the factors. Title 2 has too few likes.
///
/// # Panics
/// Never: the parts fit together.
pub fn neighbors() -> Neighbors {
    let parts = NeighborParts {
        n_items: 6,
        beside_factors: true,
        members: vec![0, 1, 5],
        offsets: vec![0, 1, 2, 4],
        targets: vec![1, 0, 0, 1],
        weights: vec![0.5, 0.25, -0.125, 0.75],
    };
    Neighbors::new(&parts).expect("golden parts fit together")
}

/// Returns canonical genres of six titles. The first two share one, and the third has none.
pub fn genres() -> TitleGenres {
    let of_titles = [&["Comedy", "Drama"][..], &["Comedy"], &[], &["Acción"], &["Drama"], &["Kids"]];
    let of_titles = of_titles.map(|genres| genres.iter().map(ToString::to_string).collect::<Vec<_>>());
    TitleGenres::new(of_titles.iter().map(|genres| &genres[..]))
}

/// Returns a short analysis.
///
/// # Panics
/// Never: the texts are what they should be.
pub fn analysis() -> Analysis {
    Analysis::new(
        "{\"format\":1,\"overview\":{\"titles\":6}}".to_owned(),
        "default-src 'none'".to_owned(),
        "<!DOCTYPE html>\n<html lang=\"en\"><title>Six titles, «数字» among them</title></html>\n".to_owned(),
    )
    .expect("the golden analysis is valid")
}

/// The vectors of the golden users in the golden ranking model.
const RANKING_VECTORS: [[f32; 2]; 4] = [[0.75, 0.25], [0.5, -0.25], [0.0, 0.0], [0.125, 1.0]];

/// Returns the golden users as one object of two blocks with two users each, and its index.
///
/// # Panics
/// Never: the parts fit together.
pub fn users() -> (Vec<u8>, UserIndex) {
    let vectors = RANKING_VECTORS.map(|vector| vector.to_vec());
    users_of(&ratings(), &model(), Some(&vectors), 200)
}

/// Returns users with their ratings and vectors, in blocks of bounded size, and their index.
///
/// # Panics
/// If the parts do not fit together.
pub fn users_of(
    ratings: &RatingTable,
    model: &FactorModel,
    ranking_vectors: Option<&[Vec<f32>]>,
    block_bytes: usize,
) -> (Vec<u8>, UserIndex) {
    let n_ranking_factors = ranking_vectors.map(|vectors| vectors[0].len());
    let shape = UserShape { n_factors: model.n_factors(), n_ranking_factors, n_titles: model.n_items() };
    let mut writer = UsersWriter::with_block_bytes(shape, block_bytes);
    let mut bytes = Vec::new();
    for (user, id) in ratings.users().iter().enumerate() {
        let rows = ratings.rows_of(user);
        let block = writer.push(User {
            id: id.as_str(),
            bias: model.user_bias()[user],
            vector: model.user_vector(user),
            ranking_vector: ranking_vectors.map(|vectors| &vectors[user][..]),
            title_idx: &ratings.title_idx()[rows.clone()],
            rating: &ratings.rating()[rows],
        });
        bytes.extend(block.expect("the users fit the model").unwrap_or_default());
    }
    let (last, index) = writer.finish().expect("blocks can be encoded");
    bytes.extend(last.unwrap_or_default());
    (bytes, index)
}

/// Returns the digests of the blocks of users.
pub fn digests_of(users: &[u8], index: &UserIndex) -> UserDigests {
    let mut digests = UserDigests::default();
    for block in 0..index.n_blocks() {
        let range = index.range(block);
        digests.push(&users[range.start as usize..range.end as usize]);
    }
    digests
}

fn ask_titles(titles: &Titles) {
    for title in 0..titles.len() {
        let view = titles.view(title);
        assert_eq!(titles.position(view.id), Some(title), "a title is found by its id");
    }
    assert_eq!(titles.popular().len(), titles.len());
    let criteria = Criteria {
        platform: &["hulu"],
        genre: &["dra"],
        audience: &["G"],
        year_from: Some(1),
        min_ratings: 1,
        ..Criteria::default()
    };
    let _ = Filter::new(titles, &criteria);
}

fn ask_ranking(ranking: &RankingModel) {
    let last = ranking.n_items().checked_sub(1);
    let liked: Vec<(usize, f32)> = last.into_iter().map(|title| (title, 1.0)).collect();
    assert_eq!(ranking.fold_in(&liked).len(), ranking.n_factors());
    ask_recommender(model().items().clone(), Some(ranking.clone()), None);
}

fn ask_neighbors(neighbors: &Neighbors) {
    let scores = neighbors.from_rated([0, 5, usize::MAX].map(|title| (title, 1.0))).scores();
    for (title, score) in neighbors.members().zip(scores) {
        assert!(title < neighbors.n_items() && !score.is_nan());
        assert!(neighbors.weight(0, title).is_finite() && neighbors.weight(title, usize::MAX) == 0.0);
    }
    ask_recommender(model().items().clone(), Some(ranking()), Some(neighbors.clone()));
}

/// Asks models together with the golden titles, if they fit, for a user who fits the models.
fn ask_recommender(model: ItemModel, ranking: Option<RankingModel>, neighbors: Option<Neighbors>) {
    let titles = Titles::build(&titles(), &ratings());
    let n_ranking_factors = ranking.as_ref().map(RankingModel::n_factors);
    let shape = UserShape { n_factors: model.n_factors(), n_ranking_factors, n_titles: titles.len() };
    let made = Recommender::new(titles, model, ranking, shape, 3.5);
    let Ok(recommender) = made.and_then(|made| made.with_neighbors(neighbors)) else { return };
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
    let _ = recommender.similar("as1", 3, &Filter::default()).expect("the release has this title");
}

fn ask_users(block: &UserBlock) {
    for at in 0..block.n_users() {
        let user = block.user(at);
        assert_eq!(block.position(user.id), Some(at), "a user is found by their id");
        assert_eq!(user.title_idx.len(), user.rating.len());
    }
    let index = users().1;
    for at in 0..index.n_blocks() {
        let _ = index.check(at, block);
    }
}

fn ask_user_index(index: &UserIndex) {
    for id in ["", "1", "2", "30", "x1", "zzzz"] {
        let Some(at) = index.block_of(id) else { continue };
        let range = index.range(at);
        let is_last = at + 1 == index.n_blocks();
        assert!(range.start < range.end && index.check_size(range.end).is_ok() == is_last);
    }
    let (bytes, golden) = users();
    let first = &bytes[..golden.range(0).end as usize];
    let block = UserBlock::from_bytes(first).expect("golden blocks are valid");
    for at in 0..index.n_blocks() {
        let _ = index.check(at, &block);
    }
}

/// Returns the golden objects, encoded by the current code, by kind.
///
/// # Panics
/// Never: golden values can be encoded.
pub fn artifacts() -> Vec<(Kind, Vec<u8>)> {
    KNOWN.iter().map(|known| (known.kind(), known.bytes())).collect()
}

/// Returns the golden artifacts, with objects in parts cut into their parts.
///
/// # Panics
/// Never: golden parts follow each other.
pub fn envelopes() -> Vec<(Kind, Vec<u8>)> {
    Kind::ALL.into_iter().flat_map(|kind| parts(kind).into_iter().map(move |part| (kind, part))).collect()
}

/// Returns the golden artifacts of a kind: one, or all parts of an object in parts.
///
/// # Panics
/// Never: golden parts follow each other.
pub fn parts(kind: Kind) -> Vec<Vec<u8>> {
    let bytes = known(kind).bytes();
    let parts = artifact::split(kind, &bytes).expect("golden artifacts are complete");
    parts.into_iter().map(<[u8]>::to_vec).collect()
}

fn measured(model: ModelName, held_out: HeldOut, measure: &str, value: f64) -> Measured {
    Measured { model, held_out, tuned: true, measures: [(measure.to_owned(), value)].into() }
}

/// Returns the golden manifest, which names the golden artifacts of the kinds that there were in its time.
pub fn manifest() -> Manifest {
    let text = str::to_owned;
    Manifest {
        builder: text("0.1.0"),
        seed: 7,
        data_until: 70,
        platforms: ["amazon", "disney", "hulu"].map(text).to_vec(),
        counts: Counts {
            titles: 6,
            rated_titles: 5,
            users: 4,
            ratings: 7,
            rejected: [(text("unknown title"), 2)].into(),
            superseded: 1,
        },
        parameters: Parameters::from([(text("n_factors"), 2.into()), (text("learning_rate"), 0.005.into())]),
        model: ModelSummary {
            algorithm: ModelName::Svd,
            n_factors: 2,
            verdict: text("factors help"),
            recommend_threshold: 3.7,
        },
        ranking: Some(RankingSummary {
            verdict: "It ranks better than popularity.".to_owned(),
            algorithm: ModelName::Ials,
            n_factors: 2,
            values: None,
        }),
        measures: vec![
            measured(ModelName::Svd, HeldOut::Chronological, "rmse", 0.1 + 0.2),
            measured(ModelName::Ials, HeldOut::Users, "ndcg@100", 0.25),
        ],
        trials: Trials {
            rating: vec![Trial {
                number: 1,
                algorithm: ModelName::Svd,
                n_factors: 2,
                score: None,
                fate: Fate::NotReached,
                parameters: Parameters::from([(text("learning_rate"), 0.005.into())]),
            }],
            ranking: Vec::new(),
        },
        signal: Some(Signal {
            verdict: text("the ratings tell titles apart"),
            title_signal: true,
            rmse: 0.875,
            twin_rmse: 1.0,
            gain: 0.125,
            gain_low: 0.1,
            gain_high: 0.15,
            n_seeds: 5,
            variance: VarianceShares { user: 0.25, title: 0.125, interaction: 0.125, rest: 0.5 },
        }),
        sources: vec![Source { name: text("1.csv"), bytes: 3, sha256: Digest::of(b"abc"), read_as: None }],
        // Names had 16 digits when it was made.
        has_short_name: true,
        // A kind that comes later does not change the manifest, and a trained model is in no release.
        ..Manifest::of(artifacts().iter().filter(|(kind, _)| kind.code() < Kind::TrainedModel.code()))
    }
}

/// Returns the golden pointer to the release of [`manifest`].
pub fn pointer() -> Pointer {
    let manifest = manifest();
    let previous = Some("0123456789abcdef".to_owned());
    Pointer { release: manifest.release(), previous, moved_at: 1_700_000_000, manifest, signature: None }
}

/// Returns the golden pointer to the same release under a name of 32 digits.
pub fn pointer_with_long_name() -> Pointer {
    let manifest = Manifest { has_short_name: false, ..manifest() };
    Pointer { release: manifest.release(), manifest, ..pointer() }
}

/// Returns the name and the bytes of every golden file, as the current code makes them.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = artifacts().into_iter().map(|(kind, bytes)| (file_name(kind), bytes)).collect();
    files.push((MANIFEST_FILE.to_owned(), manifest().to_bytes()));
    files.push((POINTER_FILE.to_owned(), pointer().to_bytes()));
    files.push((LONG_NAME_FILE.to_owned(), pointer_with_long_name().to_bytes()));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_row() {
        assert_eq!(KNOWN.map(Known::kind), Kind::ALL);
    }
}
