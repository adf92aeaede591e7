//! The rows a model is trained on.

use std::borrow::Cow;

use catalog::{Interactions, RatingTable, Scale};

use crate::TrainError;

/// Ratings as trainers read them: several times from first to last, without changing or copying them.
pub(crate) trait Rows {
    /// Returns the number of users, which every user's position is below.
    fn n_users(&self) -> usize;

    /// Returns the number of titles, which every title's position is below.
    fn n_titles(&self) -> usize;

    /// Returns the ratings, in the order of [`Rows::for_each`].
    fn rating(&self) -> &[f32];

    /// Returns the scale of the ratings.
    fn scale(&self) -> Scale;

    /// Calls `visit` with the user, the title and the rating of each row, always in the same order.
    fn for_each(&self, visit: impl FnMut(u32, u32, f32));
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

    fn scale(&self) -> Scale {
        self.scale
    }

    fn for_each(&self, mut visit: impl FnMut(u32, u32, f32)) {
        for ((&u, &i), &rating) in self.user_idx.iter().zip(&self.title_idx).zip(&self.rating) {
            visit(u, i, rating);
        }
    }
}

/// Table of clean ratings as rows, without the column of users that [`RatingTable::interactions`] writes out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableRows<'a> {
    ratings: &'a RatingTable,
    n_titles: usize,
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

    fn scale(&self) -> Scale {
        self.ratings.scale()
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
}

/// Rows to train on, in one of two forms that give the same model.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TrainRows<'a> {
    /// Columns, in any order of rows.
    Columns(&'a Interactions),
    /// A table, which trainers do not copy if they can read it directly.
    Table(TableRows<'a>),
}

impl<'a> TrainRows<'a> {
    pub(crate) fn of_table(ratings: &'a RatingTable, n_titles: usize) -> Self {
        Self::Table(TableRows { ratings, n_titles })
    }

    /// Returns the rows as columns.
    pub(crate) fn columns(self) -> Cow<'a, Interactions> {
        match self {
            Self::Columns(rows) => Cow::Borrowed(rows),
            Self::Table(table) => Cow::Owned(table.ratings.interactions(table.n_titles)),
        }
    }

    pub(crate) fn check(self) -> Result<(), TrainError> {
        match self {
            Self::Columns(rows) => check_rows("training", rows),
            // Everything else holds for any table.
            Self::Table(TableRows { ratings, n_titles }) => {
                match ratings.title_idx().iter().position(|&i| i as usize >= n_titles) {
                    Some(row) => Err(TrainError::Row {
                        set: "training",
                        row,
                        problem: "the title position is out of range",
                    }),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Rows for TrainRows<'_> {
    fn n_users(&self) -> usize {
        match self {
            Self::Columns(rows) => rows.n_users(),
            Self::Table(table) => table.n_users(),
        }
    }

    fn n_titles(&self) -> usize {
        match self {
            Self::Columns(rows) => rows.n_titles(),
            Self::Table(table) => table.n_titles(),
        }
    }

    fn rating(&self) -> &[f32] {
        match self {
            Self::Columns(rows) => rows.rating(),
            Self::Table(table) => table.rating(),
        }
    }

    fn scale(&self) -> Scale {
        match self {
            Self::Columns(rows) => rows.scale(),
            Self::Table(table) => table.scale(),
        }
    }

    fn for_each(&self, visit: impl FnMut(u32, u32, f32)) {
        match self {
            Self::Columns(rows) => rows.for_each(visit),
            Self::Table(table) => table.for_each(visit),
        }
    }
}

/// Returns the range that predictions are clipped to: that of the ratings seen, or the whole scale if
/// they are all the same.
pub(crate) fn scale_of(rows: &impl Rows) -> (f32, f32) {
    let low = rows.rating().iter().copied().fold(f32::INFINITY, f32::min);
    let high = rows.rating().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if low < high { (low, high) } else { (rows.scale().low().min(low), rows.scale().high().max(high)) }
}

/// Computes μ in the order of the rows; 0 without rows.
pub(crate) fn global_mean(rows: &impl Rows) -> f32 {
    let rating = rows.rating();
    if rating.is_empty() {
        return 0.0;
    }
    (rating.iter().map(|&r| f64::from(r)).sum::<f64>() / rating.len() as f64) as f32
}

/// Returns an error if the columns of the rows do not fit together; `set` names the rows in the error.
pub(crate) fn check_rows(set: &'static str, rows: &Interactions) -> Result<(), TrainError> {
    let refuse = |row, problem| Err(TrainError::Row { set, row, problem });
    let n = rows.len();
    if rows.user_idx.len() != n || rows.title_idx.len() != n {
        return refuse(n.min(rows.user_idx.len()).min(rows.title_idx.len()), "the columns differ in length");
    }
    if let Some(row) = rows.user_idx.iter().position(|&u| u as usize >= rows.n_users) {
        return refuse(row, "the user position is out of range");
    }
    if let Some(row) = rows.title_idx.iter().position(|&t| t as usize >= rows.n_titles) {
        return refuse(row, "the title position is out of range");
    }
    if let Some(row) = rows.rating.iter().position(|r| !r.is_finite()) {
        return refuse(row, "the rating is not a finite number");
    }
    Ok(())
}
