//! Makes titles of rows.

use std::fmt::Write as _;

use catalog::{Date, Duration, DurationUnit, Kind, Platform, Title, TitleId};
use tables::{Reason, parse_year};

use super::cells::{
    clean_text, first_year, has_invisible, is_like_a_name, is_nothing, parse_date, parse_duration,
    parse_kind, parse_plain_duration, parse_release_year, parse_seasons, separator_of, split_cast,
    split_list,
};
use super::columns::Columns;
use super::credits::Credits;
use super::reader::{Fault, Reader};
use super::records::Row;
use super::roles::{ROLES, Role};
use crate::{CellFaults, GenreTable, RepairKind};

/// Cells of a row by role; empty where the file does not have the column.
pub(super) type Cells<'r> = [&'r str; ROLES.len()];

/// What is the same for all rows of a file.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) columns: Columns,
    pub(super) genres: &'a GenreTable,
    /// Platform whose prefix the ids get; without one, the file is of MovieLens, and the ids stay as they
    /// are.
    pub(super) platform: Option<Platform>,
    pub(super) credits: Option<Credits>,
    /// Separators of lists by role.
    separators: [char; ROLES.len()],
    /// The column leaves missing values empty, so `None` is a name in it.
    has_names: [bool; ROLES.len()],
    /// Each id ends in `.0`, as pandas writes a column of numbers with a gap.
    has_float_ids: bool,
}

const LISTS: [Role; 4] = [Role::Director, Role::Cast, Role::Country, Role::Genres];

impl<'a> Plan<'a> {
    /// Looks at all rows to find how the columns are written.
    pub(super) fn new(
        columns: Columns,
        genres: &'a GenreTable,
        platform: Option<Platform>,
        rows: &[Row<'_>],
    ) -> Self {
        let cells = |role: Role| {
            let at = columns.position(role);
            let fields = rows.iter().filter_map(|row| row.fields.as_ref().ok());
            fields.filter_map(move |fields| str::from_utf8(fields.get(at?)?).ok())
        };
        let (mut separators, mut has_names) = ([','; ROLES.len()], [false; ROLES.len()]);
        for role in LISTS {
            separators[role as usize] = separator_of(cells(role));
        }
        for role in [Role::Director, Role::Cast] {
            has_names[role as usize] = cells(role).any(|cell| cell.trim().is_empty());
        }
        if platform.is_none() {
            separators[Role::Genres as usize] = '|';
        }
        let is_float =
            |id: &str| id.strip_suffix(".0").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let mut ids =
            cells(Role::Id).map(str::trim).filter(|id| !id.is_empty() && !is_nothing(id)).peekable();
        let has_float_ids = ids.peek().is_some() && ids.all(is_float);
        Self { columns, genres, platform, credits: None, separators, has_names, has_float_ids }
    }

    /// Describes the separators that are not commas, each after a comma.
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        for role in LISTS.into_iter().filter(|role| self.platform.is_some() && self.columns.has(*role)) {
            let separator = self.separators[role as usize];
            if separator != ',' {
                let _ = write!(text, ", {} separated by `{separator}`", role.name());
            }
        }
        text
    }

    /// Returns what a column is called in rejects.
    fn name(&self, role: Role) -> &'static str {
        if role == Role::Id && self.platform.is_none() { "movieId" } else { role.name() }
    }

    /// Returns the cells of a row as text.
    pub(super) fn cells<'r>(&self, fields: &'r csv::ByteRecord) -> Result<Cells<'r>, Fault<'r>> {
        let mut cells = [""; ROLES.len()];
        for (cell, (role, _)) in cells.iter_mut().zip(ROLES) {
            let bytes = self.columns.position(role).and_then(|at| fields.get(at)).unwrap_or_default();
            if bytes.contains(&0) {
                return Err((self.name(role), bytes, Reason::NulByte));
            }
            *cell = str::from_utf8(bytes).map_err(|_| (self.name(role), bytes, Reason::NotUtf8))?;
        }
        Ok(cells)
    }

    /// Returns the clean text of a cell, without a word for nothing.
    fn text(&self, cells: &Cells<'_>, role: Role, faults: &mut CellFaults) -> String {
        let clean = clean_text(cells[role as usize]);
        if self.is_missing(&clean, role, faults) { String::new() } else { clean }
    }

    /// Returns the items of a cell; none if it is a word for nothing.
    fn list_text<'r>(&self, cells: &Cells<'r>, role: Role, faults: &mut CellFaults) -> &'r str {
        let cell = cells[role as usize];
        if self.is_missing(cell.trim(), role, faults) { "" } else { cell }
    }

    fn is_missing(&self, text: &str, role: Role, faults: &mut CellFaults) -> bool {
        // `unknown` is a genre of MovieLens.
        let is_genre = role == Role::Genres && self.platform.is_none();
        let is_name = is_genre || self.has_names[role as usize] && is_like_a_name(text);
        let is_missing = !is_name && is_nothing(text);
        faults.nothing += u64::from(is_missing);
        is_missing
    }

    fn list(&self, cells: &Cells<'_>, role: Role, faults: &mut CellFaults) -> Vec<String> {
        let text = self.list_text(cells, role, faults);
        let mut items = split_list(text, self.separators[role as usize]);
        items.retain(|item| item != "(no genres listed)");
        items
    }
}

impl Reader<'_> {
    /// Takes a row as a title, or returns why it cannot be one.
    pub(super) fn title<'r>(
        &mut self,
        line: u64,
        cells: &Cells<'r>,
        plan: &Plan<'_>,
    ) -> Result<(), Fault<'r>> {
        // Refused rows do not count.
        let mut faults = CellFaults::default();
        let mut text = |role: Role| plan.text(cells, role, &mut faults);
        let fault = |role: Role, reason| (plan.name(role), cells[role as usize].as_bytes(), reason);
        let show = text(Role::Id);
        let show = show.strip_suffix(".0").filter(|_| plan.has_float_ids).unwrap_or(&show);
        let id = match &plan.platform {
            _ if show.is_empty() => None,
            Some(platform) => platform.title_id(show).ok(),
            None => TitleId::new(show).ok(),
        };
        let id = id.ok_or_else(|| fault(Role::Id, Reason::TitleIdMalformed))?;
        let kind_text = text(Role::Kind);
        let given = parse_kind(&kind_text);
        if given.is_none() && !kind_text.is_empty() {
            return Err(fault(Role::Kind, Reason::KindUnknown));
        }
        let display = clean_text(cells[Role::Title as usize]);
        if display.is_empty() {
            return Err(fault(Role::Title, Reason::TitleEmpty));
        }

        let mut audience = text(Role::Audience);
        let mut length = text(Role::Duration);
        if length.is_empty() && parse_plain_duration(&audience).is_some() {
            self.repair(line, Role::Audience, &audience, RepairKind::DurationMoved);
            length = std::mem::take(&mut audience);
        }
        if audience.is_empty() && plan.columns.has(Role::Audience) {
            self.repair(line, Role::Audience, cells[Role::Audience as usize], RepairKind::AudienceFilled);
            "G".clone_into(&mut audience);
        }
        let seasons = text(Role::Seasons);
        let kind = given.unwrap_or_else(|| kind_of(&length, &seasons));
        if given.is_none() && plan.columns.has(Role::Kind) {
            self.repair(line, Role::Kind, cells[Role::Kind as usize], RepairKind::KindFilled);
        }
        let duration = self.duration(line, kind, &length, &seasons, plan);
        let date_added = self.date_added(line, &text(Role::Added));
        let (display, release_year) = self.year(line, display, &text(Role::Year), cells, plan);
        let description = text(Role::Description);

        let added = cells[Role::Added as usize];
        faults.spaced_dates = u64::from(date_added.is_some() && added.starts_with(char::is_whitespace));
        faults.invisible = cells.iter().filter(|cell| has_invisible(cell)).count() as u64;
        let credits = plan.credits.as_ref().and_then(|credits| credits.of(show));
        let cast_text = plan.list_text(cells, Role::Cast, &mut faults);
        let cast = split_cast(cast_text, plan.separators[Role::Cast as usize]);
        faults.cast_without_letter = cast.without_letter;
        faults.cast_suffixes = cast.suffixes;
        let genres = plan.genres.join(plan.list(cells, Role::Genres, &mut faults));
        let title = Title {
            director: credits
                .map_or_else(|| plan.list(cells, Role::Director, &mut faults), |c| c.directors.clone()),
            cast: credits.map_or(cast.names, |c| c.cast.clone()),
            country: plan.list(cells, Role::Country, &mut faults),
            date_added,
            kind,
            release_year,
            audience,
            duration,
            canonical_genres: plan.genres.canonical(&genres),
            genres,
            description,
            ..Title::named(id, display)
        };
        self.faults.add(&faults);
        self.titles.push((line, title));
        Ok(())
    }

    /// Reads how long a title is. Seasons in a column of their own are the length of a series; the time next
    /// to them is that of an episode.
    fn duration(
        &mut self,
        line: u64,
        kind: Kind,
        length: &str,
        seasons: &str,
        plan: &Plan<'_>,
    ) -> Option<Duration> {
        let is_in_seasons = kind == Kind::Series && plan.columns.has(Role::Seasons);
        let (role, text) = if is_in_seasons { (Role::Seasons, seasons) } else { (Role::Duration, length) };
        let duration = if is_in_seasons { parse_seasons(text) } else { parse_duration(text, kind) };
        if duration.is_none() && !text.is_empty() {
            self.repair(line, role, text, RepairKind::DurationEmptied);
        }
        duration
    }

    fn date_added(&mut self, line: u64, text: &str) -> Option<Date> {
        let date = parse_date(text);
        if date.is_none() && !text.is_empty() {
            self.repair(line, Role::Added, text, RepairKind::DateEmptied);
        }
        date
    }

    /// Returns the name of a title and its year, which MovieLens writes behind the name: `Toy Story (1995)`.
    fn year(
        &mut self,
        line: u64,
        display: String,
        text: &str,
        cells: &Cells<'_>,
        plan: &Plan<'_>,
    ) -> (String, Option<u16>) {
        if plan.columns.has(Role::Year) {
            let year = parse_release_year(text);
            if year.is_none() {
                self.repair(line, Role::Year, cells[Role::Year as usize].trim(), RepairKind::YearEmptied);
            }
            return (display, year);
        }
        if plan.platform.is_some() {
            return (display, None);
        }
        match display.strip_suffix(')').and_then(|t| t.rsplit_once('(')) {
            Some((name, inside)) if !name.trim().is_empty() => {
                match parse_year(inside).or_else(|| first_year(inside)) {
                    Some(year) => (name.trim().to_owned(), Some(year)),
                    None => (display, None),
                }
            }
            _ => (display, None),
        }
    }
}

/// Guesses a kind from a length: what has seasons is a series.
fn kind_of(length: &str, seasons: &str) -> Kind {
    let is_in_seasons = |d: Duration| d.unit == DurationUnit::Season;
    let has_seasons = parse_seasons(seasons).is_some_and(|d| d.value > 0);
    if has_seasons || parse_duration(length, Kind::Movie).is_some_and(is_in_seasons) {
        Kind::Series
    } else {
        Kind::Movie
    }
}
