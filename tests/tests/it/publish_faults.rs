//! Publishing to a real S3 server over a connection with faults. It ends with the whole new release, or with
//! an error and the old release unchanged.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use artifact::{Kind, Manifest};
use bytes::Bytes;
use store::conformance::{release, release_of_size};
use store::{Published, ReleaseError, Store as _};
use store_s3::S3Store;
use store_s3_testing::{Client, PATIENT, Waits, client, serve};
use tests::fault_proxy::{Fault, FaultProxy, Seen};

const BUCKET: &str = "cartelera";

/// The longest wait of a publisher.
const WAITS: Waits = Waits { headers: Duration::from_secs(20), body: Duration::from_secs(20) };

type Release = (Vec<(Kind, Bytes)>, Manifest);

/// A release whose own artifact is sent in two parts.
fn large() -> Release {
    release_of_size(2, (9 << 20) / 4)
}

struct Scene {
    _root: tempfile::TempDir,
    proxy: FaultProxy,
    server: Client,
    n_cases: usize,
    /// Uploads that the last case neither completed nor aborted.
    n_left: u64,
}

impl Scene {
    async fn set() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(BUCKET)).unwrap();
        let address = serve(root.path()).await.unwrap();
        let proxy = FaultProxy::start(address).await.unwrap();
        let server = client(&format!("http://{address}"), PATIENT);
        Self { _root: root, proxy, server, n_cases: 0, n_left: 0 }
    }

    /// Publishes `new` over `old` in a new store, with faults by a rule, and checks the result.
    async fn publish(
        &mut self,
        old: &Release,
        new: &Release,
        rule: impl FnMut(&Seen) -> Option<Fault> + Send + 'static,
    ) -> Result<Published, ReleaseError> {
        self.n_cases += 1;
        let prefix = format!("case-{}", self.n_cases);
        let direct = S3Store::new(self.server.clone(), BUCKET, &prefix);
        let first = store::publish(&direct, &old.0, &old.1, 1).await.unwrap();

        self.proxy.set(rule);
        let faulty = S3Store::new(client(&self.proxy.url(), WAITS), BUCKET, &prefix);
        let outcome = store::publish(&faulty, &new.0, &new.1, 2).await;
        self.proxy.heal();

        let expected = match &outcome {
            Ok(published) => published.release.clone(),
            Err(_) => first.release.clone(),
        };
        let pointer = store::current(&direct).await.unwrap();
        assert_eq!(pointer.release, expected, "{outcome:?}");
        for release in [&pointer.release, &first.release] {
            for verified in store::verify_release(&direct, release).await.unwrap() {
                assert!(verified.problem.is_none(), "{outcome:?}: {verified:?}");
            }
        }
        let soon = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 60;
        self.n_left = direct.abandon(soon, false).await.unwrap();

        let again = store::publish(&direct, &new.0, &new.1, 3).await.unwrap();
        assert_eq!(again.release, new.1.release(), "after any fault another attempt succeeds");
        outcome
    }
}

const FAULTS: [Fault; 10] = [
    Fault::Status(503),
    Fault::StatusAfter(500),
    Fault::Refuse,
    Fault::CutRequest { after: 20 },
    Fault::CutAnswer,
    Fault::TruncateAnswer { after: 40 },
    Fault::FlipRequestBit { bit: 333 },
    Fault::FlipAnswerBit { bit: 333 },
    Fault::Delay(Duration::from_millis(30)),
    Fault::Stall { after: 10, time: Duration::from_millis(30) },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_at_any_request() {
    let mut scene = Scene::set().await;
    let (old, new) = (release(1), release(2));
    scene.publish(&old, &new, |_| None).await.unwrap();
    let n_requests = scene.proxy.requests().len();
    assert!(n_requests >= 10, "{:?}", scene.proxy.requests());
    let mut n_published = 0;
    for fault in FAULTS {
        for at in 0..n_requests {
            let outcome = scene.publish(&old, &new, move |seen| (seen.n == at).then_some(fault)).await;
            assert_eq!(scene.proxy.n_faults(), 1, "{fault:?} at {at}");
            n_published += usize::from(outcome.is_ok());
            // Whatever can be retried is.
            let is_damage = matches!(fault, Fault::FlipRequestBit { .. } | Fault::FlipAnswerBit { .. });
            assert!(outcome.is_ok() || is_damage, "{fault:?} at {at}: {outcome:?}");
        }
    }
    let n_faults = FAULTS.len() * n_requests;
    println!("{n_faults} faults, one at each request of a publication: {n_published} publications succeeded");
    assert!(n_published > n_requests * (FAULTS.len() - 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_at_any_step_of_an_upload_in_parts() {
    let mut scene = Scene::set().await;
    let (old, new) = (release(1), large());
    scene.publish(&old, &new, |_| None).await.unwrap();
    let of_upload = |seen: &Seen| seen.query.contains("uploadId=") || seen.query.contains("uploads");
    let n_steps = scene.proxy.requests().iter().filter(|seen| of_upload(seen)).count();
    assert_eq!(n_steps, 4, "created, two parts, completed: {:?}", scene.proxy.requests());
    println!("{} faults, one at each step of an upload in parts", FAULTS.len() * n_steps);
    for fault in FAULTS {
        for step in 0..n_steps {
            let mut n = 0;
            let rule = move |seen: &Seen| {
                let hit = of_upload(seen) && n == step;
                n += usize::from(of_upload(seen));
                hit.then_some(fault)
            };
            let outcome = scene.publish(&old, &new, rule).await;
            let is_damage = matches!(fault, Fault::FlipRequestBit { .. } | Fault::FlipAnswerBit { .. });
            assert!(outcome.is_ok() || is_damage, "{fault:?} at {step}: {outcome:?}");
            // Every upload is completed or aborted. Only an upload whose creation was not acknowledged has to
            // be collected later.
            assert!(scene.n_left == 0 || (step == 0 && scene.n_left == 1), "{fault:?} at {step}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_fails_for_good() {
    let mut scene = Scene::set().await;
    let (old, new) = (release(1), release(2));
    scene.publish(&old, &new, |_| None).await.unwrap();
    let requests = scene.proxy.requests();
    let is_move = |seen: &Seen| seen.method == "PUT" && seen.path.ends_with("/current.json");
    let moved_at = requests.iter().position(is_move).unwrap();
    let lasting = [Fault::Status(503), Fault::Status(500), Fault::Refuse];
    println!("{} connections that fail for good", lasting.len() * requests.len() + 1);
    for fault in lasting {
        for from in 0..requests.len() {
            let outcome = scene.publish(&old, &new, move |seen| (seen.n >= from).then_some(fault)).await;
            // Once the pointer has moved, the release is published, even if it cannot be confirmed.
            assert_eq!(outcome.is_ok(), from > moved_at, "{fault:?} from {from}: {outcome:?}");
            assert_eq!(outcome.is_ok_and(|p| !p.confirmed), from > moved_at, "{fault:?} from {from}");
        }
    }
    let closed = move |seen: &Seen| seen.query.contains("partNumber=2").then_some(Fault::Status(500));
    let outcome = scene.publish(&old, &large(), closed).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert_eq!(scene.n_left, 0, "an upload that cannot be completed is aborted");
}
