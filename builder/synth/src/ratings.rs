//! Makes the ratings: who rates how much, what, when and how high.
//!
//! The score of user u for title i at time t, before it is rounded to a star, is
//! `μ + b(u) + s · (b(i) + p(u)·q(i) + d(u)·t) + noise`, with the signal s. A user's taste p(u) weights the
//! groups of labels. A title's q(i) are its groups with some noise of their own, scaled to length 1.

use rayon::prelude::*;
use serde::Serialize;

use super::dice::Dice;
use super::platforms::N_GROUPS;
use super::titles::Rated;

/// First second with ratings: 2015-01-01.
const FIRST_SECOND: u32 = 1_420_070_400;
/// Last second with ratings: 2021-12-01.
const LAST_SECOND: u32 = 1_638_316_800;
const DAY: u32 = 86_400;

const USER_BIAS_SD: f32 = 0.42;
const TITLE_BIAS_SD: f32 = 0.42;
const TASTE_SD: f32 = 0.62;
const DRIFT_SD: f32 = 0.15;
/// Variance of the score before rounding, for any signal; the noise fills up what the other parts leave.
const SCORE_VARIANCE: f32 = 1.22;
/// How strongly users look for what they like: the logarithm of a title's chance grows by this much for each
/// star of taste.
const CHOICE: f32 = 1.5;
/// Share of users who give only whole stars.
const WHOLE_STAR_SHARE: f64 = 0.4;
/// Standard deviation of the logarithm of a user's activity.
const ACTIVITY_SD: f64 = 1.35;
/// Popularity falls with rank as (rank + shift)^-exponent, at full signal.
const POPULARITY_EXPONENT: f64 = 0.9;
const POPULARITY_SHIFT: f64 = 10.0;
/// Number of rows that are made at once.
const CHUNK_ROWS: u64 = 16_384;

/// Streams of the seed. Each user has one more.
const STREAM_TITLES: u64 = 1;
const STREAM_ACTIVITY: u64 = 2;
const STREAM_USERS: u64 = 1 << 32;

/// Numbers of faulty rows among the ratings, by kind. Each comes in addition to the valid row that it spoils.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RatingFaults {
    /// Rows that repeat another in every cell.
    pub exact_duplicates: u64,
    /// Second, later and different ratings of one title by one user.
    pub changed_later: u64,
    /// Rows with a `movieId` that no catalog has.
    pub unknown_titles: u64,
    /// Ratings below 0.5 or above 5.
    pub out_of_range: u64,
    /// Rows with one empty cell.
    pub empty_cells: u64,
}

impl RatingFaults {
    /// Counts all faulty rows.
    pub fn total(&self) -> u64 {
        self.exact_duplicates
            + self.changed_later
            + self.unknown_titles
            + self.out_of_range
            + self.empty_cells
    }
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    Duplicate,
    ChangedLater,
    UnknownTitle,
    OutOfRange,
    EmptyCell,
}

/// Faults come in this order, again and again, so their shares are near those of real files, and even a small
/// data set has each of them.
const FAULTS: [Fault; 16] = [
    Fault::Duplicate,
    Fault::ChangedLater,
    Fault::UnknownTitle,
    Fault::Duplicate,
    Fault::OutOfRange,
    Fault::Duplicate,
    Fault::ChangedLater,
    Fault::EmptyCell,
    Fault::Duplicate,
    Fault::ChangedLater,
    Fault::UnknownTitle,
    Fault::Duplicate,
    Fault::OutOfRange,
    Fault::Duplicate,
    Fault::ChangedLater,
    Fault::Duplicate,
];

const OFF_SCALE: [&str; 6] = ["0.0", "5.5", "6.0", "-1.0", "7.5", "10.0"];
const STARS: [&str; 11] = ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0", "3.5", "4.0", "4.5", "5.0"];

/// Returns the most ratings that one user can give, which leaves a choice of titles.
pub(super) fn max_per_user(n_titles: usize) -> usize {
    (n_titles * 4 / 5).max(1)
}

/// Everything that rows are made from. Memory grows with titles and users, not with ratings.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    titles: &'a [Rated],
    biases: Vec<f32>,
    factors: Vec<[f32; N_GROUPS]>,
    /// Chance of each title, and the alias table of that distribution.
    popularity: Vec<f64>,
    alias: Alias,
    /// Number of valid rows of all users before each one, and of all users.
    starts: Vec<u64>,
    seed: u64,
    signal: f32,
    mean: f32,
    noise_sd: f32,
    fault_rate: f64,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    title_idx: u32,
    half_stars: u8,
    second: u32,
    fault: Option<Fault>,
}

impl<'a> Plan<'a> {
    /// Plans `n_ratings` valid rows for `n_users` users, at least one for each.
    pub(super) fn new(
        titles: &'a [Rated],
        n_works: usize,
        (n_users, n_ratings): (usize, u64),
        seed: u64,
        signal: f64,
        fault_rate: f64,
    ) -> Self {
        let mut dice = Dice::new(seed, STREAM_TITLES);
        // Draw once per work, so that a film is equally good on every platform.
        let work_biases: Vec<f32> = (0..n_works).map(|_| dice.normal()).collect();
        let work_noise: Vec<[f32; N_GROUPS]> =
            (0..n_works).map(|_| std::array::from_fn(|_| 0.35 * dice.normal())).collect();
        let factors =
            titles.iter().map(|title| direction(&title.groups, &work_noise[title.work_idx])).collect();
        let biases = titles.iter().map(|title| TITLE_BIAS_SD * work_biases[title.work_idx]).collect();
        // Good titles are rated more often, as in real data.
        let mut fame: Vec<(f32, usize)> = titles
            .iter()
            .enumerate()
            .map(|(idx, title)| (dice.normal() + 0.5 * work_biases[title.work_idx], idx))
            .collect();
        fame.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut popularity = vec![0.0; titles.len()];
        for (rank, &(_, idx)) in fame.iter().enumerate() {
            popularity[idx] = (rank as f64 + 1.0 + POPULARITY_SHIFT).powf(-POPULARITY_EXPONENT * signal);
        }
        let counts = activity(
            n_users,
            n_ratings,
            max_per_user(titles.len()) as u64,
            &mut Dice::new(seed, STREAM_ACTIVITY),
        );
        let mut starts = Vec::with_capacity(n_users + 1);
        starts.push(0);
        for count in counts {
            starts.push(starts[starts.len() - 1] + count);
        }
        let signal = signal as f32;
        let explained = TITLE_BIAS_SD.powi(2) + TASTE_SD.powi(2) + DRIFT_SD.powi(2) / 3.0;
        let noise = SCORE_VARIANCE - USER_BIAS_SD.powi(2) - signal.powi(2) * explained;
        Self {
            titles,
            biases,
            factors,
            alias: Alias::new(&popularity),
            popularity,
            starts,
            seed,
            signal,
            // Users see what is good and what they like, which raises the mean; this subtracts it again.
            mean: 3.55 - 0.55 * signal,
            noise_sd: noise.sqrt(),
            fault_rate,
        }
    }

    fn n_users(&self) -> usize {
        self.starts.len() - 1
    }

    /// Counts the faulty rows of the users before `user_idx`.
    fn faults_before(&self, user_idx: usize) -> u64 {
        (self.starts[user_idx] as f64 * self.fault_rate) as u64
    }

    /// Counts all rows, including faulty ones.
    pub(super) fn n_rows(&self) -> u64 {
        self.starts[self.n_users()] + self.faults_before(self.n_users())
    }

    /// Counts the faults of each kind.
    pub(super) fn faults(&self) -> RatingFaults {
        let total = self.faults_before(self.n_users());
        let mut faults = RatingFaults::default();
        for (position, fault) in FAULTS.iter().enumerate() {
            let n = (total + (FAULTS.len() - 1 - position) as u64) / FAULTS.len() as u64;
            *match fault {
                Fault::Duplicate => &mut faults.exact_duplicates,
                Fault::ChangedLater => &mut faults.changed_later,
                Fault::UnknownTitle => &mut faults.unknown_titles,
                Fault::OutOfRange => &mut faults.out_of_range,
                Fault::EmptyCell => &mut faults.empty_cells,
            } += n;
        }
        faults
    }

    /// Cuts the users into runs, in order, of about [`CHUNK_ROWS`] rows each.
    fn chunks(&self) -> Vec<std::ops::Range<usize>> {
        let mut chunks = Vec::new();
        let mut from = 0;
        for to in 1..=self.n_users() {
            if self.starts[to] - self.starts[from] >= CHUNK_ROWS || to == self.n_users() {
                chunks.push(from..to);
                from = to;
            }
        }
        chunks
    }

    /// Makes all rows, and passes them on as CSV without a header: in order, in pieces of whole rows.
    ///
    /// A few pieces are made at a time, in parallel. A row depends only on its user, so neither the number of
    /// threads nor the size of the pieces changes the bytes.
    pub(super) fn write<E>(&self, mut sink: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let chunks = self.chunks();
        for batch in chunks.chunks(4 * rayon::current_num_threads()) {
            let pieces: Vec<Vec<u8>> = batch.par_iter().map(|users| self.piece(users.clone())).collect();
            for piece in pieces {
                sink(&piece)?;
            }
        }
        Ok(())
    }

    fn piece(&self, users: std::ops::Range<usize>) -> Vec<u8> {
        let n_rows = self.starts[users.end] - self.starts[users.start];
        let mut text = Vec::with_capacity(n_rows as usize * 32);
        let mut seen = vec![u32::MAX; self.titles.len()];
        let mut rows = Vec::new();
        for user_idx in users {
            rows.clear();
            let mut dice = Dice::new(self.seed, STREAM_USERS + user_idx as u64);
            self.sound_rows(user_idx, &mut seen, &mut rows, &mut dice);
            self.add_faults(user_idx, &mut rows, &mut dice);
            let user = (user_idx + 1).to_string();
            for row in &rows {
                self.put_row(row, user.as_bytes(), &mut text, &mut dice);
            }
        }
        text
    }

    fn sound_rows(&self, user_idx: usize, seen: &mut [u32], rows: &mut Vec<Row>, dice: &mut Dice) {
        let n = (self.starts[user_idx + 1] - self.starts[user_idx]) as usize;
        let bias = USER_BIAS_SD * dice.normal();
        let taste: [f32; N_GROUPS] = std::array::from_fn(|_| TASTE_SD * dice.normal());
        let drift = DRIFT_SD * dice.normal();
        let whole_stars = dice.chance(WHOLE_STAR_SHARE);
        let first = FIRST_SECOND as f32 + dice.unit_f32() * 0.95 * (LAST_SECOND - FIRST_SECOND) as f32;
        let span = (LAST_SECOND as f32 - first) * dice.unit_f32();

        let mut rate = |title_idx: usize, affinity: f32, dice: &mut Dice| {
            let x = dice.unit_f32();
            // Most of a user's ratings come in the first days.
            let second = (first + span * x * x) as u32 + dice.below(DAY as usize) as u32;
            let second = self.not_before_release(second.min(LAST_SECOND), title_idx, dice);
            let at = (second - FIRST_SECOND) as f32 / (LAST_SECOND - FIRST_SECOND) as f32;
            let explained = self.biases[title_idx] + affinity + drift * (2.0 * at - 1.0);
            let score = self.mean + bias + self.signal * explained + self.noise_sd * dice.normal();
            let half_stars = if whole_stars { 2.0 * score.round().max(1.0) } else { (2.0 * score).round() };
            rows.push(Row {
                title_idx: title_idx as u32,
                half_stars: half_stars.clamp(1.0, 10.0) as u8,
                second,
                fault: None,
            });
        };
        let willing = |affinity: f32| (self.signal * CHOICE * (affinity - 1.0)).exp().clamp(0.02, 1.0);

        if n * 16 <= self.titles.len() {
            let mut left = n;
            while left > 0 {
                let title_idx = self.alias.draw(dice);
                let affinity = dot(&taste, &self.factors[title_idx]);
                if seen[title_idx] == user_idx as u32 || dice.unit_f32() > willing(affinity) {
                    continue;
                }
                seen[title_idx] = user_idx as u32;
                rate(title_idx, affinity, dice);
                left -= 1;
            }
        } else {
            // Rejection sampling would take forever for users who rate most titles. The n smallest of
            // exponential variables are the same choice (Efraimidis and Spirakis, "Weighted random sampling
            // with a reservoir", 2006).
            let mut keys: Vec<(f64, usize, f32)> = (0..self.titles.len())
                .map(|title_idx| {
                    let affinity = dot(&taste, &self.factors[title_idx]);
                    let weight = self.popularity[title_idx] * f64::from(willing(affinity));
                    (-(1.0 - dice.unit()).ln() / weight, title_idx, affinity)
                })
                .collect();
            keys.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for &(_, title_idx, affinity) in &keys[..n] {
                rate(title_idx, affinity, dice);
            }
        }
    }

    fn not_before_release(&self, second: u32, title_idx: usize, dice: &mut Dice) -> u32 {
        let year = self.titles[title_idx].release_year.saturating_sub(1970);
        // Leap years since 1972, the first one after the epoch.
        let release = (year * 365 + (year + 1) / 4) * DAY;
        if second >= release {
            return second;
        }
        release + dice.below((LAST_SECOND - release) as usize) as u32
    }

    fn add_faults(&self, user_idx: usize, rows: &mut Vec<Row>, dice: &mut Dice) {
        let n_valid = rows.len();
        for turn in self.faults_before(user_idx)..self.faults_before(user_idx + 1) {
            let fault = FAULTS[(turn % FAULTS.len() as u64) as usize];
            let spoiled = dice.below(n_valid);
            let mut row = Row { fault: Some(fault), ..rows[spoiled] };
            if matches!(fault, Fault::ChangedLater) {
                row.second += DAY + dice.below(200 * DAY as usize) as u32;
                row.half_stars = if row.half_stars > 5 { row.half_stars - 2 } else { row.half_stars + 2 };
            }
            rows.push(row);
        }
        // Put faults anywhere among the rows of their user, before or after the row they spoil.
        for at in n_valid..rows.len() {
            let other = dice.below(rows.len());
            rows.swap(at, other);
        }
    }

    fn put_row(&self, row: &Row, user: &[u8], text: &mut Vec<u8>, dice: &mut Dice) {
        let mut rating = STARS[usize::from(row.half_stars)].as_bytes();
        let mut title = self.titles[row.title_idx as usize].id.as_bytes();
        let unknown;
        let mut empty = None;
        match row.fault {
            None | Some(Fault::Duplicate | Fault::ChangedLater) => {}
            Some(Fault::UnknownTitle) => {
                // No catalog is as long as all of them together.
                unknown = format!("ns{}", self.titles.len() + 1 + dice.below(10_000));
                title = unknown.as_bytes();
            }
            Some(Fault::OutOfRange) => rating = dice.pick(&OFF_SCALE).as_bytes(),
            Some(Fault::EmptyCell) => empty = Some(dice.below(4)),
        }
        let mut digits = [0; 10];
        let mut left = row.second;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
        for (position, cell) in [user, rating, &digits, title].into_iter().enumerate() {
            if position > 0 {
                text.push(b',');
            }
            if empty != Some(position) {
                text.extend_from_slice(cell);
            }
        }
        text.push(b'\n');
    }
}

/// Returns the groups of a title with its own noise, scaled to length 1.
fn direction(groups: &[f32; N_GROUPS], noise: &[f32; N_GROUPS]) -> [f32; N_GROUPS] {
    let length = dot(groups, groups).sqrt();
    let mixed: [f32; N_GROUPS] = std::array::from_fn(|k| groups[k] / length + noise[k]);
    let length = dot(&mixed, &mixed).sqrt().max(f32::MIN_POSITIVE);
    mixed.map(|value| value / length)
}

fn dot(a: &[f32; N_GROUPS], b: &[f32; N_GROUPS]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Draws how many ratings each user gives: log-normal, at least 1, at most `most`, `n_ratings` in total.
///
/// Requires `n_users <= n_ratings <= n_users * most`.
fn activity(n_users: usize, n_ratings: u64, most: u64, dice: &mut Dice) -> Vec<u64> {
    let weights: Vec<f64> = (0..n_users).map(|_| (ACTIVITY_SD * f64::from(dice.normal())).exp()).collect();
    let mut counts = vec![1; n_users];
    let mut left = n_ratings - n_users as u64;
    while left > 0 {
        let open: f64 =
            weights.iter().zip(&counts).filter(|(_, count)| **count < most).map(|(weight, _)| weight).sum();
        let to_share = left;
        for (weight, count) in weights.iter().zip(&mut counts) {
            // At least one if there is room, so that every round makes progress.
            let share = ((to_share as f64 * weight / open) as u64).max(u64::from(to_share < n_users as u64));
            let more = share.min(most - *count).min(left);
            *count += more;
            left -= more;
        }
    }
    counts
}

/// Alias table (Walker's method, in the form of Vose, "A linear algorithm for generating random numbers with
/// a given distribution", 1991), which draws from any distribution in constant time.
#[derive(Debug)]
struct Alias(Vec<(f32, u32)>);

impl Alias {
    fn new(weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let mut scaled: Vec<f64> = weights.iter().map(|w| w / total * weights.len() as f64).collect();
        let mut table: Vec<(f32, u32)> = (0..weights.len()).map(|idx| (1.0, idx as u32)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..scaled.len()).partition(|&idx| scaled[idx] < 1.0);
        while let (Some(low), Some(&high)) = (small.pop(), large.last()) {
            table[low] = (scaled[low] as f32, high as u32);
            scaled[high] -= 1.0 - scaled[low];
            if scaled[high] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        Self(table)
    }

    fn draw(&self, dice: &mut Dice) -> usize {
        let slot = dice.below(self.0.len());
        let (keep, other) = self.0[slot];
        if dice.unit_f32() < keep { slot } else { other as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn activity_adds_up_within_its_limits(n_users in 1_usize..60, most in 1_u64..50, part in 0.0..1.0_f64, seed: u64) {
            let n_ratings = n_users as u64 + (part * (n_users as u64 * (most - 1)) as f64) as u64;
            let counts = activity(n_users, n_ratings, most, &mut Dice::new(seed, 0));
            prop_assert_eq!(counts.iter().sum::<u64>(), n_ratings);
            prop_assert!(counts.iter().all(|count| (1..=most).contains(count)));
        }
    }

    #[test]
    fn the_alias_table_keeps_the_weights() {
        let weights = [1.0, 0.0, 5.0, 2.0];
        let alias = Alias::new(&weights);
        let mut dice = Dice::new(8, 0);
        let mut hits = [0; 4];
        for _ in 0..80_000 {
            hits[alias.draw(&mut dice)] += 1;
        }
        for (hit, weight) in hits.iter().zip(weights) {
            assert!((f64::from(*hit) / 10_000.0 - weight).abs() < 0.15, "{hits:?}");
        }
    }
}
