//! Filters that may have several values, any of which may match: `platform=hulu&platform=netflix`,
//! `platform=hulu,netflix`, and in JSON also an array.

use std::fmt::Debug;

use catalog::Kind;

use super::params::{Param, ParamList};
use super::reader::{Form, Given, Reader, cut};
use super::spec::{Absent, MAX_TEXT, MAX_VALUES, Spec, Values};
use super::value::Value;

/// The values of a filter without duplicates; empty if the filter is not given.
#[derive(Debug)]
pub(crate) struct Several<T>(pub(crate) Vec<T>);

/// Type of a filter that accepts several values.
pub(crate) trait Item: Sized + Debug + PartialEq {
    /// Reads one text or one JSON value, which may hold several. Returns `None` if one of them is wrong; the
    /// reader then has a fault.
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Vec<Self>>;

    /// The number of values that it counts as.
    fn n_values(&self) -> usize {
        1
    }
}

/// A name as it was given, which may be several separated by commas. Only the names of a release show
/// whether a comma separates names or is part of one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Name {
    text: String,
    /// The same text of a query, where `+` means a blank, with `+` as it is.
    with_plus: Option<String>,
}

/// Returns the names that were given: each text as a whole if there is such a name, and otherwise its parts
/// between commas, without duplicates. `16+` in a query is a name of that spelling, if there is one.
pub(crate) fn names(given: &[Name], is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    for Name { text, with_plus } in given {
        if let Some(whole) = with_plus.iter().chain([text]).find(|whole| is_known(whole)) {
            names.push(whole.clone());
            continue;
        }
        let n_before = names.len();
        let with_blanks = |part: &str| part.replace('+', " ").trim().to_owned();
        let parts = cut(with_plus.as_deref().unwrap_or(text));
        names.extend(parts.map(|part| match with_plus {
            Some(_) if !is_known(part) => with_blanks(part),
            _ => part.to_owned(),
        }));
        if names.len() == n_before {
            // Only commas: an unknown name.
            names.push(text.clone());
        }
    }
    without_repeated(names)
}

/// Removes duplicates, and keeps the first of each.
fn without_repeated<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut distinct = Vec::with_capacity(values.len());
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// Returns names as a domain takes them.
pub(crate) fn as_texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

impl Item for Name {
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Vec<Self>> {
        let Some(text) = given.literal(Form::Word) else {
            reader.fail(spec.name, format!("{} is not a text", given.shown()));
            return None;
        };
        let n_characters = text.chars().count();
        if n_characters > MAX_TEXT {
            reader.fail(spec.name, format!("{n_characters} characters are more than {MAX_TEXT}"));
            return None;
        }
        Some(vec![Self { with_plus: given.with_plus().map(|text| text.trim().to_owned()), text }])
    }

    fn n_values(&self) -> usize {
        cut(&self.text).count()
    }
}

/// Reads each part between commas separately.
fn read_parts<T: Value>(reader: &mut Reader<'_>, spec: &Spec, given: &Given<'_>) -> Option<Vec<T>> {
    let parts: Vec<Option<T>> = given.parts().into_iter().map(|part| T::read(reader, spec, part)).collect();
    // Each is read before any of them ends it.
    parts.into_iter().collect()
}

impl Item for Kind {
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Vec<Self>> {
        read_parts(reader, spec, &given)
    }
}

impl Item for u16 {
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Vec<Self>> {
        read_parts(reader, spec, &given)
    }
}

impl<T: Item> Param<Several<T>> {
    /// Any number of values, any of which may match.
    pub(crate) const fn several(name: &'static str, values: &'static Values, about: &'static str) -> Self {
        Self::with(Spec {
            name,
            values: Values::Several(values),
            absent: Absent::Ignored,
            is_in_path: false,
            about,
        })
    }
}

impl<T: Item> ParamList for Param<Several<T>> {
    type Values = Several<T>;

    fn read(&self, reader: &mut Reader<'_>) -> Option<Several<T>> {
        let Values::Several(values) = self.spec.values else {
            unreachable!("{} has several", self.spec.name)
        };
        let one = Spec { values: *values, ..self.spec };
        let given = reader.take_all(&self.spec);
        let read: Vec<Option<Vec<T>>> = given.into_iter().map(|given| T::read(reader, &one, given)).collect();
        let values: Vec<T> = read.into_iter().collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
        let n_values: usize = values.iter().map(T::n_values).sum();
        if n_values > MAX_VALUES {
            reader.fail(self.spec.name, format!("{n_values} values are more than {MAX_VALUES}"));
            return None;
        }
        Some(Several(without_repeated(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::RawParams;

    const AUDIENCE: Param<Several<Name>> = Param::several("audience", &Values::Text, "");
    const KIND: Param<Several<Kind>> = Param::several("kind", &Values::OneOf(&["movie", "series"]), "");

    /// Returns the names of a query, in a release that has these.
    fn named(query: &str, known: &[&str]) -> Vec<String> {
        let given = RawParams::of_query(query).read(&AUDIENCE).unwrap();
        names(&given.0, |name| known.contains(&name))
    }

    #[test]
    fn names_are_cut_at_commas_unless_the_whole_is_a_name() {
        let known = ["g", "pg-13", "arts, and culture"];
        for (query, expected) in [
            ("audience=g&audience=pg-13", &["g", "pg-13"][..]),
            ("audience=g,%20pg-13,", &["g", "pg-13"]),
            ("audience=arts,+and+culture", &["arts, and culture"]),
            ("audience=arts,+and+culture&audience=g", &["arts, and culture", "g"]),
            ("audience=arts,+g", &["arts", "g"]),
            ("audience=&audience=", &[]),
            ("audience=,", &[","]),
            ("audience=g&audience=g&audience=pg-13,g,g", &["g", "pg-13"]),
        ] {
            assert_eq!(named(query, &known), expected, "{query}");
        }
    }

    #[test]
    fn a_plus_is_a_plus_where_a_name_has_one() {
        let known = ["16+", "16", "not rated"];
        for (query, expected) in [
            ("audience=16+", &["16+"][..]),
            ("audience=16%2B", &["16+"]),
            ("audience=16", &["16"]),
            ("audience=16%20", &["16"]),
            ("audience=not+rated,16+", &["not rated", "16+"]),
            ("audience=18+", &["18"]),
        ] {
            assert_eq!(named(query, &known), expected, "{query}");
        }
        assert_eq!(named("audience=16+", &["16"]), ["16"]);
    }

    #[test]
    fn words_are_cut_at_commas_and_each_is_checked() {
        let read = |query: &str| RawParams::of_query(query).read(&KIND);
        assert_eq!(read("kind=Movie,series&kind=movie").unwrap().0, [Kind::Movie, Kind::Series]);
        assert_eq!(read("").unwrap().0, []);
        let problem = serde_json::to_string(&read("kind=podcast,movie,song").unwrap_err()).unwrap();
        assert!(problem.contains("podcast") && problem.contains("song"), "{problem}");
        assert!(read(&format!("kind={}", "movie,".repeat(MAX_VALUES))).is_ok());
        let names = |query: &str| RawParams::of_query(query).read(&AUDIENCE).map(|_| ());
        let kinds = |query: &str| read(query).map(|_| ());
        for problem in [
            kinds(&format!("kind={}", "movie,".repeat(MAX_VALUES + 1))),
            names(&format!("audience={}&audience=h", "g,".repeat(MAX_VALUES))),
            names(&"&audience=g".repeat(MAX_VALUES + 1)),
        ] {
            let problem = serde_json::to_string(&problem.unwrap_err()).unwrap();
            assert!(problem.contains("51 values are more than 50"), "{problem}");
        }
    }
}
