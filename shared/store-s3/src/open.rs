use store::{FolderStore, ReadStore, Store};

use crate::bucket::S3Store;
use crate::client::client;
use crate::error::OpenError;
use crate::without::Without;

/// Opens the store at a URI: `s3://BUCKET/PREFIX`, `file://PATH`, or a relative or absolute path.
///
/// The [crate] documentation lists the settings of the service. If an endpoint is set, requests have the
/// bucket in their path, and no region is needed. Opening a store sends requests only to find the credentials
/// and the region. `CARTELERA_S3_WITHOUT` names what the service does not have (see [`Without`]).
///
/// # Errors
/// [`OpenError`].
pub async fn open(uri: &str) -> Result<Box<dyn Store>, OpenError> {
    Ok(match named(uri).await? {
        Named::Folder(folder) => Box::new(folder),
        Named::Bucket(bucket) => Box::new(bucket.without(Without::from_env()?)),
    })
}

/// Opens a store for reading only. If a program opens every store this way, its binary contains no code that
/// writes to stores.
///
/// # Errors
/// [`OpenError`].
pub async fn open_to_read(uri: &str) -> Result<Box<dyn ReadStore>, OpenError> {
    Ok(match named(uri).await? {
        Named::Folder(folder) => Box::new(folder),
        Named::Bucket(bucket) => Box::new(bucket),
    })
}

/// Store at a URI.
enum Named {
    Folder(FolderStore),
    Bucket(S3Store),
}

async fn named(uri: &str) -> Result<Named, OpenError> {
    let Some(place) = uri.strip_prefix("s3://") else {
        let folder = store::open(uri).map_err(|_| OpenError::Unknown { uri: uri.to_owned() })?;
        return Ok(Named::Folder(folder));
    };
    let (bucket, prefix) = bucket_and_prefix(uri, place)?;
    Ok(Named::Bucket(S3Store::new(client(bucket).await?, bucket, prefix)))
}

fn bucket_and_prefix<'a>(uri: &str, place: &'a str) -> Result<(&'a str, &'a str), OpenError> {
    let refuse = |problem| Err(OpenError::NotABucket { uri: uri.to_owned(), problem });
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let prefix = prefix.trim_matches('/');
    if bucket.is_empty() {
        return refuse("the bucket is missing");
    }
    if !bucket.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
        return refuse("a bucket name may contain only letters, digits, dots, dashes and underscores");
    }
    if store::check_prefix(prefix).is_err() {
        return refuse(
            "a prefix may contain up to 512 letters, digits, dots, dashes, underscores and single slashes, \
             and no part of it may start with a dot",
        );
    }
    Ok((bucket, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_a_bucket_and_a_prefix() {
        let parse = |place| bucket_and_prefix("s3://…", place);
        assert_eq!(parse("b"), Ok(("b", "")));
        assert_eq!(parse("b/"), Ok(("b", "")));
        assert_eq!(parse("my.bucket-1/a/b/"), Ok(("my.bucket-1", "a/b")));
        for bad in ["", "/x", "b c/x", "b/a//b", "b/../x", "b/ñ"] {
            assert!(matches!(parse(bad), Err(OpenError::NotABucket { .. })), "{bad}");
        }
    }

    #[tokio::test]
    async fn paths_are_folders_and_other_schemes_are_refused() {
        assert_eq!(open("file:///x/y").await.unwrap().location(), "/x/y");
        assert_eq!(open("x/y").await.unwrap().location(), "x/y");
        let error = open("gs://x").await.unwrap_err();
        assert_eq!(error, OpenError::Unknown { uri: "gs://x".to_owned() });
        assert!(open("s3:///x").await.is_err());
    }
}
