//! How many titles lists show, and how alike the lists of different users are.
//!
//! Let `N` lists show the first ten titles each, let `c(i)` be the number of lists with title `i` of `T`, and
//! let `n(i)` of `U` users have rated it. Then:
//!
//! - `coverage@10` is the share of all titles that are in at least one list.
//! - `gini@10` is the Gini coefficient of exposure, `Σ_j (2j − T − 1) c_j / (T Σ c)` with the titles in
//!   ascending order of `c`: 0 if all titles are shown equally often, near 1 if few titles get all places
//!   (Fleder and Hosanagar 2009, "Blockbuster culture's next rise or fall", section 3).
//! - `overlap@10` is the mean share of a list that it has in common with another user's list, over all pairs:
//!   `Σ c(c − 1) / ((N − 1) Σ c)`. It is absent with fewer than two lists.
//! - `novelty@10` is the mean of `−log₂(n(i)/U)` over the places of all lists, in bits (Zhou, Kuscsik, Liu,
//!   Medo, Wakeling and Zhang 2010, "Solving the apparent diversity-accuracy dilemma of recommender
//!   systems"). A title that nobody rated counts as if one user had.

use crate::Measures;

/// Returns the measures of lists of titles. `n_raters` is the number of users who rated each title, of
/// `n_users`. Without a title in any list, there is nothing to measure.
pub(crate) fn exposure<'a>(
    lists: impl Iterator<Item = &'a [u32]>,
    n_raters: &[f32],
    n_users: usize,
) -> Measures {
    let mut shown = vec![0_u32; n_raters.len()];
    let (mut n_lists, mut bits) = (0_usize, 0.0);
    for list in lists {
        n_lists += 1;
        for &title in list {
            shown[title as usize] += 1;
            bits -= (f64::from(n_raters[title as usize].max(1.0)) / n_users.max(1) as f64).log2();
        }
    }
    let n_places: f64 = shown.iter().map(|&c| f64::from(c)).sum();
    if n_places == 0.0 {
        return Measures::new();
    }
    let n_titles = shown.len() as f64;
    let coverage = shown.iter().filter(|&&c| c > 0).count() as f64 / n_titles;
    let twice: f64 = shown.iter().map(|&c| f64::from(c) * (f64::from(c) - 1.0)).sum();
    shown.sort_unstable();
    let ranks = (1..).map(|j: u32| 2.0 * f64::from(j) - n_titles - 1.0);
    let gini = ranks.zip(&shown).map(|(rank, &c)| rank * f64::from(c)).sum::<f64>() / (n_titles * n_places);
    let mut measures = Measures::from([
        ("coverage@10".to_owned(), coverage),
        ("gini@10".to_owned(), gini),
        ("novelty@10".to_owned(), bits / n_places),
    ]);
    if n_lists > 1 {
        measures.insert("overlap@10".to_owned(), twice / ((n_lists - 1) as f64 * n_places));
    }
    measures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lists: &[&[u32]], n_raters: &[f32]) -> Measures {
        exposure(lists.iter().copied(), n_raters, 8)
    }

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-12
    }

    #[test]
    fn lists_that_are_the_same_for_all_overlap_wholly() {
        let m = of(&[&[2, 0], &[0, 2], &[2, 0]], &[8.0, 1.0, 4.0, 2.0]);
        assert!(near(m["coverage@10"], 0.5) && near(m["overlap@10"], 1.0), "{m:?}");
        // Of four titles two have all places: (1 + 3)·3 / (4·6).
        assert!(near(m["gini@10"], 0.5) && near(m["novelty@10"], 0.5), "{m:?}");
    }

    #[test]
    fn lists_without_a_title_in_common_do_not_overlap() {
        let m = of(&[&[0, 1], &[2, 3]], &[2.0, 2.0, 2.0, 0.0]);
        assert!(
            near(m["coverage@10"], 1.0) && near(m["overlap@10"], 0.0) && near(m["gini@10"], 0.0),
            "{m:?}"
        );
        assert!(near(m["novelty@10"], (3.0 * 2.0 + 3.0) / 4.0), "{m:?}");
        // Two of six ordered pairs have a third in common.
        let m = of(&[&[0, 1, 2], &[2, 3, 4], &[5, 6, 7]], &[1.0; 9]);
        assert!(near(m["overlap@10"], 1.0 / 9.0), "{m:?}");
    }

    #[test]
    fn without_lists_there_is_nothing_to_measure() {
        assert_eq!(of(&[], &[1.0]), Measures::new());
        assert_eq!(of(&[&[]], &[1.0]), Measures::new());
        assert!(!of(&[&[0]], &[1.0]).contains_key("overlap@10"));
    }
}
