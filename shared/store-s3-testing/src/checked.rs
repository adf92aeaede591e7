use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use artifact::{Digest, Hasher};
use aws_smithy_types::base64;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, ETag, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListObjectsV2Input, ListObjectsV2Output, MultipartUpload, PutObjectInput,
    PutObjectOutput, StreamingBlob, Timestamp, UploadPartInput, UploadPartOutput,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

/// What a service does not do that S3 does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// It refuses requests with a checksum of the body.
    pub refuses_checksums: bool,
    /// It writes an object whatever the conditions of the request are.
    pub ignores_conditions: bool,
    /// It sends the whole object when it is asked for a part of it.
    pub ignores_ranges: bool,
}

/// A server on a file system that also does what S3 does and the underlying one does not: it checks the
/// SHA-256 checksums of objects and parts before it accepts them, keeps the checksums of objects sent in
/// parts, and lists unfinished uploads.
#[derive(Debug)]
pub(crate) struct Checked {
    root: PathBuf,
    files: FileSystem,
    state: Mutex<State>,
    quirks: Quirks,
}

#[derive(Debug, Default)]
struct State {
    uploads: BTreeMap<String, Upload>,
    /// Checksums of objects that were sent in parts, by bucket and key.
    composites: BTreeMap<(String, String), String>,
    /// Entity tags by file, each with the modification time and the size of the file that it belongs to.
    tags: BTreeMap<PathBuf, ((SystemTime, u64), ETag)>,
}

#[derive(Debug)]
struct Upload {
    bucket: String,
    key: String,
    initiated: SystemTime,
    parts: BTreeMap<i32, Digest>,
}

impl Checked {
    /// Serves the folders below `root`.
    pub(crate) fn new(root: &Path, quirks: Quirks) -> io::Result<Self> {
        let files = FileSystem::new(root).map_err(|error| io::Error::other(format!("{error:?}")))?;
        Ok(Self { root: root.to_owned(), files, state: Mutex::default(), quirks })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a request with a header about checksums, if the service does so.
    fn take_checksums<T>(&self, req: &S3Request<T>) -> S3Result<()> {
        let of_checksum =
            |name: &str| name.starts_with("x-amz-checksum-") || name.starts_with("x-amz-sdk-checksum");
        let header = req.headers.keys().find(|name| of_checksum(name.as_str()));
        match header.filter(|_| self.quirks.refuses_checksums) {
            Some(name) => {
                Err(s3_error!(InvalidRequest, "Unsupported header '{name}' received for this API call."))
            }
            None => Ok(()),
        }
    }

    fn forget(&self, bucket: &str, key: &str) {
        self.state().composites.remove(&(bucket.to_owned(), key.to_owned()));
    }
}

/// Reads the whole body, and checks its checksum.
async fn check(body: Option<StreamingBlob>, checksum: Option<&str>) -> S3Result<(Bytes, StreamingBlob)> {
    let body = body.ok_or_else(|| s3_error!(IncompleteBody))?;
    let read: Result<Vec<Bytes>, _> = body.try_collect().await;
    let bytes = Bytes::from(read.map_err(|_| s3_error!(IncompleteBody))?.concat());
    match checksum {
        Some(checksum) if base64::encode(Digest::of(&bytes).as_bytes()) != checksum => {
            Err(s3_error!(BadDigest, "the body has another SHA-256 checksum"))
        }
        _ => Ok((bytes.clone(), StreamingBlob::from(Body::from(bytes)))),
    }
}

#[async_trait::async_trait]
impl S3 for Checked {
    /// Reads objects up to some size at once, if all of the object is asked for. The underlying server
    /// computes the digest of the object for each request and reads four kilobytes at a time, which takes
    /// longer than the whole start of a function.
    async fn get_object(&self, mut req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        const AT_ONCE: u64 = 64 << 20;
        if self.quirks.ignores_ranges {
            req.input.range = None;
        }
        let path = self.root.join(&req.input.bucket).join(&req.input.key);
        if req.input.range.is_some() {
            return self.files.get_object(req).await;
        }
        let stamp = match tokio::fs::metadata(&path).await {
            Ok(meta) if meta.is_file() && meta.len() <= AT_ONCE => {
                meta.modified().ok().map(|modified| (modified, meta.len()))
            }
            _ => None,
        };
        let Some(stamp) = stamp else { return self.files.get_object(req).await };
        let known = self.state().tags.get(&path).filter(|(of, _)| *of == stamp).map(|(_, tag)| tag.clone());
        let mut answer = if let Some(tag) = known {
            S3Response::new(GetObjectOutput {
                content_length: Some(stamp.1 as i64),
                e_tag: Some(tag),
                last_modified: Some(Timestamp::from(stamp.0)),
                ..GetObjectOutput::default()
            })
        } else {
            let answer = self.files.get_object(req).await?;
            if let Some(tag) = answer.output.e_tag.clone() {
                self.state().tags.insert(path.clone(), (stamp, tag));
            }
            answer
        };
        let bytes = tokio::fs::read(path).await.map_err(|_| s3_error!(InternalError))?;
        answer.output.body = Some(StreamingBlob::from(Body::from(Bytes::from(bytes))));
        Ok(answer)
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let place = (req.input.bucket.clone(), req.input.key.clone());
        let mut answer = self.files.head_object(req).await?;
        if let Some(composite) = self.state().composites.get(&place) {
            answer.output.checksum_sha256 = Some(composite.clone());
        }
        Ok(answer)
    }

    async fn put_object(&self, mut req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.take_checksums(&req)?;
        if self.quirks.ignores_conditions {
            (req.input.if_match, req.input.if_none_match) = (None, None);
        }
        let (_, body) = check(req.input.body.take(), req.input.checksum_sha256.as_deref()).await?;
        req.input.body = Some(body);
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let answer = self.files.put_object(req).await?;
        self.forget(&bucket, &key);
        Ok(answer)
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        self.take_checksums(&req)?;
        self.files.copy_object(req).await
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.forget(&req.input.bucket, &req.input.key);
        self.files.delete_object(req).await
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.files.list_objects_v2(req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.take_checksums(&req)?;
        let upload = Upload {
            bucket: req.input.bucket.clone(),
            key: req.input.key.clone(),
            initiated: SystemTime::now(),
            parts: BTreeMap::new(),
        };
        let answer = self.files.create_multipart_upload(req).await?;
        if let Some(id) = &answer.output.upload_id {
            self.state().uploads.insert(id.clone(), upload);
        }
        Ok(answer)
    }

    async fn upload_part(
        &self,
        mut req: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        self.take_checksums(&req)?;
        let (bytes, body) = check(req.input.body.take(), req.input.checksum_sha256.as_deref()).await?;
        req.input.body = Some(body);
        let (id, number) = (req.input.upload_id.clone(), req.input.part_number);
        if !self.state().uploads.contains_key(&id) {
            return Err(s3_error!(NoSuchUpload));
        }
        let answer = self.files.upload_part(req).await?;
        if let Some(upload) = self.state().uploads.get_mut(&id) {
            upload.parts.insert(number, Digest::of(&bytes));
        }
        Ok(answer)
    }

    async fn complete_multipart_upload(
        &self,
        mut req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.take_checksums(&req)?;
        if self.quirks.ignores_conditions {
            (req.input.if_match, req.input.if_none_match) = (None, None);
        }
        let id = req.input.upload_id.clone();
        let composite = {
            let state = self.state();
            let upload = state.uploads.get(&id).ok_or_else(|| s3_error!(NoSuchUpload))?;
            let mut hasher = Hasher::default();
            for part in upload.parts.values() {
                hasher.update(part.as_bytes());
            }
            format!("{}-{}", base64::encode(hasher.finish().as_bytes()), upload.parts.len())
        };
        let answer = self.files.complete_multipart_upload(req).await?;
        let mut state = self.state();
        if let Some(upload) = state.uploads.remove(&id) {
            state.composites.insert((upload.bucket, upload.key), composite);
        }
        Ok(answer)
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        if self.state().uploads.remove(&req.input.upload_id).is_none() {
            return Err(s3_error!(NoSuchUpload));
        }
        self.files.abort_multipart_upload(req).await
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let prefix = req.input.prefix.unwrap_or_default();
        let state = self.state();
        let here = |u: &&Upload| u.bucket == req.input.bucket && u.key.starts_with(&prefix);
        let uploads =
            state.uploads.iter().filter(|(_, upload)| here(upload)).map(|(id, upload)| MultipartUpload {
                upload_id: Some(id.clone()),
                key: Some(upload.key.clone()),
                initiated: Some(Timestamp::from(upload.initiated)),
                ..MultipartUpload::default()
            });
        let output = ListMultipartUploadsOutput {
            bucket: Some(req.input.bucket.clone()),
            uploads: Some(uploads.collect()),
            is_truncated: Some(false),
            ..ListMultipartUploadsOutput::default()
        };
        Ok(S3Response::new(output))
    }
}
