use catalog::{Interactions, RatingTable};

use super::{TrainError, check_rows};

/// Ratings as a trainer reads them: several times from first to last, and never changed or copied on the way.
pub trait Rows {
    /// Number of users; every user is below it.
    fn n_users(&self) -> usize;

    /// Number of titles; every title is below it.
    fn n_titles(&self) -> usize;

    /// The ratings, in the order of [`Rows::for_each`].
    fn rating(&self) -> &[f32];

    /// Calls `visit` with the user, the title and the rating of each row, always in the same order.
    fn for_each(&self, visit: impl FnMut(u32, u32, f32));

    /// Refuses rows that are not as said; `set` names them in the error.
    ///
    /// # Errors
    /// [`TrainError::Row`].
    fn check(&self, set: &'static str) -> Result<(), TrainError>;
}

impl Rows for Interactions {
    fn n_users(&self) -> usize {
        self.n_users
    }

    fn n_titles(&self) -> usize {
        self.n_titles
    }

    fn rating(&self) -> &[f32] {
        &self.rating
    }

    fn for_each(&self, mut visit: impl FnMut(u32, u32, f32)) {
        for ((&u, &i), &rating) in self.user_idx.iter().zip(&self.title_idx).zip(&self.rating) {
            visit(u, i, rating);
        }
    }

    fn check(&self, set: &'static str) -> Result<(), TrainError> {
        check_rows(set, self)
    }
}

/// A table of clean ratings as rows, without the column of users that [`RatingTable::interactions`] writes out.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableRows<'a> {
    pub(super) ratings: &'a RatingTable,
    pub(super) n_titles: usize,
}

impl Rows for TableRows<'_> {
    fn n_users(&self) -> usize {
        self.ratings.users().len()
    }

    fn n_titles(&self) -> usize {
        self.n_titles
    }

    fn rating(&self) -> &[f32] {
        self.ratings.rating()
    }

    fn for_each(&self, mut visit: impl FnMut(u32, u32, f32)) {
        for user in 0..self.n_users() {
            let rows = self.ratings.rows_of(user);
            for (&i, &rating) in
                self.ratings.title_idx()[rows.clone()].iter().zip(&self.ratings.rating()[rows])
            {
                visit(user as u32, i, rating);
            }
        }
    }

    fn check(&self, set: &'static str) -> Result<(), TrainError> {
        // All else holds of any table.
        match self.ratings.title_idx().iter().position(|&i| i as usize >= self.n_titles) {
            Some(row) => Err(TrainError::Row { set, row, problem: "the title position is out of range" }),
            None => Ok(()),
        }
    }
}
