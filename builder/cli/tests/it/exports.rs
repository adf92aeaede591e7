//! Files that sites write for one user, or of what users did, given to the program.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::{cartelera, refusal, stdout, text};

const TITLES: &str =
    "show_id,type,title,release_year\ns1,Movie,Up,2009\ns2,TV Show,Fargo,2014\ns3,Movie,Fargo,1996\n";

fn write(folder: &Path, name: &str, rows: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, rows).unwrap();
    text(&path).to_owned()
}

#[test]
fn one_users_export_is_read_whatever_the_catalogs_lack() {
    let dir = tempfile::tempdir().unwrap();
    let titles = write(dir.path(), "netflix_titles.csv", TITLES);
    let mut rows =
        "Date,Name,Year,Letterboxd URI,Rating\n2020-01-31,UP!,2009,https://boxd.it/1jqq,4.5\n".to_owned();
    for year in 1950..1990 {
        writeln!(rows, "2020-02-01,\"Not, in it\",{year},https://boxd.it/x,3").unwrap();
    }
    let ratings = write(dir.path(), "ratings.csv", &rows);
    let out = dir.path().join("out");
    let of_me = ["etl", "--titles", &titles, "--ratings", &ratings, "--out", text(&out), "--json"];
    let summary: Value = serde_json::from_str(&stdout(&of_me)).unwrap();
    assert_eq!((&summary["ratings"], &summary["rejected"]), (&json!(1), &json!({ "title_not_found": 40 })));
    let file = &summary["files"][1];
    assert_eq!((&file["rows"], &file["rejected"], &file["not_found"]), (&json!(41), &json!(40), &json!(40)));
    let format = file["format"].as_str().unwrap();
    let described =
        "Letterboxd export of one user (me), titles by name and year; 40 of 41 are not in the catalogs";
    assert!(format.contains(described), "{format}");
    let clean = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    assert_eq!(clean("ratings.csv").lines().nth(1), Some("me,4.5,1580428800,ns1"));
    let reject = "ratings.csv,3,Name,\"Not, in it (1950)\",title_not_found";
    assert_eq!(clean("rejects.csv").lines().nth(1), Some(reject));

    stdout(&[&of_me[..], &["--user", "ana"]].concat());
    assert!(clean("ratings.csv").contains("ana,4.5"));
    let said = refusal(&[&of_me[..], &["--user", " ana"]].concat());
    assert!(said.contains("may not begin or end with white space"), "{said}");
    let said = refusal(&["etl", "--ratings", &ratings, "--out", text(&out)]);
    assert!(said.contains("from Letterboxd") && said.contains("--titles"), "{said}");
}

#[test]
fn an_imdb_export_is_on_its_own_scale() {
    let dir = tempfile::tempdir().unwrap();
    let titles = write(dir.path(), "netflix_titles.csv", TITLES);
    let rows = "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,\
                Num Votes,Release Date,Directors\n\
                tt1049413,4,2019-05-03,Up,Up,u,Movie,8.3,96,2009,Animation,1,2009-05-28,\"Pete Docter, Bob Peterson\"\n\
                tt2802850,5,2019-05-04,Fargo,Fargo,u,TV Series,8.8,53,2014,Crime,1,2014-04-15,\n";
    let imdb = write(dir.path(), "imdb.csv", rows);
    let out = dir.path().join("out");
    let base = ["etl", "--titles", &titles, "--out", text(&out), "--json", "--ratings", &imdb];
    let summary: Value = serde_json::from_str(&stdout(&base)).unwrap();
    let scale = &summary["scale"];
    assert_eq!((&summary["ratings"], &scale["low"], &scale["high"]), (&json!(2), &json!(1.0), &json!(10.0)));
    let stars = write(dir.path(), "stars.csv", "userId,movieId,rating\n1,ns1,3.5\n");
    let said = refusal(&[&base[..], &["--ratings", &stars]].concat());
    assert!(
        said.contains("imdb.csv (IMDb export) are from 1 to 10, those of stars.csv from 0.5 to 5"),
        "{said}"
    );
}

#[test]
fn what_users_did_is_refused_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    for (name, rows, says) in [
        (
            "feedback.csv",
            "feedback_type,user_id,item_id,time_stamp\r\nstar,1,31,2020-01-31 10:00:00 +0000 UTC\r\n",
            &["feedback.csv, line 1", "this is feedback", "--columns"][..],
        ),
        (
            "feedback.jsonl",
            "{\"FeedbackType\":\"star\",\"UserId\":\"1\",\"ItemId\":\"31\"}\n",
            &["this is feedback"],
        ),
        ("qualifying.txt", "1:\n1046323,2005-12-19\n", &["qualifying.txt, line 2", "combined_data_*.txt"]),
        ("combined_data_9.txt", "1:\n2:\n", &["names titles", "no ratings below them"]),
    ] {
        let path = write(dir.path(), name, rows);
        let output =
            cartelera(&["etl", "--ratings", &path, "--out", text(&dir.path().join("out"))]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(says.iter().all(|part| said.contains(part)), "{name}: {said}");
        assert_eq!(said.lines().count(), 1, "{name}: {said}");
    }
}
