//! Rating files as people have them.

use std::fmt::Write as _;
use std::path::PathBuf;

use catalog::UserId;
use etl::{EtlError, EtlInput, EtlOutput, MAX_REJECTS, run};
use progress::Silent;
use proptest::prelude::*;

/// Rows of titles that are on lines of their own, in small files of one title and in one large file.
#[test]
fn many_files_of_one_title_are_read_like_one_file_of_many() {
    let dir = tempfile::tempdir().unwrap();
    let (one, many) = (dir.path().join("combined_data_1.txt"), dir.path().join("mv"));
    std::fs::create_dir(&many).unwrap();
    let mut all = String::new();
    for title in 1..=300 {
        let mut text = format!("{title}:\n");
        for user in (0..200 + title % 7).map(|n| 1000 + n * title) {
            writeln!(text, "{user},{},2005-0{}-1{}", user % 5 + 1, user % 9 + 1, user % 10).unwrap();
        }
        std::fs::write(many.join(format!("mv_{title:07}.txt")), &text).unwrap();
        all += &text;
    }
    assert!(all.len() > tables::rows::BLOCK_BYTES, "more than one block");
    std::fs::write(&one, all).unwrap();
    let [one, many] = [one, many].map(|path| EtlInput::resolve(&[], &[path]).unwrap());
    let expected = run(&one, &Silent).unwrap();
    assert_eq!(expected.clean.titles.titles().len(), 300);
    assert_eq!(expected.rejects.len(), 0);
    let described = "CSV, ',' between fields, no header, columns 1 (user), 2 (rating), 3 (time), titles on lines of \
                     their own (`1:`), times in ISO 8601";
    assert_eq!(expected.sources[0].read_as.as_deref(), Some(described));
    for n_threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        for input in [&one, &many] {
            let output = pool.install(|| run(input, &Silent)).unwrap();
            assert_eq!(output.clean, expected.clean, "{n_threads} threads");
        }
    }
    let output = run(&many, &Silent).unwrap();
    assert_eq!((output.files.len(), output.n_rows()), (300, expected.n_rows()));
    let shown = output.summary().to_string();
    assert!(shown.contains("mv_0000001.txt to mv_0000300.txt (300 files)"), "{shown}");
}

const CATALOG: &str = "show_id,type,title,release_year\n\
    s1,TV Show,Fargo,1996\n\
    s2,Movie,Fargo,1996\n\
    s3,Movie,\"Good Night, and Good Luck.\",2005\n\
    s4,Movie,\"Airplane \"\"II\"\"\",1982\n\
    s5,Movie,Le Fabuleux Destin d'Amélie Poulain,2001\n\
    s6,Movie,Up,2009\n\
    tt0111161,Movie,Another Name,1990\n\
    s8,Movie,No Year,\n";

/// Reads rating files, by their names and texts, with the catalog above.
fn read_with(files: &[(&str, &str)], user: Option<&str>) -> Result<EtlOutput, EtlError> {
    let dir = tempfile::tempdir().unwrap();
    let titles = dir.path().join("netflix_titles.csv");
    std::fs::write(&titles, CATALOG).unwrap();
    let write = |(name, text): &(&str, &str)| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ratings: Vec<PathBuf> = files.iter().map(write).collect();
    let mut input = EtlInput::resolve(&[titles], &ratings).unwrap();
    input.options.user = user.map(|user| UserId::new(user).unwrap());
    run(&input, &Silent)
}

/// Returns the ratings as `user title rating time`.
fn rated(output: &EtlOutput) -> Vec<String> {
    let (table, titles) = (&output.clean.ratings, output.clean.titles.titles());
    let of_user = |user: usize| {
        table.rows_of(user).map(move |row| {
            let title = &titles[table.title_idx()[row] as usize].id;
            format!("{} {title} {} {}", table.users()[user], table.rating()[row], table.timestamp()[row])
        })
    };
    (0..table.users().len()).flat_map(of_user).collect()
}

fn rejected(output: &EtlOutput) -> Vec<String> {
    let shown = |r: tables::Reject<'_>| format!("{} {} {}: {}", r.line, r.column, r.reason, r.value);
    output.rejects.iter().map(shown).collect()
}

const LETTERBOXD: &str = "Date,Name,Year,Letterboxd URI,Rating\n\
    2020-01-31,fargo,1996,https://boxd.it/a,4.5\n\
    2020-02-01,\"Good Night, and Good Luck.\",2005,https://boxd.it/b,3\n\
    2020-02-02,\"Airplane \"\"II\"\"\",1982,https://boxd.it/c,5\n\
    2020-02-03,Up,2010,https://boxd.it/d,4\n\
    2020-02-03,\"The \"\"Best\"\"\",2010,https://boxd.it/e,4\n\
    2020-02-04,Up,,https://boxd.it/f,4\n\
    2020-02-04,No Year,,https://boxd.it/g,4\n\
    2020-02-05,,2009,https://boxd.it/h,4\n\
    2020-02-06,Up,2009,https://boxd.it/i,\n\
    2020-02-07,Up\n";

#[test]
fn titles_of_a_letterboxd_export_are_found_by_name_and_year() {
    let output = read_with(&[("ratings.csv", LETTERBOXD)], None).unwrap();
    assert_eq!(rated(&output), ["me ns1 4.5 1580428800", "me ns3 3 1580515200", "me ns4 5 1580601600"]);
    assert_eq!(
        rejected(&output),
        [
            "5 Name title_not_found: Up (2010)",
            "6 Name title_not_found: The \"Best\" (2010)",
            "7 Year year_malformed: Up ()",
            "8 Year year_malformed: No Year ()",
            "9 Name title_empty: 2020-02-05,,2009,https://boxd.it/h,4",
            "10 Rating rating_malformed: ",
            "11 Rating cut_short: 2020-02-07,Up",
        ]
    );
    assert_eq!(output.clean.ratings.scale().to_string(), "0.5 to 5");
    let read_as = "Letterboxd export of one user (me), titles by name and year";
    assert_eq!(output.sources[1].read_as.as_deref(), Some(read_as));
    let file = &output.files[1];
    assert_eq!((file.rows, file.rejected, file.not_found), (10, 7, 2));
    assert_eq!(
        file.format,
        format!(
            "ratings, {read_as}; 2 of 10 are not in the catalogs (title_not_found), which does not count for --max-rejects"
        )
    );
    // Whatever is not found is no loss; everything else is.
    assert!(output.check_losses(0.5).is_ok());
    let error = output.check_losses(0.4).unwrap_err().to_string();
    assert!(error.contains("5 of 10 rows") && !error.contains("title_not_found"), "{error}");
}

#[test]
fn a_letterboxd_export_of_which_nothing_is_found_is_no_loss() {
    let text = "Date,Name,Year,Letterboxd URI,Rating\n2020-01-31,Elsewhere,1999,https://boxd.it/a,4.5\n";
    let output = read_with(&[("ratings.csv", text)], Some("ana")).unwrap();
    assert!(output.clean.ratings.is_empty() && output.check_losses(MAX_REJECTS).is_ok());
    assert!(output.files[1].format.contains("(ana)"), "{}", output.files[1].format);
}

const IMDB_HEADER: &str = "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),\
    Year,Genres,Num Votes,Release Date,Directors\n";

fn imdb(rows: &[&str]) -> String {
    rows.iter().fold(IMDB_HEADER.to_owned(), |text, row| text + row + "\n")
}

#[test]
fn titles_of_an_imdb_export_are_found_by_id_or_by_one_of_their_names() {
    let text = imdb(&[
        "tt0111161,5,2019-05-03,The Shawshank Redemption,The Shawshank Redemption,u,Movie,9.3,142,1994,Drama,1,1994-10-14,F",
        "tt0116282,4,2019-05-04,Fargo,Fargo,u,Movie,8.1,98,1996,\"Crime, Drama\",1,1996-03-08,\"Joel Coen, Ethan Coen\"",
        "tt0000001,3,2019-05-05,Fargo,Fargo,u,TV Series,8.1,,1996,Crime,1,1996-03-08,",
        "tt0211915,2,2019-05-06,Amelie,Le fabuleux destin d'Amélie Poulain,u,movie,8.3,122,2001,Comedy,1,2001-04-25,J",
        "tt0000002,1,2019-05-07,Up,Up,u,TV Episode,8.1,,2009,Crime,1,2009-03-08,",
        "tt0000003,5,2019-05-08,Nowhere,Nirgends,u,Movie,8.1,,,Crime,1,,",
    ]);
    let output = read_with(&[("my ratings.csv", &text)], Some("ana")).unwrap();
    assert_eq!(
        rated(&output),
        [
            "ana ns1 3 1557014400",
            "ana ns2 4 1556928000",
            "ana ns5 2 1557100800",
            "ana ntt0111161 5 1556841600"
        ]
    );
    assert_eq!(
        rejected(&output),
        ["6 Title title_not_found: Up (2009)", "7 Year year_malformed: Nowhere ()"]
    );
    // Although no rating is above 5.
    assert_eq!(output.clean.ratings.scale().to_string(), "1 to 10");
    let read_as = "IMDb export of one user (ana), titles by IMDb id or by name and year";
    assert_eq!(output.sources[1].read_as.as_deref(), Some(read_as));
}

#[test]
fn ratings_of_one_run_are_on_one_scale() {
    let imdb = imdb(&["tt0111161,5,2019-05-03,Up,Up,u,Movie,9.3,142,2009,Drama,1,1994-10-14,F"]);
    let stars = "userId,movieId,rating\n1,ns1,3.5\n2,ns2,0.5\n";
    let whole = "userId,movieId,rating\n1,ns1,3\n2,ns2,1\n";
    let ten = "userId,movieId,rating\n1,ns1,10\n2,ns2,0\n";
    let scale = |files: &[(&str, &str)]| {
        read_with(files, None)
            .map(|output| output.clean.ratings.scale().to_string())
            .map_err(|e| e.to_string())
    };
    let (i, l) = (("i.csv", &*imdb), ("l.csv", LETTERBOXD));
    assert_eq!(scale(&[l, ("r.csv", stars)]), Ok("0.5 to 5".to_owned()));
    assert_eq!(scale(&[("r.csv", whole), l]), Ok("0.5 to 5".to_owned()));
    assert_eq!(scale(&[i, ("r.csv", ten)]), Ok("0 to 10".to_owned()));
    for (files, named) in [
        ([i, ("r.csv", stars)], "i.csv (IMDb export) are from 1 to 10, those of r.csv from 0.5 to 5"),
        ([l, i], "l.csv (Letterboxd export) are from 0.5 to 5, those of i.csv (IMDb export) from 1 to 10"),
    ] {
        let error = scale(&files).unwrap_err();
        assert!(error.contains(named) && error.contains("--scale"), "{error}");
    }
}

#[test]
fn exports_that_cannot_be_read_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ratings.csv");
    std::fs::write(&path, LETTERBOXD).unwrap();
    let error = run(&EtlInput::resolve(&[], &[path]).unwrap(), &Silent).unwrap_err().to_string();
    assert!(error.contains("from Letterboxd") && error.contains("--titles"), "{error}");
    for (name, text) in [
        ("watched.csv", "Date,Name,Year,Letterboxd URI\n2020-01-31,Up,2009,https://boxd.it/a\n"),
        (
            "watchlist.csv",
            "Position,Const,Created,Title,Title Type,Year,Genres\n1,tt1,2020-01-31,Up,Movie,2009,x\n",
        ),
    ] {
        let error = read_with(&[(name, text)], None).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("without the user's ratings"), "{error}");
    }
    // A user's id takes the usual form, and the file may name its columns itself.
    let text = "Date,Name,Year,Letterboxd URI,Rating,Who\n2020-01-31,ns6,2009,https://boxd.it/a,4,7\n";
    let titles = dir.path().join("netflix_titles.csv");
    std::fs::write(&titles, CATALOG).unwrap();
    let path = dir.path().join("named.csv");
    std::fs::write(&path, text).unwrap();
    let mut input = EtlInput::resolve(&[titles], &[path]).unwrap();
    input.options.columns = Some("user=Who,title=Name,rating=Rating".parse().unwrap());
    assert_eq!(rated(&run(&input, &Silent).unwrap()), ["7 ns6 4 0"]);
}

proptest! {
    #[test]
    fn no_export_panics_and_every_row_is_counted(
        rows in "(Up|Fargo|2009|1996|4|,|,|,|,|,\\.5|\"|\n|\n|tt1|2020-01-31){0,60}",
        is_imdb in any::<bool>(),
    ) {
        let header = if is_imdb { IMDB_HEADER } else { "Date,Name,Year,Letterboxd URI,Rating\n" };
        let text = format!("{header}\n{rows}");
        // `run` checks that every row is counted.
        match read_with(&[("ratings.csv", &text)], None) {
            Ok(_) | Err(EtlError::File(_)) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
