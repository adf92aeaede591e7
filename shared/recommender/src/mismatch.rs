use artifact::Invalid;
use thiserror::Error;

/// Artifacts that do not belong to the same release.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}: {expected} in the {one}, {found} in the {other}; these artifacts are not of one release")]
pub struct Mismatch {
    what: &'static str,
    one: &'static str,
    expected: usize,
    other: &'static str,
    found: usize,
}

impl Mismatch {
    pub(crate) fn unless_equal(
        what: &'static str,
        one: &'static str,
        expected: usize,
        other: &'static str,
        found: usize,
    ) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self { what, one, expected, other, found }) }
    }
}

impl From<Mismatch> for Invalid {
    fn from(mismatch: Mismatch) -> Self {
        Self::new("release", mismatch.to_string())
    }
}
