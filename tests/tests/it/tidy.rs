//! The rules of the house that no compiler checks: who imports whom, which crate knows what, and what a file
//! may not say. The arrows are those of `cargo metadata`, of the crates' own manifests alone, so that the
//! check needs no network and compiles nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps();
    command.exec().expect("cargo describes the workspace")
}

/// The crates that each crate of ours may name, apart from `tests`, which may name all.
const ARROWS: &[(&str, &[&str])] = &[
    ("catalog", &[]),
    ("artifact", &[]),
    ("queries", &["artifact", "catalog"]),
    ("recommender", &["artifact", "catalog"]),
    ("store", &["artifact"]),
    ("store-s3", &["store", "artifact"]),
    ("api", &["queries", "recommender", "store", "catalog", "artifact"]),
    ("builder", &["api", "queries", "recommender", "artifact", "store", "store-s3", "catalog"]),
];

const FUNCTION_ARROWS: &[&str] = &["api", "store", "store-s3"];

/// Crates of others, by the beginning of their names, and the crates of ours that may name them.
const KNOWLEDGE: &[(&[&str], &[&str], &str)] = &[
    (&["aws-"], &["store-s3"], "put what needs AWS behind the trait of `store`, in `store-s3`"),
    (
        &["axum", "lambda_http", "lambda_runtime"],
        &["api", "builder", "functions"],
        "answer in domain types, and let `api` speak HTTP",
    ),
    (
        &["http", "hyper", "tower"],
        &["api", "builder", "functions", "store-s3"],
        "leave requests to `api`, and the way to a service to `store-s3`",
    ),
    (&["bincode"], &["artifact"], "implement `artifact::Artifact`; `artifact::codec` alone names bincode"),
    (&["csv"], &["builder"], "read tables in `builder::etl`, and hand on clean ones"),
    (&["rand"], &["builder"], "draw in `builder`, from a seed, and hand on what was drawn"),
];

fn is_function(package: &Package) -> bool {
    package.manifest_path.components().any(|c| c.as_str() == "functions")
}

/// What a package names in its manifest, for its code or also for its tests.
fn named(package: &Package, with_dev: bool) -> impl Iterator<Item = &str> {
    let wanted = move |kind| with_dev || kind != DependencyKind::Development;
    package.dependencies.iter().filter(move |d| wanted(d.kind)).map(|d| d.name.as_str())
}

#[test]
fn crates_of_ours_import_along_the_arrows() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    for package in metadata.packages.iter().filter(|p| p.name.as_str() != "tests") {
        let name = package.name.as_str();
        let allowed = match ARROWS.iter().find(|(from, _)| *from == name) {
            Some((_, allowed)) => allowed,
            None if is_function(package) => FUNCTION_ARROWS,
            None => panic!("{name} has no arrows: give it a line in ARROWS, and in ARCHITECTURE.md"),
        };
        for import in named(package, true).filter(|d| ours.contains(d)) {
            assert!(
                allowed.contains(&import),
                "{name} may not import {import}, only {allowed:?}: move what it needs to a crate below both"
            );
        }
    }
    assert!(ours.len() > ARROWS.len() + 1, "the metadata names our crates");
}

#[test]
fn only_the_crates_that_may_know_a_thing_name_it() {
    for package in metadata().packages.iter().filter(|p| p.name.as_str() != "tests") {
        let name = package.name.as_str();
        for (crates, knowers, remedy) in KNOWLEDGE {
            if knowers.contains(&name) || (is_function(package) && knowers.contains(&"functions")) {
                continue;
            }
            let known = |d: &&str| crates.iter().any(|c| d.starts_with(c));
            let offender = named(package, false).find(known);
            assert_eq!(offender, None, "{name} may not name it, only {knowers:?}: {remedy}");
        }
    }
}

/// The crates of ours that are compiled into one, itself included; with features that are off by default or
/// without.
fn path_of<'a>(metadata: &'a Metadata, from: &'a str, optional: bool) -> Vec<&'a Package> {
    let by_name: BTreeMap<&str, &Package> = metadata.packages.iter().map(|p| (p.name.as_str(), p)).collect();
    let (mut path, mut next, mut seen) = (Vec::new(), vec![from], BTreeSet::new());
    while let Some(name) = next.pop() {
        let Some(package) = by_name.get(name).filter(|_| seen.insert(name)) else { continue };
        path.push(*package);
        let kept = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        next.extend(kept.filter(|d| optional || !d.optional).map(|d| d.name.as_str()));
    }
    path
}

#[test]
fn no_crate_on_a_functions_path_names_rand_csv_or_the_builder() {
    let metadata = metadata();
    for function in metadata.packages.iter().filter(|p| is_function(p)) {
        for package in path_of(&metadata, function.name.as_str(), true) {
            let offender = named(package, false)
                .find(|d| d.starts_with("rand") || *d == "csv" || *d == "builder" || *d == "rayon");
            assert_eq!(
                offender, None,
                "{} is compiled into the function {}: what trains or reads tables stays in `builder`",
                package.name, function.name
            );
        }
    }
}

#[test]
fn the_default_build_does_not_compile_the_aws_sdk() {
    let metadata = metadata();
    let members: Vec<&str> = metadata.workspace_default_packages().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(members, ["builder"], "`cargo run` and a plain build touch the builder alone");
    let builder = metadata.packages.iter().find(|p| p.name.as_str() == "builder").unwrap();
    assert_eq!(
        builder.features.get("default").map(Vec::as_slice),
        Some(&[][..]),
        "a feature that is on by default is paid by everybody's first build"
    );
    for package in path_of(&metadata, "builder", false) {
        assert_ne!(package.name.as_str(), "store-s3", "`store-s3` is optional in the builder, behind `s3`");
    }
    // What third parties bring, as cargo resolves it for this machine.
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--package", "builder", "--edges", "normal,build", "--prefix", "none", "--locked"]);
    let output = tree.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.starts_with("builder "), "the tree begins with the builder");
    let offender = tree.lines().find(|line| line.starts_with("aws-"));
    assert_eq!(offender, None, "find who brings it with `cargo tree -p builder -i NAME`");
}

/// Features of one crate are those that anybody in a build asks for: a whole workspace built at once may not give the
/// functions what only the builder's feature `s3` needs.
#[test]
fn a_build_of_the_whole_workspace_leaves_the_functions_small() {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--workspace", "--edges", "normal", "--prefix", "none", "--locked"]);
    let output = tree.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.lines().any(|line| line.starts_with("aws-sdk-s3 ")), "the functions are in the tree");
    let offender = tree.lines().find(|line| line.starts_with("aws-config "));
    assert_eq!(offender, None, "`store-s3/profile` is for the builder's feature `s3` alone");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{} holds sources", folder.display());
    found
}

/// Whether `word` stands in `line` and is not the end of a longer name.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The first line of code in a file that names any of `words`; comments may name anything.
fn offending_line(path: &Path, words: &[&str]) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let mut offenders = code.filter(|(_, line)| words.iter().any(|word| names(line, word)));
    offenders.next().map(|(n, line)| format!("{}:{}: {}", path.display(), n + 1, line.trim()))
}

#[test]
fn the_core_does_no_io_and_reads_no_clock_environment_or_chance() {
    const FORBIDDEN: &[&str] = &[
        "fs::",
        "std::fs",
        "env::",
        "std::env",
        "net::",
        "std::net",
        "process::",
        "thread::",
        "SystemTime",
        "Instant",
        "stdin",
        "stdout",
        "stderr",
        "print!",
        "println!",
        "eprint!",
        "eprintln!",
        "dbg!",
        "tokio",
        "async fn",
        "rand::",
        "RandomState",
        // A group could hide any of the above.
        "std::{",
        "thread_local!",
    ];
    for name in ["catalog", "artifact", "queries", "recommender"] {
        for path in sources(&root().join("shared").join(name).join("src")) {
            assert_eq!(
                offending_line(&path, FORBIDDEN),
                None,
                "{name} takes values and gives values: let the caller do it and hand in the result"
            );
        }
    }
}

#[test]
fn only_the_etl_and_the_made_up_data_know_csv() {
    let src = root().join("builder/src");
    for path in sources(&src) {
        let within = path.strip_prefix(&src).unwrap();
        if within.starts_with("etl") || within.starts_with("synth") {
            continue;
        }
        assert_eq!(offending_line(&path, &["csv::"]), None, "read and write tables through `builder::etl`");
    }
}

#[test]
fn a_function_is_a_thin_main() {
    let mut n_functions = 0;
    for entry in fs::read_dir(root().join("functions")).unwrap() {
        let main = entry.unwrap().path().join("src/main.rs");
        let Ok(text) = fs::read_to_string(&main) else { continue };
        n_functions += 1;
        let lines = text.lines().count();
        assert!(lines <= 30, "{} has {lines} lines, at most 30: move code to `api`", main.display());
    }
    assert!(n_functions >= 5, "{n_functions} functions found");
}

/// The files of the project: tracked ones, and new ones that are not ignored.
fn project_files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the project's files");
    assert!(listed.status.success(), "git: {}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).expect("names are UTF-8");
    listed.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn no_file_names_a_folder_of_one_machine_or_leaves_work_for_later() {
    // In parts, so that this file may be checked as well.
    const FOLDERS: &[&str] = &[
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/Us", "ers/"),
        concat!("C:", "\\"),
    ];
    const LATER: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let begins_path = |line: &str, at: usize| {
        !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-/*}>)".contains(c))
    };
    let files = project_files();
    assert!(files.iter().any(|f| f == "Cargo.toml"), "git lists the project's files");
    for name in files {
        let Ok(bytes) = fs::read(root().join(&name)) else { continue };
        let Ok(text) = String::from_utf8(bytes) else { continue };
        for (n, line) in text.lines().enumerate() {
            let folder = FOLDERS.iter().find(|f| line.match_indices(*f).any(|(at, _)| begins_path(line, at)));
            assert_eq!(folder, None, "{name}:{}: name the file from the workspace's root", n + 1);
            let later = LATER.iter().find(|word| names(line, word));
            assert_eq!(later, None, "{name}:{}: do it now, or file an issue", n + 1);
        }
    }
}
