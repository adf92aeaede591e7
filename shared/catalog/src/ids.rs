use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest id, in bytes.
pub const MAX_ID_BYTES: usize = 64;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdError {
    /// It is empty.
    #[error("an id may not be empty")]
    Empty,
    /// It has more than 64 bytes.
    #[error("an id has at most {MAX_ID_BYTES} bytes, this one has {0}")]
    TooLong(usize),
    /// It has a byte that would need quoting in a URL path or a CSV cell.
    #[error("an id may contain only letters, digits and - _ . : @ + ~, and byte {position} is {byte:#04x}")]
    Forbidden {
        /// Offset of the byte, from 0.
        position: usize,
        /// The byte.
        byte: u8,
    },
}

/// Checks that a text has the form of an id, without allocating.
///
/// # Errors
/// It is empty, has more than 64 bytes, or has a byte other than `A-Z a-z 0-9 - _ . : @ + ~`.
pub fn check_id(text: &[u8]) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_ID_BYTES {
        return Err(IdError::TooLong(text.len()));
    }
    match text.iter().position(|b| !(b.is_ascii_alphanumeric() || b"-_.:@+~".contains(b))) {
        None => Ok(()),
        Some(position) => Err(IdError::Forbidden { position, byte: text[position] }),
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks the form and keeps a copy.
            ///
            /// # Errors
            /// [`IdError`].
            pub fn new(text: &str) -> Result<Self, IdError> {
                check_id(text.as_bytes())?;
                Ok(Self(text.into()))
            }

            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// The identity of a title: the platform's id prefix followed by the platform's own `show_id` (`ns8807`).
    /// In tables made of MovieLens files it is the movie's number.
    TitleId
}

id! {
    /// The identity of a user. It has no structure.
    ///
    /// Users are ordered by the length of the id, then by its bytes, so that plain numbers are in numeric
    /// order.
    UserId
}

impl UserId {
    /// Compares two ids given as text: shorter first, then by bytes.
    pub fn cmp_text(a: &str, b: &str) -> Ordering {
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for UserId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for UserId {
    fn cmp(&self, other: &Self) -> Ordering {
        Self::cmp_text(self.as_str(), other.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_need_quoting_are_refused() {
        assert_eq!(TitleId::new(""), Err(IdError::Empty));
        assert_eq!(TitleId::new(&"x".repeat(65)), Err(IdError::TooLong(65)));
        assert_eq!(UserId::new("a/b"), Err(IdError::Forbidden { position: 1, byte: b'/' }));
        assert_eq!(UserId::new("é"), Err(IdError::Forbidden { position: 0, byte: 0xc3 }));
        assert_eq!(TitleId::new("ns8807").map(|id| id.to_string()), Ok("ns8807".to_owned()));
    }

    #[test]
    fn numeric_users_are_in_numeric_order() {
        let mut users: Vec<UserId> =
            ["10", "9", "b", "100", "a"].iter().map(|u| UserId::new(u).unwrap()).collect();
        users.sort();
        let order: Vec<&str> = users.iter().map(UserId::as_str).collect();
        assert_eq!(order, ["9", "a", "b", "10", "100"]);
    }
}
