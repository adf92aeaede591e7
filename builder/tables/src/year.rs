//! Release years.

/// Parses a year of four digits, above 0.
pub fn parse_year(text: &str) -> Option<u16> {
    let form = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    if form { text.parse().ok().filter(|&year| year > 0) } else { None }
}
