use std::collections::BTreeMap;
use std::fmt;

use catalog::{Date, Scale, TitleTable};
use serde::Serialize;

use super::alike;
use super::file_report::FileReport;
use super::{EtlOutput, Repair, RepairKind};

/// Number of emptied cells that are printed; the JSON form has all of them.
const SHOWN_REPAIRS: usize = 10;

/// Summary of an ETL run: what it read, kept and refused.
///
/// Displayed, it is text for a person. Serialized, it holds the same numbers and every cell that was moved or
/// emptied.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Rows read from all files.
    pub rows: u64,
    /// Clean titles.
    pub titles: u64,
    /// Clean titles by platform, in source order.
    pub platforms: Vec<(String, u64)>,
    /// Titles with at least one rating.
    pub rated_titles: u64,
    /// Users with at least one rating.
    pub users: u64,
    /// Clean ratings.
    pub ratings: u64,
    /// The lowest and the highest rating of their scale.
    pub scale: Scale,
    /// Ratings that a later one replaced.
    pub superseded: u64,
    /// Refused rows by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Durations found in the `rating` column and moved.
    pub moved_durations: u64,
    /// Empty audience ratings that became `g`.
    pub filled_audience_ratings: u64,
    /// Cells with a word for nothing, such as `NaN` or `N/A`, that were read as empty.
    pub words_for_nothing: u64,
    /// Titles that came out or were added before 1800 or after 2200. They are kept as they are.
    pub unlikely_dates: u64,
    /// The first of these titles, by its id, with the year or date.
    pub unlikely_date: Option<String>,
    /// Cells that could not be read and were left empty, rows whose quotes were mended, and durations that
    /// were moved.
    pub repairs: Vec<Repair>,
    /// Counts by file, in the order of reading.
    pub files: Vec<FileReport>,
}

impl Summary {
    pub(super) fn of(output: &EtlOutput) -> Self {
        let counts = output.counts();
        let table = &output.clean.titles;
        let mut platforms: Vec<(String, u64)> =
            table.platforms().iter().map(|platform| (platform.to_string(), 0)).collect();
        for title in table.titles() {
            platforms[usize::from(title.platform_idx)].1 += 1;
        }
        let (unlikely_dates, unlikely_date) = unlikely_dates(table);
        let changed = output.repairs.iter().filter(|r| r.kind != RepairKind::AudienceFilled);
        Self {
            rows: output.n_rows(),
            titles: counts.titles,
            platforms,
            rated_titles: counts.rated_titles,
            users: counts.users,
            ratings: counts.ratings,
            scale: output.clean.ratings.scale(),
            superseded: counts.superseded,
            rejected: counts.rejected,
            moved_durations: output.moved_durations(),
            filled_audience_ratings: output.n_repairs(RepairKind::AudienceFilled),
            words_for_nothing: output.cell_faults.iter().map(|faults| faults.nothing).sum(),
            unlikely_dates,
            unlikely_date,
            repairs: changed.cloned().collect(),
            files: output.files.clone(),
        }
    }

    /// Returns the number of refused rows.
    pub fn n_rejected(&self) -> u64 {
        self.rejected.values().sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = alike::runs(&self.files);
        let names: Vec<String> = runs.iter().map(|files| alike::name(files)).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(4);
        writeln!(f, "{:<width$}  {:>12}  {:>10}  format", "file", "rows", "rejected")?;
        for (files, name) in runs.iter().zip(names) {
            let sum = |count: fn(&FileReport) -> u64| grouped(files.iter().map(count).sum());
            let (rows, rejected) = (sum(|file| file.rows), sum(|file| file.rejected));
            writeln!(f, "{name:<width$}  {rows:>12}  {rejected:>10}  {}", files[0].format)?;
        }
        let platforms: Vec<String> =
            self.platforms.iter().map(|(name, n)| format!("{name} {}", grouped(*n))).collect();
        writeln!(f)?;
        writeln!(f, "{:>14} titles ({})", grouped(self.titles), platforms.join(", "))?;
        if self.ratings == 0 {
            writeln!(f, "{:>14} ratings", 0)?;
        } else {
            writeln!(
                f,
                "{:>14} ratings from {} of {} titles by {} users",
                grouped(self.ratings),
                self.scale,
                grouped(self.rated_titles),
                grouped(self.users)
            )?;
        }
        writeln!(f, "{:>14} superseded by a later rating of the same title", grouped(self.superseded))?;
        writeln!(f, "{:>14} rejected", grouped(self.n_rejected()))?;
        for (reason, n) in &self.rejected {
            writeln!(f, "{:>18} {reason}", grouped(*n))?;
        }
        writeln!(f, "{:>14} rows read: every one is counted above", grouped(self.rows))?;
        writeln!(f)?;
        writeln!(f, "{:>14} durations moved out of the rating column", grouped(self.moved_durations))?;
        writeln!(f, "{:>14} empty audience ratings read as g", grouped(self.filled_audience_ratings))?;
        writeln!(
            f,
            "{:>14} words for nothing (such as NaN or N/A) read as empty",
            grouped(self.words_for_nothing)
        )?;
        if let Some(example) = &self.unlikely_date {
            writeln!(
                f,
                "{:>14} titles from before 1800 or after 2200, such as {example}: check these columns",
                grouped(self.unlikely_dates)
            )?;
        }
        let emptied = |r: &&Repair| r.kind != RepairKind::DurationMoved;
        let n_emptied = self.repairs.iter().filter(emptied).count();
        writeln!(
            f,
            "{:>14} other cells that could not be read as they are: left empty or repaired",
            grouped(n_emptied as u64)
        )?;
        for repair in self.repairs.iter().filter(emptied).take(SHOWN_REPAIRS) {
            let Repair { file, line, column, value, .. } = repair;
            writeln!(f, "{:>14} {file}, line {line}, {column}: {value:?}", "")?;
        }
        if n_emptied > SHOWN_REPAIRS {
            writeln!(
                f,
                "{:>14} and {} more; `cartelera etl --json` lists all of them",
                "",
                n_emptied - SHOWN_REPAIRS
            )?;
        }
        Ok(())
    }
}

/// Counts the titles whose year or date lies before 1800 or after 2200, and describes the first.
fn unlikely_dates(table: &TitleTable) -> (u64, Option<String>) {
    let is_unlikely = |year: u16| !(1800..=2200).contains(&year);
    let mut found = table.titles().iter().filter_map(|title| {
        let released = title.release_year.filter(|year| is_unlikely(*year));
        let added = title.date_added.filter(|date: &Date| is_unlikely(date.year()));
        let released = released.map(|year| format!("{}, released {year}", title.id));
        released.or_else(|| added.map(|date| format!("{}, added {date}", title.id)))
    });
    let first = found.next();
    (u64::from(first.is_some()) + found.count() as u64, first)
}

/// Writes a number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_in_threes() {
        let shown = [0, 999, 1000, 11_024_289].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "11,024,289"]);
    }
}
