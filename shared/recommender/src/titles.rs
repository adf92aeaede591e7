mod genres;

use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, Invalid, Kind, TitleGenres};
use catalog::{ComparedNames, RatingTable, TitleTable, compared};
use serde::{Deserialize, Serialize};

pub(crate) use genres::AcceptedGenres;

/// What lists show of titles and filter by, and how popular each title is. A title's position here is the
/// `item` of the models.
#[derive(Debug, Clone, PartialEq)]
pub struct Titles {
    platforms: TextHeap,
    genres: TextHeap,
    /// The same names, to be searched. They are not stored.
    genres_by_text: ComparedNames,
    /// Distinct audience ratings, with an empty one if the source lacks some.
    audiences: TextHeap,
    /// The audience ratings as they are compared, with their positions, in ascending order. They are not
    /// stored.
    audience_by_name: Vec<(String, u16)>,
    ids: TextHeap,
    /// Title positions, sorted by id.
    by_id: Vec<u32>,
    display: TextHeap,
    platform_idx: Vec<u16>,
    kind: Vec<u16>,
    /// 0 if unknown.
    year: Vec<u16>,
    /// Where each title's genres begin, with the end of the last as one more entry.
    genre_offsets: Vec<u32>,
    genre_idx: Vec<u16>,
    /// The canonical genres of each title, which are an artifact of their own. Older releases have none.
    canonical: Option<TitleGenres>,
    /// Their names, to be searched.
    canonical_by_text: ComparedNames,
    audience_idx: Vec<u16>,
    /// The position of the first title of the same work.
    work: Vec<u32>,
    /// The position of the next title of the same work, or [`NONE`]. It follows from `work` and is not
    /// stored.
    next: Vec<u32>,
    /// The number of users who rated the work, by whichever of its titles.
    n_ratings: Vec<u32>,
    /// Title positions: the most rated work first, then the higher mean, then the lower position.
    popular: Vec<u32>,
}

/// The most other titles of a work that an answer names.
const MOST_EDITIONS: usize = 50;

/// Marks that no title follows.
const NONE: u32 = u32::MAX;

/// Returns the next title of the same work for each title, given the first title of each work.
#[expect(clippy::indexing_slicing, reason = "`from_stored` checks that the first title of a work is a title")]
fn next_of(work: &[u32]) -> Vec<u32> {
    let mut last: Vec<u32> = (0..work.len() as u32).collect();
    let mut next = vec![NONE; work.len()];
    for (title, &first) in work.iter().enumerate() {
        if first as usize != title {
            let before = std::mem::replace(&mut last[first as usize], title as u32);
            next[before as usize] = title as u32;
        }
    }
    next
}

/// What lists show of a title.
#[derive(Debug, Clone, PartialEq)]
pub struct TitleView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub title: &'a str,
    /// Its platform.
    pub platform: &'a str,
    /// Film or series.
    pub kind: catalog::Kind,
    /// Its release year, if the source has it.
    pub year: Option<u16>,
    /// Its genres, as its platform calls them, in source order.
    pub genres: Vec<&'a str>,
    /// The canonical genres that those are, if the release has them.
    pub canonical_genres: Option<Vec<&'a str>>,
    /// Its audience rating on its platform (`PG-13`), if the source has it.
    pub audience: Option<&'a str>,
    /// The number of users who rated the work, on whatever platform.
    pub n_ratings: u32,
}

/// Another title of a work: the same film or series elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its platform.
    pub platform: &'a str,
}

/// Returns the distinct texts in order, and the position of each of `texts` among them.
///
/// # Panics
/// If there are more than 65,535, which a [`TitleTable`] never has.
fn distinct<'a>(texts: impl Iterator<Item = &'a str> + Clone, what: &str) -> (Vec<&'a str>, Vec<u16>) {
    let mut names: Vec<&str> = texts.clone().collect();
    names.sort_unstable();
    names.dedup();
    assert!(u16::try_from(names.len()).is_ok(), "there are at most 65,535 {what}");
    let positions = texts.filter_map(|text| names.binary_search(&text).ok()).map(|at| at as u16).collect();
    (names, positions)
}

/// Returns the audience ratings as they are compared, with their positions, in ascending order.
fn by_name(audiences: &TextHeap) -> Vec<(String, u16)> {
    let all = audiences.iter().zip(0..=u16::MAX).filter(|(name, _)| !name.is_empty());
    let mut by_name: Vec<(String, u16)> = all.map(|(name, at)| (compared(name), at)).collect();
    by_name.sort_unstable();
    by_name
}

#[expect(
    clippy::indexing_slicing,
    reason = "`from_stored` checks that positions are in range; the caller guarantees that the title exists"
)]
impl Titles {
    /// Takes the clean tables. Ratings are pooled over works ([`TitleTable::works`]): a user who rated two
    /// titles of one work counts once, with the later rating.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "`TitleTable` and `RatingTable` have fewer than 2³² titles and users"
    )]
    pub fn build(table: &TitleTable, ratings: &RatingTable) -> Self {
        let titles = table.titles();
        let (genres, genre_idx) =
            distinct(titles.iter().flat_map(|t| t.genres.iter().map(String::as_str)), "genres");
        let (audiences, audience_idx) =
            distinct(titles.iter().map(|t| t.audience.as_str()), "audience ratings");
        let genre_offsets = std::iter::once(0)
            .chain(titles.iter().scan(0_u32, |end, title| {
                *end = end.saturating_add(title.genres.len() as u32);
                Some(*end)
            }))
            .collect();

        let mut by_id: Vec<u32> = (0..titles.len() as u32).collect();
        by_id.sort_unstable_by_key(|&t| titles[t as usize].id.as_str());

        let work = table.works();
        let pooled = ratings.by_work(&work);
        let mut n_ratings = vec![0_u32; titles.len()];
        let mut sums = vec![0.0_f64; titles.len()];
        for (&t, &rating) in pooled.title_idx().iter().zip(pooled.rating()) {
            n_ratings[t as usize] += 1;
            sums[t as usize] += f64::from(rating);
        }
        // The first title of a work comes before the others, so they can take their counts from it.
        for (title, &first) in work.iter().enumerate() {
            n_ratings[title] = n_ratings[first as usize];
            sums[title] = sums[first as usize];
        }
        let mut popular: Vec<u32> = (0..titles.len() as u32).collect();
        popular.sort_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            // Sums are compared only at equal counts, so they order titles as means do.
            n_ratings[b].cmp(&n_ratings[a]).then(sums[b].total_cmp(&sums[a])).then(a.cmp(&b))
        });

        let audiences: TextHeap = audiences.into_iter().collect();
        Self {
            platforms: table.platforms().iter().map(catalog::Platform::as_str).collect(),
            genres_by_text: genres.iter().copied().collect(),
            genres: genres.into_iter().collect(),
            audience_by_name: by_name(&audiences),
            audiences,
            ids: titles.iter().map(|t| t.id.as_str()).collect(),
            by_id,
            display: titles.iter().map(|t| t.display.as_str()).collect(),
            platform_idx: titles.iter().map(|t| t.platform_idx.into()).collect(),
            kind: titles.iter().map(|t| u16::from(t.kind == catalog::Kind::Series)).collect(),
            year: titles.iter().map(|t| t.release_year.unwrap_or(0)).collect(),
            genre_offsets,
            genre_idx,
            canonical: None,
            canonical_by_text: ComparedNames::default(),
            audience_idx,
            next: next_of(&work),
            work,
            n_ratings,
            popular,
        }
    }

    /// Returns the number of titles.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns the platforms, in source order.
    pub fn platforms(&self) -> impl ExactSizeIterator<Item = &str> {
        self.platforms.iter()
    }

    /// Returns the audience ratings of titles, in alphabetical order.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.audiences.iter().filter(|audience| !audience.is_empty())
    }

    /// Returns the position of a title.
    pub fn position(&self, id: &str) -> Option<usize> {
        let at = self.by_id.binary_search_by_key(&id, |&t| self.ids.get(t as usize)).ok()?;
        Some(self.by_id[at] as usize)
    }

    /// Returns the id of a title.
    ///
    /// # Panics
    /// If `title` is not below [`Titles::len`].
    pub fn id(&self, title: usize) -> &str {
        self.ids.get(title)
    }

    /// Returns the name of a title.
    ///
    /// # Panics
    /// If `title` is not below [`Titles::len`].
    pub fn display(&self, title: usize) -> &str {
        self.display.get(title)
    }

    /// Returns what lists show of a title.
    ///
    /// # Panics
    /// If `title` is not below [`Titles::len`].
    pub fn view(&self, title: usize) -> TitleView<'_> {
        TitleView {
            id: self.ids.get(title),
            title: self.display.get(title),
            platform: self.platforms.get(self.platform_idx[title].into()),
            kind: self.kind(title),
            year: self.year(title),
            genres: self.genre_positions(title).iter().map(|&g| self.genres.get(g.into())).collect(),
            canonical_genres: self
                .canonical
                .as_ref()
                .map(|genres| genres.of(title).iter().map(|&genre| genres.name(genre)).collect()),
            audience: Some(self.audiences.get(self.audience_idx[title].into())).filter(|a| !a.is_empty()),
            n_ratings: self.n_ratings[title],
        }
    }

    /// Returns the position of the first title of the same work. It identifies the work.
    ///
    /// # Panics
    /// If `title` is not below [`Titles::len`].
    pub fn work(&self, title: usize) -> usize {
        self.work[title] as usize
    }

    /// Returns the positions of all titles of the same work, `title` included, in ascending order.
    ///
    /// # Panics
    /// If `title` is not below [`Titles::len`].
    pub fn editions(&self, title: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(self.work[title]), |&t| Some(self.next[t as usize]).filter(|&t| t != NONE))
            .map(|t| t as usize)
    }

    /// Returns the first 50 other titles of the same work, in catalog order, and the number of those beyond.
    ///
    /// # Panics
    /// If `title` is not below [`Titles::len`].
    pub fn also_on(&self, title: usize) -> (Vec<Edition<'_>>, usize) {
        let mut others = self.editions(title).filter(|&other| other != title);
        let edition = |other: usize| Edition {
            id: self.ids.get(other),
            platform: self.platforms.get(self.platform_idx[other].into()),
        };
        let shown = others.by_ref().take(MOST_EDITIONS).map(edition).collect();
        (shown, others.count())
    }

    /// Returns whether there are other titles of the same work.
    pub(crate) fn has_editions(&self, title: usize) -> bool {
        self.work[title] as usize != title || self.next[title] != NONE
    }

    /// Returns title positions, the most rated work first. The titles of one work are in catalog order.
    pub fn popular(&self) -> impl ExactSizeIterator<Item = usize> {
        self.popular.iter().map(|&t| t as usize)
    }

    /// Returns the number of users who rated a title's work.
    pub(crate) fn n_ratings(&self, title: usize) -> u32 {
        self.n_ratings[title]
    }

    pub(crate) fn platform_position(&self, title: usize) -> usize {
        self.platform_idx[title].into()
    }

    /// Returns the position of a title's audience rating, which may be the empty one.
    pub(crate) fn audience_position(&self, title: usize) -> u16 {
        self.audience_idx[title]
    }

    /// Returns the position of a platform, whose name may be in any case.
    pub fn platform(&self, name: &str) -> Option<usize> {
        self.platforms().position(|platform| platform.eq_ignore_ascii_case(name))
    }

    /// Returns the position of an audience rating, compared as [`catalog::compared`] does.
    pub fn audience(&self, name: &str) -> Option<u16> {
        let name = compared(name);
        let at = self.audience_by_name.partition_point(|(known, _)| *known < name);
        self.audience_by_name.get(at).filter(|(known, _)| *known == name).map(|&(_, at)| at)
    }

    pub(crate) fn kind(&self, title: usize) -> catalog::Kind {
        if self.kind[title] == 0 { catalog::Kind::Movie } else { catalog::Kind::Series }
    }

    /// Returns the release year of a title, if the source has it.
    ///
    /// # Panics
    /// If `title` is not below [`Titles::len`].
    pub fn year(&self, title: usize) -> Option<u16> {
        Some(self.year[title]).filter(|&y| y > 0)
    }

    pub(crate) fn genre_positions(&self, title: usize) -> &[u16] {
        blocks::group(&self.genre_idx, &self.genre_offsets, title)
    }
}

/// The stored form. Rules: positions are in range. `by_id` is sorted by id, and no id occurs twice. `work`
/// has the first title of each work, and all titles of a work have the same number of ratings. `popular` has
/// every title once.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredTitles<'a> {
    n_platforms: u32,
    n_genres: u32,
    n_audiences: u32,
    n_titles: u32,
    n_title_genres: u32,
    #[serde(borrow, with = "serde_bytes")]
    platform_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    platforms: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    genre_name_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    genre_names: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    audience_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    audiences: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    id_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    ids: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    by_id: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    display_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    display: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    platform_idx: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    kind: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    year: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    genre_offsets: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    genre_idx: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    audience_idx: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    work: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    n_ratings: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    popular: &'a [u8],
}

impl Artifact for Titles {
    const KIND: Kind = Kind::Titles;
    type Stored<'a> = StoredTitles<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        let (platform_offsets, platforms) = self.platforms.to_blocks();
        let (genre_name_offsets, genre_names) = self.genres.to_blocks();
        let (audience_offsets, audiences) = self.audiences.to_blocks();
        let (id_offsets, ids) = self.ids.to_blocks();
        let (display_offsets, display) = self.display.to_blocks();
        write(&StoredTitles {
            n_platforms: self.platforms.len() as u32,
            n_genres: self.genres.len() as u32,
            n_audiences: self.audiences.len() as u32,
            n_titles: self.ids.len() as u32,
            n_title_genres: self.genre_idx.len() as u32,
            platform_offsets: &platform_offsets,
            platforms,
            genre_name_offsets: &genre_name_offsets,
            genre_names,
            audience_offsets: &audience_offsets,
            audiences,
            id_offsets: &id_offsets,
            ids,
            by_id: &blocks::from_u32(&self.by_id),
            display_offsets: &display_offsets,
            display,
            platform_idx: &blocks::from_u16(&self.platform_idx),
            kind: &blocks::from_u16(&self.kind),
            year: &blocks::from_u16(&self.year),
            genre_offsets: &blocks::from_u32(&self.genre_offsets),
            genre_idx: &blocks::from_u16(&self.genre_idx),
            audience_idx: &blocks::from_u16(&self.audience_idx),
            work: &blocks::from_u32(&self.work),
            n_ratings: &blocks::from_u32(&self.n_ratings),
            popular: &blocks::from_u32(&self.popular),
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let n = s.n_titles as usize;
        let mut titles = Self {
            platforms: TextHeap::from_blocks(
                "platforms",
                s.platform_offsets,
                s.platforms,
                s.n_platforms as usize,
            )?,
            genres: TextHeap::from_blocks(
                "genres",
                s.genre_name_offsets,
                s.genre_names,
                s.n_genres as usize,
            )?,
            genres_by_text: ComparedNames::default(),
            audiences: TextHeap::from_blocks(
                "audiences",
                s.audience_offsets,
                s.audiences,
                s.n_audiences as usize,
            )?,
            audience_by_name: Vec::new(),
            ids: TextHeap::from_blocks("ids", s.id_offsets, s.ids, n)?,
            by_id: blocks::to_u32("by_id", s.by_id, n)?,
            display: TextHeap::from_blocks("display", s.display_offsets, s.display, n)?,
            platform_idx: blocks::to_u16("platform_idx", s.platform_idx, n)?,
            kind: blocks::to_u16("kind", s.kind, n)?,
            year: blocks::to_u16("year", s.year, n)?,
            genre_offsets: blocks::to_offsets("genre_offsets", s.genre_offsets, n, s.n_title_genres)?,
            genre_idx: blocks::to_u16("genre_idx", s.genre_idx, s.n_title_genres as usize)?,
            canonical: None,
            canonical_by_text: ComparedNames::default(),
            audience_idx: blocks::to_u16("audience_idx", s.audience_idx, n)?,
            work: blocks::to_u32("work", s.work, n)?,
            next: Vec::new(),
            n_ratings: blocks::to_u32("n_ratings", s.n_ratings, n)?,
            popular: blocks::to_u32("popular", s.popular, n)?,
        };
        let t = &titles;
        let below = |values: &[u16], n: u32| values.iter().all(|&v| u32::from(v) < n);
        Invalid::unless(below(&t.platform_idx, s.n_platforms), "platform_idx", "out of range")?;
        Invalid::unless(below(&t.genre_idx, s.n_genres), "genre_idx", "out of range")?;
        Invalid::unless(below(&t.audience_idx, s.n_audiences), "audience_idx", "out of range")?;
        Invalid::unless(below(&t.kind, 2), "kind", "neither film nor series")?;
        Invalid::unless(t.by_id.iter().all(|&i| i < s.n_titles), "by_id", "out of range")?;
        let ids = || t.by_id.iter().map(|&i| t.ids.get(i as usize));
        Invalid::unless(ids().zip(ids().skip(1)).all(|(a, b)| a < b), "by_id", "not the order of the ids")?;
        let is_first = |first: u32| t.work.get(first as usize) == Some(&first);
        let named = t.work.iter().enumerate().all(|(i, &first)| first as usize <= i && is_first(first));
        Invalid::unless(named, "work", "not the first title of a work")?;
        let of_first = |first: u32| t.n_ratings.get(first as usize);
        let counts_agree = t.n_ratings.iter().zip(&t.work).all(|(n, &first)| of_first(first) == Some(n));
        Invalid::unless(counts_agree, "n_ratings", "two titles of one work differ")?;
        let mut named = vec![false; n];
        for &title in &t.popular {
            match named.get_mut(title as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(Invalid::new("popular", "a title occurs twice, or is out of range")),
            }
        }
        titles.next = next_of(&titles.work);
        titles.genres_by_text = titles.genres.iter().collect();
        titles.audience_by_name = by_name(&titles.audiences);
        Ok(titles)
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Platform, Title, TitleId, UserId};

    use super::*;
    use crate::{Criteria, Filter};

    /// Titles 0, 2 and 3 are one work. Each platform has its own audience rating for it, and one has none.
    fn small() -> Titles {
        let title = |i: usize, display: &str, audience: &str| Title {
            platform_idx: (i % 2) as u8,
            release_year: Some(2009),
            audience: audience.to_owned(),
            ..Title::named(TitleId::new(&format!("t{i}")).unwrap(), display)
        };
        let platforms = ["amazon", "hulu"].map(|p| Platform::new(p).unwrap()).to_vec();
        let titles = vec![
            title(0, "Up", "pg"),
            title(1, "Down", "tv-ma"),
            title(2, "UP", ""),
            title(3, "Up!", "7+"),
            title(4, "Left", "pg"),
        ];
        let table = TitleTable::new(platforms, titles).unwrap();
        // Users 1 and 3 rated the work once, user 2 in two of its titles; user 3 rated title 4.
        let users = ["1", "2", "3"].map(|u| UserId::new(u).unwrap()).to_vec();
        let (offsets, title_idx) = (vec![0, 1, 3, 5], vec![2, 0, 3, 3, 4]);
        let ratings = RatingTable::new(users, offsets, title_idx, vec![4.0; 5], vec![0; 5], 5).unwrap();
        Titles::build(&table, &ratings)
    }

    #[test]
    fn ratings_and_ranks_are_those_of_the_work() {
        let titles = small();
        assert_eq!(Titles::from_bytes(&titles.to_bytes().unwrap()), Ok(titles.clone()));
        let counts: Vec<u32> = (0..5).map(|t| titles.view(t).n_ratings).collect();
        assert_eq!(counts, [3, 0, 3, 3, 1]);
        assert_eq!(titles.popular().collect::<Vec<_>>(), [0, 2, 3, 4, 1]);
        let editions = |t| titles.editions(t).collect::<Vec<_>>();
        assert_eq!((editions(2), editions(3), editions(1)), (vec![0, 2, 3], vec![0, 2, 3], vec![1]));
        let also: Vec<_> = titles.also_on(2).0.iter().map(|e| (e.id, e.platform)).collect();
        assert_eq!(also, [("t0", "amazon"), ("t3", "hulu")]);
        assert!(titles.also_on(4).0.is_empty());
        let (all, once) = (Criteria { all_editions: true, ..Criteria::default() }, Criteria::default());
        let select =
            |criteria| Filter::new(&titles, criteria).unwrap().select(&titles, [3, 1, 0, 2]).collect();
        let (all, once): (Vec<_>, Vec<_>) = (select(&all), select(&once));
        assert_eq!((all, once), (vec![3, 1, 0, 2], vec![3, 1]));
        assert_eq!(
            (0..5).map(|t| titles.has_editions(t)).collect::<Vec<_>>(),
            [true, false, true, true, false]
        );
    }

    #[test]
    fn an_audience_rating_is_found_in_any_case_and_may_be_unknown() {
        let titles = small();
        assert_eq!(titles.audiences().collect::<Vec<_>>(), ["7+", "pg", "tv-ma"]);
        assert_eq!((titles.view(1).audience, titles.view(2).audience), (Some("tv-ma"), None));
        assert_eq!(titles.audience("TV-MA"), Some(titles.audience_position(1)));
        assert_eq!((titles.audience("tv"), titles.audience("")), (None, None));
    }
}
