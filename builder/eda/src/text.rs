//! Numbers and texts as the report writes them, in its sentences and on its page.

/// Writes a number with at most `digits` digits after the point, commas between thousands and a true minus
/// sign.
pub(crate) fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("−", rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if grouped == "0" && part.is_empty() { "" } else { sign };
    if part.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{part}") }
}

/// Writes a count with commas between thousands.
pub(crate) fn count(n: u64) -> String {
    number(n as f64, 0)
}

/// Writes a share, 0 to 1, as a percentage with at most one digit after the point.
///
/// Only nothing is `0%` and only everything is `100%`: shares that would round to these are `<0.1%` and
/// `>99.9%`.
pub(crate) fn percent(share: f64) -> String {
    match number(100.0 * share, 1).as_str() {
        "0" if share > 0.0 => "<0.1%".to_owned(),
        "100" if share < 1.0 => ">99.9%".to_owned(),
        text => format!("{text}%"),
    }
}

/// Writes `n` of `of` as a percentage; of nothing, 0%.
pub(crate) fn ratio(n: u64, of: u64) -> String {
    percent(n as f64 / of.max(1) as f64)
}

/// Returns the first `most` characters of a text, the last of them an ellipsis if the text is longer.
pub(crate) fn short(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// The most characters of a name, a word or an id in the report.
const MOST_OF_NAME: usize = 120;
/// The most characters of a cell in a sample or of an example.
const MOST_OF_CELL: usize = 400;

/// Returns a name, a word or an id as it is written in the report: cut if it is long.
pub(crate) fn name(text: &str) -> String {
    visible(short(text, MOST_OF_NAME))
}

/// Returns a cell of a sample or an example as it is written in the report: cut if it is long.
pub(crate) fn cell(text: &str) -> String {
    visible(short(text, MOST_OF_CELL))
}

/// Replaces control characters, each of which would take six bytes of JSON.
fn visible(text: String) -> String {
    if text.chars().any(char::is_control) { text.replace(char::is_control, "\u{FFFD}") } else { text }
}

/// Returns a sentence that says how many values a list leaves out. It is empty for a complete list. `what`
/// names one value.
pub(crate) fn left_out(n: u64, what: &str) -> String {
    match n {
        0 => String::new(),
        1 => format!("One more {what} is not shown."),
        n => format!("{} more are not shown.", count(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let shown =
            [(1_234_567.0, 0), (0.5, 3), (-0.25, 2), (-0.001, 2), (1000.0, 2)].map(|(v, d)| number(v, d));
        assert_eq!(shown, ["1,234,567", "0.5", "−0.25", "0", "1,000"]);
    }

    #[test]
    fn long_texts_are_cut_and_control_characters_replaced() {
        assert_eq!([short("abcdef", 4), short("ñbcd", 4)], ["abc…", "ñbcd"]);
        assert_eq!(name("a\u{1}b\n"), "a\u{FFFD}b\u{FFFD}");
        let long = "é".repeat(1 << 20);
        assert_eq!([name(&long), cell(&long)].map(|text| text.chars().count()), [MOST_OF_NAME, MOST_OF_CELL]);
        assert!(cell(&long).ends_with("é…"));
    }

    #[test]
    fn a_percentage_is_0_or_100_only_where_the_share_is() {
        let shown = [0.0, 0.000_4, 0.000_6, 0.2, 0.125, 0.999_6, 1.0].map(percent);
        assert_eq!(shown, ["0%", "<0.1%", "0.1%", "20%", "12.5%", ">99.9%", "100%"]);
        assert_eq!([ratio(1, 8), ratio(0, 0)], ["12.5%", "0%"]);
    }
}
