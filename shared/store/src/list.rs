use artifact::Manifest;

use crate::pointer::current;
use crate::{LoadError, ObjectInfo, Store};

/// One release of a store. [`manifest`](crate::manifest) reads the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseInfo {
    /// Its name.
    pub release: String,
    /// When its manifest was written, as Unix time, if the store keeps that.
    pub published_at: Option<u64>,
    /// Whether it is the one that is served.
    pub is_current: bool,
}

/// Lists the releases of a store, newest first. Releases of the same second, or of unknown times, are sorted
/// by name.
///
/// # Errors
/// The store cannot be listed, or its pointer cannot be read.
pub async fn releases(store: &dyn Store) -> Result<Vec<ReleaseInfo>, LoadError> {
    let listed = store.list("releases/").await;
    let listed =
        listed.map_err(|source| LoadError::Fetch { what: "the list of releases".to_owned(), source })?;
    let current = match current(store).await {
        Ok(pointer) => Some(pointer.release),
        Err(LoadError::NothingPublished { .. }) => None,
        Err(other) => return Err(other),
    };
    let describe = |(release, object): (String, ObjectInfo)| {
        let is_current = current.as_ref() == Some(&release);
        ReleaseInfo { release, published_at: object.modified, is_current }
    };
    Ok(newest_first(listed).into_iter().map(describe).collect())
}

/// Returns the releases among some objects with their manifests, newest first, else by name.
pub(crate) fn newest_first(objects: Vec<ObjectInfo>) -> Vec<(String, ObjectInfo)> {
    let mut releases: Vec<(String, ObjectInfo)> = objects
        .into_iter()
        .filter_map(|object| Some((Manifest::release_of(&object.key)?.to_owned(), object)))
        .collect();
    releases.sort_by(|(a, x), (b, y)| y.modified.cmp(&x.modified).then_with(|| a.cmp(b)));
    releases
}
