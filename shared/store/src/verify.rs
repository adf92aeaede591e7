use artifact::ArtifactEntry;

use crate::load::{fetch_and_read, manifest, refused};
use crate::parts::for_each_part;
use crate::{LoadError, ReadStore};

/// The result of [`verify_release`] for one artifact.
#[derive(Debug)]
pub struct Verified {
    /// The artifact, as the manifest describes it.
    pub entry: ArtifactEntry,
    /// What is wrong with it, if anything.
    pub problem: Option<LoadError>,
}

/// Checks every artifact of a release, even if others are damaged. An artifact has to be there, with its
/// size, with the digest that names it, and in a valid envelope of its kind (steps 1 to 6 of reading).
/// Payloads are not decoded, since that needs their types; [`load`](crate::load()) does it.
///
/// # Errors
/// The manifest cannot be read. Problems of artifacts are in their [`Verified`].
pub async fn verify_release(store: &dyn ReadStore, release: &str) -> Result<Vec<Verified>, LoadError> {
    let manifest = manifest(store, release).await?;
    let mut verified = Vec::with_capacity(manifest.artifacts.len());
    for entry in manifest.artifacts {
        let problem = verify(store, &entry).await.err();
        verified.push(Verified { entry, problem });
    }
    Ok(verified)
}

async fn verify(store: &dyn ReadStore, entry: &ArtifactEntry) -> Result<(), LoadError> {
    if entry.kind.is_in_parts() {
        return for_each_part(store, entry, |_, part| artifact::open(entry.kind, part).map(drop)).await;
    }
    let kind = entry.kind;
    let opened = fetch_and_read(store, entry, move |bytes| artifact::open(kind, bytes).map(drop)).await?;
    opened.map_err(|source| refused(store, entry, source))
}
