//! Title features from the catalog, as sparse columns for trainers.

use std::collections::BTreeMap;

use catalog::{TitleId, TitleTable};

/// Families of columns; trainers weight what they learn from each family separately.
const FAMILIES: [&str; 8] =
    ["kind", "genre", "platform", "period", "country", "audience", "director", "cast"];

/// Number of years in one release period.
const PERIOD: u16 = 5;

/// Sparse matrix, titles × columns. If a title has `n` values in a family, each weighs `1/√n`.
///
/// A value that only one title has says nothing about other titles, so it has no column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TitleFeatures {
    /// Position of each title's first entry, and the number of entries at the end.
    starts: Vec<usize>,
    entries: Vec<(u32, f32)>,
    /// The family of each column.
    families: Vec<u8>,
}

impl TitleFeatures {
    /// Collects the features of every work: kind, genres, platforms, release period, countries, audience
    /// rating, directors and cast. `works` has the first title of each title's work ([`TitleTable::works`]).
    /// That title gets the features of every title of the work, and the others get none.
    ///
    /// # Panics
    /// Panics if `works` is not as long as the table.
    pub fn new(table: &TitleTable, works: &[u32]) -> Self {
        let titles = table.titles();
        assert_eq!(titles.len(), works.len(), "one work per title");
        let mut of_work: Vec<Vec<(u8, String)>> = vec![Vec::new(); titles.len()];
        for (title, &work) in titles.iter().zip(works) {
            let period = title.release_year.map(|year| (year / PERIOD * PERIOD).to_string());
            let platform = table.platform_of(title).as_str().to_owned();
            let values: [Vec<String>; FAMILIES.len()] = [
                vec![title.kind.as_str().to_owned()],
                title.genres.clone(),
                vec![platform],
                period.into_iter().collect(),
                title.country.clone(),
                vec![title.audience.clone()],
                title.director.clone(),
                title.cast.clone(),
            ];
            let known = &mut of_work[work as usize];
            for (family, values) in (0_u8..).zip(values) {
                let named = values.into_iter().filter(|value| !value.is_empty());
                known.extend(named.map(|value| (family, value.to_lowercase())));
            }
        }
        let mut counts: BTreeMap<(u8, String), u32> = BTreeMap::new();
        for values in &mut of_work {
            values.sort_unstable();
            values.dedup();
            for value in values {
                *counts.entry(value.clone()).or_default() += 1;
            }
        }
        let shared = counts.into_iter().filter(|&(_, count)| count > 1).map(|(value, _)| value);
        let columns: BTreeMap<(u8, String), u32> = shared.zip(0..).collect();
        let mut features = Self {
            starts: vec![0],
            entries: Vec::new(),
            families: columns.keys().map(|(family, _)| *family).collect(),
        };
        for values in of_work {
            let of_title: Vec<u32> = values.iter().filter_map(|value| columns.get(value).copied()).collect();
            let families = &features.families;
            for family in of_title.chunk_by(|&a, &b| families[a as usize] == families[b as usize]) {
                let weight = 1.0 / (family.len() as f32).sqrt();
                features.entries.extend(family.iter().map(|&column| (column, weight)));
            }
            features.starts.push(features.entries.len());
        }
        features
    }

    /// Collects the features of these titles, in this order, treating each as a work of its own. A title that
    /// is not in the table gets none.
    pub fn of_ids(table: &TitleTable, ids: &[TitleId]) -> Self {
        let own: Vec<u32> = (0..table.titles().len() as u32).collect();
        let all = Self::new(table, &own);
        let mut chosen = Self { starts: vec![0], entries: Vec::new(), families: all.families.clone() };
        for id in ids {
            if let Some(position) = table.position(id.as_str()) {
                chosen.entries.extend_from_slice(all.of(position as usize));
            }
            chosen.starts.push(chosen.entries.len());
        }
        chosen
    }

    /// Returns the number of titles; 0 if no features are known.
    pub fn n_titles(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Returns the number of columns.
    pub fn n_columns(&self) -> usize {
        self.families.len()
    }

    /// Returns the family of a column, by number.
    ///
    /// # Panics
    /// Panics if `column` is out of range.
    pub fn family(&self, column: usize) -> u8 {
        self.families[column]
    }

    /// Returns the columns of a title, ascending, and their weights.
    ///
    /// # Panics
    /// Panics if `title` is out of range.
    pub fn of(&self, title: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[title]..self.starts[title + 1]]
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Platform, Title, TitleId};

    use super::*;

    fn title(n: usize, genres: &[&str], year: u16) -> Title {
        Title {
            cast: vec!["Nobody Else".to_owned()],
            release_year: Some(year),
            genres: genres.iter().map(|&g| g.to_owned()).collect(),
            ..Title::named(TitleId::new(&format!("ns{n}")).unwrap(), format!("Title {n}"))
        }
    }

    #[test]
    fn a_work_has_the_features_of_its_titles_and_a_unique_value_has_no_column() {
        let titles = vec![
            title(0, &["Drama", "Crime"], 2001),
            title(1, &["drama"], 2004),
            title(2, &["opera", "crime"], 1990),
            title(3, &["crime"], 2001),
        ];
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles).unwrap();
        let f = TitleFeatures::new(&table, &[0, 1, 2, 0]);
        // Kind, two genres, one platform, one period, and a name that three works share.
        assert_eq!((f.n_titles(), f.n_columns()), (4, 6));
        assert_eq!((0..6).map(|c| f.family(c)).collect::<Vec<_>>(), [0, 1, 1, 2, 3, 7]);
        let columns = |t: usize| f.of(t).iter().map(|&(c, _)| c).collect::<Vec<_>>();
        assert_eq!(columns(0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(columns(1), [0, 2, 3, 4, 5]);
        assert_eq!(columns(2), [0, 1, 3, 5], "opera and 1990 are unique");
        assert!(columns(3).is_empty(), "the first title of the work has all features");
        let weight = f.of(0)[1].1;
        assert!((weight - 0.5_f32.sqrt()).abs() < 1e-6, "two genres weigh 1/√2 each, {weight}");
    }
}
