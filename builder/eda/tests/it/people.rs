//! What a release serves of the analysis says nothing about a person.

use std::fmt::Write as _;

use dataset::Data;
use eda::Raw;
use etl::{EtlInput, EtlOutput};
use progress::Silent;
use proptest::prelude::*;

/// Reads a catalog of three films and these rows of ratings.
fn read(rows: &str) -> EtlOutput {
    let dir = tempfile::tempdir().unwrap();
    let titles = dir.path().join("netflix_titles.csv");
    let films = (1..4).map(|n| format!("s{n},Movie,Film {n},2000\n")).collect::<Vec<_>>().concat();
    std::fs::write(&titles, format!("show_id,type,title,release_year\n{films}")).unwrap();
    let ratings = dir.path().join("r.csv");
    std::fs::write(&ratings, format!("userId,rating,timestamp,movieId\n{rows}")).unwrap();
    etl::run(&EtlInput::resolve(&[titles], &[ratings]).unwrap(), &Silent).unwrap()
}

/// Returns the JSON and the page that are served, and `eda.json`.
fn written(output: &EtlOutput) -> (String, String) {
    let data = Data::of_tables(&output.clean);
    let analysis = eda::analyze(&data, Raw::Read(output), None, &Silent);
    let served = analysis.artifact();
    (format!("{}{}", served.json(), served.page()), analysis.to_json())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_user_is_in_what_is_served(
        rows in prop::collection::vec((0..40_u8, 1_u8..4, 1_u8..11, 0..4_u8), 1..80),
    ) {
        let mut text = String::new();
        for (user, title, rating, fault) in rows {
            // A row may be refused for its user, its title, its rating or its form, and then shows its cells.
            let row = match fault {
                0 => format!("person{user}x,{},9,ns{title}", f32::from(rating) / 2.0),
                1 => format!("person{user}x,{},9,person{user}x", f32::from(rating) / 2.0),
                2 => format!("person{user}x,person{user}x,9,ns{title}"),
                _ => format!("person{user}x,{}", f32::from(rating) / 2.0),
            };
            writeln!(text, "{row}").unwrap();
        }
        text.push_str("person7x,4,9,ns1\n");
        let (served, file) = written(&read(&text));
        prop_assert!(!served.contains("person"), "{}", served);
        prop_assert!(file.contains("person7x"), "the file of `cartelera eda` has them");
    }
}

#[test]
fn both_say_whether_they_name_users() {
    let (served, file) = written(&read("ana,4,9,ns1\nbo,2,9,ns1\n"));
    assert!(served.contains("No user is named here") && !served.contains("names_people"));
    assert!(file.contains("\"names_people\": true"));
}
