use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use thiserror::Error;

use crate::Digest;

/// The key is too short; holds its length in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a key needs at least 32 bytes, and this one has {0}; `openssl rand -hex 32` makes one")]
pub struct ShortKey(pub usize);

/// The secret key that pseudonyms are computed with.
///
/// A pseudonym is the HMAC-SHA-256 (RFC 2104) of the id's UTF-8 bytes, cut to its first 16 bytes and written
/// as 32 lowercase hexadecimal digits. Anyone with the key can compute the pseudonym of an id. Without it,
/// nobody can tell whose a pseudonym is, or guess one. In Python:
///
/// ```python
/// hmac.new(key, id.encode(), "sha256").hexdigest()[:32]
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PseudonymKey(Vec<u8>);

impl PseudonymKey {
    /// The minimum length of a key in bytes: that of the digest, as RFC 2104 recommends.
    pub const LEAST_BYTES: usize = 32;

    /// Creates a key from bytes, without white space at either end, so a key file may end with a newline.
    ///
    /// # Errors
    /// The key has fewer than [`LEAST_BYTES`](Self::LEAST_BYTES) bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, ShortKey> {
        let bytes = bytes.trim_ascii();
        if bytes.len() < Self::LEAST_BYTES {
            return Err(ShortKey(bytes.len()));
        }
        Ok(Self(bytes.to_vec()))
    }

    /// Returns the pseudonym of an id.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length")]
    pub fn pseudonym(&self, id: &str) -> String {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        hmac.update(id.as_bytes());
        let mut digits = Digest::from(<[u8; 32]>::from(hmac.finalize().into_bytes())).to_string();
        digits.truncate(32);
        digits
    }
}

/// Does not reveal the key.
impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n";

    /// The digests are those of `openssl dgst -sha256 -mac HMAC -macopt key:KEY`.
    #[test]
    fn a_pseudonym_is_half_of_the_hmac() {
        let key = PseudonymKey::new(KEY).unwrap();
        assert_eq!(key.pseudonym("414"), "4b6d97ccf16079645d6554cb781aeb90");
        assert_eq!(key.pseudonym("Ana Pérez"), "cc7d636eb9c066e70e61ed215caf239c");
        assert_eq!(key.pseudonym("414"), PseudonymKey::new(KEY.trim_ascii()).unwrap().pseudonym("414"));
        assert_eq!(format!("{key:?}"), "PseudonymKey(…)");
    }

    #[test]
    fn a_short_key_is_refused() {
        let error = PseudonymKey::new(b" 31 bytes are not enough, so no.\n").unwrap_err();
        assert_eq!(error, ShortKey(31));
        assert!(error.to_string().contains("openssl rand -hex 32"), "{error}");
    }
}
