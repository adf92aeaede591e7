//! Grammar of a rating and of a timestamp, used for every file.

use catalog::{RATING_MAX, RATING_MIN};
use memchr::memchr_iter;

use crate::Reason;

/// Parses a decimal number: digits with at most one point (`4`, `4.0`, `.5`). A number with a minus sign is
/// always out of range. Exponents and words are malformed.
pub(crate) fn parse_rating(text: &[u8]) -> Result<f32, Reason> {
    match text {
        [whole @ b'1'..=b'4'] | [whole @ b'1'..=b'4', b'.', b'0'] => return Ok(f32::from(whole - b'0')),
        [whole @ b'0'..=b'4', b'.', b'5'] => return Ok(f32::from(whole - b'0') + 0.5),
        _ => {}
    }
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let n_points = memchr_iter(b'.', digits).count();
    let n_digits = digits.iter().filter(|b| b.is_ascii_digit()).count();
    if n_points > 1 || n_digits == 0 || n_points + n_digits != digits.len() {
        return Err(Reason::RatingMalformed);
    }
    let text = str::from_utf8(text).map_err(|_| Reason::RatingMalformed)?;
    // Check the range on the wider type: as a 32-bit number, 5.00000001 is 5.
    let (Ok(wide), Ok(rating)) = (text.parse::<f64>(), text.parse::<f32>()) else {
        return Err(Reason::RatingMalformed);
    };
    if (f64::from(RATING_MIN)..=f64::from(RATING_MAX)).contains(&wide) {
        Ok(rating)
    } else {
        Err(Reason::RatingOutOfRange)
    }
}

/// Parses whole seconds since 1970. A number with a minus sign is out of range.
pub(crate) fn parse_timestamp(text: &[u8]) -> Result<u32, Reason> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Reason::TimestampMalformed);
    }
    if digits.len() != text.len() {
        return Err(Reason::TimestampOutOfRange);
    }
    let mut value = 0_u64;
    for digit in digits {
        value = value * 10 + u64::from(digit - b'0');
        if value > u64::from(u32::MAX) {
            return Err(Reason::TimestampOutOfRange);
        }
    }
    Ok(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_are_plain_decimal_numbers() {
        for (text, value) in [("0.5", 0.5), ("5", 5.0), ("5.0", 5.0), (".5", 0.5), ("3.", 3.0), ("3.7", 3.7)]
        {
            assert_eq!(parse_rating(text.as_bytes()), Ok(value), "{text}");
        }
        for text in ["0", "0.0", "0.4999999999", "5.5", "5.000000001", "10", "-4", "99999999999999999999999"]
        {
            assert_eq!(parse_rating(text.as_bytes()), Err(Reason::RatingOutOfRange), "{text}");
        }
        for text in ["", ".", "-", "+4", "4e0", "inf", "NaN", "4,0", "4.0.0", "four", "\u{664}"] {
            assert_eq!(parse_rating(text.as_bytes()), Err(Reason::RatingMalformed), "{text}");
        }
    }
}
