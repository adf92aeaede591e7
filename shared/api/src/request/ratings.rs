//! The body of `POST /recommendations`: ratings, and the parameters of a list as fields next to them.

use std::fmt;

use catalog::{Scale, TitleId};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::params::ParamList;
use super::reader::Reader;
use super::spec::{Absent, Spec, Values};
use crate::json::PlainValue;
use crate::problem::Problem;

/// The maximum number of ratings in a request.
const MAX_RATINGS: usize = 1000;

/// The maximum depth of a body; a valid one needs 3.
const MAX_BODY_DEPTH: usize = 8;

/// The field of the ratings.
pub(crate) const RATINGS: Spec = Spec {
    name: "ratings",
    values: Values::Ratings(MAX_RATINGS),
    absent: Absent::Refused("give ratings"),
    is_in_path: false,
    about: "What the new user has rated.",
};

/// Ratings by title id.
type Ratings = Vec<(String, f32)>;

#[derive(Debug, Deserialize)]
struct Body {
    ratings: Vec<GivenRating>,
    /// Everything else: the parameters of the list, and whatever does not belong here.
    #[serde(flatten)]
    fields: Fields,
}

/// The fields of an object in their order. A field that comes twice is here twice, which a map would hide.
#[derive(Debug)]
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, PlainValue(value))) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenRating {
    id: String,
    rating: f64,
}

/// Reads a body: the ratings by title id, which are on a scale, and the values of the list.
pub(crate) fn read_ratings<P: ParamList>(
    body: &[u8],
    list: &P,
    scale: Scale,
) -> Result<(Ratings, P::Values), Problem> {
    if depth(body) > MAX_BODY_DEPTH {
        return Err(Problem::one_invalid("body", format!("is nested more than {MAX_BODY_DEPTH} deep")));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let body: Body = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| Problem::one_invalid(&place(error.path()), error.inner().to_string()))?;
    json.end().map_err(|error| Problem::one_invalid("body", error.to_string()))?;
    let mut reader = Reader::of_body(body.fields.0, RATINGS.name);
    let values = list.read(&mut reader);
    let ratings = check(body.ratings, scale, &mut reader);
    reader.finish(values.map(|values| (ratings, values)))
}

/// Returns how deeply the arrays and objects of a JSON text are nested. For any other text the number means
/// nothing.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for &byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth = depth.saturating_add(1),
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn place(path: &serde_path_to_error::Path) -> String {
    if path.iter().next().is_none() { "body".to_owned() } else { path.to_string() }
}

/// Returns the valid ratings, and reports the others to the reader.
fn check(given: Vec<GivenRating>, scale: Scale, reader: &mut Reader<'_>) -> Ratings {
    if given.len() > MAX_RATINGS {
        reader.fail(RATINGS.name, format!("{} ratings are more than {MAX_RATINGS}", given.len()));
    }
    let mut ratings = Vec::with_capacity(given.len().min(MAX_RATINGS));
    for (i, GivenRating { id, rating }) in given.into_iter().take(MAX_RATINGS).enumerate() {
        if let Err(error) = TitleId::new(&id) {
            reader.fail(&format!("ratings[{i}].id"), error.to_string());
        }
        match scale.check(rating as f32) {
            Ok(rating) => ratings.push((id, rating)),
            Err(error) => reader.fail(&format!("ratings[{i}].rating"), error.to_string()),
        }
    }
    ratings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::params::Param;

    /// `serde_json` would parse the text of such a key as JSON, in which the depth was never counted.
    #[test]
    fn a_key_of_the_parser_is_refused_like_any_other_field() {
        let n = Param::whole("n", 1, 100, "").default(10);
        let read = |body: &str| {
            let scale = Scale::new(0.5, 5.0).unwrap();
            let read = read_ratings::<Param<usize>>(body.as_bytes(), &n, scale);
            read.map(|(_, n)| n).map_err(|problem| serde_json::to_string(&problem).unwrap())
        };
        assert_eq!(read(r#"{"ratings":[],"n":5}"#), Ok(5));
        for (body, field) in [
            (r#"{"ratings":[],"n":{"$serde_json::private::RawValue":" 5 "}}"#, "n"),
            (r#"{"ratings":[],"n":{"\u0024serde_json::private::RawValue":"[[[[[[[[[[[[]]]]]]]]]]]]"}}"#, "n"),
            (r#"{"ratings":[],"n":[{"a":{"$serde_json::private::Number":"5"}}]}"#, "n"),
            (r#"{"ratings":[],"$serde_json::private::RawValue":"5"}"#, "$serde_json::private::RawValue"),
        ] {
            let problem = read(body).unwrap_err();
            assert!(problem.contains(&format!(r#""parameter":"{field}""#)), "{body}: {problem}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        for (text, expected) in [
            ("", 0),
            ("5", 0),
            (r#"{"ratings":[{"id":"a"}],"n":[]}"#, 3),
            (r#"["[[[[", "\"[[", "\\"]"#, 1),
            ("]]]][", 1),
            ("[[[", 3),
        ] {
            assert_eq!(depth(text.as_bytes()), expected, "{text}");
        }
    }
}
