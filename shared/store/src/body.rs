use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use artifact::{Digest, Hasher};
use bytes::Bytes;

use crate::Store;

/// What is to be written under an immutable key: bytes at hand, or a file or an object of another store, which may be
/// larger than memory. Its size and digest are told beforehand; a store that finds others while it writes, writes
/// nothing.
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
    Object { store: Arc<dyn Store>, key: String },
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
    /// The bytes of a file, which is read once for its size and digest.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn file(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let (sha256, bytes) = Digest::of_reader(File::open(&path)?)?;
        Ok(Self { bytes, sha256, source: Source::File(path) })
    }

    /// The bytes of an object of another store, of which size and digest are known. It is read when it is needed,
    /// and not at all where the store that it is for has it already.
    pub fn object(store: Arc<dyn Store>, key: impl Into<String>, bytes: u64, sha256: Digest) -> Self {
        Self { bytes, sha256, source: Source::Object { store, key: key.into() } }
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The digest of all of them.
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// The bytes from `range.start` to before `range.end`, which lies within [`Body::len`].
    ///
    /// # Errors
    /// Where the source cannot be read there, or has become shorter.
    ///
    /// # Panics
    /// Where the range lies beyond bytes that are in memory.
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
                    let mut bytes = vec![0; (range.end - range.start) as usize];
                    file.read_exact(&mut bytes)?;
                    Ok(Bytes::from(bytes))
                });
                read.await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            }
            Source::Object { store, key } => store.read_range(key, range).await.map_err(io::Error::other),
        }
    }

    /// All bytes, if they are what was told of them.
    ///
    /// # Errors
    /// Where the source cannot be read, or is not what was told.
    pub async fn whole(&self) -> io::Result<Bytes> {
        let bytes = self.part(0..self.bytes).await?;
        match &self.source {
            // The digest was made of these very bytes.
            Source::Memory(_) => Ok(bytes),
            _ if Digest::of(&bytes) == self.sha256 => Ok(bytes),
            _ => Err(self.altered()),
        }
    }

    /// The error of a source whose bytes are not what was told of them.
    pub fn altered(&self) -> io::Error {
        let problem =
            format!("{:?} does not have the digest {}: it was damaged or changed", self.source, self.sha256);
        io::Error::new(io::ErrorKind::InvalidData, problem)
    }

    /// The bytes one piece after another, each at most `piece` long, with a check of the whole at the end. A body
    /// of nothing is one empty piece.
    pub fn pieces(&self, piece: u64) -> Pieces<'_> {
        Pieces { body: self, piece: piece.max(1), at: None, hasher: Hasher::default() }
    }
}

/// Reads a [`Body`] in order.
#[derive(Debug)]
pub struct Pieces<'a> {
    body: &'a Body,
    piece: u64,
    at: Option<u64>,
    hasher: Hasher,
}

impl Pieces<'_> {
    /// The next piece; `None` after the last.
    ///
    /// # Errors
    /// Where the source cannot be read; in the place of the last piece, where all of them together are not what was
    /// told.
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
