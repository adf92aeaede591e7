use store::{FolderStore, ReadStore, Store};
use thiserror::Error;

use crate::S3Store;
use crate::client::client;

/// Why a text names no store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// No bucket, or a prefix that cannot begin a key.
    #[error("{uri:?} names no place in a bucket: {problem}; write s3://BUCKET/PREFIX")]
    NotABucket {
        /// The text.
        uri: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No region is known.
    #[error("no AWS region is set; set AWS_REGION to the region of bucket {bucket}")]
    NoRegion {
        /// The bucket that was to be opened.
        bucket: String,
    },
    /// The environment has no credentials.
    #[error(
        "no AWS credentials are set; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN where they are temporary), as Lambda does, or as `aws configure export-credentials --format env` prints them"
    )]
    NoCredentials,
    /// `AWS_CA_BUNDLE` names no certificates.
    #[error(
        "AWS_CA_BUNDLE names {path}, which cannot be used: {problem}; name a file of certificates in PEM"
    )]
    CaBundle {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Neither `s3://`, `file://` nor a path.
    #[error("{uri:?} names no store; give s3://BUCKET/PREFIX, file://PATH or a path")]
    Unknown {
        /// The text.
        uri: String,
    },
}

/// The store that a text names: `s3://BUCKET/PREFIX`, `file://PATH` or a path, relative or not.
///
/// Settings of the service come as the [crate] says. Where an endpoint is given, the bucket stands in the path
/// of requests, and the region may be missing. Nothing is sent but what finding credentials and region takes.
///
/// # Errors
/// [`OpenError`].
pub async fn open(uri: &str) -> Result<Box<dyn Store>, OpenError> {
    Ok(match named(uri).await? {
        Named::Folder(folder) => Box::new(folder),
        Named::Bucket(bucket) => Box::new(bucket),
    })
}

/// The same for those who only read. A program that opens its stores so has no code that writes to them.
///
/// # Errors
/// [`OpenError`].
pub async fn open_to_read(uri: &str) -> Result<Box<dyn ReadStore>, OpenError> {
    Ok(match named(uri).await? {
        Named::Folder(folder) => Box::new(folder),
        Named::Bucket(bucket) => Box::new(bucket),
    })
}

/// What a text names.
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
        return refuse("a bucket's name holds letters, digits, dots and dashes");
    }
    if store::check_prefix(prefix).is_err() {
        return refuse("a prefix holds letters, digits, dots, dashes, underscores and single slashes");
    }
    Ok((bucket, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_and_prefixes_are_told_apart() {
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
