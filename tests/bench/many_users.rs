//! As many users as you like: writes a release of made-up ones, and measures what `recommend` makes of it.
//!
//! ```sh
//! cargo run --release -p tests --example many_users -- write target/many-users/10k 10000
//! cargo run --release -p tests --example many_users -- ask target/many-users/10k 10000
//! ```
//!
//! `tests/bench/many_users.sh` does it for ten thousand and ten million, from a folder and from an S3 server.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use api::{BlockRead, Function, PersonalRoutes, Settings, UserLimits};
use artifact::{
    Artifact, ArtifactEntry, Counts, Kind, Manifest, ModelName, ModelSummary, Pointer, RankingSummary,
};
use axum::body::{Body, Bytes};
use axum::http::Request;
use catalog::{Platform, RatingTable, Title, TitleId, TitleTable};
use recommender::{
    ItemModel, ItemModelParts, RankingModel, RankingWeights, Titles, User, UserPrior, UserShape,
};
use release::users::{UsersOutput, WrittenUsers};
use store::{FolderStore, ReadStore, Store as _, StoreError, Version};
use tower::ServiceExt as _;

/// As many titles and factors as the real data has.
const N_TITLES: usize = 22_998;
const N_FACTORS: usize = 32;
const N_RANKING_FACTORS: usize = 48;
/// One user in this many has rated 5,000 titles, the others 45 on average.
const ONE_IN: u64 = 100_000;
/// Requests that are measured, after as many as a tenth of them that are not.
const N_REQUESTS: usize = 2_000;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match args[..] {
        ["write", folder, n_users] => runtime.block_on(write(Path::new(folder), n_users.parse()?)),
        ["ask", store, n_users] => runtime.block_on(ask(store, n_users.parse()?, UserLimits::default())),
        // However few they are, a block is read for every request.
        ["ask-by-block", store, n_users] => {
            let limits = UserLimits { whole_bytes: 0, cache_bytes: 1 };
            runtime.block_on(ask(store, n_users.parse()?, limits))
        }
        _ => bail!("give `write FOLDER USERS`, `ask STORE USERS` or `ask-by-block STORE USERS`"),
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Numbers that look random and are the same in every run (xorshift64*).
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 24
    }

    /// From 0, below 1.
    fn unit(&mut self) -> f32 {
        (self.next() & 0xff_ffff) as f32 / (1 << 24) as f32
    }

    fn values(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.unit() - 0.5).collect()
    }
}

fn titles() -> anyhow::Result<Titles> {
    let title = |i: usize| {
        Ok(Title {
            kind: if i.is_multiple_of(3) { catalog::Kind::Series } else { catalog::Kind::Movie },
            release_year: Some(2000),
            audience: "G".to_owned(),
            genres: vec!["Dramas".to_owned()],
            ..Title::named(TitleId::new(&format!("ns{i}"))?, format!("Title {i}"))
        })
    };
    let rows = (0..N_TITLES).map(title).collect::<anyhow::Result<Vec<Title>>>()?;
    let nobody = RatingTable::new(Vec::new(), vec![0], Vec::new(), Vec::new(), Vec::new(), N_TITLES)?;
    Ok(Titles::build(&TitleTable::new(vec![Platform::new("netflix")?], rows)?, &nobody))
}

fn models() -> anyhow::Result<(ItemModel, RankingModel)> {
    let mut noise = Noise::new(0);
    let model = ItemModel::new(ItemModelParts {
        global_mean: 3.5,
        item_bias: noise.values(N_TITLES),
        n_factors: N_FACTORS,
        item_factors: noise.values(N_TITLES * N_FACTORS),
        user_prior: UserPrior::standard(N_FACTORS),
        ..ItemModelParts::default()
    })?;
    let weights = RankingWeights {
        unobserved_weight: 0.1,
        regularization: 0.01,
        exponent: 1.0,
        n_titles: N_TITLES as u32,
    };
    let item_factors = noise.values(N_TITLES * N_RANKING_FACTORS);
    let items = ItemModel::new(ItemModelParts {
        item_bias: vec![0.0; N_TITLES],
        n_factors: N_RANKING_FACTORS,
        user_prior: RankingModel::prior(&item_factors, N_RANKING_FACTORS, weights)?,
        item_factors,
        ..ItemModelParts::default()
    })?;
    Ok((model, RankingModel::new(items, weights)?))
}

/// Streams the users to their file, and puts the rest beside them.
async fn write(folder: &Path, n_users: u64) -> anyhow::Result<()> {
    let began = Instant::now();
    fs::create_dir_all(folder.join("artifacts/users"))?;
    let incoming = folder.join(".incoming-users");
    let shape =
        UserShape { n_factors: N_FACTORS, n_ranking_factors: Some(N_RANKING_FACTORS), n_titles: N_TITLES };
    let mut output = UsersOutput::new(shape, BufWriter::new(File::create(&incoming)?));
    let (mut title_idx, mut rating) = (Vec::new(), Vec::new());
    for number in 1..=n_users {
        let mut noise = Noise::new(number);
        let n_rated = match number % ONE_IN {
            0 => 5_000,
            _ => (5.0 - 40.0 * noise.unit().max(1e-6).ln()) as usize,
        };
        let step = N_TITLES / n_rated;
        let first = noise.next() as usize % step;
        title_idx.clear();
        title_idx.extend((0..n_rated).map(|i| (first + i * step) as u32));
        rating.clear();
        rating.extend((0..n_rated).map(|_| 0.5 + (noise.next() % 10) as f32 / 2.0));
        output.push(User {
            id: &number.to_string(),
            bias: noise.unit() - 0.5,
            vector: &noise.values(N_FACTORS),
            ranking_vector: Some(&noise.values(N_RANKING_FACTORS)),
            title_idx: &title_idx,
            rating: &rating,
        })?;
    }
    let WrittenUsers { entry: users, index, digests, .. } = output.finish()?;
    fs::rename(incoming, folder.join(users.key()))?;
    let peak = memory("VmHWM")?;

    let store = FolderStore::new(folder);
    let (model, ranking) = models()?;
    let mut artifacts = Vec::new();
    for (kind, bytes) in [
        (Kind::Titles, titles()?.to_bytes()?),
        (Kind::RatingModel, model.to_bytes()?),
        (Kind::RankingModel, ranking.to_bytes()?),
        (Kind::UserIndex, index.to_bytes()?),
        (Kind::UserDigests, digests.to_bytes()?),
    ] {
        let entry = ArtifactEntry::of(kind, &bytes);
        store.put_immutable(&entry.key(), &Bytes::from(bytes).into(), &|_| ()).await?;
        artifacts.push(entry);
    }
    let (users_bytes, index_bytes) = (users.bytes, artifacts[3].bytes);
    artifacts.push(users);
    let manifest = Manifest {
        platforms: vec!["netflix".to_owned()],
        counts: Counts { users: n_users, titles: N_TITLES as u64, ..Counts::default() },
        model: ModelSummary { recommend_threshold: 3.5, ..ModelSummary::default() },
        ranking: Some(RankingSummary {
            algorithm: ModelName::Ials,
            n_factors: ranking.n_factors() as u32,
            verdict: String::new(),
            values: None,
        }),
        ..Manifest::of(artifacts)
    };
    let release = manifest.release();
    store.put_immutable(&Manifest::key(&release), &Bytes::from(manifest.to_bytes()).into(), &|_| ()).await?;
    let version = store.read_versioned(Pointer::KEY).await?.map(|(_, version)| version);
    let pointer = Pointer { release, previous: None, moved_at: 0, manifest, signature: None };
    store.replace(Pointer::KEY, pointer.to_bytes().into(), version.as_ref()).await?;
    say(&format!(
        "wrote {n_users} users: {} blocks, {:.3} GB, index {:.2} MB, in {:.0} s, {:.0} MB resident at the peak",
        index.n_blocks(),
        users_bytes as f64 / 1e9,
        index_bytes as f64 / 1e6,
        began.elapsed().as_secs_f64(),
        peak / 1e6,
    ))
}

/// Bytes of this process's memory, resident (`VmRSS`) or at the peak (`VmHWM`); Linux alone.
fn memory(what: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status").context("memory is read from /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kb = line.and_then(|line| line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<f64>().ok());
    Ok(kb.context("a line of /proc/self/status")? * 1024.0)
}

/// A store that counts what is read of it, and how long that takes.
#[derive(Debug)]
struct Counted {
    inner: Box<dyn ReadStore>,
    whole_reads: AtomicU64,
    whole_bytes: AtomicU64,
    ranged: Mutex<Vec<(u64, Duration)>>,
}

impl Counted {
    /// Sizes and times of the ranged reads since the last call.
    fn take(&self) -> Vec<(u64, Duration)> {
        std::mem::take(&mut *self.ranged.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait::async_trait]
impl ReadStore for Counted {
    fn location(&self) -> String {
        self.inner.location()
    }

    async fn read_versioned(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        let found = self.inner.read_versioned(key).await?;
        self.whole_reads.fetch_add(1, Ordering::Relaxed);
        let n_bytes = found.as_ref().map_or(0, |(bytes, _)| bytes.len() as u64);
        self.whole_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        Ok(found)
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        let began = Instant::now();
        let bytes = self.inner.read_range(key, range).await?;
        let read = (bytes.len() as u64, began.elapsed());
        self.ranged.lock().unwrap_or_else(PoisonError::into_inner).push(read);
        Ok(bytes)
    }
}

/// Starts the function `recommend` as the Lambda runtime does, on one thread, and asks it for random users
/// one after the other.
async fn ask(uri: &str, n_users: u64, limits: UserLimits) -> anyhow::Result<()> {
    let inner: Box<dyn ReadStore> = store_s3::open_to_read(uri).await?;
    let store = Arc::new(Counted {
        inner,
        whole_reads: AtomicU64::new(0),
        whole_bytes: AtomicU64::new(0),
        ranged: Mutex::default(),
    });
    let began = Instant::now();
    let settings = Settings { personal_routes: PersonalRoutes::Open, users: limits, ..Settings::default() };
    let router = api::load(&[Function::RECOMMEND], store.clone(), settings).await?;
    let init = began.elapsed();
    say(&format!(
        "{uri}: ready after {:.0} ms, {} whole reads of {:.1} MB together, {:.1} MB resident ({:.1} at the peak)",
        init.as_secs_f64() * 1e3,
        store.whole_reads.load(Ordering::Relaxed),
        store.whole_bytes.load(Ordering::Relaxed) as f64 / 1e6,
        memory("VmRSS")? / 1e6,
        memory("VmHWM")? / 1e6,
    ))?;
    let mut noise = Noise::new(1);
    let (mut totals, mut reads, mut rests) = (Vec::new(), Vec::new(), Vec::new());
    let (mut n_reads, mut most_reads, mut most_bytes, mut hits) = (0, 0, 0, 0);
    for n in 0..N_REQUESTS + N_REQUESTS / 10 {
        // Among the first that count is somebody who rated 5,000 titles.
        let heavy = n == N_REQUESTS / 10 && n_users >= ONE_IN;
        let user = if heavy { ONE_IN } else { 1 + noise.next() % n_users };
        let request = Request::get(format!("/recommendations/{user}?n=10")).body(Body::empty())?;
        store.take();
        let began = Instant::now();
        let response = router.clone().oneshot(request).await?;
        let total = began.elapsed();
        ensure!(response.status().is_success(), "user {user}: {}", response.status());
        let ranged = store.take();
        if n < N_REQUESTS / 10 {
            continue;
        }
        hits += usize::from(response.extensions().get::<BlockRead>().is_some_and(|read| read.hit));
        n_reads += ranged.len();
        most_reads = most_reads.max(ranged.len());
        most_bytes = ranged.iter().map(|read| read.0).chain([most_bytes]).max().unwrap_or(0);
        let waited: Duration = ranged.iter().map(|read| read.1).sum();
        totals.push(total);
        reads.push(waited);
        rests.push(total.saturating_sub(waited));
    }
    let figures = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e6;
        format!("{:.0} µs (p99 {:.0})", at(50), at(99))
    };
    say(&format!(
        "  {N_REQUESTS} requests: {:.3} ranged reads each (at most {most_reads}), of {most_bytes} bytes at most, {hits} hits",
        n_reads as f64 / N_REQUESTS as f64,
    ))?;
    say(&format!(
        "  median total {}, read {}, apart from it {}; {:.1} MB resident after",
        figures(&mut totals),
        figures(&mut reads),
        figures(&mut rests),
        memory("VmRSS")? / 1e6,
    ))
}
