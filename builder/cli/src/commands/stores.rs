//! How commands name stores, open them and wait for them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use api::Function;
use artifact::{InvalidKey, Kind, Manifest, ReleaseKeys, Signature, SigningKey};
use store::{Body, Published, ReadStore, Signing, Store};

use progress::Reporter;

/// Store argument of a command.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct StoreArg {
    /// Store for releases: a folder, `file://FOLDER` or, if built with the feature `s3`,
    /// `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "STORE", env = "CARTELERA_STORE")]
    pub(super) store: String,
}

/// Argument of commands that publish.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SignArg {
    /// Sign the release with this private key (Ed25519, PEM). Servers that have the public key can then
    /// reject any other release. Create a key with `openssl genpkey -algorithm ed25519 -out KEYFILE`.
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,

    #[command(flatten)]
    keys: KeysArg,
}

/// Argument of commands that move the pointer.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct KeysArg {
    /// Fail unless the release is signed with one of these public keys (see `cartelera serve`).
    #[arg(long, env = api::RELEASE_KEYS, value_name = "KEYS", hide_env_values = true, allow_hyphen_values = true)]
    release_keys: Option<ReleaseKeys>,

    /// Let a release that is not signed follow one that is.
    #[arg(long, conflicts_with = "release_keys")]
    unsigned: bool,
}

impl KeysArg {
    /// Returns what is asked of the signature of a release.
    pub(super) fn signing(&self) -> Signing<'_> {
        let (keys, may_be_unsigned) = (self.release_keys.as_ref(), self.unsigned);
        Signing { keys, may_be_unsigned, ..Signing::default() }
    }
}

/// How a command signs releases, and what it asks of signatures.
#[derive(Debug, Clone, Default)]
pub(super) struct Signer {
    key: Option<SigningKey>,
    args: KeysArg,
}

impl SignArg {
    /// Reads the key.
    pub(super) fn read(&self) -> anyhow::Result<Signer> {
        let args = self.keys.clone();
        let Some(path) = &self.sign else { return Ok(Signer { key: None, args }) };
        let key = String::from_utf8(read_key(path)?).ok().and_then(|pem| SigningKey::from_pem(&pem).ok());
        let key = key.ok_or(InvalidKey::Private);
        let key = key.with_context(|| format!("{} cannot be used to sign", path.display()))?;
        Ok(Signer { key: Some(key), args })
    }
}

impl Signer {
    /// Checks, before the release is built, that it will be signed as required. Building takes a long time, so
    /// the command should fail now and not at the end. If the store cannot be read yet, that is not an error.
    pub(super) async fn check_before_building(&self, uri: &str) -> anyhow::Result<()> {
        let missing = "the release will not be signed; pass --sign KEYFILE";
        match (&self.args.release_keys, &self.key) {
            (Some(keys), Some(key)) if !keys.include(key) => {
                anyhow::bail!("the key given by --sign is not one of the release keys")
            }
            (Some(_), None) => anyhow::bail!("{missing}, because --release-keys asks for a signature"),
            (None, None) if !self.args.unsigned => {}
            _ => return Ok(()),
        }
        let Ok(pointer) = store::current(open(uri).await?.as_ref()).await else { return Ok(()) };
        anyhow::ensure!(
            pointer.signature.is_none(),
            "{missing}, because the current release of {uri} is signed, or --unsigned if nothing that serves this store asks \
             for signatures"
        );
        Ok(())
    }

    /// Signs a release if there is a key. `copied` is the signature that came with it.
    fn sign(&self, manifest: &Manifest, copied: Option<Signature>) -> Signing<'_> {
        let made = self.key.as_ref().map(|key| key.sign(manifest));
        Signing { made, copied, ..self.args.signing() }
    }

    /// Returns the public keys that the release will be served under, as far as they are known.
    fn keys(&self) -> Option<ReleaseKeys> {
        self.args.release_keys.clone().or_else(|| self.key.as_ref().map(SigningKey::public))
    }
}

/// Reads a file with a key.
pub(super) fn read_key(path: &Path) -> anyhow::Result<Vec<u8>> {
    /// More than any key has.
    const MOST_BYTES: u64 = 64 << 10;
    let mut key = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut key));
    read.with_context(|| format!("cannot read the key in {}", path.display()))?;
    anyhow::ensure!(key.len() as u64 <= MOST_BYTES, "{} is too long to be a key", path.display());
    Ok(key)
}

/// Returns the signature of a release: the one in the pointer if the release is current.
pub(super) async fn signature_of(store: &dyn Store, release: &str) -> anyhow::Result<Option<Signature>> {
    let pointer = store::current(store).await.ok().filter(|pointer| pointer.release == release);
    match pointer.and_then(|pointer| pointer.signature) {
        None => Ok(store::signature(store, release).await?),
        signature => Ok(signature),
    }
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
/// the release from the store.
pub(super) async fn publish(
    store: &Arc<dyn Store>,
    artifacts: &[(Kind, Body)],
    manifest: &Manifest,
    signer: &Signer,
    copied: Option<Signature>,
    reporter: &dyn Reporter,
) -> anyhow::Result<Published> {
    let total = artifacts.iter().map(|(_, body)| body.len()).sum();
    reporter.start("publishing", total, "bytes");
    let done = |n| reporter.advance(n);
    let check = || {
        let store: Arc<dyn ReadStore> = Arc::clone(store) as _;
        let keys = signer.keys();
        Box::pin(async move { Ok(api::check_release(&Function::ALL, store, manifest, keys).await?) })
            as store::Checking<'_>
    };
    let signing = signer.sign(manifest, copied);
    let published =
        store::publish_bodies(store.as_ref(), artifacts, manifest, signing, now(), &done, &check).await;
    reporter.finish();
    let published = published?;
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
    use super::day_and_time;

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
