//! Lists: separated by commas or another character, or written as a literal of Python or JSON.

use super::{clean_text, is_nothing};

/// Splits a list into items in lower case, without empty ones (rule 7). A cell in brackets is a literal such
/// as `['a', "b"]`, whatever the separator; if its items are objects, as in `[{'id': 1, 'name': 'a'}]`, their
/// names are taken. Items of a literal are split at commas too, since a clean item has none.
pub(crate) fn split_list(raw: &str, separator: char) -> Vec<String> {
    match literal(raw) {
        Some(items) => items.iter().flat_map(|item| split_at(item, &[','])).collect(),
        None => split_at(raw, &[separator, ',']),
    }
}

/// Splits a list at each of `separators`, into items in lower case.
fn split_at(raw: &str, separators: &[char]) -> Vec<String> {
    raw.split(separators)
        .map(|item| clean_text(item).to_lowercase())
        .filter(|item| !item.is_empty())
        .collect()
}

/// Returns the separator of a column, from its cells: a comma if any cell outside of literals has one.
/// Otherwise a semicolon or a bar, whichever more cells have; otherwise a slash, if at least a third of the
/// cells has one, because labels such as `Sci-Fi/Fantasy` have one too.
pub(crate) fn separator_of<'a>(cells: impl Iterator<Item = &'a str>) -> char {
    let (mut n, mut semicolons, mut bars, mut slashes) = (0, 0, 0, 0);
    for cell in cells {
        if cell.trim().is_empty() || is_nothing(cell.trim()) || literal(cell).is_some() {
            continue;
        }
        if cell.contains(',') {
            return ',';
        }
        n += 1;
        semicolons += usize::from(cell.contains(';'));
        bars += usize::from(cell.contains('|'));
        slashes += usize::from(cell.contains('/'));
    }
    if semicolons + bars > 0 {
        if semicolons >= bars { ';' } else { '|' }
    } else if slashes > 0 && 3 * slashes >= n {
        '/'
    } else {
        ','
    }
}

/// A cast, and the faults of its items.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cast {
    pub(crate) names: Vec<String>,
    /// Items without a letter, which were dropped.
    pub(crate) without_letter: u64,
    /// Suffixes that were cut off by a comma.
    pub(crate) suffixes: u64,
}

/// Splits a cast into names in lower case, like [`split_list`]. Items without a letter are dropped, and a
/// suffix is joined to the name before it (`robert downey, jr.` becomes `robert downey jr.`). A suffix with
/// nothing before it is kept as a name (rule 7).
pub(crate) fn split_cast(raw: &str, separator: char) -> Cast {
    let mut cast = Cast::default();
    for item in split_list(raw, separator) {
        if !item.chars().any(char::is_alphabetic) {
            cast.without_letter += 1;
            continue;
        }
        match cast.names.last_mut() {
            Some(name) if is_suffix(&item) => {
                cast.suffixes += 1;
                name.push(' ');
                name.push_str(&item);
            }
            _ => cast.names.push(item),
        }
    }
    cast
}

fn is_suffix(item: &str) -> bool {
    let plain: String = item.chars().filter(|&c| c != '.').collect();
    matches!(plain.as_str(), "jr" | "sr" | "ii" | "iii" | "iv" | "phd" | "md" | "esq")
}

/// Reads a list in brackets, as Python or JSON write it; `None` if the cell is something else.
fn literal(raw: &str) -> Option<Vec<String>> {
    let inside = raw.trim().strip_prefix('[')?.strip_suffix(']')?;
    let (mut items, mut chars) = (Vec::new(), inside.chars().peekable());
    let (mut bare, mut is_name, mut in_object) = (String::new(), false, false);
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let text = quoted(&mut chars, c)?;
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
                if !chars.peek().is_none_or(|next| matches!(next, ',' | ':' | '}')) {
                    return None;
                }
                if chars.peek() == Some(&':') {
                    is_name = text == "name";
                } else if !in_object || is_name {
                    items.push(text);
                    is_name = false;
                }
            }
            '{' => in_object = true,
            '}' => in_object = false,
            ',' => push_bare(&mut items, &mut bare, in_object),
            _ => bare.push(c),
        }
    }
    push_bare(&mut items, &mut bare, in_object);
    Some(items)
}

/// Takes an item without quotes, unless it is empty, part of an object, or a word for nothing.
fn push_bare(items: &mut Vec<String>, bare: &mut String, in_object: bool) {
    let item = clean_text(bare);
    if !item.is_empty() && !in_object && !is_nothing(&item) && !item.contains(':') {
        items.push(item);
    }
    bare.clear();
}

/// Reads up to the quote that ends a string; `None` if it does not end.
fn quoted(chars: &mut impl Iterator<Item = char>, quote: char) -> Option<String> {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next()?),
            c if c == quote => return Some(text),
            c => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn casts_keep_suffixes_and_drop_what_is_not_a_name() {
        let cast = split_cast("Clifton Collins, Jr., 1, , Dr. Steven Greer, M.D. ,劳奕嘉, 9m88,2", ',');
        assert_eq!(cast.names, ["clifton collins jr.", "dr. steven greer m.d.", "劳奕嘉", "9m88"]);
        assert_eq!((cast.without_letter, cast.suffixes), (2, 2));
        assert_eq!(split_cast("MD, Ann", ',').names, ["md", "ann"]);
        assert_eq!(split_list(", South Korea,France,", ','), ["south korea", "france"]);
        assert_eq!(split_list("", ','), Vec::<String>::new());
    }

    #[test]
    fn literals_are_lists_whatever_the_separator() {
        for (text, items) in [
            ("['Drama', \"War\"]", vec!["drama", "war"]),
            (r#" ["Drama","Ocean\'s"] "#, vec!["drama", "ocean's"]),
            (r#"["Conan O'Brien", 'a "b"']"#, vec!["conan o'brien", "a \"b\""]),
            ("[]", vec![]),
            ("[nan]", vec![]),
            ("[Drama, War]", vec!["drama", "war"]),
            ("[{'id': 1, 'name': 'Drama'}, {\"name\": \"War\", \"id\": 2}]", vec!["drama", "war"]),
            ("['a, b']", vec!["a", "b"]),
            // Not literals.
            ("[REC], 'It'", vec!["[rec]", "'it'"]),
            ("['it's']", vec!["['it's']"]),
        ] {
            assert_eq!(split_list(text, ','), items, "{text}");
        }
        assert_eq!(split_cast("['Robert Downey, Jr.', 'Ann']", ',').names, ["robert downey jr.", "ann"]);
    }

    #[test]
    fn a_column_has_one_separator() {
        let of = |cells: &[&str]| separator_of(cells.iter().copied());
        assert_eq!(of(&["a; b", "c"]), ';');
        assert_eq!(of(&["a|b", "c", "", "e;f|g"]), '|');
        assert_eq!(of(&["a/b", "c / d", "e"]), '/');
        assert_eq!(of(&["a", "Sci-Fi/Fantasy", "b", "c"]), ',');
        assert_eq!(of(&["a; b", "c, d"]), ',');
        assert_eq!(of(&["['a', 'b']", "c|d"]), '|');
        assert_eq!((of(&[]), of(&["a"])), (',', ','));
        assert_eq!(split_list("Drama ; War", ';'), ["drama", "war"]);
        assert_eq!(split_cast("Ann; Bob; Jr", ';').names, ["ann", "bob jr"]);
    }

    proptest! {
        #[test]
        fn items_are_clean_whatever_the_cell(raw in "([\\[\\]{}'\",;|/:\\\\ aÉ.]|name|Jr|nan){0,20}", at in 0..4_usize) {
            for item in split_cast(&raw, [',', ';', '|', '/'][at]).names {
                prop_assert!(!item.contains(',') && item.trim() == item && !item.is_empty());
                prop_assert_eq!(item.to_lowercase(), item);
            }
        }

        #[test]
        fn a_literal_is_read_back(items in prop::collection::vec("[a-z'\" \\\\]{0,6}", 0..5), json in any::<bool>()) {
            let write = |item: &String| {
                let quote = if json { '"' } else { '\'' };
                let escaped: String =
                    item.chars().flat_map(|c| (c == quote || c == '\\').then_some('\\').into_iter().chain([c])).collect();
                format!("{quote}{escaped}{quote}")
            };
            let text = format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(", "));
            let clean: Vec<String> = items.iter().map(|i| clean_text(i)).filter(|i| !i.is_empty()).collect();
            prop_assert_eq!(split_list(&text, ';'), clean);
        }
    }
}
