//! The types of parameters, and how each is read.

use std::fmt::Debug;
use std::str::FromStr;

use catalog::{DurationUnit, Kind};
use serde_json::Value as Json;

use super::reader::{Form, Given, Reader};
use super::spec::{Absent, MAX_TEXT, Spec, Values};
use crate::answer::{KINDS, UNITS};

/// A type that parameters have.
pub(crate) trait Value: Sized + Debug {
    /// Reads a value. Returns `None` if it is wrong, after telling the reader why.
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Self>;

    /// The value if the parameter is not given, unless it has to be.
    fn absent(_: Absent) -> Option<Self> {
        None
    }
}

impl Value for String {
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Self> {
        let Some(text) = given.literal(Form::Word) else {
            reader.fail(spec.name, format!("{} is not a text", given.shown()));
            return None;
        };
        if spec.values == Values::Id {
            return reader.checked_id(spec.name, text);
        }
        let n_characters = text.chars().count();
        if n_characters > MAX_TEXT {
            reader.fail(spec.name, format!("{n_characters} characters are more than {MAX_TEXT}"));
            return None;
        }
        Some(text)
    }
}

/// Reads a whole number in the range of its specification.
fn whole<T: FromStr + TryInto<usize> + Copy>(
    reader: &mut Reader<'_>,
    spec: &Spec,
    given: &Given<'_>,
) -> Option<T> {
    let Values::Whole(what, low, high) = spec.values else { unreachable!("{} is whole", spec.name) };
    let fits = |n: &T| (*n).try_into().is_ok_and(|n: usize| (low..=high).contains(&n));
    reader.parsed(spec, given, Form::Number, &format!("{what} from {low} to {high}"), fits)
}

/// A number, which may have a default.
pub(crate) trait Number: Value {}

macro_rules! whole_numbers {
    ($($type:ty)*) => {$(
        impl Value for $type {
            fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Self> {
                whole(reader, spec, &given)
            }

            fn absent(absent: Absent) -> Option<Self> {
                if let Absent::Default(value) = absent { value.try_into().ok() } else { None }
            }
        }

        impl Number for $type {}
    )*};
}

whole_numbers! { u16 u32 usize }

impl Value for f64 {
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Self> {
        let Values::Number(what, low, high) = spec.values else { unreachable!("{} is a number", spec.name) };
        let expected = format!("{what} from {low} to {high}");
        reader.parsed(spec, &given, Form::Number, &expected, |number| (low..=high).contains(number))
    }

    fn absent(absent: Absent) -> Option<Self> {
        usize::absent(absent).map(|value| value as f64)
    }
}

impl Number for f64 {}

/// What is true in a query, in any case. A body has the JSON values.
pub(crate) const TRUE: [&str; 3] = ["true", "1", "yes"];
/// What is false in a query.
pub(crate) const FALSE: [&str; 3] = ["false", "0", "no"];

impl Value for bool {
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Self> {
        let flag = given.literal(Form::Flag).and_then(|text| {
            let is_one_of = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
            if is_one_of(TRUE) { Some(true) } else { is_one_of(FALSE).then_some(false) }
        });
        if flag.is_none() {
            reader.fail(spec.name, format!("{} is not one of true, false", given.shown()));
        }
        flag
    }

    fn absent(absent: Absent) -> Option<Self> {
        (absent == Absent::False).then_some(false)
    }
}

/// A type whose values have names.
pub(crate) trait Word: FromStr + Debug {
    /// The names, in the order of the document.
    const WORDS: &'static [&'static str];
}

impl Word for Kind {
    const WORDS: &'static [&'static str] = &KINDS;
}

impl Word for DurationUnit {
    const WORDS: &'static [&'static str] = &UNITS;
}

impl<T: Word> Value for T {
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Self> {
        let expected = format!("one of {}", T::WORDS.join(", "));
        reader.parsed(spec, &given, Form::Word, &expected, |_| true)
    }
}

/// Ids: separated by commas in a query, an array in JSON. A fault names the position, from 0.
impl Value for Vec<String> {
    fn read(reader: &mut Reader<'_>, spec: &Spec, given: Given<'_>) -> Option<Self> {
        let Values::Ids(most) = spec.values else { unreachable!("{} is a list of ids", spec.name) };
        let name = spec.name;
        let ids: Vec<Given<'_>> = match given {
            Given::Text(given) => given.text.split(',').map(Given::of_part).collect(),
            Given::Json(Json::Array(values)) => values.into_iter().map(Given::Json).collect(),
            other => {
                reader.fail(name, format!("{} is not an array of ids", other.shown()));
                return None;
            }
        };
        if ids.len() > most {
            reader.fail(name, format!("{} ids are more than {most}", ids.len()));
            return None;
        }
        let read = ids.iter().enumerate().map(|(i, given)| {
            let place = format!("{name}[{i}]");
            let Some(id) = given.literal(Form::Word) else {
                reader.fail(&place, format!("{} is not an id", given.shown()));
                return None;
            };
            reader.checked_id(&place, id)
        });
        // Each is read before any of them ends it.
        read.collect::<Vec<_>>().into_iter().collect()
    }

    fn absent(_: Absent) -> Option<Self> {
        Some(Vec::new())
    }
}
