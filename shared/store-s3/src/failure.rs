use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// What an error of the service, or of the connection to it, means for a store.
pub(crate) enum Failure {
    /// There is no such bucket.
    NoBucket,
    /// There is no such object.
    NoObject,
    /// The object is not what the writer expected.
    Precondition,
    /// The object still has the version that the reader knows.
    Unchanged,
    /// The object does not have the bytes that were asked for.
    Range,
    /// Anything else.
    Other { hint: Option<String>, source: Box<dyn Error + Send + Sync> },
}

impl Failure {
    pub(crate) fn of<E>(error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|r| r.status().as_u16());
        let code = error.code().unwrap_or_default();
        match (code, status) {
            ("NoSuchBucket", _) => return Self::NoBucket,
            // A response to HEAD has no body with a code.
            ("NoSuchKey" | "NotFound", _) | ("", Some(404)) => return Self::NoObject,
            // 409: another conditional write of the same object is under way, and may win. A missing upload
            // was completed by an attempt whose response was lost, or removed by a collection.
            ("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchUpload", _) | (_, Some(412)) => {
                return Self::Precondition;
            }
            (_, Some(304)) => return Self::Unchanged,
            ("InvalidRange", _) | (_, Some(416)) => return Self::Range,
            _ => {}
        }
        let hint = match (&error, code, status) {
            (SdkError::DispatchFailure(failure), ..) if failure.is_other() => {
                Some("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile or role")
            }
            (SdkError::DispatchFailure(_) | SdkError::TimeoutError(_), ..) => Some(
                "check that the service is reachable; AWS_ENDPOINT_URL and AWS_REGION determine its address",
            ),
            (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken", _) => {
                Some("check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN")
            }
            (_, "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch", _) => {
                Some("the bytes were damaged on the way; try again")
            }
            (_, "PermanentRedirect" | "AuthorizationHeaderMalformed", _) | (_, _, Some(301)) => {
                Some("the bucket is in another region; set AWS_REGION to it")
            }
            // Without permission to list the bucket, a missing object is reported as forbidden.
            (_, "AccessDenied", _) | (_, _, Some(403)) => Some(
                "the credentials do not allow it; or there is no such object, and they lack s3:ListBucket",
            ),
            (_, "InvalidRequest" | "InvalidArgument" | "NotImplemented" | "UnsupportedHeader", _)
                if error.message().is_some_and(|message| message.to_lowercase().contains("checksum")) =>
            {
                Some("the service refuses checksums; set CARTELERA_S3_WITHOUT=checksums to send none")
            }
            (_, "NotImplemented", _) | (_, _, Some(501)) => Some(
                "the service does not support conditional writes; if only one publisher at a time uses this store, set CARTELERA_S3_WITHOUT=conditions",
            ),
            _ => None,
        };
        let source = match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}").into(),
            _ => error.into(),
        };
        Self::Other { hint: hint.map(str::to_owned), source }
    }

    pub(crate) fn cut(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Other { hint: Some("the response was cut short; try again".to_owned()), source: source.into() }
    }

    pub(crate) fn no_upload() -> Self {
        Self::Other {
            hint: Some("the service does not support multipart uploads, which a store needs".to_owned()),
            source: "the response has no upload id".into(),
        }
    }

    pub(crate) fn no_tag() -> Self {
        Self::Other {
            hint: Some("the service does not support conditional writes, which a store needs".to_owned()),
            source: "the response has no ETag".into(),
        }
    }
}
