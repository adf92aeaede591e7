use artifact::{Manifest, Pointer, ReleaseKeys, Signature};

use crate::ReleaseError;

/// How a release is signed that is to become current, and what is asked of its signature.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signing<'a> {
    /// A signature that was just made. It replaces any other.
    pub made: Option<Signature>,
    /// A signature that came with the release. If the store already has one of the release, that one is kept.
    pub copied: Option<Signature>,
    /// The keys of those who serve the release, if they are known. The signature must be of one of them.
    pub keys: Option<&'a ReleaseKeys>,
    /// Whether a release without a signature may follow one that has one. Those who serve only signed
    /// releases could not start with it.
    pub may_be_unsigned: bool,
}

impl Signing<'_> {
    /// Asks nothing of a signature.
    pub const ANY: Self = Signing { made: None, copied: None, keys: None, may_be_unsigned: true };

    /// Returns the signature that the pointer gets. `before` is the pointer that will be replaced, and
    /// `stored` is the signature of the release that the store has.
    pub(crate) fn settle(
        &self,
        manifest: &Manifest,
        before: Option<&Pointer>,
        stored: Option<Signature>,
        location: impl FnOnce() -> String,
    ) -> Result<Option<Signature>, ReleaseError> {
        let release = manifest.release();
        let current = before.filter(|before| before.release == release).and_then(|before| before.signature);
        let signature = self.made.or(current).or(stored).or(self.copied);
        if let Some(keys) = self.keys {
            keys.check(manifest, signature.as_ref())?;
        }
        let was_signed = before.is_some_and(|before| before.signature.is_some());
        if signature.is_none() && was_signed && !self.may_be_unsigned {
            return Err(ReleaseError::Unsigned { release, location: location() });
        }
        Ok(signature)
    }
}
