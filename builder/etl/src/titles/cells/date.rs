//! Dates and years, in the forms that catalogs have.

use catalog::Date;
use tables::parse_year;

/// Parses a date: `September 25, 2021`, `25 Sep 2021`, `25-Sep-21`, `2021-09-25` with or without a time,
/// `2021/9/25`, `09/25/2021`, `25.09.2021`. Returns `None` if two numbers could each be the month.
pub(crate) fn parse_date(clean: &str) -> Option<Date> {
    let day = without_time(clean);
    if let Ok(date) = day.parse() {
        return Some(date);
    }
    in_numbers(day).or_else(|| in_words(clean))
}

/// Parses the year in which something came out: `2011`, `2011.0`, `(2011)`, the first of `2011–2013`, or the
/// year of a date. 1 to 9999.
pub(crate) fn parse_release_year(clean: &str) -> Option<u16> {
    let text = clean.trim_start_matches(['(', '[']).trim_end_matches([')', ']']).trim();
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    };
    parse_year(whole).or_else(|| first_year(text)).or_else(|| parse_date(text).map(Date::year)).or_else(
        || {
            // The day and the month of `03/04/2020` are not certain, but the year is.
            let (_, _, year) = three(without_time(text), &['/', '.'])?;
            let parts = three(without_time(text), &['/', '.'])?;
            [parts.0, parts.1].iter().all(|part| is_number(part, 2)).then(|| parse_year(year)).flatten()
        },
    )
}

/// Parses a year, or the first of a range of years such as `2006–2007` or `2006–`.
pub(crate) fn first_year(text: &str) -> Option<u16> {
    let (first, last) = text.split_once(['-', '–', '—'])?;
    let last = last.trim();
    if last.is_empty() || parse_year(last).is_some() || is_number(last, 2) && last.len() == 2 {
        parse_year(first.trim())
    } else {
        None
    }
}

/// Cuts off a time of day: what follows the `T` or the space after a numeric date.
fn without_time(text: &str) -> &str {
    let Some((day, time)) = text.split_once(['T', ' ']) else { return text };
    let begins_as_a_time = time.split_once(':').is_some_and(|(hour, _)| is_number(hour, 2));
    if begins_as_a_time { day } else { text }
}

fn is_number(text: &str, max_digits: usize) -> bool {
    (1..=max_digits).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn three<'a>(text: &'a str, separators: &[char]) -> Option<(&'a str, &'a str, &'a str)> {
    let mut parts = text.split(separators);
    let three = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(three)
}

/// Reads `2021/9/25`, `9/25/2021` and `25.9.2021`.
fn in_numbers(text: &str) -> Option<Date> {
    let (a, b, c) = three(text, &['/', '.', '-'])?;
    let small = |part: &str| if is_number(part, 2) { part.parse::<u8>().ok() } else { None };
    if let Some(year) = parse_year(a) {
        return Date::new(year, small(b)?, small(c)?);
    }
    let (year, a, b) = (parse_year(c)?, small(a)?, small(b)?);
    match (Date::new(year, a, b), Date::new(year, b, a)) {
        (Some(month_first), Some(day_first)) => (month_first == day_first).then_some(month_first),
        (one, other) => one.or(other),
    }
}

/// Reads a date with the name of a month, in English or Spanish.
fn in_words(text: &str) -> Option<Date> {
    let lower = text.to_lowercase();
    let is_filler = |word: &&str| !matches!(*word, "" | "de" | "del" | "of");
    let words: Vec<&str> = lower.split([' ', ',', '-', '/']).filter(is_filler).collect();
    let [first, second, year] = words[..] else { return None };
    let (month, day) = match month_number(first) {
        Some(month) => (month, second),
        None => (month_number(second)?, first),
    };
    let day = ["st", "nd", "rd", "th"].iter().find_map(|end| day.strip_suffix(end)).unwrap_or(day);
    if !is_number(day, 2) {
        return None;
    }
    // Spreadsheets write 25-Sep-21. As in POSIX, 69 to 99 are of the last century.
    let is_short = text.split('-').count() == 3 && is_number(year, 2) && year.len() == 2;
    let year = match year.parse::<u16>() {
        Ok(short) if is_short => short + if short < 69 { 2_000 } else { 1_900 },
        _ => parse_year(year)?,
    };
    Date::new(year, month, day.parse().ok()?)
}

const MONTHS: [[&str; 2]; 12] = [
    ["january", "enero"],
    ["february", "febrero"],
    ["march", "marzo"],
    ["april", "abril"],
    ["may", "mayo"],
    ["june", "junio"],
    ["july", "julio"],
    ["august", "agosto"],
    ["september", "septiembre"],
    ["october", "octubre"],
    ["november", "noviembre"],
    ["december", "diciembre"],
];

/// Returns the number of a month named in lower case, by its whole name, its first three letters or `sept`.
fn month_number(word: &str) -> Option<u8> {
    let word = word.trim_end_matches('.');
    let is_it = |name: &&str| *name == word || (word.len() == 3 && name.starts_with(word));
    let position = MONTHS.iter().position(|names| names.iter().any(&is_it));
    position.or_else(|| (word == "sept").then_some(8)).map(|at| at as u8 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_the_forms_that_the_files_have() {
        for text in [
            "September 25, 2021",
            "Sep 25, 2021",
            "Sept. 25, 2021",
            "25-Sep-2021",
            "25-Sep-21",
            "25 Sep 2021",
            "25 september 2021",
            "September 25th, 2021",
            "25 de septiembre de 2021",
            "2021-09-25",
            "2021-09-25T00:00:00Z",
            "2021-09-25 10:11:12",
            "2021-09-25 10:11:12.000000+02:00",
            "2021/09/25",
            "2021/9/25",
            "09/25/2021",
            "9/25/2021",
            "25/09/2021",
            "25.09.2021",
            "25-09-2021",
            "9/25/2021 0:00",
        ] {
            assert_eq!(parse_date(text).map(|d| d.to_string()), Some("2021-09-25".to_owned()), "{text}");
        }
        assert_eq!(parse_date("03/03/2020"), Date::new(2020, 3, 3));
        assert_eq!(parse_date("1-Dec-99"), Date::new(1999, 12, 1));
        for text in [
            "",
            "September 2021",
            "September 31, 2021",
            "Smarch 1, 2021",
            "September 1, 21",
            "1, 2, 3, 4",
            "03/04/2020",
            "3.4.2020",
            "13/13/2020",
            "2021-09",
            "2021",
            "09/25/21",
            "2021-09-25x",
            "2021-09-25 noon",
            "0/0/2020",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn years_are_read_in_the_forms_that_the_files_have() {
        for text in [
            "2011",
            "2011.0",
            "2011.00",
            "(2011)",
            "[2011]",
            "2011-05-06",
            "May 6, 2011",
            "2011–2013",
            "2011-",
            "2011–13",
            "03/04/2011",
            "2011-05-06T00:00:00Z",
        ] {
            assert_eq!(parse_release_year(text), Some(2011), "{text}");
        }
        for text in [
            "",
            "20",
            "2011.5",
            "2011.",
            "0000",
            "12011",
            "soon",
            "2011-x",
            "1/2/3",
            "a/b/2011",
            "Release 2011",
        ] {
            assert_eq!(parse_release_year(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_form_of_a_day_gives_the_day(days in -25_000_i64..40_000, form in 0..7_usize) {
            let date = Date::from_unix_days(days).unwrap();
            let (year, month, day) = (date.year(), date.month(), date.day());
            let name = MONTHS[usize::from(month) - 1][0];
            let text = [
                format!("{date}"), format!("{date} 01:02:03"), format!("{year:04}/{month}/{day}"),
                format!("{name} {day}, {year:04}"), format!("{day} {} {year:04}", &name[..3]),
                format!("{month:02}/{day:02}/{year:04}"), format!("{day:02}.{month:02}.{year:04}"),
            ][form].clone();
            let certain = form < 5 || day > 12 || day == month;
            prop_assert_eq!(parse_date(&text), certain.then_some(date), "{}", text);
            prop_assert_eq!(parse_release_year(&text), Some(year), "{}", text);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = (parse_date(&text), parse_release_year(&text), first_year(&text));
        }
    }
}
