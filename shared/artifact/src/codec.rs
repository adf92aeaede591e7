//! The only module that uses bincode.
//!
//! Configuration: fixed-width integers, little-endian, and the limit below. `wincode` reads and writes the
//! same bytes, as a test of the golden files shows, so replacing bincode would change only this file.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::envelope::{self, ReadError};
use crate::{Invalid, Kind};

/// Why a payload could not be encoded.
#[derive(Debug, Error)]
#[error("cannot encode {kind}: {reason}")]
pub struct EncodeError {
    /// The kind of artifact.
    pub kind: Kind,
    /// The reason, as bincode gives it.
    pub reason: String,
}

/// The most bytes that decoding one payload may allocate. Large blocks are borrowed, so the limit applies
/// only to the small parts that are copied.
const DECODE_LIMIT: usize = 1 << 31;

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_fixed_int_encoding().with_little_endian().with_limit::<DECODE_LIMIT>()
}

/// A value that is stored as one artifact.
///
/// The stored form is a separate type of borrowed bytes. So the domain type can change without the format,
/// and reading a large block is a single copy.
pub trait Artifact: Sized {
    /// The kind of artifact.
    const KIND: Kind;

    /// The stored form.
    type Stored<'a>: Serialize + Deserialize<'a>;

    /// Calls `write` with the stored form of `self`.
    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R;

    /// Checks the decoded parts and makes the value of them: step 8 of reading.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    fn from_stored(stored: Self::Stored<'_>) -> Result<Self, Invalid>;

    /// Encodes the value and puts it into an envelope.
    ///
    /// # Errors
    /// [`EncodeError`], if bincode cannot express a part.
    fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let payload = self
            .with_stored(|stored| bincode::serde::encode_to_vec(stored, config()))
            .map_err(|e| EncodeError { kind: Self::KIND, reason: e.to_string() })?;
        Ok(envelope::seal(Self::KIND, &payload))
    }

    /// Reads a value by all eight steps.
    ///
    /// # Errors
    /// The step that refused the bytes.
    fn from_bytes(bytes: &[u8]) -> Result<Self, ReadError> {
        let payload = envelope::open(Self::KIND, bytes)?;
        let (stored, used) =
            bincode::serde::borrow_decode_from_slice::<Self::Stored<'_>, _>(payload, config())
                .map_err(|e| ReadError::Decode(e.to_string()))?;
        let n_left = payload.len().saturating_sub(used);
        if n_left > 0 {
            return Err(ReadError::Decode(format!("{n_left} bytes are left over")));
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
