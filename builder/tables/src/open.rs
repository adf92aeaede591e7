//! Opens files as streams of text: packed or not, in UTF-8 or another encoding, files or pipes.

use std::fs::{File, FileType};
use std::io::{self, BufRead, BufReader, Cursor, IsTerminal as _, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use artifact::{Digest, Hasher};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use ruzstd::decoding::StreamingDecoder;
use thiserror::Error;
use zip::{CompressionMethod, ZipArchive};

use crate::FileError;

/// Name of a path that means standard input.
pub const STANDARD_INPUT: &str = "-";

/// Number of bytes that are looked at before the first row is read.
pub const SAMPLE_BYTES: usize = 256 << 10;

/// Largest window of a zstd frame. The format's specification recommends that decoders support 8 MB; `zstd
/// --long` uses 128 MB.
const MAX_ZSTD_WINDOW: u64 = 128 << 20;

/// How far a packed file may unpack: to this many bytes whatever its size, and beyond that to so many times
/// the bytes that were read of it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Most {
    bytes: u64,
    times: u64,
}

/// Ratings pack to between a third and a twentieth of their size. A few kilobytes that unpack to gigabytes
/// were made to fill the memory.
const MOST: Most = Most { bytes: 1 << 30, times: 200 };

/// A packed file that unpacks too far.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error(
    "it unpacks to more than {} GiB, and to more than {} times what was read of it, so it may have been made to fill \
     the memory; if this is intended, unpack it and pass the unpacked file",
    .0.bytes >> 30,
    .0.times
)]
struct UnpacksTooFar(Most);

/// Character encoding of a file, by a name of the WHATWG Encoding Standard such as `utf-8`, `latin1` or
/// `utf-16le`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoding(&'static encoding_rs::Encoding);

/// A name that is not the name of an encoding.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a known encoding; names such as utf-8, latin1, utf-16le and windows-1250 are")]
pub struct UnknownEncoding(String);

impl FromStr for Encoding {
    type Err = UnknownEncoding;
    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        encoding_rs::Encoding::for_label(name.as_bytes())
            .map(Self)
            .ok_or_else(|| UnknownEncoding(name.to_owned()))
    }
}

/// A file whose text can be read.
pub struct Opened {
    reader: Box<dyn Read + Send>,
    raw: Arc<Mutex<Raw>>,
    /// How the file is packed and encoded, in words; empty for plain UTF-8.
    pub packing: Vec<String>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("packing", &self.packing).finish_non_exhaustive()
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl Opened {
    /// Returns the number of bytes read so far and their digest, before unpacking.
    pub fn size_and_digest(&self) -> (u64, Digest) {
        let raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        (raw.bytes, raw.hasher.clone().finish())
    }
}

/// What was read of a file, before it was unpacked.
#[derive(Default)]
struct Raw {
    hasher: Hasher,
    bytes: u64,
}

/// Hashes what passes through.
struct Hashing<R> {
    inner: R,
    raw: Arc<Mutex<Raw>>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let mut raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        raw.hasher.update(&buffer[..n]);
        raw.bytes += n as u64;
        Ok(n)
    }
}

/// Counts the bytes that pass through.
struct Counting<R> {
    inner: R,
    n: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.n.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// What a file unpacks to, as far as it may.
struct Within<R> {
    inner: R,
    /// Bytes that were read of the packed file.
    packed: Arc<AtomicU64>,
    unpacked: u64,
    most: Most,
}

impl<R: Read> Read for Within<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.unpacked = self.unpacked.saturating_add(n as u64);
        let most = self.packed.load(Ordering::Relaxed).saturating_mul(self.most.times).max(self.most.bytes);
        if self.unpacked > most {
            return Err(io::Error::new(io::ErrorKind::InvalidData, UnpacksTooFar(self.most)));
        }
        Ok(n)
    }
}

/// Opens a plain file or a pipe. A device other than a terminal is refused: `/dev/zero` would be read until
/// memory is full.
///
/// # Errors
/// Returns [`FileError`] if it is a device or cannot be read.
pub fn open_file(path: &Path) -> Result<File, FileError> {
    let file = File::open(path).map_err(|error| FileError::read(path, error))?;
    let about = file.metadata().map_err(|error| FileError::read(path, error))?;
    if is_device(about.file_type()) && !file.is_terminal() {
        return Err(FileError::Device(path.to_owned()));
    }
    Ok(file)
}

#[cfg(unix)]
fn is_device(found: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    found.is_char_device() || found.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: FileType) -> bool {
    false
}

/// Checks that a file that was found in a folder is in it. A link there may lead to any file of the machine,
/// and an error would quote a line of that: whoever made the folder need not be who reads it. A file that the
/// user names is read wherever it is.
///
/// # Errors
/// Returns [`FileError::LinkOutside`], or that the file cannot be read.
pub fn check_inside(folder: &Path, path: &Path) -> Result<(), FileError> {
    if !path.is_symlink() {
        return Ok(());
    }
    let real = |path: &Path| path.canonicalize().map_err(|error| FileError::read(path, error));
    // The folder of a mere name is the current one.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if real(path)?.starts_with(real(folder)?) { Ok(()) } else { Err(FileError::LinkOutside(path.to_owned())) }
}

/// Opens a file, a pipe, or standard input (`-`). Gzip, zstd and a zip with a single file are unpacked. Text
/// with the byte order mark of UTF-16 is converted to UTF-8, as is text in the given encoding; line ends that
/// are a carriage return alone become line feeds.
///
/// Reading fails where a packed file has become more than 1 GiB and more than 200 times what was read of it.
///
/// # Errors
/// Returns [`FileError`] if the file cannot be read, or is a zip with several files or of another kind.
pub fn open(path: &Path, encoding: Option<Encoding>) -> Result<Opened, FileError> {
    open_within(path, encoding, MOST)
}

fn open_within(path: &Path, encoding: Option<Encoding>, most: Most) -> Result<Opened, FileError> {
    let failed = |error| FileError::read(path, error);
    let file: Box<dyn Read + Send> =
        if path.as_os_str() == STANDARD_INPUT { Box::new(io::stdin()) } else { Box::new(open_file(path)?) };
    let raw = Arc::new(Mutex::new(Raw::default()));
    let mut packing = Vec::new();
    let hashing = Hashing { inner: file, raw: Arc::clone(&raw) };
    let unpacked = unpack(path, hashing, most, &mut packing)?;
    let decoded = decode(unpacked, encoding, &mut packing).map_err(failed)?;
    let reader = with_line_feeds(decoded, &mut packing).map_err(failed)?;
    Ok(Opened { reader, raw, packing })
}

/// Reads the start of a stream: [`SAMPLE_BYTES`], or less at its end.
fn start(reader: &mut (impl Read + ?Sized)) -> io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    reader.take(SAMPLE_BYTES as u64).read_to_end(&mut sample)?;
    Ok(sample)
}

fn unpack(
    path: &Path,
    file: impl Read + Send + 'static,
    most: Most,
    packing: &mut Vec<String>,
) -> Result<Box<dyn Read + Send>, FileError> {
    let failed = |error| FileError::read(path, error);
    let n_packed = Arc::new(AtomicU64::new(0));
    let mut packed = BufReader::with_capacity(1 << 16, Counting { inner: file, n: Arc::clone(&n_packed) });
    // A pipe may give fewer bytes at once than a mark has.
    let mut magic = Vec::new();
    packed.by_ref().take(4).read_to_end(&mut magic).map_err(failed)?;
    let whole = Cursor::new(magic.clone()).chain(packed);
    let (inner, packed, name): (Box<dyn Read + Send>, _, _) = match magic[..] {
        [0x1f, 0x8b, ..] => (Box::new(MultiGzDecoder::new(whole)), n_packed, "gzip".to_owned()),
        [0x28, 0xb5, 0x2f, 0xfd] => (Box::new(Zstd::Between(Box::new(whole))), n_packed, "zstd".to_owned()),
        [b'P', b'K', 3, 4] => {
            // The whole file is read again behind the one in it, to be hashed.
            let n_of_entry = Arc::new(AtomicU64::new(0));
            let (entry, name) = only_file_of_zip(path, &n_of_entry)?;
            (Box::new(AfterAll { first: entry, then: whole }), n_of_entry, format!("{name} in a zip"))
        }
        _ => return Ok(Box::new(whole)),
    };
    packing.push(name);
    Ok(Box::new(Within { inner, packed, unpacked: 0, most }))
}

/// Reads one frame of zstd after another; a file may be made of several.
enum Zstd<R: Read> {
    Between(Box<R>),
    Frame(Box<StreamingDecoder<Box<R>, ruzstd::decoding::FrameDecoder>>),
    Ended,
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Self::Ended) {
                Self::Between(mut source) => {
                    if source.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let frame = StreamingDecoder::new_with_max_window_size(source, MAX_ZSTD_WINDOW)
                        .map_err(io::Error::other)?;
                    *self = Self::Frame(Box::new(frame));
                }
                Self::Frame(mut frame) => match frame.read(buffer)? {
                    0 if !buffer.is_empty() => *self = Self::Between(frame.into_inner()),
                    n => {
                        *self = Self::Frame(frame);
                        return Ok(n);
                    }
                },
                Self::Ended => return Ok(0),
            }
        }
    }
}

/// Reads `first` to its end, then reads `then` to its end and discards it, so that the whole file is hashed.
struct AfterAll<A, B> {
    first: A,
    then: B,
}

impl<A: Read, B: Read> Read for AfterAll<A, B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.first.read(buffer)? {
            0 if !buffer.is_empty() => io::copy(&mut self.then, &mut io::sink()).map(|_| 0),
            n => Ok(n),
        }
    }
}

/// Checks the checksum of what passes through at its end.
struct Checked<R> {
    inner: R,
    hasher: crc32fast::Hasher,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        if n == 0 && !buffer.is_empty() && self.hasher.clone().finalize() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum in the zip is another"));
        }
        Ok(n)
    }
}

/// Opens the only file of a zip, and counts what is read of it before it is unpacked. Also returns its name.
fn only_file_of_zip(
    path: &Path,
    n_packed: &Arc<AtomicU64>,
) -> Result<(impl Read + Send + use<>, String), FileError> {
    let refuse = |problem: String| FileError::Zip { path: path.to_owned(), problem };
    let broken = |error: zip::result::ZipError| refuse(format!("it cannot be read ({error})"));
    let read = |error| FileError::read(path, error);
    if !path.metadata().is_ok_and(|about| about.is_file()) {
        return Err(refuse("a zip can only be read from a file, not from a pipe".to_owned()));
    }
    let mut archive = ZipArchive::new(File::open(path).map_err(read)?).map_err(broken)?;
    let mut names = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        // Archives made on a Mac have a shadow of each file.
        if entry.is_file() && !name.starts_with("__MACOSX/") {
            names.push((at, name));
        }
    }
    let [(at, name)] = &names[..] else {
        let shown: Vec<&str> = names.iter().take(10).map(|(_, name)| name.as_str()).collect();
        return Err(refuse(format!("it contains {} files: {}", names.len(), shown.join(", "))));
    };
    let entry = archive.by_index_raw(*at).map_err(broken)?;
    if entry.encrypted() {
        return Err(refuse("it is encrypted".to_owned()));
    }
    let (size, method, expected) = (entry.compressed_size(), entry.compression(), entry.crc32());
    let begin = entry.data_start().ok_or_else(|| refuse("it has no data".to_owned()))?;
    drop(entry);
    let mut file = File::open(path).map_err(read)?;
    file.seek(SeekFrom::Start(begin)).map_err(read)?;
    let counted = Counting { inner: file, n: Arc::clone(n_packed) };
    let packed = BufReader::with_capacity(1 << 16, counted).take(size);
    let inner: Box<dyn Read + Send> = match method {
        CompressionMethod::Stored => Box::new(packed),
        CompressionMethod::Deflated => Box::new(DeflateDecoder::new(packed)),
        other => return Err(refuse(format!("it is packed by a method that is not supported ({other})"))),
    };
    Ok((Checked { inner, hasher: crc32fast::Hasher::new(), expected }, name.clone()))
}

/// Converts text to UTF-8 if an encoding is given, or if there is a byte order mark of UTF-16.
fn decode(
    mut text: Box<dyn Read + Send>,
    encoding: Option<Encoding>,
    packing: &mut Vec<String>,
) -> io::Result<Box<dyn Read + Send>> {
    let mut mark = Vec::new();
    text.by_ref().take(2).read_to_end(&mut mark)?;
    let marked = match mark[..] {
        [0xff, 0xfe] => Some(encoding_rs::UTF_16LE),
        [0xfe, 0xff] => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    let whole = Cursor::new(mark).chain(text);
    let Some(encoding) = marked.or(encoding.map(|e| e.0)).filter(|e| *e != encoding_rs::UTF_8) else {
        return Ok(Box::new(whole));
    };
    packing.push(encoding.name().to_owned());
    Ok(Box::new(DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(whole)))
}

/// Replaces carriage returns by line feeds if the file has only those.
fn with_line_feeds(
    mut text: Box<dyn Read + Send>,
    packing: &mut Vec<String>,
) -> io::Result<Box<dyn Read + Send>> {
    let sample = start(&mut text)?;
    let only_returns = sample.contains(&b'\r') && !sample.contains(&b'\n');
    let whole = Cursor::new(sample).chain(text);
    if only_returns {
        packing.push("CR line ends".to_owned());
        return Ok(Box::new(Returns(whole)));
    }
    Ok(Box::new(whole))
}

struct Returns<R>(R);

impl<R: Read> Read for Returns<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buffer)?;
        for byte in &mut buffer[..n] {
            if *byte == b'\r' {
                *byte = b'\n';
            }
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const TEXT: &str = "userId,movieId,rating\n1,2,3\né,5,4\n";

    fn read(bytes: &[u8], encoding: Option<&str>) -> Result<(String, Vec<String>), FileError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r");
        std::fs::write(&path, bytes).unwrap();
        let mut opened = open(&path, encoding.map(|name| name.parse().unwrap()))?;
        let mut text = String::new();
        opened.read_to_string(&mut text).map_err(|e| FileError::read(&path, e))?;
        assert_eq!(opened.size_and_digest(), (bytes.len() as u64, Digest::of(bytes)));
        Ok((text, opened.packing))
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    }

    fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_refused_and_pipes_and_links_to_files_are_not() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        symlink("/dev/zero", path("zero.csv")).unwrap();
        for device in [Path::new("/dev/zero"), &path("zero.csv"), Path::new("/dev/null")] {
            let error = open(device, None).unwrap_err().to_string();
            assert!(error.contains("this is a device; pass a file"), "{error}");
        }
        std::fs::write(path("file.csv"), "a,b\n").unwrap();
        symlink(path("file.csv"), path("link.csv")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path("pipe.csv")).status().unwrap();
        assert!(made.success());
        let pipe = path("pipe.csv");
        let writing = std::thread::spawn(move || std::fs::write(pipe, "a,b\n").unwrap());
        for name in ["pipe.csv", "link.csv"] {
            let mut text = String::new();
            open(&path(name), None).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "a,b\n", "{name}");
        }
        writing.join().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_a_folder_may_not_lead_out_of_it() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        for file in [dir.path().join("secret"), folder.join("sub/file")] {
            std::fs::write(file, "a line").unwrap();
        }
        symlink("../secret", folder.join("out")).unwrap();
        symlink("sub/file", folder.join("in")).unwrap();
        assert!(check_inside(&folder, &folder.join("in")).is_ok());
        assert!(check_inside(&folder, &folder.join("sub/file")).is_ok());
        let error = check_inside(&folder, &folder.join("out")).unwrap_err().to_string();
        assert!(error.contains("a link to a file outside") && !error.contains("a line"), "{error}");
    }

    #[test]
    fn packed_files_are_unpacked_whole() {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        let zstd = |text: &str| ruzstd::encoding::compress_to_vec(text.as_bytes(), level);
        let (half, rest) = TEXT.split_at(20);
        for (bytes, packing) in [
            (TEXT.as_bytes().to_vec(), vec![]),
            (gzip(TEXT), vec!["gzip"]),
            ([gzip(half), gzip(rest)].concat(), vec!["gzip"]),
            (zstd(TEXT), vec!["zstd"]),
            ([zstd(half), zstd(rest)].concat(), vec!["zstd"]),
            (zip_of(&[("a/r.csv", TEXT)]), vec!["a/r.csv in a zip"]),
            (zip_of(&[("r.csv", TEXT), ("__MACOSX/._r.csv", "x")]), vec!["r.csv in a zip"]),
        ] {
            assert_eq!(
                read(&bytes, None).unwrap(),
                (TEXT.to_owned(), packing.into_iter().map(str::to_owned).collect())
            );
        }
    }

    #[test]
    fn a_small_file_that_unpacks_too_far_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        let read = |name: &str, most| {
            let mut opened = open_within(&dir.path().join(name), None, most)?;
            let n = io::copy(&mut opened, &mut io::sink());
            n.map_err(|error| FileError::read(&dir.path().join(name), error))
        };
        let equal = "1,ns1,3\n".repeat(1 << 17);
        let row = |n: u64| format!("{},ns{},3\n", n * n % 6_007, n * 7 % 911);
        let text = (0..40_000).map(row).collect::<Vec<_>>().concat();
        let packed = |text: &str| {
            let mut deflated = zip::ZipWriter::new(Cursor::new(Vec::new()));
            let by = zip::write::SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            deflated.start_file("r.csv", by).unwrap();
            deflated.write_all(text.as_bytes()).unwrap();
            let zip = deflated.finish().unwrap().into_inner();
            let zstd = ruzstd::encoding::compress_to_vec(text.as_bytes(), level);
            [("r.csv.gz", gzip(text)), ("r.csv.zst", zstd), ("r.zip", zip)]
        };
        let size = equal.len() as u64;
        for (name, bytes) in packed(&equal) {
            let times = size / bytes.len() as u64;
            assert!(times > 100, "{name}: {times}");
            std::fs::write(dir.path().join(name), &bytes).unwrap();
            // Of a zip, only the file in it counts, so its factor is a little higher.
            let (few, enough) = (times / 2, times * 2);
            assert_eq!(read(name, Most { bytes: size, times: few }).unwrap(), size, "{name}");
            assert_eq!(read(name, Most { bytes: 0, times: enough }).unwrap(), size, "{name}");
            let error = read(name, Most { bytes: size - 1, times: few }).unwrap_err();
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(cause.contains(&format!("more than {few} times what was read")), "{name}: {cause}");
            assert!(cause.contains("pass the unpacked file"), "{name}: {cause}");
        }
        for (name, bytes) in packed(&text) {
            std::fs::write(dir.path().join(name), bytes).unwrap();
            assert_eq!(read(name, Most { bytes: 0, ..MOST }).unwrap(), text.len() as u64, "{name}");
        }
        // What is not packed has no limit.
        std::fs::write(dir.path().join("r.csv"), &equal).unwrap();
        assert_eq!(read("r.csv", Most { bytes: 0, times: 0 }).unwrap(), size);
    }

    #[test]
    fn damaged_and_ambiguous_archives_are_refused() {
        let several = read(&zip_of(&[("a.csv", "1"), ("b.csv", "2")]), None).unwrap_err().to_string();
        assert!(several.contains("a zip") && several.contains("2 files: a.csv, b.csv"), "{several}");
        assert!(read(&gzip(TEXT)[..20], None).is_err());
        let mut zip = zip_of(&[("r.csv", &TEXT.repeat(100))]);
        let at = zip.len() / 3;
        zip[at] ^= 1;
        assert!(read(&zip, None).is_err());
    }

    #[test]
    fn text_becomes_utf_8_with_line_feeds() {
        let utf_16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            std::iter::once(0xfeff).chain(TEXT.encode_utf16()).flat_map(to_bytes).collect()
        };
        let latin1: Vec<u8> = TEXT.chars().map(|c| c as u8).collect();
        for (bytes, encoding, packing) in [
            (utf_16(u16::to_le_bytes), None, "UTF-16LE"),
            (utf_16(u16::to_be_bytes), None, "UTF-16BE"),
            (latin1, Some("latin1"), "windows-1252"),
            (TEXT.replace('\n', "\r").into_bytes(), Some("utf-8"), "CR line ends"),
        ] {
            assert_eq!(read(&bytes, encoding).unwrap(), (TEXT.to_owned(), vec![packing.to_owned()]));
        }
        let error = "utf-7".parse::<Encoding>().unwrap_err().to_string();
        assert!(error.starts_with("\"utf-7\""), "{error}");
    }
}
