//! What was wrong with the input, counted by kind of fault.

use std::collections::BTreeMap;

use catalog::{Scale, Title, TitleTable};
use etl::{CellFaults, EtlOutput, RepairKind};
use tables::{Reason, Rejects};

use crate::columns::{Column, minutes};
use crate::raw::Raw;
use crate::report::{Count, Fault, Faults};
use crate::text::{cell, name};

/// Values shown of each kind.
const EXAMPLES: usize = 5;
/// Files or platforms named of each kind.
const SOURCES: usize = 30;

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
            self.examples.push(cell(&text()));
        }
    }
}

type Of = fn(&CellFaults) -> u64;

struct Collector(Faults);

impl Collector {
    fn push(&mut self, code: &str, what: &str, handling: &str, unit: &str, found: Found) {
        let n = found.by_source.values().sum();
        let by_source = found.by_source.iter().take(SOURCES);
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
            by_source: by_source.map(|(label, &n)| Count { label: name(label), n }).collect(),
            sources_left_out: found.by_source.len().saturating_sub(SOURCES) as u64,
            examples: found.examples,
        });
    }
}

/// Describes what is wrong with rejected rows of ratings on this scale, or of titles.
fn rejected(reason: Reason, scale: Scale) -> String {
    let text = match reason {
        Reason::CutShort => "rows with too few fields",
        Reason::TooManyFields => "rows with too many fields",
        Reason::BadQuoting => "rows with an unclosed quote, or with text after a closing quote",
        Reason::NotUtf8 => "cells that are not UTF-8",
        Reason::NulByte => "cells with a NUL byte",
        Reason::UserIdMalformed => "ratings with a missing or malformed user id",
        Reason::TitleIdMalformed => "rows with a missing or malformed title id",
        Reason::UnknownTitle => "ratings of titles that are not in any catalog",
        Reason::TitleNotFound => "ratings of one user whose name and year no title has",
        Reason::RatingMalformed => "ratings that are not numbers",
        Reason::RatingOutOfRange => {
            let [low, high] = [scale.low(), scale.high()].map(|end| end.to_string().replace('-', "−"));
            return format!("ratings below {low} or above {high}");
        }
        Reason::TimestampMalformed => "times that are not whole numbers",
        Reason::TimestampOutOfRange => "times out of range",
        Reason::DuplicateId => "titles with the id of an earlier row",
        Reason::KindUnknown => "titles that are neither a film nor a series",
        Reason::TitleEmpty => "titles without a name",
        Reason::TextTooLong => {
            "titles with a text that is too long to be a name, an audience rating or a list of genres"
        }
        Reason::YearMalformed => "release years that are not four digits",
    };
    text.to_owned()
}

/// Counts the faults of the titles and, as far as they are known, those of the files that the tables were
/// made from.
pub(crate) fn faults(table: &TitleTable, scale: Scale, raw: Raw<'_>) -> Faults {
    let mut all = Collector(Faults { rows_read: None, found: Vec::new(), absent: Vec::new() });
    match raw {
        Raw::Unknown => {}
        Raw::Rejects(rejects) => of_rejects(rejects, scale, &mut all),
        Raw::Read(output) => {
            all.0.rows_read = Some(output.n_rows());
            of_cells(output, &mut all);
            of_rejects(&output.rejects, scale, &mut all);
            of_superseded(output, &mut all);
        }
    }
    of_columns(table, &mut all);
    let mut found = Found::default();
    for title in table.titles().iter().filter(|t| minutes(t) == Some(0.0)) {
        found.add(table.platform_of(title).as_str(), 1);
        found.example(|| format!("{}: {}", title.id, title.display));
    }
    all.push("duration_zero", "titles that last 0 minutes", "kept as they are", "titles", found);
    all.0
}

fn of_cells(output: &EtlOutput, all: &mut Collector) {
    for (kind, code, what, handling) in [
        (
            RepairKind::DurationMoved,
            "duration_in_rating",
            "durations in the rating column",
            "moved to the duration column; the audience is then empty, and read as g",
        ),
        (
            RepairKind::AudienceFilled,
            "audience_empty",
            "empty audience ratings",
            "read as g, so not every g was given by the catalog",
        ),
        (RepairKind::DateEmptied, "date_unreadable", "dates that cannot be read", "left empty"),
        (RepairKind::DurationEmptied, "duration_unreadable", "durations that cannot be read", "left empty"),
        (
            RepairKind::YearEmptied,
            "year_unreadable",
            "release years that are missing or cannot be read",
            "left empty; the title is kept",
        ),
        (RepairKind::KindFilled, "kind_empty", "titles of no kind", "films, or series if they have seasons"),
        (
            RepairKind::QuotesMended,
            "quotes_mended",
            "rows with wrong quotes that can be read in only one way",
            "read that way",
        ),
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
    let counts: [(&str, &str, &str, &str, Of); 5] = [
        (
            "nothing",
            "cells with a word for nothing (NaN, NULL, N/A and such)",
            "read as empty",
            "cells",
            |f| f.nothing,
        ),
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
            "names in a cast that have no letter",
            "dropped, since they are not names",
            "items",
            |f| f.cast_without_letter,
        ),
        (
            "cast_suffix",
            "suffixes (jr., iii, m.d.) cut off from a name by a comma",
            "joined to the name before them",
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

fn of_rejects(rejects: &Rejects, scale: Scale, all: &mut Collector) {
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
        all.push(reason.as_str(), &rejected(reason, scale), "the row is rejected", "rows", found);
    }
}

fn of_superseded(output: &EtlOutput, all: &mut Collector) {
    for (code, what, handling, n) in [
        (
            "superseded",
            "ratings that the same user replaced by another rating of the title",
            "the latest is kept; of equal times, the later row",
            output.superseded - output.repeated,
        ),
        (
            "repeated",
            "ratings that repeat another one: same user, title, rating and time",
            "one of them is kept",
            output.repeated,
        ),
    ] {
        let mut found = Found::default();
        found.add("all rating files", n);
        all.push(code, what, handling, "rows", found);
    }
}

/// Counts columns that a platform leaves empty for every title, and empty cells of the other columns.
fn of_columns(table: &TitleTable, all: &mut Collector) {
    let mut n_titles = vec![0_u64; table.platforms().len()];
    for title in table.titles() {
        n_titles[usize::from(title.platform_idx)] += 1;
    }
    // The duration is two columns of the report, of which a title has one.
    let lacks = |name: &str, title: &Title| match Column::named(name) {
        Some(column) => column.is_missing(table, title),
        None => title.duration.is_none(),
    };
    for column in ["cast", "director", "country", "date_added", "duration", "genres", "description"] {
        let mut lacking = vec![0_u64; n_titles.len()];
        for title in table.titles().iter().filter(|t| lacks(column, t)) {
            lacking[usize::from(title.platform_idx)] += 1;
        }
        let (mut whole, mut part) = (Found::default(), Found::default());
        for ((platform, &n), &of) in table.platforms().iter().zip(&lacking).zip(&n_titles) {
            if n == of { &mut whole } else { &mut part }.add(platform.as_str(), n);
        }
        all.push(
            &format!("platform_without_{column}"),
            &format!("titles on platforms that give no {column} for any title"),
            "left empty",
            "titles",
            whole,
        );
        all.push(
            &format!("{column}_empty"),
            &format!("titles without {column}, on platforms that give it for other titles"),
            "left empty",
            "titles",
            part,
        );
    }
}
