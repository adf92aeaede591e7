//! The route table.

use crate::functions::{OF_EVERYWHERE, OPERATIONS};
use crate::route::{Operation, Route};
use crate::{about, docs, openapi};

/// The routes that every function answers about itself.
pub(crate) const EVERYWHERE: [&[Operation]; 3] =
    [&about::OPERATIONS, &openapi::OPERATIONS, &docs::OPERATIONS];

#[expect(clippy::indexing_slicing, reason = "the compiler computes it, and refuses a position out of range")]
const N_ROUTES: usize = {
    let (mut n_routes, mut i) = (0, 0);
    while i < OPERATIONS.len() {
        n_routes += OPERATIONS[i].1.len();
        i += 1;
    }
    i = 0;
    while i < EVERYWHERE.len() {
        n_routes += EVERYWHERE[i].len();
        i += 1;
    }
    n_routes
};

/// The one route table: the routers, the local server, the gateway and the documents are made from it.
#[expect(clippy::indexing_slicing, reason = "the compiler computes it, and refuses a position out of range")]
pub const ROUTES: [Route; N_ROUTES] = {
    let mut routes = [Route::new(&about::OPERATIONS[0], OF_EVERYWHERE, true); N_ROUTES];
    let mut n_routes = 0;
    let mut i = 0;
    while i < OPERATIONS.len() {
        let (function, operations) = OPERATIONS[i];
        n_routes = append(&mut routes, n_routes, operations, function, false);
        i += 1;
    }
    i = 0;
    while i < EVERYWHERE.len() {
        n_routes = append(&mut routes, n_routes, EVERYWHERE[i], OF_EVERYWHERE, true);
        i += 1;
    }
    routes
};

/// Writes the routes of some operations after the first `n_routes`, and returns how many there are then.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "only `ROUTES` calls it, which the compiler computes, and it refuses a position out of range"
)]
const fn append(
    routes: &mut [Route],
    n_routes: usize,
    operations: &'static [Operation],
    function: &'static str,
    is_everywhere: bool,
) -> usize {
    let mut i = 0;
    while i < operations.len() {
        routes[n_routes + i] = Route::new(&operations[i], function, is_everywhere);
        i += 1;
    }
    n_routes + operations.len()
}
