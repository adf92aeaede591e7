//! Values that are written in several ways are an alert, a table on the page, and a list in `eda.json`.

use catalog::{Platform, RatingTable, Title, TitleId, TitleTable};
use dataset::Data;
use eda::{Eda, Raw, analyze, page};
use progress::Silent;
use tables::Clean;

/// Analyzes titles with these genres, by an actor each, and without ratings.
fn analyzed(genres: &[&[&str]], cast: &[&str]) -> Eda {
    let titles = genres.iter().zip(cast).zip(0..).map(|((genres, actor), n)| Title {
        genres: genres.iter().map(|&genre| genre.to_owned()).collect(),
        cast: vec![(*actor).to_owned()],
        audience: ["tv-y", "tv-y7", "7+", "16+"][n % 4].to_owned(),
        ..Title::named(TitleId::new(&format!("t{n}")).unwrap(), format!("Title {n}"))
    });
    let titles = TitleTable::new(vec![Platform::new("netflix").unwrap()], titles.collect()).unwrap();
    let n_titles = titles.titles().len();
    let ratings = RatingTable::new(Vec::new(), vec![0], Vec::new(), Vec::new(), Vec::new(), n_titles);
    let clean = Clean { titles, ratings: ratings.unwrap() };
    analyze(&Data::of_tables(&clean), Raw::Unknown, None, &Silent)
}

#[test]
fn spellings_are_an_alert_and_a_table() {
    let genres: [&[&str]; 4] =
        [&["comedy", "drama"], &["comedies"], &["comedies"], &["sci-fi", "science fiction"]];
    let eda = analyzed(&genres, &["Ana Díaz", "ana diaz", "Christina Ricci", "Christine Ricci"]);
    let texts: Vec<(&str, &str)> = eda
        .alerts
        .iter()
        .filter(|alert| alert.kind == "spellings")
        .map(|alert| (alert.column.as_str(), alert.text.as_str()))
        .collect();
    assert_eq!(texts.iter().map(|t| t.0).collect::<Vec<_>>(), ["cast", "genres"]);
    assert_eq!(
        texts[1].1,
        "probably the same, written in different ways: “comedies” (2 titles) and “comedy” (1 title)"
    );
    let html = page(&eda);
    assert!(html.contains("<th scope=\"row\">genres</th><td>comedies: 2; comedy: 1</td>"), "{html}");
    assert!(eda.to_json().contains("\"spellings\""));

    let clean = analyzed(&[&["comedy"], &["drama"]], &["Ana", "Eva"]);
    assert!(clean.spellings.is_empty() && !clean.to_json().contains("spellings"));
    assert!(!page(&clean).contains("several ways"));
}

#[test]
fn more_spellings_than_fit_are_counted() {
    let spelled = |n: usize| ["-", " ", ".", "/", "&&", "_", "+"].map(|between| format!("kind{between}{n}"));
    let all: Vec<String> = (0..14).flat_map(spelled).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let eda = analyzed(&[&all, &["comedy"]], &["Ana", "Eva"]);
    let of = &eda.spellings[0];
    assert_eq!((of.column.as_str(), of.groups.len(), of.groups_left_out), ("genres", 10, 4));
    assert!(of.groups.iter().all(|value| value.spellings.len() == 5 && value.spellings_left_out == 1));
    let alert = eda.alerts.iter().find(|alert| alert.kind == "spellings").unwrap();
    assert!(
        alert.text.contains(" (1 title) and 3 more; ") && alert.text.ends_with("; and 11 more"),
        "{}",
        alert.text
    );
    assert!(page(&eda).contains("4 more are not shown."));
}
