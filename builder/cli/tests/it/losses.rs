//! Tables that lost many rows are refused by `build`, from raw files and from the tables alike.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{project, refusal, stdout, text};

/// Writes a catalog of which 2 of 12 rows have the id of another, and returns it.
fn lossy_catalog(dir: &Path) -> PathBuf {
    let path = dir.join("netflix_titles.csv");
    let mut catalog = String::from("show_id,type,title,release_year\n");
    for id in (1..11).chain([3, 4]) {
        writeln!(catalog, "s{id},Movie,Film {id},2000").unwrap();
    }
    fs::write(&path, catalog).unwrap();
    path
}

#[test]
fn tables_that_lost_too_many_rows_are_refused_with_the_words_of_etl() {
    let dir = tempfile::tempdir().unwrap();
    let (catalog, tables, store) =
        (lossy_catalog(dir.path()), dir.path().join("tables"), dir.path().join("store"));
    let of_etl = refusal(&["etl", "--titles", text(&catalog), "--out", text(&tables)]);
    assert!(of_etl.contains("netflix_titles.csv: 2 of 12 rows (16.7 %)\n    2 duplicate_id"), "{of_etl}");
    let from_tables = ["build", "--data", text(&tables), "--store", text(&store)];
    assert_eq!(refusal(&from_tables), of_etl);
    assert_eq!(refusal(&["build", "--titles", text(&catalog), "--store", text(&store)]), of_etl);
    assert!(!store.exists());

    // The analysis is written, because it shows the losses. From raw files, the command still fails.
    let analysis = dir.path().join("eda");
    stdout(&["eda", "--data", text(&tables), "--out", text(&analysis)]);
    fs::remove_file(analysis.join("eda.json")).unwrap();
    assert_eq!(refusal(&["eda", "--titles", text(&catalog), "--out", text(&analysis)]), of_etl);
    assert!(analysis.join("eda.json").is_file());
    stdout(&[&from_tables[..], &["--max-rejects=0.17"]].concat());
    let refused = refusal(&[&from_tables[..], &["--max-rejects=0.16"]].concat());
    assert!(refused.contains("At most 16 % of the rows"), "{refused}");

    // Without the refused rows, their number is still known.
    fs::remove_file(tables.join("rejects.csv")).unwrap();
    assert!(refusal(&from_tables).contains("netflix_titles.csv: 2 of 12 rows (16.7 %)\n"));
}

#[test]
fn tables_of_an_earlier_version_are_built_with_a_note() {
    let dir = tempfile::tempdir().unwrap();
    let (catalog, tables, store) =
        (lossy_catalog(dir.path()), dir.path().join("tables"), dir.path().join("store"));
    stdout(&["etl", "--titles", text(&catalog), "--out", text(&tables), "--max-rejects=1"]);
    fs::write(tables.join("tables.json"), "{\"scale\":{\"low\":0.5,\"high\":5.0,\"liked\":4.0}}\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_cartelera"))
        .args(["build", "--data", text(&tables), "--store", text(&store)])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("so the losses are not checked"), "{said}");

    // The sample loses few rows, in every file.
    let sample = project("data/sample");
    let (titles, ratings) = (sample.join("titles"), sample.join("ratings"));
    stdout(&["etl", "--titles", text(&titles), "--ratings", text(&ratings), "--out", text(&tables)]);
    let about: serde_json::Value =
        serde_json::from_slice(&fs::read(tables.join("tables.json")).unwrap()).unwrap();
    let files = about["files"].as_array().unwrap();
    assert_eq!((files.len(), &files[0]["file"]), (12, &"amazon_prime_titles.csv".into()));
}
