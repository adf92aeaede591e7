use thiserror::Error;

use crate::FolderStore;

/// Why a text names no store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Nothing stands there.
    #[error("{uri:?} names no folder; give a path or file://PATH")]
    Empty {
        /// The text.
        uri: String,
    },
    /// Neither a path nor `file://`.
    #[error("this program has no store for {scheme}:// (in {uri:?}); it takes a path or file://PATH")]
    UnknownScheme {
        /// What stands before `://`.
        scheme: String,
        /// The text.
        uri: String,
    },
}

/// The folder that a text names: `file://` and a path, or a path. The path is taken as it stands,
/// relative or not, without percent-decoding. Nothing is read or made.
///
/// # Errors
/// No path, or another scheme.
pub fn open(uri: &str) -> Result<FolderStore, OpenError> {
    let path = match uri.split_once("://") {
        None => uri,
        Some(("file", path)) => path,
        Some((scheme, _)) => {
            return Err(OpenError::UnknownScheme { scheme: scheme.to_owned(), uri: uri.to_owned() });
        }
    };
    if path.is_empty() { Err(OpenError::Empty { uri: uri.to_owned() }) } else { Ok(FolderStore::new(path)) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn paths_and_file_uris_name_folders() {
        for (uri, path) in
            [("rel/x", "rel/x"), ("/abs", "/abs"), ("file:///abs/x", "/abs/x"), ("file://rel", "rel")]
        {
            assert_eq!(open(uri).unwrap().root(), Path::new(path), "{uri}");
        }
        assert!(matches!(open("file://"), Err(OpenError::Empty { .. })));
        assert!(matches!(open(""), Err(OpenError::Empty { .. })));
        assert!(matches!(open("gs://x"), Err(OpenError::UnknownScheme { scheme, .. }) if scheme == "gs"));
    }
}
