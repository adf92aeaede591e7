use std::path::Path;

use catalog::{Interactions, TitleId, UserId};

/// A MovieLens rating file in the order of its rows, for fold files that name rows by their number.
#[derive(Debug, Clone, PartialEq)]
pub struct FileOrder {
    /// Users, in their order.
    pub users: Vec<UserId>,
    /// Titles, by length and then bytes.
    pub titles: Vec<TitleId>,
    /// The rows, in the order of the file.
    pub rows: Interactions,
    /// Unix seconds, row by row.
    pub timestamp: Vec<u32>,
}

/// Reads a file of `user, item, rating, timestamp` separated by tabs.
pub fn read_file_order(_path: &Path) -> anyhow::Result<FileOrder> {
    anyhow::bail!("not there yet")
}
