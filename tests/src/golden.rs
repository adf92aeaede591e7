//! The golden release: tables written by hand, and the files that are made of them.
//!
//! The tables are small, but every answer has a rival in them: durations, scores and names tie, a year and a
//! platform are empty, a name holds bytes beyond ASCII, a user has rated nothing.

use std::path::PathBuf;

use artifact::{
    Analysis, Artifact, ArtifactEntry, Counts, Digest, Kind, MANIFEST_FORMAT, Manifest, ModelSummary,
    Parameters, Pointer, RankingSummary, Signal, Source, VarianceShares,
};
use catalog::{Duration, DurationUnit, Platform, RatingTable, Title, TitleId, TitleTable, UserId};
use queries::{actor, count_platform, max_duration, score_count, title_search};
use recommender::{
    FactorModel, FactorModelParts, ItemModel, ItemModelParts, RankingModel, RankingWeights, Titles, User,
    UserIndex, UserPrior, UserShape, UsersWriter,
};

/// The folder of the golden files of format 1.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/v1")
}

/// The name of the golden artifact of a kind.
pub fn file_name(kind: Kind) -> String {
    format!("{kind}.bin")
}

/// The name of the golden manifest.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The name of the golden pointer.
pub const POINTER_FILE: &str = "current.json";

fn film(id: &str, platform_idx: u8, display: &str, year: u16, minutes: u32) -> Title {
    Title {
        id: TitleId::new(id).expect("golden ids are well formed"),
        platform_idx,
        kind: catalog::Kind::Movie,
        display: display.to_owned(),
        director: Vec::new(),
        cast: Vec::new(),
        country: Vec::new(),
        date_added: None,
        release_year: Some(year),
        audience: "g".to_owned(),
        duration: Some(Duration { value: minutes, unit: DurationUnit::Min }),
        genres: Vec::new(),
        description: String::new(),
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

/// Six titles on three platforms, of which the last names no cast. The second and the last are one work, whose
/// audience only one of its platforms names.
///
/// # Panics
/// Never: the parts fit together.
pub fn titles() -> TitleTable {
    let platforms = ["amazon", "disney", "hulu"].map(|p| Platform::new(p).expect("golden names are names"));
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

/// Seven ratings of four users, one of whom has none.
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

/// Two factors for four users and six titles, those of one work alike. Every value is a sum of few powers of two.
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
            .expect("the golden prior is one"),
    })
    .expect("golden parts fit together")
}

/// The same titles, ranked.
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

/// An analysis that says little.
///
/// # Panics
/// Never: the texts are what they should be.
pub fn analysis() -> Analysis {
    Analysis::new(
        "{\"format\":1,\"overview\":{\"titles\":6}}".to_owned(),
        "default-src 'none'".to_owned(),
        "<!DOCTYPE html>\n<html lang=\"en\"><title>Six titles, «数字» among them</title></html>\n".to_owned(),
    )
    .expect("the golden analysis is one")
}

/// The vectors of the golden users in the golden ranking model.
const RANKING_VECTORS: [[f32; 2]; 4] = [[0.75, 0.25], [0.5, -0.25], [0.0, 0.0], [0.125, 1.0]];

/// The golden users as one object of two blocks, two users each; and its index.
///
/// # Panics
/// Never: the parts fit together.
pub fn users() -> (Vec<u8>, UserIndex) {
    let vectors = RANKING_VECTORS.map(|vector| vector.to_vec());
    users_of(&ratings(), &model(), Some(&vectors), 200)
}

/// Users with what they rated and their vectors, in blocks of so many bytes at most.
///
/// # Panics
/// Where the parts do not fit together.
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

/// The golden artifacts, encoded by the code of today, by kind.
///
/// # Panics
/// Never: the parts fit together.
pub fn artifacts() -> Vec<(Kind, Vec<u8>)> {
    fn sealed<T: Artifact>(value: &T) -> (Kind, Vec<u8>) {
        (T::KIND, value.to_bytes().expect("golden values encode"))
    }
    let (titles, ratings) = (titles(), ratings());
    let (users, index) = users();
    vec![
        sealed(&max_duration::build(&titles)),
        sealed(&score_count::build(&titles, &ratings)),
        sealed(&count_platform::build(&titles)),
        sealed(&actor::build(&titles)),
        sealed(&Titles::build(&titles, &ratings)),
        sealed(model().items()),
        sealed(&ranking()),
        sealed(&title_search::build(&titles, &ratings)),
        sealed(&analysis()),
        (Kind::Users, users),
        sealed(&index),
        sealed(&model()),
    ]
}

/// The same, those in parts taken apart: one envelope each.
///
/// # Panics
/// Never: golden parts follow one another.
pub fn envelopes() -> Vec<(Kind, Vec<u8>)> {
    let mut envelopes = Vec::new();
    for (kind, bytes) in artifacts() {
        let parts = artifact::split(kind, &bytes).expect("golden artifacts are whole");
        envelopes.extend(parts.into_iter().map(|part| (kind, part.to_vec())));
    }
    envelopes
}

/// The golden manifest, which names the golden artifacts.
pub fn manifest() -> Manifest {
    let text = str::to_owned;
    Manifest {
        format: MANIFEST_FORMAT,
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
            algorithm: text("svd"),
            n_factors: 2,
            verdict: text("factors help"),
            recommend_threshold: 3.7,
            metrics: [(text("svd"), [(text("rmse"), 0.1 + 0.2)].into())].into(),
        },
        ranking: Some(RankingSummary {
            verdict: "It ranks better than popularity.".to_owned(),
            algorithm: text("ials"),
            n_factors: 2,
            metrics: [(text("ials"), [(text("ndcg@100"), 0.25)].into())].into(),
        }),
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
        sources: vec![Source { name: text("1.csv"), bytes: 3, sha256: Digest::of(b"abc") }],
        artifacts: artifacts()
            .iter()
            .filter(|(kind, _)| *kind != Kind::TrainedModel)
            .map(|(kind, bytes)| ArtifactEntry::of(*kind, bytes))
            .collect(),
    }
}

/// The golden pointer, to the release of [`manifest`].
pub fn pointer() -> Pointer {
    let manifest = manifest();
    let previous = Some("0123456789abcdef".to_owned());
    Pointer { release: manifest.release(), previous, moved_at: 1_700_000_000, manifest }
}

/// Every golden file of the code of today: its name and its bytes.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = artifacts().into_iter().map(|(kind, bytes)| (file_name(kind), bytes)).collect();
    files.push((MANIFEST_FILE.to_owned(), manifest().to_bytes()));
    files.push((POINTER_FILE.to_owned(), pointer().to_bytes()));
    files
}
