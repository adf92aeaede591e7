//! Which columns go into the training table, and why.

use std::fmt::Write as _;

use super::html::escape;
use crate::report::ColumnChoice;
use crate::text::number;

pub(super) fn draw(choices: &[ColumnChoice]) -> String {
    let mut html = String::from(
        "<p>training.csv has one row per rating, pooled by work. training_titles.csv has one row per work, with the \
         columns that are kept.</p>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Columns kept and dropped\"><table>\
         <caption>Columns kept and dropped</caption><thead><tr>",
    );
    for name in ["column", "table", "choice", "role", "association with the rating", "why"] {
        let _ = write!(html, "<th scope=\"col\">{name}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    for c in choices {
        let choice = if c.kept { "kept" } else { "dropped" };
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"{choice}\">{choice}</td><td>{}</td>\
             <td class=\"n\">{}</td><td>{}</td></tr>",
            escape(&c.column),
            escape(&c.table),
            escape(&c.role),
            c.with_rating.map_or_else(|| "–".to_owned(), |v| number(v, 3)),
            escape(&c.reason)
        );
    }
    html + "</tbody></table></div>"
}
