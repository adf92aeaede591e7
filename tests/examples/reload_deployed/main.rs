//! Runs the deployed functions while the release changes and the store fails, and checks that every answer is
//! that of one of two releases.
//!
//! ```sh
//! python3 tests/infra/check.py --package      # leaves the functions in target/lambda
//! cargo run -p tests --example reload_deployed -- [FOLDER]
//! ```
//!
//! FOLDER has `NAME/bootstrap` or `NAME` for each function that reads a release; the default is
//! `target/lambda`. A process runs a function's binary with `ARTIFACT_TTL=0`. It gets its events from a
//! Lambda runtime API in this program, and reads an S3 server in this program through the fault proxy. It
//! goes through many cases, one after the other. In each, the old release becomes current and is served, the
//! pointer moves to the new one while there is a fault, and after the fault the new one has to be served.
//! Faults and questions are in [`tests::reload_cases`]. There is one process for each place of a fault, since
//! the functions' own timeouts are seconds.
//!
//! In every case, status and body of each answer are those of one release. If no poll overlaps a move of the
//! pointer (the function has its extension), the old release never comes after the new one. Each failed poll
//! is a line of the log and is counted in the metric of a request's line. The request that triggers a poll is
//! answered. A process starts once, writes nothing to stderr, runs until it is asked to end, and ends on
//! SIGTERM. If any of this fails, the program fails, after the other processes have finished.

#![expect(clippy::unwrap_used, reason = "the program may panic where its setup fails")]

mod lambda;
mod lane;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs};

use api::Function;
use store_s3_testing::serve;
use tests::reload_cases::{DAMAGE, WAY_FAULTS};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use lane::{BUCKET, Counts, Ground, Lane, LaneId};

/// The number of processes at the same time. They mostly wait. With more than two cores can serve, the
/// functions would time out on requests without a fault.
const AT_ONCE: usize = 24;

/// The cases of one process.
#[derive(Debug, Clone)]
enum Cases {
    OneFault { at: usize },
    LastingQuick { key: String },
    LastingSlow { key: String },
    Hangs { n_requests: usize, has_extensions: bool },
    Stalls,
    Damage { key: String },
    NextFormat,
    Random { seed: u64 },
}

impl Cases {
    const ROWS: [&str; 7] = [
        "one fault, at each request of a poll",
        "a lasting fault, at each object",
        "a hanging request, each in turn",
        "a store that stalls past the event's deadline",
        "a damaged object in the store",
        "a manifest or artifact of the next format",
        "faults in a sixth of all requests",
    ];

    fn row(&self) -> usize {
        match self {
            Self::OneFault { .. } => 0,
            Self::LastingQuick { .. } | Self::LastingSlow { .. } => 1,
            Self::Hangs { .. } => 2,
            Self::Stalls => 3,
            Self::Damage { .. } => 4,
            Self::NextFormat => 5,
            Self::Random { .. } => 6,
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
            Self::Stalls => {
                // The pointer, then the artifacts.
                for at in 0..2 {
                    lane.stall(at).await;
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

/// Returns the cases of a function, by what one poll of it reads.
async fn plan(ground: Ground, id: LaneId, function: Function) -> Vec<Cases> {
    let mut lane = Lane::begin(&ground, id, function, true).await;
    let requests = lane.requests().await;
    lane.end().await;
    let prefix = format!("/{BUCKET}/lane-{id}/");
    let keys: BTreeSet<String> =
        requests.iter().map(|seen| seen.path.strip_prefix(&prefix).unwrap().to_owned()).collect();
    let of_keys = |cases: fn(String) -> Cases| keys.iter().cloned().map(cases);
    // The longest cases come first.
    let mut plan: Vec<Cases> = of_keys(|key| Cases::LastingSlow { key }).collect();
    plan.extend(of_keys(|key| Cases::LastingQuick { key }));
    plan.extend((0..requests.len()).map(|at| Cases::OneFault { at }));
    plan.extend(of_keys(|key| Cases::Damage { key }));
    plan.push(Cases::Stalls);
    plan.push(Cases::NextFormat);
    plan.push(Cases::Random { seed: id as u64 });
    let n_requests = requests.len();
    plan.extend([true, false].map(|has_extensions| Cases::Hangs { n_requests, has_extensions }));
    plan
}

/// Runs all cases. Returns the counts of each row, and the failures.
async fn run(binaries: &Path, root: &Path) -> ([Counts; Cases::ROWS.len()], Vec<String>) {
    fs::create_dir(root.join(BUCKET)).unwrap();
    let server = serve(root).await.unwrap();
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
        "fault", "processes", "cases", "faults", "failed polls", "old answers", "new answers"
    );
    let mut all = Counts::default();
    let print = |name: &str, n: Counts| {
        println!(
            "{name:<45} {:>9} {:>6} {:>6} {:>12} {:>12} {:>12}",
            n.processes, n.cases, n.faults, n.failed_polls, n.of_old, n.of_new
        );
    };
    for (name, row) in Cases::ROWS.into_iter().zip(rows) {
        print(name, row);
        all += row;
    }
    print("all", all);
    println!("{} s, {} failures", began.elapsed().as_secs(), failed.len());
    for what in &failed {
        eprintln!("{what}");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
