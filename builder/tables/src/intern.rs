//! Numbers ids.

use catalog::{IdError, check_id};
use foldhash::HashMap;

/// Table that numbers ids in the order in which they first appear.
///
/// Its hashes have a random seed, since ids come from anybody: with a fixed one, ids that collide could be
/// made in advance, and a file of them would take quadratic time. Numbers do not depend on hashes.
#[derive(Debug, Default)]
pub struct Interner {
    short: HashMap<u128, u32>,
    long: HashMap<Box<[u8]>, u32>,
    names: Vec<Box<str>>,
    /// The id seen last, since rows of one user usually come together.
    last: Option<(u128, u32)>,
}

/// Packs an id of up to 15 bytes and its length into one number. Nearly all ids are that short, and need no
/// allocation and no comparison of slices.
fn short_key(bytes: &[u8]) -> Option<u128> {
    if bytes.len() > 15 {
        return None;
    }
    // A loop over a few bytes is faster than copying a slice of unknown length.
    let half = |part: &[u8]| part.iter().fold(0_u64, |key, &byte| (key << 8) | u64::from(byte));
    let (low, high) = bytes.split_at(bytes.len().min(8));
    Some(u128::from(half(low)) | u128::from(half(high)) << 64 | (bytes.len() as u128) << 120)
}

impl Interner {
    /// Returns the number of an id, if it has one.
    pub fn get(&self, bytes: &[u8]) -> Option<u32> {
        match short_key(bytes) {
            Some(key) => self.short.get(&key).copied(),
            None => self.long.get(bytes).copied(),
        }
    }

    /// Returns the number of an id, adding the id if it is new.
    pub fn intern(&mut self, bytes: &[u8]) -> Result<u32, IdError> {
        let key = short_key(bytes);
        if let (Some(key), Some((last, idx))) = (key, self.last)
            && key == last
        {
            return Ok(idx);
        }
        let known = match key {
            Some(key) => self.short.get(&key),
            None => self.long.get(bytes),
        };
        let idx = match known {
            Some(&idx) => idx,
            None => self.insert(key, bytes)?,
        };
        if let Some(key) = key {
            self.last = Some((key, idx));
        }
        Ok(idx)
    }

    fn insert(&mut self, key: Option<u128>, bytes: &[u8]) -> Result<u32, IdError> {
        check_id(bytes)?;
        let name = str::from_utf8(bytes).map_err(|e| IdError::NotText { position: e.valid_up_to() })?;
        // No table with an id more than that is made: `check_count` refuses it.
        let idx = u32::try_from(self.names.len()).map_err(|_| IdError::TooMany)?;
        match key {
            Some(key) => self.short.insert(key, idx),
            None => self.long.insert(bytes.into(), idx),
        };
        self.names.push(name.into());
        Ok(idx)
    }

    /// Keeps the ids that are used. Returns their new numbers by the old ones; those of the others mean
    /// nothing.
    pub(crate) fn keep(&mut self, used: &[bool]) -> Vec<u32> {
        let mut kept = Self::default();
        let mut numbers = Vec::with_capacity(self.names.len());
        for (name, &is_used) in self.names.iter().zip(used) {
            let number = if is_used { kept.intern(name.as_bytes()) } else { Ok(0) };
            numbers.push(number.expect("an id that was interned is well formed"));
        }
        *self = kept;
        numbers
    }

    /// Returns the ids, by number.
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_order_of_arrival() {
        let mut ids = Interner::default();
        let long = "x".repeat(40);
        for (id, expected) in [("b", 0), ("a", 1), (long.as_str(), 2), ("b", 0), ("b", 0), (&long, 2)] {
            assert_eq!(ids.intern(id.as_bytes()), Ok(expected));
        }
        assert_eq!((ids.get(b"a"), ids.get(b"a\0"), ids.get(long.as_bytes())), (Some(1), None, Some(2)));
        assert!(ids.intern(b"").is_err() && ids.intern(b"a\nb").is_err());
        assert_eq!(ids.names().len(), 3);
        assert_eq!(ids.intern("名".as_bytes()), Ok(3));
        assert_eq!(&*ids.names()[3], "名");
    }
}
