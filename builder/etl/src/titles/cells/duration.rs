//! Durations, in the forms that catalogs have.

use catalog::{Duration, DurationUnit, Kind};

/// The longest duration that is read, in minutes: 100 hours. The longest in the four platforms' catalogs is
/// 601.
const MAX_MINUTES: u32 = 6_000;
/// The most seasons that are read. The most in the four platforms' catalogs are 34.
const MAX_SEASONS: u32 = 200;

/// Parses a duration in the form that may be in the wrong column (`QUERIES.md`, rule 2): a whole number and
/// `min`, `Season` or `Seasons`, ignoring case. Numbers that no title has are read too.
pub(crate) fn parse_plain_duration(clean: &str) -> Option<Duration> {
    let (number, unit) = clean.split_once(' ')?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) || unit.trim() != unit {
        return None;
    }
    Some(Duration { value: number.parse().ok()?, unit: unit.parse().ok()? })
}

/// Parses a duration: `90 min`, `90`, `90.0 min`, `1h 30m`, `1:30:00`, `PT1H30M`, `2 Seasons` and the like.
/// Seconds are rounded to minutes. A number alone means minutes, but only for films: of a series it could
/// also mean episodes or seasons.
///
/// Returns `None` for other units, and for more than [`MAX_MINUTES`] or [`MAX_SEASONS`].
pub(crate) fn parse_duration(clean: &str, kind: Kind) -> Option<Duration> {
    let duration = match parse_plain_duration(clean) {
        Some(duration) => duration,
        None => parse_other_form(&clean.to_lowercase(), kind)?,
    };
    let longest = match duration.unit {
        DurationUnit::Min => MAX_MINUTES,
        DurationUnit::Season => MAX_SEASONS,
    };
    (duration.value <= longest).then_some(duration)
}

/// Parses a number of seasons, such as `2` or `2.0`; `None` above [`MAX_SEASONS`].
pub(crate) fn parse_seasons(clean: &str) -> Option<Duration> {
    match number(clean) {
        Some(n) => seasons(n).filter(|d| d.value <= MAX_SEASONS),
        None => parse_duration(clean, Kind::Series).filter(|d| d.unit == DurationUnit::Season),
    }
}

fn parse_other_form(lower: &str, kind: Kind) -> Option<Duration> {
    if let Some(n) = number(lower) {
        return (kind == Kind::Movie).then(|| minutes(n * 60.0)).flatten();
    }
    if let Some(seconds) = clock(lower) {
        return minutes(seconds);
    }
    let parts = numbers_and_units(lower.strip_prefix("pt").unwrap_or(lower))?;
    if let [(n, unit)] = parts[..]
        && matches!(unit, "season" | "seasons" | "temporada" | "temporadas" | "saison" | "saisons")
    {
        return seasons(n);
    }
    // Each unit is smaller than the one before it.
    let (mut seconds, mut last) = (0.0, f64::INFINITY);
    for (n, unit) in parts {
        let length = match unit {
            "h" | "hr" | "hrs" | "hour" | "hours" | "hora" | "horas" => 3_600.0,
            "m" | "min" | "mins" | "minute" | "minutes" | "minuto" | "minutos" | "mn" | "'" | "′" | "’" => {
                60.0
            }
            "s" | "sec" | "secs" | "second" | "seconds" | "segundo" | "segundos" => 1.0,
            _ => return None,
        };
        if length >= last {
            return None;
        }
        last = length;
        seconds += n * length;
    }
    minutes(seconds)
}

/// Parses digits, with or without decimals.
fn number(text: &str) -> Option<f64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| (1..=12).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if digits(whole) && digits(decimals) { text.parse().ok() } else { None }
}

fn seasons(n: f64) -> Option<Duration> {
    let whole = n.fract() == 0.0 && n <= f64::from(u32::MAX);
    whole.then_some(Duration { value: n as u32, unit: DurationUnit::Season })
}

fn minutes(seconds: f64) -> Option<Duration> {
    let value = (seconds / 60.0).round();
    (value <= f64::from(u32::MAX)).then_some(Duration { value: value as u32, unit: DurationUnit::Min })
}

/// Parses hours, minutes and seconds such as `1:30:00`. Of two numbers, nothing says which they are.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    let [h, m, s] = parts[..] else { return None };
    let part = |text: &str, len: usize| {
        (text.len() <= len).then(|| number(text)).flatten().filter(|n| n.fract() == 0.0)
    };
    let (h, m, s) = (part(h, 3)?, part(m, 2)?, part(s, 2)?);
    (m < 60.0 && s < 60.0).then_some(h * 3_600.0 + m * 60.0 + s)
}

/// Splits `1h 30m` into its numbers and units; `None` if the text is something else.
fn numbers_and_units(text: &str) -> Option<Vec<(f64, &str)>> {
    let (mut parts, mut rest) = (Vec::<(f64, &str)>::new(), text.trim());
    while !rest.is_empty() {
        let Some(end) = rest.find(|c: char| !c.is_ascii_digit() && c != '.') else {
            // `1h30`
            let (_, last) = parts.last()?;
            parts.push((number(rest).filter(|_| last.starts_with('h'))?, "min"));
            break;
        };
        let n = number(&rest[..end])?;
        let after = rest[end..].trim_start();
        let end = after.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(after.len());
        let unit = after[..end].trim_end_matches([',', '.']);
        if unit.is_empty() {
            return None;
        }
        parts.push((n, unit));
        rest = after[end..].trim_start();
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    (!parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<(u32, DurationUnit)> {
        parse_duration(text, Kind::Movie).map(|d| (d.value, d.unit))
    }

    #[test]
    fn the_plain_form_is_a_number_and_a_unit() {
        let plain = |text: &str| parse_plain_duration(text).map(|d| (d.value, d.unit));
        assert_eq!(plain("90 min"), Some((90, DurationUnit::Min)));
        assert_eq!(plain("2 Seasons"), Some((2, DurationUnit::Season)));
        for text in ["", "90", "min", " 90 min", "-1 min", "90 minutes", "99999999999 min", "1  min"] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    #[test]
    fn minutes_are_read_in_every_form() {
        for text in [
            "90 min",
            "90",
            "90min",
            "90 Min",
            "90 mins",
            "90 min.",
            "90 minutes",
            "90.0 min",
            "90.0",
            "1h 30m",
            "1h30m",
            "1h30min",
            "1h30",
            "1 h 30",
            "1 hr 30 min",
            "1 hour, 30 minutes",
            "1 hour and 30 minutes",
            "1:30:00",
            "01:29:45",
            "PT90M",
            "PT1H30M",
            "PT5400S",
            "pt1h29m40s",
            "1.5 hours",
            "90m",
            "90 minutos",
            "1 h 30",
            "90'",
        ] {
            assert_eq!(read(text), Some((90, DurationUnit::Min)), "{text}");
        }
        assert_eq!(read("0 min"), Some((0, DurationUnit::Min)));
        assert_eq!(read("2 Seasons"), read("2 seasons"));
        assert_eq!(read("1 Season"), Some((1, DurationUnit::Season)));
        assert_eq!(read("3 temporadas"), Some((3, DurationUnit::Season)));
    }

    #[test]
    fn what_is_not_minutes_or_seasons_is_not_read() {
        for text in [
            "",
            "min",
            "3 Episodes",
            "10 Volumes",
            "1:30",
            "90:00",
            "1:60:00",
            "1.5 Seasons",
            "-90 min",
            "30m 1h",
            "1h 1h",
            "PT",
            "90 min 30",
            "1h 30 x",
            "long",
            "90 x",
            "1 season 3 episodes",
            "1..5 h",
            ".5 h",
            "6001 min",
            "99999 min",
            "4294967296 min",
            "201 Seasons",
            "101 hours",
            "1e3",
            "٩٠ min",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(parse_duration("2", Kind::Series), None);
        assert_eq!(read("6000 min"), Some((6_000, DurationUnit::Min)));
        assert_eq!(parse_seasons("2.0").map(|d| d.value), Some(2));
        assert_eq!(parse_seasons("2 Seasons").map(|d| d.value), Some(2));
        for text in ["", "1.5", "201", "90 min", "99999999999999999999"] {
            assert_eq!(parse_seasons(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_form_of_a_length_gives_its_minutes(n in 0_u32..=MAX_MINUTES, form in 0..8_usize) {
            let (h, m) = (n / 60, n % 60);
            let text = [
                format!("{n} min"), format!("{n}"), format!("{n}.0"), format!("{n}min"), format!("{h}h {m}m"),
                format!("{h}:{m:02}:00"), format!("PT{h}H{m}M"), format!("{h} hr {m} min"),
            ][form].clone();
            prop_assert_eq!(read(&text), Some((n, DurationUnit::Min)), "{}", text);
        }

        #[test]
        fn no_text_panics_or_gives_an_absurd_length(
            text in "([0-9]{1,12}|[.:]|PT|[hms]| |min|season|hr|é){0,8}", film in any::<bool>(),
        ) {
            let kind = if film { Kind::Movie } else { Kind::Series };
            for duration in [parse_duration(&text, kind), parse_seasons(&text)].into_iter().flatten() {
                prop_assert!(duration.value <= MAX_MINUTES);
            }
        }
    }
}
