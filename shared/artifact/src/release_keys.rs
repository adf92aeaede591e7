use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ed25519_dalek::{Signer as _, VerifyingKey};
use thiserror::Error;

use crate::{Manifest, Signature, SignatureError};

/// Why a text is not a key. The text itself is not repeated, because it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidKey {
    /// Not a private key.
    #[error(
        "it is not an Ed25519 private key in PEM; `openssl genpkey -algorithm ed25519 -out release-key.pem` makes one"
    )]
    Private,
    /// Not a public key; holds its position in the text, from 1.
    #[error(
        "key {0} is not an Ed25519 public key; `openssl pkey -in release-key.pem -pubout` prints the one of a private key"
    )]
    Public(usize),
    /// The text has no key.
    #[error("it contains no public key")]
    Empty,
}

/// The private key that releases are signed with.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Reads a private key in PEM (PKCS #8, RFC 8410), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// [`InvalidKey::Private`].
    pub fn from_pem(pem: &str) -> Result<Self, InvalidKey> {
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(pem.trim());
        key.map(Self).map_err(|_| InvalidKey::Private)
    }

    /// Signs a release. The same key and manifest give the same signature.
    pub fn sign(&self, manifest: &Manifest) -> Signature {
        self.0.sign(&manifest.to_bytes()).to_bytes().into()
    }

    /// Returns the public key that belongs to it.
    pub fn public(&self) -> ReleaseKeys {
        ReleaseKeys(vec![self.0.verifying_key()])
    }
}

/// Does not reveal the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// The public keys that releases may be signed with, at least one.
///
/// As a text, each is the base64 of its DER form (`SubjectPublicKeyInfo`, RFC 8410), with commas or white
/// space between them. That is the middle line of a PEM file; the lines around it may be there too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseKeys(Vec<VerifyingKey>);

impl ReleaseKeys {
    /// Returns whether what is signed with a private key has the signature of one of these keys.
    pub fn include(&self, key: &SigningKey) -> bool {
        self.0.contains(&key.0.verifying_key())
    }

    /// Checks that a release has the signature of one of the keys.
    ///
    /// # Errors
    /// [`SignatureError::Unsigned`] and [`SignatureError::Untrusted`].
    pub fn check(&self, manifest: &Manifest, signature: Option<&Signature>) -> Result<(), SignatureError> {
        let Some(signature) = signature else { return Err(SignatureError::Unsigned(manifest.release())) };
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        let bytes = manifest.to_bytes();
        let made = |key: &VerifyingKey| key.verify_strict(&bytes, &signature).is_ok();
        if self.0.iter().any(made) { Ok(()) } else { Err(SignatureError::Untrusted(manifest.release())) }
    }
}

impl FromStr for ReleaseKeys {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let is_mark = |line: &&str| line.trim().starts_with("-----");
        let lines = text.lines().filter(|line| !is_mark(line));
        let parts = lines.flat_map(|line| line.split(|c: char| c == ',' || c.is_whitespace()));
        let keys = parts.filter(|part| !part.is_empty()).zip(1..).map(|(part, at)| {
            let der = STANDARD.decode(part).map_err(|_| InvalidKey::Public(at))?;
            VerifyingKey::from_public_key_der(&der).map_err(|_| InvalidKey::Public(at))
        });
        let keys: Vec<VerifyingKey> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(InvalidKey::Empty) } else { Ok(Self(keys)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    /// The example of RFC 8410, sections 10.1 and 10.3.
    const PRIVATE: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
    const PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";
    /// The first key of RFC 8032, section 7.1.
    const OTHER: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

    fn keys(text: &str) -> ReleaseKeys {
        text.parse().unwrap()
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_release() {
        let manifest = Manifest::of(&[(Kind::Actor, b"bytes")]);
        let other = Manifest { seed: 1, ..manifest.clone() };
        let key = SigningKey::from_pem(PRIVATE).unwrap();
        let signature = key.sign(&manifest);
        assert_eq!(key.public(), keys(PUBLIC));
        assert!(keys(&format!("{OTHER}{PUBLIC}")).include(&key) && !keys(OTHER).include(&key));
        assert_eq!(keys(PUBLIC).check(&manifest, Some(&signature)), Ok(()));
        assert_eq!(keys(&format!("{OTHER}{PUBLIC}")).check(&manifest, Some(&signature)), Ok(()));
        let untrusted = |m: &Manifest| Err(SignatureError::Untrusted(m.release()));
        assert_eq!(keys(OTHER).check(&manifest, Some(&signature)), untrusted(&manifest));
        assert_eq!(keys(PUBLIC).check(&other, Some(&signature)), untrusted(&other));
        assert_eq!(keys(PUBLIC).check(&manifest, None), Err(SignatureError::Unsigned(manifest.release())));
        for bit in [0, 255, 511] {
            let mut flipped = *signature.as_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let flipped = Signature::from(flipped);
            assert_eq!(keys(PUBLIC).check(&manifest, Some(&flipped)), untrusted(&manifest), "{bit}");
        }
    }

    #[test]
    fn keys_are_read_from_pem_and_from_its_middle_line() {
        let line = |pem: &str| pem.lines().nth(1).unwrap().to_owned();
        let both = keys(&format!("{PUBLIC}\n{OTHER}"));
        assert_eq!(both, keys(&format!("{},{}", line(PUBLIC), line(OTHER))));
        assert_eq!(both, keys(&format!(" {} , {}\r\n", line(PUBLIC), line(OTHER))));
    }

    #[test]
    fn what_is_not_a_key_is_refused_and_not_repeated() {
        let secret = PRIVATE.lines().nth(1).unwrap();
        let refused = |text: &str| text.parse::<ReleaseKeys>().unwrap_err();
        assert_eq!(refused(PRIVATE), InvalidKey::Public(1));
        assert_eq!(refused(&format!("{PUBLIC},{secret}")), InvalidKey::Public(2));
        assert_eq!([refused(""), refused(" ,\n")], [InvalidKey::Empty, InvalidKey::Empty]);
        assert!(SigningKey::from_pem(PUBLIC).is_err());
        for error in [refused(secret), SigningKey::from_pem(secret).unwrap_err()] {
            assert!(!error.to_string().contains(secret), "{error}");
        }
        assert_eq!(format!("{:?}", SigningKey::from_pem(PRIVATE).unwrap()), "SigningKey(…)");
    }
}
