use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest id, in bytes.
pub const MAX_ID_BYTES: usize = 256;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdError {
    /// It is empty.
    #[error("an id may not be empty")]
    Empty,
    /// It has more than 256 bytes.
    #[error("an id has at most {MAX_ID_BYTES} bytes, this one has {0}")]
    TooLong(usize),
    /// It is not UTF-8.
    #[error("an id is text in UTF-8, and byte {position} is not")]
    NotText {
        /// Offset of the byte, from 0.
        position: usize,
    },
    /// It has a control character.
    #[error("an id may not contain control characters, and the one at byte {position} is {character:?}")]
    Control {
        /// Offset of the character, in bytes from 0.
        position: usize,
        /// The character.
        character: char,
    },
    /// There are as many other ids as can be numbered.
    #[error("there are more than {} different ids, and no more can be numbered", u32::MAX)]
    TooMany,
    /// It begins or ends with white space.
    #[error("an id may not begin or end with white space")]
    Padded,
}

/// Checks that a text has the form of an id, without allocating.
///
/// # Errors
/// It is empty, has more than 256 bytes, is not UTF-8, has a control character (a line end, a tab), or begins
/// or ends with white space.
pub fn check_id(text: &[u8]) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_ID_BYTES {
        return Err(IdError::TooLong(text.len()));
    }
    // Nearly all ids are of this form.
    if text.iter().all(u8::is_ascii_graphic) {
        return Ok(());
    }
    let text = str::from_utf8(text).map_err(|error| IdError::NotText { position: error.valid_up_to() })?;
    if let Some((position, character)) = text.char_indices().find(|(_, c)| c.is_control()) {
        return Err(IdError::Control { position, character });
    }
    if text.trim() == text { Ok(()) } else { Err(IdError::Padded) }
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
    fn any_short_text_without_control_characters_is_an_id() {
        for id in
            ["ns8807", "a/b", "007", "a b&c?#%", "é", "名探偵", "ana@example.com", "\"", "a,b", "x\u{200D}y"]
        {
            assert_eq!(TitleId::new(id).map(|id| id.to_string()), Ok(id.to_owned()));
        }
        assert_eq!(TitleId::new(""), Err(IdError::Empty));
        assert!(TitleId::new(&"x".repeat(256)).is_ok());
        assert_eq!(TitleId::new(&"x".repeat(257)), Err(IdError::TooLong(257)));
        assert_eq!(UserId::new("é\n1"), Err(IdError::Control { position: 2, character: '\n' }));
        assert_eq!(UserId::new("a\u{85}"), Err(IdError::Control { position: 1, character: '\u{85}' }));
        assert_eq!(check_id(b"ab\xff"), Err(IdError::NotText { position: 2 }));
        assert_eq!(UserId::new(" a"), Err(IdError::Padded));
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
