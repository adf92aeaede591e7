//! What was wrong with the input, by name and number.

use std::collections::BTreeMap;

use catalog::{DurationUnit, TitleTable};

use super::Raw;
use super::columns::length;
use super::report::{Count, Fault, Faults};
use crate::etl::{CellFaults, EtlOutput, Reason, Rejects, RepairKind};

/// Values shown of each kind.
const EXAMPLES: usize = 5;

#[derive(Default)]
struct Found {
    by_source: BTreeMap<String, u64>,
    examples: Vec<String>,
}

impl Found {
    fn add(&mut self, source: &str, n: u64) {
        if n > 0 {
            *self.by_source.entry(source.to_owned()).or_default() += n;
        }
    }

    fn example(&mut self, text: impl FnOnce() -> String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(text());
        }
    }
}

type Of = fn(&CellFaults) -> u64;
type Lacks = fn(&catalog::Title) -> bool;

struct Collector(Faults);

impl Collector {
    fn push(&mut self, code: &str, what: &str, handling: &str, unit: &str, found: Found) {
        let n = found.by_source.values().sum();
        if n == 0 {
            self.0.absent.push(code.to_owned());
            return;
        }
        self.0.found.push(Fault {
            code: code.to_owned(),
            what: what.to_owned(),
            handling: handling.to_owned(),
            n,
            unit: unit.to_owned(),
            by_source: found.by_source.into_iter().map(|(label, n)| Count { label, n }).collect(),
            examples: found.examples,
        });
    }
}

/// What a rejected row is called.
fn rejected(reason: Reason) -> &'static str {
    match reason {
        Reason::CutShort => "rows with too few fields",
        Reason::TooManyFields => "rows with too many fields",
        Reason::BadQuoting => "rows with a quote that is not closed, or text after it",
        Reason::NotUtf8 => "cells that are not UTF-8",
        Reason::NulByte => "cells with a NUL byte",
        Reason::UserIdMalformed => "ratings without a user id, or with one that is none",
        Reason::TitleIdMalformed => "rows without a title id, or with one that is none",
        Reason::UnknownTitle => "ratings of titles that no catalogue has",
        Reason::RatingMalformed => "ratings that are no number",
        Reason::RatingOutOfRange => "ratings below 0.5 or above 5",
        Reason::TimestampMalformed => "times that are no whole number",
        Reason::TimestampOutOfRange => "times out of range",
        Reason::DuplicateId => "titles with the id of an earlier row",
        Reason::KindUnknown => "titles that are neither film nor series",
        Reason::TitleEmpty => "titles without a name",
        Reason::YearMalformed => "release years that are not four digits",
    }
}

/// The faults of a catalogue and, as far as they are known, of the files it was cleaned from.
pub(super) fn faults(table: &TitleTable, raw: Raw<'_>) -> Faults {
    let mut all = Collector(Faults { rows_read: None, found: Vec::new(), absent: Vec::new() });
    match raw {
        Raw::Unknown => {}
        Raw::Rejects(rejects) => of_rejects(rejects, &mut all),
        Raw::Read(output) => {
            all.0.rows_read = Some(output.n_rows());
            of_cells(output, &mut all);
            of_rejects(&output.rejects, &mut all);
            of_superseded(output, &mut all);
        }
    }
    of_columns(table, &mut all);
    let mut found = Found::default();
    for title in table.titles().iter().filter(|t| length(t, DurationUnit::Min) == Some(0.0)) {
        found.add(table.platform_of(title).as_str(), 1);
        found.example(|| format!("{}: {}", title.id, title.display));
    }
    all.push(
        "duration_zero",
        "titles that last 0 minutes, such as tests of the platform",
        "kept as they are",
        "titles",
        found,
    );
    all.0
}

fn of_cells(output: &EtlOutput, all: &mut Collector) {
    for (kind, code, what, handling) in [
        (
            RepairKind::DurationMoved,
            "duration_in_rating",
            "durations that stand in the rating column",
            "moved to the duration; the audience rating is then empty",
        ),
        (
            RepairKind::AudienceFilled,
            "audience_empty",
            "empty audience ratings",
            "read as g, so part of what is g is not known to be",
        ),
        (RepairKind::DateEmptied, "date_unreadable", "dates that cannot be read", "left empty"),
        (RepairKind::DurationEmptied, "duration_unreadable", "durations that cannot be read", "left empty"),
    ] {
        let mut found = Found::default();
        for repair in output.repairs.iter().filter(|r| r.kind == kind) {
            found.add(&repair.file, 1);
            if !repair.value.is_empty() {
                found.example(|| format!("{}, line {}: {}", repair.file, repair.line, repair.value));
            }
        }
        all.push(code, what, handling, "cells", found);
    }
    let counts: [(&str, &str, &str, &str, Of); 4] = [
        ("date_with_space", "dates that begin with a space", "trimmed and read", "cells", |f| f.spaced_dates),
        (
            "invisible_characters",
            "cells with invisible characters (zero-width space, soft hyphen and such)",
            "the characters are removed",
            "cells",
            |f| f.invisible,
        ),
        (
            "cast_without_letter",
            "items of a cast without a letter",
            "dropped: they are no names",
            "items",
            |f| f.cast_without_letter,
        ),
        (
            "cast_suffix",
            "suffixes (jr., iii, m.d.) that a comma cuts off a name",
            "joined to the name before",
            "items",
            |f| f.cast_suffixes,
        ),
    ];
    for (code, what, handling, unit, count) in counts {
        let mut found = Found::default();
        for of_file in &output.cell_faults {
            found.add(&of_file.file, count(of_file));
        }
        all.push(code, what, handling, unit, found);
    }
}

fn of_rejects(rejects: &Rejects, all: &mut Collector) {
    let mut by_reason = BTreeMap::<Reason, Found>::new();
    for reject in rejects.iter() {
        let found = by_reason.entry(reject.reason).or_default();
        match found.by_source.get_mut(reject.file) {
            Some(n) => *n += 1,
            None => found.add(reject.file, 1),
        }
        found.example(|| format!("{}, line {}: {}", reject.file, reject.line, reject.value));
    }
    for reason in Reason::ALL {
        let found = by_reason.remove(&reason).unwrap_or_default();
        all.push(reason.as_str(), rejected(reason), "the row is rejected", "rows", found);
    }
}

fn of_superseded(output: &EtlOutput, all: &mut Collector) {
    for (code, what, handling, n) in [
        (
            "superseded",
            "ratings of a title that the same user rated again",
            "the latest stays; of equal times, the later row",
            output.superseded - output.repeated,
        ),
        (
            "repeated",
            "ratings that stand twice: the same user, title, rating and time",
            "one of them stays",
            output.repeated,
        ),
    ] {
        let mut found = Found::default();
        found.add("all rating files", n);
        all.push(code, what, handling, "rows", found);
    }
}

/// Columns that a platform's file leaves empty in every row, and cells of its other columns that are empty.
fn of_columns(table: &TitleTable, all: &mut Collector) {
    let mut n_titles = vec![0_u64; table.platforms().len()];
    for title in table.titles() {
        n_titles[usize::from(title.platform_idx)] += 1;
    }
    let columns: [(&str, Lacks); 7] = [
        ("cast", |t| t.cast.is_empty()),
        ("director", |t| t.director.is_empty()),
        ("country", |t| t.country.is_empty()),
        ("date_added", |t| t.date_added.is_none()),
        ("duration", |t| t.duration.is_none()),
        ("listed_in", |t| t.genres.is_empty()),
        ("description", |t| t.description.is_empty()),
    ];
    for (column, lacks) in columns {
        let mut lacking = vec![0_u64; n_titles.len()];
        for title in table.titles().iter().filter(|t| lacks(t)) {
            lacking[usize::from(title.platform_idx)] += 1;
        }
        let (mut whole, mut part) = (Found::default(), Found::default());
        for ((platform, &n), &of) in table.platforms().iter().zip(&lacking).zip(&n_titles) {
            if n == of { &mut whole } else { &mut part }.add(platform.as_str(), n);
        }
        all.push(
            &format!("platform_without_{column}"),
            &format!("titles of platforms whose file has no {column} at all"),
            "left empty; nothing can be asked of it there",
            "titles",
            whole,
        );
        all.push(
            &format!("{column}_empty"),
            &format!("titles without {column}, on platforms that have it"),
            "left empty",
            "titles",
            part,
        );
    }
}
