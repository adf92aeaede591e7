//! Neighbors: one ridge regression per title, which predicts the value of its ratings from those of the
//! nearest titles.
//!
//! Let `X` be the users × titles matrix of values (see [`RatingValues`](recommender::RatingValues)), with 0
//! for a title that the user did not rate. Let `G = XᵀDX`, and let `g` be its diagonal. The diagonal matrix
//! `D` weights the users: one with `n` values has the weight `(n/n̄)^−e`, where `n̄` is the mean, because a
//! user who rates almost everything says little about any title. The neighbors `S` of title `j` are the `N`
//! titles with the greatest cosine `G_ij/√(g_i g_j)` above 0, ties by position. Their weights are
//!
//! `w = (G_SS + diag(p/(1−p)·g_S) + λI)⁻¹ G_Sj`,
//!
//! the ridge regression under dropout of Steck 2020, "Autoencoders that don't overfit towards the identity"
//! (EDLAE), restricted to neighbors. It needs no constraint on the diagonal, because a title is not its own
//! neighbor. A user's score for `j` is the sum of the weights of the titles they rated, times the values, so
//! nothing has to be solved for a new user.

use catalog::Interactions;
use dataset::Grouped;
use nalgebra::{Cholesky, DMatrix, DVector};
use rayon::prelude::*;
use recommender::{NeighborParts, Neighbors};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::error::check_parameter;
use crate::rows::check_rows;

/// Parameters of the trainer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NeighborsParams {
    /// `N`, the number of neighbors of a title.
    pub n_neighbors: usize,
    /// `p`, the share of ratings that the regression expects to be missing, from 0 to below 1.
    pub dropout: f64,
    /// λ, the strength of the regularization.
    pub regularization: f64,
    /// Factor for all weights, which balances them against the score of the factors.
    pub scale: f64,
    /// `e`, from 0 (every user has the same weight) to 1 (the weight falls with the number of ratings).
    pub user_exponent: f64,
    /// Whether the score of the factors is added.
    pub beside_factors: bool,
}

impl Default for NeighborsParams {
    fn default() -> Self {
        Self {
            n_neighbors: 128,
            dropout: 0.5,
            regularization: 20.0,
            scale: 1.0,
            user_exponent: 0.5,
            beside_factors: true,
        }
    }
}

impl NeighborsParams {
    fn check(&self) -> Result<(), TrainError> {
        let n = self.n_neighbors;
        check_parameter("n_neighbors", n as f64, (1..=512).contains(&n), "1 to 512")?;
        check_parameter("dropout", self.dropout, (0.0..=0.99).contains(&self.dropout), "0 to 0.99")?;
        let lambda = self.regularization;
        check_parameter("regularization", lambda, lambda > 0.0 && lambda <= 1e6, "above 0, at most 1000000")?;
        check_parameter("scale", self.scale, self.scale > 0.0 && self.scale <= 1e3, "above 0, at most 1000")?;
        check_user_exponent(self.user_exponent)
    }

    /// Describes the parameters in one line.
    pub fn describe(&self) -> String {
        let Self { n_neighbors, dropout, regularization, scale, user_exponent, .. } = self;
        format!(
            "{n_neighbors} neighbors, dropout {dropout}, regularization {regularization}, scale {scale}, user \
             exponent {user_exponent}"
        )
    }
}

fn check_user_exponent(exponent: f64) -> Result<(), TrainError> {
    check_parameter("user_exponent", exponent, (0.0..=1.0).contains(&exponent), "0 to 1")
}

/// Titles with fewer ratings are left out.
const LEAST_RATED: usize = 5;

/// At most this many titles are used, those with the most ratings. Each pair takes 4 bytes, so this many take
/// half a gigabyte.
const MOST_TITLES: usize = 16_384;

/// How titles are rated by the same users: the matrix `G`.
#[derive(Debug)]
pub struct RatedTogether {
    n_titles: usize,
    user_exponent: f64,
    /// Positions of the titles that are used, ascending.
    members: Vec<u32>,
    /// Lower triangle of `G`, row by row, with the diagonal.
    gram: Vec<f32>,
}

impl RatedTogether {
    /// Adds up the products of values, as [`crate::values::of`] returns them.
    ///
    /// # Errors
    /// Returns [`TrainError`] if `values` is empty, or if a row or the exponent is out of range.
    pub fn of_values(values: &Interactions, user_exponent: f64) -> Result<Self, TrainError> {
        check_user_exponent(user_exponent)?;
        check_rows("values", values)?;
        if values.is_empty() {
            return Err(TrainError::Empty);
        }
        let members = most_rated(values);
        let mut place = vec![None; values.n_titles];
        for (at, &title) in members.iter().enumerate() {
            place[title as usize] = Some(at as u32);
        }
        let (mut users, mut places, mut of_row) = (Vec::new(), Vec::new(), Vec::new());
        for ((&user, &title), &value) in values.user_idx.iter().zip(&values.title_idx).zip(&values.rating) {
            if let Some(place) = place[title as usize] {
                users.push(user);
                places.push(place);
                of_row.push(value);
            }
        }
        let n_rows = users.len();
        let by_user =
            Grouped::new(values.n_users, &users, places.iter().copied().zip(of_row.iter().copied()));
        let by_member = Grouped::new(members.len(), &places, users.into_iter().zip(of_row));
        drop(places);
        let sorted = |user| {
            let mut rated = by_user.of(user).to_vec();
            rated.sort_unstable_by_key(|&(place, _)| place);
            rated
        };
        let sorted: Vec<Vec<(u32, f32)>> = (0..values.n_users).into_par_iter().map(sorted).collect();
        drop(by_user);
        let by_user = sorted;

        let n_known = by_user.iter().filter(|rated| !rated.is_empty()).count();
        let mean = n_rows as f64 / n_known.max(1) as f64;
        let weight_of =
            |rated: &Vec<(u32, f32)>| (rated.len().max(1) as f64 / mean).powf(-user_exponent) as f32;
        let weights: Vec<f32> = by_user.iter().map(weight_of).collect();

        let mut gram = vec![0.0_f32; triangle(members.len())];
        let mut rows = Vec::with_capacity(members.len());
        let mut rest = &mut gram[..];
        for member in 0..members.len() {
            let (row, others) = rest.split_at_mut(member + 1);
            rows.push(row);
            rest = others;
        }
        rows.into_par_iter().enumerate().for_each(|(member, row)| {
            for &(user, value) in by_member.of(member) {
                let weight = weights[user as usize] * value;
                for &(other, value) in by_user[user as usize].iter().take_while(|of| of.0 as usize <= member)
                {
                    row[other as usize] += weight * value;
                }
            }
        });
        Ok(Self { n_titles: values.n_titles, user_exponent, members, gram })
    }

    /// Returns `G_ij`, the weighted sum over users of the products of both values.
    fn of(&self, a: usize, b: usize) -> f32 {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        self.gram[triangle(high) + low]
    }

    /// Returns the `n` members with the greatest cosine to `member`, ascending; fewer if fewer are above 0.
    fn nearest(&self, member: usize, n: usize) -> Vec<usize> {
        // Without the length of `member`, which does not change the order.
        let mut near: Vec<(f64, usize)> = (0..self.members.len())
            .filter(|&other| other != member)
            .map(|other| (f64::from(self.of(member, other)) / f64::from(self.of(other, other)).sqrt(), other))
            .filter(|&(cosine, _)| cosine > 0.0)
            .collect();
        let order = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if n < near.len() {
            near.select_nth_unstable_by(n, order);
            near.truncate(n);
        }
        let mut nearest: Vec<usize> = near.into_iter().map(|(_, other)| other).collect();
        nearest.sort_unstable();
        nearest
    }

    /// Returns the weight of each member in `from` for the member `to`.
    fn weights(&self, from: &[usize], to: usize, params: &NeighborsParams) -> Vec<f64> {
        let n = from.len();
        let mut matrix = DMatrix::zeros(n, n);
        for (col, &b) in from.iter().enumerate() {
            for (row, &a) in from.iter().enumerate().skip(col) {
                matrix[(row, col)] = f64::from(self.of(a, b));
            }
            matrix[(col, col)] *= 1.0 + params.dropout / (1.0 - params.dropout);
            matrix[(col, col)] += params.regularization;
        }
        let right = DVector::from_iterator(n, from.iter().map(|&a| f64::from(self.of(a, to))));
        // `G` is positive semidefinite but for rounding, so a regularization above 0 makes the matrix
        // definite. If rounding prevents that, the title has no weights.
        Cholesky::new(matrix).map_or_else(|| vec![0.0; n], |factor| factor.solve(&right).as_slice().to_vec())
    }
}

/// Returns the titles that are used, ascending.
fn most_rated(values: &Interactions) -> Vec<u32> {
    let mut n_rated = vec![0_usize; values.n_titles];
    for &title in &values.title_idx {
        n_rated[title as usize] += 1;
    }
    let mut members: Vec<u32> =
        (0..values.n_titles as u32).filter(|&title| n_rated[title as usize] >= LEAST_RATED).collect();
    members.sort_by_key(|&title| std::cmp::Reverse(n_rated[title as usize]));
    members.truncate(MOST_TITLES);
    members.sort_unstable();
    members
}

/// Returns the number of values in the lower triangle of `n` rows.
fn triangle(n: usize) -> usize {
    n * (n + 1) / 2
}

/// Trains on values that were added up with the same user exponent. Titles with fewer than five ratings are
/// left out, and so are all but the 16,384 most rated.
///
/// # Errors
/// Returns [`TrainError`] if a parameter is out of range, or if a weight cannot be stored.
pub fn fit(params: &NeighborsParams, together: &RatedTogether) -> Result<Neighbors, TrainError> {
    params.check()?;
    let exponent = params.user_exponent;
    let is_summed_so = exponent.to_bits() == together.user_exponent.to_bits();
    check_parameter("user_exponent", exponent, is_summed_so, "that of the sums")?;
    let n_members = together.members.len();
    let by_target: Vec<(Vec<usize>, Vec<f64>)> = (0..n_members)
        .into_par_iter()
        .map(|to| {
            let from = together.nearest(to, params.n_neighbors);
            let weights = together.weights(&from, to, params);
            (from, weights)
        })
        .collect();
    let mut rows: Vec<Vec<(u16, f32)>> = vec![Vec::new(); n_members];
    for (to, (from, weights)) in by_target.into_iter().enumerate() {
        for (from, weight) in from.into_iter().zip(weights) {
            rows[from].push((to as u16, (weight * params.scale) as f32));
        }
    }
    let mut parts = NeighborParts {
        n_items: together.n_titles,
        beside_factors: params.beside_factors,
        members: together.members.clone(),
        offsets: vec![0],
        ..NeighborParts::default()
    };
    for row in rows {
        parts.targets.extend(row.iter().map(|&(to, _)| to));
        parts.weights.extend(row.iter().map(|&(_, weight)| weight));
        parts.offsets.push(parts.targets.len() as u32);
    }
    Neighbors::new(&parts).map_err(|problem| TrainError::InvalidModel(problem.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likes(users: &[&[u32]], n_titles: usize) -> Interactions {
        let mut rows = Interactions { n_users: users.len(), n_titles, ..Interactions::default() };
        for (user, titles) in users.iter().enumerate() {
            for &title in *titles {
                rows.user_idx.push(user as u32);
                rows.title_idx.push(title);
                rows.rating.push(1.0);
            }
        }
        rows
    }

    /// Titles 0, 2 and 3 have at least five ratings; title 1 has fewer.
    fn few() -> Interactions {
        likes(&[&[3, 0], &[0, 2, 3], &[2, 3], &[0, 2], &[0, 1, 3], &[0, 2, 3], &[2], &[3]], 4)
    }

    #[test]
    fn pairs_are_counted_and_the_nearest_found() {
        let together = RatedTogether::of_values(&few(), 0.0).unwrap();
        assert_eq!(together.members, [0, 2, 3]);
        let pairs = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (2, 1)];
        let counts: Vec<f32> = pairs.into_iter().map(|(a, b)| together.of(a, b)).collect();
        assert_eq!(counts, [5.0, 5.0, 6.0, 3.0, 4.0, 3.0, 3.0]);
        // Cosines to title 0: 3/√25 and 4/√30.
        assert_eq!((together.nearest(0, 1), together.nearest(0, 9)), (vec![2], vec![1, 2]));
    }

    #[test]
    fn values_are_multiplied_and_titles_rated_against_each_other_are_no_neighbors() {
        let mut rows = likes(&[&[0, 1], &[0, 1], &[0, 1, 2], &[0, 1, 2], &[0, 1, 2], &[2, 3], &[2, 3]], 4);
        rows.rating =
            vec![1.5, 0.5, 1.0, 1.0, 0.5, 1.0, -0.5, 1.0, 0.25, -1.0, 1.0, 1.0, -0.5, 1.0, 1.0, 1.0, 1.0];
        let together = RatedTogether::of_values(&rows, 0.0).unwrap();
        assert_eq!(together.members, [0, 1, 2]);
        let pairs = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (1, 1)];
        let sums: Vec<f32> = pairs.into_iter().map(|(a, b)| together.of(a, b)).collect();
        assert_eq!(sums, [5.5, 3.5, -1.75, -1.25, 3.5, 3.3125]);
        assert_eq!((together.nearest(0, 9), together.nearest(2, 9)), (vec![1], vec![]));
        let params = NeighborsParams { user_exponent: 0.0, ..NeighborsParams::default() };
        let neighbors = fit(&params, &together).unwrap();
        let expected = 3.5 / (2.0 * 3.3125 + 20.0);
        assert!((f64::from(neighbors.weight(1, 0)) - expected).abs() < 1e-3, "{neighbors:?}");
    }

    #[test]
    fn users_who_rate_much_count_less() {
        // The users rated 2, 3, 2, 2, 2, 3, 1 and 1 of these titles: 2 on average.
        let together = RatedTogether::of_values(&few(), 1.0).unwrap();
        let pairs = [together.of(0, 1), together.of(0, 2)];
        let expected = [2.0 * (2.0 / 3.0) + 1.0, 2.0 * (2.0 / 3.0) + 2.0];
        assert!(pairs.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{pairs:?}");
    }

    #[test]
    fn weights_solve_the_regression() {
        let together = RatedTogether::of_values(&few(), 0.0).unwrap();
        let params = NeighborsParams {
            regularization: 2.0,
            scale: 3.0,
            user_exponent: 0.0,
            ..NeighborsParams::default()
        };
        let neighbors = fit(&params, &together).unwrap();
        // For title 0: [[5 + 5 + 2, 3], [3, 6 + 6 + 2]] w = [3, 4], and the weights are three times that.
        let determinant = 12.0 * 14.0 - 9.0;
        let expected = [(3.0 * 14.0 - 4.0 * 3.0) / determinant, (12.0 * 4.0 - 3.0 * 3.0) / determinant];
        for (from, expected) in [2, 3].into_iter().zip(expected) {
            let found = f64::from(neighbors.weight(from, 0));
            assert!((found - 3.0 * expected).abs() < 1e-3, "{found} is not {}", 3.0 * expected);
        }
        assert_eq!((neighbors.weight(1, 0), neighbors.weight(0, 0)), (0.0, 0.0));
    }

    #[test]
    fn the_same_likes_give_the_same_weights_with_any_number_of_threads() {
        let rows = dataset::made_up::two_tastes(60, 40);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let params = NeighborsParams { n_neighbors: 7, ..NeighborsParams::default() };
            pool.install(|| fit(&params, &RatedTogether::of_values(&rows, 0.5).unwrap()).unwrap())
        };
        assert_eq!(run(1), run(3));
        // Each user likes titles of one half, so only titles of the same half support each other.
        let neighbors = run(1);
        assert!(neighbors.weight(0, 2) > 0.0 && neighbors.weight(0, 1) <= 0.0, "{neighbors:?}");
    }

    #[test]
    fn parameters_out_of_range_and_rows_out_of_range_are_refused() {
        let together = RatedTogether::of_values(&few(), 0.5).unwrap();
        let name = |params| match fit(&params, &together) {
            Err(TrainError::Parameter { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        let usual = NeighborsParams::default;
        assert_eq!(name(NeighborsParams { n_neighbors: 0, ..usual() }), "n_neighbors");
        assert_eq!(name(NeighborsParams { dropout: 1.0, ..usual() }), "dropout");
        assert_eq!(name(NeighborsParams { regularization: 0.0, ..usual() }), "regularization");
        assert_eq!(name(NeighborsParams { scale: f64::NAN, ..usual() }), "scale");
        assert!(matches!(
            RatedTogether::of_values(&few(), 2.0),
            Err(TrainError::Parameter { name: "user_exponent", .. })
        ));
        let mut rows = few();
        rows.title_idx[0] = 4;
        assert!(matches!(RatedTogether::of_values(&rows, 0.0), Err(TrainError::Row { .. })));
        assert_eq!(RatedTogether::of_values(&likes(&[], 3), 0.5).unwrap_err(), TrainError::Empty);
        let nobody_near = RatedTogether::of_values(&likes(&[&[0, 1]], 3), 0.5).unwrap();
        assert_eq!(fit(&usual(), &nobody_near).unwrap().n_items(), 3);
    }
}
