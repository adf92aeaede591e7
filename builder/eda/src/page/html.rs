//! Texts, numbers and tables as HTML.

use std::fmt::Write as _;

/// Escapes a text for HTML, in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

/// A row of a table.
pub(super) type Row = Vec<String>;

/// Draws a table; the first cell of each row is its heading.
pub(super) fn table(caption: &str, header: &[&str], rows: &[Row]) -> String {
    let mut html = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}</caption>\
         <thead><tr>",
        escape(caption)
    );
    for name in header {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(name));
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows {
        html.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let class = if is_number(cell) { " class=\"n\"" } else { "" };
            let cell = escape(cell);
            let _ = if at == 0 {
                write!(html, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(html, "<td{class}>{cell}</td>")
            };
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div>");
    html
}

/// Whether a cell is a short number, which is not broken into lines.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix(['−', '<', '>']).unwrap_or(cell);
    cell.len() < 16 && digits.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a b=\"c\">&"), "&lt;a b=&quot;c&quot;&gt;&amp;");
        let cells = ["<b>", "<0.1%", "−3", "12 of them, and more"].map(str::to_owned).to_vec();
        let html = table("t", &["a"], &[cells]);
        assert!(html.contains("<th scope=\"row\">&lt;b&gt;</th><td class=\"n\">&lt;0.1%</td>"), "{html}");
        assert!(html.contains("<td class=\"n\">−3</td><td>12 of them, and more</td>"), "{html}");
    }
}
