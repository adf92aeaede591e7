//! What a reader should know before using a column.

use std::fmt::Write as _;

use super::html::escape;
use crate::report::Alert;

pub(super) fn draw(alerts: &[Alert]) -> String {
    if alerts.is_empty() {
        return "<p>There is nothing to watch out for.</p>".to_owned();
    }
    let mut html = String::from("<ul class=\"alerts\">");
    for alert in alerts {
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
