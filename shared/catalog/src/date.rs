use std::fmt;
use std::str::FromStr;

use thiserror::Error;

const SECONDS_PER_DAY: i64 = 86_400;

/// A text that is not a calendar day.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a date; write it as yyyy-mm-dd")]
pub struct DateError(pub String);

/// A day of the Gregorian calendar in the years 1 to 9999, shown as `yyyy-mm-dd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The first day, 0001-01-01.
    pub const MIN: Self = Self { year: 1, month: 1, day: 1 };
    /// The last day, 9999-12-31.
    pub const MAX: Self = Self { year: 9999, month: 12, day: 31 };

    /// Returns the day, or `None` if the calendar does not have it.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// Returns the day that is `days` after 1970-01-01, or `None` outside the years 1 to 9999.
    ///
    /// Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "days outside the years 1 to 9999 were refused before"
    )]
    pub fn from_unix_days(days: i64) -> Option<Self> {
        if !(Self::MIN.unix_days()..=Self::MAX.unix_days()).contains(&days) {
            return None;
        }
        // Days since 0000-03-01, in eras of 400 years. A year that begins in March has its leap day at the
        // end.
        let days = days + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Some(Self { year: year as u16, month: month as u8, day: day as u8 })
    }

    /// Returns the UTC day of a Unix time, or `None` outside the years 1 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        Self::from_unix_days(seconds.div_euclid(SECONDS_PER_DAY))
    }

    /// Returns the number of days since 1970-01-01, negative before it.
    ///
    /// Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "a year is a `u16`, so that its days are far below 2⁶³"
    )]
    pub const fn unix_days(self) -> i64 {
        let (year, month, day) = (self.year as i64, self.month as i64, self.day as i64);
        let year = if month <= 2 { year - 1 } else { year };
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// Returns the Unix time at which the day begins in UTC.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "a year is a `u16`, so that its seconds are far below 2⁶³"
    )]
    pub const fn unix_seconds(self) -> i64 {
        self.unix_days() * SECONDS_PER_DAY
    }

    /// Returns the year, 1 to 9999.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// Returns the month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Returns the day of the month, 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        let parse = || {
            let mut parts = text.split('-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            let form = parts.next().is_none()
                && (year.len(), month.len(), day.len()) == (4, 2, 2)
                && text.bytes().all(|b| b == b'-' || b.is_ascii_digit());
            if !form {
                return None;
            }
            Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        };
        parse().ok_or_else(|| DateError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_day_of_the_calendar_or_is_refused() {
        assert_eq!("2021-09-25".parse::<Date>().unwrap().to_string(), "2021-09-25");
        assert!("2020-02-29".parse::<Date>().is_ok());
        for bad in ["2021-02-29", "1900-02-29", "2021-13-01", "2021-1-01", "2021-01-00", "", "+021-01-01"] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        let error = "25/09/2021".parse::<Date>().unwrap_err();
        assert_eq!(error.to_string(), "\"25/09/2021\" is not a date; write it as yyyy-mm-dd");
    }

    #[test]
    fn days_and_seconds_count_from_1970() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2021-09-25", 18_895),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(date(text).unix_days(), days, "{text}");
            assert_eq!(date(text).unix_seconds(), days * 86_400, "{text}");
            assert_eq!(Date::from_unix_days(days), Some(date(text)), "{text}");
            assert_eq!(Date::from_unix_seconds(days * 86_400), Some(date(text)), "{text}");
            assert_eq!(Date::from_unix_seconds(days * 86_400 + 86_399), Some(date(text)), "{text}");
        }
        let date = date("2021-09-25");
        assert_eq!((date.year(), date.month(), date.day()), (2021, 9, 25));
    }

    #[test]
    fn every_day_of_the_calendar_has_the_number_after_the_day_before() {
        let mut days = Date::MIN.unix_days();
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=31 {
                    let Some(date) = Date::new(year, month, day) else { continue };
                    assert_eq!(date.unix_days(), days, "{date}");
                    assert_eq!(Date::from_unix_days(days), Some(date));
                    days += 1;
                }
            }
        }
        assert_eq!(days, Date::MAX.unix_days() + 1);
        for outside in [i64::MIN, Date::MIN.unix_days() - 1, days, i64::MAX] {
            assert_eq!(Date::from_unix_days(outside), None, "{outside}");
        }
        assert_eq!(Date::from_unix_seconds(i64::MIN), None);
        assert_eq!(Date::from_unix_seconds(i64::MAX), None);
    }
}
