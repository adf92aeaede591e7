//! Lists: separated by commas or another character, or written as a literal of Python or JSON.

use super::{clean_text, is_nothing};

/// Splits a list into items, without empty ones (rule 7). A cell in brackets is a literal such as
/// `['a', "b"]`, whatever the separator; if its items are objects, as in `[{'id': 1, 'name': 'a'}]`, their
/// names are taken. A comma that does not separate items is kept.
pub(crate) fn split_list(raw: &str, separator: char) -> Vec<String> {
    let clean = |item: &str| Some(clean_text(item)).filter(|item| !item.is_empty());
    match literal(raw) {
        Some(items) => items.iter().filter_map(|item| clean(item)).collect(),
        None => raw.split(separator).filter_map(clean).collect(),
    }
}

/// Returns the separator of a column, from its cells outside of literals: a comma, a semicolon or a bar,
/// whichever most cells have. If no cell has one, a slash, provided that at least a third of the cells has
/// it, because labels such as `Sci-Fi/Fantasy` have one too.
pub(crate) fn separator_of<'a>(cells: impl Iterator<Item = &'a str>) -> char {
    let (mut n, mut commas, mut semicolons, mut bars, mut slashes) = (0, 0, 0, 0, 0);
    for cell in cells {
        if cell.trim().is_empty() || is_nothing(cell.trim()) || literal(cell).is_some() {
            continue;
        }
        n += 1;
        commas += usize::from(cell.contains(','));
        semicolons += usize::from(cell.contains(';'));
        bars += usize::from(cell.contains('|'));
        slashes += usize::from(cell.contains('/'));
    }
    let most = commas.max(semicolons).max(bars);
    if most > 0 {
        let found = [(commas, ','), (semicolons, ';'), (bars, '|')].into_iter().find(|(n, _)| *n == most);
        found.map_or(',', |(_, separator)| separator)
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

/// Splits a cast into names, like [`split_list`]. Items without a letter are dropped, and a suffix is joined
/// to the name before it (`Robert Downey, Jr.` becomes `Robert Downey Jr.`). A suffix with nothing before it
/// is kept as a name (rule 7).
pub(crate) fn split_cast(raw: &str, separator: char) -> Cast {
    let mut cast = Cast::default();
    for item in split_list(raw, separator) {
        if !item.chars().any(char::is_alphabetic) {
            cast.without_letter += 1;
            continue;
        }
        // In a list that is not separated by commas, the suffix is part of the item.
        let (name, suffix) = match item.rsplit_once(',') {
            Some((name, suffix)) if is_suffix(suffix.trim()) => (name.trim(), Some(suffix.trim())),
            _ => (item.as_str(), None),
        };
        for part in [Some(name), suffix].into_iter().flatten().filter(|part| !part.is_empty()) {
            match cast.names.last_mut() {
                Some(before) if is_suffix(part) => {
                    cast.suffixes += 1;
                    before.push(' ');
                    before.push_str(part);
                }
                _ => cast.names.push(part.to_owned()),
            }
        }
    }
    cast
}

fn is_suffix(item: &str) -> bool {
    let plain: String = item.chars().filter(|&c| c != '.').flat_map(char::to_lowercase).collect();
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
        assert_eq!(cast.names, ["Clifton Collins Jr.", "Dr. Steven Greer M.D.", "劳奕嘉", "9m88"]);
        assert_eq!((cast.without_letter, cast.suffixes), (2, 2));
        assert_eq!(split_cast("MD, Ann", ',').names, ["MD", "Ann"]);
        assert_eq!(split_list(", South Korea,France,", ','), ["South Korea", "France"]);
        assert_eq!(split_list("", ','), Vec::<String>::new());
    }

    #[test]
    fn literals_are_lists_whatever_the_separator() {
        for (text, items) in [
            ("['Drama', \"War\"]", vec!["Drama", "War"]),
            (r#" ["Drama","Ocean\'s"] "#, vec!["Drama", "Ocean's"]),
            (r#"["Conan O'Brien", 'a "b"']"#, vec!["Conan O'Brien", "a \"b\""]),
            ("[]", vec![]),
            ("[nan]", vec![]),
            ("[Drama, War]", vec!["Drama", "War"]),
            ("[{'id': 1, 'name': 'Drama'}, {\"name\": \"War\", \"id\": 2}]", vec!["Drama", "War"]),
            ("['a, b']", vec!["a, b"]),
            // Not literals.
            ("[REC], 'It'", vec!["[REC]", "'It'"]),
            ("['it's']", vec!["['it's']"]),
        ] {
            assert_eq!(split_list(text, ','), items, "{text}");
        }
        assert_eq!(split_cast("['Robert Downey, Jr.', 'Ann']", ',').names, ["Robert Downey Jr.", "Ann"]);
    }

    #[test]
    fn a_column_has_one_separator() {
        let of = |cells: &[&str]| separator_of(cells.iter().copied());
        assert_eq!(of(&["a; b", "c"]), ';');
        assert_eq!(of(&["a|b", "c", "", "e;f|g"]), '|');
        assert_eq!(of(&["a/b", "c / d", "e"]), '/');
        assert_eq!(of(&["a", "Sci-Fi/Fantasy", "b", "c"]), ',');
        assert_eq!(of(&["a; b", "c, d"]), ',');
        assert_eq!(of(&["a|b", "c, d|e", "f|g"]), '|');
        assert_eq!(of(&["['a', 'b']", "c|d"]), '|');
        assert_eq!((of(&[]), of(&["a"])), (',', ','));
        assert_eq!(split_list("Drama ; War", ';'), ["Drama", "War"]);
        assert_eq!(split_cast("Ann; Bob; Jr", ';').names, ["Ann", "Bob Jr"]);
        assert_eq!(split_cast("Downey, Robert, Jr.|Lee, Ann", '|').names, ["Downey, Robert Jr.", "Lee, Ann"]);
        assert_eq!(split_list("Arts, and Culture; War", ';'), ["Arts, and Culture", "War"]);
    }

    proptest! {
        #[test]
        fn items_are_clean_whatever_the_cell(raw in "([\\[\\]{}'\",;|/:\\\\ aÉ.]|name|Jr|nan){0,20}", at in 0..4_usize) {
            for item in split_cast(&raw, [',', ';', '|', '/'][at]).names {
                prop_assert_eq!(clean_text(&item), item.clone());
                prop_assert!(!item.is_empty());
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
