//! Grammar of a rating, used for every file.

use memchr::memchr_iter;

use crate::Reason;

/// Parses a decimal number: an optional minus sign, and digits with at most one point (`4`, `4.0`, `.5`), or
/// with a comma instead of the point if `decimal_comma`. Exponents and words are malformed. Whether the
/// number is on the scale is decided later, when the scale is known.
pub(crate) fn parse_rating(text: &[u8], decimal_comma: bool) -> Result<f32, Reason> {
    match text {
        [whole @ b'0'..=b'9'] | [whole @ b'0'..=b'9', b'.', b'0'] => return Ok(f32::from(whole - b'0')),
        [whole @ b'0'..=b'9', b'.', b'5'] => return Ok(f32::from(whole - b'0') + 0.5),
        _ => {}
    }
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let point = if decimal_comma && !digits.contains(&b'.') { b',' } else { b'.' };
    let n_points = memchr_iter(point, digits).count();
    let n_digits = digits.iter().filter(|b| b.is_ascii_digit()).count();
    if n_points > 1 || n_digits == 0 || n_points + n_digits != digits.len() {
        return Err(Reason::RatingMalformed);
    }
    let text = str::from_utf8(text).map_err(|_| Reason::RatingMalformed)?;
    let text = if point == b',' { text.replace(',', ".") } else { text.to_owned() };
    let (Ok(wide), Ok(rating)) = (text.parse::<f64>(), text.parse::<f32>()) else {
        return Err(Reason::RatingMalformed);
    };
    if !rating.is_finite() {
        return Err(Reason::RatingOutOfRange);
    }
    // As a 32-bit number, 5.00000001 is 5: a number beyond the end of a scale may not become its end.
    if rating.fract() == 0.0 && wide > f64::from(rating) {
        return Ok(rating.next_up());
    }
    if rating.fract() == 0.0 && wide < f64::from(rating) {
        return Ok(rating.next_down());
    }
    Ok(rating)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_are_plain_decimal_numbers() {
        for (text, value) in [
            ("0.5", 0.5),
            ("5", 5.0),
            ("5.0", 5.0),
            (".5", 0.5),
            ("3.", 3.0),
            ("3.7", 3.7),
            ("0", 0.0),
            ("10", 10.0),
            ("-4", -4.0),
            ("87.25", 87.25),
        ] {
            assert_eq!(parse_rating(text.as_bytes(), false), Ok(value), "{text}");
        }
        let beyond = parse_rating(b"5.000000001", false).unwrap();
        let below = parse_rating(b"0.9999999999", false).unwrap();
        assert!(beyond > 5.0 && below < 1.0, "{beyond} {below}");
        assert_eq!(parse_rating(&[b'9'; 60], false), Err(Reason::RatingOutOfRange));
        for text in ["", ".", "-", "+4", "4e0", "inf", "NaN", "4,0", "4.0.0", "four", "\u{664}"] {
            assert_eq!(parse_rating(text.as_bytes(), false), Err(Reason::RatingMalformed), "{text}");
        }
        for (text, value) in [("3,5", 3.5), ("4", 4.0), ("4.5", 4.5), ("-0,25", -0.25)] {
            assert_eq!(parse_rating(text.as_bytes(), true), Ok(value), "{text}");
        }
        assert_eq!(parse_rating(b"3,5,1", true), Err(Reason::RatingMalformed));
    }
}
