use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// What a refusal by the service, or the way to it, means for a store.
pub(crate) enum Failure {
    /// There is no such bucket.
    NoBucket,
    /// There is no such object.
    NoObject,
    /// The object is not what the writer expected.
    Precondition,
    /// The object is of the version that the reader has.
    Unchanged,
    /// The object has not the bytes asked for.
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
            // The answer to HEAD has no body to hold a code.
            ("NoSuchKey" | "NotFound", _) | ("", Some(404)) => return Self::NoObject,
            // 409: another conditional write of the same object is under way, and may yet win.
            // An upload that is gone was completed by a try whose answer was lost, or given up by a collector.
            ("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchUpload", _) | (_, Some(412)) => {
                return Self::Precondition;
            }
            (_, Some(304)) => return Self::Unchanged,
            ("InvalidRange", _) | (_, Some(416)) => return Self::Range,
            _ => {}
        }
        let hint = match (&error, code, status) {
            (SdkError::DispatchFailure(failure), ..) if failure.is_other() => {
                Some("are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile or role, set?")
            }
            (SdkError::DispatchFailure(_) | SdkError::TimeoutError(_), ..) => {
                Some("is the service reachable? AWS_ENDPOINT_URL and AWS_REGION say where it is")
            }
            (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken", _) => {
                Some("check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN")
            }
            (_, "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch", _) => {
                Some("the bytes were damaged on their way; try again")
            }
            (_, "PermanentRedirect" | "AuthorizationHeaderMalformed", _) | (_, _, Some(301)) => {
                Some("the bucket is in another region; set AWS_REGION to it")
            }
            // Who may not list a bucket is not told that an object is missing.
            (_, "AccessDenied", _) | (_, _, Some(403)) => {
                Some("these credentials do not allow that, or lack s3:ListBucket and there is no such object")
            }
            (_, "NotImplemented", _) | (_, _, Some(501)) => {
                Some("the service lacks conditional writes, which a store needs")
            }
            _ => None,
        };
        let source = match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}").into(),
            _ => error.into(),
        };
        Self::Other { hint: hint.map(str::to_owned), source }
    }

    pub(crate) fn cut(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Other { hint: Some("the answer was cut short; try again".to_owned()), source: source.into() }
    }

    pub(crate) fn no_upload() -> Self {
        Self::Other {
            hint: Some("the service lacks uploads in parts, which a store needs".to_owned()),
            source: "the answer names no upload".into(),
        }
    }

    pub(crate) fn no_tag() -> Self {
        Self::Other {
            hint: Some("the service lacks conditional writes, which a store needs".to_owned()),
            source: "the answer names no ETag".into(),
        }
    }
}
