//! Values of a column that are probably the same, written in several ways.

use std::collections::BTreeMap;

use catalog::TitleTable;

use crate::columns::{COLUMNS, Column, Values};
use crate::counts::counted;
use crate::report::{Count, OneValue, Spellings};
use crate::text::name;

mod folded;
mod typos;

use folded::{Folded, Rules, fold};

/// The most groups of a column in the report.
const GROUPS: usize = 10;
/// The most spellings of a group in the report.
const SPELLINGS: usize = 5;
/// The fewest letters of a value that is checked for typing errors. Shorter words are often one letter apart.
const FEWEST_LETTERS: usize = 8;
/// The most letters, since the time and the memory grow with the square of the length.
const MOST_LETTERS: usize = 40;
/// The most values of a column in which to look for typing errors. A column with more is hardly one of
/// categories.
const MOST_VALUES: usize = 1 << 16;

/// Returns which spellings count as the same in a column; `None` if it has no names.
fn rules(column: &str) -> Option<Rules> {
    match column {
        "director" | "cast" => Some(Rules::Person),
        "genres" => Some(Rules::Label { affixes: true, typos: true }),
        "country" | "audience" => Some(Rules::Label { affixes: false, typos: true }),
        "platform" => Some(Rules::Label { affixes: true, typos: false }),
        _ => None,
    }
}

/// Finds the spellings of all columns that have some, in the order of the report.
pub(crate) fn spellings(table: &TitleTable) -> Vec<Spellings> {
    let of_columns = COLUMNS.iter().filter_map(|column| {
        let rules = rules(column.name)?;
        let values = values(column, table);
        let groups = groups(&values, rules);
        let shown = groups.iter().take(GROUPS).map(|group| OneValue {
            spellings: group
                .iter()
                .take(SPELLINGS)
                .map(|count| Count { label: name(&count.label), n: count.n })
                .collect(),
            spellings_left_out: group.len().saturating_sub(SPELLINGS) as u64,
        });
        (!groups.is_empty()).then(|| Spellings {
            column: column.name.to_owned(),
            groups: shown.collect(),
            groups_left_out: groups.len().saturating_sub(GROUPS) as u64,
        })
    });
    of_columns.collect()
}

/// Counts the titles that have each value.
fn values(column: &Column, table: &TitleTable) -> Vec<Count> {
    let titles = table.titles();
    match &column.values {
        Values::Category(word) => {
            counted(titles.iter().map(|t| word(table, t)).filter(|word| !word.is_empty()))
        }
        Values::List(items, _) => counted(titles.iter().flat_map(|t| items(t).iter().map(String::as_str))),
        _ => Vec::new(),
    }
}

/// Groups values that are probably the same; groups with the most titles come first. A value that has no
/// other spelling is in no group.
fn groups(values: &[Count], rules: Rules) -> Vec<Vec<&Count>> {
    let folded: Vec<Folded> = values.iter().map(|count| fold(&count.label, rules)).collect();
    let mut sets = Sets((0..values.len()).collect());
    let mut by_key = BTreeMap::<&str, usize>::new();
    for (at, of) in folded.iter().enumerate().filter(|(_, of)| !of.key.is_empty()) {
        sets.join(*by_key.entry(&of.key).or_insert(at), at);
    }
    if matches!(rules, Rules::Label { typos: true, .. }) && values.len() <= MOST_VALUES {
        join_typos(&folded, &mut sets);
    }
    let mut groups = BTreeMap::<usize, Vec<&Count>>::new();
    for (at, count) in values.iter().enumerate() {
        groups.entry(sets.first(at)).or_default().push(count);
    }
    let mut groups: Vec<Vec<&Count>> = groups.into_values().filter(|group| group.len() > 1).collect();
    let size = |group: &[&Count]| group.iter().map(|count| count.n).sum::<u64>();
    groups.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a[0].label.cmp(&b[0].label)));
    groups
}

/// Joins the values that one typing error turns into each other.
fn join_typos(folded: &[Folded], sets: &mut Sets) {
    let letters: Vec<Vec<char>> = folded.iter().map(|of| of.plain.chars().collect()).collect();
    let is_long = |at: &usize| {
        let n_letters = letters[*at].iter().filter(|c| c.is_alphabetic()).count();
        n_letters >= FEWEST_LETTERS && letters[*at].len() <= MOST_LETTERS
    };
    let long: Vec<usize> = (0..folded.len()).filter(is_long).collect();
    let texts: Vec<&[char]> = long.iter().map(|&at| letters[at].as_slice()).collect();
    typos::pairs(&texts, |a, b| {
        let (a, b) = (long[a], long[b]);
        if folded[a].codes == folded[b].codes {
            sets.join(a, b);
        }
    });
}

/// Disjoint sets of positions: each position's first one, or one nearer to it.
struct Sets(Vec<usize>);

impl Sets {
    fn first(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(column: &str, labels: &[&str]) -> Vec<Vec<String>> {
        let counts = counted(labels.iter().copied());
        let groups = groups(&counts, rules(column).unwrap());
        groups.iter().map(|group| group.iter().map(|c| format!("{} {}", c.label, c.n)).collect()).collect()
    }

    #[test]
    fn values_are_grouped_with_the_titles_of_each_spelling() {
        assert_eq!(
            found(
                "genres",
                &["Dramas", "Drama", "Dramas", "TV dramas", "Comedy", "comedies", "comedies", "Horror"]
            ),
            [["Dramas 2", "Drama 1", "TV dramas 1"].as_slice(), &["comedies 2", "Comedy 1"]]
        );
        assert_eq!(
            found("country", &["México", "Mexico", "United States", "Unted States", "Untied States"]).len(),
            2
        );
        assert_eq!(found("director", &["Ana Díaz", "ana diaz", "Ana Diez"]), [["Ana Díaz 1", "ana diaz 1"]]);
        assert_eq!(found("platform", &["prime-video", "primevideo", "hulu"]).len(), 1);
        assert!(rules("title").is_none());
    }

    #[test]
    fn numbers_and_short_words_are_never_typing_errors() {
        for column in ["genres", "audience", "country"] {
            for labels in [
                ["Part 2 of it all", "Part 3 of it all"],
                ["Chapter one II", "Chapter one III"],
                ["Suitable for 7+", "Suitable for 16+"],
                ["Category A films", "Category B films"],
                ["7+", "16+"],
                ["tv-y", "tv-y7"],
                ["Iran", "Iraq"],
                ["Gambia", "Zambia"],
                ["Ireland", "Iceland"],
            ] {
                assert!(found(column, &labels).is_empty(), "{labels:?}");
            }
        }
        assert_eq!(found("audience", &["Not rated yet", "Not ratde yet"]).len(), 1);
        // People have names that are one letter apart.
        assert!(found("cast", &["Christina Ricci", "Christine Ricci"]).is_empty());
    }
}
