//! The only module that names bincode.
//!
//! Configuration: fixed-width integers, little-endian, no limit but the one given here. `wincode` reads
//! and writes the same bytes (`tests` proves it on the golden files), so replacing the crate is a
//! change of this file.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::envelope::{self, ReadError};
use crate::{Invalid, Kind};

/// Why a payload could not be written.
#[derive(Debug, Error)]
#[error("cannot encode {kind}: {reason}")]
pub struct EncodeError {
    /// What was being written.
    pub kind: Kind,
    /// What bincode said.
    pub reason: String,
}

/// Decoding may claim this many bytes for one payload. Payloads hold their big blocks as borrowed
/// bytes, so the limit binds only the small parts that are copied.
const DECODE_LIMIT: usize = 1 << 31;

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_fixed_int_encoding().with_little_endian().with_limit::<DECODE_LIMIT>()
}

/// Something that is stored as one artifact.
///
/// The stored form is a type of its own, made of borrowed bytes, so that the domain type may change
/// without the format, and reading a large block is one copy.
pub trait Artifact: Sized {
    /// Its kind.
    const KIND: Kind;

    /// The stored form.
    type Stored<'a>: Serialize + Deserialize<'a>;

    /// Calls `write` with the stored form of `self`.
    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R;

    /// Step 8 of reading: checks the decoded parts and makes the domain's value of them.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    fn from_stored(stored: Self::Stored<'_>) -> Result<Self, Invalid>;

    /// Encodes and seals.
    ///
    /// # Errors
    /// [`EncodeError`], where a part cannot be expressed in bincode.
    fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let payload = self
            .with_stored(|stored| bincode::serde::encode_to_vec(stored, config()))
            .map_err(|e| EncodeError { kind: Self::KIND, reason: e.to_string() })?;
        Ok(envelope::seal(Self::KIND, &payload))
    }

    /// All eight steps of reading.
    ///
    /// # Errors
    /// The step that refused the bytes.
    fn from_bytes(bytes: &[u8]) -> Result<Self, ReadError> {
        let payload = envelope::open(Self::KIND, bytes)?;
        let (stored, used) =
            bincode::serde::borrow_decode_from_slice::<Self::Stored<'_>, _>(payload, config())
                .map_err(|e| ReadError::Decode(e.to_string()))?;
        if used != payload.len() {
            return Err(ReadError::Decode(format!("{} bytes are left over", payload.len() - used)));
        }
        Ok(Self::from_stored(stored)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Numbers(Vec<u16>);

    #[derive(Serialize, Deserialize)]
    struct StoredNumbers<'a> {
        n: u32,
        #[serde(borrow, with = "serde_bytes")]
        values: &'a [u8],
    }

    impl Artifact for Numbers {
        const KIND: Kind = Kind::Titles;
        type Stored<'a> = StoredNumbers<'a>;
        fn with_stored<R>(&self, write: impl FnOnce(&StoredNumbers<'_>) -> R) -> R {
            write(&StoredNumbers { n: self.0.len() as u32, values: &crate::blocks::from_u16(&self.0) })
        }
        fn from_stored(stored: StoredNumbers<'_>) -> Result<Self, Invalid> {
            Ok(Self(crate::blocks::to_u16("values", stored.values, stored.n as usize)?))
        }
    }

    #[test]
    fn values_round_trip() {
        let value = Numbers(vec![1, 2, 65535]);
        assert_eq!(Numbers::from_bytes(&value.to_bytes().unwrap()), Ok(value));
    }

    #[test]
    fn step_7_decode_refuses_cut_and_trailing_payloads() {
        let bytes = Numbers(vec![7]).to_bytes().unwrap();
        let payload = envelope::open(Kind::Titles, &bytes).unwrap();
        let cut = envelope::seal(Kind::Titles, &payload[..payload.len() - 1]);
        assert!(matches!(Numbers::from_bytes(&cut), Err(ReadError::Decode(_))));
        let mut longer = payload.to_vec();
        longer.push(0);
        let longer = envelope::seal(Kind::Titles, &longer);
        assert_eq!(Numbers::from_bytes(&longer), Err(ReadError::Decode("1 bytes are left over".to_owned())));
        let mut huge = payload.to_vec();
        huge[4..12].fill(0xff);
        assert!(matches!(
            Numbers::from_bytes(&envelope::seal(Kind::Titles, &huge)),
            Err(ReadError::Decode(_))
        ));
    }

    #[test]
    fn step_8_validate_refuses_what_does_not_fit_together() {
        let bytes = Numbers(vec![7]).to_bytes().unwrap();
        let mut payload = envelope::open(Kind::Titles, &bytes).unwrap().to_vec();
        payload[0] = 2;
        assert!(matches!(
            Numbers::from_bytes(&envelope::seal(Kind::Titles, &payload)),
            Err(ReadError::Invalid(Invalid { field: "values", .. }))
        ));
    }
}
