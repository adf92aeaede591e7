//! What of an analysis is served: nothing that names a user or shows what somebody rated.

use tables::Reason;

use crate::report::{ColumnType, Eda};

impl Eda {
    /// Returns the analysis without what could say something about a person: the ids of users, rows of
    /// ratings, and cells of rejected rows, which may hold anything.
    #[must_use]
    pub fn without_people(&self) -> Self {
        let mut served = self.clone();
        served.names_people = false;
        for table in served.tables.iter_mut().filter(|table| table.name == "ratings") {
            table.sample.clear();
            let names_users = |name: &str, of: ColumnType| of == ColumnType::Identifier && name == "user_id";
            for column in table.columns.iter_mut().filter(|c| names_users(&c.name, c.column_type)) {
                column.top.clear();
                column.other = column.rows - column.missing;
                column.lowest.clear();
                column.highest.clear();
            }
        }
        for fault in &mut served.faults.found {
            if Reason::from_name(&fault.code).is_some() {
                fault.examples.clear();
            }
        }
        served
    }
}
