//! Files with extreme values: the program analyzes, builds and serves them in ordinary memory, and nothing
//! that is served is larger than AWS Lambda may answer.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::server::Server;
use crate::text;

/// Memory that the program may reserve, in KiB.
const MEMORY: u64 = 4_000_000;
/// AWS Lambda refuses answers above 6 MB.
const MOST_BYTES: usize = 5_000_000;

const HEADER: &str = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,\
    listed_in,description\n";
const N_TITLES: usize = 1_200;

/// Runs the program with limited memory.
fn limited(args: &[&str]) -> Output {
    let script = format!("ulimit -v {MEMORY}; exec \"$@\"");
    let program = env!("CARGO_BIN_EXE_cartelera");
    let run = Command::new("bash").args(["-c", &script, "bash", program, "--quiet"]).args(args).output();
    run.expect("bash starts the program")
}

fn stdout(args: &[&str]) -> String {
    let output = limited(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Writes a catalog of values at the ends of what the files can hold, of long texts, of 1,200 films that tie
/// for the longest with an actor each, of many genres, and of 60 titles with the same name. Also writes
/// ratings from the first to the last time.
fn write_files(dir: &Path) -> [String; 2] {
    let long = "😀".repeat(catalog::MAX_NAME_CHARS - 12);
    let mut titles = HEADER.to_owned();
    for at in 0..N_TITLES {
        let genres: Vec<String> = (0..60).map(|genre| format!("Genre {}", at * 60 + genre)).collect();
        let genres = if at < 1_000 { genres.join(", ") } else { String::new() };
        let name = if at < 60 { "The Same".to_owned() } else { format!("{at} {long}") };
        let added = ["\"January 1, 0001\"", "\"December 31, 9999\"", "\"May 1, 2021\""][at.min(2)];
        let _ = writeln!(
            titles,
            "s{at},Movie,{name},,actor {at} {long},Country {at},{added},2020,TV-{at},6000 min,\"{genres}\",x"
        );
    }
    let huge = "n".repeat(1 << 20);
    for (id, kind, name, year, duration, about) in [
        ("a", "Movie", "First", "0001", "0 min", ""),
        ("b", "Movie", "Last", "9999", "90 min", ""),
        ("c", "TV Show", "Seasons", "2020", "4294967295 Seasons", ""),
        ("f", "Movie", "Endless", "2020", "4294967295 min", ""),
        ("d", "Movie", "Description", "2020", "90 min", huge.as_str()),
        ("e", "Movie", huge.as_str(), "2020", "90 min", ""),
    ] {
        let _ = writeln!(titles, "{id},{kind},{name},,,,,{year},G,{duration},Dramas,{about}");
    }
    let mut ratings = "userId,movieId,rating,timestamp\n".to_owned();
    for user in 0..40_usize {
        for n in 0..25_usize {
            let (title, rating) = ((user * 29 + n * 31) % N_TITLES, (user + n) % 5 + 1);
            let time = [0, u32::MAX, 1_600_000_000 + n as u32][n.min(2)];
            let _ = writeln!(ratings, "{user},ns{title},{rating},{time}");
        }
    }
    let paths = [dir.join("netflix_titles.csv"), dir.join("ratings.csv")];
    for (path, content) in paths.iter().zip([titles, ratings]) {
        fs::write(path, content).unwrap();
    }
    paths.map(|path| text(&path).to_owned())
}

#[test]
fn extreme_values_are_analyzed_in_ordinary_memory() {
    let dir = tempfile::tempdir().unwrap();
    let [titles, ratings] = write_files(dir.path());
    let out = dir.path().join("eda");
    stdout(&["eda", "--titles", &titles, "--ratings", &ratings, "--out", text(&out), "--signal-splits=0"]);
    let json = fs::read_to_string(out.join(::eda::JSON_FILE)).unwrap();
    assert!(json.len() < 2_000_000, "eda.json has {} bytes", json.len());
    let page = fs::metadata(out.join(::eda::PAGE_FILE)).unwrap().len();
    assert!(page < MOST_BYTES as u64, "eda.html has {page} bytes");
    let eda: Value = serde_json::from_str(&json).unwrap();
    let refused = eda["faults"]["found"].as_array().unwrap().iter().find(|f| f["code"] == "text_too_long");
    assert_eq!(refused.unwrap()["n"], 1);
    assert_eq!(eda["catalog"]["genres_left_out"], 60_001 - 20);
}

#[test]
fn a_release_of_extreme_values_has_no_large_answer() {
    let dir = tempfile::tempdir().unwrap();
    let [titles, ratings] = write_files(dir.path());
    let store = dir.path().join("store");
    let build = ["build", "--titles", &titles, "--ratings", &ratings, "--store", text(&store)];
    let quick = ["--algorithm=svd", "--trials=1", "--ranking-trials=1", "--signal-splits=0"];
    stdout(&[&build[..], &quick].concat());

    let server = Server::start(&store, &[]);
    for (path, expected) in [
        ("/eda", 200),
        ("/eda.html", 200),
        ("/model", 200),
        ("/titles?limit=100", 200),
        ("/titles/ns70", 200),
        ("/titles?genre=nothing", 400),
        ("/titles?audience=nothing", 400),
        ("/get_count?by=genre", 200),
        ("/get_count?by=country", 200),
        ("/get_count?genre=nothing&country=nothing&audience=nothing", 400),
        ("/recommendations/1?n=100&reasons=10", 200),
        ("/recommendations/nobody?n=100&all_editions=true", 200),
        ("/similar/ns70?n=100", 200),
        ("/users/1", 200),
    ] {
        let (status, body) = server.get(path);
        assert_eq!(status, expected, "{path}: {}", &body[..body.len().min(300)]);
        assert!(body.len() < MOST_BYTES, "{path}: {} bytes", body.len());
    }
    // Lists say how many values they leave out.
    let n = |value: &Value| value.as_array().unwrap().len();
    let longest = server.get_json("/get_max_duration");
    assert_eq!((n(&longest["ties"]), longest["ties_left_out"].as_u64()), (1_000, Some(200)));
    let actor = server.get_json("/get_actor?platform=netflix&year=2020");
    assert_eq!((n(&actor["ties"]), actor["ties_left_out"].as_u64()), (1_000, Some(200)));
    let genres = server.get_json("/get_count?by=genre");
    assert_eq!((n(&genres["counts"]), genres["counts_left_out"].as_u64()), (1_000, Some(59_001)));
    let same = server.get_json("/titles/ns1");
    assert_eq!((n(&same["also_on"]), same["also_on_left_out"].as_u64()), (50, Some(9)));
    let alone = server.get_json("/titles/ns70");
    assert_eq!((n(&alone["also_on"]), &alone["also_on_left_out"]), (0, &Value::Null));
}

#[test]
fn too_many_genres_are_refused_before_anything_is_trained() {
    let dir = tempfile::tempdir().unwrap();
    let mut titles = HEADER.to_owned();
    for at in 0..2_000_usize {
        let genres: Vec<String> = (0..35).map(|genre| format!("G{}", at * 35 + genre)).collect();
        let _ = writeln!(titles, "s{at},Movie,T{at},,,,,2020,G,90 min,\"{}\",", genres.join(", "));
    }
    let path = dir.path().join("netflix_titles.csv");
    fs::write(&path, titles).unwrap();
    let ratings = dir.path().join("ratings.csv");
    fs::write(&ratings, "userId,movieId,rating,timestamp\n1,ns1,4,5\n").unwrap();
    let store = dir.path().join("store");
    let output =
        limited(&["build", "--titles", text(&path), "--ratings", text(&ratings), "--store", text(&store)]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("netflix_titles.csv: there are 70000 different genres"), "{error}");
    assert!(error.contains("check that its column has genres"), "{error}");
    assert!(!store.exists(), "nothing is published");
}

#[test]
fn more_threads_than_the_system_starts_are_an_error() {
    // A thread reserves 2 MB.
    let script = "ulimit -v 500000; exec \"$@\"";
    let program = env!("CARGO_BIN_EXE_cartelera");
    for variable in ["RAYON_NUM_THREADS", "CARTELERA_THREADS"] {
        for (n, expected) in [("100000", "give at most 1024"), ("1000", "cannot be started; give a smaller")]
        {
            let mut run = Command::new("bash");
            run.args(["-c", script, "bash", program, "releases", "--store", "none"]).env(variable, n);
            let output = run.output().expect("bash starts the program");
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{error}");
            let names = error.contains(variable) && error.contains(&format!("asks for {n} threads"));
            assert!(names && error.contains(expected) && !error.contains("panicked"), "{error}");
        }
    }
}
