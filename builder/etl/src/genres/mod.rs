//! Canonical genres: names that are the same on all platforms, and the labels that platforms have for them.
//!
//! `genres.csv` is the table. Its columns are `genre` and `label`; a label may be of several genres, and one
//! without a genre says nothing about the content (`Movies`). A file of the user adds rows.

use std::collections::BTreeMap;
use std::path::Path;

use catalog::{MAX_NAME_CHARS, compared};
use foldhash::HashMap;
use tables::FileError;

use crate::EtlError;

const BUILT_IN: &str = include_str!("genres.csv");

/// Most genres that one label can mean.
const MAX_GENRES: usize = 8;

/// Which canonical genres the labels of platforms mean.
///
/// Labels are compared by their letters and digits in lowercase, with `&` as `and`. A label that the table
/// does not have is a genre by its own name.
#[derive(Debug, Clone, PartialEq)]
pub struct GenreTable {
    /// The genres of each label.
    of_label: HashMap<String, Vec<String>>,
    /// The parts of the labels that contain commas, by their first part.
    with_commas: BTreeMap<String, Vec<Vec<String>>>,
}

impl Default for GenreTable {
    /// Returns the table that comes with the program.
    fn default() -> Self {
        let mut table = Self { of_label: HashMap::default(), with_commas: BTreeMap::new() };
        for line in csv::Reader::from_reader(BUILT_IN.as_bytes()).records() {
            let row = line.expect("the built-in table is a CSV file");
            table.add(&row[0], &row[1]);
        }
        table
    }
}

impl GenreTable {
    /// Adds the rows of a file. Where it has a label that the table has too, its genres take the place of
    /// those in the table.
    ///
    /// # Errors
    /// Returns [`EtlError::Genres`] for a row without a label, a name that is too long, or a label of too
    /// many genres, and [`FileError`] for a file that is not such a table.
    pub fn extend(&mut self, path: &Path) -> Result<(), EtlError> {
        let file = tables::open::open_file(path)?;
        let wrong = |source| FileError::Csv { path: path.to_owned(), source };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let header = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect::<Vec<_>>();
        let [genre, label] =
            tables::find_columns(path, &header, ["genre", "label"], "a genre and a label in each row")?;
        let mut given = Self { of_label: HashMap::default(), with_commas: BTreeMap::new() };
        for row in reader.records() {
            let row = row.map_err(wrong)?;
            let refuse = |why| EtlError::Genres {
                path: path.to_owned(),
                line: row.position().map_or(0, csv::Position::line),
                why,
            };
            let (genre, label) = (&row[genre], &row[label]);
            if key(label).is_empty() {
                return Err(refuse("the label has no letter or digit"));
            }
            if genre.chars().count() > MAX_NAME_CHARS {
                return Err(refuse("the genre is longer than 400 characters"));
            }
            given.add(genre, label);
            if given.of_label[&key(label)].len() > MAX_GENRES {
                return Err(refuse("the label has more than 8 genres"));
            }
        }
        self.of_label.extend(given.of_label);
        for (first, labels) in given.with_commas {
            self.with_commas.entry(first).or_default().extend(labels);
        }
        Ok(())
    }

    fn add(&mut self, genre: &str, label: &str) {
        let genres = self.of_label.entry(key(label)).or_default();
        if !genre.is_empty() && !genres.iter().any(|known| compared(known) == compared(genre)) {
            genres.push(genre.to_owned());
        }
        let parts: Vec<String> = label.split(',').map(key).collect();
        if parts.len() > 1 {
            self.with_commas.entry(parts[0].clone()).or_default().push(parts);
        }
    }

    /// Joins again the labels of the table that contain commas, where a list was split at commas. Of several
    /// that begin alike, the longest is taken.
    pub(crate) fn join(&self, items: Vec<String>) -> Vec<String> {
        let begins = |item: &String| self.with_commas.contains_key(&key(item));
        if !items.iter().any(begins) {
            return items;
        }
        let keys: Vec<String> = items.iter().map(|item| key(item)).collect();
        let (mut joined, mut at) = (Vec::new(), 0);
        while at < items.len() {
            let labels = self.with_commas.get(&keys[at]).into_iter().flatten();
            let n = labels.filter(|label| keys[at..].starts_with(label)).map(Vec::len).max().unwrap_or(1);
            joined.push(items[at..at + n].join(", "));
            at += n;
        }
        joined
    }

    /// Returns the canonical genres of some labels, each once, in the order of the labels.
    pub(crate) fn canonical(&self, labels: &[String]) -> Vec<String> {
        let mut genres: Vec<String> = Vec::new();
        for label in labels {
            let own = std::slice::from_ref(label);
            for genre in self.of_label.get(&key(label)).map_or(own, Vec::as_slice) {
                if !genres.contains(genre) {
                    genres.push(genre.clone());
                }
            }
        }
        genres
    }
}

/// Returns the form in which labels are compared.
fn key(label: &str) -> String {
    compared(label).replace('&', "and").chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owned(items: &[&str]) -> Vec<String> {
        items.iter().map(|&item| item.to_owned()).collect()
    }

    fn canonical(labels: &[&str]) -> Vec<String> {
        GenreTable::default().canonical(&owned(labels))
    }

    #[test]
    fn labels_of_one_meaning_are_one_genre() {
        for (labels, genre) in [
            (&["comedy", "Comedies", "TV COMEDIES", "Sitcom"][..], "Comedy"),
            (&["Documentary", "Documentaries", "Docuseries", "documentation"], "Documentary"),
            (&["sci-fi", "SciFi", "Science Fiction"], "Science Fiction"),
            (&["LGBTQ", "lgbtq+", "LGBTQ Movies"], "LGBTQ"),
            (&["Faith & Spirituality", "Faith and Spirituality"], "Faith & Spirituality"),
        ] {
            assert_eq!(canonical(labels), [genre]);
        }
        assert_eq!(canonical(&["Sci-Fi & Fantasy"]), ["Fantasy", "Science Fiction"]);
        assert_eq!(canonical(&["Movies", "Telenovela"]), ["Telenovela"]);
    }

    #[test]
    fn a_label_with_commas_is_one_label() {
        let table = GenreTable::default();
        let split = owned(&["Drama", "Arts", "Entertainment", "and Culture", "Arts"]);
        assert_eq!(table.join(split), ["Drama", "Arts, Entertainment, and Culture", "Arts"]);
        let other = owned(&["Arts", "Entertainment"]);
        assert_eq!(table.join(other.clone()), other);
    }

    #[test]
    fn a_file_adds_genres_and_replaces_those_of_its_labels() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("genres.csv");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let mut table = GenreTable::default();
            table.extend(&path).map(|()| table)
        };
        let table = read("label,genre\nTelenovela,Soap\nanime,Anime\n\"Fire, and Ice\",Ice\n").unwrap();
        assert_eq!(
            table.canonical(&owned(&["telenovela", "Anime", "Comedies"])),
            ["Soap", "Anime", "Comedy"]
        );
        assert_eq!(table.join(owned(&["Fire", "and ice"])), ["Fire, and ice"]);

        let error = |text: &str| read(text).unwrap_err().to_string();
        assert!(
            error("genre,label\nSoap,\n").contains("line 2: the label has no letter"),
            "{}",
            error("genre,label\nSoap,\n")
        );
        let many: Vec<String> = (0..9).map(|n| format!("g{n},x\n")).collect();
        assert!(
            error(&format!("genre,label\n{}", many.concat()))
                .contains("line 10: the label has more than 8 genres")
        );
        assert!(error("a,b\n").contains("genre"));
    }

    proptest! {
        #[test]
        fn joining_loses_no_text(items in prop::collection::vec("(Arts|Entertainment|and Culture|Drama|é|&)", 0..8)) {
            let joined = GenreTable::default().join(items.clone());
            prop_assert_eq!(joined.join(", "), items.join(", "));
        }
    }
}
