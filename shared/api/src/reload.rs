//! A release that changes while its functions run.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use store::{LoadError, Looked, ReadStore, Version};
use thiserror::Error;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tower::ServiceExt;

use crate::log::with_causes;
use crate::service::{self, Loader, StartError};
use crate::users::UserLimits;

/// The environment variable that says how many seconds pass at least between two looks at the pointer; 60 where it is
/// not set.
pub const ARTIFACT_TTL: &str = "ARTIFACT_TTL";

/// How often the pointer is looked at, and what follows where that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reload {
    /// The least time between two looks. Zero: with every request.
    pub ttl: Duration,
    /// The wait after a first failure. It doubles with each that follows; a random part of it, at most half, is left
    /// out, so that functions that failed together do not come back together.
    pub first_retry: Duration,
    /// The longest wait after failures.
    pub longest_retry: Duration,
    /// The longest time that one reload may take.
    pub patience: Duration,
}

impl Default for Reload {
    /// A look a minute; after failures 1 s, 2 s, 4 s and so on, to a quarter of an hour.
    fn default() -> Self {
        Self {
            ttl: Duration::from_mins(1),
            first_retry: Duration::from_secs(1),
            longest_retry: Duration::from_mins(15),
            patience: Duration::from_mins(1),
        }
    }
}

/// A text that is no time to live.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no number of seconds from 0 to 86400, such as 60")]
pub struct InvalidTtl(String);

impl Reload {
    /// The longest time to live, in seconds: a day.
    const MAX_TTL: u64 = 86_400;

    /// The usual waits, with the time to live that a text gives in whole seconds.
    ///
    /// # Errors
    /// No whole number from 0 to 86,400.
    pub fn every(seconds: &str) -> Result<Self, InvalidTtl> {
        let ttl = seconds.trim().parse().ok().filter(|ttl| *ttl <= Self::MAX_TTL);
        let ttl = ttl.ok_or_else(|| InvalidTtl(seconds.to_owned()))?;
        Ok(Self { ttl: Duration::from_secs(ttl), ..Self::default() })
    }

    /// The wait after so many failures in a row; `chance` from 0 to 1 says how much of the second half of it.
    fn wait(&self, failures: u32, chance: f64) -> Duration {
        let doubled = self.first_retry.saturating_mul(1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX));
        doubled.min(self.longest_retry).mul_f64(0.5 + chance / 2.0)
    }
}

/// The release that is served now, and the watch on the next one.
///
/// A look at the pointer runs beside requests and never in their way: the first request after `ttl` sets it off, and
/// is answered from the release that is there. A new release is loaded and validated whole before it takes the old
/// one's place; where that fails, the old one goes on, the log says why, and [`Current::take_failures`] counts it.
/// While both are in memory, memory holds both.
#[derive(Debug)]
pub struct Current {
    store: Arc<dyn ReadStore>,
    loaders: Vec<Loader>,
    reload: Reload,
    served: RwLock<Served>,
    watch: Arc<Mutex<Watch>>,
    failures: AtomicU64,
}

/// What answers.
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

/// What is known of the pointer; held by whoever looks.
#[derive(Debug)]
struct Watch {
    version: Version,
    release: String,
    /// No look before this. Wall time, since the monotonic clock may stand still while a function is frozen.
    next: SystemTime,
    /// When `next` was set: where the clock says that is yet to come, it was set back, and `next` means nothing.
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
        self.next = self.since + time;
    }
}

impl Current {
    /// Loads the release that is current for these functions.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        store: Arc<dyn ReadStore>,
        functions: impl IntoIterator<Item = impl Into<Loader>>,
        reload: Reload,
    ) -> Result<Arc<Self>, StartError> {
        let loaders: Vec<Loader> = functions.into_iter().map(Into::into).collect();
        let (pointer, version) = store::current_versioned(&*store).await?;
        let (release, moved_at) = (pointer.release.clone(), pointer.moved_at);
        let router = service::release(&loaders, &store, pointer, UserLimits::default()).await?;
        let mut watch =
            Watch { version, release, next: SystemTime::now(), since: SystemTime::now(), failures: 0 };
        watch.wait(reload.ttl);
        Ok(Arc::new(Self {
            store,
            loaders,
            reload,
            served: RwLock::new(Served { router, moved_at }),
            watch: Arc::new(Mutex::new(watch)),
            failures: AtomicU64::new(0),
        }))
    }

    /// A router that answers from the release that is current when a request comes, and looks at the pointer beside it
    /// when that is due. It needs a tokio runtime with a timer.
    pub fn router(self: &Arc<Self>) -> Router {
        let current = Arc::clone(self);
        Router::new().fallback(move |request: Request| {
            current.look();
            current.served().router.oneshot(request)
        })
    }

    /// How long ago the pointer moved to the release that is served; zero where that is yet to come.
    pub fn age(&self) -> Duration {
        let moved_at = SystemTime::UNIX_EPOCH + Duration::from_secs(self.served().moved_at);
        SystemTime::now().duration_since(moved_at).unwrap_or_default()
    }

    /// Reloads that have failed since this was last asked.
    pub fn take_failures(&self) -> u64 {
        self.failures.swap(0, Ordering::Relaxed)
    }

    /// Sets off a look at the pointer where that is due and none is under way. It goes on in a task of its own.
    pub fn look(self: &Arc<Self>) {
        // Whoever holds the watch looks already.
        let Ok(watch) = Arc::clone(&self.watch).try_lock_owned() else { return };
        if watch.is_due(SystemTime::now()) {
            tokio::spawn(Arc::clone(self).look_now(watch));
        }
    }

    /// Ready when no look is under way.
    pub async fn settled(&self) {
        drop(self.watch.lock().await);
    }

    async fn look_now(self: Arc<Self>, mut watch: OwnedMutexGuard<Watch>) {
        // Set first, so that a panic in loading is not repeated with each request.
        let after_panic = self.reload.ttl.max(self.reload.first_retry);
        watch.wait(after_panic);
        let looked = tokio::time::timeout(self.reload.patience, self.look_once(&watch)).await;
        let looked = looked.unwrap_or_else(|_| Err(ReloadError::TooSlow(self.reload.patience)));
        match looked {
            Ok(None) => {}
            Ok(Some((served, release, version))) => {
                *self.served.write().unwrap_or_else(PoisonError::into_inner) = served;
                tracing::info!(from = watch.release, release, "another release is served");
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
                    "the release that is served goes on, since the next cannot be loaded: {}",
                    with_causes(&error)
                );
                return;
            }
        }
        watch.failures = 0;
        watch.wait(self.reload.ttl);
    }

    /// What is to be served from now on, with its release and the version of the pointer; `None` for what is served.
    async fn look_once(&self, watch: &Watch) -> Result<Option<(Served, String, Version)>, ReloadError> {
        let Looked::Moved(pointer, version) = store::look(&*self.store, &watch.version).await? else {
            return Ok(None);
        };
        let (release, moved_at) = (pointer.release.clone(), pointer.moved_at);
        let router = service::release(&self.loaders, &self.store, *pointer, UserLimits::default()).await?;
        Ok(Some((Served { router, moved_at }, release, version)))
    }

    fn served(&self) -> Served {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why the next release is not served yet.
#[derive(Debug, Error)]
enum ReloadError {
    #[error("the pointer cannot be looked at")]
    Look(#[from] LoadError),
    #[error("the next release cannot be loaded")]
    Start(#[from] StartError),
    #[error("it took more than {0:?}")]
    TooSlow(Duration),
}

/// A number from 0 to 1 that other processes do not have: hash keys are random.
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
    fn a_clock_that_was_set_back_does_not_put_off_a_look() {
        let now = SystemTime::now();
        let mut watch =
            Watch { version: Version::new("1"), release: String::new(), next: now, since: now, failures: 0 };
        watch.wait(Duration::from_mins(1));
        assert!(!watch.is_due(watch.since) && !watch.is_due(watch.since + Duration::from_secs(59)));
        assert!(watch.is_due(watch.since + Duration::from_mins(1)));
        assert!(watch.is_due(watch.since - Duration::from_secs(1)));
    }
}
