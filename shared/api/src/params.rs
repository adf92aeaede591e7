//! Parameters, of a query string or of a JSON body: each by name, with its range, and every fault told at once.

use std::borrow::Cow;
use std::str::FromStr;

use catalog::{DurationUnit, Kind};
use serde_json::Value;

use crate::problem::{ParameterError, Problem};

/// Years that a release can be of.
const YEARS: (u16, u16) = (1, 9999);

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

/// The parameters of one request. Take each by name, then [`Params::finish`].
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

    /// A value; an empty text and `null` count as not given.
    fn given(&mut self, name: &'static str) -> Option<Given<'a>> {
        self.known.push(name);
        let mut values = self.given.iter().filter(|(n, _)| n == name).map(|(_, value)| value.clone());
        let value = values.next();
        if values.next().is_some() {
            self.fail(name, "is given more than once");
        }
        value.filter(|v| !v.is_empty())
    }

    /// The text of a parameter; an empty one counts as not given.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let given = self.given(name)?;
        let text = given.literal(Form::Word);
        if text.is_none() {
            self.fail(name, format!("{} is not a text", given.shown()));
        }
        text
    }

    /// A parameter that has to be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        what: &str,
        take: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<T> {
        let before = self.errors.len();
        let value = take(self, name);
        if value.is_none() && self.errors.len() == before {
            self.fail(name, format!("is missing; {what}"));
        }
        value
    }

    fn parsed<T: FromStr>(
        &mut self,
        name: &'static str,
        form: Form,
        expected: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let given = self.given(name)?;
        let value = given.literal(form).and_then(|text| text.parse().ok()).filter(fits);
        if value.is_none() {
            self.fail(name, format!("{} is not {expected}", given.shown()));
        }
        value
    }

    pub(crate) fn year(&mut self, name: &'static str) -> Option<u16> {
        let (low, high) = YEARS;
        let expected = format!("a year from {low} to {high}");
        self.parsed(name, Form::Number, &expected, |year| (low..=high).contains(year))
    }

    pub(crate) fn number(&mut self, name: &'static str, low: usize, high: usize) -> Option<usize> {
        let expected = format!("a whole number from {low} to {high}");
        self.parsed(name, Form::Number, &expected, |n| (low..=high).contains(n))
    }

    pub(crate) fn score(&mut self, name: &'static str) -> Option<f64> {
        self.parsed(name, Form::Number, "a score from 0 to 5", |score: &f64| (0.0..=5.0).contains(score))
    }

    pub(crate) fn share(&mut self, name: &'static str) -> Option<f32> {
        self.parsed(name, Form::Number, "a number from 0 to 1", |share: &f32| (0.0..=1.0).contains(share))
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.parsed(name, Form::Flag, "one of true, false", |_| true)
    }

    pub(crate) fn kind(&mut self, name: &'static str) -> Option<Kind> {
        self.parsed(name, Form::Word, "one of movie, series", |_| true)
    }

    pub(crate) fn unit(&mut self, name: &'static str) -> Option<DurationUnit> {
        self.parsed(name, Form::Word, "one of min, season", |_| true)
    }

    /// An id in the query.
    pub(crate) fn id(&mut self, name: &'static str) -> Option<String> {
        let text = self.text(name)?;
        self.check_id(name, &text).then_some(text)
    }

    /// At most `most` ids: in a query separated by commas, in JSON an array. Faults name the position, from 0.
    pub(crate) fn ids(&mut self, name: &'static str, most: usize) -> Vec<String> {
        let Some(given) = self.given(name) else { return Vec::new() };
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
