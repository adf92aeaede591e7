//! Reads files of text in several encodings.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;

use artifact::Source;
use memchr::memchr;
use tables::open::open;
use tables::{FileError, file_name, without_bom};

/// Bytes that are not UTF-8, for each character of several bytes, in text of another encoding.
const MIN_BAD_PER_GOOD: usize = 10;

/// The most bytes of a catalog, unpacked: some four times those of all titles that `IMDb` has. A pipe that
/// never ends, or a small file that unpacks to a huge one, is refused before it fills the memory.
const MOST_BYTES: u64 = 4 << 30;

/// Reads a whole file, unpacked (see [`tables::open::open`]). In its description, `read_as` is how it was
/// packed.
pub(super) fn read_file(path: &Path) -> Result<(Vec<u8>, Source), FileError> {
    read_at_most(path, MOST_BYTES)
}

fn read_at_most(path: &Path, most: u64) -> Result<(Vec<u8>, Source), FileError> {
    let mut opened = open(path, None)?;
    let mut raw = Vec::new();
    let n_bytes = opened.by_ref().take(most.saturating_add(1)).read_to_end(&mut raw);
    if n_bytes.map_err(|e| FileError::read(path, e))? as u64 > most {
        return Err(FileError::TooLarge { path: path.to_owned(), most });
    }
    let (bytes, sha256) = opened.size_and_digest();
    let read_as = Some(opened.packing.join(", ")).filter(|packing| !packing.is_empty());
    Ok((raw, Source { name: file_name(path), bytes, sha256, read_as }))
}

/// Returns text in UTF-8 with line feeds between lines, and what was changed, each point after a
/// comma.
///
/// Text is windows-1252, which contains Latin-1, if far more of its bytes are not UTF-8 than it has
/// characters of several bytes: a few of those arise by chance. Otherwise the text stays as it is, so that
/// only rows with wrong bytes are refused.
pub(super) fn decode(raw: &[u8]) -> (Cow<'_, [u8]>, String) {
    let bytes = without_bom(raw);
    let (text, mut changed) = if str::from_utf8(bytes).is_err() && is_windows_1252(bytes) {
        let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
        (Cow::Owned(text.into_owned().into_bytes()), ", windows-1252".to_owned())
    } else {
        (Cow::Borrowed(bytes), String::new())
    };
    if memchr(b'\n', &text).is_none() && memchr(b'\r', &text).is_some() {
        let lines = text.iter().map(|&b| if b == b'\r' { b'\n' } else { b }).collect();
        changed.push_str(", CR line ends");
        return (Cow::Owned(lines), changed);
    }
    (text, changed)
}

fn is_windows_1252(bytes: &[u8]) -> bool {
    let (mut n_good, mut n_bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        n_good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        n_bad += chunk.invalid().len();
    }
    n_bad > MIN_BAD_PER_GOOD * n_good
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn a_file_without_an_end_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("titles.csv.gz");
        let mut packed = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::best());
        packed.write_all(&vec![b'a'; 1 << 20]).unwrap();
        packed.finish().unwrap();
        assert!(path.metadata().unwrap().len() < 5_000);
        assert_eq!(read_at_most(&path, 1 << 20).unwrap().0.len(), 1 << 20);
        let error = read_at_most(&path, (1 << 20) - 1).unwrap_err();
        assert!(matches!(error, FileError::TooLarge { .. }), "{error}");
        let error = FileError::TooLarge { path, most: MOST_BYTES };
        assert!(error.to_string().contains("larger than 4 GiB when unpacked"), "{error}");
    }

    #[test]
    fn text_is_decoded_as_a_whole_or_not_at_all() {
        let read = |bytes: &[u8]| {
            let (text, changed) = decode(bytes);
            (text.into_owned(), changed)
        };
        assert_eq!(read(b"\xEF\xBB\xBFa\n"), (b"a\n".to_vec(), String::new()));
        assert_eq!(read(b"Se\xf1or \x80\n"), ("Señor €\n".into(), ", windows-1252".to_owned()));
        assert_eq!(read("Señor €\n".as_bytes()), ("Señor €\n".into(), String::new()));
        // One wrong byte among good ones.
        assert_eq!(read(b"\xc3\xb1 \xf1\n"), (b"\xc3\xb1 \xf1\n".to_vec(), String::new()));
        // Two bytes that are a character of UTF-8 by chance.
        let mut text = b"\xc3\xb1 ".to_vec();
        text.extend([0xf1; 30]);
        assert_eq!(read(&text), (format!("Ã± {}", "ñ".repeat(30)).into(), ", windows-1252".to_owned()));
        assert_eq!(read(b"a\rb\r"), (b"a\nb\n".to_vec(), ", CR line ends".to_owned()));
        assert_eq!(read(b"a\r\nb\r"), (b"a\r\nb\r".to_vec(), String::new()));
    }
}
