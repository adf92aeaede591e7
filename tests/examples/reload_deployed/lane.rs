//! One process, and what it goes through in each case.

use std::fs;
use std::ops::AddAssign;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Function;
use artifact::{Manifest, Pointer};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use store::FolderStore;
use store_s3::S3Store;
use store_s3_testing::{PATIENT, client};
use tests::fault_proxy::{Fault, FaultProxy, Seen};
use tests::reload_cases::{self, Answer, Release, WAY_FAULTS, WayFault};
use tests::small_release;
use tokio::sync::Semaphore;

use crate::lambda::Process;

pub(crate) const BUCKET: &str = "cartelera";

/// The pause between two rounds of questions to a process, so that the others get processor time too.
const PACE: Duration = Duration::from_millis(20);

/// Longer than a function waits after the failures of a case.
const DEADLINE: Duration = Duration::from_mins(1);

/// The time of an event while the store stalls: less than a request to the store may take.
const SHORT_EVENT: Duration = Duration::from_secs(6);

/// How long random faults last.
const RANDOM: Duration = Duration::from_secs(40);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Old,
    New,
}

/// What happened to processes, and what they did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) processes: usize,
    pub(crate) cases: usize,
    /// Requests to the store that had a fault.
    pub(crate) faults: usize,
    pub(crate) failed_polls: usize,
    pub(crate) of_old: usize,
    pub(crate) of_new: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.processes += other.processes;
        self.cases += other.cases;
        self.faults += other.faults;
        self.failed_polls += other.failed_polls;
        self.of_old += other.of_old;
        self.of_new += other.of_new;
    }
}

/// Where the binaries and the store's server are.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) binaries: PathBuf,
    /// A folder for buckets and other files.
    pub(crate) root: PathBuf,
    pub(crate) server: std::net::SocketAddr,
    /// Limits the processes that run at the same time.
    pub(crate) turns: Arc<Semaphore>,
}

/// A process, its store, and the proxy between them.
pub(crate) struct Lane {
    function: Function,
    /// The store, without the proxy.
    store: S3Store,
    /// The files of the store.
    folder: PathBuf,
    proxy: FaultProxy,
    process: Process,
    questions: Vec<&'static str>,
    old: Release,
    new: Release,
    /// The manifests of the old release and the new one.
    manifests: [Manifest; 2],
    /// The release that the pointer moved to last, and whether it was served since. `None` if polls may
    /// overlap moves.
    arriving: Option<(Side, bool)>,
    counted: Counts,
}

/// The number of a lane, which keeps the files of lanes apart.
pub(crate) type LaneId = usize;

impl Lane {
    /// Starts a process with the old release, and lets it switch to the new one.
    pub(crate) async fn begin(ground: &Ground, id: LaneId, function: Function, has_extensions: bool) -> Self {
        let prefix = format!("lane-{id}");
        let folder = ground.root.join(BUCKET).join(&prefix);
        let questions = reload_cases::questions_to(function);
        // No process reads yet, so both can be written to the folder directly.
        let files = FolderStore::new(&folder);
        let served = async || Release::of(Arc::new(files.clone()), &[function], &questions).await;
        small_release::publish_without_ranking(&files).await;
        let (old, old_manifest) = (served().await, store::current(&files).await.unwrap().manifest);
        small_release::publish_revised(&files).await;
        let (new, new_manifest) = (served().await, store::current(&files).await.unwrap().manifest);
        for (question, (old, new)) in questions.iter().zip(old.answers.iter().zip(&new.answers)) {
            assert!(new.0 == 200 && old != new, "{question}: {old:?} {new:?}");
        }
        let direct = client(&format!("http://{}", ground.server), PATIENT);
        let store = S3Store::new(direct, BUCKET, &prefix);
        reload_cases::overwrite_pointer(&store, &old_manifest).await;

        let proxy = FaultProxy::start(ground.server).await.unwrap();
        let binary = ground.binaries.join(function.name());
        let binary = if binary.is_dir() { binary.join("bootstrap") } else { binary };
        let variables = [
            ("ARTIFACT_URI", &*format!("s3://{BUCKET}/{prefix}")),
            ("ARTIFACT_TTL", "0"),
            ("PERSONAL_ROUTES", "open"),
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
            assert_eq!(
                lane.process.ask(question).await,
                answer,
                "{question}: was the binary built from other sources?"
            );
        }
        let lines = lane.process.log().await;
        let n_ready = lines.iter().filter(|line| line["fields"]["message"] == "ready").count();
        assert_eq!(n_ready, 1, "{lines:?}");

        lane.move_to(Side::New).await;
        lane.is_served(Side::New).await;
        lane.switched_to(Side::New, 0).await;
        lane
    }

    /// Returns the release that an answer is from.
    fn side(&mut self, i: usize, answer: &Answer) -> Side {
        let side = match answer {
            answer if *answer == self.old.answers[i] => Side::Old,
            answer if *answer == self.new.answers[i] => Side::New,
            _ => panic!("{}: {answer:?} is from neither release", self.questions[i]),
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

    /// Asks every question, and returns the releases of the answers.
    async fn round(&mut self) -> Vec<Side> {
        let mut sides = Vec::new();
        for i in 0..self.questions.len() {
            sides.push(self.ask(i).await);
        }
        sides
    }

    /// Asks until all answers are from one release.
    async fn is_served(&mut self, side: Side) {
        let began = Instant::now();
        while self.round().await.iter().any(|of| *of != side) {
            if began.elapsed() >= DEADLINE {
                let mut lines = self.process.log().await;
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

    /// Goes back to the old release: it is served, there are no faults, and the log was read.
    async fn go_back(&mut self) {
        self.proxy.heal();
        self.move_to(Side::Old).await;
        self.is_served(Side::Old).await;
        self.switched_to(Side::Old, 0).await;
        self.process.settled().await;
        self.counted.cases += 1;
    }

    /// Reads the log since it was last read. Returns the number of failed polls, which log and metric have to
    /// agree on, and the lines about new releases. `failed_before` polls in a row failed before.
    async fn read_log(&self, failed_before: usize, served: Side) -> (usize, Vec<Value>) {
        let served = if served == Side::Old { &self.old.name } else { &self.new.name };
        let (mut n_failed, mut n_counted, mut switched) = (0, 0, Vec::new());
        for line in self.process.log().await {
            let fields = &line["fields"];
            if line["message"] == "request" {
                n_counted += usize::try_from(line["ReloadFailures"].as_u64().unwrap()).unwrap();
            } else if fields["message"] == reload_cases::SWITCHED {
                switched.push(fields.clone());
            } else {
                assert_eq!(line["level"], "ERROR", "{line}");
                n_failed += 1;
                reload_cases::check_failed_poll(fields, failed_before + n_failed, served);
            }
        }
        assert_eq!(n_failed, n_counted, "log and metric agree on the failed polls");
        (n_failed, switched)
    }

    /// Checks the log since it was last read: so many polls failed, and then the process switched to the
    /// release of a side.
    async fn switched_to(&mut self, side: Side, n_failed: usize) {
        let (from, to) = match side {
            Side::Old => (&self.new, &self.old),
            Side::New => (&self.old, &self.new),
        };
        let before = if side == Side::Old { Side::New } else { Side::Old };
        let (failed, switched) = self.read_log(0, before).await;
        assert_eq!(failed, n_failed);
        let [fields] = switched.as_slice() else { panic!("{switched:?}") };
        assert_eq!(
            (&fields["from"], &fields["release"]),
            (&from.name.as_str().into(), &to.name.as_str().into())
        );
        self.counted.failed_polls += failed;
    }

    /// Checks that all answers are from the old release until two polls have failed. Then it repairs the
    /// store, and the process has to switch to the new release.
    async fn keeps_serving(&mut self, repair: impl AsyncFnOnce(&Self)) {
        let (began, mut n_failed) = (Instant::now(), 0);
        while n_failed < 2 {
            assert!(began.elapsed() < DEADLINE, "{n_failed} polls have failed");
            let sides = self.round().await;
            assert!(sides.iter().all(|side| *side == Side::Old), "{sides:?}");
            let (failed, switched) = self.read_log(n_failed, Side::Old).await;
            assert!(switched.is_empty(), "{switched:?}");
            n_failed += failed;
            tokio::time::sleep(PACE).await;
        }
        self.process.settled().await;
        repair(self).await;
        self.counted.failed_polls += n_failed;
        self.is_served(Side::New).await;
        let (failed, switched) = self.read_log(n_failed, Side::Old).await;
        assert_eq!((failed, switched.len()), (0, 1), "{switched:?}");
    }

    /// Returns the requests of one poll and load, without a fault.
    pub(crate) async fn requests(&mut self) -> Vec<Seen> {
        self.go_back().await;
        self.counted.cases -= 1;
        self.move_to(Side::New).await;
        self.proxy.set(|_| None);
        self.ask(0).await;
        self.process.settled().await;
        let requests = self.proxy.requests();
        self.is_served(Side::New).await;
        self.switched_to(Side::New, 0).await;
        assert!(requests[0].path.ends_with(Pointer::KEY), "{requests:?}");
        assert!(requests[1..].iter().all(|seen| seen.path.contains("/artifacts/")), "{requests:?}");
        requests
    }

    pub(crate) async fn one_fault(&mut self, at: usize, way: WayFault) {
        self.go_back().await;
        self.proxy.set(move |seen| (seen.n == at).then_some(way.fault));
        self.move_to(Side::New).await;
        self.ask(0).await;
        self.process.settled().await;
        assert_eq!(self.proxy.n_harmed(), 1);
        self.counted.faults += self.proxy.n_harmed();
        self.is_served(Side::New).await;
        self.switched_to(Side::New, usize::from(!way.is_survived)).await;
    }

    pub(crate) async fn lasting_fault(&mut self, key: &str, way: WayFault) {
        self.go_back().await;
        let hit = format!("/{key}");
        self.proxy.set(move |seen| seen.path.ends_with(&hit).then_some(way.fault));
        self.move_to(Side::New).await;
        self.keeps_serving(async |lane| lane.proxy.heal()).await;
        assert!(self.proxy.n_harmed() >= 2);
        self.counted.faults += self.proxy.n_harmed();
    }

    /// Lets one request of a poll hang. If the runtime has no extensions, questions are answered in the
    /// meantime.
    pub(crate) async fn hang(&mut self, at: usize) {
        self.go_back().await;
        // A poll that is under way may still ask for the pointer.
        let (mut n, mut is_done) = (0, false);
        self.proxy.set(move |seen| {
            n = if seen.path.ends_with(Pointer::KEY) { 0 } else { n + 1 };
            let hit = n == at && !is_done;
            is_done |= hit;
            hit.then_some(Fault::Hold)
        });
        // If the request for the pointer is held, it was sent before the pointer moved.
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
            assert!(!self.process.is_settled(), "it is awake while a poll is under way");
        } else {
            let requests = self.proxy.requests().len();
            for _ in 0..3 {
                let sides = self.round().await;
                assert!(sides.iter().all(|side| *side == Side::Old), "{sides:?}");
            }
            let others = self.proxy.requests();
            let polls = others[requests..].iter().filter(|seen| seen.path.ends_with(Pointer::KEY)).count();
            assert_eq!(polls, 0, "no other poll happens in the meantime");
        }
        self.counted.faults += self.proxy.n_harmed();
        self.proxy.heal();
        self.is_served(Side::New).await;
        self.switched_to(Side::New, 0).await;
    }

    /// Lets every request of a poll hang from one on, for longer than an event may take. The process is idle
    /// before the deadline of each event, and what was begun goes on with the next.
    pub(crate) async fn stall(&mut self, at: usize) {
        self.go_back().await;
        let mut n = 0;
        self.proxy.set(move |seen| {
            n = if seen.path.ends_with(Pointer::KEY) { 0 } else { n + 1 };
            (n >= at).then_some(Fault::Hold)
        });
        self.move_to(Side::New).await;
        self.process.allow(SHORT_EVENT);
        for _ in 0..2 {
            assert_eq!(self.ask(0).await, Side::Old);
            // Fails if the deadline passes first.
            self.process.settled().await;
        }
        assert!(self.proxy.n_harmed() > 0);
        self.counted.faults += self.proxy.n_harmed();
        self.proxy.heal();
        self.process.allow(DEADLINE);
        self.is_served(Side::New).await;
        let (failed, switched) = self.read_log(0, Side::Old).await;
        assert_eq!(switched.len(), 1, "{switched:?}");
        self.counted.failed_polls += failed;
    }

    pub(crate) async fn damage(&mut self, key: &str, damage: fn(&mut Vec<u8>)) {
        self.go_back().await;
        self.move_to(Side::New).await;
        let file = self.folder.join(key);
        let sound = fs::read(&file).unwrap();
        let mut bytes = sound.clone();
        damage(&mut bytes);
        // Nothing reads it now: there are no polls between two events.
        fs::write(&file, bytes).unwrap();
        self.keeps_serving(async |_| fs::write(file, sound).unwrap()).await;
    }

    pub(crate) async fn next_format(&mut self) {
        let manifest = self.manifests[Side::New as usize].clone();
        let read = [self.function.kinds(), self.function.optional_kinds()].concat();
        for (kind, newer) in reload_cases::of_the_next_format(&self.store, &manifest).await {
            if kind.is_some_and(|kind| !read.contains(&kind)) {
                continue;
            }
            self.go_back().await;
            reload_cases::overwrite_pointer(&self.store, &newer).await;
            self.arriving = Some((Side::New, false));
            self.keeps_serving(async |lane| reload_cases::overwrite_pointer(&lane.store, &manifest).await)
                .await;
        }
    }

    /// Causes faults in a sixth of all requests, and moves the pointer after each poll.
    pub(crate) async fn random(&mut self, seed: u64) {
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
        self.counted.faults += self.proxy.n_harmed();
        self.proxy.heal();
        if to == Side::Old {
            self.move_to(Side::New).await;
        }
        self.is_served(Side::New).await;
        let lines = self.process.log().await;
        let failed = lines.iter().filter(|line| line["level"] == "ERROR").count() as u64;
        let counted: u64 = lines.iter().filter_map(|line| line["ReloadFailures"].as_u64()).sum();
        assert_eq!(failed, counted, "log and metric agree on the failed polls");
        self.counted.failed_polls += failed as usize;
        assert!(self.counted.faults - before.faults > 10, "{:?}", self.counted);
        assert!(self.counted.of_old > before.of_old && self.counted.of_new > before.of_new);
    }

    pub(crate) async fn end(self) -> Counts {
        self.process.terminate().await;
        self.counted
    }
}
