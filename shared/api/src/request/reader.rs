//! The parameters of one request, and everything that is wrong with them.

use std::borrow::Cow;
use std::str::FromStr;

use axum::extract::RawPathParams;
use serde_json::Value as Json;

use super::spec::{Absent, Spec, Values};
use crate::problem::{ParameterError, Problem, repeated};

/// A value as the request has it.
#[derive(Debug, Clone)]
pub(crate) enum Given<'a> {
    /// A segment of the path, decoded.
    Segment(&'a str),
    /// In a query, where everything is text.
    Text(Text<'a>),
    /// In a body, where numbers are numbers.
    Json(Json),
}

/// A text of a query, where `+` means a blank.
#[derive(Debug, Clone)]
pub(crate) struct Text<'a> {
    pub(super) text: Cow<'a, str>,
    /// The same text with `+` as it is, if it has any.
    with_plus: Option<String>,
}

/// The JSON type of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    Word,
    Number,
    Flag,
}

/// Returns the parts of a text between commas that are not blank, without blanks around them.
pub(super) fn cut(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Joins the texts of a list in a query that is given more than once, as if it were given once.
fn joined(values: Vec<Given<'_>>) -> Vec<Given<'_>> {
    let texts: Option<Vec<&str>> = values
        .iter()
        .map(|given| if let Given::Text(given) = given { Some(&*given.text) } else { None })
        .collect();
    match texts {
        Some(texts) if texts.len() > 1 => vec![Given::of_part(&texts.join(","))],
        _ => values,
    }
}

impl Given<'_> {
    /// A part of a text.
    pub(super) fn of_part(text: &str) -> Self {
        Self::Text(Text { text: text.to_owned().into(), with_plus: None })
    }
}

impl Given<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Segment(text) => text.is_empty(),
            Self::Text(given) => given.text.trim().is_empty(),
            Self::Json(Json::String(text)) => text.trim().is_empty(),
            Self::Json(value) => value.is_null(),
        }
    }

    /// The characters of a value, if it has the form.
    pub(super) fn literal(&self, form: Form) -> Option<String> {
        match (self, form) {
            (Self::Segment(text), _) => Some((*text).to_owned()),
            (Self::Text(given), _) => Some(given.text.trim().to_owned()),
            (Self::Json(Json::String(text)), Form::Word) => Some(text.trim().to_owned()),
            (Self::Json(value @ Json::Number(_)), Form::Number)
            | (Self::Json(value @ Json::Bool(_)), Form::Flag) => Some(value.to_string()),
            _ => None,
        }
    }

    /// The text with `+` as it is, if it is of a query and has any.
    pub(super) fn with_plus(&self) -> Option<&str> {
        if let Self::Text(given) = self { given.with_plus.as_deref() } else { None }
    }

    /// The parts between commas that are not empty; for anything but text, the value itself.
    pub(super) fn parts(&self) -> Vec<Self> {
        let text = match self {
            Self::Text(given) => given.text.as_ref(),
            Self::Json(Json::String(text)) => text,
            other => return vec![other.clone()],
        };
        let parts: Vec<Self> = cut(text).map(Given::of_part).collect();
        if parts.is_empty() { vec![self.clone()] } else { parts }
    }

    /// The value as an error shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Segment(text) => format!("{:?}", repeated(text)),
            Self::Text(given) => format!("{:?}", repeated(given.text.trim())),
            Self::Json(value) => repeated(&value.to_string()),
        }
    }
}

/// Reads the parameters of one request, and collects what is wrong with them.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    path: Option<&'a RawPathParams>,
    /// The query, or the fields of the body.
    given: Vec<(Cow<'a, str>, Given<'a>)>,
    known: Vec<&'static str>,
    faults: Vec<ParameterError>,
}

impl<'a> Reader<'a> {
    /// A reader of a path, which is `None` if a segment is not UTF-8 text, and a query.
    pub(super) fn of_url(path: Option<&'a RawPathParams>, query: Option<&'a str>) -> Self {
        let query = query.unwrap_or_default();
        let as_they_are = query.replace('+', "%2B");
        let as_they_are = form_urlencoded::parse(as_they_are.as_bytes());
        let given =
            form_urlencoded::parse(query.as_bytes()).zip(as_they_are).map(|((name, text), (_, plus))| {
                let with_plus = (plus != text).then(|| plus.into_owned());
                (name, Given::Text(Text { text, with_plus }))
            });
        Self { path, given: given.collect(), known: Vec::new(), faults: Vec::new() }
    }

    /// A reader of a JSON object, whose fields keep their order. `known` is a field that is read in another
    /// way.
    pub(super) fn of_body(fields: Vec<(String, Json)>, known: &'static str) -> Self {
        let given = fields.into_iter().map(|(name, value)| (Cow::Owned(name), Given::Json(value)));
        Self { path: None, given: given.collect(), known: vec![known], faults: Vec::new() }
    }

    /// Notes a fault of a parameter, or of a place in the body.
    pub(super) fn fail(&mut self, parameter: &str, problem: impl Into<String>) {
        self.faults.push(ParameterError { parameter: repeated(parameter), problem: problem.into() });
    }

    /// Takes a value. An empty text and `null` count as not given, which is a fault if the parameter is
    /// required.
    pub(super) fn take(&mut self, spec: &Spec) -> Option<Given<'a>> {
        if spec.is_in_path {
            return self.take_segment(spec);
        }
        let name = spec.name;
        let mut values = self.take_named(name);
        if matches!(spec.values, Values::Ids(_)) {
            values = joined(values);
        }
        let mut values = values.into_iter();
        let value = values.next();
        if values.next().is_some() {
            self.fail(name, "is given more than once");
        }
        let value = value.filter(|value| !value.is_empty());
        if let (None, Absent::Refused(what)) = (&value, spec.absent) {
            self.fail(name, format!("is missing; {what}"));
        }
        value
    }

    /// Takes all values of a parameter that may have several, those of arrays one by one. Empty ones count as
    /// not given, but not within an array.
    pub(super) fn take_all(&mut self, spec: &Spec) -> Vec<Given<'a>> {
        let given = self.take_named(spec.name).into_iter().filter(|value| !value.is_empty());
        let each = given.flat_map(|given| match given {
            Given::Json(Json::Array(values)) => values.into_iter().map(Given::Json).collect(),
            one => vec![one],
        });
        each.collect()
    }

    fn take_named(&mut self, name: &'static str) -> Vec<Given<'a>> {
        self.known.push(name);
        self.given.iter().filter(|(n, _)| n == name).map(|(_, value)| value.clone()).collect()
    }

    fn take_segment(&mut self, spec: &Spec) -> Option<Given<'a>> {
        let Some(path) = self.path else {
            self.fail(spec.name, "is not UTF-8 text, percent-encoded where it has to be");
            return None;
        };
        let segment = path.iter().find(|(name, _)| *name == spec.name);
        let segment = segment.map(|(_, text)| Given::Segment(text)).filter(|segment| !segment.is_empty());
        if let (None, Absent::Refused(what)) = (&segment, spec.absent) {
            self.fail(spec.name, format!("is missing; {what}"));
        }
        segment
    }

    pub(super) fn parsed<T: FromStr>(
        &mut self,
        spec: &Spec,
        given: &Given<'_>,
        form: Form,
        expected: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let value = given.literal(form).and_then(|text| text.parse().ok()).filter(fits);
        if value.is_none() {
            self.fail(spec.name, format!("{} is not {expected}", given.shown()));
        }
        value
    }

    pub(super) fn checked_id(&mut self, place: &str, id: String) -> Option<String> {
        match catalog::check_id(id.as_bytes()) {
            Ok(()) => Some(id),
            Err(error) => {
                self.fail(place, error.to_string());
                None
            }
        }
    }

    /// Returns the values, unless there is a fault; names that no parameter has are faults too.
    pub(super) fn finish<T>(mut self, values: Option<T>) -> Result<T, Problem> {
        let known = match self.known.join(", ") {
            none if none.is_empty() => "no query parameters".to_owned(),
            known => known,
        };
        let is_unknown = |(name, _): &&(Cow<'_, str>, _)| !self.known.contains(&name.as_ref());
        let unknown: Vec<String> =
            self.given.iter().filter(is_unknown).map(|(name, _)| name.clone().into_owned()).collect();
        for (nth, name) in unknown.iter().enumerate() {
            let known = if nth == 0 { format!(", which takes {known}") } else { String::new() };
            self.fail(name, format!("is not a parameter of this route{known}"));
        }
        match values {
            Some(values) if self.faults.is_empty() => Ok(values),
            _ => Err(Problem::invalid(self.faults)),
        }
    }
}
