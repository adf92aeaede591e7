use std::collections::HashMap;

use thiserror::Error;

use crate::limits::{MAX_LABELS, count_labels};
use crate::{Platform, PlatformError, Scale, Title, TitleId, UserId, names, works};

/// Why a table cannot be made of some rows.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TableError {
    /// Two titles have the same id.
    #[error("two titles have the id {0}")]
    DuplicateTitle(TitleId),
    /// A platform is listed twice.
    #[error("the platform {0} is listed twice")]
    DuplicatePlatform(Platform),
    /// A title points at a platform that does not exist.
    #[error("title {id} has platform position {platform_idx}, but there are only {n_platforms} platforms")]
    PlatformOutOfRange {
        /// The title.
        id: TitleId,
        /// The position of its platform.
        platform_idx: u8,
        /// How many platforms there are.
        n_platforms: usize,
    },
    /// The platforms' ids cannot be kept apart.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// There are more different genres or audience ratings than artifacts can number.
    #[error(
        "there are {n} different {what}, and at most {MAX_LABELS} are supported; check that the column has {what} and not other texts, such as descriptions"
    )]
    TooManyLabels {
        /// `genres` or `audience ratings`.
        what: &'static str,
        /// How many there are.
        n: usize,
    },
    /// There are more titles or users than positions of 32 bits can number.
    #[error(
        "there are {n} different {what}, and at most {} are supported; check the column of their ids, or build several releases from parts of the files",
        u32::MAX
    )]
    TooMany {
        /// `titles` or `users`.
        what: &'static str,
        /// How many there are.
        n: usize,
    },
    /// The columns differ in length, or rows are out of order or out of range.
    #[error("ratings: {0}")]
    Ratings(&'static str),
}

/// The clean catalog in source order: platforms as given, titles in file order. A title's position here is
/// its `title_idx` everywhere.
///
/// A name of a person, a country, a genre or an audience rating has one spelling in the whole table: the most
/// frequent one in the source. No two titles have the same id, on whatever platforms.
/// [`IdPrefixes`](crate::IdPrefixes) keeps the ids of different platforms apart when they are made; the table
/// itself does not look at prefixes, so a table of ids that were made before needs none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TitleTable {
    platforms: Vec<Platform>,
    titles: Vec<Title>,
    positions: HashMap<TitleId, u32>,
}

/// Checks that there are not more titles or users than positions of 32 bits can number.
///
/// # Errors
/// [`TableError::TooMany`].
pub fn check_count(what: &'static str, n: usize) -> Result<(), TableError> {
    if u32::try_from(n).is_ok() { Ok(()) } else { Err(TableError::TooMany { what, n }) }
}

impl TitleTable {
    /// Checks ids, platforms, and the number of labels, and settles the spelling of names: those that agree
    /// as [`compared`](crate::compared) does get the most frequent of their spellings.
    ///
    /// # Errors
    /// Two titles have the same id, two platforms the same name, a platform position is out of range, or
    /// there are more than [`MAX_LABELS`] different genres or audience ratings, or more titles than
    /// [`check_count`] allows.
    pub fn new(platforms: Vec<Platform>, mut titles: Vec<Title>) -> Result<Self, TableError> {
        check_count("titles", titles.len())?;
        for (i, platform) in platforms.iter().enumerate() {
            if platforms.iter().take(i).any(|p| p.as_str() == platform.as_str()) {
                return Err(TableError::DuplicatePlatform(platform.clone()));
            }
        }
        let mut positions = HashMap::with_capacity(titles.len());
        for (idx, title) in titles.iter().enumerate() {
            if usize::from(title.platform_idx) >= platforms.len() {
                return Err(TableError::PlatformOutOfRange {
                    id: title.id.clone(),
                    platform_idx: title.platform_idx,
                    n_platforms: platforms.len(),
                });
            }
            if positions.insert(title.id.clone(), idx as u32).is_some() {
                return Err(TableError::DuplicateTitle(title.id.clone()));
            }
        }
        names::settle(&mut titles);
        if let Some((what, n)) = count_labels(&titles).into_iter().find(|&(_, n)| n > MAX_LABELS) {
            return Err(TableError::TooManyLabels { what, n });
        }
        Ok(Self { platforms, titles, positions })
    }

    /// Returns, for each title, the position of the first title of the same work, which may be its own.
    ///
    /// Titles are one work if they agree in kind, release year and name. Names are compared by their letters
    /// and digits, in lowercase, without technical suffixes such as `(4K UHD)`; see [`crate::work_key`]. A
    /// title without a year, or without a letter or digit in its name, is a work by itself.
    pub fn works(&self) -> Vec<u32> {
        works::works(&self.titles)
    }

    /// Returns the platforms, in source order.
    pub fn platforms(&self) -> &[Platform] {
        &self.platforms
    }

    /// Returns the titles, in source order.
    pub fn titles(&self) -> &[Title] {
        &self.titles
    }

    /// Returns the platform of a title of this table.
    ///
    /// # Panics
    /// If it is a title of another table, which may have more platforms.
    #[expect(clippy::indexing_slicing, reason = "`new` checks that the platforms of its titles are in range")]
    pub fn platform_of(&self, title: &Title) -> &Platform {
        &self.platforms[usize::from(title.platform_idx)]
    }

    /// Returns the position of a title.
    pub fn position(&self, id: &str) -> Option<u32> {
        self.positions.get(id).copied()
    }
}

/// The clean ratings as columns, sorted by user and then by title. Each pair of user and title occurs once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RatingTable {
    users: Vec<UserId>,
    offsets: Vec<u64>,
    title_idx: Vec<u32>,
    rating: Vec<f32>,
    timestamp: Vec<u32>,
    scale: Scale,
}

impl RatingTable {
    /// Takes columns like [`RatingTable::on_scale`], with ratings from 0.5 to 5.
    ///
    /// # Errors
    /// [`TableError::Ratings`] if a length, an order or a range is wrong.
    pub fn new(
        users: Vec<UserId>,
        offsets: Vec<u64>,
        title_idx: Vec<u32>,
        rating: Vec<f32>,
        timestamp: Vec<u32>,
        n_titles: usize,
    ) -> Result<Self, TableError> {
        Self::on_scale(Scale::STARS, users, offsets, title_idx, rating, timestamp, n_titles)
    }

    /// Takes columns whose rows are sorted by user, then by title.
    ///
    /// `users` are in their order, `offsets` has `users + 1` entries, and user `u`'s rows are
    /// `offsets[u]..offsets[u + 1]` of the three columns. Timestamps are Unix seconds, all of them 0 if the
    /// times are not known.
    ///
    /// # Errors
    /// [`TableError::Ratings`] if a length, an order or a range is wrong.
    pub fn on_scale(
        scale: Scale,
        users: Vec<UserId>,
        offsets: Vec<u64>,
        title_idx: Vec<u32>,
        rating: Vec<f32>,
        timestamp: Vec<u32>,
        n_titles: usize,
    ) -> Result<Self, TableError> {
        check_count("users", users.len())?;
        let n = title_idx.len();
        let refuse = |what| Err(TableError::Ratings(what));
        if rating.len() != n || timestamp.len() != n {
            return refuse("the columns differ in length");
        }
        if offsets.len().checked_sub(1) != Some(users.len())
            || offsets.first() != Some(&0)
            || offsets.last() != Some(&(n as u64))
        {
            return refuse("the offsets do not span the rows");
        }
        if !users.is_sorted_by(|a, b| a < b) {
            return refuse("the users are not in order, or one occurs twice");
        }
        if !offsets.is_sorted() {
            return refuse("the offsets are not in order");
        }
        let ascend = |&[start, end]: &[u64; 2]| {
            let of_user = title_idx.get(start as usize..end as usize);
            of_user.is_some_and(|titles| titles.is_sorted_by(|a, b| a < b))
        };
        if !offsets.array_windows().all(ascend) {
            return refuse("a user's titles are not in order, or one occurs twice");
        }
        if title_idx.iter().any(|&t| t as usize >= n_titles) {
            return refuse("a title position is out of range");
        }
        if !rating.iter().all(|&r| scale.contains(r)) {
            return refuse("a rating is off the scale");
        }
        Ok(Self { users, offsets, title_idx, rating, timestamp, scale })
    }

    /// Returns the scale of the ratings.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Returns whether it is known when titles were rated. Files without a column of times give 0 throughout.
    pub fn has_times(&self) -> bool {
        self.timestamp.iter().any(|&time| time > 0)
    }

    /// Returns the users, in order. A user's position here is the `user_idx` everywhere.
    pub fn users(&self) -> &[UserId] {
        &self.users
    }

    /// Returns where each user's rows begin, with the end of the last user's rows as one more entry.
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// Returns the title positions, row by row.
    pub fn title_idx(&self) -> &[u32] {
        &self.title_idx
    }

    /// Returns the ratings, row by row.
    pub fn rating(&self) -> &[f32] {
        &self.rating
    }

    /// Returns the Unix times, row by row.
    pub fn timestamp(&self) -> &[u32] {
        &self.timestamp
    }

    /// The rows of one user.
    ///
    /// # Panics
    /// If there is no such user.
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "`on_scale` checks that there are offsets for all users; the caller guarantees the user"
    )]
    pub fn rows_of(&self, user_idx: usize) -> std::ops::Range<usize> {
        self.offsets[user_idx] as usize..self.offsets[user_idx + 1] as usize
    }

    /// Returns the number of ratings.
    pub fn len(&self) -> usize {
        self.title_idx.len()
    }

    /// Returns whether there is no rating.
    pub fn is_empty(&self) -> bool {
        self.title_idx.is_empty()
    }

    /// Returns the position of a user.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.users.binary_search_by(|u| UserId::cmp_text(u.as_str(), id)).ok()
    }

    /// Pools the ratings over works: each title is replaced by the first of its work (see
    /// [`TitleTable::works`]), and of several ratings of one work by one user the latest stays (at equal
    /// times that of the later title). Titles that are not the first of their work are left without ratings.
    ///
    /// # Panics
    /// If a title position has no work, or a work's position is above its title's.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "`on_scale` checks that offsets cut the rows; the caller guarantees a work for each title"
    )]
    pub fn by_work(&self, works: &[u32]) -> Self {
        let mut pooled =
            Self { users: self.users.clone(), offsets: vec![0], scale: self.scale, ..Self::default() };
        let mut of_user: Vec<(u32, u32, usize)> = Vec::new();
        for user in 0..self.users.len() {
            of_user.clear();
            of_user.extend(
                self.rows_of(user).map(|row| (works[self.title_idx[row] as usize], self.timestamp[row], row)),
            );
            of_user.sort_unstable();
            for (&(work, timestamp, row), n) in of_user.iter().zip(1..) {
                assert!(work <= self.title_idx[row], "the first title of a work comes first");
                if of_user.get(n).is_none_or(|next| next.0 != work) {
                    pooled.title_idx.push(work);
                    pooled.rating.push(self.rating[row]);
                    pooled.timestamp.push(timestamp);
                }
            }
            pooled.offsets.push(pooled.title_idx.len() as u64);
        }
        pooled
    }

    /// Returns all rows, without their times, for training.
    pub fn interactions(&self, n_titles: usize) -> Interactions {
        let mut user_idx = Vec::with_capacity(self.len());
        for u in 0..self.users.len() {
            user_idx.extend(std::iter::repeat_n(u as u32, self.rows_of(u).len()));
        }
        Interactions {
            n_users: self.users.len(),
            n_titles,
            user_idx,
            title_idx: self.title_idx.clone(),
            rating: self.rating.clone(),
            scale: self.scale,
        }
    }
}

/// Ratings as three columns of equal length, in any order, for training and evaluation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Interactions {
    /// Number of users. Every `user_idx` is below it.
    pub n_users: usize,
    /// Number of titles. Every `title_idx` is below it.
    pub n_titles: usize,
    /// User positions.
    pub user_idx: Vec<u32>,
    /// Title positions.
    pub title_idx: Vec<u32>,
    /// Ratings.
    pub rating: Vec<f32>,
    /// The scale of the ratings.
    pub scale: Scale,
}

impl Interactions {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rating.len()
    }

    /// Returns whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rating.is_empty()
    }

    /// Returns the rows at `positions`, in that order, over the same users and titles.
    ///
    /// # Panics
    /// If a position is not below [`Interactions::len`].
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "the caller guarantees the positions")]
    pub fn select(&self, positions: &[usize]) -> Self {
        Self {
            n_users: self.n_users,
            n_titles: self.n_titles,
            user_idx: positions.iter().map(|&p| self.user_idx[p]).collect(),
            title_idx: positions.iter().map(|&p| self.title_idx[p]).collect(),
            rating: positions.iter().map(|&p| self.rating[p]).collect(),
            scale: self.scale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn users(n: usize) -> Vec<UserId> {
        (1..=n).map(|u| UserId::new(&u.to_string()).unwrap()).collect()
    }

    #[test]
    fn more_than_can_be_numbered_is_an_error_with_a_way_out() {
        let most = usize::try_from(u32::MAX).unwrap();
        assert_eq!(check_count("users", most), Ok(()));
        let error = check_count("users", most + 1).unwrap_err().to_string();
        assert!(error.starts_with("there are 4294967296 different users, and at most 4294967295"), "{error}");
        assert!(error.contains("check the column of their ids"), "{error}");
    }

    #[test]
    fn titles_of_equal_kind_year_and_letters_are_one_work() {
        let title = |n: u8, display: &str, release_year, kind| Title {
            kind,
            release_year,
            ..Title::named(TitleId::new(&format!("ns{n}")).unwrap(), display)
        };
        let titles = vec![
            title(0, "Up", Some(2009), Kind::Movie),
            title(1, "Wall-E", Some(2008), Kind::Movie),
            title(2, "WALL·E", Some(2008), Kind::Movie),
            title(3, "Up", Some(2009), Kind::Series),
            title(4, "UP!", Some(2009), Kind::Movie),
            title(5, "Up", Some(2010), Kind::Movie),
            title(6, "Up", None, Kind::Movie),
            title(7, "Up", None, Kind::Movie),
            title(8, "?", Some(2009), Kind::Movie),
            title(9, "!", Some(2009), Kind::Movie),
        ];
        let table = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles).unwrap();
        assert_eq!(table.works(), [0, 1, 1, 3, 0, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn platforms_may_share_a_letter_and_ids_may_not_repeat() {
        let title =
            |id: &str, platform_idx| Title { platform_idx, ..Title::named(TitleId::new(id).unwrap(), "Up") };
        let platforms = ["hulu", "hbo:hb"].map(|text| text.parse().unwrap()).to_vec();
        let table = TitleTable::new(platforms.clone(), vec![title("hs1", 0), title("hbs1", 1)]).unwrap();
        assert_eq!(table.platform_of(&table.titles()[1]).as_str(), "hbo");
        let refuse =
            |platforms: &[Platform], titles| TitleTable::new(platforms.to_vec(), titles).unwrap_err();
        let error = refuse(&platforms, vec![title("hs1", 0), title("hs1", 1)]);
        assert_eq!(error, TableError::DuplicateTitle(TitleId::new("hs1").unwrap()));
        let error = refuse(&platforms, vec![title("hs1", 2)]);
        assert!(matches!(error, TableError::PlatformOutOfRange { n_platforms: 2, .. }), "{error}");
        let twice = ["hulu", "hulu:hu"].map(|text| text.parse().unwrap());
        assert_eq!(refuse(&twice, Vec::new()).to_string(), "the platform hulu is listed twice");
    }

    #[test]
    fn ratings_pool_over_works_and_the_latest_stays() {
        let table = RatingTable::new(
            users(2),
            vec![0, 3, 5],
            vec![0, 2, 3, 2, 3],
            vec![1.0, 2.0, 3.0, 4.0, 5.0],
            vec![30, 20, 5, 7, 7],
            4,
        );
        let pooled = table.unwrap().by_work(&[0, 1, 0, 3]);
        assert_eq!((pooled.offsets(), pooled.title_idx()), (&[0, 2, 4][..], &[0, 3, 0, 3][..]));
        assert_eq!((pooled.rating(), pooled.timestamp()), (&[1.0, 3.0, 4.0, 5.0][..], &[30, 5, 7, 7][..]));
    }

    #[test]
    fn rows_out_of_order_or_range_are_refused() {
        let make = |offsets: &[u64], titles: &[u32], ratings: &[f32]| {
            RatingTable::new(
                users(2),
                offsets.to_vec(),
                titles.to_vec(),
                ratings.to_vec(),
                vec![0; titles.len()],
                3,
            )
        };
        let good = make(&[0, 2, 3], &[0, 2, 1], &[1.0, 2.0, 3.0]).unwrap();
        assert_eq!(good.rows_of(1), 2..3);
        assert_eq!(good.position("2"), Some(1));
        assert_eq!(good.interactions(3).user_idx, [0, 0, 1]);
        assert!(make(&[0, 2, 4], &[0, 2, 1], &[1.0; 3]).is_err());
        assert!(make(&[0, 2, 3], &[2, 0, 1], &[1.0; 3]).is_err());
        assert!(make(&[0, 2, 3], &[0, 0, 1], &[1.0; 3]).is_err());
        assert!(make(&[0, 2, 3], &[0, 3, 1], &[1.0; 3]).is_err());
        assert!(make(&[0, 2, 3], &[0, 1, 1], &[1.0, 0.0, 1.0]).is_err());
        assert!(make(&[0, 2, 3], &[0, 1, 1], &[1.0, 1.0]).is_err());
        assert!(make(&[0, 5, 3], &[0, 1, 1], &[1.0; 3]).is_err());
    }

    #[test]
    fn a_table_has_no_more_labels_than_artifacts_can_number() {
        let named = |at: usize| Title::named(TitleId::new(&format!("t{at}")).unwrap(), "a");
        let table = |n: usize, of: &dyn Fn(usize) -> Title| {
            let platforms = vec![Platform::new("netflix").unwrap()];
            TitleTable::new(platforms, (0..n).map(of).collect()).map(|table| table.titles().len())
        };
        let genres = |at: usize| Title { genres: vec![at.to_string(), "drama".to_owned()], ..named(at) };
        assert_eq!(table(MAX_LABELS - 1, &genres), Ok(MAX_LABELS - 1));
        let error = table(MAX_LABELS, &genres).unwrap_err();
        assert_eq!(error, TableError::TooManyLabels { what: "genres", n: MAX_LABELS + 1 });
        assert!(error.to_string().contains("there are 65536 different genres"), "{error}");
        let audiences = |at: usize| Title { audience: at.to_string(), ..named(at) };
        assert_eq!(table(MAX_LABELS, &audiences), Ok(MAX_LABELS));
        let error = table(MAX_LABELS + 1, &audiences).unwrap_err();
        assert_eq!(error, TableError::TooManyLabels { what: "audience ratings", n: MAX_LABELS + 1 });
    }
}
