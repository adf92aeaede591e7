use std::ops::Range;

use artifact::{Artifact, Invalid, Kind, blocks};
use serde::{Deserialize, Serialize};

/// Parts of [`Neighbors`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NeighborParts {
    /// Number of titles of the release.
    pub n_items: usize,
    /// Whether the score of the ranking model is added. If not, its factors are used only to find similar
    /// titles.
    pub beside_factors: bool,
    /// Positions of the titles that have neighbors or are neighbors, ascending: the *members*, at most
    /// 65,536.
    pub members: Vec<u32>,
    /// Where the weights of each member begin, and then the total number of weights.
    pub offsets: Vec<u32>,
    /// The member that each weight is for, as an index into `members`; ascending for each member.
    pub targets: Vec<u16>,
    /// The weights.
    pub weights: Vec<f32>,
}

/// How much a rating of each title adds to the scores of other titles.
///
/// A user's score for title `j` is the sum of `v(i)·w(i, j)` over the titles `i` that they rated, plus the
/// score of the ranking model, where `v` is the value of a rating (see
/// [`RatingValues`](crate::RatingValues)). The weights `w(·, j)` come from a ridge regression on the titles
/// nearest to `j` (see `train::neighbors`). Weights are stored by `i`, so that a request reads only the rows
/// of rated titles. Only the first title of each work has weights; other editions share them.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    n_items: usize,
    beside_factors: bool,
    members: Vec<u32>,
    offsets: Vec<u32>,
    targets: Vec<u16>,
    /// Half-precision numbers as little-endian bytes, converted when a row is read.
    halves: Vec<u8>,
}

impl Neighbors {
    /// The largest number of members.
    pub const MOST_MEMBERS: usize = 1 << 16;

    /// Takes weights, which are rounded to half precision.
    ///
    /// # Errors
    /// Lengths do not fit together, members or targets are out of range or order, or a weight is not finite
    /// in half precision.
    pub fn new(parts: &NeighborParts) -> Result<Self, Invalid> {
        let fits = parts.weights.len() == parts.targets.len();
        Invalid::unless(fits, "weights", "not one for each target")?;
        Self::checked(Self {
            n_items: parts.n_items,
            beside_factors: parts.beside_factors,
            members: parts.members.clone(),
            offsets: parts.offsets.clone(),
            targets: parts.targets.clone(),
            halves: blocks::from_f32_as_half(&parts.weights),
        })
    }

    fn checked(self) -> Result<Self, Invalid> {
        let n_members = self.members.len();
        let fits = n_members <= Self::MOST_MEMBERS && self.members.is_sorted_by(|a, b| a < b);
        Invalid::unless(fits, "members", "more than 65,536, or not in ascending order")?;
        let known = self.members.last().is_none_or(|&last| (last as usize) < self.n_items);
        Invalid::unless(known, "members", "a position is beyond the last title")?;
        let cut = self.offsets.len() == n_members.saturating_add(1)
            && self.offsets.first() == Some(&0)
            && self.offsets.last().map(|&last| last as usize) == Some(self.targets.len())
            && self.offsets.is_sorted();
        Invalid::unless(cut, "offsets", "they do not cut the weights")?;
        // Without an early return, which would prevent vectorization.
        let highest = self.targets.iter().fold(0, |high, &target| target.max(high));
        let known = self.targets.is_empty() || usize::from(highest) < n_members;
        Invalid::unless(known, "targets", "one is beyond the last member")?;
        let of_member = |member| self.targets.get(self.span(member)).unwrap_or_default();
        let ascending = (0..n_members).all(|member| of_member(member).is_sorted_by(|a, b| a < b));
        Invalid::unless(ascending, "targets", "those of a member are not in ascending order")?;
        Invalid::unless(blocks::halves_are_finite(&self.halves), "weights", "a value is not finite")?;
        Ok(self)
    }

    /// Returns the number of titles of the release.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Returns whether the score of the ranking model is added.
    pub fn beside_factors(&self) -> bool {
        self.beside_factors
    }

    /// Returns a copy of the parts.
    pub fn to_parts(&self) -> NeighborParts {
        NeighborParts {
            n_items: self.n_items,
            beside_factors: self.beside_factors,
            members: self.members.clone(),
            offsets: self.offsets.clone(),
            targets: self.targets.clone(),
            weights: blocks::half_to_f32("weights", &self.halves, self.targets.len()).unwrap_or_default(),
        }
    }

    fn span(&self, member: usize) -> Range<usize> {
        let at = |member: usize| self.offsets.get(member).map_or(self.targets.len(), |&at| at as usize);
        at(member)..at(member.saturating_add(1))
    }

    /// Returns which member a title is.
    pub(crate) fn member(&self, title: usize) -> Option<usize> {
        u32::try_from(title).ok().and_then(|title| self.members.binary_search(&title).ok())
    }

    /// Returns the titles that have neighbors or are neighbors, ascending.
    pub fn members(&self) -> impl Iterator<Item = usize> {
        self.members.iter().map(|&title| title as usize)
    }

    /// Returns what a value of 1 of one title adds to the score of another; 0 without a weight between them.
    pub fn weight(&self, from: usize, to: usize) -> f32 {
        self.from_rated([(from, 1.0)]).added_to(to).sum()
    }

    /// Finds the weights from titles, given with the values of their ratings. Titles that are not members
    /// have none.
    pub fn from_rated(&self, values: impl IntoIterator<Item = (usize, f32)>) -> FromRated<'_> {
        let row = |title| self.member(title).map_or(0..0, |member| self.span(member));
        let rows = values.into_iter().map(|(title, value)| (row(title), value)).collect();
        FromRated { neighbors: self, rows }
    }
}

/// The weights from the titles that one user rated. A title that is among them twice counts twice.
#[derive(Debug)]
pub struct FromRated<'a> {
    neighbors: &'a Neighbors,
    /// The range of each rated title's weights, and the value of its rating.
    rows: Vec<(Range<usize>, f32)>,
}

impl FromRated<'_> {
    /// Returns the score of each member, in their order: the sum of the weights from the rated titles, times
    /// the values. The order of the titles may change the last bit of a sum.
    pub fn scores(&self) -> Vec<f32> {
        let Neighbors { members, targets, halves, .. } = self.neighbors;
        let mut sums = vec![0.0_f32; members.len()];
        let mut weights = Vec::new();
        for (row, value) in &self.rows {
            let bytes = row.start.saturating_mul(2)..row.end.saturating_mul(2);
            weights.resize(row.len(), 0.0);
            blocks::read_halves(halves.get(bytes).unwrap_or_default(), &mut weights);
            let targets = targets.get(row.clone()).unwrap_or_default();
            for (&target, weight) in targets.iter().zip(&weights) {
                if let Some(sum) = sums.get_mut(usize::from(target)) {
                    *sum += value * weight;
                }
            }
        }
        sums
    }

    /// Returns what each rated title, in their order, adds to the score of a title: 0 without a weight
    /// between them.
    pub fn added_to(&self, title: usize) -> impl Iterator<Item = f32> {
        let Neighbors { targets, halves, .. } = self.neighbors;
        let target = self.neighbors.member(title).and_then(|member| u16::try_from(member).ok());
        let weight = move |row: &Range<usize>| {
            let found = targets.get(row.clone())?.binary_search(&target?).ok()?;
            blocks::half_at(halves, row.start.saturating_add(found))
        };
        self.rows.iter().map(move |(row, value)| value * weight(row).unwrap_or(0.0))
    }
}

/// The stored form of [`Neighbors`], with weights in half precision. Rules: those of [`NeighborParts`].
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredNeighbors<'a> {
    n_items: u32,
    beside_factors: bool,
    n_members: u32,
    n_weights: u32,
    #[serde(borrow, with = "serde_bytes")]
    members: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    targets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    weights: &'a [u8],
}

impl Artifact for Neighbors {
    const KIND: Kind = Kind::Neighbors;
    type Stored<'a> = StoredNeighbors<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        write(&StoredNeighbors {
            n_items: self.n_items as u32,
            beside_factors: self.beside_factors,
            n_members: self.members.len() as u32,
            n_weights: self.targets.len() as u32,
            members: &blocks::from_u32(&self.members),
            offsets: &blocks::from_u32(&self.offsets),
            targets: &blocks::from_u16(&self.targets),
            weights: &self.halves,
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let (n_members, n_weights) = (s.n_members as usize, s.n_weights as usize);
        let fits = n_weights.checked_mul(2) == Some(s.weights.len());
        Invalid::unless(fits, "weights", "not one for each target")?;
        Self::checked(Self {
            n_items: s.n_items as usize,
            beside_factors: s.beside_factors,
            members: blocks::to_u32("members", s.members, n_members)?,
            offsets: blocks::to_offsets("offsets", s.offsets, n_members, s.n_weights)?,
            targets: blocks::to_u16("targets", s.targets, n_weights)?,
            halves: s.weights.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Titles 1, 4 and 6 of eight: a rating of 1 adds to 4 and 6, one of 4 adds to 1.
    fn parts() -> NeighborParts {
        NeighborParts {
            n_items: 8,
            beside_factors: true,
            members: vec![1, 4, 6],
            offsets: vec![0, 2, 3, 3],
            targets: vec![1, 2, 0],
            weights: vec![0.5, -0.25, 2.0],
        }
    }

    fn scores(neighbors: &Neighbors, liked: &[usize]) -> Vec<(usize, f32)> {
        let values = liked.iter().map(|&title| (title, 1.0));
        neighbors.members().zip(neighbors.from_rated(values).scores()).collect()
    }

    #[test]
    fn weights_times_values_add_up() {
        let neighbors = Neighbors::new(&parts()).unwrap();
        assert_eq!(scores(&neighbors, &[1]), [(1, 0.0), (4, 0.5), (6, -0.25)]);
        assert_eq!(scores(&neighbors, &[1, 4, 6, 7, 99]), [(1, 2.0), (4, 0.5), (6, -0.25)]);
        assert_eq!(scores(&neighbors, &[]), [(1, 0.0), (4, 0.0), (6, 0.0)]);
        let rated = neighbors.from_rated([(1, 0.5), (4, -1.5), (6, 1.0), (0, 1.0)]);
        assert_eq!(rated.scores(), [-3.0, 0.25, -0.125]);
        let added = |title| rated.added_to(title).collect::<Vec<_>>();
        assert_eq!(added(1), [0.0, -3.0, 0.0, 0.0]);
        assert_eq!(added(4), [0.25, 0.0, 0.0, 0.0]);
        assert_eq!(added(6), [-0.125, 0.0, 0.0, 0.0]);
        assert_eq!([added(0), added(99)], [[0.0; 4]; 2]);
    }

    #[test]
    fn neighbors_round_trip_and_check_themselves() {
        let neighbors = Neighbors::new(&parts()).unwrap();
        assert_eq!(Neighbors::from_bytes(&neighbors.to_bytes().unwrap()), Ok(neighbors.clone()));
        assert_eq!(neighbors.to_parts(), parts());
        let none = NeighborParts { n_items: 3, offsets: vec![0], ..NeighborParts::default() };
        assert_eq!(scores(&Neighbors::new(&none).unwrap(), &[0, 1]), []);

        let refused = |change: fn(&mut NeighborParts)| {
            let mut parts = parts();
            change(&mut parts);
            Neighbors::new(&parts).unwrap_err().field
        };
        assert_eq!(refused(|p| p.n_items = 6), "members");
        assert_eq!(refused(|p| p.members = vec![1, 6, 4]), "members");
        assert_eq!(refused(|p| p.offsets = vec![0, 2, 3]), "offsets");
        assert_eq!(refused(|p| p.offsets = vec![0, 3, 2, 3]), "offsets");
        assert_eq!(refused(|p| p.offsets = vec![0, 2, 3, 4]), "offsets");
        assert_eq!(refused(|p| p.targets[0] = 3), "targets");
        assert_eq!(refused(|p| p.targets = vec![2, 1, 0]), "targets");
        assert_eq!(refused(|p| p.weights[1] = 1e6), "weights");
        assert_eq!(refused(|p| p.weights[1] = f32::NAN), "weights");
        assert_eq!(refused(|p| p.weights.truncate(2)), "weights");
    }
}
