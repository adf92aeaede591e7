//! What is collected while a catalog is read.

use std::path::Path;

use artifact::Source;
use catalog::Title;
use tables::{Reason, Rejects};

use super::roles::Role;
use crate::{CellFaults, GenreTable, Repair, RepairKind};

/// What was read of a file so far.
pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    pub(super) label: &'a str,
    pub(super) genres: &'a GenreTable,
    pub(super) titles: Vec<(u64, Title)>,
    pub(super) n_rows: u64,
    pub(super) rejects: Rejects,
    pub(super) repairs: Vec<Repair>,
    pub(super) faults: CellFaults,
    pub(super) sources: Vec<Source>,
}

/// Fault of a row: the column, the value and the reason.
pub(super) type Fault<'a> = (&'static str, &'a [u8], Reason);

impl Reader<'_> {
    /// Records that a cell was changed.
    pub(super) fn repair(&mut self, line: u64, role: Role, value: &str, kind: RepairKind) {
        self.repair_at(line, role.name(), value, kind);
    }

    /// Records that a cell, or a whole row (`column` is then empty), was changed.
    pub(super) fn repair_at(&mut self, line: u64, column: &'static str, value: &str, kind: RepairKind) {
        let (file, value) = (self.label.to_owned(), value.to_owned());
        self.repairs.push(Repair { file, line, column, value, kind });
    }
}
