use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use artifact::{ArtifactEntry, Digest, Hasher, Kind};
use bytes::Bytes;

use crate::ReadStore;

/// The content of an immutable object: bytes in memory, a file, or an object of another store. Files and
/// objects may be larger than memory. Size and digest are known in advance. A store that finds others while
/// it writes, writes nothing.
#[derive(Debug, Clone)]
pub struct Body {
    bytes: u64,
    sha256: Digest,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Memory(Bytes),
    File(PathBuf),
    Object { store: Arc<dyn ReadStore>, key: String },
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => write!(f, "{} bytes in memory", bytes.len()),
            Self::File(path) => path.fmt(f),
            Self::Object { store, key } => write!(f, "{key} in {}", store.location()),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { bytes: bytes.len() as u64, sha256: Digest::of(&bytes), source: Source::Memory(bytes) }
    }
}

impl Body {
    /// Takes the bytes of a file. Reads it once for its size and digest.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn file(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let (sha256, bytes) = Digest::of_reader(File::open(&path)?)?;
        Ok(Self { bytes, sha256, source: Source::File(path) })
    }

    /// Takes the bytes of an object of another store, whose size and digest are known. It is read when it is
    /// needed, and never if the target store has it already.
    pub fn object(store: Arc<dyn ReadStore>, key: impl Into<String>, bytes: u64, sha256: Digest) -> Self {
        Self { bytes, sha256, source: Source::Object { store, key: key.into() } }
    }

    /// Describes the body as an artifact of a kind.
    pub fn entry(&self, kind: Kind) -> ArtifactEntry {
        ArtifactEntry { kind, bytes: self.bytes, sha256: self.sha256 }
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Returns whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Returns the digest of all bytes.
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// Reads the bytes from `range.start` up to `range.end`, which must be within [`Body::len`].
    ///
    /// # Errors
    /// The source cannot be read, or is shorter now.
    ///
    /// # Panics
    /// If the range is beyond the end of bytes in memory.
    pub async fn part(&self, range: Range<u64>) -> io::Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        match &self.source {
            Source::Memory(bytes) => Ok(bytes.slice(range.start as usize..range.end as usize)),
            Source::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || {
                    let mut file = File::open(path)?;
                    file.seek(SeekFrom::Start(range.start))?;
                    let mut bytes = vec![0; range.end.saturating_sub(range.start) as usize];
                    file.read_exact(&mut bytes)?;
                    Ok(Bytes::from(bytes))
                });
                read.await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            }
            Source::Object { store, key } => store.read_range(key, range).await.map_err(io::Error::other),
        }
    }

    /// Reads all bytes and checks their digest.
    ///
    /// # Errors
    /// The source cannot be read, or has another digest.
    pub async fn whole(&self) -> io::Result<Bytes> {
        let bytes = self.part(0..self.bytes).await?;
        match &self.source {
            // The digest was computed from these bytes.
            Source::Memory(_) => Ok(bytes),
            _ if Digest::of(&bytes) == self.sha256 => Ok(bytes),
            _ => Err(self.altered()),
        }
    }

    /// Returns the error for a source whose bytes have another digest.
    pub fn altered(&self) -> io::Error {
        let problem =
            format!("{:?} does not have the digest {}; it was damaged or changed", self.source, self.sha256);
        io::Error::new(io::ErrorKind::InvalidData, problem)
    }

    /// Returns a reader of the bytes in pieces of at most `piece`, which checks the digest at the end. An
    /// empty body is one empty piece.
    pub fn pieces(&self, piece: u64) -> Pieces<'_> {
        Pieces { body: self, piece: piece.max(1), at: None, hasher: Hasher::default() }
    }
}

/// Reads a [`Body`] piece by piece.
#[derive(Debug)]
pub struct Pieces<'a> {
    body: &'a Body,
    piece: u64,
    at: Option<u64>,
    hasher: Hasher,
}

impl Pieces<'_> {
    /// Reads the next piece. Returns `None` after the last.
    ///
    /// # Errors
    /// The source cannot be read, or, instead of the last piece, all pieces together have another digest.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let total = self.body.len();
        let at = self.at.unwrap_or(0);
        if self.at.is_some() && at >= total {
            return Ok(None);
        }
        let end = total.min(at.saturating_add(self.piece));
        let bytes = self.body.part(at..end).await?;
        self.hasher.update(&bytes);
        self.at = Some(end);
        if end == total && self.hasher.clone().finish() != self.body.sha256 {
            return Err(self.body.altered());
        }
        Ok(Some(bytes))
    }
}
