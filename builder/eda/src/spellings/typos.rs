//! Pairs of texts that one typing error turns into each other.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A text is compared with at most this many others of an entry, so that many texts that are alike take no
/// longer than others.
const NEIGHBORS: usize = 32;

/// Calls `found` with the positions of pairs of different texts that one typing error turns into each other:
/// a letter too many, too few or wrong, or two letters swapped.
///
/// Two such texts are the same after one letter or none is left out of each (Garbe 2012, symmetric
/// deletion), so all texts are listed under what is left of them, and only those that share an entry are
/// compared.
pub(super) fn pairs(texts: &[&[char]], mut found: impl FnMut(usize, usize)) {
    let mut entries: Vec<(u64, u32)> = Vec::new();
    for (at, text) in texts.iter().zip(0..).map(|(text, at)| (at, *text)) {
        let mut add = |left: &mut dyn Iterator<Item = &char>| {
            let mut hasher = DefaultHasher::new();
            left.for_each(|c| c.hash(&mut hasher));
            entries.push((hasher.finish(), at));
        };
        add(&mut text.iter());
        (0..text.len()).for_each(|out| add(&mut text[..out].iter().chain(&text[out + 1..])));
    }
    entries.sort_unstable();
    entries.dedup();
    for shared in entries.chunk_by(|a, b| a.0 == b.0) {
        for (n, &(_, b)) in shared.iter().enumerate() {
            for &(_, a) in &shared[n.saturating_sub(NEIGHBORS)..n] {
                let (a, b) = (a as usize, b as usize);
                if is_one_error(texts[a], texts[b]) {
                    found(a, b);
                }
            }
        }
    }
}

/// Returns whether one typing error turns a text into another.
fn is_one_error(a: &[char], b: &[char]) -> bool {
    let begin = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[begin..], &b[begin..]);
    match (a, b) {
        ([_, rest @ ..], _) if rest == b => true,
        (_, [_, rest @ ..]) if rest == a => true,
        ([_, x @ ..], [_, y @ ..]) if x == y => true,
        ([a0, a1, x @ ..], [b0, b1, y @ ..]) => a0 == b1 && a1 == b0 && x == y,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn letters(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn one_error_is_a_letter_more_less_or_other_or_two_swapped() {
        let is_one = |a: &str, b: &str| is_one_error(&letters(a), &letters(b));
        for (a, b) in [
            ("drama", "drma"),
            ("drama", "dramma"),
            ("drama", "dramo"),
            ("drama", "darma"),
            ("drama", "xdrama"),
        ] {
            assert!(is_one(a, b) && is_one(b, a), "{a} and {b}");
        }
        for (a, b) in [("drama", "drama"), ("drama", "dr"), ("drama", "ramad"), ("drama", "dxaxa")] {
            assert!(!is_one(a, b) && !is_one(b, a), "{a} and {b}");
        }
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_a_scan_of_all_pairs(texts in proptest::collection::btree_set("[ab]{0,6}", 0..30)) {
            let texts: Vec<Vec<char>> = texts.iter().map(|text| letters(text)).collect();
            let texts: Vec<&[char]> = texts.iter().map(Vec::as_slice).collect();
            let mut found = BTreeSet::new();
            pairs(&texts, |a, b| { found.insert((a, b)); });
            let mut slow = BTreeSet::new();
            for b in 0..texts.len() {
                slow.extend((0..b).filter(|&a| is_one_error(texts[a], texts[b])).map(|a| (a, b)));
            }
            prop_assert_eq!(found, slow);
        }
    }
}
