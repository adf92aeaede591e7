//! Neighbors: one ridge regression per title, which predicts who likes it from who likes the nearest titles.
//!
//! Let `X` be the users × titles matrix of likes, 0 or 1, let `G = XᵀDX`, and let `g` be its diagonal. The
//! diagonal matrix `D` weights the users: one with `n` likes has the weight `(n/n̄)^−e`, where `n̄` is the
//! mean, because a user who likes almost everything says little about any title. The neighbors `S` of title
//! `j` are the `N` titles with the greatest cosine `G_ij/√(g_i g_j)`, ties by position. Their weights are
//!
//! `w = (G_SS + diag(p/(1−p)·g_S) + λI)⁻¹ G_Sj`,
//!
//! the ridge regression under dropout of Steck 2020, "Autoencoders that don't overfit towards the identity"
//! (EDLAE), restricted to neighbors. It needs no constraint on the diagonal, because a title is not its own
//! neighbor. A user's score for `j` is the sum of the weights of the titles they like, so nothing has to be
//! solved for a new user.

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
    /// `p`, the share of likes that the regression expects to be missing, from 0 to below 1.
    pub dropout: f64,
    /// λ, the strength of the regularization.
    pub regularization: f64,
    /// Factor for all weights, which balances them against the score of the factors.
    pub scale: f64,
    /// `e`, from 0 (every user has the same weight) to 1 (the weight falls with the number of likes).
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

/// Titles with fewer likes are left out.
const LEAST_LIKED: usize = 5;

/// At most this many titles are used, those with the most likes. Each pair takes 4 bytes, so this many take
/// half a gigabyte.
const MOST_TITLES: usize = 16_384;

/// How often titles are liked by the same users: the matrix `G`.
#[derive(Debug)]
pub struct LikedTogether {
    n_titles: usize,
    user_exponent: f64,
    /// Positions of the titles that are used, ascending.
    members: Vec<u32>,
    /// Lower triangle of `G`, row by row, with the diagonal.
    counts: Vec<f32>,
}

impl LikedTogether {
    /// Counts the pairs of `liked`; ratings are ignored.
    ///
    /// # Errors
    /// Returns [`TrainError`] if `liked` is empty, or if a pair or the exponent is out of range.
    pub fn count(liked: &Interactions, user_exponent: f64) -> Result<Self, TrainError> {
        check_user_exponent(user_exponent)?;
        check_rows("liked", liked)?;
        if liked.is_empty() {
            return Err(TrainError::Empty);
        }
        let mut n_liked = vec![0_u32; liked.n_titles];
        for &title in &liked.title_idx {
            n_liked[title as usize] += 1;
        }
        let mut members: Vec<u32> =
            (0..liked.n_titles as u32).filter(|&t| n_liked[t as usize] as usize >= LEAST_LIKED).collect();
        members.sort_by_key(|&title| std::cmp::Reverse(n_liked[title as usize]));
        members.truncate(MOST_TITLES);
        members.sort_unstable();

        let mut place = vec![None; liked.n_titles];
        for (at, &title) in members.iter().enumerate() {
            place[title as usize] = Some(at as u32);
        }
        let (users, places): (Vec<u32>, Vec<u32>) = liked
            .user_idx
            .iter()
            .zip(&liked.title_idx)
            .filter_map(|(&user, &title)| Some((user, place[title as usize]?)))
            .unzip();
        let by_member = Grouped::new(members.len(), &places, users.iter().copied());
        let by_user = Grouped::new(liked.n_users, &users, places.iter().copied());
        let by_user: Vec<Vec<u32>> = (0..liked.n_users)
            .into_par_iter()
            .map(|user| {
                let mut places = by_user.of(user).to_vec();
                places.sort_unstable();
                places
            })
            .collect();

        let n_known = by_user.iter().filter(|places| !places.is_empty()).count();
        let mean = users.len() as f64 / n_known.max(1) as f64;
        let weight_of = |places: &Vec<u32>| (places.len().max(1) as f64 / mean).powf(-user_exponent) as f32;
        let weights: Vec<f32> = by_user.iter().map(weight_of).collect();

        let mut counts = vec![0.0_f32; triangle(members.len())];
        let mut rows = Vec::with_capacity(members.len());
        let mut rest = &mut counts[..];
        for member in 0..members.len() {
            let (row, others) = rest.split_at_mut(member + 1);
            rows.push(row);
            rest = others;
        }
        rows.into_par_iter().enumerate().for_each(|(member, row)| {
            for &user in by_member.of(member) {
                for &other in by_user[user as usize].iter().take_while(|&&other| other as usize <= member) {
                    row[other as usize] += weights[user as usize];
                }
            }
        });
        Ok(Self { n_titles: liked.n_titles, user_exponent, members, counts })
    }

    /// Returns the weighted number of users who like both members.
    fn of(&self, a: usize, b: usize) -> f32 {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        self.counts[triangle(high) + low]
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
        // `G` is positive semidefinite, so a regularization above 0 makes the matrix definite.
        Cholesky::new(matrix).map_or_else(|| vec![0.0; n], |factor| factor.solve(&right).as_slice().to_vec())
    }
}

/// Returns the number of values in the lower triangle of `n` rows.
fn triangle(n: usize) -> usize {
    n * (n + 1) / 2
}

/// Trains on pairs that were counted with the same user exponent. Titles with fewer than five likes are left
/// out, and so are all but the 16,384 most liked.
///
/// # Errors
/// Returns [`TrainError`] if a parameter is out of range, or if a weight cannot be stored.
pub fn fit(params: &NeighborsParams, together: &LikedTogether) -> Result<Neighbors, TrainError> {
    params.check()?;
    let exponent = params.user_exponent;
    let is_counted_so = exponent.to_bits() == together.user_exponent.to_bits();
    check_parameter("user_exponent", exponent, is_counted_so, "that of the counts")?;
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
                rows.rating.push(5.0);
            }
        }
        rows
    }

    /// Titles 0, 2 and 3 have at least five likes; title 1 has fewer.
    fn few() -> Interactions {
        likes(&[&[3, 0], &[0, 2, 3], &[2, 3], &[0, 2], &[0, 1, 3], &[0, 2, 3], &[2], &[3]], 4)
    }

    #[test]
    fn pairs_are_counted_and_the_nearest_found() {
        let together = LikedTogether::count(&few(), 0.0).unwrap();
        assert_eq!(together.members, [0, 2, 3]);
        let pairs = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (2, 1)];
        let counts: Vec<f32> = pairs.into_iter().map(|(a, b)| together.of(a, b)).collect();
        assert_eq!(counts, [5.0, 5.0, 6.0, 3.0, 4.0, 3.0, 3.0]);
        // Cosines to title 0: 3/√25 and 4/√30.
        assert_eq!((together.nearest(0, 1), together.nearest(0, 9)), (vec![2], vec![1, 2]));
    }

    #[test]
    fn users_who_like_much_count_less() {
        // The users like 2, 3, 2, 2, 2, 3, 1 and 1 of these titles: 2 on average.
        let together = LikedTogether::count(&few(), 1.0).unwrap();
        let pairs = [together.of(0, 1), together.of(0, 2)];
        let expected = [2.0 * (2.0 / 3.0) + 1.0, 2.0 * (2.0 / 3.0) + 2.0];
        assert!(pairs.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{pairs:?}");
    }

    #[test]
    fn weights_solve_the_regression() {
        let together = LikedTogether::count(&few(), 0.0).unwrap();
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
            pool.install(|| fit(&params, &LikedTogether::count(&rows, 0.5).unwrap()).unwrap())
        };
        assert_eq!(run(1), run(3));
        // Each user likes titles of one half, so only titles of the same half support each other.
        let neighbors = run(1);
        assert!(neighbors.weight(0, 2) > 0.0 && neighbors.weight(0, 1) <= 0.0, "{neighbors:?}");
    }

    #[test]
    fn parameters_out_of_range_and_rows_out_of_range_are_refused() {
        let together = LikedTogether::count(&few(), 0.5).unwrap();
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
            LikedTogether::count(&few(), 2.0),
            Err(TrainError::Parameter { name: "user_exponent", .. })
        ));
        let mut rows = few();
        rows.title_idx[0] = 4;
        assert!(matches!(LikedTogether::count(&rows, 0.0), Err(TrainError::Row { .. })));
        assert_eq!(LikedTogether::count(&likes(&[], 3), 0.5).unwrap_err(), TrainError::Empty);
        let nobody_near = LikedTogether::count(&likes(&[&[0, 1]], 3), 0.5).unwrap();
        assert_eq!(fit(&usual(), &nobody_near).unwrap().n_items(), 3);
    }
}
