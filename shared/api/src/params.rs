//! Parameters, of a query string or of a JSON body: each by its specification, which says the name and the range once,
//! for the check and for the document ([`crate::document`]); every fault is told at once.

use std::borrow::Cow;
use std::str::FromStr;

use catalog::{DurationUnit, Kind};
use serde_json::Value;

use crate::problem::{ParameterError, Problem};

/// The longest text, in letters.
pub(crate) const MAX_TEXT: usize = 200;

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Values {
    /// A text of at most [`MAX_TEXT`] letters.
    Text,
    /// A text that is a platform of the release, in any case.
    Platform,
    /// An id of a title or a user.
    Id,
    /// At most so many ids.
    Ids(usize),
    /// A whole number in a range, its ends included.
    Whole(&'static str, usize, usize),
    /// A number in a range, its ends included.
    Number(&'static str, f64, f64),
    /// `true` or `false`.
    Flag,
    /// `movie` or `series`.
    Kind,
    /// `min` or `season`.
    Unit,
}

/// What stands in for a parameter that is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Absent {
    /// Nothing: it changes nothing.
    Ignored,
    /// A value.
    Default(usize),
    /// `false`.
    False,
    /// It has to be there; the text says what to give.
    Refused(&'static str),
}

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) values: Values,
    pub(crate) absent: Absent,
    /// What it does, in one sentence.
    pub(crate) about: &'static str,
}

impl Spec {
    pub(crate) const fn new(name: &'static str, values: Values, about: &'static str) -> Self {
        Self { name, values, absent: Absent::Ignored, about }
    }

    pub(crate) const fn or(self, absent: Absent) -> Self {
        Self { absent, ..self }
    }

    /// A release year.
    pub(crate) const fn year(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Values::Whole("a year", 1, 9999), about)
    }

    /// A whole number.
    pub(crate) const fn whole(name: &'static str, low: usize, high: usize, about: &'static str) -> Self {
        Self::new(name, Values::Whole("a whole number", low, high), about)
    }
}

/// One value, as it was given.
#[derive(Debug, Clone)]
enum Given<'a> {
    /// In a query, where everything is text.
    Text(Cow<'a, str>),
    /// In a body, where numbers are numbers.
    Json(Value),
}

/// What a value is in JSON.
#[derive(Debug, Clone, Copy)]
enum Form {
    Word,
    Number,
    Flag,
}

impl Given<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Json(Value::String(text)) => text.trim().is_empty(),
            Self::Json(value) => value.is_null(),
        }
    }

    /// The characters of a value that has the form.
    fn literal(&self, form: Form) -> Option<String> {
        match (self, form) {
            (Self::Text(text), _) => Some(text.trim().to_owned()),
            (Self::Json(Value::String(text)), Form::Word) => Some(text.trim().to_owned()),
            (Self::Json(value @ Value::Number(_)), Form::Number)
            | (Self::Json(value @ Value::Bool(_)), Form::Flag) => Some(value.to_string()),
            _ => None,
        }
    }

    /// The value as an error names it.
    fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("{:?}", text.trim()),
            Self::Json(value) => value.to_string(),
        }
    }
}

/// The parameters of one request. Take each by its specification, then [`Params::finish`].
#[derive(Debug)]
pub(crate) struct Params<'a> {
    given: Vec<(Cow<'a, str>, Given<'a>)>,
    known: Vec<&'static str>,
    errors: Vec<ParameterError>,
}

impl<'a> Params<'a> {
    /// Those of a query string.
    pub(crate) fn new(query: Option<&'a str>) -> Self {
        let given = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self::of(given.map(|(name, text)| (name, Given::Text(text))))
    }

    /// Those of a JSON object, in its order; `known` are names that the caller reads by another way.
    pub(crate) fn of_body(fields: Vec<(String, Value)>, known: &[&'static str]) -> Self {
        let given = fields.into_iter().map(|(name, value)| (Cow::Owned(name), Given::Json(value)));
        Self { known: known.to_vec(), ..Self::of(given) }
    }

    fn of(given: impl Iterator<Item = (Cow<'a, str>, Given<'a>)>) -> Self {
        Self { given: given.collect(), known: Vec::new(), errors: Vec::new() }
    }

    /// Notes a fault of a parameter, or of a place in the body.
    pub(crate) fn fail(&mut self, parameter: &str, problem: impl Into<String>) {
        self.errors.push(ParameterError { parameter: parameter.to_owned(), problem: problem.into() });
    }

    /// A value; an empty text and `null` count as not given. Where it has to be given, that is a fault.
    fn given(&mut self, spec: &Spec) -> Option<Given<'a>> {
        let name = spec.name;
        self.known.push(name);
        let mut values = self.given.iter().filter(|(n, _)| n == name).map(|(_, value)| value.clone());
        let value = values.next();
        if values.next().is_some() {
            self.fail(name, "is given more than once");
        }
        let value = value.filter(|v| !v.is_empty());
        if let (None, Absent::Refused(what)) = (&value, spec.absent) {
            self.fail(name, format!("is missing; {what}"));
        }
        value
    }

    /// A text.
    pub(crate) fn text(&mut self, spec: &Spec) -> Option<String> {
        let given = self.given(spec)?;
        let Some(text) = given.literal(Form::Word) else {
            self.fail(spec.name, format!("{} is not a text", given.shown()));
            return None;
        };
        let n_letters = text.chars().count();
        if n_letters > MAX_TEXT {
            self.fail(spec.name, format!("{n_letters} letters are more than {MAX_TEXT}"));
            return None;
        }
        Some(text)
    }

    fn parsed<T: FromStr>(
        &mut self,
        spec: &Spec,
        form: Form,
        expected: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let given = self.given(spec)?;
        let value = given.literal(form).and_then(|text| text.parse().ok()).filter(fits);
        if value.is_none() {
            self.fail(spec.name, format!("{} is not {expected}", given.shown()));
        }
        value
    }

    /// A whole number in the range of its specification.
    pub(crate) fn whole<T: FromStr + TryInto<usize> + Copy>(&mut self, spec: &Spec) -> Option<T> {
        let Values::Whole(what, low, high) = spec.values else { unreachable!("{} is whole", spec.name) };
        let expected = format!("{what} from {low} to {high}");
        let fits = |n: &T| (*n).try_into().is_ok_and(|n: usize| (low..=high).contains(&n));
        self.parsed(spec, Form::Number, &expected, fits)
    }

    /// The same, or its default.
    pub(crate) fn whole_or_default(&mut self, spec: &Spec) -> usize {
        let Absent::Default(default) = spec.absent else { unreachable!("{} has a default", spec.name) };
        self.whole(spec).unwrap_or(default)
    }

    /// A number in the range of its specification.
    pub(crate) fn number(&mut self, spec: &Spec) -> Option<f64> {
        let Values::Number(what, low, high) = spec.values else { unreachable!("{} is a number", spec.name) };
        let expected = format!("{what} from {low} to {high}");
        self.parsed(spec, Form::Number, &expected, |number: &f64| (low..=high).contains(number))
    }

    pub(crate) fn flag(&mut self, spec: &Spec) -> bool {
        self.parsed(spec, Form::Flag, "one of true, false", |_| true).unwrap_or(false)
    }

    pub(crate) fn kind(&mut self, spec: &Spec) -> Option<Kind> {
        self.parsed(spec, Form::Word, "one of movie, series", |_| true)
    }

    pub(crate) fn unit(&mut self, spec: &Spec) -> Option<DurationUnit> {
        self.parsed(spec, Form::Word, "one of min, season", |_| true)
    }

    /// An id in the query.
    pub(crate) fn id(&mut self, spec: &Spec) -> Option<String> {
        let text = self.text(spec)?;
        self.check_id(spec.name, &text).then_some(text)
    }

    /// Ids: in a query separated by commas, in JSON an array. Faults name the position, from 0.
    pub(crate) fn ids(&mut self, spec: &Spec) -> Vec<String> {
        let Values::Ids(most) = spec.values else { unreachable!("{} is a list of ids", spec.name) };
        let name = spec.name;
        let Some(given) = self.given(spec) else { return Vec::new() };
        let ids: Vec<Given<'_>> = match given {
            Given::Text(texts) => texts.split(',').map(|id| Given::Text(id.to_owned().into())).collect(),
            Given::Json(Value::Array(values)) => values.into_iter().map(Given::Json).collect(),
            other @ Given::Json(_) => {
                self.fail(name, format!("{} is not an array of ids", other.shown()));
                return Vec::new();
            }
        };
        if ids.len() > most {
            self.fail(name, format!("{} are more than {most}", ids.len()));
            return Vec::new();
        }
        let mut good = Vec::with_capacity(ids.len());
        for (i, given) in ids.iter().enumerate() {
            let place = format!("{name}[{i}]");
            match given.literal(Form::Word) {
                Some(id) => {
                    if self.check_id(&place, &id) {
                        good.push(id);
                    }
                }
                None => self.fail(&place, format!("{} is not an id", given.shown())),
            }
        }
        good
    }

    fn check_id(&mut self, place: &str, id: &str) -> bool {
        let checked = catalog::check_id(id.as_bytes());
        if let Err(error) = &checked {
            self.fail(place, error.to_string());
        }
        checked.is_ok()
    }

    /// All faults, those of unknown names included; else `value`.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        let known = self.known.join(", ");
        let strangers: Vec<String> = self
            .given
            .iter()
            .filter(|(name, _)| !self.known.contains(&name.as_ref()))
            .map(|(name, _)| name.clone().into_owned())
            .collect();
        for name in strangers {
            self.fail(&name, format!("is not a parameter of this route; there are {known}"));
        }
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::invalid(self.errors)),
        }
    }
}
