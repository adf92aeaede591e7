use std::error::Error;
use std::fmt;
use std::ops::Range;

use thiserror::Error;

/// What a store was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read an object.
    Read,
    /// Write an object.
    Write,
    /// List objects.
    List,
    /// Delete an object.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::List => "list",
            Self::Delete => "delete",
        })
    }
}

/// Why a store did not do as asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("there is no {key} in {location}")]
    NotFound {
        /// The key asked for.
        key: String,
        /// The store.
        location: String,
    },
    /// The folder or bucket itself is missing.
    #[error("there is no store at {location}; check the name, or publish a release there first")]
    NoStore {
        /// Where one was expected.
        location: String,
    },
    /// The object is not what the writer expected to replace.
    #[error("{key} in {location} was changed by somebody else; nothing was written")]
    Conflict {
        /// The key.
        key: String,
        /// The store.
        location: String,
    },
    /// Other bytes are stored under an immutable key.
    #[error("{key} in {location} holds other bytes than it should; it was left as it is")]
    Differs {
        /// The key.
        key: String,
        /// The store.
        location: String,
    },
    /// What was to be written could not be read, or is not what was told of it.
    #[error("{key} was not written to {location}: its bytes could not be had")]
    Source {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The object has not all of the bytes asked for.
    #[error("{key} in {location} has no bytes {} to {}", .range.start, .range.end)]
    OutOfRange {
        /// The key.
        key: String,
        /// The store.
        location: String,
        /// The bytes asked for.
        range: Range<u64>,
    },
    /// A key or prefix that no store takes.
    #[error("{key:?} is no key: {problem}")]
    InvalidKey {
        /// The text.
        key: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file system or the service failed.
    #[error("cannot {action} {key:?} in {location}{}", remedy(.hint.as_deref()))]
    Backend {
        /// What was asked for.
        action: Action,
        /// The key, or the prefix of a list.
        key: String,
        /// The store.
        location: String,
        /// What to do about it, where that is known.
        hint: Option<String>,
        /// What the file system or the service said.
        source: Box<dyn Error + Send + Sync>,
    },
}

fn remedy(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |h| format!("; {h}"))
}

impl StoreError {
    /// Whether the object, or the whole store, is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::NoStore { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_key_place_and_remedy_and_leaves_the_cause_to_its_source() {
        let error = |hint: Option<&str>| StoreError::Backend {
            action: Action::Write,
            key: "a".to_owned(),
            location: "here".to_owned(),
            hint: hint.map(str::to_owned),
            source: "disk full".into(),
        };
        assert_eq!(error(None).to_string(), "cannot write \"a\" in here");
        assert_eq!(error(Some("make room")).to_string(), "cannot write \"a\" in here; make room");
        assert_eq!(error(None).source().map(ToString::to_string).as_deref(), Some("disk full"));
        assert!(!error(None).is_missing());
    }
}
