/// What belongs to each row of one side (users or titles), the rows one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Grouped<T> {
    starts: Vec<usize>,
    entries: Vec<T>,
}

impl<T: Copy + Default> Grouped<T> {
    /// Sorts entries by `row`, of which there are `n_rows`; those of a row keep their order.
    pub(super) fn new(n_rows: usize, row: &[u32], entries: impl Iterator<Item = T>) -> Self {
        let mut starts = vec![0_usize; n_rows + 1];
        for &r in row {
            starts[r as usize + 1] += 1;
        }
        for r in 0..n_rows {
            starts[r + 1] += starts[r];
        }
        let mut next = starts.clone();
        let mut sorted = vec![T::default(); row.len()];
        for (&r, entry) in row.iter().zip(entries) {
            sorted[next[r as usize]] = entry;
            next[r as usize] += 1;
        }
        Self { starts, entries: sorted }
    }
}

impl<T> Grouped<T> {
    pub(super) fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn n_entries(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn of(&self, row: usize) -> &[T] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// Rows that have an entry at least.
    pub(super) fn n_known(&self) -> usize {
        self.starts.windows(2).filter(|w| w[0] < w[1]).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_to_their_rows_in_order() {
        let grouped = Grouped::new(4, &[2, 0, 2, 3, 2], "abcde".chars());
        let rows: Vec<String> = (0..grouped.n_rows()).map(|row| grouped.of(row).iter().collect()).collect();
        assert_eq!(rows, ["b", "", "ace", "d"]);
        assert_eq!((grouped.n_entries(), grouped.n_known()), (5, 3));
    }
}
