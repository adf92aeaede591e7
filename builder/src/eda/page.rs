//! `eda.html`: the analysis as one page that asks for nothing else.

use std::fmt::Write as _;

use artifact::Digest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::charts::{
    Bar, Named, count, escape, heatmap, histogram, interval, line, lying_bars, number, scatter, short, table,
};
use super::columns::day;
use super::report::{
    Activity, Associations, Bin, Catalogue, ColumnCard, ColumnType, Comparison, Count, Eda, Extreme, Grid,
    SignalCard, TableCard,
};
use crate::etl::Reason;

const STYLE: &str = include_str!("page.css");
/// Ratings a month needs for its mean to be drawn.
const MONTH_DRAWN: u64 = 30;

const SCRIPT: &str = include_str!("page.js");

/// The style as it stands in the page.
fn style() -> String {
    format!("\n{STYLE}")
}

/// The script as it stands in the page.
fn script() -> String {
    format!("\n{SCRIPT}")
}

/// The page's security policy: no request at all (the icon is empty, since a browser would ask for one), and no style or script but its own, which are named by their
/// digests (Content Security Policy Level 3, section 8.4).
pub(super) fn policy() -> String {
    let source =
        |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Digest::of(text.as_bytes()).as_bytes()));
    format!(
        "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        source(&style()),
        source(&script())
    )
}

/// Draws the analysis. The page has no other source than `eda`, and its security policy forbids every request.
pub fn page(eda: &Eda) -> String {
    let mut body = String::new();
    let mut sections: Vec<(&str, &str, String)> = Vec::new();
    if let Some(card) = &eda.signal {
        sections.push(("signal", "Is there anything to learn?", signal(card)));
    }
    sections.push(("faults", "What was wrong with the data", faults(eda)));
    sections.push(("alerts", "What to know before using it", alerts(eda)));
    sections.push(("catalogue", "What the platforms have", catalogue(eda)));
    sections.push(("activity", "Who rates what, and when", activity(eda)));
    sections.push((
        "associations",
        "What goes together",
        eda.associations.iter().map(associations).collect(),
    ));
    sections.push(("training", "What the recommender is trained on", training(eda)));
    if let Some(comparison) = &eda.comparison {
        sections.push(("comparison", "Against the other table", compared(comparison)));
    }
    for of in &eda.tables {
        let name: (&str, &str) = if of.name == "titles" {
            ("titles", "The titles, column by column")
        } else {
            ("ratings", "The ratings, column by column")
        };
        sections.push((name.0, name.1, columns(of)));
    }
    body.push_str("<nav aria-label=\"Contents\"><ul>");
    for (id, heading, _) in &sections {
        let _ = write!(body, "<li><a href=\"#{id}\">{heading}</a></li>");
    }
    body.push_str("</ul></nav>");
    for (id, heading, content) in &sections {
        let _ = write!(
            body,
            "<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{heading}</h2>\n{content}</section>\n"
        );
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"description\" content=\"What is in the catalogues and ratings, what was wrong with them, and whether anything can be learnt from them.\">\n<link rel=\"icon\" href=\"data:,\">\n<title>Cartelera: what is in the data</title>\n<style>{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">To the content</a>\n<header><h1>What is in the data</h1>{}</header>\n<main id=\"content\">\n{body}</main>\n\
         <footer><p class=\"note\">Made by cartelera {} from eda.json, which holds every number on this page.</p></footer>\n\
         <div id=\"tip\" role=\"status\" aria-live=\"polite\" hidden></div>\n<script>{}</script>\n</body>\n</html>\n",
        policy(),
        style(),
        overview(eda),
        escape(&eda.builder),
        script()
    )
}

fn percent(share: f64) -> String {
    format!("{}%", number(100.0 * share, 1))
}

fn ratio(n: u64, of: u64) -> String {
    percent(n as f64 / of.max(1) as f64)
}

fn overview(eda: &Eda) -> String {
    let o = &eda.overview;
    let mut tiles = vec![
        ("titles", count(o.titles)),
        ("works (a film on two platforms is one)", count(o.works)),
        ("titles with a rating", format!("{} ({})", count(o.rated_titles), ratio(o.rated_titles, o.titles))),
        ("users", count(o.users)),
        ("ratings", count(o.ratings)),
        ("density, users × rated titles", format!("{}%", number(100.0 * o.density, 3))),
    ];
    if let (Some(mean), Some(sd)) = (o.mean_rating, o.sd_rating) {
        tiles.push(("mean rating ± standard deviation, stars", format!("{mean:.2} ± {sd:.2}")));
    }
    if let (Some(first), Some(last)) = (&o.first_day, &o.last_day) {
        tiles.push(("rated from", first.clone()));
        tiles.push(("rated until", last.clone()));
    }
    let mut html = String::from("<dl class=\"tiles\">");
    for (name, value) in tiles {
        let _ = write!(html, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value));
    }
    html + "</dl>"
}

fn signal(card: &SignalCard) -> String {
    let s = &card.signal;
    let v = s.variance;
    let gain = interval(
        Named {
            title: "How much knowing the title helps",
            note: "The model's error on held-out ratings, against that of a twin trained with each user's titles shuffled. An interval that includes 0 means chance.",
            x: "error saved, stars (RMSE), with its 95% interval",
            y: "error saved",
        },
        s.gain,
        s.gain_low,
        s.gain_high,
    );
    let shares = [
        ("who rates", v.user),
        ("which title", v.title),
        ("taste, predicted", v.interaction),
        ("the rest", v.rest),
    ];
    let bars: Vec<Bar> = shares
        .iter()
        .map(|(name, share)| Bar {
            edge: (*name).to_owned(),
            label: (*name).to_owned(),
            values: vec![100.0 * share],
        })
        .collect();
    let shares = lying_bars(
        Named {
            title: "Where the differences between ratings come from",
            note: "The rest is noise, and taste that the model does not catch.",
            x: "share of the variance, %",
            y: "source",
        },
        &[],
        &bars,
    );
    format!(
        "<p class=\"verdict\">{}</p><div class=\"figures\">{gain}{shares}</div><p class=\"note\">{} ratings were used, {} random splits; trained were {}. {}</p>",
        escape(&card.sentence),
        count(card.ratings_used),
        s.n_seeds,
        escape(&card.model),
        escape(&s.verdict)
    )
}

fn counts_in_words(counts: &[Count]) -> String {
    let words: Vec<String> = counts.iter().map(|c| format!("{} {}", c.label, count(c.n))).collect();
    words.join("; ")
}

fn faults(eda: &Eda) -> String {
    let f = &eda.faults;
    let codes = || f.found.iter().map(|fault| fault.code.as_str()).chain(f.absent.iter().map(String::as_str));
    let rejects_known = codes().any(|code| Reason::from_name(code).is_some());
    let intro = match f.rows_read {
        Some(rows) => format!("{} rows were read. Every row is clean, rejected with its reason, or superseded.", count(rows)),
        None if rejects_known => "Clean tables were analysed, with the rows that were rejected. What was repaired in others, they do not tell; with the raw files every fault is named."
            .to_owned(),
        None => "Clean tables were analysed, which do not tell what was cleaned; with the raw files every fault is named."
            .to_owned(),
    };
    let rows: Vec<Vec<String>> = f
        .found
        .iter()
        .map(|f| {
            vec![
                f.what.clone(),
                count(f.n),
                f.handling.clone(),
                counts_in_words(&f.by_source),
                f.examples.iter().map(|e| short(e, 60)).collect::<Vec<_>>().join("\n"),
            ]
        })
        .collect();
    let absent = if f.absent.is_empty() {
        String::new()
    } else {
        format!(
            "<p class=\"note\">Looked for and not found: {}.</p>",
            escape(&f.absent.join(", ").replace('_', " "))
        )
    };
    format!(
        "<p>{intro}</p>{}{absent}",
        table("Faults", &["fault", "number", "what became of it", "where", "examples"], &rows)
    )
}

fn alerts(eda: &Eda) -> String {
    if eda.alerts.is_empty() {
        return "<p>Nothing.</p>".to_owned();
    }
    let mut html = String::from("<ul class=\"alerts\">");
    for alert in &eda.alerts {
        let _ = write!(
            html,
            "<li><span class=\"tag\">{}</span> <strong>{}</strong> ({}): {}</li>",
            escape(&alert.kind),
            escape(&alert.column),
            escape(&alert.table),
            escape(&alert.text)
        );
    }
    html + "</ul>"
}

/// What a bar of whole numbers is called.
fn bars(bins: &[Bin], whole: bool) -> Vec<Bar> {
    let named = bins.iter().map(|bin| {
        let edge = number(bin.low, 2);
        let label = match (whole, bin.high - bin.low > 1.0) {
            (true, true) => format!("{edge}–{}", number(bin.high - 1.0, 2)),
            (true, false) => edge.clone(),
            (false, _) => format!("{edge}–{}", number(bin.high, 2)),
        };
        Bar { edge, label, values: vec![bin.n as f64] }
    });
    named.collect()
}

fn years(bins: &[Bin]) -> Vec<Bar> {
    bars(bins, true)
        .into_iter()
        .map(|bar| Bar { edge: bar.edge.replace(',', ""), label: bar.label.replace(',', ""), ..bar })
        .collect()
}

fn of_counts(counts: &[Count]) -> Vec<Bar> {
    counts
        .iter()
        .map(|c| Bar { edge: c.label.clone(), label: c.label.clone(), values: vec![c.n as f64] })
        .collect()
}

fn of_grid(grid: &Grid) -> Vec<Bar> {
    grid.rows
        .iter()
        .zip(&grid.counts)
        .map(|(name, counts)| Bar {
            edge: name.clone(),
            label: name.clone(),
            values: counts.iter().map(|&n| n as f64).collect(),
        })
        .collect()
}

fn named_titles(caption: &str, unit: &str, rows: &[Extreme]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|e| vec![e.label.clone(), number(e.value, 2), e.id.clone()]).collect();
    format!("<div class=\"card\">{}</div>", table(caption, &["title", unit, "id"], &rows))
}

/// Works that two platforms share.
fn overlap(c: &Catalogue) -> String {
    // What is shared is little beside the whole of a platform, and has the scale to itself.
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
    heatmap(
        Named {
            title: "Works that two platforms share",
            note: &format!(
                "On the diagonal, all works of the platform. {} works are on more than one.",
                count(several)
            ),
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
                format!("{n} works on {} and {}", c.overlap.rows[a], c.overlap.columns[b])
            }
        },
    )
}

fn catalogue(eda: &Eda) -> String {
    let c = &eda.catalogue;
    let kinds: Vec<&str> = c.by_year.columns.iter().map(String::as_str).collect();
    let mut figures = String::new();
    let lying = |title: &str, y: &str, x: &str, counts: &[Count]| {
        if counts.is_empty() {
            return String::new();
        }
        lying_bars(Named { title, note: "", x, y }, &[], &of_counts(counts))
    };
    figures += &lying_bars(
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
    figures += &lying(
        "Titles by country (the first 20)",
        "country",
        "titles; each counts for all its countries",
        &c.by_country,
    );
    figures += &lying(
        "Titles by genre (the first 20)",
        "genre",
        "titles; each counts for all its genres",
        &c.by_genre,
    );
    figures +=
        &lying("Titles by audience rating (the first 20)", "audience rating", "titles", &c.by_audience);
    if !c.film_minutes.is_empty() {
        figures += &histogram(
            Named {
                title: "How long films are",
                note: &match (c.lower_fence, c.upper_fence) {
                    (Some(low), Some(high)) => format!(
                        "{} films lie above {} minutes and {} below {}: three times the distance of the quartiles beyond them. The vertical axis is logarithmic.",
                        count(c.long_films),
                        number(high, 1),
                        count(c.short_films),
                        number(low.max(0.0), 1)
                    ),
                    _ => String::new(),
                },
                x: "minutes",
                y: "films",
            },
            &[],
            &bars(&c.film_minutes, true),
            true,
        );
        figures += &named_titles("The longest films", "minutes", &c.longest);
        figures += &named_titles("The shortest films", "minutes", &c.shortest);
    }
    if !c.seasons.is_empty() {
        figures += &histogram(
            Named {
                title: "How many seasons series have",
                note: "The vertical axis is logarithmic.",
                x: "seasons",
                y: "titles",
            },
            &[],
            &bars(&c.seasons, true),
            true,
        );
    }
    format!("<div class=\"figures\">{figures}</div>")
}

fn activity(eda: &Eda) -> String {
    let a = &eda.activity;
    if a.by_rating.is_empty() {
        return "<p>There are no ratings.</p>".to_owned();
    }
    let share = |gini: Option<f64>, top: Option<f64>, who: &str| {
        format!(
            "Gini coefficient {}; the first hundredth of the {who} {} of the ratings. Both axes are logarithmic.",
            gini.map_or_else(|| "–".to_owned(), |g| number(g, 3)),
            top.map_or_else(|| "–".to_owned(), percent)
        )
    };
    let mut figures = String::new();
    let stars: Vec<Bar> =
        bars(&a.by_rating, false).into_iter().map(|b| Bar { label: b.edge.clone(), ..b }).collect();
    figures += &histogram(
        Named {
            title: "Ratings by value",
            note: "A value between half stars counts for the one below.",
            x: "rating, stars",
            y: "ratings",
        },
        &[],
        &stars,
        false,
    );
    figures += &histogram(
        Named {
            title: "Ratings a user",
            note: &share(a.gini_users, a.top_users_share, "users gave"),
            x: "ratings of one user",
            y: "users",
        },
        &[],
        &bars(&a.by_user, true),
        true,
    );
    figures += &histogram(
        Named {
            title: "Ratings a rated title",
            note: &share(a.gini_titles, a.top_titles_share, "titles got"),
            x: "ratings of one title",
            y: "titles",
        },
        &[],
        &bars(&a.by_title, true),
        true,
    );
    format!("<div class=\"figures\">{figures}{}{}</div>", means(eda), over_time(&eda.activity))
}

/// Means of titles, beside what chance would make of them.
fn means(eda: &Eda) -> String {
    let a = &eda.activity;
    let mut figures = String::new();
    let points: Vec<(f64, f64, String)> =
        a.points.iter().map(|p| (p.n as f64, p.mean, p.label.clone())).collect();
    let (mean, sd) = (eda.overview.mean_rating.unwrap_or(0.0), eda.overview.sd_rating.unwrap_or(0.0));
    let most = points.iter().map(|p| p.0).fold(2.0, f64::max);
    let lowest = points.iter().map(|p| p.1).fold(f64::MAX, f64::min);
    let highest = points.iter().map(|p| p.1).fold(f64::MIN, f64::max);
    let band: Vec<(f64, f64, f64)> = (0..=40)
        .map(|k| {
            let n = most.powf(f64::from(k) / 40.0);
            let half = 1.96 * sd / n.sqrt();
            (n, (mean - half).max(lowest - 0.05), (mean + half).min(highest + 0.05))
        })
        .collect();
    figures += &scatter(
        Named {
            title: "Mean of a title against its number of ratings",
            note: &format!(
                "{} of the rated titles. In the band lie 95% of the means where ratings are dealt to titles at random.",
                count(a.points.len() as u64)
            ),
            x: "ratings (logarithmic)",
            y: "mean rating, stars",
        },
        &points,
        &band,
    );
    let spread: Vec<Bar> = a
        .mean_by_count
        .iter()
        .map(|g| Bar {
            edge: if g.low == g.high {
                count(g.low)
            } else {
                format!("{}–{}", count(g.low), count(g.high))
            },
            label: format!("{}–{} ratings, {} titles", count(g.low), count(g.high), count(g.titles)),
            values: vec![g.sd / g.sd_by_chance.max(1e-9)],
        })
        .collect();
    figures += &lying_bars(
        Named {
            title: "How far title means differ, against chance",
            note: "1 is what ratings dealt at random would have; above it titles differ.",
            x: "spread (standard deviation), multiples of chance",
            y: "ratings a title",
        },
        &[],
        &spread,
    );
    figures
}

fn over_time(a: &Activity) -> String {
    let mut figures = String::new();
    let mut sizes: Vec<u64> = a.months.iter().map(|m| m.n).collect();
    sizes.sort_unstable();
    let log = sizes.last() > sizes.get(sizes.len() / 2).map(|n| 50 * (n + 1)).as_ref();
    let months: Vec<Bar> = a
        .months
        .iter()
        .map(|m| Bar { edge: m.month.clone(), label: m.month.clone(), values: vec![m.n as f64] })
        .collect();
    figures += &histogram(
        Named {
            title: "Ratings over time",
            note: if log {
                "The vertical axis is logarithmic, since few months have most of the ratings."
            } else {
                ""
            },
            x: "month",
            y: "ratings",
        },
        &[],
        &months,
        log,
    );
    // A mean of a few ratings is noise, and stretches the axis for all.
    let least = sizes.last().map_or(0, |&most| MONTH_DRAWN.min(most));
    let means: Vec<(String, Option<f64>, String)> = a
        .months
        .iter()
        .map(|m| {
            let mean = m.mean.map_or_else(String::new, |v| number(v, 3));
            (
                m.month.clone(),
                m.mean.filter(|_| m.n >= least),
                format!("{}: mean {mean} of {} ratings", m.month, count(m.n)),
            )
        })
        .collect();
    figures += &line(
        Named {
            title: "The mean rating over time",
            note: &a.drift_per_year.map_or_else(String::new, |d| {
                format!(
                    "It moves by {} stars a year (line of least squares, months weighed by their ratings). \
                     Months with {least} ratings or more are drawn.",
                    number(d, 4)
                )
            }),
            x: "month",
            y: "mean rating, stars",
        },
        &means,
    );
    let cold: Vec<Bar> = a
        .cold
        .iter()
        .map(|c| Bar {
            edge: c.platform.clone(),
            label: c.platform.clone(),
            values: vec![(c.titles - c.cold) as f64, (c.cold - c.cold_works) as f64, c.cold_works as f64],
        })
        .collect();
    figures += &lying_bars(
        Named {
            title: "Titles without ratings",
            note: "Cold titles can be placed by what the catalogue says of them alone.",
            x: "titles",
            y: "platform",
        },
        &["rated here", "rated on another platform", "cold"],
        &cold,
    );
    figures
}

fn associations(a: &Associations) -> String {
    let n = a.columns.len();
    let mut values = vec![vec![None; n]; n];
    let mut spoken = vec![vec![String::new(); n]; n];
    for pair in &a.pairs {
        let shown = pair.value.map_or_else(|| "none".to_owned(), |v| number(v, 3));
        let text = format!(
            "{} and {}: {} {shown}, {} rows",
            a.columns[pair.a],
            a.columns[pair.b],
            measure_name(&pair.measure),
            count(pair.n)
        );
        for (x, y) in [(pair.a, pair.b), (pair.b, pair.a)] {
            values[x][y] = pair.value;
            spoken[x][y].clone_from(&text);
        }
    }
    let used = if a.rows_used < a.rows {
        format!(" {} of {} rows, at equal distances.", count(a.rows_used), count(a.rows))
    } else {
        String::new()
    };
    let drawing = heatmap(
        Named {
            title: &format!("Associations: {}", a.table),
            note: &format!(
                "In hundredths. Two numbers: Spearman's ρ (orange below 0); two categories: Cramér's V, corrected for bias; a category and a number: correlation ratio η.{used}"
            ),
            ..Named::default()
        },
        &a.columns,
        &a.columns,
        &values,
        1.0,
        &|x, y| spoken[x][y].clone(),
    );
    let mut strongest: Vec<_> = a.pairs.iter().filter(|p| p.value.is_some() && p.n >= 100).collect();
    strongest.sort_by(|x, y| y.value.map_or(0.0, f64::abs).total_cmp(&x.value.map_or(0.0, f64::abs)));
    let rows: Vec<Vec<String>> = strongest
        .iter()
        .take(12)
        .map(|p| {
            vec![
                format!("{} and {}", a.columns[p.a], a.columns[p.b]),
                number(p.value.unwrap_or(0.0), 3),
                measure_name(&p.measure).to_owned(),
                count(p.n),
            ]
        })
        .collect();
    format!(
        "{drawing}<h3>The strongest: {}</h3>{}",
        escape(&a.table),
        table("Strongest associations", &["columns", "value", "measure", "rows"], &rows)
    )
}

/// What a measure of association is called.
pub(super) fn measure_name(name: &str) -> &str {
    match name {
        "spearman" => "Spearman's ρ",
        "cramers_v" => "Cramér's V",
        _ => "η",
    }
}

fn training(eda: &Eda) -> String {
    let mut html = String::from(
        "<p>training.csv has a row a rating, pooled over works; training_titles.csv a row a work, with the columns that are kept.</p><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Columns kept and dropped\"><table><caption>Columns kept and dropped</caption><thead><tr><th scope=\"col\">column</th><th scope=\"col\">table</th><th scope=\"col\">choice</th><th scope=\"col\">role</th><th scope=\"col\">with the rating</th><th scope=\"col\">why</th></tr></thead><tbody>",
    );
    for c in &eda.training {
        let (class, word) = if c.kept { ("kept", "kept") } else { ("dropped", "dropped") };
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"{class}\">{word}</td><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            escape(&c.column),
            escape(&c.table),
            escape(&c.role),
            c.with_rating.map_or_else(|| "–".to_owned(), |v| number(v, 3)),
            escape(&c.reason)
        );
    }
    html + "</tbody></table></div>"
}

fn compared(c: &Comparison) -> String {
    let counts: Vec<Vec<String>> = c
        .counts
        .iter()
        .map(|row| {
            let change = if row.other == 0.0 {
                "–".to_owned()
            } else {
                format!("{}%", number(100.0 * (row.this / row.other - 1.0), 1))
            };
            vec![row.what.clone(), number(row.this, 4), number(row.other, 4), change]
        })
        .collect();
    let shifts: Vec<Bar> = c
        .shifts
        .iter()
        .filter_map(|s| {
            s.psi.map(|psi| Bar {
                edge: s.column.clone(),
                label: format!("{} of {} ({})", s.column, s.table, s.level),
                values: vec![psi],
            })
        })
        .collect();
    let missing: Vec<Vec<String>> = c
        .shifts
        .iter()
        .map(|s| {
            let psi = s.psi.map_or_else(|| "–".to_owned(), |v| number(v, 3));
            vec![
                s.column.clone(),
                s.table.clone(),
                psi,
                s.level.clone(),
                percent(s.missing),
                percent(s.missing_other),
            ]
        })
        .collect();
    format!(
        "<p>This table against {}, which is the expected one.</p>{}<div class=\"figures\">{}</div>{}",
        escape(&c.other),
        table("Sizes", &["", "here", "there", "change"], &counts),
        lying_bars(
            Named {
                title: "How far distributions moved",
                note: "Population stability index: below 0.1 nothing moved, above 0.25 much did.",
                x: "population stability index",
                y: "column",
            },
            &[],
            &shifts
        ),
        table("Shifts", &["column", "table", "index", "shift", "missing here", "missing there"], &missing)
    )
}

fn columns(of: &TableCard) -> String {
    let mut html = format!("<p>{} rows.</p><div class=\"figures\">", count(of.rows));
    for card in &of.columns {
        html += &column(card);
    }
    html.push_str("</div>");
    if of.name == "titles" {
        html += "<h3>What is missing together</h3>";
        let patterns: Vec<Bar> = of
            .missing
            .iter()
            .map(|p| {
                let label = if p.columns.is_empty() { "nothing".to_owned() } else { p.columns.join(", ") };
                Bar { edge: label.clone(), label, values: vec![p.n as f64] }
            })
            .collect();
        html += "<div class=\"figures\">";
        html += &lying_bars(
            Named { title: "Patterns of missing values", x: "titles", y: "missing", ..Named::default() },
            &[],
            &patterns,
        );
        let shown: Vec<usize> = (0..of.columns.len())
            .filter(|&at| of.missing_by_platform.iter().any(|p| p.shares[at] > 0.0))
            .collect();
        let names: Vec<String> = shown.iter().map(|&at| of.columns[at].name.clone()).collect();
        let parts: Vec<String> = of.missing_by_platform.iter().map(|p| p.part.clone()).collect();
        let values: Vec<Vec<Option<f64>>> = shown
            .iter()
            .map(|&at| of.missing_by_platform.iter().map(|p| Some(100.0 * p.shares[at])).collect())
            .collect();
        let note = "Share of titles without a value, %. Films have minutes and series seasons, so one of the two is always missing.";
        html += &heatmap(
            Named { title: "Missing values by platform", note, ..Named::default() },
            &names,
            &parts,
            &values,
            100.0,
            &|row, at| {
                format!(
                    "{}, {}: {}% missing",
                    names[row],
                    parts[at],
                    number(values[row][at].unwrap_or(0.0), 1)
                )
            },
        );
        html += "</div>";
    }
    if !of.duplicates.is_empty() {
        html += "<h3>What stands more than once</h3>";
        let rows: Vec<Vec<String>> =
            of.duplicates.iter().map(|d| vec![d.what.clone(), count(d.n), d.examples.join("\n")]).collect();
        html += &table("Duplicates", &["what", "number", "examples"], &rows);
    }
    html += "<h3>A sample of rows</h3>";
    let header: Vec<&str> = of.sample_columns.iter().map(String::as_str).collect();
    html + &table("Rows at equal distances", &header, &of.sample)
}

fn column(card: &ColumnCard) -> String {
    let value = |v: f64| match card.column_type {
        ColumnType::Date => day(v as i64),
        _ if card.name == "release_year" => format!("{v:.0}"),
        _ => number(v, 3),
    };
    let mut html = format!(
        "<article class=\"card\"><h3>{} <span class=\"type\">{}</span></h3><dl><dt>missing</dt><dd>{} ({})</dd><dt>different</dt><dd>{}</dd>",
        escape(&card.name),
        card.column_type.as_str(),
        count(card.missing),
        ratio(card.missing, card.rows),
        count(card.distinct)
    );
    let what = match card.column_type {
        ColumnType::Text | ColumnType::Identifier => "length, characters".to_owned(),
        ColumnType::List => "items a row".to_owned(),
        _ if card.unit.is_empty() => "value".to_owned(),
        _ => card.unit.clone(),
    };
    if let Some(s) = card.spread {
        let _ = write!(
            html,
            "<dt>{}</dt><dd>{} to {}</dd><dt>5%, 25%, 50%, 75%, 95%</dt><dd>{}; {}; {}; {}; {}</dd>",
            escape(&what),
            value(s.min),
            value(s.max),
            value(s.p05),
            value(s.p25),
            value(s.median),
            value(s.p75),
            value(s.p95)
        );
        if card.column_type == ColumnType::Date {
            let _ = write!(html, "<dt>mean</dt><dd>{}</dd>", value(s.mean));
        } else {
            let _ = write!(
                html,
                "<dt>mean ± deviation</dt><dd>{} ± {}</dd><dt>skewness</dt><dd>{}</dd>",
                value(s.mean),
                number(s.sd, 3),
                number(s.skewness, 2)
            );
        }
    }
    html.push_str("</dl>");
    if card.histogram.len() > 1 {
        let drawn = match card.column_type {
            ColumnType::Date => bars(&card.histogram, false)
                .into_iter()
                .zip(&card.histogram)
                .map(|(bar, bin)| {
                    let month = day(bin.low as i64)[..7].to_owned();
                    Bar { edge: month.clone(), label: month, ..bar }
                })
                .collect(),
            _ if card.name == "release_year" => years(&card.histogram),
            _ => bars(&card.histogram, card.unit != "stars"),
        };
        let (x, title) = (
            if card.column_type == ColumnType::Date { "month" } else { &what },
            format!("Distribution of {}", card.name),
        );
        html += &histogram(Named { title: &title, note: "", x, y: "rows" }, &[], &drawn, false);
    }
    if matches!(card.column_type, ColumnType::Category | ColumnType::List) && !card.top.is_empty() {
        let title = format!("Commonest values of {}", card.name);
        let shown = card.top.len().min(8);
        let x = if card.column_type == ColumnType::List { "items" } else { "rows" };
        html += &lying_bars(
            Named { title: &title, note: "", x, y: "value" },
            &[],
            &of_counts(&card.top[..shown]),
        );
    }
    let list = |name: &str, words: Vec<String>| {
        if words.is_empty() {
            return String::new();
        }
        format!("<details><summary>{name}</summary><p>{}</p></details>", escape(&words.join("; ")))
    };
    let mut top: Vec<String> =
        card.top.iter().map(|c| format!("{} {}", short(&c.label, 60), count(c.n))).collect();
    if card.other > 0 && !top.is_empty() {
        top.push(format!("all others {}", count(card.other)));
    }
    let heading =
        if card.column_type == ColumnType::Text { "Values that repeat" } else { "Commonest values" };
    html += &list(heading, top);
    let extremes = |rows: &[Extreme]| {
        rows.iter()
            .map(|e| format!("{} ({} {})", value(e.value), e.id, short(&e.label, 40)))
            .collect::<Vec<_>>()
    };
    html += &list("Lowest", extremes(&card.lowest));
    html += &list("Highest", extremes(&card.highest));
    html + "</article>\n"
}
