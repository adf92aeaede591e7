//! A card for each column: what it holds, where its values lie, what is missing.

use std::collections::BTreeMap;

use catalog::{Date, DurationUnit, Kind, RatingTable, Title, TitleTable};
use rayon::prelude::*;

use super::Raw;
use super::report::{
    Bin, ColumnCard, ColumnType, Count, Duplicates, Extreme, MissingPattern, MissingShares, TableCard,
};
use super::stats::Spread;

/// Values named in a card.
const TOP: usize = 20;
/// Rows named at either end of a column.
const EXTREMES: usize = 5;
/// Rows shown of a table.
const SAMPLE: usize = 8;
/// Patterns of missing values that are shown.
const PATTERNS: usize = 12;

/// Positions in the card of the ratings.
pub(super) const RATING: usize = 1;
pub(super) const TIMESTAMP: usize = 2;

const SECONDS_A_DAY: i64 = 86_400;

/// Edges of histograms. They do not depend on the data, so that two tables can be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// Bars of this width, from 0.
    Step(f64),
    /// 0; 1; 2 and 3; 4 to 7; and so on.
    Doubling,
    /// Calendar months of Unix seconds.
    Months,
}

impl Scale {
    fn index(self, value: f64) -> i64 {
        match self {
            Self::Step(width) => (value / width).floor() as i64,
            Self::Doubling => (value as u64).checked_ilog2().map_or(0, |log| i64::from(log) + 1),
            Self::Months => month_of(value as i64),
        }
    }

    fn low(self, index: i64) -> f64 {
        match self {
            Self::Step(width) => index as f64 * width,
            Self::Doubling => {
                if index == 0 {
                    0.0
                } else {
                    (1_u64 << (index - 1).min(62)) as f64
                }
            }
            Self::Months => {
                (days_from_civil(index.div_euclid(12), index.rem_euclid(12) + 1, 1) * SECONDS_A_DAY) as f64
            }
        }
    }

    /// The whole numbers of a bar.
    pub(super) fn bounds(self, index: i64) -> std::ops::Range<i64> {
        self.low(index) as i64..self.low(index + 1) as i64
    }

    /// Bars from the first that has values to the last, of values in ascending order.
    pub(super) fn histogram(self, sorted: &[f64]) -> Vec<Bin> {
        let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
        let (begin, end) = (self.index(first), self.index(last));
        let mut below = 0;
        let bars = (begin..=end).map(|index| {
            let (low, high) = (self.low(index), self.low(index + 1));
            let n = sorted[below..].partition_point(|&v| self.index(v) <= index);
            below += n;
            Bin { low, high, n: n as u64 }
        });
        bars.collect()
    }
}

/// Months since January of the year 0.
pub(super) fn month_of(seconds: i64) -> i64 {
    let (year, month, _) = civil_from_days(seconds.div_euclid(SECONDS_A_DAY));
    year * 12 + month - 1
}

/// The day of Unix seconds, `yyyy-mm-dd`.
pub(super) fn day(seconds: i64) -> String {
    let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_A_DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The reverse: year, month and day (the same source, `civil_from_days`).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Unix seconds at which a day begins.
pub(super) fn seconds_of(date: Date) -> f64 {
    // A date is shown as yyyy-mm-dd.
    let text = date.to_string();
    let part = |at: std::ops::Range<usize>| text[at].parse::<i64>().unwrap_or_default();
    (days_from_civil(i64::from(date.year()), part(5..7), part(8..10)) * SECONDS_A_DAY) as f64
}

/// One a title, of ratings of that title.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) n: u64,
    pub(super) sum: f64,
}

impl Sums {
    pub(super) fn mean(self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }
}

/// Counts of words, commonest first, of equals the first by name.
pub(super) fn counted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<Count> {
    let mut counts = BTreeMap::<&str, u64>::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let mut counts: Vec<Count> =
        counts.into_iter().map(|(label, n)| Count { label: label.to_owned(), n }).collect();
    counts.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.label.cmp(&b.label)));
    counts
}

fn card(name: &str, column_type: ColumnType, unit: &str, rows: usize) -> ColumnCard {
    ColumnCard {
        name: name.to_owned(),
        column_type,
        unit: unit.to_owned(),
        rows: rows as u64,
        missing: 0,
        distinct: 0,
        spread: None,
        histogram: Vec::new(),
        top: Vec::new(),
        other: 0,
        lowest: Vec::new(),
        highest: Vec::new(),
    }
}

fn spread_into(card: &mut ColumnCard, mut values: Vec<f64>, scale: Scale) {
    values.par_sort_unstable_by(f64::total_cmp);
    card.spread = Spread::of_sorted(&values);
    card.histogram = scale.histogram(&values);
}

fn name_top(card: &mut ColumnCard, counts: Vec<Count>) {
    card.distinct = counts.len() as u64;
    card.other = counts.iter().skip(TOP).map(|c| c.n).sum();
    card.top = counts;
    card.top.truncate(TOP);
}

/// The `n` titles with the smallest and with the greatest values; of equals, the earlier title.
pub(super) fn extremes(titles: &[Title], values: &[Option<f64>], n: usize) -> (Vec<Extreme>, Vec<Extreme>) {
    let mut rows: Vec<(usize, f64)> =
        values.iter().enumerate().filter_map(|(row, value)| value.map(|v| (row, v))).collect();
    let named = |rows: &[(usize, f64)]| {
        let shown = rows.iter().take(n).map(|&(row, value)| Extreme {
            value,
            id: titles[row].id.to_string(),
            label: titles[row].display.clone(),
        });
        shown.collect::<Vec<_>>()
    };
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let lowest = named(&rows);
    rows.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    (lowest, named(&rows))
}

fn number_card(
    name: &str,
    unit: &str,
    column_type: ColumnType,
    scale: Scale,
    titles: &[Title],
    values: &[Option<f64>],
) -> ColumnCard {
    let mut card = card(name, column_type, unit, titles.len());
    let mut present: Vec<f64> = values.iter().copied().flatten().collect();
    card.missing = (titles.len() - present.len()) as u64;
    present.sort_unstable_by(f64::total_cmp);
    card.distinct = present.chunk_by(|a, b| a.total_cmp(b).is_eq()).count() as u64;
    spread_into(&mut card, present, scale);
    (card.lowest, card.highest) = extremes(titles, values, EXTREMES);
    card
}

fn category_card<'a>(
    name: &str,
    column_type: ColumnType,
    titles: &'a [Title],
    value: impl Fn(&'a Title) -> &'a str,
) -> ColumnCard {
    let mut card = card(name, column_type, "", titles.len());
    let present = || titles.iter().map(&value).filter(|v| !v.is_empty());
    card.missing = (titles.len() - present().count()) as u64;
    let counts = counted(present());
    if column_type == ColumnType::Text || column_type == ColumnType::Identifier {
        "characters".clone_into(&mut card.unit);
        let lengths: Vec<Option<f64>> = titles
            .iter()
            .map(|title| Some(value(title).chars().count() as f64).filter(|&length| length > 0.0))
            .collect();
        let scale =
            if lengths.iter().flatten().any(|&l| l > 400.0) { Scale::Step(50.0) } else { Scale::Step(10.0) };
        spread_into(&mut card, lengths.iter().copied().flatten().collect(), scale);
        (card.lowest, card.highest) = extremes(titles, &lengths, EXTREMES);
        card.distinct = counts.len() as u64;
        // Of texts, only those that stand more than once are worth naming.
        card.top = counts.into_iter().filter(|c| c.n > 1).take(TOP).collect();
        let named: u64 = card.top.iter().map(|c| c.n).sum();
        card.other = card.rows - card.missing - named;
    } else {
        name_top(&mut card, counts);
    }
    card
}

fn list_card(name: &str, titles: &[Title], items: impl Fn(&Title) -> &[String]) -> ColumnCard {
    let mut card = card(name, ColumnType::List, "items", titles.len());
    let lengths: Vec<Option<f64>> =
        titles.iter().map(|title| Some(items(title).len() as f64).filter(|&length| length > 0.0)).collect();
    card.missing = lengths.iter().filter(|length| length.is_none()).count() as u64;
    spread_into(&mut card, lengths.iter().copied().flatten().collect(), Scale::Step(1.0));
    (card.lowest, card.highest) = extremes(titles, &lengths, EXTREMES);
    name_top(&mut card, counted(titles.iter().flat_map(|t| items(t).iter().map(String::as_str))));
    card
}

/// A title's length in this unit.
pub(super) fn length(title: &Title, unit: DurationUnit) -> Option<f64> {
    title.duration.filter(|d| d.unit == unit).map(|d| f64::from(d.value))
}

/// The cards of the titles, with what ratings say of them at the end.
pub(super) fn titles_card(table: &TitleTable, works: &[u32], sums: &[Sums]) -> TableCard {
    let titles = table.titles();
    let value = |f: &dyn Fn(&Title) -> Option<f64>| titles.iter().map(f).collect::<Vec<_>>();
    let number = |name, unit, scale, values: &[Option<f64>]| {
        number_card(name, unit, ColumnType::Number, scale, titles, values)
    };
    let columns = vec![
        category_card("id", ColumnType::Identifier, titles, |t| t.id.as_str()),
        category_card("platform", ColumnType::Category, titles, |t| table.platform_of(t).as_str()),
        category_card("type", ColumnType::Category, titles, |t| t.kind.as_str()),
        category_card("title", ColumnType::Text, titles, |t| t.display.as_str()),
        list_card("director", titles, |t| &t.director),
        list_card("cast", titles, |t| &t.cast),
        list_card("country", titles, |t| &t.country),
        number_card(
            "date_added",
            "",
            ColumnType::Date,
            Scale::Months,
            titles,
            &value(&|t| t.date_added.map(seconds_of)),
        ),
        number("release_year", "year", Scale::Step(1.0), &value(&|t| t.release_year.map(f64::from))),
        category_card("rating", ColumnType::Category, titles, |t| t.audience.as_str()),
        number("duration_min", "minutes", Scale::Step(10.0), &value(&|t| length(t, DurationUnit::Min))),
        number("duration_season", "seasons", Scale::Step(1.0), &value(&|t| length(t, DurationUnit::Season))),
        list_card("listed_in", titles, |t| &t.genres),
        category_card("description", ColumnType::Text, titles, |t| t.description.as_str()),
        number(
            "n_ratings",
            "ratings",
            Scale::Doubling,
            &sums.iter().map(|s| Some(s.n as f64)).collect::<Vec<_>>(),
        ),
        number("mean_rating", "stars", Scale::Step(0.25), &sums.iter().map(|s| s.mean()).collect::<Vec<_>>()),
    ];
    let (missing, missing_by_platform) = missing(table, sums, &columns);
    TableCard {
        name: "titles".to_owned(),
        rows: titles.len() as u64,
        duplicates: title_duplicates(table, works),
        missing,
        missing_by_platform,
        sample_columns: [
            "id",
            "platform",
            "type",
            "title",
            "country",
            "date_added",
            "release_year",
            "rating",
            "duration",
            "listed_in",
            "n_ratings",
        ]
        .map(str::to_owned)
        .to_vec(),
        sample: evenly(titles.len(), SAMPLE)
            .map(|row| {
                let t = &titles[row];
                vec![
                    t.id.to_string(),
                    table.platform_of(t).to_string(),
                    t.kind.as_str().to_owned(),
                    t.display.clone(),
                    t.country.join(", "),
                    t.date_added.map(|d| d.to_string()).unwrap_or_default(),
                    t.release_year.map(|y| y.to_string()).unwrap_or_default(),
                    t.audience.clone(),
                    t.duration.map(|d| format!("{} {}", d.value, d.unit.as_str())).unwrap_or_default(),
                    t.genres.join(", "),
                    sums[row].n.to_string(),
                ]
            })
            .collect(),
        columns,
    }
}

/// At most `n` of `rows` positions at equal distances, from the first.
pub(super) fn evenly(rows: usize, n: usize) -> impl Iterator<Item = usize> {
    let n = n.min(rows);
    (0..n).map(move |k| (k as u128 * rows as u128 / n as u128) as usize)
}

/// Whether each column of [`titles_card`] is without a value, in its order.
fn lacks(title: &Title, sums: Sums) -> [bool; 16] {
    [
        false,
        false,
        false,
        title.display.is_empty(),
        title.director.is_empty(),
        title.cast.is_empty(),
        title.country.is_empty(),
        title.date_added.is_none(),
        title.release_year.is_none(),
        title.audience.is_empty(),
        length(title, DurationUnit::Min).is_none(),
        length(title, DurationUnit::Season).is_none(),
        title.genres.is_empty(),
        title.description.is_empty(),
        false,
        sums.n == 0,
    ]
}

fn missing(
    table: &TitleTable,
    sums: &[Sums],
    columns: &[ColumnCard],
) -> (Vec<MissingPattern>, Vec<MissingShares>) {
    let mut patterns = BTreeMap::<Vec<&str>, u64>::new();
    let mut parts = vec![(0_u64, [0_u64; 16]); table.platforms().len()];
    for (title, &sums) in table.titles().iter().zip(sums) {
        let lacks = lacks(title, sums);
        let (n, of_part) = &mut parts[usize::from(title.platform_idx)];
        *n += 1;
        of_part.iter_mut().zip(lacks).for_each(|(n, lacks)| *n += u64::from(lacks));
        // A title has one kind of length, and most have no rating: neither is a gap in the catalogue.
        let gaps = columns.iter().zip(lacks).filter(|(card, lacks)| {
            *lacks && !matches!(card.name.as_str(), "duration_min" | "duration_season" | "mean_rating")
        });
        let mut names: Vec<&str> = gaps.map(|(card, _)| card.name.as_str()).collect();
        if title.duration.is_none() {
            names.push("duration");
        }
        *patterns.entry(names).or_default() += 1;
    }
    let mut patterns: Vec<MissingPattern> = patterns
        .into_iter()
        .map(|(columns, n)| MissingPattern { columns: columns.into_iter().map(str::to_owned).collect(), n })
        .collect();
    patterns.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.columns.cmp(&b.columns)));
    patterns.truncate(PATTERNS);
    let shares = table.platforms().iter().zip(parts).map(|(platform, (n, lacking))| MissingShares {
        part: platform.to_string(),
        shares: lacking.iter().map(|&l| super::stats::rounded(l as f64 / n.max(1) as f64)).collect(),
    });
    (patterns, shares.collect())
}

fn title_duplicates(table: &TitleTable, works: &[u32]) -> Vec<Duplicates> {
    let titles = table.titles();
    let mut elsewhere = Duplicates {
        what: "titles of a work that an earlier platform has (same kind, year and name)".to_owned(),
        n: 0,
        examples: Vec::new(),
    };
    let mut same = Duplicates {
        what: "titles of a work that the same platform has already".to_owned(),
        n: 0,
        examples: Vec::new(),
    };
    let mut seen = std::collections::BTreeSet::new();
    for (row, &work) in works.iter().enumerate() {
        let twice = !seen.insert((work, titles[row].platform_idx));
        if work as usize != row {
            let group = if twice { &mut same } else { &mut elsewhere };
            group.n += 1;
            if group.examples.len() < 5 {
                let first = &titles[work as usize];
                group.examples.push(format!("{} and {}: {}", first.id, titles[row].id, titles[row].display));
            }
        }
    }
    let mut by_text = BTreeMap::<&str, Vec<usize>>::new();
    for (row, title) in titles.iter().enumerate().filter(|(_, t)| !t.description.is_empty()) {
        by_text.entry(&title.description).or_default().push(row);
    }
    let mut described = Duplicates {
        what: "titles with a description that another work has word for word".to_owned(),
        n: 0,
        examples: Vec::new(),
    };
    for rows in by_text.values() {
        let others = rows.iter().filter(|&&row| works[row] != works[rows[0]]).count();
        described.n += others as u64;
        if others > 0 && described.examples.len() < 5 {
            let names: Vec<&str> = rows.iter().take(3).map(|&row| titles[row].display.as_str()).collect();
            described.examples.push(names.join("; "));
        }
    }
    vec![elsewhere, same, described]
}

/// The cards of the ratings. Of those of the same user and title one is in the table; `raw` may know of the others.
pub(super) fn ratings_card(
    table: &TitleTable,
    ratings: &RatingTable,
    sums: &[Sums],
    raw: Raw<'_>,
) -> TableCard {
    let rows = ratings.len();
    let mut of_users: Vec<(u64, usize)> =
        (0..ratings.users().len()).map(|u| (ratings.rows_of(u).len() as u64, u)).collect();
    of_users.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut users = card("userId", ColumnType::Identifier, "", rows);
    users.distinct = of_users.len() as u64;
    users.top =
        of_users.iter().take(TOP).map(|&(n, u)| Count { label: ratings.users()[u].to_string(), n }).collect();
    users.other = of_users.iter().skip(TOP).map(|u| u.0).sum();

    let mut of_titles: Vec<(u64, usize)> =
        sums.iter().enumerate().filter(|(_, s)| s.n > 0).map(|(row, s)| (s.n, row)).collect();
    of_titles.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut titles = card("movieId", ColumnType::Identifier, "", rows);
    titles.distinct = of_titles.len() as u64;
    titles.top = of_titles
        .iter()
        .take(TOP)
        .map(|&(n, row)| {
            let title = &table.titles()[row];
            Count { label: format!("{} {}", title.id, title.display), n }
        })
        .collect();
    titles.other = of_titles.iter().skip(TOP).map(|t| t.0).sum();

    let (rating, timestamp) = rayon::join(
        || {
            let mut card = card("rating", ColumnType::Number, "stars", rows);
            let mut values = ratings.rating().to_vec();
            values.par_sort_unstable_by(f32::total_cmp);
            card.distinct = values.chunk_by(|a, b| a.total_cmp(b).is_eq()).count() as u64;
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            card.spread = Spread::of_sorted(&values);
            card.histogram = Scale::Step(0.5).histogram(&values);
            card
        },
        || {
            let mut card = card("timestamp", ColumnType::Date, "", rows);
            let mut values = ratings.timestamp().to_vec();
            values.par_sort_unstable();
            card.distinct = values.chunk_by(|a, b| a == b).count() as u64;
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            card.spread = Spread::of_sorted(&values);
            card.histogram = Scale::Months.histogram(&values);
            card
        },
    );
    let mut duplicates = Vec::new();
    if let Raw::Read(output) = raw {
        for (what, n) in [
            (
                "ratings of a title that the same user rated again; the latest stays",
                output.superseded - output.repeated,
            ),
            ("ratings that are the same as another in user, title, rating and time", output.repeated),
        ] {
            duplicates.push(Duplicates { what: what.to_owned(), n, examples: Vec::new() });
        }
    }
    TableCard {
        name: "ratings".to_owned(),
        rows: rows as u64,
        columns: vec![users, rating, timestamp, titles],
        duplicates,
        missing: vec![MissingPattern { columns: Vec::new(), n: rows as u64 }],
        missing_by_platform: Vec::new(),
        sample_columns: ["userId", "rating", "timestamp", "movieId", "title"].map(str::to_owned).to_vec(),
        sample: evenly(rows, SAMPLE)
            .map(|row| {
                let user = ratings.offsets().partition_point(|&o| o as usize <= row) - 1;
                let title = &table.titles()[ratings.title_idx()[row] as usize];
                let seconds = ratings.timestamp()[row];
                vec![
                    ratings.users()[user].to_string(),
                    ratings.rating()[row].to_string(),
                    format!("{seconds} ({})", day(seconds.into())),
                    title.id.to_string(),
                    title.display.clone(),
                ]
            })
            .collect(),
    }
}

/// `movie` or `series`, as positions.
pub(super) fn kind_idx(kind: Kind) -> usize {
    match kind {
        Kind::Movie => 0,
        Kind::Series => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, text) in
            [(0, "1970-01-01"), (11_016, "2000-02-29"), (-1, "1969-12-31"), (18_895, "2021-09-25")]
        {
            assert_eq!(day(days * SECONDS_A_DAY), text);
            assert_eq!(seconds_of(text.parse().unwrap()) as i64, days * SECONDS_A_DAY);
        }
        for days in (-200_000..200_000).step_by(37) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }

    #[test]
    fn bars_have_edges_that_do_not_depend_on_the_data() {
        let bars = |scale: Scale, values: &[f64]| -> Vec<(f64, f64, u64)> {
            scale.histogram(values).into_iter().map(|b| (b.low, b.high, b.n)).collect()
        };
        assert_eq!(
            bars(Scale::Step(0.5), &[0.5, 1.0, 1.0, 2.2]),
            [(0.5, 1.0, 1), (1.0, 1.5, 2), (1.5, 2.0, 0), (2.0, 2.5, 1)]
        );
        assert_eq!(
            bars(Scale::Doubling, &[0.0, 1.0, 2.0, 3.0, 9.0]),
            [(0.0, 1.0, 1), (1.0, 2.0, 1), (2.0, 4.0, 2), (4.0, 8.0, 0), (8.0, 16.0, 1)]
        );
        let february = 28.0 * 86_400.0;
        assert_eq!(
            bars(Scale::Months, &[0.0, 31.0 * 86_400.0]),
            [(0.0, 31.0 * 86_400.0, 1), (31.0 * 86_400.0, 31.0 * 86_400.0 + february, 1)]
        );
        assert!(bars(Scale::Doubling, &[]).is_empty());
    }

    #[test]
    fn rows_are_taken_at_equal_distances() {
        assert_eq!(evenly(10, 4).collect::<Vec<_>>(), [0, 2, 5, 7]);
        assert_eq!(evenly(2, 4).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(evenly(0, 4).count(), 0);
    }

    #[test]
    fn words_are_counted_commonest_first() {
        let counts = counted(["b", "a", "b", "c", "a"].into_iter());
        let counts: Vec<_> = counts.iter().map(|c| (c.label.as_str(), c.n)).collect();
        assert_eq!(counts, [("a", 2), ("b", 2), ("c", 1)]);
    }
}
