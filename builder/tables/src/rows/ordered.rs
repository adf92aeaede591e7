//! Reads a clean table of ratings in the order in which it was written.
//!
//! Rows that are in order of user and title need no sorting. Each block is appended to the columns as soon as
//! it is parsed, and only the columns, 12 bytes per row, stay in memory.

use std::cmp::Ordering;
use std::path::Path;

use catalog::{RatingTable, Scale, ScaleCounts, UserId};

use super::{Block, Reading};
use crate::{FileError, Interner};
use progress::Reporter;

/// Reads a table whose titles are `known`, with ratings on the given scale or else on the one that is found.
/// Returns `None` if the table is not as `write` leaves it: if it is empty or in another order, repeats a
/// pair, or has a row that is refused or is off the scale.
pub(crate) fn read(
    path: &Path,
    known: &Interner,
    scale: Option<Scale>,
    block_bytes: usize,
    reporter: &dyn Reporter,
) -> Result<Option<RatingTable>, FileError> {
    let mut columns = Columns::default();
    let in_order =
        super::in_order(path, known, Reading::Clean(scale), block_bytes, reporter, |block, users| {
            block.is_clean() && columns.append(block, users)
        })?;
    if !in_order || columns.title_idx.is_empty() {
        return Ok(None);
    }
    let Columns { users, mut offsets, title_idx, rating, timestamp } = columns;
    offsets.push(title_idx.len() as u64);
    let found = || rating.iter().copied().collect::<ScaleCounts>().scale().ok();
    let Some(scale) = scale.or_else(found).filter(|scale| rating.iter().all(|&r| scale.contains(r))) else {
        return Ok(None);
    };
    let n_titles = known.names().len();
    Ok(Some(RatingTable::on_scale(scale, users, offsets, title_idx, rating, timestamp, n_titles)?))
}

#[derive(Debug, Default)]
struct Columns {
    users: Vec<UserId>,
    /// Position of each user's first row.
    offsets: Vec<u64>,
    title_idx: Vec<u32>,
    rating: Vec<f32>,
    timestamp: Vec<u32>,
}

impl Columns {
    /// Appends the rows of a block, whose users are numbered in order of appearance. Returns false if they do
    /// not continue the order.
    fn append(&mut self, block: &Block, users: &Interner) -> bool {
        let mut current = None;
        for row in &block.rows {
            if current != Some(row.user) {
                // A lower number belongs to a user who appeared before.
                if current > Some(row.user) || !self.follows(&users.names()[row.user as usize]) {
                    return false;
                }
                current = Some(row.user);
            }
            let first = self.offsets.last().is_some_and(|&o| o as usize == self.title_idx.len());
            if !first && self.title_idx.last() >= Some(&row.title) {
                return false;
            }
            self.title_idx.push(row.title);
            self.rating.push(row.rating);
            self.timestamp.push(row.timestamp);
        }
        true
    }

    /// Starts the rows of a user, or continues them if it is the last user. Returns false for a user who
    /// belongs further up.
    fn follows(&mut self, name: &str) -> bool {
        let order = self.users.last().map(|last| UserId::cmp_text(last.as_str(), name));
        if order == Some(Ordering::Greater) {
            return false;
        }
        if order != Some(Ordering::Equal) {
            self.users.push(UserId::new(name).expect("interned ids are well formed"));
            self.offsets.push(self.title_idx.len() as u64);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use progress::Silent;

    const HEADER: &str = "user_id,rating,timestamp,id\n";

    fn read_text(rows: &str, block_bytes: usize) -> Result<Option<RatingTable>, FileError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ratings.csv");
        std::fs::write(&path, format!("{HEADER}{rows}")).unwrap();
        let mut known = Interner::default();
        for title in ["ns1", "ns2", "ns3"] {
            known.intern(title.as_bytes()).unwrap();
        }
        read(&path, &known, Some(Scale::STARS), block_bytes, &Silent)
    }

    #[test]
    fn blocks_may_be_cut_anywhere() {
        let rows =
            "2,1.0,5,ns1\n2,1.5,6,ns3\n9,2.0,7,ns2\n10,2.5,8,ns1\n10,0.5,9,ns2\n10,5.0,1,ns3\n11,4.0,2,ns3\n";
        let users = ["2", "9", "10", "11"].map(|u| UserId::new(u).unwrap()).to_vec();
        let expected = RatingTable::new(
            users,
            vec![0, 2, 3, 6, 7],
            vec![0, 2, 1, 0, 1, 2, 2],
            vec![1.0, 1.5, 2.0, 2.5, 0.5, 5.0, 4.0],
            vec![5, 6, 7, 8, 9, 1, 2],
            3,
        )
        .unwrap();
        for n_threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            for block_bytes in [1, 16, 30, 50, 1000] {
                let table = pool.install(|| read_text(rows, block_bytes)).unwrap();
                assert_eq!(table.as_ref(), Some(&expected), "{block_bytes} bytes, {n_threads} threads");
            }
        }
    }

    #[test]
    fn tables_that_are_not_as_written_give_none() {
        for rows in [
            "",
            "10,1.0,5,ns1\n9,1.0,5,ns1\n",
            "1,1.0,5,ns1\n2,1.0,5,ns1\n1,1.0,5,ns2\n",
            "1,1.0,5,ns2\n1,1.0,5,ns1\n",
            "1,1.0,5,ns2\n1,1.0,6,ns2\n",
            "1,1.0,5,ns4\n",
            "1,9.0,5,ns1\n",
        ] {
            for block_bytes in [1, 1000] {
                assert_eq!(read_text(rows, block_bytes).unwrap(), None, "{rows:?}");
            }
        }
    }
}
