//! `eda.html`: the analysis as one page that loads nothing else.

use std::fmt::Write as _;

mod activity;
mod alerts;
mod associations;
mod bars;
mod catalog;
mod charts;
mod columns;
mod comparison;
mod faults;
mod html;
mod overview;
mod signal;
mod training;

use artifact::{PAGE_SCRIPT, PAGE_STYLE, page_policy};

use self::html::escape;
use crate::report::Eda;

/// A chapter: its anchor, its heading and its content.
type Chapter = (&'static str, &'static str, String);

fn chapters(eda: &Eda) -> Vec<Chapter> {
    let mut all = Vec::new();
    if let Some(card) = &eda.signal {
        all.push(("signal", "Is there anything to learn?", signal::draw(card, eda.overview.scale)));
    }
    all.push(("faults", "What was wrong with the data", faults::draw(&eda.faults)));
    all.push(("alerts", "What to know before using the data", alerts::draw(&eda.alerts, &eda.spellings)));
    all.push(("catalog", "What the platforms offer", catalog::draw(&eda.catalog)));
    all.push(("activity", "Who rates what, and when", activity::draw(&eda.activity, &eda.overview)));
    all.push(("associations", "Which columns are associated", associations::draw(&eda.associations)));
    let has_ratings = eda.overview.ratings > 0;
    if has_ratings {
        all.push(("training", "What the recommender is trained on", training::draw(&eda.training)));
    }
    if let Some(comparison) = &eda.comparison {
        all.push((
            "comparison",
            "How the data differ from the other data set",
            comparison::draw(comparison, eda.overview.scale),
        ));
    }
    for table in eda.tables.iter().filter(|table| has_ratings || table.name == "titles") {
        let (id, heading) = if table.name == "titles" {
            ("titles", "The titles, column by column")
        } else {
            ("ratings", "The ratings, column by column")
        };
        all.push((id, heading, columns::draw(table, eda.overview.scale)));
    }
    all
}

/// Says whether the page is about people.
fn people(eda: &Eda) -> &'static str {
    match (eda.names_people, eda.overview.ratings) {
        (true, _) => {
            "Both name users and show what some of them rated, so keep them as private as the ratings."
        }
        (false, 0) => "",
        (false, _) => "No user is named here, and no rating of a single user is shown.",
    }
}

/// Draws the analysis as an HTML page. Everything on it comes from `eda`, and its security policy forbids all
/// requests.
pub fn page(eda: &Eda) -> String {
    let chapters = chapters(eda);
    let mut body = String::from("<nav aria-label=\"Contents\"><ul>");
    for (id, heading, _) in &chapters {
        let _ = write!(body, "<li><a href=\"#{id}\">{heading}</a></li>");
    }
    body.push_str("</ul></nav>");
    for (id, heading, content) in &chapters {
        let _ = write!(
            body,
            "<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{heading}</h2>\n{content}</section>\n"
        );
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"description\" content=\"What the catalogs and ratings hold, what was wrong with them, and \
         whether anything can be learned from them.\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>Cartelera: what is in the data</title>\n<style>{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header><h1>What is in the data</h1>{}</header>\n\
         <main id=\"content\">\n{body}</main>\n\
         <footer><p class=\"note\">Made by cartelera {} from eda.json, which has every number on this page. {}</p></footer>\n\
         <div id=\"tip\" role=\"status\" aria-live=\"polite\" hidden></div>\n<script>{}</script>\n</body>\n</html>\n",
        page_policy(),
        PAGE_STYLE,
        overview::draw(&eda.overview),
        escape(&eda.builder),
        people(eda),
        PAGE_SCRIPT
    )
}
