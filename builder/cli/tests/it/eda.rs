//! Tests the analysis as a whole: its sections, its page, its training table, and the faults of the real
//! files.

use std::path::{Path, PathBuf};

use ::eda::{
    Eda, JSON_FILE, PAGE_FILE, Raw, SignalCard, TRAINING_FILE, TRAINING_TITLES_FILE, analyze, page, write,
};
use ::etl::{EtlInput, EtlOutput};
use dataset::Data;
use evaluate::signal::{QuickOptions, quick_check};
use progress::Silent;
use tables::{Clean, RATINGS_FILE, REJECTS_FILE, TITLES_FILE, read_clean, read_rejects};

use crate::{project, real_data};

fn read(folder: &Path) -> EtlOutput {
    let input = EtlInput::resolve(&[folder.join("titles")], &[folder.join("ratings")]).unwrap();
    ::etl::run(&input, &Silent).unwrap()
}

fn sample() -> PathBuf {
    project("data/sample")
}

const WITHOUT_SIGNAL: QuickOptions = QuickOptions { n_splits: 0, max_ratings: 0, seed: 0 };
const QUICK: QuickOptions = QuickOptions { n_splits: 3, max_ratings: 0, seed: 0 };

/// Analyzes data; checks it for signal unless `signal` has 0 splits.
fn analyzed(data: &Data<'_>, raw: Raw<'_>, signal: QuickOptions) -> Eda {
    let checked = quick_check(&data.pooled, data.n_titles(), signal, &Silent).unwrap();
    let signal = checked.map(|found| {
        SignalCard::new(found.signal, found.model, found.n_ratings, data.pooled.scale(), &Silent)
    });
    analyze(data, raw, signal, &Silent)
}

#[test]
fn the_sample_gives_every_section_and_the_same_bytes_with_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let mut seen: Option<Vec<Vec<u8>>> = None;
    for n_threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let files = pool.install(|| {
            let output = read(&sample());
            let eda = analyzed(&Data::of_tables(&output.clean), Raw::Read(&output), QUICK);
            write(&eda, &Data::of_tables(&output.clean), Raw::Read(&output), dir.path(), &Silent).unwrap();
            assert_eq!(Eda::read(&dir.path().join(JSON_FILE)).unwrap(), eda, "JSON contains everything");
            [JSON_FILE, PAGE_FILE, TRAINING_FILE, TRAINING_TITLES_FILE]
                .map(|name| std::fs::read(dir.path().join(name)).unwrap())
                .to_vec()
        });
        assert!(seen.as_ref().is_none_or(|first| *first == files), "{n_threads} threads");
        seen = Some(files);
    }
    let files = seen.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&files[0]).unwrap();
    for section in [
        "overview",
        "faults",
        "alerts",
        "tables",
        "associations",
        "catalog",
        "activity",
        "training",
        "signal",
    ] {
        assert!(!json[section].is_null(), "{section}");
    }
    let eda: Eda = serde_json::from_slice(&files[0]).unwrap();
    assert_eq!(eda.tables.iter().map(|t| t.columns.len()).collect::<Vec<_>>(), [16, 4]);
    assert_eq!(eda.training.len(), 20, "every column is either kept or dropped");
    assert!(eda.training.iter().all(|c| !c.reason.is_empty()));
    let pairs = |n: usize| n * (n - 1) / 2;
    assert!(eda.associations.iter().all(|a| a.pairs.len() == pairs(a.columns.len())), "all pairs");
    assert!(eda.signal.as_ref().unwrap().signal.title_signal, "the sample was made with signal");
    for table in &eda.tables {
        for card in table.columns.iter().filter(|c| !c.histogram.is_empty()) {
            let drawn: u64 = card.histogram.iter().map(|bin| bin.n).sum();
            assert_eq!(drawn, card.rows - card.missing, "{}", card.name);
        }
    }
    let months: u64 = eda.activity.months.iter().map(|m| m.n).sum();
    assert_eq!(months, eda.overview.ratings);

    let training = String::from_utf8(files[2].clone()).unwrap();
    assert!(training.starts_with("user_id,rating,timestamp,id\n"));
    let titles = String::from_utf8(files[3].clone()).unwrap();
    let kept: Vec<&str> =
        eda.training.iter().filter(|c| c.kept && c.table == "titles").map(|c| c.column.as_str()).collect();
    assert_eq!(titles.lines().next().unwrap(), kept.join(","));
    let works: std::collections::BTreeSet<&str> =
        titles.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(works.len() as u64, eda.overview.works);
    assert!(training.lines().skip(1).all(|line| works.contains(line.rsplit(',').next().unwrap())));
    // The training table is itself a rating file.
    let again =
        ::etl::run(&EtlInput::resolve(&[], &[dir.path().join(TRAINING_FILE)]).unwrap(), &Silent).unwrap();
    assert_eq!(again.clean.ratings.len(), training.lines().count() - 1);
    assert!(again.rejects.is_empty());
}

#[test]
fn columns_have_the_names_of_the_api() {
    let output = read(&sample());
    let dir = tempfile::tempdir().unwrap();
    output.write(dir.path(), &Silent).unwrap();
    let header = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(dir.path().join(name)).unwrap();
        text.lines().next().unwrap().split(',').map(str::to_owned).collect()
    };
    let (titles, ratings) = (header(TITLES_FILE), header(RATINGS_FILE));
    assert_eq!(ratings, ["user_id", "rating", "timestamp", "id"]);
    for name in ["id", "kind", "audience", "genres", "year", "title_display", "duration_int", "duration_type"]
    {
        assert!(titles.iter().any(|column| column == name), "{name}");
    }
    let eda = analyzed(&Data::of_tables(&output.clean), Raw::Read(&output), WITHOUT_SIGNAL);
    for (table, header) in eda.tables.iter().zip([titles, ratings]) {
        for card in &table.columns {
            // The report has a column for each unit of a duration.
            let name = if card.name.starts_with("duration") { "duration_int" } else { &card.name };
            assert!(header.iter().any(|column| column == name), "{name} of {}", table.name);
        }
    }
    // The report does not use the names of the raw files.
    let json = eda.to_json();
    for raw in ["userId", "movieId", "listed_in", "release_year", "\"type\"", "catalogue"] {
        assert!(!json.contains(raw), "{raw}");
    }
}

#[test]
fn an_analysis_of_another_format_says_how_to_make_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(JSON_FILE);
    let refused = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Eda::read(&path).unwrap_err().to_string()
    };
    // Format 1 had `catalogue` where format 2 has `catalog`.
    let error = refused(r#"{"format": 1, "builder": "0.1.0", "catalogue": {}}"#);
    assert!(error.contains("format 1") && error.contains("make it again with `cartelera eda`"), "{error}");
    for text in ["{}", "[]", "{\"format\": 2}", "user_id,rating\n"] {
        assert!(refused(text).contains("is not an analysis"), "{text}");
    }
}

const NO_ICON: &str = "<link rel=\"icon\" href=\"data:,\">";

/// Fails if a tag is not closed, is closed twice, or is closed in the wrong order.
fn check_tags(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if rest.starts_with("<!") {
            rest = &rest[rest.find('>').unwrap()..];
            continue;
        }
        let end = rest.find('>').unwrap();
        let tag = &rest[1..end];
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') && !["meta", "link"].contains(&name) {
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "{tag}");
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            open.push(name);
        }
        rest = &rest[end..];
        if name == "script" || name == "style" {
            let close = format!("</{name}>");
            rest = &rest[rest.find(&close).map_or(0, |at| at)..];
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_page_is_well_formed_and_loads_nothing() {
    let output = read(&sample());
    let eda = analyzed(&Data::of_tables(&output.clean), Raw::Read(&output), QUICK);
    let other = eda.clone();
    let html = page(&eda.against(&other, "itself"));
    check_tags(&html);
    // A browser requests an icon if a page does not name one.
    assert_eq!(html.matches(NO_ICON).count(), 1);
    let html = html.replace(NO_ICON, "");
    for reference in ["http:", "https:", "src=", "url(", "@import", "<link", "<iframe", "fetch("] {
        assert!(!html.contains(reference), "{reference}");
    }
    let inner = html.replace("href=\"#", "");
    assert!(!inner.contains("href="), "every link stays in the page");
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    assert_eq!(html.matches("<h1").count(), 1);
    let mut last = 1;
    for at in html.match_indices("<h").map(|(at, _)| &html[at + 2..at + 3]) {
        if let Ok(level) = at.parse::<u32>() {
            assert!(level <= last + 1, "a heading of level {level} after one of level {last}");
            last = level;
        }
    }
    assert_eq!(html.matches("<svg").count(), html.matches("<figcaption>").count());
    assert_eq!(
        html.matches("<svg").count(),
        html.matches("aria-label=\"").count() - html.matches("role=\"region\"").count() - 1,
        "every chart has a name"
    );
}

#[test]
fn a_table_does_not_differ_from_itself_and_clean_tables_tell_less() {
    let output = read(&sample());
    let dir = tempfile::tempdir().unwrap();
    output.write(dir.path(), &Silent).unwrap();
    let clean = read_clean(dir.path(), &Silent).unwrap();
    let of_raw = analyzed(&Data::of_tables(&output.clean), Raw::Read(&output), WITHOUT_SIGNAL);
    let of_clean = analyzed(&Data::of_tables(&clean), Raw::Unknown, WITHOUT_SIGNAL);
    assert_eq!(of_clean.faults.rows_read, None);
    assert!(of_clean.faults.found.iter().any(|f| f.code == "platform_without_cast"));
    assert_eq!((&of_clean.activity, &of_clean.catalog), (&of_raw.activity, &of_raw.catalog));
    // With the rejects next to the tables, the analysis reports what was refused.
    let rejects = read_rejects(dir.path()).unwrap().unwrap();
    assert!(rejects.iter().eq(output.rejects.iter()));
    let with_rejects = analyzed(&Data::of_tables(&clean), Raw::Rejects(&rejects), WITHOUT_SIGNAL);
    let refused = |eda: &Eda| {
        let of_rows = eda.faults.found.iter().filter(|f| f.handling == "the row is rejected");
        of_rows.map(|f| (f.code.clone(), f.n, f.by_source.clone(), f.examples.clone())).collect::<Vec<_>>()
    };
    assert_eq!(refused(&with_rejects), refused(&of_raw));
    assert!(!refused(&of_raw).is_empty() && refused(&of_clean).is_empty());
    assert!(page(&with_rejects).contains("clean tables and the rows that were rejected"));
    std::fs::write(dir.path().join(REJECTS_FILE), "file,line,column,value,reason\na.csv,1,,,odd\n").unwrap();
    let error = read_rejects(dir.path()).unwrap_err().to_string();
    assert!(error.contains("rejects.csv") && error.contains("odd"), "{error}");
    std::fs::remove_file(dir.path().join(REJECTS_FILE)).unwrap();
    assert_eq!(read_rejects(dir.path()).unwrap(), None);
    let comparison = of_clean.against(&of_raw, "raw").comparison.unwrap();
    assert!(comparison.shifts.iter().all(|s| s.psi.is_none_or(|psi| psi == 0.0)), "{comparison:?}");
    assert!(comparison.counts.iter().all(|c| c.this.to_bits() == c.other.to_bits()), "{comparison:?}");
}

#[test]
fn tables_without_ratings_or_titles_have_a_page() {
    let clean = Clean::default();
    let eda = analyzed(&Data::of_tables(&clean), Raw::Unknown, QUICK);
    check_tags(&page(&eda));
    assert_eq!((eda.overview.ratings, eda.signal), (0, None));
}

#[test]
fn an_analysis_does_not_overwrite_its_input() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("training.csv");
    std::fs::write(&path, "userId,rating,timestamp,movieId\n1,3,4,a1\n1,4,4,a2\n").unwrap();
    let input = EtlInput::resolve(&[], std::slice::from_ref(&path)).unwrap();
    let output = ::etl::run(&input, &Silent).unwrap();
    let eda = analyzed(&Data::of_tables(&output.clean), Raw::Read(&output), WITHOUT_SIGNAL);
    let refused = write(&eda, &Data::of_tables(&output.clean), Raw::Read(&output), dir.path(), &Silent);
    assert!(refused.unwrap_err().to_string().contains("training.csv"));
    assert!(!dir.path().join(JSON_FILE).exists());
}

#[test]
fn every_fault_of_the_real_files_is_named_with_its_number() {
    let Some(shared) = real_data::shared() else { return };
    let output = read(&shared.join("data"));
    let eda = analyzed(&Data::of_tables(&output.clean), Raw::Read(&output), WITHOUT_SIGNAL);
    assert_eq!(eda.faults.rows_read, Some(22_998 + 156_972));
    let found = |code: &str| {
        eda.faults.found.iter().find(|f| f.code == code).map(|f| {
            let by: Vec<(&str, u64)> = f.by_source.iter().map(|c| (c.label.as_str(), c.n)).collect();
            (f.n, by)
        })
    };
    // Counted by an independent program.
    assert_eq!(
        found("duration_in_rating"),
        Some((295, vec![("hulu_titles.csv", 292), ("netflix_titles.csv", 3)]))
    );
    assert_eq!(
        found("audience_empty"),
        Some((
            1_159,
            vec![
                ("amazon_prime_titles.csv", 337),
                ("disney_plus_titles.csv", 3),
                ("hulu_titles.csv", 812),
                ("netflix_titles.csv", 7)
            ]
        ))
    );
    assert_eq!(found("date_with_space"), Some((88, vec![("netflix_titles.csv", 88)])));
    assert_eq!(
        found("invisible_characters"),
        Some((9, vec![("amazon_prime_titles.csv", 2), ("hulu_titles.csv", 1), ("netflix_titles.csv", 6)]))
    );
    assert_eq!(found("cast_without_letter"), Some((37, vec![("amazon_prime_titles.csv", 37)])));
    assert_eq!(found("cast_suffix").unwrap().0, 25 + 1 + 3);
    assert_eq!(found("unknown_title").unwrap().0, 12);
    assert_eq!(found("rating_out_of_range"), Some((9, vec![("8.csv", 9)])));
    assert_eq!((found("superseded").unwrap().0, found("repeated").unwrap().0), (25, 40));
    assert_eq!(found("platform_without_cast"), Some((3_073, vec![("hulu", 3_073)])));
    assert_eq!(found("date_added_empty").unwrap().0, 9_513 + 3 + 28 + 10);
    assert_eq!(found("duration_zero"), Some((10, vec![("amazon", 10)])));
    assert_eq!(found("date_unreadable"), None);
    assert!(eda.faults.absent.iter().any(|code| code == "bad_quoting"));

    let longest = &eda.catalog.longest[0];
    assert_eq!((longest.id.as_str(), longest.value as u64), ("as934", 601));
    let html = page(&eda);
    for fault in &eda.faults.found {
        assert!(html.contains(&fault.what), "{}", fault.code);
    }
    check_tags(&html);
    assert_eq!(eda.overview.rated_titles, 2_168);
    assert_eq!(eda.catalog.works_by_platforms.iter().sum::<u64>(), eda.overview.works);
}
