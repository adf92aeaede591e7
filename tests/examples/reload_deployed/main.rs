//! Runs the functions as they are deployed while the release changes under them and the store fails, and holds every answer
//! to one of two releases.
//!
//! ```sh
//! python3 tests/infra/check.py --package      # leaves the functions in target/lambda
//! cargo run -p tests --example reload_deployed -- [FOLDER]
//! ```
//!
//! FOLDER holds `NAME/bootstrap` or `NAME` for each function that reads a release; `target/lambda` is the default. A process
//! runs a function's binary with `ARTIFACT_TTL=0`, gets its events from a Lambda runtime API in this program, and reads an S3
//! server in this program through the fault proxy. It goes through many cases one after the other: the old release is made
//! current and served again, the pointer moves to the new one while something is wrong, and when that is over the new one has
//! to be served. What goes wrong, and what is asked, is in [`tests::reload_cases`]; there is a process for each place where it
//! can go wrong, since the functions' own waits for a store are seconds.
//!
//! Of every case: each answer is, status and body, that of one release, and where no look overlaps a move of the pointer
//! (the function has its extension) never the old one again after the new one; each failed look is a line of the log and
//! counted in the metric of a request's line; the request that sets off a look is answered. Of every process: it starts
//! once, writes nothing to stderr, runs until it is told to end, and ends on SIGTERM. A fault of any of this ends the program
//! with a failure, when the other processes have gone through theirs.

#![expect(clippy::unwrap_used, reason = "what a check takes for granted may end it")]

mod lambda;
#[path = "../../tests/it/s3_client.rs"]
mod s3_client;
#[path = "../../../shared/store-s3/tests/s3_server/mod.rs"]
mod s3_server;

use std::collections::BTreeSet;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use api::Function;
use artifact::{Manifest, Pointer};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use store::FolderStore;
use store_s3::S3Store;
use tests::fault_proxy::{Fault, FaultProxy, Seen};
use tests::reload_cases::{self, Answer, DAMAGE, Release, WAY_FAULTS, WayFault};
use tests::small_release;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use lambda::Process;

const BUCKET: &str = "cartelera";

/// Between two rounds of questions to a process that is waited for: the others need the processor too.
const PACE: Duration = Duration::from_millis(20);

/// Longer than any wait of a function after the failures of a case.
const DEADLINE: Duration = Duration::from_mins(1);

/// Processes at once. Most of the time they wait; more of them than two cores can serve, and the functions give up requests
/// for their slowness that nothing was done to.
const AT_ONCE: usize = 24;

/// How long faults at random go on.
const RANDOM: Duration = Duration::from_secs(40);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

/// What was done to processes, and what they did.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    processes: usize,
    cases: usize,
    /// Requests to the store that felt a fault.
    felt: usize,
    looks_failed: usize,
    of_old: usize,
    of_new: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.processes += other.processes;
        self.cases += other.cases;
        self.felt += other.felt;
        self.looks_failed += other.looks_failed;
        self.of_old += other.of_old;
        self.of_new += other.of_new;
    }
}

/// Where the binaries are, and the store's server.
#[derive(Clone)]
struct Ground {
    binaries: PathBuf,
    /// A folder of buckets, and a place for other files.
    root: PathBuf,
    server: std::net::SocketAddr,
    /// How many processes may run at once.
    turns: Arc<Semaphore>,
}

/// One process, its store and the way there.
struct Lane {
    function: Function,
    /// The way around the proxy.
    store: S3Store,
    /// Its files.
    folder: PathBuf,
    proxy: FaultProxy,
    process: Process,
    questions: Vec<&'static str>,
    old: Release,
    new: Release,
    /// Of the old release and of the new one.
    manifests: [Manifest; 2],
    /// To which release the pointer moved last, and whether that was served since; `None` where looks may overlap moves.
    arriving: Option<(Side, bool)>,
    counted: Counts,
}

/// A number for each lane, so that their files are apart.
type LaneId = usize;

impl Lane {
    /// A process that has begun with the old release and taken up the new one.
    async fn begin(ground: &Ground, id: LaneId, function: Function, has_extensions: bool) -> Self {
        let prefix = format!("lane-{id}");
        let folder = ground.root.join(BUCKET).join(&prefix);
        let questions = reload_cases::questions_to(function);
        // Nobody reads yet, so that both can be put there by the quickest way.
        let files = FolderStore::new(&folder);
        let served = async || Release::of(Arc::new(files.clone()), &[function], &questions).await;
        small_release::publish_without_ranking(&files).await;
        let (old, old_manifest) = (served().await, store::current(&files).await.unwrap().manifest);
        small_release::publish_revised(&files).await;
        let (new, new_manifest) = (served().await, store::current(&files).await.unwrap().manifest);
        for (question, (old, new)) in questions.iter().zip(old.answers.iter().zip(&new.answers)) {
            assert!(new.0 == 200 && old != new, "{question}: {old:?} {new:?}");
        }
        let direct = s3_client::client(&format!("http://{}", ground.server), s3_client::PATIENT);
        let store = S3Store::new(direct, BUCKET, &prefix);
        reload_cases::overwrite_pointer(&store, &old_manifest).await;

        let proxy = FaultProxy::start(ground.server).await.unwrap();
        let binary = ground.binaries.join(function.name());
        let binary = if binary.is_dir() { binary.join("bootstrap") } else { binary };
        let variables = [
            ("ARTIFACT_URI", &*format!("s3://{BUCKET}/{prefix}")),
            ("ARTIFACT_TTL", "0"),
            ("AWS_ENDPOINT_URL", &proxy.url()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let stderr = ground.root.join(format!("{prefix}.stderr"));
        let process = Process::start(&binary, &variables, has_extensions, stderr).await;
        let mut lane = Self {
            function,
            store,
            folder,
            proxy,
            process,
            questions,
            old,
            new,
            manifests: [old_manifest, new_manifest],
            arriving: has_extensions.then_some((Side::Old, false)),
            counted: Counts { processes: 1, ..Counts::default() },
        };
        for (question, answer) in lane.questions.clone().iter().zip(lane.old.answers.clone()) {
            assert_eq!(lane.process.ask(question).await, answer, "{question}: built from other sources?");
        }
        let lines = lane.process.told().await;
        let n_ready = lines.iter().filter(|line| line["fields"]["message"] == "ready").count();
        assert_eq!(n_ready, 1, "{lines:?}");

        lane.move_to(Side::New).await;
        lane.is_served(Side::New).await;
        lane.took_up(Side::New, 0).await;
        lane
    }

    /// Which release an answer is of.
    fn side(&mut self, i: usize, answer: &Answer) -> Side {
        let side = match answer {
            answer if *answer == self.old.answers[i] => Side::Old,
            answer if *answer == self.new.answers[i] => Side::New,
            _ => panic!("{}: {answer:?} is of neither release", self.questions[i]),
        };
        match side {
            Side::Old => self.counted.of_old += 1,
            Side::New => self.counted.of_new += 1,
        }
        if let Some((to, has_arrived)) = &mut self.arriving {
            assert!(!*has_arrived || side == *to, "{}: {side:?} after {to:?}", self.questions[i]);
            *has_arrived = side == *to;
        }
        side
    }

    async fn ask(&mut self, i: usize) -> Side {
        let answer = self.process.ask(self.questions[i]).await;
        self.side(i, &answer)
    }

    /// Every question: the releases of the answers.
    async fn round(&mut self) -> Vec<Side> {
        let mut sides = Vec::new();
        for i in 0..self.questions.len() {
            sides.push(self.ask(i).await);
        }
        sides
    }

    /// Asks until all answers are of one release.
    async fn is_served(&mut self, side: Side) {
        let began = Instant::now();
        while self.round().await.iter().any(|of| *of != side) {
            if began.elapsed() >= DEADLINE {
                let mut lines = self.process.told().await;
                lines.retain(|line| line["message"] != "request");
                panic!("{side:?} is not served: {lines:?}");
            }
            tokio::time::sleep(PACE).await;
        }
    }

    async fn move_to(&mut self, side: Side) {
        reload_cases::overwrite_pointer(&self.store, &self.manifests[side as usize]).await;
        self.arriving = self.arriving.map(|_| (side, false));
    }

    /// The old release is served again, the way is open, and the log has been read.
    async fn go_back(&mut self) {
        self.proxy.heal();
        self.move_to(Side::Old).await;
        self.is_served(Side::Old).await;
        self.took_up(Side::Old, 0).await;
        self.process.settled().await;
        self.counted.cases += 1;
    }

    /// The looks that failed since the log was last read, by the log and by the metric, the first being the so many-eth in a
    /// row; and the lines of releases that were taken up.
    async fn read_log(&self, failed_before: usize, served: Side) -> (usize, Vec<Value>) {
        let served = if served == Side::Old { &self.old.name } else { &self.new.name };
        let (mut n_failed, mut n_counted, mut taken_up) = (0, 0, Vec::new());
        for line in self.process.told().await {
            let fields = &line["fields"];
            if line["message"] == "request" {
                n_counted += usize::try_from(line["ReloadFailures"].as_u64().unwrap()).unwrap();
            } else if fields["message"] == "another release is served" {
                taken_up.push(fields.clone());
            } else {
                assert_eq!(line["level"], "ERROR", "{line}");
                n_failed += 1;
                reload_cases::tells_of_a_failed_look(fields, failed_before + n_failed, served);
            }
        }
        assert_eq!(n_failed, n_counted, "looks that failed, by the log and by the metric");
        (n_failed, taken_up)
    }

    /// Of the log since it was last read: so many looks failed, and then the release of a side was taken up.
    async fn took_up(&mut self, side: Side, n_failed: usize) {
        let (from, to) = match side {
            Side::Old => (&self.new, &self.old),
            Side::New => (&self.old, &self.new),
        };
        let before = if side == Side::Old { Side::New } else { Side::Old };
        let (failed, taken_up) = self.read_log(0, before).await;
        assert_eq!(failed, n_failed);
        let [fields] = taken_up.as_slice() else { panic!("{taken_up:?}") };
        assert_eq!(
            (&fields["from"], &fields["release"]),
            (&from.name.as_str().into(), &to.name.as_str().into())
        );
        self.counted.looks_failed += failed;
    }

    /// Answers of the old release alone until two looks have failed; then it is made good, and the new release is taken up.
    async fn goes_on(&mut self, make_good: impl AsyncFnOnce(&Self)) {
        let (began, mut n_failed) = (Instant::now(), 0);
        while n_failed < 2 {
            assert!(began.elapsed() < DEADLINE, "{n_failed} looks have failed");
            let sides = self.round().await;
            assert!(sides.iter().all(|side| *side == Side::Old), "{sides:?}");
            let (failed, taken_up) = self.read_log(n_failed, Side::Old).await;
            assert!(taken_up.is_empty(), "{taken_up:?}");
            n_failed += failed;
            tokio::time::sleep(PACE).await;
        }
        self.process.settled().await;
        make_good(self).await;
        self.counted.looks_failed += n_failed;
        self.is_served(Side::New).await;
        let (failed, taken_up) = self.read_log(n_failed, Side::Old).await;
        assert_eq!((failed, taken_up.len()), (0, 1), "{taken_up:?}");
    }

    /// The requests of one look and load, nothing being in their way.
    async fn requests(&mut self) -> Vec<Seen> {
        self.go_back().await;
        self.counted.cases -= 1;
        self.move_to(Side::New).await;
        self.proxy.set(|_| None);
        self.ask(0).await;
        self.process.settled().await;
        let requests = self.proxy.requests();
        self.is_served(Side::New).await;
        self.took_up(Side::New, 0).await;
        assert!(requests[0].path.ends_with(Pointer::KEY), "{requests:?}");
        assert!(requests[1..].iter().all(|seen| seen.path.contains("/artifacts/")), "{requests:?}");
        requests
    }

    async fn one_fault(&mut self, at: usize, way: WayFault) {
        self.go_back().await;
        self.proxy.set(move |seen| (seen.n == at).then_some(way.fault));
        self.move_to(Side::New).await;
        self.ask(0).await;
        self.process.settled().await;
        assert_eq!(self.proxy.n_harmed(), 1);
        self.counted.felt += self.proxy.n_harmed();
        self.is_served(Side::New).await;
        self.took_up(Side::New, usize::from(!way.is_survived)).await;
    }

    async fn lasting_fault(&mut self, key: &str, way: WayFault) {
        self.go_back().await;
        let hit = format!("/{key}");
        self.proxy.set(move |seen| seen.path.ends_with(&hit).then_some(way.fault));
        self.move_to(Side::New).await;
        self.goes_on(async |lane| lane.proxy.heal()).await;
        assert!(self.proxy.n_harmed() >= 2);
        self.counted.felt += self.proxy.n_harmed();
    }

    /// One request of a look hangs. Where the runtime has no extensions, questions are answered meanwhile.
    async fn hang(&mut self, at: usize) {
        self.go_back().await;
        // A look that is under way already may still ask for the pointer.
        let (mut n, mut is_done) = (0, false);
        self.proxy.set(move |seen| {
            n = if seen.path.ends_with(Pointer::KEY) { 0 } else { n + 1 };
            let hit = n == at && !is_done;
            is_done |= hit;
            hit.then_some(Fault::Hold)
        });
        // A request for the pointer that is held is one that went off before the pointer moved.
        if at > 0 {
            self.move_to(Side::New).await;
        }
        let (began, has_extensions) = (Instant::now(), self.arriving.is_some());
        assert_eq!(self.ask(0).await, Side::Old);
        while self.proxy.n_harmed() == 0 {
            assert!(began.elapsed() < DEADLINE, "no request was held");
            if !has_extensions {
                assert_eq!(self.ask(0).await, Side::Old);
            }
            tokio::time::sleep(PACE).await;
        }
        if at == 0 {
            self.move_to(Side::New).await;
        }
        if has_extensions {
            assert!(!self.process.is_settled(), "it is awake as long as a look is under way");
        } else {
            let requests = self.proxy.requests().len();
            for _ in 0..3 {
                let sides = self.round().await;
                assert!(sides.iter().all(|side| *side == Side::Old), "{sides:?}");
            }
            let others = self.proxy.requests();
            let looks = others[requests..].iter().filter(|seen| seen.path.ends_with(Pointer::KEY)).count();
            assert_eq!(looks, 0, "nobody else looks meanwhile");
        }
        self.counted.felt += self.proxy.n_harmed();
        self.proxy.heal();
        self.is_served(Side::New).await;
        self.took_up(Side::New, 0).await;
    }

    async fn damage(&mut self, key: &str, damage: fn(&mut Vec<u8>)) {
        self.go_back().await;
        self.move_to(Side::New).await;
        let file = self.folder.join(key);
        let sound = fs::read(&file).unwrap();
        let mut bytes = sound.clone();
        damage(&mut bytes);
        // Nobody reads it now: nothing looks between two events.
        fs::write(&file, bytes).unwrap();
        self.goes_on(async |_| fs::write(file, sound).unwrap()).await;
    }

    async fn next_format(&mut self) {
        let manifest = self.manifests[Side::New as usize].clone();
        let read = [self.function.kinds(), self.function.optional_kinds()].concat();
        for (kind, newer) in reload_cases::of_the_next_format(&self.store, &manifest).await {
            if kind.is_some_and(|kind| !read.contains(&kind)) {
                continue;
            }
            self.go_back().await;
            reload_cases::overwrite_pointer(&self.store, &newer).await;
            self.arriving = Some((Side::New, false));
            self.goes_on(async |lane| reload_cases::overwrite_pointer(&lane.store, &manifest).await).await;
        }
    }

    /// A sixth of all requests meets some fault, and the pointer moves after each look.
    async fn random(&mut self, seed: u64) {
        self.go_back().await;
        let faults: Vec<Fault> = WAY_FAULTS.iter().filter(|way| !way.is_slow).map(|way| way.fault).collect();
        let mut chances = ChaCha8Rng::seed_from_u64(seed);
        self.proxy.set(move |_| {
            chances.random_bool(1.0 / 6.0).then(|| faults[chances.random_range(..faults.len())])
        });
        let (began, before) = (Instant::now(), self.counted);
        let (mut to, mut n_requests) = (Side::Old, 0);
        while began.elapsed() < RANDOM {
            self.round().await;
            self.process.settled().await;
            let n = self.proxy.requests().len();
            if n > n_requests {
                n_requests = n;
                to = if to == Side::Old { Side::New } else { Side::Old };
                self.move_to(to).await;
            }
            tokio::time::sleep(PACE).await;
        }
        self.counted.felt += self.proxy.n_harmed();
        self.proxy.heal();
        if to == Side::Old {
            self.move_to(Side::New).await;
        }
        self.is_served(Side::New).await;
        let lines = self.process.told().await;
        let failed = lines.iter().filter(|line| line["level"] == "ERROR").count() as u64;
        let counted: u64 = lines.iter().filter_map(|line| line["ReloadFailures"].as_u64()).sum();
        assert_eq!(failed, counted, "looks that failed, by the log and by the metric");
        self.counted.looks_failed += failed as usize;
        assert!(self.counted.felt - before.felt > 10, "{:?}", self.counted);
        assert!(self.counted.of_old > before.of_old && self.counted.of_new > before.of_new);
    }

    async fn end(self) -> Counts {
        self.process.terminate().await;
        self.counted
    }
}

/// What one process goes through.
#[derive(Debug, Clone)]
enum Cases {
    OneFault { at: usize },
    LastingQuick { key: String },
    LastingSlow { key: String },
    Hangs { n_requests: usize, has_extensions: bool },
    Damage { key: String },
    NextFormat,
    Random { seed: u64 },
}

impl Cases {
    const ROWS: [&str; 6] = [
        "one fault, at each request of a look",
        "a fault that lasts, at each object",
        "a request that hangs, each in turn",
        "an object damaged at rest",
        "a manifest or an artifact of the next format",
        "faults at a sixth of all requests",
    ];

    fn row(&self) -> usize {
        match self {
            Self::OneFault { .. } => 0,
            Self::LastingQuick { .. } | Self::LastingSlow { .. } => 1,
            Self::Hangs { .. } => 2,
            Self::Damage { .. } => 3,
            Self::NextFormat => 4,
            Self::Random { .. } => 5,
        }
    }

    async fn run(self, ground: Ground, id: LaneId, function: Function) -> Counts {
        let _turn = ground.turns.acquire().await.unwrap();
        let has_extensions = !matches!(self, Self::Hangs { has_extensions: false, .. });
        let mut lane = Lane::begin(&ground, id, function, has_extensions).await;
        let of_speed = |slow| WAY_FAULTS.into_iter().filter(move |way| way.is_slow == slow);
        match self {
            Self::OneFault { at } => {
                for way in WAY_FAULTS {
                    lane.one_fault(at, way).await;
                }
            }
            Self::LastingQuick { key } => {
                for way in of_speed(false) {
                    lane.lasting_fault(&key, way).await;
                }
            }
            Self::LastingSlow { key } => {
                for way in of_speed(true) {
                    lane.lasting_fault(&key, way).await;
                }
            }
            Self::Hangs { n_requests, .. } => {
                for at in 0..n_requests {
                    lane.hang(at).await;
                }
            }
            Self::Damage { key } => {
                for (_, damage) in DAMAGE {
                    lane.damage(&key, damage).await;
                }
            }
            Self::NextFormat => lane.next_format().await,
            Self::Random { seed } => lane.random(seed).await,
        }
        lane.end().await
    }
}

/// The cases of a function, by what one look of it reads.
async fn plan(ground: Ground, id: LaneId, function: Function) -> Vec<Cases> {
    let mut lane = Lane::begin(&ground, id, function, true).await;
    let requests = lane.requests().await;
    lane.end().await;
    let prefix = format!("/{BUCKET}/lane-{id}/");
    let keys: BTreeSet<String> =
        requests.iter().map(|seen| seen.path.strip_prefix(&prefix).unwrap().to_owned()).collect();
    let of_keys = |cases: fn(String) -> Cases| keys.iter().cloned().map(cases);
    // What takes longest goes first.
    let mut plan: Vec<Cases> = of_keys(|key| Cases::LastingSlow { key }).collect();
    plan.extend(of_keys(|key| Cases::LastingQuick { key }));
    plan.extend((0..requests.len()).map(|at| Cases::OneFault { at }));
    plan.extend(of_keys(|key| Cases::Damage { key }));
    plan.push(Cases::NextFormat);
    plan.push(Cases::Random { seed: id as u64 });
    let n_requests = requests.len();
    plan.extend([true, false].map(|has_extensions| Cases::Hangs { n_requests, has_extensions }));
    plan
}

/// Runs all cases: the counts of each row, and what failed.
async fn run(binaries: &Path, root: &Path) -> ([Counts; Cases::ROWS.len()], Vec<String>) {
    fs::create_dir(root.join(BUCKET)).unwrap();
    let server = s3_server::serve(root).await;
    let ground = Ground {
        binaries: binaries.to_owned(),
        root: root.to_owned(),
        server,
        turns: Arc::new(Semaphore::new(AT_ONCE)),
    };
    let mut plans = JoinSet::new();
    for (id, function) in Function::ALL.into_iter().enumerate() {
        let plan = plan(ground.clone(), id, function);
        plans.spawn(async move { (function, plan.await) });
    }
    let (mut rows, mut failed) = ([Counts::default(); Cases::ROWS.len()], Vec::new());
    let mut lanes = JoinSet::new();
    let mut id = Function::ALL.len();
    while let Some(planned) = plans.join_next().await {
        match planned {
            Ok((function, plan)) => {
                for cases in plan {
                    let (row, what) = (cases.row(), format!("{}: {cases:?}", function.name()));
                    let lane = tokio::spawn(cases.run(ground.clone(), id, function));
                    lanes.spawn(async move { (row, what, lane.await) });
                    id += 1;
                }
            }
            Err(error) => failed.push(error.to_string()),
        }
    }
    while let Some(ended) = lanes.join_next().await {
        let (row, what, ended) = ended.unwrap();
        match ended {
            Ok(counted) => rows[row] += counted,
            Err(error) => failed.push(format!("{what}: {error}")),
        }
    }
    (rows, failed)
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/lambda");
    let binaries = env::args_os().nth(1).map_or(usual, PathBuf::from);
    for function in Function::ALL {
        let binary = binaries.join(function.name());
        if !binary.exists() {
            eprintln!("{} is missing: python3 tests/infra/check.py --package builds it", binary.display());
            return ExitCode::FAILURE;
        }
    }
    let (began, root) = (Instant::now(), tempfile::tempdir().unwrap());
    let (rows, failed) = run(&binaries, root.path()).await;
    println!(
        "{:<45} {:>9} {:>6} {:>6} {:>12} {:>12} {:>12}",
        "what went wrong", "processes", "cases", "felt", "looks failed", "old answers", "new answers"
    );
    let mut all = Counts::default();
    let tell = |name: &str, n: Counts| {
        println!(
            "{name:<45} {:>9} {:>6} {:>6} {:>12} {:>12} {:>12}",
            n.processes, n.cases, n.felt, n.looks_failed, n.of_old, n.of_new
        );
    };
    for (name, row) in Cases::ROWS.into_iter().zip(rows) {
        tell(name, row);
        all += row;
    }
    tell("all", all);
    println!("{} s, {} failures", began.elapsed().as_secs(), failed.len());
    for what in &failed {
        eprintln!("{what}");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
