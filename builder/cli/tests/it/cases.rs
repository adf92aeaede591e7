//! Runs the program on the files in `shared/cases` next to the project, and checks what it reads and says.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::server::Server;
use crate::{real_data, text};

/// What is right for a case.
struct Case {
    name: &'static str,
    status: i32,
    /// Rows that are kept of ratings, replaced, and rejected by reason; `None` if nothing is read.
    rows: Option<(u64, u64, Value)>,
    /// Parts of what the program says.
    says: &'static [&'static str],
}

fn read(name: &'static str, clean: u64, says: &'static [&'static str]) -> Case {
    Case { name, status: 0, rows: Some((clean, 0, json!({}))), says }
}

fn refused(name: &'static str, says: &'static [&'static str]) -> Case {
    Case { name, status: 1, rows: None, says }
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        read("01-semicolon", 33, &["';' between fields"]),
        read("03-item-id-header", 33, &["item_id (title)"]),
        read("04-no-timestamp", 33, &["no time", "nothing can be split by time"]),
        read("06-amazon-headerless", 33, &["no header, columns 1 (user), 2 (title), 3 (rating), 4 (time)"]),
        read("07-iso-timestamps", 33, &["times in ISO 8601"]),
        read("09-scale-1-to-10", 33, &["a scale of 1 to 10"]),
        read("10-scale-0-to-100", 32, &["a scale of 0 to 100"]),
        refused("12-implicit-counts", &["look like counts of events", "--scale"]),
        read("13-gzip", 33, &["gzip"]),
        read("14-zip", 33, &["ml/ratings.csv in a zip"]),
        read("16-bom-crlf-quotes", 33, &[]),
        read("17-trailing-separator", 33, &[]),
        read("19-pandas-index", 33, &[]),
        read("22-header-spaces-case", 33, &["MOVIE_ID (title)"]),
        refused("23-comment-lines", &["line 1", "\"# exported 2024-05-01\"", "user=NAME"]),
        read("25-ids", 48, &[]),
        read("31-fifo", 33, &[]),
        read(
            "33-ml-latest-folder",
            33,
            &["tags.csv: left out", "README.txt: left out", "links.csv: left out"],
        ),
        read("36-u-data-no-item", 33, &["tabs between fields, no header"]),
        refused("37-imdb-tsv", &["no column for user, title, rating", "\"tconst\""]),
        refused("38-letterboxd", &["names of titles instead of ids, and no user", "--titles"]),
        read(
            "73-mixed-files",
            33,
            &["5.csv: left out, because it is empty", "._1.csv: left out", "notes.txt: left out"],
        ),
        refused("79-merged-ratings", &["no column for title, rating", "\"rating_x\""]),
    ];
    // Catalogs.
    cases.extend([
        read("34-movies-odd-titles", 33, &[]),
        read("35-ml10m-dat", 33, &["windows-1252"]),
        read("40-latin1-unnamed", 33, &["windows-1252", "columns without a name"]),
        read("41-nov-2019-order", 33, &[]),
        read("42-justwatch-titles", 33, &["without director, cast, date_added"]),
        read("43-hbo-and-hulu", 33, &["ids of hbo begin with `hb`"]),
        read("44-platform-names", 33, &["\"Apple TV+\" is called apple_tv_plus"]),
        read("46-float-years", 33, &[]),
        read("48-duration-forms", 33, &[]),
        read("54-long-text", 33, &[]),
        read("55-bad-quote-in-text", 33, &[]),
        read("56-backslash-quote", 33, &[]),
        read("57-no-film", 33, &[]),
        read("58-extreme-values", 33, &[]),
        refused("71-one-hot-platforms", &["a column for each platform", "director"]),
        refused("74-titles-as-ratings", &["a table of ratings", "not a catalog", "--titles"]),
    ]);
    let lossy = |name, status, clean, superseded, rejected, says| Case {
        name,
        status,
        rows: Some((clean, superseded, rejected)),
        says,
    };
    cases.extend([
        lossy("26-duplicates", 0, 2, 4, json!({}), &[]),
        lossy(
            "27-mixed-faults",
            1,
            1,
            0,
            json!({ "rating_malformed": 10 }),
            &["10 of 11 rows (90.9 %)", "line 2, rating: \"NaN\"", "--max-rejects"],
        ),
        lossy(
            "51-duplicate-show-id",
            1,
            33,
            0,
            json!({ "duplicate_id": 2 }),
            &["2 of 11 rows", "ns1 (first on line 2)"],
        ),
        lossy("28-latin1-ratings", 0, 33, 0, json!({ "not_utf8": 1 }), &[]),
        lossy("30-open-quote", 0, 33, 0, json!({ "bad_quoting": 1 }), &[]),
        lossy("72-concatenated", 0, 33, 0, json!({ "rating_malformed": 1 }), &[]),
    ]);
    cases
}

/// Runs the command of a case in its folder. Returns what it printed and the folder that it wrote to.
fn run(folder: &Path) -> (Output, tempfile::TempDir) {
    let about = std::fs::read_to_string(folder.join("case.md")).unwrap();
    let command = about.lines().find_map(|line| line.strip_prefix("command: ")).unwrap();
    let out = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_cartelera"));
    let output = Command::new("bash")
        .args(["-c", &command.replace("OUT", text(out.path()))])
        .env("PATH", format!("{}:{}", text(program.parent().unwrap()), std::env::var("PATH").unwrap()))
        .current_dir(folder)
        .output()
        .unwrap();
    (output, out)
}

fn folder_of_cases() -> Option<PathBuf> {
    Some(real_data::shared()?.join("cases"))
}

#[test]
fn files_that_people_have_are_read_or_refused_with_a_way_out() {
    let Some(cases_folder) = folder_of_cases() else { return };
    for Case { name, status, rows, says } in cases() {
        let (output, out) = run(&cases_folder.join(name));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{name}: {said}");
        for part in says {
            assert!(said.contains(part), "{name}: {part:?} is not in {said}");
        }
        let summary: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        let found = summary.map(|s| {
            (s["ratings"].as_u64().unwrap(), s["superseded"].as_u64().unwrap(), s["rejected"].clone())
        });
        assert_eq!(found, rows, "{name}");
        assert_eq!(out.path().join("ratings.csv").exists(), rows.is_some(), "{name}");
    }
}

#[test]
fn too_few_ratings_and_unknown_titles_are_said_with_numbers() {
    let Some(cases) = folder_of_cases() else { return };
    for (name, says) in [
        ("60-one-rating", &["1 ratings are too few", "at least 10"][..]),
        ("61-one-user", &["9 ratings are too few", "at least 10"]),
        ("64-diagonal", &["9 ratings are too few", "at least 10"]),
        ("68-no-known-title", &["270 of 270 rows", "ratings have \"s1\", catalogs have \"ns1\""]),
    ] {
        let (output, out) = run(&cases.join(name));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(says.iter().all(|part| said.contains(part)), "{name}: {said}");
        assert!(!out.path().join("store").exists(), "{name}: nothing may be published");
    }
}

#[test]
fn strange_but_sound_ratings_make_a_release() {
    let Some(cases) = folder_of_cases() else { return };
    for name in ["63-constant", "65-all-rated", "67-all-disliked", "75-same-title-two-ids", "76-plus-in-id"] {
        let (output, out) = run(&cases.join(name));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        let current = out.path().join("store/current.json");
        assert!(current.exists(), "{name}");
        assert!(!std::fs::read_to_string(current).unwrap().contains("NaN"), "{name}");
    }
}

#[test]
fn strange_catalogs_are_analyzed() {
    let Some(cases) = folder_of_cases() else { return };
    for name in ["52-html-titles", "80-eda-all-missing", "81-huge-duration"] {
        let (output, out) = run(&cases.join(name));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        let [json, page] =
            ["eda.json", "eda.html"].map(|file| std::fs::read_to_string(out.path().join(file)).unwrap());
        assert!(json.len() < 200_000 && !json.contains("NaN"), "{name}");
        for tag in ["<script>alert", "<img onerror", "<img src"] {
            assert!(!page.contains(tag), "{name}: {tag} is live");
        }
    }
}

/// Tries layouts that are in no case: each is written as its documents describe it.
#[test]
fn public_layouts_are_read_without_a_flag() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text_of, scale) in [
        (
            "netflix.csv",
            "customer_id,movie_id,rating,date\n1488844,1,3,2005-09-06\n822109,1,5,2005-05-13\n",
            (1.0, 5.0),
        ),
        (
            "BX-Book-Ratings.csv",
            "\"User-ID\";\"ISBN\";\"Book-Rating\"\n\"276725\";\"034545104X\";\"0\"\n\"276726\";\"0155061224\";\"10\"\n",
            (0.0, 10.0),
        ),
        (
            "ml-100k.inter",
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\n186\t302\t4\t891717742\n",
            (1.0, 5.0),
        ),
        (
            "interactions.csv",
            "USER_ID,ITEM_ID,EVENT_VALUE,TIMESTAMP,EVENT_TYPE\n1,2,4,1600000000,watch\n2,2,5,1600000001,watch\n",
            (1.0, 5.0),
        ),
        ("combined_data_1.txt", "1:\n1488844,3,2005-09-06\n2:\n822109,5,2005-05-13\n", (1.0, 5.0)),
        (
            "feedback.csv",
            "feedback_type,user_id,item_id,value,time_stamp\r\nstar,1,31,3.5,2020-01-31 10:00:00 +0000 UTC\r\nstar,1,32,5,2020-01-31 10:00:01 +0000 UTC\r\n",
            (0.5, 5.0),
        ),
        ("anime.csv", "user_id,anime_id,rating\n1,20,8\n1,24,10\n", (1.0, 10.0)),
        (
            "reviews.csv",
            "rating,parent_asin,user_id,timestamp\n5.0,B01CUPMQZE,AGKHLEW,1588687728923\n4.0,B07DJWBYKP,AGCI7FA,1588615855070\n",
            (1.0, 5.0),
        ),
        ("jester.tsv", "user\titem\trating\n1\t5\t0.219\n1\t7\t-9.281\n", (-10.0, 10.0)),
        (
            "ratings.csv",
            "userId,movieId,rating,timestamp\n1,307,3.5,1256677221\n1,481,3.5,1256677456\n",
            (0.5, 5.0),
        ),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, text_of).unwrap();
        let out = dir.path().join(format!("{name}.out"));
        let printed = crate::stdout(&["etl", "--ratings", text(&path), "--out", text(&out), "--json"]);
        let summary: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!((&summary["ratings"], &summary["rejected"]), (&json!(2), &json!({})), "{name}");
        let found = (summary["scale"]["low"].as_f64(), summary["scale"]["high"].as_f64());
        assert_eq!(found, (Some(scale.0), Some(scale.1)), "{name}");
    }
}

/// Users of two tastes rate on a scale from 1 to 10, by ids that need encoding in a path.
#[test]
fn a_release_on_another_scale_is_served_on_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ratings.csv");
    let mut rows = "user_id;item_id;score\n".to_owned();
    for user in 0..60 {
        for title in (0..30).filter(|title| (user * 7 + title * 3) % 5 < 3) {
            let score = if (user + title) % 2 == 0 { 9 + title % 2 } else { 1 + user % 3 };
            writeln!(rows, "{user};it/em {title};{score}").unwrap();
        }
    }
    std::fs::write(&path, rows).unwrap();
    let store = dir.path().join("store");
    let options = ["--algorithm=svd", "--trials=2", "--ranking-trials=1", "--signal-splits=0"];
    crate::stdout(&[&["build", "--ratings", text(&path), "--store", text(&store)][..], &options].concat());

    let server = Server::start(&store, &[]);
    assert_eq!(server.get_json("/health")["scale"], json!({ "low": 1.0, "high": 10.0, "liked": 8.0 }));
    let ratings = |rating: f64| json!({ "ratings": [{ "id": "it/em 2", "rating": rating }] });
    assert_eq!(server.post("/recommendations", &ratings(9.5)).0, 200);
    let (status, problem) = server.post("/recommendations", &ratings(10.5));
    assert_eq!(status, 400);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("rating 10.5 is outside the scale 1 to 10"), "{detail}");
    let liked = server.get_json("/predict?user_id=4&id=it%2Fem%202");
    let disliked = server.get_json("/predict?user_id=4&id=it%2Fem%203");
    assert_eq!((&liked["threshold"], &liked["recommended"]), (&json!(7.0), &json!(true)), "{liked}");
    assert!(
        liked["score"].as_f64().unwrap() > 7.5 && disliked["score"].as_f64().unwrap() < 5.0,
        "{disliked}"
    );
    assert_eq!(server.get_json("/titles/it%2Fem%202")["id"], "it/em 2");
    let document = server.get_json("/openapi.json");
    let post = &document["paths"]["/recommendations"]["post"]["requestBody"]["content"]["application/json"];
    let rating = &post["schema"]["properties"]["ratings"]["items"]["properties"]["rating"];
    assert_eq!((&rating["minimum"], &rating["maximum"]), (&json!(1.0), &json!(10.0)));

    let above = |scored: &str| format!("/get_score_count?platform=movielens&year=2018&scored={scored}");
    assert_eq!(server.get_json(&above("9.5"))["count"], 0);
    let (status, problem) = server.get(&above("10.5"));
    assert_eq!(status, 400);
    assert!(problem.contains("not a score from 0 to 10"), "{problem}");
    let parameters = document["paths"]["/get_score_count"]["get"]["parameters"].as_array().unwrap();
    let scored = parameters.iter().find(|parameter| parameter["name"] == "scored").unwrap();
    assert_eq!(scored["schema"]["maximum"], 10.0);
}
