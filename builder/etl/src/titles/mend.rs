//! Reads rows whose quotes are wrong, if there is only one way to read them.

use std::collections::HashSet;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

/// A row with more quotes is not worth the search.
const MAX_QUOTES: usize = 200;
/// No catalog has more columns.
const MAX_FIELDS: usize = 200;

/// Splits a line into `n_fields` fields, if that is possible in exactly one way.
///
/// First, a backslash before a quote escapes it, as in files of `MySQL` and Spark. Then, a quote in a field
/// is part of it, as in files edited by hand: only a quote before a separator or the end can close the field.
/// A field without quotes around it contains none.
pub(super) fn mend(line: &[u8], separator: u8, n_fields: usize) -> Option<Vec<Vec<u8>>> {
    let quotes: Vec<usize> = memchr_iter(b'"', line).take(MAX_QUOTES + 1).collect();
    if quotes.len() > MAX_QUOTES || n_fields > MAX_FIELDS {
        return None;
    }
    backslashed(line, separator).filter(|fields| fields.len() == n_fields).or_else(|| {
        let is_end = |end: &usize| line.get(*end).is_none_or(|b| *b == separator);
        let closed = quotes.iter().map(|quote| quote + 1).filter(is_end).collect();
        let mut search = Search { line, separator, closed, dead: HashSet::new(), found: Vec::new() };
        search.fields(0, n_fields, &mut Vec::new());
        match &search.found[..] {
            [only] => Some(only.iter().map(|range| unquoted(&line[range.clone()])).collect()),
            _ => None,
        }
    })
}

/// Splits a line whose quotes are escaped by backslashes; `None` if it has no such quote, or a wrong one.
fn backslashed(line: &[u8], separator: u8) -> Option<Vec<Vec<u8>>> {
    if !line.windows(2).any(|pair| pair == b"\\\"") {
        return None;
    }
    let (mut fields, mut rest) = (Vec::new(), line);
    loop {
        let mut field = Vec::new();
        if let Some(mut inner) = rest.strip_prefix(b"\"") {
            loop {
                match inner {
                    [b'\\', escaped @ (b'"' | b'\\'), after @ ..] | [b'"', escaped @ b'"', after @ ..] => {
                        field.push(*escaped);
                        inner = after;
                    }
                    [b'"', after @ ..] => {
                        rest = after;
                        break;
                    }
                    [byte, after @ ..] => {
                        field.push(*byte);
                        inner = after;
                    }
                    [] => return None,
                }
            }
        } else {
            let end = rest.iter().position(|&b| b == separator).unwrap_or(rest.len());
            field.extend_from_slice(&rest[..end]);
            rest = &rest[end..];
        }
        fields.push(field);
        match rest {
            [] => return Some(fields),
            [first, after @ ..] if *first == separator => rest = after,
            _ => return None,
        }
    }
}

/// Search for the ways to split a line. It ends at the second one.
struct Search<'a> {
    line: &'a [u8],
    separator: u8,
    /// Where a field with quotes can end.
    closed: Vec<usize>,
    /// Beginnings and numbers of fields that lead nowhere.
    dead: HashSet<(usize, usize)>,
    found: Vec<Vec<Range<usize>>>,
}

impl Search<'_> {
    /// Splits what begins at `at` into `n` fields, after those in `before`.
    fn fields(&mut self, at: usize, n: usize, before: &mut Vec<Range<usize>>) {
        if n == 0 || self.dead.contains(&(at, n)) {
            return;
        }
        let n_found = self.found.len();
        for end in self.ends(at) {
            before.push(at..end);
            if end == self.line.len() {
                if n == 1 {
                    self.found.push(before.clone());
                }
            } else {
                self.fields(end + 1, n - 1, before);
            }
            before.pop();
            if self.found.len() > 1 {
                return;
            }
        }
        if self.found.len() == n_found {
            self.dead.insert((at, n));
        }
    }

    /// Returns where a field that begins at `at` can end.
    fn ends(&self, at: usize) -> Vec<usize> {
        let rest = &self.line[at..];
        if rest.first() == Some(&b'"') {
            return self.closed.iter().copied().filter(|end| *end > at + 1).collect();
        }
        let end = memchr(self.separator, rest).unwrap_or(rest.len());
        if memchr(b'"', &rest[..end]).is_some() { Vec::new() } else { vec![at + end] }
    }
}

/// Removes the quotes around a field, and one of two in it.
fn unquoted(field: &[u8]) -> Vec<u8> {
    let Some(inner) = field.strip_prefix(b"\"").and_then(|f| f.strip_suffix(b"\"")) else {
        return field.to_vec();
    };
    let (mut text, mut rest) = (Vec::with_capacity(inner.len()), inner);
    while let [byte, after @ ..] = rest {
        text.push(*byte);
        rest = if *byte == b'"' { after.strip_prefix(b"\"").unwrap_or(after) } else { after };
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str, n_fields: usize) -> Option<Vec<String>> {
        let fields = mend(line.as_bytes(), b',', n_fields)?;
        Some(fields.into_iter().map(|field| String::from_utf8(field).unwrap()).collect())
    }

    #[test]
    fn quotes_that_can_be_read_in_one_way_are_mended() {
        for (line, fields) in [
            (r#"a,"He said "no" and left""#, ["a", r#"He said "no" and left"#]),
            (r#"a,"He said "no", and left""#, ["a", r#"He said "no", and left"#]),
            (r#"a,"He said \"no\", and left""#, ["a", r#"He said "no", and left"#]),
            (r#"a,"no \"""#, ["a", r#"no ""#]),
            (r#"a,"1\\2 and \"x\"""#, ["a", r#"1\2 and "x""#]),
            (r#"a,"one "two"""#, ["a", r#"one "two""#]),
            (r#""a","say ""x"" or "y" now""#, ["a", r#"say "x" or "y" now"#]),
        ] {
            assert_eq!(read(line, 2), Some(fields.map(str::to_owned).to_vec()), "{line}");
        }
    }

    #[test]
    fn quotes_that_can_be_read_in_several_ways_or_none_are_not_mended() {
        // The first could be three fields or one with quotes in it.
        for (line, n_fields) in [
            (r#""a","b","c" d","e""#, 3),
            (r#"a,"The gr"#, 2),
            (r#"a,"b" c"#, 2),
            (r#"a,"b "c" d""#, 3),
            (r#"a,"b"#, 1),
        ] {
            assert_eq!(read(line, n_fields), None, "{line}");
        }
        let long = format!("a,\"{}\"", "\" ".repeat(MAX_QUOTES));
        assert_eq!(read(&long, 2), None);
    }

    proptest! {
        #[test]
        fn a_correct_line_is_read_as_it_is_meant(fields in prop::collection::vec("[ab ,]{0,5}", 1..5)) {
            let line: Vec<String> = fields.iter().map(|field| format!("\"{field}\"")).collect();
            prop_assert_eq!(read(&line.join(","), fields.len()).unwrap_or(fields.clone()), fields);
        }

        #[test]
        fn no_line_panics(line in "[a\",\\\\]{0,60}", n_fields in 0..6_usize) {
            if let Some(fields) = read(&line, n_fields) {
                prop_assert_eq!(fields.len(), n_fields);
            }
        }
    }
}
