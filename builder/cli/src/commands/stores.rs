//! How commands name stores, open them and wait for them.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use api::Function;
use artifact::{Kind, Manifest, ReleaseKeys, Signature};
use store::{Body, Published, ReadStore, ReleaseError, Signing, Store};

use progress::Reporter;

use super::signing::Signer;

/// Store argument of a command.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct StoreArg {
    /// Store for releases: a folder, `file://FOLDER` or, if built with the feature `s3`,
    /// `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "STORE", env = "CARTELERA_STORE")]
    pub(super) store: String,
}

/// Runs asynchronous work on stores and sockets to completion.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    runtime()?.block_on(work)
}

/// Starts the asynchronous runtime.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().build().context("cannot start the asynchronous runtime")
}

/// Opens a store by its name. A writer that has to wait for another process reports that on stderr.
#[cfg(feature = "s3")]
pub(super) async fn open(uri: &str) -> anyhow::Result<Box<dyn Store>> {
    Ok(reporting(store_s3::open(uri).await?))
}

/// Opens a store by its name. A writer that has to wait for another process reports that on stderr.
#[cfg(not(feature = "s3"))]
pub(super) async fn open(uri: &str) -> anyhow::Result<Box<dyn Store>> {
    anyhow::ensure!(
        !uri.starts_with("s3://"),
        "this program was built without S3 support; build it with `cargo build --release --features s3`"
    );
    Ok(reporting(Box::new(store::open(uri)?)))
}

fn reporting(mut store: Box<dyn Store>) -> Box<dyn Store> {
    store.when_waiting(Arc::new(crate::output::waiting));
    store
}

/// Returns the name and the manifest of the given release, or of the one that is served.
pub(super) async fn manifest_of(
    store: &dyn Store,
    release: Option<&str>,
) -> anyhow::Result<(String, Manifest)> {
    if let Some(release) = release {
        return Ok((release.to_owned(), store::manifest(store, release).await?));
    }
    let pointer = store::current(store).await?;
    Ok((pointer.release, pointer.manifest))
}

/// Publishes a release, showing how much of it is written. The pointer moves only if every function can load
/// the release from the store. `copied` is the signature that the release had where it came from.
pub(super) async fn publish(
    store: &Arc<dyn Store>,
    artifacts: &[(Kind, Body)],
    manifest: &Manifest,
    signer: &Signer,
    copied: Option<Signature>,
    reporter: &dyn Reporter,
) -> anyhow::Result<Published> {
    let signing = signer.sign(manifest, copied);
    publish_if(store, artifacts, manifest, signer.keys(), signing, None, reporter).await
}

/// Publishes a release that was made from the current one. Fails if another one became current in the
/// meantime.
pub(super) async fn publish_over(
    store: &Arc<dyn Store>,
    artifacts: &[(Kind, Body)],
    manifest: &Manifest,
    signer: &Signer,
    current: &str,
    reporter: &dyn Reporter,
) -> anyhow::Result<Published> {
    let signing = signer.sign(manifest, None);
    publish_if(store, artifacts, manifest, signer.keys(), signing, Some(current), reporter).await
}

/// Another release became current.
#[derive(Debug, thiserror::Error)]
#[error("release {to} became current in the meantime, instead of {from}")]
struct Moved {
    from: String,
    to: String,
}

async fn publish_if(
    store: &Arc<dyn Store>,
    artifacts: &[(Kind, Body)],
    manifest: &Manifest,
    keys: Option<ReleaseKeys>,
    signing: Signing<'_>,
    current: Option<&str>,
    reporter: &dyn Reporter,
) -> anyhow::Result<Published> {
    let total = artifacts.iter().map(|(_, body)| body.len()).sum();
    reporter.start("publishing", total, "bytes");
    let done = |n| reporter.advance(n);
    let check = || {
        let reader: Arc<dyn ReadStore> = Arc::clone(store) as _;
        let keys = keys.clone();
        Box::pin(async move {
            // If the pointer has moved since publishing began, the conditional write fails anyway.
            if let Some(current) = current {
                let found = store::current(reader.as_ref()).await?.release;
                if found != current {
                    return Err(Moved { from: current.to_owned(), to: found }.into());
                }
            }
            Ok(api::check_release(&Function::ALL, reader, manifest, keys).await?)
        }) as store::Checking<'_>
    };
    let published =
        store::publish_bodies(store.as_ref(), artifacts, manifest, signing, now(), &done, &check).await;
    reporter.finish();
    let published = match published {
        Err(ReleaseError::Unservable { source, .. }) if source.is::<Moved>() => {
            return Err(anyhow::anyhow!(source).context("nothing was changed; run the command again"));
        }
        published => published?,
    };
    if !published.confirmed {
        reporter
            .note("the store failed after the pointer was moved; check the release with `cartelera verify`");
    }
    Ok(published)
}

/// Notes that the service of a store ignores ranges, if reading from it has shown that.
pub(super) fn note_ranges(store: &dyn ReadStore, reporter: &dyn Reporter) {
    if store.ignores_ranges() {
        reporter.note(&format!("{}: {}", store.location(), store::RANGES_IGNORED));
    }
}

/// Returns the current time in Unix seconds.
pub(super) fn now() -> u64 {
    // A clock before 1970 is wrong anyway. With 0, `gc` deletes nothing, and the pointer's time is only
    // reported.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Formats Unix seconds as `yyyy-mm-dd hh:mm` in UTC.
pub(super) fn day_and_time(seconds: u64) -> String {
    // Compute the civil date from days since 1970-01-01, by counting 400-year cycles of 146,097 days from
    // 0000-03-01.
    let days = seconds / 86_400 + 719_468;
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let (hour, minute) = (seconds % 86_400 / 3_600, seconds % 3_600 / 60);
    format!("{:04}-{month:02}-{day:02} {hour:02}:{minute:02}", cycle * 400 + year)
}

#[cfg(test)]
mod tests {
    use progress::Silent;
    use store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn a_release_made_from_one_that_is_not_current_any_more_is_not_published() {
        let release = |text: &'static str| {
            let manifest = Manifest::of(&[(Kind::Actor, text.as_bytes())]);
            (vec![(Kind::Actor, Body::from(bytes::Bytes::from(text)))], manifest)
        };
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let (first, made) = (release("first"), release("made from another"));
        let manifest = first.1.clone();
        store::publish(store.as_ref(), &[(Kind::Actor, "first".into())], &manifest, 1).await.unwrap();
        let signer = Signer::default();
        let error = publish_over(&store, &made.0, &made.1, &signer, "another", &Silent).await.unwrap_err();
        let error = format!("{error:#}");
        let expected =
            format!("release {} became current in the meantime, instead of another", manifest.release());
        assert!(error.contains(&expected) && error.contains("run the command again"), "{error}");
        assert_eq!(store::current(store.as_ref()).await.unwrap().release, manifest.release());
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, right) in [
            (0, "1970-01-01 00:00"),
            (951_782_400, "2000-02-29 00:00"),
            (1_609_459_199, "2020-12-31 23:59"),
            (4_107_542_400, "2100-03-01 00:00"),
        ] {
            assert_eq!(day_and_time(seconds), right);
        }
    }
}
