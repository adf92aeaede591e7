//! Large blocks inside a payload: numbers as little-endian bytes, text as one heap with offsets.

use std::ops::Range;

use half::f16;
use half::slice::HalfFloatSliceExt as _;

use crate::Invalid;

macro_rules! block {
    ($type:ty, $to_bytes:ident, $from_bytes:ident) => {
        #[doc = concat!("Returns the little-endian bytes of `", stringify!($type), "` values.")]
        pub fn $to_bytes(values: &[$type]) -> Vec<u8> {
            values.iter().flat_map(|v| v.to_le_bytes()).collect()
        }

        #[doc = concat!("Reads `n` values of type `", stringify!($type), "` from little-endian bytes.")]
        ///
        /// # Errors
        /// The number of bytes is not `n` times the width.
        pub fn $from_bytes(field: &'static str, bytes: &[u8], n: usize) -> Result<Vec<$type>, Invalid> {
            const WIDTH: usize = size_of::<$type>();
            if n.checked_mul(WIDTH) != Some(bytes.len()) {
                return Err(Invalid::new(
                    field,
                    format!("{n} values of {WIDTH} bytes do not fill {} bytes", bytes.len()),
                ));
            }
            let (chunks, _) = bytes.as_chunks::<WIDTH>();
            Ok(chunks.iter().map(|c| <$type>::from_le_bytes(*c)).collect())
        }
    };
}

block!(u16, from_u16, to_u16);
block!(u32, from_u32, to_u32);
block!(u64, from_u64, to_u64);
block!(f32, from_f32, to_f32);
block!(f64, from_f64, to_f64);

/// Returns the little-endian bytes of the half-precision numbers (IEEE 754 binary16) nearest to the values.
/// Ties go to the even one, and values beyond ±65,504 become infinite.
pub fn from_f32_as_half(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect()
}

/// The number of half-precision numbers that are converted at once, so that they stay in the cache.
const AT_ONCE: usize = 512;

/// Reads `n` values from the little-endian bytes of half-precision numbers.
///
/// # Errors
/// The number of bytes is not twice `n`.
pub fn half_to_f32(field: &'static str, bytes: &[u8], n: usize) -> Result<Vec<f32>, Invalid> {
    if n.checked_mul(2) != Some(bytes.len()) {
        return Err(Invalid::new(field, format!("{n} values of 2 bytes do not fill {} bytes", bytes.len())));
    }
    // They are appended, since filling a vector with zeros first would write everything twice.
    let mut singles = [0.0; AT_ONCE];
    let mut values = Vec::with_capacity(n);
    for bytes in bytes.chunks(2 * AT_ONCE) {
        #[expect(clippy::indexing_slicing, reason = "a chunk has at most `AT_ONCE` values")]
        let singles = &mut singles[..bytes.len() / 2];
        read_halves(bytes, singles);
        values.extend_from_slice(singles);
    }
    Ok(values)
}

/// Converts the little-endian bytes of half-precision numbers, and stops at the end of the shorter slice.
pub fn read_halves(bytes: &[u8], values: &mut [f32]) {
    let mut halves = [f16::ZERO; AT_ONCE];
    for (bytes, values) in bytes.as_chunks::<2>().0.chunks(AT_ONCE).zip(values.chunks_mut(AT_ONCE)) {
        for (half, bytes) in halves.iter_mut().zip(bytes) {
            *half = f16::from_le_bytes(*bytes);
        }
        #[expect(clippy::indexing_slicing, reason = "a chunk has at most `AT_ONCE` values")]
        halves[..values.len()].convert_to_f32_slice(values);
    }
}

/// Returns one of the half-precision numbers, given as little-endian bytes; `None` beyond the last.
pub fn half_at(bytes: &[u8], index: usize) -> Option<f32> {
    bytes.as_chunks::<2>().0.get(index).map(|bytes| f16::from_le_bytes(*bytes).to_f32())
}

/// Returns whether all half-precision numbers, given as little-endian bytes, are finite.
pub fn halves_are_finite(bytes: &[u8]) -> bool {
    const EXPONENT: u16 = 0x7c00;
    // Without an early return, which would prevent vectorization.
    let (halves, rest) = bytes.as_chunks::<2>();
    rest.is_empty()
        && halves.iter().fold(true, |finite, &h| finite & (u16::from_le_bytes(h) & EXPONENT != EXPONENT))
}

/// Rounds values to those that [`from_f32_as_half`] stores.
pub fn round_to_half(values: &mut [f32]) {
    for value in values {
        *value = f16::from_f32(*value).to_f32();
    }
}

/// Reads `n + 1` offsets that cut `total` rows into `n` groups: from 0 to `total`, never decreasing.
///
/// # Errors
/// The number of offsets is wrong, or they do not cut the rows.
pub fn to_offsets(field: &'static str, bytes: &[u8], n: usize, total: u32) -> Result<Vec<u32>, Invalid> {
    let offsets = to_u32(field, bytes, n.saturating_add(1))?;
    let spans = offsets.first() == Some(&0) && offsets.last() == Some(&total);
    Invalid::unless(spans && offsets.is_sorted(), field, "the offsets do not cut the rows")?;
    Ok(offsets)
}

/// Returns where group `i` begins and ends, by offsets as [`to_offsets`] reads them.
///
/// # Panics
/// If `i` is not below the number of groups.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the caller guarantees that the group exists"
)]
pub fn span(offsets: &[u32], i: usize) -> Range<usize> {
    offsets[i] as usize..offsets[i + 1] as usize
}

/// Returns the rows of group `i`, by offsets as [`to_offsets`] reads them.
///
/// # Panics
/// If `i` is not below the number of groups, or the offsets go beyond the rows.
#[expect(clippy::indexing_slicing, reason = "`to_offsets` checks that the offsets cut all rows, in order")]
pub fn group<'a, T>(rows: &'a [T], offsets: &[u32], i: usize) -> &'a [T] {
    &rows[span(offsets, i)]
}

/// Many texts in one allocation: text `i` is `text[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextHeap {
    offsets: Vec<u32>,
    text: String,
}

impl Default for TextHeap {
    fn default() -> Self {
        Self { offsets: vec![0], text: String::new() }
    }
}

impl TextHeap {
    /// Appends a text and returns its position.
    ///
    /// # Panics
    /// If the heap would exceed 4 GiB, far more than any catalog needs.
    pub fn push(&mut self, text: &str) -> u32 {
        let position = self.len() as u32;
        self.text.push_str(text);
        let end = u32::try_from(self.text.len()).expect("a text heap holds at most 4 GiB");
        self.offsets.push(end);
        position
    }

    /// Returns the number of texts.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Returns whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns text `i`.
    ///
    /// # Panics
    /// If `i` is not below [`TextHeap::len`].
    pub fn get(&self, i: usize) -> &str {
        &self.text[span(&self.offsets, i)]
    }

    /// Returns all texts, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i))
    }

    /// Returns the first position in `range` whose text does not satisfy `before`, by binary search. All
    /// texts that satisfy it have to come first, as in [`slice::partition_point`].
    ///
    /// # Panics
    /// If the range goes beyond [`TextHeap::len`].
    pub fn partition_point(&self, range: Range<usize>, before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = usize::midpoint(low, high);
            if before(self.get(middle)) {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        low
    }

    /// Returns the bytes of the offsets and of the text, as they are stored.
    pub fn to_blocks(&self) -> (Vec<u8>, &[u8]) {
        (from_u32(&self.offsets), self.text.as_bytes())
    }

    /// Reads a heap of `n` texts from its stored bytes.
    ///
    /// # Errors
    /// The number of offsets is wrong, offsets are out of order or within a character, or the text is not
    /// UTF-8.
    pub fn from_blocks(field: &'static str, offsets: &[u8], text: &[u8], n: usize) -> Result<Self, Invalid> {
        let offsets = to_u32(field, offsets, n.saturating_add(1))?;
        let text = str::from_utf8(text).map_err(|e| Invalid::new(field, e.to_string()))?;
        let spans = offsets.first() == Some(&0) && offsets.last().map(|&o| o as usize) == Some(text.len());
        if !spans || !offsets.is_sorted() || !offsets.iter().all(|&o| text.is_char_boundary(o as usize)) {
            return Err(Invalid::new(field, "the offsets do not cut the text"));
        }
        Ok(Self { offsets, text: text.to_owned() })
    }
}

impl<'a> FromIterator<&'a str> for TextHeap {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut heap = Self::default();
        for text in texts {
            heap.push(text);
        }
        heap
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_round_trip(values: Vec<f32>) {
            let back = to_f32("x", &from_f32(&values), values.len()).unwrap();
            prop_assert!(back.iter().zip(&values).all(|(a, b)| a.to_bits() == b.to_bits()));
        }

        #[test]
        fn texts_round_trip(texts: Vec<String>) {
            let heap: TextHeap = texts.iter().map(String::as_str).collect();
            let (offsets, text) = heap.to_blocks();
            let back = TextHeap::from_blocks("x", &offsets, text, texts.len()).unwrap();
            prop_assert!(back.iter().eq(texts.iter().map(String::as_str)));
        }
    }

    #[test]
    fn a_search_in_a_range_finds_where_texts_change() {
        let texts = ["a", "b", "b", "c", "e"];
        let heap: TextHeap = texts.into_iter().collect();
        for start in 0..=texts.len() {
            for end in start..=texts.len() {
                for wanted in ["", "a", "b", "d", "f"] {
                    let expected = start + texts[start..end].partition_point(|text| *text < wanted);
                    assert_eq!(heap.partition_point(start..end, |text| text < wanted), expected);
                }
            }
        }
    }

    #[test]
    fn offsets_that_do_not_cut_the_text_are_refused() {
        for (offsets, text) in
            [(vec![0, 1, 2], "é"), (vec![0, 3, 2], "ab"), (vec![1, 1, 2], "ab"), (vec![0, 1, 3], "ab")]
        {
            assert!(TextHeap::from_blocks("x", &from_u32(&offsets), text.as_bytes(), 2).is_err());
        }
        assert!(TextHeap::from_blocks("x", &from_u32(&[0, 1]), b"\xff", 1).is_err());
        assert!(TextHeap::from_blocks("x", &[], b"", usize::MAX).is_err());
        assert!(to_u16("x", &[0; 3], 1).is_err());
        assert!(to_u64("x", &[0; 8], usize::MAX).is_err());
    }
}
