use artifact::blocks::{self, TextHeap};
use artifact::{Artifact, Invalid, Kind};
use catalog::{RatingTable, TitleTable};
use serde::{Deserialize, Serialize};

/// What is shown of titles and filtered by, with their popularity. A title's position here is the model's
/// `item`.
#[derive(Debug, Clone, PartialEq)]
pub struct Titles {
    platforms: TextHeap,
    genres: TextHeap,
    ids: TextHeap,
    /// Title positions in the order of their ids.
    by_id: Vec<u32>,
    display: TextHeap,
    platform_idx: Vec<u16>,
    kind: Vec<u16>,
    /// 0 where unknown.
    year: Vec<u16>,
    /// Where each title's genres begin; one more than there are titles.
    genre_offsets: Vec<u32>,
    genre_idx: Vec<u16>,
    n_ratings: Vec<u32>,
    /// Title positions, most rated first; of equal counts the higher mean, then the lower position.
    popular: Vec<u32>,
}

/// What is shown of one title.
#[derive(Debug, Clone, PartialEq)]
pub struct TitleView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name, as shown.
    pub title: &'a str,
    /// Its platform.
    pub platform: &'a str,
    /// Film or series.
    pub kind: catalog::Kind,
    /// Its release year, where the source says so.
    pub year: Option<u16>,
    /// Its genres, in source order.
    pub genres: Vec<&'a str>,
    /// How many users rated it.
    pub n_ratings: u32,
}

impl Titles {
    /// Takes the clean tables.
    ///
    /// # Panics
    /// Where there are more than 65,536 genres.
    pub fn build(table: &TitleTable, ratings: &RatingTable) -> Self {
        let titles = table.titles();
        let mut names: Vec<&str> = titles.iter().flat_map(|t| t.genres.iter().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        assert!(u16::try_from(names.len()).is_ok(), "there are at most 65,535 genres");

        let mut by_id: Vec<u32> = (0..titles.len() as u32).collect();
        by_id.sort_unstable_by_key(|&t| titles[t as usize].id.as_str());

        let (mut genre_offsets, mut genre_idx) = (vec![0], Vec::new());
        for title in titles {
            let known = |g: &String| names.binary_search(&g.as_str()).ok().map(|at| at as u16);
            genre_idx.extend(title.genres.iter().filter_map(known));
            genre_offsets.push(genre_idx.len() as u32);
        }

        let mut n_ratings = vec![0_u32; titles.len()];
        let mut sums = vec![0.0_f64; titles.len()];
        for (&t, &rating) in ratings.title_idx().iter().zip(ratings.rating()) {
            n_ratings[t as usize] += 1;
            sums[t as usize] += f64::from(rating);
        }
        let mut popular: Vec<u32> = (0..titles.len() as u32).collect();
        popular.sort_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            // Counts are equal where sums are compared, so sums order as means do.
            n_ratings[b].cmp(&n_ratings[a]).then(sums[b].total_cmp(&sums[a])).then(a.cmp(&b))
        });

        Self {
            platforms: table.platforms().iter().map(catalog::Platform::as_str).collect(),
            genres: names.into_iter().collect(),
            ids: titles.iter().map(|t| t.id.as_str()).collect(),
            by_id,
            display: titles.iter().map(|t| t.display.as_str()).collect(),
            platform_idx: titles.iter().map(|t| t.platform_idx.into()).collect(),
            kind: titles.iter().map(|t| u16::from(t.kind == catalog::Kind::Series)).collect(),
            year: titles.iter().map(|t| t.release_year.unwrap_or(0)).collect(),
            genre_offsets,
            genre_idx,
            n_ratings,
            popular,
        }
    }

    /// Number of titles.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The platforms, in source order.
    pub fn platforms(&self) -> impl ExactSizeIterator<Item = &str> {
        self.platforms.iter()
    }

    /// The genres, in alphabetical order.
    pub fn genres(&self) -> impl ExactSizeIterator<Item = &str> {
        self.genres.iter()
    }

    /// The position of a title.
    pub fn position(&self, id: &str) -> Option<usize> {
        let at = self.by_id.binary_search_by_key(&id, |&t| self.ids.get(t as usize)).ok()?;
        Some(self.by_id[at] as usize)
    }

    /// The id of a title.
    ///
    /// # Panics
    /// Where `title` is not below [`Titles::len`].
    pub fn id(&self, title: usize) -> &str {
        self.ids.get(title)
    }

    /// What is shown of a title.
    ///
    /// # Panics
    /// Where `title` is not below [`Titles::len`].
    pub fn view(&self, title: usize) -> TitleView<'_> {
        TitleView {
            id: self.ids.get(title),
            title: self.display.get(title),
            platform: self.platforms.get(self.platform_idx[title].into()),
            kind: self.kind(title),
            year: self.year(title),
            genres: self.genre_positions(title).iter().map(|&g| self.genres.get(g.into())).collect(),
            n_ratings: self.n_ratings[title],
        }
    }

    /// Title positions, most rated first.
    pub fn popular(&self) -> impl ExactSizeIterator<Item = usize> {
        self.popular.iter().map(|&t| t as usize)
    }

    /// How many users rated a title.
    pub(crate) fn n_ratings(&self, title: usize) -> u32 {
        self.n_ratings[title]
    }

    pub(crate) fn platform_position(&self, title: usize) -> usize {
        self.platform_idx[title].into()
    }

    pub(crate) fn kind(&self, title: usize) -> catalog::Kind {
        if self.kind[title] == 0 { catalog::Kind::Movie } else { catalog::Kind::Series }
    }

    pub(crate) fn year(&self, title: usize) -> Option<u16> {
        Some(self.year[title]).filter(|&y| y > 0)
    }

    pub(crate) fn genre_positions(&self, title: usize) -> &[u16] {
        &self.genre_idx[self.genre_offsets[title] as usize..self.genre_offsets[title + 1] as usize]
    }
}

/// The stored form. Rules: positions are in range, `by_id` is the order of the ids and no id stands twice,
/// `popular` names every title once.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredTitles<'a> {
    n_platforms: u32,
    n_genres: u32,
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
        let (id_offsets, ids) = self.ids.to_blocks();
        let (display_offsets, display) = self.display.to_blocks();
        write(&StoredTitles {
            n_platforms: self.platforms.len() as u32,
            n_genres: self.genres.len() as u32,
            n_titles: self.ids.len() as u32,
            n_title_genres: self.genre_idx.len() as u32,
            platform_offsets: &platform_offsets,
            platforms,
            genre_name_offsets: &genre_name_offsets,
            genre_names,
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
            n_ratings: &blocks::from_u32(&self.n_ratings),
            popular: &blocks::from_u32(&self.popular),
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let n = s.n_titles as usize;
        let titles = Self {
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
            ids: TextHeap::from_blocks("ids", s.id_offsets, s.ids, n)?,
            by_id: blocks::to_u32("by_id", s.by_id, n)?,
            display: TextHeap::from_blocks("display", s.display_offsets, s.display, n)?,
            platform_idx: blocks::to_u16("platform_idx", s.platform_idx, n)?,
            kind: blocks::to_u16("kind", s.kind, n)?,
            year: blocks::to_u16("year", s.year, n)?,
            genre_offsets: blocks::to_offsets("genre_offsets", s.genre_offsets, n, s.n_title_genres)?,
            genre_idx: blocks::to_u16("genre_idx", s.genre_idx, s.n_title_genres as usize)?,
            n_ratings: blocks::to_u32("n_ratings", s.n_ratings, n)?,
            popular: blocks::to_u32("popular", s.popular, n)?,
        };
        let t = &titles;
        let below = |values: &[u16], n: u32| values.iter().all(|&v| u32::from(v) < n);
        Invalid::unless(below(&t.platform_idx, s.n_platforms), "platform_idx", "out of range")?;
        Invalid::unless(below(&t.genre_idx, s.n_genres), "genre_idx", "out of range")?;
        Invalid::unless(below(&t.kind, 2), "kind", "neither film nor series")?;
        Invalid::unless(t.by_id.iter().all(|&i| i < s.n_titles), "by_id", "out of range")?;
        let ids = || t.by_id.iter().map(|&i| t.ids.get(i as usize));
        Invalid::unless(ids().zip(ids().skip(1)).all(|(a, b)| a < b), "by_id", "not the order of the ids")?;
        let mut named = vec![false; n];
        for &title in &t.popular {
            match named.get_mut(title as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(Invalid::new("popular", "a title stands twice, or is out of range")),
            }
        }
        Ok(titles)
    }
}
