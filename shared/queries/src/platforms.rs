use artifact::Invalid;
use artifact::blocks::TextHeap;
use catalog::TitleTable;
use serde::{Deserialize, Serialize};

use crate::QueryError;

/// The platforms of a release, in source order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Platforms(TextHeap);

/// The stored form of [`Platforms`]: a heap of at most 255 names.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredPlatforms<'a> {
    n: u32,
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    names: &'a [u8],
}

impl Platforms {
    /// Takes the platforms of a table.
    pub fn of(titles: &TitleTable) -> Self {
        Self(titles.platforms().iter().map(catalog::Platform::as_str).collect())
    }

    /// Returns the name of a platform.
    ///
    /// # Panics
    /// If `idx` is not below [`Platforms::len`].
    pub fn name(&self, idx: usize) -> &str {
        self.0.get(idx)
    }

    /// Returns the number of platforms.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all names, in source order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter()
    }

    /// Returns the position of a platform, whose name may be in any case.
    ///
    /// # Errors
    /// [`QueryError::UnknownPlatform`].
    pub fn position(&self, name: &str) -> Result<usize, QueryError> {
        self.0.iter().position(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| {
            QueryError::UnknownPlatform {
                found: name.to_owned(),
                allowed: self.0.iter().map(str::to_owned).collect(),
            }
        })
    }

    /// Calls `write` with the stored form.
    pub(crate) fn with_stored<R>(&self, write: impl FnOnce(StoredPlatforms<'_>) -> R) -> R {
        let (offsets, names) = self.0.to_blocks();
        write(StoredPlatforms { n: self.0.len() as u32, offsets: &offsets, names })
    }

    /// Reads the stored form.
    pub(crate) fn from_stored(stored: &StoredPlatforms<'_>) -> Result<Self, Invalid> {
        Invalid::unless(stored.n <= 255, "platforms", "more than 255")?;
        TextHeap::from_blocks("platforms", stored.offsets, stored.names, stored.n as usize).map(Self)
    }
}
