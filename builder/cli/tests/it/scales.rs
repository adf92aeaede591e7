//! Scales at the end of what models can represent, and just beyond it, through every command that trains.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use catalog::Scale;

use crate::{project, refusal, stdout, text};

/// Writes ratings from one end of a scale to the other, for titles of the sample.
fn write_ratings(path: &Path, low: f32, high: f32) {
    let mut rows = "userId,movieId,rating,timestamp\n".to_owned();
    for user in 0..60_u16 {
        for title in 1..12_u16 {
            let place = [1.0, 0.0, 0.5, 1.0][usize::from((user + title) % 4)];
            let rating = low * (1.0 - place) + high * place;
            let _ = writeln!(rows, "u{user},ns{title},{rating},{}", u32::from(user) * 100 + u32::from(title));
        }
    }
    fs::write(path, rows).unwrap();
}

/// Every command that trains on clean tables, with as little work as its options allow.
const TRAINING: [&[&str]; 10] = [
    &["train", "--algorithm=svd", "--factors=4"],
    &["train", "--algorithm=bayes", "--epochs=10"],
    &["train", "--algorithm=biases"],
    &["tune", "--trials=2"],
    &["evaluate", "--algorithm=svd", "--factors=4", "--signal-splits=2"],
    &["cold-start", "--algorithm=svd", "--factors=4"],
    &["spot-check", "--algorithm=svd", "--factors=4"],
    &["eda", "--signal-splits=2"],
    &["rank", "--trials=1"],
    &["build", "--algorithm=svd", "--trials=1", "--ranking-trials=1", "--signal-splits=2"],
];

#[test]
fn every_command_trains_on_the_largest_scales_and_refuses_larger_ones() {
    let dir = tempfile::tempdir().unwrap();
    let titles = project("data/sample/titles/netflix_titles.csv");
    let (ratings, tables) = (dir.path().join("ratings.csv"), dir.path().join("tables"));
    let (most, beyond) = (Scale::FARTHEST, Scale::FARTHEST.next_up());
    let etl = |low: f32, high: f32| {
        write_ratings(&ratings, low, high);
        let scale = format!("--scale={low}:{high}");
        let files = ["etl", "--titles", text(&titles), "--ratings", text(&ratings), "--out", text(&tables)];
        [&files.map(str::to_owned)[..], &[scale]].concat()
    };
    let train = |at: usize, command: &[&str]| {
        let out = match command[0] {
            "build" => format!("--store={}", text(&dir.path().join("store"))),
            "train" | "tune" | "eda" => format!("--out={}", text(&dir.path().join(format!("out{at}")))),
            _ => "--seed=1".to_owned(),
        };
        let all = [command, &["--data", text(&tables), &out]].concat();
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let borrowed = |args: &[String]| args.iter().map(|arg| arg.clone().leak() as &str).collect::<Vec<_>>();
    for (low, high) in [(-most, most), (0.0, most)] {
        stdout(&borrowed(&etl(low, high)));
        for (at, command) in TRAINING.iter().enumerate() {
            stdout(&borrowed(&train(at, command)));
        }
    }
    let about = tables.join(tables::ABOUT_FILE);
    let good = fs::read_to_string(&about).unwrap();
    assert!(good.contains("10000.0"), "{good}");
    for (low, high) in [(-most, beyond), (-beyond, most), (0.0, 1e6), (0.0, 3e38)] {
        let refused = |args: &[String]| {
            let error = refusal(&borrowed(args));
            let is_clear = error.contains("beyond ±10000") && error.contains("divide the ratings");
            assert!(is_clear && !error.contains("panicked"), "{args:?}: {error}");
        };
        refused(&etl(low, high));
        let scale = format!(r#"{{"scale":{{"low":{low},"high":{high},"liked":{high}}}}}"#);
        fs::write(&about, scale).unwrap();
        for (at, command) in TRAINING.iter().enumerate() {
            refused(&train(at, command));
        }
        fs::write(&about, &good).unwrap();
    }
}
