//! Ids that mean the same title wherever they are.

use catalog::TitleTable;
use tables::Interner;

/// Ids that ratings can name titles by.
#[derive(Debug)]
pub(crate) struct Known {
    /// The ids of the titles by position, and after them the ids of `JustWatch` and `IMDb` without the prefix
    /// of a platform.
    pub(crate) ids: Interner,
    /// Positions of the titles by number in `ids`; `None` if the numbers are positions.
    positions: Option<Vec<u32>>,
}

impl Known {
    /// Numbers the ids of the titles. `JustWatch` (`tm84618`, `ts20711`) and `IMDb` (`tt0111161`) give a
    /// title one id for all platforms, so ratings may have it without a platform's prefix. It means the first
    /// title that has it.
    pub(crate) fn of(table: &TitleTable) -> Self {
        let mut ids = tables::index(table);
        let n_titles = table.titles().len() as u32;
        let mut positions: Vec<u32> = (0..n_titles).collect();
        for (position, title) in (0..).zip(table.titles()) {
            let own = title.id.as_str().strip_prefix(table.platform_of(title).prefix());
            let Some(own) = own.filter(|own| is_global(own)) else { continue };
            if ids.intern(own.as_bytes()).is_ok_and(|number| number as usize == positions.len()) {
                positions.push(position);
            }
        }
        let positions = (positions.len() > table.titles().len()).then_some(positions);
        Self { ids, positions }
    }

    /// Returns the positions of the titles by number, for each of some workers; `None` if the numbers are
    /// positions.
    pub(crate) fn positions(&self, n_workers: usize) -> Option<Vec<Vec<u32>>> {
        self.positions.as_ref().map(|positions| vec![positions.clone(); n_workers])
    }
}

fn is_global(own: &str) -> bool {
    let number = ["tm", "ts", "tt"].iter().find_map(|begin| own.strip_prefix(begin));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use catalog::{Platform, Title, TitleId};

    use super::*;

    fn table(ids: &[(&str, u8)]) -> TitleTable {
        let platforms = ["hulu", "max"].map(|name| Platform::new(name).unwrap()).to_vec();
        let title = |(id, platform_idx): &(&str, u8)| Title {
            platform_idx: *platform_idx,
            ..Title::named(TitleId::new(id).unwrap(), "x")
        };
        TitleTable::new(platforms, ids.iter().map(title).collect()).unwrap()
    }

    #[test]
    fn only_ids_that_are_the_same_everywhere_are_known_without_a_prefix() {
        let known = Known::of(&table(&[("htm1", 0), ("mtm1", 1), ("mtt02", 1), ("hs1", 0), ("mtsx", 1)]));
        let position =
            |id: &str| known.ids.get(id.as_bytes()).map(|n| known.positions(1).unwrap()[0][n as usize]);
        for (id, expected) in [
            ("htm1", Some(0)),
            ("mtm1", Some(1)),
            ("tm1", Some(0)),
            ("tt02", Some(2)),
            ("hs1", Some(3)),
            ("s1", None),
            ("tsx", None),
        ] {
            assert_eq!(position(id), expected, "{id}");
        }
        assert_eq!(Known::of(&table(&[("hs1", 0)])).positions(1), None);
    }
}
