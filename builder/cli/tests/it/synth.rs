//! Tests synthetic data as a whole: the committed sample, sizes, faults, signal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ::synth::{Summary, SynthError, SynthParams, write};
use progress::Silent;

use crate::project;

fn sample_params() -> SynthParams {
    SynthParams { titles: 2400, users: 1200, ratings: 60_000, seed: 7, faults: 0.005, signal: 1.0 }
}

fn made(params: &SynthParams) -> (tempfile::TempDir, Summary) {
    let dir = tempfile::tempdir().unwrap();
    let summary = write(params, dir.path(), &Silent).unwrap();
    (dir, summary)
}

/// Returns the contents of all files of a data set, by their paths within it.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in [dir.to_owned(), dir.join("titles"), dir.join("ratings")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.insert(path.strip_prefix(dir).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Returns the rating rows of all files, in order. Columns: user, rating, time in seconds, title.
fn rating_rows(dir: &Path) -> Vec<[String; 4]> {
    let mut all = Vec::new();
    for n in 1..=8 {
        let mut reader = csv::Reader::from_path(dir.join(format!("ratings/{n}.csv"))).unwrap();
        assert_eq!(reader.headers().unwrap(), vec!["userId", "rating", "timestamp", "movieId"]);
        all.extend(reader.records().map(|row| {
            let row = row.unwrap();
            std::array::from_fn(|column| row[column].to_owned())
        }));
    }
    all
}

fn title_ids(dir: &Path) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for name in ["amazon_prime", "disney_plus", "hulu", "netflix"] {
        let mut reader = csv::Reader::from_path(dir.join(format!("titles/{name}_titles.csv"))).unwrap();
        ids.extend(reader.records().map(|row| format!("{}{}", &name[..1], &row.unwrap()[0])));
    }
    ids
}

/// Returns the standard deviation of the titles' means, and its expected value if titles were assigned to
/// ratings at random.
fn spread_of_title_means(rows: &[[String; 4]]) -> (f64, f64) {
    let mut by_title: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for row in rows {
        by_title.entry(&row[3]).or_default().push(row[1].parse().unwrap());
    }
    let n = rows.len() as f64;
    let mean = by_title.values().flatten().sum::<f64>() / n;
    let variance = by_title.values().flatten().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let of_titles = |per_title: &dyn Fn(&[f64]) -> f64| {
        (by_title.values().map(|ratings| per_title(ratings)).sum::<f64>() / by_title.len() as f64).sqrt()
    };
    let seen = of_titles(&|x| (x.iter().sum::<f64>() / x.len() as f64 - mean).powi(2));
    let by_chance = of_titles(&|x| variance / x.len() as f64);
    (seen, by_chance)
}

#[test]
fn the_command_makes_the_committed_sample() {
    let committed = project("data/sample");
    let (dir, _) = made(&sample_params());
    let (expected, found) = (contents(&committed), contents(dir.path()));
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    for (path, bytes) in &expected {
        assert!(
            found[path] == *bytes,
            "{} differs; data/README.md has the command that writes the sample",
            path.display()
        );
    }
    let n_bytes: usize = expected.values().map(Vec::len).sum();
    assert!(n_bytes < 3_000_000, "{n_bytes}");
}

#[test]
fn the_number_of_threads_does_not_change_the_bytes() {
    let params = SynthParams { titles: 300, users: 900, ratings: 70_000, seed: 3, faults: 0.02, signal: 0.5 };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| contents(made(&params).0.path()))
    };
    assert!(with(1) == with(3));
}

#[test]
fn rows_are_valid_except_the_counted_faults() {
    let params = SynthParams { titles: 500, users: 300, ratings: 9000, seed: 11, faults: 0.03, signal: 1.0 };
    let (dir, summary) = made(&params);
    let ids = title_ids(dir.path());
    assert_eq!(ids.len(), params.titles);
    let rows = rating_rows(dir.path());
    assert_eq!(rows.len() as u64, summary.rating_rows);
    assert_eq!(summary.rating_faults.total(), 270);

    let faults = summary.rating_faults;
    let (mut empty, mut unknown, mut off_scale) = (0, 0, 0);
    let mut by_pair: BTreeMap<(&str, &str), Vec<(&str, &str)>> = BTreeMap::new();
    for [user, rating, second, title] in &rows {
        if [user, rating, second, title].iter().any(|cell| cell.is_empty()) {
            empty += 1;
            continue;
        }
        let stars: f64 = rating.parse().unwrap();
        if !ids.contains(title) {
            unknown += 1;
        } else if !(0.5..=5.0).contains(&stars) {
            off_scale += 1;
        } else {
            assert!((stars * 2.0).fract().abs() < f64::EPSILON, "{rating}");
            by_pair.entry((user, title)).or_default().push((second, rating));
        }
    }
    assert_eq!((empty, unknown, off_scale), (faults.empty_cells, faults.unknown_titles, faults.out_of_range));
    assert_eq!(by_pair.len() as u64, params.ratings);
    assert_eq!(by_pair.keys().map(|pair| pair.0).collect::<BTreeSet<_>>().len(), params.users);
    let n_distinct: usize = by_pair.values().map(|rows| rows.iter().collect::<BTreeSet<_>>().len()).sum();
    assert_eq!((n_distinct - by_pair.len()) as u64, faults.changed_later);
    let n_rows: usize = by_pair.values().map(Vec::len).sum();
    assert_eq!((n_rows - n_distinct) as u64, faults.exact_duplicates);
}

#[test]
fn without_faults_no_pair_is_repeated() {
    let params = SynthParams { titles: 100, users: 50, ratings: 3000, seed: 1, faults: 0.0, signal: 1.0 };
    let (dir, summary) = made(&params);
    let rows = rating_rows(dir.path());
    assert_eq!(rows.len(), 3000);
    assert_eq!(summary.rating_faults.total() + summary.title_faults.total(), 0);
    assert_eq!(rows.iter().map(|row| (&row[0], &row[3])).collect::<BTreeSet<_>>().len(), 3000);
}

#[test]
fn title_means_differ_by_chance_alone_without_signal_and_by_more_with_it() {
    let spread = |signal| {
        let params = SynthParams { titles: 400, users: 2000, ratings: 60_000, seed: 5, faults: 0.0, signal };
        spread_of_title_means(&rating_rows(made(&params).0.path()))
    };
    let (seen, by_chance) = spread(0.0);
    assert!((0.9..1.1).contains(&(seen / by_chance)), "{seen} {by_chance}");
    let (seen, by_chance) = spread(1.0);
    assert!(seen > 2.0 * by_chance, "{seen} {by_chance}");
}

#[test]
fn rating_files_have_equal_numbers_of_rows() {
    let params = SynthParams { titles: 20, users: 5, ratings: 21, seed: 0, faults: 1.0, signal: 1.0 };
    let (dir, _) = made(&params);
    for n in 1..=8_usize {
        let text = fs::read_to_string(dir.path().join(format!("ratings/{n}.csv"))).unwrap();
        assert_eq!(text.lines().count() - 1, 42 * n / 8 - 42 * (n - 1) / 8);
    }
}

#[test]
fn parameters_that_contradict_each_other_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let good = SynthParams { titles: 10, users: 10, ratings: 40, seed: 0, faults: 0.0, signal: 0.0 };
    let refused = |params: SynthParams| write(&params, dir.path(), &Silent).unwrap_err();
    assert!(matches!(refused(SynthParams { titles: 3, ..good.clone() }), SynthError::TooFewTitles(3)));
    assert!(matches!(refused(SynthParams { users: 0, ..good.clone() }), SynthError::NoUsers));
    assert!(matches!(
        refused(SynthParams { ratings: 9, ..good.clone() }),
        SynthError::TooFewRatings { least: 10, .. }
    ));
    assert!(matches!(
        refused(SynthParams { ratings: 81, ..good.clone() }),
        SynthError::TooManyRatings { most: 80, .. }
    ));
    for value in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(refused(SynthParams { signal: value, ..good.clone() }), SynthError::NoShare { .. }));
        assert!(matches!(refused(SynthParams { faults: value, ..good.clone() }), SynthError::NoShare { .. }));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    assert_eq!(made(&SynthParams { ratings: 80, ..good }).1.rating_rows, 80);
}

#[test]
fn files_of_others_are_kept_and_those_of_an_earlier_run_are_replaced() {
    let params = SynthParams { titles: 10, users: 10, ratings: 40, seed: 0, faults: 0.0, signal: 0.0 };
    let dir = tempfile::tempdir().unwrap();
    let theirs = dir.path().join("titles/netflix_titles.csv");
    fs::create_dir(dir.path().join("titles")).unwrap();
    fs::write(&theirs, "precious").unwrap();
    assert!(matches!(write(&params, dir.path(), &Silent), Err(SynthError::Occupied(_))));
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "precious");

    let (dir, _) = made(&params);
    let before = contents(dir.path());
    write(&SynthParams { seed: 1, ..params.clone() }, dir.path(), &Silent).unwrap();
    assert!(contents(dir.path()) != before);
    write(&params, dir.path(), &Silent).unwrap();
    assert!(contents(dir.path()) == before);
}
