//! Reads small made-up catalogs of every kind that is supported, from one table of files and results.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use catalog::Title;
use etl::{EtlInput, EtlOutput};
use progress::Silent;
use proptest::prelude::*;

const HEADER: &str =
    "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,listed_in,description";

/// A catalog and what is read from it.
struct Case {
    /// What it is about.
    about: &'static str,
    /// Name of the file, and the argument of `--titles` where it is another one (`{}` is the path).
    file: (&'static str, &'static str),
    /// What the file holds. `HEADER` is the usual header.
    text: &'static str,
    /// The titles: id, kind, name, year, length and the columns that `shown` adds.
    titles: &'static [&'static str],
    /// Line, column, kind and value of each repair but filled audiences.
    repairs: &'static [&'static str],
    /// Line, reason and value of each reject.
    rejects: &'static [&'static str],
    /// Layout in words.
    format: &'static str,
}

const USUAL: Case = Case {
    about: "",
    file: ("netflix_titles.csv", "{}"),
    text: "",
    titles: &[],
    repairs: &[],
    rejects: &[],
    format: "titles, CSV",
};

const SHORT: &str =
    "titles, CSV, without director, cast, country, date_added, rating, listed_in, description";

const CASES: &[Case] = &[
    Case {
        about: "years in every form",
        text: "show_id,type,title,release_year,duration\ns1,Movie,A,2011.0,\ns2,Movie,B, 2011 ,\ns3,Movie,C,(2011),\n\
               s4,Movie,D,2011-05-06,\ns5,Movie,E,,\ns6,Movie,F,soon,\ns7,Movie,G,NaN,\ns8,Movie,H,\"May 6, 2011\",\n",
        titles: &[
            "ns1 movie A 2011 - ",
            "ns2 movie B 2011 - ",
            "ns3 movie C 2011 - ",
            "ns4 movie D 2011 - ",
            "ns5 movie E - - ",
            "ns6 movie F - - ",
            "ns7 movie G - - ",
            "ns8 movie H 2011 - ",
        ],
        repairs: &[
            "6 release_year YearEmptied ",
            "7 release_year YearEmptied soon",
            "8 release_year YearEmptied NaN",
        ],
        format: SHORT,
        ..USUAL
    },
    Case {
        about: "lengths in every form, and others noted",
        text: "show_id,type,title,release_year,duration\ns1,film,A,2011,95\ns2,Movie,B,2011,95min\ns3,Movie,C,2011,1h 35m\n\
               s4,Movie,D,2011,1:35:00\ns5,Movie,E,2011,PT1H35M\ns6,SHOW,F,2011,2 seasons\ns7,TV Series,G,2011,3 Episodes\n\
               s8,Movie,H,2011,70000 min\ns9,Serie,I,2011,900 Seasons\ns10,Serie,J,2011,4\ns11,Película,K,2011,-\n",
        titles: &[
            "ns1 movie A 2011 95min ",
            "ns2 movie B 2011 95min ",
            "ns3 movie C 2011 95min ",
            "ns4 movie D 2011 95min ",
            "ns5 movie E 2011 95min ",
            "ns6 series F 2011 2season ",
            "ns7 series G 2011 - ",
            "ns8 movie H 2011 - ",
            "ns9 series I 2011 - ",
            "ns10 series J 2011 - ",
            "ns11 movie K 2011 - ",
        ],
        repairs: &[
            "8 duration DurationEmptied 3 Episodes",
            "9 duration DurationEmptied 70000 min",
            "10 duration DurationEmptied 900 Seasons",
            "11 duration DurationEmptied 4",
        ],
        format: SHORT,
        ..USUAL
    },
    Case {
        about: "dates, where two days are possible neither is taken",
        text: "show_id,type,title,release_year,duration,date_added\ns1,Movie,A,2011,,25 Sep 2021\ns2,Movie,B,2011,,09/25/2021\n\
               s3,Movie,C,2011,,03/04/2020\ns4,Movie,D,2011,,2021-09-25T10:00:00Z\ns5,Movie,E,2011,,n/a\ns6,Movie,F,2011,,soon\n",
        titles: &[
            "ns1 movie A 2011 - 2021-09-25",
            "ns2 movie B 2011 - 2021-09-25",
            "ns3 movie C 2011 - ",
            "ns4 movie D 2011 - 2021-09-25",
            "ns5 movie E 2011 - ",
            "ns6 movie F 2011 - ",
        ],
        repairs: &["4 date_added DateEmptied 03/04/2020", "7 date_added DateEmptied soon"],
        format: "titles, CSV, without director, cast, country, rating, listed_in, description",
        ..USUAL
    },
    Case {
        about: "words for nothing, which can be names",
        text: "HEADER\ns1,Movie,NaN,NULL,nan,N/A,\\N,2011,Not Given,--,None,null\n\
               s2,Movie,None,None,None,-,NaN,2011,nan,n/a,NaN,?\ns3,Movie,Null,,,,,2011,R,,,\ns4,NULL,Unknown,,,,,2011,R,,,\n",
        titles: &[
            "ns1 movie NaN 2011 -  g",
            "ns2 movie None 2011 -  g dir:none cast:none",
            "ns3 movie Null 2011 -  r",
            "ns4 movie Unknown 2011 -  r",
        ],
        repairs: &["5 type KindFilled NULL"],
        ..USUAL
    },
    Case {
        about: "another order of columns, and numbers as ids",
        file: ("netflix_titles_nov_2019.csv", "{}"),
        text: "title,release_year,duration,show_id,type\nA,2011,90 min,8011,Movie\n",
        titles: &["n8011 movie A 2011 90min "],
        format: SHORT,
        ..USUAL
    },
    Case {
        about: "a download repeated, with a score",
        file: ("netflix_titles (1).csv", "{}"),
        text: "show_id,type,title,release_year,duration,score\ns1,Movie,A,2011,90 min,88\n",
        titles: &["ns1 movie A 2011 90min "],
        format: SHORT,
        ..USUAL
    },
    Case {
        about: "columns without a name at the end, some rows with fewer of them",
        text: "show_id,type,title,release_year,duration,,,\ns1,Movie,A,2011,,,,\ns2,Movie,B,2011,\ns3,Movie,C,2011,,,,,x\ns4,Movie\n",
        titles: &["ns1 movie A 2011 - ", "ns2 movie B 2011 - "],
        rejects: &["4 too_many_fields s3,Movie,C,2011,,,,,x", "5 cut_short s4,Movie"],
        format: "titles, CSV, without director, cast, country, date_added, rating, listed_in, description, columns without a name at the end",
        ..USUAL
    },
    Case {
        about: "only an id and a name",
        file: ("more.csv", "zee={}"),
        text: "Name;ID\nA;7\nB, too;8\n",
        titles: &["z7 movie A - - ", "z8 movie B, too - - "],
        format: "titles, CSV, `;` between fields, without type, director, cast, country, date_added, release_year, rating, \
                 duration, listed_in, description",
        ..USUAL
    },
    Case {
        about: "lists as literals and with other separators",
        text: "show_id,title,cast,genres,country\ns1,A,Ann|Bob|Jr.,Drama / Crime,['ES']\ns2,B,Cid,Drama,\"['ES', \"\"FR\"\"]\"\n",
        titles: &[
            "ns1 movie A - -  cast:ann,bob jr. genres:drama,crime in:es",
            "ns2 movie B - -  cast:cid genres:drama in:es,fr",
        ],
        format: "titles, CSV, without type, director, date_added, release_year, rating, duration, description, cast separated by \
                 `|`, listed_in separated by `/`",
        ..USUAL
    },
    Case {
        about: "quotes within quotes, by hand and by MySQL",
        text: "show_id,type,title,release_year,duration\ns1,Movie,\"A \"new\" day\",2011,\ns2,Movie,\"A \\\"new\\\", good day\",2011,\n\
               s3,Movie,\"A \"new, old\" day\",2011,\ns4,Movie,\"open,2011,\ns5,Movie,Z,2011,\n",
        titles: &[
            "ns1 movie A \"new\" day 2011 - ",
            "ns2 movie A \"new\", good day 2011 - ",
            "ns3 movie A \"new, old\" day 2011 - ",
            "ns5 movie Z 2011 - ",
        ],
        repairs: &[
            "2  QuotesMended s1,Movie,\"A \"new\" day\",2011,",
            "3  QuotesMended s2,Movie,\"A \\\"new\\\", good day\",2011,",
            "4  QuotesMended s3,Movie,\"A \"new, old\" day\",2011,",
        ],
        rejects: &["5 bad_quoting s4,Movie,\"open,2011,"],
        format: SHORT,
        ..USUAL
    },
    Case {
        about: "an id twice",
        text: "show_id,type,title,release_year,duration\ns1,Movie,A,2011,\ns2,Movie,B,2011,\ns1,Movie,A,2011,\ns2,Movie,C,2011,\n",
        titles: &["ns1 movie A 2011 - ", "ns2 movie B 2011 - "],
        rejects: &["4 duplicate_id ns1 (first on line 2)", "5 duplicate_id ns2 (first on line 3)"],
        format: SHORT,
        ..USUAL
    },
    Case {
        about: "ids that pandas made floats",
        text: "show_id,title\n81.0,A\n82.0,B\n",
        titles: &["n81 movie A - - ", "n82 movie B - - "],
        format: "titles, CSV, without type, director, cast, country, date_added, release_year, rating, duration, listed_in, description",
        ..USUAL
    },
    Case {
        about: "MovieLens by Kaggle, and names with and without years",
        file: ("movie.csv", "{}"),
        text: "movieId,title,genres\n1,Quiet Bay (1995) ,Drama|War\n2,Loud Bay (2006–2007),(no genres listed)\n3,1917,War\n\
               4,(500) Nights,IMAX\n5,\"Bay, The (La Baie) (1999)\",Drama\n6,Open Bay (1995- ),unknown\n",
        titles: &[
            "1 movie Quiet Bay 1995 -  genres:drama,war",
            "2 movie Loud Bay 2006 - ",
            "3 movie 1917 - -  genres:war",
            "4 movie (500) Nights - -  genres:imax",
            "5 movie Bay, The (La Baie) 1999 -  genres:drama",
            "6 movie Open Bay 1995 -  genres:unknown",
        ],
        format: "titles, movies.csv",
        ..USUAL
    },
    Case {
        about: "a separator in a name",
        file: ("movies.dat", "{}"),
        text: "1::Half :: Whole (1998)::Drama\n2::Half::Whole::War|Drama\n3::Half\n",
        titles: &["1 movie Half :: Whole 1998 -  genres:drama", "2 movie Half::Whole - -  genres:war,drama"],
        rejects: &["3 cut_short 3::Half"],
        format: "titles, `::` between fields",
        ..USUAL
    },
    Case {
        about: "items of RecBole, tabs and typed names",
        file: ("x.item", "zee={}"),
        text: "item_id:token\tmovie_title:token_seq\trelease_year:token\n1\tA\t1995\n",
        titles: &["z1 movie A 1995 - "],
        format: "titles, CSV, tabs between fields, without type, director, cast, country, date_added, rating, duration, listed_in, \
                 description",
        ..USUAL
    },
    Case {
        about: "titles of IMDb",
        file: ("title.basics.tsv", "imdb={}"),
        text: "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n\
               tt0001\tmovie\tA\tA0\t0\t1999\t\\N\t95\tCrime,Drama\ntt0002\ttvSeries\tB\tB\t0\t\\N\t\\N\t\\N\t\\N\n\
               tt0003\tvideoGame\tC\tC\t0\t1999\t\\N\t\\N\t\\N\n",
        titles: &["itt0001 movie A 1999 95min  genres:crime,drama", "itt0002 series B - - "],
        repairs: &["3 release_year YearEmptied \\N"],
        rejects: &["4 kind_unknown videoGame"],
        format: "titles, CSV, tabs between fields, without director, cast, country, date_added, rating, description",
    },
    Case {
        about: "lines that end as on old Macs",
        text: "show_id,title\rs1,A\rs2,B\r",
        titles: &["ns1 movie A - - ", "ns2 movie B - - "],
        format: "titles, CSV, without type, director, cast, country, date_added, release_year, rating, duration, listed_in, description, CR line ends",
        ..USUAL
    },
    Case {
        about: "rows that end with a separator",
        text: "show_id,type,title,release_year,duration\ns1,Movie,A,2011,90,\ns2,Movie,B,2011,90,\ns3,Movie,C,2011,90,x,\n",
        titles: &["ns1 movie A 2011 90min ", "ns2 movie B 2011 90min "],
        rejects: &["4 too_many_fields s3,Movie,C,2011,90,x,"],
        format: "titles, CSV, without director, cast, country, date_added, rating, listed_in, description, columns without a name at the end",
        ..USUAL
    },
    Case {
        about: "without a column of types, the kind follows from the length",
        text: "show_id,title,duration\ns1,A,2 Seasons\ns2,B,90 min\n",
        titles: &["ns1 series A - 2season ", "ns2 movie B - 90min "],
        format: "titles, CSV, without type, director, cast, country, date_added, release_year, rating, listed_in, description",
        ..USUAL
    },
    Case {
        about: "a name for humans",
        file: ("x.csv", "Movistar Plus+={}"),
        text: "show_id,title\ns1,A\n",
        titles: &["ms1 movie A - - "],
        format: "titles, CSV, without type, director, cast, country, date_added, release_year, rating, duration, listed_in, description",
        ..USUAL
    },
];

/// Reads catalogs together with one rating of a title that they do not contain.
fn read(dir: &Path, arguments: &[PathBuf], columns: Option<&str>) -> Result<EtlOutput, String> {
    let ratings = dir.join("ratings.csv");
    std::fs::write(&ratings, "userId,movieId,rating,timestamp\n1,none,3,9\n").unwrap();
    let mut input = EtlInput::resolve(arguments, &[ratings]).map_err(|error| whole(&error))?;
    input.catalogs.columns = columns.map(|text| text.parse().unwrap());
    etl::run(&input, &Silent).map_err(|error| whole(&error))
}

/// Returns an error with its causes.
fn whole(error: &dyn std::error::Error) -> String {
    error.source().map_or(error.to_string(), |source| format!("{error}: {}", whole(source)))
}

/// Returns the columns of a title that it has, with lists and the audience rating in lower case.
fn shown(title: &Title) -> String {
    let year = title.release_year.map_or("-".to_owned(), |year| year.to_string());
    let length = title.duration.map_or("-".to_owned(), |d| format!("{}{}", d.value, d.unit.as_str()));
    let added = title.date_added.map_or(String::new(), |date| date.to_string());
    let mut text = format!("{} {} {} {year} {length} {added}", title.id, title.kind.as_str(), title.display);
    if !title.audience.is_empty() {
        let _ = write!(text, " {}", title.audience.to_lowercase());
    }
    let lists =
        [("dir", &title.director), ("cast", &title.cast), ("genres", &title.genres), ("in", &title.country)];
    for (name, items) in lists {
        if !items.is_empty() {
            let _ = write!(text, " {name}:{}", items.join(",").to_lowercase());
        }
    }
    text
}

fn titles(output: &EtlOutput) -> Vec<String> {
    output.clean.titles.titles().iter().map(shown).collect()
}

fn repairs(output: &EtlOutput) -> Vec<String> {
    let repairs = output.repairs.iter().map(|r| format!("{} {} {:?} {}", r.line, r.column, r.kind, r.value));
    repairs.filter(|text| !text.contains("AudienceFilled")).collect()
}

/// Returns the rejected rows of the first file.
fn rejects(output: &EtlOutput) -> Vec<String> {
    let of_first = output.rejects.iter().filter(|r| r.file == output.files[0].file);
    of_first.map(|r| format!("{} {} {}", r.line, r.reason, r.value)).collect()
}

#[test]
fn every_case_is_read_as_it_should_be() {
    for case in CASES {
        let dir = tempfile::tempdir().unwrap();
        let (name, argument) = case.file;
        let path = dir.path().join(name);
        std::fs::write(&path, case.text.replace("HEADER", HEADER)).unwrap();
        let argument = PathBuf::from(argument.replace("{}", path.to_str().unwrap()));
        let output =
            read(dir.path(), &[argument], None).unwrap_or_else(|error| panic!("{}: {error}", case.about));
        assert_eq!(titles(&output), case.titles, "{}", case.about);
        assert_eq!(repairs(&output), case.repairs, "{}", case.about);
        assert_eq!(rejects(&output), case.rejects, "{}", case.about);
        assert_eq!(output.files[0].format, case.format, "{}", case.about);
        let out = dir.path().join("out");
        output.write(&out, &Silent).unwrap();
        assert_eq!(tables::read_clean(&out, &Silent).unwrap(), output.clean, "{}", case.about);
    }
}

#[test]
fn words_for_nothing_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("netflix_titles.csv");
    let text =
        format!("{HEADER}\ns1,Movie,nan,nan,,NULL,-,2011,R,90,N/A,None\n,Movie,B,nan,,,,2011,R,90,,\n");
    std::fs::write(&path, text).unwrap();
    let output = read(dir.path(), &[path], None).unwrap();
    // Those of the second row do not count, because it is refused.
    assert_eq!(output.cell_faults[0].nothing, 5);
}

#[test]
fn unlikely_years_and_dates_are_kept_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("netflix_titles.csv");
    let rows = [
        ("s1", "2021-01-01", "1800"),
        ("s2", "1799-12-31", "2020"),
        ("s3", "9999-12-31", "2201"),
        ("s4", "2200-12-31", "2200"),
        ("s5", "", "0001"),
        ("s6", "", ""),
    ];
    let rows = rows.map(|(id, added, released)| format!("{id},Movie,A,,,,{added},{released},R,90,,\n"));
    let text = format!("{HEADER}\n{}", rows.concat());
    std::fs::write(&path, text).unwrap();
    let summary = read(dir.path(), &[path], None).unwrap().summary();
    assert_eq!((summary.titles, summary.unlikely_dates), (6, 3));
    assert_eq!(summary.unlikely_date.as_deref(), Some("ns2, added 1799-12-31"));
    let said = "3 titles from before 1800 or after 2200, such as ns2, added 1799-12-31: check these columns";
    assert!(summary.to_string().contains(said), "{summary}");
    let none = etl::EtlOutput::default().summary();
    assert!(!none.to_string().contains("before 1800"), "{none}");
}

#[test]
fn latin_1_is_read_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("netflix_titles.csv");
    // 0x93 and 0x94 are quotes in windows-1252, and control characters in Latin-1.
    std::fs::write(&path, b"show_id,title\ns1,Caf\xe9 \x93Se\xf1or\x94\ns2,B\n").unwrap();
    let output = read(dir.path(), std::slice::from_ref(&path), None).unwrap();
    assert_eq!(output.clean.titles.titles()[0].display, "Café “Señor”");
    assert!(output.files[0].format.ends_with(", windows-1252"), "{}", output.files[0].format);
    // One wrong byte in a file of UTF-8 costs one row.
    std::fs::write(&path, b"show_id,title\ns1,Caf\xc3\xa9 Se\xc3\xb1or\ns2,B\xe9\n").unwrap();
    let output = read(dir.path(), &[path], None).unwrap();
    assert_eq!(output.clean.titles.titles()[0].display, "Café Señor");
    assert_eq!(rejects(&output), ["3 not_utf8 B\u{FFFD}"]);
}

#[test]
fn titles_of_justwatch_get_their_credits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("titles.csv");
    let titles_text = "id,title,type,description,release_year,age_certification,runtime,genres,production_countries,seasons,imdb_id\n\
        tm1,A,MOVIE,About,2011,PG-13,95,\"['drama', 'crime']\",['US'],,tt1\n\
        ts2,B,SHOW,About,2012,,45,['war'],\"['US', 'GB']\",3.0,tt2\nts3,C,SHOW,About,2013,TV-MA,45,[],[],,tt3\n";
    std::fs::write(&path, titles_text).unwrap();
    let argument = PathBuf::from(format!("Paramount+={}", path.display()));
    let output = read(dir.path(), std::slice::from_ref(&argument), None).unwrap();
    let expected = [
        "ptm1 movie A 2011 95min  pg-13 genres:drama,crime in:us",
        "pts2 series B 2012 3season  g genres:war in:us,gb",
        "pts3 series C 2013 -  tv-ma",
    ];
    assert_eq!(titles(&output), expected);
    assert_eq!(repairs(&output), Vec::<String>::new());
    assert_eq!(
        output.files[0].format,
        "titles, CSV, seasons in a column of their own, without director, cast, date_added"
    );
    std::fs::write(
        dir.path().join("credits.csv"),
        "person_id,id,name,character,role\n1,tm1,Ann Ek,X,ACTOR\n1,tm1,Ann Ek,Y,ACTOR\n2,tm1,\"Bo Ek, Jr.\",,ACTOR\n\
         3,tm1,Cy Ek,,DIRECTOR\n4,ts9,Di Ek,,ACTOR\n5,tm1,Ed Ek,,CATERER\n",
    )
    .unwrap();
    let output = read(dir.path(), &[argument], None).unwrap();
    let first = &output.clean.titles.titles()[0];
    assert_eq!((first.cast.join(";"), first.director.join(";")), ("Ann Ek;Bo Ek Jr.".into(), "Cy Ek".into()));
    let said = "cast and director from credits.csv (4 names, 1 rows left out)";
    assert!(output.files[0].format.ends_with(said), "{}", output.files[0].format);
    let sources: Vec<&str> = output.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(sources, ["titles.csv", "credits.csv", "ratings.csv"]);
}

#[test]
fn ratings_name_titles_of_justwatch_by_their_own_ids() {
    let dir = tempfile::tempdir().unwrap();
    let (path, ratings) = (dir.path().join("titles.csv"), dir.path().join("r.csv"));
    std::fs::write(&path, "id,title,seasons\ntm1,A,\nts2,B,1\n").unwrap();
    std::fs::write(
        &ratings,
        "userId,movieId,rating,timestamp\n1,tm1,3,9\n1,xtm1,4,10\n1,ts2,5,9\n1,ts3,5,9\n",
    )
    .unwrap();
    let argument = PathBuf::from(format!("x={}", path.display()));
    let output = etl::run(&EtlInput::resolve(&[argument], &[ratings]).unwrap(), &Silent).unwrap();
    assert_eq!(
        (output.clean.ratings.title_idx(), output.clean.ratings.rating()),
        (&[0, 1][..], &[4.0, 5.0][..])
    );
    assert_eq!((output.superseded, output.rejects.len()), (1, 1));
}

#[test]
fn columns_are_named_by_the_user() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("list.csv");
    std::fs::write(&path, "Clave;Nombre;Estreno;rating;Notas\n7;Bahía;1995;8.5;x\n").unwrap();
    let argument = [PathBuf::from(format!("zee={}", path.display()))];
    let error = read(dir.path(), &argument, None).unwrap_err();
    assert!(
        error.contains("column show_id, title is missing") && error.contains("--title-columns"),
        "{error}"
    );
    for columns in
        ["id=Clave,title=nombre,year=Estreno,description=4", "id=1,title=2,release_year=3,description=rating"]
    {
        let output = read(dir.path(), &argument, Some(columns)).unwrap();
        assert_eq!(titles(&output), ["z7 movie Bahía 1995 - "], "{columns}");
        assert_eq!(output.clean.titles.titles()[0].description, "8.5");
    }
    let error = read(dir.path(), &argument, Some("id=Clave,title=Nombre,year=Year")).unwrap_err();
    assert!(error.contains("names column \"Year\", but the file has Clave, Nombre"), "{error}");
    let error = read(dir.path(), &argument, Some("id=9,title=Nombre")).unwrap_err();
    assert!(error.contains("names column number 9"), "{error}");
}

#[test]
fn other_tables_are_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table.csv");
    for (text, parts) in [
        (
            "user_id,item_id,rating\n1,2,3\n",
            ["table of ratings (columns user_id, item_id, rating), not a catalog", "--ratings"],
        ),
        ("userId,movieId,title,rating\n1,2,A,3\n", ["table of ratings", "not a catalog"]),
        (
            ",ID,Title,Year,Netflix,Hulu,Disney+\n0,1,A,2011,1,0,0\n",
            ["a column for each platform (Netflix, Hulu, Disney+)", "the columns type, director, cast"],
        ),
        ("a,b\n1,2\n", ["column show_id, title is missing", "the file has \"a\", \"b\""]),
        ("show_id,title,Title\ns1,A,B\n", ["names column title twice", "remove or rename one"]),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = read(dir.path(), &[PathBuf::from(format!("zee={}", path.display()))], None).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let error = read(dir.path(), &[path], None).unwrap_err();
    assert!(error.contains("write NAME="), "{error}");
    let error = read(
        dir.path(),
        &[PathBuf::from(format!("7 days={}", dir.path().join("table.csv").display()))],
        None,
    );
    assert!(error.unwrap_err().contains("letters (a to z), digits, `_` and `-`"));
}

#[test]
fn long_text_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("netflix_titles.csv");
    let about = "He said \"\"no\"\"\nand left. ".repeat(8_000);
    std::fs::write(&path, format!("show_id,title,description\ns1,A,\"{about}\"\ns2,B,\n")).unwrap();
    let output = read(dir.path(), &[path], None).unwrap();
    let titles = output.clean.titles.titles();
    assert_eq!((titles.len(), titles[0].description.len()), (2, 8_000 * 23 - 1));
}

#[test]
fn a_folder_has_catalogs_of_every_edition() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("all");
    std::fs::create_dir(&folder).unwrap();
    for name in [
        "hulu_titles-score.csv",
        "hbo_titles.csv",
        "netflix_titles (1).csv",
        "netflix_ratings.csv",
        "notes.txt",
    ] {
        std::fs::write(folder.join(name), "show_id,title\ns1,A\n").unwrap();
    }
    let output = read(dir.path(), &[folder], None).unwrap();
    let ids: Vec<&str> = output.clean.titles.titles().iter().map(|title| title.id.as_str()).collect();
    assert_eq!(ids, ["hs1", "ns1", "hbs1"]);
}

proptest! {
    #[test]
    fn every_row_is_a_title_or_a_reject(
        header in prop::sample::subsequence(
            vec!["show_id", "title", "type", "cast", "release_year", "duration", "rating", "seasons", "date_added", "", "x"], 1..=11,
        ).prop_shuffle(),
        rows in prop::collection::vec("([a-z0-9 ]|nan|2011|\\.0|90 min|,|;|\"|\\\\|\\[|\\]|'|\n|\r\n|é){0,40}", 0..12),
        separator in prop::sample::select(vec![",", ";", "\t", "|"]),
        latin1 in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("netflix_titles.csv");
        let text = format!("{}\n{}\n", header.join(separator), rows.join("\n").replace(',', separator));
        let bytes = if latin1 { text.chars().map(|c| c as u8).collect() } else { text.into_bytes() };
        std::fs::write(&path, bytes).unwrap();
        if let Ok(output) = read(dir.path(), &[path], None) {
            let file = &output.files[0];
            prop_assert_eq!(file.rows, file.rejected + output.clean.titles.titles().len() as u64);
            let out = dir.path().join("out");
            output.write(&out, &Silent).unwrap();
            prop_assert_eq!(tables::read_clean(&out, &Silent).unwrap(), output.clean);
        }
    }
}
