//! Days and calendar months of Unix times, in UTC. Months are numbered from January of the year 0.

use catalog::Date;

const SECONDS_PER_DAY: i64 = 86_400;

/// The day of a Unix time; a time outside the calendar gets the calendar's first or last day.
fn date(seconds: i64) -> Date {
    Date::from_unix_seconds(seconds).unwrap_or(if seconds < 0 { Date::MIN } else { Date::MAX })
}

/// Returns the day of a Unix time as `yyyy-mm-dd`.
pub(crate) fn day(seconds: i64) -> String {
    date(seconds).to_string()
}

/// Returns the number of the month of a Unix time.
pub(crate) fn month_of(seconds: i64) -> i64 {
    let date = date(seconds);
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// Returns the Unix time at which a month begins.
pub(crate) fn month_begins(month: i64) -> i64 {
    let year = u16::try_from(month.div_euclid(12)).ok();
    let first = year.and_then(|year| Date::new(year, month.rem_euclid(12) as u8 + 1, 1));
    // The month after the calendar's last one begins when the last day ends.
    first.map_or(Date::MAX.unix_seconds() + SECONDS_PER_DAY, Date::unix_seconds)
}

/// Returns a month as `yyyy-mm`.
pub(crate) fn month_name(month: i64) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_belong_to_the_days_and_months_of_the_calendar() {
        for (text, days) in
            [("1970-01-01", 0), ("2000-02-29", 11_016), ("1969-12-31", -1), ("2021-09-25", 18_895)]
        {
            for seconds in [days * SECONDS_PER_DAY, (days + 1) * SECONDS_PER_DAY - 1] {
                assert_eq!(day(seconds), text);
                assert_eq!(month_name(month_of(seconds)), text[..7]);
            }
        }
        assert_eq!([day(i64::MIN), day(i64::MAX)], ["0001-01-01", "9999-12-31"]);
    }

    #[test]
    fn a_month_begins_when_the_one_before_it_ends() {
        let last = month_of(Date::MAX.unix_seconds());
        for month in (12..last).step_by(7).chain([last]) {
            let (begin, end) = (month_begins(month), month_begins(month + 1));
            assert!((28..=31).contains(&((end - begin) / SECONDS_PER_DAY)), "{}", month_name(month));
            assert_eq!([month_of(begin), month_of(end - 1)], [month, month]);
        }
    }
}
