//! Which titles are editions of one work by a technical suffix, such as `(4K UHD)`.

use std::collections::{BTreeMap, HashMap};

use catalog::{TitleTable, without_suffix};

use crate::report::{EditionSuffix, Editions};
use crate::text::name;

/// Suffixes that are counted one by one.
const SUFFIXES: usize = 20;

/// Counts titles by technical suffix. `works` names the first title of each title's work.
pub(crate) fn editions(table: &TitleTable, works: &[u32]) -> Editions {
    let titles = table.titles();
    // A work's name without suffixes is the same for all its titles, so a title was joined by the rule if
    // another title of the work has another suffix, or none.
    let suffix_of = |title: usize| without_suffix(&titles[title].display).1.map(str::to_lowercase);
    let mut of_work: HashMap<u32, Vec<Option<String>>> = HashMap::new();
    for (title, &work) in works.iter().enumerate() {
        of_work.entry(work).or_default().push(suffix_of(title));
    }
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut editions = Editions::default();
    for (title, work) in works.iter().enumerate() {
        let Some(suffix) = suffix_of(title) else { continue };
        let joined = of_work[work].iter().any(|other| other.as_ref() != Some(&suffix));
        let count = counts.entry(suffix).or_default();
        count.0 += 1;
        count.1 += u64::from(joined);
        editions.titles += 1;
        editions.joined += u64::from(joined);
    }
    let mut counts: Vec<(String, (u64, u64))> = counts.into_iter().collect();
    // Equal counts stay in alphabetical order.
    counts.sort_by_key(|(_, (titles, _))| std::cmp::Reverse(*titles));
    editions.suffixes_left_out = counts.len().saturating_sub(SUFFIXES) as u64;
    counts.truncate(SUFFIXES);
    let suffix = |(suffix, (titles, joined)): (String, (u64, u64))| EditionSuffix {
        suffix: name(&suffix),
        titles,
        joined,
    };
    editions.suffixes = counts.into_iter().map(suffix).collect();
    editions
}

#[cfg(test)]
mod tests {
    use catalog::{Platform, Title, TitleId};

    use super::*;

    #[test]
    fn suffixes_are_counted_with_the_titles_that_they_joined() {
        let names = [
            "Argo",
            "Argo (4K UHD)",
            "Coco [4K UHD]",
            "Ran [Dubbed]",
            "Ran (English Subtitled)",
            "Ran (2019)",
        ];
        let titles = names.iter().enumerate().map(|(at, name)| Title {
            release_year: Some(2012),
            ..Title::named(TitleId::new(&format!("n{at}")).unwrap(), *name)
        });
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles.collect()).unwrap();
        let found = editions(&table, &table.works());
        assert_eq!((found.titles, found.joined, found.suffixes_left_out), (4, 3, 0));
        let rows: Vec<_> = found.suffixes.iter().map(|s| (s.suffix.as_str(), s.titles, s.joined)).collect();
        assert_eq!(rows, [("4k uhd", 2, 1), ("dubbed", 1, 1), ("english subtitled", 1, 1)]);
    }
}
