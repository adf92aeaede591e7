use thiserror::Error;

use crate::FolderStore;

/// Why a text does not name a store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// There is no path.
    #[error("{uri:?} does not name a folder; give a path or file://PATH")]
    Empty {
        /// The text.
        uri: String,
    },
    /// The scheme is not `file://`.
    #[error("this program cannot open {scheme}:// (in {uri:?}); give a path or file://PATH")]
    UnknownScheme {
        /// The text before `://`.
        scheme: String,
        /// The text.
        uri: String,
    },
}

/// Returns the store in the folder that a text names: a path, or `file://` and a path. The path may be
/// relative, and is not percent-decoded. Nothing is read or created.
///
/// # Errors
/// There is no path, or another scheme.
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
