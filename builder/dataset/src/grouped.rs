/// Entries grouped by row (user or title), stored one row after the other.
#[derive(Debug, Clone, Default)]
pub struct Grouped<T> {
    starts: Vec<usize>,
    entries: Vec<T>,
}

impl<T: Copy + Default> Grouped<T> {
    /// Groups entries into `n_rows` rows. `row` is the row of each entry; entries of a row keep their order.
    ///
    /// # Panics
    /// Panics if a row is not below `n_rows`, or if there are fewer or more entries than rows in `row`.
    pub fn new(n_rows: usize, row: &[u32], mut entries: impl Iterator<Item = T>) -> Self {
        let mut starts = vec![0_usize; n_rows + 1];
        for &r in row {
            starts[r as usize + 1] += 1;
        }
        for r in 0..n_rows {
            starts[r + 1] += starts[r];
        }
        let mut next = starts.clone();
        let mut sorted = vec![T::default(); row.len()];
        for &r in row {
            sorted[next[r as usize]] = entries.next().expect("each row in `row` has an entry");
            next[r as usize] += 1;
        }
        assert!(entries.next().is_none(), "each entry has a row in `row`");
        Self { starts, entries: sorted }
    }
}

impl<T> Grouped<T> {
    /// Returns the number of rows, with or without entries.
    pub fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns the number of entries in all rows.
    pub fn n_entries(&self) -> usize {
        self.entries.len()
    }

    /// Returns the entries of a row, in the order they were given.
    ///
    /// # Panics
    /// Panics if the row is out of range.
    pub fn of(&self, row: usize) -> &[T] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// Counts the rows that have at least one entry.
    pub fn n_known(&self) -> usize {
        self.starts.windows(2).filter(|w| w[0] < w[1]).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_grouped_in_order() {
        let grouped = Grouped::new(4, &[2, 0, 2, 3, 2], "abcde".chars());
        let rows: Vec<String> = (0..grouped.n_rows()).map(|row| grouped.of(row).iter().collect()).collect();
        assert_eq!(rows, ["b", "", "ace", "d"]);
        assert_eq!((grouped.n_entries(), grouped.n_known()), (5, 3));
    }

    #[test]
    #[should_panic(expected = "each row in `row` has an entry")]
    fn a_missing_entry_is_not_made_up() {
        Grouped::new(2, &[0, 1], "a".chars());
    }

    #[test]
    #[should_panic(expected = "each entry has a row in `row`")]
    fn no_entry_is_dropped() {
        Grouped::new(2, &[0, 1], "abc".chars());
    }
}
