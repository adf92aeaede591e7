use thiserror::Error;

use crate::{Invalid, Kind};

/// The first eight bytes of every artifact. As in PNG, a byte above 127 and both kinds of line ends reveal a
/// file that was transferred as text.
pub const MAGIC: [u8; 8] = *b"\x89CTL\r\n\x1a\n";

/// The format version that this code writes, and the only one that it reads.
pub const FORMAT_VERSION: u16 = 1;

/// The number of bytes before the payload.
pub const HEADER_BYTES: usize = 24;

/// The largest payload that is read, 2 GiB. It bounds what a length field can make a reader allocate.
pub const MAX_PAYLOAD_BYTES: u64 = 2 << 30;

/// The step of reading that refused an artifact, in the order of the steps.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Step 1: it is shorter than a header.
    #[error("step 1, length: an artifact has at least {HEADER_BYTES} bytes, this one has {found}")]
    TooShort {
        /// Its length.
        found: usize,
    },
    /// Step 2: the magic.
    #[error("step 2, magic: this is not an artifact")]
    NotAnArtifact,
    /// Step 3: the format version.
    #[error(
        "step 3, version: the format is {found}, and this program reads format {FORMAT_VERSION}; use the version of Cartelera that built the release"
    )]
    UnsupportedVersion {
        /// The version in the header.
        found: u16,
    },
    /// Step 4: the kind.
    #[error("step 4, kind: expected {expected} (number {}), found number {found}", expected.code())]
    WrongKind {
        /// The kind that was asked for.
        expected: Kind,
        /// The number in the header.
        found: u16,
    },
    /// Step 5: the payload length.
    #[error("step 5, payload length: the header says {declared} bytes, but {found} follow it")]
    WrongLength {
        /// The length in the header.
        declared: u64,
        /// The number of bytes after the header.
        found: u64,
    },
    /// Step 6: the checksum.
    #[error(
        "step 6, checksum: the header says {stored:#010x}, the bytes give {computed:#010x}; the file is damaged, so publish it again"
    )]
    Checksum {
        /// The checksum in the header.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// Step 7: bincode refused the payload.
    #[error("step 7, decode: {0}")]
    Decode(String),
    /// Step 8: the decoded parts break a rule.
    #[error("step 8, validate: {0}")]
    Invalid(#[from] Invalid),
}

fn checksum(header_before_checksum: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header_before_checksum);
    hasher.update(payload);
    hasher.finalize()
}

/// Puts a payload into its envelope.
pub fn seal(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES.saturating_add(payload.len()));
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    out.extend_from_slice(&kind.code().to_le_bytes());
    out.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    let crc = checksum(&out, payload);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(payload);
    out
}

/// Runs steps 1 to 4 of reading. Returns the header, the bytes after it, and the payload length in the
/// header.
fn header(kind: Kind, bytes: &[u8]) -> Result<(&[u8; HEADER_BYTES], &[u8], u64), ReadError> {
    let Some((header, payload)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Err(ReadError::TooShort { found: bytes.len() });
    };
    if header[..8] != MAGIC {
        return Err(ReadError::NotAnArtifact);
    }
    let version = u16::from_le_bytes([header[8], header[9]]);
    if version != FORMAT_VERSION {
        return Err(ReadError::UnsupportedVersion { found: version });
    }
    let code = u16::from_le_bytes([header[10], header[11]]);
    if code != kind.code() {
        return Err(ReadError::WrongKind { expected: kind, found: code });
    }
    let declared = u64::from_le_bytes([
        header[12], header[13], header[14], header[15], header[16], header[17], header[18], header[19],
    ]);
    Ok((header, payload, declared))
}

/// Runs steps 1 to 6 of reading. Returns the payload of an artifact of this kind.
///
/// # Errors
/// The step that refused the bytes.
pub fn open(kind: Kind, bytes: &[u8]) -> Result<&[u8], ReadError> {
    let (header, payload, declared) = header(kind, bytes)?;
    if declared > MAX_PAYLOAD_BYTES || usize::try_from(declared) != Ok(payload.len()) {
        return Err(ReadError::WrongLength { declared, found: payload.len() as u64 });
    }
    let stored = u32::from_le_bytes([header[20], header[21], header[22], header[23]]);
    let computed = checksum(&header[..20], payload);
    if stored != computed {
        return Err(ReadError::Checksum { stored, computed });
    }
    Ok(payload)
}

/// Returns the length of the first of several artifacts in a row, by its header. Its payload need not be
/// there yet.
///
/// # Errors
/// Steps 1 to 4 of reading, and step 5 if the length is above [`MAX_PAYLOAD_BYTES`].
pub fn first_len(kind: Kind, bytes: &[u8]) -> Result<usize, ReadError> {
    let (_, payload, declared) = header(kind, bytes)?;
    let length = usize::try_from(declared).ok().filter(|_| declared <= MAX_PAYLOAD_BYTES);
    match length.and_then(|length| length.checked_add(HEADER_BYTES)) {
        Some(length) => Ok(length),
        None => Err(ReadError::WrongLength { declared, found: payload.len() as u64 }),
    }
}

/// Cuts an object into its artifacts, by the lengths in their headers. An empty object has none. Payloads are
/// not checked.
///
/// # Errors
/// The same as [`first_len`], and step 5 if the last one is cut short.
pub fn split(kind: Kind, mut bytes: &[u8]) -> Result<Vec<&[u8]>, ReadError> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let length = first_len(kind, bytes)?;
        let Some((first, rest)) = bytes.split_at_checked(length) else {
            let (_, payload, declared) = header(kind, bytes)?;
            return Err(ReadError::WrongLength { declared, found: payload.len() as u64 });
        };
        parts.push(first);
        bytes = rest;
    }
    Ok(parts)
}

/// Returns the kind in the header of an artifact, for tools that take any file.
///
/// # Errors
/// The file is too short, not an artifact, or of another version, or its kind is unknown.
pub fn inspect(bytes: &[u8]) -> Result<Kind, ReadError> {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Err(ReadError::TooShort { found: bytes.len() });
    };
    if header[..8] != MAGIC {
        return Err(ReadError::NotAnArtifact);
    }
    let version = u16::from_le_bytes([header[8], header[9]]);
    if version != FORMAT_VERSION {
        return Err(ReadError::UnsupportedVersion { found: version });
    }
    let code = u16::from_le_bytes([header[10], header[11]]);
    Kind::from_code(code).ok_or_else(|| ReadError::Decode(format!("kind number {code} is unknown")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Vec<u8> {
        seal(Kind::Actor, b"some payload")
    }

    #[test]
    fn a_sealed_payload_comes_back() {
        assert_eq!(open(Kind::Actor, &sealed()), Ok(&b"some payload"[..]));
        assert_eq!(inspect(&sealed()), Ok(Kind::Actor));
    }

    #[test]
    fn step_1_length() {
        for n in 0..HEADER_BYTES {
            assert_eq!(open(Kind::Actor, &sealed()[..n]), Err(ReadError::TooShort { found: n }));
        }
    }

    #[test]
    fn step_2_magic() {
        let mut bytes = sealed();
        bytes[0] = b'C';
        assert_eq!(open(Kind::Actor, &bytes), Err(ReadError::NotAnArtifact));
    }

    #[test]
    fn step_3_version() {
        let mut bytes = sealed();
        bytes[8] = 2;
        assert_eq!(open(Kind::Actor, &bytes), Err(ReadError::UnsupportedVersion { found: 2 }));
    }

    #[test]
    fn step_4_kind() {
        assert_eq!(
            open(Kind::Titles, &sealed()),
            Err(ReadError::WrongKind { expected: Kind::Titles, found: 4 })
        );
    }

    #[test]
    fn step_5_payload_length() {
        let mut longer = sealed();
        longer.push(0);
        assert_eq!(open(Kind::Actor, &longer), Err(ReadError::WrongLength { declared: 12, found: 13 }));
        let mut huge = sealed();
        huge[12..20].fill(0xff);
        assert_eq!(open(Kind::Actor, &huge), Err(ReadError::WrongLength { declared: u64::MAX, found: 12 }));
    }

    #[test]
    fn step_6_checksum() {
        let mut bytes = sealed();
        bytes[HEADER_BYTES] ^= 1;
        assert!(matches!(open(Kind::Actor, &bytes), Err(ReadError::Checksum { .. })));
    }

    #[test]
    fn several_in_a_row_are_cut_by_their_lengths() {
        let (one, two) = (sealed(), seal(Kind::Actor, b""));
        let both = [&one[..], &two].concat();
        assert_eq!(split(Kind::Actor, &both), Ok(vec![&one[..], &two]));
        assert_eq!(split(Kind::Actor, b""), Ok(Vec::new()));
        assert_eq!(first_len(Kind::Actor, &one[..HEADER_BYTES]), Ok(one.len()));
        for n in 1..both.len() {
            let cut = split(Kind::Actor, &both[..n]);
            let expected = match n {
                _ if n == one.len() => Ok(vec![&one[..]]),
                _ if n < HEADER_BYTES => Err(ReadError::TooShort { found: n }),
                _ if n < one.len() => {
                    Err(ReadError::WrongLength { declared: 12, found: (n - HEADER_BYTES) as u64 })
                }
                _ => Err(ReadError::TooShort { found: n - one.len() }),
            };
            assert_eq!(cut, expected, "{n} bytes");
        }
        let mut huge = one.clone();
        huge[12..20].fill(0xff);
        assert_eq!(
            first_len(Kind::Actor, &huge),
            Err(ReadError::WrongLength { declared: u64::MAX, found: 12 })
        );
        assert!(matches!(split(Kind::Titles, &one), Err(ReadError::WrongKind { found: 4, .. })));
    }

    #[test]
    fn no_single_flipped_bit_is_accepted() {
        let good = sealed();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(open(Kind::Actor, &bad).is_err(), "bit {bit}");
        }
    }
}
