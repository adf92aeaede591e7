//! Small random tables, dense enough that keys collide and that durations, scores and names tie.

use catalog::{Duration, DurationUnit, Kind, Platform, RatingTable, Title, TitleId, TitleTable, UserId};
use proptest::prelude::*;

fn platforms() -> Vec<Platform> {
    ["amazon", "disney", "hulu"].iter().map(|p| Platform::new(p).unwrap()).collect()
}

pub(crate) fn empty() -> TitleTable {
    TitleTable::new(platforms(), Vec::new()).unwrap()
}

/// Ratings by as many users as titles. User `u` rated the last `u + 1` titles, so each title has one rating
/// more than the title before.
pub(crate) fn staircase(n_titles: usize) -> RatingTable {
    let users = (0..n_titles).map(|u| UserId::new(&u.to_string()).unwrap()).collect();
    let rows: Vec<u32> = (0..n_titles).flat_map(|u| (n_titles - 1 - u..n_titles).map(|t| t as u32)).collect();
    let offsets = (0..=n_titles).map(|u| (u * (u + 1) / 2) as u64).collect();
    let (ratings, times) = (vec![3.0; rows.len()], vec![0; rows.len()]);
    RatingTable::new(users, offsets, rows, ratings, times, n_titles).unwrap()
}

pub(crate) fn year() -> impl Strategy<Value = u16> {
    1999_u16..2002
}

fn title() -> impl Strategy<Value = Title> {
    let duration = (1_u32..4, any::<bool>()).prop_map(|(value, season)| Duration {
        value,
        unit: if season { DurationUnit::Season } else { DurationUnit::Min },
    });
    let cast = proptest::collection::vec("[abCD]", 0..4);
    let genre = || proptest::collection::vec("[aBc]d?", 0..3);
    let lists = (cast, genre(), genre(), proptest::collection::vec("[PqR]", 0..2), "(G|pg-13|)");
    (0_u8..3, any::<bool>(), proptest::option::weighted(0.9, year()), proptest::option::of(duration), lists)
        .prop_map(|(platform_idx, movie, release_year, duration, lists)| Title {
            platform_idx,
            kind: if movie { Kind::Movie } else { Kind::Series },
            cast: lists.0,
            genres: lists.1,
            canonical_genres: lists.2,
            country: lists.3,
            audience: lists.4,
            release_year,
            duration,
            ..Title::named(TitleId::new("x").unwrap(), "")
        })
}

pub(crate) fn titles() -> impl Strategy<Value = TitleTable> {
    proptest::collection::vec(title(), 0..40).prop_map(|mut titles| {
        for (i, title) in titles.iter_mut().enumerate() {
            title.id = TitleId::new(&format!("t{i}")).unwrap();
            title.display = format!("Title {i}");
        }
        TitleTable::new(platforms(), titles).unwrap()
    })
}

pub(crate) fn rated_titles() -> impl Strategy<Value = (TitleTable, RatingTable)> {
    let rows = proptest::collection::btree_map((0_u32..12, 0_u32..40), 1_u8..=10, 0..150);
    (titles(), rows).prop_map(|(titles, rows)| {
        let n_titles = titles.titles().len() as u32;
        let rows: Vec<_> = rows.into_iter().filter(|((_, title), _)| *title < n_titles).collect();
        let mut offsets = vec![0];
        for user in 0..12 {
            offsets.push(rows.iter().filter(|((u, _), _)| *u <= user).count() as u64);
        }
        let ratings = RatingTable::new(
            (0..12).map(|u| UserId::new(&u.to_string()).unwrap()).collect(),
            offsets,
            rows.iter().map(|((_, title), _)| *title).collect(),
            rows.iter().map(|(_, half_stars)| f32::from(*half_stars) / 2.0).collect(),
            vec![0; rows.len()],
            n_titles as usize,
        )
        .unwrap();
        (titles, ratings)
    })
}
