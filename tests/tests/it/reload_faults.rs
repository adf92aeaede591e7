//! Switching to a new release while requests are served, with the store on an S3 server behind a connection
//! that fails. All answers come from the old release until all of them come from the new one.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use api::{Current, Function, PersonalRoutes, Reload};
use artifact::Pointer;
use futures_util::FutureExt as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use store_s3::S3Store;
use store_s3_testing::{PATIENT, Waits, client, serve};
use tests::fault_proxy::{Fault, FaultProxy, Seen};
use tests::reload_cases::{self, Answer, DAMAGE, FOREVER, Release, WAY_FAULTS, WayFault};
use tests::small_release::{self, QUESTIONS};
use tokio::runtime;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

const BUCKET: &str = "cartelera";
const PREFIX: &str = "releases";

/// Polls on every request, and retries without waiting.
const EAGER: Reload = Reload {
    ttl: Duration::ZERO,
    first_retry: Duration::from_nanos(1),
    longest_retry: Duration::from_nanos(1),
    patience: FOREVER,
};

/// Short timeouts, for faults that only a timeout notices.
const HASTY: Waits = Waits { headers: Duration::from_secs(1), body: Duration::from_millis(300) };

/// The log of one thread, as lines of JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Captures the log of this thread until the guard is dropped.
    pub(crate) fn keep() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::INFO)
            .with_writer(log.clone());
        let guard = tracing::subscriber::set_default(subscriber.finish());
        (log, guard)
    }

    /// Returns the lines that `api` has logged since the last call.
    pub(crate) fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
        let lines = lines.map(|line| serde_json::from_slice::<Value>(line).unwrap());
        lines.filter(|line| line["target"].as_str().unwrap().starts_with("api")).collect()
    }
}

async fn ask_one(current: &Arc<Current>, question: &str) -> Answer {
    reload_cases::ask(current.router(), question).await
}

async fn ask(current: &Arc<Current>) -> Vec<Answer> {
    reload_cases::ask_all(&current.router(), &QUESTIONS).await
}

/// Starts a poll if one is due, and waits until it ends, including any reload.
async fn poll(current: &Arc<Current>) {
    current.poll();
    current.settled().await;
}

/// A server, a proxy in front of it, and two releases.
struct Scene {
    root: tempfile::TempDir,
    proxy: FaultProxy,
    /// A store that bypasses the proxy.
    direct: S3Store,
    old: Release,
    new: Release,
    n_moves: u64,
    log: Log,
    _logging: DefaultGuard,
}

impl Scene {
    /// Starts the server and publishes both releases. Needs a single-threaded runtime, because it captures
    /// the log of one thread only.
    async fn set() -> Self {
        let (log, logging) = Log::keep();
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(BUCKET)).unwrap();
        let address = serve(root.path()).await.unwrap();
        let proxy = FaultProxy::start(address).await.unwrap();
        let direct = S3Store::new(client(&format!("http://{address}"), PATIENT), BUCKET, PREFIX);
        small_release::publish_without_ranking(&direct).await;
        let old = Self::served_from(&direct).await;
        small_release::publish_with_ranking(&direct).await;
        let new = Self::served_from(&direct).await;
        let differ = |i: &usize| old.answers[*i] != new.answers[*i];
        assert!((QUESTIONS.len() - 3..QUESTIONS.len()).all(|i| differ(&i)));
        assert!(new.answers.iter().all(|(status, _)| *status == 200), "{:?}", new.answers);
        Self { root, proxy, direct, old, new, n_moves: 0, log, _logging: logging }
    }

    async fn served_from(store: &S3Store) -> Release {
        Release::of(Arc::new(store.clone()), &Function::ALL, &QUESTIONS).await
    }

    async fn point_to(&mut self, release: &str) {
        self.n_moves += 1;
        store::rollback(&self.direct, Some(release), self.n_moves).await.unwrap();
    }

    /// Starts a service on the old release, makes the new release current, and then returns the service.
    async fn start_on_old(&mut self, waits: Waits, reload: Reload) -> Arc<Current> {
        self.point_to(&self.old.name.clone()).await;
        self.proxy.heal();
        let store = S3Store::new(client(&self.proxy.url(), waits), BUCKET, PREFIX);
        let current =
            Current::start(Arc::new(store), Function::ALL, PersonalRoutes::Open, reload).await.unwrap();
        self.point_to(&self.new.name.clone()).await;
        self.log.take();
        current
    }

    /// Polls once without faults, and returns the requests to the store, including those of the load.
    async fn requests(&mut self) -> Vec<Seen> {
        let current = self.start_on_old(PATIENT, EAGER).await;
        self.proxy.set(|_| None);
        poll(&current).await;
        self.proxy.requests()
    }

    /// Checks that the old release still answers, that at least two polls fail, and that the log has one line
    /// for each failure counted.
    async fn check_old_serves(&self, current: &Arc<Current>, what: &str) {
        for _ in 0..2 {
            assert_eq!(ask(current).await, self.old.answers, "{what}");
            current.settled().await;
        }
        let lines = self.log.take();
        assert!(lines.len() >= 2, "{what}: {lines:?}");
        assert_eq!(current.take_failures(), lines.len() as u64, "{what}: {lines:?}");
        for (i, line) in lines.iter().enumerate() {
            assert_eq!(line["level"], "ERROR", "{what}: {line}");
            reload_cases::check_failed_poll(line, i + 1, &self.old.name);
        }
    }

    /// Checks that all answers come from the new release, that no poll failed, and that the log has only the
    /// switch.
    async fn check_new_serves(&self, current: &Arc<Current>, what: &str) {
        assert_eq!(ask(current).await, self.new.answers, "{what}");
        current.settled().await;
        assert_eq!(current.take_failures(), 0, "{what}");
        let lines = self.log.take();
        let [line] = lines.as_slice() else { panic!("{what}: {lines:?}") };
        assert_eq!(line["message"], reload_cases::SWITCHED, "{what}");
        assert_eq!(
            (&line["from"], &line["release"]),
            (&self.old.name.as_str().into(), &self.new.name.as_str().into())
        );
    }

    fn file(&self, key: &str) -> PathBuf {
        self.root.path().join(BUCKET).join(PREFIX).join(key)
    }
}

/// Runs a future on a single-threaded runtime.
fn alone<T>(run: impl Future<Output = T>) -> T {
    runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run)
}

/// The number of requests that met each kind of fault.
type Counted = [usize; WAY_FAULTS.len()];

/// Calls `run` with every fault at each place. Each place has its own thread, because faults that delay take
/// time but no CPU.
fn at_each<P: Sync>(places: &[P], run: impl AsyncFn(&mut Scene, &P, usize) -> usize + Sync) -> Counted {
    let mut counted = Counted::default();
    thread::scope(|scope| {
        let threads: Vec<_> = places
            .iter()
            .map(|place| {
                scope.spawn(|| {
                    alone(async {
                        let mut scene = Scene::set().await;
                        let mut counted = Counted::default();
                        for (i, n) in counted.iter_mut().enumerate() {
                            *n = run(&mut scene, place, i).await;
                        }
                        counted
                    })
                })
            })
            .collect();
        for thread in threads {
            for (sum, n) in counted.iter_mut().zip(thread.join().unwrap()) {
                *sum += n;
            }
        }
    });
    counted
}

fn n_requests() -> usize {
    let requests = alone(async { Scene::set().await.requests().await });
    assert!(requests[0].path.ends_with(Pointer::KEY), "{requests:?}");
    // One for the pointer, and one for each artifact that a function reads. Two functions read titles and
    // users.
    assert!(requests.len() >= 13 && requests[1..].iter().all(|seen| seen.path.contains("/artifacts/")));
    requests.len()
}

#[test]
fn one_fault_at_any_request() {
    let places: Vec<usize> = (0..n_requests()).collect();
    let counted = at_each(&places, async |scene, &at, i| {
        let WayFault { fault, is_slow, is_survived } = WAY_FAULTS[i];
        let waits = if is_slow { HASTY } else { PATIENT };
        let what = format!("{fault:?} at {at}");
        let current = scene.start_on_old(waits, EAGER).await;
        scene.proxy.set(move |seen| (seen.n == at).then_some(fault));
        if !is_survived {
            poll(&current).await;
            assert_eq!(current.take_failures(), 1, "{what}");
            assert_eq!(scene.log.take().len(), 1, "{what}");
            assert_eq!(ask_one(&current, "/model").await, *scene.old.answers.last().unwrap(), "{what}");
            current.settled().await;
            assert_eq!(ask(&current).await, scene.new.answers, "{what}");
            return scene.proxy.n_harmed();
        }
        poll(&current).await;
        scene.check_new_serves(&current, &what).await;
        assert_eq!(scene.proxy.n_harmed(), 1, "{what}");
        scene.proxy.n_harmed()
    });
    print("faults that hit one request: ", counted);
    assert_eq!(counted, [places.len(); WAY_FAULTS.len()]);
}

#[test]
fn a_fault_that_lasts_at_any_object() {
    let requests = alone(async { Scene::set().await.requests().await });
    let paths: BTreeSet<String> = requests.into_iter().map(|seen| seen.path).collect();
    let paths: Vec<String> = paths.into_iter().collect();
    assert!(paths.len() >= 11, "{paths:?}");
    let counted = at_each(&paths, async |scene, path, i| {
        let WayFault { fault, is_slow, .. } = WAY_FAULTS[i];
        let waits = if is_slow { HASTY } else { PATIENT };
        let what = format!("{fault:?} of {path}");
        let current = scene.start_on_old(waits, EAGER).await;
        let hit = path.clone();
        scene.proxy.set(move |seen| (seen.path == hit).then_some(fault));
        scene.check_old_serves(&current, &what).await;
        let n_harmed = scene.proxy.n_harmed();
        assert!(n_harmed >= 2, "{what}");
        scene.proxy.heal();
        poll(&current).await;
        scene.check_new_serves(&current, &what).await;
        n_harmed
    });
    print("faults that lasted: ", counted);
    assert!(counted.iter().all(|n| *n >= 2 * paths.len()), "{counted:?}");
}

/// Prints figures, which `--nocapture` shows.
#[expect(clippy::print_stdout, reason = "RELIABILITY.md has these figures")]
fn print(what: &str, counted: Counted) {
    let by_kind: Vec<(Fault, usize)> = WAY_FAULTS.iter().map(|way| way.fault).zip(counted).collect();
    println!("{what}{by_kind:?}");
}

#[tokio::test]
async fn requests_are_answered_while_any_request_of_a_poll_hangs() {
    let mut scene = Scene::set().await;
    for at in 0..scene.requests().await.len() {
        let current = scene.start_on_old(PATIENT, EAGER).await;
        scene.proxy.set(move |seen| (seen.n == at).then_some(Fault::Hold));
        while scene.proxy.n_harmed() == 0 {
            assert_eq!(ask_one(&current, "/model").await, *scene.old.answers.last().unwrap());
            tokio::task::yield_now().await;
        }
        for _ in 0..3 {
            assert_eq!(ask(&current).await, scene.old.answers, "request {at} hangs");
        }
        assert!(current.settled().now_or_never().is_none(), "request {at} hangs");
        let n_polls = scene.proxy.requests().iter().filter(|seen| seen.path.ends_with(Pointer::KEY)).count();
        assert_eq!(n_polls, 1, "there is no second poll meanwhile");
        scene.proxy.heal();
        current.settled().await;
        scene.check_new_serves(&current, &format!("request {at} hung")).await;
    }
}

#[tokio::test]
async fn a_poll_that_takes_too_long_is_abandoned() {
    let mut scene = Scene::set().await;
    let patience = Duration::from_secs(1);
    for place in [Pointer::KEY, "/artifacts/"] {
        let current = scene.start_on_old(PATIENT, Reload { patience, ..EAGER }).await;
        scene.proxy.set(move |seen| seen.path.contains(place).then_some(Fault::Hold));
        poll(&current).await;
        assert_eq!(current.take_failures(), 1, "{place}");
        assert!(scene.proxy.n_harmed() > 0, "{place}");
        let lines = scene.log.take();
        assert!(lines[0]["message"].as_str().unwrap().ends_with("it took more than 1s"), "{lines:?}");
        assert_eq!(ask_one(&current, "/model").await, *scene.old.answers.last().unwrap());
        scene.proxy.heal();
        // On a busy machine a poll may still take longer than it should.
        while ask_one(&current, "/model").await == *scene.old.answers.last().unwrap() {
            current.settled().await;
        }
        assert_eq!(ask(&current).await, scene.new.answers, "{place}");
        current.settled().await;
    }
}

/// The pointer moves back and forth while a random third of the requests to the store meet a fault. Every
/// answer must come from one of the two releases, and in the end the current one is served.
#[tokio::test]
async fn with_faults_all_the_time_every_answer_comes_from_one_release() {
    let harms: Vec<Fault> = WAY_FAULTS.iter().filter(|way| !way.is_slow).map(|way| way.fault).collect();
    let mut scene = Scene::set().await;
    let current = scene.start_on_old(PATIENT, EAGER).await;
    let mut chances = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    scene
        .proxy
        .set(move |_| chances.random_bool(1.0 / 3.0).then(|| harms[chances.random_range(..harms.len())]));
    let (mut n_answers, mut n_failures) = ([0, 0], 0);
    for round in 0..60 {
        let to = if round % 2 == 0 { &scene.old } else { &scene.new }.name.clone();
        scene.point_to(&to).await;
        for _ in 0..5 {
            let answer = ask_one(&current, "/model").await;
            let i = [&scene.old, &scene.new].iter().position(|r| *r.answers.last().unwrap() == answer);
            n_answers[i.expect("an answer of one of the releases")] += 1;
            current.settled().await;
            let now = ask_one(&current, "/recommendations/1?n=5").await;
            assert!(
                [&scene.old, &scene.new].iter().any(|r| r.answers[r.answers.len() - 3] == now),
                "{now:?}"
            );
        }
        n_failures += current.take_failures();
    }
    println!(
        "faults at a third of the requests while the pointer moved 60 times: {} met, {n_failures} polls failed, \
         {n_answers:?} answers from the old and the new release",
        scene.proxy.n_harmed()
    );
    assert!(scene.proxy.n_harmed() > 300 && n_failures > 50, "{} {n_failures}", scene.proxy.n_harmed());
    assert!(n_answers.iter().all(|n| *n > 20), "both were served: {n_answers:?}");
    current.settled().await;
    scene.proxy.heal();
    poll(&current).await;
    assert_eq!(ask(&current).await, scene.new.answers);
}

#[tokio::test]
async fn after_a_failure_there_is_no_poll_until_the_wait_is_over() {
    let mut scene = Scene::set().await;
    let waits = Reload { first_retry: FOREVER, longest_retry: FOREVER, ..EAGER };
    let current = scene.start_on_old(PATIENT, waits).await;
    scene.proxy.set(|_| Some(Fault::Status(503)));
    poll(&current).await;
    assert_eq!(
        (current.take_failures(), scene.proxy.n_harmed()),
        (1, 3),
        "the client itself tried three times"
    );
    scene.proxy.heal();
    assert_eq!(ask(&current).await, scene.old.answers);
    current.settled().await;
    assert_eq!(scene.proxy.requests().len(), 3);
    let wait = scene.log.take()[0]["retry_in_seconds"].as_f64().unwrap();
    assert!((FOREVER.as_secs_f64() / 2.0..=FOREVER.as_secs_f64()).contains(&wait), "{wait}");
}

#[tokio::test]
async fn waits_double_and_end_when_the_store_is_back() {
    const FIRST: f64 = 0.1;
    let mut scene = Scene::set().await;
    let first_retry = Duration::from_secs_f64(FIRST);
    let current =
        scene.start_on_old(PATIENT, Reload { first_retry, longest_retry: 4 * first_retry, ..EAGER }).await;
    scene.proxy.set(|_| Some(Fault::Refuse));
    let (began, mut n_failures) = (Instant::now(), 0);
    while n_failures < 5 {
        assert_eq!(ask(&current).await, scene.old.answers);
        current.settled().await;
        n_failures += current.take_failures();
    }
    let waits: Vec<f64> = scene.log.take().iter().map(|l| l["retry_in_seconds"].as_f64().unwrap()).collect();
    for (wait, doubled) in waits.iter().zip([1.0, 2.0, 4.0, 4.0, 4.0]) {
        let longest = FIRST * doubled + 1e-6;
        assert!((longest / 2.0 - 1e-6..=longest).contains(wait), "{waits:?}");
    }
    let waited: f64 = waits[..4].iter().sum();
    assert!(began.elapsed().as_secs_f64() >= waited, "the fifth poll came too early: {waits:?}");
    scene.proxy.heal();
    while ask_one(&current, "/model").await == *scene.old.answers.last().unwrap() {
        current.settled().await;
    }
    assert_eq!(ask(&current).await, scene.new.answers);
}

#[tokio::test]
async fn a_damaged_object_is_not_served() {
    let mut scene = Scene::set().await;
    let mut objects: BTreeSet<String> = BTreeSet::new();
    for seen in scene.requests().await {
        objects.insert(seen.path.split_once("/releases/").unwrap().1.to_owned());
    }
    for key in &objects {
        for (damage, spoil) in DAMAGE {
            let what = format!("{key}, {damage}");
            let current = scene.start_on_old(PATIENT, EAGER).await;
            let sound = fs::read(scene.file(key)).unwrap();
            let mut bytes = sound.clone();
            spoil(&mut bytes);
            fs::write(scene.file(key), bytes).unwrap();
            scene.check_old_serves(&current, &what).await;
            fs::write(scene.file(key), sound).unwrap();
            poll(&current).await;
            scene.check_new_serves(&current, &what).await;
        }
    }
    println!("{} objects of a release, each damaged at rest in {} ways", objects.len(), DAMAGE.len());
}

/// A release by a newer program is complete, but this program cannot read it.
#[tokio::test]
async fn a_release_of_a_newer_format_is_not_served() {
    let mut scene = Scene::set().await;
    let manifest = store::current(&scene.direct).await.unwrap().manifest;
    for (what, newer) in reload_cases::of_the_next_format(&scene.direct, &manifest).await {
        let what = what.map_or_else(|| "manifest".to_owned(), |kind| kind.to_string());
        let what = format!("{what} of the next format");
        let current = scene.start_on_old(PATIENT, EAGER).await;
        reload_cases::overwrite_pointer(&scene.direct, &newer).await;
        scene.check_old_serves(&current, &what).await;
        reload_cases::overwrite_pointer(&scene.direct, &manifest).await;
        poll(&current).await;
        scene.check_new_serves(&current, &what).await;
    }
}
