use artifact::{Manifest, Pointer, ReleaseKeys, Signature};

use crate::ReleaseError;

/// The signature of a release that is about to become current, and the requirements for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signing<'a> {
    /// A new signature. It replaces any other.
    pub made: Option<Signature>,
    /// The signature that the release had in the store it comes from. If this store has one already, that one
    /// is kept.
    pub copied: Option<Signature>,
    /// If given, the release must be signed with one of these keys. Of several signatures, one that is
    /// counts.
    pub keys: Option<&'a ReleaseKeys>,
    /// Whether an unsigned release may replace a signed one. Servers that require signatures could not start
    /// with it.
    pub may_be_unsigned: bool,
}

impl Signing<'_> {
    /// No requirements.
    pub const ANY: Self = Signing { made: None, copied: None, keys: None, may_be_unsigned: true };

    /// Returns the signature for the pointer. `before` is the pointer that will be replaced, and `stored` is
    /// the signature that the store has for the release.
    pub(crate) fn settle(
        &self,
        manifest: &Manifest,
        before: Option<&Pointer>,
        stored: Option<Signature>,
        location: impl FnOnce() -> String,
    ) -> Result<Option<Signature>, ReleaseError> {
        let release = manifest.release();
        let current = before.filter(|before| before.release == release).and_then(|before| before.signature);
        let mut known = [self.made, current, stored, self.copied].into_iter().flatten();
        let signature = match self.keys {
            None => known.next(),
            Some(keys) => {
                let first = known.clone().next();
                let trusted = known.find(|signature| keys.check(manifest, Some(signature)).is_ok());
                keys.check(manifest, trusted.or(first).as_ref())?;
                trusted
            }
        };
        let was_signed = before.is_some_and(|before| before.signature.is_some());
        if signature.is_none() && was_signed && !self.may_be_unsigned {
            return Err(ReleaseError::Unsigned { release, location: location() });
        }
        Ok(signature)
    }
}
