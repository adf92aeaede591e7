//! Lists in one cell of a clean table.

/// Joins items by `, `. An item that contains a comma or begins with a quotation mark is put in quotation
/// marks, and those inside are doubled.
pub(crate) fn write(items: &[String]) -> String {
    let mut cell = String::new();
    for item in items {
        if !cell.is_empty() {
            cell.push_str(", ");
        }
        if item.contains(',') || item.starts_with('"') {
            cell.push('"');
            cell.push_str(&item.replace('"', "\"\""));
            cell.push('"');
        } else {
            cell.push_str(item);
        }
    }
    cell
}

/// Splits a cell that [`write()`] wrote. A quotation mark that does not end before a comma is part of the
/// item.
pub(crate) fn read(cell: &str) -> Vec<String> {
    let (mut items, mut rest) = (Vec::new(), cell);
    while !rest.is_empty() {
        let (item, after) = quoted(rest).unwrap_or_else(|| {
            let (item, after) = rest.split_once(", ").unwrap_or((rest, ""));
            (item.to_owned(), after)
        });
        items.push(item);
        rest = after;
    }
    items
}

/// Splits off an item in quotation marks.
fn quoted(cell: &str) -> Option<(String, &str)> {
    let (mut item, mut rest) = (String::new(), cell.strip_prefix('"')?);
    loop {
        let (before, after) = rest.split_once('"')?;
        item.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                item.push('"');
                rest = after;
            }
            None if after.is_empty() => return Some((item, after)),
            None => return after.strip_prefix(", ").map(|after| (item, after)),
        }
    }
}

/// Splits a cell of an earlier version, in which no item contained a comma and none was quoted.
pub(crate) fn read_earlier(cell: &str) -> Vec<String> {
    if cell.is_empty() { Vec::new() } else { cell.split(", ").map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn items_with_commas_are_quoted() {
        let items = ["Drama", "Arts, and Culture", "\"Weird\" Al", "a \"b\""].map(str::to_owned);
        let cell = write(&items);
        assert_eq!(cell, r#"Drama, "Arts, and Culture", """Weird"" Al", a "b""#);
        assert_eq!(read(&cell), items);
        assert_eq!(read(""), Vec::<String>::new());
        assert_eq!(read("\"a, b"), ["\"a", "b"]);
    }

    proptest! {
        #[test]
        fn a_list_is_read_back(items in prop::collection::vec("[a\", é]{0,5}[a\",é]", 0..6)) {
            prop_assert_eq!(read(&write(&items)), items);
        }

        #[test]
        fn no_cell_panics(cell in "[a\", ]{0,12}") {
            let _ = (read(&cell), read_earlier(&cell));
        }
    }
}
