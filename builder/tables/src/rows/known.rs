//! Titles that ratings may refer to, by their ids or by their names.

use std::sync::OnceLock;

use catalog::{Kind, TitleTable, work_key};
use foldhash::HashMap;

use crate::Interner;

/// Titles that ratings may refer to.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Their ids, numbered.
    pub ids: &'a Interner,
    /// Their names, if rows may have names instead of ids.
    pub names: Option<&'a Names<'a>>,
}

/// The first film and the first series by name and year.
type FirstByName = HashMap<(String, u16), [Option<u32>; 2]>;

/// Names of titles with their release years. Two names are the same if [`work_key`] gives the same text.
#[derive(Debug)]
pub struct Names<'a> {
    table: &'a TitleTable,
    /// Made when the first name is looked up.
    first: OnceLock<FirstByName>,
}

impl<'a> Names<'a> {
    /// Takes the titles, without looking at them yet.
    pub fn new(table: &'a TitleTable) -> Self {
        Self { table, first: OnceLock::new() }
    }

    /// Returns the position of the first title with this name and year: the first of this kind, or else the
    /// first of the other one.
    pub(super) fn find(&self, name: &str, year: u16, kind: Option<Kind>) -> Option<u32> {
        let key = work_key(name);
        if key.is_empty() {
            return None;
        }
        let &[film, series] = self.first.get_or_init(|| first_by_name(self.table)).get(&(key, year))?;
        match kind {
            Some(Kind::Movie) => film.or(series),
            Some(Kind::Series) => series.or(film),
            None => film.into_iter().chain(series).min(),
        }
    }
}

fn first_by_name(table: &TitleTable) -> FirstByName {
    let mut first = FirstByName::default();
    for (position, title) in (0..).zip(table.titles()) {
        if let Some(year) = title.release_year {
            let of_name: &mut [Option<u32>; 2] = first.entry((work_key(&title.display), year)).or_default();
            of_name[usize::from(title.kind == Kind::Series)].get_or_insert(position);
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use catalog::{Platform, Title, TitleId};
    use proptest::prelude::*;

    use super::*;

    fn table(titles: &[(&str, Option<u16>, Kind)]) -> TitleTable {
        let of = |(n, &(name, release_year, kind)): (usize, &(&str, Option<u16>, Kind))| Title {
            release_year,
            kind,
            ..Title::named(TitleId::new(&format!("ns{n}")).unwrap(), name)
        };
        let titles = titles.iter().enumerate().map(of).collect();
        TitleTable::new(vec![Platform::new("netflix").unwrap()], titles).unwrap()
    }

    #[test]
    fn the_first_title_of_a_name_and_year_is_found() {
        let (film, series) = (Kind::Movie, Kind::Series);
        let table = table(&[
            ("Fargo", Some(1996), series),
            ("Up!", None, film),
            ("FARGO", Some(1996), film),
            ("far-go", Some(1996), film),
            ("?", Some(2000), film),
            ("Amélie", Some(2001), film),
        ]);
        let names = Names::new(&table);
        for (name, year, kind, expected) in [
            ("Fargo", 1996, None, Some(0)),
            ("Fargo", 1996, Some(film), Some(2)),
            ("Fargo", 1996, Some(series), Some(0)),
            ("AMÉLIE", 2001, Some(series), Some(5)),
            ("Fargo", 1997, None, None),
            ("Up!", 2009, None, None),
            ("?", 2000, None, None),
        ] {
            assert_eq!(names.find(name, year, kind), expected, "{name} {year}");
        }
    }

    proptest! {
        #[test]
        fn names_are_found_as_works_compares_them(
            titles in prop::collection::vec(("[aBb!-]{0,3}", prop::option::of(1..3_u16), any::<bool>()), 1..12)
        ) {
            let kind = |is_film: bool| if is_film { Kind::Movie } else { Kind::Series };
            let rows: Vec<_> = titles.iter().map(|(name, year, film)| (&**name, *year, kind(*film))).collect();
            let table = table(&rows);
            let (names, works) = (Names::new(&table), table.works());
            for (&(name, year, kind), work) in rows.iter().zip(works) {
                if let Some(year) = year && !work_key(name).is_empty() {
                    prop_assert_eq!(names.find(name, year, Some(kind)), Some(work));
                }
            }
        }
    }
}
