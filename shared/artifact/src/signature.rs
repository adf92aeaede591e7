use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::hex;

/// The signature of a release: Ed25519 (RFC 8032) over the bytes of its manifest, which has the digests of
/// all artifacts. In JSON it is 128 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature([u8; Self::BYTES]);

impl Signature {
    /// Its length in bytes.
    pub const BYTES: usize = 64;

    /// Returns the key of a release's signature in a store.
    pub fn key(release: &str) -> String {
        format!("releases/{release}.sig")
    }

    /// Returns the release whose signature has this key, or `None` if it is not the key of a signature.
    pub fn release_of(key: &str) -> Option<&str> {
        key.strip_prefix("releases/")?.strip_suffix(".sig").filter(|release| hex::is_name(release))
    }

    /// Reads a signature as a store keeps it.
    ///
    /// # Errors
    /// It does not have 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignatureError> {
        bytes.try_into().map(Self).map_err(|_| SignatureError::Length(bytes.len()))
    }

    /// Returns its 64 bytes.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

/// Why a release was refused that has to be signed, or why something is not a signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// It has another length; holds the number of bytes.
    #[error("a signature has 64 bytes, and this one has {0}")]
    Length(usize),
    /// It is not hexadecimal digits.
    #[error("a signature is 128 lowercase hexadecimal digits")]
    Digits,
    /// The release has no signature; holds its name.
    #[error(
        "release {0} is not signed, and only signed releases are accepted; sign it with `cartelera publish --sign`"
    )]
    Unsigned(String),
    /// The signature is not that of one of the keys, or not that of this release; holds its name.
    #[error("the signature of release {0} was not made with any of the release keys")]
    Untrusted(String),
}

impl From<[u8; Self::BYTES]> for Signature {
    fn from(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<String> for Signature {
    type Error = SignatureError;
    fn try_from(text: String) -> Result<Self, SignatureError> {
        hex::parse(&text).map(Self).ok_or(SignatureError::Digits)
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> String {
        hex::Digits(&signature.0).to_string()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::Digits(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_stored_in_two_forms() {
        let signature = Signature([0xab; 64]);
        assert_eq!(Signature::from_bytes(signature.as_bytes()), Ok(signature));
        assert_eq!(Signature::from_bytes(&[1; 63]), Err(SignatureError::Length(63)));
        let json = serde_json::to_string(&signature).unwrap();
        assert_eq!(json, format!("\"{}\"", "ab".repeat(64)));
        assert_eq!(serde_json::from_str::<Signature>(&json).unwrap(), signature);
        assert!(serde_json::from_str::<Signature>("\"AB\"").is_err());
        assert_eq!(Signature::release_of(&Signature::key(&"01".repeat(8))), Some("01".repeat(8).as_str()));
        for other in ["releases/.sig", "releases/a/b.sig", "releases/a.json", "a.sig", "releases/0123.sig"] {
            assert_eq!(Signature::release_of(other), None, "{other}");
        }
    }
}
