//! Runs the commands one after another, as a user does: each reads what an earlier one wrote.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{project, refusal, stdout, text};

/// Returns the options for the sample, which has enough ratings for a ranking model that clearly beats
/// popularity.
fn raw_files() -> [String; 2] {
    let files = |option: &str, path: &str| format!("{option}={}", text(&project("data/sample").join(path)));
    [files("--titles", "titles"), files("--ratings", "ratings")]
}

/// Cleans the raw files into tables.
fn tables(dir: &Path) -> PathBuf {
    let out = dir.join("tables");
    stdout(&[&["etl"], &raw_files().each_ref().map(String::as_str)[..], &["--out", text(&out)]].concat());
    out
}

/// Returns the artifacts of a store by kind, without the analysis (`eda`), which contains more when it is
/// made from raw files than from clean tables.
fn artifacts(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for kind in fs::read_dir(store.join("artifacts")).unwrap() {
        let kind = kind.unwrap();
        let files: Vec<_> = fs::read_dir(kind.path()).unwrap().collect();
        assert_eq!(files.len(), 1, "the store has one release");
        let bytes = fs::read(files.into_iter().next().unwrap().unwrap().path()).unwrap();
        found.insert(kind.file_name().into_string().unwrap(), bytes);
    }
    found.remove("eda");
    found
}

#[test]
fn a_release_is_the_same_from_raw_files_from_tables_and_from_models() {
    let dir = tempfile::tempdir().unwrap();
    let data = tables(dir.path());
    let store = |name: &str| dir.path().join(name);
    let search = ["--algorithm=svd", "--trials=3", "--ranking-trials=2", "--signal-splits=0", "--seed=5"];

    let (raw, clean, given) = (store("raw"), store("clean"), store("given"));
    let build = |source: &[&str], options: &[&str], store: &Path| {
        stdout(&[&["build"], source, options, &["--store", text(store)]].concat())
    };
    build(&raw_files().each_ref().map(String::as_str), &search, &raw);
    build(&["--data", text(&data)], &search, &clean);
    let from_raw = artifacts(&raw);
    assert!(
        from_raw.len() >= 10 && from_raw == artifacts(&clean),
        "tables and raw files give different releases"
    );

    // Train the same models with the commands that write model files: the rating model with the parameters
    // that the search chose, the ranking model by the same search.
    let manifest: serde_json::Value =
        serde_json::from_str(&stdout(&["show", "--store", text(&raw), "--json"])).unwrap();
    let params = dir.path().join("params.json");
    fs::write(&params, manifest["parameters"]["model"].to_string()).unwrap();
    let (rating, ranking) = (dir.path().join("rating.model"), dir.path().join("ranking.model"));
    let from = ["--data", text(&data), "--seed=5"];
    stdout(&[&["train"], &from[..], &["--params", text(&params), "--out", text(&rating)]].concat());
    // `build` holds out up to 1000 users; the default of `rank` is lower.
    stdout(&[&["rank"], &from[..], &["--trials=2", "--held-out=1000", "--out", text(&ranking)]].concat());
    let models = ["--rating-model", text(&rating), "--ranking-model", text(&ranking)];
    build(&["--data", text(&data)], &[&models[..], &["--signal-splits=0", "--seed=5"]].concat(), &given);
    assert!(from_raw == artifacts(&given), "given models and models from a search give different releases");

    let manifest: serde_json::Value =
        serde_json::from_str(&stdout(&["show", "--store", text(&given), "--json"])).unwrap();
    let measures = manifest["measures"].as_array().unwrap();
    assert!(measures.iter().all(|m| m["tuned"] == false), "nothing was searched for: {measures:?}");
    assert!(measures.iter().any(|m| m["held_out"] == "users"), "{measures:?}");
    assert_eq!(manifest["trials"]["rating"], serde_json::json!([]));
}

#[test]
fn a_model_is_measured_only_on_ratings_it_was_not_trained_on() {
    let dir = tempfile::tempdir().unwrap();
    let data = tables(dir.path());
    let (all, part) = (dir.path().join("all"), dir.path().join("part"));
    let biases = ["--data", text(&data), "--algorithm=biases"];
    stdout(&[&["train"], &biases[..], &["--out", text(&all)]].concat());
    stdout(&[&["train"], &biases[..], &["--hold-out", "--seed=2", "--out", text(&part)]].concat());

    let evaluate = ["evaluate", "--data", text(&data), "--signal-splits=0"];
    let leaked = refusal(&[&evaluate[..], &["--model", text(&all)]].concat());
    assert!(leaked.contains("trained on all ratings, including the test ratings"), "{leaked}");
    let other = refusal(&[&evaluate[..], &["--model", text(&part), "--seed=3"]].concat());
    assert!(other.contains("--by random --validation 0.1 --test 0.1 --seed 2"), "{other}");
    let honest = stdout(&[&evaluate[..], &["--model", text(&part), "--seed=2", "--json"]].concat());
    let honest: serde_json::Value = serde_json::from_str(&honest).unwrap();
    let models = honest["random test ratings"]["models"].as_array().unwrap();
    assert!(models.iter().any(|m| m["parameters"] == "given" && m["model"] == "biases"), "{models:?}");

    let store = dir.path().join("store");
    let build = ["build", "--data", text(&data), "--store", text(&store)];
    let refused = refusal(&[&build[..], &["--rating-model", text(&part)]].concat());
    assert!(refused.contains("train it without --hold-out for a release"), "{refused}");
    let refused = refusal(&[&build[..], &["--ranking-model", text(&all)]].concat());
    assert!(refused.contains("contains a rating model, not a ranking model"), "{refused}");

    // The same users and titles, with one rating changed.
    let path = data.join("ratings.csv");
    let altered = fs::read_to_string(&path).unwrap().replacen(",5.0,", ",4.5,", 1);
    fs::write(&path, altered).unwrap();
    let refused = refusal(&[&build[..], &["--rating-model", text(&all)]].concat());
    assert!(refused.contains("trained on other ratings of the same users and titles"), "{refused}");
}

#[test]
fn nothing_is_measured_on_no_users_no_trials_or_no_seeds() {
    let dir = tempfile::tempdir().unwrap();
    let refused =
        |command: &str, option: &str| refusal(&[command, "--rows", text(&dir.path().join("u.data")), option]);
    for (command, option) in [
        ("rank", "--trials=0"),
        ("rank", "--held-out=0"),
        ("rank", "--seeds=0"),
        ("cold-start", "--new-users=0"),
        ("evaluate", "--new-users=0"),
        ("spot-check", "--users=0"),
    ] {
        let refused = refused(command, option);
        assert!(refused.contains("must be a whole number above 0"), "{command} {option}: {refused}");
    }
    let refused = refused("rank", "--seed=18446744073709551615");
    assert!(refused.contains("is too large for --seeds 1"), "{refused}");
}

#[test]
fn old_spellings_of_evaluate_still_work_and_name_the_new_command() {
    let dir = tempfile::tempdir().unwrap();
    let rows = dir.path().join("u.data");
    let mut text_of_rows = String::new();
    for user in 1..40 {
        for title in 1..20 {
            if (user * 7 + title * 3) % 4 != 0 {
                let (rating, time) = (1 + (user + title) % 5, user * title);
                writeln!(text_of_rows, "{user}\t{title}\t{rating}\t{time}").unwrap();
            }
        }
    }
    fs::write(&rows, &text_of_rows).unwrap();
    let folds = dir.path().join("folds");
    let n_rows = text_of_rows.lines().count();
    let numbers: Vec<&str> = ["0", "1"].into_iter().cycle().take(n_rows).collect();
    fs::write(&folds, numbers.join("\n")).unwrap();
    let ask =
        |args: &[&str]| stdout(&[args, &["--rows", text(&rows), "--algorithm=biases", "--json"]].concat());
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();

    let old = ask(&["evaluate", "--folds", text(&folds)]);
    assert_eq!(json(&old), json(&ask(&["cross-validate", "--folds", text(&folds)])));
    let old = json(&ask(&["evaluate", "--new-users=5"]));
    assert_eq!(old, json(&ask(&["cold-start", "--new-users=5"])));
    assert!(old["new_users"][0]["rmse"].is_number() && old.get("cold_titles").is_none(), "{old}");
    let both = json(&ask(&["cold-start"]));
    assert!(both["new_users"].is_array() && both["cold_titles"].is_object(), "{both}");

    let output = std::process::Command::new(env!("CARGO_BIN_EXE_cartelera"))
        .args(["evaluate", "--rows", text(&rows), "--algorithm=biases", "--cold-titles=0.3"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && stderr.contains("moved to `cartelera cold-start`"), "{stderr}");
}

/// Checks that ratings and timestamps have the same grammar everywhere: commands that read rows refuse what
/// `etl` rejects.
#[test]
fn every_command_reads_a_rating_the_same_way() {
    let dir = tempfile::tempdir().unwrap();
    let rows = dir.path().join("u.data");
    for (row, problem) in [
        ("1\t2\t1e0\t5", "not a decimal number"),
        ("1\t2\t+4\t5", "not a decimal number"),
        ("1\t2\t5.5\t5", "outside the scale 1 to 5"),
        ("1\t2\t4\t+5", "not a time in whole Unix seconds"),
        ("1\t2\t4\t4294967296", "not a time in whole Unix seconds"),
    ] {
        let mut good = String::new();
        for title in 1..=1200 {
            writeln!(good, "1\t{title}\t3\t1").unwrap();
        }
        fs::write(&rows, format!("{good}{row}\n")).unwrap();
        let refused = refusal(&["tune", "--rows", text(&rows)]);
        assert!(refused.contains("line 1201, column") && refused.contains(problem), "{row:?}: {refused}");
        let out = dir.path().join("out");
        stdout(&["etl", "--ratings", text(&rows), "--out", text(&out)]);
        let rejects = fs::read_to_string(out.join("rejects.csv")).unwrap();
        assert_eq!(rejects.lines().count(), 2, "{row:?}: {rejects}");
    }
}
