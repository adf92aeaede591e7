//! Forms of a point in time.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

use crate::Reason;

/// How the times of a file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// There is no column of times, or nothing in it; every row gets 0.
    Absent,
    /// Unix seconds, perhaps with a fraction.
    Seconds,
    /// Unix time in thousandths of a second.
    Millis,
    /// Unix time in millionths of a second.
    Micros,
    /// ISO 8601: a date, perhaps with a time and a zone. Without a zone, it is UTC. The name of the zone may
    /// follow its offset.
    Iso,
    /// A format of `strftime`.
    Format(Arc<str>),
}

static ISO: DateTimeParser = DateTimeParser::new();

impl TimeForm {
    /// Finds the form that most of these times have. Returns `None` if their forms are all unknown.
    pub(super) fn of(values: &[&[u8]]) -> Option<Self> {
        let filled: Vec<&[u8]> = values.iter().copied().filter(|v| !v.is_empty()).collect();
        if filled.is_empty() {
            return Some(Self::Absent);
        }
        let mut whole: Vec<u64> = filled.iter().filter_map(|v| number(v)).collect();
        let n_iso = filled.iter().filter(|v| Self::Iso.parse(v).is_ok()).count();
        if whole.len() > n_iso {
            whole.sort_unstable();
            // Seconds have ten digits from 2001 to 2286.
            return Some(match whole[whole.len() / 2] {
                100_000_000_000..100_000_000_000_000 => Self::Millis,
                100_000_000_000_000.. => Self::Micros,
                _ => Self::Seconds,
            });
        }
        (n_iso > 0).then_some(Self::Iso)
    }

    /// Returns the Unix time of a text in whole seconds, rounded down.
    pub(super) fn parse(&self, text: &[u8]) -> Result<u32, Reason> {
        match self {
            Self::Absent => Ok(0),
            Self::Seconds => seconds(text),
            Self::Millis => from_units(text, 1_000),
            Self::Micros => from_units(text, 1_000_000),
            Self::Iso => {
                // A date alone has 10 bytes, and no zone.
                if text.len() > 10
                    && let Some(at) = ISO.parse_timestamp(text).ok().or_else(|| with_zone_name(text))
                {
                    return in_range(at);
                }
                in_range(in_utc(ISO.parse_datetime(text).map_err(|_| Reason::TimestampMalformed)?)?)
            }
            Self::Format(format) => {
                let read = || {
                    let parts = strtime::parse(format.as_bytes(), text).ok()?;
                    let local = || parts.to_datetime().or_else(|_| parts.to_date().map(Into::into));
                    parts.to_timestamp().ok().or_else(|| in_utc(local().ok()?).ok())
                };
                in_range(read().ok_or(Reason::TimestampMalformed)?)
            }
        }
    }

    /// Describes the form in words.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Absent => "absent".to_owned(),
            Self::Seconds => "Unix seconds".to_owned(),
            Self::Millis => "Unix milliseconds".to_owned(),
            Self::Micros => "Unix microseconds".to_owned(),
            Self::Iso => "ISO 8601".to_owned(),
            Self::Format(format) => (**format).to_owned(),
        }
    }
}

/// Parses a time as Go prints it: `2020-01-31 10:00:00.5 +0100 CET`.
fn with_zone_name(text: &[u8]) -> Option<Timestamp> {
    let end = text.iter().rposition(|&b| b == b' ')?;
    let is_name = end > 19 && text[end + 1..].iter().all(u8::is_ascii_alphabetic);
    let parts = is_name.then(|| strtime::parse("%Y-%m-%d %H:%M:%S%.f %z", &text[..end]).ok())??;
    parts.to_timestamp().ok()
}

fn in_utc(local: DateTime) -> Result<Timestamp, Reason> {
    TimeZone::UTC.to_timestamp(local).map_err(|_| Reason::TimestampOutOfRange)
}

fn in_range(at: Timestamp) -> Result<u32, Reason> {
    u32::try_from(at.as_second()).map_err(|_| Reason::TimestampOutOfRange)
}

/// Parses whole seconds since 1970; a fraction is dropped. A number with a minus sign is out of range.
pub(crate) fn seconds(text: &[u8]) -> Result<u32, Reason> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let mut value = 0_u64;
    for (at, &digit) in digits.iter().enumerate() {
        if digit == b'.' && at > 0 && digits[at + 1..].iter().all(u8::is_ascii_digit) {
            break;
        }
        if !digit.is_ascii_digit() {
            return Err(Reason::TimestampMalformed);
        }
        value = value.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    }
    if digits.is_empty() {
        return Err(Reason::TimestampMalformed);
    }
    if digits.len() != text.len() {
        return Err(Reason::TimestampOutOfRange);
    }
    u32::try_from(value).map_err(|_| Reason::TimestampOutOfRange)
}

fn from_units(text: &[u8], per_second: u64) -> Result<u32, Reason> {
    if text.first() == Some(&b'-') && number(&text[1..]).is_some() {
        return Err(Reason::TimestampOutOfRange);
    }
    let units = number(text).ok_or(Reason::TimestampMalformed)?;
    u32::try_from(units / per_second).map_err(|_| Reason::TimestampOutOfRange)
}

/// Parses a number without a sign, and drops its fraction. Numbers with an exponent (`1.6e+09`) are refused.
fn number(text: &[u8]) -> Option<u64> {
    let (whole, fraction) = match text.iter().position(|&b| b == b'.') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[][..]),
    };
    if whole.is_empty() || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(whole).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_every_form() {
        for (text, form) in [
            ("1112485427", TimeForm::Seconds),
            ("1112485427.0", TimeForm::Seconds),
            ("1112485427.75", TimeForm::Seconds),
            ("1112485427000", TimeForm::Millis),
            ("1112485427999.5", TimeForm::Millis),
            ("1112485427000000", TimeForm::Micros),
            ("2005-04-02 23:43:47", TimeForm::Iso),
            ("2005-04-02T23:43:47Z", TimeForm::Iso),
            ("2005-04-03T01:43:47.5+02:00", TimeForm::Iso),
            ("2005-04-02 23:43:47 +0000 UTC", TimeForm::Iso),
            ("2005-04-03 01:43:47.123456789 +0200 CEST", TimeForm::Iso),
        ] {
            assert_eq!(TimeForm::of(&[text.as_bytes(), b""]), Some(form.clone()), "{text}");
            assert_eq!(form.parse(text.as_bytes()), Ok(1_112_485_427), "{text}");
        }
        assert_eq!(TimeForm::Iso.parse(b"2005-04-02"), Ok(1_112_400_000));
        let format = |format: &str| TimeForm::Format(format.into());
        assert_eq!(format("%m/%d/%Y").parse(b"04/02/2005"), Ok(1_112_400_000));
        assert_eq!(format("%d.%m.%Y %H:%M:%S").parse(b"02.04.2005 23:43:47"), Ok(1_112_485_427));
        assert_eq!(format("%s").parse(b"1112485427"), Ok(1_112_485_427));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "-", "x", "1,5", "12:30", "+1", "1e9", "."] {
            assert_eq!(seconds(text.as_bytes()), Err(Reason::TimestampMalformed), "{text}");
            assert_eq!(TimeForm::Millis.parse(text.as_bytes()), Err(Reason::TimestampMalformed), "{text}");
        }
        for text in ["-1", "4294967296", "99999999999999999999999"] {
            assert_eq!(seconds(text.as_bytes()), Err(Reason::TimestampOutOfRange), "{text}");
        }
        assert_eq!(TimeForm::Iso.parse(b"2005-02-30"), Err(Reason::TimestampMalformed));
        assert_eq!(TimeForm::Iso.parse(b"1969-12-31"), Err(Reason::TimestampOutOfRange));
        assert_eq!(TimeForm::of(&[b"04/02/2005"]), None);
        assert_eq!(TimeForm::of(&[b"", b""]), Some(TimeForm::Absent));
    }
}
