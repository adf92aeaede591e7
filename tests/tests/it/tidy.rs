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
    ("store-s3", &["store", "artifact", "store-s3-testing"]),
    ("store-s3-testing", &["store-s3", "artifact"]),
    ("api", &["queries", "recommender", "store", "catalog", "artifact"]),
    ("progress", &[]),
    ("tables", &["artifact", "catalog", "progress"]),
    ("etl", &["artifact", "catalog", "progress", "tables"]),
    ("dataset", &["artifact", "catalog", "tables"]),
    ("train", &["artifact", "catalog", "dataset", "progress", "recommender"]),
    ("models", &["artifact", "catalog", "dataset", "recommender", "train"]),
    ("evaluate", &["artifact", "catalog", "dataset", "progress", "recommender", "train"]),
    ("eda", &["artifact", "catalog", "dataset", "etl", "progress", "tables"]),
    ("synth", &["catalog", "etl", "progress"]),
    (
        "release",
        &[
            "artifact",
            "catalog",
            "dataset",
            "eda",
            "etl",
            "evaluate",
            "models",
            "progress",
            "queries",
            "recommender",
            "tables",
            "train",
        ],
    ),
    (
        "cli",
        &[
            "api",
            "artifact",
            "catalog",
            "dataset",
            "eda",
            "etl",
            "evaluate",
            "models",
            "progress",
            "queries",
            "recommender",
            "release",
            "store",
            "store-s3",
            "synth",
            "tables",
            "train",
        ],
    ),
];

const FUNCTION_ARROWS: &[&str] = &["api", "store", "store-s3"];

/// Crates of others, by the beginning of their names, and the crates of ours that may name them.
const KNOWLEDGE: &[(&[&str], &[&str], &str)] = &[
    (
        &["aws-"],
        &["store-s3", "store-s3-testing"],
        "put what needs AWS behind the trait of `store`, in `store-s3`",
    ),
    (
        &["axum", "lambda_http", "lambda_runtime"],
        &["api", "cli", "functions"],
        "answer in domain types, and let `api` speak HTTP",
    ),
    (
        &["http", "hyper", "tower"],
        &["api", "cli", "functions", "store-s3", "store-s3-testing"],
        "leave requests to `api`, and the way to a service to `store-s3`",
    ),
    (&["bincode"], &["artifact"], "implement `artifact::Artifact`; `artifact::codec` alone names bincode"),
    (&["csv"], &["etl", "synth", "tables"], "read tables in `etl` or `tables`, and pass on clean ones"),
    (
        &["rand"],
        &["cli", "dataset", "evaluate", "synth", "train"],
        "draw in the builder, from a seed, and pass on what was drawn",
    ),
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
            let in_builder = package.manifest_path.components().any(|c| c.as_str() == "builder");
            assert!(
                !in_builder,
                "{} is in the function {}: it belongs to the builder",
                package.name, function.name
            );
            let offender =
                named(package, false).find(|d| d.starts_with("rand") || *d == "csv" || *d == "rayon");
            assert_eq!(
                offender, None,
                "{} is compiled into the function {}: what trains or reads tables stays in the builder",
                package.name, function.name
            );
        }
    }
}

#[test]
fn the_default_build_does_not_compile_the_aws_sdk() {
    let metadata = metadata();
    let members: Vec<&str> = metadata.workspace_default_packages().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(members, ["cli"], "`cargo run` and a plain build touch the command `cartelera` alone");
    let builder = metadata.packages.iter().find(|p| p.name.as_str() == "cli").unwrap();
    assert_eq!(
        builder.features.get("default").map(Vec::as_slice),
        Some(&[][..]),
        "a feature that is on by default is paid by everybody's first build"
    );
    for package in path_of(&metadata, "cli", false) {
        assert_ne!(package.name.as_str(), "store-s3", "`store-s3` is optional in `cli`, behind `s3`");
    }
    // What third parties bring, as cargo resolves it for this machine.
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--package", "cli", "--edges", "normal,build", "--prefix", "none", "--locked"]);
    let output = tree.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.starts_with("cli "), "the tree begins with the command");
    let offender = tree.lines().find(|line| line.starts_with("aws-"));
    assert_eq!(offender, None, "find who brings it with `cargo tree -p cli -i NAME`");
}

/// Features of one crate are those that anybody in a build asks for: a whole workspace built at once may not
/// give the functions what only the builder's feature `s3` needs.
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

/// Whether `word` is in `line` and is not the end of a longer name.
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

/// The modules of a crate, by path, with their files.
type Modules = BTreeMap<Vec<String>, PathBuf>;

fn modules(src: &Path) -> Modules {
    let module = |path: &PathBuf| {
        let within = path.strip_prefix(src).unwrap().with_extension("");
        let mut module: Vec<String> = within.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        let is_root = module.len() == 1 && (module[0] == "lib" || module[0] == "main");
        if is_root || module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        module
    };
    sources(src).into_iter().map(|path| (module(&path), path)).collect()
}

/// The words and signs of a file: comments are left out, literals are empty, and so is every item under
/// `#[cfg(test)]`.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'));
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(raw) = raw.filter(|raw| raw.trim_start_matches('#').starts_with('"')) {
            let signs = raw.len() - raw.trim_start_matches('#').len();
            let end = format!("\"{}", "#".repeat(signs));
            let begin = rest.len() - raw.len() + signs + 1;
            rest[begin..].find(&end).map_or(rest.len(), |at| begin + at + end.len())
        } else if first == '"' {
            literal_length(rest, '"')
        } else if first == '\'' && (rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'')) {
            literal_length(rest, '\'')
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    without_tests(&tokens)
}

/// The length of a literal, with the quotes around it.
fn literal_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn without_tests(tokens: &[String]) -> Vec<String> {
    const CFG_TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut i) = (Vec::new(), 0);
    while i < tokens.len() {
        if !tokens[i..].iter().map(String::as_str).take(CFG_TEST.len()).eq(CFG_TEST) {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        }
        // The item ends with a semicolon, or with the brace that closes its first one.
        i += CFG_TEST.len();
        let mut depth = 0_usize;
        while i < tokens.len() {
            let token = tokens[i].as_str();
            i += 1;
            match token {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && (token == ";" || token == "}") {
                break;
            }
        }
    }
    kept
}

/// A path that a file names, and the name that it gets where it is imported.
#[derive(Debug, Clone)]
struct Named {
    path: Vec<String>,
    name: String,
    /// Whether it is a re-export.
    is_exported: bool,
}

/// The paths of every `use`, and those that begin with `crate` or `super` anywhere in the code.
fn named_paths(tokens: &[String]) -> Vec<Named> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let before = i.checked_sub(1).map_or("", |before| tokens[before].as_str());
        match tokens[i].as_str() {
            "use" if tokens.get(i + 1).is_some_and(|next| next != "<") => {
                let is_exported = before == "pub" || before == ")";
                i = use_tree(tokens, i + 1, &[], is_exported, &mut found);
            }
            "crate" | "super" if before != "::" && before != "$" => {
                let mut path = vec![tokens[i].clone()];
                while tokens.get(i + 1).is_some_and(|next| next == "::") && i + 2 < tokens.len() {
                    path.push(tokens[i + 2].clone());
                    i += 2;
                }
                i += 1;
                let name = path.last().cloned().unwrap_or_default();
                let is_visibility = before == "(" && path.len() == 1;
                if !is_visibility {
                    found.push(Named { path, name, is_exported: false });
                }
            }
            _ => i += 1,
        }
    }
    found
}

/// Reads one tree of a `use` from a position, and returns the position after it.
fn use_tree(
    tokens: &[String],
    mut i: usize,
    prefix: &[String],
    is_exported: bool,
    found: &mut Vec<Named>,
) -> usize {
    let mut path = prefix.to_vec();
    loop {
        match tokens[i].as_str() {
            "{" => {
                i += 1;
                while tokens[i] != "}" {
                    i = use_tree(tokens, i, &path, is_exported, found);
                    i += usize::from(tokens[i] == ",");
                }
                return i + 1;
            }
            "::" => {
                // At the beginning it leads to another crate, by whatever name.
                if path.is_empty() {
                    path.push(String::new());
                }
                i += 1;
                continue;
            }
            word => {
                path.push(word.to_owned());
                i += 1;
            }
        }
        if tokens[i] == "::" {
            continue;
        }
        if path.len() > 1 {
            path.pop_if(|last| last == "self");
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if tokens[i] == "as" {
            name.clone_from(&tokens[i + 1]);
            i += 2;
        }
        found.push(Named { path, name, is_exported });
        return i;
    }
}

/// What each module of a crate names in others.
struct Imports<'a> {
    modules: &'a Modules,
    named: BTreeMap<&'a [String], Vec<Named>>,
}

impl<'a> Imports<'a> {
    fn read(modules: &'a Modules, text: impl Fn(&Path) -> String) -> Self {
        let named = modules.iter().map(|(module, file)| (&module[..], named_paths(&tokens(&text(file)))));
        Self { modules, named: named.collect() }
    }

    /// The path from the root of the crate; `None` for a path into another crate.
    fn absolute(&self, from: &[String], path: &[String]) -> Option<Vec<String>> {
        let mut module = from.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                module.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {}
            // Relative to the module, if it has such a child.
            child => {
                module.push(child.to_owned());
                if !self.modules.contains_key(&module) {
                    return None;
                }
                rest = &path[1..];
            }
        }
        while rest.first().is_some_and(|part| part == "super") {
            module.pop()?;
            rest = &rest[1..];
        }
        Some([&module[..], rest].concat())
    }

    /// The module that holds what an absolute path names, through whatever re-exports it.
    fn holder(&self, path: &[String]) -> Vec<String> {
        let mut module: Vec<String> = Vec::new();
        for (i, part) in path.iter().enumerate() {
            let child = [&module[..], std::slice::from_ref(part)].concat();
            if self.modules.contains_key(&child) {
                module = child;
                continue;
            }
            let exported = self.named.get(&module[..]).into_iter().flatten();
            let exported = exported.filter(|named| named.is_exported).find(|named| named.name == *part);
            let target = exported.and_then(|named| self.absolute(&module, &named.path));
            return match target {
                Some(target) if target != path[..=i] => self.holder(&[&target[..], &path[i + 1..]].concat()),
                _ => module,
            };
        }
        module
    }

    /// The modules whose files a module's own file imports from. What a module re-exports of its own children
    /// is not imported.
    fn of(&self, module: &[String]) -> BTreeSet<Vec<String>> {
        let named = self.named[module].iter();
        let targets = named.filter_map(|named| {
            let holder = self.holder(&self.absolute(module, &named.path)?);
            let is_own = named.is_exported && holder.starts_with(module);
            (!is_own && holder != module).then_some(holder)
        });
        targets.collect()
    }
}

/// The circles among the modules of a crate that import one another, each by the names of its modules.
fn import_circles(modules: &Modules, text: impl Fn(&Path) -> String) -> Vec<Vec<String>> {
    let imports = Imports::read(modules, text);
    let mut reached: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for module in modules.keys() {
        let (mut seen, mut next) = (BTreeSet::new(), vec![module.clone()]);
        while let Some(at) = next.pop() {
            next.extend(imports.of(&at).into_iter().filter(|target| seen.insert(target.clone())));
        }
        reached.insert(module, seen);
    }
    let in_circle = modules.keys().filter(|module| reached[module].contains(*module));
    let circles: BTreeSet<Vec<String>> = in_circle
        .map(|module| {
            let others = reached[module].iter().filter(|other| reached[other].contains(module));
            others.map(|other| if other.is_empty() { "lib".to_owned() } else { other.join("::") }).collect()
        })
        .collect();
    circles.into_iter().collect()
}

#[test]
fn no_modules_import_one_another_in_a_circle() {
    let metadata = metadata();
    let mut found: Vec<String> = Vec::new();
    for package in metadata.packages.iter().filter(|p| p.name.as_str() != "tests") {
        let src = package.manifest_path.parent().expect("a manifest is in a folder").join("src");
        let circles = import_circles(&modules(src.as_std_path()), |file| fs::read_to_string(file).unwrap());
        found.extend(circles.into_iter().map(|circle| format!("{}: {}", package.name, circle.join(", "))));
    }
    assert_eq!(found, [""; 0], "move what one of them takes from another to a module below both");
}

#[test]
fn circles_are_found_through_groups_re_exports_and_parents_and_not_in_tests() {
    let circles = |files: &[(&str, &str)]| -> Vec<String> {
        let modules: Modules = files
            .iter()
            .map(|(name, _)| {
                (name.split("::").filter(|n| *n != "lib").map(str::to_owned).collect(), (*name).into())
            })
            .collect();
        let text = |file: &Path| {
            let (_, text) = files.iter().find(|(name, _)| Path::new(name) == file).unwrap();
            (*text).to_owned()
        };
        import_circles(&modules, text).iter().map(|circle| circle.join(" ")).collect()
    };
    let lib = ("lib", "mod a;\nmod b;\nmod c;\npub use a::{A, Other as Renamed};\npub(crate) use b::B;");
    let none: [String; 0] = [];
    let b = ("b", "use crate::c::{self, C};\nfn b() { \"use crate::a::A;\"; '\"'; }\n// use crate::a::A;");
    assert_eq!(circles(&[lib, ("a", "use std::fmt;\nuse crate::b::B;"), b, ("c", "use serde::ser;")]), none);
    let uses_a = |text| circles(&[lib, ("a", "use {super::b, std::fmt};"), b, ("c", text)]);
    for text in [
        "use crate::a::A;",
        "pub(crate) use super::a::A as Mine;",
        "use crate::{fmt::Write, a::{self}};",
        "use crate::A;",
        "use super::Renamed;",
        "fn c() -> crate::a::A { crate::a::A::default() }",
        "#[cfg(test)] mod tests { fn a() {} }\nuse super::a;",
    ] {
        assert_eq!(uses_a(text), ["a b c"], "{text}");
    }
    for text in [
        "#[cfg(test)]\nmod tests { use crate::a::A; fn f() { let c = '}'; } }",
        "#[cfg(test)]\nuse crate::a::A;",
        "const TEXT: &str = r#\"\"; use crate::a::A;\"#;",
        "/* use crate::a::A; */ use ::a::A; use other::a::A;",
    ] {
        assert_eq!(uses_a(text), none, "{text}");
    }
    let parent = ("a", "mod inner;\npub use inner::Inner;\nstruct Shared;");
    assert_eq!(circles(&[parent, ("a::inner", "use super::Shared;")]), none, "a re-export of a child");
    let parent = ("a", "mod inner;\nuse inner::Inner;\nstruct Shared;");
    assert_eq!(
        circles(&[parent, ("a::inner", "use super::Shared;")]),
        ["a a::inner"],
        "an import of a child"
    );
}

#[test]
fn the_api_logs_errors_with_all_their_causes() {
    for path in sources(&root().join("shared/api/src")) {
        let text = fs::read_to_string(&path).unwrap();
        for level in ["error", "warn"] {
            for (at, call) in text.match_indices(&format!("tracing::{level}!(")) {
                let n_line = text[..at].lines().count();
                let arguments = &text[at + call.len()..];
                let arguments = &arguments[..arguments.find(");").unwrap_or(arguments.len())];
                assert!(
                    !arguments.contains("%error") && !arguments.contains("{error}"),
                    "{}:{n_line}: log it by `log::with_causes`, which says what caused it as well",
                    path.display()
                );
            }
        }
    }
}

/// The list of all functions leads to the code of all of them.
#[test]
fn the_api_itself_takes_no_function_from_the_list_of_all() {
    let src = root().join("shared/api/src");
    for path in sources(&src).iter().filter(|path| !path.ends_with("functions/mod.rs")) {
        assert_eq!(
            offending_line(path, &["Function::ALL"]),
            None,
            "a function's binary would hold the handlers of all: use `functions::OPERATIONS`, which is data alone"
        );
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

fn is_rust(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == "rs")
}

#[test]
fn comment_lines_have_at_most_110_columns() {
    let mut n_lines = 0;
    for name in project_files().iter().filter(|name| is_rust(name)) {
        let Ok(text) = fs::read_to_string(root().join(name)) else { continue };
        for (n, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//")) {
            let columns = line.chars().count();
            assert!(columns <= 110, "{name}:{}: {columns} columns; break the line", n + 1);
            n_lines += 1;
        }
    }
    assert!(n_lines > 1000, "{n_lines} lines of comments found");
}

/// Whether a line begins a function: only modifiers are before `fn`.
fn begins_function(line: &str) -> bool {
    let before = line.trim_start().split_once("fn ").map(|(before, _)| before);
    let modifiers = ["pub", "const", "async", "unsafe", "extern"];
    before.is_some_and(|b| b.split_whitespace().all(|word| modifiers.iter().any(|m| word.starts_with(m))))
}

/// The lines of code before the module of tests that ends the file, and the longest function among them.
fn lengths(text: &str) -> (usize, usize) {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let lines: Vec<&str> = code.lines().collect();
    let functions =
        lines.iter().enumerate().filter(|(_, line)| begins_function(line)).map(|(first, line)| {
            let indent = &line[..line.len() - line.trim_start().len()];
            // The formatter puts the brace that closes a function below its first letter.
            let last = lines[first..].iter().position(|l| l.strip_prefix(indent) == Some("}"));
            last.map_or(1, |last| last + 1)
        });
    (lines.len(), functions.max().unwrap_or(0))
}

#[test]
fn no_function_has_more_than_80_lines_and_no_file_of_code_more_than_600() {
    // A table of words.
    const TABLES: &[&str] = &["builder/synth/src/words.rs"];
    let is_code = |name: &str| {
        is_rust(name)
            && name.contains("/src/")
            && ["builder/", "shared/", "functions/"].iter().any(|folder| name.starts_with(folder))
            && !name.ends_with("/tests.rs")
            && !TABLES.contains(&name)
    };
    let files: Vec<String> = project_files().into_iter().filter(|name| is_code(name)).collect();
    assert!(files.len() > 100, "{} files found", files.len());
    for name in files {
        let Ok(text) = fs::read_to_string(root().join(&name)) else { continue };
        let (lines, function) = lengths(&text);
        assert!(lines <= 600, "{name} has {lines} lines without its tests: give its second idea a file");
        assert!(function <= 80, "{name} has a function of {function} lines: name its parts");
    }
    let long =
        format!("impl A {{\n    pub(crate) async fn f() {{\n{}    }}\n}}\n", "        g();\n".repeat(80));
    assert_eq!(lengths(&format!("{long}#[cfg(test)]\nmod tests {{\n")), (84, 82));
}
