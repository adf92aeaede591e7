//! What must hold for any bytes, for the property tests and the fuzz targets.
//!
//! Each function takes bytes and panics if a promise is broken: decoding never panics, an accepted value
//! answers every question without a panic, and its encoding is the bytes it was read from. Each returns
//! whether the bytes were accepted.

use std::path::Path;

use ::etl::{EtlInput, EtlOutput};
use artifact::{Digest, HEADER_BYTES, Kind, MAGIC, Manifest, Pointer, ReadError, seal};

use crate::golden;

/// Reads an artifact of a kind. For [`Kind::Users`], it is one block.
///
/// This does more than the builder's own check of a kind, which only decodes: it also encodes the value again
/// and asks it questions. The two have to accept the same bytes.
///
/// # Errors
/// The step that refused the bytes.
///
/// # Panics
/// If bytes are accepted that are not their own encoding, a question panics, or the builder's check
/// disagrees.
pub fn read(kind: Kind, bytes: &[u8]) -> Result<(), ReadError> {
    let read = golden::known(kind).read(bytes);
    let checked = release::check(kind, bytes);
    // The builder alone compares the policy of a report with that of this version's page.
    let is_stricter = matches!(&checked, Err(ReadError::Invalid(invalid)) if invalid.field == "policy");
    if !(kind == Kind::Eda && is_stricter) {
        assert_eq!(checked, read, "{kind}: the builder's check disagrees");
    }
    read
}

/// Reads bytes by [`read`] twice: as a file, and as a payload in a valid envelope, since few bytes would get
/// past the checksum otherwise. The payload is what follows the header, or all bytes if they do not start
/// with a header.
pub fn artifact(kind: Kind, bytes: &[u8]) -> bool {
    let as_file = read(kind, bytes).is_ok();
    let payload =
        if bytes.starts_with(&MAGIC) { bytes.get(HEADER_BYTES..).unwrap_or_default() } else { bytes };
    read(kind, &seal(kind, payload)).is_ok() || as_file
}

/// Does the same for any kind. A file, such as a golden one, is of the kind in its header. Of other bytes the
/// first one picks the kind, and the rest is the payload.
pub fn any_artifact(bytes: &[u8]) -> bool {
    if let Ok(kind) = artifact::inspect(bytes) {
        return artifact(kind, bytes);
    }
    let Some((first, payload)) = bytes.split_first() else { return false };
    artifact(Kind::ALL[usize::from(*first) % Kind::ALL.len()], payload)
}

/// Reads a manifest. If it is accepted, it has to be the same after it is written and read again. Its bytes
/// need not be, since JSON has many spellings.
///
/// # Panics
/// If it is not the same.
pub fn manifest(bytes: &[u8]) -> bool {
    let Ok(manifest) = Manifest::from_bytes(&Digest::of(bytes).name(), bytes) else { return false };
    let again = Manifest::from_bytes(&manifest.release(), &manifest.to_bytes());
    assert_eq!(again.expect("a written manifest can be read"), manifest);
    true
}

/// Reads a pointer, with the same check as [`manifest`].
///
/// # Panics
/// If an accepted pointer is not the same after it is written and read again.
pub fn pointer(bytes: &[u8]) -> bool {
    let Ok(pointer) = Pointer::from_bytes(bytes) else { return false };
    let again = Pointer::from_bytes(&pointer.to_bytes());
    assert_eq!(again.expect("a written pointer can be read"), pointer);
    true
}

/// Runs the ETL on bytes, cut at the first NUL into a catalog of `netflix` and a file of ratings, which are
/// written to `dir`; see [`titles`] and [`ratings`] for one file alone.
///
/// # Errors
/// The files cannot be written.
///
/// # Panics
/// If a row is lost, or a reject names no place.
pub fn etl(dir: &Path, bytes: &[u8]) -> std::io::Result<Option<EtlOutput>> {
    let cut = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    cleaned(dir, &bytes[..cut], bytes.get(cut + 1..).unwrap_or_default())
}

/// Runs the ETL on bytes as a file of ratings in any layout, without a catalog.
///
/// # Errors
/// The file cannot be written.
///
/// # Panics
/// If a row is lost, or a reject names no place.
pub fn ratings(dir: &Path, bytes: &[u8]) -> std::io::Result<Option<EtlOutput>> {
    let path = dir.join("ratings.csv");
    std::fs::write(&path, bytes)?;
    let input = EtlInput::resolve(&[], &[path]).expect("the file is there");
    Ok(accounted(&input))
}

/// Runs the ETL on bytes as a catalog in any layout, with a file of one rating.
///
/// # Errors
/// The files cannot be written.
///
/// # Panics
/// If a row is lost, or a reject names no place.
pub fn titles(dir: &Path, bytes: &[u8]) -> std::io::Result<Option<EtlOutput>> {
    cleaned(dir, bytes, b"userId,movieId,rating\n1,ns1,4\n")
}

fn cleaned(dir: &Path, titles: &[u8], ratings: &[u8]) -> std::io::Result<Option<EtlOutput>> {
    let paths = [dir.join("netflix_titles.csv"), dir.join("1.csv")];
    std::fs::write(&paths[0], titles)?;
    std::fs::write(&paths[1], ratings)?;
    let input = EtlInput::resolve(&paths[..1], &paths[1..]).expect("both files are there");
    Ok(accounted(&input))
}

/// Runs the ETL. Every row has to be clean, rejected or superseded (otherwise the ETL itself fails), and
/// rejects have to name a line and a file. Returns `None` if the files are refused.
fn accounted(input: &EtlInput) -> Option<EtlOutput> {
    match ::etl::run(input, &progress::Silent) {
        Ok(output) => {
            assert!(output.rejects.iter().all(|r| r.line > 0 && !r.file.is_empty()));
            Some(output)
        }
        Err(error) => {
            assert!(!matches!(error, ::etl::EtlError::Unaccounted { .. }), "{error}");
            None
        }
    }
}
