//! Casts and directors in a file of their own, `credits.csv` next to the `titles.csv` of `JustWatch`.

use std::path::{Path, PathBuf};

use artifact::Source;
use foldhash::HashMap;
use tables::FileError;
use tables::open::check_inside;

use super::cells::{clean_text, split_cast};
use super::decode::{decode, read_file};
use super::roles::fold;

const CREDITS_FILE: &str = "credits.csv";

/// People of one title, in the order of the file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct People {
    pub(super) cast: Vec<String>,
    pub(super) directors: Vec<String>,
}

/// People of all titles, by the platform's own ids.
#[derive(Debug)]
pub(super) struct Credits {
    people: HashMap<String, People>,
    n_names: u64,
    /// Rows without an id, a name, or a part that is read.
    n_left_out: u64,
    pub(super) source: Source,
}

impl Credits {
    /// Reads the credits next to a file of titles. Returns `None` if there is no such file, or if it does not
    /// have the columns of credits.
    pub(super) fn next_to(titles: &Path) -> Result<Option<Self>, FileError> {
        let path: PathBuf = titles.with_file_name(CREDITS_FILE);
        if !path.is_file() {
            return Ok(None);
        }
        check_inside(path.parent().unwrap_or(&path), &path)?;
        let (raw, source) = read_file(&path)?;
        let source = Source { read_as: Some("credits".to_owned()), ..source };
        let (text, _) = decode(&raw);
        let wrong = |source| FileError::Csv { path: path.clone(), source };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&*text);
        let header = reader.byte_headers().map_err(wrong)?.clone();
        let column = |name: &str| header.iter().position(|f| fold(&String::from_utf8_lossy(f)) == name);
        let (Some(id), Some(name), Some(role)) = (column("id"), column("name"), column("role")) else {
            return Ok(None);
        };
        let mut credits = Self { people: HashMap::default(), n_names: 0, n_left_out: 0, source };
        for record in reader.byte_records() {
            let record = record.map_err(wrong)?;
            let cell = |at: usize| clean_text(&String::from_utf8_lossy(record.get(at).unwrap_or_default()));
            credits.add(cell(id), &cell(name), &cell(role));
        }
        Ok(Some(credits))
    }

    fn add(&mut self, id: String, name: &str, role: &str) {
        // A comma in a name comes before a suffix.
        let names = split_cast(name, ',').names;
        let is_actor = matches!(role.to_lowercase().as_str(), "actor" | "actress");
        if id.is_empty() || names.is_empty() || !(is_actor || role.eq_ignore_ascii_case("director")) {
            self.n_left_out += 1;
            return;
        }
        let people = self.people.entry(id).or_default();
        let list = if is_actor { &mut people.cast } else { &mut people.directors };
        for name in names {
            // An actor with two characters has two rows.
            if !list.contains(&name) {
                list.push(name);
                self.n_names += 1;
            }
        }
    }

    /// Returns the people of a title.
    pub(super) fn of(&self, show_id: &str) -> Option<&People> {
        self.people.get(show_id)
    }

    /// Describes what was read.
    pub(super) fn describe(&self) -> String {
        let left_out = match self.n_left_out {
            0 => String::new(),
            n => format!(", {n} rows left out"),
        };
        format!(", cast and director from {CREDITS_FILE} ({} names{left_out})", self.n_names)
    }
}
