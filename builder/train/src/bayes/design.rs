//! What is known about the rows of one side besides their ratings (who rated them, and features), as a sparse
//! matrix.

use rayon::prelude::*;

use super::rows::{Observed, Row};
use dataset::TitleFeatures;

/// Sparse matrix, rows of one side by columns, stored by rows and by columns. Columns that no rated row has
/// are left out, because nothing could be learned about them.
#[derive(Debug, Clone, Default)]
pub(super) struct Design {
    row_starts: Vec<usize>,
    by_row: Vec<(u32, f32)>,
    column_starts: Vec<usize>,
    by_column: Vec<(u32, f32)>,
    /// Group of each column.
    groups: Vec<u8>,
    n_groups: usize,
}

impl Design {
    /// Builds the matrix. If `implicit` is set, there is a column for everybody on the other side, with the
    /// value `1/√n` in a row with `n` ratings if one of them is theirs (group 0). The columns of the features
    /// follow, one group per family.
    pub(super) fn new(observed: &Observed, n_other: usize, implicit: bool, features: &TitleFeatures) -> Self {
        let n_rows = observed.n_rows();
        let n_implicit = if implicit { n_other } else { 0 };
        let with_features = features.n_titles() == n_rows;
        let n_columns = n_implicit + if with_features { features.n_columns() } else { 0 };
        let entries_of = |row: usize| {
            let ratings = observed.of(row);
            let weight = 1.0 / (ratings.len().max(1) as f32).sqrt();
            let implicit = ratings.iter().filter(move |_| implicit).map(move |&(other, _)| (other, weight));
            let of_row = if with_features { features.of(row) } else { &[] };
            implicit.chain(of_row.iter().map(move |&(column, weight)| (column + n_implicit as u32, weight)))
        };
        let mut used = vec![false; n_columns];
        for row in (0..n_rows).filter(|&row| !observed.of(row).is_empty()) {
            for (column, _) in entries_of(row) {
                used[column as usize] = true;
            }
        }
        let mut number = vec![u32::MAX; n_columns];
        let mut groups = Vec::new();
        for (column, _) in used.iter().enumerate().filter(|&(_, &used)| used) {
            number[column] = groups.len() as u32;
            groups.push(if column < n_implicit { 0 } else { 1 + features.family(column - n_implicit) });
        }
        let (mut row_starts, mut by_row) = (vec![0], Vec::new());
        for row in 0..n_rows {
            let known = entries_of(row).map(|(column, weight)| (number[column as usize], weight));
            by_row.extend(known.filter(|&(column, _)| column != u32::MAX));
            row_starts.push(by_row.len());
        }
        let mut design = Self {
            n_groups: groups.iter().max().map_or(0, |&g| usize::from(g) + 1),
            row_starts,
            by_row,
            column_starts: Vec::new(),
            by_column: Vec::new(),
            groups,
        };
        design.turn(observed);
        design
    }

    /// Fills the columns with the rated rows only, because rows without ratings say nothing about the link.
    fn turn(&mut self, observed: &Observed) {
        let rated = |row: usize| !observed.of(row).is_empty();
        let mut starts = vec![0_usize; self.groups.len() + 1];
        let rows = || (0..self.row_starts.len() - 1).filter(|&row| rated(row));
        for (column, _) in rows().flat_map(|row| self.row(row)) {
            starts[*column as usize + 1] += 1;
        }
        for column in 0..self.groups.len() {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let mut by_column = vec![(0, 0.0); *starts.last().unwrap_or(&0)];
        for row in rows() {
            for &(column, weight) in self.row(row) {
                by_column[next[column as usize]] = (row as u32, weight);
                next[column as usize] += 1;
            }
        }
        self.column_starts = starts;
        self.by_column = by_column;
    }

    pub(super) fn n_columns(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn n_groups(&self) -> usize {
        self.n_groups
    }

    pub(super) fn groups(&self) -> &[u8] {
        &self.groups
    }

    fn row(&self, row: usize) -> &[(u32, f32)] {
        &self.by_row[self.row_starts[row]..self.row_starts[row + 1]]
    }

    /// Returns the rated rows that have a column, and their values.
    pub(super) fn column(&self, column: usize) -> &[(u32, f32)] {
        &self.by_column[self.column_starts[column]..self.column_starts[column + 1]]
    }

    /// Multiplies the matrix by the rows of a link.
    pub(super) fn times<const W: usize>(&self, link: &[Row<W>]) -> Vec<Row<W>> {
        (0..self.row_starts.len() - 1)
            .into_par_iter()
            .with_min_len(64)
            .map(|row| {
                let mut sum = [0.0; W];
                for &(column, weight) in self.row(row) {
                    for (s, value) in sum.iter_mut().zip(&link[column as usize]) {
                        *s += weight * value;
                    }
                }
                sum
            })
            .collect()
    }
}
