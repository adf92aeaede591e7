//! Bytes as lowercase hexadecimal digits.

use std::fmt;

/// Shows bytes as lowercase hexadecimal digits.
pub(crate) struct Digits<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Reads `N` bytes from exactly twice as many lowercase hexadecimal digits.
pub(crate) fn parse<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
}

/// Returns whether a text has the form of a release's name: 32 digits, or 16 as names had at first.
pub(crate) fn is_name(text: &str) -> bool {
    parse::<16>(text).is_some() || parse::<8>(text).is_some()
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a' - 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_round_trip(bytes: [u8; 5]) {
            prop_assert_eq!(parse(&Digits(&bytes).to_string()), Some(bytes));
        }

        #[test]
        fn other_texts_are_refused(text in "[0-9a-gA-F é]{0,6}") {
            let is_hex = text.len() == 4 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            prop_assert_eq!(parse::<2>(&text).is_some(), is_hex);
        }
    }
}
