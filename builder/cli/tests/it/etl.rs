//! Tests the ETL on the real files against facts that were counted row by row.

use std::path::PathBuf;

use ::etl::{EtlInput, EtlOutput, RepairKind};
use catalog::DurationUnit;
use progress::Silent;
use tables::{RATINGS_FILE, REJECTS_FILE, Reason, TITLES_FILE, read_clean};

use crate::real_data;

fn clean(titles: &[PathBuf], ratings: &[PathBuf]) -> EtlOutput {
    let input = EtlInput::resolve(titles, ratings).expect("the files exist");
    ::etl::run(&input, &Silent).expect("the files are tables")
}

#[test]
fn every_row_of_the_real_files_is_accounted_for() {
    let Some(shared) = real_data::shared() else { return };
    let data = shared.join("data");
    let output = clean(&[data.join("titles")], &[data.join("ratings")]);

    let counts = output.counts();
    assert_eq!((counts.titles, counts.rated_titles), (22_998, 2_168));
    assert_eq!((counts.users, counts.ratings), (3_606, 156_886));
    assert_eq!(output.superseded, 40 + 25);
    let by_reason: Vec<(Reason, u64)> = output.rejects.by_reason().into_iter().collect();
    assert_eq!(by_reason, [(Reason::UnknownTitle, 12), (Reason::RatingOutOfRange, 9)]);
    assert_eq!(output.n_rows(), 22_998 + 156_972);
    assert_eq!(output.moved_durations(), 295);
    let moved = |file: &str| {
        output.repairs.iter().filter(|r| r.kind == RepairKind::DurationMoved && r.file == file).count()
    };
    assert_eq!((moved("hulu_titles.csv"), moved("netflix_titles.csv")), (292, 3));
    let platforms: Vec<&str> =
        output.clean.titles.platforms().iter().map(catalog::Platform::as_str).collect();
    assert_eq!(platforms, ["amazon", "disney", "hulu", "netflix"]);

    // Known traps: a misplaced duration, a name with a suffix, cast entries without a letter, and dates
    // with a leading space, which must count as dates.
    let title = |id: &str| &output.clean.titles.titles()[output.clean.titles.position(id).unwrap() as usize];
    let louis = title("ns5542");
    assert_eq!(
        (louis.audience.as_str(), louis.duration.map(|d| (d.value, d.unit))),
        ("G", Some((74, DurationUnit::Min)))
    );
    let titles = output.clean.titles.titles();
    assert!(titles.iter().any(|t| t.cast.iter().any(|name| name == "Desi Arnaz Jr.")));
    assert!(titles.iter().flat_map(|t| &t.cast).all(|name| name.chars().any(char::is_alphabetic)));
    let dated = titles.iter().filter(|t| t.date_added.is_some()).count();
    assert_eq!(dated, 22_998 - 9_513 - 3 - 28 - 10);
}

#[test]
fn real_names_genres_and_editions_are_one_thing_each() {
    let Some(shared) = real_data::shared() else { return };
    let input = EtlInput::resolve(&[shared.join("data/titles")], &[shared.join("data/ratings")]).unwrap();
    let table = etl::run(&input, &Silent).unwrap().clean.titles;
    let titles = table.titles();

    let arts = "Arts, Entertainment, and Culture";
    assert_eq!(titles.iter().filter(|t| t.genres.iter().any(|genre| genre == arts)).count(), 483);
    let mut platforms: Vec<u8> = titles
        .iter()
        .filter(|t| t.canonical_genres.iter().any(|genre| genre == "Documentary"))
        .map(|t| t.platform_idx)
        .collect();
    platforms.dedup();
    assert_eq!(platforms, [0, 1, 2, 3]);

    // A name has one spelling, whatever the case in the source.
    let mut spelled = std::collections::HashMap::new();
    for name in titles.iter().flat_map(|t| t.cast.iter().chain(&t.director)) {
        assert_eq!(spelled.entry(catalog::compared(name)).or_insert(name), &name);
    }

    let works = table.works();
    let editions = |name: &str| -> Vec<u32> {
        let of_name = titles.iter().zip(&works).filter(|(t, _)| t.display.starts_with(name));
        of_name.map(|(_, &work)| work).collect()
    };
    for name in ["Goldeneye", "Patriot Games", "The Princess Bride"] {
        let works = editions(name);
        assert!(works.len() > 1 && works.iter().all(|work| *work == works[0]), "{name}: {works:?}");
    }
}

#[test]
fn the_clean_files_read_back_and_do_not_depend_on_threads() {
    let Some(shared) = real_data::shared() else { return };
    let data = shared.join("data");
    let dir = tempfile::tempdir().unwrap();
    let mut seen: Option<Vec<Vec<u8>>> = None;
    for n_threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let files = pool.install(|| {
            let output = clean(&[data.join("titles")], &[data.join("ratings")]);
            output.write(dir.path(), &Silent).unwrap();
            assert_eq!(read_clean(dir.path(), &Silent).unwrap(), output.clean);
            [TITLES_FILE, RATINGS_FILE, REJECTS_FILE]
                .map(|name| std::fs::read(dir.path().join(name)).unwrap())
                .to_vec()
        });
        assert!(seen.as_ref().is_none_or(|first| *first == files), "{n_threads} threads");
        seen = Some(files);
    }
}

#[test]
fn movielens_files_are_read_with_and_without_titles() {
    let Some(shared) = real_data::shared() else { return };
    let folder = shared.join("data/ml-100k");
    let with = clean(std::slice::from_ref(&folder), std::slice::from_ref(&folder));
    let without = clean(&[], &[folder.join("u.data")]);
    for output in [&with, &without] {
        let counts = output.counts();
        assert_eq!((counts.ratings, counts.users, counts.titles), (100_000, 943, 1_682));
        assert_eq!((output.rejects.len(), output.superseded), (0, 0));
        assert_eq!(output.clean.titles.platforms()[0].as_str(), "movielens");
    }
    assert_eq!(with.clean.ratings, without.clean.ratings);
    let first = &with.clean.titles.titles()[0];
    assert_eq!((first.display.as_str(), first.release_year), ("Toy Story", Some(1995)));
    assert_eq!(first.genres, ["Animation", "Children's", "Comedy"]);
    assert_eq!(without.clean.titles.titles()[0].display, "1");
}
