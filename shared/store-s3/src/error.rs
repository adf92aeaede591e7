use thiserror::Error;

/// Why a store could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The bucket is missing, or bucket or prefix have a form that is not allowed.
    #[error("{uri:?} does not name a place in a bucket: {problem}; write s3://BUCKET/PREFIX")]
    NotABucket {
        /// The text.
        uri: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no region.
    #[error("no AWS region is set; set AWS_REGION to the region of bucket {bucket}")]
    NoRegion {
        /// The bucket.
        bucket: String,
    },
    /// There are no credentials in the environment.
    #[error(
        "no AWS credentials are set; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN if they are temporary), as Lambda does and as `aws configure export-credentials --format env` prints them"
    )]
    NoCredentials,
    /// `AWS_CA_BUNDLE` does not name a file of certificates.
    #[error("AWS_CA_BUNDLE names {path}, which cannot be used: {problem}; name a file of PEM certificates")]
    CaBundle {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `CARTELERA_S3_WITHOUT` has a word that it does not know.
    #[error(
        "CARTELERA_S3_WITHOUT has the word {found:?}; use `checksums`, `conditions`, or both with a comma"
    )]
    Without {
        /// The word.
        found: String,
    },
    /// It is neither `s3://`, `file://` nor a path.
    #[error("{uri:?} does not name a store; give s3://BUCKET/PREFIX, file://PATH or a path")]
    Unknown {
        /// The text.
        uri: String,
    },
}
