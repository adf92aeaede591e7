//! Turns accepted rows into the table of ratings: users in order, one rating per pair of user and title.

use catalog::{RatingTable, TableError, TitleId, UserId, check_count};
use rayon::prelude::*;

use super::{Block, Scan};
use crate::Interner;

/// Most parts that the users are cut into. Each part reads all rows, so more parts would only repeat that.
const MAX_PARTS: usize = 16;

/// Row without its user.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Rated {
    title: u32,
    rating: f32,
    timestamp: u32,
}

/// Returns the distinct ids of all workers in the order of [`UserId`], and the position of each worker's ids
/// among them. `what` they are ids of is for the error.
///
/// # Errors
/// There are more than positions can number.
pub fn merge_ids<'a>(
    what: &'static str,
    workers: &'a [Interner],
) -> Result<(Vec<&'a str>, Vec<Vec<u32>>), TableError> {
    let mut all: Vec<(&str, usize, usize)> = workers
        .iter()
        .enumerate()
        .flat_map(|(w, ids)| ids.names().iter().enumerate().map(move |(i, name)| (&**name, w, i)))
        .collect();
    all.par_sort_unstable_by(|a, b| UserId::cmp_text(a.0, b.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let mut positions: Vec<Vec<u32>> = workers.iter().map(|ids| vec![0; ids.names().len()]).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, worker, idx) in all {
        if names.last() != Some(&name) {
            names.push(name);
        }
        // If it does not fit, there are too many names, and no position counts.
        positions[worker][idx] = u32::try_from(names.len() - 1).unwrap_or(u32::MAX);
    }
    check_count(what, names.len())?;
    Ok((names, positions))
}

/// Returns the ids of titles that are known only from ratings, by length and then by bytes.
///
/// # Panics
/// Panics if a name is not a well-formed id; interned ids always are.
pub fn title_ids(names: &[&str]) -> Vec<TitleId> {
    names.iter().map(|name| TitleId::new(name).expect("interned ids are well formed")).collect()
}

/// Numbers of rows that were replaced by another row of the same user and title.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replaced {
    /// All replaced rows.
    pub superseded: u64,
    /// Replaced rows that were equal, in rating and time, to the row kept so far.
    pub repeated: u64,
}

/// Makes the table, and counts the rows that were replaced by another row of the same user and title. The row
/// with the latest time is kept; among equal times, the last in the order of files and lines.
///
/// `title_positions` maps each worker's title numbers to positions; `None` if they are positions already.
#[expect(clippy::missing_panics_doc, reason = "interned ids are well formed")]
pub fn assemble(
    scan: Scan,
    title_positions: Option<&[Vec<u32>]>,
    n_titles: usize,
) -> Result<(RatingTable, Replaced), TableError> {
    let scale = scan.scale;
    let (names, user_positions) = merge_ids("users", &scan.users)?;
    let n_users = names.len();
    let users: Vec<UserId> =
        names.iter().map(|name| UserId::new(name).expect("interned ids are well formed")).collect();

    let mut starts = vec![0_usize; n_users + 1];
    for block in &scan.blocks {
        for row in &block.rows {
            starts[user_positions[block.worker][row.user as usize] as usize + 1] += 1;
        }
    }
    for user in 0..n_users {
        starts[user + 1] += starts[user];
    }
    let n_rows = starts[n_users];

    // Each part takes a range of users, reads all rows and places its own. This is a counting sort without a
    // shared cursor, which keeps the rows of a user in the order of files and lines.
    let bounds = cut_users(&starts, rayon::current_num_threads().min(MAX_PARTS));
    let mut parts: Vec<Vec<Rated>> = bounds
        .par_windows(2)
        .map(|range| place(&scan.blocks, &user_positions, title_positions, &starts, range[0], range[1]))
        .collect();
    drop(scan);

    let counts: Vec<(Vec<usize>, u64)> = parts
        .par_iter_mut()
        .zip(bounds.par_windows(2))
        .map(|(part, range)| keep_latest(part, &starts[range[0]..=range[1]]))
        .collect();
    let mut offsets = Vec::with_capacity(n_users + 1);
    offsets.push(0);
    let mut total = 0_u64;
    let mut replaced = Replaced::default();
    for (of_users, repeated) in counts {
        replaced.repeated += repeated;
        for n in of_users {
            total += n as u64;
            offsets.push(total);
        }
    }
    let column = |part: &[Vec<Rated>]| part.iter().map(Vec::len).sum::<usize>();
    let n_clean = column(&parts);
    let ((title_idx, rating), timestamp) = rayon::join(
        || rayon::join(|| collect(&parts, n_clean, |r| r.title), || collect(&parts, n_clean, |r| r.rating)),
        || collect(&parts, n_clean, |r| r.timestamp),
    );
    replaced.superseded = (n_rows - n_clean) as u64;
    Ok((RatingTable::on_scale(scale, users, offsets, title_idx, rating, timestamp, n_titles)?, replaced))
}

/// Returns the bounds of at most `n_parts` ranges of users with about as many rows each.
fn cut_users(starts: &[usize], n_parts: usize) -> Vec<usize> {
    let n_users = starts.len() - 1;
    let mut bounds = vec![0];
    for part in 1..n_parts {
        let bound = starts.partition_point(|&s| s * n_parts < starts[n_users] * part).min(n_users);
        if bound > bounds[bounds.len() - 1] {
            bounds.push(bound);
        }
    }
    if bounds[bounds.len() - 1] < n_users || bounds.len() == 1 {
        bounds.push(n_users);
    }
    bounds
}

/// Collects the rows of users `from..to`, user by user.
fn place(
    blocks: &[Block],
    user_positions: &[Vec<u32>],
    title_positions: Option<&[Vec<u32>]>,
    starts: &[usize],
    from: usize,
    to: usize,
) -> Vec<Rated> {
    let base = starts[from];
    let mut next: Vec<usize> = starts[from..to].iter().map(|s| s - base).collect();
    let mut placed = vec![Rated::default(); starts[to] - base];
    for block in blocks {
        let users = &user_positions[block.worker];
        for row in &block.rows {
            let user = users[row.user as usize] as usize;
            let Some(slot) = user.checked_sub(from).and_then(|u| next.get_mut(u)) else { continue };
            let title = title_positions.map_or(row.title, |map| map[block.worker][row.title as usize]);
            placed[*slot] = Rated { title, rating: row.rating, timestamp: row.timestamp };
            *slot += 1;
        }
    }
    placed
}

/// Sorts each user's rows by title and keeps the latest row of each title. Returns how many rows each user
/// has left, and how many rows repeated the row kept so far in rating and time.
fn keep_latest(rows: &mut Vec<Rated>, starts: &[usize]) -> (Vec<usize>, u64) {
    let mut counts = Vec::with_capacity(starts.len() - 1);
    let mut repeated = 0;
    let mut kept = 0;
    for range in starts.windows(2) {
        let (begin, end) = (range[0] - starts[0], range[1] - starts[0]);
        // Stable: equal titles stay in the order of files and lines.
        rows[begin..end].sort_by_key(|row| row.title);
        let first = kept;
        for at in begin..end {
            let row = rows[at];
            if kept > first && rows[kept - 1].title == row.title {
                repeated += u64::from(row == rows[kept - 1]);
                if row.timestamp >= rows[kept - 1].timestamp {
                    rows[kept - 1] = row;
                }
            } else {
                rows[kept] = row;
                kept += 1;
            }
        }
        counts.push(kept - first);
    }
    rows.truncate(kept);
    (counts, repeated)
}

fn collect<T>(parts: &[Vec<Rated>], n: usize, get: impl Fn(&Rated) -> T) -> Vec<T> {
    let mut column = Vec::with_capacity(n);
    for part in parts {
        column.extend(part.iter().map(&get));
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_cut_into_parts_that_cover_them_once() {
        for n_parts in 1..6 {
            for starts in [vec![0], vec![0, 5], vec![0, 1, 2, 3, 100], vec![0, 100, 101, 102, 103, 104]] {
                let bounds = cut_users(&starts, n_parts);
                assert_eq!((bounds[0], bounds[bounds.len() - 1]), (0, starts.len() - 1), "{starts:?}");
                assert!(starts.len() == 1 || bounds.is_sorted_by(|a, b| a < b), "{bounds:?}");
            }
        }
    }

    #[test]
    fn the_latest_rating_is_kept_and_the_later_row_if_times_are_equal() {
        let rated = |title, rating, timestamp| Rated { title, rating, timestamp };
        let mut rows = vec![
            rated(2, 1.0, 5),
            rated(1, 2.0, 9),
            rated(2, 3.0, 5),
            rated(1, 2.0, 9),
            rated(1, 4.0, 8),
            rated(1, 5.0, 1),
        ];
        assert_eq!(keep_latest(&mut rows, &[10, 15, 16]), (vec![2, 1], 1), "one row is an exact copy");
        let kept: Vec<(u32, f32)> = rows.iter().map(|r| (r.title, r.rating)).collect();
        assert_eq!(kept, [(1, 2.0), (2, 3.0), (1, 5.0)]);
    }
}
