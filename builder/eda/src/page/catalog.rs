//! What the platforms offer.

use super::bars::{of_bins, of_counts, of_grid};
use super::charts::{Named, heatmap, histogram, horizontal_bars};
use super::html::{Row, table};
use crate::report::{Catalog, Count, EditionSuffix, Extreme};
use crate::text::{count, left_out, number};

pub(super) fn draw(c: &Catalog) -> String {
    let kinds: Vec<&str> = c.by_year.columns.iter().map(String::as_str).collect();
    let mut figures = horizontal_bars(
        Named { title: "Titles by platform and kind", x: "titles", y: "platform", ..Named::default() },
        &kinds,
        &of_grid(&c.by_platform),
    );
    if !c.by_year.rows.is_empty() {
        figures += &histogram(
            Named { title: "Titles by release year", x: "release year", y: "titles", ..Named::default() },
            &kinds,
            &of_grid(&c.by_year),
            false,
        );
    }
    figures += &overlap(c);
    for (title, y, x, counts, n_left_out) in [
        (
            "Titles by country (the 20 most frequent)",
            "country",
            "titles; each counts for all its countries",
            &c.by_country,
            c.countries_left_out,
        ),
        (
            "Titles by canonical genre (the 20 most frequent)",
            "canonical genre",
            "titles; each counts for all its genres",
            &c.by_canonical_genre,
            c.canonical_genres_left_out,
        ),
        (
            "Titles by genre, as the platforms call it (the 20 most frequent)",
            "genre",
            "titles; each counts for all its genres",
            &c.by_genre,
            c.genres_left_out,
        ),
        (
            "Titles by audience rating (the 20 most frequent)",
            "audience rating",
            "titles",
            &c.by_audience,
            c.audiences_left_out,
        ),
    ] {
        figures += &by_label(Named { title, note: &left_out(n_left_out, y), x, y }, counts);
    }
    format!("<div class=\"figures\">{figures}{}{}{}</div>", lengths(c), seasons(c), editions(c))
}

fn by_label(named: Named<'_>, counts: &[Count]) -> String {
    if counts.is_empty() { String::new() } else { horizontal_bars(named, &[], &of_counts(counts)) }
}

/// Works that two platforms share.
fn overlap(c: &Catalog) -> String {
    // Two platforms share little compared with all works of one, so the color scale is that of the shared
    // works.
    let shared = c
        .overlap
        .counts
        .iter()
        .enumerate()
        .flat_map(|(a, row)| row.iter().enumerate().filter(move |&(b, _)| a != b).map(|(_, &n)| n));
    let high = shared.max().unwrap_or(0) as f64;
    let values: Vec<Vec<Option<f64>>> =
        c.overlap.counts.iter().map(|row| row.iter().map(|&n| Some(n as f64)).collect()).collect();
    let several: u64 = c.works_by_platforms.iter().skip(1).sum();
    let on_several = if several == 1 {
        "1 work is on more than one platform.".to_owned()
    } else {
        format!("{} works are on more than one platform.", count(several))
    };
    heatmap(
        Named {
            title: "Works that two platforms share",
            note: format!(
                "The diagonal shows all works of a platform. {on_several} {}",
                left_out(c.overlap_left_out, "platform")
            )
            .trim_end(),
            ..Named::default()
        },
        &c.overlap.rows,
        &c.overlap.columns,
        &values,
        high,
        &|a, b| {
            let n = count(c.overlap.counts[a][b]);
            if a == b {
                format!("{}: {n} works", c.overlap.rows[a])
            } else {
                format!("{n} works on both {} and {}", c.overlap.rows[a], c.overlap.columns[b])
            }
        },
    )
}

fn lengths(c: &Catalog) -> String {
    if c.film_minutes.is_empty() {
        return String::new();
    }
    let films = |n: u64| if n == 1 { "1 film is".to_owned() } else { format!("{} films are", count(n)) };
    // No film is shorter than nothing, so a fence below 0 is not worth a word.
    let short = c.lower_fence.filter(|&low| low > 0.0).map_or_else(String::new, |low| {
        format!(", and {} shorter than {} minutes", films(c.short_films), number(low, 1))
    });
    let beyond = c.upper_fence.map_or_else(String::new, |high| {
        format!(
            "{} longer than {} minutes{short}: more than three times the interquartile range beyond the \
             quartiles. ",
            films(c.long_films),
            number(high, 1)
        )
    });
    let note = format!("{beyond}The vertical axis is logarithmic.");
    let drawing = histogram(
        Named { title: "How long films are", note: &note, x: "minutes", y: "films" },
        &[],
        &of_bins(&c.film_minutes),
        true,
    );
    drawing
        + &named_titles("The longest films", &c.longest)
        + &named_titles("The shortest films", &c.shortest)
}

fn named_titles(caption: &str, rows: &[Extreme]) -> String {
    let rows: Vec<Row> =
        rows.iter().map(|e| vec![e.label.clone(), number(e.value, 2), e.id.clone()]).collect();
    format!("<div class=\"card\">{}</div>", table(caption, &["title", "minutes", "id"], &rows))
}

/// Titles with a technical suffix, and how many of them that joined to other titles.
fn editions(c: &Catalog) -> String {
    let e = &c.editions;
    if e.titles == 0 {
        return String::new();
    }
    let row = |s: &EditionSuffix| vec![s.suffix.clone(), count(s.titles), count(s.joined)];
    let rows: Vec<Row> = e.suffixes.iter().map(row).collect();
    let caption = format!(
        "Editions: {} of {} titles with a technical suffix are one work with another title. {}",
        count(e.joined),
        count(e.titles),
        left_out(e.suffixes_left_out, "suffix")
    );
    let columns = ["suffix", "titles", "joined to another title"];
    format!("<div class=\"card\">{}</div>", table(caption.trim_end(), &columns, &rows))
}

fn seasons(c: &Catalog) -> String {
    if c.seasons.is_empty() {
        return String::new();
    }
    histogram(
        Named {
            title: "How many seasons series have",
            note: "The vertical axis is logarithmic.",
            x: "seasons",
            y: "titles",
        },
        &[],
        &of_bins(&c.seasons),
        true,
    )
}
