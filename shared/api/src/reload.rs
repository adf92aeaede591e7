//! Serving a release that changes while its functions run.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use store::{LoadError, Polled, ReadStore, Version};
use thiserror::Error;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tower::ServiceExt;

use crate::error::StartError;
use crate::function::Function;
use crate::log::with_causes;
use crate::service;
use crate::settings::Settings;

/// The environment variable with the minimum number of seconds between two polls of the pointer; 60 if it is
/// not set.
pub const ARTIFACT_TTL: &str = "ARTIFACT_TTL";

/// How often the pointer is polled, and how failures are retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reload {
    /// The minimum time between two polls. Zero means a poll with every request.
    pub ttl: Duration,
    /// The wait after a first failure. It doubles with each further failure. A random part of it, at most
    /// half, is skipped, so that functions that failed together do not retry together.
    pub first_retry: Duration,
    /// The maximum wait after failures.
    pub longest_retry: Duration,
    /// The maximum time of one reload.
    pub patience: Duration,
}

impl Default for Reload {
    /// A poll every minute; after failures 1 s, 2 s, 4 s and so on, up to a quarter of an hour.
    fn default() -> Self {
        Self {
            ttl: Duration::from_mins(1),
            first_retry: Duration::from_secs(1),
            longest_retry: Duration::from_mins(15),
            patience: Duration::from_mins(1),
        }
    }
}

/// Not a valid TTL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a number of seconds from 0 to 86400, such as 60")]
pub struct InvalidTtl(String);

impl Reload {
    /// The maximum TTL, in seconds: a day.
    const MAX_TTL: u64 = 86_400;

    /// Parses a TTL in whole seconds; everything else is as in [`Reload::default`].
    ///
    /// # Errors
    /// The text is not a whole number from 0 to 86,400.
    pub fn every(seconds: &str) -> Result<Self, InvalidTtl> {
        let ttl = seconds.trim().parse().ok().filter(|ttl| *ttl <= Self::MAX_TTL);
        let ttl = ttl.ok_or_else(|| InvalidTtl(seconds.to_owned()))?;
        Ok(Self { ttl: Duration::from_secs(ttl), ..Self::default() })
    }

    /// Returns the wait after a number of failures in a row. Half of it is fixed; `chance`, from 0 to 1, is
    /// the part taken of the other half.
    fn wait(&self, failures: u32, chance: f64) -> Duration {
        let times = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let doubled = self.first_retry.saturating_mul(times);
        doubled.min(self.longest_retry).mul_f64(0.5 + chance / 2.0)
    }
}

/// The release that is served now, and the watch for the next one.
///
/// A poll of the pointer runs in the background and never delays a request: the first request after `ttl`
/// starts it, and is answered from the release that is there. A new release is loaded and validated
/// completely before it replaces the old one. If that fails, the old release is still served, the log says
/// why, and [`Current::take_failures`] counts it. During a reload, memory holds both releases.
#[derive(Debug)]
pub struct Current {
    store: Arc<dyn ReadStore>,
    functions: Vec<Function>,
    settings: Settings,
    reload: Reload,
    served: RwLock<Served>,
    watch: Arc<Mutex<Watch>>,
    failures: AtomicU64,
}

/// What answers requests.
#[derive(Clone)]
struct Served {
    router: Router,
    moved_at: u64,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("moved_at", &self.moved_at).finish_non_exhaustive()
    }
}

/// What is known about the pointer; held by the poll under way.
#[derive(Debug)]
struct Watch {
    version: Version,
    release: String,
    /// No poll before this. Wall time, because the monotonic clock may stop while a function is frozen.
    next: SystemTime,
    /// When `next` was set. If that is in the future, the clock was set back and `next` means nothing.
    since: SystemTime,
    /// Failures in a row.
    failures: u32,
}

impl Watch {
    fn is_due(&self, now: SystemTime) -> bool {
        now >= self.next || now < self.since
    }

    fn wait(&mut self, time: Duration) {
        self.since = SystemTime::now();
        self.next = self.since.checked_add(time).unwrap_or(self.since);
    }
}

impl Current {
    /// Loads the current release for some functions.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        store: Arc<dyn ReadStore>,
        functions: impl IntoIterator<Item = Function>,
        settings: impl Into<Settings>,
        reload: Reload,
    ) -> Result<Arc<Self>, StartError> {
        let functions: Vec<Function> = functions.into_iter().collect();
        let settings = settings.into();
        let (pointer, version) = store::current_versioned(&*store).await?;
        let (release, moved_at) = (pointer.release.clone(), pointer.moved_at);
        let router = service::load_release(&functions, &store, pointer, &settings).await?;
        let mut watch =
            Watch { version, release, next: SystemTime::now(), since: SystemTime::now(), failures: 0 };
        watch.wait(reload.ttl);
        Ok(Arc::new(Self {
            store,
            functions,
            settings,
            reload,
            served: RwLock::new(Served { router, moved_at }),
            watch: Arc::new(Mutex::new(watch)),
            failures: AtomicU64::new(0),
        }))
    }

    /// Returns a router that answers each request from the release current at that moment, and polls the
    /// pointer in the background when a poll is due. It needs a tokio runtime with a timer.
    pub fn router(self: &Arc<Self>) -> Router {
        let current = Arc::clone(self);
        Router::new().fallback(move |request: Request| {
            current.poll();
            current.served().router.oneshot(request)
        })
    }

    /// Returns how long ago the pointer moved to the release that is served; zero if that is in the future.
    pub fn age(&self) -> Duration {
        let moved_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.served().moved_at));
        moved_at.and_then(|moved_at| SystemTime::now().duration_since(moved_at).ok()).unwrap_or_default()
    }

    /// Returns how many reloads have failed since the last call.
    pub fn take_failures(&self) -> u64 {
        self.failures.swap(0, Ordering::Relaxed)
    }

    /// Starts a poll of the pointer if one is due and none is under way. It runs in its own task.
    pub fn poll(self: &Arc<Self>) {
        // Otherwise a poll is under way and holds the watch.
        let Ok(watch) = Arc::clone(&self.watch).try_lock_owned() else { return };
        if watch.is_due(SystemTime::now()) {
            tokio::spawn(Arc::clone(self).poll_now(watch));
        }
    }

    /// Waits until no poll is under way.
    pub async fn settled(&self) {
        drop(self.watch.lock().await);
    }

    async fn poll_now(self: Arc<Self>, mut watch: OwnedMutexGuard<Watch>) {
        // Set first, so that a panic while loading is not repeated with every request.
        let after_panic = self.reload.ttl.max(self.reload.first_retry);
        watch.wait(after_panic);
        let polled = tokio::time::timeout(self.reload.patience, self.poll_once(&watch)).await;
        let polled = polled.unwrap_or_else(|_| Err(ReloadError::TooSlow(self.reload.patience)));
        match polled {
            Ok(None) => {}
            Ok(Some((served, release, version))) => {
                *self.served.write().unwrap_or_else(PoisonError::into_inner) = served;
                tracing::info!(from = watch.release, release, "serving another release");
                (watch.version, watch.release) = (version, release);
            }
            Err(error) => {
                watch.failures = watch.failures.saturating_add(1);
                let wait = self.reload.wait(watch.failures, chance());
                watch.wait(wait);
                self.failures.fetch_add(1, Ordering::Relaxed);
                tracing::error!(
                    release = watch.release,
                    failures = watch.failures,
                    retry_in_seconds = wait.as_secs_f64(),
                    "cannot load the next release, so the current one is still served: {}",
                    with_causes(&error)
                );
                return;
            }
        }
        watch.failures = 0;
        watch.wait(self.reload.ttl);
    }

    /// Loads the release that the pointer names, with its name and the version of the pointer; `None` if that
    /// is the one that is served.
    async fn poll_once(&self, watch: &Watch) -> Result<Option<(Served, String, Version)>, ReloadError> {
        let Polled::Moved(pointer, version) = store::poll(&*self.store, &watch.version).await? else {
            return Ok(None);
        };
        let (release, moved_at) = (pointer.release.clone(), pointer.moved_at);
        let router = service::load_release(&self.functions, &self.store, *pointer, &self.settings).await?;
        Ok(Some((Served { router, moved_at }, release, version)))
    }

    fn served(&self) -> Served {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why the next release is not served yet.
#[derive(Debug, Error)]
enum ReloadError {
    #[error("cannot read the pointer")]
    Poll(#[from] LoadError),
    #[error("cannot load the next release")]
    Start(#[from] StartError),
    #[error("it took more than {0:?}")]
    TooSlow(Duration),
}

/// Returns a number from 0 to 1 that differs between processes, because hash keys are random.
fn chance() -> f64 {
    let bits = RandomState::new().hash_one(()) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_whole_seconds_of_at_most_a_day() {
        assert_eq!(Reload::every("0").map(|r| r.ttl), Ok(Duration::ZERO));
        assert_eq!(Reload::every(" 86400 ").map(|r| r.ttl), Ok(Duration::from_hours(24)));
        for text in ["", "-1", "1.5", "86401", "60s", "18446744073709551616"] {
            let error = Reload::every(text).unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("from 0 to 86400"), "{error}");
        }
    }

    #[test]
    fn waits_double_to_a_limit_and_half_of_each_is_random() {
        let reload = Reload::default();
        let wait = |failures, chance| reload.wait(failures, chance).as_millis();
        assert_eq!([1, 2, 3, 10].map(|n| wait(n, 1.0)), [1_000, 2_000, 4_000, 512_000]);
        assert_eq!([11, 32, 33, u32::MAX].map(|n| wait(n, 1.0)), [900_000; 4]);
        assert_eq!([wait(1, 0.0), wait(3, 0.5), wait(40, 0.0)], [500, 3_000, 450_000]);
        let chances: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(chances.iter().all(|c| (0.0..1.0).contains(c)), "{chances:?}");
        assert!(chances.iter().any(|c| *c < 0.5) && chances.iter().any(|c| *c >= 0.5), "{chances:?}");
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_delay_a_poll() {
        let now = SystemTime::now();
        let mut watch =
            Watch { version: Version::new("1"), release: String::new(), next: now, since: now, failures: 0 };
        watch.wait(Duration::from_mins(1));
        assert!(!watch.is_due(watch.since) && !watch.is_due(watch.since + Duration::from_secs(59)));
        assert!(watch.is_due(watch.since + Duration::from_mins(1)));
        assert!(watch.is_due(watch.since - Duration::from_secs(1)));
    }
}
