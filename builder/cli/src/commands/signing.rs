//! Signing releases, and requiring signatures.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use artifact::{InvalidKey, Manifest, Pointer, ReleaseKeys, Signature, SigningKey};
use store::{Signing, Store};

/// Arguments of commands that publish.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SignArgs {
    /// Sign the release with this private key (Ed25519, PEM). Servers that have the public key can then
    /// reject any other release. Create a key with `openssl genpkey -algorithm ed25519 -out KEYFILE`.
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,

    #[command(flatten)]
    moving: MoveArgs,
}

/// Argument of commands that read or serve releases.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct KeysArg {
    /// Accept only releases that are signed with one of these public keys, given as the text of one or more
    /// PEM files, such as `"$(cat release-key.pub.pem)"`.
    #[arg(long, env = api::RELEASE_KEYS, value_name = "KEYS", hide_env_values = true, allow_hyphen_values = true)]
    pub(super) release_keys: Option<ReleaseKeys>,
}

/// Arguments of commands that move the pointer.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct MoveArgs {
    #[command(flatten)]
    keys: KeysArg,

    /// Allow an unsigned release to replace a signed one.
    #[arg(long, conflicts_with = "release_keys")]
    unsigned: bool,
}

impl MoveArgs {
    /// Returns the requirements for the signature of a release.
    pub(super) fn signing(&self) -> Signing<'_> {
        let (keys, may_be_unsigned) = (self.keys.release_keys.as_ref(), self.unsigned);
        Signing { keys, may_be_unsigned, ..Signing::default() }
    }
}

/// How a command signs releases, and its requirements for signatures.
#[derive(Debug, Clone, Default)]
pub(super) struct Signer {
    key: Option<SigningKey>,
    moving: MoveArgs,
}

impl SignArgs {
    /// Reads the key.
    pub(super) fn read(&self) -> anyhow::Result<Signer> {
        let moving = self.moving.clone();
        let Some(path) = &self.sign else { return Ok(Signer { key: None, moving }) };
        let key = String::from_utf8(read_key(path)?).ok().and_then(|pem| SigningKey::from_pem(&pem).ok());
        let key = key.ok_or(InvalidKey::Private);
        let key = key.with_context(|| format!("{} cannot be used to sign", path.display()))?;
        Ok(Signer { key: Some(key), moving })
    }
}

impl Signer {
    /// Checks, before a release is built, that it will be signed as required. Building takes a long time, so
    /// the command should fail now and not at the end. `current` is the pointer of the store, if it can be
    /// read.
    pub(super) fn check_before_building(&self, current: Option<&Pointer>) -> anyhow::Result<()> {
        match (&self.moving.keys.release_keys, &self.key) {
            (Some(keys), Some(key)) if !keys.include(key) => {
                anyhow::bail!("the key given by --sign does not belong to any of the release keys")
            }
            (Some(_), None) => anyhow::bail!("--release-keys requires a signature; pass --sign KEYFILE"),
            (None, None) if !self.moving.unsigned => anyhow::ensure!(
                current.is_none_or(|pointer| pointer.signature.is_none()),
                "the current release of the store is signed, and the new one would not be; pass --sign KEYFILE, or \
                 --unsigned if nothing that serves this store requires signatures"
            ),
            _ => {}
        }
        Ok(())
    }

    /// Signs a release if there is a key. `copied` is the signature that the release had where it came from.
    pub(super) fn sign(&self, manifest: &Manifest, copied: Option<Signature>) -> Signing<'_> {
        let made = self.key.as_ref().map(|key| key.sign(manifest));
        Signing { made, copied, ..self.moving.signing() }
    }

    /// Returns the public keys that servers of this store are likely to have, if any are known.
    pub(super) fn keys(&self) -> Option<ReleaseKeys> {
        self.moving.keys.release_keys.clone().or_else(|| self.key.as_ref().map(SigningKey::public))
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
